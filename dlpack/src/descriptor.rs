//! [`Descriptor`]: where a tensor's elements lie, as plain data; and the arithmetic that checks one.
//!
//! Reads no foreign memory: [`TensorView`](crate::TensorView) makes descriptors from foreign structs.
#![forbid(unsafe_code)]

use crate::abi::MAX_NDIM;
use crate::device::Device;
use crate::dtype::DataType;
use crate::error::DlpackError;
use core::ffi::c_void;
use core::ops::Range;
use smallvec::SmallVec;

/// Extents or strides, one per axis; up to six lie inline.
pub type Dims = SmallVec<[i64; 6]>;

/// Where the elements of a tensor lie, what they are, and on which device. Plain data that owns no element.
///
/// Anyone can write one. Those from [`TensorView::descriptor`](crate::TensorView::descriptor) hold these invariants;
/// [`export`](crate::export) refuses those that do not:
///
/// 1. There are at most 64 axes, one stride per axis, and every extent is at least 0.
/// 2. `dtype` and `device` are known; a padded type has one lane.
/// 3. With elements: their number times their size, and the span that the strides reach, fit in `isize` bytes.
/// 4. With elements: `data` is not NULL; where it is an address, the span around it does not leave the address space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The address of element zero, every offset applied; on a device without addresses, the handle. An import sets
    /// it to NULL when there are no elements, and an export writes NULL then, whatever stands here.
    pub data: *mut c_void,
    /// Bytes from the handle to element zero, on a device without addresses; 0 on all others.
    pub byte_offset: u64,
    /// The device that holds the elements.
    pub device: Device,
    /// The type of one element.
    pub dtype: DataType,
    /// Extents, in elements.
    pub shape: Dims,
    /// Strides, in **elements**, lanes included; negative and zero are legal, and on an axis of extent 0 or 1 any value.
    pub strides: Dims,
    /// The consumer must not write. An import of a legacy struct, which does not say, sets it.
    pub read_only: bool,
    /// Each element of a sub-byte type has a byte of its own. Means nothing for other types.
    pub padded: bool,
}

/// What the arithmetic over a descriptor found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    /// The number of elements.
    pub(crate) len: usize,
    /// Bytes of the elements when compact, rounded up once.
    pub(crate) nbytes: usize,
    /// Bytes that the strides reach, relative to element zero.
    pub(crate) span: Range<isize>,
}

impl Descriptor {
    /// Returns the bits from one element to the next when compact: those of the type, or 8 when padded.
    pub fn stored_bits(&self) -> u32 {
        if self.padded && self.dtype.is_sub_byte() { 8 } else { self.dtype.element_bits() }
    }

    /// Checks invariants 1 to 4.
    pub(crate) fn measure(&self) -> Result<Measure, DlpackError> {
        if self.shape.len() > MAX_NDIM {
            return Err(DlpackError::Ndim { found: i64::try_from(self.shape.len()).unwrap_or(i64::MAX) });
        }
        if self.strides.len() != self.shape.len() {
            return Err(DlpackError::StrideCount { expected: self.shape.len(), found: self.strides.len() });
        }
        check_extents(&self.shape)?;
        self.dtype.check()?;
        if self.padded && self.dtype.is_sub_byte() && self.dtype.lanes != 1 {
            return Err(DlpackError::PaddedLanes { found: self.dtype });
        }
        self.device.check()?;

        let (len, nbytes) = self.size()?;
        if len == 0 {
            return Ok(Measure { len: 0, nbytes: 0, span: 0..0 });
        }
        let span = self.span()?;
        self.check_address(len, &span)?;
        Ok(Measure { len, nbytes, span })
    }

    /// Returns the number of elements and their bytes; a zero extent hides overflow in the others.
    fn size(&self) -> Result<(usize, usize), DlpackError> {
        if self.shape.contains(&0) {
            return Ok((0, 0));
        }
        let too_large = |axis: usize| DlpackError::TooLarge {
            axis,
            extent: self.shape.get(axis).copied().unwrap_or(1),
            dtype: self.dtype,
        };
        let mut len = 1u64;
        for (axis, &extent) in self.shape.iter().enumerate() {
            len = len.checked_mul(extent.unsigned_abs()).ok_or_else(|| too_large(axis))?;
        }
        let bits = u128::from(len) * u128::from(self.stored_bits()); // below 2^64 · 2^24
        let nbytes = bits.div_ceil(8);
        let last = self.shape.len().saturating_sub(1);
        match (usize::try_from(len), isize::try_from(nbytes)) {
            // Packed types can have more elements than bytes.
            (Ok(len), Ok(nbytes)) if isize::try_from(len).is_ok() => Ok((len, nbytes.unsigned_abs())),
            _ => Err(too_large(last)),
        }
    }

    /// Returns the bytes that the strides reach; there are elements.
    fn span(&self) -> Result<Range<isize>, DlpackError> {
        let reach = |axis: usize| i128::from(self.strides[axis]) * i128::from(self.shape[axis] - 1); // at most 2^126
        let too_far = || {
            let axis = (0..self.shape.len()).max_by_key(|axis| reach(*axis).unsigned_abs()).unwrap_or(0);
            let (extent, stride) = (self.shape[axis], self.strides[axis]);
            DlpackError::StrideOverflow { axis, extent, stride, dtype: self.dtype }
        };
        let (mut first, mut last) = (0i128, 0i128); // in elements
        for axis in 0..self.shape.len() {
            let end = if self.strides[axis] < 0 { &mut first } else { &mut last };
            *end = end.checked_add(reach(axis)).ok_or_else(too_far)?;
        }
        span_bytes(first, last, self.stored_bits()).ok_or_else(too_far)
    }

    /// Checks invariant 4; there are `len` elements.
    fn check_address(&self, len: usize, span: &Range<isize>) -> Result<(), DlpackError> {
        if self.data.is_null() {
            return Err(DlpackError::NullData { len });
        }
        if !self.device.has_addresses() {
            return Ok(()); // a handle: no arithmetic at all
        }
        if self.byte_offset != 0 {
            return Err(DlpackError::StrayOffset { byte_offset: self.byte_offset, device: self.device });
        }
        let address = self.data.addr();
        let first = address.checked_add_signed(span.start);
        let end = address.checked_add_signed(span.end);
        match (first, end) {
            (Some(1..), Some(_)) => Ok(()),
            _ => Err(DlpackError::AddressOverflow { address, start: span.start, end: span.end }),
        }
    }
}

/// Returns the bytes from element `first` to the end of element `last`, if start, end and length fit in `isize`.
fn span_bytes(first: i128, last: i128, bits: u32) -> Option<Range<isize>> {
    let (first, end) = (i64::try_from(first).ok()?, i64::try_from(last.checked_add(1)?).ok()?);
    let (start, end) = if bits.is_multiple_of(8) {
        let itemsize = i64::from(bits / 8);
        (first.checked_mul(itemsize)?, end.checked_mul(itemsize)?)
    } else {
        // Packed: a byte belongs to the span if any of its bits does.
        let bits = i128::from(bits);
        let (start, end) = ((i128::from(first) * bits) >> 3, (i128::from(end) * bits + 7) >> 3);
        (i64::try_from(start).ok()?, i64::try_from(end).ok()?)
    };
    isize::try_from(end.checked_sub(start)?).ok()?;
    Some(isize::try_from(start).ok()?..isize::try_from(end).ok()?)
}

/// Refuses negative extents.
pub(crate) fn check_extents(shape: &[i64]) -> Result<(), DlpackError> {
    match shape.iter().position(|&extent| extent < 0) {
        Some(axis) => Err(DlpackError::NegativeExtent { axis, found: shape[axis] }),
        None => Ok(()),
    }
}

/// Returns the strides of a compact row-major tensor, in elements. Without elements they mean nothing and saturate.
pub(crate) fn compact_strides(shape: &[i64]) -> Dims {
    let mut strides = Dims::from_elem(0, shape.len());
    let mut step = 1i64;
    for (stride, &extent) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.saturating_mul(extent.max(1));
    }
    strides
}
