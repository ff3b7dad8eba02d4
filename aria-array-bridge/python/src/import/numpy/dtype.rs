//! A `numpy.dtype` as ours, and how its bytes must be reversed: what the table of built-in numbers does not say.
//!
//! Times, text, raw memory and records by NumPy's own notation; ml_dtypes' types by their names. Everything else is
//! refused by name: Python objects, text of any length, long doubles, one sub-byte value to a byte, other libraries' types.

use super::super::Refusal;
use aria_array_bridge::DType;
use aria_array_bridge::dtype::{Field, Parsed, Record, Swap, parse_typestr};
use aria_array_bridge::plan::Reason;
use core::ffi::c_int;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use std::sync::Arc;

/// Records within records at most.
const MAX_DEPTH: usize = 64;
/// Numbers from here on belong to types that other libraries registered.
const FIRST_USER_TYPE: c_int = 256;

/// The dtype and its byte order.
pub(in crate::import) fn read(dtype: &Bound<'_, PyAny>) -> Result<Parsed, Refusal> {
    let mut parsed = read_nested(dtype, 0)?;
    if parsed.dtype.itemsize() == 0 {
        parsed.swap = Swap::None; // No bytes, no order.
    }
    Ok(parsed)
}

fn refuse<T>(code: &'static str, text: String, hint: &'static str) -> Result<T, Refusal> {
    Err(Refusal::Next(Reason::new(code, "L1", text).hint(hint)))
}

fn read_nested(dtype: &Bound<'_, PyAny>, depth: usize) -> Result<Parsed, Refusal> {
    if depth > MAX_DEPTH {
        return refuse("dtype", format!("expected at most {MAX_DEPTH} records within records"), "");
    }
    let names = dtype.getattr("names")?;
    if !names.is_none() {
        return record(dtype, &names.cast_into::<PyTuple>().map_err(PyErr::from)?, depth);
    }
    let kind: char = dtype.getattr("kind")?.extract()?;
    let number: c_int = dtype.getattr("num")?.extract()?;
    match kind {
        'O' => {
            let hint = "astype to a number, time or text dtype makes a copy that can be shared";
            refuse("object-dtype", "the elements are Python objects".into(), hint)
        }
        'T' => refuse("dtype", "StringDType keeps its text elsewhere".into(), "astype('U') makes text of fixed width"),
        _ if number >= FIRST_USER_TYPE => registered(dtype),
        _ => builtin(dtype),
    }
}

/// What NumPy knows itself, by its type string.
fn builtin(dtype: &Bound<'_, PyAny>) -> Result<Parsed, Refusal> {
    let text: String = dtype.getattr("str")?.extract()?;
    parse_typestr(&text).or_else(|error| {
        let hint = if text.contains("f16") || text.contains("c32") { "astype('f8') or astype('c16')" } else { "" };
        refuse("dtype", error.to_string(), hint)
    })
}

/// What ml_dtypes registered, by its name.
fn registered(dtype: &Bound<'_, PyAny>) -> Result<Parsed, Refusal> {
    let class = dtype.getattr("type")?;
    let module = class.getattr("__module__")?.str()?;
    let name = dtype.getattr("name")?.str()?.to_string_lossy().into_owned();
    let ours = match &*module.to_string_lossy() {
        "ml_dtypes" => DType::from_name(&name),
        _ => None,
    };
    let (DType::Scalar(scalar), itemsize) = (match ours {
        Some(ours) => (ours, dtype.getattr("itemsize")?.extract::<usize>()?),
        None => return refuse("dtype", format!("{module}'s {name} is no element type here"), ""),
    }) else {
        return refuse("dtype", format!("{module}'s {name} is no element type here"), "");
    };
    let ours = DType::Scalar(scalar);
    if ours.is_packed() {
        let text = format!("expected packed elements but found {name}, one to a byte");
        return refuse("subbyte", text, "astype('int8') or a float8 type makes a copy that can be shared");
    }
    if ours.itemsize() != itemsize {
        return refuse("itemsize", format!("expected {} bytes for {name} but found {itemsize}", ours.itemsize()), "");
    }
    let order: char = dtype.getattr("byteorder")?.extract()?;
    let foreign = if cfg!(target_endian = "little") { '>' } else { '<' };
    let swap = if order == foreign && itemsize > 1 { Swap::Units(scalar.swap_unit()) } else { Swap::None };
    Ok(Parsed { dtype: ours, swap })
}

fn record(dtype: &Bound<'_, PyAny>, names: &Bound<'_, PyTuple>, depth: usize) -> Result<Parsed, Refusal> {
    let members = dtype.getattr("fields")?;
    let (mut fields, mut swaps) = (Vec::with_capacity(names.len()), Vec::with_capacity(names.len()));
    for name in names {
        let member = members.get_item(&name)?.cast_into::<PyTuple>().map_err(PyErr::from)?;
        let name = name.cast_into::<PyString>().map_err(PyErr::from)?;
        let Ok(name) = name.to_cow() else {
            return refuse("dtype", "expected field names in Unicode but found a lone surrogate".into(), "");
        };
        let (mut element, offset) = (member.get_item(0)?, member.get_item(1)?.extract()?);
        let mut shape: Vec<usize> = Vec::new();
        let sub = element.getattr("subdtype")?;
        if !sub.is_none() {
            (element, shape) = sub.extract()?;
        }
        let parsed = read_nested(&element, depth + 1).map_err(|refusal| within(refusal, &name))?;
        swaps.push(parsed.swap);
        fields.push(Field { name: (*name).into(), dtype: parsed.dtype, offset, shape: shape.into() });
    }
    let record = match Record::new(fields, dtype.getattr("itemsize")?.extract()?) {
        Ok(record) => record,
        Err(error) => return refuse("dtype", error.to_string(), ""),
    };
    let swap = if swaps.iter().all(Swap::is_none) { Swap::None } else { Swap::Fields(swaps.into()) };
    Ok(Parsed { dtype: DType::Record(Arc::new(record)), swap })
}

/// The refusal of a field says which.
fn within(refusal: Refusal, name: &str) -> Refusal {
    match refusal {
        Refusal::Next(reason) => {
            let inner = reason.location.strip_prefix("field ").map(|inner| format!(".{inner}")).unwrap_or_default();
            Refusal::Next(reason.at(format!("field {name}{inner}")))
        }
        raise => raise,
    }
}
