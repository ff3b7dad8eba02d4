//! Reads of shared memory (rule L9).
//!
//! Others may write to the memory while it is read here: Python code, another thread, another process. So
//! nothing in this file makes a reference to it; every read is a volatile one of bytes, which the compiler
//! neither repeats nor leaves out, and whose result is any bits at all. A torn value is possible and harmless.

use super::runs::Run;
use super::{Array, ViewError};
use crate::dtype::Element;
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

/// Copies `len` bytes out of shared memory.
///
/// # Safety
///
/// `len` bytes at `from` are readable and initialised, `len` bytes at `to` are writable and nobody else's, and
/// the two are apart.
pub(super) unsafe fn copy_bytes(from: *const u8, to: *mut u8, len: usize) {
    const WORD: usize = size_of::<u64>();
    let head = from.align_offset(WORD).min(len); // Words are read aligned, so that each is one load.
    let words = (len - head) / WORD;
    let tail = head + words * WORD;
    // SAFETY: the first `head` of `len` bytes on both sides, one after the other.
    unsafe { copy_strided::<u8>(from, to, Run { len: head, from_stride: 1, to_stride: 1 }) };
    let run = Run { len: words, from_stride: WORD.cast_signed(), to_stride: WORD.cast_signed() };
    // SAFETY: whole words within `len` bytes on both sides; the first is aligned, or there is none.
    unsafe { copy_strided::<u64>(from.wrapping_add(head), to.wrapping_add(head), run) };
    let run = Run { len: len - tail, from_stride: 1, to_stride: 1 };
    // SAFETY: the rest of `len` bytes on both sides.
    unsafe { copy_strided::<u8>(from.wrapping_add(tail), to.wrapping_add(tail), run) };
}

/// Copies a run of elements of `itemsize` bytes out of shared memory.
///
/// # Safety
///
/// A run of readable, initialised elements begins at `from` and one of writable elements at `to`, each with its
/// stride; the target is nobody else's, and apart from the source.
pub(super) unsafe fn copy_run(from: *const u8, to: *mut u8, itemsize: usize, run: Run) {
    let dense = itemsize.cast_signed();
    if run.from_stride == dense && run.to_stride == dense {
        // SAFETY: the elements lie behind each other on both sides: the strides say so.
        return unsafe { copy_bytes(from, to, run.len * itemsize) };
    }
    let aligned =
        from.addr().is_multiple_of(itemsize.max(1)) && run.from_stride.unsigned_abs().is_multiple_of(itemsize.max(1));
    let copy: unsafe fn(*const u8, *mut u8, Run) = match itemsize {
        1 => copy_strided::<u8>,
        2 if aligned => copy_strided::<u16>,
        4 if aligned => copy_strided::<u32>,
        8 if aligned => copy_strided::<u64>,
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
    /// Says which of device, dtype and nulls does not fit.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, ViewError> {
        Ok(self.iter()?.collect())
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
