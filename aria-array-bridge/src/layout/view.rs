//! New layouts over the same memory: each returns the layout and the distance of its element zero, in bytes.

use super::{Dims, Layout, LayoutError, check_size, span_of};

/// A layout and the byte offset of its element zero from the old one.
pub type Moved = (Layout, isize);

/// A slice of one axis, already within the extent: `start`, then `len` elements `step` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// First index; may be anything when `len` is 0.
    pub start: usize,
    /// Number of elements.
    pub len: usize,
    /// Distance between them, in elements; not 0.
    pub step: isize,
}

impl Slice {
    /// Python's `start:stop:step` on an axis of this extent: negative numbers count from the end, the rest is clipped.
    ///
    /// # Errors
    ///
    /// A step of 0.
    pub fn resolve(
        extent: usize,
        start: Option<isize>,
        stop: Option<isize>,
        step: isize,
    ) -> Result<Slice, LayoutError> {
        if step == 0 {
            return Err(LayoutError::ZeroStep { axis: 0 });
        }
        let n = extent.cast_signed();
        let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
        let clip = |i: isize| if i < 0 { i.saturating_add(n).max(low) } else { i.min(high) };
        let start = start.map_or(if step > 0 { low } else { high }, clip);
        let stop = stop.map_or(if step > 0 { high } else { low }, clip);
        let distance = if step > 0 { stop - start } else { start - stop };
        let len = if distance <= 0 { 0 } else { (distance.unsigned_abs() - 1) / step.unsigned_abs() + 1 };
        Ok(Slice { start: start.max(0).unsigned_abs(), len, step })
    }
}

impl Layout {
    /// Keeps some elements of one axis.
    ///
    /// # Errors
    ///
    /// No such axis or element; a packed layout that is cut inside a byte.
    pub fn slice(&self, axis: usize, slice: Slice) -> Result<Moved, LayoutError> {
        let extent = self.extent(axis)?;
        let Slice { start, len, step } = slice;
        if step == 0 {
            return Err(LayoutError::ZeroStep { axis });
        }
        if len > 0 {
            let reach = (len - 1).checked_mul(step.unsigned_abs());
            let last = reach.and_then(|r| if step > 0 { start.checked_add(r) } else { start.checked_sub(r) });
            if start >= extent || last.is_none_or(|last| last >= extent) {
                let index = last.map_or(isize::MAX, usize::cast_signed);
                return Err(LayoutError::Index { axis, index, extent });
            }
        }
        if self.packed {
            return self.slice_packed(axis, slice);
        }
        let stride = self.strides[axis];
        let mut shape = self.shape.clone();
        let mut strides = self.strides.clone();
        shape[axis] = len;
        strides[axis] = stride.saturating_mul(step); // Fits where there are elements on the axis: invariant 3.
        let offset = if shape.contains(&0) { 0 } else { start.cast_signed() * stride }; // In the old span: invariant 3.
        Ok((self.rebuilt(shape, strides)?, offset))
    }

    fn slice_packed(&self, axis: usize, Slice { start, len, step }: Slice) -> Result<Moved, LayoutError> {
        let mut shape = self.shape.clone();
        shape[axis] = len;
        let inner: usize = self.shape[axis + 1..].iter().product();
        let outer: usize = self.shape[..axis].iter().product();
        let layout = Layout::packed(self.item, &shape)?;
        if layout.is_empty() {
            return Ok((layout, 0));
        }
        let whole = len == self.shape[axis] && step == 1;
        if !whole && (outer != 1 || (step != 1 && len > 1)) {
            return Err(LayoutError::Packed { bits: self.item });
        }
        let bit = start * inner * self.item;
        if !bit.is_multiple_of(8) {
            return Err(LayoutError::PackedBoundary { bits: self.item, index: start * inner });
        }
        Ok((layout, (bit / 8).cast_signed()))
    }

    /// Takes one element of an axis, which goes away.
    ///
    /// # Errors
    ///
    /// No such axis or element; a packed layout that is cut inside a byte.
    pub fn index(&self, axis: usize, index: usize) -> Result<Moved, LayoutError> {
        let extent = self.extent(axis)?;
        if index >= extent {
            return Err(LayoutError::Index { axis, index: index.cast_signed(), extent });
        }
        let (layout, offset) = self.slice(axis, Slice { start: index, len: 1, step: 1 })?;
        Ok((layout.without_axis(axis)?, offset))
    }

    /// Permutes the axes: axis `i` of the result is axis `axes[i]` of this layout.
    ///
    /// # Errors
    ///
    /// No permutation; a packed layout with more than one axis.
    pub fn transpose(&self, axes: &[usize]) -> Result<Layout, LayoutError> {
        let ndim = self.ndim();
        let mut seen: Dims<bool> = smallvec::smallvec![false; ndim];
        let fresh = |axis: &usize| seen.get_mut(*axis).is_some_and(|seen| !core::mem::replace(seen, true));
        if axes.len() != ndim || !axes.iter().all(fresh) {
            return Err(LayoutError::Permutation { ndim });
        }
        if self.packed {
            let still = axes.iter().enumerate().all(|(i, axis)| i == *axis);
            return if still { Ok(self.clone()) } else { Err(LayoutError::Packed { bits: self.item }) };
        }
        let shape = axes.iter().map(|axis| self.shape[*axis]).collect();
        let strides = axes.iter().map(|axis| self.strides[*axis]).collect();
        Ok(Layout { shape, strides, span: self.span(), ..*self })
    }

    /// The same elements in row-major order with other extents, where strides can say so.
    ///
    /// # Errors
    ///
    /// Another number of elements, or [`ReshapeNeedsCopy`](LayoutError::ReshapeNeedsCopy).
    pub fn reshape(&self, shape: &[usize]) -> Result<Layout, LayoutError> {
        let texts = || (self.shape().into(), shape.into());
        let check = if self.packed { check_size::<8> } else { check_size::<1> };
        let len = check(self.item, shape)?;
        if len != self.len() {
            let (from, to) = texts();
            return Err(LayoutError::Reshape { from, to });
        }
        if self.packed {
            return Layout::packed(self.item, shape);
        }
        if len == 0 {
            return Layout::c_order(self.item, shape);
        }
        let strides = self.reshaped_strides(shape).ok_or_else(|| {
            let (from, to) = texts();
            LayoutError::ReshapeNeedsCopy { from, to }
        })?;
        self.rebuilt(shape.into(), strides)
    }

    /// Walks old and new axes together: each group of old axes with the same product as a group of new
    /// ones must be contiguous in itself.
    fn reshaped_strides(&self, shape: &[usize]) -> Option<Dims<isize>> {
        let old: Dims<(usize, isize)> =
            self.shape.iter().copied().zip(self.strides.iter().copied()).filter(|(extent, _)| *extent != 1).collect();
        let mut strides: Dims<isize> = smallvec::smallvec![self.item.cast_signed(); shape.len()];
        let (mut i, mut j) = (0, 0);
        while i < old.len() {
            let (first_i, first_j) = (i, j);
            let (mut have, mut want) = (old[i].0, *shape.get(j)?);
            (i, j) = (i + 1, j + 1);
            while have != want {
                if have < want {
                    have *= old.get(i)?.0; // At most `len`, as both products are of whole groups.
                    i += 1;
                } else {
                    want *= *shape.get(j)?;
                    j += 1;
                }
            }
            let group = &old[first_i..i];
            let joined = group.windows(2).all(|w| w[1].1.checked_mul(w[1].0.cast_signed()) == Some(w[0].1));
            if !joined {
                return None;
            }
            let mut step = group.last()?.1;
            for axis in (first_j..j).rev() {
                strides[axis] = step;
                step = step.saturating_mul(shape[axis].cast_signed());
            }
        }
        shape[j..].iter().all(|extent| *extent == 1).then_some(strides)
    }

    /// Stretches axes of extent 1, and adds leading axes, with strides of 0.
    ///
    /// # Errors
    ///
    /// Extents that do not stretch; a packed layout.
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Layout, LayoutError> {
        if self.packed {
            return Err(LayoutError::Packed { bits: self.item });
        }
        let refused = || LayoutError::Broadcast { from: self.shape().into(), to: shape.into() };
        let lead = shape.len().checked_sub(self.ndim()).ok_or_else(refused)?;
        let mut strides: Dims<isize> = smallvec::smallvec![0; shape.len()];
        for axis in 0..self.ndim() {
            let (extent, wanted) = (self.shape[axis], shape[lead + axis]);
            if extent == wanted {
                strides[lead + axis] = self.strides[axis];
            } else if extent != 1 {
                return Err(refused());
            }
        }
        self.rebuilt(shape.into(), strides)
    }

    /// Drops an axis of extent 1.
    ///
    /// # Errors
    ///
    /// No such axis, or another extent.
    pub fn squeeze(&self, axis: usize) -> Result<Layout, LayoutError> {
        match self.extent(axis)? {
            1 => self.without_axis(axis),
            extent => Err(LayoutError::Squeeze { axis, extent }),
        }
    }

    /// Inserts an axis of extent 1 before `axis`.
    ///
    /// # Errors
    ///
    /// No such place, or too many axes.
    pub fn insert_axis(&self, axis: usize) -> Result<Layout, LayoutError> {
        if axis > self.ndim() {
            return Err(LayoutError::Axis { axis: axis.cast_signed(), ndim: self.ndim() + 1 });
        }
        let mut shape = self.shape.clone();
        shape.insert(axis, 1);
        if self.packed {
            return Layout::packed(self.item, &shape);
        }
        let mut strides = self.strides.clone();
        strides.insert(axis, self.item.cast_signed());
        self.rebuilt(shape, strides)
    }

    /// The elements of a field inside each element: `itemsize` bytes at `offset`, with the extents of a sub-array.
    ///
    /// # Errors
    ///
    /// A field outside the element; too many axes; a packed layout.
    pub fn field(&self, offset: usize, itemsize: usize, sub_shape: &[usize]) -> Result<Moved, LayoutError> {
        if self.packed {
            return Err(LayoutError::Packed { bits: self.item });
        }
        let sub = Layout::c_order(itemsize, sub_shape)?;
        let end = offset.saturating_add(sub.nbytes());
        if end > self.item {
            return Err(LayoutError::Field { end, itemsize: self.item });
        }
        let shape: Dims<usize> = self.shape.iter().chain(&sub.shape).copied().collect();
        let strides: Dims<isize> = self.strides.iter().chain(&sub.strides).copied().collect();
        let layout = Layout::new(itemsize, &shape, &strides)?;
        let offset = if layout.is_empty() { 0 } else { offset.cast_signed() };
        Ok((layout, offset))
    }

    /// The same extents for elements of `itemsize` bytes, contiguous in the order of memory: axes keep their relative
    /// order of strides. A packed layout stays as it is.
    ///
    /// # Errors
    ///
    /// Too many bytes, for larger elements than this layout's.
    pub fn like_memory(&self, itemsize: usize) -> Result<Layout, LayoutError> {
        if self.packed {
            return Ok(self.clone());
        }
        let mut axes: Dims<usize> = (0..self.ndim()).collect();
        axes.sort_by_key(|axis| core::cmp::Reverse(self.strides[*axis].unsigned_abs()));
        let permuted: Dims<usize> = axes.iter().map(|axis| self.shape[*axis]).collect();
        let compact = Layout::c_order(itemsize, &permuted)?;
        let mut strides = self.strides.clone();
        for (place, axis) in axes.iter().enumerate() {
            strides[*axis] = compact.strides[place];
        }
        Layout::new(itemsize, &self.shape, &strides)
    }

    fn extent(&self, axis: usize) -> Result<usize, LayoutError> {
        let ndim = self.ndim();
        self.shape.get(axis).copied().ok_or(LayoutError::Axis { axis: axis.cast_signed(), ndim })
    }

    fn without_axis(&self, axis: usize) -> Result<Layout, LayoutError> {
        let mut shape = self.shape.clone();
        shape.remove(axis);
        if self.packed {
            return Layout::packed(self.item, &shape);
        }
        let mut strides = self.strides.clone();
        strides.remove(axis);
        self.rebuilt(shape, strides)
    }

    /// Checks the invariants of new numbers for the same elements.
    fn rebuilt(&self, shape: Dims<usize>, strides: Dims<isize>) -> Result<Layout, LayoutError> {
        check_size::<1>(self.item, &shape)?;
        let span = span_of(self.item, &shape, &strides)?;
        Ok(Layout { item: self.item, packed: false, shape, strides, span })
    }
}
