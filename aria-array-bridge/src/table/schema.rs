//! [`Schema`]: what the columns of a table are.
#![forbid(unsafe_code)]

use super::TableError;
use aria_arrow::{Field, Format, Metadata};
use std::sync::Arc;

/// Fields in order, and the metadata of the whole. Names may repeat; then they name no column.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The struct that a batch is, without its children.
    top: Field,
    fields: Vec<Arc<Field>>,
}

/// Equal fields and metadata. What the struct around them is called does not matter.
impl PartialEq for Schema {
    fn eq(&self, other: &Schema) -> bool {
        self.fields == other.fields && self.metadata() == other.metadata()
    }
}

impl Eq for Schema {}

impl Schema {
    /// A schema of these fields, without metadata.
    #[must_use]
    pub fn new(fields: Vec<Arc<Field>>) -> Schema {
        Schema { top: Field::new("", "+s").with_nullable(false), fields }
    }

    /// The same fields with this metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Schema {
        self.top = self.top.with_metadata(metadata);
        self
    }

    /// The schema of batches of this field.
    ///
    /// # Errors
    ///
    /// A field that is no struct.
    pub fn of(field: &Field) -> Result<Schema, TableError> {
        // A struct that extends to something else is one value a row for whoever knows it, but its fields are columns still.
        if field.layout() != Format::Struct || field.dictionary().is_some() {
            return Err(TableError::NotATable { found: field.type_name() });
        }
        let fields = field.children().iter().cloned().map(Arc::new).collect();
        Ok(Schema { top: field.clone().with_children(Vec::new()), fields })
    }

    /// The struct that a batch is.
    pub fn to_field(&self) -> Field {
        self.top.clone().with_children(self.fields.iter().map(|field| Field::clone(field)).collect())
    }

    /// The same struct around other fields.
    pub(super) fn with_fields(&self, fields: Vec<Arc<Field>>) -> Schema {
        Schema { top: self.top.clone(), fields }
    }

    /// Fields, in order.
    pub fn fields(&self) -> &[Arc<Field>] {
        &self.fields
    }

    /// Key-value metadata of the whole.
    pub fn metadata(&self) -> &Metadata {
        self.top.metadata()
    }

    /// Names, in order.
    pub fn names(&self) -> Vec<String> {
        self.fields.iter().map(|field| field.name().into_owned()).collect()
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Returns true if there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The position of the field of this name.
    ///
    /// # Errors
    ///
    /// No such name, with those that look like it; or several fields of this name, with their positions.
    pub fn position(&self, name: &str) -> Result<usize, TableError> {
        let positions: Vec<usize> = (0..self.len()).filter(|i| self.fields[*i].name() == name).collect();
        match positions[..] {
            [position] => Ok(position),
            [] => Err(TableError::NoColumn { name: name.to_owned(), near: self.near(name) }),
            _ => Err(TableError::Ambiguous { name: name.to_owned(), positions }),
        }
    }

    /// Names that look like this one; else all of them, up to a number that people read.
    fn near(&self, name: &str) -> Vec<String> {
        const READ: usize = 20;
        let names = || self.names().into_iter();
        let wrong = name.chars().count().div_ceil(3);
        let near: Vec<String> =
            names().filter(|found| distance(&found.to_lowercase(), &name.to_lowercase()) <= wrong).take(READ).collect();
        if near.is_empty() { names().take(READ).collect() } else { near }
    }

    /// Says whether a batch of this schema belongs to a table of the other: the same names and types, in order.
    ///
    /// # Errors
    ///
    /// Which names or types differ.
    pub fn agrees(&self, other: &Schema) -> Result<(), TableError> {
        if self.names() != other.names() {
            return Err(TableError::Names { expected: self.names(), found: other.names() });
        }
        for (expected, found) in self.fields.iter().zip(&other.fields) {
            if !same_type(expected, found) {
                return Err(TableError::types(expected, found));
            }
        }
        Ok(())
    }
}

/// The same type, extension types and their parameters included.
pub(super) fn same_type(a: &Field, b: &Field) -> bool {
    a.same_type(b)
        && a.extension_name() == b.extension_name()
        && a.extension_metadata() == b.extension_metadata()
        && a.children().iter().zip(b.children()).all(|(a, b)| same_type(a, b))
}

/// Letters to add, drop or change between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = core::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
