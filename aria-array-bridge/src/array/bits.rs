//! Bits and bytes: Arrow's booleans, least significant bit first, as arrays of bool, and back. Both **copy** in one pass.

#[cfg(all(target_arch = "x86_64", not(miri)))]
use super::read::AHEAD;
use super::read::{copy_bytes, copy_line, load, load_run};
use super::runs::Runs;
use super::{Array, ArrayError};
use crate::buffer::{Owner, allocate, allocate_unwritten};
use crate::dtype::DType;
use crate::layout::{Layout, Order};
use core::ptr::NonNull;

/// A byte for each bit of `bits`, the first one lowest.
fn spread(bits: u8) -> [u8; 8] {
    let each = u64::from(bits).wrapping_mul(0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
    // A byte that is not zero carries into its highest bit, and never beyond.
    ((each + 0x7f7f_7f7f_7f7f_7f7f) >> 7 & 0x0101_0101_0101_0101).to_le_bytes()
}

/// Writes a byte for each of 64 bits.
///
/// # Safety
///
/// 64 bytes at `to` are writable and nobody else's.
unsafe fn spread_word(bits: u64, to: *mut u8) {
    for (at, bits) in bits.to_le_bytes().into_iter().enumerate() {
        let place = to.wrapping_add(at * 8).cast::<[u8; 8]>();
        // SAFETY: eight of the 64.
        unsafe { place.write_unaligned(spread(bits)) };
    }
}

/// As [`spread_word`], half a word at once.
///
/// # Safety
///
/// That of [`spread_word`]; the machine has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn spread_word_wide(bits: u64, to: *mut u8) {
    use core::arch::x86_64::{
        _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_set1_epi8, _mm256_set1_epi32, _mm256_set1_epi64x,
        _mm256_setr_epi64x, _mm256_shuffle_epi8, _mm256_storeu_si256,
    };
    // Byte 0 of the half eight times, then byte 1; in the upper lane bytes 2 and 3.
    let which = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
    let each = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
    for (at, half) in [bits as u32, (bits >> 32) as u32].into_iter().enumerate() {
        let bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(half.cast_signed()), which);
        let set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, each), each);
        let ones = _mm256_and_si256(set, _mm256_set1_epi8(1));
        let place = to.wrapping_add(at * 32).cast();
        // SAFETY: half of the 64 bytes, at any alignment.
        unsafe { _mm256_storeu_si256(place, ones) };
    }
}

/// A bit for each of 64 bytes that is not zero, the first one lowest.
fn gather_line(bytes: &[u8; 64]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_setzero_si128};
        let (groups, _) = bytes.as_chunks::<16>();
        groups.iter().rev().fold(0, |bits, group| {
            // SAFETY: an instruction of every x86-64, which reads 16 bytes at any alignment.
            let group = unsafe { _mm_loadu_si128(group.as_ptr().cast()) };
            // SAFETY: likewise.
            let nothing = unsafe { _mm_setzero_si128() };
            // SAFETY: likewise, as are all of SSE2's.
            let zero = unsafe { _mm_cmpeq_epi8(group, nothing) };
            // SAFETY: likewise.
            let zero = unsafe { _mm_movemask_epi8(zero) };
            bits << 16 | u64::from(!zero as u16)
        })
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let (groups, _) = bytes.as_chunks::<8>();
        groups.iter().rev().fold(0, |bits, group| bits << 8 | u64::from(gather(*group)))
    }
}

/// As [`gather_line`], of 64 bytes that others may write to meanwhile, half of them at once.
///
/// # Safety
///
/// 64 bytes at `from` are readable; the machine has AVX2.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[target_feature(enable = "avx2")]
unsafe fn gather_wide(from: *const u8) -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: instructions of AVX2, which read the 64 bytes at any alignment and write registers; the compiler assumes
    // nothing of what they read. What is asked for ahead may be any address.
    unsafe {
        core::arch::asm!(
            "prefetchnta [{from} + {ahead}]",
            "vpxor {zero}, {zero}, {zero}",
            "vpcmpeqb {first}, {zero}, [{from}]",
            "vpcmpeqb {second}, {zero}, [{from} + 32]",
            "vpmovmskb {low:e}, {first}",
            "vpmovmskb {high:e}, {second}",
            ahead = const AHEAD,
            zero = out(ymm_reg) _,
            first = out(ymm_reg) _,
            second = out(ymm_reg) _,
            low = out(reg) low,
            high = out(reg) high,
            from = in(reg) from,
            options(nostack, readonly, preserves_flags),
        );
    }
    !(u64::from(low) | u64::from(high) << 32)
}

/// Lines of 64 bytes as words of bits.
///
/// # Safety
///
/// `lines` lines at `from` are readable, and others may write to them; as many words at `to` are writable and nobody else's.
/// The machine has AVX2.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[target_feature(enable = "avx2")]
unsafe fn gather_lines_wide(from: *const u8, lines: usize, to: *mut u8) {
    for line in 0..lines {
        // SAFETY: one of the lines.
        let word = unsafe { gather_wide(from.wrapping_add(line * 64)) };
        // SAFETY: one of the words.
        unsafe { to.wrapping_add(line * 8).cast::<[u8; 8]>().write_unaligned(word.to_le_bytes()) };
    }
}

/// A bit for each of eight bytes that is not zero, the first one lowest.
#[cfg(any(test, not(target_arch = "x86_64")))]
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
        #[cfg(target_arch = "x86_64")]
        let wide = std::arch::is_x86_feature_detected!("avx2");
        for word in 0..len / 64 {
            // SAFETY: each of the eight bytes holds a bit of an element.
            let mut bits = u64::from_le_bytes(unsafe { load(from.wrapping_add(word * 8)) });
            if shift > 0 {
                bits = bits >> shift | u64::from(byte(word * 8 + 8)) << (64 - shift);
            }
            let place = to.wrapping_add(word * 64);
            #[cfg(target_arch = "x86_64")]
            if wide {
                // SAFETY: 64 elements of the fresh array; the machine has AVX2, detected above.
                unsafe { spread_word_wide(bits, place) };
                continue;
            }
            // SAFETY: 64 elements of the fresh array.
            unsafe { spread_word(bits, place) };
        }
        for i in len / 64 * 64..len {
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
        let dense = self.layout().is_c_contiguous();
        // Of dense elements every byte is written next; for others the bits that are false are there.
        let memory = if dense { allocate_unwritten(nbytes) } else { allocate(nbytes) };
        let (bits, owner) = memory.ok_or(ArrayError::Memory { nbytes })?;
        let from = self.as_ptr().cast_const();
        let set = |at: usize, byte: u8| {
            // SAFETY: one of `nbytes` fresh bytes, which are ours alone.
            unsafe { bits.as_ptr().wrapping_add(at).write(byte) };
        };
        if self.is_empty() {
            return Ok((bits, owner));
        }
        if dense {
            let (mut bytes, lines) = ([0; 64], self.len() / 64);
            #[cfg_attr(any(miri, not(target_arch = "x86_64")), expect(unused_mut, reason = "there are no wide lines"))]
            let mut done = 0;
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: as many elements, one behind the other, and as many bits of the fresh memory; just asked for AVX2.
                unsafe { gather_lines_wide(from, lines, bits.as_ptr()) };
                done = lines;
            }
            for line in done..lines {
                // SAFETY: 64 elements, one behind the other; `bytes` is ours and has room for them.
                unsafe { copy_line(from.wrapping_add(line * 64), bytes.as_mut_ptr()) };
                let place = bits.as_ptr().wrapping_add(line * 8).cast::<[u8; 8]>();
                // SAFETY: eight of the fresh bytes, which are ours alone.
                unsafe { place.write_unaligned(gather_line(&bytes).to_le_bytes()) };
            }
            let rest = self.len() % 64;
            bytes = [0; 64];
            // SAFETY: the elements that are left, likewise.
            unsafe { copy_bytes(from.wrapping_add(lines * 64), bytes.as_mut_ptr(), rest) };
            let word = gather_line(&bytes).to_le_bytes();
            word[..rest.div_ceil(8)].iter().enumerate().for_each(|(at, byte)| set(lines * 8 + at, *byte));
            return Ok((bits, owner));
        }
        // Row-major positions count up by one: the offsets of a dense layout of bytes.
        let dense = Layout::c_order(1, self.shape())?;
        Runs::new(self.layout(), &dense).visit(|run, source, target| {
            let write = |i: isize, value: bool| {
                let at = (target + i * run.to_stride).unsigned_abs();
                let place = bits.as_ptr().wrapping_add(at / 8);
                // SAFETY: one of the fresh bytes, which are ours alone, and zeroed.
                let byte = unsafe { place.read() };
                // SAFETY: as above.
                unsafe { place.write(byte | u8::from(value) << (at % 8)) };
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

    #[test]
    fn a_word_is_spread_the_same_by_every_machine() {
        for bits in [0, u64::MAX, 0x0123_4567_89ab_cdef, 1, 1 << 63] {
            let (mut narrow, mut wide) = ([9u8; 64], [9u8; 64]);
            // SAFETY: 64 bytes of our own.
            unsafe { spread_word(bits, narrow.as_mut_ptr()) };
            assert_eq!(gather_line(&narrow), bits);
            let (groups, _) = narrow.as_chunks::<8>();
            assert_eq!(groups.iter().map(|group| gather(*group)).collect::<Vec<_>>(), bits.to_le_bytes());
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: as above, on a machine that has AVX2.
                unsafe { spread_word_wide(bits, wide.as_mut_ptr()) };
                assert_eq!(narrow, wide);
            }
            let _ = &mut wide;
        }
    }

    proptest! {
        #[test]
        fn bits_at_any_offset_are_the_bools_of_a_naive_walk(bytes in prop::collection::vec(any::<u8>(), 1..60), skip in 0usize..24, cut in 0usize..9) {
            let end = bytes.len() * 8;
            let (bit, len) = (skip.min(end), end.saturating_sub(skip).saturating_sub(cut));
            // SAFETY: bits `bit..bit + len` are there.
            let array = unsafe { Array::from_bits(NonNull::from(bytes.as_slice()).cast(), bit, &[len]) }.unwrap();
            let naive: Vec<bool> = (bit..bit + len).map(|at| bytes[at / 8] >> (at % 8) & 1 == 1).collect();
            prop_assert_eq!(array.to_vec::<bool>().unwrap(), naive);
        }

        #[test]
        fn bools_of_any_stride_become_the_bits_of_a_naive_walk(bytes in prop::collection::vec(0u8..3, 0..200), step in prop::sample::select(vec![1isize, 2, 3, -1, -2])) {
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
