//! The doors of the array interfaces: `__array_struct__`, `__array_interface__`, `__cuda_array_interface__`. **Zero-copy.**
//!
//! They lend an address and nothing that keeps it alive: the root holds the object and what it gave (K-I4). A dict
//! is believed as little as possible: every number is checked, and a `data` buffer's own length bounds the span.

mod cuda;
mod dict;
mod structure;

pub(crate) use cuda::find as find_cuda;
pub(crate) use dict::find as find_dict;
pub(crate) use structure::{Interface, find as find_struct};

use super::Refusal;
use aria_array_bridge::plan::Reason;
use pyo3::exceptions::{PyAttributeError, PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;

/// A description that contradicts itself, or is none.
fn wrong(text: impl Into<String>) -> Refusal {
    Refusal::Lie(Reason::new("malformed", "C8", text.into()))
}

/// What the member says. `AttributeError` means that it is not there; refusals let the next door try; the rest of its
/// exceptions are the caller's to see.
fn member<'py>(object: &Bound<'py, PyAny>, name: &str) -> Result<Bound<'py, PyAny>, Refusal> {
    let py = object.py();
    object.getattr(name).map_err(|error| {
        let refusals = error.is_instance_of::<PyAttributeError>(py)
            || error.is_instance_of::<PyBufferError>(py)
            || error.is_instance_of::<PyValueError>(py)
            || error.is_instance_of::<PyTypeError>(py);
        if !refusals {
            return Refusal::Raise(error);
        }
        Refusal::Next(Reason::new("door", "C2", format!("{name} refuses: {}", error.value(py))))
    })
}
