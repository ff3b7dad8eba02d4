//! Casts: the same numbers as another dtype of the same or a wider kind, in memory of our own.

use super::read::{load_batches, load_run};
use super::runs::Runs;
use super::{Array, ArrayError, CopyOrder};
use crate::dtype::{DType, Element};
use crate::layout::Layout;
use core::fmt;
use core::ptr::NonNull;
use half::{bf16, f16};
use num_complex::Complex;

/// Why there is no such cast.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are what the sentences below say")]
pub enum CastError {
    /// The target is of a narrower kind, or one of the two is no number.
    Kind { from: DType, to: DType },
    /// There is no such array.
    Array(ArrayError),
}

impl fmt::Display for CastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { from, to } => write!(f, "expected a type that {from} casts to within its kind but found {to}"),
            Self::Array(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CastError {}

impl CastError {
    /// What kept a cast that is allowed from being made.
    pub(crate) fn into_array_error(self) -> ArrayError {
        match self {
            CastError::Array(error) => error,
            CastError::Kind { from: dtype, to } => {
                ArrayError::Itemsize { expected: to.itemsize(), found: dtype.itemsize(), dtype }
            }
        }
    }
}

impl From<ArrayError> for CastError {
    fn from(error: ArrayError) -> CastError {
        CastError::Array(error)
    }
}

/// Returns true if NumPy casts so with `casting="same_kind"`: to the same kind in any width, or to a wider one.
///
/// The kinds widen from bool to unsigned, signed, float, complex. `bfloat16` is a float here; ml_dtypes, which brings
/// it to NumPy, lets everything cast to it, and it to no half. Types that are no numbers cast to themselves alone.
pub fn can_cast_same_kind(from: &DType, to: &DType) -> bool {
    from == to || matches!((rank(from), rank(to)), (Some(from), Some(to)) if from <= to)
}

/// The place of a number's kind among the kinds.
fn rank(dtype: &DType) -> Option<u8> {
    let DType::Scalar(_) = dtype else { return None };
    match (dtype.kind(), dtype) {
        ('b', _) => Some(0),
        ('u', _) => Some(1),
        ('i', _) => Some(2),
        ('f', _) | (_, &DType::BF16) => Some(3),
        ('c', _) => Some(4),
        _ => None,
    }
}

impl Array {
    /// **Copies** the elements into memory of our own as another dtype, as C casts: integers wrap, floats round to the
    /// nearest, ties to even. Nulls stay null. The same dtype is a plain copy.
    ///
    /// # Errors
    ///
    /// A dtype that [`can_cast_same_kind`] does not allow; memory of a device, or no memory.
    pub fn cast(&self, to: &DType, order: CopyOrder) -> Result<Array, CastError> {
        if self.dtype() == to {
            return Ok(self.copy(order)?);
        }
        let refused = || CastError::Kind { from: self.dtype().clone(), to: to.clone() };
        if !can_cast_same_kind(self.dtype(), to) {
            return Err(refused());
        }
        if !self.device().is_host() {
            return Err(ArrayError::Device { found: self.device() }.into());
        }
        let layout = self.copy_layout(to.itemsize(), order)?;
        // SAFETY: every element is written next, or the array is dropped unseen.
        let mut copy = unsafe { Array::unwritten(to.clone(), layout) }?;
        if !copy.is_empty() {
            let first = copy.buffer.first();
            // SAFETY: fresh memory of this layout, ours and apart from every other.
            unsafe { self.cast_elements_to(to, first, &copy.layout) }.ok_or_else(refused)?;
        }
        copy.validity = self.copied_validity()?.map(Box::new);
        Ok(copy)
    }

    /// Writes the elements to memory of the same shape as another dtype, or says that one of the two is no number.
    ///
    /// # Safety
    ///
    /// The bytes of `layout`'s span around `first` are memory that nobody else reads or writes meanwhile, apart from the
    /// elements. `layout` has the shape of the array's own, and the itemsize of `to`.
    pub(crate) unsafe fn cast_elements_to(&self, to: &DType, first: NonNull<u8>, layout: &Layout) -> Option<()> {
        macro_rules! from {
            ($($number:ty)*) => {
                match self.dtype() {
                    // SAFETY: the caller's duty.
                    $(dtype if *dtype == <$number>::DTYPE => unsafe { self.cast_from::<$number>(to, first, layout) },)*
                    _ => None,
                }
            };
        }
        from!(bool u8 u16 u32 u64 i8 i16 i32 i64 f16 bf16 f32 f64 Complex<f32> Complex<f64>)
    }

    /// # Safety
    ///
    /// That of [`cast_elements_to`](Self::cast_elements_to); the elements are of type `S`.
    unsafe fn cast_from<S: Number>(&self, to: &DType, first: NonNull<u8>, layout: &Layout) -> Option<()> {
        macro_rules! to {
            ($($number:ty)*) => {
                match to {
                    // SAFETY: the caller's duty.
                    $(dtype if *dtype == <$number>::DTYPE => unsafe { self.cast_run::<S, $number>(first, layout) },)*
                    _ => return None,
                }
            };
        }
        to!(bool u8 u16 u32 u64 i8 i16 i32 i64 f16 bf16 f32 f64 Complex<f32> Complex<f64>);
        Some(())
    }

    /// # Safety
    ///
    /// That of [`cast_elements_to`](Self::cast_elements_to); the elements are of type `S`, and become ones of type `T`.
    unsafe fn cast_run<S: Number, T: Number>(&self, first: NonNull<u8>, layout: &Layout) {
        debug_assert!(*self.dtype() == S::DTYPE && layout.itemsize() == size_of::<T::Bits>());
        let (from, to) = (self.as_ptr().cast_const(), first.as_ptr());
        Runs::new(self.layout(), layout).visit(|run, source, target| {
            // Wrapping, but at elements of both layouts: `Runs`.
            let (from, to) = (from.wrapping_offset(source), to.wrapping_offset(target));
            let dense =
                run.from_stride == size_of::<S>().cast_signed() && run.to_stride == size_of::<T>().cast_signed();
            if dense {
                let write = |start: usize, numbers: &[S::Bits]| {
                    let to = to.cast::<T::Bits>().wrapping_add(start);
                    for (i, bits) in numbers.iter().enumerate() {
                        let number = T::from_number(S::from_bits(*bits)).to_bits();
                        // SAFETY: an element of the target, which nobody else uses meanwhile: the caller's duty.
                        unsafe { to.wrapping_add(i).write_unaligned(number) };
                    }
                };
                // SAFETY: elements of this layout lie there, one behind the other; `S` is of the dtype.
                return unsafe { load_batches::<S>(from, run.len, write) };
            }
            let write = |i: isize, value: S| {
                let target = to.wrapping_offset(i * run.to_stride).cast::<T::Bits>();
                // SAFETY: an element of the target, which nobody else uses meanwhile: the caller's duty.
                unsafe { target.write_unaligned(T::from_number(value).to_bits()) };
            };
            // SAFETY: elements of this layout lie there: `Array` invariants 1 and 2; `S` is of the dtype.
            unsafe { load_run(from, run, write) };
        });
    }
}

/// A number, as other numbers see it.
trait Number: Element {
    /// The low 64 bits of an integer in two's complement. Asked of bools and integers alone.
    fn low_bits(self) -> u64;
    /// The nearest single, of the real part.
    fn single(self) -> f32;
    /// The nearest double, of the real part.
    fn double(self) -> f64;
    /// The imaginary part.
    fn imaginary(self) -> f64 {
        0.0
    }
    /// The number that comes nearest, or whose low bits are these.
    fn from_number(number: impl Number) -> Self;
}

macro_rules! integers {
    ($($int:ty)*) => {
        $(impl Number for $int {
            fn low_bits(self) -> u64 {
                self as u64
            }
            fn single(self) -> f32 {
                self as f32
            }
            fn double(self) -> f64 {
                self as f64
            }
            fn from_number(number: impl Number) -> $int {
                number.low_bits() as $int
            }
        })*
    };
}

integers! { u8 u16 u32 u64 i8 i16 i32 i64 }

impl Number for bool {
    fn low_bits(self) -> u64 {
        self.into()
    }
    fn single(self) -> f32 {
        self.into()
    }
    fn double(self) -> f64 {
        self.into()
    }
    fn from_number(number: impl Number) -> bool {
        number.low_bits() != 0
    }
}

macro_rules! floats {
    ($($float:ty: $single:expr, $double:expr, $from:expr;)*) => {
        $(impl Number for $float {
            fn low_bits(self) -> u64 {
                self.double() as i64 as u64
            }
            fn single(self) -> f32 {
                $single(self)
            }
            fn double(self) -> f64 {
                $double(self)
            }
            fn from_number(number: impl Number) -> $float {
                $from(number)
            }
        })*
    };
}

floats! {
    f16: f16::to_f32, f16::to_f64, |n| f16::from_f32(odd_single(Number::double(n)));
    bf16: bf16::to_f32, bf16::to_f64, |n| bf16::from_f32(odd_single(Number::double(n)));
    f32: |f| f, f64::from, Number::single;
    f64: |f| f as f32, |f| f, Number::double;
}

impl Number for Complex<f32> {
    fn low_bits(self) -> u64 {
        self.re.low_bits()
    }
    fn single(self) -> f32 {
        self.re
    }
    fn double(self) -> f64 {
        self.re.into()
    }
    fn imaginary(self) -> f64 {
        self.im.into()
    }
    fn from_number(number: impl Number) -> Complex<f32> {
        Complex::new(number.single(), number.imaginary() as f32)
    }
}

impl Number for Complex<f64> {
    fn low_bits(self) -> u64 {
        self.re.low_bits()
    }
    fn single(self) -> f32 {
        self.re as f32
    }
    fn double(self) -> f64 {
        self.re
    }
    fn imaginary(self) -> f64 {
        self.im
    }
    fn from_number(number: impl Number) -> Complex<f64> {
        Complex::new(number.double(), number.imaginary())
    }
}

/// The single next to a double, towards zero, with its last bit set if it is not the same number.
///
/// Rounded again to fewer bits, it gives what rounding the double once would: the last bit breaks false ties
/// (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums"). `half` rounds a double twice.
fn odd_single(double: f64) -> f32 {
    let nearest = double as f32;
    if f64::from(nearest) == double || double.is_nan() {
        return nearest;
    }
    let away = f64::from(nearest).abs() > double.abs();
    f32::from_bits((nearest.to_bits() - u32::from(away)) | 1)
}

#[cfg(test)]
mod tests;
