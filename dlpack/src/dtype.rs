//! Data types: DLPack's (code, bits, lanes), and which of them mean something.
//!
//! Knows widths, not Rust types: which type can view an element is the caller's table.
#![forbid(unsafe_code)]

use crate::abi::{DLDataType, DLDataTypeCode};
use crate::error::DlpackError;
use core::fmt;

/// The type of an element. `Display` gives `float64`, `int8x4`, `float4_e2m1fn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataType {
    /// `DLDataTypeCode` as a number; any value.
    pub code: u8,
    /// Bits of one lane; of a complex number, both halves together.
    pub bits: u8,
    /// Lanes of a vector element, 1 for a scalar. Strides count whole elements, lanes included.
    pub lanes: u16,
}

impl DataType {
    /// Signed integer.
    pub const INT: u8 = DLDataTypeCode::INT.0;
    /// Unsigned integer.
    pub const UINT: u8 = DLDataTypeCode::UINT.0;
    /// IEEE 754 binary floating point.
    pub const FLOAT: u8 = DLDataTypeCode::FLOAT.0;
    /// An opaque handle, reserved for tests between frameworks that agree; always refused.
    pub const HANDLE: u8 = DLDataTypeCode::OPAQUEHANDLE.0;
    /// bfloat16.
    pub const BFLOAT: u8 = DLDataTypeCode::BFLOAT.0;
    /// Two IEEE floats; `bits` counts both.
    pub const COMPLEX: u8 = DLDataTypeCode::COMPLEX.0;
    /// Boolean, one byte each.
    pub const BOOL: u8 = DLDataTypeCode::BOOL.0;
    /// First of the eight 8-bit float codes.
    pub const FLOAT8_FIRST: u8 = DLDataTypeCode::FLOAT8_E3M4.0;
    /// Last of the eight 8-bit float codes.
    pub const FLOAT8_LAST: u8 = DLDataTypeCode::FLOAT8_E8M0FNU.0;
    /// First of the two 6-bit float codes.
    pub const FLOAT6_FIRST: u8 = DLDataTypeCode::FLOAT6_E2M3FN.0;
    /// Last of the two 6-bit float codes.
    pub const FLOAT6_LAST: u8 = DLDataTypeCode::FLOAT6_E3M2FN.0;
    /// The 4-bit float code.
    pub const FLOAT4: u8 = DLDataTypeCode::FLOAT4_E2M1FN.0;
    /// Two bfloat16; `bits` counts both. Newer than DLPack 1.3's header.
    pub const BCOMPLEX: u8 = 18;

    /// The names of the codes, by number.
    const NAMES: [&'static str; 19] = [
        "int",
        "uint",
        "float",
        "opaque handle",
        "bfloat",
        "complex",
        "bool",
        "float8_e3m4",
        "float8_e4m3",
        "float8_e4m3b11fnuz",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "float8_e8m0fnu",
        "float6_e2m3fn",
        "float6_e3m2fn",
        "float4_e2m1fn",
        "bcomplex",
    ];

    /// Returns a scalar type of `bits` bits. Nothing is checked.
    pub const fn new(code: u8, bits: u8) -> DataType {
        DataType { code, bits, lanes: 1 }
    }

    /// Returns the bits of one element, lanes included.
    pub const fn element_bits(self) -> u32 {
        self.bits as u32 * self.lanes as u32
    }

    /// Says whether one lane is smaller than a byte, so that `IS_SUBBYTE_TYPE_PADDED` matters.
    pub const fn is_sub_byte(self) -> bool {
        self.bits < 8
    }

    /// Returns the widths in bits that `code` may have, or `None` for a code that is not known.
    ///
    /// The standard fixes the widths of `bool` and of the 4, 6 and 8-bit floats; for the others these are the widths
    /// that some array library has.
    const fn widths(code: u8) -> Option<&'static [u8]> {
        Some(match code {
            Self::INT | Self::UINT => &[1, 2, 4, 8, 16, 32, 64],
            Self::FLOAT => &[16, 32, 64],
            Self::HANDLE => &[],
            Self::BFLOAT => &[16],
            Self::COMPLEX => &[32, 64, 128],
            Self::BOOL => &[8],
            Self::FLOAT8_FIRST..=Self::FLOAT8_LAST => &[8],
            Self::FLOAT6_FIRST..=Self::FLOAT6_LAST => &[6],
            Self::FLOAT4 => &[4],
            Self::BCOMPLEX => &[32],
            _ => return None,
        })
    }

    /// Refuses a type that has no meaning, or none that is agreed on (`DLDataType`).
    pub(crate) fn check(self) -> Result<(), DlpackError> {
        let Some(widths) = Self::widths(self.code) else {
            return Err(DlpackError::UnknownTypeCode { found: self });
        };
        if self.code == Self::HANDLE {
            return Err(DlpackError::OpaqueHandle { found: self });
        }
        if self.bits == 0 {
            return Err(DlpackError::ZeroBits { found: self });
        }
        if self.lanes == 0 {
            return Err(DlpackError::ZeroLanes { found: self });
        }
        if !widths.contains(&self.bits) {
            return Err(DlpackError::TypeWidth { found: self, expected: widths });
        }
        Ok(())
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.get(usize::from(self.code)) {
            None => write!(f, "type code {} of {} bits", self.code, self.bits)?,
            Some(name) => {
                f.write_str(name)?;
                let fixed = matches!(Self::widths(self.code), Some([only]) if *only == self.bits);
                if !fixed || matches!(self.code, Self::BFLOAT | Self::BCOMPLEX) {
                    // A float8_e4m3 of 16 bits must not read as `float8_e4m316`.
                    if self.code >= Self::FLOAT8_FIRST && self.code <= Self::FLOAT4 || self.code == Self::HANDLE {
                        write!(f, " of {} bits", self.bits)?;
                    } else {
                        write!(f, "{}", self.bits)?;
                    }
                }
            }
        }
        if self.lanes == 1 { Ok(()) } else { write!(f, "x{}", self.lanes) }
    }
}

impl From<DLDataType> for DataType {
    fn from(d: DLDataType) -> Self {
        DataType { code: d.code.0, bits: d.bits, lanes: d.lanes }
    }
}

impl From<DataType> for DLDataType {
    fn from(d: DataType) -> Self {
        DLDataType { code: DLDataTypeCode(d.code), bits: d.bits, lanes: d.lanes }
    }
}
