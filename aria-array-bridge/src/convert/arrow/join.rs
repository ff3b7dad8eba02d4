//! Chunks of one type as one array in memory of our own.

use super::import::Import;
use crate::array::{Access, Array, ArrayError};
use crate::buffer::Owner;
use crate::plan::Reason;

/// Says that `chunks` arrays become one (rule C5).
pub fn chunked(chunks: usize) -> Reason {
    let text = format!("{chunks} chunks become one array");
    let hint = "take it chunk by chunk, or ask its library for a single chunk";
    Reason::new("chunked", "C5", text).expected("1 chunk", format!("{chunks} chunks")).hint(hint)
}

/// **Copies** imports into one array, one behind the other, validity too. Nothing of them is needed afterwards.
///
/// # Errors
///
/// No import at all; imports of different types or inner extents; memory of a device; no memory.
///
/// # Safety
///
/// The checked arrays that these are parts of live until this returns, and their buffers are as long as they say.
pub unsafe fn join(imports: Vec<Import>) -> Result<Array, ArrayError> {
    let own = |import: Import| {
        // SAFETY: the caller's duty, for as long as the parts are used here: others may write, and what is returned is a
        // copy.
        unsafe { import.own(&Owner::immortal(), Access::Shared) }
    };
    let parts = imports.into_iter().map(own).collect::<Result<Vec<_>, _>>()?;
    match <[Array; 1]>::try_from(parts) {
        // Made just now: its values are a copy already.
        Ok([part]) if part.access() == Access::Unique => match part.validity() {
            Some(validity) => {
                let packed = validity.packed()?;
                part.with_validity(packed)
            }
            None => Ok(part),
        },
        Ok(part) => Array::concatenate(&part),
        Err(parts) => Array::concatenate(&parts),
    }
}
