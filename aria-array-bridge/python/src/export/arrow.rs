//! Arrow's PyCapsule interface of our array [C5]. **Zero-copy**, but for booleans, days and strides.
//!
//! What is asked for beside the array (`requested_schema`) is given where it can be: booleans of a byte, tensor types. Else
//! the array is given as it is, and its consumer looks again.

use crate::array::{PyArray, describe};
use crate::block::{copies_are_forbidden, record};
use crate::error::refused;
use crate::import::arrow::schema;
use crate::request::{copy_policy, memory_or_value};
use aria_array_bridge::array::CopyOrder;
use aria_array_bridge::convert::arrow::{Export, reason};
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use aria_array_bridge::{Array, ArrayError};
use aria_arrow::abi::{ArrowArray, ArrowArrayStream, ArrowDeviceArray, ArrowDeviceArrayStream, ArrowSchema};
use aria_arrow::{Field, OwnedArray, OwnedDeviceArray, OwnedDeviceStream, OwnedSchema, OwnedStream, capsule};
use core::ffi::CStr;
use core::ptr::NonNull;
use pyo3::exceptions::PyNotImplementedError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Two capsules: the schema, and the array.
type Pair<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

#[pymethods]
impl PyArray {
    /// What the array is in Arrow, as a capsule.
    fn __arrow_c_schema__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let field = planned(slf, None, "__arrow_c_schema__", "arrow schema", CopyPolicy::IfNeeded)?.0.field().clone();
        put(slf.py(), field.to_schema().into_raw())
    }

    /// The array as Arrow's structs in capsules, which count as an export.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        slf: &Bound<'py, Self>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Pair<'py>> {
        let (field, array) = export(slf, requested_schema, "__arrow_c_array__")?;
        Ok((put(slf.py(), field.to_schema().into_raw())?, put(slf.py(), array.into_raw())?))
    }

    /// The array as Arrow's structs in capsules, with the device that it lies on: the host.
    #[pyo3(signature = (requested_schema = None, **kwargs))]
    fn __arrow_c_device_array__<'py>(
        slf: &Bound<'py, Self>,
        requested_schema: Option<&Bound<'py, PyAny>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Pair<'py>> {
        no_more(kwargs, "__arrow_c_device_array__")?;
        let (field, array) = export(slf, requested_schema, "__arrow_c_device_array__")?;
        let array = OwnedDeviceArray::of_host(array);
        Ok((put(slf.py(), field.to_schema().into_raw())?, put(slf.py(), array.into_raw())?))
    }

    /// A `pyarrow.Array` over the same memory; booleans, dates and strided values are copied.
    #[pyo3(signature = (*, copy = None))]
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>, copy: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
        let module = slf.py().import("pyarrow")?;
        module.getattr("array")?.call1((as_wished(slf, copy, "pyarrow.Array")?,))
    }

    /// A `polars.Series` over the same memory; booleans, dates and strided values are copied.
    #[pyo3(signature = (*, copy = None))]
    fn to_polars<'py>(slf: &Bound<'py, Self>, copy: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
        let module = slf.py().import("polars")?;
        let name = PyDict::new(slf.py());
        name.set_item("name", "")?;
        name.set_item("values", as_wished(slf, copy, "polars.Series")?)?;
        module.getattr("Series")?.call((), Some(&name))
    }
}

/// Refuses arguments of a device's method that nobody here knows, where they are not None (K-A21).
///
/// # Errors
///
/// `NotImplementedError`, as the interface wants it.
pub(crate) fn no_more(kwargs: Option<&Bound<'_, PyDict>>, method: &str) -> PyResult<()> {
    match kwargs.into_iter().flatten().find(|(_, value)| !value.is_none()) {
        Some((name, value)) => {
            let text = format!("expected no argument {name} of {method} but found {}", value.repr()?);
            Err(PyNotImplementedError::new_err(text))
        }
        None => Ok(()),
    }
}

/// The array itself, or a copy where one is wished for; a copy that is forbidden is refused before anybody asks for it.
fn as_wished<'py>(
    array: &Bound<'py, PyArray>,
    copy: Option<bool>,
    target: &'static str,
) -> PyResult<Bound<'py, PyArray>> {
    let policy = copy_policy(copy);
    let (_, plan) = planned(array, None, "__arrow_c_array__", target, policy)?;
    if policy != CopyPolicy::Always || plan.outcome == Outcome::Copy {
        return Ok(array.clone());
    }
    let inner = &*PyArray::using(array)?;
    let copy = array.py().detach(|| inner.copy(CopyOrder::C)).map_err(|error| memory_or_value(&error))?;
    let plan = plan.copying(inner.nbytes() as u64, Reason::new("copy-asked", "C1", "copy=True"));
    Bound::new(array.py(), PyArray::from_array(copy, crate::array::Origin::Plan(Box::new(plan)), true))
}

/// What will be exported, and the plan, which is no refusal.
fn planned(
    array: &Bound<'_, PyArray>,
    requested: Option<&Field>,
    protocol: &'static str,
    target: &'static str,
    policy: CopyPolicy,
) -> PyResult<(Export, Plan)> {
    let held = PyArray::held(array)?;
    let (export, mut plan) = plan_of(&held, requested, protocol, target);
    if plan.outcome == Outcome::Copy && (policy == CopyPolicy::Never || copies_are_forbidden()) {
        let who = if copies_are_forbidden() { "no_copy()" } else { "copy=False" };
        let text = format!("a copy would be needed, and {who} forbids it");
        plan = plan.refusing(Reason::new("copy-never", "C1", text));
    }
    match export.filter(|_| plan.outcome != Outcome::Refuse) {
        Some(export) => Ok((export, plan)),
        None => Err(refused(array.py(), plan)),
    }
}

/// What the array would be in Arrow, where it is anything, and why it is a copy or nothing.
pub(super) fn plan_of(
    array: &Array,
    requested: Option<&Field>,
    protocol: &'static str,
    target: &'static str,
) -> (Option<Export>, Plan) {
    let mut plan = Plan::view(protocol, describe(array), target);
    plan.source_address = Some(array.address() as u64);
    match Export::of(array, requested) {
        Ok(export) => {
            let mut notes = Vec::new();
            for reason in export.reasons() {
                if reason.code == NOTE {
                    notes.push(reason.clone());
                } else {
                    plan = plan.copying(export.copied_bytes() as u64, reason.clone());
                }
            }
            plan.reasons.append(&mut notes);
            (Some(export), plan)
        }
        Err(reasons) => (None, reasons.into_iter().fold(plan, Plan::refusing)),
    }
}

/// The field in a schema's capsule, which is consumed.
///
/// # Errors
///
/// `ConversionError` for anything else.
pub(crate) fn requested<'py>(wish: Option<&Bound<'py, PyAny>>, protocol: &'static str) -> PyResult<Option<Field>> {
    let Some(wish) = wish.filter(|wish| !wish.is_none()) else { return Ok(None) };
    let refuse =
        |reason: Reason| refused(wish.py(), Plan::view(protocol, "arrow schema", "arrow array").refusing(reason));
    let schema = schema(wish).map_err(refuse)?;
    schema.field().map(Some).map_err(|error| refuse(reason(&error)))
}

/// The code of what the way out to Arrow notes of a view.
pub(super) const NOTE: &str = "immutability";

/// The array as a struct, and its field.
fn export(
    array: &Bound<'_, PyArray>,
    requested: Option<&Bound<'_, PyAny>>,
    protocol: &'static str,
) -> PyResult<(Field, OwnedArray)> {
    let py = array.py();
    let requested = self::requested(requested, protocol)?;
    let (export, plan) = planned(array, requested.as_ref(), protocol, "arrow array", CopyPolicy::IfNeeded)?;
    let field = export.field().clone();
    let made = py.detach(|| export.export()).map_err(|reason| match &*reason.code {
        "memory" => memory_or_value(&ArrayError::Memory { nbytes: plan.copied_bytes as usize }),
        _ => refused(py, plan.clone().refusing(*reason)),
    })?;
    if crate::block::is_tracing() {
        record(&plan);
    }
    Ok((field, made))
}

/// A struct that goes out in a capsule.
pub(crate) trait Struct: Sized {
    const NAME: &'static CStr;

    /// Releases what is left in the struct.
    ///
    /// # Safety
    ///
    /// A struct of ours, that nobody else uses meanwhile.
    unsafe fn end(left: NonNull<Self>);
}

impl Struct for ArrowSchema {
    const NAME: &'static CStr = capsule::SCHEMA;

    unsafe fn end(left: NonNull<ArrowSchema>) {
        // SAFETY: the caller's duty; a struct that somebody has taken is an error here, and nothing is released.
        drop(unsafe { OwnedSchema::take(left) });
    }
}

impl Struct for ArrowArray {
    const NAME: &'static CStr = capsule::ARRAY;

    unsafe fn end(left: NonNull<ArrowArray>) {
        // SAFETY: as above.
        drop(unsafe { OwnedArray::take(left) });
    }
}

impl Struct for ArrowArrayStream {
    const NAME: &'static CStr = capsule::STREAM;

    unsafe fn end(left: NonNull<ArrowArrayStream>) {
        // SAFETY: as above.
        drop(unsafe { OwnedStream::take(left) });
    }
}

impl Struct for ArrowDeviceArrayStream {
    const NAME: &'static CStr = capsule::DEVICE_STREAM;

    unsafe fn end(left: NonNull<ArrowDeviceArrayStream>) {
        // SAFETY: as above.
        drop(unsafe { OwnedDeviceStream::take(left) });
    }
}

impl Struct for ArrowDeviceArray {
    const NAME: &'static CStr = capsule::DEVICE_ARRAY;

    unsafe fn end(left: NonNull<ArrowDeviceArray>) {
        // SAFETY: as above.
        drop(unsafe { OwnedDeviceArray::take(left) });
    }
}

/// A capsule that owns the struct, and releases it unless somebody has taken it.
pub(crate) fn put<S: Struct>(py: Python<'_>, content: S) -> PyResult<Bound<'_, PyAny>> {
    let content = Box::into_raw(Box::new(content));
    // SAFETY: attached; a pointer that is not NULL; the name lives for ever; the destructor takes exactly this box back.
    let made = unsafe { ffi::PyCapsule_New(content.cast(), S::NAME.as_ptr(), Some(destroy::<S>)) };
    if made.is_null() {
        // SAFETY: the box from above, which nobody else has seen.
        unsafe { end(content) };
        return Err(PyErr::fetch(py));
    }
    // SAFETY: a new reference.
    Ok(unsafe { Bound::from_owned_ptr(py, made) })
}

/// Ends the struct of a capsule. Touches no Python but the capsule, and leaves no exception: what our structs own is
/// dropped without Python (rule O2).
unsafe extern "C" fn destroy<S: Struct>(capsule: *mut ffi::PyObject) {
    // SAFETY: a live capsule; the name is NUL-terminated. Does not raise.
    if unsafe { ffi::PyCapsule_IsValid(capsule, S::NAME.as_ptr()) } == 0 {
        return; // Somebody renamed it, and has what is in it.
    }
    // SAFETY: valid, and of this name, so that it gives its pointer and does not raise.
    let content = unsafe { ffi::PyCapsule_GetPointer(capsule, S::NAME.as_ptr()) }.cast::<S>();
    // SAFETY: the box that `put` made the capsule with; its destructor runs once.
    unsafe { end(content) };
}

/// # Safety
///
/// `content` is a box that [`put`] leaked, taken back once.
unsafe fn end<S: Struct>(content: *mut S) {
    // SAFETY: the caller's duty.
    let mut content = unsafe { Box::from_raw(content) };
    // SAFETY: ours alone now.
    unsafe { S::end(NonNull::from(&mut *content)) };
}
