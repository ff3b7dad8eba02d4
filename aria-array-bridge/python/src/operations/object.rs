//! Operations on one object: import, attributes, items, numbers, truth, length, iteration.
//!
//! `# Safety` of every function here: the table's contract. Handles are live or NULL, pointers for
//! results may be written to, borrowed text and values live for the call, the failure is empty.

use super::entry::{Error, enter};
use super::frame::{self, apply};
use super::value::Values;
use super::{handle, name, text};
use aria_array_bridge::operations::function::{
    GETATTR, GETITEM, IMPORT, INDEX, ITER, LEN, NEXT, SETATTR, SETITEM, TRUTH,
};
use aria_array_bridge::operations::{Failure, OK, Object, Status, Text, Value};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use pyo3::{Borrowed, ffi};

/// Borrows the object of a handle; NULL is an error.
///
/// # Safety
///
/// `handle` is NULL or a handle that somebody holds a reference to for `'a`.
pub(super) unsafe fn the<'a, 'py>(py: Python<'py>, handle: *mut Object) -> Result<Borrowed<'a, 'py, PyAny>, Error> {
    // SAFETY: the caller's duty.
    unsafe { handle::borrow(py, handle) }.ok_or_else(|| Error::argument("expected an object but found NULL"))
}

/// Hands a new handle out.
///
/// # Safety
///
/// `out` is valid for writes.
pub(super) unsafe fn give(object: Bound<'_, PyAny>, out: *mut *mut Object) -> Result<Status, Error> {
    let handle = handle::new(object)?;
    // SAFETY: valid for writes: the caller's duty.
    unsafe { out.write(handle) };
    Ok(OK)
}

pub(super) unsafe extern "C" fn import(name: Text, out: *mut *mut Object, failure: *mut Failure) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: borrowed for the call: the table's contract.
        let name = unsafe { text::read(name, "a module's name") }?;
        let name = PyString::new(py, name).into_any();
        // A name that every module has: with one the leaf is answered, and the package need not be there.
        let none = || py.None().into_bound(py);
        let leaf = PyTuple::new(py, [intern!(py, "__name__")])?.into_any();
        let module = apply(py, IMPORT, [name, none(), none(), leaf])?;
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(module, out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn getattr(
    object: *mut Object,
    name: Text,
    out: *mut *mut Object,
    failure: *mut Failure,
) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        // SAFETY: borrowed for the call: the table's contract.
        let name = unsafe { name::interned(py, name, "an attribute's name") }?;
        let found = if frame::is_bare(py) {
            object.getattr(name)?
        } else {
            apply(py, GETATTR, [object.to_owned(), name.into_any()])?
        };
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(found, out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn setattr(
    object: *mut Object,
    name: Text,
    value: *const Value,
    failure: *mut Failure,
) -> Status {
    // SAFETY: one value that lives for the call, or NULL: the table's contract.
    let mut value = unsafe { Values::new(value, 1) };
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        // SAFETY: borrowed for the call: the table's contract.
        let name = unsafe { name::interned(py, name, "an attribute's name") }?.into_any();
        apply(py, SETATTR, [object.to_owned(), name, value.one(py)?])?;
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn getitem(
    object: *mut Object,
    key: *const Value,
    out: *mut *mut Object,
    failure: *mut Failure,
) -> Status {
    // SAFETY: one value that lives for the call, or NULL: the table's contract.
    let mut key = unsafe { Values::new(key, 1) };
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        let item = apply(py, GETITEM, [object.to_owned(), key.one(py)?])?;
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(item, out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn setitem(
    object: *mut Object,
    key: *const Value,
    value: *const Value,
    failure: *mut Failure,
) -> Status {
    // SAFETY: one value each that lives for the call, or NULL: the table's contract.
    let mut key = unsafe { Values::new(key, 1) };
    // SAFETY: as above.
    let mut value = unsafe { Values::new(value, 1) };
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        let (key, value) = (key.one(py)?, value.one(py)?);
        apply(py, SETITEM, [object.to_owned(), key, value])?;
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn to_float(object: *mut Object, out: *mut f64, failure: *mut Failure) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        // `__float__`, else `__index__`; it reads no strings.
        // SAFETY: attached, a live object.
        let number = unsafe { ffi::PyFloat_AsDouble(object.as_ptr()) };
        if number == -1.0 {
            raised(py)?;
        }
        // SAFETY: valid for writes: the table's contract.
        unsafe { out.write(number) };
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn to_int(object: *mut Object, out: *mut i64, failure: *mut Failure) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        // `index` returns an int, or raises.
        let index = apply(py, INDEX, [object.to_owned()])?;
        // SAFETY: attached, a live int.
        let number = unsafe { ffi::PyLong_AsLongLong(index.as_ptr()) };
        if number == -1 {
            raised(py)?;
        }
        // SAFETY: valid for writes: the table's contract.
        unsafe { out.write(number) };
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

/// The pending exception, if there is one.
fn raised(py: Python<'_>) -> PyResult<()> {
    PyErr::take(py).map_or(Ok(()), Err)
}

pub(super) unsafe extern "C" fn truthy(object: *mut Object, failure: *mut Failure) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        Ok(Status::from(apply(py, TRUTH, [object.to_owned()])?.is_truthy()?))
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn len(object: *mut Object, out: *mut i64, failure: *mut Failure) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        let len: i64 = apply(py, LEN, [object.to_owned()])?.extract()?;
        // SAFETY: valid for writes: the table's contract.
        unsafe { out.write(len) };
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn iter(object: *mut Object, out: *mut *mut Object, failure: *mut Failure) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        let iterator = apply(py, ITER, [object.to_owned()])?;
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(iterator, out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn next(iterator: *mut Object, out: *mut *mut Object, failure: *mut Failure) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let iterator = unsafe { the(py, iterator) }?;
        let end = frame::end(py)?;
        let item = apply(py, NEXT, [iterator.to_owned(), end.clone()])?;
        if item.is(end) {
            return Ok(0);
        }
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(item, out) }.map(|_| 1)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}
