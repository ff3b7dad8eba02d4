//! The classes `Schema` and `Field`: what columns are.

use super::{import, raise};
use crate::export::arrow::put;
use aria_array_bridge::dtype::parse_arrow_format;
use aria_array_bridge::table::Schema;
use aria_arrow::{Field, Metadata};
use pyo3::exceptions::{PyIndexError, PyTypeError};
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
    /// The name; "" for a column that has none.
    #[getter]
    fn name(&self) -> String {
        self.field.name().into_owned()
    }

    /// The name of the type: "float64", "large_string", "timestamp[us, tz=UTC]".
    #[getter]
    fn r#type(&self) -> String {
        type_name(&self.field)
    }

    /// Whether it may have nulls.
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

/// Where the column of this name or position stands; negative positions count from the end.
pub(super) fn position(schema: &Schema, key: &Bound<'_, PyAny>) -> PyResult<usize> {
    if let Ok(name) = key.extract::<String>() {
        return schema.position(&name).map_err(|error| raise(key.py(), &error));
    }
    let Ok(wanted) = key.extract::<isize>() else {
        let found = key.get_type().name()?;
        return Err(PyTypeError::new_err(format!("expected the name or the position of a column but found {found}")));
    };
    let columns = schema.len();
    let position = if wanted < 0 { columns.checked_add_signed(wanted) } else { Some(wanted.unsigned_abs()) };
    position.filter(|position| *position < columns).ok_or_else(|| {
        let text = format!("expected a position below {columns}, the number of columns, but found {wanted}");
        PyIndexError::new_err(text)
    })
}

#[pymethods]
impl PySchema {
    /// Names of the columns, in order.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.schema.names()
    }

    /// What each column is, in order.
    #[getter]
    fn fields(&self) -> Vec<PyField> {
        self.schema.fields().iter().cloned().map(PyField::new).collect()
    }

    /// Bytes by bytes, or None.
    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        metadata(py, self.schema.metadata())
    }

    /// The field of this name or position.
    fn field(&self, key: &Bound<'_, PyAny>) -> PyResult<PyField> {
        Ok(PyField::new(self.schema.fields()[position(&self.schema, key)?].clone()))
    }

    fn __getitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<PyField> {
        self.field(key)
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
