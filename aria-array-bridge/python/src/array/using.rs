//! `Using`: an array that cannot be released while its elements are read.

use super::PyArray;
use aria_array_bridge::Array;
use core::ops::Deref;
use pyo3::prelude::*;

/// Counts as an export while it lives, so that neither another thread nor a finalizer releases the memory meanwhile.
///
/// For whatever reads elements and may let other code run: detaching, making Python objects.
pub(crate) struct Using<'a, 'py> {
    array: &'a Bound<'py, PyArray>,
}

impl PyArray {
    /// The array, for reading elements.
    ///
    /// # Errors
    ///
    /// `ValueError` if the array was released.
    pub(crate) fn using<'a, 'py>(this: &'a Bound<'py, PyArray>) -> PyResult<Using<'a, 'py>> {
        PyArray::root_of(this).get().count_export();
        let using = Using { array: this }; // First, so that the count goes back down on an error.
        this.get().live()?;
        Ok(using)
    }
}

impl Deref for Using<'_, '_> {
    type Target = Array;

    fn deref(&self) -> &Array {
        &self.array.get().array
    }
}

impl Drop for Using<'_, '_> {
    fn drop(&mut self) {
        PyArray::root_of(self.array).get().uncount_export();
    }
}
