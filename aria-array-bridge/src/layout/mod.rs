//! `Layout`: where each element lies, in bytes, relative to element zero (rules L2–L4).
//!
//! Pure arithmetic on extents and strides, overflow-checked; nothing here touches memory. `view`
//! makes new layouts of the same memory, `walk` visits offsets, `error` says what does not fit.

#![forbid(unsafe_code)]

mod error;
pub(crate) mod view;
mod walk;

pub use error::LayoutError;
pub use view::{Moved, Slice};
pub use walk::Offsets;

use core::ops::Range;
use smallvec::SmallVec;

/// The most axes that an array may have (rule L2); CPython's buffers and NumPy have the same limit.
pub const MAX_NDIM: usize = 64;

/// Extents or strides; up to four axes need no allocation.
pub(crate) type Dims<T> = SmallVec<[T; 4]>;

/// Row-major or column-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The last axis varies fastest: C.
    C,
    /// The first axis varies fastest: Fortran.
    F,
}

/// Where each element lies, in bytes, relative to element zero.
///
/// Strides are in **bytes** and may be negative or zero, as in NumPy. Formats that count strides in
/// elements (DLPack) are converted at their own border.
///
/// # Invariants
///
/// 1. There is one stride per axis, and at most [`MAX_NDIM`] axes. A packed layout has no strides.
/// 2. The size of an element times the product of the non-zero extents is at most `isize::MAX` bytes.
/// 3. [`span`](Self::span) covers every byte of every element, and its ends and its length fit in `isize`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Bytes of one element; for a packed layout, bits.
    item: usize,
    packed: bool,
    shape: Dims<usize>,
    strides: Dims<isize>,
    span: Range<isize>,
}

impl Layout {
    /// A layout of elements of `itemsize` bytes with these extents and strides in bytes.
    ///
    /// Strides on axes of extent 0 or 1 are kept as they are and never reach memory.
    ///
    /// # Errors
    ///
    /// Names the axis or the number that breaks an invariant.
    #[inline]
    pub fn new(itemsize: usize, shape: &[usize], strides: &[isize]) -> Result<Layout, LayoutError> {
        if shape.len() != strides.len() {
            return Err(LayoutError::StrideCount { expected: shape.len(), found: strides.len() });
        }
        check_size::<1>(itemsize, shape)?;
        let span = span_of(itemsize, shape, strides)?;
        let (shape, strides) = (Dims::from_slice(shape), Dims::from_slice(strides));
        Ok(Layout { item: itemsize, packed: false, shape, strides, span })
    }

    /// A contiguous layout in `order`.
    ///
    /// # Errors
    ///
    /// Says so if there are too many axes or bytes.
    pub fn contiguous(itemsize: usize, shape: &[usize], order: Order) -> Result<Layout, LayoutError> {
        let len = check_size::<1>(itemsize, shape)?;
        let mut strides: Dims<isize> = smallvec::smallvec![0; shape.len()];
        let mut step = itemsize.cast_signed(); // Fits: invariant 2 was checked, and extents of 0 count as 1.
        let mut set = |axis: usize| {
            strides[axis] = step;
            step *= shape[axis].max(1).cast_signed();
        };
        match order {
            Order::C => (0..shape.len()).rev().for_each(&mut set),
            Order::F => (0..shape.len()).for_each(&mut set),
        }
        let span = 0..(len * itemsize).cast_signed();
        Ok(Layout { item: itemsize, packed: false, shape: shape.into(), strides, span })
    }

    /// A C-contiguous layout.
    ///
    /// # Errors
    ///
    /// Says so if there are too many axes or bytes.
    pub fn c_order(itemsize: usize, shape: &[usize]) -> Result<Layout, LayoutError> {
        Layout::contiguous(itemsize, shape, Order::C)
    }

    /// An F-contiguous layout.
    ///
    /// # Errors
    ///
    /// Says so if there are too many axes or bytes.
    pub fn f_order(itemsize: usize, shape: &[usize]) -> Result<Layout, LayoutError> {
        Layout::contiguous(itemsize, shape, Order::F)
    }

    /// A compact C-order layout of elements of `bits` bits, several to a byte (rule L3). It has no strides.
    ///
    /// # Errors
    ///
    /// Says so if there are too many axes or bytes.
    pub fn packed(bits: usize, shape: &[usize]) -> Result<Layout, LayoutError> {
        let len = check_size::<8>(bits, shape)?;
        let span = 0..(len * bits).div_ceil(8).cast_signed();
        Ok(Layout { item: bits, packed: true, shape: shape.into(), strides: Dims::new(), span })
    }

    /// Bytes of one element. For a packed layout, the whole bytes that hold one.
    pub fn itemsize(&self) -> usize {
        if self.packed { self.item.div_ceil(8) } else { self.item }
    }

    /// Extents, in elements.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Strides, in bytes; empty for a packed layout.
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// Number of axes.
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product() // Fits: invariant 2, or some factor is 0.
    }

    /// Returns true if there is no element.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// Bytes of all elements together, as they would lie in a contiguous copy.
    pub fn nbytes(&self) -> usize {
        let units = self.len() * self.item; // Fits: invariant 2.
        if self.packed { units.div_ceil(8) } else { units }
    }

    /// The bytes that elements reach, relative to element zero; empty at 0 without elements.
    pub fn span(&self) -> Range<isize> {
        self.span.clone()
    }

    /// Returns true for elements of bits, several to a byte.
    pub fn is_packed(&self) -> bool {
        self.packed
    }

    /// Returns true if the elements lie one behind the other in `order`.
    ///
    /// On an axis of extent 1 any stride is contiguous, and so is everything without elements (rule L3).
    pub fn is_contiguous(&self, order: Order) -> bool {
        if self.packed {
            return order == Order::C || self.ndim() <= 1;
        }
        if self.is_empty() {
            return true;
        }
        let mut step = self.item.cast_signed();
        let mut fits = |axis: usize| {
            let extent = self.shape[axis];
            if extent == 1 {
                return true;
            }
            let fits = self.strides[axis] == step;
            step = step.saturating_mul(extent.cast_signed());
            fits
        };
        match order {
            Order::C => (0..self.ndim()).rev().all(&mut fits),
            Order::F => (0..self.ndim()).all(&mut fits),
        }
    }

    /// Returns true if the layout is C-contiguous.
    pub fn is_c_contiguous(&self) -> bool {
        self.is_contiguous(Order::C)
    }

    /// Returns true if the layout is F-contiguous.
    pub fn is_f_contiguous(&self) -> bool {
        self.is_contiguous(Order::F)
    }

    /// Returns false only if no two elements share a byte.
    ///
    /// May say true of a layout that does not overlap: the axes are tested in the order of their strides,
    /// each against the extent of the smaller ones together; an exact answer is not to be had in polynomial time.
    pub fn may_overlap(&self) -> bool {
        if self.packed || self.is_empty() {
            return false;
        }
        let mut axes: Dims<(usize, usize)> = (self.shape.iter())
            .zip(&self.strides)
            .filter(|(extent, _)| **extent > 1)
            .map(|(extent, stride)| (stride.unsigned_abs(), *extent))
            .collect();
        axes.sort_unstable();
        let mut reach = self.item; // Bytes that the axes so far cover together; invariant 3 bounds the sum.
        for (stride, extent) in axes {
            if stride < reach {
                return true;
            }
            reach += stride * (extent - 1);
        }
        false
    }
}

/// Checks invariant 2 for `item` units of which `PER_BYTE` make a byte, and returns the number of elements.
fn check_size<const PER_BYTE: usize>(item: usize, shape: &[usize]) -> Result<usize, LayoutError> {
    if shape.len() > MAX_NDIM {
        return Err(LayoutError::TooManyAxes { found: shape.len() });
    }
    let mut units = item;
    let mut len = 1usize;
    for &extent in shape {
        let factor = extent.max(1);
        let next = units.checked_mul(factor).filter(|units| units.div_ceil(PER_BYTE) <= isize::MAX as usize);
        units = next.ok_or_else(|| LayoutError::TooLarge { itemsize: item.div_ceil(PER_BYTE), shape: shape.into() })?;
        len = if extent == 0 { 0 } else { len.saturating_mul(extent) };
    }
    if units.div_ceil(PER_BYTE) > isize::MAX as usize {
        return Err(LayoutError::TooLarge { itemsize: item.div_ceil(PER_BYTE), shape: shape.into() });
    }
    if item == 0 {
        // Elements without bytes: the product of the extents is bounded by itself, so that `len` never overflows.
        let count = shape.iter().try_fold(1usize, |n, extent| n.checked_mul((*extent).max(1)));
        if count.is_none_or(|n| n > isize::MAX as usize) {
            return Err(LayoutError::TooLarge { itemsize: 0, shape: shape.into() });
        }
    }
    Ok(len)
}

/// The bytes that elements reach, or the first axis where their distance overflows (invariant 3).
fn span_of(itemsize: usize, shape: &[usize], strides: &[isize]) -> Result<Range<isize>, LayoutError> {
    if shape.contains(&0) {
        return Ok(0..0);
    }
    let (mut low, mut high) = (0isize, 0isize);
    // The axis that reaches furthest is the one to name, where all together reach too far.
    let mut furthest = (0, 1, 0, 0);
    for (axis, (&extent, &stride)) in shape.iter().zip(strides).enumerate() {
        let overflow = || LayoutError::SpanOverflow { axis, extent, stride };
        let last = isize::try_from(extent - 1).map_err(|_| overflow())?;
        let reach = last.checked_mul(stride).ok_or_else(overflow)?;
        if reach.unsigned_abs() > furthest.3 {
            furthest = (axis, extent, stride, reach.unsigned_abs());
        }
        if reach < 0 {
            low = low.checked_add(reach).ok_or_else(overflow)?;
        } else {
            high = high.checked_add(reach).ok_or_else(overflow)?;
        }
    }
    let (axis, extent, stride, _) = furthest;
    let overflow = || LayoutError::SpanOverflow { axis, extent, stride };
    let high = high.checked_add(itemsize.cast_signed()).ok_or_else(overflow)?;
    high.checked_sub(low).ok_or_else(overflow)?;
    Ok(low..high)
}

#[cfg(test)]
mod tests;
