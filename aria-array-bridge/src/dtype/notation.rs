//! What the notations of other libraries say, and why they may be refused.

use super::{DType, RecordError, Swap};
use core::fmt;

/// A dtype as a notation says it, and how its bytes must be swapped to be read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The dtype.
    pub dtype: DType,
    /// How bytes must be reversed; [`Swap::None`] in native order.
    pub swap: Swap,
}

impl Parsed {
    pub(super) fn native(dtype: DType) -> Parsed {
        Parsed { dtype, swap: Swap::None }
    }
}

/// Why a text is no dtype here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are what the sentences below say")]
pub enum NotationError {
    /// No such notation, from this byte on.
    Syntax { text: String, at: usize, expected: &'static str },
    /// A type that is named and never carried: Python objects, pointers, long doubles, bit fields.
    Refused { text: String, at: usize, what: &'static str },
    /// The letters say another size than the producer.
    Itemsize { text: String, computed: usize, found: usize },
    /// Nested too deeply, or too long.
    TooComplex { what: &'static str, limit: usize },
    /// Fields that make no record.
    Record(RecordError),
}

impl fmt::Display for NotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { text, at, expected } => {
                write!(f, "expected {expected} at byte {at} but found {:?}", Shortened(text))
            }
            Self::Refused { text, at, what } => {
                write!(f, "expected numbers, text or records but found {what} at byte {at} of {:?}", Shortened(text))
            }
            Self::Itemsize { text, computed, found } => {
                write!(f, "expected an itemsize of {computed} bytes for {:?} but found {found}", Shortened(text))
            }
            Self::TooComplex { what, limit } => write!(f, "expected at most {limit} {what}"),
            Self::Record(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NotationError {}

impl From<RecordError> for NotationError {
    fn from(error: RecordError) -> NotationError {
        NotationError::Record(error)
    }
}

/// The beginning of a text that may be long.
struct Shortened<'a>(&'a str);

impl fmt::Debug for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(60) {
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// The other byte order's swap of a type: its units reversed, where they have more than one byte.
pub(super) fn swapped(dtype: &DType) -> Swap {
    let unit = match dtype {
        DType::Scalar(scalar) => scalar.swap_unit(),
        DType::DateTime(_) | DType::TimeDelta(_) => 8,
        DType::Str(_) => 4,
        DType::Bytes(_) | DType::Void(_) | DType::Record(_) => 1,
    };
    if unit > 1 { Swap::Units(unit) } else { Swap::None }
}

/// The swap of a record's fields: none if no field needs one.
pub(super) fn of_fields(swaps: Vec<Swap>) -> Swap {
    if swaps.iter().all(Swap::is_none) { Swap::None } else { Swap::Fields(swaps.into()) }
}
