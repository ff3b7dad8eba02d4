//! What a stream gives: its field, and its arrays one after the other [C7].
//!
//! The producer is asked detached: it may wait for threads of its own that need the interpreter.

use super::foreign::Foreign;
use super::{checked, empty};
use aria_array_bridge::convert::arrow::{reason, stream_reason};
use aria_array_bridge::plan::Reason;
use aria_arrow::{Checked, Field, OwnedStream, StreamError};
use pyo3::exceptions::{PyException, PyMemoryError};
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
pub(super) fn field(py: Python<'_>, stream: &mut Foreign<OwnedStream>) -> Result<Arc<Field>, Stopped> {
    let asked: &mut OwnedStream = stream;
    let field = py.detach(|| asked.schema());
    answer(py, field).map(Arc::new)
}

/// Every array of the stream that has elements; one without any, where there is no other.
pub(super) fn chunks(
    py: Python<'_>,
    mut stream: Foreign<OwnedStream>,
    field: &Arc<Field>,
) -> Result<Vec<Foreign<Checked>>, Stopped> {
    let mut chunks = Vec::new();
    loop {
        let asked: &mut OwnedStream = &mut stream;
        let next = py.detach(|| asked.next());
        let Some(array) = answer(py, next)? else { break };
        let chunk = checked(Foreign::new(array), field)?;
        if !chunk.view().is_empty() {
            chunks.push(chunk);
        }
        py.check_signals().map_err(Stopped::Raised)?;
    }
    if chunks.is_empty() {
        chunks.push(empty(field)?);
    }
    Ok(chunks)
}

/// The answer, and the exception that was left beside it.
fn answer<T>(py: Python<'_>, answer: Result<T, StreamError>) -> Result<T, Stopped> {
    let left = PyErr::take(py);
    answer.map_err(|error| match left {
        Some(left) if !left.is_instance_of::<PyException>(py) || left.is_instance_of::<PyMemoryError>(py) => {
            Stopped::Raised(left)
        }
        left => Stopped::Refused(stream_reason(&error), left),
    })
}

/// A refusal of aria-arrow's.
impl From<aria_arrow::ArrowError> for Stopped {
    fn from(error: aria_arrow::ArrowError) -> Stopped {
        Stopped::Refused(reason(&error), None)
    }
}
