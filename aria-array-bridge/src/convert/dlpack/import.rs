//! [`Import`]: what a checked tensor is as an array, before anything is owned.

use super::{names, reason};
use crate::array::{Access, Array};
use crate::buffer::{Owner, dangling};
use crate::convert::Refused;
use crate::device::Device;
use crate::dtype::DType;
use crate::layout::{Dims, Layout};
use crate::ledger::{Direction, Name, enter};
use crate::plan::Reason;
use aria_dlpack::{Descriptor, Managed, TensorView};
use core::ptr::NonNull;

/// What a checked tensor is as an array. Plain data: nothing is owned yet, and from here on nothing can fail.
///
/// A capsule is checked unconsumed, with [`RawManaged::check`](aria_dlpack::RawManaged::check) and
/// [`check`](Self::check); then it is renamed, and [`own`](Self::own) makes the array (rule O1).
#[derive(Debug)]
pub struct Import {
    first: NonNull<u8>,
    dtype: DType,
    layout: Layout,
    device: Device,
    readonly: bool,
    copied: bool,
}

impl Import {
    /// Says what the tensor is as an array. Reads the view alone, no element.
    ///
    /// # Errors
    ///
    /// An element type that is none here; sub-byte elements that are padded or not in compact C order; an offset from
    /// an opaque handle.
    pub fn check(view: &TensorView<'_>) -> Result<Import, Box<Reason>> {
        let d = view.descriptor();
        let (code, bits, lanes) = (d.dtype.code, d.dtype.bits, d.dtype.lanes);
        let Some(dtype) = DType::from_dlpack(code, bits, lanes) else {
            let text = format!("expected an element type of this library but found {}", d.dtype);
            return Err(Box::new(Reason::new("dtype", "L1", text)));
        };
        let layout = layout(view, &dtype)?;
        if d.byte_offset != 0 {
            let (device, offset) = (d.device, d.byte_offset);
            let text =
                format!("expected element zero at an opaque handle of {device} but found it {offset} bytes after");
            return Err(Box::new(Reason::new("device", "L7", text)));
        }
        let kind = d.device.kind.cast_signed();
        // There is one host; its number is tolerated, not kept.
        let device = if kind == Device::CPU.kind { Device::CPU } else { Device { kind, id: d.device.id } };
        let first = NonNull::new(d.data.cast()).unwrap_or_else(dangling); // NULL without elements alone: the view's promise.
        // A legacy struct does not say whether it may be written. NumPy takes it for read-only, and so it is here:
        // what a producer of read-only memory forgot to refuse is never laundered (rule L8). The view says so already.
        let (readonly, copied) = (d.read_only, view.is_copied() == Some(true));
        Ok(Import { first, dtype, layout, device, readonly, copied })
    }

    /// What one element is.
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Where each element lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Where the memory lives.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Returns true if the array will be read-only: the tensor says so, or cannot say (legacy).
    pub fn is_readonly(&self) -> bool {
        self.readonly
    }

    /// Returns true if the producer says that it made a copy for this hand-over (`IS_COPIED`).
    pub fn is_copied(&self) -> bool {
        self.copied
    }

    /// The array, which releases `tensor` when its last handle goes. The ledger enters it as `source`'s.
    /// **Zero-copy**, shared.
    ///
    /// # Safety
    ///
    /// - `tensor` is the one that the view was of.
    /// - Until it is released, every byte of its span lies in one live, initialised allocation on its device, and may
    ///   be written unless it is read-only. This is what every DLPack producer promises; nobody can check it.
    pub unsafe fn own(self, tensor: Managed, source: Name) -> Array {
        let nbytes = self.layout.nbytes() as u64;
        let ticket = enter(source, names().1, Direction::Import, nbytes, self.readonly);
        let owner = Owner::keeping(tensor, Some(ticket));
        // SAFETY: the tensor is released with the owner's last handle; the rest is the caller's duty.
        unsafe { self.with_owner(owner) }
    }

    /// The array, kept alive by another owner: for a view that an exchange table lends, whose object is kept.
    /// **Zero-copy**, shared.
    ///
    /// # Safety
    ///
    /// While `owner` lives, every byte of the tensor's span lies in one live, initialised allocation on its device, and
    /// may be written unless it is read-only.
    pub unsafe fn with_owner(self, owner: Owner) -> Array {
        let Import { first, dtype, layout, device, readonly, copied: _ } = self;
        // SAFETY: the caller's duty. Never frozen: the producer may write. The layout was made for the dtype.
        unsafe { Array::from_raw_parts(first, dtype, layout, device, Access::Shared, readonly, owner) }
    }
}

/// The tensor's layout, in bytes.
fn layout(view: &TensorView<'_>, dtype: &DType) -> Result<Layout, Box<Reason>> {
    let d = view.descriptor();
    let shape = extents(d)?;
    let overflow = |error: crate::LayoutError| Box::new(Reason::new("span-overflow", "L2", error.to_string()));
    if d.padded {
        let text = format!("expected packed elements but found {dtype} padded to a byte each");
        return Err(Box::new(
            Reason::new("subbyte", "L3", text).hint("ask the producer for packed elements, or for int8"),
        ));
    }
    if dtype.is_packed() {
        if !view.is_c_contiguous() {
            let text = format!("expected packed {dtype} in compact C order but found other strides");
            return Err(Box::new(Reason::new("order", "L3", text).expected("C", "strided")));
        }
        return Layout::packed(dtype.bits(), &shape).map_err(overflow);
    }
    let itemsize = dtype.itemsize();
    let mut strides: Dims<isize> = Dims::with_capacity(shape.len());
    for stride in &d.strides {
        let bytes = isize::try_from(*stride).ok().and_then(|stride| stride.checked_mul(itemsize.cast_signed()));
        // Too far only where no element is reached (extent 0 or 1): the view's span fits. Any stride means the same there.
        strides.push(bytes.unwrap_or(itemsize.cast_signed()));
    }
    Layout::new(itemsize, &shape, &strides).map_err(overflow)
}

/// The extents, in elements.
fn extents(d: &Descriptor) -> Result<Dims<usize>, Box<Reason>> {
    let mut shape = Dims::with_capacity(d.shape.len());
    for (axis, extent) in d.shape.iter().enumerate() {
        let Ok(extent) = usize::try_from(*extent) else {
            let text = format!("expected an extent of 0 to {} but found {extent}", usize::MAX);
            return Err(Box::new(Reason::new("extent", "L2", text).at(format!("axis {axis}"))));
        };
        shape.push(extent);
    }
    Ok(shape)
}

impl Array {
    /// Takes over a DLPack tensor, which is released when the last handle goes. **Zero-copy**, shared.
    ///
    /// It is read-only where the tensor says so, and where it cannot say: a legacy tensor has no flags.
    ///
    /// # Errors
    ///
    /// The tensor comes back with the reason; dropping it releases it.
    ///
    /// # Safety
    ///
    /// Until the tensor is released, every byte of its span lies in one live, initialised allocation on its device, and
    /// may be written unless it is read-only. This is what every DLPack producer promises; nobody can check it.
    pub unsafe fn from_dlpack(tensor: Managed) -> Result<Array, Refused<Managed>> {
        let import = match tensor.check() {
            Ok(view) => Import::check(&view).map_err(|reason| *reason),
            Err(error) => Err(reason(&error)),
        };
        match import {
            // SAFETY: the import is of this tensor; the rest is the caller's duty.
            Ok(import) => Ok(unsafe { import.own(tensor, names().0) }),
            Err(reason) => Err(Refused { source: tensor, reasons: vec![reason] }),
        }
    }
}
