//! Writing a format: what NumPy writes for the same dtype.

use super::super::{DType, Record, Scalar};
use core::fmt::Write;

/// The format of a dtype in native byte order, or `None` where PEP 3118 has none: times, types of DLPack and ml_dtypes
/// alone, vectors, records whose fields overlap or are out of order, names with a colon or a NUL.
///
/// NumPy's own text wherever NumPy can read that back.
pub fn format(dtype: &DType) -> Option<String> {
    format_at(dtype, 0)
}

/// As [`format()`], for elements that all lie at multiples of `step` bytes (0: wherever they want to): those that are off
/// their alignment are said to be in standard order, which has none.
pub fn format_at(dtype: &DType, step: usize) -> Option<String> {
    let mut writer = Writer { out: String::new(), order: '@', standard: false };
    match dtype {
        DType::Record(record) => writer.record(record, gcd(step, record.itemsize()), false)?,
        plain => writer.plain(plain, step.is_multiple_of(plain.alignment()))?,
    }
    Some(writer.out)
}

struct Writer {
    out: String,
    /// The byte order that holds so far.
    order: char,
    /// Whether anything was written in standard order.
    standard: bool,
}

impl Writer {
    fn plain(&mut self, dtype: &DType, aligned: bool) -> Option<()> {
        match dtype {
            DType::Scalar(scalar) => {
                let letter = letter(*scalar, !aligned)?;
                if scalar.alignment() > 1 {
                    self.order(aligned);
                }
                self.out.push_str(letter);
            }
            DType::Bytes(len) => write!(self.out, "{len}s").ok()?,
            DType::Str(len) => {
                self.order(aligned);
                write!(self.out, "{len}w").ok()?;
            }
            DType::Void(len) => write!(self.out, "{len}x").ok()?,
            DType::DateTime(_) | DType::TimeDelta(_) | DType::Record(_) => return None,
        }
        Some(())
    }

    /// Says native, or standard where the type lies off its alignment, if that does not hold already.
    fn order(&mut self, aligned: bool) {
        let wanted = if aligned { '@' } else { '=' };
        if self.order != wanted {
            self.out.push(wanted);
            self.order = wanted;
        }
        self.standard |= !aligned;
    }

    /// Writes a record. Every place where it lies is a multiple of `step`, in bytes; a field is called aligned where
    /// all that encloses it is, too, since readers align records within records.
    fn record(&mut self, record: &Record, step: usize, nested: bool) -> Option<()> {
        self.out.push_str("T{");
        let (mut end, mut counted) = (0, false);
        for field in record.fields() {
            self.pad(field.offset.checked_sub(end)?, counted);
            if !field.shape.is_empty() {
                let extents: Vec<String> = field.shape.iter().map(usize::to_string).collect();
                write!(self.out, "({})", extents.join(",")).ok()?;
            }
            if field.name.contains([':', '\0']) {
                return None;
            }
            let step = gcd(step, field.offset);
            match &field.dtype {
                DType::Record(inner) => self.record(inner, gcd(step, inner.itemsize()), true)?,
                plain => self.plain(plain, step.is_multiple_of(plain.alignment()))?,
            }
            write!(self.out, ":{}:", field.name).ok()?;
            end = field.offset + field.nbytes()?;
            counted = matches!(field.dtype, DType::Record(_));
        }
        // Padding to the alignment goes without saying at the very end, as in C. NumPy omits more, here and at the end
        // of nested records, which it then cannot read back.
        let trailing = record.itemsize().checked_sub(end)?;
        let natural = end.checked_next_multiple_of(record.alignment()) == Some(record.itemsize());
        if nested || counted || self.standard || !natural {
            self.pad(trailing, counted);
        }
        self.out.push('}');
        Some(())
    }

    /// Spells padding out as NumPy does; with a count behind records, where NumPy's manner hides what is in between.
    fn pad(&mut self, bytes: usize, counted: bool) {
        match bytes {
            0 => {}
            1..=64 if !counted => self.out.extend(core::iter::repeat_n('x', bytes)),
            _ => self.out.push_str(&std::format!("{bytes}x")),
        }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The letter of a scalar, with native or with standard sizes.
fn letter(scalar: Scalar, standard: bool) -> Option<&'static str> {
    let long = size_of::<core::ffi::c_long>() == 8 && !standard;
    Some(match scalar {
        Scalar::BOOL => "?",
        Scalar::I8 => "b",
        Scalar::U8 => "B",
        Scalar::I16 => "h",
        Scalar::U16 => "H",
        Scalar::I32 => "i",
        Scalar::U32 => "I",
        Scalar::I64 if long => "l",
        Scalar::U64 if long => "L",
        Scalar::I64 => "q",
        Scalar::U64 => "Q",
        Scalar::F16 => "e",
        Scalar::F32 => "f",
        Scalar::F64 => "d",
        Scalar::C64 => "Zf",
        Scalar::C128 => "Zd",
        _ => return None,
    })
}
