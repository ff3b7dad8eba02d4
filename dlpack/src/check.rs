//! [`TensorView`]: a foreign `DLTensor` whose metadata is copied, once, and then checked.
//!
//! The arithmetic is `descriptor`'s; ownership is [`Managed`](crate::Managed)'s. No element is read here.

use crate::Flags;
use crate::abi::{DLTensor, MAX_NDIM};
use crate::descriptor::{Descriptor, Dims, Measure, check_extents, compact_strides};
use crate::device::Device;
use crate::dtype::DataType;
use crate::error::DlpackError;
use core::ffi::c_void;
use core::marker::PhantomData;
use core::ops::Range;

/// A checked tensor, alive as long as the handle it came from.
///
/// Known: invariants 1 to 4 of [`Descriptor`], about a private copy of the metadata; what the producer writes into
/// its struct later changes nothing here, and nothing is ever written there. Not known: that the memory is there and
/// readable from this process, that it is aligned ([`alignment`](Self::alignment)), that elements do not overlap
/// ([`may_overlap`](Self::may_overlap)), and that a `bool` byte is 0 or 1.
#[derive(Clone, Debug)]
pub struct TensorView<'a> {
    descriptor: Descriptor,
    measure: Measure,
    flags: Option<Flags>,
    owner: PhantomData<&'a DLTensor>,
}

impl<'a> TensorView<'a> {
    /// Copies the metadata at `tensor` and checks it. **Zero-copy** of the elements.
    ///
    /// `flags` are those of the struct around it; `None` for a legacy struct or a bare `DLTensor`.
    /// NULL `strides` mean compact row-major order in every version. `byte_offset` is added to `data` where that is
    /// an address and there are elements.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in the order: axes, extents, type, device, size, data, offset, strides, address.
    ///
    /// # Safety
    ///
    /// 1. `tensor` points to a readable `DLTensor`.
    /// 2. If its `ndim` is in `1..=64`, `shape` is NULL or points to `ndim` readable `i64`, and so does `strides`.
    /// 3. During this call nobody writes to either.
    /// 4. Nothing is demanded of the memory behind `data`, and nothing is promised: the lifetime `'a` says how long
    ///    the caller may take it to be alive.
    pub unsafe fn from_raw(tensor: *const DLTensor, flags: Option<Flags>) -> Result<TensorView<'a>, DlpackError> {
        // SAFETY: readable and not written to: demands 1 and 3. Any bits are a `DLTensor`.
        let raw = unsafe { tensor.read() };
        let ndim = match usize::try_from(raw.ndim) {
            Ok(ndim @ 0..=MAX_NDIM) => ndim,
            _ => return Err(DlpackError::Ndim { found: raw.ndim.into() }),
        };
        let dtype = DataType::from(raw.dtype);
        // Filled in place: moving it about costs more than checking it.
        let mut view = TensorView {
            descriptor: Descriptor {
                data: raw.data,
                byte_offset: raw.byte_offset,
                device: Device::from(raw.device),
                dtype,
                shape: Dims::new(),
                strides: Dims::new(),
                read_only: flags.is_none_or(|flags| flags.contains(Flags::READ_ONLY)),
                padded: flags.is_some_and(|flags| flags.contains(Flags::IS_SUBBYTE_TYPE_PADDED)) && dtype.is_sub_byte(),
            },
            measure: Measure { len: 0, nbytes: 0, span: 0..0 },
            flags,
            owner: PhantomData,
        };
        let d = &mut view.descriptor;
        // SAFETY: demands 2 and 3; `ndim` is in `0..=64`.
        if !unsafe { copy_dims(raw.shape, ndim, &mut d.shape) } {
            return Err(DlpackError::NullShape { ndim });
        }
        check_extents(&d.shape)?;
        // SAFETY: demands 2 and 3; `ndim` is in `0..=64`.
        if !unsafe { copy_dims(raw.strides, ndim, &mut d.strides) } {
            d.strides = compact_strides(&d.shape);
        }
        if d.shape.contains(&0) {
            (d.data, d.byte_offset) = (core::ptr::null_mut(), 0);
        } else if d.device.has_addresses() && !raw.data.is_null() {
            d.data = offset(raw.data, raw.byte_offset)?;
            d.byte_offset = 0;
        }
        view.measure = view.descriptor.measure()?;
        Ok(view)
    }

    /// Borrows the metadata.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Returns the metadata; it no longer says how long the memory lives.
    pub fn into_descriptor(self) -> Descriptor {
        self.descriptor
    }

    /// Returns the number of elements.
    #[expect(clippy::len_without_is_empty, reason = "a tensor is empty by its shape; `len() == 0` says so")]
    pub fn len(&self) -> usize {
        self.measure.len
    }

    /// Returns the bytes of the elements when compact: bits are rounded up to bytes once, over all elements.
    pub fn nbytes(&self) -> usize {
        self.measure.nbytes
    }

    /// Returns the bytes that the strides reach, relative to element zero: every byte of every element lies within.
    pub fn span(&self) -> Range<isize> {
        self.measure.span.clone()
    }

    /// Says whether the producer forbids writing; `None` if its struct cannot say, and the importer must choose.
    pub fn is_read_only(&self) -> Option<bool> {
        self.flags.map(|flags| flags.contains(Flags::READ_ONLY))
    }

    /// Says whether the producer made a copy for this hand-over; `None` if its struct cannot say.
    pub fn is_copied(&self) -> Option<bool> {
        self.flags.map(|flags| flags.contains(Flags::IS_COPIED))
    }

    /// Returns the largest power of two that divides the address of element zero, or `None` without elements or
    /// addresses. The 256 bytes that the standard asks for are kept by nobody.
    pub fn alignment(&self) -> Option<usize> {
        let is_address = self.measure.len != 0 && self.descriptor.device.has_addresses();
        is_address.then(|| 1 << self.descriptor.data.addr().trailing_zeros())
    }

    /// Says whether the elements lie in row-major order without gaps. Axes of extent 0 and 1 are not asked.
    pub fn is_c_contiguous(&self) -> bool {
        let d = &self.descriptor;
        self.is_contiguous(d.shape.iter().zip(&d.strides).rev())
    }

    /// Says whether the elements lie in column-major order without gaps. Axes of extent 0 and 1 are not asked.
    pub fn is_f_contiguous(&self) -> bool {
        let d = &self.descriptor;
        self.is_contiguous(d.shape.iter().zip(&d.strides))
    }

    fn is_contiguous<'d>(&self, mut fastest_first: impl Iterator<Item = (&'d i64, &'d i64)>) -> bool {
        let mut step = 1i64; // a partial product of extents: fits, by invariant 3
        self.measure.len == 0
            || fastest_first.all(|(&extent, &stride)| {
                let fits = extent == 1 || stride == step;
                step = step.saturating_mul(extent);
                fits
            })
    }

    /// Says whether two elements may share memory. `false` is certain; `true` may be cautious.
    ///
    /// A zero stride on an axis of extent above 1 always overlaps; memory that overlaps must not be written.
    pub fn may_overlap(&self) -> bool {
        if self.measure.len == 0 {
            return false;
        }
        let d = &self.descriptor;
        let mut axes: Vec<(u64, u64)> = d
            .shape
            .iter()
            .zip(&d.strides)
            .filter(|(extent, _)| **extent > 1)
            .map(|(extent, stride)| (stride.unsigned_abs(), extent.unsigned_abs()))
            .collect();
        axes.sort_unstable();
        // Elements are apart if each stride clears everything that the smaller strides reach.
        let mut reach = 1u64; // fits, by invariant 3
        axes.into_iter().any(|(stride, extent)| {
            let overlaps = stride < reach;
            reach = reach.saturating_add(stride.saturating_mul(extent - 1));
            overlaps
        })
    }
}

/// Adds `byte_offset` bytes to an address, keeping its provenance.
fn offset(data: *mut c_void, byte_offset: u64) -> Result<*mut c_void, DlpackError> {
    let address = data.addr();
    let bytes = usize::try_from(byte_offset).ok().filter(|bytes| address.checked_add(*bytes).is_some());
    match bytes {
        Some(bytes) => Ok(data.wrapping_byte_add(bytes)),
        None => Err(DlpackError::OffsetOverflow { address, byte_offset }),
    }
}

/// Copies `ndim` extents or strides into the empty `copy`; `false` for a NULL pointer to more than none.
///
/// # Safety
///
/// `ndim` is at most [`MAX_NDIM`]; if it is not 0, `dims` is NULL or points to `ndim` readable `i64`, of any
/// alignment, that nobody writes to during the call.
unsafe fn copy_dims(dims: *const i64, ndim: usize, copy: &mut Dims) -> bool {
    if ndim == 0 {
        return true; // whatever the pointer is, it is not followed
    }
    if dims.is_null() {
        return false;
    }
    copy.resize(ndim, 0);
    for (axis, value) in copy.iter_mut().enumerate() {
        // SAFETY: `axis < ndim`, so `dims + axis` is readable and not written to: the caller's duty. Any alignment is
        // fine for an unaligned read, and any bits are an `i64`.
        *value = unsafe { dims.wrapping_add(axis).read_unaligned() };
    }
    true
}
