//! Format strings: how many buffers and children an array of a type has, and how wide its values are.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface.html#data-type-description-format-strings>
#![forbid(unsafe_code)]

/// How the values of a type lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `n`: every value is null; no buffers.
    Null,
    /// `b`: a bit a value.
    Bool,
    /// Values of so many **bytes**, one behind the other: numbers, decimals, dates, times, `w:`.
    Fixed(usize),
    /// `u`, `U`, `z`, `Z`: bytes between offsets.
    Bytes {
        /// Offsets of 8 bytes instead of 4.
        large: bool,
        /// The bytes of each value are UTF-8.
        utf8: bool,
    },
    /// `vu`, `vz`: 16-byte views into any number of buffers.
    View {
        /// The bytes of each value are UTF-8.
        utf8: bool,
    },
    /// `+l`, `+L`, `+m`: the child's values between offsets.
    List {
        /// Offsets of 8 bytes instead of 4.
        large: bool,
    },
    /// `+vl`, `+vL`: the child's values from an offset, as many as a size says.
    ListView {
        /// Offsets and sizes of 8 bytes instead of 4.
        large: bool,
    },
    /// `+w:N`: N values of the child each.
    FixedList(usize),
    /// `+s`: one value of every child.
    Struct,
    /// `+us:` (sparse) and `+ud:` (dense): a value of one of the children.
    Union {
        /// Values are found by offsets.
        dense: bool,
        /// Number of type ids, one for each child.
        ids: usize,
    },
    /// `+r`: run ends, and the value of each run.
    RunEnds,
    /// A format that this crate does not know. It is carried, not read.
    Unknown,
}

/// How many buffers or children an array of a format has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

impl Count {
    /// Returns true if `found` is such a number.
    pub fn admits(self, found: usize) -> bool {
        match self {
            Count::Exactly(n) => n == found,
            Count::AtLeast(n) => n <= found,
        }
    }
}

impl core::fmt::Display for Count {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Count::Exactly(n) => write!(f, "{n}"),
            Count::AtLeast(n) => write!(f, "{n} or more"),
        }
    }
}

/// Widths are int32 in Arrow: of digits alone, without a sign.
fn width(digits: &str) -> Option<usize> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<i32>().ok().filter(|_| plain).and_then(|width| usize::try_from(width).ok())
}

/// `d:precision,scale[,bits]`, of no more digits than so many bits hold.
fn decimal(text: &str) -> Option<usize> {
    let mut parts = text.split(',');
    let (precision, scale) = (parts.next()?, parts.next()?);
    let bits = parts.next().map_or(Some(128), width)?;
    let scale = scale.strip_prefix('-').unwrap_or(scale);
    let digits = match bits {
        32 => 9,
        64 => 18,
        128 => 38,
        256 => 76,
        _ => return None,
    };
    let fits = width(precision).is_some_and(|precision| (1..=digits).contains(&precision));
    (fits && width(scale).is_some() && parts.next().is_none()).then_some(bits / 8)
}

/// `0,1,2`: the type ids of a union; none for the empty text.
fn ids(text: &str) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    text.split(',').map(|id| width(id).filter(|id| *id < 128)).try_fold(0, |n, id| id.map(|_| n + 1))
}

/// Integers: what dictionary indices are.
pub(crate) fn is_integer(format: &str) -> bool {
    matches!(format, "c" | "C" | "s" | "S" | "i" | "I" | "l" | "L")
}

impl Format {
    /// What a format string says; [`Unknown`](Format::Unknown) where it is none that this crate knows.
    #[must_use]
    pub fn parse(format: &str) -> Format {
        Format::known(format).unwrap_or(Format::Unknown)
    }

    /// Returns true for a format of a known kind whose parameters are none: `w:-1`, `d:38`, `+w:`.
    pub(crate) fn is_malformed(format: &str) -> bool {
        let kind = format.split_once(':').map_or(format, |(kind, _)| kind);
        matches!(kind, "w" | "d" | "+w" | "+us" | "+ud" | "tss" | "tsm" | "tsu" | "tsn")
            && Format::known(format).is_none()
    }

    fn known(format: &str) -> Option<Format> {
        let known = match format {
            "n" => Format::Null,
            "b" => Format::Bool,
            "c" | "C" => Format::Fixed(1),
            "s" | "S" | "e" => Format::Fixed(2),
            "i" | "I" | "f" | "tdD" | "tts" | "ttm" | "tiM" => Format::Fixed(4),
            "l" | "L" | "g" | "tdm" | "ttu" | "ttn" | "tDs" | "tDm" | "tDu" | "tDn" | "tiD" => Format::Fixed(8),
            "tin" => Format::Fixed(16),
            "u" => Format::Bytes { large: false, utf8: true },
            "U" => Format::Bytes { large: true, utf8: true },
            "z" => Format::Bytes { large: false, utf8: false },
            "Z" => Format::Bytes { large: true, utf8: false },
            "vu" => Format::View { utf8: true },
            "vz" => Format::View { utf8: false },
            "+l" | "+m" => Format::List { large: false },
            "+L" => Format::List { large: true },
            "+vl" => Format::ListView { large: false },
            "+vL" => Format::ListView { large: true },
            "+s" => Format::Struct,
            "+r" => Format::RunEnds,
            _ => return Format::with_parts(format),
        };
        Some(known)
    }

    fn with_parts(format: &str) -> Option<Format> {
        if let Some(text) = format.strip_prefix("ts") {
            let (unit, _zone) = text.split_once(':')?;
            return matches!(unit, "s" | "m" | "u" | "n").then_some(Format::Fixed(8));
        }
        let (kind, text) = format.split_once(':')?;
        match kind {
            "w" => width(text).map(Format::Fixed),
            "d" => decimal(text).map(Format::Fixed),
            "+w" => width(text).map(Format::FixedList),
            "+us" => ids(text).map(|ids| Format::Union { dense: false, ids }),
            "+ud" => ids(text).map(|ids| Format::Union { dense: true, ids }),
            _ => None,
        }
    }

    /// Number of buffers, the validity bitmap among them; `None` for an unknown format.
    pub fn buffers(self) -> Option<Count> {
        Some(match self {
            Format::Null | Format::RunEnds => Count::Exactly(0),
            Format::FixedList(_) | Format::Struct | Format::Union { dense: false, .. } => Count::Exactly(1),
            Format::Bool | Format::Fixed(_) | Format::List { .. } | Format::Union { dense: true, .. } => {
                Count::Exactly(2)
            }
            Format::Bytes { .. } | Format::ListView { .. } => Count::Exactly(3),
            Format::View { .. } => Count::AtLeast(3),
            Format::Unknown => return None,
        })
    }

    /// The most bytes that an element takes in one of the buffers whose size follows from the number of elements.
    pub(crate) fn pitch(self) -> usize {
        match self {
            Format::Fixed(width) => width.max(1), // The bitmap has no more than a byte.
            Format::View { .. } => 16,
            Format::Bytes { large, .. } | Format::List { large } | Format::ListView { large } => {
                4 << usize::from(large)
            }
            Format::Union { dense, .. } => 1 << (2 * usize::from(dense)),
            Format::Null | Format::Bool | Format::FixedList(_) | Format::Struct | Format::RunEnds | Format::Unknown => {
                1
            }
        }
    }

    /// Number of children; `None` for an unknown format.
    pub fn children(self) -> Option<Count> {
        Some(match self {
            Format::List { .. } | Format::ListView { .. } | Format::FixedList(_) => Count::Exactly(1),
            Format::RunEnds => Count::Exactly(2),
            Format::Union { ids, .. } => Count::Exactly(ids),
            Format::Struct => Count::AtLeast(0),
            Format::Unknown => return None,
            _ => Count::Exactly(0),
        })
    }

    /// Returns true if the first buffer is a validity bitmap.
    pub fn has_validity(self) -> bool {
        !matches!(self, Format::Null | Format::Union { .. } | Format::RunEnds | Format::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_of_the_specification_has_its_width() {
        let table = [
            ("n", Format::Null),
            ("b", Format::Bool),
            ("e", Format::Fixed(2)),
            ("d:38,10", Format::Fixed(16)),
            ("d:9,-2,32", Format::Fixed(4)),
            ("d:76,0,256", Format::Fixed(32)),
            ("w:42", Format::Fixed(42)),
            ("w:0", Format::Fixed(0)),
            ("tdD", Format::Fixed(4)),
            ("tdm", Format::Fixed(8)),
            ("ttm", Format::Fixed(4)),
            ("tsu:Europe/Paris", Format::Fixed(8)),
            ("tsn:", Format::Fixed(8)),
            ("tin", Format::Fixed(16)),
            ("vu", Format::View { utf8: true }),
            ("+w:3", Format::FixedList(3)),
            ("+us:0,5", Format::Union { dense: false, ids: 2 }),
            ("+ud:", Format::Union { dense: true, ids: 0 }),
            ("+m", Format::List { large: false }),
        ];
        for (text, format) in table {
            assert_eq!(Format::parse(text), format, "{text}");
        }
    }

    #[test]
    fn what_is_no_format_is_unknown() {
        for text in [
            "",
            "x",
            "tsx:",
            "tsn",
            "w:",
            "w:-1",
            "w:+1",
            "w:2147483648",
            "d:38",
            "d:38,1,7",
            "d:39,1",
            "d:0,0",
            "d:10,2,32",
            "+w:99999999999",
            "d:,1",
            "+w:",
            "+us:300",
            "+us:,",
            "g ",
            "tD",
        ] {
            assert_eq!(Format::parse(text), Format::Unknown, "{text}");
            // What begins as a known kind says something wrong; anything else may be of a later version.
            let later = ["", "x", "tsx:", "g ", "tD"].contains(&text);
            assert_eq!(Format::is_malformed(text), !later, "{text}");
        }
        assert!(!Format::is_malformed("d:38,-2") && !Format::is_malformed("w:3") && !Format::is_malformed("n"));
    }
}
