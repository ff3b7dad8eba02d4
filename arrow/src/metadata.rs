//! Key-value metadata in the encoding of the C data interface: native int32 counts and lengths, then bytes.

use crate::error::Problem;
use core::ffi::c_char;
use core::ptr::NonNull;

/// The most bytes of metadata of one field that are read.
pub const MAX_METADATA: usize = 1 << 28;

/// Keys and values of a field. Bytes are kept as they came, order and repeated keys included.
///
/// # Invariants
///
/// 1. The bytes are complete and well formed: as many pairs as the count says, and nothing behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metadata(Option<Box<[u8]>>);

impl Metadata {
    /// Metadata of these pairs; none at all if there are no pairs.
    ///
    /// # Errors
    ///
    /// More pairs or bytes than int32 counts.
    pub fn from_pairs<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Metadata, Problem> {
        let (mut bytes, mut count) = (vec![0; 4], 0i32);
        let number = |n: usize| i32::try_from(n).map_err(|_| Problem::MetadataSize { limit: i32::MAX as usize });
        for (key, value) in pairs {
            count = number(count as usize + 1)?;
            for part in [key.as_ref(), value.as_ref()] {
                bytes.extend(number(part.len())?.to_ne_bytes());
                bytes.extend(part);
            }
        }
        bytes[..4].copy_from_slice(&count.to_ne_bytes());
        Ok(Metadata((count > 0).then(|| bytes.into())))
    }

    /// **Copies** the metadata of a schema. NULL is none.
    ///
    /// # Errors
    ///
    /// A negative count or length, or more than [`MAX_METADATA`] bytes.
    ///
    /// # Safety
    ///
    /// `metadata` is NULL, or as many bytes as its counts and lengths say can be read.
    pub(crate) unsafe fn from_c(metadata: *const c_char) -> Result<Metadata, Problem> {
        let Some(first) = NonNull::new(metadata.cast_mut().cast::<u8>()) else { return Ok(Metadata(None)) };
        let mut end = 0usize;
        let number = |what: &'static str, end: &mut usize| {
            // SAFETY: the counts so far say that a number follows here: the caller's duty.
            let at = unsafe { first.add(*end) };
            // SAFETY: as above; it may lie at any address.
            let number = unsafe { at.cast::<i32>().read_unaligned() };
            *end += 4;
            usize::try_from(number).map_err(|_| Problem::Negative { what, found: i64::from(number) })
        };
        let count = number("metadata pairs", &mut end)?;
        for _ in 0..count {
            for what in ["metadata key length", "metadata value length"] {
                let len = number(what, &mut end)?;
                end += len; // At most i32::MAX added at a time, and bounded each time.
                if end > MAX_METADATA {
                    return Err(Problem::MetadataSize { limit: MAX_METADATA });
                }
            }
        }
        // SAFETY: `end` bytes, as the counts and lengths say: the caller's duty.
        let bytes = unsafe { core::slice::from_raw_parts(first.as_ptr(), end) };
        Ok(Metadata(Some(bytes.into())))
    }

    /// Pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest: &[u8] = self.0.as_deref().unwrap_or(&[0; 4]);
        let count = number(&mut rest);
        (0..count).map(move |_| {
            let mut part = || {
                let len = number(&mut rest).min(rest.len()); // Never more: invariant 1.
                let (part, behind) = rest.split_at(len);
                rest = behind;
                part
            };
            (part(), part())
        })
    }

    /// The value of a key; the first one, if there are several.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.iter().find(|(found, _)| *found == key.as_bytes()).map(|(_, value)| value)
    }

    /// Returns true if there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Size of the encoding, in bytes.
    pub(crate) fn nbytes(&self) -> usize {
        self.0.as_ref().map_or(0, |bytes| bytes.len())
    }

    /// For a schema: NULL where there was none. Valid while `self` lives.
    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0.as_ref().map_or(core::ptr::null(), |bytes| bytes.as_ptr().cast())
    }
}

/// The next int32; 0 at the end.
fn number(rest: &mut &[u8]) -> usize {
    let Some((number, behind)) = rest.split_first_chunk::<4>() else { return 0 };
    *rest = behind;
    usize::try_from(i32::from_ne_bytes(*number)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_in_order_with_zero_bytes_and_repeated_keys() {
        let pairs: [(&[u8], &[u8]); 3] = [(b"a", b"1\0"), (b"", b"x"), (b"a", b"")];
        let metadata = Metadata::from_pairs(pairs).unwrap();
        // SAFETY: the encoding that was just made.
        let copy = unsafe { Metadata::from_c(metadata.as_ptr()) }.unwrap();
        assert_eq!(copy.iter().collect::<Vec<_>>(), pairs);
        assert_eq!(copy.get("a"), Some(&b"1\0"[..]));
        assert_eq!(copy, metadata);
    }

    #[test]
    fn none_stays_null() {
        // SAFETY: NULL.
        let none = unsafe { Metadata::from_c(core::ptr::null()) }.unwrap();
        assert!(none.is_empty() && none.as_ptr().is_null());
        assert!(Metadata::from_pairs([("", ""); 0]).unwrap().as_ptr().is_null());
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let lies: [&[i32]; 4] = [&[-1], &[1, -5], &[1, 0, -1], &[2, 0, 0, 0, i32::MAX]];
        for lie in lies {
            // SAFETY: the reader stops at the lie, before what is not there.
            let refused = unsafe { Metadata::from_c(lie.as_ptr().cast()) };
            assert!(refused.is_err(), "{lie:?}");
        }
    }
}
