//! PEP 3118: the format strings of the buffer protocol, read and written.
//!
//! Reading is in two steps. `scan` follows the letters, byte orders, counts and braces and knows sizes;
//! `place` puts the fields at offsets. The world writes formats in more than one manner, and the exporter's itemsize
//! decides between them; where it does not, the format is refused rather than misread.
//!
//! What no format can tell: ctypes structures with bit fields or with a base class are written like others. Whoever
//! reads ctypes' formats asks the type for those first.

mod place;
mod scan;
mod write;

pub use write::{format, format_at};

use super::DType;
use super::notation::{NotationError, Parsed};
use place::{Manner, place};
use scan::{Content, Format, scan};

/// Reads a format string of elements of `itemsize` bytes, or of whatever size it says where that is not known.
///
/// # Errors
///
/// What is refused by name, with its place; letters that disagree with the itemsize; padding that cannot be known.
pub fn parse_format(format: &str, itemsize: Option<usize>) -> Result<Parsed, NotationError> {
    if let [letter] = *format.as_bytes()
        && let Some(dtype) = letter_alone(letter)
        && itemsize == Some(dtype.itemsize())
    {
        return Ok(Parsed::native(dtype)); // As below, and at once: most buffers are of numbers.
    }
    let Format { items, unpadded } = scan(format, itemsize)?;
    let fits = |size: usize| itemsize.is_none_or(|itemsize| itemsize == size);
    let mismatch = |computed| match itemsize {
        Some(found) if found != computed => Err(NotationError::Itemsize { text: format.to_owned(), computed, found }),
        _ => Ok(()),
    };
    let items = match items.as_slice() {
        [only] if only.name.is_none() && only.shape.is_empty() => match &only.content {
            Content::Plain(parsed) => {
                mismatch(parsed.dtype.itemsize())?;
                return Ok(parsed.clone());
            }
            Content::Padding(padding) => {
                mismatch(padding.bytes)?;
                return Ok(Parsed::native(DType::Void(padding.bytes)));
            }
            Content::Struct(items) => items.as_slice(),
        },
        items => items,
    };
    let explicit = place(items, Manner::Explicit, 0)?;
    let computed = explicit.padded;
    // Letters off their alignment, or written as by ctypes, say that gaps were left out.
    let (manner, placed) = match (explicit.implicit, unpadded && !fits(explicit.end)) {
        (false, false) => (Manner::Explicit, explicit),
        (_, true) => (Manner::Ctypes, place(items, Manner::Ctypes, 0)?),
        (true, false) => (Manner::C, place(items, Manner::C, 0)?),
    };
    // C pads the end; Python's struct module does not.
    let Some(size) = [placed.padded, placed.end].into_iter().find(|size| fits(*size)) else {
        mismatch(computed)?;
        mismatch(placed.padded)?;
        return Err(NotationError::TooComplex { what: "ways to read it", limit: 1 });
    };
    match placed.hidden(size).filter(|_| manner == Manner::Explicit) {
        Some(at) => {
            let what = "records whose padding is written elsewhere";
            Err(NotationError::Refused { text: format.to_owned(), at, what })
        }
        None => placed.finish(size),
    }
}

/// The letters that need no scan.
fn letter_alone(letter: u8) -> Option<DType> {
    Some(match letter {
        b'B' => DType::U8,
        b'd' => DType::F64,
        b'f' => DType::F32,
        b'i' => DType::I32,
        b'q' => DType::I64,
        b'l' if size_of::<core::ffi::c_long>() == 8 => DType::I64,
        _ => return None,
    })
}

#[cfg(test)]
mod observed;
#[cfg(test)]
mod tests;
