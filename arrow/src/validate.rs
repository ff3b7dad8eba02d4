//! Full validation: the values that would lead a reader astray, offsets, UTF-8, indices, run ends, type ids (rule C8).
//!
//! Every check reads what the checks before it have made safe to read; how long a buffer is stays the producer's word.

use crate::error::{ArrowError, Problem};
use crate::format::Format;
use crate::read::{self, Utf8};
use crate::view::ArrayView;

/// Checks every value of an array of the host, and of everything below it. Takes time in proportion to its size.
///
/// # Errors
///
/// The first wrong value: offsets that fall or reach beyond their child, bytes that are no UTF-8, an index beyond its
/// dictionary, run ends that do not rise, a type id that is none, a number of nulls that the bitmap does not have (K-A3).
///
/// # Safety
///
/// Every buffer lies in memory that the host can read and is as long as the array says. Others may write to it meanwhile:
/// then what was found holds of no moment since.
pub unsafe fn validate(array: &ArrayView<'_>) -> Result<(), ArrowError> {
    // SAFETY: the caller's duty.
    unsafe { node(array, &mut String::new()) }
}

/// # Safety
///
/// That of [`validate`].
unsafe fn node(array: &ArrayView<'_>, path: &mut String) -> Result<(), ArrowError> {
    let outer = path.len();
    let name = array.field().name();
    if !name.is_empty() {
        if outer > 0 {
            path.push('.');
        }
        path.push_str(&name);
    }
    // SAFETY: the caller's duty.
    unsafe { own(array) }.map_err(|problem| problem.at(path))?;
    for child in (0..array.n_children()).filter_map(|i| array.child(i)).chain(array.dictionary()) {
        // SAFETY: the caller's duty.
        unsafe { node(&child, path) }?;
    }
    path.truncate(outer);
    Ok(())
}

/// # Safety
///
/// That of [`validate`].
unsafe fn own(array: &ArrayView<'_>) -> Result<(), Problem> {
    let values = Values(array);
    values.null_count()?;
    if array.is_empty() {
        return Ok(());
    }
    match array.field().layout() {
        Format::Bytes { large, utf8 } => values.text(large, utf8),
        Format::List { large } => {
            let reached = values.offsets(large)?;
            values.within(reached, values.child_len(0), array.len() - 1)
        }
        Format::ListView { large } => (0..array.len()).try_for_each(|i| {
            let (start, size) = (values.integer(1, i, large)?, values.integer(2, i, large)?);
            values.within(start.saturating_add(size), values.child_len(0), i)
        }),
        Format::Union { dense, .. } => values.union(dense),
        Format::RunEnds => values.runs(),
        Format::View { utf8 } => values.views(utf8),
        _ if array.dictionary().is_some() => values.indices(),
        _ => Ok(()),
    }
}

/// Reads buffers of a node, where [`validate`]'s caller promised that there is memory.
pub(crate) struct Values<'a>(pub(crate) &'a ArrayView<'a>);

impl Values<'_> {
    /// Bytes `at..at + N` of a buffer. Zeros where there is no buffer.
    fn bytes<const N: usize>(&self, buffer: usize, at: usize) -> [u8; N] {
        let Some(first) = self.0.buffer(buffer).filter(|buffer| !buffer.is_null()) else { return [0; N] };
        let place = first.cast::<u8>().wrapping_add(at);
        // SAFETY: within the buffer: `validate`'s caller promised its length, and callers of this one stay inside.
        unsafe { read::bytes(place) }
    }

    pub(crate) fn is_valid(&self, i: usize) -> bool {
        if self.0.validity().is_none() {
            return true;
        }
        let bit = self.0.offset() + i;
        self.bytes::<1>(0, bit / 8)[0] >> (bit % 8) & 1 == 1
    }

    /// A non-negative int32 or int64 of element `i`.
    fn integer(&self, buffer: usize, i: usize, large: bool) -> Result<usize, Problem> {
        let at = self.0.offset() + i;
        let number = if large {
            i64::from_ne_bytes(self.bytes(buffer, at * 8))
        } else {
            i64::from(i32::from_ne_bytes(self.bytes(buffer, at * 4)))
        };
        usize::try_from(number).map_err(|_| Problem::Value { index: i, what: "a negative offset or size" })
    }

    /// Compares the number of nulls with the bitmap, a byte at a time.
    fn null_count(&self) -> Result<(), Problem> {
        let Some(stated) = self.0.null_count().filter(|_| self.0.validity().is_some()) else { return Ok(()) };
        let found = self.count_nulls();
        if found == stated { Ok(()) } else { Err(Problem::NullBits { stated, found }) }
    }

    /// Zero bits of the bitmap, which is there.
    fn count_nulls(&self) -> usize {
        let (first, end) = (self.0.offset(), self.0.offset() + self.0.len());
        let bits = |byte: usize| {
            // Of the first and the last byte, only the bits of elements.
            let before = first.saturating_sub(byte * 8).min(8);
            let behind = ((byte + 1) * 8).saturating_sub(end).min(8);
            (0xFFu16 << before & 0xFF >> behind) as u8
        };
        let bytes = if first == end { 0..0 } else { first / 8..end.div_ceil(8) };
        bytes.map(|i| (!self.bytes::<1>(0, i)[0] & bits(i)).count_ones() as usize).sum()
    }

    /// Checks that offsets, of which there is one more than elements, never fall. Returns the last one.
    fn offsets(&self, large: bool) -> Result<usize, Problem> {
        let mut last = self.integer(1, 0, large)?;
        for i in 0..self.0.len() {
            let end = self.integer(1, i + 1, large)?;
            if end < last {
                return Err(Problem::Value { index: i, what: "its end lies before its start" });
            }
            last = end;
        }
        Ok(last)
    }

    /// Elements of a child.
    fn child_len(&self, index: usize) -> usize {
        self.0.child(index).map_or(0, |child| child.len())
    }

    fn within(&self, reached: usize, len: usize, index: usize) -> Result<(), Problem> {
        if reached > len { Err(Problem::Value { index, what: "reaches beyond the end of its child" }) } else { Ok(()) }
    }

    fn text(&self, large: bool, utf8: bool) -> Result<(), Problem> {
        let reached = self.offsets(large)?; // All of them, before the first byte is read.
        let data = self.0.buffer(2).unwrap_or(core::ptr::null());
        if data.is_null() && reached > 0 {
            return Err(Problem::NullBuffer { index: 2 });
        }
        if !utf8 || data.is_null() {
            return Ok(());
        }
        let mut text = Utf8::new();
        for i in (0..self.0.len()).filter(|i| self.is_valid(*i)) {
            let (start, end) = (self.integer(1, i, large)?, self.integer(1, i + 1, large)?);
            // Looked at again: somebody may have written to the offsets since.
            if start > end || end > reached {
                return Err(Problem::Value { index: i, what: "its offsets changed while they were checked" });
            }
            // SAFETY: bytes `start..end` of the buffer, which reaches to `reached`: the last offset when all were checked,
            // as `validate`'s caller promised.
            unsafe { text.check(data.cast::<u8>().wrapping_add(start), end - start, i) }?;
        }
        Ok(())
    }

    fn indices(&self) -> Result<(), Problem> {
        let len = self.0.dictionary().map_or(0, |values| values.len());
        for i in (0..self.0.len()).filter(|i| self.is_valid(*i)) {
            let at = self.0.offset() + i;
            let index = match self.0.field().format() {
                "c" => i64::from(i8::from_ne_bytes(self.bytes(1, at))),
                "C" => i64::from(self.bytes::<1>(1, at)[0]),
                "s" => i64::from(i16::from_ne_bytes(self.bytes(1, at * 2))),
                "S" => i64::from(u16::from_ne_bytes(self.bytes(1, at * 2))),
                "i" => i64::from(i32::from_ne_bytes(self.bytes(1, at * 4))),
                "I" => i64::from(u32::from_ne_bytes(self.bytes(1, at * 4))),
                // An uint64 beyond int64 is negative here: refused too. Indices are integers: checked.
                _ => i64::from_ne_bytes(self.bytes(1, at * 8)),
            };
            if usize::try_from(index).is_ok_and(|index| index < len) {
                continue;
            }
            return Err(Problem::Value { index: i, what: "its index lies outside of the dictionary" });
        }
        Ok(())
    }

    fn union(&self, dense: bool) -> Result<(), Problem> {
        let format = self.0.field().format();
        let ids: Vec<i8> = format.split_once(':').map_or("", |(_, ids)| ids).split(',').flat_map(str::parse).collect();
        for i in 0..self.0.len() {
            let at = self.0.offset() + i;
            let id = i8::from_ne_bytes(self.bytes(0, at));
            let Some(child) = ids.iter().position(|found| *found == id) else {
                return Err(Problem::Value { index: i, what: "its type id is none of the union's" });
            };
            if dense {
                let offset = self.integer(1, i, false)?;
                self.within(offset.saturating_add(1), self.child_len(child), i)?;
            }
        }
        Ok(())
    }

    fn runs(&self) -> Result<(), Problem> {
        let (Some(ends), Some(runs)) = (self.0.child(0), self.0.child(1)) else { return Ok(()) };
        let reader = Values(&ends);
        let width = match ends.field().format() {
            "s" => 2,
            "i" => 4,
            "l" => 8,
            _ => return Err(Problem::Value { index: 0, what: "run ends are no int16, int32 or int64" }),
        };
        if ends.validity().is_some() && reader.count_nulls() > 0 {
            return Err(Problem::Value { index: 0, what: "some run ends are null" });
        }
        let mut last = 0;
        for i in 0..ends.len() {
            let at = (ends.offset() + i) * width;
            let end = match width {
                2 => i64::from(i16::from_ne_bytes(reader.bytes(1, at))),
                4 => i64::from(i32::from_ne_bytes(reader.bytes(1, at))),
                _ => i64::from_ne_bytes(reader.bytes(1, at)),
            };
            if end <= last {
                return Err(Problem::Value { index: i, what: "run ends do not rise" });
            }
            last = end;
        }
        let reached = self.0.offset() + self.0.len();
        if usize::try_from(last).is_ok_and(|last| last < reached) || runs.len() < ends.len() {
            return Err(Problem::Value { index: self.0.len() - 1, what: "it lies behind the last run" });
        }
        Ok(())
    }

    /// Where the bytes of element `i` lie whose ends are offsets, and how many there are. NULL for none.
    pub(crate) fn between_offsets(&self, i: usize, large: bool) -> Result<(*const u8, usize), Problem> {
        let (start, end) = (self.integer(1, i, large)?, self.integer(1, i + 1, large)?);
        let len = end.checked_sub(start);
        let len = len.ok_or(Problem::Value { index: i, what: "its end lies before its start" })?;
        let data = self.0.buffer(2).unwrap_or(core::ptr::null()).cast::<u8>();
        match data.is_null() {
            true if len > 0 => Err(Problem::NullBuffer { index: 2 }),
            true => Ok((data, 0)),
            false => Ok((data.wrapping_add(start), len)),
        }
    }

    /// `length`, then up to 12 bytes; or a prefix, a buffer and an offset. The last buffer has the lengths of the others.
    pub(crate) fn view(&self, i: usize) -> Result<View, Problem> {
        let count = self.0.n_buffers() - 3; // Three or more: checked.
        let view: [u8; 16] = self.bytes(1, (self.0.offset() + i) * 16);
        let word = |at: usize| i32::from_ne_bytes([view[at], view[at + 1], view[at + 2], view[at + 3]]);
        let wrong = |what| Problem::Value { index: i, what };
        let len = usize::try_from(word(0)).map_err(|_| wrong("a negative length"))?;
        if len <= 12 {
            return Ok(View::Within { view, len });
        }
        let buffer = usize::try_from(word(8)).ok().filter(|buffer| *buffer < count);
        let buffer = buffer.ok_or_else(|| wrong("its buffer is none of the array's"))?;
        let start = usize::try_from(word(12)).map_err(|_| wrong("a negative offset"))?;
        let size = i64::from_ne_bytes(self.bytes(count + 2, buffer * 8));
        if usize::try_from(size).is_ok_and(|size| start + len > size) || size < 0 {
            return Err(wrong("it reaches beyond the end of its buffer"));
        }
        let Some(data) = self.0.buffer(2 + buffer).filter(|data| !data.is_null()) else {
            return Err(Problem::NullBuffer { index: 2 + buffer });
        };
        let first = data.cast::<u8>().wrapping_add(start);
        // SAFETY: within the buffer, whose length was read just now: `validate`'s caller promised it; 12 bytes or more.
        if unsafe { read::bytes::<4>(first) }[..] != view[4..8] {
            return Err(wrong("its prefix is not how its bytes begin"));
        }
        Ok(View::Outside { first, len })
    }

    fn views(&self, utf8: bool) -> Result<(), Problem> {
        let mut text = Utf8::new();
        for i in (0..self.0.len()).filter(|i| self.is_valid(*i)) {
            let wrong = |what| Problem::Value { index: i, what };
            match self.view(i)? {
                View::Within { view, len } if view[4 + len..].iter().any(|byte| *byte != 0) => {
                    return Err(wrong("there is more than zeros behind its bytes"));
                }
                View::Within { view, len } if utf8 && core::str::from_utf8(&view[4..4 + len]).is_err() => {
                    return Err(wrong("its bytes are no UTF-8"));
                }
                // SAFETY: within a buffer: just asked.
                View::Outside { first, len } if utf8 => unsafe { text.check(first, len, i) }?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where the bytes of an element of text views lie.
pub(crate) enum View {
    /// In the view itself, from byte 4 on: 12 or fewer.
    Within { view: [u8; 16], len: usize },
    /// In a buffer that has as many there.
    Outside { first: *const u8, len: usize },
}
