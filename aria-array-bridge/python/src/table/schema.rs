//! The classes `Schema` and `Field`: what columns are.

use super::import;
use crate::export::arrow::put;
use aria_array_bridge::dtype::parse_arrow_format;
use aria_array_bridge::table::Schema;
use aria_arrow::{Field, Metadata};
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::sync::Arc;

/// The name of a column's type: ours where it is an array, else pyarrow's.
pub(super) fn type_name(field: &Field) -> String {
    let plain = field.extension_name().is_none() && field.dictionary().is_none();
    let ours = parse_arrow_format(field.format()).filter(|dtype| plain && dtype.dlpack().is_some());
    ours.map_or_else(|| field.type_name(), |dtype| dtype.name().into_owned())
}

/// What a column is: its name, its type, whether it may have nulls, its metadata.
#[pyclass(frozen, name = "Field", module = "aria_array_bridge")]
pub(crate) struct PyField {
    field: Arc<Field>,
}

impl PyField {
    pub(super) fn new(field: Arc<Field>) -> PyField {
        PyField { field }
    }
}

/// Metadata as a dict of bytes; None where there is none.
fn metadata<'py>(py: Python<'py>, metadata: &Metadata) -> PyResult<Option<Bound<'py, PyDict>>> {
    if metadata.is_empty() {
        return Ok(None);
    }
    let dict = PyDict::new(py);
    for (key, value) in metadata.iter() {
        dict.set_item(PyBytes::new(py, key), PyBytes::new(py, value))?;
    }
    Ok(Some(dict))
}

#[pymethods]
impl PyField {
    #[getter]
    fn name(&self) -> String {
        self.field.name().into_owned()
    }

    /// The name of the type: "float64", "large_string", "timestamp[us, tz=UTC]".
    #[getter]
    fn r#type(&self) -> String {
        type_name(&self.field)
    }

    #[getter]
    fn nullable(&self) -> bool {
        self.field.is_nullable()
    }

    /// Bytes by bytes, or None.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        metadata(py, self.field.metadata())
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        put(py, self.field.to_schema().into_raw())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyField>().is_ok_and(|other| *other.get().field == *self.field)
    }

    fn __repr__(&self) -> String {
        let nullable = if self.field.is_nullable() { "" } else { ", not nullable" };
        format!("Field {} {}{nullable}", self.field.name(), type_name(&self.field))
    }
}

/// What the columns of a table are, and the table's metadata.
#[pyclass(frozen, name = "Schema", module = "aria_array_bridge")]
pub(crate) struct PySchema {
    schema: Arc<Schema>,
}

impl PySchema {
    pub(super) fn new(schema: Arc<Schema>) -> PySchema {
        PySchema { schema }
    }
}

#[pymethods]
impl PySchema {
    #[getter]
    fn names(&self) -> Vec<String> {
        self.schema.names()
    }

    #[getter]
    fn fields(&self) -> Vec<PyField> {
        self.schema.fields().iter().cloned().map(PyField::new).collect()
    }

    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        metadata(py, self.schema.metadata())
    }

    /// The field of this name or position.
    fn field(&self, key: &Bound<'_, PyAny>) -> PyResult<PyField> {
        let fields = self.schema.fields();
        let position = match key.extract::<String>() {
            Ok(name) => self.schema.position(&name).map_err(|error| PyKeyError::new_err(error.to_string()))?,
            Err(_) => key.extract::<usize>()?,
        };
        let none = || PyIndexError::new_err(format!("expected a position below {} but found {position}", fields.len()));
        fields.get(position).cloned().map(PyField::new).ok_or_else(none)
    }

    fn __len__(&self) -> usize {
        self.schema.len()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        put(py, self.schema.to_field().to_schema().into_raw())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PySchema>().is_ok_and(|other| *other.get().schema == *self.schema)
    }

    fn __repr__(&self) -> String {
        let fields: Vec<String> =
            self.schema.fields().iter().map(|field| format!("{} {}", field.name(), type_name(field))).collect();
        format!("Schema {}", fields.join(", "))
    }
}

/// The schema of a table, a stream, or anything with `__arrow_c_schema__`.
#[pyfunction]
#[pyo3(signature = (obj, /))]
pub(super) fn schema(obj: &Bound<'_, PyAny>) -> PyResult<PySchema> {
    import::schema_of(obj).map(|schema| PySchema::new(Arc::new(schema)))
}
