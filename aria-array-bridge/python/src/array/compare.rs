//! Equality: values, as one bool [W12].

use super::PyArray;
use super::element::bytes;
use crate::import;
use crate::request::Request;
use aria_array_bridge::dtype::Element;
use aria_array_bridge::{Array, DType};
use half::{bf16, f16};
use num_complex::Complex;
use pyo3::IntoPyObjectExt;
use pyo3::basic::CompareOp;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[pymethods]
impl PyArray {
    /// True if both have one dtype, one shape, the same nulls and equal values. NaN equals NaN only if asked.
    #[pyo3(signature = (other, /, *, equal_nan = false))]
    fn equals(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>, equal_nan: bool) -> PyResult<bool> {
        let other = import::import(other, &Request::default())?;
        let (left, right) = (PyArray::using(slf)?, PyArray::using(&other)?);
        let (left, right) = (&*left, &*right);
        slf.py().detach(|| equal(left, right, equal_nan)).map_err(PyValueError::new_err)
    }

    /// `==` of two of ours is [`equals`](Self::equals); of anything else, the other side decides.
    fn __richcmp__<'py>(
        slf: &Bound<'py, Self>,
        other: &Bound<'py, PyAny>,
        operation: CompareOp,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let wants_equal = match operation {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            _ => return Ok(py.NotImplemented().into_bound(py)),
        };
        if !other.is_instance_of::<PyArray>() {
            return Ok(py.NotImplemented().into_bound(py));
        }
        (PyArray::equals(slf, other, false)? == wants_equal).into_bound_py_any(py)
    }

    /// Of the object, not of its values, which may change.
    fn __hash__(slf: &Bound<'_, Self>) -> isize {
        (slf.as_ptr().addr() >> 4).cast_signed()
    }
}

/// Compares two arrays, which others may write meanwhile.
pub(super) fn equal(left: &Array, right: &Array, equal_nan: bool) -> Result<bool, String> {
    if left.dtype() != right.dtype() || left.shape() != right.shape() {
        return Ok(false);
    }
    for array in [left, right] {
        if !array.device().is_host() {
            return Err(format!("expected memory on cpu to compare but found it on {}", array.device()));
        }
    }
    let count = left.len();
    let valid = |array: &Array| match array.validity() {
        Some(validity) => validity.iter().collect(),
        None => vec![true; count],
    };
    let mut null = Vec::new();
    if left.validity().is_some() || right.validity().is_some() {
        let (ours, theirs) = (valid(left), valid(right));
        if ours != theirs {
            return Ok(false);
        }
        null = ours.into_iter().map(|valid| !valid).collect();
    }
    values_equal(&left.clone().without_validity(), &right.clone().without_validity(), equal_nan, &null)
}

/// Compares values but where `null` is true; `null` may be empty.
fn values_equal(left: &Array, right: &Array, equal_nan: bool, null: &[bool]) -> Result<bool, String> {
    match left.dtype() {
        DType::Record(record) => {
            for field in record.fields() {
                let column = |array: &Array| array.field(&field.name).map_err(|error| error.to_string());
                let each = field.shape.iter().product::<usize>();
                let wide: Vec<bool> = null.iter().flat_map(|null| core::iter::repeat_n(*null, each)).collect();
                if !values_equal(&column(left)?, &column(right)?, equal_nan, &wide)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        DType::Scalar(_) => match *left.dtype() {
            DType::BOOL => typed::<bool>(left, right, null, |a, b| a == b),
            DType::F16 => typed::<f16>(left, right, null, |a, b| a == b || (equal_nan && a.is_nan() && b.is_nan())),
            DType::BF16 => typed::<bf16>(left, right, null, |a, b| a == b || (equal_nan && a.is_nan() && b.is_nan())),
            DType::F32 => typed::<f32>(left, right, null, |a, b| a == b || (equal_nan && a.is_nan() && b.is_nan())),
            DType::F64 => typed::<f64>(left, right, null, |a, b| a == b || (equal_nan && a.is_nan() && b.is_nan())),
            DType::C64 => typed::<Complex<f32>>(left, right, null, |a, b| {
                a == b || (equal_nan && (a.re.is_nan() || a.im.is_nan()) && (b.re.is_nan() || b.im.is_nan()))
            }),
            DType::C128 => typed::<Complex<f64>>(left, right, null, |a, b| {
                a == b || (equal_nan && (a.re.is_nan() || a.im.is_nan()) && (b.re.is_nan() || b.im.is_nan()))
            }),
            _ => raw(left, right, null),
        },
        _ => raw(left, right, null),
    }
}

fn typed<T: Element>(left: &Array, right: &Array, null: &[bool], same: impl Fn(T, T) -> bool) -> Result<bool, String> {
    let left = left.iter::<T>().map_err(|error| error.to_string())?;
    let right = right.iter::<T>().map_err(|error| error.to_string())?;
    let skipped = |i: usize| null.get(i).is_some_and(|null| *null);
    Ok(left.zip(right).enumerate().all(|(i, (a, b))| skipped(i) || same(a, b)))
}

/// Integers, times, text, raw memory, and numbers that are only carried: equal bytes.
fn raw(left: &Array, right: &Array, null: &[bool]) -> Result<bool, String> {
    if left.dtype().is_packed() {
        return Err(format!("expected whole bytes to compare but found {}", left.dtype()));
    }
    let itemsize = left.dtype().itemsize();
    if itemsize == 0 {
        return Ok(true);
    }
    let (left, right) = (bytes(left).map_err(|e| e.to_string())?, bytes(right).map_err(|e| e.to_string())?);
    let skipped = |i: usize| null.get(i).is_some_and(|null| *null);
    let mut pairs = left.chunks_exact(itemsize).zip(right.chunks_exact(itemsize)).enumerate();
    Ok(left == right || pairs.all(|(i, (a, b))| skipped(i) || a == b))
}
