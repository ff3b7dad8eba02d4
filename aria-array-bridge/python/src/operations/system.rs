//! Operations on the interpreter: releasing what waits, signals, streams.

use super::entry::enter;
use crate::release::{Counts, claim_main_thread, counts};
use aria_array_bridge::operations::{Failure, OK, Status};
use core::ptr;
use pyo3::prelude::*;

pub(super) unsafe extern "C" fn drain() -> Status {
    // Attaching releases what waits.
    // SAFETY: a failure may be NULL.
    unsafe { enter(ptr::null_mut(), |_| Ok(OK)) }
}

pub(super) unsafe extern "C" fn check_signals(failure: *mut Failure) -> Status {
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, |py| Ok(py.check_signals().map(|()| OK)?)) }
}

pub(super) unsafe extern "C" fn flush(failure: *mut Failure) -> Status {
    let body = |py: Python<'_>| {
        let sys = py.import("sys")?;
        // Both, even when the first fails; a stream may be None, as under pythonw.
        let flushed = ["stdout", "stderr"].map(|name| match sys.getattr_opt(name)? {
            Some(stream) if !stream.is_none() => stream.call_method0("flush").map(drop),
            _ => Ok(()),
        });
        flushed.into_iter().collect::<PyResult<()>>()?;
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn main_thread() {
    claim_main_thread();
}

pub(super) unsafe extern "C" fn release_counts(released: *mut u64, leaked: *mut u64) {
    let counts: Counts = counts();
    // SAFETY: valid for writes: the table's contract.
    unsafe { released.write(counts.released) };
    // SAFETY: as above.
    unsafe { leaked.write(counts.leaked) };
}
