//! A DLPack tensor of somebody else's, as a door finds it: in a capsule, or given by an exchange table.
//!
//! What a tensor is as an array says [`aria_array_bridge::convert::dlpack`]; here is who keeps it, and how it ends.

use crate::array::{Hold, PyArray};
use crate::release;
use crate::request::{Found, Request, execute};
use aria_array_bridge::Owner;
use aria_array_bridge::buffer::Release;
use aria_array_bridge::convert::dlpack::{Import, reason};
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::Reason;
use aria_dlpack::{DlpackError, Managed};
use pyo3::prelude::*;

/// What a door found: the array, and the tensor that keeps its memory. Cannot fail.
///
/// # Safety
///
/// `tensor` is the one that was checked, and its producer vouches for the memory.
pub(super) unsafe fn found(import: Import, tensor: Managed, protocol: Name) -> Found {
    let copied = import.is_copied();
    let reason = || Reason::new("door", "C2", "the producer made a copy for this import (IS_COPIED)");
    let owner = Owner::with_release(Box::new(Foreign(tensor)), None);
    // SAFETY: the memory is there while the tensor is owned: the caller's duty. The hold beside the array owns it.
    let array = unsafe { import.with_owner(Owner::immortal()) };
    Found {
        array,
        hold: Hold::Foreign(owner),
        swap: Swap::None,
        protocol,
        copied: copied.then(|| Box::new(reason().into())),
    }
}

/// A Python array of an owned tensor, which is released if it is refused.
///
/// # Errors
///
/// `ConversionError` with the plan.
pub(crate) fn from_managed(py: Python<'_>, tensor: Result<Managed, DlpackError>) -> PyResult<Py<PyArray>> {
    let source = super::named!("dlpack tensor");
    let refuse = |reason: Reason| super::dlpack::refuse(py, source, reason);
    let tensor = tensor.map_err(|error| refuse(reason(&error)))?;
    let import = check(&tensor).map_err(refuse)?;
    // SAFETY: just checked; the producer's promise.
    let found = unsafe { found(import, tensor, super::dlpack::protocol()) };
    execute(py, found, source, &Request::default()).map(Bound::unbind)
}

/// What an owned tensor is as an array.
pub(super) fn check(tensor: &Managed) -> Result<Import, Reason> {
    let view = tensor.check().map_err(|error| reason(&error))?;
    Import::check(&view).map_err(|reason| *reason)
}

/// A tensor of somebody else's.
///
/// Its deleter is called attached, with no exception pending and under no lock of ours (rule O4). DLPack wants
/// deleters that work on any thread and attach by themselves; attached, those work too that forgot to.
struct Foreign(#[allow(dead_code, reason = "kept for its drop")] Managed);

impl Release for Foreign {
    fn release(self: Box<Self>) {
        // SAFETY: lives in the hold of a Python object (`found`), which is dropped attached.
        let py = unsafe { Python::assume_attached() };
        release::undisturbed(py, || drop(self));
    }
}
