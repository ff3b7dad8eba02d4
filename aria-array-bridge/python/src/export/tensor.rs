//! Our array as a DLPack tensor: what DLPack can say of it, and the tensor itself. **Zero-copy** unless the plan says copy.

use crate::array::{PyArray, RootExport, describe};
use crate::block::{copies_are_forbidden, is_tracing};
use crate::error::refused;
use crate::request::kept_to;
use aria_array_bridge::Array;
use aria_array_bridge::array::CopyOrder;
use aria_array_bridge::buffer::Release;
use aria_array_bridge::convert::dlpack::reason;
use aria_array_bridge::ledger::{self, Direction, Name};
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use aria_dlpack::{DataType, Descriptor, Device, Dims, Format, Managed, Memory, export};
use pyo3::exceptions::{PyBufferError, PyMemoryError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;

/// What a consumer that does not say its name gets.
const PLAIN: &str = "dlpack tensor";

/// What the consumer wants, and what it can be told.
pub(crate) struct Wish {
    pub(crate) format: Format,
    pub(crate) copy: CopyPolicy,
    /// It takes every tensor for writable, whatever the flags say.
    pub(crate) ignores_read_only: bool,
    /// It takes no negative strides.
    pub(crate) forward_only: bool,
    /// It writes to no tensor, whatever the flags say.
    pub(crate) never_writes: bool,
    /// It takes no gaps and no overlaps between elements.
    pub(crate) dense: bool,
    /// Element zero must lie at a multiple of this, and elements at their own alignment; 0 if anywhere.
    pub(crate) alignment: usize,
    /// What the array becomes, for the plan and the ledger.
    pub(crate) target: &'static str,
}

impl Wish {
    /// What a consumer that keeps to the standard wants.
    pub(crate) fn standard(format: Format, copy: CopyPolicy) -> Wish {
        Wish {
            format,
            copy,
            ignores_read_only: false,
            forward_only: false,
            never_writes: false,
            dense: false,
            alignment: 0,
            target: PLAIN,
        }
    }
}

/// A tensor over the array's memory, or over a copy, and what was done where somebody asks. The tensor counts as an
/// export while it lives.
///
/// # Errors
///
/// `ConversionError`, which is a `BufferError`, with the plan; `MemoryError`.
pub(crate) fn managed(array: &Bound<'_, PyArray>, wish: &Wish) -> PyResult<(Managed, Option<Plan>)> {
    let py = array.py();
    let inner = array.get().live()?;
    if is_view(inner, wish) && !is_tracing() {
        return Ok((share(array, inner, wish)?, None)); // A plan has words, and words take time.
    }
    let plan = plan(inner, wish);
    let made = match plan.outcome {
        Outcome::Refuse => return Err(refused(py, plan)),
        Outcome::View => share(array, inner, wish),
        Outcome::Copy => copy(py, &*PyArray::using(array)?, wish), // Not to be released while it is read, detached.
    }?;
    Ok((made, Some(plan)))
}

/// True if [`plan`] says view.
fn is_view(array: &Array, wish: &Wish) -> bool {
    wish.copy != CopyPolicy::Always
        && array.dtype().dlpack().is_some()
        && array.null_count() == 0
        && stride(array, wish).is_none()
        && !is_misplaced(array, wish)
        && (array.is_exported_writable()
            || array.is_empty()
            || !wish.ignores_read_only && (wish.never_writes || wish.format != Format::Legacy))
}

/// True if the consumer would read at addresses that it does not take.
fn is_misplaced(array: &Array, wish: &Wish) -> bool {
    let align = wish.alignment.max(array.dtype().alignment());
    wish.alignment > 0 && !array.is_empty() && !(array.is_aligned() && array.address().is_multiple_of(align))
}

/// What is done for this wish.
pub(super) fn plan(array: &Array, wish: &Wish) -> Plan {
    let mut plan = Plan::view("dlpack", describe(array), wish.target);
    plan.source_address = Some(array.address() as u64);
    let bytes = array.nbytes() as u64;
    if array.dtype().dlpack().is_none() {
        let text = format!("DLPack has no element type like {}", array.dtype());
        plan = plan.refusing(Reason::new("dtype", "L1", text));
    }
    let nulls = array.null_count();
    if nulls > 0 {
        plan = plan.refusing(Reason::new("nulls", "C4", format!("{nulls} nulls, and DLPack has none")));
    }
    if let Some(reason) = stride(array, wish) {
        plan = plan.copying(bytes, reason);
    }
    if let Some(reason) = misplaced(array, wish) {
        plan = plan.copying(bytes, reason);
    }
    if !array.is_exported_writable() && !array.is_empty() {
        if wish.ignores_read_only {
            let text = format!("{} has no read-only arrays, and the memory may not be written", wish.target);
            plan = plan.copying(bytes, Reason::new("read-only", "L8", text).expected("writable", "read-only"));
        } else if wish.format == Format::Legacy && wish.copy != CopyPolicy::Always && !wish.never_writes {
            let text = "the consumer asked without max_version, and such a tensor cannot say that it is read-only";
            let reason = Reason::new("read-only", "L8", text).expected("writable", "read-only");
            plan = plan.refusing(reason.hint("ask with max_version=(1, 0), or for a copy"));
        }
    }
    if wish.copy == CopyPolicy::Always && plan.outcome == Outcome::View {
        plan = plan.copying(bytes, Reason::new("copy-asked", "C1", "copy=True"));
    }
    if plan.outcome == Outcome::Copy {
        if !array.device().is_host() {
            let text = format!("memory on {} is copied by the library that owns it", array.device());
            plan = plan.refusing(Reason::new("device", "L7", text));
        } else if copies_are_forbidden() || wish.copy == CopyPolicy::Never {
            plan = kept_to(plan, wish.copy);
        } else if wish.format == Format::Legacy && wish.copy == CopyPolicy::IfNeeded && !wish.never_writes {
            let text = "the consumer asked without max_version, and such a tensor cannot say that it is a copy";
            plan = plan.refusing(Reason::new("version", "C8", text).hint("ask with max_version=(1, 0), or for a copy"));
        }
    }
    if plan.outcome == Outcome::View {
        plan.target_address = plan.source_address;
    }
    plan
}

/// Why the consumer cannot read the elements where they lie.
pub(super) fn misplaced(array: &Array, wish: &Wish) -> Option<Reason> {
    let align = wish.alignment.max(array.dtype().alignment());
    let text = || format!("address {:#x} or a stride is no multiple of {align}", array.address());
    is_misplaced(array, wish).then(|| Reason::new("misaligned", "L5", text()))
}

/// Why the strides cannot be said as they are: DLPack counts elements.
pub(super) fn stride(array: &Array, wish: &Wish) -> Option<Reason> {
    if array.is_empty() || array.dtype().is_packed() {
        return None;
    }
    let itemsize = array.dtype().itemsize().cast_signed();
    let strides = || array.strides().iter().zip(array.shape()).enumerate().filter(|(_, (_, extent))| **extent > 1);
    if let Some((axis, (stride, _))) = strides().find(|(_, (stride, _))| itemsize == 0 || *stride % itemsize != 0) {
        let text = format!("stride {stride} is no multiple of the itemsize {itemsize}, and DLPack counts in elements");
        return Some(Reason::new("stride", "L3", text).at(format!("axis {axis}")));
    }
    let backwards = strides().find(|(_, (stride, _))| (wish.forward_only || wish.dense) && **stride < 0);
    if let Some((axis, (stride, _))) = backwards {
        let text = format!("stride {stride} is negative, and {} has no such strides", wish.target);
        return Some(Reason::new("stride", "L3", text).at(format!("axis {axis}")));
    }
    let span = array.layout().span();
    if wish.dense && (span.end - span.start != array.nbytes().cast_signed() || array.layout().may_overlap()) {
        let text =
            format!("strides {:?} leave gaps or overlap, and {} has no such strides", array.strides(), wish.target);
        return Some(Reason::new("stride", "L3", text));
    }
    None
}

fn share(array: &Bound<'_, PyArray>, inner: &Array, wish: &Wish) -> PyResult<Managed> {
    let protocol = crate::import::named!("dlpack");
    let target = match wish.target {
        PLAIN => crate::import::named!(PLAIN),
        other => Name::of(other),
    };
    let mut descriptor = descriptor(inner);
    let nbytes = inner.nbytes() as u64;
    let ticket = ledger::enter(target, protocol, Direction::Export, nbytes, descriptor.read_only);
    // The legacy struct cannot say it, and need not where this consumer does not write, or there is nothing to be written.
    descriptor.read_only &= !(wish.format == Format::Legacy && (wish.never_writes || inner.is_empty()));
    let owner = Holder(Some(Box::new(RootExport::new(array, Some(ticket)))));
    // SAFETY: the owner holds the root, which keeps every byte of the layout's span; read-only unless others may write, or the
    // consumer writes to nothing.
    let made = unsafe { export(owner, &descriptor, wish.format, Memory::Shared) };
    made.map_err(|error| refuse(array.py(), inner, wish, reason(&error.error)))
}

fn copy(py: Python<'_>, inner: &Array, wish: &Wish) -> PyResult<Managed> {
    let made = py.detach(|| inner.copy_to_dlpack(wish.format, CopyOrder::Keep));
    made.map_err(|reasons| {
        if reasons.iter().any(|reason| reason.code == "memory") {
            return PyMemoryError::new_err(format!("no memory for {} bytes", inner.nbytes()));
        }
        let plan = Plan::view("dlpack", describe(inner), wish.target);
        refused(py, reasons.into_iter().fold(plan, Plan::refusing))
    })
}

fn refuse(py: Python<'_>, array: &Array, wish: &Wish, reason: Reason) -> PyErr {
    refused(py, Plan::view("dlpack", describe(array), wish.target).refusing(reason))
}

/// What another library said when it was handed the tensor, as a refusal that carries it as its cause.
pub(crate) fn said(array: &Bound<'_, PyArray>, wish: &Wish, library: &str, error: PyErr) -> PyErr {
    let py = array.py();
    let refusal = error.is_instance_of::<PyRuntimeError>(py)
        || error.is_instance_of::<PyValueError>(py)
        || error.is_instance_of::<PyTypeError>(py)
        || error.is_instance_of::<PyBufferError>(py);
    if !refusal {
        return error;
    }
    let text = error.value(py).str().map(|text| text.to_string()).unwrap_or_default();
    let text = text.lines().next().unwrap_or_default().to_string();
    let reason = Reason::new("door", "C2", format!("{library} refused the tensor: {text}"));
    let inner = match array.get().live() {
        Ok(inner) => inner,
        Err(released) => return released,
    };
    let refusal = refuse(py, inner, wish, reason);
    refusal.set_cause(py, Some(error));
    refusal
}

/// The array in DLPack's words. Its dtype is one of DLPack's, and its strides are multiples of the itemsize where they
/// reach an element: [`plan`] says so.
fn descriptor(array: &Array) -> Descriptor {
    let (code, bits, lanes) = array.dtype().dlpack().unwrap_or_default();
    let shape: Dims = array.shape().iter().map(|extent| *extent as i64).collect();
    let mut strides: Dims = shape.clone();
    let mut step = 1i64; // Fits where there are elements; elsewhere no stride is followed.
    let itemsize = array.dtype().itemsize().cast_signed();
    let packed = array.dtype().is_packed();
    for (axis, stride) in strides.iter_mut().enumerate().rev() {
        let compact = packed || array.is_empty() || array.shape()[axis] <= 1;
        *stride = if compact { step } else { (array.strides()[axis] / itemsize) as i64 };
        step = step.saturating_mul(shape[axis].max(1));
    }
    Descriptor {
        data: array.as_ptr().cast(),
        byte_offset: 0,
        device: device(array),
        dtype: DataType { code, bits, lanes },
        shape,
        strides,
        read_only: !array.is_exported_writable(),
        padded: false,
    }
}

/// The array's device in DLPack's numbers.
pub(crate) fn device(array: &Array) -> Device {
    Device { kind: array.device().kind.cast_unsigned(), id: array.device().id }
}

/// Holds the root until the consumer's deleter comes, on any thread.
struct Holder(Option<Box<RootExport>>);

impl Drop for Holder {
    fn drop(&mut self) {
        if let Some(export) = self.0.take() {
            export.release();
        }
    }
}
