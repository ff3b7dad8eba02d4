//! The way into every operation: panic boundary, attaching, and turning errors into a [`Failure`].

use super::handle;
use super::rendered::render;
use crate::class;
use crate::error::plan_of;
use crate::release::{self, NotRunning};
use aria_array_bridge::operations::{
    ERR_ARGUMENT, ERR_MEMORY, ERR_PANIC, ERR_PYTHON, ERR_REFUSED, ERR_STATE, Failure, OwnedBytes, Status, panic_text,
};
use aria_array_bridge::plan::Plan;
use core::ptr;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why an operation fails: a word long, so that what succeeds is handed on in registers.
pub(super) struct Error(Box<Why>);

enum Why {
    /// An argument is no such thing.
    Argument(String),
    /// Python raised.
    Python(PyErr),
    /// A conversion was refused; Python's words for it, and the plan.
    Refused(PyErr, Plan),
}

impl From<PyErr> for Error {
    #[cold]
    fn from(error: PyErr) -> Error {
        Error(Box::new(Why::Python(error)))
    }
}

impl From<pyo3::CastError<'_, '_>> for Error {
    fn from(error: pyo3::CastError<'_, '_>) -> Error {
        PyErr::from(error).into()
    }
}

impl Error {
    /// An argument is no such thing.
    #[cold]
    pub(super) fn argument(text: impl Into<String>) -> Error {
        Error(Box::new(Why::Argument(text.into())))
    }

    /// A conversion was refused.
    #[cold]
    pub(super) fn refused(error: PyErr, plan: Plan) -> Error {
        Error(Box::new(Why::Refused(error, plan)))
    }

    /// The error as Python's own, where it goes on to Python code.
    pub(super) fn into_py(self, _py: Python<'_>) -> PyErr {
        match *self.0 {
            Why::Argument(text) => PyValueError::new_err(text),
            Why::Python(error) | Why::Refused(error, _) => error,
        }
    }
}

/// What an operation answers: 0 or more, or an error.
pub(super) type Answer = Result<Status, Error>;

/// Runs `body` attached, and writes what went wrong to `failure`.
///
/// # Safety
///
/// `failure` is NULL, or may be written to and holds nothing that needs to be released.
pub(super) unsafe fn enter(failure: *mut Failure, body: impl for<'py> FnOnce(Python<'py>) -> Answer) -> Status {
    let mut found = None;
    let attached = AssertUnwindSafe(|| {
        let explained = |py: Python<'_>, error| {
            let (status, failure) = explain(py, error);
            found = Some(failure);
            status
        };
        release::attach_interruptibly(body, explained)
    });
    // Unwind safety: all state that a panic can leave half-done belongs to the call; the queue and the counters are atomic.
    let status = match catch_unwind(attached) {
        Ok(Ok(answer)) => answer,
        Ok(Err(NotRunning)) => {
            found = Some(words("StateError", &NotRunning.to_string()));
            ERR_STATE
        }
        Err(payload) => {
            found = Some(words("Panic", panic_text(&*payload)));
            ERR_PANIC
        }
    };
    if let Some(found) = found {
        // SAFETY: NULL, or valid for writes: the caller's duty.
        match unsafe { failure.as_mut() } {
            Some(failure) => *failure = found,
            None => discard(found),
        }
    }
    status
}

/// A failure that is not an exception.
fn words(kind: &str, message: &str) -> Failure {
    Failure {
        kind: bytes(kind),
        message: bytes(message),
        rendered: bytes(&format!("{kind}: {message}\n")),
        ..Failure::EMPTY
    }
}

fn explain(py: Python<'_>, error: Error) -> (Status, Failure) {
    match *error.0 {
        Why::Argument(text) => (ERR_ARGUMENT, words("ArgumentError", &text)),
        Why::Python(error) if error.is_instance_of::<PyMemoryError>(py) => (ERR_MEMORY, raised(py, &error)),
        Why::Python(error) => (ERR_PYTHON, raised(py, &error)),
        Why::Refused(error, plan) => {
            let mut failure = raised(py, &error);
            failure.plan = OwnedBytes::new(Plan::encode(&[plan]));
            (ERR_REFUSED, failure)
        }
    }
}

/// What an operation answers that raises this exception.
pub(super) fn failure_of(py: Python<'_>, exception: Bound<'_, PyAny>) -> (Status, Failure) {
    let traceback = exception.getattr("__traceback__").ok().and_then(|traceback| traceback.cast_into().ok());
    let error = PyErr::from_value(exception);
    // Before 3.12 PyO3 keeps it beside the exception.
    error.set_traceback(py, traceback);
    match plan_of(py, &error) {
        Some(plan) => explain(py, Error::refused(error, plan)),
        None => explain(py, error.into()),
    }
}

/// An exception as a failure. What cannot be had, since asking for it raises, is replaced by words.
fn raised(py: Python<'_>, error: &PyErr) -> Failure {
    if let Some(traceback) = error.traceback(py) {
        // Before 3.12 Python keeps it beside the exception. An exception takes any traceback.
        let _ = error.value(py).setattr("__traceback__", traceback);
    }
    let kind = class::name(&error.get_type(py));
    let message = error
        .value(py)
        .str()
        .map_or_else(|_| format!("<{kind} whose text cannot be had>"), |text| text.to_string_lossy().into_owned());
    let rendered = render(py, error).unwrap_or_else(|_| format!("{kind}: {message}\n"));
    let object = handle::new(error.value(py).clone().into_any()).unwrap_or(ptr::null_mut());
    Failure {
        kind: bytes(&kind),
        message: bytes(&message),
        rendered: bytes(&rendered),
        plan: OwnedBytes::EMPTY,
        object,
    }
}

fn bytes(text: &str) -> OwnedBytes {
    OwnedBytes::new(text.as_bytes().to_vec())
}

/// Releases a failure that nobody asked for.
fn discard(failure: Failure) {
    for bytes in [failure.kind, failure.message, failure.rendered, failure.plan] {
        // SAFETY: made by `OwnedBytes::new` above, and taken once.
        drop(unsafe { bytes.take() });
    }
    // SAFETY: NULL, or the only reference to a handle that `raised` made.
    unsafe { handle::release(failure.object) };
}
