//! PEP 3118: the format strings of the buffer protocol, read and written.
//!
//! Reading is in two steps. `scan` follows the letters, byte orders, counts and braces and knows sizes;
//! `place` puts the fields at offsets. The exporter's itemsize decides between the two ways in which formats are
//! found in the world: offsets as the letters say, with padding spelled out (NumPy), or fields aligned as in C
//! although the letters do not say so (ctypes). Where neither gives the itemsize, the format is refused.

mod scan;
mod write;

pub use write::format;

use super::notation::{NotationError, Parsed, of_fields};
use super::{DType, Field, Record};
use scan::{Content, Item, scan};
use std::sync::Arc;

/// Reads a format string of elements of `itemsize` bytes, or of whatever size it says where that is not known.
///
/// # Errors
///
/// What is refused by name, with its place; letters that disagree with the itemsize.
pub fn parse_format(format: &str, itemsize: Option<usize>) -> Result<Parsed, NotationError> {
    let items = scan(format, itemsize)?;
    let mut sizes = Vec::new();
    for rule in [Rule::AsWritten, Rule::Aligned, Rule::Padded] {
        let parsed = top(&items, rule)?;
        let size = parsed.dtype.itemsize();
        if itemsize.is_none_or(|itemsize| itemsize == size) {
            return Ok(parsed);
        }
        sizes.push(size);
    }
    let computed = sizes.first().copied().unwrap_or(0);
    Err(NotationError::Itemsize { text: format.to_owned(), computed, found: itemsize.unwrap_or(0) })
}

/// Where fields begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Behind each other; aligned where the byte order is `@`.
    AsWritten,
    /// As written, with trailing padding to the alignment, where all of it is `@`: as a C compiler pads.
    Padded,
    /// Every field aligned, trailing padding: ctypes, which leaves the padding out of its letters.
    Aligned,
}

fn top(items: &[Item], rule: Rule) -> Result<Parsed, NotationError> {
    if let [only] = items
        && only.name.is_none()
        && only.shape.is_empty()
    {
        return match &only.content {
            Content::Plain(parsed) => Ok(parsed.clone()),
            Content::Padding(bytes) => Ok(Parsed::native(DType::Void(*bytes))),
            Content::Struct(items) => Ok(place(items, rule)?.0),
        };
    }
    Ok(place(items, rule)?.0)
}

/// Puts items at offsets and returns the record with its alignment.
fn place(items: &[Item], rule: Rule) -> Result<(Parsed, usize), NotationError> {
    let overflow = || NotationError::TooComplex { what: "bytes in a record", limit: isize::MAX as usize };
    let (mut fields, mut swaps) = (Vec::new(), Vec::new());
    let (mut end, mut most, mut native) = (0usize, 1, true);
    for item in items {
        let (parsed, align) = match &item.content {
            // Padding with a name is a field of raw bytes: NumPy.
            Content::Padding(bytes) if item.name.is_some() => (Parsed::native(DType::Void(*bytes)), 1),
            Content::Padding(bytes) => {
                end = end.checked_add(*bytes).ok_or_else(overflow)?;
                continue;
            }
            Content::Plain(parsed) => (parsed.clone(), parsed.dtype.alignment()),
            Content::Struct(items) => place(items, rule)?,
        };
        native &= item.native;
        most = most.max(align);
        if item.native || rule == Rule::Aligned {
            end = end.checked_next_multiple_of(align).ok_or_else(overflow)?;
        }
        let name = item.name.clone().unwrap_or_else(|| format!("f{}", fields.len()).into());
        let field = Field { name, dtype: parsed.dtype, offset: end, shape: item.shape.clone() };
        end = field.nbytes().and_then(|bytes| bytes.checked_add(end)).ok_or_else(overflow)?;
        fields.push(field);
        swaps.push(parsed.swap);
    }
    if rule == Rule::Aligned || (rule == Rule::Padded && native) {
        end = end.checked_next_multiple_of(most).ok_or_else(overflow)?;
    }
    if end > isize::MAX as usize {
        return Err(overflow());
    }
    let record = Record::new(fields, end)?;
    let align = record.alignment();
    Ok((Parsed { dtype: DType::Record(Arc::new(record)), swap: of_fields(swaps) }, align))
}

#[cfg(test)]
mod tests;
