//! What stands for nulls: copies in which each null is a value, and the numbers that float64 does not have.

use super::blend;
use super::read::{PastCache, copy_bytes, is_vast, load_batches};
use super::{Array, ArrayError, CastError, CopyOrder, Validity};
use crate::dtype::{DType, Element};
use crate::layout::{Layout, Order};
use bytemuck::Pod;
use core::slice;

/// Elements that are copied before their nulls are filled: few enough for the cache, a multiple of a word's bits.
const BLOCK: usize = 2048;

impl Array {
    /// **Copies** the elements in C order, with `value` in the place of each null, in one pass.
    ///
    /// # Errors
    ///
    /// Elements that are no `T`; memory of a device, or no memory.
    pub fn fill_null<T: Element>(&self, value: T) -> Result<Array, ArrayError> {
        if self.dtype != T::DTYPE {
            let (expected, found) = (size_of::<T>(), self.dtype.itemsize());
            return Err(ArrayError::Itemsize { dtype: T::DTYPE, expected, found });
        }
        if !self.device.is_host() {
            return Err(ArrayError::Device { found: self.device });
        }
        let Some(validity) = self.validity.as_deref().filter(|_| !self.is_empty()) else {
            return self.clone().without_validity().copy(CopyOrder::C);
        };
        if !self.layout.is_c_contiguous() {
            let mut copy = self.clone().without_validity().copy(CopyOrder::C)?;
            copy.put_at_nulls(validity, value);
            return Ok(copy);
        }
        let layout = Layout::c_order(size_of::<T>(), self.shape())?;
        // SAFETY: every element is written next.
        let copy = unsafe { Array::unwritten(T::DTYPE, layout) }?;
        let (from, to) = (self.as_ptr().cast_const(), copy.as_ptr());
        let (validity, bits) = (validity.clone().compact(), value.to_bits());
        let mut words = validity.words();
        let mut done = 0;
        if is_vast(copy.nbytes())
            && let Some(blend) = blend::past_cache::<T::Bits>()
        {
            let _past = PastCache;
            let size = size_of::<T>();
            for (at, word) in (&mut words).take(self.len() / 64).enumerate() {
                let (from, to) = (from.wrapping_add(at * 64 * size), to.wrapping_add(at * 64 * size));
                // SAFETY: 64 elements of both, which are dense; the copy is fresh, so apart, and aligned to whole lines.
                unsafe { blend(from, to, !word, bits) };
            }
            done = self.len() / 64 * 64;
        }
        for start in (done..self.len()).step_by(BLOCK) {
            let count = BLOCK.min(self.len() - start);
            let (from, to) = (from.wrapping_add(start * size_of::<T>()), to.wrapping_add(start * size_of::<T>()));
            // SAFETY: `count` elements of both, which are dense; the copy is fresh, so apart.
            unsafe { copy_bytes(from, to, count * size_of::<T>()) };
            // SAFETY: aligned, as our memory is; `count` elements that were just written; nobody else knows of them.
            let block = unsafe { slice::from_raw_parts_mut(to.cast::<T::Bits>(), count) };
            put(block, &mut words, bits);
        }
        Ok(copy)
    }

    /// **Copies** integers, or bools, in C order as float64, with `value` in the place of each null. Integers that float64
    /// does not have are rounded: [`first_inexact`](Self::first_inexact) finds them.
    ///
    /// # Errors
    ///
    /// Elements that are no numbers, or complex ones; memory of a device, or no memory.
    pub fn fill_null_as_f64(&self, value: f64) -> Result<Array, CastError> {
        let mut copy = self.clone().without_validity().cast(&DType::F64, CopyOrder::C)?;
        if let Some(validity) = self.validity.as_deref() {
            copy.put_at_nulls(validity, value);
        }
        Ok(copy)
    }

    /// The first element that is not null and no float64 exactly; `None` if there is none. Looks at 64-bit integers alone.
    pub fn first_inexact(&self) -> Option<i128> {
        match self.dtype {
            DType::I64 => {
                let large = |number: i64| number.wrapping_add(1 << 53).cast_unsigned() > 1 << 54;
                self.find(large, |number: i64| beyond(number.unsigned_abs())).map(i128::from)
            }
            DType::U64 => self.find(|number: u64| number > 1 << 53, beyond).map(i128::from),
            _ => None,
        }
    }

    /// The first element that is not null and is `wanted`, which only those are that `may_be`.
    fn find<T: Element<Bits = T>>(&self, may_be: impl Fn(T) -> bool, wanted: impl Fn(T) -> bool) -> Option<T> {
        let validity = self.validity.as_deref().map(|validity| validity.clone().compact());
        let is_valid = |at: usize| validity.as_ref().is_none_or(|validity| validity.bit(at.cast_signed()));
        if !self.layout.is_c_contiguous() || !self.device.is_host() {
            let elements = self.clone().without_validity();
            return elements
                .iter::<T>()
                .ok()?
                .enumerate()
                .find(|(at, it)| wanted(*it) && is_valid(*at))
                .map(|(_, it)| it);
        }
        let mut found = None;
        let look = |start: usize, batch: &[T]| {
            // Few batches have one: all of a batch is asked first, without a branch for each.
            if found.is_none() && batch.iter().fold(false, |any, it| any | may_be(*it)) {
                found = batch.iter().enumerate().find(|(i, it)| wanted(**it) && is_valid(start + i)).map(|(_, it)| *it);
            }
        };
        // SAFETY: as many elements lie there, one behind the other: invariants 1 and 2 of `Array`.
        unsafe { load_batches::<T>(self.as_ptr().cast_const(), self.len(), look) };
        found
    }

    /// Writes `value` where `validity`, of this shape, has nulls. This is fresh memory in C order that nobody else has seen.
    fn put_at_nulls<T: Element>(&mut self, validity: &Validity, value: T) {
        debug_assert!(self.dtype == T::DTYPE && self.shape() == validity.shape() && self.layout.is_c_contiguous());
        if self.is_empty() || self.dtype != T::DTYPE || self.shape() != validity.shape() {
            return;
        }
        let validity = validity.clone().compact();
        // SAFETY: aligned, as our memory is; as many elements, initialised; nobody else has seen them, and `&mut self`.
        let elements = unsafe { slice::from_raw_parts_mut(self.as_ptr().cast::<T::Bits>(), self.len()) };
        put(elements, &mut validity.words(), value.to_bits());
    }
}

impl Validity {
    /// **Copies** the bits into bools, a byte each, true where an element is null.
    ///
    /// # Errors
    ///
    /// No memory.
    pub fn is_null(&self) -> Result<Array, ArrayError> {
        let bits = self.clone().compact();
        let Some((first, start)) = bits.as_arrow().filter(|_| !self.is_empty()) else {
            return Array::zeros(DType::BOOL, self.shape(), Order::C);
        };
        // SAFETY: the bits of as many elements begin there: invariant 2.
        let array = unsafe { Array::from_bits(first, start, self.shape()) }?;
        // SAFETY: as many initialised bytes of fresh memory that nobody else has seen.
        let bytes = unsafe { slice::from_raw_parts_mut(array.as_ptr(), array.len()) };
        bytes.iter_mut().for_each(|valid| *valid ^= 1);
        Ok(array)
    }
}

/// Returns true if float64 does not have the integer of this magnitude.
fn beyond(magnitude: u64) -> bool {
    const LIMIT: u64 = 1 << f64::MANTISSA_DIGITS;
    magnitude > LIMIT && magnitude as f64 as u128 != u128::from(magnitude)
}

/// Nulls of 64 elements that are written one by one; of more, every element is, without a branch for each.
const FEW: u32 = 3;

/// Writes `value` where the words, 64 elements each, have a zero.
fn put<T: Pod>(elements: &mut [T], words: &mut impl Iterator<Item = u64>, value: T) {
    let blend = blend::in_place::<T>();
    let (whole, rest) = elements.as_chunks_mut::<64>();
    for elements in whole {
        let null = !words.next().unwrap_or(u64::MAX); // Beyond the elements there are ones.
        match blend {
            Some(blend) if null.count_ones() > FEW => blend(elements, null, value),
            _ => put_each(elements, null, value),
        }
    }
    if !rest.is_empty() {
        put_each(rest, !words.next().unwrap_or(u64::MAX), value);
    }
}

/// Writes `value` where a bit is set.
fn put_each<T: Pod>(elements: &mut [T], mut null: u64, value: T) {
    while null != 0 {
        if let Some(element) = elements.get_mut(null.trailing_zeros() as usize) {
            *element = value;
        }
        null &= null - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Slice;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_null_is_the_value_and_every_other_element_itself(
            valid in prop_oneof![Just(0.5), Just(0.97), Just(0.05)].prop_flat_map(|part| prop::collection::vec(prop::bool::weighted(part), 0..300)),
            skip in 0usize..70,
            step in prop::sample::select(vec![1isize, 2, -1]),
        ) {
            let shape = [valid.len()];
            let validity = Validity::from_bools(&valid, &shape).unwrap();
            let array = Array::from((0..valid.len() as i64).collect::<Vec<_>>()).with_validity(validity).unwrap();
            let array = array.slice(0, Slice::resolve(valid.len(), Some(skip.cast_signed()), None, step).unwrap()).unwrap();
            let (validity, bare) = (array.validity().unwrap(), array.clone().without_validity());
            let naive: Vec<Option<i64>> =
                bare.iter::<i64>().unwrap().zip(validity.iter()).map(|(it, valid)| valid.then_some(it)).collect();
            let filled: Vec<i64> = naive.iter().map(|it| it.unwrap_or(-7)).collect();
            prop_assert_eq!(array.fill_null(-7i64).unwrap().to_vec::<i64>().unwrap(), filled);
            let floats: Vec<f64> = naive.iter().map(|it| it.map_or(0.5, |it| it as f64)).collect();
            prop_assert_eq!(array.fill_null_as_f64(0.5).unwrap().to_vec::<f64>().unwrap(), floats);
            // Elements of every size, with nulls of every number in a word.
            macro_rules! filled {
                ($($T:ty)*) => {$({
                    let own: Vec<$T> = naive.iter().map(|it| it.unwrap_or(0) as $T).collect();
                    let array = Array::from(own.clone()).with_validity(validity.clone()).unwrap();
                    let wanted: Vec<$T> = own.iter().zip(&naive).map(|(own, it)| if it.is_some() { *own } else { 7 as $T }).collect();
                    prop_assert_eq!(array.fill_null(7 as $T).unwrap().to_vec::<$T>().unwrap(), wanted);
                })*};
            }
            filled!(u8 i16 i32 f32 u64);
            let nulls: Vec<bool> = naive.iter().map(Option::is_none).collect();
            prop_assert_eq!(validity.is_null().unwrap().to_vec::<bool>().unwrap(), nulls);
        }

        #[test]
        fn the_first_integer_that_float64_lacks_is_found_among_the_valid_ones(
            mut numbers in prop::collection::vec(-9i64..9, 1..600), at in any::<prop::sample::Index>(), null in any::<bool>(),
            odd in prop::sample::select(vec![(1i64 << 53) + 1, -(1i64 << 53) - 1, i64::MAX, 1 << 53, i64::MIN]),
        ) {
            let at = at.index(numbers.len());
            numbers[at] = odd;
            let valid: Vec<bool> = (0..numbers.len()).map(|i| !(null && i == at)).collect();
            let naive = numbers.iter().zip(&valid).find(|(it, valid)| **valid && **it as f64 as i128 != i128::from(**it));
            let naive = naive.map(|(it, _)| i128::from(*it));
            let validity = Validity::from_bools(&valid, &[valid.len()]).unwrap();
            let array = Array::from(numbers).with_validity(validity).unwrap();
            prop_assert_eq!(array.first_inexact(), naive);
            let back = array.slice(0, Slice::resolve(array.len(), None, None, -1).unwrap()).unwrap();
            prop_assert_eq!(back.first_inexact(), naive);
        }
    }

    #[test]
    fn other_dtypes_and_devices_are_refused() {
        let array = Array::from(vec![1i32, 2]);
        assert!(matches!(array.fill_null(0i64), Err(ArrayError::Itemsize { expected: 8, found: 4, .. })));
        assert!(array.fill_null(0i32).is_ok() && array.first_inexact().is_none());
    }
}
