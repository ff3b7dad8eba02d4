//! `TimeUnit`: what a datetime64 or a timedelta64 counts.

use core::fmt;

/// A calendar or clock unit, as NumPy names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Picosecond,
    Femtosecond,
    Attosecond,
    /// No unit: NumPy's generic type.
    Generic,
}

const NAMES: [(Unit, &str); 13] = [
    (Unit::Year, "Y"),
    (Unit::Month, "M"),
    (Unit::Week, "W"),
    (Unit::Day, "D"),
    (Unit::Hour, "h"),
    (Unit::Minute, "m"),
    (Unit::Second, "s"),
    (Unit::Millisecond, "ms"),
    (Unit::Microsecond, "us"),
    (Unit::Nanosecond, "ns"),
    (Unit::Picosecond, "ps"),
    (Unit::Femtosecond, "fs"),
    (Unit::Attosecond, "as"),
];

/// A unit and how many of them one count stands for: `[10ns]` is ten nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeUnit {
    /// The unit.
    pub unit: Unit,
    /// How many; 1 for a generic unit.
    pub multiple: u32,
}

impl TimeUnit {
    /// No unit at all.
    pub const GENERIC: TimeUnit = TimeUnit { unit: Unit::Generic, multiple: 1 };

    /// One `unit`.
    pub const fn one(unit: Unit) -> TimeUnit {
        TimeUnit { unit, multiple: 1 }
    }

    /// Reads `[ns]` or `[10ns]`; the empty text is the generic unit.
    pub fn parse(text: &str) -> Option<TimeUnit> {
        if text.is_empty() {
            return Some(TimeUnit::GENERIC);
        }
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
        let (count, name) = inner.split_at(digits);
        let multiple = if count.is_empty() { 1 } else { count.parse().ok().filter(|m| (1..=i32::MAX.unsigned_abs()).contains(m))? };
        let unit = NAMES.iter().find(|(_, n)| *n == name)?.0;
        Some(TimeUnit { unit, multiple })
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((_, name)) = NAMES.iter().find(|(unit, _)| *unit == self.unit) else { return Ok(()) };
        match self.multiple {
            1 => write!(f, "[{name}]"),
            multiple => write!(f, "[{multiple}{name}]"),
        }
    }
}
