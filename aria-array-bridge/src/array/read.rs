//! Reads of shared memory (rule L9).
//!
//! Others may write to the memory while it is read here: Python code, another thread, another process. So
//! nothing in this file makes a reference to it; every read is a volatile one of bytes, which the compiler
//! neither repeats nor leaves out, and whose result is any bits at all. A torn value is possible and harmless.

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
    const WORD: usize = 8;
    let words = len / WORD;
    for i in 0..words {
        // Wrapping, but within `len` bytes, so the address is that of a byte of the block.
        let (source, target) = (from.wrapping_add(i * WORD), to.wrapping_add(i * WORD));
        // SAFETY: within `len` bytes: the caller's duty; arrays of bytes have no alignment.
        let word = unsafe { ptr::read_volatile(source.cast::<[u8; WORD]>()) };
        // SAFETY: within `len` bytes that are ours: the caller's duty; arrays of bytes have no alignment.
        unsafe { target.cast::<[u8; WORD]>().write(word) };
    }
    for i in words * WORD..len {
        // SAFETY: within `len` bytes: the caller's duty.
        let byte = unsafe { ptr::read_volatile(from.wrapping_add(i)) };
        // SAFETY: within `len` bytes that are ours: the caller's duty.
        unsafe { to.wrapping_add(i).write(byte) };
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
