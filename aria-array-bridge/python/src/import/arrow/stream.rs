//! What a stream gives: its field, and its arrays one after the other [C7].
//!
//! The producer is asked detached: it may wait for threads of its own that need the interpreter.

use super::foreign::Foreign;
use super::{checked, empty};
use aria_array_bridge::Device;
use aria_array_bridge::convert::arrow::reason;
use aria_array_bridge::plan::Reason;
use aria_array_bridge::table::{ArrayStream, TableError};
use aria_arrow::{Checked, Field};
use pyo3::exceptions::{PyException, PyMemoryError, PyValueError};
use pyo3::prelude::*;
use std::sync::Arc;

/// Why a stream gives no array.
pub(super) enum Stopped {
    /// What it gave, or said. The exception that its producer left, if any.
    Refused(Reason, Option<PyErr>),
    /// Python raised something that nobody puts aside.
    Raised(PyErr),
}

impl From<Reason> for Stopped {
    fn from(reason: Reason) -> Stopped {
        Stopped::Refused(reason, None)
    }
}

/// What the stream's arrays are. The producer is asked for none yet.
pub(super) fn field(py: Python<'_>, stream: &mut Foreign<ArrayStream>) -> Result<Arc<Field>, Stopped> {
    let asked: &mut ArrayStream = stream;
    let field = py.detach(|| asked.schema());
    answer(py, field.map_err(TableError::from)).map(Arc::new)
}

/// Every array of the stream that has elements, and the device of all; one without any, where there is no other.
pub(super) fn chunks(
    py: Python<'_>,
    mut stream: Foreign<ArrayStream>,
    field: &Arc<Field>,
) -> Result<(Vec<Foreign<Checked>>, Device), Stopped> {
    let (mut chunks, mut device) = (Vec::new(), None);
    loop {
        let asked: &mut ArrayStream = &mut stream;
        let next = py.detach(|| asked.next_array());
        let Some((array, found)) = answer(py, next)? else { break };
        let (chunk, found) = (checked(Foreign::new(array), field)?, found.unwrap_or(Device::CPU));
        if !chunk.view().is_empty() {
            let first = *device.get_or_insert(found);
            if first != found {
                let text = format!("one chunk lies on {first}, another on {found}");
                return Err(Reason::new("device", "L7", text).into());
            }
            chunks.push(chunk);
        }
        py.check_signals().map_err(Stopped::Raised)?;
    }
    if chunks.is_empty() {
        chunks.push(empty(field)?);
    }
    Ok((chunks, device.unwrap_or(Device::CPU)))
}

/// The answer, and the exception that was left beside it.
fn answer<T>(py: Python<'_>, answer: Result<T, TableError>) -> Result<T, Stopped> {
    let left = PyErr::take(py);
    answer.map_err(|error| match left {
        Some(left) if !left.is_instance_of::<PyException>(py) || left.is_instance_of::<PyMemoryError>(py) => {
            Stopped::Raised(left)
        }
        left => match error.reasons().into_iter().next() {
            Some(reason) => Stopped::Refused(reason, left),
            None => Stopped::Raised(PyValueError::new_err(error.to_string())), // Never: an error has its reason.
        },
    })
}

/// A refusal of aria-arrow's.
impl From<aria_arrow::ArrowError> for Stopped {
    fn from(error: aria_arrow::ArrowError) -> Stopped {
        Stopped::Refused(reason(&error), None)
    }
}
