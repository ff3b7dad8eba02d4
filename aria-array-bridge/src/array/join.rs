//! Arrays one behind the other as one array: **one copy**, whatever their strides are.

use super::{Array, ArrayError, Validity};
use crate::layout::Layout;

impl Array {
    /// **Copies** arrays into one, one behind the other on their first axis: memory of our own, in C order. Nulls stay null.
    ///
    /// # Errors
    ///
    /// No array at all, or one without axes; arrays of different dtypes or of other extents behind the first; packed
    /// elements; memory of a device, or no memory.
    pub fn concatenate(parts: &[Array]) -> Result<Array, ArrayError> {
        let none = ArrayError::Length { expected: 1, found: 0 };
        let Some(([extent, inner @ ..], dtype)) = parts.first().map(|part| (part.shape(), part.dtype())) else {
            return Err(none);
        };
        let mut rows = *extent;
        for part in &parts[1..] {
            if part.dtype() != dtype {
                let (expected, found) = (dtype.itemsize(), part.dtype().itemsize());
                return Err(ArrayError::Itemsize { dtype: dtype.clone(), expected, found });
            }
            let Some((extent, rest)) = part.shape().split_first() else { return Err(none) };
            if rest != inner {
                return Err(ArrayError::Length { expected: inner.iter().product(), found: rest.iter().product() });
            }
            rows = rows.saturating_add(*extent); // Too many are refused next.
        }
        if let Some(part) = parts.iter().find(|part| !part.device.is_host()) {
            return Err(ArrayError::Device { found: part.device });
        }
        if dtype.is_packed() {
            let dtype = dtype.clone();
            return Err(ArrayError::Itemsize { dtype, expected: 1, found: 0 });
        }
        let shape: Vec<usize> = core::iter::once(rows).chain(inner.iter().copied()).collect();
        let itemsize = dtype.itemsize();
        // SAFETY: every part is written next, and the parts are all of it.
        let mut all = unsafe { Array::unwritten(dtype.clone(), Layout::c_order(itemsize, &shape)?) }?;
        let mut written = 0;
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let place = all.buffer.moved(written); // Within the array, whose bytes are those of the parts.
            // SAFETY: the next `nbytes` bytes of fresh memory, which nobody else knows of; the same shape in C order.
            unsafe { part.copy_elements(place.first(), &Layout::c_order(itemsize, part.shape())?) };
            written += part.nbytes().cast_signed();
        }
        if parts.iter().any(|part| part.validity.is_some()) {
            let mut valid = Vec::with_capacity(all.len());
            for part in parts {
                match &part.validity {
                    Some(validity) => valid.extend(validity.iter()),
                    None => valid.resize(valid.len() + part.len(), true),
                }
            }
            all.validity = Some(Box::new(Validity::from_bools(&valid, &shape)?));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Slice;

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
