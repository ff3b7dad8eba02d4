//! [`OwnedSchema`]: an `ArrowSchema` that is ours, released once.

use crate::abi::ArrowSchema;
use crate::error::{ArrowError, Problem};
use crate::field::Field;
use core::ptr::NonNull;

/// A schema that was taken over. Nothing in it is checked yet: [`field`](Self::field) does that.
///
/// # Invariants
///
/// 1. The struct is live: `release` is not NULL, and nobody else calls it.
#[derive(Debug)]
pub struct OwnedSchema(ArrowSchema);

// SAFETY: the C data interface ties a struct to no thread: whoever holds it may read and release it.
unsafe impl Send for OwnedSchema {}
// SAFETY: shared, it is only read.
unsafe impl Sync for OwnedSchema {}

impl OwnedSchema {
    /// Moves a schema out of foreign memory, which keeps a struct that is marked as released. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// There is nothing to take (K-A8). Nothing is released then.
    ///
    /// # Safety
    ///
    /// `schema` points to an `ArrowSchema` that keeps to the C data interface, may be read and written, and that nobody
    /// else reads, writes or releases meanwhile.
    pub unsafe fn take(schema: NonNull<ArrowSchema>) -> Result<OwnedSchema, ArrowError> {
        // SAFETY: readable and writable: the caller's duty. A move is a copy whose source is marked as released (K-A9).
        let taken = unsafe { schema.replace(ArrowSchema::released()) };
        if taken.release.is_none() {
            return Err(Problem::Released { what: "ArrowSchema" }.at(""));
        }
        Ok(OwnedSchema(taken))
    }

    /// A struct that was just made live.
    pub(crate) fn made(schema: ArrowSchema) -> OwnedSchema {
        debug_assert!(schema.release.is_some());
        OwnedSchema(schema)
    }

    /// **Copies** what the schema says, checked. The schema may be dropped then.
    ///
    /// # Errors
    ///
    /// A format that is missing or no UTF-8, counts that are negative or not those of the format, missing or released
    /// children, metadata whose lengths are negative, too much nesting, too many fields, too much text.
    pub fn field(&self) -> Result<Field, ArrowError> {
        // SAFETY: live, and keeps to the interface: the promise of `take`.
        unsafe { Field::from_c(&self.0) }
    }

    /// The struct itself, for whoever will release it.
    #[must_use]
    pub fn into_raw(self) -> ArrowSchema {
        let schema = core::mem::ManuallyDrop::new(self);
        // SAFETY: moved out of a value that is never dropped.
        unsafe { core::ptr::from_ref(&schema.0).read() }
    }
}

impl Drop for OwnedSchema {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: live, and released once: this is the drop (invariant 1).
            unsafe { release(&raw mut self.0) };
        }
    }
}
