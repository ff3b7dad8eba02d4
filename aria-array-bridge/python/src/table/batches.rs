//! The class `BatchReader`: tables of a stream, one at a time [C7].

use super::import::{check_values, concat, origin, said, stream_in, table_in};
use super::schema::PySchema;
use super::{PyTable, pandas, raise};
use crate::class;
use crate::export::arrow::{no_more, put, requested};
use crate::import::arrow::validates;
use crate::release::{Queued, undisturbed};
use aria_array_bridge::table::{Batches, Cuts, Schema, Table};
use aria_arrow::{BatchSource, Failure, OwnedArray, OwnedSchema, export_device_stream, export_stream};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where batches come from.
enum Source {
    /// A stream of Arrow's.
    Stream(Box<Batches>),
    /// A table's own.
    Table(Box<Cuts>),
    /// An iterator of Python's, and the batch that was asked for its schema.
    Iterator(Py<PyIterator>, Option<Table>),
    /// A source that failed, and was let go.
    Over,
    /// A batch is being asked for: the source is with whoever asked.
    Asked,
    /// `close()` was called, or the reader was given to another.
    Closed,
}

/// Tables of a stream that may be larger than memory: one is alive at a time, unless somebody keeps it. It is a stream
/// itself, and gives each batch once.
#[pyclass(frozen, weakref, name = "BatchReader", module = "aria_array_bridge")]
pub(crate) struct PyBatchReader {
    schema: Arc<Schema>,
    source: Mutex<Source>,
    /// Whether every value of each batch is checked.
    full: bool,
}

impl Drop for PyBatchReader {
    fn drop(&mut self) {
        let source = core::mem::replace(&mut *self.lock(), Source::Closed);
        // SAFETY: an object of Python's, or one that is just made for it: both are dropped attached.
        let py = unsafe { Python::assume_attached() };
        undisturbed(py, || drop(source)); // An exception may be on its way: of a loop over this reader, for one.
    }
}

/// Batches of anything that speaks `__arrow_c_stream__`, or of an iterable of tables or batches.
///
/// `validate="full"` checks every value of each batch when it is asked for; a wrong one ends the reader.
#[pyfunction]
#[pyo3(signature = (obj, /, *, validate = None))]
pub(super) fn batches(obj: &Bound<'_, PyAny>, validate: Option<&str>) -> PyResult<PyBatchReader> {
    let _nested = crate::import::Nested::enter()?;
    let full = validates(validate)? || obj.cast::<PyBatchReader>().is_ok_and(|reader| reader.get().full);
    let (schema, source) = source_of(obj)?;
    Ok(PyBatchReader { schema, source: Mutex::new(source), full })
}

/// Where the batches of an object come from, and what they are.
fn source_of(obj: &Bound<'_, PyAny>) -> PyResult<(Arc<Schema>, Source)> {
    let py = obj.py();
    let speaks = |name: &Bound<'_, PyString>| obj.get_type().hasattr(name);
    if let Ok(reader) = obj.cast::<PyBatchReader>() {
        let reader = reader.get();
        let source = reader.take(Source::Closed)?;
        return Ok((reader.schema.clone(), source));
    }
    // A frame's own stream would turn NaN into null [W1].
    let whole = obj.cast::<PyTable>().is_ok() || obj.cast::<PyDict>().is_ok() || pandas::is_frame(obj)?;
    let streams = speaks(intern!(py, "__arrow_c_stream__"))? || speaks(intern!(py, "__arrow_c_device_stream__"))?;
    let array = || {
        Ok::<_, PyErr>(speaks(intern!(py, "__arrow_c_array__"))? || speaks(intern!(py, "__arrow_c_device_array__"))?)
    };
    if whole || !streams && array()? {
        let table = table_in(obj)?;
        let source = Source::Table(Box::new(table.batches(None)));
        return Ok((table.schema().clone(), source));
    }
    if let Some((stream, _)) = stream_in(obj)? {
        let name = class::of(obj);
        let stream = stream.into_inner();
        let batches = py.detach(|| Batches::new(stream, origin(&name))).map_err(|error| said(py, &error))?;
        let schema = batches.schema().clone();
        return Ok((schema, Source::Stream(Box::new(batches))));
    }
    let Ok(iterator) = obj.try_iter() else {
        let found = class::of(obj);
        let text = format!("expected a stream (__arrow_c_stream__) or an iterable of batches but found {found}");
        return Err(PyTypeError::new_err(text));
    };
    let Some(first) = next_of(&iterator)? else {
        return Err(PyValueError::new_err("expected a batch, which says what the columns are, but found none"));
    };
    let schema = first.schema().clone();
    Ok((schema, Source::Iterator(iterator.unbind(), Some(first))))
}

/// The next table of an iterator.
fn next_of(iterator: &Bound<'_, PyIterator>) -> PyResult<Option<Table>> {
    iterator.clone().next().map(|batch| table_in(&batch?)).transpose()
}

impl PyBatchReader {
    fn lock(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The source, in whose place `left` stands.
    fn take(&self, left: Source) -> PyResult<Source> {
        let mut source = self.lock();
        let found = match &*source {
            Source::Closed => "one that is closed",
            Source::Asked => "one that is just asked for a batch",
            Source::Stream(_) | Source::Table(_) | Source::Iterator(..) | Source::Over => {
                return Ok(core::mem::replace(&mut *source, left));
            }
        };
        Err(PyValueError::new_err(format!("expected an open reader but found {found}")))
    }

    /// The next batch. The source is taken out meanwhile: whoever asks at the same time, or from inside, is told.
    fn next_table(&self, py: Python<'_>) -> PyResult<Option<Table>> {
        let mut source = self.take(Source::Asked)?;
        let next = match &mut source {
            Source::Closed | Source::Asked | Source::Over => Ok(None), // `take` gives neither of the first two.
            Source::Stream(batches) => py.detach(|| batches.next_batch()).map_err(|error| said(py, &error)),
            Source::Table(cuts) => Ok(cuts.next()),
            Source::Iterator(_, first @ Some(_)) => Ok(first.take()),
            Source::Iterator(iterator, None) => next_of(iterator.bind(py)).and_then(|next| {
                let fits = next.as_ref().map_or(Ok(()), |table| self.schema.agrees(table.schema()));
                fits.map_err(|error| raise(py, &error)).map(|()| next)
            }),
        };
        let next = next.and_then(|next| match &next {
            Some(table) if self.full => check_values(py, table).map(|()| next),
            _ => Ok(next),
        });
        let failed = next.is_err().then(|| core::mem::replace(&mut source, Source::Over));
        let mut place = self.lock();
        if matches!(*place, Source::Asked) {
            core::mem::swap(&mut *place, &mut source);
        }
        drop(place); // A source that was closed meanwhile is dropped without the lock: its producer may run code.
        undisturbed(py, || drop(failed)); // Nothing is asked of a source after an error [C7].
        next
    }
}

#[pymethods]
impl PyBatchReader {
    /// What the columns of every batch are.
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
        concat(py, &self.schema, &tables).map(PyTable::new)
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

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.source.try_lock().as_deref() {
            Ok(Source::Iterator(iterator, _)) => visit.call(iterator),
            _ => Ok(()),
        }
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
        put(slf.py(), export_stream(Passing::of(slf)).into_raw())
    }

    /// The batches that are left as a stream of arrays that say their device, the host.
    #[pyo3(signature = (requested_schema = None, **kwargs))]
    fn __arrow_c_device_stream__<'py>(
        slf: &Bound<'py, Self>,
        requested_schema: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        no_more(kwargs, "__arrow_c_device_stream__")?;
        drop(requested(requested_schema, "__arrow_c_device_stream__")?);
        put(slf.py(), export_device_stream(Passing::of(slf)).into_raw())
    }

    fn __repr__(&self) -> String {
        format!("BatchReader of {} columns", self.schema.len())
    }
}

/// A reader as a stream of Arrow's. The reader is dropped attached, whoever releases the stream.
struct Passing {
    schema: Arc<Schema>,
    reader: Queued<Py<PyBatchReader>>,
}

impl Passing {
    fn of(reader: &Bound<'_, PyBatchReader>) -> Box<Passing> {
        let schema = reader.get().schema.clone();
        Box::new(Passing { schema, reader: Queued::new(reader.clone().unbind()) })
    }
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
