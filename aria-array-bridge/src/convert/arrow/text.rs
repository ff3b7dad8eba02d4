//! Text of a fixed length as Arrow's: UTF-8 one behind the other, with offsets.
#![forbid(unsafe_code)]

use crate::array::{Array, Validity};
use crate::plan::Reason;

/// What a `large_string` array keeps: one offset more than elements, and the bytes between them.
pub(super) struct Text {
    pub(super) offsets: Vec<i64>,
    pub(super) data: Vec<u8>,
}

/// The text of every element, without the NUL characters that pad it; none of what is null. **Copies.**
///
/// # Errors
///
/// A code point that no text has; no memory.
pub(super) fn packed(array: &Array, length: usize) -> Result<Text, Box<Reason>> {
    let bytes = array.bytes()?.to_vec::<u8>();
    let bytes = bytes.map_err(|error| Box::new(Reason::new("memory", "C3", error.to_string())))?;
    let points: Vec<u32> = bytes.as_chunks().0.iter().map(|four| u32::from_ne_bytes(*four)).collect();
    let mut text = Text { offsets: Vec::with_capacity(array.len() + 1), data: Vec::new() };
    text.offsets.push(0);
    let mut valid = array.validity().map(Validity::iter);
    for at in 0..array.len() {
        let is_null = valid.as_mut().and_then(Iterator::next) == Some(false);
        let element = &points[at * length..(at + 1) * length];
        let end = element.iter().rposition(|point| *point != 0).map_or(0, |last| last + 1);
        for point in element[..end].iter().filter(|_| !is_null) {
            let Some(point) = char::from_u32(*point) else {
                let found = format!("element {at} has the code point {point:#x}, which is no character of UTF-8");
                return Err(Box::new(Reason::new("values", "C8", found)));
            };
            text.data.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes());
        }
        text.offsets.push(i64::try_from(text.data.len()).unwrap_or(i64::MAX)); // Memory has no more.
    }
    Ok(text)
}
