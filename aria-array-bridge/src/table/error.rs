//! [`TableError`]: why there is no such table, column or batch.

use crate::array::ArrayError;
use crate::convert::arrow::{reason, stream_reason};
use crate::plan::Reason;
use aria_arrow::{ArrowError, Field, StreamError};
use core::fmt;

/// Why there is no such table, column or batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are what the sentences below say")]
pub enum TableError {
    /// No column has this name. `near` are those that look like it, or else all of them.
    NoColumn { name: String, near: Vec<String> },
    /// Several columns have this name.
    Ambiguous { name: String, positions: Vec<usize> },
    /// No column stands there.
    Position { position: usize, columns: usize },
    /// A name that no Arrow struct can say, since its strings end at the first NUL character.
    NulInName { name: String },
    /// A column has another number of rows than the others.
    Length { column: String, expected: usize, found: usize },
    /// A chunk, column or batch has another type.
    Type { column: String, expected: String, found: String },
    /// A batch has other columns.
    Names { expected: Vec<String>, found: Vec<String> },
    /// A struct is a table, and nothing else is.
    NotATable { found: String },
    /// Some rows are null as a whole, which no column can say.
    NullRows { nulls: usize, rows: usize },
    /// The rows come in several batches, and one array of structs was asked for.
    Batches { found: usize },
    /// The memory lies on a device, and it would have to be read.
    Device { device: crate::Device },
    /// A column that is refused as an array, or an array that is refused as a column.
    Refused(Vec<Reason>),
    /// The producer of a stream, or what it gave.
    Stream(StreamError),
    /// What came in is no sound array.
    Arrow(ArrowError),
    /// No memory, or too many elements.
    Array(ArrayError),
}

impl TableError {
    /// The column `found`, whose type is not `expected`.
    pub(super) fn types(column: &Field, found: &Field) -> TableError {
        TableError::Type { column: column.name().into_owned(), expected: column.type_name(), found: found.type_name() }
    }

    /// The same as reasons of a plan; never empty.
    pub fn reasons(&self) -> Vec<Reason> {
        let text = || self.to_string();
        vec![match self {
            Self::Refused(reasons) => return reasons.clone(),
            Self::Stream(error) => stream_reason(error),
            Self::Arrow(error) => reason(error),
            Self::Array(ArrayError::Device { .. }) | Self::Device { .. } => {
                Reason::new("device", "L7", text()).hint("to_device(\"cpu\")")
            }
            Self::Array(_) => Reason::new("memory", "C3", text()),
            Self::NoColumn { .. } | Self::Ambiguous { .. } | Self::Position { .. } => {
                Reason::new("column", "C6", text())
            }
            Self::NulInName { .. } => Reason::new("column", "C6", text()).hint("rename the column"),
            Self::Length { expected, found, column } => Reason::new("extent", "C6", text())
                .expected(format!("{expected} rows"), format!("{found} rows"))
                .at(format!("column '{column}'")),
            Self::Type { expected, found, column } => Reason::new("schema", "C6", text())
                .expected(expected.clone(), found.clone())
                .at(format!("column '{column}'")),
            Self::Names { .. } => Reason::new("schema", "C6", text()),
            Self::NotATable { found } => {
                Reason::new("not-a-table", "C6", text()).expected("struct", found.clone()).hint("ab.asarray(x)")
            }
            Self::NullRows { .. } => Reason::new("nulls", "C6", text())
                .hint("fill or drop the null rows first, or take them as one column: {'x': it}"),
            Self::Batches { .. } => Reason::new("chunked", "C6", text()).hint("take them as a stream, batch by batch"),
        }]
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoColumn { name, near } if near.is_empty() => {
                write!(f, "expected a column '{name}' but the table has none at all")
            }
            Self::NoColumn { name, near } => {
                write!(f, "expected a column '{name}' but found no such name; there are {near:?}")
            }
            Self::Ambiguous { name, positions } => {
                write!(f, "expected one column '{name}' but found several, at positions {positions:?}")
            }
            Self::Position { position, columns } => {
                write!(f, "expected a position below {columns}, the number of columns, but found {position}")
            }
            Self::NulInName { name } => write!(
                f,
                "expected a name without NUL characters, at which Arrow's structs end a name, but found {name:?}"
            ),
            Self::Length { column, expected, found } => {
                write!(f, "expected {expected} rows in column '{column}' but found {found}")
            }
            Self::Type { column, expected, found } => {
                write!(f, "expected {expected} in column '{column}' but found {found}")
            }
            Self::Names { expected, found } => write!(f, "expected columns {expected:?} but found {found:?}"),
            Self::NotATable { found } => write!(f, "expected a struct, whose fields are columns, but found {found}"),
            Self::NullRows { nulls, rows } => {
                write!(f, "expected rows that are not null as a whole but found {nulls} of {rows} that are")
            }
            Self::Batches { found } => write!(f, "expected rows in one batch but found {found} batches or more"),
            Self::Device { device } => write!(f, "expected memory of the host but found {device}"),
            Self::Refused(reasons) => {
                for (i, reason) in reasons.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { "" } else { "; " }, reason.text)?;
                }
                Ok(())
            }
            Self::Stream(error) => error.fmt(f),
            Self::Arrow(error) => error.fmt(f),
            Self::Array(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for TableError {}

impl From<Vec<Reason>> for TableError {
    fn from(reasons: Vec<Reason>) -> TableError {
        TableError::Refused(reasons)
    }
}

impl From<Box<Reason>> for TableError {
    fn from(reason: Box<Reason>) -> TableError {
        TableError::Refused(vec![*reason])
    }
}

impl From<StreamError> for TableError {
    fn from(error: StreamError) -> TableError {
        TableError::Stream(error)
    }
}

impl From<ArrowError> for TableError {
    fn from(error: ArrowError) -> TableError {
        TableError::Arrow(error)
    }
}

impl From<ArrayError> for TableError {
    fn from(error: ArrayError) -> TableError {
        TableError::Array(error)
    }
}
