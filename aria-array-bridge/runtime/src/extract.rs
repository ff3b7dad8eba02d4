//! Python's objects as Aria's values: `PyObject::extract`, one type or a container of them, and `to_val` for all.
//!
//! `spec/values.csv` is the table. Nothing wraps, is truncated, or is read from text.

use crate::apply::{self, unexpected};
use crate::args::Args;
use crate::error::PyError;
use crate::gil::attach;
use crate::kind::Kind;
use crate::object::PyObject;
use crate::value::{BigInt, Date, DateTime, Time, TimeDelta, Val};
use aria_array_bridge::operations::ERR_ARGUMENT;
use aria_array_bridge::operations::function::{BYTES, EXACT_BOOL, EXACT_STR, INDEX, INT_TO_BYTES, PARTS};
use core::hash::{BuildHasher, Hash};
use std::collections::{BTreeMap, HashMap};

/// How deep objects may be nested that become values.
const MAX_DEPTH: usize = 200;

/// What can be made of a Python object.
pub trait FromObject: Sized {
    /// Makes a value of the object, or says why it is none.
    ///
    /// # Errors
    ///
    /// `TypeError` for an object of another kind, `OverflowError` for a number out of range; what Python raises.
    fn from_object(object: &PyObject) -> Result<Self, PyError>;
}

impl PyObject {
    /// The object as a value of type `T`: `let scores: Vec<f64> = object.extract()?`.
    ///
    /// # Errors
    ///
    /// `TypeError` for an object of another kind, `OverflowError` for a number out of range; what Python raises.
    pub fn extract<T: FromObject>(&self) -> Result<T, PyError> {
        T::from_object(self)
    }

    /// The truth of a `bool`, NumPy's too. See [`truthy`](PyObject::truthy) for the truth of anything.
    ///
    /// # Errors
    ///
    /// `TypeError` for anything else.
    pub fn to_bool(&self) -> Result<bool, PyError> {
        match apply::value(EXACT_BOOL, [self.into()])? {
            Val::Bool(truth) => Ok(truth),
            other => Err(unexpected("a bool", &other)),
        }
    }

    /// The text of a `str`. See [`str`](PyObject::str) for the text of anything.
    ///
    /// # Errors
    ///
    /// `TypeError` for anything else; `UnicodeEncodeError` for lone surrogates, which UTF-8 cannot say.
    pub fn to_text(&self) -> Result<String, PyError> {
        match apply::value(EXACT_STR, [self.into()])? {
            Val::Str(text) => Ok(text),
            // What stays an object is a string that UTF-8 cannot say; asking for its text raises.
            Val::Object(string) => string.str(),
            other => Err(unexpected("a str", &other)),
        }
    }

    /// The bytes of a `bytes`, a `bytearray`, or of anything with a buffer. **Copies.**
    ///
    /// # Errors
    ///
    /// `TypeError` for anything else.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PyError> {
        match apply::value(BYTES, [self.into()])? {
            Val::Bytes(bytes) => Ok(bytes),
            other => Err(unexpected("bytes", &other)),
        }
    }

    /// The integer, whatever its size, by `__index__`. A float is no integer.
    ///
    /// # Errors
    ///
    /// `TypeError` for anything else.
    pub fn to_big_int(&self) -> Result<BigInt, PyError> {
        match apply::value(INT_TO_BYTES, [self.into()])? {
            Val::Bytes(bytes) => Ok(BigInt::from_le_bytes(bytes)),
            other => Err(unexpected("bytes", &other)),
        }
    }

    /// All items of an iterable. Text and bytes are not taken apart.
    ///
    /// # Errors
    ///
    /// `TypeError` for what cannot be iterated over; what Python raises.
    pub fn to_vec(&self) -> Result<Vec<PyObject>, PyError> {
        let _batch = attach()?;
        match self.kind()? {
            kind @ (Kind::Str | Kind::Bytes) => Err(other_kind("a container of items", kind)),
            _ => self.iter()?.collect(),
        }
    }

    /// All keys of a mapping, each with its value.
    ///
    /// # Errors
    ///
    /// `AttributeError` for what is no mapping; what Python raises.
    pub fn to_pairs(&self) -> Result<Vec<(PyObject, PyObject)>, PyError> {
        let _batch = attach()?;
        let items = self.call_method("items", Args::new())?;
        items.iter()?.map(|pair| pair?.extract()).collect()
    }

    /// The value with all that is inside of it, as far as types are exactly those of [`Val`]; what is none of them
    /// stays an object in its place (rule R3). **Copies.**
    ///
    /// # Errors
    ///
    /// Containers nested deeper than 200, or in themselves; Python does not run.
    pub fn to_val(&self) -> Result<Val, PyError> {
        let _batch = attach()?;
        to_val(self, 0)
    }

    /// The numbers that make a slice, a range, a complex number or a time; `None` where they do not say all.
    fn parts(&self) -> Result<Option<Vec<Val>>, PyError> {
        match apply::value(PARTS, [self.into()])? {
            Val::Object(parts) => parts.iter()?.map(|part| part?.lower()).collect::<Result<_, _>>().map(Some),
            _ => Ok(None),
        }
    }
}

fn to_val(object: &PyObject, depth: usize) -> Result<Val, PyError> {
    if depth > MAX_DEPTH {
        let text = format!("expected containers nested at most {MAX_DEPTH} deep but found more, or one in itself");
        return Err(PyError::own(ERR_ARGUMENT, "ValueError", text));
    }
    let inner = |item: Result<PyObject, PyError>| to_val(&item?, depth + 1);
    let items = || object.iter()?.map(inner).collect::<Result<Vec<Val>, PyError>>();
    let whole = || Val::from(object);
    Ok(match object.kind()? {
        Kind::List => Val::List(items()?),
        Kind::Tuple => Val::Tuple(items()?),
        Kind::Set => Val::Set(items()?),
        Kind::FrozenSet => Val::FrozenSet(items()?),
        Kind::Dict => {
            let pairs = object.to_pairs()?.into_iter().map(|(key, value)| Ok((inner(Ok(key))?, inner(Ok(value))?)));
            Val::Dict(pairs.collect::<Result<_, PyError>>()?)
        }
        Kind::Int => match object.lower()? {
            Val::Object(big) => Val::BigInt(big.to_big_int()?),
            small => small,
        },
        Kind::Bytes => Val::Bytes(object.to_bytes()?),
        Kind::Slice => {
            let parts = [object.getattr("start")?, object.getattr("stop")?, object.getattr("step")?];
            let [start, stop, step] = parts.map(|part| to_val(&part, depth + 1));
            Val::Slice(Box::new([start?, stop?, step?]))
        }
        Kind::Range => match object.parts()?.as_deref() {
            Some([Val::Int(start), Val::Int(stop), Val::Int(step)]) => Val::Range(*start, *stop, *step),
            _ => whole(),
        },
        Kind::Complex => match object.parts()?.as_deref() {
            Some([Val::Float(real), Val::Float(imaginary)]) => Val::Complex(*real, *imaginary),
            _ => whole(),
        },
        Kind::Date => object.parts()?.as_deref().and_then(date).map_or_else(whole, Val::Date),
        Kind::Time => object.parts()?.as_deref().and_then(time).map_or_else(whole, Val::Time),
        Kind::DateTime => object.parts()?.as_deref().and_then(date_time).map_or_else(whole, Val::DateTime),
        Kind::TimeDelta => object.parts()?.as_deref().and_then(time_delta).map_or_else(whole, Val::TimeDelta),
        _ => object.lower()?,
    })
}

fn number<T: TryFrom<i64>>(value: &Val) -> Option<T> {
    match value {
        Val::Int(number) => T::try_from(*number).ok(),
        _ => None,
    }
}

fn date(parts: &[Val]) -> Option<Date> {
    let [year, month, day] = parts else { return None };
    Some(Date { year: number(year)?, month: number(month)?, day: number(day)? })
}

fn time(parts: &[Val]) -> Option<Time> {
    let [hour, minute, second, microsecond, fold, offset] = parts else { return None };
    Some(Time {
        hour: number(hour)?,
        minute: number(minute)?,
        second: number(second)?,
        microsecond: number(microsecond)?,
        fold: number::<u8>(fold)? != 0,
        offset: match offset {
            Val::None => None,
            seconds => Some(number(seconds)?),
        },
    })
}

fn date_time(parts: &[Val]) -> Option<DateTime> {
    let (first, second) = parts.split_at_checked(3)?;
    Some(DateTime { date: date(first)?, time: time(second)? })
}

fn time_delta(parts: &[Val]) -> Option<TimeDelta> {
    let [days, seconds, microseconds] = parts else { return None };
    Some(TimeDelta { days: number(days)?, seconds: number(seconds)?, microseconds: number(microseconds)? })
}

fn other_kind(wanted: &str, found: Kind) -> PyError {
    PyError::own(ERR_ARGUMENT, "TypeError", format!("expected {wanted} but found {found:?}"))
}

macro_rules! from_object {
    ($($target:ty => |$object:ident| $made:expr;)*) => {
        $(impl FromObject for $target {
            fn from_object($object: &PyObject) -> Result<$target, PyError> {
                $made
            }
        })*
    };
}

from_object! {
    PyObject => |object| Ok(object.clone());
    Val => |object| object.to_val();
    bool => |object| object.to_bool();
    f64 => |object| object.to_float();
    String => |object| object.to_text();
    BigInt => |object| object.to_big_int();
    i64 => |object| object.to_int();
    i128 => |object| object.to_big_int().and_then(|big| big.to_i128().ok_or_else(|| out_of_range::<i128>(&big)));
    Date => |object| of_val(object, "a date", |value| if let Val::Date(date) = value { Some(date) } else { None });
    Time => |object| of_val(object, "a time", |value| if let Val::Time(time) = value { Some(time) } else { None });
    DateTime => |object| of_val(object, "a datetime", |v| if let Val::DateTime(time) = v { Some(time) } else { None });
    TimeDelta => |object| of_val(object, "a timedelta", |v| if let Val::TimeDelta(time) = v { Some(time) } else { None });
}

fn of_val<T>(object: &PyObject, wanted: &str, pick: impl FnOnce(Val) -> Option<T>) -> Result<T, PyError> {
    let kind = object.kind()?;
    pick(object.to_val()?).ok_or_else(|| other_kind(wanted, kind))
}

fn out_of_range<T>(number: &impl core::fmt::Display) -> PyError {
    let text = format!("expected a number within {} but found {number}", core::any::type_name::<T>());
    PyError::own(ERR_ARGUMENT, "OverflowError", text)
}

macro_rules! from_integers {
    ($($target:ty)*) => {
        $(impl FromObject for $target {
            fn from_object(object: &PyObject) -> Result<$target, PyError> {
                let number = apply::make(INDEX, [object.into()])?.to_big_int()?;
                let narrow = number.to_i128().and_then(|wide| wide.try_into().ok());
                narrow.ok_or_else(|| out_of_range::<$target>(&number))
            }
        })*
    };
}

from_integers!(i8 i16 i32 isize u8 u16 u32 u64 usize);

impl<T: FromObject> FromObject for Option<T> {
    fn from_object(object: &PyObject) -> Result<Option<T>, PyError> {
        match object.kind()? {
            Kind::None => Ok(None),
            _ => T::from_object(object).map(Some),
        }
    }
}

impl<T: FromObject> FromObject for Vec<T> {
    fn from_object(object: &PyObject) -> Result<Vec<T>, PyError> {
        let _batch = attach()?;
        object.to_vec()?.iter().map(T::from_object).collect()
    }
}

impl<A: FromObject, B: FromObject> FromObject for (A, B) {
    fn from_object(object: &PyObject) -> Result<(A, B), PyError> {
        let [a, b] = several(object)?;
        Ok((a.extract()?, b.extract()?))
    }
}

impl<A: FromObject, B: FromObject, C: FromObject> FromObject for (A, B, C) {
    fn from_object(object: &PyObject) -> Result<(A, B, C), PyError> {
        let [a, b, c] = several(object)?;
        Ok((a.extract()?, b.extract()?, c.extract()?))
    }
}

fn several<const N: usize>(object: &PyObject) -> Result<[PyObject; N], PyError> {
    let items = object.to_vec()?;
    let len = items.len();
    items
        .try_into()
        .map_err(|_| PyError::own(ERR_ARGUMENT, "ValueError", format!("expected {N} items but found {len}")))
}

impl<K: FromObject + Ord, V: FromObject> FromObject for BTreeMap<K, V> {
    fn from_object(object: &PyObject) -> Result<BTreeMap<K, V>, PyError> {
        object.to_pairs()?.iter().map(|(key, value)| Ok((key.extract()?, value.extract()?))).collect()
    }
}

impl<K: FromObject + Hash + Eq, V: FromObject, S: BuildHasher + Default> FromObject for HashMap<K, V, S> {
    fn from_object(object: &PyObject) -> Result<HashMap<K, V, S>, PyError> {
        object.to_pairs()?.iter().map(|(key, value)| Ok((key.extract()?, value.extract()?))).collect()
    }
}
