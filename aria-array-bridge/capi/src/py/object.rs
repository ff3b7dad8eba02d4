//! Operations on objects: each attaches by itself, on any thread.

use super::PyIn;
use super::args::{ArgsBox, Guards};
use super::slot::{Lent, Slot};
use super::value::make;
use crate::abi::{Give, abi, c_types};
use crate::failure::Failure;
use crate::handle::{Handle, Made, Opaque};
use crate::text::{Text, TextIn};
use aria_array_bridge::operations::Object;
use aria_array_runtime::{Args, Op, PyIter, PyObject, UnaryOp, Val};
use core::ffi::c_char;
use core::ptr;

impl Opaque for PyIter {
    const WHAT: &'static str = "an iterator";
}

c_types! {
    Handle<PyIter> = "AriaPyIter *" 'p';
    *mut PyIter = "AriaPyIter *" 'p';
}

/// The operator of this number, which is its place in the list.
fn operator<T: Copy>(all: &[T], number: i32) -> Result<T, Failure> {
    let wrong =
        || Failure::argument(format_args!("expected an operator from 0 to {} but found {number}", all.len() - 1));
    usize::try_from(number).ok().and_then(|number| all.get(number)).copied().ok_or_else(wrong)
}

fn length(object: PyIn) -> Result<i64, Failure> {
    Ok(object.get()?.len()? as i64)
}

abi! {
    /// Imports a module and returns the leaf: `a.b` is b.
    tries fn aria_py_import or aria_py_import_or_exit(name: TextIn, name_len: i64) -> PyObject {
        Ok(PyObject::import(name.get(name_len)?)?)
    }

    /// As aria_py_import, which is done once: the module stays in the slot, a pointer of the program's that is NULL at first
    /// and that nobody else writes to. **Any thread**, also at the same time. The handle is the slot's: it is in no scope, is
    /// not to be released, and lives as long as the program. What cannot be imported leaves the slot as it was.
    tries fn aria_py_import_cached or aria_py_import_cached_or_exit(slot: Slot, name: TextIn, name_len: i64) -> Lent {
        slot.get(|| Ok(PyObject::import(name.get(name_len)?)?))
    }

    /// `object.name`
    tries fn aria_py_getattr or aria_py_getattr_or_exit(object: PyIn, name: TextIn, name_len: i64) -> PyObject {
        Ok(object.get()?.getattr(name.get(name_len)?)?)
    }

    /// `object.name`; NULL without an error if it has none.
    tries fn aria_py_getattr_opt(object: PyIn, name: TextIn, name_len: i64) -> Option<PyObject> {
        Ok(object.get()?.getattr_opt(name.get(name_len)?)?)
    }

    /// `object.name = value`
    tries fn aria_py_setattr or aria_py_setattr_or_exit(object: PyIn, name: TextIn, name_len: i64, value: PyIn) {
        Ok(object.get()?.setattr(name.get(name_len)?, value.get()?)?)
    }

    /// `del object.name`
    tries fn aria_py_delattr or aria_py_delattr_or_exit(object: PyIn, name: TextIn, name_len: i64) {
        Ok(object.get()?.delattr(name.get(name_len)?)?)
    }

    /// Says whether the object has an attribute of this name: 1 or 0.
    tries fn aria_py_hasattr or aria_py_hasattr_or_exit(object: PyIn, name: TextIn, name_len: i64) -> bool {
        Ok(object.get()?.hasattr(name.get(name_len)?)?)
    }

    /// `object[key]`, where several arguments are a tuple and a range is a slice. Consumes the key.
    tries fn aria_py_getitem or aria_py_getitem_or_exit(object: PyIn, key: Handle<ArgsBox>) -> PyObject {
        let (key, _held) = key.take()?.into_key()?;
        Ok(object.get()?.getitem(key)?)
    }

    /// `object[key] = value`. Consumes the key.
    tries fn aria_py_setitem or aria_py_setitem_or_exit(object: PyIn, key: Handle<ArgsBox>, value: PyIn) {
        let (key, _held) = key.take()?.into_key()?;
        Ok(object.get()?.setitem(key, value.get()?)?)
    }

    /// `del object[key]`. Consumes the key.
    tries fn aria_py_delitem or aria_py_delitem_or_exit(object: PyIn, key: Handle<ArgsBox>) {
        let (key, _held) = key.take()?.into_key()?;
        Ok(object.get()?.delitem(key)?)
    }

    /// `object(...)`. Consumes the arguments; NULL for none.
    tries fn aria_py_call or aria_py_call_or_exit(object: PyIn, args: Handle<ArgsBox>) -> PyObject {
        let (args, _held) = arguments(args)?;
        Ok(object.get()?.call(args)?)
    }

    /// `object.name(...)`. Consumes the arguments; NULL for none.
    tries fn aria_py_call_method or aria_py_call_method_or_exit(
        object: PyIn, name: TextIn, name_len: i64, args: Handle<ArgsBox>,
    ) -> PyObject {
        let (args, _held) = arguments(args)?;
        Ok(object.get()?.call_method(name.get(name_len)?, args)?)
    }

    /// `left op right`, an object: ARIA_PY_ADD and the others. Comparisons of arrays are arrays.
    tries fn aria_py_op or aria_py_op_or_exit(op: i32, left: PyIn, right: PyIn) -> PyObject {
        Ok(operator(Op::ALL, op)?.apply(left.get()?, right.get()?)?)
    }

    /// `bool(left op right)`: 1 or 0, as `if` asks. What has several values, an array, has no truth.
    tries fn aria_py_op_truthy or aria_py_op_truthy_or_exit(op: i32, left: PyIn, right: PyIn) -> bool {
        Ok(operator(Op::ALL, op)?.is_true(left.get()?, right.get()?)?)
    }

    /// What `left` is after `left op= right`.
    tries fn aria_py_op_in_place or aria_py_op_in_place_or_exit(op: i32, left: PyIn, right: PyIn) -> PyObject {
        Ok(operator(Op::ALL, op)?.apply_in_place(left.get()?, right.get()?)?)
    }

    /// `op object`: ARIA_PY_NEG, ARIA_PY_POS, ARIA_PY_INVERT, ARIA_PY_ABS.
    tries fn aria_py_unary or aria_py_unary_or_exit(op: i32, object: PyIn) -> PyObject {
        Ok(operator(UnaryOp::ALL, op)?.apply(object.get()?)?)
    }

    /// `bool(object)`: 1 or 0.
    tries fn aria_py_truthy or aria_py_truthy_or_exit(object: PyIn) -> bool {
        Ok(object.get()?.truthy()?)
    }

    /// `len(object)`
    tries fn aria_py_len or aria_py_len_or_exit(object: PyIn) -> i64 {
        length(object)
    }

    /// `item in object`: 1 or 0.
    tries fn aria_py_contains or aria_py_contains_or_exit(object: PyIn, item: PyIn) -> bool {
        Ok(object.get()?.contains(item.get()?)?)
    }

    /// `left is right`: 1 or 0.
    tries fn aria_py_is or aria_py_is_or_exit(left: PyIn, right: PyIn) -> bool {
        Ok(left.get()?.is(right.get()?)?)
    }

    /// `isinstance(object, class_of)`: 1 or 0.
    tries fn aria_py_isinstance or aria_py_isinstance_or_exit(object: PyIn, class_of: PyIn) -> bool {
        Ok(object.get()?.isinstance(class_of.get()?)?)
    }

    /// Says whether the object can be called: 1 or 0.
    tries fn aria_py_is_callable or aria_py_is_callable_or_exit(object: PyIn) -> bool {
        Ok(object.get()?.is_callable()?)
    }

    /// `str(object)`
    tries fn aria_py_str or aria_py_str_or_exit(object: PyIn) -> Text {
        Ok(Text(object.get()?.str()?))
    }

    /// `repr(object)`
    tries fn aria_py_repr or aria_py_repr_or_exit(object: PyIn) -> Text {
        Ok(Text(object.get()?.repr()?))
    }

    /// `format(object, spec)`, where the specification is as in `".3f"`.
    tries fn aria_py_format or aria_py_format_or_exit(object: PyIn, spec: TextIn, spec_len: i64) -> Text {
        Ok(Text(object.get()?.format(spec.get(spec_len)?)?))
    }

    /// `str(object)`, or words that say why it could not be had. Never fails, and leaves no error waiting: for messages.
    plain fn aria_py_display(object: PyIn) -> *mut c_char {
        Text(object.get().map_or_else(|_| "<NULL>".to_owned(), PyObject::to_display)).give()
    }

    /// The documentation, without its indentation; empty if there is none.
    tries fn aria_py_doc or aria_py_doc_or_exit(object: PyIn) -> Text {
        Ok(Text(object.get()?.doc()?.unwrap_or_default()))
    }

    /// `dir(object)`, a list of str, sorted.
    tries fn aria_py_dir or aria_py_dir_or_exit(object: PyIn) -> PyObject {
        make(Val::list(object.get()?.dir()?))
    }

    /// `type(object)`
    tries fn aria_py_type or aria_py_type_or_exit(object: PyIn) -> PyObject {
        Ok(object.get()?.type_of()?)
    }

    /// `hash(object)`, which may be negative.
    gives fn aria_py_hash or aria_py_hash_or_exit(object: PyIn) -> i64 {
        Ok(object.get()?.hash()?)
    }

    /// `iter(object)`. Release it with aria_py_iter_release.
    tries fn aria_py_iter or aria_py_iter_or_exit(object: PyIn) -> Made<PyIter> {
        Ok(Made(object.get()?.iter()?))
    }

    /// The next item; NULL at the end, and on error: aria_bridge_error_pending tells them apart, since at the end no error
    /// waits any more.
    plain fn aria_py_next(iterator: Handle<PyIter>) -> *mut Object {
        next(iterator, crate::failure::set_pending)
    }

    /// The next item; NULL at the end. Ends the program where that fails.
    plain fn aria_py_next_or_exit(iterator: Handle<PyIter>) -> *mut Object {
        next(iterator, |failure| {
            crate::failure::set_pending(failure);
            crate::failure::exit_with_pending()
        })
    }

    /// Releases an iterator. NULL is fine.
    plain fn aria_py_iter_release(iterator: Handle<PyIter>) {
        drop(iterator.take());
    }

    /// Another reference to the object.
    tries fn aria_py_retain or aria_py_retain_or_exit(object: PyIn) -> PyObject {
        Ok(object.get()?.clone())
    }

    /// Releases an object. NULL is fine. Any thread, at any time, also when Python has ended.
    plain fn aria_py_release(object: PyIn) {
        drop(object.take());
    }
}

/// Arguments that are consumed; none for NULL.
fn arguments(args: Handle<ArgsBox>) -> Result<(Args, Guards), Failure> {
    if args.is_null() { ArgsBox::default().into_args() } else { args.take()?.into_args() }
}

fn next(iterator: Handle<PyIter>, fail: impl FnOnce(Failure) -> i32) -> *mut Object {
    match iterator.look(PyIter::step) {
        Ok(Some(Ok(item))) => item.give(),
        Ok(None) => {
            // What waits is not of this call.
            drop(crate::failure::take_pending());
            ptr::null_mut()
        }
        Ok(Some(Err(error))) => {
            fail(error.into());
            ptr::null_mut()
        }
        Err(failure) => {
            fail(failure);
            ptr::null_mut()
        }
    }
}
