//! Panics end here: no foreign caller can take one (rule O4).
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `run` returns; `None` if it panics. What is left half done must be given up by the caller.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(core::mem::forget).ok() // The payload's own drop may panic.
}
