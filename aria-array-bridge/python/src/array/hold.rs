//! `Hold`: the foreign thing that a root owns.

use crate::release;
use aria_array_bridge::Owner;
use core::mem::ManuallyDrop;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

/// What keeps the memory alive. Dropped attached: it lives in a Python object.
pub(crate) enum Hold {
    /// A Python object, and a second one that must live as long: an interface's dict, a capsule.
    Object(Py<PyAny>, Option<Py<PyAny>>),
    /// A buffer that the exporter keeps still.
    Buffer(HeldBuffer),
    /// A foreign owner behind a deleter; the collector cannot look into it.
    Foreign(#[allow(dead_code, reason = "kept for its drop")] Owner),
    /// Memory of our own.
    Own(#[allow(dead_code, reason = "kept for its drop")] Owner),
}

impl Hold {
    /// Shows the collector every Python reference that this owns, each once.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Hold::Object(object, second) => {
                visit.call(object)?;
                second.as_ref().map_or(Ok(()), |second| visit.call(second))
            }
            Hold::Buffer(buffer) => buffer.traverse(visit),
            Hold::Foreign(_) | Hold::Own(_) => Ok(()),
        }
    }
}

/// A filled `Py_buffer`, at a fixed address; dropping it releases it, attached.
pub(crate) struct HeldBuffer {
    view: Box<ffi::Py_buffer>,
    /// The exporter, where the view does not own it itself.
    exporter: Option<Py<PyAny>>,
    /// The collector may look into the exporter.
    visited: bool,
}

// SAFETY: used only attached, as every part of a Python object.
unsafe impl Send for HeldBuffer {}
// SAFETY: as above.
unsafe impl Sync for HeldBuffer {}

impl HeldBuffer {
    /// Asks `object` for a buffer. What an exporter answers against the protocol is a failure: -1 without an exception,
    /// 0 with one, whose view is given back.
    ///
    /// # Errors
    ///
    /// What the exporter raises; `BufferError` where it says that it failed and not why.
    pub(crate) fn get(object: &Bound<'_, PyAny>, flags: core::ffi::c_int) -> PyResult<HeldBuffer> {
        let py = object.py();
        let mut view = Box::new(ffi::Py_buffer::new());
        // SAFETY: attached: `object`; the box is valid for writes and does not move until it is released.
        let status = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), &raw mut *view, flags) };
        let error = PyErr::take(py);
        if status != 0 {
            let silent = || PyBufferError::new_err("the exporter failed without an exception");
            return Err(error.unwrap_or_else(silent));
        }
        let exporter = view.obj.is_null().then(|| object.clone().unbind());
        // In a dead cycle CPython clears a memoryview that is still lent, and releasing it then crashes; likewise what
        // stands for a class with `__buffer__`. The collector is not shown them: they stay alive while they are held.
        let own = view.obj.is_null() || view.obj == object.as_ptr();
        let visited = own && !object.is_exact_instance_of::<PyMemoryView>();
        let held = HeldBuffer { view, exporter, visited };
        match error {
            None => Ok(held),
            Some(error) => Err(error), // `held` gives the view back.
        }
    }

    /// The filled struct.
    pub(crate) fn view(&self) -> &ffi::Py_buffer {
        &self.view
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.visited {
            return Ok(());
        }
        if let Some(exporter) = &self.exporter {
            return visit.call(exporter);
        }
        // SAFETY: a live reference that the view owns, and not NULL: `get` keeps the exporter otherwise. `ManuallyDrop`
        // gives none up. Only its address is used.
        let object = ManuallyDrop::new(unsafe { core::mem::transmute::<*mut ffi::PyObject, Py<PyAny>>(self.view.obj) });
        visit.call(&*object)
    }
}

impl Drop for HeldBuffer {
    fn drop(&mut self) {
        // SAFETY: lives in a Python object or on the stack of a function that is attached.
        let py = unsafe { Python::assume_attached() };
        release::undisturbed(py, || {
            // SAFETY: filled by `get` and released once; attached; no exception is pending.
            unsafe { ffi::PyBuffer_Release(&raw mut *self.view) };
        });
    }
}
