//! `Validity`: which elements are null, as Arrow's bits say it (rule L6).

use super::ArrayError;
use super::read::load;
use crate::buffer::{Buffer, Owner};
use crate::layout::{Layout, LayoutError, Moved};
use core::fmt;
use core::ptr::NonNull;

/// An Arrow validity bitmap: least significant bit first, 1 = valid. One bit per element of an array.
///
/// Every view of an array has a view of the bits, so that nothing is copied and nothing is lost.
///
/// # Invariants
///
/// 1. `bits` has the shape of the array, an itemsize of 1, and strides that count **bits**.
/// 2. While `buffer`'s owner lives, the bytes around `buffer.first` that hold bits `start + span` are readable.
#[derive(Clone)]
pub struct Validity {
    buffer: Buffer,
    start: isize,
    bits: Layout,
    null_count: Option<usize>,
}

impl Validity {
    /// Shares a bitmap. `offset` is the bit of element zero; elements follow in row-major order. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Too many elements.
    ///
    /// # Safety
    ///
    /// While `owner` lives, the bytes that hold bits `offset` to `offset + len` after `first` are readable.
    pub unsafe fn from_raw(
        first: NonNull<u8>,
        offset: usize,
        shape: &[usize],
        null_count: Option<usize>,
        owner: Owner,
    ) -> Result<Validity, LayoutError> {
        let bits = Layout::c_order(1, shape)?;
        // SAFETY: the caller's duty: the offsets are those from 0 to the number of elements.
        unsafe { Validity::from_bits(first, offset, bits, null_count, owner) }
    }

    /// Shares a bitmap in which the elements' bits lie anywhere: `bits` has an itemsize of 1, and strides that count bits.
    /// **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Bits further on than can be counted.
    ///
    /// # Safety
    ///
    /// While `owner` lives, the bytes that hold bits `start` + each of the layout's offsets after `first` are readable.
    pub(crate) unsafe fn from_bits(
        first: NonNull<u8>,
        start: usize,
        bits: Layout,
        null_count: Option<usize>,
        owner: Owner,
    ) -> Result<Validity, LayoutError> {
        let found = || LayoutError::TooLarge { itemsize: 1, shape: bits.shape().into() };
        let start = isize::try_from(start).map_err(|_| found())?;
        start.checked_add(bits.span().end).ok_or_else(found)?;
        // SAFETY: the caller's duty.
        let buffer = unsafe { Buffer::new(first, owner) };
        Ok(Validity { buffer, start, bits, null_count })
    }

    /// Valid where all of them are; `None` of none. One is kept as it is, several are **copied** into one.
    ///
    /// # Errors
    ///
    /// Validities of different shapes, or no memory.
    pub(crate) fn all(several: Vec<Validity>) -> Result<Option<Validity>, ArrayError> {
        let mut several = several.into_iter();
        let Some(first) = several.next() else { return Ok(None) };
        several
            .try_fold(first, |all, other| {
                let (expected, found) = (all.len(), other.len());
                if all.shape() != other.shape() {
                    return Err(ArrayError::Length { expected, found });
                }
                let valid: Vec<bool> = all.iter().zip(other.iter()).map(|(a, b)| a && b).collect();
                Validity::from_bools(&valid, all.shape())
            })
            .map(Some)
    }

    /// **Copies** one bool per element, in row-major order, true = valid.
    ///
    /// # Errors
    ///
    /// Not as many bools as the shape has elements.
    pub fn from_bools(valid: &[bool], shape: &[usize]) -> Result<Validity, ArrayError> {
        let (mut bytes, nbytes) = (Vec::new(), valid.len().div_ceil(8));
        bytes.try_reserve_exact(nbytes).map_err(|_| ArrayError::Memory { nbytes })?;
        bytes.resize(nbytes, 0u8);
        for (i, _) in valid.iter().enumerate().filter(|(_, valid)| **valid) {
            bytes[i / 8] |= 1 << (i % 8);
        }
        let expected = Layout::c_order(1, shape)?.len();
        if expected != valid.len() {
            return Err(ArrayError::Length { expected, found: valid.len() });
        }
        let nulls = valid.iter().filter(|valid| !**valid).count();
        Validity::from_bytes(bytes, shape, nulls)
    }

    /// Extents, in elements.
    pub fn shape(&self) -> &[usize] {
        self.bits.shape()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.bits.len()
    }

    /// Returns true if there is no element.
    pub fn is_empty(&self) -> bool {
        self.bits.is_empty()
    }

    /// The bitmap's first byte and the bit of element zero, if the elements follow in row-major order.
    pub fn as_arrow(&self) -> Option<(NonNull<u8>, usize)> {
        let start = usize::try_from(self.start).ok()?;
        self.bits.is_c_contiguous().then_some((self.buffer.first(), start))
    }

    /// **Copies** the bits in row-major order, from the first bit of a byte on.
    pub(crate) fn packed(&self) -> Result<Validity, ArrayError> {
        let nbytes = self.len().div_ceil(8);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(nbytes).map_err(|_| ArrayError::Memory { nbytes })?;
        bytes.resize(nbytes, 0xff);
        let nulls = self.clear_nulls(&mut bytes, 0);
        Validity::from_bytes(bytes, self.shape(), nulls)
    }

    /// The same bits in row-major order; **copies** them if they lie otherwise.
    #[must_use]
    pub fn compact(self) -> Validity {
        if self.as_arrow().is_some() {
            return self;
        }
        self.packed().unwrap_or(self) // Fails without memory alone.
    }

    /// The same bits, kept alive by another owner.
    ///
    /// # Safety
    ///
    /// `owner` keeps the bits alive as the old one does.
    pub(super) unsafe fn with_owner(&self, owner: Owner) -> Validity {
        // SAFETY: the caller's duty.
        let buffer = unsafe { Buffer::new(self.buffer.first(), owner) };
        Validity { buffer, ..self.clone() }
    }

    /// What keeps the bits alive.
    pub fn owner(&self) -> &Owner {
        self.buffer.owner()
    }

    /// Returns true if the element at this index is valid. The index must lie within the shape.
    pub fn is_valid(&self, index: &[usize]) -> bool {
        debug_assert!(index.len() == self.bits.ndim() && index.iter().zip(self.shape()).all(|(i, n)| i < n));
        let inside = index.len() == self.bits.ndim() && index.iter().zip(self.shape()).all(|(i, n)| i < n);
        let offset = || index.iter().zip(self.bits.strides()).map(|(i, s)| i.cast_signed() * s).sum();
        inside && self.bit(offset())
    }

    /// One bool per element, in row-major order, true = valid.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = bool> + '_ {
        self.bits.offsets().map(|offset| self.bit(offset))
    }

    /// Number of nulls; counts bits when it is not known.
    pub fn null_count(&self) -> usize {
        self.null_count.unwrap_or_else(|| self.words().map(|bits| bits.count_zeros() as usize).sum())
    }

    /// The bits in row-major order, 64 at a time, the last ones filled up with ones.
    pub(super) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        let arrow = self.as_arrow().map(|(first, start)| {
            let (from, shift, len) = (first.as_ptr().cast_const().wrapping_add(start / 8), start % 8, self.len());
            // SAFETY: holds a bit of an element, so it is readable: invariant 2. Callers of this stay below `shift + len` bits.
            let byte = move |at: usize| -> u8 { unsafe { load(from.wrapping_add(at)) } };
            (0..len.div_ceil(64)).map(move |word| {
                let count = (len - word * 64).min(64);
                let mut bits = if count == 64 {
                    // SAFETY: each of the eight bytes holds a bit of an element.
                    u64::from_le_bytes(unsafe { load(from.wrapping_add(word * 8)) })
                } else {
                    (0..(shift + count).div_ceil(8).min(8))
                        .fold(0, |bits, at| bits | u64::from(byte(word * 8 + at)) << (8 * at))
                };
                bits >>= shift;
                if shift + count > 64 {
                    bits |= u64::from(byte(word * 8 + 8)) << (64 - shift);
                }
                if count < 64 { bits | u64::MAX << count } else { bits }
            })
        });
        let mut singly = arrow.is_none().then(|| self.iter());
        let gathered = core::iter::from_fn(move || {
            let bits = singly.as_mut().filter(|bits| bits.len() > 0)?;
            Some(bits.take(64).enumerate().fold(u64::MAX, |word, (at, valid)| word & !(u64::from(!valid) << at)))
        });
        arrow.into_iter().flatten().chain(gathered)
    }

    /// Where the nulls are, in row-major order: positions from 0. Takes time with the number of nulls, and little with the
    /// number of elements.
    pub fn nulls(&self) -> impl Iterator<Item = usize> + '_ {
        self.words().enumerate().flat_map(|(word, bits)| {
            let mut null = !bits;
            core::iter::from_fn(move || {
                let at = null.trailing_zeros() as usize;
                null &= null.wrapping_sub(1);
                (at < 64).then_some(word * 64 + at)
            })
        })
    }

    /// Clears the bit of each null in a bitmap whose bit `at` is that of element zero. Returns the number of nulls.
    pub(super) fn clear_nulls(&self, bitmap: &mut [u8], at: usize) -> usize {
        let mut nulls = 0;
        for (word, bits) in self.words().enumerate().filter(|(_, bits)| *bits != u64::MAX) {
            nulls += bits.count_zeros() as usize;
            let first = (at + word * 64) / 8;
            let moved = u128::from(!bits) << (at % 8); // Nine bytes at most.
            let (low, high) = (moved as u64, (moved >> 64) as u8);
            if let Some(eight) = bitmap[first..].first_chunk_mut() {
                *eight = (u64::from_le_bytes(*eight) & !low).to_le_bytes();
            } else {
                bitmap[first..].iter_mut().zip(low.to_le_bytes()).for_each(|(byte, null)| *byte &= !null);
            }
            if high != 0 {
                bitmap[first + 8] &= !high;
            }
        }
        nulls
    }

    /// Shares a bitmap of our own, from its first bit on. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Fewer bits than the shape has elements.
    pub(super) fn from_bytes(bytes: Vec<u8>, shape: &[usize], null_count: usize) -> Result<Validity, ArrayError> {
        let len = Layout::c_order(1, shape)?.len();
        if bytes.len() < len.div_ceil(8) {
            return Err(ArrayError::Length { expected: len.div_ceil(8), found: bytes.len() });
        }
        let first = NonNull::from(bytes.as_slice()).cast();
        // SAFETY: the bytes hold a bit for each element, and live in the owner; moving the vector moves no bytes.
        Ok(unsafe { Validity::from_raw(first, 0, shape, Some(null_count), Owner::new(bytes)) }?)
    }

    /// The bit so many bits after that of element zero: one of the layout's offsets.
    pub(super) fn bit(&self, offset: isize) -> bool {
        let bit = self.start + offset; // Fits: checked when made, and views stay inside.
        let byte = bit.div_euclid(8);
        // SAFETY: the byte holds a bit of an element, so it is readable: invariant 2.
        let byte: u8 = unsafe { load(self.buffer.first().as_ptr().wrapping_offset(byte)) };
        byte >> bit.rem_euclid(8) & 1 == 1
    }

    /// The same view of the bits as is taken of the elements.
    pub(super) fn moved(
        &self,
        view: impl FnOnce(&Layout) -> Result<Moved, LayoutError>,
    ) -> Result<Validity, LayoutError> {
        let (bits, offset) = view(&self.bits)?;
        let same = bits.len() == self.bits.len() && offset == 0 && !bits.may_overlap();
        let null_count = self.null_count.filter(|nulls| same || *nulls == 0);
        Ok(Validity { buffer: self.buffer.clone(), start: self.start + offset, bits, null_count })
    }
}

impl fmt::Debug for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validity").field("shape", &self.shape()).field("start", &self.start).finish_non_exhaustive()
    }
}
