//! A checked DLPack tensor as an array, and what DLPack's refusals are called here.
//!
//! The tensor may come in a capsule or from an exchange table. Nothing here calls Python.

use crate::array::{Hold, PyArray};
use crate::release;
use crate::request::{Found, Request, execute};
use aria_array_bridge::buffer::Release;
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{Access, Array, DType, Device, Layout, Owner};
use aria_dlpack::{Descriptor, DlpackError, Managed, TensorView};
use core::ptr::NonNull;
use pyo3::prelude::*;
use smallvec::SmallVec;

/// The array that the tensor describes; its owner owns nothing. A legacy tensor, which cannot say, is read-only.
///
/// # Errors
///
/// Why there is no such array here: a padded sub-byte type, packed elements in another order, an offset from a handle.
///
/// # Safety
///
/// The memory is there and the tensor stays owned while the array is used; a tensor that says so may be written.
pub(super) unsafe fn array(view: &TensorView<'_>) -> Result<Array, Reason> {
    let tensor = view.descriptor();
    let device = device(tensor);
    if tensor.byte_offset != 0 {
        let text =
            format!("expected element zero at the handle on {device} but found byte_offset {}", tensor.byte_offset);
        return Err(Reason::new("device", "L7", text));
    }
    let dtype = dtype(tensor)?;
    let layout = layout(view, &dtype)?;
    // Without elements, any address.
    let first = NonNull::new(tensor.data.cast::<u8>()).unwrap_or(NonNull::dangling());
    let (access, owner) = (Access::Shared, Owner::immortal());
    // SAFETY: the span that `layout` reaches is the one that was checked, in memory that the caller vouches for; never
    // unique; writable only if the tensor says so.
    let array = unsafe { Array::from_raw(first, dtype, layout, device, access, tensor.read_only, owner) };
    array.map_err(|error| Reason::new("itemsize", "L1", error.to_string()))
}

/// The device; the CPU has one number, whatever the producer says.
fn device(tensor: &Descriptor) -> Device {
    let kind = tensor.device.kind.cast_signed();
    if kind == Device::CPU.kind { Device::CPU } else { Device { kind, id: tensor.device.id } }
}

fn dtype(tensor: &Descriptor) -> Result<DType, Reason> {
    let found = tensor.dtype;
    if tensor.padded {
        let text = format!("expected packed elements but found {found}, one to a byte");
        let reason = Reason::new("subbyte", "L3", text).expected("packed", "padded");
        return Err(reason.hint("export it as int8 or uint8"));
    }
    DType::from_dlpack(found.code, found.bits, found.lanes)
        .ok_or_else(|| Reason::new("dtype", "L1", format!("expected an element type of DLPack but found {found}")))
}

fn layout(view: &TensorView<'_>, dtype: &DType) -> Result<Layout, Reason> {
    let tensor = view.descriptor();
    let shape: SmallVec<[usize; 6]> = tensor.shape.iter().map(|extent| extent.unsigned_abs() as usize).collect();
    let overflow =
        |error: aria_array_bridge::layout::LayoutError| Reason::new("span-overflow", "L2", error.to_string());
    if dtype.is_packed() {
        if !view.is_c_contiguous() {
            let text = format!("expected {dtype} in C order but found strides {:?}", &tensor.strides[..]);
            return Err(Reason::new("subbyte", "L3", text));
        }
        return Layout::packed(dtype.bits(), &shape).map_err(overflow);
    }
    let itemsize = dtype.itemsize().cast_signed();
    let empty = view.len() == 0;
    let in_bytes = |(stride, extent): (&i64, &i64)| match isize::try_from(*stride).ok()?.checked_mul(itemsize) {
        None if empty || *extent <= 1 => Some(0), // No element is reached by it.
        bytes => bytes,
    };
    let strides: Option<SmallVec<[isize; 6]>> = tensor.strides.iter().zip(&tensor.shape).map(in_bytes).collect();
    let too_far = || Reason::new("span-overflow", "L2", format!("strides {:?} reach too far", &tensor.strides[..]));
    Layout::new(dtype.itemsize(), &shape, &strides.ok_or_else(too_far)?).map_err(overflow)
}

/// What a door found: the array, and the tensor that keeps its memory. Cannot fail.
pub(super) fn found(array: Array, tensor: Managed, protocol: Name) -> Found {
    let copied = tensor.is_copied() == Some(true);
    let reason = || Reason::new("door", "C2", "the producer made a copy for this import (IS_COPIED)");
    let owner = Owner::with_release(Box::new(Foreign(tensor)), None);
    Found { array, hold: Hold::Foreign(owner), swap: Swap::None, protocol, copied: copied.then(reason) }
}

/// A Python array of an owned tensor, which is released if it is refused.
///
/// # Errors
///
/// `ConversionError` with the plan.
pub(crate) fn from_managed(py: Python<'_>, tensor: Result<Managed, DlpackError>) -> PyResult<Py<PyArray>> {
    let source = Name::of("dlpack tensor");
    let refuse = |reason: Reason| super::dlpack::refuse(py, source, reason);
    let tensor = tensor.map_err(|error| refuse(reason(&error)))?;
    let array = {
        let view = tensor.check().map_err(|error| refuse(reason(&error)))?;
        // SAFETY: the producer vouches for the memory; the hold below keeps the tensor.
        unsafe { array(&view) }.map_err(refuse)?
    };
    let found = found(array, tensor, super::dlpack::protocol());
    execute(py, found, source, &Request::default()).map(Bound::unbind)
}

/// A tensor of somebody else's.
///
/// Its deleter is called attached, with no exception pending and under no lock of ours (rule O4). DLPack wants
/// deleters that work on any thread and attach by themselves; attached, those work too that forgot to.
struct Foreign(Managed);

impl Release for Foreign {
    fn release(self: Box<Self>) {
        // SAFETY: lives in the hold of a Python object (`found`), which is dropped attached.
        let py = unsafe { Python::assume_attached() };
        release::undisturbed(py, || drop(self));
    }
}

/// What a refusal of a tensor is called here.
pub(crate) fn reason(error: &DlpackError) -> Reason {
    let (code, rule) = match error {
        DlpackError::IncompatibleVersion { .. } => ("version", "C8"),
        DlpackError::Ndim { .. } => ("ndim", "L2"),
        DlpackError::NegativeExtent { .. } => ("extent", "L2"),
        DlpackError::TooLarge { .. }
        | DlpackError::StrideOverflow { .. }
        | DlpackError::OffsetOverflow { .. }
        | DlpackError::AddressOverflow { .. } => ("span-overflow", "L2"),
        DlpackError::NullData { .. } => ("null-data", "L4"),
        DlpackError::UnknownDevice { .. } | DlpackError::StrayOffset { .. } => ("device", "L7"),
        DlpackError::UnknownTypeCode { .. }
        | DlpackError::OpaqueHandle { .. }
        | DlpackError::ZeroBits { .. }
        | DlpackError::TypeWidth { .. } => ("dtype", "L1"),
        DlpackError::ZeroLanes { .. } => ("lanes", "L1"),
        DlpackError::PaddedLanes { .. } | DlpackError::LegacyPadded { .. } => ("subbyte", "L3"),
        DlpackError::LegacyReadOnly => ("read-only", "L8"),
        DlpackError::Stream { .. } => ("stream", "L7"),
        _ => ("malformed", "C8"),
    };
    Reason::new(code, rule, error.to_string())
}
