//! The interpreter's own functions, which are there from 3.11 on.

use pyo3::ffi::PyObject;

unsafe extern "C" {
    fn PyObject_Vectorcall(
        function: *mut PyObject,
        arguments: *const *mut PyObject,
        positional: usize,
        names: *mut PyObject,
    ) -> *mut PyObject;
    fn PyObject_VectorcallMethod(
        name: *mut PyObject,
        arguments: *const *mut PyObject,
        positional: usize,
        names: *mut PyObject,
    ) -> *mut PyObject;
}

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
    // SAFETY: the caller's duty. Its highest bit is no part of the number: no slice is that long.
    unsafe { PyObject_Vectorcall(function, arguments, positional, names) }
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
    // SAFETY: as above.
    unsafe { PyObject_VectorcallMethod(name, arguments, positional, names) }
}
