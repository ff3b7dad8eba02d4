//! `Val`: a value on its way into Python, or out of it (rule R3).

use crate::object::PyObject;
use crate::text::take_text;
use aria_array_bridge::Array;
use aria_array_bridge::operations::{
    OwnedBytes, Payload, TAG_ARRAY, TAG_BOOL, TAG_FLOAT, TAG_INT, TAG_NONE, TAG_OBJECT, TAG_STR, Text, Value,
};
use core::ptr;

/// A value. What is none of these stays a [`PyObject`].
#[derive(Clone, Debug)]
pub enum Val {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An `int` within 64 bits.
    Int(i64),
    /// A `float`.
    Float(f64),
    /// A `str`.
    Str(String),
    /// Anything else.
    Object(PyObject),
    /// An array, whose memory Python shares. Never comes out of Python by itself: see
    /// [`FromPy`](crate::FromPy).
    Array(Box<Array>),
}

impl Val {
    /// The value for the table, which borrows text and objects from this. An array is given to whom the value is
    /// handed, and `None` takes its place.
    pub(crate) fn lend(&mut self) -> Value {
        let (tag, payload) = match self {
            Val::None => (TAG_NONE, Payload { int: 0 }),
            Val::Bool(truth) => (TAG_BOOL, Payload { int: i64::from(*truth) }),
            Val::Int(int) => (TAG_INT, Payload { int: *int }),
            Val::Float(float) => (TAG_FLOAT, Payload { float: *float }),
            Val::Str(text) => (TAG_STR, Payload { text: Text::new(text) }),
            Val::Object(object) => (TAG_OBJECT, Payload { object: object.as_raw() }),
            Val::Array(_) => {
                let Val::Array(array) = core::mem::replace(self, Val::None) else { unreachable!("just matched") };
                // One without a form in C is NULL, which the other side refuses.
                let array = array.into_nd_array().map_or(ptr::null_mut(), |array| array.as_ptr());
                (TAG_ARRAY, Payload { array })
            }
        };
        Value { tag, reserved: 0, payload }
    }

    /// Takes over what `lower` wrote.
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
    f32 => |float| Val::Float(float.into());
    f64 => |float| Val::Float(float);
    &str => |text| Val::Str(text.to_owned());
    String => |text| Val::Str(text);
    &String => |text| Val::Str(text.clone());
    PyObject => |object| Val::Object(object);
    &PyObject => |object| Val::Object(object.clone());
    Array => |array| Val::Array(Box::new(array));
    &Array => |array| Val::Array(Box::new(array.clone()));
}

impl<T: Into<Val>> From<Option<T>> for Val {
    fn from(value: Option<T>) -> Val {
        value.map_or(Val::None, Into::into)
    }
}
