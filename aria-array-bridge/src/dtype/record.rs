//! `Record`: named fields at byte offsets, as NumPy's structured types have them.

use super::DType;
use core::fmt;
use std::collections::HashSet;

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// The name, unique in its record.
    pub name: Box<str>,
    /// The dtype of one element.
    pub dtype: DType,
    /// Bytes from the start of the record.
    pub offset: usize,
    /// Extents of a sub-array in C order; empty for a single element.
    pub shape: Box<[usize]>,
}

impl Field {
    /// A field with a single element.
    pub fn new(name: impl Into<Box<str>>, dtype: DType, offset: usize) -> Field {
        Field { name: name.into(), dtype, offset, shape: Box::default() }
    }

    /// Bytes of the field, all elements of its sub-array together; `None` where that overflows.
    pub fn nbytes(&self) -> Option<usize> {
        self.shape.iter().try_fold(self.dtype.itemsize(), |bytes, n| bytes.checked_mul(*n))
    }
}

/// Named fields at byte offsets.
///
/// # Invariants
///
/// 1. Names are unique.
/// 2. Every field lies inside the record: `offset + nbytes <= itemsize`.
/// 3. No field is packed (smaller than a byte).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    fields: Box<[Field]>,
    itemsize: usize,
    /// Follows from the fields; remembered, since records within records would ask for it again and again.
    alignment: usize,
}

/// Why fields make no record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// Two fields have this name.
    DuplicateName(Box<str>),
    /// The field with this name ends beyond the record.
    OutOfBounds {
        /// The field.
        name: Box<str>,
        /// Where it ends, in bytes; `None` where that overflows.
        end: Option<usize>,
        /// Size of the record in bytes.
        itemsize: usize,
    },
    /// The field with this name has elements smaller than a byte.
    Packed(Box<str>),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::DuplicateName(name) => write!(f, "expected unique field names but found {name:?} twice"),
            RecordError::OutOfBounds { name, end: Some(end), itemsize } => {
                write!(f, "expected field {name:?} to end within {itemsize} bytes but found its end at {end}")
            }
            RecordError::OutOfBounds { name, itemsize, .. } => {
                write!(f, "expected field {name:?} to end within {itemsize} bytes but its size overflows")
            }
            RecordError::Packed(name) => write!(f, "expected whole bytes in field {name:?} but found a sub-byte type"),
        }
    }
}

impl core::error::Error for RecordError {}

impl Record {
    /// A record of `itemsize` bytes.
    ///
    /// # Errors
    ///
    /// Names the field that breaks an invariant.
    pub fn new(fields: Vec<Field>, itemsize: usize) -> Result<Record, RecordError> {
        let mut names = HashSet::with_capacity(fields.len());
        for field in &fields {
            if !names.insert(&field.name) {
                return Err(RecordError::DuplicateName(field.name.clone()));
            }
            if field.dtype.is_packed() {
                return Err(RecordError::Packed(field.name.clone()));
            }
            let end = field.nbytes().and_then(|n| n.checked_add(field.offset));
            if end.is_none_or(|end| end > itemsize) {
                return Err(RecordError::OutOfBounds { name: field.name.clone(), end, itemsize });
            }
        }
        let keeps = |field: &Field| {
            let align = field.dtype.alignment();
            field.offset.is_multiple_of(align) && itemsize.is_multiple_of(align)
        };
        let most = fields.iter().map(|field| field.dtype.alignment()).max();
        let alignment = if fields.iter().all(keeps) { most.unwrap_or(1) } else { 1 };
        Ok(Record { fields: fields.into(), itemsize, alignment })
    }

    /// The fields, in their order of declaration.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| *field.name == *name)
    }

    /// Size of the record in bytes, padding included.
    pub fn itemsize(&self) -> usize {
        self.itemsize
    }

    /// Bytes that the record is aligned to: like its most demanding field where every field of every record in an array
    /// keeps to its own alignment, else 1.
    pub fn alignment(&self) -> usize {
        self.alignment
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("record{")?;
        for (i, field) in self.fields.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}: {}", field.name, field.dtype)?;
            if !field.shape.is_empty() {
                write!(f, "{:?}", field.shape)?;
            }
        }
        f.write_str("}")
    }
}
