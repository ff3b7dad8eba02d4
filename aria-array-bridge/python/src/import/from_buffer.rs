//! `ab.from_buffer`: bytes that somebody lends, read as the caller says. **Zero-copy.** And `ab.from_array_interface`.

use super::{Nested, Refusal, buffer, interface, named};
use crate::array::{HeldBuffer, Hold, PyArray};
use crate::dtype::dtype_of;
use crate::error::bad_argument;
use crate::request::{Found, Request, execute};
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::layout::MAX_NDIM;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Access, Array, DType, Device, Layout, Owner};
use core::ptr::NonNull;
use pyo3::Borrowed;
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(from_buffer, module)?)?;
    module.add_function(wrap_pyfunction!(from_array_interface, module)?)
}

/// An array over the memory that an object lends by the buffer protocol.
///
/// Without further arguments the buffer's own format and shape hold. With any of them the buffer is a row of bytes, read as
/// `dtype` (default uint8) from byte `offset` on, in `shape` (default: one axis, as long as the bytes reach) with `strides` in
/// bytes (default: C order). Nothing outside of the buffer can be reached.
#[pyfunction]
#[pyo3(signature = (x, /, *, dtype = None, shape = None, strides = None, offset = Offset(0)), text_signature = "(x, /, *, dtype=None, shape=None, strides=None, offset=0)")]
fn from_buffer<'py>(
    x: &Bound<'py, PyAny>,
    dtype: Option<&Bound<'py, PyAny>>,
    shape: Option<Shape>,
    strides: Option<Strides>,
    offset: Offset,
) -> PyResult<Bound<'py, PyArray>> {
    let offset = offset.0;
    let name = Name::of(&crate::class::name(&x.get_type()));
    let _nested = Nested::enter()?;
    let found = if dtype.is_none() && shape.is_none() && strides.is_none() && offset == 0 {
        buffer::find(x)
    } else {
        let dtype = dtype.map_or(Ok(DType::U8), dtype_of)?;
        cast(x, dtype, shape.map(|shape| shape.0), strides.map(|strides| strides.0), offset)
    };
    finish(x, name, found)
}

/// An array over the memory that `__array_struct__` or `__array_interface__` of an object describes.
#[pyfunction]
#[pyo3(signature = (x, /))]
fn from_array_interface<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray>> {
    let name = Name::of(&crate::class::name(&x.get_type()));
    let _nested = Nested::enter()?;
    // Looked up on the object itself: it was asked for by name. The struct is cheaper, the dict says more.
    let found = match interface::find_struct(x) {
        Err(Refusal::Next(first)) => match interface::find_dict(x) {
            Err(Refusal::Next(second)) => {
                let plan = Plan::view("", name.text().to_string(), "Array");
                // A struct that is not there says less than the dict.
                let plan = if x.hasattr("__array_struct__").unwrap_or(false) { plan.refusing(first) } else { plan };
                return Err(bad_argument(x.py(), plan.refusing(second)));
            }
            found => found,
        },
        found => found,
    };
    finish(x, name, found)
}

/// A number that an array can have; one that it cannot have is refused with what was wanted.
fn number<'py, T: FromPyObjectOwned<'py>>(object: Borrowed<'_, 'py, PyAny>, wanted: &str) -> PyResult<T> {
    object.extract().map_err(Into::into).map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(object.py()) {
            return PyValueError::new_err(format!("expected {wanted} but found {}", *object));
        }
        error
    })
}

/// Where the array begins, in bytes.
struct Offset(usize);

impl<'py> FromPyObject<'_, 'py> for Offset {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Offset> {
        number(object, "an offset of 0 or more, in bytes,").map(Offset)
    }
}

/// An extent, or several.
struct Shape(Vec<usize>);

impl<'py> FromPyObject<'_, 'py> for Shape {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Shape> {
        let wanted = "extents of 0 or more that memory can have";
        if object.cast::<PyInt>().is_ok() {
            return Ok(Shape(vec![number(object, wanted)?]));
        }
        numbers(object, wanted).map(Shape)
    }
}

/// A stride in bytes for each axis.
struct Strides(Vec<isize>);

impl<'py> FromPyObject<'_, 'py> for Strides {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Strides> {
        numbers(object, "strides that memory can have, in bytes,").map(Strides)
    }
}

/// A number for each axis. Read item by item: what a sequence says of its length is not believed.
fn numbers<'py, T: FromPyObjectOwned<'py>>(object: Borrowed<'_, 'py, PyAny>, wanted: &str) -> PyResult<Vec<T>> {
    let mut numbers = Vec::new();
    for item in object.try_iter()? {
        if numbers.len() == MAX_NDIM {
            return Err(PyValueError::new_err(format!("expected at most {MAX_NDIM} axes but found more")));
        }
        numbers.push(number(item?.as_borrowed(), wanted)?);
    }
    Ok(numbers)
}

fn finish<'py>(x: &Bound<'py, PyAny>, name: Name, found: Result<Found, Refusal>) -> PyResult<Bound<'py, PyArray>> {
    match found {
        Ok(found) => execute(x.py(), found, name, &Request::default()),
        Err(Refusal::Raise(error)) => Err(error),
        Err(Refusal::Next(reason) | Refusal::Lie(reason)) => {
            let plan = Plan::view("", name.text().to_string(), "Array");
            Err(bad_argument(x.py(), plan.refusing(reason)))
        }
    }
}

fn cast(
    x: &Bound<'_, PyAny>,
    dtype: DType,
    shape: Option<Vec<usize>>,
    strides: Option<Vec<isize>>,
    offset: usize,
) -> Result<Found, Refusal> {
    let held = HeldBuffer::get(x, ffi::PyBUF_SIMPLE)?;
    let view = held.view();
    let lie = |code, rule, text: String| Refusal::Lie(Reason::new(code, rule, text));
    let len = usize::try_from(view.len);
    let len =
        len.map_err(|_| lie("malformed", "C8", format!("expected a length of 0 or more but found {}", view.len)))?;
    if view.buf.is_null() && len > 0 {
        return Err(lie("null-data", "L4", format!("expected memory for {len} bytes but found NULL")));
    }
    if view.buf.addr().checked_add(len).is_none() {
        return Err(lie("span-overflow", "L4", format!("the bytes leave the address space at {:p}", view.buf)));
    }
    let itemsize = dtype.itemsize();
    let bad = |text: String| Refusal::Raise(PyValueError::new_err(text));
    let rest = len
        .checked_sub(offset)
        .ok_or_else(|| bad(format!("expected an offset within {len} bytes but found {offset}")))?;
    if dtype.is_packed() {
        return Err(bad(format!("expected a dtype of whole bytes but found {dtype}")));
    }
    let shape = match shape {
        Some(shape) => shape,
        None if itemsize > 0 && rest.is_multiple_of(itemsize) => vec![rest / itemsize],
        None => return Err(bad(format!("expected a multiple of {itemsize} bytes but found {rest}"))),
    };
    let layout = match &strides {
        None => Layout::c_order(itemsize, &shape),
        Some(strides) => Layout::new(itemsize, &shape, strides),
    };
    let layout = layout.map_err(|error| bad(error.to_string()))?;
    let (span, start) = (layout.span(), offset.cast_signed());
    let inside = span.start.checked_add(start).is_some_and(|low| low >= 0)
        && span.end.checked_add(start).is_some_and(|high| high.unsigned_abs() <= len);
    if !layout.is_empty() && !inside {
        let (low, high) = (span.start as i128 + start as i128, span.end as i128 + start as i128);
        let text = format!("expected elements within {len} bytes but found them from {low} to {high}");
        return Err(Refusal::Next(Reason::new("span-overflow", "L4", text)));
    }
    // Within the buffer, or no elements at all: wrapping has no say.
    let first = NonNull::new(view.buf.cast::<u8>().wrapping_add(offset)).unwrap_or(NonNull::dangling());
    let access = if x.is_exact_instance_of::<PyBytes>() { Access::Frozen } else { Access::Shared };
    let owner = Owner::immortal();
    // SAFETY: the span lies within the buffer, checked above, which the hold keeps still; frozen only for exact bytes.
    let array = unsafe { Array::from_raw(first, dtype, layout, Device::CPU, access, view.readonly != 0, owner) };
    let array = array.map_err(|error| bad(error.to_string()))?;
    Ok(Found { array, hold: Hold::Buffer(held), swap: Swap::None, protocol: named!("buffer"), copied: None })
}
