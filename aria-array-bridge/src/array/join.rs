//! [`Join`]: several arrays, one behind the other along the first axis, as one.

use super::{Array, ArrayError, Validity};
use crate::dtype::DType;
use crate::layout::{Layout, Slice};

impl Array {
    /// **Copies** arrays into one, one behind the other on their first axis: memory of our own, in C order. Nulls stay null.
    ///
    /// # Errors
    ///
    /// No array at all, or one without axes; arrays of different dtypes or of other extents behind the first; memory of a
    /// device, or no memory.
    pub fn concatenate(parts: &[Array]) -> Result<Array, ArrayError> {
        let none = ArrayError::Length { expected: 1, found: 0 };
        let Some(first) = parts.first() else { return Err(none) };
        let Some((_, inner)) = first.shape().split_first().filter(|_| !first.dtype().is_packed()) else {
            return Err(none);
        };
        let rows = parts.iter().map(|part| part.shape().first().copied().unwrap_or(0)).fold(0, usize::saturating_add);
        let shape: Vec<usize> = core::iter::once(rows).chain(inner.iter().copied()).collect();
        let mut join = Join::new(first.dtype().clone(), &shape)?;
        parts.iter().try_for_each(|part| join.push(part))?;
        join.finish()
    }
}

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
        let layout = Layout::c_order(dtype.itemsize(), shape)?;
        // SAFETY: `push` writes rows one after the other, and `finish` shows the array only when all of them were.
        let array = unsafe { Array::unwritten(dtype, layout) }?;
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
            unsafe { part.copy_elements(target.buffer.first(), target.layout(), self.array.nbytes()) };
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

    /// The array.
    ///
    /// # Errors
    ///
    /// Rows that nobody pushed.
    pub(crate) fn finish(self) -> Result<Array, ArrayError> {
        let Join { array, valid, nulls, filled } = self;
        let expected = array.shape().first().copied().unwrap_or(0);
        if filled != expected {
            return Err(ArrayError::Length { expected, found: filled });
        }
        match valid.filter(|_| nulls > 0) {
            None => Ok(array),
            Some(valid) => {
                let validity = Validity::from_bytes(valid, array.shape(), nulls)?;
                array.with_validity(validity)
            }
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_any_strides_and_nulls_become_one() {
        let numbers = Array::from((0..6).collect::<Vec<i32>>()).reshape(&[3, 2]).unwrap();
        let backwards = numbers.slice(0, Slice { start: 2, len: 3, step: -1 }).unwrap();
        let valid = Validity::from_bools(&[true, false, true, true], &[2, 2]).unwrap();
        let nulls = Array::from(vec![7i32, 8, 9, 10]).reshape(&[2, 2]).unwrap().with_validity(valid).unwrap();
        let empty = numbers.slice(0, Slice { start: 0, len: 0, step: 1 }).unwrap();
        let all = Array::concatenate(&[backwards, empty, nulls]).unwrap();
        assert_eq!(all.shape(), [5, 2]);
        assert_eq!(all.null_count(), 1);
        assert!(!all.validity().unwrap().is_valid(&[3, 1]));
        let values = all.without_validity().to_vec::<i32>().unwrap();
        assert_eq!(values, [4, 5, 2, 3, 0, 1, 7, 8, 9, 10]);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let (a, b) = (Array::from(vec![1i32, 2]), Array::from(vec![1i64, 2]));
        assert!(Array::concatenate(&[]).is_err());
        assert!(Array::concatenate(&[a.clone(), b]).is_err());
        assert!(Array::concatenate(&[a.clone(), a.reshape(&[1, 2]).unwrap()]).is_err());
        assert!(Array::concatenate(&[a.reshape(&[2]).unwrap().index(0, 0).unwrap()]).is_err());
    }
}
