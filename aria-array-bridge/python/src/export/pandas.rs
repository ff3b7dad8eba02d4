//! Our array as a `pandas.Series`: of NumPy's memory, or with a mask where there are nulls.

use super::numpy::{Nulls, to_numpy_with};
use crate::array::PyArray;
use crate::error::refused;
use crate::request::{copy_policy, describe_short};
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Array, DType};
use pyo3::prelude::*;
use pyo3::types::PyDict;

#[pymethods]
impl PyArray {
    /// A `pandas.Series`. Without nulls it is of a NumPy dtype, over the same memory. With nulls it has the nullable dtype
    /// of pandas (Int64, Float64, boolean), whose values are shared and whose mask is made; times have NaT, in a copy.
    #[pyo3(signature = (*, copy = None))]
    fn to_pandas<'py>(slf: &Bound<'py, Self>, copy: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let policy = copy_policy(copy);
        let (axes, name, missing, masked) = {
            let array = PyArray::using(slf)?;
            (array.ndim(), describe_short(&array), array.null_count(), nullable(&array))
        };
        if let Some(reason) = axes_of(axes, &name) {
            return Err(refused(py, Plan::view("numpy struct", name, "pandas.Series").refusing(reason)));
        }
        let pandas = py.import("pandas")?;
        let values = match masked.filter(|_| missing > 0) {
            None => {
                let nulls = if missing > 0 { Nulls::Nan } else { Nulls::Refuse };
                to_numpy_with(slf, policy, nulls)?
            }
            Some(class) => {
                let masked = to_numpy_with(slf, policy, Nulls::Mask)?;
                let parts = (masked.getattr("data")?, masked.getattr("mask")?);
                pandas.getattr("arrays")?.getattr(class)?.call1(parts)?
            }
        };
        let options = PyDict::new(py);
        options.set_item("copy", false)?; // A copy that was wished for has been made.
        pandas.getattr("Series")?.call((values,), Some(&options))
    }
}

/// The class of pandas' arrays that has values and a mask of this dtype.
pub(super) fn nullable(array: &Array) -> Option<&'static str> {
    match *array.dtype() {
        DType::BOOL => Some("BooleanArray"),
        DType::F32 | DType::F64 => Some("FloatingArray"),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => Some("IntegerArray"),
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => Some("IntegerArray"),
        _ => None,
    }
}

/// A column has one axis.
pub(super) fn axes_of(axes: usize, name: &str) -> Option<Reason> {
    if axes == 1 {
        return None;
    }
    let text = format!("a pandas.Series has one axis, and {name} has {axes}");
    let reason = Reason::new("ndim", "C5", text).expected("1 axis", format!("{axes} axes"));
    Some(reason.hint("pandas.DataFrame(x.to_numpy()) for two, x.reshape(-1) for one"))
}
