//! Tables as other libraries' tables. Their own importers share what came as Arrow.

use super::column::PyColumn;
use super::pandas::KEY;
use super::{PyTable, onward};
use crate::export::like::{Like, unknown};
use crate::request::Request;
use aria_array_bridge::table::Table;
use pyo3::exceptions::{PyImportError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

#[pymethods]
impl PyTable {
    /// A `pyarrow.Table` over the same memory; booleans of NumPy's are copied.
    pub(super) fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.getattr("table")?.call1((slf,))
    }

    /// A `polars.DataFrame` over the same memory; booleans of NumPy's are copied. What Polars has no type for is refused.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let made = slf.py().import("polars")?.getattr("DataFrame")?.call1((slf,));
        made.map_err(|error| without_panic(slf.py(), error))
    }

    /// A `pandas.DataFrame` with the dtypes, and the index, that the table's metadata names.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        to_pandas(slf.py(), slf.get().table())
    }

    /// A relation of DuckDB's over the same memory, in `connection` or in DuckDB's default one.
    #[pyo3(signature = (connection = None))]
    fn to_duckdb<'py>(slf: &Bound<'py, Self>, connection: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        let arrow = Self::to_pyarrow(slf)?;
        match connection {
            Some(connection) => connection.call_method1("from_arrow", (arrow,)),
            None => slf.py().import("duckdb")?.call_method1("from_arrow", (arrow,)),
        }
    }

    /// Back to the library of `obj`: a table of its kind.
    fn to_like<'py>(slf: &Bound<'py, Self>, obj: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        const TABLES: &str = "a table of pandas, Polars, pyarrow, DuckDB, arro3 or nanoarrow";
        let py = slf.py();
        if obj.cast::<PyTable>().is_ok() {
            return Ok(slf.clone().into_any());
        }
        let Some(like) = Like::of(obj)? else { return Err(unknown(obj, TABLES)) };
        let library = || py.import(like.library);
        let kinds = ["LazyFrame", "RecordBatchReader", "RecordBatch", "Table", "ArrayStream", "Schema"];
        match like.kind(&kinds) {
            ("pandas", _) => Self::to_pandas(slf),
            ("polars", "LazyFrame") => Self::to_polars(slf)?.call_method0("lazy"),
            ("polars", _) => Self::to_polars(slf),
            ("pyarrow", "RecordBatch") => {
                let table = Self::to_pyarrow(slf)?;
                onward::joining(&table.getattr("columns")?, "pyarrow.RecordBatch")?;
                let batches = table.call_method0("combine_chunks")?.call_method0("to_batches")?; // One chunk is shared.
                match batches.len()? {
                    0 => library()?.call_method1("record_batch", (slf,)), // Which has no batch of a table without rows.
                    _ => batches.get_item(0),
                }
            }
            ("pyarrow", "RecordBatchReader") => Self::to_pyarrow(slf)?.call_method0("to_reader"),
            ("pyarrow", _) => Self::to_pyarrow(slf),
            ("duckdb", _) => Self::to_duckdb(slf, None),
            ("arro3.core", class @ ("Table" | "RecordBatchReader")) => {
                library()?.getattr(class)?.call_method1("from_arrow", (slf,))
            }
            ("arro3.core", "RecordBatch") => {
                let table = library()?.getattr("Table")?.call_method1("from_arrow", (slf,))?;
                onward::joining(&table.getattr("columns")?, "arro3.core.RecordBatch")?;
                table.call_method0("combine_chunks")?.call_method0("to_batches")?.get_item(0) // One chunk is shared.
            }
            ("nanoarrow", "ArrayStream") => library()?.call_method1("ArrayStream", (slf,)),
            ("nanoarrow", "") => library()?.call_method1("Array", (slf,)),
            ("numpy" | "torch" | "jax", _) => Err(unknown(obj, &format!("{TABLES}, or .to_matrix().to_like(x),"))),
            _ => Err(unknown(obj, TABLES)),
        }
    }
}

/// A frame: pyarrow's where it is there, which knows pandas' metadata; else of the columns that are arrays.
pub(super) fn to_pandas<'py>(py: Python<'py>, table: &Table) -> PyResult<Bound<'py, PyAny>> {
    let object = Bound::new(py, PyTable::new(table.clone()))?;
    if has_pyarrow(py)? {
        let table = PyTable::to_pyarrow(&object)?;
        onward::to_pandas(&table)?;
        return py.import("aria_array_bridge._pandas")?.getattr("frame_of")?.call1((table,));
    }
    let columns = PyList::empty(py);
    for column in table.columns() {
        let object = Bound::new(py, PyColumn::new(column.clone()))?;
        let array = crate::import::import(object.as_any(), &Request::default())?;
        columns.append((column.name(), array.call_method0("to_pandas")?))?;
    }
    let metadata = table.schema().metadata().get(KEY).map(|text| PyBytes::new(py, text));
    py.import("aria_array_bridge._frames")?.call_method1("restore", (columns, metadata))
}

/// Whether pyarrow is there, by which frames are made.
pub(super) fn has_pyarrow(py: Python<'_>) -> PyResult<bool> {
    match py.import("pyarrow") {
        Ok(_) => Ok(true),
        Err(error) if error.is_instance_of::<PyImportError>(py) => Ok(false),
        Err(error) => Err(error),
    }
}

/// An error of Polars, which panics at types that it has not: what it raises then is no `Exception`.
pub(super) fn without_panic(py: Python<'_>, error: PyErr) -> PyErr {
    if !error.get_type(py).name().is_ok_and(|name| name == "PanicException") {
        return error;
    }
    let hint = "hint: select the other columns, or cast these with pyarrow before";
    let text = format!("expected types that Polars has but it panicked: {}; {hint}", error.value(py));
    let refused = PyTypeError::new_err(text);
    refused.set_cause(py, Some(error));
    refused
}
