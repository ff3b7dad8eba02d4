//! `Scalar`: DLPack's element types, and their names.

use std::borrow::Cow;

/// A DLPack element type: code, bits of one lane, lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scalar {
    code: u8,
    bits: u8,
    lanes: u16,
}

/// DLPack's type codes, by DLPack's names.
pub(super) mod code {
    pub(in super::super) const INT: u8 = 0;
    pub(in super::super) const UINT: u8 = 1;
    pub(in super::super) const FLOAT: u8 = 2;
    pub(in super::super) const BFLOAT: u8 = 4;
    pub(in super::super) const COMPLEX: u8 = 5;
    pub(in super::super) const BOOL: u8 = 6;
    pub(in super::super) const BCOMPLEX: u8 = 18;
}

/// Every scalar with its name: `spec/dtypes.csv`, one row each.
pub(in super::super) const TABLE: [(Scalar, &str); 34] = [
    (Scalar::BOOL, "bool"),
    (Scalar::of(code::INT, 1), "int1"),
    (Scalar::of(code::INT, 2), "int2"),
    (Scalar::of(code::INT, 4), "int4"),
    (Scalar::I8, "int8"),
    (Scalar::I16, "int16"),
    (Scalar::I32, "int32"),
    (Scalar::I64, "int64"),
    (Scalar::of(code::UINT, 1), "uint1"),
    (Scalar::of(code::UINT, 2), "uint2"),
    (Scalar::of(code::UINT, 4), "uint4"),
    (Scalar::U8, "uint8"),
    (Scalar::U16, "uint16"),
    (Scalar::U32, "uint32"),
    (Scalar::U64, "uint64"),
    (Scalar::F16, "float16"),
    (Scalar::F32, "float32"),
    (Scalar::F64, "float64"),
    (Scalar::BF16, "bfloat16"),
    (Scalar::of(code::COMPLEX, 32), "complex32"),
    (Scalar::C64, "complex64"),
    (Scalar::C128, "complex128"),
    (Scalar::of(code::BCOMPLEX, 32), "bcomplex32"),
    (Scalar::of(7, 8), "float8_e3m4"),
    (Scalar::of(8, 8), "float8_e4m3"),
    (Scalar::of(9, 8), "float8_e4m3b11fnuz"),
    (Scalar::of(10, 8), "float8_e4m3fn"),
    (Scalar::of(11, 8), "float8_e4m3fnuz"),
    (Scalar::of(12, 8), "float8_e5m2"),
    (Scalar::of(13, 8), "float8_e5m2fnuz"),
    (Scalar::of(14, 8), "float8_e8m0fnu"),
    (Scalar::of(15, 6), "float6_e2m3fn"),
    (Scalar::of(16, 6), "float6_e3m2fn"),
    (Scalar::of(17, 4), "float4_e2m1fn"),
];

macro_rules! constants {
    ($($name:ident = $code:ident $bits:literal;)*) => {
        $(#[doc = concat!("`", stringify!($name), "`, as [`DType::", stringify!($name), "`](super::DType::", stringify!($name), ").")]
        pub const $name: Scalar = Scalar::of(code::$code, $bits);)*
    };
}

impl Scalar {
    constants! {
        BOOL = BOOL 8; I8 = INT 8; I16 = INT 16; I32 = INT 32; I64 = INT 64;
        U8 = UINT 8; U16 = UINT 16; U32 = UINT 32; U64 = UINT 64;
        F16 = FLOAT 16; BF16 = BFLOAT 16; F32 = FLOAT 32; F64 = FLOAT 64; C64 = COMPLEX 64; C128 = COMPLEX 128;
    }

    const fn of(code: u8, bits: u8) -> Scalar {
        Scalar { code, bits, lanes: 1 }
    }

    /// The scalar of DLPack's triple, or `None` for a width, a code or a lane count (0) that DLPack does not define.
    pub fn new(code: u8, bits: u8, lanes: u16) -> Option<Scalar> {
        let usual = code <= code::FLOAT && matches!(bits, 16 | 32 | 64); // Found without a search.
        let known = usual || TABLE.iter().any(|(s, _)| s.code == code && s.bits == bits);
        (known && lanes > 0).then_some(Scalar { code, bits, lanes })
    }

    /// The scalar of this name; `float32x4` has four lanes.
    pub fn from_name(name: &str) -> Option<Scalar> {
        let find = |name: &str| TABLE.iter().find(|(_, n)| *n == name).map(|(scalar, _)| *scalar);
        find(name).or_else(|| {
            let (stem, lanes) = name.rsplit_once('x')?;
            let lanes = lanes.parse().ok().filter(|lanes| *lanes > 1)?;
            find(stem).map(|scalar| Scalar { lanes, ..scalar })
        })
    }

    /// The name, with `x` and the lanes where there is more than one.
    pub fn name(self) -> Cow<'static, str> {
        let row = TABLE.iter().find(|(s, _)| s.code == self.code && s.bits == self.bits);
        let name = row.map_or("?", |(_, name)| name); // Every scalar is in the table: `new` checks it.
        if self.lanes == 1 { name.into() } else { format!("{name}x{}", self.lanes).into() }
    }

    /// DLPack's type code.
    pub const fn code(self) -> u8 {
        self.code
    }

    /// Bits of one lane.
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// Lanes of one element.
    pub const fn lanes(self) -> u16 {
        self.lanes
    }

    /// Bits of one element, all lanes together.
    pub const fn total_bits(self) -> usize {
        self.bits as usize * self.lanes as usize
    }

    /// Bytes that a C compiler would align it to: its size, half of it for a complex number, at least 1.
    pub const fn alignment(self) -> usize {
        let bytes = (self.bits as usize).div_ceil(8);
        match self.code {
            code::COMPLEX | code::BCOMPLEX => bytes / 2,
            _ => bytes,
        }
    }

    /// Bytes of the units that byte order reverses: half of a complex number, one lane of the rest.
    pub const fn swap_unit(self) -> usize {
        self.alignment()
    }

    pub(super) fn kind(self) -> char {
        match (self.code, self.bits, self.lanes) {
            (code::BOOL, 8, 1) => 'b',
            (code::INT, 8.., 1) => 'i',
            (code::UINT, 8.., 1) => 'u',
            (code::FLOAT, _, 1) => 'f',
            (code::COMPLEX, 64.., 1) => 'c',
            _ => 'V',
        }
    }
}
