//! Elements as Python objects. **Copies**; every element is read once, before any object is made.

use aria_array_bridge::array::ViewError;
use aria_array_bridge::dtype::{Element, Record, TimeUnit, Unit};
use aria_array_bridge::{Array, DType};
use half::{bf16, f16};
use num_complex::Complex;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyMemoryError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyComplex, PyDict, PyTuple};

type Objects<'py> = Vec<Bound<'py, PyAny>>;

/// Every element in row-major order; None for a null.
///
/// # Errors
///
/// `ValueError` for memory of a device; `TypeError` for a dtype that no Python object says.
pub(super) fn objects<'py>(py: Python<'py>, array: &Array) -> PyResult<Objects<'py>> {
    if !array.device().is_host() {
        let text = format!("expected memory on cpu but found it on {}: move it with its own library", array.device());
        return Err(PyValueError::new_err(text));
    }
    let valid: Option<Vec<bool>> = array.validity().map(|validity| validity.iter().collect());
    let mut objects = values(py, &array.clone().without_validity())?;
    for (object, _) in objects.iter_mut().zip(valid.into_iter().flatten()).filter(|(_, valid)| !valid) {
        *object = py.None().into_bound(py);
    }
    Ok(objects)
}

fn values<'py>(py: Python<'py>, array: &Array) -> PyResult<Objects<'py>> {
    match array.dtype() {
        DType::DateTime(unit) => times(py, array, *unit, moment),
        DType::TimeDelta(unit) => times(py, array, *unit, span),
        DType::Bytes(len) => pieces(array, *len, |bytes| Ok(PyBytes::new(py, before_padding(bytes)).into_any())),
        DType::Void(len) => pieces(array, *len, |bytes| Ok(PyBytes::new(py, bytes).into_any())),
        DType::Str(len) => pieces(array, len.saturating_mul(4), |bytes| text(py, bytes)),
        DType::Record(record) => records(py, array, record),
        dtype => match *dtype {
            DType::BOOL => each::<bool>(py, array),
            DType::I8 => each::<i8>(py, array),
            DType::I16 => each::<i16>(py, array),
            DType::I32 => each::<i32>(py, array),
            DType::I64 => each::<i64>(py, array),
            DType::U8 => each::<u8>(py, array),
            DType::U16 => each::<u16>(py, array),
            DType::U32 => each::<u32>(py, array),
            DType::U64 => each::<u64>(py, array),
            DType::F16 => each::<f16>(py, array),
            DType::BF16 => each::<bf16>(py, array),
            DType::F32 => each::<f32>(py, array),
            DType::F64 => each::<f64>(py, array),
            DType::C64 => each::<Complex<f32>>(py, array),
            DType::C128 => each::<Complex<f64>>(py, array),
            _ => Err(PyTypeError::new_err(format!(
                "expected a dtype that Python has numbers for but found {dtype}, which is carried and not computed with"
            ))),
        },
    }
}

/// A number as Python's.
trait Number: Element {
    fn object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>>;
}

macro_rules! numbers {
    ($($rust:ty => |$value:ident, $py:ident| $made:expr;)*) => {
        $(impl Number for $rust {
            fn object(self, $py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
                let $value = self;
                $made.into_bound_py_any($py)
            }
        })*
    };
}

numbers! {
    bool => |value, py| value;
    i8 => |value, py| value; i16 => |value, py| value; i32 => |value, py| value; i64 => |value, py| value;
    u8 => |value, py| value; u16 => |value, py| value; u32 => |value, py| value; u64 => |value, py| value;
    f16 => |value, py| value.to_f64(); bf16 => |value, py| value.to_f64();
    f32 => |value, py| f64::from(value); f64 => |value, py| value;
    Complex<f32> => |value, py| PyComplex::from_doubles(py, value.re.into(), value.im.into());
    Complex<f64> => |value, py| PyComplex::from_doubles(py, value.re, value.im);
}

fn each<'py, T: Number>(py: Python<'py>, array: &Array) -> PyResult<Objects<'py>> {
    read::<T>(array)?.into_iter().map(|value| value.object(py)).collect()
}

fn read<T: Element>(array: &Array) -> PyResult<Vec<T>> {
    array.to_vec().map_err(|error| match error {
        ViewError::Memory { .. } => PyMemoryError::new_err(error.to_string()),
        error => PyValueError::new_err(error.to_string()),
    })
}

/// The bytes of every element in row-major order, as they lie.
pub(super) fn bytes(array: &Array) -> PyResult<Vec<u8>> {
    read::<u8>(&array.bytes().map_err(|error| PyValueError::new_err(error.to_string()))?)
}

fn pieces<'py>(
    array: &Array,
    itemsize: usize,
    make: impl Fn(&[u8]) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Objects<'py>> {
    if itemsize == 0 {
        return (0..array.len()).map(|_| make(&[])).collect();
    }
    bytes(array)?.chunks_exact(itemsize).map(make).collect()
}

fn before_padding(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

fn text<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let points = bytes.as_chunks::<4>().0.iter().map(|four| u32::from_ne_bytes(*four));
    let points: Vec<u32> = points.collect();
    let end = points.iter().rposition(|point| *point != 0).map_or(0, |last| last + 1);
    let wrong = |point: u32| PyValueError::new_err(format!("expected a code point but found {point:#x}"));
    let text: String = points[..end]
        .iter()
        .map(|point| char::from_u32(*point).ok_or_else(|| wrong(*point)))
        .collect::<PyResult<_>>()?;
    text.into_bound_py_any(py)
}

fn records<'py>(py: Python<'py>, array: &Array, record: &Record) -> PyResult<Objects<'py>> {
    let mut columns = Vec::with_capacity(record.fields().len());
    for field in record.fields() {
        let column = array.field(&field.name).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let flat = values(py, &column)?;
        columns.push(if field.shape.is_empty() { flat } else { grouped(py, flat, &field.shape, array.len())? });
    }
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let row = |_| Ok(PyTuple::new(py, columns.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>())?.into_any());
    (0..array.len()).map(row).collect()
}

/// `count` nested lists of this shape, made of elements in row-major order.
pub(super) fn grouped<'py>(
    py: Python<'py>,
    flat: Objects<'py>,
    shape: &[usize],
    count: usize,
) -> PyResult<Objects<'py>> {
    let Some((last, outer)) = shape.split_last() else { return Ok(flat) };
    let lists = outer.iter().product::<usize>() * count;
    let mut elements = flat.into_iter();
    let list = |_| elements.by_ref().take(*last).collect::<Vec<_>>().into_bound_py_any(py);
    let inner = (0..lists).map(list).collect::<PyResult<_>>()?;
    grouped(py, inner, outer, count)
}

type Clock<'a, 'py> = &'a Bound<'py, PyModule>;

fn times<'py>(
    py: Python<'py>,
    array: &Array,
    unit: TimeUnit,
    make: impl Fn(Clock<'_, 'py>, TimeUnit, i64) -> PyResult<Option<Bound<'py, PyAny>>>,
) -> PyResult<Objects<'py>> {
    let counts = array.reinterpret(DType::I64).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let clock = py.import("datetime")?;
    let object = |count: i64| {
        if count == i64::MIN {
            return Ok(py.None().into_bound(py));
        }
        match make(&clock, unit, count) {
            Ok(Some(made)) => Ok(made),
            Ok(None) => count.into_bound_py_any(py),
            // Beyond what Python's calendar has: the count, as NumPy gives it.
            Err(error) if error.is_instance_of::<PyOverflowError>(py) || error.is_instance_of::<PyValueError>(py) => {
                count.into_bound_py_any(py)
            }
            Err(error) => Err(error),
        }
    };
    read::<i64>(&counts)?.into_iter().map(object).collect()
}

/// A span of time as a `timedelta`; None for units that it has not.
fn span<'py>(clock: Clock<'_, 'py>, unit: TimeUnit, count: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
    let name = match unit.unit {
        Unit::Week => "weeks",
        Unit::Day => "days",
        Unit::Hour => "hours",
        Unit::Minute => "minutes",
        Unit::Second => "seconds",
        Unit::Millisecond => "milliseconds",
        Unit::Microsecond => "microseconds",
        _ => return Ok(None),
    };
    let Some(count) = count.checked_mul(unit.multiple.into()) else { return Ok(None) };
    let arguments = PyDict::new(clock.py());
    arguments.set_item(name, count)?;
    clock.getattr("timedelta")?.call((), Some(&arguments)).map(Some)
}

/// A point in time as a `date` (days and longer) or a `datetime` (hours to microseconds); None for other units.
fn moment<'py>(clock: Clock<'_, 'py>, unit: TimeUnit, count: i64) -> PyResult<Option<Bound<'py, PyAny>>> {
    let scaled = || count.checked_mul(unit.multiple.into());
    let date = |year: i64, month: i64| clock.getattr("date")?.call1((year, month, 1)).map(Some);
    match unit.unit {
        Unit::Year => scaled().map_or(Ok(None), |years| date(1970i64.saturating_add(years), 1)),
        Unit::Month => {
            let Some(months) = scaled() else { return Ok(None) };
            date(1970 + months.div_euclid(12), months.rem_euclid(12) + 1)
        }
        Unit::Week | Unit::Day => match (date(1970, 1)?, span(clock, unit, count)?) {
            (Some(start), Some(span)) => start.add(span).map(Some),
            _ => Ok(None),
        },
        _ => match span(clock, unit, count)? {
            Some(span) => clock.getattr("datetime")?.call1((1970, 1, 1))?.add(span).map(Some),
            None => Ok(None),
        },
    }
}
