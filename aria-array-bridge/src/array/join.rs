//! [`Join`]: several arrays, one behind the other along the first axis, as one.

use super::{Array, ArrayError, Validity};
use crate::dtype::DType;
use crate::layout::{Order, Slice};

/// An array that is filled part by part. **Copies** each part once, its validity included.
pub(crate) struct Join {
    array: Array,
    /// Rows that are filled.
    filled: usize,
    /// A bit for each element, of which those of nulls are cleared; made for the first part that has a validity.
    valid: Option<Vec<u8>>,
    nulls: usize,
}

impl Join {
    /// An array of this shape to be filled, in C order.
    ///
    /// # Errors
    ///
    /// Too many bytes, or no memory.
    pub(crate) fn new(dtype: DType, shape: &[usize]) -> Result<Join, ArrayError> {
        let array = Array::zeros(dtype, shape, Order::C)?;
        Ok(Join { array, filled: 0, valid: None, nulls: 0 })
    }

    /// Copies the next rows.
    ///
    /// # Errors
    ///
    /// Another dtype, other inner axes, more rows than are left, memory of a device.
    pub(crate) fn push(&mut self, part: &Array) -> Result<(), ArrayError> {
        let (whole, shape) = (self.array.shape(), part.shape());
        if !part.device().is_host() {
            return Err(ArrayError::Device { found: part.device() });
        }
        if part.dtype() != self.array.dtype() {
            let (expected, found) = (self.array.layout().itemsize(), part.layout().itemsize());
            return Err(ArrayError::Itemsize { dtype: part.dtype().clone(), expected, found });
        }
        let left = whole.first().map_or(0, |rows| rows - self.filled);
        let rows = shape.first().copied().unwrap_or(usize::MAX);
        if shape.get(1..) != whole.get(1..) || rows > left {
            let row: usize = whole.iter().skip(1).product();
            return Err(ArrayError::Length { expected: left.saturating_mul(row), found: part.len() });
        }
        let target = self.array.slice(0, Slice { start: self.filled, len: rows, step: 1 })?;
        if !part.is_empty() {
            // SAFETY: rows of fresh memory that nobody else knows of, of the part's shape and itemsize.
            unsafe { part.copy_elements(target.buffer.first(), target.layout()) };
        }
        if let Some(validity) = part.validity() {
            let len = self.array.len();
            let valid = self.valid.get_or_insert_with(|| vec![0xff; len.div_ceil(8)]);
            let row: usize = whole.iter().skip(1).product();
            self.nulls += validity.clear_nulls(valid, self.filled * row);
        }
        self.filled += rows;
        Ok(())
    }

    /// The array; rows that were not filled are zero.
    ///
    /// # Errors
    ///
    /// None in practice: the bitmap has a bit for each element.
    pub(crate) fn finish(self) -> Result<Array, ArrayError> {
        let Join { array, valid, nulls, .. } = self;
        match valid.filter(|_| nulls > 0) {
            None => Ok(array),
            Some(valid) => {
                let validity = Validity::from_bytes(valid, array.shape(), nulls)?;
                array.with_validity(validity)
            }
        }
    }
}
