//! Nulls: which there are, and arrays without them [C4].

use super::values::fresh;
use super::{Origin, PyArray, describe};
use crate::error::refused;
use crate::import::named;
use aria_array_bridge::dtype::Element;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Access, Array, ArrayError, DType, Order};
use bytemuck::Pod;
use core::ptr::NonNull;
use half::{bf16, f16};
use num_complex::Complex;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt, PyString};

#[pymethods]
impl PyArray {
    /// True where an element is missing. A copy: validity is bits, and bools are bytes.
    fn is_null<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray>> {
        let reason = Reason::new("bits", "C5", "validity is bits, and booleans are bytes");
        fresh(slf, reason, Some(&DType::BOOL), |array| {
            let Some(validity) = array.validity() else { return Array::zeros(DType::BOOL, array.shape(), Order::C) };
            validity.is_null()
        })
    }

    /// A copy in which every null is `value`, which the dtype must have exactly.
    #[pyo3(signature = (value, /))]
    fn fill_null<'py>(slf: &Bound<'py, Self>, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray>> {
        let dtype = slf.get().live()?.dtype().clone();
        match dtype {
            DType::BOOL => {
                let value: bool = value.cast::<PyBool>().map_err(|_| unfit(value, &dtype))?.is_true();
                filled(slf, move |array| array.fill_null(value))
            }
            DType::I8 => integer::<i8>(slf, value),
            DType::I16 => integer::<i16>(slf, value),
            DType::I32 => integer::<i32>(slf, value),
            DType::I64 => integer::<i64>(slf, value),
            DType::U8 => integer::<u8>(slf, value),
            DType::U16 => integer::<u16>(slf, value),
            DType::U32 => integer::<u32>(slf, value),
            DType::U64 => integer::<u64>(slf, value),
            DType::F16 => real(slf, value, f16::from_f64),
            DType::BF16 => real(slf, value, bf16::from_f64),
            DType::F32 => real(slf, value, |value| value as f32),
            DType::F64 => real(slf, value, |value| value),
            DType::C64 => complex(slf, value, |re, im| Complex::new(re as f32, im as f32)),
            DType::C128 => complex(slf, value, Complex::new),
            DType::DateTime(_) | DType::TimeDelta(_) => {
                let count = time(value, &dtype)?;
                filled(slf, move |array| {
                    let counts = array.reinterpret(DType::I64)?.fill_null(count)?;
                    counts.reinterpret(array.dtype().clone())
                })
            }
            _ => Err(PyTypeError::new_err(format!("expected numbers, times or bools to fill but found {dtype}"))),
        }
    }

    /// The same memory, to be written on the caller's word that it may be [W5]. **Zero-copy**; refused for frozen memory.
    fn assume_writable<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray>> {
        let array = slf.get().live()?;
        if array.access() != Access::Shared {
            let reason = Reason::new("frozen", "L8", "nobody may write to frozen memory while it is shared");
            let reason =
                reason.expected("shared", array.access().name()).hint("copy() gives memory that may be written");
            return Err(refused(slf.py(), Plan::view("view", describe(array), describe(array)).refusing(reason)));
        }
        let first = NonNull::new(array.as_ptr());
        let first = first.ok_or_else(|| PyValueError::new_err("expected an address but found NULL"))?;
        let (dtype, layout, device) = (array.dtype().clone(), array.layout().clone(), array.device());
        // SAFETY: the same memory and layout as the array's, which its owner keeps, and so does the view's root; shared,
        // checked above. That it may be written is the caller's word, which the method's name asks for.
        let written =
            unsafe { Array::from_raw(first, dtype, layout, device, Access::Shared, false, array.owner().clone()) };
        let value = |error: ArrayError| PyValueError::new_err(error.to_string());
        let written = match array.validity() {
            Some(validity) => written.and_then(|written| written.with_validity(validity.clone())),
            None => written,
        };
        PyArray::view_from(
            slf,
            written.map_err(value)?,
            Origin::View { source: named!("aria_array_bridge.Array"), protocol: named!("assume_writable") },
        )
    }
}

fn unfit(value: &Bound<'_, PyAny>, dtype: &DType) -> PyErr {
    let shown = value.repr().map_or_else(|_| value.get_type().to_string(), |text| text.to_string());
    PyValueError::new_err(format!("expected a value that {dtype} has but found {shown}"))
}

fn filled<'py>(
    this: &Bound<'py, PyArray>,
    make: impl Fn(&Array) -> Result<Array, ArrayError> + Send + Sync,
) -> PyResult<Bound<'py, PyArray>> {
    fresh(this, Reason::new("nulls", "C4", "nulls are filled"), None, make)
}

/// A time as NumPy counts it in the dtype's unit, which must have it exactly.
fn time(value: &Bound<'_, PyAny>, dtype: &DType) -> PyResult<i64> {
    let py = value.py();
    let numpy = py.import("numpy")?;
    let written = dtype.typestr().ok_or_else(|| unfit(value, dtype))?;
    let plain =
        value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() || value.is_instance_of::<PyString>();
    let given = if plain { Err(unfit(value, dtype)) } else { numpy.call_method1("asarray", (value,)) }?;
    let kind: String = given.getattr("dtype")?.getattr("kind")?.extract()?;
    let made = given.call_method1("astype", (&written,)).map_err(|_| unfit(value, dtype))?;
    let exact: bool = made.call_method1("astype", (given.getattr("dtype")?,))?.eq(&given).unwrap_or(false)
        || numpy.call_method1("isnat", (&made,)).and_then(|nat| nat.is_truthy()).unwrap_or(false);
    let fits = kind == dtype.kind().to_string() && given.getattr("ndim")?.eq(0)?;
    if !(fits && exact) {
        return Err(unfit(value, dtype));
    }
    made.call_method1("view", ("i8",))?.call_method0("item")?.extract()
}

fn integer<'py, T>(this: &Bound<'py, PyArray>, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray>>
where
    T: Element + Pod + for<'a> FromPyObject<'a, 'py>,
{
    // NumPy's integers have `__index__` too.
    let plain = !value.is_instance_of::<PyBool>() && value.get_type().hasattr("__index__")?;
    let number = if plain { value.extract::<T>().ok() } else { None };
    let number = number.ok_or_else(|| unfit(value, &T::DTYPE))?;
    filled(this, move |array| array.fill_null(number))
}

/// A number that rounding may change, as writing it in the dtype would.
fn real<'py, T: Element + Pod>(
    this: &Bound<'py, PyArray>,
    value: &Bound<'py, PyAny>,
    round: impl Fn(f64) -> T,
) -> PyResult<Bound<'py, PyArray>> {
    // NumPy's floats and integers count among them.
    let real = value.py().import("numbers")?.getattr("Real")?;
    let plain = value.is_instance(&real)? && !value.is_instance_of::<PyBool>();
    let number = if plain { value.extract::<f64>().ok() } else { None };
    let number = round(number.ok_or_else(|| unfit(value, &T::DTYPE))?);
    filled(this, move |array| array.fill_null(number))
}

fn complex<'py, T: Element + Pod>(
    this: &Bound<'py, PyArray>,
    value: &Bound<'py, PyAny>,
    make: impl Fn(f64, f64) -> T,
) -> PyResult<Bound<'py, PyArray>> {
    use pyo3::types::PyComplexMethods;
    let number = match value.cast::<PyComplex>() {
        Ok(value) => make(value.real(), value.imag()),
        Err(_) if value.is_instance_of::<PyBool>() => return Err(unfit(value, &T::DTYPE)),
        Err(_) => make(value.extract::<f64>().map_err(|_| unfit(value, &T::DTYPE))?, 0.0),
    };
    filled(this, move |array| array.fill_null(number))
}
