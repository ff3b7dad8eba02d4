//! What has no entry of its own in the table: functions by number, and their results as objects or values.

use crate::error::PyError;
use crate::object::{PyObject, no_object};
use crate::state::operate;
use crate::value::{Lent, Val};
use aria_array_bridge::operations::{ERR_PANIC, Failure, Operations, OwnedBytes, Value};
use core::ptr;

/// Applies a function of [`function`](aria_array_bridge::operations::function) to values; the result is an object.
pub(crate) fn make<const N: usize>(function: u32, values: [Val; N]) -> Result<PyObject, PyError> {
    match apply(function, values, false)? {
        Val::Object(object) => Ok(object),
        _ => Err(no_object()),
    }
}

/// As [`make`], but what is exactly a simple value comes out as one.
pub(crate) fn value<const N: usize>(function: u32, values: [Val; N]) -> Result<Val, PyError> {
    apply(function, values, true)
}

fn apply<const N: usize>(function: u32, mut values: [Val; N], lowered: bool) -> Result<Val, PyError> {
    let (mut out, mut bytes) = (Value::NONE, OwnedBytes::EMPTY);
    let body = |table: &Operations, failure: &mut Failure| {
        let mut lent = Lent::default();
        let values = values.each_mut().map(|value| lent.lend(value));
        let bytes = if lowered { &raw mut bytes } else { ptr::null_mut() };
        // SAFETY: values and places that live for the call; arrays in them are given up.
        unsafe { (table.apply)(function, values.as_ptr(), N, &raw mut out, bytes, failure) }
    };
    // SAFETY: one function of the table, called as it says.
    unsafe { operate(body) }?;
    // SAFETY: what the table wrote, taken over once.
    Ok(unsafe { Val::from_raw(out, bytes) })
}

/// Python broke its word.
pub(crate) fn unexpected(wanted: &str, found: &Val) -> PyError {
    PyError::own(ERR_PANIC, "Panic", format!("expected {wanted} but found {found:?}"))
}
