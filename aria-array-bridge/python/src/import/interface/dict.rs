//! `__array_interface__` and `__cuda_array_interface__`: dicts of plain Python objects.

use super::super::{Refusal, buffer, named, notation};
use super::{checked, member, wrong};
use crate::array::Hold;
use crate::request::{Found, Request};
use aria_array_bridge::dtype::{Descr, DescrEntry, Parsed, parse_descr, parse_typestr};
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{Access, Array, DType, Device, Layout, Owner};
use core::ptr::NonNull;
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use smallvec::SmallVec;

/// Records within records at most.
const MAX_DEPTH: usize = 64;
/// Fields at most, those of records within records counted too.
const MAX_ENTRIES: usize = 16_384;

/// The array that `__array_interface__` describes.
pub(crate) fn find(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let dict = dict(object, "__array_interface__")?;
    let parsed = dtype(&dict)?;
    let (shape, strides) = (shape(&dict)?, strides(&dict)?);
    let layout = layout(&parsed.dtype, &shape, strides.as_deref())?;
    if present(&dict, "mask")?.is_some() {
        let text = "the interface has a mask, which says what is missing";
        return Err(Refusal::Next(Reason::new("nulls", "C4", text).hint("numpy.ma.MaskedArray keeps it")));
    }
    let offset = present(&dict, "offset")?.map_or(Ok(0isize), |offset| number(&offset, "offset"))?;
    let (first, readonly, hold) = match present(&dict, "data")? {
        Some(data) if data.is_instance_of::<PyTuple>() => {
            if offset != 0 {
                return Err(wrong(format!("expected an offset only into a buffer but found {offset} from an address")));
            }
            let (address, readonly) = pointer(&data)?;
            (address, readonly, Hold::Object(object.clone().unbind(), Some(dict.clone().into_any().unbind())))
        }
        data => {
            // The object itself is the buffer where the dict has no data.
            let source = data.unwrap_or_else(|| object.clone());
            let held = buffer::lent(&source, ffi::PyBUF_SIMPLE)?;
            let view = held.view();
            inside(&layout, offset, view.len)?;
            let address =
                view.buf.addr().checked_add_signed(offset).ok_or_else(|| wrong("the offset leaves memory"))?;
            (address, view.readonly != 0, Hold::Buffer(held))
        }
    };
    let array = array(first, parsed.dtype, layout, Device::CPU, readonly)?;
    Ok(Found { array, hold, swap: parsed.swap, protocol: named!("__array_interface__"), copied: None })
}

/// The array that `__cuda_array_interface__` describes. Its memory is carried, never read.
pub(crate) fn find_cuda(object: &Bound<'_, PyAny>, _request: &Request) -> Result<Found, Refusal> {
    let dict = dict(object, "__cuda_array_interface__")?;
    let parsed = dtype(&dict)?;
    let (shape, strides) = (shape(&dict)?, strides(&dict)?);
    let layout = layout(&parsed.dtype, &shape, strides.as_deref())?;
    if present(&dict, "mask")?.is_some() {
        return Err(Refusal::Next(Reason::new("nulls", "C4", "the interface has a mask, which says what is missing")));
    }
    if let Some(stream) = present(&dict, "stream")?
        && number(&stream, "stream")? == 0
    {
        let text = "expected a stream of None, 1, 2 or a handle but found 0, which is ambiguous";
        return Err(Refusal::Next(Reason::new("stream", "L7", text)));
    }
    let data = needed(&dict, "data")?;
    let (address, readonly) = pointer(&data)?;
    let array = array(address, parsed.dtype, layout, Device { kind: 2, id: 0 }, readonly)?;
    let hold = Hold::Object(object.clone().unbind(), Some(dict.into_any().unbind()));
    Ok(Found { array, hold, swap: parsed.swap, protocol: named!("__cuda_array_interface__"), copied: None })
}

fn dict<'py>(object: &Bound<'py, PyAny>, name: &str) -> Result<Bound<'py, PyDict>, Refusal> {
    let value = member(object, name)?;
    value.cast_into::<PyDict>().map_err(|_| wrong(format!("expected a dict from {name}")))
}

/// An entry that is there and not None.
fn present<'py>(dict: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(dict.get_item(name)?.filter(|value| !value.is_none()))
}

/// An entry that must be there.
fn needed<'py>(dict: &Bound<'py, PyDict>, name: &str) -> Result<Bound<'py, PyAny>, Refusal> {
    let text = || format!("expected {name:?} in the interface but found none");
    present(dict, name)?.ok_or_else(|| Refusal::Next(Reason::new("malformed", "C8", text())))
}

fn number(value: &Bound<'_, PyAny>, what: &str) -> Result<isize, Refusal> {
    extracted(value, format_args!("an integer as {what}"))
}

/// A value that is converted by Python's own rules; what its `__index__` raises is for the caller, "it is none" apart.
fn extracted<'py, T: FromPyObjectOwned<'py, Error = PyErr>>(
    value: &Bound<'py, PyAny>,
    what: core::fmt::Arguments<'_>,
) -> Result<T, Refusal> {
    value.extract().map_err(|error: PyErr| {
        let py = value.py();
        if error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyOverflowError>(py) {
            wrong(format!("expected {what} but found {}", text_of(value)))
        } else {
            Refusal::Raise(error)
        }
    })
}

/// What an object says of itself, shortened; some words where it raises.
fn text_of(value: &Bound<'_, PyAny>) -> String {
    let text = value.repr().map_or_else(|_| "an object".to_owned(), |text| text.to_string_lossy().into_owned());
    text.chars().take(60).collect()
}

fn numbers(value: &Bound<'_, PyAny>, what: &str) -> Result<SmallVec<[isize; 4]>, Refusal> {
    let list = value
        .cast::<PyTuple>()
        .map_err(|_| wrong(format!("expected a tuple as {what} but found {}", text_of(value))))?;
    if list.len() > aria_array_bridge::layout::MAX_NDIM {
        return Err(wrong(format!("expected at most 64 axes but found {}", list.len())));
    }
    list.iter().map(|item| number(&item, what)).collect()
}

fn shape(dict: &Bound<'_, PyDict>) -> Result<SmallVec<[usize; 4]>, Refusal> {
    let value = needed(dict, "shape")?;
    let extents = numbers(&value, "shape")?;
    match extents.iter().position(|n| *n < 0) {
        Some(axis) => Err(wrong(format!("expected extents of 0 or more but found {} (axis {axis})", extents[axis]))),
        None => Ok(extents.iter().map(|n| n.unsigned_abs()).collect()),
    }
}

fn strides(dict: &Bound<'_, PyDict>) -> Result<Option<SmallVec<[isize; 4]>>, Refusal> {
    present(dict, "strides")?.map(|value| numbers(&value, "strides")).transpose()
}

fn layout(dtype: &DType, shape: &[usize], strides: Option<&[isize]>) -> Result<Layout, Refusal> {
    let layout = match strides {
        None => Layout::c_order(dtype.itemsize(), shape),
        Some(strides) => Layout::new(dtype.itemsize(), shape, strides),
    };
    layout.map_err(|error| wrong(error.to_string()))
}

fn dtype(dict: &Bound<'_, PyDict>) -> Result<Parsed, Refusal> {
    let typestr = needed(dict, "typestr")?;
    let text = typestr.cast::<PyString>().map_err(|_| wrong("expected text as typestr"))?;
    let text = text.to_cow().map_err(|_| wrong("expected text in UTF-8 as typestr"))?;
    let parsed = parse_typestr(&text).map_err(|error| Refusal::Next(notation(&error)))?;
    match (&parsed.dtype, present(dict, "descr")?) {
        (DType::Void(itemsize), Some(descr)) => {
            // [("", "|V16")] says no more than the typestr.
            let trivial = descr.cast::<PyList>().is_ok_and(|list| list.len() == 1)
                && descr.get_item(0).and_then(|entry| entry.get_item(0)).is_ok_and(|name| name.eq("").unwrap_or(false));
            if trivial { Ok(parsed) } else { parse_descr_list(&descr, *itemsize) }
        }
        _ => Ok(parsed),
    }
}

/// A record of a `descr` list, which must have the itemsize that the typestr says.
pub(super) fn parse_descr_list(descr: &Bound<'_, PyAny>, itemsize: usize) -> Result<Parsed, Refusal> {
    let entries = entries(descr, 0, &mut 0)?;
    let parsed = parse_descr(&entries).map_err(|error| Refusal::Next(notation(&error)))?;
    let found = parsed.dtype.itemsize();
    if found != itemsize {
        let text = format!("expected fields of {itemsize} bytes but found {found}");
        return Err(Refusal::Stop(Reason::new("itemsize", "L1", text)));
    }
    Ok(parsed)
}

/// The entries of a list and of the lists within; `count` is of all of them, since lists may hold one another many times.
fn entries(descr: &Bound<'_, PyAny>, depth: usize, count: &mut usize) -> Result<Vec<DescrEntry>, Refusal> {
    let limit = |text: String| Err(Refusal::Stop(Reason::new("limit", "C8", text)));
    if depth > MAX_DEPTH {
        return limit(format!("expected at most {MAX_DEPTH} records within records"));
    }
    let list = descr.cast::<PyList>().map_err(|_| wrong("expected a list as descr"))?;
    let mut entries = Vec::new();
    for item in list {
        *count += 1;
        if *count > MAX_ENTRIES {
            return limit(format!("expected at most {MAX_ENTRIES} fields"));
        }
        let item = item.cast_into::<PyTuple>().map_err(|_| wrong("expected tuples in descr"))?;
        if !(2..=3).contains(&item.len()) {
            return Err(wrong(format!(
                "expected (name, type) or (name, type, shape) in descr but found {} items",
                item.len()
            )));
        }
        let (name, kind) = (item.get_item(0)?, item.get_item(1)?);
        // (title, name) has the name last.
        let name = match name.cast::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => pair.get_item(1)?,
            _ => name,
        };
        let name: String = name.extract().map_err(|_| wrong("expected text as the name of a field"))?;
        let content = match kind.extract::<String>() {
            Ok(text) => Descr::Typestr(text),
            Err(_) => Descr::Record(self::entries(&kind, depth + 1, count)?),
        };
        let shape = match item.len() {
            3 => extents(&item.get_item(2)?)?,
            _ => Vec::new(),
        };
        entries.push(DescrEntry { name, content, shape });
    }
    Ok(entries)
}

/// `(2, 3)` or `2`
fn extents(value: &Bound<'_, PyAny>) -> Result<Vec<usize>, Refusal> {
    match value.cast::<PyTuple>() {
        Ok(list) => list.iter().map(|item| extracted(&item, format_args!("an extent of 0 or more"))).collect(),
        Err(_) => Ok(vec![extracted(value, format_args!("an extent of 0 or more"))?]),
    }
}

/// `(address, read-only)`
fn pointer(data: &Bound<'_, PyAny>) -> Result<(usize, bool), Refusal> {
    let pair = data.cast::<PyTuple>().map_err(|_| wrong("expected (address, read-only) as data"))?;
    if pair.len() != 2 {
        return Err(wrong(format!("expected (address, read-only) as data but found {} items", pair.len())));
    }
    let number = extracted(&pair.get_item(0)?, format_args!("an address"))?;
    Ok((number, pair.get_item(1)?.is_truthy()?))
}

/// The span, moved by the offset, lies within `len` bytes.
fn inside(layout: &Layout, offset: isize, len: isize) -> Result<(), Refusal> {
    let span = layout.span();
    let (low, high) = (span.start.checked_add(offset), span.end.checked_add(offset));
    if layout.is_empty() || (low.is_some_and(|low| low >= 0) && high.is_some_and(|high| high <= len)) {
        return Ok(());
    }
    let text = format!(
        "expected elements within {len} bytes but found them from {} to {}",
        span.start as i128 + offset as i128,
        span.end as i128 + offset as i128
    );
    Err(Refusal::Stop(Reason::new("span-overflow", "L4", text)))
}

fn array(address: usize, dtype: DType, layout: Layout, device: Device, readonly: bool) -> Result<Array, Refusal> {
    checked(address, &layout)?;
    let first = NonNull::new(core::ptr::with_exposed_provenance_mut::<u8>(address)).unwrap_or(NonNull::dangling());
    // SAFETY: the interface's promise: the span lies in memory that lives with the object, which the hold keeps.
    let array = unsafe { Array::from_raw(first, dtype, layout, device, Access::Shared, readonly, Owner::immortal()) };
    array.map_err(|error| wrong(error.to_string()))
}
