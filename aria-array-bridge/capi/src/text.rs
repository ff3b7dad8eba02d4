//! Text: (pointer, length) on the way in, where -1 means NUL-terminated; NUL-terminated with its length before it on the way out.

use crate::abi::{Give, c_types};
use crate::failure::Failure;
use crate::scope;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use core::slice;

/// The start of a text that a C caller passed: readable as far as the length beside it says.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct TextIn(*const c_char);

c_types! {
    TextIn = "const char *" 'p';
}

impl TextIn {
    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }

    pub(crate) fn as_ptr(self) -> *const c_char {
        self.0
    }

    /// The address, which names a text that lives as long as the program.
    pub(crate) fn address(self) -> usize {
        self.0.addr()
    }

    /// The bytes: `len` of them, or up to a NUL if it is -1.
    pub(crate) fn bytes<'a>(self, len: i64) -> Result<&'a [u8], Failure> {
        match usize::try_from(len) {
            Ok(0) => Ok(&[]),
            _ if self.0.is_null() => Err(Failure::argument("expected text but found NULL")),
            // SAFETY: that many bytes, for the call: the promise of the C caller.
            Ok(len) if len <= isize::MAX as usize => Ok(unsafe { slice::from_raw_parts(self.0.cast(), len) }),
            // SAFETY: NUL-terminated, for the call: the promise of the C caller.
            Err(_) if len == -1 => Ok(unsafe { CStr::from_ptr(self.0) }.to_bytes()),
            _ => Err(Failure::argument(format_args!("expected a length of bytes, or -1, but found {len}"))),
        }
    }

    /// The text, which must be UTF-8.
    pub(crate) fn get<'a>(self, len: i64) -> Result<&'a str, Failure> {
        let wrong = |error| Failure::argument(format_args!("expected text in UTF-8 but found other bytes: {error}"));
        core::str::from_utf8(self.bytes(len)?).map_err(wrong)
    }

    /// The text; `None` for NULL.
    pub(crate) fn optional<'a>(self, len: i64) -> Result<Option<&'a str>, Failure> {
        if self.is_null() { Ok(None) } else { self.get(len).map(Some) }
    }
}

/// Text on its way out.
pub(crate) struct Text(pub(crate) String);

/// Bytes on their way out.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

/// Before each text stands its length.
const WORD: usize = size_of::<usize>();

impl Give for Bytes {
    type C = *mut c_char;
    fn give(self) -> *mut c_char {
        let bytes = [&self.0.len().to_ne_bytes(), &self.0[..], &[0]].concat().into_boxed_slice();
        // Wrapping, but within the box.
        let text = Box::into_raw(bytes).cast::<c_char>().wrapping_add(WORD);
        scope::register(text.cast(), release);
        text
    }
}

impl Give for Text {
    type C = *mut c_char;
    fn give(self) -> *mut c_char {
        Bytes(self.0.into_bytes()).give()
    }
}

/// The length of a text that `Bytes` gave; 0 for NULL.
pub(crate) fn len(text: *const c_char) -> usize {
    if text.is_null() {
        return 0;
    }
    let word = text.wrapping_sub(WORD).cast::<[u8; WORD]>();
    // SAFETY: `Bytes` wrote it before the text, which is live: the promise of the C caller.
    usize::from_ne_bytes(unsafe { word.read() })
}

/// Releases a text that `Bytes` gave.
///
/// # Safety
///
/// NULL, or such a text that is given up.
pub(crate) unsafe fn release(text: *mut c_void) {
    if text.is_null() {
        return;
    }
    let start = text.cast::<u8>().wrapping_sub(WORD);
    let bytes = ptr::slice_from_raw_parts_mut(start, WORD + len(text.cast::<c_char>().cast_const()) + 1);
    // SAFETY: a boxed slice of this length, from `Bytes`; given up: the caller's duty.
    drop(unsafe { Box::from_raw(bytes) });
}
