//! The doors of the array interfaces: `__array_struct__`, `__array_interface__`, `__cuda_array_interface__`. **Zero-copy.**
//!
//! They lend an address and nothing that keeps it alive: the root holds the object and what it gave (K-I4). A dict
//! is believed as little as possible: every number is checked, and a `data` buffer's own length bounds the span.

mod dict;
mod structure;

pub(crate) use dict::{find as find_dict, find_cuda};
pub(crate) use structure::{Interface, find as find_struct};

use super::Refusal;
use aria_array_bridge::Layout;
use aria_array_bridge::plan::Reason;
use pyo3::exceptions::{PyAttributeError, PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;

/// A description that contradicts itself.
fn wrong(text: impl Into<String>) -> Refusal {
    Refusal::Stop(Reason::new("malformed", "C8", text.into()))
}

/// What the object has under a name. Refusals, and a member that is not there, let the next door try; everything else that
/// it raises is for the caller.
fn member<'py>(object: &Bound<'py, PyAny>, name: &str) -> Result<Bound<'py, PyAny>, Refusal> {
    let py = object.py();
    object.getattr(name).map_err(|error| {
        let no = error.is_instance_of::<PyAttributeError>(py)
            || error.is_instance_of::<PyBufferError>(py)
            || error.is_instance_of::<PyValueError>(py)
            || error.is_instance_of::<PyTypeError>(py);
        if no {
            Refusal::Next(Reason::new("door", "C2", format!("{name} refuses: {}", error.value(py))))
        } else {
            Refusal::Raise(error)
        }
    })
}

/// The span around an address lies in the address space, and has memory where there are elements.
fn checked(address: usize, layout: &Layout) -> Result<(), Refusal> {
    let (span, reaches) = (layout.span(), |end: isize| address.checked_add_signed(end).is_some());
    if layout.is_empty() {
        return Ok(());
    }
    if address == 0 {
        let text = format!("expected memory for {} bytes but found NULL", layout.nbytes());
        return Err(Refusal::Stop(Reason::new("null-data", "L4", text)));
    }
    if !reaches(span.start) || !reaches(span.end) {
        let text = format!("the elements leave the address space at {address:#x}");
        return Err(Refusal::Stop(Reason::new("span-overflow", "L4", text)));
    }
    Ok(())
}
