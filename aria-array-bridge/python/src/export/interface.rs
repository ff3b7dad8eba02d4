//! Our array through NumPy's interfaces: `__array_interface__` and `__array_struct__`. **Zero-copy.**

use super::Export;
use super::buffer::lent_by;
use crate::array::PyArray;
use crate::import::interface::Interface;
use crate::import::named;
use aria_array_bridge::dtype::{Descr, DescrEntry, descr, typestr};
use aria_array_bridge::{Array, DType};
use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use pyo3::exceptions::{PyAttributeError, PyBufferError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

/// The type string of the elements, if the interfaces can say the array at all.
///
/// What they cannot say is `AttributeError`: the member is not there for this array, and consumers go on to `__array__`.
fn checked(array: &Array) -> PyResult<String> {
    let refuse = |text: String| Err(PyAttributeError::new_err(text));
    if !array.device().is_host() {
        return refuse(format!("expected memory of the host but found {}", array.device()));
    }
    let nulls = array.null_count();
    if nulls > 0 {
        return refuse(format!("{nulls} nulls, and the array interface has none"));
    }
    if matches!(array.dtype(), DType::Record(_)) && descr(array.dtype()).is_none() {
        // As raw bytes it would lose its fields.
        return refuse(format!("NumPy's notation has no order or overlap of fields, as {} has", array.dtype()));
    }
    match typestr(array.dtype()) {
        Some(text) => Ok(text),
        None => refuse(format!("NumPy's notation has no type for {}", array.dtype())),
    }
}

fn list<'py>(py: Python<'py>, entries: &[DescrEntry]) -> PyResult<Bound<'py, PyList>> {
    let entry = |entry: &DescrEntry| -> PyResult<Bound<'py, PyTuple>> {
        let content = match &entry.content {
            Descr::Typestr(text) => text.into_pyobject(py)?.into_any(),
            Descr::Record(entries) => list(py, entries)?.into_any(),
        };
        if entry.shape.is_empty() {
            (&entry.name, content).into_pyobject(py)
        } else {
            (&entry.name, content, PyTuple::new(py, &entry.shape)?).into_pyobject(py)
        }
    };
    PyList::new(py, entries.iter().map(entry).collect::<PyResult<Vec<_>>>()?)
}

#[pymethods]
impl PyArray {
    /// The array as a dict; its consumer must keep this array alive. As it does not say for how long, `release()` refuses
    /// from now on: the memory goes with the last object that holds it.
    #[getter]
    fn __array_interface__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyDict>> {
        let (py, array) = (slf.py(), slf.get().live()?);
        let typestr = checked(array)?;
        let entries = descr(array.dtype());
        let dict = PyDict::new(py);
        dict.set_item("version", 3)?;
        dict.set_item("shape", PyTuple::new(py, array.shape())?)?;
        dict.set_item("strides", PyTuple::new(py, array.strides())?)?;
        dict.set_item("data", (array.address(), !array.is_exported_writable()))?;
        match entries {
            Some(entries) => dict.set_item("descr", list(py, &entries)?)?,
            None => dict.set_item("descr", [("", typestr.as_str())])?,
        }
        dict.set_item("typestr", typestr)?;
        lent_by(array, "__array_interface__", "a dict of the interface");
        PyArray::lend_address(slf);
        Ok(dict)
    }

    /// The array as a C struct in a capsule, which keeps the memory alive and counts as an export.
    #[getter]
    fn __array_struct__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, array) = (slf.py(), slf.get().live()?);
        let typestr = checked(array)?;
        if matches!(array.dtype(), DType::DateTime(_) | DType::TimeDelta(_)) {
            return Err(PyAttributeError::new_err(format!(
                "the array struct cannot say the unit of {}",
                array.dtype()
            )));
        }
        if matches!(array.dtype(), DType::Str(_)) {
            // NumPy takes the itemsize for a number of characters, and would read beyond the memory.
            return Err(PyAttributeError::new_err("the array struct cannot say text as NumPy reads it"));
        }
        let entries = descr(array.dtype()).map(|entries| list(py, &entries)).transpose()?;
        let (c, f) = (array.layout().is_c_contiguous(), array.layout().is_f_contiguous());
        let flag = |holds: bool, flag: c_int| if holds { flag } else { 0 };
        let flags = Interface::NOTSWAPPED
            | flag(c, Interface::C_CONTIGUOUS)
            | flag(f, Interface::F_CONTIGUOUS)
            | flag(array.is_aligned(), Interface::ALIGNED)
            | flag(array.is_exported_writable(), Interface::WRITEABLE)
            | flag(entries.is_some(), Interface::HAS_DESCR);
        let itemsize = c_int::try_from(array.layout().itemsize())
            .map_err(|_| PyBufferError::new_err("the elements are too large for an array struct"))?;
        let export = Export::new(slf, named!("array struct"), named!("__array_struct__"))?;
        lent_by(array, "__array_struct__", "a struct of the interface");
        let mut lent = Box::new(Lent {
            interface: Interface {
                two: 2,
                nd: array.ndim() as c_int,
                typekind: typestr.as_bytes().get(1).copied().unwrap_or(b'V') as c_char,
                itemsize,
                flags,
                shape: ptr::null_mut(),
                strides: ptr::null_mut(),
                data: array.as_ptr().cast::<c_void>(),
                descr: entries.map_or(ptr::null_mut(), |entries| entries.into_any().into_ptr()),
            },
            shape: array.shape().iter().map(|n| n.cast_signed()).collect(),
            strides: array.strides().to_vec(),
            export: export.into_any().into_ptr(),
        });
        lent.interface.shape = lent.shape.as_mut_ptr();
        lent.interface.strides = lent.strides.as_mut_ptr();
        let lent = Box::into_raw(lent);
        // SAFETY: attached; a pointer that is not NULL, no name, and a destructor that takes exactly this box back.
        let capsule = unsafe { ffi::PyCapsule_New(lent.cast(), ptr::null(), Some(destroy)) };
        if capsule.is_null() {
            // SAFETY: nobody else has seen the box.
            drop(unsafe { Box::from_raw(lent) });
            return Err(PyErr::fetch(py));
        }
        // SAFETY: a new reference.
        Ok(unsafe { Bound::from_owned_ptr(py, capsule) })
    }
}

/// What a capsule points to; the struct is its first field.
#[repr(C)]
struct Lent {
    interface: Interface,
    shape: Vec<isize>,
    strides: Vec<isize>,
    /// A reference of its own. No `Py`, which would wait for PyO3 to attach: the interpreter frees capsules by itself.
    export: *mut ffi::PyObject,
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: attached: only `destroy` and the failure above drop one; the struct's own reference, or NULL.
        unsafe { ffi::Py_XDECREF(self.interface.descr) };
        // SAFETY: likewise, and never NULL.
        unsafe { ffi::Py_DECREF(self.export) };
    }
}

unsafe extern "C" fn destroy(capsule: *mut ffi::PyObject) {
    // SAFETY: called by the interpreter, attached, with the capsule of `__array_struct__`.
    let lent = unsafe { ffi::PyCapsule_GetPointer(capsule, ptr::null()) }.cast::<Lent>();
    if !lent.is_null() {
        // SAFETY: the box that the capsule was made with, taken back once.
        drop(unsafe { Box::from_raw(lent) });
    }
}
