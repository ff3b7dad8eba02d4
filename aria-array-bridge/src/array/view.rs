//! Other arrays over the same memory. **Zero-copy**, all of them; each is another handle to the owner.

use super::{Array, ArrayError, Validity};
use crate::dtype::DType;
use crate::layout::{Layout, LayoutError, Moved, Slice};

impl Array {
    /// Keeps elements `start`, `start + step`, … of one axis.
    ///
    /// # Errors
    ///
    /// No such axis or element; packed elements that are cut inside a byte.
    pub fn slice(&self, axis: usize, slice: Slice) -> Result<Array, LayoutError> {
        self.viewed(|layout| layout.slice(axis, slice))
    }

    /// Takes one element of an axis, which goes away.
    ///
    /// # Errors
    ///
    /// No such axis or element; packed elements that are cut inside a byte.
    pub fn index(&self, axis: usize, index: usize) -> Result<Array, LayoutError> {
        self.viewed(|layout| layout.index(axis, index))
    }

    /// Permutes the axes: axis `i` of the result is axis `axes[i]` of this array.
    ///
    /// # Errors
    ///
    /// No permutation; packed elements.
    pub fn transpose(&self, axes: &[usize]) -> Result<Array, LayoutError> {
        self.viewed(|layout| Ok((layout.transpose(axes)?, 0)))
    }

    /// The same elements in row-major order with other extents.
    ///
    /// # Errors
    ///
    /// Another number of elements; or strides cannot say it, and a copy would be needed.
    pub fn reshape(&self, shape: &[usize]) -> Result<Array, LayoutError> {
        self.viewed(|layout| Ok((layout.reshape(shape)?, 0)))
    }

    /// Stretches axes of extent 1, and adds leading axes, with strides of 0. The result is read-only: its
    /// elements overlap.
    ///
    /// # Errors
    ///
    /// Extents that do not stretch; packed elements.
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Array, LayoutError> {
        let array = self.viewed(|layout| Ok((layout.broadcast_to(shape)?, 0)))?;
        Ok(if array.layout.may_overlap() { array.read_only() } else { array })
    }

    /// Drops an axis of extent 1.
    ///
    /// # Errors
    ///
    /// No such axis, or another extent.
    pub fn squeeze(&self, axis: usize) -> Result<Array, LayoutError> {
        self.viewed(|layout| Ok((layout.squeeze(axis)?, 0)))
    }

    /// Inserts an axis of extent 1 before `axis`.
    ///
    /// # Errors
    ///
    /// No such place, or too many axes.
    pub fn insert_axis(&self, axis: usize) -> Result<Array, LayoutError> {
        self.viewed(|layout| Ok((layout.insert_axis(axis)?, 0)))
    }

    /// One field of every record, sub-array axes last. Its validity is the record's.
    ///
    /// # Errors
    ///
    /// No record, or no such field.
    pub fn field(&self, name: &str) -> Result<Array, ArrayError> {
        let missing = || ArrayError::NoField { name: name.into(), dtype: self.dtype.clone() };
        let field = self.dtype.record().and_then(|record| record.field(name)).ok_or_else(missing)?;
        let (layout, offset) = self.layout.field(field.offset, field.dtype.itemsize(), &field.shape)?;
        let wide = |bits: &Layout| {
            let mut wide = bits.clone();
            for _ in &field.shape {
                wide = wide.insert_axis(wide.ndim())?;
            }
            Ok((wide.broadcast_to(layout.shape())?, 0))
        };
        let validity = self.validity.as_ref().map(|validity| validity.moved(wide)).transpose()?;
        Ok(self.over((layout, offset), field.dtype.clone(), validity)?)
    }

    /// The bytes of every element as they lie: uint8, on one axis more, the last. The validity is left behind.
    ///
    /// # Errors
    ///
    /// Packed elements; too many axes.
    pub fn bytes(&self) -> Result<Array, ArrayError> {
        if self.dtype.is_packed() {
            return Err(ArrayError::Packed { dtype: self.dtype.clone() });
        }
        let itemsize = self.dtype.itemsize();
        Ok(self.over(self.layout.field(0, 1, &[itemsize])?, DType::U8, None)?)
    }

    /// Reads the same bytes as another dtype of the same size, with the same strides: a `bool` as `u8`.
    ///
    /// # Errors
    ///
    /// Another size, or one of the two is packed.
    pub fn reinterpret(&self, dtype: DType) -> Result<Array, ArrayError> {
        let (expected, found) = (dtype.itemsize(), self.dtype.itemsize());
        if expected != found || dtype.is_packed() || self.dtype.is_packed() {
            return Err(ArrayError::Itemsize { dtype, expected, found });
        }
        Ok(Array { dtype, ..self.clone() })
    }

    fn viewed(&self, view: impl Fn(&Layout) -> Result<Moved, LayoutError>) -> Result<Array, LayoutError> {
        let moved = view(&self.layout)?;
        let validity = self.validity.as_ref().map(|validity| validity.moved(&view)).transpose()?;
        self.over(moved, self.dtype.clone(), validity)
    }

    /// An array over a layout whose span lies within this one's.
    fn over(&self, moved: Moved, dtype: DType, validity: Option<Validity>) -> Result<Array, LayoutError> {
        let (layout, offset) = moved;
        if offset != 0 && self.device.is_opaque() {
            return Err(LayoutError::Handle { offset });
        }
        let buffer = self.buffer.moved(offset);
        Ok(Array { buffer, dtype, layout, validity: validity.map(Box::new), ..self.clone() })
    }
}
