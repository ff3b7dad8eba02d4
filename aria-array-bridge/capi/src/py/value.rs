//! Values that become objects, and objects that become values.

use super::PyIn;
use super::args::ArgsBox;
use crate::abi::abi;
use crate::failure::Failure;
use crate::handle::Handle;
use crate::text::{Bytes, Text, TextIn};
use aria_array_runtime::{BigInt, Kind, PyObject, Val};

/// An object of a value.
pub(super) fn make(value: impl Into<Val>) -> Result<PyObject, Failure> {
    Ok(PyObject::from_val(value)?)
}

/// Kinds by their numbers in the header.
pub(crate) const KINDS: [(&str, Kind); 23] = [
    ("NONE", Kind::None),
    ("BOOL", Kind::Bool),
    ("INT", Kind::Int),
    ("FLOAT", Kind::Float),
    ("COMPLEX", Kind::Complex),
    ("STR", Kind::Str),
    ("BYTES", Kind::Bytes),
    ("LIST", Kind::List),
    ("TUPLE", Kind::Tuple),
    ("DICT", Kind::Dict),
    ("SET", Kind::Set),
    ("FROZENSET", Kind::FrozenSet),
    ("SLICE", Kind::Slice),
    ("RANGE", Kind::Range),
    ("DATE", Kind::Date),
    ("TIME", Kind::Time),
    ("DATETIME", Kind::DateTime),
    ("TIMEDELTA", Kind::TimeDelta),
    ("ARRAY", Kind::Array),
    ("MODULE", Kind::Module),
    ("EXCEPTION", Kind::Exception),
    ("CALLABLE", Kind::Callable),
    ("OTHER", Kind::Other),
];

abi! {
    /// None
    tries fn aria_py_from_none or aria_py_from_none_or_exit() -> PyObject {
        make(())
    }

    /// A bool: 0 is False.
    tries fn aria_py_from_bool or aria_py_from_bool_or_exit(value: i64) -> PyObject {
        make(value != 0)
    }

    /// An int.
    tries fn aria_py_from_int or aria_py_from_int_or_exit(value: i64) -> PyObject {
        make(value)
    }

    /// A float.
    tries fn aria_py_from_float or aria_py_from_float_or_exit(value: f64) -> PyObject {
        make(value)
    }

    /// An int of any size, from decimal digits, perhaps behind a sign. Takes time with the square of their number.
    tries fn aria_py_from_int_text or aria_py_from_int_text_or_exit(digits: TextIn, digits_len: i64) -> PyObject {
        make(digits.get(digits_len)?.parse::<BigInt>().map_err(Failure::argument)?)
    }

    /// An int of any size, from the bytes of its two's complement, the lowest first. No bytes are 0.
    tries fn aria_py_from_int_bytes or aria_py_from_int_bytes_or_exit(bytes: TextIn, bytes_len: i64) -> PyObject {
        make(BigInt::from_le_bytes(bytes.bytes(bytes_len)?))
    }

    /// A complex.
    tries fn aria_py_from_complex or aria_py_from_complex_or_exit(real: f64, imaginary: f64) -> PyObject {
        make(Val::Complex(real, imaginary))
    }

    /// A str, of UTF-8.
    tries fn aria_py_from_str or aria_py_from_str_or_exit(text: TextIn, text_len: i64) -> PyObject {
        make(text.get(text_len)?)
    }

    /// A bytes object.
    tries fn aria_py_from_bytes or aria_py_from_bytes_or_exit(bytes: TextIn, bytes_len: i64) -> PyObject {
        make(bytes.bytes(bytes_len)?)
    }

    /// A list of what was pushed. Consumes the items.
    tries fn aria_py_from_list or aria_py_from_list_or_exit(items: Handle<ArgsBox>) -> PyObject {
        let (items, _held) = items.take()?.into_items()?;
        make(Val::List(items))
    }

    /// A tuple of what was pushed. Consumes the items.
    tries fn aria_py_from_tuple or aria_py_from_tuple_or_exit(items: Handle<ArgsBox>) -> PyObject {
        let (items, _held) = items.take()?.into_items()?;
        make(Val::Tuple(items))
    }

    /// A dict of the keys and values that were pushed in turn, and of named ones. Consumes the items.
    tries fn aria_py_from_dict or aria_py_from_dict_or_exit(items: Handle<ArgsBox>) -> PyObject {
        let (items, _held) = items.take()?.into_pairs()?;
        make(Val::Dict(items))
    }

    /// A set of what was pushed. Consumes the items.
    tries fn aria_py_from_set or aria_py_from_set_or_exit(items: Handle<ArgsBox>) -> PyObject {
        let (items, _held) = items.take()?.into_items()?;
        make(Val::Set(items))
    }

    /// A frozenset of what was pushed. Consumes the items.
    tries fn aria_py_from_frozenset or aria_py_from_frozenset_or_exit(items: Handle<ArgsBox>) -> PyObject {
        let (items, _held) = items.take()?.into_items()?;
        make(Val::FrozenSet(items))
    }

    /// The number, by `__float__` or `__index__`. Text is no number.
    gives fn aria_py_to_float or aria_py_to_float_or_exit(object: PyIn) -> f64 {
        Ok(object.get()?.to_float()?)
    }

    /// The integer, by `__index__`; OverflowError beyond 64 bits. A float is no integer.
    gives fn aria_py_to_int or aria_py_to_int_or_exit(object: PyIn) -> i64 {
        Ok(object.get()?.to_int()?)
    }

    /// The integer, by `__index__`, in decimal, whatever its size. Takes time with the square of the number of digits.
    tries fn aria_py_to_int_text or aria_py_to_int_text_or_exit(object: PyIn) -> Text {
        Ok(Text(object.get()?.to_big_int()?.to_string()))
    }

    /// The integer, by `__index__`, whatever its size: the bytes of its two's complement, the lowest first.
    /// aria_bridge_text_len says how many: one at least, and none that says nothing.
    tries fn aria_py_to_int_bytes or aria_py_to_int_bytes_or_exit(object: PyIn) -> Bytes {
        Ok(Bytes(object.get()?.to_big_int()?.to_le_bytes().to_vec()))
    }

    /// The value of a bool, or of NumPy's: 1 or 0. See aria_py_truthy for the truth of anything.
    tries fn aria_py_to_bool or aria_py_to_bool_or_exit(object: PyIn) -> bool {
        Ok(object.get()?.to_bool()?)
    }

    /// The text of a str, in UTF-8, NUL-terminated. aria_bridge_text_len says its bytes, which may contain NUL.
    tries fn aria_py_to_str or aria_py_to_str_or_exit(object: PyIn) -> Text {
        Ok(Text(object.get()?.to_text()?))
    }

    /// The bytes of a bytes object. aria_bridge_text_len says how many.
    tries fn aria_py_to_bytes or aria_py_to_bytes_or_exit(object: PyIn) -> Bytes {
        Ok(Bytes(object.get()?.to_bytes()?))
    }

    /// What the object is: ARIA_PY_KIND_NONE and the others.
    tries fn aria_py_kind or aria_py_kind_or_exit(object: PyIn) -> i32 {
        let kind = object.get()?.kind()?;
        Ok(KINDS.iter().position(|(_, known)| *known == kind).unwrap_or(KINDS.len() - 1) as i32)
    }
}
