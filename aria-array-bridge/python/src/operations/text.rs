//! Text on its way in, and `str` and `repr` on their way out.

use super::entry::{Error, enter};
use super::frame::apply;
use super::object::the;
use aria_array_bridge::operations::function::{REPR, STR};
use aria_array_bridge::operations::{Failure, OK, Object, OwnedBytes, Status, Text};
use core::slice;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// Reads borrowed bytes. `what` names them in the error: `a name`.
///
/// # Safety
///
/// `text` describes readable bytes that live and do not change for `'a`, or has a NULL pointer.
pub(super) unsafe fn bytes<'a>(text: Text, what: &str) -> Result<&'a [u8], Error> {
    if text.data.is_null() {
        return Err(Error::argument(format!("expected {what} but found NULL")));
    }
    // SAFETY: readable for `'a`, as the caller promises; non-null, checked above.
    Ok(unsafe { slice::from_raw_parts(text.data, text.len) })
}

/// Reads borrowed text. `what` names it in the error: `a name`.
///
/// # Safety
///
/// As for [`bytes`].
pub(super) unsafe fn read<'a>(text: Text, what: &str) -> Result<&'a str, Error> {
    // SAFETY: the caller's duty.
    let bytes = unsafe { bytes(text, what) }?;
    core::str::from_utf8(bytes)
        .map_err(|error| Error::argument(format!("expected {what} in UTF-8 but byte {} is not", error.valid_up_to())))
}

/// Copies a Python string out. Lone surrogates are an error: UTF-8 cannot say them.
pub(super) fn copy(text: &Bound<'_, PyString>) -> PyResult<OwnedBytes> {
    Ok(OwnedBytes::new(text.to_cow()?.into_owned().into_bytes()))
}

pub(super) unsafe extern "C" fn str(object: *mut Object, out: *mut OwnedBytes, failure: *mut Failure) -> Status {
    // SAFETY: the table's contract for `object`, `out` and `failure`.
    unsafe { text_of(object, out, failure, STR) }
}

pub(super) unsafe extern "C" fn repr(object: *mut Object, out: *mut OwnedBytes, failure: *mut Failure) -> Status {
    // SAFETY: the table's contract for `object`, `out` and `failure`.
    unsafe { text_of(object, out, failure, REPR) }
}

/// # Safety
///
/// As the table says: a live handle, a place to write the text to, a failure that is empty.
unsafe fn text_of(object: *mut Object, out: *mut OwnedBytes, failure: *mut Failure, function: u32) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle: the caller's duty.
        let object = unsafe { the(py, object) }?;
        let text = apply(py, function, [object.to_owned()])?;
        let text = copy(text.cast::<PyString>()?)?;
        // SAFETY: valid for writes: the caller's duty.
        unsafe { out.write(text) };
        Ok(OK)
    };
    // SAFETY: `failure` is empty: the caller's duty.
    unsafe { enter(failure, body) }
}
