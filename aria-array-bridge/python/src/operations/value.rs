//! Values both ways: what a program hands in, and what `lower` hands out (rule R3).

use super::arrays::TakenArray;
use super::entry::{Error, enter};
use super::object::{give, the};
use super::vectorcall::Operands;
use super::{frame, handle, text};
use aria_array_bridge::operations::{
    Failure, OK, Object, OwnedBytes, Payload, Sequence, Status, TAG_ARRAY, TAG_BOOL, TAG_BYTES, TAG_FLOAT, TAG_INT,
    TAG_MADE, TAG_NONE, TAG_OBJECT, TAG_STAR, TAG_STR, TAG_UINT, Value,
};
use core::slice;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyString};

/// Borrowed values on their way in, of which the arrays are owned: those that were not converted are released on drop.
///
/// # Invariants
///
/// 1. The arrays among `rest`, and among the values inside of them, belong to this and to nobody else.
#[derive(Default)]
pub(super) struct Values<'a> {
    rest: &'a [Value],
    /// How many values these are inside of.
    depth: usize,
}

/// How deep values may be nested: far below what a stack holds.
const MAX_DEPTH: usize = 200;

impl Values<'_> {
    /// Takes over the arrays among `len` values. NULL stands for no values.
    ///
    /// # Safety
    ///
    /// `first` is NULL or points to `len` values that live for `'a`; each payload is what its tag says.
    pub(super) unsafe fn new<'a>(first: *const Value, len: usize) -> Values<'a> {
        if first.is_null() {
            return Values::default();
        }
        // SAFETY: non-null, and `len` values that live for `'a`: the caller's duty.
        Values { rest: unsafe { slice::from_raw_parts(first, len) }, depth: 0 }
    }

    /// Takes over the arrays among the values inside of a value, and those inside of them.
    ///
    /// # Safety
    ///
    /// As for [`new`](Values::new).
    unsafe fn inside<'a>(values: Sequence, depth: usize) -> Values<'a> {
        // SAFETY: the caller's duty.
        let mut values = unsafe { Values::new(values.data, values.len) };
        values.depth = depth;
        values
    }

    /// Takes the next one off, where it stands for the items of an object.
    pub(super) fn next_star(&mut self) -> Option<*mut Object> {
        let (value, rest) = self.rest.split_first().filter(|(value, _)| value.tag == TAG_STAR)?;
        self.rest = rest;
        // SAFETY: the tag says that it is a handle.
        Some(unsafe { value.payload.object })
    }

    /// Says whether one stands for the items of an object.
    pub(super) fn has_star(&self) -> bool {
        self.rest.iter().any(|value| value.tag == TAG_STAR)
    }

    /// How many are left.
    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    /// Converts all that are left, behind what is there.
    #[inline]
    pub(super) fn all<'py>(&mut self, py: Python<'py>, converted: &mut Operands<'py>) -> Result<(), Error> {
        while let Some(value) = self.next(py) {
            converted.push(value?);
        }
        Ok(())
    }

    /// Converts the next value; there is none after the last.
    pub(super) fn next<'py>(&mut self, py: Python<'py>) -> Option<Result<Bound<'py, PyAny>, Error>> {
        let (value, rest) = self.rest.split_first()?;
        // What is taken off here is no longer released by `drop`: invariant 1.
        self.rest = rest;
        // SAFETY: the payload is what the tag says, the duty of whoever called `new`; an array is ours: invariant 1.
        Some(unsafe { convert(py, value, self.depth) })
    }

    /// Converts the only value.
    pub(super) fn one<'py>(&mut self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Error> {
        self.next(py).unwrap_or_else(|| Err(Error::argument("expected a value but found NULL")))
    }
}

impl Drop for Values<'_> {
    fn drop(&mut self) {
        for value in self.rest {
            match value.tag {
                TAG_ARRAY => {
                    // SAFETY: the tag says that it is an array.
                    let array = unsafe { value.payload.array };
                    // SAFETY: ours to give up: invariant 1.
                    drop(unsafe { TakenArray::new(array) });
                }
                TAG_MADE => {
                    // SAFETY: the tag says that they are values.
                    let values = unsafe { value.payload.values };
                    // SAFETY: they live as long as the value they are in; their arrays are ours: invariant 1.
                    drop(unsafe { Values::inside(values, self.depth + 1) });
                }
                _ => {}
            }
        }
    }
}

/// # Safety
///
/// The payload is what the tag says; an array is given up to this function, in values inside of this one too.
unsafe fn convert<'py>(py: Python<'py>, value: &Value, depth: usize) -> Result<Bound<'py, PyAny>, Error> {
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
        // SAFETY: the tag says that it is an integer. Its bits are the number's.
        TAG_UINT => PyInt::new(py, unsafe { payload.int }.cast_unsigned()).into_any(),
        TAG_BYTES => {
            // SAFETY: the tag says that these are bytes.
            let bytes = unsafe { payload.text };
            // SAFETY: borrowed for the call: the caller's duty.
            PyBytes::new(py, unsafe { text::bytes(bytes, "bytes") }?).into_any()
        }
        TAG_MADE => {
            // SAFETY: the tag says that they are values.
            let values = unsafe { payload.values };
            // SAFETY: they live for the call: the caller's duty; their arrays are given up by the caller.
            let mut values = unsafe { Values::inside(values, depth + 1) };
            if depth == MAX_DEPTH {
                return Err(Error::argument(format!("expected values nested at most {MAX_DEPTH} deep but found more")));
            }
            made(py, value.function, &mut values)?
        }
        tag => return Err(Error::argument(format!("expected a value's tag up to {TAG_MADE} but found {tag}"))),
    })
}

/// What a numbered function makes of values, in the frame of this thread's site.
fn made<'py>(py: Python<'py>, function: u32, values: &mut Values<'_>) -> Result<Bound<'py, PyAny>, Error> {
    let mut call = Operands::new(py);
    call.push(frame::the(py, function)?.clone());
    values.all(py, &mut call)?;
    frame::run(py, &call, None)
}

pub(super) unsafe extern "C" fn apply(
    function: u32,
    values: *const Value,
    len: usize,
    out: *mut Value,
    text: *mut OwnedBytes,
    failure: *mut Failure,
) -> Status {
    // SAFETY: that many values that live for the call, or NULL: the table's contract.
    let mut values = unsafe { Values::new(values, len) };
    let body = |py: Python<'_>| {
        let object = made(py, function, &mut values)?;
        let lowered = if text.is_null() {
            (TAG_OBJECT, Payload { object: handle::new(object)? }, OwnedBytes::EMPTY)
        } else if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            (TAG_BYTES, Payload { int: 0 }, OwnedBytes::new(bytes.as_bytes().to_vec()))
        } else {
            lowered(&object)?
        };
        // SAFETY: valid for writes: the table's contract.
        unsafe { hand_out(lowered, out, text) };
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

/// # Safety
///
/// `out` is valid for writes, and so is `text`, or it is NULL where there is no text.
unsafe fn hand_out((tag, payload, bytes): Lowered, out: *mut Value, text: *mut OwnedBytes) {
    // SAFETY: valid for writes: the caller's duty.
    unsafe { out.write(Value { tag, function: 0, payload }) };
    if !text.is_null() {
        // SAFETY: as above.
        unsafe { text.write(bytes) };
    }
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
        let lowered = lowered(&object)?;
        // SAFETY: valid for writes: the table's contract.
        unsafe { hand_out(lowered, out, text) };
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}
