//! Columns of pandas [W1]: what NumPy backs is read by `__array__`, where NaN is a value; an extension dtype by Arrow.

use super::super::doors::Kind;
use super::super::{Refusal, numpy};
use crate::request::{Found, Request};
use aria_array_bridge::plan::Reason;
use pyo3::exceptions::PyImportError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

/// Why the object's values are no NumPy array, where its dtype is one of pandas' own, or extends pandas likewise.
///
/// As an array of NumPy's they would be Python objects, or lose their time zone or their nulls.
pub(in crate::import) fn extension_dtype(object: &Bound<'_, PyAny>) -> PyResult<Option<Reason>> {
    let Some(dtype) = object.getattr_opt(intern!(object.py(), "dtype"))? else { return Ok(None) };
    if numpy::is_dtype(&dtype)? || !is_of_pandas(&dtype.get_type())? {
        return Ok(None);
    }
    let text = format!("{} is an extension dtype of pandas, whose values are no NumPy array", dtype.str()?);
    let hint = "x.to_numpy(dtype=…, na_value=…) makes one, with a copy";
    Ok(Some(Reason::new("extension-dtype", "C4", text).hint(hint)))
}

/// True for a class of pandas and for one that derives from it; but not for the one that stands for NumPy's own dtypes.
pub(in crate::import) fn is_of_pandas(class: &Bound<'_, PyType>) -> PyResult<bool> {
    if crate::class::name(class).ends_with(".NumpyEADtype") {
        return Ok(false);
    }
    for base in crate::class::bases(class)? {
        // A heap type has it among its members, and a static one is none of pandas'.
        let Ok(module) = crate::class::members(&base)?.get_item("__module__") else { continue };
        if module.cast::<PyString>().is_ok_and(|name| name.to_string_lossy().split('.').next() == Some("pandas")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The column by Arrow. An index and an extension array become a Series first, which shares their values.
pub(in crate::import) fn find(object: &Bound<'_, PyAny>, kind: &Kind, request: &Request) -> Result<Found, Refusal> {
    let py = object.py();
    let name = intern!(py, "__arrow_c_stream__");
    let series = if object.get_type().hasattr(name)? { object.clone() } else { series(object)? };
    super::find_stream(&series, kind, request).map_err(|refusal| match refusal {
        Refusal::Raise(error) if error.is_instance_of::<PyImportError>(py) => {
            let text = format!("pandas gives it by Arrow, which needs pyarrow: {}", error.value(py));
            Refusal::Next(Reason::new("door", "C2", text).hint("install pyarrow"))
        }
        refusal => refusal,
    })
}

fn series<'py>(values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = values.py();
    let options = PyDict::new(py);
    options.set_item("copy", false)?;
    py.import("pandas")?.getattr("Series")?.call((values,), Some(&options))
}
