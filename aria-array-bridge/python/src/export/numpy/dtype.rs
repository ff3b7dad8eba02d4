//! NumPy's descriptor of a dtype: built-in ones by number, the rest by NumPy's own notation, ml_dtypes' by name.

use crate::error::refused;
use aria_array_bridge::dtype::typestr;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Array, DType};
use core::ffi::c_int;
use numpy::PY_ARRAY_API;
use numpy::npyffi::{NPY_TYPES, PyArray_Descr};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

/// NumPy's descriptor of the array's dtype, as a reference to give away. NumPy is imported.
pub(super) fn descriptor(py: Python<'_>, array: &Array) -> PyResult<*mut PyArray_Descr> {
    if let Some(number) = type_number(array.dtype()) {
        // SAFETY: attached, NumPy is imported; a new reference to a built-in descriptor, or NULL with an exception.
        let descr = unsafe { PY_ARRAY_API.PyArray_DescrFromType(py, number as c_int) };
        return if descr.is_null() { Err(PyErr::fetch(py)) } else { Ok(descr) };
    }
    match of(py, array.dtype())? {
        Ok(dtype) => Ok(dtype.into_ptr().cast()),
        Err(reason) => {
            let plan = Plan::view("numpy struct", crate::array::describe(array), "numpy.ndarray");
            Err(refused(py, plan.refusing(*reason)))
        }
    }
}

/// The `numpy.dtype`, or why there is none.
fn of<'py>(py: Python<'py>, dtype: &DType) -> PyResult<Result<Bound<'py, PyAny>, Box<Reason>>> {
    let class = py.import("numpy")?.getattr("dtype")?;
    if let Some(record) = dtype.record() {
        let (names, formats, offsets) = (PyList::empty(py), PyList::empty(py), PyList::empty(py));
        for field in record.fields() {
            let element = match of(py, &field.dtype)? {
                Ok(element) => element,
                Err(reason) => return Ok(Err(Box::new(reason.at(format!("field {}", field.name))))),
            };
            let shape = PyTuple::new(py, field.shape.iter())?;
            names.append(&*field.name)?;
            formats.append(if shape.is_empty() {
                element
            } else {
                PyTuple::new(py, [element, shape.into_any()])?.into_any()
            })?;
            offsets.append(field.offset)?;
        }
        let record = [("names", names.into_any()), ("formats", formats.into_any()), ("offsets", offsets.into_any())];
        let members = PyDict::new(py);
        for (key, value) in record {
            members.set_item(key, value)?;
        }
        members.set_item("itemsize", dtype.itemsize())?;
        return class.call1((members,)).map(Ok);
    }
    let none = |text: String| Ok(Err(Box::new(Reason::new("dtype", "L1", text))));
    if let DType::Bytes(0) | DType::Str(0) = dtype {
        return none(format!("NumPy makes no array of {dtype}: it would take it for text of length 1"));
    }
    if let Some(text) = typestr(dtype) {
        return class.call1((text,)).map(Ok);
    }
    let name = dtype.name();
    if dtype.is_packed() {
        let text = format!("{name} lies packed, and NumPy has one value to a byte");
        return Ok(Err(Box::new(Reason::new("subbyte", "L3", text))));
    }
    let found = match py.import("ml_dtypes") {
        Ok(module) => module.getattr_opt(&*name)?,
        Err(error) if error.is_instance_of::<PyImportError>(py) => {
            let reason = Reason::new("dtype", "L1", format!("NumPy alone has no dtype for {name}"));
            return Ok(Err(Box::new(reason.hint("ml_dtypes has the types that NumPy lacks"))));
        }
        Err(error) => return Err(error),
    };
    match found {
        Some(scalar) => class.call1((scalar,)).map(Ok),
        None => none(format!("NumPy has no dtype for {name}")),
    }
}

fn type_number(dtype: &DType) -> Option<NPY_TYPES> {
    Some(match *dtype {
        DType::F64 => NPY_TYPES::NPY_DOUBLE,
        DType::F32 => NPY_TYPES::NPY_FLOAT,
        DType::F16 => NPY_TYPES::NPY_HALF,
        DType::I64 if size_of::<core::ffi::c_long>() == 8 => NPY_TYPES::NPY_LONG,
        DType::I64 => NPY_TYPES::NPY_LONGLONG,
        DType::I32 => NPY_TYPES::NPY_INT,
        DType::I16 => NPY_TYPES::NPY_SHORT,
        DType::I8 => NPY_TYPES::NPY_BYTE,
        DType::U64 if size_of::<core::ffi::c_long>() == 8 => NPY_TYPES::NPY_ULONG,
        DType::U64 => NPY_TYPES::NPY_ULONGLONG,
        DType::U32 => NPY_TYPES::NPY_UINT,
        DType::U16 => NPY_TYPES::NPY_USHORT,
        DType::U8 => NPY_TYPES::NPY_UBYTE,
        DType::BOOL => NPY_TYPES::NPY_BOOL,
        DType::C64 => NPY_TYPES::NPY_CFLOAT,
        DType::C128 => NPY_TYPES::NPY_CDOUBLE,
        _ => return None,
    })
}
