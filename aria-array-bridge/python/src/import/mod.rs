//! Doors in: which protocols a type speaks, cheapest first, and what each finds.
//!
//! `doors` says what a *type* can do, and remembers it; each other file is one door. A door that refuses in a
//! documented way lets the next one try; every other exception is the caller's to see.

pub(crate) mod arrow;
mod buffer;
mod capsule;
mod ctypes;
pub(crate) mod dlpack;
mod doors;
pub(crate) mod exchange;
pub(crate) mod from_buffer;
pub(crate) mod interface;
mod method;
mod nested;
pub(crate) mod numpy;
mod sequence;
pub(crate) mod tensor;
mod torch;

use crate::array::PyArray;
use crate::error::bad_argument;
use crate::request::{Found, Request, execute};
use aria_array_bridge::Owner;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{Outcome, Plan, Reason};
use doors::Door;
use pyo3::prelude::*;

/// A name of the ledger, made once.
macro_rules! named {
    ($text:expr) => {{
        static NAME: std::sync::OnceLock<aria_array_bridge::ledger::Name> = std::sync::OnceLock::new();
        *NAME.get_or_init(|| aria_array_bridge::ledger::Name::of($text))
    }};
}
pub(crate) use named;
pub(crate) use nested::Nested;
pub(crate) use torch::{is_torch_loaded, storage as torch_storage};

/// Why a door did not open.
pub(crate) enum Refusal {
    /// A refusal that the protocol documents: the next door may try; its reason is kept.
    Next(Reason),
    /// What the producer says cannot be true. No other door is asked: who lies at one is not believed at the next.
    Lie(Reason),
    /// Python raised something that is not a refusal.
    Raise(PyErr),
}

impl From<PyErr> for Refusal {
    fn from(error: PyErr) -> Refusal {
        Refusal::Raise(error)
    }
}

/// Makes an array of any object that speaks a protocol, as requested. A view wherever possible.
///
/// # Errors
///
/// `ConversionError` or `ArgumentError` with the plan and every reason; what the producer raises.
pub(crate) fn import<'py>(object: &Bound<'py, PyAny>, request: &Request) -> PyResult<Bound<'py, PyArray>> {
    import_by(object, request, &[])
}

/// As [`import`], by these doors alone; by all if there are none.
fn import_by<'py>(object: &Bound<'py, PyAny>, request: &Request, only: &[Door]) -> PyResult<Bound<'py, PyArray>> {
    let py = object.py();
    let kind = doors::of(object)?;
    if let Some(array) = kind.ours(object) {
        return again(&array, kind.name, request);
    }
    if let (Some(Door::Numpy), []) = (kind.doors.first(), only)
        && let Ok(found) = numpy::find(object)
    {
        return execute(py, found, kind.name, request); // The way of most arrays, without a move of what was found.
    }
    let found = find(object, &kind, request, only)?;
    execute(py, found, kind.name, request)
}

/// What would be done for this request, and why; converts nothing.
pub(crate) fn explain(object: &Bound<'_, PyAny>, request: &Request) -> PyResult<Plan> {
    Ok(explain_found(object, request)?.0)
}

/// As [`explain`], with what its door finds.
pub(crate) fn explain_found(object: &Bound<'_, PyAny>, request: &Request) -> PyResult<(Plan, Option<Found>)> {
    let kind = doors::of(object)?;
    match find(object, &kind, request, &[]) {
        Ok(found) => Ok((crate::request::plan(&found, kind.name, request), Some(found))),
        Err(error) => Ok((crate::error::plan_of(object.py(), &error).ok_or(error)?, None)),
    }
}

/// Our own array as requested: itself, a view of it, or a copy.
fn again<'py>(array: &Bound<'py, PyArray>, source: Name, request: &Request) -> PyResult<Bound<'py, PyArray>> {
    let inner = PyArray::using(array)?;
    let found = ours(array.as_any()).map_err(|refusal| match refusal {
        Refusal::Raise(error) => error,
        Refusal::Next(reason) | Refusal::Lie(reason) => {
            bad_argument(array.py(), Plan::view("", "Array", "Array").refusing(reason))
        }
    })?;
    let plan = crate::request::plan(&found, source, request);
    match plan.outcome {
        Outcome::View if request.readonly && !inner.is_readonly() => PyArray::view(array, inner.clone().read_only()),
        Outcome::View => Ok(array.clone()),
        _ => execute(array.py(), found, source, request), // A copy, made while `inner` keeps the memory; or a refusal.
    }
}

/// Tries the doors of a type in their order; once more where it has others by now than those remembered.
fn find(object: &Bound<'_, PyAny>, kind: &doors::Known, request: &Request, only: &[Door]) -> PyResult<Found> {
    match try_doors(object, kind, request, only)? {
        Ok(found) => Ok(found),
        Err(refused) => match kind.again(object)? {
            None => Err(bad_argument(object.py(), refused)),
            Some(kind) => try_doors(object, &kind, request, only)?.map_err(|plan| bad_argument(object.py(), plan)),
        },
    }
}

/// What the first door that opens finds; the plan of all refusals where none does.
fn try_doors(
    object: &Bound<'_, PyAny>,
    kind: &doors::Kind,
    request: &Request,
    only: &[Door],
) -> PyResult<Result<Found, Plan>> {
    let _nested = Nested::enter()?;
    let resolved = if kind.is_torch { torch::resolve(object, kind.name, request)? } else { None };
    let object = resolved.as_ref().map_or(object, |(object, _)| object);
    let mut reasons = Vec::new();
    let mut doors = kind.doors.as_slice();
    let by_instance = kind.is_pandas && only.is_empty();
    if by_instance && let Some(reason) = arrow::pandas::extension_dtype(object)? {
        match arrow::pandas::find(object, kind, request) {
            Ok(found) => return Ok(Ok(found)),
            Err(Refusal::Raise(error)) => return Err(crate::error::after(object.py(), error, reason)),
            Err(Refusal::Next(next) | Refusal::Lie(next)) => reasons.extend([reason, next]),
        }
        doors = &[];
    }
    let fits = |door: &&Door| match only {
        [] => !(by_instance && door.is_arrow()), // NumPy backs it: NaN is a value there.
        only => only.contains(door),
    };
    for door in doors.iter().filter(fits) {
        let found = match door {
            Door::Ours => ours(object),
            Door::Column => crate::table::find_column(object, kind.name),
            Door::Table => crate::table::find_matrix(object, kind.name, request),
            Door::Numpy => numpy::find(object),
            Door::Masked => numpy::masked::find(object),
            Door::Exchange => exchange::find(object, kind),
            Door::ArrowArray => arrow::find_array(object, kind, request),
            Door::ArrowDeviceArray => arrow::find_device_array(object, kind, request),
            Door::ArrowStream => arrow::find_stream(object, kind, request),
            Door::ArrowDeviceStream => arrow::find_device_stream(object, kind, request),
            Door::Buffer => buffer::find(object),
            Door::Dlpack => dlpack::find(object, kind, request),
            Door::ArrayStruct => interface::find_struct(object),
            Door::ArrayInterface => interface::find_dict(object),
            Door::CudaArrayInterface => interface::find_cuda(object),
            Door::ArrayMethod => method::find(object, kind, request),
            Door::Sequence => sequence::find(object, request),
        };
        match found {
            Ok(mut found) => {
                if let Some((_, reason)) = resolved {
                    found.copied = Some(Box::new(reason.into()));
                }
                return Ok(Ok(found));
            }
            Err(Refusal::Raise(error)) => return Err(error),
            Err(Refusal::Next(reason)) => reasons.push(reason),
            Err(Refusal::Lie(reason)) => {
                let reasons = core::iter::once(reason).chain(reasons);
                return Err(crate::error::refused(object.py(), reasons.fold(plan_of(kind), Plan::refusing)));
            }
        }
        // NumPy's struct says everything that NumPy's other doors could say, and a masked array's other doors would lose
        // its mask: what these two refuse is refused.
        if matches!(door, Door::Numpy | Door::Masked) {
            break;
        }
    }
    let mut plan = reasons.into_iter().fold(plan_of(kind), Plan::refusing);
    if plan.reasons.is_empty() {
        let text = format!("{} speaks no array protocol", kind.name.text());
        plan = plan.refusing(Reason::new("not-an-array", "C2", text));
    }
    Ok(Err(plan))
}

/// A plan of no door yet.
fn plan_of(kind: &doors::Kind) -> Plan {
    Plan::view("", kind.name.text().to_string(), "Array")
}

/// Our own array, once more: the root stays the owner.
fn ours(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let array = object.cast::<PyArray>().map_err(PyErr::from)?;
    let held = PyArray::held(array)?; // Counts: nobody releases the array meanwhile.
    let owner = held.owner().clone();
    Ok(Found {
        // SAFETY: the hold keeps the handle's owner, which keeps the memory; never unique in Python.
        array: unsafe { held.with_owner(Owner::immortal()) },
        hold: crate::array::Hold::Foreign(owner),
        swap: aria_array_bridge::dtype::Swap::None,
        protocol: named!("aria array"),
        copied: None,
    })
}
