//! Text that comes out of the table.

use aria_array_bridge::operations::OwnedBytes;

/// Takes text over. The table promises UTF-8; what is not is replaced, not trusted.
///
/// # Safety
///
/// As for [`OwnedBytes::take`].
pub(crate) unsafe fn take_text(bytes: OwnedBytes) -> String {
    // SAFETY: the caller's duty.
    let bytes = unsafe { bytes.take() };
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
