//! The door of `__array__`: a NumPy array that the object gives, taken by its struct. A view of what was given; whether
//! giving it copied, only the object knows.

use super::arrow::pandas::extension_dtype;
use super::doors::Kind;
use super::numpy;
use super::{Refusal, named};
use crate::class;
use crate::request::{Found, Request};
use aria_array_bridge::plan::{CopyPolicy, Reason};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// The NumPy array that the object gives.
pub(super) fn find(object: &Bound<'_, PyAny>, kind: &Kind, request: &Request) -> Result<Found, Refusal> {
    // Of pandas' own classes this was asked before any door.
    if !kind.is_pandas
        && let Some(reason) = extension_dtype(object)?
    {
        return Err(Refusal::Next(reason));
    }
    let given = ask(object, kind, request)?;
    if !numpy::is_exact_ndarray(&given)? {
        let kind = class::of(&given);
        let text = format!("expected a numpy.ndarray from __array__ but found {kind}");
        return Err(Refusal::Lie(Reason::new("not-an-array", "C2", text)));
    }
    let found = numpy::find(&given)?;
    Ok(Found { protocol: named!("__array__"), ..found })
}

/// An object that cannot give what it is asked for says so by these two; the rest is for the caller.
fn refusal(py: Python<'_>, error: PyErr) -> Refusal {
    if error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py) {
        return Refusal::Next(Reason::new("door", "C2", format!("__array__ refuses: {}", error.value(py))));
    }
    Refusal::Raise(error)
}

/// Calls `__array__`, with `copy=False` where a copy is forbidden and the object knows the argument.
fn ask<'py>(object: &Bound<'py, PyAny>, kind: &Kind, request: &Request) -> Result<Bound<'py, PyAny>, Refusal> {
    let py = object.py();
    let (method, takes_object) = kind.method(object, intern!(py, "__array__"))?;
    let subject = if takes_object { PyTuple::new(py, [object])? } else { PyTuple::empty(py) };
    if request.copy == CopyPolicy::Never {
        let never = PyDict::new(py);
        never.set_item("copy", false)?;
        match method.call(&subject, Some(&never)) {
            Err(error) if error.is_instance_of::<PyTypeError>(py) => {} // Written before NumPy 2.
            answer => return answer.map_err(|error| refusal(py, error)),
        }
    }
    method.call1(&subject).map_err(|error| refusal(py, error))
}
