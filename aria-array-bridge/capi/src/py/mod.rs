//! Python for C programs, over the runtime: started at run time, never linked.
//!
//! This file has the handle of an object. `life` starts and ends Python, `config` says how it starts, `object` operates on
//! objects, `slot` keeps modules, `args` builds arguments, `value` and `time` make objects of values and back, `items` takes
//! containers apart, `array` takes arrays across, `exception` looks into errors, `callable` makes functions of the program
//! callable and exports them as modules, `thread` says how a thread stands to Python.

pub(crate) mod args;
pub(crate) mod array;
pub(crate) mod callable;
pub(crate) mod config;
pub(crate) mod exception;
pub(crate) mod items;
pub(crate) mod life;
pub(crate) mod object;
pub(crate) mod slot;
#[cfg(test)]
mod tests;
pub(crate) mod thread;
pub(crate) mod time;
pub(crate) mod value;

use crate::abi::{Give, c_types};
use crate::failure::Failure;
use crate::scope;
use aria_array_bridge::operations::Object;
use aria_array_runtime::PyObject;
use core::ffi::c_void;

/// An object that a C caller passed: NULL, or a handle of which one reference is the caller's.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct PyIn(*mut Object);

c_types! {
    PyIn = "AriaPy *" 'p';
    *mut Object = "AriaPy *" 'p';
}

impl PyIn {
    /// The object, which stays the caller's.
    pub(crate) fn get(&self) -> Result<&PyObject, Failure> {
        if self.0.is_null() {
            return Err(Failure::argument("expected an object but found NULL"));
        }
        // SAFETY: a `PyObject` is a handle that is not NULL, in the same layout; live for the call: the promise of the C
        // caller. It is only lent, so no reference is given back.
        Ok(unsafe { &*(&raw const self.0).cast::<PyObject>() })
    }

    /// Takes the caller's reference; `None` for NULL.
    pub(crate) fn take(self) -> Option<PyObject> {
        scope::forget(self.0.cast());
        // SAFETY: NULL or a handle whose reference the C caller gives up.
        unsafe { PyObject::from_raw(self.0) }
    }

    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }
}

impl Give for PyObject {
    type C = *mut Object;
    fn give(self) -> *mut Object {
        let handle = self.into_raw();
        scope::register(handle.cast(), release);
        handle
    }
}

/// # Safety
///
/// A handle whose reference is given up.
unsafe fn release(handle: *mut c_void) {
    // SAFETY: the caller's duty.
    drop(unsafe { PyObject::from_raw(handle.cast()) });
}
