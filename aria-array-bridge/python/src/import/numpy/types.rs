//! NumPy's own type objects, out of the table of its C API: a module that only calls itself `numpy` has none, and its
//! `ndarray` has not the struct that is read here.

use core::ptr::NonNull;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// The types that decide how memory is read.
pub(super) struct Types {
    pub(super) ndarray: Py<PyType>,
    pub(super) dtype: Py<PyType>,
    pub(super) generic: Py<PyType>,
}

/// Where NumPy 2 and NumPy 1 have the table.
const MODULES: [&str; 2] = ["numpy._core._multiarray_umath", "numpy.core._multiarray_umath"];
/// The places of `PyArray_Type`, `PyArrayDescr_Type` and `PyGenericArrType_Type`, the same in NumPy 1 and 2.
const ARRAY: usize = 2;
const DESCR: usize = 3;
const GENERIC: usize = 10;

/// NumPy's types, where NumPy is imported. Nothing is imported to find out.
pub(super) fn of(py: Python<'_>) -> PyResult<Option<&Types>> {
    static TYPES: PyOnceLock<Types> = PyOnceLock::new();
    if let Some(types) = TYPES.get(py) {
        return Ok(Some(types));
    }
    let modules = py.import("sys")?.getattr("modules")?;
    for name in MODULES {
        let Ok(module) = modules.get_item(name) else { continue };
        let Some(capsule) = module.getattr_opt("_ARRAY_API")? else { continue };
        if let Some(table) = table(&capsule) {
            let types = Types {
                ndarray: class(py, table, ARRAY)?,
                dtype: class(py, table, DESCR)?,
                generic: class(py, table, GENERIC)?,
            };
            return Ok(Some(TYPES.get_or_init(py, || types)));
        }
    }
    Ok(None)
}

/// The table of NumPy's C API, if this is the capsule that holds it.
fn table(capsule: &Bound<'_, PyAny>) -> Option<NonNull<*mut ffi::PyObject>> {
    // SAFETY: attached; a live object, of whatever type. Does not raise.
    if unsafe { ffi::PyCapsule_IsValid(capsule.as_ptr(), core::ptr::null()) } == 0 {
        return None;
    }
    // SAFETY: attached; a valid capsule without a name, checked above.
    NonNull::new(unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), core::ptr::null()) }.cast())
}

/// The type at this place.
fn class(py: Python<'_>, table: NonNull<*mut ffi::PyObject>, place: usize) -> PyResult<Py<PyType>> {
    // SAFETY: the table of NumPy's C API, which no Python code can make, is longer than the places above: NumPy's ABI.
    let slot = unsafe { table.add(place) };
    // SAFETY: as above; the table lives as long as the process, and has a type object there.
    let object = unsafe { slot.read() };
    // SAFETY: attached; a live object, or NULL, which is an error.
    let object = unsafe { Bound::from_borrowed_ptr_or_err(py, object) }?;
    Ok(object.cast_into::<PyType>()?.unbind())
}
