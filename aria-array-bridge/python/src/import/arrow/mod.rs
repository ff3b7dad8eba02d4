//! The doors of Arrow's PyCapsule interface, and `ab.from_arrow` [C5].
//!
//! **Zero-copy**, but for what `aria_array_bridge::convert::arrow` says has to be copied, and for several chunks of a
//! stream. Such a copy is made by `later`, when the plan allows it. `capsule` moves structs out of capsules, `stream` asks
//! a stream, `foreign` releases what was taken, `pandas` says which of its columns come by here [W1].

mod capsule;
mod foreign;
mod later;
pub(super) mod pandas;
mod stream;

pub(crate) use capsule::{Given, pair, schema, stream as stream_of};
pub(crate) use foreign::Foreign;

pub(crate) use later::{Later, of_column, of_matrix, unmet};

use super::doors::{Door, Kind};
use super::{Refusal, named};
use crate::array::{Hold, PyArray};
use crate::class;
use crate::error::{bad_argument, refused};
use crate::request::{Copied, Found, Request, execute};
use aria_array_bridge::convert::arrow::{Import, reason, said_of_nulls};
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Access, Device, Owner};
use aria_arrow::{Checked, Field, Format, OwnedArray};
use pyo3::exceptions::{PyNotImplementedError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use std::sync::Arc;
use stream::Stopped;

/// The array that the object gives by `__arrow_c_array__`.
pub(super) fn find_array(object: &Bound<'_, PyAny>, kind: &Kind, request: &Request) -> Result<Found, Refusal> {
    let py = object.py();
    let asked = Asked { py, source: kind.name, protocol: named!("__arrow_c_array__"), request };
    asked.array(&asked.ask(object, kind, intern!(py, "__arrow_c_array__"))?)
}

/// The array that the object gives by `__arrow_c_device_array__`.
pub(super) fn find_device_array(object: &Bound<'_, PyAny>, kind: &Kind, request: &Request) -> Result<Found, Refusal> {
    let py = object.py();
    let asked = Asked { py, source: kind.name, protocol: named!("__arrow_c_device_array__"), request };
    asked.array(&asked.ask(object, kind, intern!(py, "__arrow_c_device_array__"))?)
}

/// The chunks that the object gives by `__arrow_c_stream__`, as one array.
pub(super) fn find_stream(object: &Bound<'_, PyAny>, kind: &Kind, request: &Request) -> Result<Found, Refusal> {
    let py = object.py();
    let asked = Asked { py, source: kind.name, protocol: named!("__arrow_c_stream__"), request };
    asked.stream(&asked.ask(object, kind, intern!(py, "__arrow_c_stream__"))?)
}

/// The chunks that the object gives by `__arrow_c_device_stream__`, as one array.
pub(super) fn find_device_stream(object: &Bound<'_, PyAny>, kind: &Kind, request: &Request) -> Result<Found, Refusal> {
    let py = object.py();
    let asked = Asked { py, source: kind.name, protocol: named!("__arrow_c_device_stream__"), request };
    asked.stream(&asked.ask(object, kind, intern!(py, "__arrow_c_device_stream__"))?)
}

/// An array of any object that speaks Arrow's PyCapsule interface, of a pair of its capsules, or of a stream's.
///
/// # Errors
///
/// `ArgumentError` if the object does not speak it; else as for every import.
pub(crate) fn from_arrow<'py>(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Bound<'py, PyArray>> {
    let py = object.py();
    // SAFETY: attached; a live object.
    let is_capsule = unsafe { ffi::PyCapsule_CheckExact(object.as_ptr()) } != 0;
    if !is_capsule && !object.is_exact_instance_of::<PyTuple>() {
        return super::import_by(
            object,
            request,
            &[Door::Ours, Door::ArrowArray, Door::ArrowDeviceArray, Door::ArrowStream, Door::ArrowDeviceStream],
        );
    }
    let source = if is_capsule { named!("arrow capsule") } else { named!("arrow capsules") };
    let protocol = if is_capsule { named!("arrow stream") } else { named!("arrow array") };
    let asked = Asked { py, source, protocol, request };
    let found = if is_capsule { asked.stream(object) } else { asked.array(object) };
    match found {
        Ok(found) => execute(py, found, source, request),
        Err(Refusal::Raise(error)) => Err(error),
        Err(Refusal::Next(reason) | Refusal::Lie(reason)) => Err(asked.refuse(reason)),
    }
}

/// Why what Polars gives is not taken: of Python objects it gives the addresses, as bytes, and says so nowhere.
///
/// # Errors
///
/// What Polars raises.
pub(crate) fn objects_of_polars(object: &Bound<'_, PyAny>) -> PyResult<Option<Reason>> {
    let py = object.py();
    if class::library(&object.get_type()) != "polars" {
        return Ok(None);
    }
    let dtypes = match object.getattr_opt(intern!(py, "dtypes"))? {
        Some(dtypes) => dtypes.try_iter()?.collect::<PyResult<Vec<_>>>()?,
        None => object.getattr_opt(intern!(py, "dtype"))?.into_iter().collect(),
    };
    for dtype in dtypes {
        if dtype.str()?.to_string_lossy() == "Object" {
            let text = "Polars keeps Python objects here, and gives Arrow their addresses alone";
            return Ok(Some(Reason::new("object-dtype", "L1", text).hint("cast the column to a type of Polars' own")));
        }
    }
    Ok(None)
}

/// Python's `validate=`: true if every value is to be checked [C8].
///
/// # Errors
///
/// `ValueError` for another word.
pub(crate) fn validates(word: Option<&str>) -> PyResult<bool> {
    match word {
        None => Ok(false),
        Some("full") => Ok(true),
        Some(other) => Err(PyValueError::new_err(format!("expected validate None or 'full' but found {other:?}"))),
    }
}

/// One question to a producer.
struct Asked<'a, 'py> {
    py: Python<'py>,
    source: Name,
    protocol: Name,
    request: &'a Request,
}

impl<'py> Asked<'_, 'py> {
    /// Calls the method of the type.
    fn ask(
        &self,
        object: &Bound<'py, PyAny>,
        kind: &Kind,
        name: &Bound<'py, PyString>,
    ) -> Result<Bound<'py, PyAny>, Refusal> {
        if let Some(reason) = objects_of_polars(object)? {
            return Err(self.raise(reason));
        }
        let (method, takes_object) = kind.method(object, name)?;
        let answer = if takes_object { method.call1((object,)) } else { method.call0() };
        answer.map_err(|error| {
            let py = self.py;
            let cannot = error.is_instance_of::<PyTypeError>(py)
                || error.is_instance_of::<PyValueError>(py)
                || error.is_instance_of::<PyNotImplementedError>(py);
            if !cannot {
                return Refusal::Raise(error);
            }
            let said = error.value(py).str().map(|text| text.to_string()).unwrap_or_default();
            Refusal::Next(Reason::new("door", "C2", format!("{name} refuses: {said}")))
        })
    }

    /// The array in a pair of capsules.
    fn array(&self, answer: &Bound<'py, PyAny>) -> Result<Found, Refusal> {
        let given = pair(answer).map_err(|reason| self.raise(reason))?;
        let field = given.schema.field().map_err(|error| self.raise(reason(&error)))?;
        let device = given.device().map_err(|reason| self.raise(reason))?.unwrap_or(Device::CPU);
        let Given { schema, array, .. } = given;
        drop(schema);
        let chunk = checked(array, &Arc::new(field)).map_err(|reason| self.raise(reason))?;
        if is_table(chunk.field()) {
            return Err(Refusal::Next(table(chunk.field())));
        }
        self.single(chunk, device).map_err(|reason| self.raise(reason))
    }

    /// The arrays of the stream in a capsule.
    fn stream(&self, answer: &Bound<'py, PyAny>) -> Result<Found, Refusal> {
        let mut stream = capsule::stream(answer).map_err(|reason| self.raise(reason))?;
        let field = stream::field(self.py, &mut stream).map_err(|stopped| self.stopped(stopped))?;
        if is_table(&field) {
            return Err(Refusal::Next(table(&field)));
        }
        // A type that is refused is refused before anything is asked for.
        let none = empty(&field).map_err(|reason| self.raise(reason))?;
        Import::of(&none.view(), 0..0, Device::CPU).map_err(|reason| self.raise(*reason))?;
        let (chunks, device) = stream::chunks(self.py, stream, &field).map_err(|stopped| self.stopped(stopped))?;
        self.found(chunks, device).map_err(|reason| self.raise(reason))
    }

    /// What the chunks are, of which there is at least one: a view of a single one, or a copy to be made.
    fn found(&self, mut chunks: Vec<Foreign<Checked>>, device: Device) -> Result<Found, Reason> {
        if chunks.len() == 1
            && let Some(chunk) = chunks.pop()
        {
            return self.single(chunk, device);
        }
        let imports = chunks.iter().map(|chunk| self.import(chunk, device)).collect::<Result<Vec<_>, _>>()?;
        let notes = chunks.iter().find_map(|chunk| said_of_nulls(&chunk.view())).into_iter().collect();
        later::found(chunks, imports, device, self.protocol, notes)
    }

    /// What one chunk is.
    fn single(&self, chunk: Foreign<Checked>, device: Device) -> Result<Found, Reason> {
        let import = self.import(&chunk, device)?;
        let said = said_of_nulls(&chunk.view());
        if import.is_copied() {
            return later::found(vec![chunk], vec![import], device, self.protocol, said.into_iter().collect());
        }
        let notes: Vec<Reason> = import.reasons().iter().cloned().chain(said).collect();
        // SAFETY: a part of a checked array that the hold beside the array keeps; as long as it says on the producer's
        // word. Others may write to what arrives through Python (rule L8).
        let array = unsafe { import.own(&Owner::immortal(), Access::Shared) };
        let array = array.map_err(|error| Reason::new("memory", "C3", error.to_string()))?;
        let hold = Hold::Foreign(Owner::with_release(Box::new(chunk), None));
        let copied = (!notes.is_empty()).then(|| Box::new(Copied { notes, ..Copied::default() }));
        Ok(Found { array, hold, swap: Swap::None, protocol: self.protocol, copied })
    }

    /// What a chunk is as an array; its values are checked if that was asked for.
    fn import(&self, chunk: &Foreign<Checked>, device: Device) -> Result<Import, Reason> {
        if self.request.validate {
            self.validate(chunk, device)?;
        }
        let view = chunk.view();
        Import::of(&view, 0..view.len(), device).map_err(|reason| *reason)
    }

    /// Checks every value, detached.
    fn validate(&self, chunk: &Checked, device: Device) -> Result<(), Reason> {
        if !device.is_host() {
            let text = format!("values are checked on the host, and the memory lies on {device}");
            return Err(Reason::new("device", "L7", text));
        }
        let sound = self.py.detach(|| {
            // SAFETY: memory of the host, as long as the array says on the producer's word.
            unsafe { aria_arrow::validate(&chunk.view()) }
        });
        sound.map_err(|error| reason(&error))
    }

    /// The exception for this one reason.
    fn refuse(&self, reason: Reason) -> PyErr {
        let plan = Plan::view(self.protocol.text().to_string(), self.source.text().to_string(), "Array");
        let is_type = reason.code == "not-numeric";
        let plan = plan.refusing(reason);
        if is_type { bad_argument(self.py, plan) } else { refused(self.py, plan) }
    }

    /// What is no array here, or contradicts itself, no other door would say better.
    fn raise(&self, reason: Reason) -> Refusal {
        Refusal::Raise(self.refuse(reason))
    }

    fn stopped(&self, stopped: Stopped) -> Refusal {
        match stopped {
            Stopped::Raised(error) => Refusal::Raise(error),
            Stopped::Refused(reason, cause) => {
                let error = self.refuse(reason);
                if cause.is_some() {
                    error.set_cause(self.py, cause);
                }
                Refusal::Raise(error)
            }
        }
    }
}

/// An array that agrees with its field; it is released if it does not.
fn checked(array: Foreign<OwnedArray>, field: &Arc<Field>) -> Result<Foreign<Checked>, Reason> {
    array.into_inner().check(field.clone()).map(Foreign::new).map_err(|refused| {
        let said = reason(&refused.error);
        drop(Foreign::new(refused.array));
        said
    })
}

/// An array of a field without elements.
fn empty(field: &Arc<Field>) -> Result<Foreign<Checked>, Reason> {
    checked(Foreign::new(field.empty_array()), field)
}

/// Columns beside one another.
fn is_table(field: &Field) -> bool {
    field.layout() == Format::Struct && field.extension_name().is_none()
}

fn table(field: &Field) -> Reason {
    let text = format!("{} is a table, and no array", field.type_name());
    Reason::new("not-numeric", "C6", text).expected("one column", "a table").hint("ab.table(x), or one of its columns")
}
