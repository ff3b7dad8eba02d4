//! `Table`, `Column`, `Schema`, `Field` and `BatchReader` of Python: the bridge's table behind Python's protocols [C6], [C7].
//!
//! `import` makes tables of other libraries' (`pandas` of its frames, `blocks` of the arrays in them, `text` of lists of
//! text), `column`, `schema` and `batches` are the classes, `matrix` is a table as one array, `times` gives times of day to
//! lists, `out` goes to other libraries, and `onward` says what those copy. This file has the class `Table`.

mod batches;
mod blocks;
mod column;
mod import;
mod matrix;
mod onward;
mod out;
mod pandas;
mod schema;
mod text;
mod times;

pub(crate) use column::PyColumn;
pub(crate) use import::{given, is_table_class};
pub(crate) use matrix::{find_column, find_matrix};
pub(crate) use onward::explain_pandas;

use crate::block::{is_tracing, record};
use crate::error::refused;
use crate::export::arrow::{no_more, put, requested};
use crate::request::kept_to;
use aria_array_bridge::ArrayError;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan};
use aria_array_bridge::table::{Column, Table, TableError};
use aria_arrow::OwnedDeviceArray;
use pyo3::exceptions::{PyIndexError, PyKeyError, PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use schema::PySchema;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTable>()?;
    module.add_class::<PyColumn>()?;
    module.add_class::<PySchema>()?;
    module.add_class::<schema::PyField>()?;
    module.add_class::<batches::PyBatchReader>()?;
    module.add_function(wrap_pyfunction!(import::table, module)?)?;
    module.add_function(wrap_pyfunction!(batches::batches, module)?)?;
    module.add_function(wrap_pyfunction!(schema::schema, module)?)
}

/// Named columns of equal length. A column is kept whatever its type; nothing is copied until an array of it is.
#[pyclass(frozen, weakref, name = "Table", module = "aria_array_bridge")]
pub(crate) struct PyTable {
    table: Table,
}

impl PyTable {
    pub(crate) fn new(table: Table) -> PyTable {
        PyTable { table }
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }
}

/// `KeyError`, `IndexError` or `MemoryError` where that says it; else `ConversionError` with the reasons.
pub(crate) fn raise(py: Python<'_>, error: &TableError) -> PyErr {
    match error {
        TableError::NoColumn { .. } | TableError::Ambiguous { .. } => PyKeyError::new_err(error.to_string()),
        TableError::Position { .. } => PyIndexError::new_err(error.to_string()),
        TableError::Array(ArrayError::Memory { .. }) => PyMemoryError::new_err(error.to_string()),
        _ => refused(py, error.reasons().into_iter().fold(Plan::view("", "", "Table"), Plan::refusing)),
    }
}

#[pymethods]
impl PyTable {
    /// Names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.table.schema().names()
    }

    /// Length of every column.
    #[getter]
    fn num_rows(&self) -> usize {
        self.table.num_rows()
    }

    /// Number of columns.
    #[getter]
    fn num_columns(&self) -> usize {
        self.table.num_columns()
    }

    /// (rows, columns).
    #[getter]
    fn shape(&self) -> (usize, usize) {
        (self.table.num_rows(), self.table.num_columns())
    }

    /// What the columns are.
    #[getter]
    fn schema(&self) -> PySchema {
        PySchema::new(self.table.schema().clone())
    }

    /// What the column of this name or position is.
    fn field(&self, key: &Bound<'_, PyAny>) -> PyResult<schema::PyField> {
        Ok(schema::PyField::new(self.found(key)?.field().clone()))
    }

    /// The column of this name or position.
    fn column(&self, key: &Bound<'_, PyAny>) -> PyResult<PyColumn> {
        Ok(PyColumn::of(self.found(key)?.clone(), self.table.schema().metadata()))
    }

    fn __getitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<PyColumn> {
        self.column(key)
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        name.extract::<String>().is_ok_and(|name| self.table.schema().names().contains(&name))
    }

    fn __len__(&self) -> usize {
        self.table.num_rows()
    }

    /// The columns of these names or positions, in this order. A view.
    fn select(&self, keys: &Bound<'_, PyAny>) -> PyResult<PyTable> {
        let py = keys.py();
        if keys.is_instance_of::<PyString>() {
            let text = format!("expected a list of names or positions but found the text {}", keys.repr()?);
            return Err(PyTypeError::new_err(text));
        }
        let mut columns: Vec<Column> = Vec::new();
        for key in keys.try_iter()? {
            columns.push(self.found(&key?)?.clone());
        }
        let table = self.table.clone().keep_columns(columns);
        table.map(PyTable::new).map_err(|error| raise(py, &error))
    }

    /// The table with one more column, the last: a Column, or anything that `asarray` takes. A view.
    fn append_column(&self, name: &str, values: &Bound<'_, PyAny>) -> PyResult<PyTable> {
        let column = import::column_of(values)?.renamed(name);
        let table = column.and_then(|column| self.table.append_column(column));
        let table = table.map_err(|error| raise(values.py(), &error))?;
        pandas::described_series(table, &[(name.to_owned(), values.clone())]).map(PyTable::new)
    }

    /// Rows from `offset` on, at most `length`. A view.
    #[pyo3(signature = (offset = 0, length = None))]
    fn slice(&self, py: Python<'_>, offset: isize, length: Option<isize>) -> PyResult<PyTable> {
        let (offset, length) = rows(offset, length)?;
        pandas::cut(py, &self.table, offset, self.table.slice(offset, length)).map(PyTable::new)
    }

    /// Tables of one chunk a column, of at most `max_rows` rows. Views.
    #[pyo3(signature = (max_rows = None))]
    fn to_batches(&self, py: Python<'_>, max_rows: Option<isize>) -> PyResult<Vec<PyTable>> {
        let max_rows = max_rows.map(|rows| {
            let text = || PyValueError::new_err(format!("expected 1 row a batch or more but found {rows}"));
            usize::try_from(rows).ok().filter(|rows| *rows > 0).ok_or_else(text)
        });
        let mut start = 0;
        let cut = |batch: Table| {
            let rows = batch.num_rows();
            let batch = pandas::cut(py, &self.table, start, batch);
            start += rows;
            batch.map(PyTable::new)
        };
        self.table.batches(max_rows.transpose()?).map(cut).collect()
    }

    /// The schema as an Arrow capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        put(py, self.table.schema().to_field().to_schema().into_raw())
    }

    /// The rows as a stream of batches, in an Arrow capsule, which counts as an export of every column.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        put(py, self.given(py, requested_schema, "__arrow_c_stream__")?.to_stream(None).into_raw())
    }

    /// The rows as a stream of batches that say their device, the host.
    #[pyo3(signature = (requested_schema = None, **kwargs))]
    fn __arrow_c_device_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        const METHOD: &str = "__arrow_c_device_stream__";
        no_more(kwargs, METHOD)?;
        put(py, self.given(py, requested_schema, METHOD)?.to_device_stream(None).into_raw())
    }

    /// The rows as one array of structs on its device, the host; several batches are refused.
    #[pyo3(signature = (requested_schema = None, **kwargs))]
    fn __arrow_c_device_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        const METHOD: &str = "__arrow_c_device_array__";
        no_more(kwargs, METHOD)?;
        let table = self.given(py, requested_schema, METHOD)?;
        let array = py.detach(|| table.to_struct()).map_err(|error| raise(py, &error))?;
        let schema = put(py, table.schema().to_field().to_schema().into_raw())?;
        Ok((schema, put(py, OwnedDeviceArray::of_host(array).into_raw())?))
    }

    /// True if both have the same columns, types and values; nulls are equal to nulls and to NaT, NaN to NaN. The other may be whatever
    /// `table` takes.
    fn equals(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        column::tables_equal(&self.table, &import::table_in(other)?)
    }

    fn __repr__(&self) -> String {
        let fields = self.table.schema().fields().iter();
        let fields: Vec<String> =
            fields.map(|field| format!("{} {}", field.name(), schema::type_name(field))).collect();
        let (rows, columns) = (self.table.num_rows(), self.table.num_columns());
        let colon = if fields.is_empty() { "" } else { ": " };
        format!("Table {rows} rows x {columns} columns{colon}{}", fields.join(", "))
    }
}

/// Where rows begin, and how many are wanted at most.
fn rows(offset: isize, length: Option<isize>) -> PyResult<(usize, usize)> {
    let wanted = |what: &str, found: isize| {
        usize::try_from(found)
            .map_err(|_| PyValueError::new_err(format!("expected {what} of 0 rows or more but found {found}")))
    };
    Ok((wanted("an offset", offset)?, length.map_or(Ok(usize::MAX), |length| wanted("a length", length))?))
}

impl PyTable {
    /// The table as it is given away by a method of Arrow's; a trace sees its plan.
    fn given(
        &self,
        py: Python<'_>,
        requested_schema: Option<&Bound<'_, PyAny>>,
        method: &'static str,
    ) -> PyResult<Table> {
        let requested = requested(requested_schema, method)?;
        let table = self.table.as_requested(requested.as_ref());
        let plan = py.detach(|| table.export_plan()); // Looks at times.
        let plan = kept_to(plan, CopyPolicy::IfNeeded);
        if plan.outcome == Outcome::Refuse {
            return Err(refused(py, plan));
        }
        if is_tracing() {
            record(&plan);
        }
        Ok(table)
    }

    fn found(&self, key: &Bound<'_, PyAny>) -> PyResult<&Column> {
        let position = schema::position(self.table.schema(), key)?;
        self.table.column_at(position).map_err(|error| raise(key.py(), &error))
    }
}
