//! Memory of our own: 64-byte aligned, padded to 64, zeroed (rule L5).

use super::Owner;
use core::ptr::NonNull;
use std::alloc::{Layout as Block, alloc_zeroed, dealloc};

/// Alignment of what we allocate, in bytes.
pub const ALIGNMENT: usize = 64;

struct Allocation {
    start: NonNull<u8>,
    block: Block,
}

// SAFETY: the allocation is owned alone by this value; freeing it is allowed on any thread.
unsafe impl Send for Allocation {}
// SAFETY: a shared allocation gives out nothing.
unsafe impl Sync for Allocation {}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: `start` came from `alloc_zeroed` with this very block, and is freed once: this is the drop.
        unsafe { dealloc(self.start.as_ptr(), self.block) };
    }
}

/// An address for element zero where there are no elements: not NULL, aligned, never followed (rule L4).
pub(crate) fn dangling() -> NonNull<u8> {
    #[repr(align(64))]
    struct Aligned;
    const { assert!(align_of::<Aligned>() == ALIGNMENT) };
    NonNull::<Aligned>::dangling().cast()
}

/// Zeroed memory of at least `nbytes` bytes, or `None` where there is none.
pub(crate) fn allocate(nbytes: usize) -> Option<(NonNull<u8>, Owner)> {
    let padded = nbytes.max(1).checked_next_multiple_of(ALIGNMENT)?;
    let block = Block::from_size_align(padded, ALIGNMENT).ok()?;
    // SAFETY: the size is at least 64, so not zero.
    let start = NonNull::new(unsafe { alloc_zeroed(block) })?;
    Some((start, Owner::new(Allocation { start, block })))
}
