//! Errors of the program on their way through Python: raised with their payload, and found again (rule R4).

use super::entry::{Error, enter, failure_of};
use super::handle;
use super::object::the;
use crate::error::aria_error;
use crate::release::undisturbed;
use aria_array_bridge::operations::callback::Thrown;
use aria_array_bridge::operations::{ERR_PANIC, Failure, OK, Object, Status};
use core::ffi::c_void;
use pyo3::exceptions::{PyBaseException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The attribute of an exception that has its payload.
const ATTRIBUTE: &str = "__aria__";

/// What an exception carries for a program.
///
/// # Invariants
///
/// 1. `payload` belongs to this, and `drop` takes it, on any thread.
#[pyclass(frozen, module = "aria_array_bridge")]
struct Carried {
    payload: *mut c_void,
    tag: *const c_void,
    drop: Option<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: the table says that a payload is given up on any thread; nothing else is done with it here.
unsafe impl Send for Carried {}
// SAFETY: as above.
unsafe impl Sync for Carried {}

#[pymethods]
impl Carried {
    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("cannot pickle an error of an Aria program: it lives in this process alone"))
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: Python deallocates objects on attached threads alone.
            let py = unsafe { Python::assume_attached() };
            undisturbed(py, || {
                // SAFETY: ours, and given up once: invariant 1.
                unsafe { drop(self.payload) };
            });
        }
    }
}

/// Makes the exception that was thrown, which gives up what it holds.
///
/// # Safety
///
/// Written by a `Call` that answered this status.
pub(super) unsafe fn raise(py: Python<'_>, status: Status, thrown: Thrown) -> PyErr {
    let Thrown { object, kind, message, payload, tag, drop } = thrown;
    // SAFETY: bytes that the function gives up, taken once.
    let [kind, message] = [kind, message].map(|bytes| String::from_utf8_lossy(&unsafe { bytes.take() }).into_owned());
    let carried = (!payload.is_null()).then_some(Carried { payload, tag, drop });
    // SAFETY: NULL, or a live handle that the function gives up below.
    let given = unsafe { handle::borrow(py, object) }.map(|object| object.to_owned());
    if !object.is_null() {
        // SAFETY: given up, and given back once; `given` holds the object.
        unsafe { handle::release_now(py, object) };
    }
    let raised = match given {
        // A status alone, as from a program that has no more to say.
        None if kind.is_empty() && message.is_empty() => aria(py, "", &format!("status {status}")),
        None => new(py, status, &kind, &message),
        Some(exception) if exception.is_instance_of::<PyBaseException>() => Ok(exception),
        Some(other) => Err(PyTypeError::new_err(format!("expected an exception but found {other}"))),
    };
    let carry = |exception: Bound<'_, PyAny>| {
        if let Some(carried) = carried {
            exception.setattr(ATTRIBUTE, Bound::new(py, carried)?)?;
        }
        // Before 3.12 PyO3 keeps the traceback beside the exception.
        let traceback = exception.getattr("__traceback__")?;
        let error = PyErr::from_value(exception);
        error.set_traceback(py, traceback.cast_into().ok());
        Ok(error)
    };
    raised.and_then(carry).unwrap_or_else(|error: PyErr| error)
}

/// An exception of a built-in kind, or an `AriaError`.
fn new<'py>(py: Python<'py>, status: Status, kind: &str, message: &str) -> PyResult<Bound<'py, PyAny>> {
    let builtin = if status == ERR_PANIC { None } else { py.import("builtins")?.getattr_opt(kind)? };
    match builtin.and_then(|class| class.cast_into::<PyType>().ok()) {
        // A kind that takes other arguments than a message (UnicodeDecodeError, ExceptionGroup) says it as an AriaError.
        Some(class) if class.is_subclass_of::<PyBaseException>()? => class.call1((message,)).or_else(|error| {
            if error.is_instance_of::<PyTypeError>(py) { aria(py, kind, message) } else { Err(error) }
        }),
        _ => aria(py, kind, message),
    }
}

fn aria<'py>(py: Python<'py>, kind: &str, message: &str) -> PyResult<Bound<'py, PyAny>> {
    let error = aria_error(py)?.call1((message,))?;
    error.setattr("kind", kind)?;
    Ok(error)
}

pub(super) unsafe extern "C" fn payload(
    object: *mut Object,
    tag: *const c_void,
    out: *mut *mut c_void,
    failure: *mut Failure,
) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?;
        let Some(carried) = object.getattr_opt(ATTRIBUTE)? else { return Ok(0) };
        let Ok(carried) = carried.cast::<Carried>() else { return Ok(0) };
        if carried.get().tag != tag {
            return Ok(0);
        }
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { out.write(carried.get().payload) };
        Ok(1)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn describe(object: *mut Object, failure: *mut Failure) -> Status {
    let mut described = None;
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let exception = unsafe { the(py, object) }?.to_owned();
        if !exception.is_instance_of::<PyBaseException>() {
            return Err(Error::argument(format!("expected an exception but found {}", exception.get_type().name()?)));
        }
        described = Some(failure_of(py, exception));
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    let status = unsafe { enter(failure, body) };
    match described {
        Some((status, found)) => {
            // SAFETY: may be written to, and holds nothing: nothing failed.
            unsafe { failure.write(found) };
            status
        }
        None => status,
    }
}
