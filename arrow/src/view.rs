//! [`ArrayView`]: one node of a checked array; and the check that makes it one.

use crate::abi::ArrowArray;
use crate::error::{ArrowError, Problem};
use crate::field::{Field, MAX_DEPTH, element};
use crate::format::{Count, Format, is_integer};
use core::ffi::c_void;
use core::ptr::NonNull;

/// Buffers of one node that are followed.
pub const MAX_BUFFERS: usize = 1 << 20;

/// A node of a checked array, with its field.
///
/// # Invariants
///
/// 1. That of [`Checked`](crate::Checked), for this node and those below it.
#[derive(Clone, Copy, Debug)]
pub struct ArrayView<'a> {
    array: &'a ArrowArray,
    field: &'a Field,
}

impl<'a> ArrayView<'a> {
    /// A node of a checked array.
    pub(crate) fn of_checked(array: &'a ArrowArray, field: &'a Field) -> ArrayView<'a> {
        ArrayView { array, field }
    }

    /// What the node is.
    pub fn field(&self) -> &'a Field {
        self.field
    }

    /// Elements, from `offset` on.
    pub fn len(&self) -> usize {
        self.array.length.unsigned_abs() as usize // Not negative: invariant 1.
    }

    /// Returns true if there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Elements before the first one, in every buffer. Children have offsets of their own, on top (K-A6).
    pub fn offset(&self) -> usize {
        self.array.offset.unsigned_abs() as usize // Not negative: invariant 1.
    }

    /// The number of nulls; `None` where it was not counted. Where there can be no bitmap, or is none, it is 0 (K-A1).
    pub fn null_count(&self) -> Option<usize> {
        match self.field.layout() {
            Format::Null => Some(self.len()),
            Format::Union { .. } | Format::RunEnds => Some(0), // Their children have nulls, they have none.
            layout if layout.has_validity() && self.validity().is_none() => Some(0),
            _ => usize::try_from(self.array.null_count).ok(),
        }
    }

    /// The number of nulls as the struct says it: −1 where nobody counted.
    pub fn stated_null_count(&self) -> i64 {
        self.array.null_count
    }

    /// The validity bitmap, whose bit of the first element is [`offset`](Self::offset).
    pub fn validity(&self) -> Option<NonNull<u8>> {
        if !self.field.layout().has_validity() {
            return None;
        }
        NonNull::new(self.buffer(0)?.cast_mut().cast())
    }

    /// Number of buffers; none for nulls, whatever the producer gave them.
    pub fn n_buffers(&self) -> usize {
        if self.field.layout() == Format::Null {
            return 0;
        }
        self.array.n_buffers.unsigned_abs() as usize // Not negative: invariant 1.
    }

    /// The address of a buffer, which may be NULL where it has no bytes; `None` where there is no such buffer.
    pub fn buffer(&self, index: usize) -> Option<*const c_void> {
        if index >= self.n_buffers() {
            return None;
        }
        // SAFETY: `n_buffers` pointers: invariant 1.
        let place = unsafe { self.array.buffers.add(index) };
        // SAFETY: as above.
        Some(unsafe { place.read() })
    }

    /// Number of children.
    pub fn n_children(&self) -> usize {
        self.field.children().len()
    }

    /// A child; `None` where there is no such child.
    pub fn child(&self, index: usize) -> Option<ArrayView<'a>> {
        let field = self.field.children().get(index)?;
        // SAFETY: as many live children as the field has: invariant 1.
        let array = unsafe { element(self.array.children, index) }?;
        Some(ArrayView { array, field })
    }

    /// The values that the indices count into.
    pub fn dictionary(&self) -> Option<ArrayView<'a>> {
        let field = self.field.dictionary()?;
        // SAFETY: NULL or a live struct: the interface; here it is live: invariant 1.
        let array = unsafe { self.array.dictionary.as_ref() }?;
        Some(ArrayView { array, field })
    }
}

/// Checks the structure of an array and everything below it against its field.
pub(crate) fn check(array: &ArrowArray, field: &Field) -> Result<(), ArrowError> {
    Checker { path: String::new() }.node(array, field, MAX_DEPTH)
}

struct Checker {
    path: String,
}

impl Checker {
    /// Checks a node. The depth is the field's, so it ends.
    fn node(&mut self, array: &ArrowArray, field: &Field, depth: usize) -> Result<(), ArrowError> {
        let outer = self.path.len();
        let name = field.name();
        if !name.is_empty() {
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
        }
        let checked = match own(array, field) {
            Ok(end) => self.below(array, field, depth, end),
            Err(problem) => Err(problem.at(&self.path)),
        };
        self.path.truncate(outer);
        checked
    }

    fn below(&mut self, array: &ArrowArray, field: &Field, depth: usize, end: usize) -> Result<(), ArrowError> {
        if depth == 0 {
            return Err(Problem::Depth { limit: MAX_DEPTH }.at(&self.path));
        }
        let expected = match field.layout() {
            Format::Struct | Format::Union { dense: false, .. } => Some(end),
            Format::FixedList(n) => {
                let fits = end.checked_mul(n).filter(|n| isize::try_from(*n).is_ok());
                Some(fits.ok_or_else(|| Problem::End { offset: end, length: n }.at(&self.path))?)
            }
            _ => None,
        };
        for (index, child) in field.children().iter().enumerate() {
            // SAFETY: `own` saw as many children as the field has, and the producer keeps to the interface.
            let Some(found) = (unsafe { element(array.children, index) }) else {
                return Err(Problem::Null { what: "a child array" }.at(&self.path));
            };
            self.node(found, child, depth - 1)?;
            let length = found.length.unsigned_abs() as usize; // Checked just now.
            if let Some(expected) = expected
                && length < expected
            {
                return Err(Problem::ChildLength { index, expected, found: length }.at(&self.path));
            }
        }
        if let Some(values) = field.dictionary() {
            // SAFETY: `own` saw that it is not NULL, and the producer keeps to the interface.
            let Some(found) = (unsafe { array.dictionary.as_ref() }) else {
                return Err(Problem::Dictionary { expected: true }.at(&self.path));
            };
            self.node(found, values, depth - 1)?;
        }
        Ok(())
    }
}

/// True for the one buffer, NULL, that Polars gives an array of nulls, which has none.
fn is_spare(array: &ArrowArray, layout: Format) -> bool {
    // SAFETY: one pointer is there, for the producer keeps to the interface.
    let is_null = || unsafe { array.buffers.read() }.is_null();
    layout == Format::Null && array.n_buffers == 1 && !array.buffers.is_null() && is_null()
}

/// Checks what the node says of itself, and returns `offset + length`.
fn own(array: &ArrowArray, field: &Field) -> Result<usize, Problem> {
    if array.release.is_none() {
        return Err(Problem::Released { what: "ArrowArray" });
    }
    let count = |what, found: i64| usize::try_from(found).map_err(|_| Problem::Negative { what, found });
    let length = count("elements", array.length)?;
    let offset = count("elements before the first", array.offset)?;
    let buffers = count("buffers", array.n_buffers)?;
    let children = count("children", array.n_children)?;
    let end = length.checked_add(offset).filter(|end| isize::try_from(*end).is_ok());
    let end = end.ok_or(Problem::End { offset, length })?;
    // One more for the last end: so many bytes has the largest buffer whose size follows from the number of elements.
    let bytes = end.checked_add(1).and_then(|end| end.checked_mul(field.layout().pitch()));
    if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Problem::End { offset, length });
    }
    if array.null_count < -1 || array.null_count > array.length {
        return Err(Problem::NullCount { found: array.null_count, length });
    }
    if buffers > MAX_BUFFERS {
        return Err(Problem::TooMany { what: "buffers", limit: MAX_BUFFERS });
    }
    let layout = field.layout();
    let format = || field.format().to_owned();
    if let Some(expected) = layout.buffers()
        && !expected.admits(buffers)
        && !is_spare(array, layout)
    {
        return Err(Problem::Buffers { format: format(), expected, found: buffers });
    }
    // The field may have been made by hand.
    let expected = match layout.children() {
        Some(expected) if !expected.admits(field.children().len()) => expected,
        _ => Count::Exactly(field.children().len()),
    };
    if !expected.admits(children) {
        return Err(Problem::Children { format: format(), expected, found: children });
    }
    if field.dictionary().is_some() && !is_integer(field.format()) {
        return Err(Problem::DictionaryIndex { format: format() });
    }
    if array.dictionary.is_null() == field.dictionary().is_some() {
        return Err(Problem::Dictionary { expected: field.dictionary().is_some() });
    }
    if buffers > 0 && array.buffers.is_null() {
        return Err(Problem::Null { what: "the pointers to the buffers" });
    }
    if children > 0 && array.children.is_null() {
        return Err(Problem::Null { what: "the pointers to the children" });
    }
    let node = ArrayView { array, field };
    if layout.has_validity() && array.null_count > 0 && node.validity().is_none() {
        return Err(Problem::NullsWithoutBitmap { null_count: array.null_count.unsigned_abs() as usize });
    }
    // Buffers that have bytes as soon as there are elements (K-A1, K-A7). Bytes between offsets may be none at all.
    let first = usize::from(layout.has_validity());
    let needed = match layout {
        Format::Fixed(0) | Format::Null | Format::RunEnds | Format::Unknown => 0,
        Format::Bool | Format::Fixed(_) | Format::List { .. } | Format::Bytes { .. } | Format::View { .. } => 1,
        Format::ListView { .. } | Format::Union { dense: true, .. } => 2,
        Format::Union { dense: false, .. } => 1,
        Format::FixedList(_) | Format::Struct => 0,
    };
    for index in first..first + needed {
        if end > 0 && length > 0 && node.buffer(index).is_none_or(|buffer| buffer.is_null()) {
            return Err(Problem::NullBuffer { index });
        }
    }
    Ok(end)
}
