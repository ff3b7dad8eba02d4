//! `PyError`: what Python raised in an operation, or why the operation could not be done.

use crate::object::PyObject;
use crate::text::take_text;
use aria_array_bridge::Plan;
use aria_array_bridge::operations::{ERR_STATE, Failure, Status};
use core::fmt;

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
        PyError { inner: Box::new(Inner { status, kind, message, rendered, plan, object }) }
    }

    /// Python does not run.
    pub(crate) fn not_running() -> PyError {
        PyError::own(ERR_STATE, "StateError", "expected a running Python but it was not started, or it has ended")
    }

    /// An error of this side.
    pub(crate) fn own(status: Status, kind: &str, message: impl Into<String>) -> PyError {
        let message = message.into();
        let rendered = format!("{kind}: {message}\n");
        PyError { inner: Box::new(Inner { status, kind: kind.into(), message, rendered, plan: None, object: None }) }
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

    /// `str(exception)`
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

    /// Says whether the exception is of this kind or of a kind derived from it, as `except` does: `LookupError`
    /// for a `KeyError`. The name is qualified, or it is the last part of a qualified name.
    ///
    /// Asks Python about base classes if the kind itself is another; when it cannot be asked the answer is no.
    pub fn is(&self, kind: &str) -> bool {
        same_kind(&self.inner.kind, kind) || self.has_base(kind).unwrap_or(false)
    }

    fn has_base(&self, kind: &str) -> Option<bool> {
        let object = self.object()?;
        let bases = object.getattr("__class__").ok()?.getattr("__mro__").ok()?;
        for base in bases.iter().ok()? {
            let base = base.ok()?;
            let name = base.getattr("__qualname__").ok()?.str().ok()?;
            let module = base.getattr("__module__").ok()?.str().ok()?;
            let full = if module == "builtins" { name } else { format!("{module}.{name}") };
            if same_kind(&full, kind) {
                return Some(true);
            }
        }
        Some(false)
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
