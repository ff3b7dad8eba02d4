//! [`Column`]: a field and its chunks.
#![forbid(unsafe_code)]

use super::TableError;
use super::chunk::{Chunk, Kind, Origin};
use super::import::{ColumnImport, notes};
use super::schema::same_type;
use crate::array::{Array, ArrayError};
use crate::convert::arrow::Export;
use crate::layout::LayoutError;
use crate::plan::Reason;
use aria_arrow::{Checked, Field, OwnedStream};
use std::borrow::Cow;
use std::sync::Arc;

/// Rows of one type, in chunks. A clone is another handle to the same memory.
///
/// # Invariants
///
/// 1. Every chunk has the type of the field, and one axis or more; `len` counts the rows of all of them.
#[derive(Clone, Debug)]
pub struct Column {
    field: Arc<Field>,
    chunks: Arc<[Chunk]>,
    len: usize,
}

impl Column {
    /// A column of these chunks.
    ///
    /// # Errors
    ///
    /// A chunk of another type than the field's.
    pub fn new(field: Arc<Field>, chunks: Vec<Chunk>) -> Result<Column, TableError> {
        for chunk in &chunks {
            let found = chunk.field(Some(&field))?;
            if !same_type(&field, &found) {
                return Err(TableError::types(&field, &found));
            }
        }
        count(chunks.iter().map(Chunk::len))?;
        Ok(Column::of(field, chunks))
    }

    /// A column of chunks whose type is known, and whose rows can be counted.
    pub(super) fn of(field: Arc<Field>, chunks: Vec<Chunk>) -> Column {
        let len = chunks.iter().map(Chunk::len).fold(0, usize::saturating_add);
        Column { field, chunks: chunks.into(), len }
    }

    /// A column of an array, whose first axis counts rows. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// An array that Arrow has no type for, one without axes, or one of a device; a name with a NUL character.
    pub fn from_array(name: &str, array: Array) -> Result<Column, TableError> {
        let field = Arc::new(named(&Export::field_of(&array, None)?, name)?);
        Ok(Column::of(field, vec![Chunk(Kind::Array(array))]))
    }

    /// A column of an Arrow array, under the name of its field. **Zero-copy.**
    #[must_use]
    pub fn from_arrow(checked: Checked, origin: Origin) -> Column {
        let field = checked.field().clone();
        Column::of(field, vec![Chunk::from_arrow(checked, origin)])
    }

    /// A column of all arrays of a stream, a chunk each. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// The producer's own, with its text; an array that is not sound. Nothing is asked of the stream after that.
    pub fn from_stream(mut stream: OwnedStream, origin: Origin) -> Result<Column, TableError> {
        let field = Arc::new(stream.schema()?);
        let mut chunks = Vec::new();
        while let Some(array) = stream.next()? {
            let checked = array.check(field.clone()).map_err(|refused| refused.error)?;
            chunks.push(Chunk::from_arrow(checked, origin));
        }
        count(chunks.iter().map(Chunk::len))?;
        Ok(Column::of(field, chunks))
    }

    /// What the values are, with their name.
    pub fn field(&self) -> &Arc<Field> {
        &self.field
    }

    /// The name.
    pub fn name(&self) -> Cow<'_, str> {
        self.field.name()
    }

    /// The same column under another name.
    ///
    /// # Errors
    ///
    /// A NUL character in the name, at which Arrow's structs would end it.
    pub fn renamed(&self, name: &str) -> Result<Column, TableError> {
        Ok(Column { field: Arc::new(named(&self.field, name)?), ..self.clone() })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Chunks, in order.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Number of chunks.
    pub fn num_chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Number of nulls. Counts bits where it is not known.
    ///
    /// # Errors
    ///
    /// Bits on a device.
    pub fn null_count(&self) -> Result<usize, TableError> {
        self.chunks.iter().try_fold(0usize, |nulls, chunk| Ok(nulls.saturating_add(chunk.null_count()?)))
    }

    /// What arrays that came in say of their nulls that their field, or their bitmap, does not (K-A1, K-A5).
    pub fn notes(&self) -> Vec<Reason> {
        notes(&self.chunks)
    }

    /// Rows from `start` on, at most `len`. **Zero-copy.** What reaches beyond the last row is cut off.
    #[must_use]
    pub fn slice(&self, start: usize, len: usize) -> Column {
        let mut skip = start.min(self.len);
        let mut left = len.min(self.len - skip);
        let mut chunks = Vec::new();
        for chunk in self.chunks.iter() {
            let (from, rows) = (skip.min(chunk.len()), chunk.len().saturating_sub(skip).min(left));
            skip -= from;
            if rows > 0 {
                chunks.push(if rows == chunk.len() { chunk.clone() } else { chunk.slice(from, rows) });
            }
            left -= rows;
        }
        Column::of(self.field.clone(), chunks)
    }

    /// What the column is as one array: a view of a single chunk, or one **copy** of several. Copies nothing yet.
    ///
    /// # Errors
    ///
    /// Values that are no elements here, by the name of their type; several chunks on a device.
    pub fn import(&self) -> Result<ColumnImport, TableError> {
        let filled: Vec<Chunk> = self.chunks.iter().filter(|chunk| !chunk.is_empty()).cloned().collect();
        if filled.is_empty() {
            let chunk = self.chunks.first().cloned();
            return ColumnImport::of(vec![chunk.map_or_else(|| Chunk::empty(&self.field), Ok)?]);
        }
        ColumnImport::of(filled).map_err(|error| match error {
            TableError::Refused(reasons) => {
                let at = format!("column '{}'", self.name());
                TableError::Refused(reasons.into_iter().map(|reason| reason.at(at.clone())).collect())
            }
            error => error,
        })
    }

    /// The column with values of the type that is asked for, where its arrays can be given so; `None` where not, or where
    /// they have it already.
    pub(super) fn as_requested(&self, requested: &Field) -> Option<Column> {
        if self.chunks.is_empty() || same_type(requested, &self.field) {
            return None;
        }
        let mut field = None;
        for chunk in self.chunks.iter() {
            let found = chunk.field(Some(requested)).ok()?;
            if !same_type(requested, &found) {
                return None;
            }
            field = Some(found);
        }
        let field = field?.with_name(&self.name()).with_nullable(self.field.is_nullable());
        Some(Column { field: Arc::new(field), ..self.clone() })
    }
}

/// The rows of all parts together: nulls alone need no memory, and may be said to be as many as numbers go.
pub(super) fn count(mut parts: impl Iterator<Item = usize>) -> Result<usize, TableError> {
    let mut shape = Vec::new();
    let rows = parts.try_fold(0usize, |rows, more| {
        shape.push(more);
        rows.checked_add(more).filter(|rows| isize::try_from(*rows).is_ok())
    });
    rows.ok_or_else(|| ArrayError::Layout(LayoutError::TooLarge { itemsize: 1, shape: shape.as_slice().into() }).into())
}

/// The field under this name.
fn named(field: &Field, name: &str) -> Result<Field, TableError> {
    if name.contains('\0') {
        return Err(TableError::NulInName { name: name.to_owned() });
    }
    Ok(Field::clone(field).with_name(name))
}
