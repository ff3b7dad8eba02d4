//! `Element`: Rust types that an array's elements can be read as.

use super::DType;
use bytemuck::Pod;
use half::{bf16, f16};
use num_complex::Complex;

/// A Rust type that elements of one dtype can be read as.
///
/// Sealed: the list is rule L1's, one impl a type. Foreign memory is read as [`Bits`](Self::Bits), which
/// any bytes are, and converted; so a `bool` byte of 2 is `true` and never an invalid value.
pub trait Element: Copy + Send + Sync + 'static + sealed::Sealed {
    /// The dtype of such elements.
    const DTYPE: DType;
    /// What lies in memory: the type itself, or `u8` for `bool`.
    type Bits: Pod;
    /// Converts what lies in memory.
    fn from_bits(bits: Self::Bits) -> Self;
    /// Converts to what lies in memory.
    fn to_bits(self) -> Self::Bits;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident,)*) => {
        $(impl sealed::Sealed for $rust {}
        impl Element for $rust {
            const DTYPE: DType = DType::$dtype;
            type Bits = $rust;
            fn from_bits(bits: $rust) -> $rust {
                bits
            }
            fn to_bits(self) -> $rust {
                self
            }
        })*
    };
}

elements! {
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f16 => F16, bf16 => BF16, f32 => F32, f64 => F64,
    Complex<f32> => C64, Complex<f64> => C128,
}

impl sealed::Sealed for bool {}
impl Element for bool {
    const DTYPE: DType = DType::BOOL;
    type Bits = u8;
    fn from_bits(bits: u8) -> bool {
        bits != 0
    }
    fn to_bits(self) -> u8 {
        u8::from(self)
    }
}
