//! What a class is, asked so that no code of the class or of its metaclass answers: a metaclass may define what it likes.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple, PyType};

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

/// The name of an object's class, as [`name`] says it.
pub(crate) fn of(object: &Bound<'_, PyAny>) -> String {
    name(&object.get_type())
}

/// The class' name alone.
pub(crate) fn short_name(class: &Bound<'_, PyType>) -> String {
    static NAME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    text_of(&NAME, class, "__name__")
}

/// The module that the class says to be of; "" where that is no text.
pub(crate) fn module(class: &Bound<'_, PyType>) -> String {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    text_of(&MODULE, class, "__module__")
}

/// The first part of the class' module: the library that it is of.
pub(crate) fn library(class: &Bound<'_, PyType>) -> String {
    module(class).split('.').next().unwrap_or_default().to_owned()
}

fn text_of(kept: &PyOnceLock<Py<PyAny>>, class: &Bound<'_, PyType>, name: &'static str) -> String {
    let text = of_type(kept, class, name).ok().and_then(|text| text.cast_into::<PyString>().ok());
    text.map_or_else(String::new, |text| text.to_string_lossy().into_owned())
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
