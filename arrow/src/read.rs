//! Reads of memory that others may write to: by copying out, volatile, and never through a reference (rule L9).

use crate::error::Problem;

/// `N` bytes, as they are at this moment; numbers of 2, 4 and 8 bytes at once where they lie aligned.
///
/// # Safety
///
/// They lie in memory that the host can read.
pub(crate) unsafe fn bytes<const N: usize>(place: *const u8) -> [u8; N] {
    let mut out = [0; N];
    if let Some(two) = aligned::<u16>(place).filter(|_| N == 2) {
        // SAFETY: two bytes, aligned: the caller's duty.
        out.copy_from_slice(&unsafe { two.read_volatile() }.to_ne_bytes());
    } else if let Some(four) = aligned::<u32>(place).filter(|_| N == 4) {
        // SAFETY: four bytes, aligned: the caller's duty.
        out.copy_from_slice(&unsafe { four.read_volatile() }.to_ne_bytes());
    } else {
        // SAFETY: the caller's duty.
        unsafe { copy(place, &mut out) };
    }
    out
}

/// The same place, if a `T` may lie there.
fn aligned<T>(place: *const u8) -> Option<*const T> {
    #[allow(clippy::cast_ptr_alignment, reason = "it is asked next")]
    let place = place.cast::<T>();
    place.is_aligned().then_some(place)
}

/// Copies bytes out, by words where they lie aligned.
///
/// # Safety
///
/// As many bytes as `out` has lie there, in memory that the host can read.
pub(crate) unsafe fn copy(place: *const u8, out: &mut [u8]) {
    let (mut at, len) = (0, out.len());
    while at < len {
        let from = place.wrapping_add(at);
        if let Some(word) = aligned::<u64>(from).filter(|_| len - at >= 8) {
            // SAFETY: eight bytes more, aligned: the caller's duty.
            let word = unsafe { word.read_volatile() };
            out[at..at + 8].copy_from_slice(&word.to_ne_bytes());
            at += 8;
        } else {
            // SAFETY: one byte more: the caller's duty.
            out[at] = unsafe { from.read_volatile() };
            at += 1;
        }
    }
}

/// Bytes that are copied out at a time.
const BLOCK: usize = 4096;

/// Checks text, block by block.
pub(crate) struct Utf8 {
    /// A block, behind what the block before had of a character that goes on in it.
    block: Box<[u8; BLOCK + 4]>,
}

impl Utf8 {
    pub(crate) fn new() -> Utf8 {
        Utf8 { block: Box::new([0; BLOCK + 4]) }
    }

    /// Checks the text of element `index`.
    ///
    /// # Errors
    ///
    /// Bytes that are no UTF-8.
    ///
    /// # Safety
    ///
    /// `len` bytes lie there, in memory that the host can read.
    pub(crate) unsafe fn check(&mut self, text: *const u8, len: usize, index: usize) -> Result<(), Problem> {
        let (mut carried, mut done) = (0, 0);
        while done < len {
            let take = (len - done).min(BLOCK);
            // SAFETY: the caller's duty.
            unsafe { copy(text.wrapping_add(done), &mut self.block[carried..carried + take]) };
            done += take;
            let filled = carried + take;
            carried = match core::str::from_utf8(&self.block[..filled]) {
                Ok(_) => 0,
                // It ends in a character of which more is to come: three bytes at most.
                Err(cut) if cut.error_len().is_none() && done < len => {
                    self.block.copy_within(cut.valid_up_to()..filled, 0);
                    filled - cut.valid_up_to()
                }
                Err(_) => return Err(Problem::Value { index, what: "its bytes are no UTF-8" }),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The model: the standard library's answer to all bytes at once, at any alignment.
        #[test]
        fn text_is_answered_as_the_standard_library_answers_it(
            text in "[a-zäß€𝄞]{0,40}",
            before in 0usize..2 * BLOCK,
            broken in any::<Option<(prop::sample::Index, u8)>>(),
            from in 0usize..9,
        ) {
            let mut bytes = vec![b'x'; from + before];
            bytes.extend(text.bytes());
            bytes.extend(text.bytes().rev().filter(u8::is_ascii));
            if let Some((at, byte)) = broken && !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let given = &bytes[from.min(bytes.len())..];
            // SAFETY: the bytes of a slice.
            let found = unsafe { Utf8::new().check(given.as_ptr(), given.len(), 0) };
            prop_assert_eq!(found.is_ok(), core::str::from_utf8(given).is_ok());
        }

        #[test]
        fn bytes_are_those_that_lie_there(all in prop::collection::vec(any::<u8>(), 24), at in 0usize..9) {
            let place = all.as_ptr().wrapping_add(at);
            // SAFETY: within the vector.
            let one = unsafe { bytes::<1>(place) };
            // SAFETY: as above.
            let two = unsafe { bytes::<2>(place) };
            // SAFETY: as above.
            let four = unsafe { bytes::<4>(place) };
            // SAFETY: as above.
            let eight = unsafe { bytes::<8>(place) };
            // SAFETY: as above.
            let many = unsafe { bytes::<16>(place) };
            prop_assert_eq!(&one[..], &all[at..at + 1]);
            prop_assert_eq!(&two[..], &all[at..at + 2]);
            prop_assert_eq!(&four[..], &all[at..at + 4]);
            prop_assert_eq!(&eight[..], &all[at..at + 8]);
            prop_assert_eq!(&many[..], &all[at..at + 16]);
        }
    }
}
