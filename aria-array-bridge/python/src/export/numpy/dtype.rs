//! NumPy's descriptor of a dtype: built-in ones by number, the rest by NumPy's own notation, ml_dtypes' by name.

use crate::error::refused;
use crate::import::numpy::dtype::to_numpy;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Array, DType};
use core::ffi::c_int;
use numpy::PY_ARRAY_API;
use numpy::npyffi::{NPY_TYPES, PyArray_Descr};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// NumPy's descriptor of the array's dtype, as a reference to give away. NumPy is imported.
pub(super) fn descriptor(py: Python<'_>, array: &Array) -> PyResult<*mut PyArray_Descr> {
    if let Some(number) = type_number(array.dtype()) {
        // SAFETY: attached, NumPy is imported; a new reference to a built-in descriptor, or NULL with an exception.
        let descr = unsafe { PY_ARRAY_API.PyArray_DescrFromType(py, number as c_int) };
        return if descr.is_null() { Err(PyErr::fetch(py)) } else { Ok(descr) };
    }
    let dtype = array.dtype();
    let refuse = |reason: Reason| {
        let plan = Plan::view("numpy struct", crate::array::describe(array), "numpy.ndarray");
        Err(refused(py, plan.refusing(reason)))
    };
    if let DType::Bytes(0) | DType::Str(0) = dtype {
        let text = format!("NumPy makes no array of {dtype}: it would take it for text of length 1");
        return refuse(Reason::new("dtype", "L1", text));
    }
    match to_numpy(py, dtype) {
        Ok(Some(dtype)) => Ok(dtype.into_ptr().cast()),
        Ok(None) if dtype.is_packed() => {
            let text = format!("{dtype} lies packed, and NumPy has one value to a byte");
            refuse(Reason::new("subbyte", "L3", text))
        }
        Ok(None) => refuse(Reason::new("dtype", "L1", format!("NumPy has no dtype for {dtype}"))),
        Err(error) if error.is_instance_of::<PyImportError>(py) => {
            let reason = Reason::new("dtype", "L1", format!("NumPy alone has no dtype for {dtype}"));
            refuse(reason.hint("the package ml_dtypes has the types that NumPy lacks"))
        }
        Err(error) => Err(error),
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
