//! Plans and ledger entries as bytes, for the operations table: tagged, length-prefixed, little-endian.
//!
//! A reader refuses what is cut short and never trusts a length further than the bytes that are there.

#![forbid(unsafe_code)]

use std::borrow::Cow;

/// The bytes are not what was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Where reading stopped, in bytes from the start.
    pub at: usize,
}

impl core::fmt::Display for WireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "expected encoded plans or entries but found something else at byte {}", self.at)
    }
}

impl core::error::Error for WireError {}

/// Writes a length.
pub(crate) fn put_len(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&(len as u64).to_le_bytes());
}

/// Writes a text behind its length.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Reads from the front; knows where it is.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// The error of this place.
    pub(crate) fn error(&self) -> WireError {
        WireError { at: self.at }
    }

    /// Refuses what is left over.
    pub(crate) fn end(&self) -> Result<(), WireError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.error()) }
    }

    fn take(&mut self, len: usize) -> Result<&[u8], WireError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len()).ok_or(WireError { at: self.at })?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn word(&mut self) -> Result<u64, WireError> {
        let at = self.at;
        self.take(8)?.try_into().map(u64::from_le_bytes).map_err(|_| WireError { at })
    }

    pub(crate) fn len(&mut self) -> Result<usize, WireError> {
        let at = self.at;
        usize::try_from(self.word()?).map_err(|_| WireError { at })
    }

    pub(crate) fn address(&mut self) -> Result<Option<u64>, WireError> {
        let present = self.byte()? == 1;
        Ok(Some(self.word()?).filter(|_| present))
    }

    pub(crate) fn text(&mut self) -> Result<Cow<'static, str>, WireError> {
        let len = self.len()?;
        let at = self.at;
        let text = core::str::from_utf8(self.take(len)?).map_err(|_| WireError { at })?;
        Ok(Cow::Owned(text.to_owned()))
    }
}
