//! The class `Column`: named, typed by Arrow, chunked.

use super::import::check_values;
use super::{raise, schema, times};
use crate::array::{Origin, PyArray};
use crate::block::{is_tracing, record};
use crate::error::refused;
use crate::export::arrow::{put, requested};
use crate::export::like::Like;
use crate::request::kept_to;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan};
use aria_array_bridge::table::{Column, ColumnImport, Table, TableError};
use aria_array_bridge::{Array, DType};
use aria_arrow::Metadata;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// A column of a table: a name, a type of Arrow, and values in chunks. `asarray` makes an array of it, where it is one.
#[pyclass(frozen, weakref, name = "Column", module = "aria_array_bridge")]
pub(crate) struct PyColumn {
    column: Column,
    /// Of the table that it is a column of: by it pandas finds its dtype again.
    metadata: Metadata,
}

impl PyColumn {
    pub(crate) fn new(column: Column) -> PyColumn {
        PyColumn { column, metadata: Metadata::default() }
    }

    /// A column of a table with this metadata.
    pub(super) fn of(column: Column, metadata: &Metadata) -> PyColumn {
        PyColumn { column, metadata: metadata.clone() }
    }

    pub(crate) fn column(&self) -> &Column {
        &self.column
    }

    /// What the column is as an array.
    pub(crate) fn import(&self, py: Python<'_>) -> PyResult<ColumnImport> {
        self.column.import().map_err(|error| match error {
            TableError::Refused(reasons) => {
                let plan = Plan::view("column", self.shown(), "Array");
                crate::error::bad_argument(py, reasons.into_iter().fold(plan, Plan::refusing))
            }
            error => raise(py, &error),
        })
    }

    fn shown(&self) -> String {
        format!("Column {} {}", self.column.name(), schema::type_name(self.column.field()))
    }

    /// A table of this column alone.
    pub(crate) fn alone(&self, py: Python<'_>) -> PyResult<Table> {
        let table = Table::from_columns(vec![self.column.clone()]).map_err(|error| raise(py, &error))?;
        Ok(table.with_metadata(self.metadata.clone()))
    }
}

/// The array that an import makes, as an object; a copy is made detached. No trace sees it yet.
pub(crate) fn made<'py>(py: Python<'py>, import: ColumnImport, mut plan: Plan) -> PyResult<Bound<'py, PyArray>> {
    let array: Array = py.detach(|| import.array()).map_err(|error| raise(py, &error))?;
    plan.target_address = Some(array.address() as u64);
    plan.target = crate::array::describe(&array).into();
    let own = plan.outcome == Outcome::Copy;
    Bound::new(py, PyArray::from_array(array, Origin::Plan(Box::new(plan)), own))
}

/// The plan of an import.
pub(crate) fn plan_of(import: &ColumnImport, source: String) -> Plan {
    let mut plan = Plan::view("column", source, format!("Array {}{:?}", import.dtype(), import.shape()));
    let bytes = import.copied_bytes() as u64;
    for reason in import.reasons() {
        let note = matches!(&*reason.code, "misaligned" | "time-of-day");
        if note || bytes == 0 {
            plan.reasons.push(reason.clone());
        } else {
            plan = plan.copying(bytes, reason.clone());
        }
    }
    plan.reasons.extend(import.notes());
    plan
}

#[pymethods]
impl PyColumn {
    /// The name; "" for a column that has none.
    #[getter]
    fn name(&self) -> String {
        self.column.name().into_owned()
    }

    /// What the column is.
    #[getter]
    fn field(&self) -> schema::PyField {
        schema::PyField::new(self.column.field().clone())
    }

    /// Nulls in all chunks.
    #[getter]
    fn null_count(&self, py: Python<'_>) -> PyResult<usize> {
        self.column.null_count().map_err(|error| raise(py, &error))
    }

    /// Number of runs of rows that lie together.
    #[getter]
    fn num_chunks(&self) -> usize {
        self.column.num_chunks()
    }

    /// One column a chunk. Views.
    #[getter]
    fn chunks(&self) -> Vec<PyColumn> {
        let mut start = 0;
        let one = |chunk: &aria_array_bridge::table::Chunk| {
            let part = self.column.slice(start, chunk.len());
            start += chunk.len();
            PyColumn::of(part, &self.metadata)
        };
        self.column.chunks().iter().map(one).collect()
    }

    fn __len__(&self) -> usize {
        self.column.len()
    }

    /// Rows from `offset` on, at most `length`. A view.
    #[pyo3(signature = (offset = 0, length = None))]
    fn slice(&self, py: Python<'_>, offset: isize, length: Option<isize>) -> PyResult<PyColumn> {
        let (offset, length) = super::rows(offset, length)?;
        let whole = self.alone(py)?;
        let cut = super::pandas::cut(py, &whole, offset, whole.slice(offset, length))?;
        Ok(PyColumn::of(self.column.slice(offset, length), cut.schema().metadata()))
    }

    /// The same column under another name. A view.
    fn rename(&self, py: Python<'_>, name: &str) -> PyResult<PyColumn> {
        self.column.renamed(name).map(PyColumn::new).map_err(|error| raise(py, &error))
    }

    /// Python's own values, None for nulls; moments and durations in nanoseconds, which Python has not, are integers. Of a
    /// column that is neither an array nor text, as pyarrow or Polars, whichever is there, reads it.
    fn tolist<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let this = slf.get();
        if let Some(import) = as_values(&this.column) {
            let plan = plan_of(&import, this.shown());
            let array = made(py, import, plan)?;
            if is_tracing() {
                record(&array.get().plan());
            }
            return times::own(this.column.field().format(), array.call_method0("tolist")?);
        }
        if let Some(text) = py.detach(|| this.column.to_strings()).map_err(|error| raise(py, &error))? {
            return Ok(PyList::new(py, text)?.into_any());
        }
        // Others take the values for what they should be.
        check_values(py, &this.alone(py)?)?;
        let refused = match Self::to_pyarrow(slf) {
            Ok(column) => return column.call_method0("to_pylist"),
            Err(error) => error,
        };
        match py.import("polars") {
            Ok(_) => Self::to_polars(slf)?.call_method0("to_list"),
            Err(_) => Err(refused),
        }
    }

    /// A `pyarrow.ChunkedArray` over the same memory.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.getattr("chunked_array")?.call1((slf,))
    }

    /// A `polars.Series` over the same memory.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let options = PyDict::new(slf.py());
        options.set_item("name", slf.get().name())?;
        options.set_item("values", slf)?;
        let made = slf.py().import("polars")?.getattr("Series")?.call((), Some(&options));
        made.map_err(|error| super::out::without_panic(slf.py(), error))
    }

    /// A `pandas.Series` of this name.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let frame = super::out::to_pandas(py, &slf.get().alone(py)?)?;
        frame.get_item(slf.get().name())
    }

    /// Back to the library of `obj`: a column of its kind, or the column's array as one.
    fn to_like<'py>(slf: &Bound<'py, Self>, obj: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if obj.cast::<PyColumn>().is_ok() {
            return Ok(slf.clone().into_any());
        }
        let like = Like::of(obj)?;
        let kind = like.as_ref().map(|like| like.kind(&["ChunkedArray", "Array", "Series", "Index"]));
        match kind.unwrap_or_default() {
            ("pandas", "Series") => Self::to_pandas(slf),
            ("polars", "Series") => Self::to_polars(slf),
            ("pyarrow", "ChunkedArray") => Self::to_pyarrow(slf),
            ("pyarrow", "Array") => {
                let column = Self::to_pyarrow(slf)?;
                match column.getattr("num_chunks")?.extract()? {
                    1 => column.call_method1("chunk", (0,)), // Shared; several are copied together.
                    _ => {
                        super::onward::joining(PyList::new(py, [&column])?.as_any(), "pyarrow.Array")?;
                        column.call_method0("combine_chunks")
                    }
                }
            }
            ("arro3.core", "ChunkedArray") => {
                py.import("arro3.core")?.getattr("ChunkedArray")?.call_method1("from_arrow", (slf,))
            }
            ("nanoarrow", "Array") => py.import("nanoarrow")?.call_method1("Array", (slf,)),
            _ => {
                let array = crate::import::import(slf.as_any(), &crate::request::Request::default())?;
                PyArray::to_like(&array, obj)
            }
        }
    }

    /// What NumPy makes of the column: its array, where it is one without nulls.
    #[pyo3(signature = (dtype = None, *, copy = None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let request = crate::request::Request { copy: crate::request::copy_policy(copy), ..Default::default() };
        let array = crate::import::import(slf.as_any(), &request)?;
        crate::export::numpy::for_numpy(&array, dtype, copy)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        put(py, self.column.field().to_schema().into_raw())
    }

    /// The chunks as a stream, in an Arrow capsule.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        drop(requested(requested_schema, "__arrow_c_stream__")?); // Given as it is: K-A19.
        let table = self.alone(py)?;
        let plan = py.detach(|| table.export_plan()); // Looks at times.
        let plan = kept_to(plan, CopyPolicy::IfNeeded);
        if plan.outcome == Outcome::Refuse {
            return Err(refused(py, plan));
        }
        if is_tracing() {
            record(&plan);
        }
        put(py, self.column.to_stream().into_raw())
    }

    fn __repr__(&self) -> String {
        format!("{}  {} rows in {} chunks", self.shown(), self.column.len(), self.column.num_chunks())
    }
}

/// What the column is as an array, where that has a null for each of its own: where a row that is null is a list, it has many.
fn as_values(column: &Column) -> Option<ColumnImport> {
    let import = column.import().ok()?;
    (import.shape().len() == 1 || column.null_count().is_ok_and(|nulls| nulls == 0)).then_some(import)
}

/// Values of two tables, compared as Python's own; NaT is a null, as it is in Arrow.
pub(super) fn tables_equal(one: &Table, other: &Table) -> PyResult<bool> {
    let same = one.num_rows() == other.num_rows() && one.schema().names() == other.schema().names();
    let types = one.schema().fields().iter().zip(other.schema().fields());
    if !same || !types.into_iter().all(|(a, b)| a.same_type(b)) {
        return Ok(false);
    }
    Python::attach(|py| {
        for (a, b) in one.columns().iter().zip(other.columns()) {
            let equal = match (as_values(a), as_values(b)) {
                (Some(left), Some(right)) => {
                    let (left, right) = (made_quietly(py, left)?, made_quietly(py, right)?);
                    let options = PyDict::new(py);
                    options.set_item("equal_nan", true)?;
                    left.call_method("equals", (right,), Some(&options))?.is_truthy()?
                }
                _ => {
                    let list = |column: &Column| {
                        let column = Bound::new(py, PyColumn::new(column.clone()))?;
                        Ok::<_, PyErr>(PyColumn::tolist(&column)?.cast_into::<PyList>()?)
                    };
                    list(a)?.eq(list(b)?)?
                }
            };
            if !equal {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

fn made_quietly<'py>(py: Python<'py>, import: ColumnImport) -> PyResult<Bound<'py, PyArray>> {
    let array = py.detach(|| import.array().and_then(without_null_times)).map_err(|error| raise(py, &error))?;
    let plan = Plan::view("column", "Column", crate::array::describe(&array));
    Bound::new(py, PyArray::from_array(array, Origin::Plan(Box::new(plan)), false))
}

/// Times with NaT for their nulls; anything else as it is.
fn without_null_times(array: Array) -> Result<Array, TableError> {
    if array.null_count() == 0 || !matches!(array.dtype(), DType::DateTime(_) | DType::TimeDelta(_)) {
        return Ok(array);
    }
    let dtype = array.dtype().clone();
    Ok(array.reinterpret(DType::I64)?.fill_null(i64::MIN)?.reinterpret(dtype)?)
}
