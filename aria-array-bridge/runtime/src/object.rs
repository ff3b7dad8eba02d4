//! `PyObject`: a Python object, used from any thread without thinking of Python's lock.
//!
//! Each operation attaches by itself and holds nothing afterwards (rule R5). A clone and a drop need no Python:
//! they count, and the last drop queues the object, which is released when somebody is attached (rule O2).

use crate::args::Args;
use crate::error::PyError;
use crate::iter::PyIter;
use crate::state::{operate, table};
use crate::text::take_text;
use crate::value::{Lent, Val};
use aria_array_bridge::operations::{Failure, Object, Operations, OwnedBytes, Status, Text, Value};
use core::fmt;
use core::ptr::{self, NonNull};

/// A Python object. Clone and drop work on any thread, also after Python has ended.
///
/// Every operation fails with a `StateError` once Python has ended.
///
/// # Invariants
///
/// 1. `handle` is a handle of the table that was published, and one reference to it belongs to this.
#[repr(transparent)]
pub struct PyObject {
    handle: NonNull<Object>,
}

// SAFETY: the table says that handles are used, retained and released on any thread.
unsafe impl Send for PyObject {}
// SAFETY: as above; operations synchronise by Python's lock.
unsafe impl Sync for PyObject {}

impl PyObject {
    /// Imports a module and returns the leaf: `sklearn.linear_model` is `linear_model`.
    ///
    /// # Errors
    ///
    /// What Python raises: `ModuleNotFoundError`, or whatever the module does.
    pub fn import(name: &str) -> Result<PyObject, PyError> {
        // SAFETY: text and places that live for the call.
        let object = |table: &Operations, out, failure| unsafe { (table.import)(Text::new(name), out, failure) };
        obtain(object)
    }

    /// Makes a Python object of a value.
    ///
    /// # Errors
    ///
    /// An array that has no form in Python; no memory.
    pub fn from_val(value: impl Into<Val>) -> Result<PyObject, PyError> {
        let mut value = value.into();
        obtain(|table, out, failure| {
            let mut lent = Lent::default();
            let value = lent.lend(&mut value);
            // SAFETY: a value and places that live for the call; an array in it is given up.
            unsafe { (table.to_object)(&raw const value, out, failure) }
        })
    }

    /// `self.name`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn getattr(&self, name: &str) -> Result<PyObject, PyError> {
        // SAFETY: a live handle (invariant 1), text and places that live for the call.
        obtain(|table, out, failure| unsafe { (table.getattr)(self.as_raw(), Text::new(name), out, failure) })
    }

    /// `self.name = value`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn setattr(&self, name: &str, value: impl Into<Val>) -> Result<(), PyError> {
        let mut value = value.into();
        let body = |table: &Operations, failure: &mut Failure| {
            let mut lent = Lent::default();
            let value = lent.lend(&mut value);
            // SAFETY: a live handle (invariant 1), text, a value and places that live for the call.
            unsafe { (table.setattr)(self.as_raw(), Text::new(name), &raw const value, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(body) }.map(drop)
    }

    /// `self[key]`. A range is a slice here (`x[0..2]`), also inside of a tuple (`x[0..2, 1]`).
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn getitem(&self, key: impl Into<Val>) -> Result<PyObject, PyError> {
        let mut key = key.into().into_key();
        obtain(|table, out, failure| {
            let mut lent = Lent::default();
            let key = lent.lend(&mut key);
            // SAFETY: a live handle (invariant 1), a value and places that live for the call.
            unsafe { (table.getitem)(self.as_raw(), &raw const key, out, failure) }
        })
    }

    /// `self[key] = value`. A range is a slice here, as in [`getitem`](PyObject::getitem).
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn setitem(&self, key: impl Into<Val>, value: impl Into<Val>) -> Result<(), PyError> {
        let (mut key, mut value) = (key.into().into_key(), value.into());
        let body = |table: &Operations, failure: &mut Failure| {
            let mut lent = Lent::default();
            let (key, value) = (lent.lend(&mut key), lent.lend(&mut value));
            // SAFETY: a live handle (invariant 1), values and places that live for the call.
            unsafe { (table.setitem)(self.as_raw(), &raw const key, &raw const value, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(body) }.map(drop)
    }

    /// `self(…)`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn call(&self, args: Args) -> Result<PyObject, PyError> {
        self.call_text(Text::NONE, args)
    }

    /// `self.name(…)`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn call_method(&self, name: &str, args: Args) -> Result<PyObject, PyError> {
        self.call_text(Text::new(name), args)
    }

    fn call_text(&self, name: Text, mut args: Args) -> Result<PyObject, PyError> {
        obtain(|table, out, failure| {
            args.lend(|args| {
                // SAFETY: a live handle (invariant 1), text, arguments and places that live for the call.
                unsafe { (table.call)(self.as_raw(), name, args, out, failure) }
            })
        })
    }

    /// `str(self)`
    ///
    /// # Errors
    ///
    /// What Python raises. Text with lone surrogates, which UTF-8 cannot say, is a `UnicodeEncodeError`.
    pub fn str(&self) -> Result<String, PyError> {
        // SAFETY: a live handle (invariant 1) and places that live for the call.
        text(|table, out, failure| unsafe { (table.str)(self.as_raw(), out, failure) })
    }

    /// `repr(self)`
    ///
    /// # Errors
    ///
    /// As for [`str`](PyObject::str).
    pub fn repr(&self) -> Result<String, PyError> {
        // SAFETY: a live handle (invariant 1) and places that live for the call.
        text(|table, out, failure| unsafe { (table.repr)(self.as_raw(), out, failure) })
    }

    /// The number, by `__float__` or `__index__`. Text is no number.
    ///
    /// # Errors
    ///
    /// What Python raises: `TypeError`; `OverflowError` for an int beyond all floats.
    pub fn to_float(&self) -> Result<f64, PyError> {
        let mut number = 0.0;
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle (invariant 1) and places that live for the call.
            unsafe { (table.to_float)(self.as_raw(), &raw mut number, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(body) }?;
        Ok(number)
    }

    /// The integer, by `__index__`. A float is no integer.
    ///
    /// # Errors
    ///
    /// What Python raises: `TypeError`; `OverflowError` for an int beyond 64 bits.
    pub fn to_int(&self) -> Result<i64, PyError> {
        let mut number = 0;
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle (invariant 1) and places that live for the call.
            unsafe { (table.to_int)(self.as_raw(), &raw mut number, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(body) }?;
        Ok(number)
    }

    /// `bool(self)`
    ///
    /// # Errors
    ///
    /// What Python raises: NumPy refuses the truth of several values.
    pub fn truthy(&self) -> Result<bool, PyError> {
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle (invariant 1) and places that live for the call.
            unsafe { (table.truthy)(self.as_raw(), failure) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(body) }.map(|truth| truth != 0)
    }

    /// `len(self)`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn len(&self) -> Result<usize, PyError> {
        let mut len = 0;
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle (invariant 1) and places that live for the call.
            unsafe { (table.len)(self.as_raw(), &raw mut len, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(body) }?;
        Ok(usize::try_from(len).unwrap_or_default())
    }

    /// Says whether `len(self)` is 0.
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn is_empty(&self) -> Result<bool, PyError> {
        Ok(self.len()? == 0)
    }

    /// `iter(self)`; items are made one by one, when they are asked for.
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn iter(&self) -> Result<PyIter, PyError> {
        // SAFETY: a live handle (invariant 1) and places that live for the call.
        obtain(|table, out, failure| unsafe { (table.iter)(self.as_raw(), out, failure) }).map(PyIter::new)
    }

    /// The value, if it is exactly a `None`, `bool`, `int` within 64 bits, `float` or `str`; else the object (rule R3).
    ///
    /// NumPy's scalars, larger ints and strings with lone surrogates stay objects, so that nothing is lost.
    ///
    /// # Errors
    ///
    /// Only when Python does not run, or has no memory.
    pub fn lower(&self) -> Result<Val, PyError> {
        let mut value = Value::NONE;
        let mut bytes = OwnedBytes::EMPTY;
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle (invariant 1) and places that live for the call.
            unsafe { (table.lower)(self.as_raw(), &raw mut value, &raw mut bytes, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(body) }?;
        // SAFETY: what the table wrote, taken over once.
        Ok(unsafe { Val::from_raw(value, bytes) })
    }

    /// `str(self)`, or words that say that it could not be had. Never fails.
    pub fn to_display(&self) -> String {
        self.str().unwrap_or_else(|error| format!("<object whose text cannot be had: {error}>"))
    }

    /// The handle, for the table and for nothing else. It stays owned by this.
    #[doc(hidden)]
    pub fn as_raw(&self) -> *mut Object {
        self.handle.as_ptr()
    }

    /// Gives the handle up: its reference belongs to the caller.
    #[doc(hidden)]
    pub fn into_raw(self) -> *mut Object {
        let handle = self.as_raw();
        core::mem::forget(self);
        handle
    }

    /// Takes a handle over; `None` for NULL.
    ///
    /// # Safety
    ///
    /// NULL, or a handle of the published table, one reference to which belongs to the caller, who gives it up.
    #[doc(hidden)]
    pub unsafe fn from_raw(handle: *mut Object) -> Option<PyObject> {
        NonNull::new(handle).map(|handle| PyObject { handle })
    }
}

/// Does an operation that hands an object out.
pub(crate) fn obtain(
    body: impl FnOnce(&Operations, *mut *mut Object, *mut Failure) -> Status,
) -> Result<PyObject, PyError> {
    let mut handle = ptr::null_mut();
    // SAFETY: one function of the table, called as it says: all who call `obtain` see to it.
    unsafe { operate(|table, failure| body(table, &raw mut handle, failure)) }?;
    // SAFETY: a new handle, which the table hands out on success.
    unsafe { PyObject::from_raw(handle) }.ok_or_else(no_object)
}

/// The table broke its word.
pub(crate) fn no_object() -> PyError {
    PyError::own(aria_array_bridge::operations::ERR_PANIC, "Panic", "expected an object but found NULL")
}

fn text(body: impl FnOnce(&Operations, *mut OwnedBytes, *mut Failure) -> Status) -> Result<String, PyError> {
    let mut bytes = OwnedBytes::EMPTY;
    // SAFETY: one function of the table, called as it says: both who call `text` see to it.
    unsafe { operate(|table, failure| body(table, &raw mut bytes, failure)) }?;
    // SAFETY: what the table wrote, taken over once.
    Ok(unsafe { take_text(bytes) })
}

impl Clone for PyObject {
    fn clone(&self) -> PyObject {
        if let Some(table) = table() {
            // SAFETY: a live handle, invariant 1.
            unsafe { (table.retain)(self.as_raw()) };
        }
        PyObject { handle: self.handle }
    }
}

impl Drop for PyObject {
    fn drop(&mut self) {
        if let Some(table) = table() {
            // SAFETY: a live handle, whose reference belongs to this, invariant 1; given back once.
            unsafe { (table.release)(self.as_raw()) };
        }
    }
}

impl fmt::Display for PyObject {
    /// As [`to_display`](PyObject::to_display).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_display())
    }
}

impl fmt::Debug for PyObject {
    /// Runs no Python.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PyObject({:p})", self.handle)
    }
}
