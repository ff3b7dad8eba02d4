//! `DType`: what one element is, in every notation (rule L1).
//!
//! A dtype is one of DLPack's scalar types, or a type that only Python's notations know: points and
//! spans of time, fixed-width text, raw bytes, records. Byte order is no part of it: a parser says
//! beside the dtype how the bytes must be [swapped](Swap). `spec/dtypes.csv` lists every scalar in
//! every notation; the notations live in the submodules.

#![forbid(unsafe_code)]

mod arrow;
mod element;
mod notation;
mod order;
mod pep3118;
mod promote;
mod record;
mod scalar;
mod time;
mod typestr;

pub use arrow::{arrow_format, parse_arrow_format};
pub use element::Element;
pub use notation::{NotationError, Parsed};
pub use order::Swap;
pub use pep3118::{format, format_at, parse_format};
pub use record::{Field, Record, RecordError};
pub use scalar::Scalar;
pub use time::{TimeUnit, Unit};
pub use typestr::{Descr, DescrEntry, descr, parse_descr, parse_typestr, typestr};

use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

/// What one element is. Cheap to clone: records are shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DType {
    /// A number, a bool, or a vector of them: DLPack's (code, bits, lanes).
    Scalar(Scalar),
    /// A point in time: an i64 count of units since 1970, `i64::MIN` = not a time.
    DateTime(TimeUnit),
    /// A span of time: an i64 count of units, `i64::MIN` = not a time.
    TimeDelta(TimeUnit),
    /// Bytes of a fixed length, padded with NUL. The length is in bytes.
    Bytes(usize),
    /// Text of a fixed length in UCS-4, padded with NUL. The length is in code points.
    Str(usize),
    /// Raw memory. The length is in bytes.
    Void(usize),
    /// Named fields at byte offsets.
    Record(Arc<Record>),
}

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident = $scalar:ident;)*) => {
        $($(#[$doc])* pub const $name: DType = DType::Scalar(Scalar::$scalar);)*
    };
}

impl DType {
    scalars! {
        /// One byte, 0 or 1.
        BOOL = BOOL;
        /// Signed, 8 bits.
        I8 = I8;
        /// Signed, 16 bits.
        I16 = I16;
        /// Signed, 32 bits.
        I32 = I32;
        /// Signed, 64 bits. Aria's `Int`.
        I64 = I64;
        /// Unsigned, 8 bits.
        U8 = U8;
        /// Unsigned, 16 bits.
        U16 = U16;
        /// Unsigned, 32 bits.
        U32 = U32;
        /// Unsigned, 64 bits.
        U64 = U64;
        /// IEEE 754 half.
        F16 = F16;
        /// The upper half of an IEEE 754 single.
        BF16 = BF16;
        /// IEEE 754 single.
        F32 = F32;
        /// IEEE 754 double. Aria's `Float`.
        F64 = F64;
        /// Two singles.
        C64 = C64;
        /// Two doubles.
        C128 = C128;
    }

    /// Bits of one element, lanes included.
    pub fn bits(&self) -> usize {
        match self {
            DType::Scalar(scalar) => scalar.total_bits(),
            _ => self.itemsize().saturating_mul(8),
        }
    }

    /// Bytes of one element. A packed sub-byte element counts as the whole bytes that hold it.
    pub fn itemsize(&self) -> usize {
        match self {
            DType::Scalar(scalar) => scalar.total_bits().div_ceil(8),
            DType::DateTime(_) | DType::TimeDelta(_) => 8,
            DType::Bytes(len) | DType::Void(len) => *len,
            DType::Str(len) => len.saturating_mul(4),
            DType::Record(record) => record.itemsize(),
        }
    }

    /// Bytes that a C compiler would align one element to. Typed access checks it; nothing else needs it.
    pub fn alignment(&self) -> usize {
        match self {
            DType::Scalar(scalar) => scalar.alignment(),
            DType::DateTime(_) | DType::TimeDelta(_) => 8,
            DType::Bytes(_) | DType::Void(_) => 1,
            DType::Str(_) => 4,
            DType::Record(record) => record.alignment(),
        }
    }

    /// Returns true if elements are smaller than a byte, several to a byte (rule L3).
    pub fn is_packed(&self) -> bool {
        matches!(self, DType::Scalar(scalar) if scalar.total_bits() % 8 != 0)
    }

    /// The name, in NumPy's words where NumPy has one: `float64`, `datetime64[ns]`, `float32x4`.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            DType::Scalar(scalar) => scalar.name(),
            DType::DateTime(unit) => format!("datetime64{unit}").into(),
            DType::TimeDelta(unit) => format!("timedelta64{unit}").into(),
            DType::Bytes(len) => format!("bytes[{len}]").into(),
            DType::Str(len) => format!("str[{len}]").into(),
            DType::Void(len) => format!("void[{len}]").into(),
            DType::Record(record) => record.to_string().into(),
        }
    }

    /// The dtype of this name, as [`name`](Self::name) spells it. Records have no name to look up.
    pub fn from_name(name: &str) -> Option<DType> {
        if let Some(scalar) = Scalar::from_name(name) {
            return Some(DType::Scalar(scalar));
        }
        let (stem, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
        if let "datetime64" | "timedelta64" = stem {
            let unit = if rest.is_empty() { TimeUnit::GENERIC } else { TimeUnit::parse(rest)? };
            return Some(if stem == "datetime64" { DType::DateTime(unit) } else { DType::TimeDelta(unit) });
        }
        let len: usize = rest.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
        let (dtype, width) = match stem {
            "bytes" => (DType::Bytes(len), 1),
            "str" => (DType::Str(len), 4),
            "void" => (DType::Void(len), 1),
            _ => return None,
        };
        // Longer ones than memory can have are none.
        len.checked_mul(width).filter(|bytes| *bytes <= isize::MAX.unsigned_abs()).map(|_| dtype)
    }

    /// NumPy's kind letter: `b i u f c M m S U V`; `V` also for what only ml_dtypes and DLPack know.
    pub fn kind(&self) -> char {
        match self {
            DType::Scalar(scalar) => scalar.kind(),
            DType::DateTime(_) => 'M',
            DType::TimeDelta(_) => 'm',
            DType::Bytes(_) => 'S',
            DType::Str(_) => 'U',
            DType::Void(_) | DType::Record(_) => 'V',
        }
    }

    /// DLPack's (code, bits, lanes), or `None` where DLPack has no such type.
    pub fn dlpack(&self) -> Option<(u8, u8, u16)> {
        match self {
            DType::Scalar(scalar) => Some((scalar.code(), scalar.bits(), scalar.lanes())),
            _ => None,
        }
    }

    /// The dtype of DLPack's (code, bits, lanes), or `None` for one that DLPack does not define.
    pub fn from_dlpack(code: u8, bits: u8, lanes: u16) -> Option<DType> {
        Scalar::new(code, bits, lanes).map(DType::Scalar)
    }

    /// The format of PEP 3118 in native byte order, or `None` where the buffer protocol has none: [`format()`].
    pub fn format(&self) -> Option<String> {
        format(self)
    }

    /// NumPy's type string in native byte order, or `None` where NumPy has none: [`typestr`].
    pub fn typestr(&self) -> Option<String> {
        typestr(self)
    }

    /// Reads NumPy's type string, and says how bytes must be swapped: [`parse_typestr`].
    ///
    /// # Errors
    ///
    /// What is refused by name; what is no type string.
    pub fn from_typestr(text: &str) -> Result<Parsed, NotationError> {
        parse_typestr(text)
    }

    /// The Arrow format whose memory is this dtype's, or `None` where Arrow has none: [`arrow_format`].
    pub fn arrow_format(&self) -> Option<String> {
        arrow_format(self)
    }

    /// The notation of a type that DLPack lacks, for `AriaNdArray::logical`: NumPy's type string, or a record's format.
    pub(crate) fn logical(&self) -> Option<std::ffi::CString> {
        let text = match self {
            DType::Scalar(_) => None,
            DType::Record(_) => format(self),
            _ => typestr(self),
        };
        std::ffi::CString::new(text?).ok()
    }

    /// The dtype of [`logical`](Self::logical)'s notation, in native order only.
    pub(crate) fn from_logical(text: &core::ffi::CStr) -> Option<DType> {
        let text = text.to_str().ok()?;
        let parsed = if text.starts_with('T') { parse_format(text, None) } else { parse_typestr(text) };
        parsed.ok().filter(|parsed| parsed.swap.is_none()).map(|parsed| parsed.dtype)
    }

    /// The record, where this is one.
    pub fn record(&self) -> Option<&Record> {
        match self {
            DType::Record(record) => Some(record),
            _ => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests;
