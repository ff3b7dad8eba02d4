//! Arrays both ways, and what is known about them: the importer and the exporter behind the table.

use super::entry::{Error, enter};
use super::object::{give, the};
use super::text::read;
use crate::array::{Origin, PyArray, describe};
use crate::block::{is_tracing, record, start_trace, stop_trace};
use crate::error::plan_of;
use crate::export::numpy::to_numpy;
use crate::import::import;
use crate::request::Request;
use aria_array_bridge::ledger::{Entry, Name, entries};
use aria_array_bridge::nd_array::AriaNdArray;
use aria_array_bridge::operations::{
    ANY_NDIM, COPY_ALWAYS, COPY_IF_NEEDED, COPY_NEVER, Failure, OK, ORDER_ANY, ORDER_C, ORDER_F, Object, OwnedBytes,
    RawRequest, Status,
};
use aria_array_bridge::plan::{CopyPolicy, Plan};
use aria_array_bridge::{Array, DType, Order};
use core::ptr::NonNull;
use pyo3::prelude::*;

/// An array that was handed in, and that is released unless it is converted.
///
/// # Invariants
///
/// 1. The struct is owned: its release function is called once, by this, or by whom it is passed to.
pub(super) struct TakenArray {
    array: Option<NonNull<AriaNdArray>>,
}

impl TakenArray {
    /// Takes over `array`; NULL is remembered, and is an error when it is converted.
    ///
    /// # Safety
    ///
    /// NULL, or a valid struct that the caller owns and gives up.
    pub(super) unsafe fn new(array: *mut AriaNdArray) -> TakenArray {
        TakenArray { array: NonNull::new(array) }
    }

    /// Makes the Python array that shares the memory: NumPy's where NumPy is loaded, else ours. **Zero-copy.**
    pub(super) fn into_py(mut self, py: Python<'_>) -> Result<(Bound<'_, PyAny>, Plan), Error> {
        let Some(struct_) = self.array.take() else {
            return Err(Error::argument("expected an array but found NULL"));
        };
        // SAFETY: a valid struct that is ours alone: invariant 1; `take` gave it up.
        let array = unsafe { Array::from_nd_array(struct_) }.map_err(|error| Error::argument(error.to_string()))?;
        let mut plan = Plan::view("aria array", describe(&array), "aria_array_bridge.Array");
        let address = array.address() as u64;
        (plan.source_address, plan.target_address) = (Some(address), Some(address));
        let origin = Origin::View { source: Name::of("aria.Array"), protocol: Name::of("aria array") };
        let object = Bound::new(py, PyArray::from_array(array, origin, false))?;
        if py.import("sys")?.getattr("modules")?.contains("numpy")? {
            plan.protocol = "numpy struct".into();
            plan.target = "numpy.ndarray".into();
            start_trace();
            let made = to_numpy(&object, CopyPolicy::IfNeeded);
            let plan = stop_trace().pop().unwrap_or(plan);
            return Ok((made.map_err(|error| refused_or_raised(py, error))?, plan));
        }
        if is_tracing() {
            record(&plan);
        }
        Ok((object.into_any(), plan))
    }
}

impl Drop for TakenArray {
    fn drop(&mut self) {
        let Some(array) = self.array.take() else {
            return;
        };
        // SAFETY: a valid struct of ours: invariant 1.
        let release = unsafe { array.as_ref() }.release;
        if let Some(release) = release {
            // SAFETY: owned and not yet released: invariant 1.
            unsafe { release(array.as_ptr()) };
        }
    }
}

/// A refusal with its plan, or whatever was raised.
fn refused_or_raised(py: Python<'_>, error: PyErr) -> Error {
    match plan_of(py, &error) {
        Some(plan) => Error::refused(error, plan),
        None => error.into(),
    }
}

/// Reads a request.
///
/// # Safety
///
/// `raw` is readable, and its text describes readable bytes.
unsafe fn request_of(raw: *const RawRequest) -> Result<Request, Error> {
    // SAFETY: readable: the caller's duty; NULL is answered.
    let Some(raw) = (unsafe { raw.as_ref() }) else { return Ok(Request::default()) };
    let unknown = |what: &str, found: String| Error::argument(format!("expected {what} but found {found}"));
    let dtype = if raw.dtype.data.is_null() {
        None
    } else {
        // SAFETY: readable bytes: the caller's duty.
        let name = unsafe { read(raw.dtype, "a dtype") }?;
        Some(DType::from_name(name).ok_or_else(|| unknown("the name of a dtype", format!("{name:?}")))?)
    };
    let ndim = match raw.ndim {
        ANY_NDIM => None,
        n => Some(usize::try_from(n).map_err(|_| unknown("a number of axes", n.to_string()))?),
    };
    let order = match raw.order {
        ORDER_ANY => None,
        ORDER_C => Some(Order::C),
        ORDER_F => Some(Order::F),
        other => return Err(unknown("an order of 0, 1 or 2", other.to_string())),
    };
    let copy = match raw.copy {
        COPY_NEVER => CopyPolicy::Never,
        COPY_IF_NEEDED => CopyPolicy::IfNeeded,
        COPY_ALWAYS => CopyPolicy::Always,
        other => return Err(unknown("a copy policy of 0, 1 or 2", other.to_string())),
    };
    Ok(Request { copy, dtype, order, ndim, writable: raw.writable != 0, ..Request::default() })
}

pub(super) unsafe extern "C" fn array_from_py(
    object: *mut Object,
    request: *const RawRequest,
    out: *mut *mut AriaNdArray,
    plan: *mut OwnedBytes,
    failure: *mut Failure,
) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: a live handle: the table's contract.
        let object = unsafe { the(py, object) }?;
        // SAFETY: readable: the table's contract.
        let request = unsafe { request_of(request) }?;
        let array = import(&object, &request).map_err(|error| refused_or_raised(py, error))?;
        let made = array.get().plan();
        let held = PyArray::held(&array)?;
        let struct_ = held.into_nd_array().map_err(|array| {
            Error::argument(format!("expected a dtype that the C struct can say but found {}", array.dtype()))
        })?;
        // SAFETY: valid for writes: the table's contract.
        unsafe { out.write(struct_.as_ptr()) };
        // SAFETY: valid for writes: the table's contract.
        unsafe { plan.write(OwnedBytes::new(Plan::encode(&[made]))) };
        Ok(OK)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn array_to_py(
    array: *mut AriaNdArray,
    out: *mut *mut Object,
    plan: *mut OwnedBytes,
    failure: *mut Failure,
) -> Status {
    // SAFETY: given up by the caller: the table's contract.
    let array = unsafe { TakenArray::new(array) };
    let body = |py: Python<'_>| {
        let (object, made) = array.into_py(py)?;
        // SAFETY: `out` may be written to: the table's contract.
        let status = unsafe { give(object, out) }?;
        // SAFETY: valid for writes: the table's contract.
        unsafe { plan.write(OwnedBytes::new(Plan::encode(&[made]))) };
        Ok(status)
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn trace(start: i32, plans: *mut OwnedBytes) -> Status {
    if start != 0 {
        start_trace();
        return OK;
    }
    let encoded = Plan::encode(&stop_trace());
    if !plans.is_null() {
        // SAFETY: valid for writes: the table's contract.
        unsafe { plans.write(OwnedBytes::new(encoded)) };
    }
    OK
}

pub(super) unsafe extern "C" fn ledger(out: *mut OwnedBytes) -> Status {
    if !out.is_null() {
        // SAFETY: valid for writes: the table's contract.
        unsafe { out.write(OwnedBytes::new(Entry::encode(&entries()))) };
    }
    OK
}
