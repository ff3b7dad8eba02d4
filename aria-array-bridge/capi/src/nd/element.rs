//! Elements read, written and appended. What is written is memory of our own that nobody else holds: else it is copied first.

use super::make::count;
use super::{Body, Held, NdIn, refuse_readonly};
use crate::abi::abi;
use crate::failure::Failure;
use aria_array_bridge::{Array, DType};

/// The index on each axis of an element that is counted in row-major order.
pub(super) fn unravel(array: &Array, index: i64) -> Result<Vec<usize>, Failure> {
    let beyond = || Failure::argument(format_args!("expected one of {} elements but found index {index}", array.len()));
    let mut rest = usize::try_from(index).ok().filter(|index| *index < array.len()).ok_or_else(beyond)?;
    let mut at = vec![0; array.ndim()];
    for (place, extent) in at.iter_mut().zip(array.shape()).rev() {
        *place = rest % extent;
        rest /= extent;
    }
    Ok(at)
}

fn no_number(wanted: &str, array: &Array) -> Failure {
    Failure::refused(format_args!("expected {wanted} but found {}; fix: aria_nd_cast", array.dtype()))
}

/// The numbers that are written: eight bytes, and their dtype.
trait Word: Copy {
    const DTYPE: DType;
    fn bits(self) -> u64;
}

impl Word for f64 {
    const DTYPE: DType = DType::F64;
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

impl Word for i64 {
    const DTYPE: DType = DType::I64;
    fn bits(self) -> u64 {
        self.cast_unsigned()
    }
}

impl Held {
    fn expect<W: Word>(&self) -> Result<(), Failure> {
        if *self.dtype() == W::DTYPE {
            return Ok(());
        }
        Err(Failure::refused(format_args!("expected {} but found {}; fix: aria_nd_cast", W::DTYPE, self.dtype())))
    }

    /// Writes to element `index` of what is our own.
    fn write<W: Word>(&mut self, index: usize, value: W) {
        let Body::Growing(storage, _) = &self.body else { return };
        debug_assert!(index < storage.len());
        // Wrapping, but to an element: the callers made room for it.
        let place = storage.as_ptr().wrapping_add(index * size_of::<u64>()).cast::<[u8; 8]>();
        // SAFETY: an element of eight bytes in our own allocation; no other handle or export reads it: `own` was called.
        unsafe { place.write(value.bits().to_ne_bytes()) };
    }

    fn set<W: Word>(&mut self, index: i64, value: W) -> Result<(), Failure> {
        self.expect::<W>()?;
        if let Body::Fixed(array) = &self.body {
            refuse_readonly(array)?;
        }
        let len = self.len();
        let beyond = || Failure::argument(format_args!("expected one of {len} elements but found index {index}"));
        let index = usize::try_from(index).ok().filter(|index| *index < len).ok_or_else(beyond)?;
        self.own(len)?;
        self.write(index, value);
        Ok(())
    }

    fn push<W: Word>(&mut self, value: W) -> Result<(), Failure> {
        self.expect::<W>()?;
        if let Body::Fixed(array) = &self.body {
            refuse_readonly(array)?;
        }
        let len = self.len();
        if matches!(self.body, Body::Fixed(_)) || self.others() > 0 || len == self.room() {
            self.own(if len < self.room() { self.room() } else { (len * 2).max(8) })?;
        }
        self.write(len, value);
        self.set_len(len + 1);
        Ok(())
    }
}

abi! {
    /// Element i, counted in row-major order, of float64 or float32.
    gives fn aria_nd_get_float or aria_nd_get_float_or_exit(array: NdIn, index: i64) -> f64 {
        let array = array.array()?;
        let at = unravel(&array, index)?;
        match *array.dtype() {
            DType::F64 => Ok(array.get::<f64>(&at)?),
            DType::F32 => Ok(array.get::<f32>(&at)?.into()),
            _ => Err(no_number("float64 or float32", &array)),
        }
    }

    /// Element i, counted in row-major order, of bool or an integer type that int64 holds.
    gives fn aria_nd_get_int or aria_nd_get_int_or_exit(array: NdIn, index: i64) -> i64 {
        let array = array.array()?;
        let at = unravel(&array, index)?;
        match *array.dtype() {
            DType::I64 => Ok(array.get::<i64>(&at)?),
            DType::I32 => Ok(array.get::<i32>(&at)?.into()),
            DType::I16 => Ok(array.get::<i16>(&at)?.into()),
            DType::I8 => Ok(array.get::<i8>(&at)?.into()),
            DType::U32 => Ok(array.get::<u32>(&at)?.into()),
            DType::U16 => Ok(array.get::<u16>(&at)?.into()),
            DType::U8 => Ok(array.get::<u8>(&at)?.into()),
            DType::BOOL => Ok(array.get::<bool>(&at)?.into()),
            _ => Err(no_number("an integer type that int64 holds", &array)),
        }
    }

    /// Writes element i of one axis of float64. Memory that others hold too, or that is foreign, is copied first: they
    /// do not see it. A read-only array is refused.
    tries fn aria_nd_set_float or aria_nd_set_float_or_exit(array: NdIn, index: i64, value: f64) {
        array.with(|held| held.set(index, value))
    }

    /// Writes element i of one axis of int64, as aria_nd_set_float does.
    tries fn aria_nd_set_int or aria_nd_set_int_or_exit(array: NdIn, index: i64, value: i64) {
        array.with(|held| held.set(index, value))
    }

    /// Appends an element to one axis of float64. Memory that others hold too, or that is foreign, is copied first. A
    /// read-only array is refused.
    tries fn aria_nd_push_float or aria_nd_push_float_or_exit(array: NdIn, value: f64) {
        array.with(|held| held.push(value))
    }

    /// Appends an element to one axis of int64, as aria_nd_push_float does.
    tries fn aria_nd_push_int or aria_nd_push_int_or_exit(array: NdIn, value: i64) {
        array.with(|held| held.push(value))
    }

    /// Makes room for `capacity` elements in all, in memory of our own. Memory that others hold too, or that is foreign,
    /// is copied first. A read-only array is refused.
    tries fn aria_nd_reserve or aria_nd_reserve_or_exit(array: NdIn, capacity: i64) {
        let room = count("room", capacity)?;
        array.with(|held| {
            if let Body::Fixed(array) = &held.body {
                refuse_readonly(array)?;
            }
            held.own(room)
        })
    }
}
