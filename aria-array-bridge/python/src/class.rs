//! What a class is, asked so that no code of the class or of its metaclass answers: a metaclass may define what it likes.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};

/// The class and all that it derives from, nearest first, as the interpreter keeps them.
///
/// # Errors
///
/// What Python raises; nothing of the class is run.
pub(crate) fn bases<'py>(class: &Bound<'py, PyType>) -> PyResult<Vec<Bound<'py, PyType>>> {
    static MRO: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let order = of_type(&MRO, class, "__mro__")?.cast_into::<PyTuple>()?;
    order.iter().map(|base| Ok(base.cast_into::<PyType>()?)).collect()
}

/// The members that the class itself defines.
///
/// # Errors
///
/// As for [`bases`].
pub(crate) fn members<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    static DICT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    of_type(&DICT, class, "__dict__")
}

/// The class' name with its module, or as much of it as is a name.
pub(crate) fn name(class: &Bound<'_, PyType>) -> String {
    let name = class.fully_qualified_name().or_else(|_| class.qualname()).or_else(|_| class.name());
    name.map_or_else(|_| "object".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// An attribute by `type`'s own descriptor.
fn of_type<'py>(
    kept: &PyOnceLock<Py<PyAny>>,
    class: &Bound<'py, PyType>,
    name: &'static str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let find = || Ok::<_, PyErr>(py.get_type::<PyType>().getattr("__dict__")?.get_item(name)?.unbind());
    kept.get_or_try_init(py, find)?.bind(py).call_method1("__get__", (class,))
}
