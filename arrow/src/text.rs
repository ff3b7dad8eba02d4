//! Text, element by element.

use crate::error::{ArrowError, Problem};
use crate::format::Format;
use crate::read;
use crate::validate::{Values, View};
use crate::view::ArrayView;
use core::ops::Range;

/// Calls back with each of these elements in order, `None` for a null: text, **copied** out of its buffers. False, without
/// a call, for an array that is no text.
///
/// # Errors
///
/// The first element that is wrong, in the words of [`validate`](crate::validate): an end before its start, bytes that are
/// no UTF-8, a view that reaches beyond its buffer.
///
/// # Safety
///
/// That of [`validate`](crate::validate); `rows` lie within the array.
pub unsafe fn read_text(
    array: &ArrayView<'_>,
    rows: Range<usize>,
    each: &mut dyn FnMut(Option<&str>),
) -> Result<bool, ArrowError> {
    let layout = array.field().layout();
    if !array.field().is_text() {
        return Ok(false);
    }
    debug_assert!(rows.end <= array.len());
    let (values, mut copy) = (Values(array), Vec::new());
    for i in rows {
        if !values.is_valid(i) {
            each(None);
            continue;
        }
        // SAFETY: one of the rows, and text: just asked; the rest is the caller's duty.
        unsafe { bytes(&values, layout, i, &mut copy) }
            .and_then(|()| match core::str::from_utf8(&copy) {
                Ok(text) => {
                    each(Some(text));
                    Ok(())
                }
                Err(_) => Err(Problem::Value { index: i, what: "its bytes are no UTF-8" }),
            })
            .map_err(|problem| problem.at(&array.field().name()))?;
    }
    Ok(true)
}

/// Copies the bytes of one element.
///
/// # Safety
///
/// That of [`read_text`], and the element is one of text.
unsafe fn bytes(values: &Values<'_>, layout: Format, i: usize, copy: &mut Vec<u8>) -> Result<(), Problem> {
    copy.clear();
    let (first, len) = match layout {
        Format::Bytes { large, .. } => values.between_offsets(i, large)?,
        _ => match values.view(i)? {
            View::Within { view, len } => {
                copy.extend_from_slice(&view[4..4 + len]);
                return Ok(());
            }
            View::Outside { first, len } => (first, len),
        },
    };
    copy.try_reserve(len).map_err(|_| Problem::Value { index: i, what: "its length is more than memory has" })?;
    copy.resize(len, 0);
    // SAFETY: as many bytes lie there, within the buffer, on the producer's word: the caller's duty.
    unsafe { read::copy(first, copy) };
    Ok(())
}
