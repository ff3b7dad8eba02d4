//! [`Import`]: what a node of a checked Arrow array is as an array, before anything is owned.

use super::meaning::{Meaning, is_time_of_day, meaning, refuse};
use super::{opaque, tensor};
use crate::array::{Access, Array, ArrayError, CopyOrder, Validity};
use crate::buffer::{Owner, dangling};
use crate::device::Device;
use crate::dtype::DType;
use crate::layout::{Dims, Layout, LayoutError};
use crate::plan::Reason;
use aria_arrow::{ArrayView, Field, Format};
use core::ops::Range;
use core::ptr::NonNull;

/// What a part of a checked Arrow array is as an array. Plain data: nothing is owned yet, and nothing was copied.
///
/// # Invariants
///
/// 1. `first`, `bit` and `shape` reach no further than the node's length says; its buffers are as long as that needs, on
///    the producer's word.
#[derive(Debug)]
pub struct Import {
    meaning: Meaning,
    /// Element zero; for bits, the byte of bit zero.
    first: NonNull<u8>,
    /// The bit of element zero in its bitmap, for bits alone.
    bit: usize,
    /// As the memory lies, before the axes are permuted.
    layout: Layout,
    device: Device,
    /// Axes of the result, where a tensor type permutes them.
    axes: Option<Dims<usize>>,
    validity: Vec<Bitmap>,
    reasons: Vec<Reason>,
}

/// A validity bitmap of the elements, or of the lists around them.
#[derive(Clone, Debug)]
struct Bitmap {
    first: NonNull<u8>,
    /// The bit of element zero.
    start: usize,
    /// Bits of the elements, in the shape of the array; a list's bit counts for all its elements.
    bits: Layout,
    null_count: Option<usize>,
}

impl Import {
    /// Says what elements `range` of the node are, and what it takes to read them. Reads no value.
    ///
    /// # Errors
    ///
    /// Values that are no elements here, by the name of their type; a tensor type whose parameters disagree; too many
    /// axes or bytes; what would have to be copied, on a device.
    pub fn of(node: &ArrayView<'_>, range: Range<usize>, device: Device) -> Result<Import, Box<Reason>> {
        let mut walk = Walk {
            start: range.start.min(node.len()),
            shape: smallvec::smallvec![range.end.min(node.len()).saturating_sub(range.start)],
            strides: smallvec::smallvec![1],
            validity: Vec::new(),
            axes: None,
        };
        let (leaf, meaning) = walk.down(*node)?;
        let Walk { start, shape, axes, validity, .. } = walk;
        let itemsize = match &meaning {
            Meaning::Same(dtype) => dtype.itemsize(),
            Meaning::Bits => 1,
            Meaning::Narrow(_) => 4,
        };
        let layout = Layout::c_order(itemsize, &shape).map_err(|error| too_large(&error))?;
        let values = leaf.buffer(1).unwrap_or(core::ptr::null()).cast_mut().cast::<u8>();
        let (byte, bit) = match meaning {
            Meaning::Bits => (start / 8, start % 8),
            // Within the buffer, since `offset + length` elements are: checked.
            Meaning::Same(ref dtype) => (start * opaque::half(dtype).map_or(itemsize, |half| half.itemsize()), 0),
            Meaning::Narrow(_) => (start * itemsize, 0),
        };
        let first = match NonNull::new(values) {
            Some(values) if !layout.is_empty() => NonNull::new(values.as_ptr().wrapping_add(byte)).unwrap_or(values),
            _ => dangling(),
        };
        let validity = validity.into_iter().map(|bitmap| bitmap.spread(&shape)).collect::<Result<_, _>>();
        let validity = validity.map_err(|error: LayoutError| too_large(&error))?;
        let mut import = Import { meaning, first, bit, layout, device, axes, validity, reasons: Vec::new() };
        import.judge(leaf.field())?;
        Ok(import)
    }

    /// Finds the reasons for copies and notes.
    fn judge(&mut self, field: &Field) -> Result<(), Box<Reason>> {
        match &self.meaning {
            Meaning::Bits => {
                let text = "booleans are bits in Arrow, and bytes in arrays";
                let hint = "arrow.bool8 has a byte for each boolean, and is shared";
                self.reasons.push(Reason::new("bits", "C5", text).expected("bytes", "bits").hint(hint));
            }
            Meaning::Narrow(dtype) => {
                let (name, wanted) = (field.type_name(), dtype.name());
                let text = format!("{name} has 4 bytes, and {wanted} has 8");
                self.reasons.push(Reason::new("dtype", "C5", text).expected(wanted, name));
            }
            Meaning::Same(dtype) if !self.layout.is_empty() => {
                let (address, align) = (self.first.addr().get(), dtype.alignment());
                if !address.is_multiple_of(align) {
                    let text = format!("the address {address:#x} is no multiple of {align}, the alignment of {dtype}");
                    self.reasons.push(Reason::new("misaligned", "L5", text));
                }
            }
            Meaning::Same(_) => {}
        }
        if is_time_of_day(field) {
            let text = format!("{} is a time of day, and becomes the duration since midnight", field.type_name());
            self.reasons.push(Reason::new("time-of-day", "C5", text));
        }
        if !self.device.is_host() && self.is_copied() {
            let text = format!("a copy is needed, and the memory lies on {}", self.device);
            return Err(Box::new(Reason::new("device", "L7", text)));
        }
        Ok(())
    }

    /// What one element of the result is.
    pub fn dtype(&self) -> &DType {
        match &self.meaning {
            Meaning::Same(dtype) | Meaning::Narrow(dtype) => dtype,
            Meaning::Bits => &DType::BOOL,
        }
    }

    /// Extents of the result.
    pub fn shape(&self) -> Vec<usize> {
        let shape = self.layout.shape();
        match &self.axes {
            None => shape.into(),
            Some(axes) => axes.iter().map(|axis| shape[*axis]).collect(),
        }
    }

    /// Returns true if [`own`](Self::own) copies, which the type alone decides.
    pub fn is_copied(&self) -> bool {
        !matches!(self.meaning, Meaning::Same(_))
    }

    /// Bytes that [`own`](Self::own) will copy; 0 for a view. A merged bitmap is not counted.
    pub fn copied_bytes(&self) -> usize {
        match self.meaning {
            Meaning::Same(_) => 0,
            Meaning::Bits => self.layout.len(),
            Meaning::Narrow(_) => self.layout.len() * 8,
        }
    }

    /// Why it is a copy, and notes on a view.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The number of nulls; `None` where bits have to be counted.
    pub fn null_count(&self) -> Option<usize> {
        match &self.validity[..] {
            [] => Some(0),
            [bitmap] => bitmap.null_count,
            _ => None,
        }
    }

    /// The number of nulls; counts bits where nobody said it, or where lists around the elements have some too.
    ///
    /// # Errors
    ///
    /// No memory to merge several bitmaps.
    ///
    /// # Safety
    ///
    /// The checked array that this is a part of is alive, and its bitmaps are as long as it says.
    pub unsafe fn count_nulls(&self) -> Result<usize, ArrayError> {
        if let Some(nulls) = self.null_count() {
            return Ok(nulls);
        }
        // SAFETY: the caller's duty, for as long as the bits are used here.
        let validity = unsafe { merged(self.validity.clone(), &Owner::immortal()) }?;
        Ok(validity.map_or(0, |validity| validity.null_count()))
    }

    /// The bits of the elements, as they lie before axes are permuted; `None` if all are valid. Several bitmaps are **merged**
    /// into one.
    ///
    /// # Errors
    ///
    /// No memory to merge them.
    ///
    /// # Safety
    ///
    /// `owner` keeps the checked array that this is a part of, and its bitmaps are as long as it says.
    pub(crate) unsafe fn validity(&self, owner: &Owner) -> Result<Option<Validity>, ArrayError> {
        // SAFETY: the caller's duty.
        unsafe { merged(self.validity.clone(), owner) }
    }

    /// The array, which keeps `owner`. **Zero-copy**, read-only; **copies** if [`copied_bytes`](Self::copied_bytes) says
    /// so, to memory of our own.
    ///
    /// # Errors
    ///
    /// No memory for a copy.
    ///
    /// # Safety
    ///
    /// - `owner` keeps the checked array that this is a part of, and its buffers are as long as it says, in memory of
    ///   the device.
    /// - `access` is frozen only if nobody writes to them meanwhile; it is never unique.
    pub unsafe fn own(self, owner: &Owner, access: Access) -> Result<Array, ArrayError> {
        let Import { meaning, first, bit, layout, device, axes, validity, reasons: _ } = self;
        let over = |dtype: DType, layout: Layout| {
            // SAFETY: the elements lie in a buffer of the array that the owner keeps: invariant 1 and the caller's duty.
            unsafe { Array::from_raw_parts(first, dtype, layout, device, access, true, owner.clone()) }
        };
        let array = match meaning {
            Meaning::Same(dtype) => over(dtype, layout),
            Meaning::Narrow(dtype) => {
                let wide = over(DType::I32, layout).cast(&DType::I64, CopyOrder::C);
                wide.map_err(|error| error.into_array_error())?.reinterpret(dtype)?
            }
            // SAFETY: as many bits as elements: invariant 1 and the caller's duty.
            Meaning::Bits => unsafe { Array::from_bits(first, bit, layout.shape()) }?,
        };
        // SAFETY: bitmaps of the array that the owner keeps: the caller's duty.
        let array = match unsafe { merged(validity, owner) }? {
            None => array,
            // Memory of our own keeps none of the producer's, whom others may write to.
            Some(validity) if array.access() == Access::Unique => array.with_validity(validity.packed()?)?,
            Some(validity) => array.with_validity(validity)?,
        };
        Ok(match axes {
            None => array,
            Some(axes) => array.transpose(&axes)?,
        })
    }
}

/// Valid where every bitmap says so; `None` of none.
///
/// # Safety
///
/// The bitmaps are those of an [`Import`], and `owner` keeps its array.
unsafe fn merged(bitmaps: Vec<Bitmap>, owner: &Owner) -> Result<Option<Validity>, ArrayError> {
    let bits = bitmaps.into_iter().map(|bitmap| {
        let Bitmap { first, start, bits, null_count } = bitmap;
        // SAFETY: bits of the array's elements, in a bitmap that the owner keeps: invariant 1 and the caller's duty.
        unsafe { Validity::from_bits(first, start, bits, null_count, owner.clone()) }
    });
    Validity::all(bits.collect::<Result<Vec<_>, _>>()?)
}

/// Lists of one length, followed to their elements.
struct Walk {
    /// The first element, counted from the start of the node's buffers.
    start: usize,
    shape: Dims<usize>,
    /// How many elements of this node lie between neighbours on each axis.
    strides: Dims<usize>,
    validity: Vec<Found>,
    axes: Option<Dims<usize>>,
}

/// A bitmap, seen on the way down.
struct Found {
    first: NonNull<u8>,
    start: usize,
    shape: Dims<usize>,
    strides: Dims<usize>,
    null_count: Option<usize>,
}

impl Walk {
    /// Goes down to the node whose buffers hold the elements, or their halves, and says what they are.
    fn down<'a>(&mut self, mut node: ArrayView<'a>) -> Result<(ArrayView<'a>, Meaning), Box<Reason>> {
        let overflow =
            |walk: &Walk| too_large(&LayoutError::TooLarge { itemsize: 1, shape: walk.shape.as_slice().into() });
        loop {
            self.start = self.start.checked_add(node.offset()).ok_or_else(|| overflow(self))?;
            self.see(&node);
            let field = node.field();
            let Format::FixedList(list) = field.layout() else { return Ok((node, meaning(field)?)) };
            let inner: Dims<usize> = if tensor::is_tensor(field) {
                let tensor = tensor::parse(field)?;
                self.permute(&tensor);
                tensor.shape
            } else if field.extension_name().is_some() {
                let meaning = meaning(field)?;
                let Some(halves) = node.child(0) else { return Ok((node, meaning)) }; // A list has one: checked.
                if halves.null_count() != Some(0) && halves.validity().is_some() {
                    return Err(refuse(field, "fill the nulls among halves of numbers"));
                }
                let start = self.start.checked_mul(list).and_then(|start| start.checked_add(halves.offset()));
                self.start = start.ok_or_else(|| overflow(self))?;
                return Ok((halves, meaning));
            } else {
                smallvec::smallvec![list]
            };
            self.start = self.start.checked_mul(list).ok_or_else(|| overflow(self))?;
            for stride in &mut self.strides {
                *stride = stride.saturating_mul(list); // Used where there are elements, and then it fits.
            }
            let mut stride = list;
            for extent in &inner {
                stride = stride.checked_div(*extent).unwrap_or(0);
                self.shape.push(*extent);
                self.strides.push(stride);
            }
            if self.shape.len() > crate::layout::MAX_NDIM {
                return Err(overflow(self));
            }
            let Some(child) = node.child(0) else { return Ok((node, meaning(field)?)) }; // A list has one: checked.
            node = child;
        }
    }

    fn see(&mut self, node: &ArrayView<'_>) {
        let Some(first) = node.validity() else { return };
        let null_count = node.null_count();
        if null_count == Some(0) {
            return;
        }
        let whole = self.shape.iter().product::<usize>() == node.len();
        let null_count = null_count.filter(|_| whole);
        let (shape, strides) = (self.shape.clone(), self.strides.clone());
        self.validity.push(Found { first, start: self.start, shape, strides, null_count });
    }

    fn permute(&mut self, tensor: &tensor::Tensor) {
        let (outer, rank) = (self.shape.len(), tensor.shape.len());
        if tensor.permutation.is_none() && self.axes.is_none() {
            return;
        }
        let mut axes = self.axes.take().unwrap_or_else(|| (0..outer).collect());
        match &tensor.permutation {
            Some(permutation) => axes.extend(permutation.iter().map(|axis| outer + axis)),
            None => axes.extend(outer..outer + rank),
        }
        self.axes = Some(axes);
    }
}

impl Found {
    /// The bits in the shape of the elements: axes that the bitmap does not have repeat it.
    fn spread(self, shape: &[usize]) -> Result<Bitmap, LayoutError> {
        let Found { first, start, shape: own, strides, null_count } = self;
        let mut all: Dims<isize> = strides.iter().map(|stride| stride.cast_signed()).collect();
        all.resize(shape.len(), 0);
        let bits = Layout::new(1, shape, &all)?;
        let null_count = null_count.filter(|_| own.len() == shape.len());
        Ok(Bitmap { first, start, bits, null_count })
    }
}

fn too_large(error: &LayoutError) -> Box<Reason> {
    Box::new(Reason::new("span-overflow", "L2", error.to_string()))
}
