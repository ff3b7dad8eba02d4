//! What stands for a null in NumPy, where the caller asks for it (rule C4).

use crate::error::refused;
use crate::request::memory_or_value;
use aria_array_bridge::array::CastError;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Array, ArrayError, DType, Validity};
use half::{bf16, f16};
use num_complex::Complex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What happens to nulls: Python's `nulls=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// An array with nulls is refused: None and "raise".
    Refuse,
    /// A copy with NaN or NaT in their places.
    Nan,
    /// A MaskedArray.
    Mask,
}

impl Nulls {
    /// Reads the argument.
    ///
    /// # Errors
    ///
    /// `ValueError` for anything but its words.
    pub(crate) fn parse(word: &Bound<'_, PyAny>) -> PyResult<Nulls> {
        let text = word.extract::<String>().unwrap_or_default();
        match text.as_str() {
            "raise" => Ok(Nulls::Refuse),
            "nan" => Ok(Nulls::Nan),
            "mask" => Ok(Nulls::Mask),
            _ => {
                let shown = word.repr()?;
                Err(PyValueError::new_err(format!(
                    "expected nulls to be None, 'raise', 'nan' or 'mask' but found {shown}"
                )))
            }
        }
    }
}

/// Why there is no copy with NaN in the place of nulls.
pub(crate) enum NoNan {
    /// The dtype, or a value, does not go with it.
    Refused(Box<Reason>),
    /// The copy could not be made.
    Failed(ArrayError),
}

impl NoNan {
    /// What Python gets: `MemoryError` where there is no memory, the plan with its reason where it is refused.
    pub(crate) fn raise(self, py: Python<'_>, plan: &Plan) -> PyErr {
        match self {
            NoNan::Refused(reason) => refused(py, plan.clone().refusing(*reason)),
            NoNan::Failed(error) => memory_or_value(&error),
        }
    }
}

impl From<Reason> for NoNan {
    fn from(reason: Reason) -> NoNan {
        NoNan::Refused(Box::new(reason))
    }
}

impl From<ArrayError> for NoNan {
    fn from(error: ArrayError) -> NoNan {
        NoNan::Failed(error)
    }
}

/// A **copy** without nulls: NaN or NaT in their places; integers and bools as float64.
///
/// # Errors
///
/// A dtype that has nothing to stand for a null; an integer that float64 does not have; no memory.
pub(crate) fn with_nan(array: &Array) -> Result<Array, NoNan> {
    match array.dtype().clone() {
        DType::F16 => Ok(array.fill_null(f16::NAN)?),
        DType::BF16 => Ok(array.fill_null(bf16::NAN)?),
        DType::F32 => Ok(array.fill_null(f32::NAN)?),
        DType::F64 => Ok(array.fill_null(f64::NAN)?),
        DType::C64 => Ok(array.fill_null(Complex::new(f32::NAN, f32::NAN))?),
        DType::C128 => Ok(array.fill_null(Complex::new(f64::NAN, f64::NAN))?),
        DType::BOOL | DType::I8 | DType::I16 | DType::I32 | DType::U8 | DType::U16 | DType::U32 => floats(array),
        DType::I64 | DType::U64 => match array.first_inexact() {
            Some(number) => Err(inexact(number).into()),
            None => floats(array),
        },
        // NaT is the smallest number.
        ref time @ (DType::DateTime(_) | DType::TimeDelta(_)) => {
            let numbers = array.reinterpret(DType::I64)?;
            Ok(numbers.fill_null(i64::MIN)?.reinterpret(time.clone())?)
        }
        other => {
            let text = format!("nothing of {other} stands for a null");
            Err(Reason::new("nulls", "C4", text).hint("nulls='mask'").into())
        }
    }
}

/// A copy as float64, with NaN in the place of nulls.
fn floats(array: &Array) -> Result<Array, NoNan> {
    array.fill_null_as_f64(f64::NAN).map_err(|error| match error {
        CastError::Array(error) => NoNan::from(error),
        error => NoNan::from(Reason::new("dtype", "C5", error.to_string())),
    })
}

fn inexact(number: i128) -> Reason {
    let reason = Reason::new("inexact", "C4", format!("{number} is no float64 exactly"));
    reason.hint("nulls='mask', or astype('float64') to round")
}

/// A MaskedArray over `values`, with a mask that is true where `validity` has a null; without validity, no mask.
pub(super) fn masked<'py>(values: &Bound<'py, PyAny>, validity: Option<&Validity>) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    let arguments = PyDict::new(py);
    arguments.set_item("copy", false)?;
    if let Some(validity) = validity {
        let mask: Vec<u8> = validity.iter().map(|valid| u8::from(!valid)).collect();
        let numpy = py.import("numpy")?;
        let bytes = pyo3::types::PyByteArray::new(py, &mask);
        let mask = numpy.call_method1("frombuffer", (bytes, "?"))?;
        arguments.set_item("mask", mask.call_method1("reshape", (validity.shape().to_vec(),))?)?;
    }
    py.import("numpy.ma")?.getattr("MaskedArray")?.call((values,), Some(&arguments))
}
