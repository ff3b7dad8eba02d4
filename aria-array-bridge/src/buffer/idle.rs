//! One freed block that is kept: getting pages from the kernel takes longer than filling them.

use super::alloc::Allocation;
use core::ops::RangeInclusive;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};
use std::alloc::Layout as Block;

/// Bytes of a block that is worth keeping. Smaller ones the system's allocator keeps itself, and a larger one would be
/// missed by others.
const KEPT: RangeInclusive<usize> = (1 << 20)..=(256 << 20);

/// The block, or NULL. Whoever takes the pointer out owns the block; its first bytes say how it was allocated.
static IDLE: AtomicPtr<Block> = AtomicPtr::new(ptr::null_mut());

/// Keeps a block for the next one who asks, in the place of the one that was kept before, or frees it.
///
/// Neither waits nor allocates (rule O2).
pub(super) fn keep(allocation: Allocation) {
    if !KEPT.contains(&allocation.block.size()) {
        return allocation.free();
    }
    const { assert!(align_of::<Block>() <= super::alloc::SYSTEM) };
    let place = allocation.start.cast::<Block>();
    // SAFETY: the block is ours alone, a mebibyte long at least, and aligned to 16 at least, as every block of ours.
    unsafe { place.write(allocation.block) };
    if let Some(before) = owned(IDLE.swap(place.as_ptr(), Ordering::AcqRel)) {
        before.free();
    }
}

/// The block that is kept, if it has room for `block`, and for little more.
pub(super) fn take(block: Block) -> Option<Allocation> {
    if !KEPT.contains(&block.size()) {
        return None;
    }
    let kept = owned(IDLE.swap(ptr::null_mut(), Ordering::AcqRel))?;
    let room = block.size()..=block.size().saturating_mul(2);
    if room.contains(&kept.block.size()) && kept.block.align() >= block.align() {
        return Some(kept);
    }
    keep(kept);
    None
}

/// Gives back the memory of the array that was freed last, which is kept for the next one if it has 1 to 256 MiB. Returns
/// its bytes, 0 where none was kept.
pub fn release_unused() -> usize {
    let kept = owned(IDLE.swap(ptr::null_mut(), Ordering::AcqRel));
    kept.map_or(0, |kept| {
        let size = kept.block.size();
        kept.free();
        size
    })
}

/// What was in [`IDLE`], from where it was swapped out.
fn owned(place: *mut Block) -> Option<Allocation> {
    let start = NonNull::new(place)?;
    // SAFETY: `keep` wrote it, and gave the block up with its swap; it was taken out once: by a swap.
    let block = unsafe { start.read() };
    Some(Allocation { start: start.cast(), block })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::allocate_unwritten;

    // Other tests of this process have blocks of their own: these sizes are nobody else's, and a block that another one
    // displaces is freed, so that what is seen here is seen once in a few tries at least.

    #[test]
    fn a_freed_block_is_the_next_one_that_fits() {
        let reused = (0..100).any(|_| {
            let (first, owner) = allocate_unwritten(3 << 20).unwrap();
            drop(owner);
            let (again, _owner) = allocate_unwritten((3 << 20) - 77).unwrap();
            again == first
        });
        assert!(reused);
    }

    #[test]
    fn a_block_of_another_size_is_not_given_and_the_padding_is_zero() {
        for (before, after) in [(6 << 20, 2 << 20), (2 << 20, 3 << 20), (1 << 20, 100)] {
            let (first, owner) = allocate_unwritten(before).unwrap();
            // SAFETY: `before` bytes that are ours.
            unsafe { first.as_ptr().write_bytes(0xff, before) };
            drop(owner);
            let (_, _owner) = allocate_unwritten(after).unwrap();
        }
        let (first, owner) = allocate_unwritten(2 << 20).unwrap();
        // SAFETY: as above.
        unsafe { first.as_ptr().write_bytes(0xff, 2 << 20) };
        drop(owner);
        let (first, _owner) = allocate_unwritten((2 << 20) - 100).unwrap();
        let padding = first.as_ptr().wrapping_add((2 << 20) - 100);
        // SAFETY: the padding of an allocation, which is initialised.
        let padding = unsafe { core::slice::from_raw_parts(padding, 36) };
        assert_eq!(padding, [0; 36]);
    }

    #[test]
    fn threads_that_allocate_and_free_never_share_a_block() {
        std::thread::scope(|scope| {
            for mark in 0..4u8 {
                scope.spawn(move || {
                    for _ in 0..if cfg!(miri) { 2 } else { 200 } {
                        let (first, owner) = allocate_unwritten(1 << 20).unwrap();
                        let last = first.as_ptr().wrapping_add((1 << 20) - 64);
                        // SAFETY: 64 bytes that are ours.
                        unsafe { last.write_bytes(mark, 64) };
                        // SAFETY: as above, just written.
                        let bytes = unsafe { core::slice::from_raw_parts(last, 64) };
                        std::thread::yield_now();
                        assert!(bytes.iter().all(|byte| *byte == mark));
                        drop(owner);
                    }
                });
            }
        });
        release_unused();
    }
}
