//! Text of Python's as a column.

use super::raise;
use aria_array_bridge::table::Column;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyString, PyTuple};

/// The column of a list or a tuple of text, in which None is null; `None` for what is no such. **Copies.**
///
/// # Errors
///
/// A surrogate, which UTF-8 does not have, as Python says it.
pub(super) fn column(values: &Bound<'_, PyAny>) -> PyResult<Option<Column>> {
    let items: Vec<Bound<'_, PyAny>> = match (values.cast_exact::<PyList>(), values.cast_exact::<PyTuple>()) {
        (Ok(list), _) => list.iter().collect(),
        (_, Ok(tuple)) => tuple.iter().collect(),
        _ => return Ok(None),
    };
    let is_text = |item: &Bound<'_, PyAny>| item.is_none() || item.is_instance_of::<PyString>();
    if items.iter().all(|item| item.is_none()) || !items.iter().all(is_text) {
        return Ok(None);
    }
    let text = items.iter().map(|item| item.extract::<Option<PyBackedStr>>()).collect::<PyResult<Vec<_>>>()?;
    let column = Column::from_strings("", text.iter().map(|text| text.as_deref()));
    column.map(Some).map_err(|error| raise(values.py(), &error))
}
