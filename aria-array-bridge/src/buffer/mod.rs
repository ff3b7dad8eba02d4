//! `Buffer`: the memory of an array, and `Owner`: what keeps it alive (rules L4, L5, O1).
//!
//! Nothing here reads or writes elements. `owner` counts handles and exports, `alloc` makes memory of
//! our own, of which `idle` keeps a block.

mod alloc;
mod idle;
mod owner;

pub use alloc::ALIGNMENT;
pub use idle::release_unused;
pub use owner::{Deleter, ExportGuard, Owner, Release};

pub(crate) use alloc::{allocate, allocate_unwritten, dangling};

use core::ops::Range;
use core::ptr::NonNull;

/// The address of element zero, and what keeps the memory around it alive.
///
/// # Invariants
///
/// 1. While `owner` lives, the span of the layout that the buffer is used with lies in one live allocation, and its
///    bytes are initialised. Without elements, `first` may be any address.
/// 2. While `owner` lives, the bytes at the addresses of `known` lie in that allocation, initialised.
#[derive(Clone, Debug)]
pub struct Buffer {
    first: NonNull<u8>,
    /// From the first address to the one behind the last.
    known: (usize, usize),
    owner: Owner,
}

// SAFETY: the pointer is plain data; what it points to stays valid on every thread while `owner` lives, which is
// Send and Sync itself. Access to the memory is governed by `Array`.
unsafe impl Send for Buffer {}
// SAFETY: as above; a shared buffer gives out nothing but the address.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer whose element zero lies at `first`.
    ///
    /// # Safety
    ///
    /// Invariant 1 holds for every layout that the buffer will be used with.
    pub unsafe fn new(first: NonNull<u8>, owner: Owner) -> Buffer {
        Buffer { first, known: (first.addr().get(), first.addr().get()), owner }
    }

    /// The same buffer, of whose allocation this span around element zero is known.
    ///
    /// # Safety
    ///
    /// Invariant 2 holds for it: while the owner lives, every byte of the span lies in one live, initialised allocation.
    pub(crate) unsafe fn known(mut self, span: Range<isize>) -> Buffer {
        let at = |offset: isize| self.first.addr().get().wrapping_add_signed(offset);
        self.known = (at(span.start), at(span.end)); // Within an allocation: invariant 1.
        self
    }

    /// Returns true if these addresses, the second one behind the last, are known to lie in the allocation.
    pub(crate) fn knows(&self, start: usize, end: usize) -> bool {
        self.known.0 <= start && start <= end && end <= self.known.1
    }

    /// The same memory, kept alive by another owner.
    ///
    /// # Safety
    ///
    /// `owner` keeps the memory alive as the old one does, all of it that is known.
    pub(crate) unsafe fn with_owner(&self, owner: Owner) -> Buffer {
        Buffer { owner, ..self.clone() }
    }

    /// The address of element zero.
    pub fn first(&self) -> NonNull<u8> {
        self.first
    }

    /// What keeps the memory alive.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    pub(crate) fn owner_mut(&mut self) -> &mut Owner {
        &mut self.owner
    }

    /// The buffer with its element zero `bytes` further on.
    pub(crate) fn moved(&self, bytes: isize) -> Buffer {
        // Wrapping, since a view without elements may point anywhere; the address is used with a layout alone.
        let moved = self.first.as_ptr().wrapping_offset(bytes);
        let first = NonNull::new(moved).unwrap_or(self.first); // NULL only for a view without elements.
        Buffer { first, known: self.known, owner: self.owner.clone() }
    }
}
