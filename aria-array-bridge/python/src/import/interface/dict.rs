//! `__array_interface__`: a dict of plain Python objects. Its parts are also `__cuda_array_interface__`'s.

use super::super::{Refusal, named};
use super::wrong;
use crate::array::{HeldBuffer, Hold};
use crate::request::Found;
use aria_array_bridge::dtype::{Descr, DescrEntry, Parsed, parse_descr, parse_typestr};
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{Access, Array, DType, Device, Layout, Owner};
use core::ptr::NonNull;
use pyo3::exceptions::{PyBufferError, PyException, PyMemoryError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use smallvec::SmallVec;

/// Records within records at most.
const MAX_DEPTH: usize = 64;
/// Fields at most, those of records within records counted too.
const MAX_FIELDS: usize = 16_384;

/// The array that `__array_interface__` describes.
pub(crate) fn find(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let dict = dict(object, "__array_interface__")?;
    version(&dict, &[3])?;
    let (parsed, layout) = elements(&dict)?;
    let offset = present(&dict, "offset")?.map_or(Ok(0isize), |offset| number(&offset, "offset"))?;
    let (first, readonly, hold) = match present(&dict, "data")? {
        Some(data) if data.is_instance_of::<PyTuple>() => {
            if offset != 0 {
                return Err(wrong(format!(
                    "expected an offset with a buffer alone but found {offset} with an address"
                )));
            }
            let (address, readonly) = pointer(&data)?;
            (address, readonly, Hold::Object(object.clone().unbind(), Some(dict.clone().into_any().unbind())))
        }
        data => {
            // The object itself is the buffer where the dict has no data.
            let source = data.unwrap_or_else(|| object.clone());
            let held = lend(&source)?;
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

/// The version, where the dict says one, is one of these.
pub(super) fn version(dict: &Bound<'_, PyDict>, known: &[i64]) -> Result<(), Refusal> {
    let Some(version) = dict.get_item("version")? else { return Ok(()) };
    match version.extract::<i64>() {
        Ok(version) if known.contains(&version) => return Ok(()),
        Err(error) if !is_no_number(version.py(), &error) => return Err(Refusal::Raise(error)),
        _ => {}
    }
    let text = format!("expected an interface of version {known:?} but found {}", text_of(&version)?);
    Err(Refusal::Next(Reason::new("version", "C8", text)))
}

/// What the elements are and how they lie; no mask says that some are missing.
pub(super) fn elements(dict: &Bound<'_, PyDict>) -> Result<(Parsed, Layout), Refusal> {
    let parsed = dtype(dict)?;
    let (shape, strides) = (shape(dict)?, strides(dict)?);
    let layout = layout(&parsed.dtype, &shape, strides.as_deref())?;
    if present(dict, "mask")?.is_some() {
        let text = "the interface has a mask, which says what is missing";
        return Err(Refusal::Next(Reason::new("nulls", "C4", text).hint("numpy.ma.MaskedArray keeps it")));
    }
    Ok((parsed, layout))
}

/// Reads the dict.
pub(super) fn dict<'py>(object: &Bound<'py, PyAny>, name: &str) -> Result<Bound<'py, PyDict>, Refusal> {
    let value = super::member(object, name)?;
    value.cast_into::<PyDict>().map_err(|error| instead(&error.into_inner(), &format!("a dict from {name}")))
}

/// A member that is there and not None.
pub(super) fn present<'py>(dict: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(dict.get_item(name)?.filter(|value| !value.is_none()))
}

pub(super) fn number(value: &Bound<'_, PyAny>, what: &str) -> Result<isize, Refusal> {
    value.extract().map_err(|error| no_number(value, error, || format!("an integer as {what}")))
}

/// True for what Python raises of an object that is no integer, or none that fits; what else an `__index__` raises is the
/// caller's to see.
fn is_no_number(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyOverflowError>(py)
}

fn no_number(value: &Bound<'_, PyAny>, error: PyErr, expected: impl FnOnce() -> String) -> Refusal {
    if is_no_number(value.py(), &error) { instead(value, &expected()) } else { Refusal::Raise(error) }
}

/// Something else was expected.
fn instead(found: &Bound<'_, PyAny>, expected: &str) -> Refusal {
    match text_of(found) {
        Ok(text) => wrong(format!("expected {expected} but found {text}")),
        Err(error) => Refusal::Raise(error),
    }
}

/// What an object says of itself, shortened; some words where it raises an exception of the usual kind.
fn text_of(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = value.py();
    let text = match value.repr() {
        Ok(text) => text.to_string_lossy().into_owned(),
        Err(error) if error.is_instance_of::<PyMemoryError>(py) || !error.is_instance_of::<PyException>(py) => {
            return Err(error);
        }
        Err(_) => "an object".to_owned(),
    };
    Ok(text.chars().take(60).collect())
}

fn numbers(value: &Bound<'_, PyAny>, what: &str) -> Result<SmallVec<[isize; 4]>, Refusal> {
    let list = value.cast::<PyTuple>().map_err(|_| instead(value, &format!("a tuple as {what}")))?;
    if list.len() > aria_array_bridge::layout::MAX_NDIM {
        return Err(wrong(format!("expected at most 64 axes but found {}", list.len())));
    }
    list.iter().map(|item| number(&item, what)).collect()
}

fn shape(dict: &Bound<'_, PyDict>) -> Result<SmallVec<[usize; 4]>, Refusal> {
    let value = present(dict, "shape")?.ok_or_else(|| wrong("expected a shape in the interface"))?;
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
    let typestr = present(dict, "typestr")?.ok_or_else(|| wrong("expected a typestr in the interface"))?;
    let text = typestr.cast::<PyString>().map_err(|_| instead(&typestr, "text as typestr"))?;
    let text = text.to_cow().map_err(|_| wrong("expected text in UTF-8 as typestr"))?;
    let parsed = parse_typestr(&text).map_err(|error| {
        let code = if text.get(1..2) == Some("O") { "object-dtype" } else { "dtype" };
        Refusal::Next(Reason::new(code, "L1", error.to_string()))
    })?;
    let DType::Void(itemsize) = &parsed.dtype else { return Ok(parsed) };
    let vague = |text: String| {
        Err(Refusal::Next(
            Reason::new("dtype", "L1", text).hint("a library's own door says more than its array interface"),
        ))
    };
    if !text.starts_with('|') {
        return vague(format!("{text} is a type that only its own library can name"));
    }
    let Some(descr) = present(dict, "descr")? else {
        return vague(format!("{text} without a description says nothing of its fields"));
    };
    // [("", "|V16")] says that there are none.
    let entries = entries(&descr, 0, &mut 0)?;
    if let [DescrEntry { name, content: Descr::Typestr(raw), shape }] = &*entries
        && name.is_empty()
        && shape.is_empty()
        && *raw == *text
    {
        return Ok(parsed);
    }
    record(&entries, *itemsize)
}

/// A record of a `descr` list, which must have the itemsize that the typestr says.
pub(super) fn parse_descr_list(descr: &Bound<'_, PyAny>, itemsize: usize) -> Result<Parsed, Refusal> {
    record(&entries(descr, 0, &mut 0)?, itemsize)
}

fn record(entries: &[DescrEntry], itemsize: usize) -> Result<Parsed, Refusal> {
    let parsed = parse_descr(entries).map_err(|error| Refusal::Next(Reason::new("dtype", "L1", error.to_string())))?;
    let found = parsed.dtype.itemsize();
    if found != itemsize {
        let text = format!("expected fields of {itemsize} bytes but found {found}");
        return Err(Refusal::Lie(Reason::new("itemsize", "L1", text)));
    }
    Ok(parsed)
}

fn entries(descr: &Bound<'_, PyAny>, depth: usize, count: &mut usize) -> Result<Vec<DescrEntry>, Refusal> {
    if depth > MAX_DEPTH {
        return Err(wrong(format!("expected at most {MAX_DEPTH} records within records")));
    }
    let list = descr.cast::<PyList>().map_err(|_| instead(descr, "a list as descr"))?;
    let mut entries = Vec::new();
    for item in list {
        *count += 1; // One list may stand in many places, each of which is described anew.
        if *count > MAX_FIELDS {
            let text = format!("expected at most {MAX_FIELDS} fields");
            return Err(Refusal::Lie(Reason::new("limit", "C8", text)));
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
            Ok(_) => return Err(wrong("expected (title, name) as the name of a field")),
            Err(_) => name,
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
    let extent = |item: Bound<'_, PyAny>| {
        item.extract::<usize>().map_err(|error| no_number(value, error, || "extents of 0 or more".to_owned()))
    };
    // Several only of a tuple or a list, by its own items: another sequence, or a class derived, may say any length.
    match (value.cast::<PyTuple>(), value.cast::<PyList>()) {
        (Ok(extents), _) => extents.iter().map(extent).collect(),
        (_, Ok(extents)) => extents.iter().map(extent).collect(),
        _ => Ok(vec![extent(value.clone())?]),
    }
}

/// `(address, read-only)`
pub(super) fn pointer(data: &Bound<'_, PyAny>) -> Result<(usize, bool), Refusal> {
    let pair = data.cast::<PyTuple>().map_err(|_| wrong("expected (address, read-only) as data"))?;
    if pair.len() != 2 {
        return Err(wrong(format!("expected (address, read-only) as data but found {} items", pair.len())));
    }
    let address = pair.get_item(0)?;
    let number = address.extract().map_err(|error| no_number(&address, error, || "an address".to_owned()))?;
    Ok((number, pair.get_item(1)?.is_truthy()?))
}

fn lend(source: &Bound<'_, PyAny>) -> Result<HeldBuffer, Refusal> {
    HeldBuffer::get(source, ffi::PyBUF_SIMPLE).map_err(|error| {
        let py = source.py();
        let refused = error.is_instance_of::<PyBufferError>(py)
            || error.is_instance_of::<PyTypeError>(py)
            || error.is_instance_of::<PyValueError>(py);
        if refused {
            wrong(format!("expected data with a buffer but: {}", error.value(py)))
        } else {
            Refusal::Raise(error)
        }
    })
}

/// The span, moved by the offset, lies within `len` bytes.
fn inside(layout: &Layout, offset: isize, len: isize) -> Result<(), Refusal> {
    let span = layout.span();
    let (low, high) = (span.start.checked_add(offset), span.end.checked_add(offset));
    if layout.is_empty() || (low.is_some_and(|low| low >= 0) && high.is_some_and(|high| high <= len)) {
        return Ok(());
    }
    let (low, high) = (span.start as i128 + offset as i128, span.end as i128 + offset as i128);
    let text = format!("expected elements within {len} bytes but found them from {low} to {high}");
    Err(Refusal::Lie(Reason::new("span-overflow", "L4", text)))
}

pub(super) fn array(
    address: usize,
    dtype: DType,
    layout: Layout,
    device: Device,
    readonly: bool,
) -> Result<Array, Refusal> {
    let span = layout.span();
    // No process has memory in the upper half of the address space, so that neither end can wrap.
    let reaches = |end: isize| isize::try_from(address).ok().and_then(|first| first.checked_add(end)).is_some();
    if !layout.is_empty() && (!reaches(span.start) || !reaches(span.end)) {
        return Err(Refusal::Lie(Reason::new(
            "span-overflow",
            "L4",
            format!("the elements leave the address space at {address:#x}"),
        )));
    }
    let first = match NonNull::new(core::ptr::with_exposed_provenance_mut::<u8>(address)) {
        Some(first) => first,
        None if layout.is_empty() => NonNull::dangling(),
        None => {
            return Err(Refusal::Lie(Reason::new(
                "null-data",
                "L4",
                format!("expected memory for {} bytes but found NULL", layout.nbytes()),
            )));
        }
    };
    // SAFETY: the interface's promise: the span lies in memory that lives with the object and what it gave, which the
    // caller's hold keeps.
    let array = unsafe { Array::from_raw(first, dtype, layout, device, Access::Shared, readonly, Owner::immortal()) };
    array.map_err(|error| wrong(error.to_string()))
}
