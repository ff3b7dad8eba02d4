//! NumPy's dtypes as ours, where the struct's type number does not say everything: times, text, records, ml_dtypes.

use aria_array_bridge::DType;
use aria_array_bridge::dtype::{Field, NotationError, Parsed, Record, Swap, parse_typestr};
use aria_array_bridge::plan::Reason;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::sync::Arc;

/// Records within records at most.
const MAX_DEPTH: usize = 64;
/// Fields at most, those of records within records counted too.
const MAX_FIELDS: usize = 16_384;

/// Why a dtype is none here.
pub(crate) enum Unknown {
    /// It is refused, with the reason.
    Refused(Box<Reason>),
    /// Python raised.
    Raised(PyErr),
}

impl From<PyErr> for Unknown {
    fn from(error: PyErr) -> Unknown {
        Unknown::Raised(error)
    }
}

fn refuse<T>(code: &'static str, rule: &'static str, text: impl Into<String>) -> Result<T, Unknown> {
    Err(Unknown::Refused(Box::new(Reason::new(code, rule, text.into()))))
}

/// Our dtype of a `numpy.dtype`, with the swap of its byte order.
pub(crate) fn of(dtype: &Bound<'_, PyAny>) -> Result<Parsed, Unknown> {
    parse(dtype, 0, &mut 0)
}

fn parse(dtype: &Bound<'_, PyAny>, depth: usize, count: &mut usize) -> Result<Parsed, Unknown> {
    if depth > MAX_DEPTH {
        return refuse("limit", "C8", format!("expected at most {MAX_DEPTH} records within records"));
    }
    if !dtype.getattr("names")?.is_none() {
        return record(dtype, depth, count);
    }
    let kind: char = dtype.getattr("kind")?.extract()?;
    if kind == 'O' {
        let reason = Reason::new("object-dtype", "L1", "the elements are Python objects");
        return Err(Unknown::Refused(Box::new(reason.hint("x.astype(…) makes numbers of them, if they are numbers"))));
    }
    if kind == 'T' {
        let reason = Reason::new("dtype", "L1", "StringDType keeps its text elsewhere");
        return Err(Unknown::Refused(Box::new(reason.hint("astype('U') makes text of a fixed width, with a copy"))));
    }
    let class = dtype.getattr("type")?;
    let module: String = class.getattr("__module__")?.extract()?;
    if module != "numpy" {
        return registered(dtype, &class, &module);
    }
    let text: String = dtype.getattr("str")?.extract()?;
    match parse_typestr(&text) {
        Ok(parsed) if parsed.dtype.itemsize() == 0 => Ok(Parsed { swap: Swap::None, ..parsed }), // No bytes, no order.
        Ok(parsed) => Ok(parsed),
        Err(NotationError::Refused { what, .. }) => refuse("dtype", "L1", format!("the elements are {what} ({text})")),
        Err(_) => refuse("dtype", "L1", format!("NumPy's {} is no element type here", dtype.getattr("name")?)),
    }
}

/// A type that somebody registered with NumPy, known by its name: ml_dtypes.
fn registered(dtype: &Bound<'_, PyAny>, class: &Bound<'_, PyAny>, module: &str) -> Result<Parsed, Unknown> {
    let itemsize: usize = dtype.getattr("itemsize")?.extract()?;
    let name: String = class.getattr("__name__")?.extract()?;
    match DType::from_name(&name) {
        Some(known) if known.is_packed() => {
            let text = format!("{module} keeps one {name} in each byte, and packed elements have several");
            refuse("subbyte", "L3", text)
        }
        Some(DType::Scalar(known)) if known.total_bits() == itemsize * 8 => {
            let foreign = if cfg!(target_endian = "little") { '>' } else { '<' };
            let swapped = dtype.getattr("byteorder")?.extract::<char>()? == foreign && itemsize > 1;
            let swap = if swapped { Swap::Units(known.swap_unit()) } else { Swap::None };
            Ok(Parsed { dtype: DType::Scalar(known), swap })
        }
        _ => refuse("dtype", "L1", format!("{module}.{name} is no element type here")),
    }
}

fn record(dtype: &Bound<'_, PyAny>, depth: usize, count: &mut usize) -> Result<Parsed, Unknown> {
    let itemsize: usize = dtype.getattr("itemsize")?.extract()?;
    let names = dtype.getattr("names")?.cast_into::<PyTuple>().map_err(PyErr::from)?;
    let members = dtype.getattr("fields")?;
    let (mut fields, mut swaps) = (Vec::new(), Vec::new());
    for name in names {
        *count += 1; // One dtype may be in many fields, each of which is described anew.
        if *count > MAX_FIELDS {
            return refuse("limit", "C8", format!("expected at most {MAX_FIELDS} fields"));
        }
        // (dtype, offset) or (dtype, offset, title)
        let member = members.get_item(&name)?;
        let (mut inner, offset) = (member.get_item(0)?, member.get_item(1)?.extract::<usize>()?);
        let mut shape: Vec<usize> = Vec::new();
        while !inner.getattr("subdtype")?.is_none() {
            let part = inner.getattr("subdtype")?;
            shape.extend(part.get_item(1)?.extract::<Vec<usize>>()?);
            inner = part.get_item(0)?;
        }
        let Ok(name) = name.extract::<String>() else {
            return refuse("dtype", "L1", "expected field names in Unicode but found a lone surrogate");
        };
        let parsed = parse(&inner, depth + 1, count).map_err(|unknown| within(unknown, &name))?;
        fields.push(Field { name: name.into(), dtype: parsed.dtype, offset, shape: shape.into() });
        swaps.push(parsed.swap);
    }
    if !swaps.iter().all(Swap::is_none) && overlap(&fields) {
        return refuse("byte-order", "L1", "fields in the other byte order overlap: swapping one would change another");
    }
    let swap = if swaps.iter().all(Swap::is_none) { Swap::None } else { Swap::Fields(swaps.into()) };
    match Record::new(fields, itemsize) {
        Ok(record) => Ok(Parsed { dtype: DType::Record(Arc::new(record)), swap }),
        Err(error) => refuse("dtype", "L1", error.to_string()),
    }
}

/// True if two of the fields share a byte.
fn overlap(fields: &[Field]) -> bool {
    let mut spans: Vec<_> = fields.iter().map(|field| (field.offset, field.nbytes().unwrap_or(usize::MAX))).collect();
    spans.sort_unstable();
    spans.windows(2).any(|pair| pair[0].0.saturating_add(pair[0].1) > pair[1].0 && pair[1].1 > 0)
}

/// The refusal of a field says which.
fn within(unknown: Unknown, name: &str) -> Unknown {
    match unknown {
        Unknown::Refused(reason) => {
            let inner = reason.location.strip_prefix("field ").map(|inner| format!(".{inner}")).unwrap_or_default();
            Unknown::Refused(Box::new(reason.at(format!("field {name}{inner}"))))
        }
        raised @ Unknown::Raised(_) => raised,
    }
}

/// A `numpy.dtype` of ours, or `None` where NumPy has none.
///
/// # Errors
///
/// What NumPy raises; `ImportError` of ml_dtypes for its types.
pub(crate) fn to_numpy<'py>(py: Python<'py>, dtype: &DType) -> PyResult<Option<Bound<'py, PyAny>>> {
    let make = py.import("numpy")?.getattr("dtype")?;
    if let DType::Record(record) = dtype {
        return record_to_numpy(py, &make, record);
    }
    if let Some(text) = aria_array_bridge::dtype::typestr(dtype) {
        return make.call1((text,)).map(Some);
    }
    let DType::Scalar(scalar) = dtype else { return Ok(None) };
    if scalar.lanes() != 1 || dtype.is_packed() {
        return Ok(None);
    }
    let Some(class) = py.import("ml_dtypes")?.getattr_opt(&*dtype.name())? else { return Ok(None) };
    make.call1((class,)).map(Some)
}

fn record_to_numpy<'py>(
    py: Python<'py>,
    make: &Bound<'py, PyAny>,
    record: &Record,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (mut names, mut formats, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
    for field in record.fields() {
        let Some(format) = to_numpy(py, &field.dtype)? else { return Ok(None) };
        names.push(&*field.name);
        offsets.push(field.offset);
        formats.push(if field.shape.is_empty() {
            format
        } else {
            (format, PyTuple::new(py, &field.shape)?).into_pyobject(py)?.into_any()
        });
    }
    let description = PyDict::new(py);
    description.set_item("names", names)?;
    description.set_item("formats", formats)?;
    description.set_item("offsets", offsets)?;
    description.set_item("itemsize", record.itemsize())?;
    make.call1((description,)).map(Some)
}
