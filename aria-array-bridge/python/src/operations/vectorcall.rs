//! Calls whose arguments lie side by side in memory, without a tuple and a dict made of them.
//!
//! The stable ABI has such calls from 3.12 on. CPython 3.11 has the same functions, with the same parameters; where a
//! module sees the stable ABI alone (`python3.dll` on Windows), `other` makes a tuple and a dict.

#[cfg_attr(unix, path = "vectorcall/unix.rs")]
#[cfg_attr(not(unix), path = "vectorcall/other.rs")]
mod native;

use super::entry::Error;
use core::slice;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use pyo3::{Borrowed, ffi};
use smallvec::SmallVec;

/// What a call is made of, each with a reference of its own, side by side.
///
/// # Invariants
///
/// 1. Each of `owned` is a strong reference to a live object, which belongs to this.
pub(super) struct Operands<'py> {
    py: Python<'py>,
    owned: SmallVec<[*mut ffi::PyObject; 8]>,
}

impl<'py> Operands<'py> {
    pub(super) fn new(py: Python<'py>) -> Operands<'py> {
        Operands { py, owned: SmallVec::new() }
    }

    pub(super) fn push(&mut self, object: Bound<'py, PyAny>) {
        self.owned.push(object.into_ptr());
    }

    pub(super) fn len(&self) -> usize {
        self.owned.len()
    }

    /// The same as a tuple.
    pub(super) fn tuple(&self) -> PyResult<Bound<'py, PyTuple>> {
        // SAFETY: attached: `py`; a live object: invariant 1.
        PyTuple::new(self.py, self.owned.iter().map(|object| unsafe { Borrowed::from_ptr(self.py, *object) }))
    }

    /// `function(*self)`
    #[inline]
    pub(super) fn call(&self, function: Borrowed<'_, 'py, PyAny>) -> Result<Bound<'py, PyAny>, Error> {
        called(function, &self.owned)
    }

    /// Calls the first with the others.
    #[inline]
    pub(super) fn directly(&self, keywords: Option<&Bound<'py, PyDict>>) -> Result<Bound<'py, PyAny>, Error> {
        let Some((function, arguments)) = self.owned.split_first() else { return Err(nothing()) };
        // SAFETY: attached: `py`; a live object: invariant 1.
        let function = unsafe { Borrowed::from_ptr(self.py, *function) };
        match keywords {
            None => called(function, arguments),
            Some(_) => {
                let all = self.tuple()?;
                Ok(function.call(all.get_slice(1, all.len()), keywords)?)
            }
        }
    }

    /// Calls the first, or its method, with the others, of which the last are keyword arguments with these names.
    ///
    /// # Safety
    ///
    /// `names` are strings.
    pub(super) unsafe fn plainly(
        &self,
        method: Option<&Bound<'py, PyString>>,
        names: Option<&Bound<'py, PyTuple>>,
    ) -> Result<Bound<'py, PyAny>, Error> {
        let method = method.map(|name| name.as_borrowed());
        let names = names.map(|names| names.as_borrowed());
        // SAFETY: attached: `py`; live objects: invariant 1; strings: the caller's duty.
        let Some(result) = (unsafe { invoke(method, names, &self.owned) }) else { return Err(nothing()) };
        // SAFETY: attached, as above; a new reference, or NULL with an exception.
        Ok(unsafe { Bound::from_owned_ptr_or_err(self.py, result) }?)
    }
}

#[cold]
fn nothing() -> Error {
    PyTypeError::new_err("expected what to call but found nothing").into()
}

/// `function(*arguments)`, whose arguments are those of `Operands`.
#[inline]
fn called<'py>(
    function: Borrowed<'_, 'py, PyAny>,
    arguments: &[*mut ffi::PyObject],
) -> Result<Bound<'py, PyAny>, Error> {
    // SAFETY: attached: a `Borrowed` is; a live function; as many live objects as it says: invariant 1 of `Operands`.
    let result = unsafe { native::call(function.as_ptr(), arguments.as_ptr(), arguments.len(), core::ptr::null_mut()) };
    // SAFETY: attached, as above; a new reference, or NULL with an exception.
    Ok(unsafe { Bound::from_owned_ptr_or_err(function.py(), result) }?)
}

/// Calls the first of `called`, or its method, with the others: a new reference, or NULL with an exception. There is none
/// where `called` has too few.
///
/// # Safety
///
/// Attached; `called` are live objects, and `names` are strings.
unsafe fn invoke(
    method: Option<Borrowed<'_, '_, PyString>>,
    names: Option<Borrowed<'_, '_, PyTuple>>,
    called: &[*mut ffi::PyObject],
) -> Option<*mut ffi::PyObject> {
    let (keywords, named) = names.map_or((core::ptr::null_mut(), 0), |names| (names.as_ptr(), names.len()));
    let (function, arguments) = called.split_first()?;
    let positional = arguments.len().checked_sub(named)?;
    Some(match method {
        // SAFETY: attached, live objects, and names that are strings: the caller's duty. As many behind the first as
        // `positional` and the names say.
        None => unsafe { native::call(*function, arguments.as_ptr(), positional, keywords) },
        // SAFETY: as above; a string; the first is an argument too.
        Some(name) => unsafe { native::call_method(name.as_ptr(), called.as_ptr(), positional + 1, keywords) },
    })
}

impl Drop for Operands<'_> {
    fn drop(&mut self) {
        for object in &self.owned {
            // SAFETY: attached: `py`; our own reference, given up once: invariant 1.
            unsafe { ffi::Py_DECREF(*object) };
        }
    }
}

/// Makes a built-in function `call(name, names, object, *arguments)` with the meaning `object.name(*arguments)`, or
/// `object(*arguments)` where the name is None. The last arguments are keyword arguments with these names, if any.
///
/// Being in C it adds no frame of its own, and so a call of any kind is one operation in the frame of a site.
pub(super) fn function(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let definition = ffi::PyMethodDef {
        ml_name: c"call".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: entry },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: core::ptr::null(),
    };
    // Never freed: the function refers to it, and is made once.
    let definition = Box::leak(Box::new(definition));
    // SAFETY: attached: `py`; a definition that lives as long as the process; no `self` and no module.
    let made = unsafe { ffi::PyCFunction_NewEx(definition, core::ptr::null_mut(), core::ptr::null_mut()) };
    // SAFETY: attached: `py`; a new reference, or NULL with an exception.
    unsafe { Bound::from_owned_ptr_or_err(py, made) }
}

/// The built-in function. Python code can get hold of it by way of a frame, so that it trusts no argument.
unsafe extern "C" fn entry(
    _self: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    len: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls functions on attached threads.
    let py = unsafe { Python::assume_attached() };
    let len = usize::try_from(len).unwrap_or(0);
    let arguments = if arguments.is_null() {
        &[]
    } else {
        // SAFETY: non-null, and as many live objects as it says, for the call: the calling convention.
        unsafe { slice::from_raw_parts(arguments, len) }
    };
    let [name, names, called @ ..] = arguments else { return wrong(py) };
    // SAFETY: attached; a live object for the call.
    let [name, names] = [*name, *names].map(|object| unsafe { Borrowed::from_ptr(py, object) });
    let names = match names.cast::<PyTuple>() {
        _ if names.is_none() => None,
        Ok(names) if names.iter_borrowed().all(|name| name.is_instance_of::<PyString>()) => Some(names),
        _ => return wrong(py),
    };
    let method = match name.cast::<PyString>() {
        _ if name.is_none() => None,
        Ok(name) => Some(name),
        Err(_) => return wrong(py),
    };
    // SAFETY: attached; live objects, and names that are strings, as was just asked.
    unsafe { invoke(method, names, called) }.unwrap_or_else(|| wrong(py))
}

fn wrong(py: Python<'_>) -> *mut ffi::PyObject {
    PyTypeError::new_err("expected a name, names and what to call").restore(py);
    core::ptr::null_mut()
}
