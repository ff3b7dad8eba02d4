//! Bits and bytes: Arrow's booleans, least significant bit first, as arrays of bool, and back. Both **copy** in one pass.

use super::read::{load, load_run};
use super::runs::Runs;
use super::{Array, ArrayError};
use crate::buffer::{Owner, allocate};
use crate::dtype::DType;
use crate::layout::{Layout, Order};
use core::ptr::NonNull;

/// A byte for each bit of `bits`, the first one lowest.
fn spread(bits: u8) -> [u8; 8] {
    let each = u64::from(bits).wrapping_mul(0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
    // A byte that is not zero carries into its highest bit, and never beyond.
    ((each + 0x7f7f_7f7f_7f7f_7f7f) >> 7 & 0x0101_0101_0101_0101).to_le_bytes()
}

/// A bit for each of eight bytes that is not zero, the first one lowest.
fn gather(bytes: [u8; 8]) -> u8 {
    let bytes = u64::from_le_bytes(bytes);
    let low = 0x7f7f_7f7f_7f7f_7f7f;
    let high = (bytes | ((bytes & low) + low)) >> 7 & 0x0101_0101_0101_0101;
    (high.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

impl Array {
    /// **Copies** bits into bools, a byte each.
    ///
    /// # Errors
    ///
    /// Too many axes or elements, or no memory.
    ///
    /// # Safety
    ///
    /// The bytes that hold bits `bit` to `bit` + the number of elements after `first` are readable.
    pub(crate) unsafe fn from_bits(first: NonNull<u8>, bit: usize, shape: &[usize]) -> Result<Array, ArrayError> {
        let layout = Layout::contiguous(1, shape, Order::C)?;
        let len = layout.len();
        // SAFETY: every element is written next.
        let array = unsafe { Array::unwritten(DType::BOOL, layout) }?;
        let (from, to) = (first.as_ptr().cast_const().wrapping_add(bit / 8), array.as_ptr());
        let shift = bit % 8;
        let byte = |at: usize| -> u8 {
            // SAFETY: holds a bit of an element: callers of this stay below `shift + len` bits.
            unsafe { load(from.wrapping_add(at)) }
        };
        for group in 0..len / 8 {
            let mut bits = byte(group);
            if shift > 0 {
                bits = bits >> shift | byte(group + 1) << (8 - shift);
            }
            let place = to.wrapping_add(group * 8).cast::<[u8; 8]>();
            // SAFETY: eight elements of the fresh array.
            unsafe { place.write_unaligned(spread(bits)) };
        }
        for i in len / 8 * 8..len {
            let at = shift + i;
            let place = to.wrapping_add(i);
            // SAFETY: an element of the fresh array.
            unsafe { place.write(byte(at / 8) >> (at % 8) & 1) };
        }
        Ok(array)
    }

    /// **Copies** bools into bits, in row-major order; anything but a zero byte is true.
    ///
    /// # Errors
    ///
    /// Elements that are no bools, memory of a device, or no memory.
    pub(crate) fn to_bits(&self) -> Result<(NonNull<u8>, Owner), ArrayError> {
        if *self.dtype() != DType::BOOL {
            let (expected, found) = (1, self.dtype().itemsize());
            return Err(ArrayError::Itemsize { dtype: self.dtype().clone(), expected, found });
        }
        if !self.device().is_host() {
            return Err(ArrayError::Device { found: self.device() });
        }
        let nbytes = self.len().div_ceil(8);
        let (bits, owner) = allocate(nbytes).ok_or(ArrayError::Memory { nbytes })?;
        let from = self.as_ptr().cast_const();
        let set = |at: usize, byte: u8| {
            // SAFETY: one of `nbytes` fresh bytes, which are ours alone.
            unsafe { bits.as_ptr().wrapping_add(at).write(byte) };
        };
        if self.is_empty() {
            return Ok((bits, owner));
        }
        if self.layout().is_c_contiguous() {
            let whole = self.len() / 8;
            for group in 0..whole {
                // SAFETY: eight elements, one behind the other.
                let bytes: u64 = unsafe { load(from.wrapping_add(group * 8)) };
                set(group, gather(bytes.to_ne_bytes()));
            }
            let mut rest = [0; 8];
            for (i, byte) in rest.iter_mut().take(self.len() % 8).enumerate() {
                // SAFETY: an element.
                *byte = unsafe { load(from.wrapping_add(whole * 8 + i)) };
            }
            if !self.len().is_multiple_of(8) {
                set(whole, gather(rest));
            }
            return Ok((bits, owner));
        }
        // Row-major positions count up by one: the offsets of a dense layout of bytes.
        let dense = Layout::c_order(1, self.shape())?;
        Runs::new(self.layout(), &dense).visit(|run, source, target| {
            let write = |i: isize, value: bool| {
                let at = (target + i * run.to_stride).unsigned_abs();
                let place = bits.as_ptr().wrapping_add(at / 8);
                // SAFETY: one of the fresh bytes, zeroed and ours alone.
                let others = unsafe { place.read() };
                // SAFETY: as above.
                unsafe { place.write(others | u8::from(value) << (at % 8)) };
            };
            // SAFETY: `Runs` visits elements of this layout, which are bools.
            unsafe { load_run::<bool>(from.wrapping_offset(source), run, write) };
        });
        Ok((bits, owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Slice;
    use proptest::prelude::*;

    #[test]
    fn every_byte_is_spread_and_gathered() {
        for bits in 0..=255u8 {
            let bytes = spread(bits);
            assert!(bytes.iter().enumerate().all(|(i, byte)| *byte == bits >> i & 1));
            assert_eq!(gather(bytes), bits);
            assert_eq!(gather(bytes.map(|byte| byte * 0x80)), bits);
        }
        assert_eq!(gather([2, 0, 0x81, 0, 0xff, 0, 0x7f, 0]), 0b0101_0101);
    }

    proptest! {
        #[test]
        fn bits_at_any_offset_are_the_bools_of_a_naive_walk(bytes in prop::collection::vec(any::<u8>(), 1..40), skip in 0usize..24, cut in 0usize..9) {
            let end = bytes.len() * 8;
            let (bit, len) = (skip.min(end), end.saturating_sub(skip).saturating_sub(cut));
            // SAFETY: bits `bit..bit + len` are there.
            let array = unsafe { Array::from_bits(NonNull::from(bytes.as_slice()).cast(), bit, &[len]) }.unwrap();
            let naive: Vec<bool> = (bit..bit + len).map(|at| bytes[at / 8] >> (at % 8) & 1 == 1).collect();
            prop_assert_eq!(array.to_vec::<bool>().unwrap(), naive);
        }

        #[test]
        fn bools_of_any_stride_become_the_bits_of_a_naive_walk(bytes in prop::collection::vec(0u8..3, 0..70), step in prop::sample::select(vec![1isize, 2, 3, -1, -2])) {
            let array = Array::from(bytes).reinterpret(DType::BOOL).unwrap();
            let slice = Slice::resolve(array.len(), None, None, step).unwrap();
            let array = array.slice(0, slice).unwrap();
            let (bits, owner) = array.to_bits().unwrap();
            // SAFETY: as many bits as elements; kept by `owner`.
            let back = unsafe { Array::from_bits(bits, 0, array.shape()) }.unwrap();
            prop_assert_eq!(back.to_vec::<bool>().unwrap(), array.to_vec::<bool>().unwrap());
            drop(owner);
        }
    }
}
