//! `Kind`: what an object is, in one look at its type.

use crate::error::PyError;
use crate::object::PyObject;
use crate::{apply, value::Val};
use aria_array_bridge::operations::{function, kind as raw};

/// What an object is. Types are exact, so that what is said of them holds; the last four include derived types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `None`
    None,
    /// `bool`
    Bool,
    /// `int`, of any size.
    Int,
    /// `float`
    Float,
    /// `complex`
    Complex,
    /// `str`
    Str,
    /// `bytes`
    Bytes,
    /// `list`
    List,
    /// `tuple`
    Tuple,
    /// `dict`
    Dict,
    /// `set`
    Set,
    /// `frozenset`
    FrozenSet,
    /// `slice`
    Slice,
    /// `range`
    Range,
    /// `datetime.date`
    Date,
    /// `datetime.time`
    Time,
    /// `datetime.datetime`
    DateTime,
    /// `datetime.timedelta`
    TimeDelta,
    /// `numpy.ndarray`, or an array of the `aria_array_bridge` package.
    Array,
    /// A module.
    Module,
    /// An exception.
    Exception,
    /// Anything else that can be called.
    Callable,
    /// Anything else.
    Other,
}

/// Each kind at its number.
const KINDS: [Kind; raw::OTHER as usize + 1] = {
    let mut kinds = [Kind::Other; raw::OTHER as usize + 1];
    kinds[raw::NONE as usize] = Kind::None;
    kinds[raw::BOOL as usize] = Kind::Bool;
    kinds[raw::INT as usize] = Kind::Int;
    kinds[raw::FLOAT as usize] = Kind::Float;
    kinds[raw::STR as usize] = Kind::Str;
    kinds[raw::BYTES as usize] = Kind::Bytes;
    kinds[raw::LIST as usize] = Kind::List;
    kinds[raw::TUPLE as usize] = Kind::Tuple;
    kinds[raw::DICT as usize] = Kind::Dict;
    kinds[raw::SET as usize] = Kind::Set;
    kinds[raw::FROZENSET as usize] = Kind::FrozenSet;
    kinds[raw::SLICE as usize] = Kind::Slice;
    kinds[raw::RANGE as usize] = Kind::Range;
    kinds[raw::COMPLEX as usize] = Kind::Complex;
    kinds[raw::DATE as usize] = Kind::Date;
    kinds[raw::TIME as usize] = Kind::Time;
    kinds[raw::DATETIME as usize] = Kind::DateTime;
    kinds[raw::TIMEDELTA as usize] = Kind::TimeDelta;
    kinds[raw::ARRAY as usize] = Kind::Array;
    kinds[raw::MODULE as usize] = Kind::Module;
    kinds[raw::EXCEPTION as usize] = Kind::Exception;
    kinds[raw::CALLABLE as usize] = Kind::Callable;
    kinds
};

impl PyObject {
    /// What the object is.
    ///
    /// # Errors
    ///
    /// Only when Python does not run.
    pub fn kind(&self) -> Result<Kind, PyError> {
        let number = match apply::value(function::KIND, [Val::from(self)])? {
            Val::Int(number) => usize::try_from(number).ok(),
            _ => None,
        };
        // A wheel that is newer than this program may know more kinds.
        Ok(number.and_then(|number| KINDS.get(number)).copied().unwrap_or(Kind::Other))
    }
}
