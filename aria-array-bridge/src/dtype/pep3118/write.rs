//! Writing a format: what NumPy writes for the same dtype.

use super::super::{DType, Record, Scalar};
use core::fmt::Write;

/// The format of a dtype in native byte order, or `None` where PEP 3118 has none: times, types of DLPack and ml_dtypes
/// alone, vectors, records whose fields overlap or are out of order.
pub fn format(dtype: &DType) -> Option<String> {
    let mut out = String::new();
    put(&mut out, dtype, &mut '@', true)?;
    Some(out)
}

/// Writes one type. `order` is the byte order that holds so far; `aligned` says that elements keep to their alignment.
fn put(out: &mut String, dtype: &DType, order: &mut char, aligned: bool) -> Option<()> {
    match dtype {
        DType::Scalar(scalar) => {
            let letter = letter(*scalar, !aligned)?;
            put_order(out, order, aligned);
            out.push_str(letter);
        }
        DType::Bytes(len) => write!(out, "{len}s").ok()?,
        DType::Str(len) => {
            put_order(out, order, aligned);
            write!(out, "{len}w").ok()?;
        }
        DType::Void(len) => write!(out, "{len}x").ok()?,
        DType::Record(record) => {
            if record.alignment() > 1 {
                put_order(out, order, aligned);
            }
            put_record(out, record, order, aligned || record.alignment() == 1)?;
        }
        DType::DateTime(_) | DType::TimeDelta(_) => return None,
    }
    Some(())
}

/// Says native, aligned, or standard, where that does not hold already.
fn put_order(out: &mut String, order: &mut char, aligned: bool) {
    let wanted = if aligned { '@' } else { '=' };
    if *order != wanted {
        out.push(wanted);
        *order = wanted;
    }
}

/// Writes a record; in one that lies off its alignment, no field is aligned.
fn put_record(out: &mut String, record: &Record, order: &mut char, kept: bool) -> Option<()> {
    out.push_str("T{");
    let mut end = 0;
    for field in record.fields() {
        pad(out, field.offset.checked_sub(end)?);
        if !field.shape.is_empty() {
            let extents: Vec<String> = field.shape.iter().map(usize::to_string).collect();
            write!(out, "({})", extents.join(",")).ok()?;
        }
        if field.name.contains(':') {
            return None;
        }
        let align = field.dtype.alignment();
        let aligned = kept && field.offset.is_multiple_of(align) && record.itemsize().is_multiple_of(align);
        put(out, &field.dtype, order, aligned)?;
        write!(out, ":{}:", field.name).ok()?;
        end = field.offset + field.nbytes()?;
    }
    // Padding to the alignment goes without saying, as in C.
    let trailing = record.itemsize().checked_sub(end)?;
    if *order != '@' || end.checked_next_multiple_of(record.alignment())? != record.itemsize() {
        pad(out, trailing);
    }
    out.push('}');
    Some(())
}

/// Padding, spelled out.
fn pad(out: &mut String, bytes: usize) {
    match bytes {
        0 => {}
        1..=16 => out.extend(core::iter::repeat_n('x', bytes)),
        _ => out.push_str(&std::format!("{bytes}x")),
    }
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
