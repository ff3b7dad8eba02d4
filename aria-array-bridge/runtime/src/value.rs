//! `Val`: a value on its way into Python, or out of it (rule R3).

mod integer;
mod lend;
mod time;

pub use integer::{BigInt, NoInteger};
pub(crate) use lend::Lent;
pub use time::{Date, DateTime, Time, TimeDelta};

use crate::object::PyObject;
use crate::text::take_text;
use aria_array_bridge::Array;
use aria_array_bridge::operations::{OwnedBytes, TAG_BOOL, TAG_BYTES, TAG_FLOAT, TAG_INT, TAG_OBJECT, TAG_STR, Value};
use core::ops;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A value. What is none of these stays a [`PyObject`]. `spec/values.csv` is the table of conversions both ways.
///
/// Containers are copied, item by item; only an array shares its memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Val {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An `int` within 64 bits.
    Int(i64),
    /// An `int` of any size.
    BigInt(BigInt),
    /// A `float`.
    Float(f64),
    /// A `complex`: its real and its imaginary part.
    Complex(f64, f64),
    /// A `str`.
    Str(String),
    /// A `bytes`.
    Bytes(Vec<u8>),
    /// A `list`.
    List(Vec<Val>),
    /// A `tuple`.
    Tuple(Vec<Val>),
    /// A `dict`: its keys and values in order. Of equal keys the last value counts.
    Dict(Vec<(Val, Val)>),
    /// A `set`.
    Set(Vec<Val>),
    /// A `frozenset`.
    FrozenSet(Vec<Val>),
    /// A `slice`: start, stop and step, which may be of any kind.
    Slice(Box<[Val; 3]>),
    /// A `range`: start, stop and step. As the key of an item it is a slice, as Aria's ranges are.
    Range(i64, i64, i64),
    /// A `datetime.date`.
    Date(Date),
    /// A `datetime.time`.
    Time(Time),
    /// A `datetime.datetime`.
    DateTime(DateTime),
    /// A `datetime.timedelta`.
    TimeDelta(TimeDelta),
    /// Anything else.
    Object(PyObject),
    /// An array, whose memory Python shares. Never comes out of Python by itself: see
    /// [`FromPy`](crate::FromPy).
    Array(Box<Array>),
}

impl Val {
    /// `slice(start, stop, step)`
    pub fn slice(start: impl Into<Val>, stop: impl Into<Val>, step: impl Into<Val>) -> Val {
        Val::Slice(Box::new([start.into(), stop.into(), step.into()]))
    }

    /// `bytes`
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Val {
        Val::Bytes(bytes.into())
    }

    /// `list`, of items of one type or of another.
    pub fn list(items: impl IntoIterator<Item = impl Into<Val>>) -> Val {
        Val::List(items.into_iter().map(Into::into).collect())
    }

    /// `tuple`
    pub fn tuple(items: impl IntoIterator<Item = impl Into<Val>>) -> Val {
        Val::Tuple(items.into_iter().map(Into::into).collect())
    }

    /// `dict`
    pub fn dict(items: impl IntoIterator<Item = (impl Into<Val>, impl Into<Val>)>) -> Val {
        Val::Dict(items.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// `set`
    pub fn set(items: impl IntoIterator<Item = impl Into<Val>>) -> Val {
        Val::Set(items.into_iter().map(Into::into).collect())
    }

    /// As the key of an item: ranges become slices, also in a tuple (`x[0..2, 1]`).
    pub(crate) fn into_key(self) -> Val {
        match self {
            Val::Range(start, stop, step) => Val::slice(start, stop, step),
            Val::Tuple(keys) => Val::Tuple(keys.into_iter().map(Val::into_key).collect()),
            other => other,
        }
    }

    /// Takes over what the table wrote.
    ///
    /// # Safety
    ///
    /// The table wrote both, and nobody else takes them over.
    pub(crate) unsafe fn from_raw(value: Value, bytes: OwnedBytes) -> Val {
        let payload = value.payload;
        match value.tag {
            // SAFETY: the tag says that it is an integer.
            TAG_BOOL => Val::Bool(unsafe { payload.int } != 0),
            // SAFETY: the tag says that it is an integer.
            TAG_INT => Val::Int(unsafe { payload.int }),
            // SAFETY: the tag says that it is a float.
            TAG_FLOAT => Val::Float(unsafe { payload.float }),
            // SAFETY: the table wrote the bytes: the caller's duty.
            TAG_STR => Val::Str(unsafe { take_text(bytes) }),
            // SAFETY: as above.
            TAG_BYTES => Val::Bytes(unsafe { bytes.take() }),
            TAG_OBJECT => {
                // SAFETY: the tag says that it is a handle.
                let handle = unsafe { payload.object };
                // SAFETY: a new handle of the table, taken over once.
                unsafe { PyObject::from_raw(handle) }.map_or(Val::None, Val::Object)
            }
            _ => Val::None,
        }
    }
}

macro_rules! from {
    ($($source:ty => |$value:ident| $val:expr;)*) => {
        $(impl From<$source> for Val {
            fn from($value: $source) -> Val {
                $val
            }
        })*
    };
}

from! {
    () => |_nothing| Val::None;
    bool => |truth| Val::Bool(truth);
    i8 => |int| Val::Int(int.into());
    i16 => |int| Val::Int(int.into());
    i32 => |int| Val::Int(int.into());
    i64 => |int| Val::Int(int);
    u8 => |int| Val::Int(int.into());
    u16 => |int| Val::Int(int.into());
    u32 => |int| Val::Int(int.into());
    u64 => |int| i64::try_from(int).map_or_else(|_| Val::BigInt(int.into()), Val::Int);
    usize => |int| Val::from(int as u64);
    isize => |int| Val::Int(int as i64);
    i128 => |int| i64::try_from(int).map_or_else(|_| Val::BigInt(int.into()), Val::Int);
    BigInt => |int| int.to_i64().map_or_else(|| Val::BigInt(int), Val::Int);
    f32 => |float| Val::Float(float.into());
    f64 => |float| Val::Float(float);
    char => |letter| Val::Str(letter.into());
    &str => |text| Val::Str(text.to_owned());
    String => |text| Val::Str(text);
    &String => |text| Val::Str(text.clone());
    &[u8] => |bytes| Val::Bytes(bytes.to_vec());
    ops::Range<i64> => |range| Val::Range(range.start, range.end, 1);
    ops::RangeFrom<i64> => |range| Val::slice(range.start, (), ());
    ops::RangeTo<i64> => |range| Val::slice((), range.end, ());
    ops::RangeFull => |_all| Val::slice((), (), ());
    Date => |date| Val::Date(date);
    Time => |time| Val::Time(time);
    DateTime => |time| Val::DateTime(time);
    TimeDelta => |time| Val::TimeDelta(time);
    PyObject => |object| Val::Object(object);
    &PyObject => |object| Val::Object(object.clone());
    Array => |array| Val::Array(Box::new(array));
    &Array => |array| Val::Array(Box::new(array.clone()));
    &Val => |value| value.clone();
}

macro_rules! from_containers {
    ($(<$($parameter:ident),*> $source:ty => |$value:ident| $val:expr;)*) => {
        $(impl<$($parameter: Into<Val>),*> From<$source> for Val {
            fn from($value: $source) -> Val {
                $val
            }
        })*
    };
}

from_containers! {
    <T> Option<T> => |value| value.map_or(Val::None, Into::into);
    <T> Vec<T> => |items| Val::list(items);
    <A, B> (A, B) => |items| Val::Tuple(vec![items.0.into(), items.1.into()]);
    <A, B, C> (A, B, C) => |items| Val::Tuple(vec![items.0.into(), items.1.into(), items.2.into()]);
    <A, B, C, D> (A, B, C, D) => |items| Val::Tuple(vec![items.0.into(), items.1.into(), items.2.into(), items.3.into()]);
    <K, V> BTreeMap<K, V> => |items| Val::dict(items);
    <K, V> HashMap<K, V> => |items| Val::dict(items);
    <T> BTreeSet<T> => |items| Val::set(items);
    <T> HashSet<T> => |items| Val::set(items);
}

impl<T: Into<Val>, const N: usize> From<[T; N]> for Val {
    fn from(items: [T; N]) -> Val {
        Val::list(items)
    }
}
