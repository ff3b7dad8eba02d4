//! The same by a tuple and a dict, with functions of the stable ABI of 3.11.

use core::slice;
use pyo3::ffi::PyObject;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{Borrowed, ffi};

/// Calls a function: a new reference, or NULL with an exception.
///
/// # Safety
///
/// Attached. `arguments` are `positional` live objects, and behind them as many as there are `names`: NULL, or a tuple of strings.
pub(super) unsafe fn call(
    function: *mut PyObject,
    arguments: *const *mut PyObject,
    positional: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's duty.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: the caller's duty.
    let function = unsafe { Borrowed::from_ptr(py, function) };
    // SAFETY: NULL or a live tuple: the caller's duty.
    let names = unsafe { Borrowed::from_ptr_or_opt(py, names) };
    let called = || {
        let names = names.map(|names| names.cast::<PyTuple>().map(|names| names.to_owned())).transpose()?;
        let len = positional + names.as_ref().map_or(0, |names| names.len());
        // SAFETY: as many live objects: the caller's duty. Without any the pointer is that of an empty slice.
        let all = unsafe { slice::from_raw_parts(arguments, len) };
        // SAFETY: live objects: the caller's duty.
        let object = |object: &*mut PyObject| unsafe { Borrowed::from_ptr(py, *object) };
        let keywords = PyDict::new(py);
        for (name, value) in names.iter().flatten().zip(&all[positional..]) {
            keywords.set_item(name, object(value))?;
        }
        function.call(PyTuple::new(py, all[..positional].iter().map(object))?, names.is_some().then_some(&keywords))
    };
    given(py, called())
}

/// Calls a method of the first of `arguments`.
///
/// # Safety
///
/// As for [`call`], with one argument or more; `name` is a string.
pub(super) unsafe fn call_method(
    name: *mut PyObject,
    arguments: *const *mut PyObject,
    positional: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: one argument or more, and live objects: the caller's duty.
    let method = unsafe { ffi::PyObject_GetAttr(*arguments, name) };
    if method.is_null() {
        return method;
    }
    // SAFETY: the caller's duty; there is one argument or more.
    let result = unsafe { call(method, arguments.add(1), positional - 1, names) };
    // SAFETY: attached: the caller's duty; the reference that was just made, given up once.
    unsafe { ffi::Py_DECREF(method) };
    result
}

/// A new reference, or NULL with the exception pending.
fn given(py: Python<'_>, result: PyResult<Bound<'_, PyAny>>) -> *mut PyObject {
    result.map_or_else(
        |error| {
            error.restore(py);
            core::ptr::null_mut()
        },
        Bound::into_ptr,
    )
}
