//! The dtype that an object means, whatever library it is of.
//!
//! No library is imported to find out: an object's type says by its module and its name whose it is.

use super::PyDType;
use crate::import::numpy::dtype as numpy;
use aria_array_bridge::DType;
use aria_array_bridge::dtype::{TimeUnit, parse_typestr};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt, PyString, PyType};

/// The dtype that an object means: a name, one of ours, of NumPy, ml_dtypes, PyTorch, JAX, pyarrow or Polars, or a
/// Python type.
///
/// # Errors
///
/// `TypeError` for anything else, and for byte-swapped dtypes; what a foreign attribute raises.
pub(crate) fn dtype_of(object: &Bound<'_, PyAny>) -> PyResult<DType> {
    let found = match object.cast::<PyDType>() {
        Ok(dtype) => Some(dtype.get().dtype().clone()),
        Err(_) => foreign(object)?,
    };
    match found {
        Some(dtype) => Ok(dtype),
        None => {
            let shown = object.repr().map_or_else(|_| object.get_type().to_string(), |text| text.to_string());
            let hint = hint(object).map_or(String::new(), |hint| format!(": {hint}"));
            Err(PyTypeError::new_err(format!("expected a dtype but found {shown}{hint}")))
        }
    }
}

fn foreign(object: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    if let Ok(name) = object.cast::<PyString>() {
        return Ok(of_name(&name.to_string_lossy()));
    }
    if let Ok(class) = object.cast::<PyType>() {
        return of_class(class);
    }
    let class = object.get_type();
    for base in crate::class::bases(&class)? {
        let (module, name) = (base.module()?, base.name()?);
        match (&*module.to_string_lossy(), &*name.to_string_lossy()) {
            ("numpy", "dtype") => return of_numpy(object),
            ("torch", "dtype") => return Ok(of_torch(&object.str()?.to_string_lossy())),
            ("pyarrow.lib", "DataType") => return Ok(of_arrow(&object.str()?.to_string_lossy())),
            (module, name) if module.starts_with("polars.datatypes") => {
                let unit = match name {
                    "Datetime" | "Duration" => object.getattr_opt("time_unit")?,
                    _ => None,
                };
                let unit = unit.map(|unit| unit.extract::<String>()).transpose()?;
                return Ok(of_polars(name, unit.as_deref()));
            }
            _ => {}
        }
    }
    if class.getattr_opt("__numpy_dtype__")?.is_some() {
        return of_numpy(&object.getattr("__numpy_dtype__")?);
    }
    Ok(None)
}

/// Our names, and NumPy's type strings in native order, which may be left out: `<f8`, `f8`, `M8[ns]`.
fn of_name(name: &str) -> Option<DType> {
    const NATIVE: char = if cfg!(target_endian = "little") { '<' } else { '>' };
    let parse = |text: &str| parse_typestr(text).ok().filter(|parsed| parsed.swap.is_none()).map(|parsed| parsed.dtype);
    let sized = name.len() > 1 && name.starts_with(|kind: char| kind.is_ascii_alphabetic());
    let without_order = || parse(&format!("{NATIVE}{name}")).or_else(|| parse(&format!("|{name}")));
    DType::from_name(name).or_else(|| parse(name)).or_else(|| without_order().filter(|_| sized))
}

/// What to write instead of text that means no dtype here.
fn hint(object: &Bound<'_, PyAny>) -> Option<&'static str> {
    let text = object.cast::<PyString>().ok()?.to_string_lossy().into_owned();
    if parse_typestr(&text).is_ok_and(|parsed| !parsed.swap.is_none()) {
        return Some("elements are in the machine's byte order here; asarray swaps others into a copy");
    }
    (text.chars().count() == 1).then_some("a letter is another type on another machine; write a name, as 'float64'")
}

fn of_class(class: &Bound<'_, PyType>) -> PyResult<Option<DType>> {
    let py = class.py();
    let own = [
        (py.get_type::<PyBool>(), DType::BOOL),
        (py.get_type::<PyInt>(), DType::I64),
        (py.get_type::<PyFloat>(), DType::F64),
        (py.get_type::<PyComplex>(), DType::C128),
    ];
    if let Some((_, dtype)) = own.into_iter().find(|(own, _)| class.is(own)) {
        return Ok(Some(dtype));
    }
    let (module, name) = (class.module()?, class.name()?);
    let name = name.to_string_lossy();
    Ok(match &*module.to_string_lossy() {
        "numpy" => match &*name {
            "bool_" => Some(DType::BOOL),
            "longlong" => Some(DType::I64),
            "ulonglong" => Some(DType::U64),
            name => DType::from_name(name).filter(|dtype| matches!(dtype, DType::Scalar(_))),
        },
        "ml_dtypes" => DType::from_name(&name),
        module if module.starts_with("polars.datatypes") => of_polars(&name, None),
        // JAX's scalar types are classes of a class of its own, with the dtype of NumPy's.
        module if module.starts_with("jax") => match class.getattr_opt("dtype")? {
            Some(dtype) => of_numpy(&dtype)?,
            None => None,
        },
        _ => None,
    })
}

/// A `numpy.dtype` in native byte order.
fn of_numpy(dtype: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    match numpy::of(dtype) {
        Ok(parsed) => Ok(Some(parsed.dtype).filter(|_| parsed.swap.is_none())),
        Err(numpy::Unknown::Refused(_)) => Ok(None),
        Err(numpy::Unknown::Raised(error)) => Err(error),
    }
}

/// `torch.float64`; PyTorch's pairs of 4-bit floats have their own spelling.
fn of_torch(text: &str) -> Option<DType> {
    match text.strip_prefix("torch.")? {
        "float4_e2m1fn_x2" => DType::from_name("float4_e2m1fnx2"),
        name => DType::from_name(name).filter(|dtype| matches!(dtype, DType::Scalar(_))),
    }
}

/// A pyarrow type by its text.
fn of_arrow(text: &str) -> Option<DType> {
    let unit = |stem: &str| TimeUnit::parse(text.strip_prefix(stem)?);
    match text {
        "halffloat" => Some(DType::F16),
        "float" => Some(DType::F32),
        "double" => Some(DType::F64),
        _ if text.starts_with("timestamp[") => unit("timestamp").map(DType::DateTime),
        _ if text.starts_with("duration[") => unit("duration").map(DType::TimeDelta),
        _ if text.starts_with("fixed_size_binary[") => {
            text["fixed_size_binary[".len()..].strip_suffix(']')?.parse().ok().map(DType::Bytes)
        }
        // Text without an end, decimals and dates are no arrays here.
        _ => DType::from_name(text).filter(|dtype| matches!(dtype, DType::Scalar(_))),
    }
}

/// A Polars type by the name of its class, and its unit.
fn of_polars(name: &str, unit: Option<&str>) -> Option<DType> {
    let unit = || TimeUnit::parse(&format!("[{}]", unit?));
    match name {
        "Boolean" => Some(DType::BOOL),
        "Datetime" => unit().map(DType::DateTime),
        "Duration" => unit().map(DType::TimeDelta),
        _ => {
            let number = ["Int", "UInt", "Float"].iter().any(|stem| name.starts_with(stem));
            number.then(|| DType::from_name(&name.to_lowercase())).flatten()
        }
    }
}
