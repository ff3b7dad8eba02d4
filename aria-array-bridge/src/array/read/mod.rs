//! Reads of shared memory (rule L9).
//!
//! Others may write to the memory while it is read here: Python code, another thread, another process. So
//! nothing in this file makes a reference to it; every read is a volatile one of bytes, which the compiler
//! neither repeats nor leaves out, and whose result is any bits at all, or one of `bulk`'s. A torn value is possible and
//! harmless. `plane` moves what is transposed.

mod bulk;
mod plane;

#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) use bulk::AHEAD;
pub(super) use bulk::copy_line;
pub(super) use plane::{copy_columns, copy_plane};

use super::runs::{Run, Runs};
use super::{Array, ViewError};
use crate::dtype::Element;
use crate::layout::Layout;
use bytemuck::Pod;
use core::mem::MaybeUninit;
use core::ptr;

/// Reads one `T` at any alignment.
///
/// # Safety
///
/// `size_of::<T>()` bytes at `address` are readable and initialised.
pub(super) unsafe fn load<T: Pod>(address: *const u8) -> T {
    let typed = address.cast::<T>();
    if typed.is_aligned() {
        // SAFETY: aligned, checked; readable: the caller's duty; any bits are a `T`: `Pod`.
        return unsafe { ptr::read_volatile(typed) };
    }
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: `value` has room for as many bytes, and is apart from foreign memory; readable: the caller's duty.
    unsafe { copy_bytes(address, value.as_mut_ptr().cast(), size_of::<T>()) };
    // SAFETY: every byte was just written; any bits are a `T`: `Pod`.
    unsafe { value.assume_init() }
}

/// Elements that are read at once, to be looked at where nobody else writes: few enough for the cache.
const BATCH: usize = 512;

/// Reads elements that lie one behind the other, and calls back with batches of them and each batch's place in the run.
///
/// # Safety
///
/// `len` readable, initialised elements of `T` lie at `from`, one behind the other.
pub(super) unsafe fn load_batches<T: Element>(from: *const u8, len: usize, mut each: impl FnMut(usize, &[T::Bits])) {
    let mut batch = [MaybeUninit::<T::Bits>::uninit(); BATCH];
    for start in (0..len).step_by(BATCH) {
        let count = BATCH.min(len - start);
        // Wrapping, but at an element of the run.
        let source = from.wrapping_add(start * size_of::<T>());
        // SAFETY: `count` elements of the run, for which the batch has room; it is ours, so apart.
        unsafe { copy_bytes(source, batch.as_mut_ptr().cast(), count * size_of::<T>()) };
        // SAFETY: the first `count` were just written; any bits are one of them: `Pod`.
        each(start, unsafe { core::slice::from_raw_parts(batch.as_ptr().cast(), count) });
    }
}

/// Reads a run of elements, and calls back with each one's place in the run. The target's stride is not used.
///
/// # Safety
///
/// A run of readable, initialised elements of `T` begins at `from`.
pub(super) unsafe fn load_run<T: Element>(from: *const u8, run: Run, mut each: impl FnMut(isize, T)) {
    if run.from_stride == size_of::<T>().cast_signed() && run.len >= 16 {
        let batch = |start: usize, bits: &[T::Bits]| {
            bits.iter().enumerate().for_each(|(i, bits)| each((start + i).cast_signed(), T::from_bits(*bits)));
        };
        // SAFETY: elements one behind the other: the stride says so.
        return unsafe { load_batches::<T>(from, run.len, batch) };
    }
    let align = align_of::<T::Bits>();
    let aligned = from.addr().is_multiple_of(align) && run.from_stride.unsigned_abs().is_multiple_of(align);
    for i in 0..run.len.cast_signed() {
        let source = from.wrapping_offset(i * run.from_stride); // At an element of the run, which the caller has.
        let bits = if aligned {
            // SAFETY: readable: the caller's duty; aligned, since the first is and the stride keeps it so.
            unsafe { ptr::read_volatile(source.cast::<T::Bits>()) }
        } else {
            // SAFETY: readable: the caller's duty.
            unsafe { load(source) }
        };
        each(i, T::from_bits(bits));
    }
}

/// What the machine reads in one go without being told more about it.
#[cfg(target_arch = "x86_64")]
type Block = core::arch::x86_64::__m128i;
#[cfg(not(target_arch = "x86_64"))]
type Block = u64;

/// Copies `len` bytes out of shared memory.
///
/// # Safety
///
/// `len` bytes at `from` are readable and initialised, `len` bytes at `to` are writable and nobody else's, and
/// the two are apart.
pub(super) unsafe fn copy_bytes(from: *const u8, to: *mut u8, len: usize) {
    if len >= bulk::MANY {
        // SAFETY: the caller's duty.
        return unsafe { bulk::copy(from, to, len) };
    }
    // SAFETY: the caller's duty.
    unsafe { copy_blocks(from, to, len) };
}

/// From so many bytes on, nobody finds what was written in the cache. In tests few, so that they come by.
const VAST: usize = if cfg!(test) { 1 << 8 } else { 32 << 20 };

/// Returns true if so many bytes are better written past the cache.
pub(super) fn is_vast(total: usize) -> bool {
    total >= VAST
}

/// Copies `len` bytes out of shared memory, which are part of a copy of `total` bytes.
///
/// # Safety
///
/// That of [`copy_bytes`].
pub(super) unsafe fn copy_bytes_of(from: *const u8, to: *mut u8, len: usize, total: usize) {
    if is_vast(total) && len >= bulk::MANY {
        let _past = PastCache;
        // SAFETY: the caller's duty.
        return unsafe { bulk::copy_past_cache(from, to, len) };
    }
    // SAFETY: the caller's duty.
    unsafe { copy_bytes(from, to, len) };
}

/// While this lives writes go past the cache; they are in order with what follows when it is dropped.
pub(super) struct PastCache;

impl Drop for PastCache {
    fn drop(&mut self) {
        bulk::fence();
    }
}

/// # Safety
///
/// That of [`copy_bytes`].
unsafe fn copy_blocks(from: *const u8, to: *mut u8, len: usize) {
    const BLOCK: usize = size_of::<Block>();
    let head = from.align_offset(BLOCK).min(len); // Blocks are read aligned, so that each is one load.
    let blocks = (len - head) / BLOCK;
    let tail = head + blocks * BLOCK;
    let bytes = |len| Run { len, from_stride: 1, to_stride: 1 };
    // SAFETY: the first `head` of `len` bytes on both sides.
    unsafe { copy_strided::<u8>(from, to, bytes(head)) };
    let run = Run { len: blocks, from_stride: BLOCK.cast_signed(), to_stride: BLOCK.cast_signed() };
    // SAFETY: whole blocks within `len` bytes on both sides; the first is aligned, or there is none.
    unsafe { copy_strided::<Block>(from.wrapping_add(head), to.wrapping_add(head), run) };
    // SAFETY: the rest of `len` bytes on both sides.
    unsafe { copy_strided::<u8>(from.wrapping_add(tail), to.wrapping_add(tail), bytes(len - tail)) };
}

/// Copies a run of elements of `itemsize` bytes out of shared memory, which are part of a copy of `total` bytes.
///
/// # Safety
///
/// A run of readable, initialised elements begins at `from` and one of writable elements at `to`, each with its
/// stride; the target is nobody else's, and apart from the source.
pub(super) unsafe fn copy_run(from: *const u8, to: *mut u8, itemsize: usize, run: Run, total: usize) {
    let dense = itemsize.cast_signed();
    if run.from_stride == dense && run.to_stride == dense {
        // SAFETY: the elements lie behind each other on both sides: the strides say so.
        return unsafe { copy_bytes_of(from, to, run.len * itemsize, total) };
    }
    let align = itemsize.clamp(1, align_of::<u64>()); // Used with powers of two alone.
    let aligned = from.addr().is_multiple_of(align) && run.from_stride.unsigned_abs().is_multiple_of(align);
    let copy: unsafe fn(*const u8, *mut u8, Run) = match itemsize {
        1 => copy_strided::<u8>,
        2 if aligned => copy_strided::<u16>,
        4 if aligned => copy_strided::<u32>,
        8 if aligned => copy_strided::<u64>,
        16 if aligned => copy_strided::<[u64; 2]>,
        _ => {
            for i in 0..run.len.cast_signed() {
                let (source, target) =
                    (from.wrapping_offset(i * run.from_stride), to.wrapping_offset(i * run.to_stride));
                // SAFETY: one whole element on each side: the caller's duty.
                unsafe { copy_bytes(source, target, itemsize) };
            }
            return;
        }
    };
    // SAFETY: elements of this size: the caller's duty; aligned on the source's side, checked, or bytes.
    unsafe { copy(from, to, run) };
}

/// Copies a run of `T`s out of shared memory.
///
/// # Safety
///
/// That of [`copy_run`]; and every `T` of the source is aligned.
unsafe fn copy_strided<T: Pod>(from: *const u8, to: *mut u8, run: Run) {
    for i in 0..run.len.cast_signed() {
        // Wrapping, but at an element of the run, which lies in the caller's memory.
        let (source, target) = (from.wrapping_offset(i * run.from_stride), to.wrapping_offset(i * run.to_stride));
        // SAFETY: readable and aligned: the caller's duty; any bits are a `T`: `Pod`.
        let value = unsafe { ptr::read_volatile(source.cast::<T>()) };
        // SAFETY: writable and ours: the caller's duty.
        unsafe { target.cast::<T>().write_unaligned(value) };
    }
}

impl Array {
    /// Reads one element. Works for every access.
    ///
    /// # Errors
    ///
    /// Another device, dtype or number of axes, a null, or no such element.
    pub fn get<T: Element>(&self, index: &[usize]) -> Result<T, ViewError> {
        if !self.device.is_host() {
            return Err(ViewError::Device { found: self.device });
        }
        if self.dtype != T::DTYPE {
            return Err(ViewError::DType { expected: T::DTYPE, found: self.dtype.clone() });
        }
        let inside = index.len() == self.ndim() && index.iter().zip(self.shape()).all(|(i, n)| i < n);
        if !inside {
            return Err(ViewError::Index { index: index.into(), shape: self.shape().into() });
        }
        if self.validity.as_ref().is_some_and(|validity| !validity.is_valid(index)) {
            return Err(ViewError::Nulls { nulls: 1 });
        }
        let offset = index.iter().zip(self.strides()).map(|(i, s)| i.cast_signed() * s).sum();
        Ok(self.load_at(offset))
    }

    /// Reads every element in row-major order, one after the other. Works for every access.
    ///
    /// # Errors
    ///
    /// Says which of device, dtype and nulls does not fit.
    pub fn iter<T: Element>(&self) -> Result<impl ExactSizeIterator<Item = T> + '_, ViewError> {
        self.check_readable::<T>()?;
        Ok(self.layout.offsets().map(|offset| self.load_at(offset)))
    }

    /// **Copies** every element out in row-major order. Works for every access.
    ///
    /// # Errors
    ///
    /// Says which of device, dtype and nulls does not fit, or that there is no memory.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, ViewError> {
        self.check_readable::<T>()?;
        let len = self.len();
        let mut values = Vec::new();
        values.try_reserve_exact(len).map_err(|_| ViewError::Memory { nbytes: len.saturating_mul(size_of::<T>()) })?;
        let dense = match Layout::c_order(size_of::<T>(), self.shape()) {
            Ok(dense) if len > 0 => dense,
            Ok(_) => return Ok(values),
            Err(_) => return Ok(self.iter()?.collect()), // Never: a `T` is as large as its bits, and those have a layout.
        };
        let (from, to) = (self.as_ptr().cast_const(), values.as_mut_ptr().cast::<u8>());
        Runs::new(&self.layout, &dense).visit(|run, source, target| {
            let (from, to) = (from.wrapping_offset(source), to.wrapping_offset(target));
            let write = |i: isize, value: T| {
                let target = to.wrapping_offset(i * run.to_stride).cast::<T>();
                // SAFETY: an element of the dense layout, for which the vector has room; aligned, as its strides are.
                unsafe { target.write(value) };
            };
            // SAFETY: `Runs` visits elements of this layout, which are there and of this dtype: invariants 1 and 2.
            unsafe { load_run(from, run, write) };
        });
        // SAFETY: `len` elements were written: the layouts have one shape.
        unsafe { values.set_len(len) };
        Ok(values)
    }

    /// Reads the element at a byte offset that the layout has, of the dtype that was checked.
    fn load_at<T: Element>(&self, offset: isize) -> T {
        debug_assert!(self.dtype == T::DTYPE && self.layout.span().contains(&offset));
        // SAFETY: within the span: the offset is one of the layout's; invariant 2.
        let address = unsafe { self.buffer.first().offset(offset) };
        // SAFETY: a whole element lies there: invariants 1 and 2, and the dtype was checked.
        T::from_bits(unsafe { load(address.as_ptr()) })
    }
}
