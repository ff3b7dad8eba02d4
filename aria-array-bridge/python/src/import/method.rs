//! The door of `__array__`: a NumPy array that the object gives, taken by its struct. A view of what was given; whether
//! giving it copied, only the object knows.

use super::numpy::{self, NumpyKind};
use super::{Refusal, named};
use crate::request::{Found, Request};
use aria_array_bridge::plan::{CopyPolicy, Reason};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The NumPy array that the object gives.
pub(super) fn find(object: &Bound<'_, PyAny>, request: &Request) -> Result<Found, Refusal> {
    if let Some(reason) = extension_dtype(object)? {
        return Err(Refusal::Next(reason));
    }
    let py = object.py();
    let given = ask(object, request).map_err(|error| {
        if error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py) {
            Refusal::Next(Reason::new("door", "C2", format!("__array__ refuses: {}", error.value(py))))
        } else {
            Refusal::Raise(error)
        }
    })?;
    if !matches!(numpy::kind_of(&given.get_type())?, Some(NumpyKind::Array)) {
        let kind = given.get_type().fully_qualified_name()?;
        let text = format!("expected a numpy.ndarray from __array__ but found {kind}");
        return Err(Refusal::Stop(Reason::new("not-an-array", "C2", text)));
    }
    let found = numpy::find(&given)?;
    Ok(Found { protocol: named!("__array__"), ..found })
}

/// Calls `__array__`, with `copy=False` where a copy is forbidden and the object knows the argument.
fn ask<'py>(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    if request.copy == CopyPolicy::Never {
        let never = PyDict::new(py);
        never.set_item("copy", false)?;
        match object.call_method("__array__", (), Some(&never)) {
            Err(error) if error.is_instance_of::<PyTypeError>(py) => {} // Written before NumPy 2.
            answer => return answer,
        }
    }
    object.call_method0("__array__")
}

/// pandas' own dtypes would be given as Python objects, and their nulls lost: they wait for the Arrow door.
fn extension_dtype(object: &Bound<'_, PyAny>) -> PyResult<Option<Reason>> {
    if !object.get_type().module()?.to_string_lossy().starts_with("pandas.") {
        return Ok(None);
    }
    let Some(dtype) = object.getattr_opt("dtype")? else { return Ok(None) };
    if numpy::is_dtype(&dtype)? {
        return Ok(None);
    }
    let text = format!("{} is an extension dtype of pandas, whose values are no NumPy array", dtype.str()?);
    let hint = "x.to_numpy(dtype=…, na_value=…) makes one, with a copy";
    Ok(Some(Reason::new("extension-dtype", "C4", text).hint(hint)))
}
