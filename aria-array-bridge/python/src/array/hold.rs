//! `Hold`: the foreign thing that a root owns.

use aria_array_bridge::Owner;
use core::mem::ManuallyDrop;
use pyo3::exceptions::PySystemError;
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
    buffer: Box<ffi::Py_buffer>,
    /// The collector may look into the exporter.
    visited: bool,
}

// SAFETY: used only attached, as every part of a Python object.
unsafe impl Send for HeldBuffer {}
// SAFETY: as above.
unsafe impl Sync for HeldBuffer {}

impl HeldBuffer {
    /// Asks `object` for a buffer.
    ///
    /// # Errors
    ///
    /// What the exporter raises.
    pub(crate) fn get(object: &Bound<'_, PyAny>, flags: core::ffi::c_int) -> PyResult<HeldBuffer> {
        let mut buffer = Box::new(ffi::Py_buffer::new());
        // SAFETY: attached: `object`; the box is valid for writes and does not move until it is released.
        if unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), &raw mut *buffer, flags) } != 0 {
            let silent = || PySystemError::new_err("an exporter of buffers failed without an exception");
            return Err(PyErr::take(object.py()).unwrap_or_else(silent));
        }
        let pending = PyErr::take(object.py()); // An exporter that says yes and raises has said no.
        // In a dead cycle CPython clears a memoryview that is still lent, and releasing it then crashes; likewise what
        // stands for a class with `__buffer__`. The collector is not shown them: they stay alive while they are held.
        let visited = buffer.obj == object.as_ptr() && !object.is_exact_instance_of::<PyMemoryView>();
        let held = HeldBuffer { buffer, visited };
        pending.map_or(Ok(held), Err)
    }

    /// The filled struct.
    pub(crate) fn view(&self) -> &ffi::Py_buffer {
        &self.buffer
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.visited || self.buffer.obj.is_null() {
            return Ok(());
        }
        // SAFETY: a live reference that the buffer owns; `ManuallyDrop` gives none up. Only its address is used.
        let object =
            ManuallyDrop::new(unsafe { core::mem::transmute::<*mut ffi::PyObject, Py<PyAny>>(self.buffer.obj) });
        visit.call(&*object)
    }
}

impl Drop for HeldBuffer {
    fn drop(&mut self) {
        // SAFETY: filled by `get` and released once; attached, since it lives in a Python object.
        unsafe { ffi::PyBuffer_Release(&raw mut *self.buffer) };
    }
}
