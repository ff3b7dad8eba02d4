//! Memory of our own: 64-byte aligned, padded to 64 (rule L5).

use super::{Owner, idle};
use core::ptr::NonNull;
use std::alloc::{Layout as Block, alloc, alloc_zeroed, dealloc};

/// Alignment of what we allocate, in bytes.
pub const ALIGNMENT: usize = 64;

/// A block of the system's allocator.
pub(super) struct Allocation {
    pub(super) start: NonNull<u8>,
    pub(super) block: Block,
}

// SAFETY: the allocation is owned alone by this value; freeing it is allowed on any thread.
unsafe impl Send for Allocation {}
// SAFETY: a shared allocation gives out nothing.
unsafe impl Sync for Allocation {}

impl Allocation {
    /// Gives the memory back to the system's allocator.
    pub(super) fn free(self) {
        // SAFETY: `start` came from the allocator with this very block, and is freed once: the value goes with it.
        unsafe { dealloc(self.start.as_ptr(), self.block) };
    }
}

/// An allocation that is kept for the next one, or freed, when it is dropped.
struct Memory(Option<Allocation>);

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(allocation) = self.0.take() {
            idle::keep(allocation);
        }
    }
}

fn owner(allocation: Allocation) -> Owner {
    Owner::new(Memory(Some(allocation)))
}

/// An address for element zero where there are no elements: not NULL, aligned, never followed (rule L4).
pub(crate) fn dangling() -> NonNull<u8> {
    #[repr(align(64))]
    struct Aligned;
    const { assert!(align_of::<Aligned>() == ALIGNMENT) };
    NonNull::<Aligned>::dangling().cast()
}

/// From so many bytes on, memory is asked for in huge pages: a fresh copy spends most of its time in getting pages.
const HUGE: usize = 32 << 20;

/// The size of a huge page where there are any: memory that begins with one lies in them as a whole. What others allocate
/// begins some bytes behind a page's begin, so that a copy's reads are ahead of its writes modulo a page as well; for a
/// processor that compares the lower bits of addresses they would depend on each other otherwise.
const HUGE_PAGE: usize = 2 << 20;

/// Asks the kernel for huge pages, where it has some. Advice: whatever it answers, the memory is the same.
fn advise(start: NonNull<u8>, nbytes: usize) {
    #[cfg(all(target_os = "linux", not(miri)))]
    if nbytes >= HUGE {
        const PAGE: usize = 1 << 16; // A multiple of every page size that Linux uses without being huge.
        let skip = start.addr().get().wrapping_neg() % PAGE;
        let len = (nbytes - skip) / PAGE * PAGE;
        let first = start.as_ptr().wrapping_add(skip).cast();
        // SAFETY: whole pages of an allocation of ours; this advice changes no byte of them.
        unsafe { libc::madvise(first, len, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = (start, nbytes);
}

/// Zeroed memory of at least `nbytes` bytes, or `None` where there is none.
///
/// Asked for at the system's own alignment, and moved up to ours: that way large memory comes zeroed from the
/// kernel, page by page as it is touched, instead of being written twice.
pub(crate) fn allocate(nbytes: usize) -> Option<(NonNull<u8>, Owner)> {
    let padded = nbytes.max(1).checked_next_multiple_of(ALIGNMENT)?;
    let block = Block::from_size_align(padded.checked_add(ALIGNMENT - SYSTEM)?, SYSTEM).ok()?;
    // SAFETY: the size is at least 64, so not zero.
    let start = NonNull::new(unsafe { alloc_zeroed(block) })?;
    advise(start, block.size());
    let up = start.addr().get().wrapping_neg() % ALIGNMENT; // At most 48, since `start` is a multiple of 16.
    // SAFETY: `ALIGNMENT - SYSTEM` bytes are spare.
    let first = unsafe { start.add(up) };
    Some((first, owner(Allocation { start, block })))
}

/// What the system's allocators align to without being asked, on every 64-bit target.
pub(super) const SYSTEM: usize = 16;

/// Memory of at least `nbytes` bytes, of which the padding alone is zeroed, or `None` where there is none.
///
/// The first `nbytes` bytes hold anything: whoever asks writes them before anybody else sees the memory.
pub(crate) fn allocate_unwritten(nbytes: usize) -> Option<(NonNull<u8>, Owner)> {
    let padded = nbytes.max(1).checked_next_multiple_of(ALIGNMENT)?;
    let block = Block::from_size_align(padded, if padded < HUGE { ALIGNMENT } else { HUGE_PAGE }).ok()?;
    let allocation = match idle::take(block) {
        Some(kept) => kept,
        None => {
            // SAFETY: the size is at least 64, so not zero.
            let start = NonNull::new(unsafe { alloc(block) })?;
            advise(start, block.size());
            Allocation { start, block }
        }
    };
    let start = allocation.start;
    // SAFETY: within the block: `nbytes <= padded`, which it has room for.
    let padding = unsafe { start.add(nbytes) };
    // SAFETY: the rest of what was asked for, which is ours alone.
    unsafe { padding.write_bytes(0, padded - nbytes) };
    Some((start, owner(allocation)))
}
