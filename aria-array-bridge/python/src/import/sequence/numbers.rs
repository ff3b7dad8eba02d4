//! Python's numbers as elements: the kinds, and how a kind becomes a dtype. No value is changed but by rounding to a
//! float that was asked for.

use crate::class;
use aria_array_bridge::dtype::Element;
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{Array, DType};
use half::{bf16, f16};
use num_complex::Complex;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyComplexMethods, PyFloat, PyInt};

/// One number.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Bool(bool),
    /// Within i64 or u64.
    Int(i128),
    /// An integer beyond both, as text would be too long.
    Huge,
    Float(f64),
    Complex(f64, f64),
}

/// Kinds, each of which has the numbers of those before it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    #[default]
    Empty,
    Bool,
    Int,
    Float,
    Complex,
}

impl Number {
    /// The number that an object is, if it is one. NumPy's integers and floats are, by `__index__` and `__float__`, and its
    /// complex numbers by `__complex__`; what else has these (times, decimals, fractions, long doubles) would change.
    pub(super) fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<Number>> {
        if let Ok(value) = object.cast::<PyBool>() {
            return Ok(Some(Number::Bool(value.is_true())));
        }
        if object.is_instance_of::<PyInt>() {
            return Ok(Some(integer(object)));
        }
        if let Ok(value) = object.cast::<PyFloat>() {
            return Ok(Some(Number::Float(value.value())));
        }
        if let Ok(value) = object.cast::<PyComplex>() {
            return Ok(Some(Number::Complex(value.real(), value.imag())));
        }
        let class = object.get_type();
        let module = class.module()?;
        let numpys = if module.to_string_lossy() == "numpy" { class::short_name(&class) } else { String::new() };
        match numpys.as_str() {
            "bool" | "bool_" => return object.is_truthy().map(|value| Some(Number::Bool(value))),
            "complex64" => {
                let value = object.call_method0("__complex__")?;
                return Ok(value.cast::<PyComplex>().ok().map(|value| Number::Complex(value.real(), value.imag())));
            }
            // Wider than a float64, or not numbers.
            "longdouble" | "clongdouble" | "datetime64" | "timedelta64" => return Ok(None),
            _ => {}
        }
        // Arrays have these too, and are arrays: of ours, those without axes are numbers.
        let ours = object.is_instance_of::<crate::array::PyArray>();
        if !ours && class.getattr_opt("__len__")?.is_some() {
            return Ok(None);
        }
        if ours {
            return match object.call_method0("item") {
                Ok(value) if !value.is_instance_of::<crate::array::PyArray>() => Number::of(&value),
                _ => Ok(None),
            };
        }
        if class.getattr_opt("__index__")?.is_some() {
            return object.call_method0("__index__").map(|value| Some(integer(&value)));
        }
        // Decimals and fractions are no float64s.
        let exact = !matches!(&*module.to_string_lossy(), "decimal" | "_decimal" | "fractions");
        if exact && class.getattr_opt("__float__")?.is_some() {
            let value = object.call_method0("__float__")?;
            return Ok(value.cast::<PyFloat>().ok().map(|value| Number::Float(value.value())));
        }
        Ok(None)
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Number::Bool(_) => Kind::Bool,
            Number::Int(_) | Number::Huge => Kind::Int,
            Number::Float(_) => Kind::Float,
            Number::Complex(..) => Kind::Complex,
        }
    }
}

fn integer(object: &Bound<'_, PyAny>) -> Number {
    let small = object.extract::<i64>().map(i128::from);
    match small.or_else(|_| object.extract::<u64>().map(i128::from)) {
        Ok(value) => Number::Int(value),
        Err(_) => Number::Huge,
    }
}

/// Why there is no such array.
pub(super) enum Unfit {
    /// Not this many bytes.
    Memory(usize),
    /// The number at this place, in row-major order, is in the way.
    Reason(usize, Box<Reason>),
}

/// One axis of these numbers, as `wanted`, or as the dtype of their widest kind.
pub(super) fn array(numbers: &[Number], kind: Kind, wanted: Option<&DType>) -> Result<Array, Unfit> {
    let dtype = match wanted {
        Some(dtype) if takes(dtype, kind) => dtype.clone(),
        // What no list becomes by itself, `asarray` judges, with the array as it is.
        _ => natural(numbers, kind),
    };
    match dtype {
        DType::BOOL => collect(numbers, &dtype, |n| match n {
            Number::Bool(value) => Some(value),
            _ => None,
        }),
        DType::I8 => integers::<i8>(numbers, &dtype),
        DType::I16 => integers::<i16>(numbers, &dtype),
        DType::I32 => integers::<i32>(numbers, &dtype),
        DType::U8 => integers::<u8>(numbers, &dtype),
        DType::U16 => integers::<u16>(numbers, &dtype),
        DType::U32 => integers::<u32>(numbers, &dtype),
        DType::U64 => integers::<u64>(numbers, &dtype),
        DType::F16 => collect(numbers, &dtype, |n| real(n).map(f16::from_f64)),
        DType::BF16 => collect(numbers, &dtype, |n| real(n).map(bf16::from_f64)),
        DType::F32 => collect(numbers, &dtype, |n| real(n).map(|value| value as f32)),
        DType::F64 => collect(numbers, &dtype, real),
        DType::C64 => collect(numbers, &dtype, |n| complex(n).map(|c| Complex::new(c.re as f32, c.im as f32))),
        DType::C128 => collect(numbers, &dtype, complex),
        _ => integers::<i64>(numbers, &DType::I64),
    }
}

/// True if a list of this kind can be made at once as this dtype.
fn takes(dtype: &DType, kind: Kind) -> bool {
    let of = match dtype.kind() {
        'b' => Kind::Bool,
        'i' | 'u' => Kind::Int,
        'f' => Kind::Float,
        'c' => Kind::Complex,
        _ if *dtype == DType::BF16 => Kind::Float,
        _ => return false,
    };
    kind <= of
}

fn natural(numbers: &[Number], kind: Kind) -> DType {
    match kind {
        Kind::Empty | Kind::Float => DType::F64,
        Kind::Bool => DType::BOOL,
        Kind::Complex => DType::C128,
        Kind::Int => {
            let large = |n: &Number| matches!(n, Number::Int(value) if *value > i128::from(i64::MAX));
            let negative = |n: &Number| matches!(n, Number::Int(value) if *value < 0);
            if numbers.iter().any(large) && !numbers.iter().any(negative) { DType::U64 } else { DType::I64 }
        }
    }
}

fn integers<T: Element + TryFrom<i128>>(numbers: &[Number], dtype: &DType) -> Result<Array, Unfit> {
    collect(numbers, dtype, |n| match n {
        Number::Bool(value) => T::try_from(i128::from(value)).ok(),
        Number::Int(value) => T::try_from(value).ok(),
        _ => None,
    })
}

/// The number as a float; None for an integer that no float is.
fn real(number: Number) -> Option<f64> {
    match number {
        Number::Bool(value) => Some(f64::from(u8::from(value))),
        Number::Int(value) => Some(value as f64).filter(|float| *float as i128 == value),
        Number::Float(value) => Some(value),
        Number::Huge | Number::Complex(..) => None,
    }
}

fn complex(number: Number) -> Option<Complex<f64>> {
    match number {
        Number::Complex(re, im) => Some(Complex::new(re, im)),
        other => real(other).map(|re| Complex::new(re, 0.0)),
    }
}

fn collect<T: Element>(
    numbers: &[Number],
    dtype: &DType,
    convert: impl Fn(Number) -> Option<T>,
) -> Result<Array, Unfit> {
    let mut values: Vec<T> = Vec::new();
    values.try_reserve_exact(numbers.len()).map_err(|_| Unfit::Memory(numbers.len().saturating_mul(size_of::<T>())))?;
    for (place, number) in numbers.iter().enumerate() {
        match convert(*number) {
            Some(value) => values.push(value),
            None => return Err(Unfit::Reason(place, Box::new(changed(*number, dtype)))),
        }
    }
    Ok(Array::from(values))
}

fn changed(number: Number, dtype: &DType) -> Reason {
    let found = match number {
        Number::Int(value) => value.to_string(),
        Number::Huge => "an integer of more than 64 bits".to_string(),
        Number::Bool(value) => value.to_string(),
        Number::Float(value) => value.to_string(),
        Number::Complex(re, im) => format!("{re}+{im}j"),
    };
    let text = format!("expected numbers that {dtype} has but found {found}");
    Reason::new("inexact", "C4", text)
}
