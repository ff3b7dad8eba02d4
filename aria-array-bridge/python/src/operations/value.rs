//! Values both ways: what a program hands in, and what `lower` hands out (rule R3).

use super::arrays::TakenArray;
use super::entry::{Error, enter};
use super::object::{give, the};
use super::{handle, text};
use aria_array_bridge::operations::{
    Failure, OK, Object, OwnedBytes, Payload, Status, TAG_ARRAY, TAG_BOOL, TAG_FLOAT, TAG_INT, TAG_NONE, TAG_OBJECT,
    TAG_STR, Value,
};
use core::slice;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

/// Borrowed values on their way in, of which the arrays are owned: those that were not converted are released on drop.
///
/// # Invariants
///
/// 1. The arrays among `rest` belong to this and to nobody else.
#[derive(Default)]
pub(super) struct Values<'a> {
    rest: &'a [Value],
}

impl Values<'_> {
    /// Takes over the arrays among `len` values. NULL stands for no values.
    ///
    /// # Safety
    ///
    /// `first` is NULL or points to `len` values that live for `'a`; each payload is what its tag says.
    pub(super) unsafe fn new<'a>(first: *const Value, len: usize) -> Values<'a> {
        if first.is_null() {
            return Values { rest: &[] };
        }
        // SAFETY: non-null, and `len` values that live for `'a`: the caller's duty.
        Values { rest: unsafe { slice::from_raw_parts(first, len) } }
    }

    /// Converts the next value; there is none after the last.
    pub(super) fn next<'py>(&mut self, py: Python<'py>) -> Option<Result<Bound<'py, PyAny>, Error>> {
        let (value, rest) = self.rest.split_first()?;
        // What is taken off here is no longer released by `drop`: invariant 1.
        self.rest = rest;
        // SAFETY: the payload is what the tag says, the duty of whoever called `new`; an array is ours: invariant 1.
        Some(unsafe { convert(py, value) })
    }

    /// Converts the only value.
    pub(super) fn one<'py>(&mut self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Error> {
        self.next(py).unwrap_or_else(|| Err(Error::Argument("expected a value but found NULL".to_owned())))
    }
}

impl Drop for Values<'_> {
    fn drop(&mut self) {
        for value in self.rest {
            if value.tag == TAG_ARRAY {
                // SAFETY: the tag says that it is an array.
                let array = unsafe { value.payload.array };
                // SAFETY: ours to give up: invariant 1.
                drop(unsafe { TakenArray::new(array) });
            }
        }
    }
}

/// # Safety
///
/// The payload is what the tag says; an array is given up to this function.
unsafe fn convert<'py>(py: Python<'py>, value: &Value) -> Result<Bound<'py, PyAny>, Error> {
    let payload = &value.payload;
    Ok(match value.tag {
        TAG_NONE => py.None().into_bound(py),
        // SAFETY: the tag says that it is an integer.
        TAG_BOOL => PyBool::new(py, unsafe { payload.int } != 0).to_owned().into_any(),
        // SAFETY: the tag says that it is an integer.
        TAG_INT => PyInt::new(py, unsafe { payload.int }).into_any(),
        // SAFETY: the tag says that it is a float.
        TAG_FLOAT => PyFloat::new(py, unsafe { payload.float }).into_any(),
        TAG_STR => {
            // SAFETY: the tag says that it is text.
            let text = unsafe { payload.text };
            // SAFETY: borrowed for the call: the caller's duty.
            let text = unsafe { text::read(text, "a string") }?;
            PyString::new(py, text).into_any()
        }
        TAG_OBJECT => {
            // SAFETY: the tag says that it is a handle.
            let object = unsafe { payload.object };
            // SAFETY: live for the call: the caller's duty.
            unsafe { the(py, object) }?.to_owned()
        }
        TAG_ARRAY => {
            // SAFETY: the tag says that it is an array.
            let array = unsafe { payload.array };
            // SAFETY: given up by the caller.
            unsafe { TakenArray::new(array) }.into_py(py)?.0
        }
        tag => return Err(Error::Argument(format!("expected a value's tag up to {TAG_ARRAY} but found {tag}"))),
    })
}

pub(super) unsafe extern "C" fn to_object(value: *const Value, out: *mut *mut Object, failure: *mut Failure) -> Status {
    // SAFETY: one value that lives for the call, or NULL: the table's contract.
    let mut value = unsafe { Values::new(value, 1) };
    let body = |py: Python<'_>| {
        let object = value.one(py)?;
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(object, out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

/// A value as it leaves, with the bytes of its text.
type Lowered = (u32, Payload, OwnedBytes);

/// Exact types only: a subclass may behave differently. What does not fit (an int beyond 64 bits, a string with
/// lone surrogates) stays an object, so nothing is lost.
fn lowered(object: &Bound<'_, PyAny>) -> PyResult<Lowered> {
    if object.is_none() {
        return Ok((TAG_NONE, Payload { int: 0 }, OwnedBytes::EMPTY));
    }
    if let Ok(truth) = object.cast_exact::<PyBool>() {
        return Ok((TAG_BOOL, Payload { int: i64::from(truth.is_true()) }, OwnedBytes::EMPTY));
    }
    if let Ok(number) = object.cast_exact::<PyInt>()
        && let Ok(int) = number.extract::<i64>()
    {
        return Ok((TAG_INT, Payload { int }, OwnedBytes::EMPTY));
    }
    if let Ok(number) = object.cast_exact::<PyFloat>() {
        return Ok((TAG_FLOAT, Payload { float: number.value() }, OwnedBytes::EMPTY));
    }
    if let Ok(string) = object.cast_exact::<PyString>()
        && let Ok(bytes) = text::copy(string)
    {
        return Ok((TAG_STR, Payload { int: 0 }, bytes));
    }
    let object = handle::new(object.clone())?;
    Ok((TAG_OBJECT, Payload { object }, OwnedBytes::EMPTY))
}

pub(super) unsafe extern "C" fn lower(
    object: *mut Object,
    out: *mut Value,
    text: *mut OwnedBytes,
    failure: *mut Failure,
) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        let (tag, payload, bytes) = lowered(&object)?;
        // SAFETY: valid for writes: the table's contract.
        unsafe { out.write(Value { tag, reserved: 0, payload }) };
        // SAFETY: valid for writes: the table's contract.
        unsafe { text.write(bytes) };
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}
