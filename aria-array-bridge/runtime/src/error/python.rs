//! `PyError`: what Python raised in an operation, or why the operation could not be done.

use super::carried::{self, Payload};
use crate::apply;
use crate::args::Args;
use crate::gil::attach;
use crate::kind::Kind;
use crate::object::PyObject;
use crate::state::operate;
use crate::text::take_text;
use crate::value::Val;
use aria_array_bridge::Plan;
use aria_array_bridge::operations::callback::Thrown;
use aria_array_bridge::operations::function::MATCHES;
use aria_array_bridge::operations::{ERR_ARGUMENT, ERR_PYTHON, ERR_STATE, Failure, Operations, OwnedBytes, Status};
use core::any::Any;
use core::{fmt, ptr};
use std::sync::OnceLock;

/// An operation failed: mostly because Python raised.
#[derive(Clone)]
pub struct PyError {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    status: Status,
    kind: String,
    message: String,
    rendered: String,
    plan: Option<Plan>,
    object: Option<PyObject>,
    /// What it carries for the program, once that was asked for or given.
    payload: OnceLock<Option<Payload>>,
}

/// One entry of a traceback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The file, as the code says it.
    pub file: String,
    /// The line, counted from 1; 0 where it is not known.
    pub line: u32,
    /// The function; `<module>` for none.
    pub function: String,
    /// The line's text without its indentation, where the source is at hand: see [`add_source`](crate::add_source).
    pub text: Option<String>,
}

impl PyError {
    /// Takes over what an operation wrote.
    ///
    /// # Safety
    ///
    /// The maker of the table filled `failure`, or left it empty; nobody else releases what it holds.
    pub(crate) unsafe fn from_failure(status: Status, failure: Failure) -> PyError {
        let Failure { kind, message, rendered, plan, object } = failure;
        // SAFETY: bytes of the table, taken once: the caller's duty.
        let text = |bytes| unsafe { take_text(bytes) };
        let (kind, message, rendered) = (text(kind), text(message), text(rendered));
        // SAFETY: as above.
        let plan = unsafe { plan.take() };
        let plan = Plan::decode(&plan).ok().and_then(|plans| plans.into_iter().next());
        // SAFETY: NULL or a handle of the table that nobody else releases.
        let object = unsafe { PyObject::from_raw(object) };
        PyError { inner: Box::new(Inner { status, kind, message, rendered, plan, object, payload: OnceLock::new() }) }
    }

    /// Python does not run.
    pub(crate) fn not_running() -> PyError {
        PyError::own(ERR_STATE, "StateError", "expected a running Python but it was not started, or it has ended")
    }

    /// An error of this side.
    pub(crate) fn own(status: Status, kind: &str, message: impl Into<String>) -> PyError {
        let message = message.into();
        let rendered = format!("{kind}: {message}\n");
        let payload = OnceLock::new();
        let kind = kind.into();
        PyError { inner: Box::new(Inner { status, kind, message, rendered, plan: None, object: None, payload }) }
    }

    /// An error of the program, which a callback returns. A kind that names a built-in exception that takes a message
    /// (`ValueError`, not `UnicodeDecodeError`) becomes that one in Python, any other an `aria_array_bridge.AriaError` with this
    /// `kind`.
    pub fn new(kind: &str, message: impl Into<String>) -> PyError {
        PyError::own(ERR_PYTHON, kind, message)
    }

    /// As [`new`](PyError::new), with the program's own error in it, which is there again when the exception comes back
    /// through Python: see [`payload`](PyError::payload).
    pub fn from_host(kind: &str, message: impl Into<String>, payload: impl Any + Send + Sync) -> PyError {
        PyError::new(kind, message).carrying(carried::shared(payload))
    }

    /// As [`from_host`](PyError::from_host), of an error that belongs to this thread: others do not see it, and what they
    /// drop is dropped here later, as for [`callable_local`](PyObject::callable_local).
    pub fn from_host_local(kind: &str, message: impl Into<String>, payload: impl Any) -> PyError {
        PyError::new(kind, message).carrying(carried::local(payload))
    }

    fn carrying(mut self, payload: Payload) -> PyError {
        self.inner.payload = OnceLock::from(Some(payload));
        self
    }

    /// The error that raising this exception is; a `TypeError` for what is no exception.
    pub fn from_exception(exception: &PyObject) -> PyError {
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle and a place that lives for the call.
            unsafe { (table.describe)(exception.as_raw(), failure) }
        };
        // SAFETY: one function of the table, called as it says.
        let described = unsafe { operate(body) };
        described.err().unwrap_or_else(|| PyError::own(ERR_ARGUMENT, "TypeError", "expected an exception"))
    }

    /// As a callback throws it: the exception itself if there is one, which is the same object then, or its parts.
    pub(crate) fn into_thrown(self) -> Thrown {
        let Inner { kind, message, object, payload, .. } = *self.inner;
        let bytes = |text: String| OwnedBytes::new(text.into_bytes());
        match object {
            // What it carries is with it already.
            Some(object) => Thrown { object: object.into_raw(), ..Thrown::EMPTY },
            None => {
                let (payload, tag, drop) = payload.into_inner().flatten().map_or(carried::NOTHING, carried::into_raw);
                Thrown { object: ptr::null_mut(), kind: bytes(kind), message: bytes(message), payload, tag, drop }
            }
        }
    }

    /// The status of `aria_array_bridge::operations` that the operation answered.
    pub fn status(&self) -> i32 {
        self.inner.status
    }

    /// Qualified name of the exception's type: `KeyError`, `numpy.exceptions.AxisError`. `StateError`, `ArgumentError`
    /// and `Panic` stand for failures that are no exceptions.
    pub fn kind(&self) -> &str {
        &self.inner.kind
    }

    /// `str(exception)`, in which U+FFFD stands for what UTF-8 cannot say (a lone surrogate).
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The whole traceback as Python prints it, ending in a line break.
    pub fn render(&self) -> &str {
        &self.inner.rendered
    }

    /// Why a conversion was refused, when that is what failed.
    pub fn plan(&self) -> Option<&Plan> {
        self.inner.plan.as_ref()
    }

    /// The exception itself.
    pub fn object(&self) -> Option<&PyObject> {
        self.inner.object.as_ref()
    }

    /// The program's own error, if the exception carries one of this type: see [`from_host`](PyError::from_host).
    pub fn payload<T: Any>(&self) -> Option<&T> {
        let known = &self.inner.payload;
        if known.get().is_none() {
            // Not from within the cell: who waits for it there may hold the lock that looking for it needs.
            let _ = known.set(self.object().and_then(carried::find));
        }
        known.get()?.as_ref().and_then(carried::get)
    }

    /// `exception.args`; empty when there is no exception, or it has none.
    pub fn args(&self) -> Vec<PyObject> {
        let args = self.object().and_then(|object| object.getattr("args").ok()?.to_vec().ok());
        args.unwrap_or_default()
    }

    /// What the exception was raised from: `raise … from cause`.
    pub fn cause(&self) -> Option<PyError> {
        self.linked("__cause__")
    }

    /// What was being handled when the exception was raised, also where [`cause`](PyError::cause) hides it.
    pub fn context(&self) -> Option<PyError> {
        self.linked("__context__")
    }

    fn linked(&self, name: &str) -> Option<PyError> {
        let other = self.object()?.getattr(name).ok()?;
        (other.kind().ok()? == Kind::Exception).then(|| PyError::from_exception(&other))
    }

    /// The traceback, the outermost call first. Empty when there is none, or Python has ended.
    pub fn frames(&self) -> Vec<Frame> {
        self.read_frames().unwrap_or_default()
    }

    fn read_frames(&self) -> Option<Vec<Frame>> {
        let _batch = attach().ok()?;
        let traceback = self.object()?.getattr("__traceback__").ok()?;
        let entries =
            PyObject::import("traceback").ok()?.call_method("extract_tb", Args::new().arg(&traceback)).ok()?;
        let frame = |entry: PyObject| {
            let text = |name: &str| entry.getattr(name).ok()?.str().ok();
            Some(Frame {
                file: text("filename")?,
                line: entry.getattr("lineno").ok()?.extract().unwrap_or(0),
                function: text("name")?,
                text: text("line").filter(|line| !line.is_empty()),
            })
        };
        entries.to_vec().ok()?.into_iter().map(frame).collect()
    }

    /// Says whether it is a `StopIteration`: an iterator's end, where nobody expected it.
    pub fn is_stop_iteration(&self) -> bool {
        self.is("StopIteration")
    }

    /// Says whether it is a `KeyboardInterrupt`: the user wants the program to end, and no handler of errors is meant.
    pub fn is_interrupt(&self) -> bool {
        self.is("KeyboardInterrupt")
    }

    /// The status that the process is asked to end with, if it is a `SystemExit`: 0 for `exit()`, 1 for `exit("why")`, whose
    /// words [`exit_message`](PyError::exit_message) has. The system keeps the low eight bits.
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_status().map(|(code, _)| code)
    }

    /// What a `SystemExit` says of other things than a status, and Python prints before it ends: `exit("why")`.
    pub fn exit_message(&self) -> Option<String> {
        self.exit_status().and_then(|(_, message)| message)
    }

    fn exit_status(&self) -> Option<(i32, Option<String>)> {
        if !self.is("SystemExit") {
            return None;
        }
        let Some(code) = self.object().and_then(|object| object.getattr("code").ok()) else { return Some((1, None)) };
        Some(match code.lower() {
            Ok(Val::None) => (0, None),
            Ok(Val::Bool(code)) => (i32::from(code), None),
            #[allow(clippy::cast_possible_truncation, reason = "as Python does")]
            Ok(Val::Int(code)) => (code as i32, None),
            _ if code.kind().is_ok_and(|kind| kind == Kind::Int) => (-1, None), // Beyond 64 bits, as Python has it.
            _ => (1, Some(code.to_display())),
        })
    }

    /// Says whether the exception is of this kind or of a kind derived from it, as `except` does: `LookupError` for a
    /// `KeyError`. `KeyError` and `builtins.KeyError` are the built-in one, whatever other classes are called; any other kind is
    /// named by its qualified name or by the last part of it.
    ///
    /// Asks Python; when it cannot be asked, names alone are compared.
    pub fn is(&self, kind: &str) -> bool {
        let by_name = same_kind(&self.inner.kind, kind);
        let error: Val = match self.object() {
            Some(object) => object.into(),
            None if by_name => return true,
            // What it would be in Python.
            None => self.inner.kind.as_str().into(),
        };
        match apply::value(MATCHES, [error, kind.into()]) {
            Ok(Val::Bool(is)) => is,
            _ => by_name,
        }
    }
}

/// `b` is `a`, or what follows a dot at the end of `a`.
fn same_kind(a: &str, b: &str) -> bool {
    a.strip_suffix(b).is_some_and(|rest| !b.is_empty() && (rest.is_empty() || rest.ends_with('.')))
}

impl fmt::Display for PyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            "" => f.write_str(self.kind()),
            message => write!(f, "{}: {message}", self.kind()),
        }
    }
}

impl fmt::Debug for PyError {
    /// The traceback: it is what `main` prints when it returns the error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render())
    }
}

impl core::error::Error for PyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_in_full_or_by_its_last_part() {
        assert!(same_kind("KeyError", "KeyError"));
        assert!(same_kind("numpy.exceptions.AxisError", "AxisError"));
        assert!(same_kind("numpy.exceptions.AxisError", "exceptions.AxisError"));
        assert!(!same_kind("MyKeyError", "KeyError"));
        assert!(!same_kind("KeyError", ""));
        assert!(!same_kind("Error", "KeyError"));
    }
}
