//! How deep doors lead into doors: a producer may ask for an array of itself, by any number of other producers.

use core::cell::Cell;
use pyo3::exceptions::PyRecursionError;
use pyo3::prelude::*;

/// Imports within imports at most. Frames of an import are large, and Python's own limit counts none of them.
const MAX_NESTED: usize = 64;

thread_local! {
    static NESTED: Cell<usize> = const { Cell::new(0) };
}

/// An import of this thread that is under way.
pub(crate) struct Nested(());

impl Nested {
    /// Enters one more import.
    ///
    /// # Errors
    ///
    /// `RecursionError` if too many are under way.
    pub(crate) fn enter() -> PyResult<Nested> {
        let depth = NESTED.get();
        if depth == MAX_NESTED {
            let text = format!("expected at most {MAX_NESTED} imports within imports: a producer asks for itself");
            return Err(PyRecursionError::new_err(text));
        }
        NESTED.set(depth + 1);
        Ok(Nested(()))
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        NESTED.set(NESTED.get() - 1);
    }
}
