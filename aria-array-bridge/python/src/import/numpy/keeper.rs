//! What has to live so that an ndarray's memory does: the ndarray, or, where it is a view of an array of ours, what keeps
//! that one. So a value that goes out to NumPy and comes in again, any number of times, holds no chain of both.

use crate::array::PyArray;
use crate::export::Export;
use aria_array_bridge::Array;
use core::ops::Range;
use numpy::npyffi::PyArrayObject;
use pyo3::Borrowed;
use pyo3::prelude::*;

/// What to hold for the memory of `array`, which is that of the ndarray `object`. NumPy is loaded.
pub(super) fn of(object: &Bound<'_, PyAny>, array: &Array) -> PyResult<Py<PyAny>> {
    let Some(wanted) = addresses(array) else { return Ok(object.clone().unbind()) };
    let Some(mut export) = exported(object)? else { return Ok(object.clone().unbind()) };
    let holds = |export: &Bound<'_, Export>| {
        let have = export.get().root().get().live().ok().and_then(addresses);
        have.is_some_and(|have| have.start <= wanted.start && wanted.end <= have.end)
    };
    if !holds(&export) {
        return Ok(object.clone().unbind()); // Somebody made it a base of other memory.
    }
    // That array may be one that was held so itself.
    while let Some(inner) = export.get().root().get().held_object(object.py()) {
        match inner.cast_into::<Export>() {
            Ok(inner) if holds(&inner) => export = inner,
            _ => break,
        }
    }
    Ok(export.into_any().unbind())
}

/// The export of ours that the ndarray, or the one it is a view of, has for its base.
fn exported<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Export>>> {
    let py = object.py();
    let mut at = object.clone();
    for _ in 0..8 {
        // SAFETY: an ndarray or a subclass: `find` was called with one, and below it was checked; NumPy's stable ABI.
        let base = unsafe { (*at.as_ptr().cast::<PyArrayObject>()).fields.base };
        if base.is_null() {
            return Ok(None);
        }
        // SAFETY: attached; the array's own reference, alive while it is.
        let base = unsafe { Borrowed::from_ptr(py, base) }.to_owned();
        match base.cast_into::<Export>() {
            Ok(export) => return Ok(Some(export)),
            Err(other) => at = other.into_inner(),
        }
        if !super::is_exact_ndarray(&at)? {
            return Ok(None);
        }
    }
    Ok(None)
}

/// The bytes of the array, by their addresses; `None` where there are none that the host has.
fn addresses(array: &Array) -> Option<Range<usize>> {
    if array.is_empty() || !array.device().is_host() {
        return None;
    }
    let span = array.layout().span();
    Some(array.address().checked_add_signed(span.start)?..array.address().checked_add_signed(span.end)?)
}

impl PyArray {
    /// The Python object that this root holds alone, if it does.
    fn held_object<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.with_hold(|hold| match hold {
            crate::array::Hold::Object(object, None) => Some(object.bind(py).clone()),
            _ => None,
        })
    }
}
