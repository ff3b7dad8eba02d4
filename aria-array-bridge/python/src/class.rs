//! What a class is, asked so that no code of the class or of its metaclass answers: a metaclass may define what it likes.

use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
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

/// A member that the class has by itself or from what it derives from, as it lies there; nothing of it is run.
///
/// # Errors
///
/// As for [`bases`].
pub(crate) fn raw_member<'py>(class: &Bound<'py, PyType>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    for base in bases(class)? {
        let own = members(&base)?;
        if own.contains(name)? {
            return own.get_item(name).map(Some);
        }
    }
    Ok(None)
}

/// Returns true for a function, of Python or of a compiled module, which takes the object first.
pub(crate) fn is_function(member: &Bound<'_, PyAny>) -> bool {
    const FUNCTIONS: [&str; 6] = [
        "function",
        "method_descriptor",
        "cython_function_or_method",
        "wrapper_descriptor",
        "instancemethod",
        "nb_method",
    ];
    FUNCTIONS.contains(&short_name(&member.get_type()).as_str())
}

/// The method of this name, bound as Python binds special methods: found on the class, whatever the instance carries, and
/// asked for what it is there (a property, a static method). `None` where there is none: no member, None, an AttributeError.
///
/// # Errors
///
/// What binding it raises.
pub(crate) fn bound<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (py, class) = (object.py(), object.get_type());
    let Some(member) = raw_member(&class, name)?.filter(|member| !member.is_none()) else { return Ok(None) };
    let Some(bind) = member.get_type().getattr_opt(intern!(py, "__get__"))? else { return Ok(Some(member)) };
    match bind.call1((&member, object, &class)) {
        Ok(bound) => Ok((!bound.is_none()).then_some(bound)),
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => Ok(None),
        Err(error) => Err(error),
    }
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
