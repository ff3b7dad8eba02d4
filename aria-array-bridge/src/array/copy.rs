//! Copies: the same elements in memory of our own. One pass, any strides on either side.

use super::read::{copy_bytes_of, copy_columns, copy_plane, copy_run, is_vast};
use super::runs::Runs;
use super::{Array, ArrayError, Validity};
use crate::dtype::Swap;
use crate::layout::{Layout, Order};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// In which order a copy lies in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CopyOrder {
    /// Row-major.
    #[default]
    C,
    /// Column-major.
    F,
    /// As the source lies, without its gaps.
    Keep,
}

impl Array {
    /// **Copies** the elements into memory of our own: 64-byte aligned, dense, unique. Nulls stay null.
    ///
    /// # Errors
    ///
    /// Memory of a device, or no memory.
    pub fn copy(&self, order: CopyOrder) -> Result<Array, ArrayError> {
        self.copy_swapped(order, &Swap::None)
    }

    /// **Copies** as [`copy`](Self::copy) does, and reverses the bytes of foreign order on the way (rule L1).
    ///
    /// # Errors
    ///
    /// Memory of a device, or no memory.
    pub fn copy_swapped(&self, order: CopyOrder, swap: &Swap) -> Result<Array, ArrayError> {
        if !self.device.is_host() {
            return Err(ArrayError::Device { found: self.device });
        }
        let layout = self.copy_layout(self.layout.itemsize(), order)?;
        // SAFETY: `copy_elements` writes every element next, where there are any.
        let mut copy = unsafe { Array::unwritten(self.dtype.clone(), layout) }?;
        if !copy.is_empty() {
            let to = copy.buffer.first();
            // SAFETY: fresh memory of this layout, ours and apart from every other.
            unsafe { self.copy_elements(to, &copy.layout, copy.nbytes()) };
            if !swap.is_none() {
                copy.swap_elements(swap);
            }
        }
        copy.validity = self.copied_validity()?.map(Box::new);
        Ok(copy)
    }

    /// **Copies** the elements in C order to `to`, which is as long as they are. What nulls have in their place is copied, and
    /// that they are nulls is not.
    ///
    /// # Errors
    ///
    /// Memory of a device, or a place of another length.
    pub fn copy_to(&self, to: &mut [MaybeUninit<u8>]) -> Result<(), ArrayError> {
        if !self.device.is_host() {
            return Err(ArrayError::Device { found: self.device });
        }
        if to.len() != self.nbytes() {
            return Err(ArrayError::Length { expected: self.nbytes(), found: to.len() });
        }
        if !self.is_empty() {
            let layout = self.copy_layout(self.layout.itemsize(), CopyOrder::C)?;
            // SAFETY: as many bytes as a C-ordered layout of the elements spans, borrowed for this call alone.
            unsafe { self.copy_elements(NonNull::from(to).cast(), &layout, self.nbytes()) };
        }
        Ok(())
    }

    /// **Copies** the validity bits, where there are any.
    pub(super) fn copied_validity(&self) -> Result<Option<Validity>, ArrayError> {
        let Some(validity) = &self.validity else { return Ok(None) };
        validity.packed().map(Some)
    }

    /// The layout of a copy with elements of `itemsize` bytes.
    pub(super) fn copy_layout(&self, itemsize: usize, order: CopyOrder) -> Result<Layout, ArrayError> {
        Ok(match order {
            CopyOrder::F if self.layout.is_packed() && !self.layout.is_contiguous(Order::F) => {
                return Err(ArrayError::Packed { dtype: self.dtype.clone() });
            }
            _ if self.layout.is_packed() => self.layout.clone(),
            CopyOrder::C => Layout::c_order(itemsize, self.shape())?,
            CopyOrder::F => Layout::f_order(itemsize, self.shape())?,
            CopyOrder::Keep => self.layout.like_memory(itemsize)?,
        })
    }

    /// Writes the elements to memory of the same shape and itemsize, which is part of a copy of `total` bytes.
    ///
    /// # Safety
    ///
    /// The bytes of `layout`'s span around `to` are fresh memory that nobody else reads or writes meanwhile. `layout` has
    /// the shape and the itemsize of the array's own, and is packed if that is.
    pub(crate) unsafe fn copy_elements(&self, to: NonNull<u8>, layout: &Layout, total: usize) {
        let (from, to) = (self.buffer.first().as_ptr(), to.as_ptr());
        if self.layout.is_packed() {
            // SAFETY: both have `nbytes` bytes: they have the same packed layout; fresh memory is apart: the caller's duty.
            unsafe { copy_bytes_of(from, to, self.nbytes(), total) };
            return;
        }
        let itemsize = self.layout.itemsize();
        let runs = Runs::new(&self.layout, layout);
        if let Some((planes, plane)) = runs.planes(itemsize) {
            let mut copied = true;
            planes.visit(|_, source, target| {
                // Wrapping, but at elements of both layouts: `Runs`.
                let (from, to) = (from.cast_const().wrapping_offset(source), to.wrapping_offset(target));
                // SAFETY: a plane of elements lies at both: `Runs`; the copy is fresh and apart: the caller's duty.
                copied &= unsafe { copy_plane(from, to, itemsize, plane) };
            });
            if copied {
                return;
            }
        }
        runs.visit(|run, source, target| {
            // SAFETY: `Runs` visits offsets that the source's layout has: within its span.
            let from = unsafe { from.offset(source) };
            // SAFETY: likewise for the copy.
            let to = unsafe { to.offset(target) };
            // SAFETY: a run of elements lies at both: `Runs`; the copy is fresh and apart: the caller's duty.
            unsafe { copy_run(from, to, itemsize, run, total) };
        });
    }

    /// Writes elements `start..start + len` of arrays with one axis, dense and of one dtype, to the first columns of rows that
    /// lie `to_row` bytes apart; or returns false where there is no kernel for such elements.
    ///
    /// # Safety
    ///
    /// `to` is fresh memory that nobody else reads or writes meanwhile, of so many rows, and of as many columns as there are
    /// arrays, of elements as large as theirs that lie together. Each array is dense, on the host, and has the elements.
    pub(crate) unsafe fn copy_rows(
        arrays: &[&Array],
        start: usize,
        len: usize,
        to: NonNull<u8>,
        to_row: isize,
    ) -> bool {
        let Some(itemsize) = arrays.first().map(|array| array.layout.itemsize()) else { return true };
        debug_assert!(arrays.iter().all(|array| array.layout.is_c_contiguous() && array.len() >= start + len));
        // Wrapping, but at elements of the arrays: the caller's duty.
        let from = |array: &&Array| array.as_ptr().cast_const().wrapping_add(start * itemsize);
        let columns: smallvec::SmallVec<[*const u8; 32]> = arrays.iter().map(from).collect();
        // SAFETY: the caller's duties are those of this.
        unsafe { copy_columns(&columns, len, to.as_ptr(), to_row, itemsize) }
    }

    /// Says whether a copy of so many bytes is better written past the cache, by [`copy_part`](Array::copy_part).
    pub(crate) fn goes_past_cache(total: usize) -> bool {
        is_vast(total)
    }

    /// Copies `len` bytes that are part of a copy of `total` bytes.
    ///
    /// # Safety
    ///
    /// `len` bytes at `from` are readable and initialised, `len` bytes at `to` are writable and nobody else's, and the two
    /// are apart.
    pub(crate) unsafe fn copy_part(from: NonNull<u8>, to: NonNull<u8>, len: usize, total: usize) {
        // SAFETY: the caller's duty.
        unsafe { copy_bytes_of(from.as_ptr(), to.as_ptr(), len, total) };
    }

    /// Reverses the bytes of every element of an array that nobody else has seen.
    fn swap_elements(&mut self, swap: &Swap) {
        let (dtype, itemsize) = (self.dtype.clone(), self.layout.itemsize());
        if itemsize == 0 {
            return; // Records of empty fields have no bytes, and so no order.
        }
        // SAFETY: `copy_swapped` made this allocation: `nbytes` initialised bytes, dense, that nobody else knows of.
        let bytes = unsafe { core::slice::from_raw_parts_mut(self.buffer.first().as_ptr(), self.layout.nbytes()) };
        bytes.chunks_exact_mut(itemsize).for_each(|element| swap.apply(&dtype, element));
    }
}
