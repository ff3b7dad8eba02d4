//! NumPy's notation: the type strings of the array interface (`<f8`), and the descriptions of records.

use super::notation::{NotationError, Parsed, of_fields, swapped};
use super::{DType, Field, Record, Scalar, Swap, TimeUnit};
use std::sync::Arc;

/// Reads a type string: byte order, kind, size in bytes (characters for `U`), unit for times.
///
/// # Errors
///
/// What is refused by name: objects, bit fields, long doubles; what is no type string.
pub fn parse_typestr(text: &str) -> Result<Parsed, NotationError> {
    let syntax = |at, expected| NotationError::Syntax { text: text.to_owned(), at, expected };
    let refused = |what| NotationError::Refused { text: text.to_owned(), at: 1, what };
    let (order, kind) = match text.as_bytes() {
        [order @ (b'<' | b'>' | b'=' | b'|'), kind, ..] => (*order, *kind),
        _ => return Err(syntax(0, "'<', '>', '=' or '|', and a kind")),
    };
    if kind == b'O' {
        return Err(refused("a Python object")); // NumPy gives it no size.
    }
    let rest = text.get(2..).ok_or_else(|| syntax(1, "a kind"))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (size, unit) = rest.split_at(digits);
    let size: usize = size.parse().ok().filter(|n| *n <= isize::MAX as usize).ok_or_else(|| syntax(2, "a size"))?;
    if !unit.is_empty() && !matches!(kind, b'm' | b'M') {
        return Err(syntax(2 + digits, "the end"));
    }
    let scalar = |code: u8| {
        let bits = size.checked_mul(8).and_then(|bits| u8::try_from(bits).ok());
        let scalar = bits.filter(|bits| *bits >= 8).and_then(|bits| Scalar::new(code, bits, 1));
        scalar.map(DType::Scalar).ok_or_else(|| syntax(2, "a size that the kind has"))
    };
    let dtype = match kind {
        b'b' if size == 1 => DType::BOOL,
        b'i' => scalar(0)?,
        b'u' => scalar(1)?,
        b'f' if size > 8 => return Err(refused("a long double")),
        b'f' => scalar(2)?,
        b'c' if size > 16 => return Err(refused("a complex of long doubles")),
        b'c' => scalar(5)?,
        b'm' | b'M' if size == 8 => {
            let unit = TimeUnit::parse(unit).ok_or_else(|| syntax(2 + digits, "a unit such as [ns]"))?;
            if kind == b'M' { DType::DateTime(unit) } else { DType::TimeDelta(unit) }
        }
        b'S' | b'a' => DType::Bytes(size),
        b'U' if size <= isize::MAX as usize / 4 => DType::Str(size),
        b'V' => DType::Void(size),
        b't' => return Err(refused("bits")),
        b'T' => return Err(refused("text of any length")),
        _ => return Err(syntax(1, "a kind and its size")),
    };
    let foreign = if cfg!(target_endian = "little") { b'>' } else { b'<' };
    let swap = if order == foreign { swapped(&dtype) } else { Swap::None };
    Ok(Parsed { dtype, swap })
}

/// The type string of a dtype in native byte order; `|V16` for a record. `None` for what NumPy has no letter for.
pub fn typestr(dtype: &DType) -> Option<String> {
    let order = if cfg!(target_endian = "little") { '<' } else { '>' };
    Some(match dtype {
        DType::Scalar(Scalar::BOOL) => "|b1".to_owned(),
        DType::Scalar(scalar) => match (scalar.kind(), dtype.itemsize()) {
            ('V', _) => return None,
            (kind, 1) => format!("|{kind}1"),
            (kind, size) => format!("{order}{kind}{size}"),
        },
        DType::DateTime(unit) => format!("{order}M8{unit}"),
        DType::TimeDelta(unit) => format!("{order}m8{unit}"),
        DType::Bytes(len) => format!("|S{len}"),
        DType::Str(len) => format!("{order}U{len}"),
        DType::Void(len) => format!("|V{len}"),
        DType::Record(record) => format!("|V{}", record.itemsize()),
    })
}

/// One entry of a record's description, as `__array_interface__["descr"]` has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescrEntry {
    /// The field's name; empty for padding.
    pub name: String,
    /// What it holds.
    pub content: Descr,
    /// Extents of a sub-array.
    pub shape: Vec<usize>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Descr {
    /// A type string.
    Typestr(String),
    /// A record.
    Record(Vec<DescrEntry>),
}

/// Records within records at most.
const MAX_DEPTH: usize = 64;

/// Reads the description of a record: fields lie behind each other, padding has no name.
///
/// # Errors
///
/// A field that is refused; fields that make no record.
pub fn parse_descr(entries: &[DescrEntry]) -> Result<Parsed, NotationError> {
    parse_nested(entries, 0)
}

fn parse_nested(entries: &[DescrEntry], depth: usize) -> Result<Parsed, NotationError> {
    if depth > MAX_DEPTH {
        return Err(NotationError::TooComplex { what: "records within records", limit: MAX_DEPTH });
    }
    let overflow = || NotationError::TooComplex { what: "bytes in a record", limit: isize::MAX as usize };
    let (mut fields, mut swaps, mut end) = (Vec::new(), Vec::new(), 0usize);
    for entry in entries {
        let parsed = match &entry.content {
            Descr::Typestr(text) => parse_typestr(text)?,
            Descr::Record(entries) => parse_nested(entries, depth + 1)?,
        };
        let shape = entry.shape.as_slice().into();
        let field = Field { name: entry.name.as_str().into(), dtype: parsed.dtype, offset: end, shape };
        let next = field.nbytes().and_then(|bytes| bytes.checked_add(end));
        end = next.filter(|end| *end <= isize::MAX as usize).ok_or_else(overflow)?;
        if !(entry.name.is_empty() && matches!(field.dtype, DType::Void(_))) {
            fields.push(field);
            swaps.push(parsed.swap);
        }
    }
    let record = Record::new(fields, end)?;
    Ok(Parsed { dtype: DType::Record(Arc::new(record)), swap: of_fields(swaps) })
}

/// The description of a record in native byte order, padding included. `None` for what is no record, for fields that
/// overlap or are out of order, and for types that NumPy has no letter for.
pub fn descr(dtype: &DType) -> Option<Vec<DescrEntry>> {
    let record = dtype.record()?;
    let padding = |bytes: usize| {
        let content = Descr::Typestr(format!("|V{bytes}"));
        (bytes > 0).then_some(DescrEntry { name: String::new(), content, shape: Vec::new() })
    };
    let (mut entries, mut end) = (Vec::new(), 0);
    for field in record.fields() {
        entries.extend(padding(field.offset.checked_sub(end)?));
        let content = match &field.dtype {
            DType::Record(_) => Descr::Record(descr(&field.dtype)?),
            plain => Descr::Typestr(typestr(plain)?),
        };
        entries.push(DescrEntry { name: field.name.to_string(), content, shape: field.shape.to_vec() });
        end = field.offset + field.nbytes()?;
    }
    entries.extend(padding(record.itemsize().checked_sub(end)?));
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_strings_come_back() {
        for text in
            ["|b1", "|i1", "<i8", "<u2", "<f2", "<f8", "<c8", "<c16", "|S5", "<U3", "|V16", "<M8[10ns]", "<m8", "|S0"]
        {
            let parsed = parse_typestr(text).unwrap();
            assert!(parsed.swap.is_none(), "{text}");
            assert_eq!(typestr(&parsed.dtype).as_deref(), Some(text));
        }
        for (text, unit) in [(">i4", 4), (">c16", 8), (">U2", 4), (">M8[s]", 8), (">c8", 4)] {
            assert_eq!(parse_typestr(text).unwrap().swap, Swap::Units(unit), "{text}");
        }
        assert!(parse_typestr(">S3").unwrap().swap.is_none());
    }

    #[test]
    fn what_is_no_type_string_is_refused_with_its_place() {
        for (text, words) in [
            ("|O8", "found a Python object at byte 1"),
            ("|O", "found a Python object at byte 1"),
            ("<f16", "found a long double"),
            ("<c32", "found a complex of long doubles"),
            ("|t3", "found bits"),
            ("f8", "at byte 0"),
            ("<f", "expected a size at byte 2"),
            ("<f3", "expected a size that the kind has"),
            ("<f800", "long double"),
            ("<i8[ns]", "expected the end at byte 3"),
            ("<M8[xs]", "expected a unit"),
            ("<M4[s]", "expected a kind and its size"),
            ("", "at byte 0"),
            ("<é8", "at byte"),
            ("<U99999999999999999999", "expected a size"),
            ("<f8\0", "expected the end"),
        ] {
            let error = parse_typestr(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_record_with_padding_and_sub_arrays_comes_back() {
        let point = Record::new(vec![Field::new("x", DType::F32, 0), Field::new("y", DType::F32, 4)], 8).unwrap();
        let fields = vec![
            Field::new("id", DType::U8, 0),
            Field { shape: Box::new([2, 3]), ..Field::new("p", DType::Record(Arc::new(point)), 8) },
        ];
        let dtype = DType::Record(Arc::new(Record::new(fields, 60).unwrap()));
        let entries = descr(&dtype).unwrap();
        assert_eq!(entries[1].content, Descr::Typestr("|V7".into()));
        assert_eq!(parse_descr(&entries).unwrap().dtype, dtype);
        assert_eq!(typestr(&dtype).as_deref(), Some("|V60"));
    }

    #[test]
    fn descriptions_that_bomb_are_refused() {
        let mut deep = DescrEntry { name: "a".into(), content: Descr::Typestr("|u1".into()), shape: vec![] };
        for _ in 0..100 {
            deep = DescrEntry { name: "a".into(), content: Descr::Record(vec![deep]), shape: vec![] };
        }
        assert!(matches!(parse_descr(&[deep]), Err(NotationError::TooComplex { limit: 64, .. })));
        let wide = DescrEntry { name: "a".into(), content: Descr::Typestr("<f8".into()), shape: vec![usize::MAX, 2] };
        assert!(parse_descr(&[wide]).is_err());
    }
}
