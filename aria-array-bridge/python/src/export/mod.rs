//! Doors out: our array as other libraries see it.

pub(crate) mod arrow;
pub(crate) mod buffer;
mod dlpack;
mod exchange;
mod explain;
mod interface;
mod jax;
pub(crate) mod like;
pub(crate) mod numpy;
mod pandas;
mod tensor;
mod torch;

pub(crate) use explain::{explain, explain_array};

use crate::array::PyArray;
use aria_array_bridge::ledger::{self, Direction, Name, Ticket};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

/// An object for others to hold: it keeps the array's root and counts as one export while it lives.
///
/// Unlike [`RootExport`](crate::array::RootExport) it is a Python object, so the collector sees what it holds.
#[pyclass(frozen, name = "_Export", module = "aria_array_bridge._core")]
pub(crate) struct Export {
    root: Py<PyArray>,
    holder: Name,
    _ticket: Ticket,
}

impl Export {
    /// Counts one export of `array` to `holder` by `protocol`.
    pub(crate) fn new<'py>(array: &Bound<'py, PyArray>, holder: Name, protocol: Name) -> PyResult<Bound<'py, Export>> {
        let inner = array.get().live()?;
        let readonly = !inner.is_exported_writable();
        let ticket = ledger::enter(holder, protocol, Direction::Export, inner.nbytes() as u64, readonly);
        let root = PyArray::root_of(array);
        root.get().count_export();
        Bound::new(array.py(), Export { root: root.clone().unbind(), holder, _ticket: ticket })
    }

    /// The array whose memory it keeps.
    pub(crate) fn root(&self) -> &Py<PyArray> {
        &self.root
    }

    /// Who holds it: `numpy.ndarray`.
    pub(crate) fn holder(&self) -> std::sync::Arc<str> {
        self.holder.text()
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.root.get().uncount_export();
    }
}

#[pymethods]
impl Export {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.root)
    }
}
