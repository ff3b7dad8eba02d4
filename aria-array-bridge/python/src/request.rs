//! `Request`: what the caller wants of an array, the plan that follows, and its execution.
//!
//! A door finds an array as it lies ([`Found`]). [`plan`] compares it with the request and says view, copy
//! or refuse, with every reason; [`execute`] does what the plan says. Nothing else copies elements on the way in.

use crate::array::{Hold, Origin, PyArray, describe};
use crate::block::{copies_are_forbidden, is_tracing, record};
use crate::error::refused;
use crate::export::numpy::{self, NoNan};
use crate::import::arrow::Later;
use crate::import::numpy::masked;
use aria_array_bridge::array::{CastError, CopyOrder, can_cast_same_kind};
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use aria_array_bridge::{Array, ArrayError, DType, Device, Order};
use pyo3::prelude::*;

/// What the caller wants.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) copy: CopyPolicy,
    pub(crate) dtype: Option<DType>,
    pub(crate) order: Option<Order>,
    pub(crate) ndim: Option<usize>,
    pub(crate) writable: bool,
    /// The result may not write, whatever the memory is.
    pub(crate) readonly: bool,
    /// Nulls are refused.
    pub(crate) no_nulls: bool,
    /// NaN or NaT stands for nulls, in a copy.
    pub(crate) nan: bool,
    pub(crate) device: Option<Device>,
    /// Every value of an Arrow array is checked (rule C8).
    pub(crate) validate: bool,
}

/// Python's `order=`.
///
/// # Errors
///
/// `ValueError` for another word.
pub(crate) fn copy_order(order: Option<&str>) -> PyResult<CopyOrder> {
    match order {
        None | Some("K") => Ok(CopyOrder::Keep),
        Some("C") => Ok(CopyOrder::C),
        Some("F") => Ok(CopyOrder::F),
        Some(other) => {
            let text = format!("expected order 'C', 'F' or 'K' but found {other:?}");
            Err(pyo3::exceptions::PyValueError::new_err(text))
        }
    }
}

/// Python's `copy=`. Inside `no_copy()` what would be copied if needed is refused.
pub(crate) fn copy_policy(copy: Option<bool>) -> CopyPolicy {
    match copy {
        None if copies_are_forbidden() => CopyPolicy::Never,
        Some(false) => CopyPolicy::Never,
        None => CopyPolicy::IfNeeded,
        Some(true) => CopyPolicy::Always,
    }
}

/// An array as a door found it.
pub(crate) struct Found {
    /// The array; its owner owns nothing.
    pub(crate) array: Array,
    /// What keeps its memory alive.
    pub(crate) hold: Hold,
    /// How its bytes must be reversed before they are read.
    pub(crate) swap: Swap,
    /// The protocol.
    pub(crate) protocol: Name,
    /// Why the door itself had to copy, or had to ask the producer for a copy.
    pub(crate) copied: Option<Box<Copied>>,
}

/// What a door says of its array beside what it is.
#[derive(Default)]
pub(crate) struct Copied {
    /// Why it is a copy before anybody wished for one; empty for a view.
    pub(crate) reasons: Vec<Reason>,
    /// What is worth saying of either.
    pub(crate) notes: Vec<Reason>,
    /// The copy is not made yet: the found array shows its dtype, shape and number of nulls alone.
    pub(crate) later: Option<Later>,
}

impl From<Reason> for Copied {
    fn from(reason: Reason) -> Copied {
        Copied { reasons: vec![reason], ..Copied::default() }
    }
}

impl Found {
    /// True if the door copied, or is about to.
    fn is_copied(&self) -> bool {
        self.copied.as_ref().is_some_and(|copied| !copied.reasons.is_empty())
    }

    /// Makes the copy that is not made yet.
    fn made(mut self, py: Python<'_>) -> PyResult<Found> {
        if let Some(later) = self.copied.as_mut().and_then(|copied| copied.later.take()) {
            let read_only = self.array.is_readonly();
            (self.array, self.hold) = later.make(py)?;
            if read_only {
                self.array = self.array.read_only();
            }
        }
        Ok(self)
    }
}

/// What is done with `found` on this request.
pub(crate) fn plan(found: &Found, source: Name, request: &Request) -> Plan {
    let array = &found.array;
    let mut plan = Plan::view(found.protocol.text().to_string(), source.text().to_string(), describe(array));
    let is_made = found.copied.as_ref().is_none_or(|copied| copied.later.is_none());
    plan.source_address = is_made.then(|| array.address() as u64);
    let mut bytes = array.nbytes() as u64;
    if let Some(ndim) = request.ndim
        && ndim != array.ndim()
    {
        let reason = Reason::new("ndim", "C2", format!("expected {ndim} axes but found {}", array.ndim()));
        plan = plan.refusing(reason.expected(ndim.to_string(), array.ndim().to_string()));
    }
    if let Some(device) = request.device
        && device != array.device()
    {
        let text = format!("expected memory on {device} but found it on {}", array.device());
        let reason = Reason::new("device", "L7", text).expected(device.to_string(), array.device().to_string());
        plan = plan.refusing(reason.hint("move it with the library that owns it"));
    }
    let nulls = if request.no_nulls { array.null_count() } else { 0 };
    if nulls > 0 {
        let text = format!("{} in {}, and nulls=\"raise\" forbids it", counted_nulls(nulls), describe_short(array));
        plan = plan.refusing(Reason::new("nulls", "C4", text).hint(".fill_null(value) on the array that keeps them"));
    }
    let missing = if request.nan { array.null_count() } else { 0 };
    let seen = if missing > 0 { dtype_with_nan(array.dtype()) } else { array.dtype().clone() };
    if missing > 0 {
        bytes = array.len().saturating_mul(seen.itemsize()) as u64;
        let text =
            format!("{} in {}, and nulls=\"nan\" writes NaN for them", counted_nulls(missing), describe_short(array));
        plan.target = describe(array).replacen(&*array.dtype().name(), &seen.name(), 1).into();
        plan = plan.copying(bytes, Reason::new("nulls", "C4", text));
    }
    let cast = request.dtype.as_ref().filter(|dtype| **dtype != seen).map(|dtype| {
        let text = format!("expected {dtype} but found {seen}");
        (dtype, Reason::new("dtype", "C1", text).expected(dtype.name(), seen.name()))
    });
    if let Some((dtype, reason)) = &cast
        && !can_cast_same_kind(&seen, dtype)
    {
        let hint = "asarray casts within a kind: cast with the library that owns the array";
        plan = plan.refusing(reason.clone().hint(hint));
    }
    for reason in found.copied.iter().flat_map(|copied| &copied.reasons) {
        plan = plan.copying(bytes, reason.clone());
    }
    if !found.swap.is_none() {
        let reason = Reason::new("byte-order", "L1", "the elements are in the other byte order");
        plan = plan.copying(bytes, reason.expected("native", "swapped"));
    }
    if let Some((dtype, reason)) = cast
        && can_cast_same_kind(&seen, dtype)
    {
        bytes = array.len().saturating_mul(dtype.itemsize()) as u64; // Too many are refused when they are made.
        plan.target = describe(array).replacen(&*array.dtype().name(), &dtype.name(), 1).into();
        plan = plan.copying(bytes, reason);
    }
    if let Some(order) = request.order
        && !array.layout().is_contiguous(order)
    {
        let name = if order == Order::C { "C" } else { "F" };
        if array.layout().is_packed() {
            let error = ArrayError::Packed { dtype: array.dtype().clone() };
            plan = plan.refusing(Reason::new("subbyte", "L3", error.to_string()));
        } else {
            let reason = Reason::new("order", "L3", format!("the elements are not {name}-contiguous"));
            plan = plan.copying(bytes, reason.expected(name, format!("strides {:?}", array.strides())));
        }
    }
    if request.writable && array.is_readonly() {
        let reason = Reason::new("read-only", "L8", "the memory may not be written");
        plan = plan.copying(bytes, reason.expected("writable", "read-only"));
    }
    if request.copy == CopyPolicy::Always && plan.outcome == Outcome::View {
        plan = plan.copying(bytes, Reason::new("copy-asked", "C1", "copy=True"));
    }
    let asks_us = plan.outcome == Outcome::Copy && !(found.is_copied() && fits(found, request));
    if asks_us && !array.device().is_host() {
        let text = format!("memory on {} is copied by the library that owns it", array.device());
        plan = plan.refusing(Reason::new("device", "L7", text));
    }
    plan = kept_to(plan, request.copy);
    if plan.outcome == Outcome::View {
        plan.target_address = plan.source_address;
    }
    plan.reasons.extend(note(found));
    plan.reasons.extend(found.copied.iter().flat_map(|copied| copied.notes.iter().cloned()));
    plan
}

/// The plan, refused if it copies where nothing may be copied: with `copy=False`, and inside `no_copy()`, also where a
/// copy was asked for by name (rule C1).
pub(crate) fn kept_to(plan: Plan, policy: CopyPolicy) -> Plan {
    let who = match policy {
        _ if plan.outcome != Outcome::Copy => return plan,
        _ if copies_are_forbidden() => "no_copy()",
        CopyPolicy::Never => "copy=False",
        CopyPolicy::IfNeeded | CopyPolicy::Always => return plan,
    };
    plan.refusing(Reason::new("copy-never", "C1", format!("a copy would be needed, and {who} forbids it")))
}

/// What an array with NaN in the place of its nulls has: integers and bools become float64.
fn dtype_with_nan(dtype: &DType) -> DType {
    if matches!(dtype.kind(), 'b' | 'i' | 'u') { DType::F64 } else { dtype.clone() }
}

/// What is worth saying of a conversion that nothing stands against.
fn note(found: &Found) -> Option<Reason> {
    if found.protocol == masked::protocol() { masked::note(&found.array) } else { None }
}

/// `1 null`, `3 nulls`.
pub(crate) fn counted_nulls(nulls: usize) -> String {
    if nulls == 1 { "1 null".to_string() } else { format!("{nulls} nulls") }
}

/// `int64[3]`.
pub(crate) fn describe_short(array: &Array) -> String {
    let text = describe(array);
    text.strip_prefix("Array ").map(str::to_string).unwrap_or(text)
}

/// True if the request can be met by a view, without looking for words.
fn is_plain_view(found: &Found, request: &Request) -> bool {
    found.copied.is_none() && note(found).is_none() && request.copy != CopyPolicy::Always && fits(found, request)
}

/// True if the found memory is what is wanted, as it lies.
fn fits(found: &Found, request: &Request) -> bool {
    let array = &found.array;
    found.swap.is_none()
        && !(request.writable && array.is_readonly())
        && !((request.no_nulls || request.nan) && array.null_count() > 0)
        && request.ndim.is_none_or(|ndim| ndim == array.ndim())
        && request.device.is_none_or(|device| device == array.device())
        && request.dtype.as_ref().is_none_or(|dtype| dtype == array.dtype())
        && request.order.is_none_or(|order| array.layout().is_contiguous(order))
}

/// Does what the plan says: a Python array over the found memory, or over a copy.
///
/// # Errors
///
/// `ConversionError` with the plan, where it refuses; `MemoryError`.
pub(crate) fn execute<'py>(
    py: Python<'py>,
    mut found: Found,
    source: Name,
    request: &Request,
) -> PyResult<Bound<'py, PyArray>> {
    if request.readonly {
        found.array = found.array.read_only();
    }
    if is_plain_view(&found, request) {
        let origin = Origin::View { source, protocol: found.protocol };
        // SAFETY: the hold keeps the found array's memory alive: `Found`.
        let array = Bound::new(py, unsafe { PyArray::root(found.array, found.hold, origin) })?;
        if is_tracing() {
            record(&array.get().plan());
        }
        return Ok(array);
    }
    let mut plan = plan(&found, source, request);
    if plan.outcome == Outcome::Refuse {
        return Err(refused(py, plan));
    }
    let found = found.made(py)?;
    // A copy that the door got from the producer, or made, needs no second one.
    let done = plan.outcome == Outcome::Copy && found.is_copied() && fits(&found, request);
    if done {
        (plan.source_address, plan.target_address) = (None, Some(found.array.address() as u64));
    }
    if is_tracing() && (done || plan.outcome == Outcome::View) {
        record(&plan);
    }
    if done || plan.outcome == Outcome::View {
        let origin = Origin::Plan(Box::new(plan));
        // SAFETY: the hold keeps the found array's memory alive: `Found`.
        return Bound::new(py, unsafe { PyArray::root(found.array, found.hold, origin) });
    }
    let order = match request.order {
        Some(Order::C) => CopyOrder::C,
        Some(Order::F) => CopyOrder::F,
        None => CopyOrder::Keep,
    };
    let (from, swap) = (&found.array, &found.swap);
    let filled = match request.nan && from.null_count() > 0 {
        true => Some(py.detach(|| with_nan(from, swap)).map_err(|error| error.raise(py, &plan))?),
        false => None,
    };
    let wanted = |filled: &Array| {
        let ordered = request.order.is_none_or(|order| filled.layout().is_contiguous(order));
        ordered && request.dtype.as_ref().is_none_or(|dtype| dtype == filled.dtype())
    };
    // Detached: the hold, which stays here, keeps the memory; reading needs no Python.
    let copied = |from: &Array, swap: &Swap| match &request.dtype {
        Some(dtype) if dtype != from.dtype() && swap.is_none() => from.cast(dtype, order),
        Some(dtype) if dtype != from.dtype() => from.copy_swapped(CopyOrder::Keep, swap)?.cast(dtype, order),
        _ => Ok(from.copy_swapped(order, swap)?),
    };
    let copy = match filled {
        Some(filled) if wanted(&filled) => Ok(filled), // The copy with NaN is the one.
        Some(filled) => py.detach(|| copied(&filled, &Swap::None)),
        None => py.detach(|| copied(from, swap)),
    };
    let copy = copy.map_err(|error| match error {
        CastError::Array(error) => memory_or_value(&error),
        error => pyo3::exceptions::PyValueError::new_err(error.to_string()),
    })?;
    let copy = if request.readonly { copy.read_only() } else { copy };
    plan.target_address = Some(copy.address() as u64);
    if is_tracing() {
        record(&plan);
    }
    Bound::new(py, PyArray::from_array(copy, Origin::Plan(Box::new(plan)), true))
}

/// A copy with NaN in the place of nulls, in native byte order.
fn with_nan(array: &Array, swap: &Swap) -> Result<Array, NoNan> {
    if swap.is_none() {
        return numpy::with_nan(array);
    }
    numpy::with_nan(&array.copy_swapped(CopyOrder::Keep, swap)?)
}

/// `MemoryError` for no memory, `ValueError` for the rest.
pub(crate) fn memory_or_value(error: &ArrayError) -> PyErr {
    match error {
        ArrayError::Memory { .. } => pyo3::exceptions::PyMemoryError::new_err(error.to_string()),
        _ => pyo3::exceptions::PyValueError::new_err(error.to_string()),
    }
}
