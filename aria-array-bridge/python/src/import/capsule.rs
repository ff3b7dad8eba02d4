//! DLPack capsules: taking the tensor out of one (rule O1).
//!
//! A capsule is looked at unconsumed; a refusal leaves it to its owner, whose destructor frees the tensor. Then it
//! is renamed and its destructor cleared, and the tensor is ours. What follows cannot fail.

use super::tensor;
use crate::class;
use crate::request::Found;
use aria_array_bridge::convert::dlpack::{Import, reason};
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::Reason;
use aria_dlpack::{Managed, RawManaged, abi};
use core::ffi::CStr;
use core::ptr::NonNull;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;

/// Why a capsule gave no array; it is unconsumed.
pub(super) enum NotTaken {
    /// What is in it is no tensor that can be used.
    Refused(Reason),
    /// Python raised something.
    Raised(PyErr),
}

/// Takes the tensor out of a capsule. **Zero-copy.**
///
/// # Errors
///
/// The object is no DLPack capsule, was consumed before, or holds a tensor that is refused. It stays as it was.
pub(super) fn take(capsule: &Bound<'_, PyAny>, protocol: Name) -> Result<Found, NotTaken> {
    with_critical_section(capsule, || {
        let raw = content(capsule).map_err(NotTaken::Refused)?;
        // SAFETY: a capsule of this name holds such a struct, until it is consumed: DLPack's Python specification. The
        // section keeps others from consuming it. What cannot be true is found by the check.
        let view = unsafe { raw.check() }.map_err(|error| NotTaken::Refused(reason(&error)))?;
        let import = Import::check(&view).map_err(|reason| NotTaken::Refused(*reason))?;
        let managed = consume(capsule, raw).map_err(NotTaken::Raised)?;
        // SAFETY: just checked; the producer's promise.
        Ok(unsafe { tensor::found(import, managed, protocol) })
    })
}

/// The tensor in an unconsumed capsule.
fn content(capsule: &Bound<'_, PyAny>) -> Result<RawManaged, Reason> {
    let malformed = |text: String| Reason::new("malformed", "C8", text);
    // SAFETY: attached; a live object.
    if unsafe { ffi::PyCapsule_CheckExact(capsule.as_ptr()) } == 0 {
        let found = class::of(capsule);
        return Err(malformed(format!("expected a capsule from __dlpack__ but found {found}")));
    }
    // SAFETY: attached; a capsule, so it does not raise: NULL means that there is no name.
    let name = unsafe { ffi::PyCapsule_GetName(capsule.as_ptr()) };
    if name.is_null() {
        return Err(malformed(
            "expected a capsule named dltensor_versioned or dltensor but found one without name".into(),
        ));
    }
    // SAFETY: names of capsules are NUL-terminated and outlive the capsule, or the next change of name.
    let name = unsafe { CStr::from_ptr(name) };
    let versioned = name == abi::CAPSULE_VERSIONED;
    if !versioned && name != abi::CAPSULE_LEGACY {
        let name = name.to_string_lossy();
        if name == abi::CAPSULE_VERSIONED_USED.to_string_lossy() || name == abi::CAPSULE_LEGACY_USED.to_string_lossy() {
            let text = format!("expected a capsule that was not consumed but found {name}");
            return Err(Reason::new("released", "O1", text).hint("ask the producer for a new one"));
        }
        return Err(malformed(format!("expected a capsule named dltensor_versioned or dltensor but found {name}")));
    }
    // SAFETY: attached; a capsule with exactly this name, so it does not raise, and a pointer in a capsule is not NULL.
    let pointer = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), name.as_ptr()) };
    let pointer =
        NonNull::new(pointer).ok_or_else(|| malformed(format!("expected a tensor in {name:?} but found NULL")))?;
    Ok(if versioned { RawManaged::Versioned(pointer.cast()) } else { RawManaged::Legacy(pointer.cast()) })
}

/// The point of no return: from here on the tensor is ours.
fn consume(capsule: &Bound<'_, PyAny>, raw: RawManaged) -> PyResult<Managed> {
    // SAFETY: attached; a valid capsule; the name lives for ever.
    if unsafe { ffi::PyCapsule_SetName(capsule.as_ptr(), raw.used_capsule_name().as_ptr()) } != 0 {
        return Err(PyErr::fetch(capsule.py()));
    }
    // Some producers' destructors free whatever the name is (rule O1). This fails for no valid capsule.
    // SAFETY: attached; a valid capsule.
    if unsafe { ffi::PyCapsule_SetDestructor(capsule.as_ptr(), None) } != 0 {
        drop(PyErr::fetch(capsule.py()));
    }
    // SAFETY: the capsule owned the tensor and its new name says that it does no more; checked before by `take`,
    // and the producer's promise for as long as it is owned: DLPack's Python specification.
    Ok(unsafe { Managed::from_checked(raw) })
}
