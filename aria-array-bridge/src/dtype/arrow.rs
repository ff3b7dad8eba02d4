//! Arrow's format strings, for the types whose values lie one behind the other in one buffer.

use super::{DType, TimeUnit, Unit};

const UNITS: [(char, Unit); 4] =
    [('s', Unit::Second), ('m', Unit::Millisecond), ('u', Unit::Microsecond), ('n', Unit::Nanosecond)];

const PLAIN: [(&str, DType); 11] = [
    ("c", DType::I8),
    ("C", DType::U8),
    ("s", DType::I16),
    ("S", DType::U16),
    ("i", DType::I32),
    ("I", DType::U32),
    ("l", DType::I64),
    ("L", DType::U64),
    ("e", DType::F16),
    ("f", DType::F32),
    ("g", DType::F64),
];

/// The Arrow format whose memory is that of the dtype; `None` where Arrow lays values out differently (bool: bits), or
/// has no such type.
pub fn arrow_format(dtype: &DType) -> Option<String> {
    let unit = |unit: &TimeUnit| UNITS.iter().find(|(_, u)| *u == unit.unit && unit.multiple == 1).map(|(c, _)| *c);
    match dtype {
        DType::DateTime(time) => Some(format!("ts{}:", unit(time)?)),
        DType::TimeDelta(time) => Some(format!("tD{}", unit(time)?)),
        // Arrow's widths are int32.
        DType::Bytes(len) | DType::Void(len) => i32::try_from(*len).ok().map(|len| format!("w:{len}")),
        _ => PLAIN.iter().find(|(_, plain)| plain == dtype).map(|(format, _)| (*format).to_owned()),
    }
}

/// The dtype whose memory is that of an Arrow format. Timestamps with a zone, dates and times of day are none here.
pub fn parse_arrow_format(format: &str) -> Option<DType> {
    if let Some((_, dtype)) = PLAIN.iter().find(|(plain, _)| *plain == format) {
        return Some(dtype.clone());
    }
    if let Some(len) = format.strip_prefix("w:") {
        let digits = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
        let len = len.parse::<i32>().ok().filter(|_| digits)?; // Arrow's widths are int32.
        return usize::try_from(len).ok().map(DType::Void);
    }
    let unit =
        |text: &str| UNITS.iter().find(|(c, _)| text == c.encode_utf8(&mut [0; 4])).map(|(_, u)| TimeUnit::one(*u));
    if let Some(text) = format.strip_prefix("ts") {
        return unit(text.strip_suffix(':')?).map(DType::DateTime);
    }
    unit(format.strip_prefix("tD")?).map(DType::TimeDelta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_come_back_and_others_are_none() {
        for format in ["c", "L", "e", "g", "tss:", "tsn:", "tDu", "w:16"] {
            let dtype = parse_arrow_format(format).unwrap();
            assert_eq!(arrow_format(&dtype).as_deref(), Some(format));
        }
        for format in [
            "b",
            "u",
            "tdD",
            "tsn:UTC",
            "tss",
            "w:",
            "w:-1",
            "w:+1",
            "w:2147483648",
            "w:4:4",
            "",
            "tDx",
            "i4",
            "d:38,10",
        ] {
            assert_eq!(parse_arrow_format(format), None, "{format}");
        }
        assert_eq!(arrow_format(&DType::BOOL), None);
    }
}
