//! Why an Arrow struct is refused: the field, and a named problem with its numbers.
#![forbid(unsafe_code)]

use crate::format::Count;
use core::fmt;

/// A struct that is refused, and why. What becomes of the struct is said where it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrowError {
    /// The field, from the outermost: `prices.item`. Empty for the outermost itself.
    pub field: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The struct was released, or moved away, before: it describes nothing (K-A8).
    Released {
        /// The name of the struct.
        what: &'static str,
    },
    /// A pointer is NULL that must not be.
    Null {
        /// What it should point to.
        what: &'static str,
    },
    /// A count or length is negative (K-A13).
    Negative {
        /// What is counted.
        what: &'static str,
        /// The number.
        found: i64,
    },
    /// Text is not UTF-8.
    NotUtf8 {
        /// Which text.
        what: &'static str,
    },
    /// A format of a known kind, with parameters that the kind has not.
    Format {
        /// The format string.
        format: String,
    },
    /// Nested deeper than this crate follows.
    Depth {
        /// Levels that are followed.
        limit: usize,
    },
    /// More fields, or buffers of one field, than this crate follows.
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many are followed.
        limit: usize,
    },
    /// More metadata than is read.
    MetadataSize {
        /// Bytes that are read.
        limit: usize,
    },
    /// Another number of buffers than the format has (K-A12).
    Buffers {
        /// The format string.
        format: String,
        /// What the format has.
        expected: Count,
        /// What the struct says.
        found: usize,
    },
    /// Another number of children than the format, or the schema, has.
    Children {
        /// The format string.
        format: String,
        /// What the format or the schema has.
        expected: Count,
        /// What the struct says.
        found: usize,
    },
    /// The schema has a dictionary and the array has none, or the other way round.
    Dictionary {
        /// Whether the schema has one.
        expected: bool,
    },
    /// A dictionary on a format whose values are no integers.
    DictionaryIndex {
        /// The format string.
        format: String,
    },
    /// `offset` plus `length` is more than memory can hold.
    End {
        /// In elements.
        offset: usize,
        /// In elements.
        length: usize,
    },
    /// There are more nulls than elements.
    NullCount {
        /// The number in the struct.
        found: i64,
        /// In elements.
        length: usize,
    },
    /// There are nulls, and no bitmap says which (K-A4).
    NullsWithoutBitmap {
        /// The number in the struct.
        null_count: usize,
    },
    /// A buffer is NULL that has bytes.
    NullBuffer {
        /// Which, from 0.
        index: usize,
    },
    /// A child has fewer elements than its parent reaches.
    ChildLength {
        /// Which, from 0.
        index: usize,
        /// In elements.
        expected: usize,
        /// In elements.
        found: usize,
    },
    /// Found by full validation: the bitmap has another number of nulls (K-A3).
    NullBits {
        /// The number in the struct.
        stated: usize,
        /// The number in the bitmap.
        found: usize,
    },
    /// Found by full validation: a value is wrong.
    Value {
        /// Which, from 0, the array's offset not counted.
        index: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Problem {
    /// The problem, in a field.
    pub(crate) fn at(self, field: &str) -> ArrowError {
        ArrowError { field: field.to_owned(), problem: self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Released { what } => write!(f, "expected a live {what} but found one that was released"),
            Problem::Null { what } => write!(f, "expected {what} but found NULL"),
            Problem::Negative { what, found } => {
                write!(f, "expected a number of 0 or more of {what} but found {found}")
            }
            Problem::NotUtf8 { what } => write!(f, "expected {what} of UTF-8 but found other bytes"),
            Problem::Format { format } => {
                write!(f, "expected a format with the parameters of its kind but found '{format}'")
            }
            Problem::Depth { limit } => write!(f, "expected at most {limit} levels of fields but found more"),
            Problem::TooMany { what, limit } => write!(f, "expected at most {limit} {what} but found more"),
            Problem::MetadataSize { limit } => write!(f, "expected at most {limit} bytes of metadata but found more"),
            Problem::Buffers { format, expected, found } => {
                write!(f, "expected {expected} buffers for format '{format}' but found {found}")
            }
            Problem::Children { format, expected, found } => {
                write!(f, "expected {expected} children for format '{format}' but found {found}")
            }
            Problem::Dictionary { expected: true } => {
                write!(f, "expected a dictionary, as the schema says, but found none")
            }
            Problem::Dictionary { expected: false } => {
                write!(f, "expected no dictionary, as the schema says, but found one")
            }
            Problem::DictionaryIndex { format } => {
                write!(f, "expected integers that count into the dictionary but found format '{format}'")
            }
            Problem::End { offset, length } => {
                write!(f, "expected elements within memory but found {length} of them after {offset}")
            }
            Problem::NullCount { found, length } => {
                write!(f, "expected a null count of -1 to {length} but found {found}")
            }
            Problem::NullsWithoutBitmap { null_count } => {
                write!(f, "expected a validity bitmap for {null_count} nulls but found NULL")
            }
            Problem::NullBuffer { index } => write!(f, "expected memory in buffer {index} but found NULL"),
            Problem::ChildLength { index, expected, found } => {
                write!(f, "expected at least {expected} elements in child {index} but found {found}")
            }
            Problem::NullBits { stated, found } => {
                write!(f, "expected {stated} nulls, as the array says, but found {found} in its bitmap")
            }
            Problem::Value { index, what } => write!(f, "element {index}: {what}"),
        }
    }
}

impl fmt::Display for ArrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "field '{}': ", self.field)?;
        }
        self.problem.fmt(f)
    }
}

impl core::error::Error for Problem {}
impl core::error::Error for ArrowError {}
