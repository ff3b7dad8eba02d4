//! The class `BatchReader`: tables of a stream, one at a time [C7].

use super::import::{origin, stream_in, table_in};
use super::schema::PySchema;
use super::{PyTable, raise};
use crate::export::arrow::{put, requested};
use crate::release::Queued;
use aria_array_bridge::table::{Batches, Schema, Table};
use aria_arrow::{BatchSource, Failure, OwnedArray, OwnedSchema, export_stream};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where batches come from.
enum Source {
    /// A stream of Arrow's.
    Stream(Box<Batches>),
    /// An iterator of Python's, and the batch that was asked for its schema.
    Iterator(Py<PyIterator>, Option<Table>),
    /// `close()` was called.
    Closed,
}

/// Tables of a stream that may be larger than memory: one is alive at a time, unless somebody keeps it. It is a stream
/// itself, and gives each batch once.
#[pyclass(frozen, weakref, name = "BatchReader", module = "aria_array_bridge")]
pub(crate) struct PyBatchReader {
    schema: Arc<Schema>,
    source: Mutex<Source>,
}

/// Batches of anything that speaks `__arrow_c_stream__`, or of an iterable of tables or batches.
#[pyfunction]
#[pyo3(signature = (obj, /))]
pub(super) fn batches(obj: &Bound<'_, PyAny>) -> PyResult<PyBatchReader> {
    let py = obj.py();
    if let Ok(reader) = obj.cast::<PyBatchReader>() {
        let source = core::mem::replace(&mut *reader.get().lock(), Source::Closed);
        return Ok(PyBatchReader { schema: reader.get().schema.clone(), source: Mutex::new(source) });
    }
    if let Some(stream) = stream_in(obj)? {
        let name = obj.get_type().fully_qualified_name()?.to_string();
        let stream = stream.into_inner();
        let batches = py.detach(|| Batches::new(stream, origin(&name))).map_err(|error| raise(py, &error))?;
        let schema = batches.schema().clone();
        return Ok(PyBatchReader { schema, source: Mutex::new(Source::Stream(Box::new(batches))) });
    }
    let Ok(iterator) = obj.try_iter() else {
        let found = obj.get_type().fully_qualified_name()?;
        let text = format!("expected a stream (__arrow_c_stream__) or an iterable of batches but found {found}");
        return Err(PyTypeError::new_err(text));
    };
    let Some(first) = next_of(&iterator)? else {
        return Err(PyValueError::new_err("expected a batch, which says what the columns are, but found none"));
    };
    let schema = first.schema().clone();
    Ok(PyBatchReader { schema, source: Mutex::new(Source::Iterator(iterator.unbind(), Some(first))) })
}

/// The next table of an iterator.
fn next_of(iterator: &Bound<'_, PyIterator>) -> PyResult<Option<Table>> {
    iterator.clone().next().map(|batch| table_in(&batch?)).transpose()
}

impl PyBatchReader {
    fn lock(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch. The source is taken out meanwhile: whoever asks at the same time, or from inside, is told.
    fn next_table(&self, py: Python<'_>) -> PyResult<Option<Table>> {
        let mut source = core::mem::replace(&mut *self.lock(), Source::Closed);
        let next = match &mut source {
            Source::Closed => {
                return Err(PyValueError::new_err(
                    "expected an open reader but found one that is closed, or is asked elsewhere",
                ));
            }
            Source::Stream(batches) => {
                let next = py.detach(|| batches.next_batch());
                let left = PyErr::take(py);
                next.map_err(|error| {
                    let raised = raise(py, &error);
                    raised.set_cause(py, left);
                    raised
                })
            }
            Source::Iterator(_, first @ Some(_)) => Ok(first.take()),
            Source::Iterator(iterator, None) => next_of(iterator.bind(py)).and_then(|next| {
                let fits = next.as_ref().map_or(Ok(()), |table| self.schema.agrees(table.schema()));
                fits.map_err(|error| raise(py, &error)).map(|()| next)
            }),
        };
        *self.lock() = source;
        next
    }
}

#[pymethods]
impl PyBatchReader {
    #[getter]
    fn schema(&self) -> PySchema {
        PySchema::new(self.schema.clone())
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyTable>> {
        Ok(self.next_table(py)?.map(PyTable::new))
    }

    /// All batches that are left, as one table. They are all in memory then.
    fn read_all(&self, py: Python<'_>) -> PyResult<PyTable> {
        let mut tables = Vec::new();
        while let Some(table) = self.next_table(py)? {
            tables.push(table);
        }
        joined(py, &self.schema, &tables).map(PyTable::new)
    }

    /// Ends the stream; its producer releases what it has.
    fn close(&self) {
        let source = core::mem::replace(&mut *self.lock(), Source::Closed);
        drop(source);
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) {
        self.close();
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        put(py, self.schema.to_field().to_schema().into_raw())
    }

    /// The batches that are left as a stream, in an Arrow capsule.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        slf: &Bound<'py, Self>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        drop(requested(requested_schema, "__arrow_c_stream__")?); // Given as it is: K-A19.
        let py = slf.py();
        let schema = slf.get().schema.clone();
        let reader = Queued::new(py, slf.clone().unbind());
        put(py, export_stream(Box::new(Passing { schema, reader })).into_raw())
    }

    fn __repr__(&self) -> String {
        format!("BatchReader of {} columns", self.schema.len())
    }
}

/// One table of the batches of a stream, with the chunks that they have and no other.
pub(super) fn joined(py: Python<'_>, schema: &Schema, batches: &[Table]) -> PyResult<Table> {
    if batches.is_empty() {
        return empty(py, schema);
    }
    Table::concat(batches).map_err(|error| raise(py, &error))
}

/// A table of this schema without rows.
fn empty(py: Python<'_>, schema: &Schema) -> PyResult<Table> {
    let field = Arc::new(schema.to_field());
    let array = field.empty_array().check(field.clone());
    let checked = array.map_err(|refused| PyValueError::new_err(refused.to_string()))?;
    Table::from_batch(checked, origin("no rows")).map_err(|error| raise(py, &error))
}

/// A reader as a stream of Arrow's. The reader is dropped attached, whoever releases the stream.
struct Passing {
    schema: Arc<Schema>,
    reader: Queued<Py<PyBatchReader>>,
}

impl BatchSource for Passing {
    fn schema(&mut self) -> Result<OwnedSchema, Failure> {
        Ok(self.schema.to_field().to_schema())
    }

    fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
        let asked = Python::try_attach(|py| {
            let next = self.reader.get().next_table(py);
            next.map_err(|error| Failure::new(error.to_string()))
        });
        match asked {
            None => Err(Failure::new("the Python interpreter has ended")),
            Some(Err(failure)) => Err(failure),
            Some(Ok(None)) => Ok(None),
            Some(Ok(Some(table))) => table.to_struct().map(Some).map_err(|error| Failure::new(error.to_string())),
        }
    }
}
