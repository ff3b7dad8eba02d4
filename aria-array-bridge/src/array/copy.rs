//! Copies: the same elements in memory of our own. One pass, any strides on either side.

use super::read::copy_bytes;
use super::{Array, ArrayError, Validity};
use crate::dtype::Swap;
use crate::layout::{Dims, Layout};

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
        let layout = match order {
            _ if self.layout.is_packed() => self.layout.clone(),
            CopyOrder::C => Layout::c_order(self.layout.itemsize(), self.shape())?,
            CopyOrder::F => Layout::f_order(self.layout.itemsize(), self.shape())?,
            CopyOrder::Keep => self.layout.like_memory()?,
        };
        let mut copy = Array::allocated(self.dtype.clone(), layout)?;
        if !copy.is_empty() {
            self.copy_elements(&mut copy);
            if !swap.is_none() {
                copy.swap_elements(swap);
            }
        }
        if let Some(validity) = &self.validity {
            let valid: Vec<bool> = validity.iter().collect();
            copy.validity = Some(Validity::from_bools(&valid, self.shape())?);
        }
        Ok(copy)
    }

    /// Fills a fresh, dense array of the same shape and dtype.
    fn copy_elements(&self, copy: &mut Array) {
        let (from, to) = (self.buffer.first().as_ptr(), copy.buffer.first().as_ptr());
        if self.layout.is_packed() {
            // SAFETY: both have `nbytes` bytes: they have the same packed layout; fresh memory is ours and apart.
            unsafe { copy_bytes(from, to, self.nbytes()) };
            return;
        }
        let runs = Runs::new(&self.layout, &copy.layout);
        runs.visit(|source, target| {
            // SAFETY: `Runs` visits offsets that the source's layout has: within its span.
            let from = unsafe { from.offset(source) };
            // SAFETY: likewise for the copy.
            let to = unsafe { to.offset(target) };
            // SAFETY: a run of elements lies at both: `Runs`; the copy is fresh, so ours and apart.
            unsafe { runs.copy(from, to) };
        });
    }

    /// Reverses the bytes of every element of an array that nobody else has seen.
    fn swap_elements(&mut self, swap: &Swap) {
        let (dtype, itemsize) = (self.dtype.clone(), self.layout.itemsize());
        // SAFETY: `copy_swapped` made this allocation: `nbytes` initialised bytes, dense, that nobody else knows of.
        let bytes = unsafe { core::slice::from_raw_parts_mut(self.buffer.first().as_ptr(), self.layout.nbytes()) };
        bytes.chunks_exact_mut(itemsize).for_each(|element| swap.apply(&dtype, element));
    }
}

/// Two layouts of one shape, walked together: axes in the order of the target's memory, neighbours joined, the
/// innermost one copied as a run.
struct Runs {
    itemsize: usize,
    /// (extent, source stride, target stride), outermost first, the run left out.
    axes: Dims<(usize, isize, isize)>,
    run: (usize, isize, isize),
}

impl Runs {
    fn new(source: &Layout, target: &Layout) -> Runs {
        let itemsize = source.itemsize();
        let mut axes: Dims<(usize, isize, isize)> = (0..source.ndim())
            .filter(|axis| source.shape()[*axis] != 1)
            .map(|axis| (source.shape()[axis], source.strides()[axis], target.strides()[axis]))
            .collect();
        axes.sort_by_key(|(_, _, stride)| core::cmp::Reverse(stride.unsigned_abs()));
        let mut joined: Dims<(usize, isize, isize)> = Dims::new();
        for (extent, from, to) in axes {
            match joined.last_mut() {
                Some((outer, outer_from, outer_to))
                    if from.checked_mul(extent.cast_signed()) == Some(*outer_from)
                        && to.checked_mul(extent.cast_signed()) == Some(*outer_to) =>
                {
                    (*outer, *outer_from, *outer_to) = (*outer * extent, from, to);
                }
                _ => joined.push((extent, from, to)),
            }
        }
        let run = joined.pop().unwrap_or((1, itemsize.cast_signed(), itemsize.cast_signed()));
        Runs { itemsize, axes: joined, run }
    }

    /// Calls back with the source and target offsets of each run, in bytes.
    fn visit(&self, mut each: impl FnMut(isize, isize)) {
        let mut index: Dims<usize> = smallvec::smallvec![0; self.axes.len()];
        let (mut source, mut target) = (0isize, 0isize);
        loop {
            each(source, target);
            let mut axis = self.axes.len();
            loop {
                let Some(next) = axis.checked_sub(1) else { return };
                axis = next;
                let (extent, from, to) = self.axes[axis];
                if index[axis] + 1 < extent {
                    index[axis] += 1;
                    (source, target) = (source + from, target + to);
                    break;
                }
                let back = index[axis].cast_signed();
                (source, target) = (source - back * from, target - back * to);
                index[axis] = 0;
            }
        }
    }

    /// Copies one run.
    ///
    /// # Safety
    ///
    /// A run of readable elements begins at `from` and one of writable elements at `to`, each with its stride; the
    /// target is nobody else's, and apart from the source.
    unsafe fn copy(&self, from: *const u8, to: *mut u8) {
        let (len, from_stride, to_stride) = self.run;
        let dense = self.itemsize.cast_signed();
        if from_stride == dense && to_stride == dense {
            // SAFETY: `len` elements lie behind each other on both sides: the strides say so.
            return unsafe { copy_bytes(from, to, len * self.itemsize) };
        }
        for i in 0..len.cast_signed() {
            // SAFETY: element `i` of the run: the caller's duty.
            let source = unsafe { from.offset(i * from_stride) };
            // SAFETY: likewise.
            let target = unsafe { to.offset(i * to_stride) };
            // SAFETY: one whole element on each side: the caller's duty.
            unsafe { copy_bytes(source, target, self.itemsize) };
        }
    }
}
