//! The door of `__dlpack__`, and `ab.from_dlpack`. **Zero-copy**, unless the producer says that it copied.

use super::Refusal;
use super::capsule::{self, NotTaken};
use super::doors::{Door, Kind};
use crate::array::PyArray;
use crate::error::refused;
use crate::request::{Found, Request, execute};
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{CopyPolicy, Plan, Reason};
use aria_dlpack::Version;
use pyo3::exceptions::{PyBufferError, PyNotImplementedError, PyTypeError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use std::sync::OnceLock;

pub(super) fn protocol() -> Name {
    static NAME: OnceLock<Name> = OnceLock::new();
    *NAME.get_or_init(|| Name::of("dlpack"))
}

/// The tensor in the capsule that the object gives.
///
/// A copy that is asked for is made by us, so that it lies as our copies do; of memory on a device, which we do not
/// read, it is asked of the producer.
pub(super) fn find(object: &Bound<'_, PyAny>, kind: &Kind, request: &Request) -> Result<Found, Refusal> {
    let found = take(&ask(object, kind, request, request.copy == CopyPolicy::Never)?)?;
    if request.copy == CopyPolicy::Always && !found.array.device().is_host() && found.copied.is_none() {
        drop(found);
        return take(&ask(object, kind, request, true)?);
    }
    Ok(found)
}

/// The tensor in a capsule; what it says that cannot be true is an error, and no other door is asked.
fn take(capsule: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    capsule::take(capsule, protocol()).map_err(|error| match error {
        NotTaken::Raised(error) => Refusal::Raise(error),
        NotTaken::Refused(reason) => Refusal::Lie(reason),
    })
}

/// A `ConversionError` for this one reason.
pub(super) fn refuse(py: Python<'_>, source: Name, reason: Reason) -> PyErr {
    refused(py, Plan::view("dlpack", source.text().to_string(), "Array").refusing(reason))
}

/// Calls `__dlpack__`: with the version and the wishes, and once more without if the producer does not know them.
fn ask<'py>(
    object: &Bound<'py, PyAny>,
    kind: &Kind,
    request: &Request,
    say_copy: bool,
) -> Result<Bound<'py, PyAny>, Refusal> {
    let py = object.py();
    let (method, takes_object) = kind.method(object, intern!(py, "__dlpack__"))?;
    let wishes = PyDict::new(py);
    static LATEST: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();
    let latest = || (Version::LATEST.major, Version::LATEST.minor).into_pyobject(py).map(Bound::unbind);
    wishes.set_item(intern!(py, "max_version"), LATEST.get_or_try_init(py, latest)?)?;
    if kind.is_torch {
        // Its own default is −1: it would not wait for the device.
        wishes.set_item(intern!(py, "stream"), py.None())?;
    }
    if say_copy {
        wishes.set_item(intern!(py, "copy"), request.copy == CopyPolicy::Always)?;
    }
    if let Some(device) = request.device {
        wishes.set_item(intern!(py, "dl_device"), (device.kind, device.id))?;
    }
    let subject = if takes_object { PyTuple::new(py, [object])? } else { PyTuple::empty(py) };
    let answer = match method.call(&subject, Some(&wishes)) {
        // A producer from before the keywords, or so it seems: a class of its own would say something else. What it
        // raises then is its answer.
        Err(error) if error.get_type(py).is(py.get_type::<PyTypeError>()) => method.call1(&subject),
        answer => answer,
    };
    answer.map_err(|error| not_now(py, "__dlpack__", error))
}

/// `BufferError` is a refusal, and so is `NotImplementedError`, by which a producer says that it does not know what it is
/// asked for: other doors may be tried. Anything else is the caller's to see.
pub(super) fn not_now(py: Python<'_>, door: &str, error: PyErr) -> Refusal {
    let name = match () {
        () if error.is_instance_of::<PyBufferError>(py) => "BufferError",
        () if error.is_instance_of::<PyNotImplementedError>(py) => "NotImplementedError",
        () => return Refusal::Raise(error),
    };
    let said = error.value(py).str().map(|text| text.to_string()).unwrap_or_default();
    Refusal::Next(Reason::new("door", "C2", format!("{door} raised {name}: {said}")))
}

/// An array of any object that speaks DLPack, or of a DLPack capsule, by DLPack alone.
///
/// # Errors
///
/// `ArgumentError` if the object does not speak it; else as for every import.
pub(crate) fn from_dlpack<'py>(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Bound<'py, PyArray>> {
    // SAFETY: attached; a live object.
    if unsafe { ffi::PyCapsule_CheckExact(object.as_ptr()) } != 0 {
        static NAME: OnceLock<Name> = OnceLock::new();
        let source = *NAME.get_or_init(|| Name::of("dlpack capsule"));
        return match take(object) {
            Ok(found) => execute(object.py(), found, source, request),
            Err(Refusal::Raise(error)) => Err(error),
            Err(Refusal::Next(reason) | Refusal::Lie(reason)) => Err(refuse(object.py(), source, reason)),
        };
    }
    super::import_by(object, request, &[Door::Ours, Door::Exchange, Door::Dlpack])
}
