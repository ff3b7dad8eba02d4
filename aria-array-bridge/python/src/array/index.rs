//! Basic indexing: views, whatever the index. **Zero-copy.**
//!
//! A full integer index gives an array without axes, not a Python number: nothing is copied unasked, and `item()`
//! asks [W12]. Elements are not assigned here: NumPy writes into the same memory.

use super::PyArray;
use crate::class;
use aria_array_bridge::layout::{LayoutError, Slice};
use aria_array_bridge::{Array, ArrayError};
use pyo3::exceptions::{PyIndexError, PyKeyError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PySlice, PyString, PyTuple};

#[pymethods]
impl PyArray {
    /// A view: by integers, slices, `...` and None, or one field of a record by its name.
    fn __getitem__<'py>(slf: &Bound<'py, Self>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray>> {
        let array = &*PyArray::using(slf)?; // `__index__` of an index is Python code, which may release the array.
        let viewed = match index.cast::<PyString>() {
            Ok(name) => field(array, &name.to_string_lossy())?,
            Err(_) => indexed(array, index)?,
        };
        PyArray::view(slf, viewed)
    }

    fn __setitem__(&self, _index: &Bound<'_, PyAny>, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        let text = "ab.Array has no item assignment: np.asarray(a)[...] = x writes into the same memory";
        Err(PyTypeError::new_err(text))
    }

    fn __delitem__(&self, _index: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyTypeError::new_err("elements of an ab.Array cannot be deleted"))
    }

    fn __len__(&self) -> PyResult<usize> {
        let none = || PyTypeError::new_err("len() of an array without axes");
        self.live()?.shape().first().copied().ok_or_else(none)
    }

    /// Views along the first axis.
    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        if slf.get().live()?.ndim() == 0 {
            return Err(PyTypeError::new_err("iteration over an array without axes: item() gives its element"));
        }
        // SAFETY: attached; a live object.
        let made = unsafe { ffi::PySeqIter_New(slf.as_ptr()) };
        // SAFETY: a new reference, or NULL with an exception.
        unsafe { Bound::from_owned_ptr_or_err(slf.py(), made) }
    }

    fn __contains__(&self, _value: &Bound<'_, PyAny>) -> PyResult<bool> {
        Err(PyTypeError::new_err("ab.Array compares no elements: x in np.asarray(a) does, in the same memory"))
    }
}

fn field(array: &Array, name: &str) -> PyResult<Array> {
    array.field(name).map_err(|error| match error {
        ArrayError::NoField { .. } => PyKeyError::new_err(error.to_string()),
        _ => PyValueError::new_err(error.to_string()),
    })
}

fn indexed(array: &Array, index: &Bound<'_, PyAny>) -> PyResult<Array> {
    let items: Vec<Bound<'_, PyAny>> = match index.cast::<PyTuple>() {
        Ok(items) => items.iter().collect(),
        Err(_) => vec![index.clone()],
    };
    let axes = items.iter().filter(|item| !item.is_none() && !is_ellipsis(item)).count();
    if axes > array.ndim() {
        let text = format!("expected at most {} indices, one per axis, but found {axes}", array.ndim());
        return Err(PyIndexError::new_err(text));
    }
    if items.iter().filter(|item| is_ellipsis(item)).count() > 1 {
        return Err(PyIndexError::new_err("expected at most one '...' in an index"));
    }
    let mut viewed = array.clone();
    let mut axis = 0;
    for item in &items {
        if is_ellipsis(item) {
            axis += array.ndim() - axes;
        } else if item.is_none() {
            viewed = viewed.insert_axis(axis).map_err(|error| refused(&error))?;
            axis += 1;
        } else if let Ok(slice) = item.cast::<PySlice>() {
            let extent = viewed.shape()[axis];
            let found = slice.indices(extent.cast_signed())?;
            let len = found.slicelength;
            let start = if len == 0 { 0 } else { found.start.unsigned_abs() };
            let step = if len == 0 { 1 } else { found.step };
            viewed = viewed.slice(axis, Slice { start, len, step }).map_err(|error| refused(&error))?;
            axis += 1;
        } else {
            let place = integer(item)?;
            let extent = viewed.shape()[axis];
            let counted = if place < 0 { place.checked_add(extent.cast_signed()) } else { Some(place) };
            let Some(place) = counted.and_then(|n| usize::try_from(n).ok()).filter(|n| *n < extent) else {
                return Err(refused(&LayoutError::Index { axis, index: place, extent }));
            };
            viewed = viewed.index(axis, place).map_err(|error| refused(&error))?;
        }
    }
    Ok(viewed)
}

fn is_ellipsis(item: &Bound<'_, PyAny>) -> bool {
    item.cast::<PyEllipsis>().is_ok()
}

/// Anything with `__index__`, but no bool: for NumPy that is a mask.
fn integer(item: &Bound<'_, PyAny>) -> PyResult<isize> {
    let kind = item.get_type();
    let known = !item.is_instance_of::<PyBool>() && kind.getattr_opt("__index__")?.is_some();
    // A zero-dimensional array of ours has `__index__` as well, and is an index where it holds an integer.
    if !known {
        let text = "expected integers, slices, '...', None or the name of a field as an index but found";
        let hint = "masks and lists of indices copy: np.asarray(a)[...] does that";
        return Err(PyTypeError::new_err(format!("{text} {}: {hint}", class::name(&kind))));
    }
    let number = item.call_method0("__index__")?;
    number
        .extract()
        .map_err(|_| PyIndexError::new_err(format!("expected an index that memory can have but found {number}")))
}

/// `IndexError` for an element that is not there, `ValueError` for the rest.
pub(super) fn refused(error: &LayoutError) -> PyErr {
    match error {
        LayoutError::Index { .. } | LayoutError::Axis { .. } => PyIndexError::new_err(error.to_string()),
        _ => PyValueError::new_err(error.to_string()),
    }
}
