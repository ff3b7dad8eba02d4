//! Panics end here: no foreign caller can take one (rule O4).
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `run` returns; `None` if it panics. What is left half done must be given up by the caller.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    let payload = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => return Some(value),
        Err(payload) => payload,
    };
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        core::mem::forget(second); // A payload that panics in its drop, and another one out of that: enough.
    }
    None
}
