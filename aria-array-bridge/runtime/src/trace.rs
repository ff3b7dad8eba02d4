//! What crosses and what is alive: recording conversions, and the ledger of both sides.

use crate::error::PyError;
use crate::runtime::Runtime;
use crate::state::{operate, table};
use aria_array_bridge::Plan;
use aria_array_bridge::ledger::{self, Entry};
use aria_array_bridge::operations::{Failure, Operations, OwnedBytes};
use core::ptr;

impl Runtime {
    /// Runs `body` and returns with its result the plan of every conversion that this thread did in it, in order.
    ///
    /// # Errors
    ///
    /// Python does not run. `body` has not been called then.
    pub fn trace<R>(&self, body: impl FnOnce() -> R) -> Result<(R, Vec<Plan>), PyError> {
        let begin = |table: &Operations, _: &mut Failure| {
            // SAFETY: starting writes nothing.
            unsafe { (table.trace)(1, ptr::null_mut()) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(begin) }?;
        let recording = Recording;
        let result = body();
        Ok((result, recording.stop()))
    }

    /// What is alive across the boundary now, on this side and on Python's, after releasing what waits.
    pub fn ledger(&self) -> Vec<Entry> {
        self.drain();
        let mut entries = ledger::entries();
        let mut bytes = OwnedBytes::EMPTY;
        if let Some(table) = table() {
            // SAFETY: a place that lives for the call.
            unsafe { (table.ledger)(&raw mut bytes) };
        }
        // SAFETY: what the table wrote, or nothing; taken once.
        let bytes = unsafe { bytes.take() };
        entries.extend(Entry::decode(&bytes).unwrap_or_default());
        entries
    }
}

/// A recording that is on; also ended when a panic unwinds.
struct Recording;

impl Recording {
    fn stop(self) -> Vec<Plan> {
        core::mem::forget(self);
        end_recording()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        end_recording();
    }
}

fn end_recording() -> Vec<Plan> {
    let mut bytes = OwnedBytes::EMPTY;
    if let Some(table) = table() {
        // SAFETY: a place that lives for the call.
        unsafe { (table.trace)(0, &raw mut bytes) };
    }
    // SAFETY: what the table wrote, or nothing; taken once.
    Plan::decode(&unsafe { bytes.take() }).unwrap_or_default()
}
