//! Arrays both ways, and what is known about them: the importer and the exporter behind the table.

use super::entry::{Error, enter};
use aria_array_bridge::nd_array::AriaNdArray;
use aria_array_bridge::operations::{ERR_STATE, Failure, Object, OwnedBytes, RawRequest, Status};
use aria_array_bridge::plan::Plan;
use core::ptr::NonNull;
use pyo3::prelude::*;

/// An array that was handed in, and that is released unless it is converted.
///
/// # Invariants
///
/// 1. The struct is owned: its release function is called once, by this, or by whom it is passed to.
pub(super) struct TakenArray {
    array: Option<NonNull<AriaNdArray>>,
}

impl TakenArray {
    /// Takes over `array`; NULL is remembered, and is an error when it is converted.
    ///
    /// # Safety
    ///
    /// NULL, or a valid struct that the caller owns and gives up.
    pub(super) unsafe fn new(array: *mut AriaNdArray) -> TakenArray {
        TakenArray { array: NonNull::new(array) }
    }

    /// Makes the Python array that shares the memory. **Zero-copy.**
    pub(super) fn into_py(self, _py: Python<'_>) -> Result<(Bound<'_, PyAny>, Plan), Error> {
        if self.array.is_none() {
            return Err(Error::Argument("expected an array but found NULL".to_owned()));
        }
        Err(missing("arrays as arguments"))
    }
}

impl Drop for TakenArray {
    fn drop(&mut self) {
        let Some(array) = self.array.take() else {
            return;
        };
        // SAFETY: a valid struct of ours: invariant 1.
        let release = unsafe { array.as_ref() }.release;
        if let Some(release) = release {
            // SAFETY: owned and not yet released: invariant 1.
            unsafe { release(array.as_ptr()) };
        }
    }
}

fn missing(what: &str) -> Error {
    Error::State(format!("expected an array importer and exporter but this build has none: {what} do not work yet"))
}

pub(super) unsafe extern "C" fn array_from_py(
    _object: *mut Object,
    _request: *const RawRequest,
    _out: *mut *mut AriaNdArray,
    _plan: *mut OwnedBytes,
    failure: *mut Failure,
) -> Status {
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, |_| Err(missing("arrays from objects"))) }
}

pub(super) unsafe extern "C" fn array_to_py(
    array: *mut AriaNdArray,
    out: *mut *mut Object,
    plan: *mut OwnedBytes,
    failure: *mut Failure,
) -> Status {
    // SAFETY: given up by the caller: the table's contract.
    let array = unsafe { TakenArray::new(array) };
    let body = |py: Python<'_>| {
        let (object, made) = array.into_py(py)?;
        // SAFETY: `out` may be written to: the table's contract.
        let status = unsafe { super::object::give(object, out) }?;
        // SAFETY: valid for writes: the table's contract.
        unsafe { plan.write(OwnedBytes::new(Plan::encode(&[made]))) };
        Ok(status)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn trace(_start: i32, _plans: *mut OwnedBytes) -> Status {
    ERR_STATE
}

pub(super) unsafe extern "C" fn ledger(_out: *mut OwnedBytes) -> Status {
    ERR_STATE
}
