//! [`OwnedArray`]: an `ArrowArray` that is ours, released once; and [`Checked`]: one whose structure is known to be sound.

use crate::abi::ArrowArray;
use crate::error::{ArrowError, Problem};
use crate::field::Field;
use crate::view::{ArrayView, check};
use core::fmt;
use core::ptr::NonNull;
use std::sync::Arc;

/// An array that was taken over. Nothing in it is checked yet: [`check`](Self::check) does that.
///
/// # Invariants
///
/// 1. The struct is live: `release` is not NULL, and nobody else calls it.
#[derive(Debug)]
pub struct OwnedArray(ArrowArray);

// SAFETY: the C data interface ties a struct to no thread: whoever holds it may read and release it (K-A23).
unsafe impl Send for OwnedArray {}
// SAFETY: shared, it is only read.
unsafe impl Sync for OwnedArray {}

impl OwnedArray {
    /// Moves an array out of foreign memory, which keeps a struct that is marked as released. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// There is nothing to take (K-A8). Nothing is released then.
    ///
    /// # Safety
    ///
    /// `array` points to an `ArrowArray` that keeps to the C data interface, may be read and written, and that nobody
    /// else reads, writes or releases meanwhile.
    pub unsafe fn take(array: NonNull<ArrowArray>) -> Result<OwnedArray, ArrowError> {
        // SAFETY: readable and writable: the caller's duty. A move is a copy whose source is marked as released (K-A9).
        let taken = unsafe { array.replace(ArrowArray::released()) };
        OwnedArray::live(taken).ok_or_else(|| Problem::Released { what: "ArrowArray" }.at(""))
    }

    /// A struct that may be released; `None` if it is.
    pub(crate) fn live(array: ArrowArray) -> Option<OwnedArray> {
        array.release.is_some().then_some(OwnedArray(array))
    }

    /// The struct, to be read.
    pub fn as_raw(&self) -> &ArrowArray {
        &self.0
    }

    /// The struct itself, for whoever will release it.
    #[must_use]
    pub fn into_raw(self) -> ArrowArray {
        let array = core::mem::ManuallyDrop::new(self);
        // SAFETY: moved out of a value that is never dropped.
        unsafe { core::ptr::from_ref(&array.0).read() }
    }

    /// Checks the structure against its field: counts, lengths, offsets, missing children and buffers. Takes constant time
    /// for each node, and reads no value.
    ///
    /// # Errors
    ///
    /// What is wrong; the array comes back, unreleased.
    pub fn check(self, field: Arc<Field>) -> Result<Checked, Box<RefusedArray>> {
        match check(&self.0, &field) {
            Ok(()) => Ok(Checked { array: self, field }),
            Err(error) => Err(Box::new(RefusedArray { array: self, error })),
        }
    }
}

impl Drop for OwnedArray {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: live, and released once: this is the drop (invariant 1).
            unsafe { release(&raw mut self.0) };
        }
    }
}

/// An array that is refused. Dropping it releases it.
#[derive(Debug)]
pub struct RefusedArray {
    /// What was handed in, unreleased.
    pub array: OwnedArray,
    /// Why.
    pub error: ArrowError,
}

impl fmt::Display for RefusedArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl core::error::Error for RefusedArray {}

/// An array and its field, which agree.
///
/// # Invariants
///
/// 1. `check` found the array sound for the field: every count is one that the format has, lengths and
///    offsets fit in `isize`, every child and dictionary is there and long enough, and no buffer that has bytes is NULL. That
///    the buffers are as long as they should be is the producer's word.
#[derive(Debug)]
pub struct Checked {
    array: OwnedArray,
    field: Arc<Field>,
}

impl Checked {
    /// What the array is.
    pub fn field(&self) -> &Arc<Field> {
        &self.field
    }

    /// The outermost node.
    pub fn view(&self) -> ArrayView<'_> {
        ArrayView::of_checked(&self.array.0, &self.field)
    }

    /// Takes both apart again.
    #[must_use]
    pub fn into_parts(self) -> (OwnedArray, Arc<Field>) {
        (self.array, self.field)
    }
}
