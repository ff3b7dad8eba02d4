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
        let multiple = if count.is_empty() {
            1
        } else {
            count.parse().ok().filter(|m| (1..=i32::MAX.unsigned_abs()).contains(m))?
        };
        let unit = NAMES.iter().find(|(_, n)| *n == name)?.0;
        Some(TimeUnit { unit, multiple })
    }

    /// The coarsest unit that counts whole ones of both, as NumPy finds it. Years and months have no fixed length: they
    /// stand for themselves, and for each other.
    pub(super) fn promote(self, other: TimeUnit) -> Option<TimeUnit> {
        if self == other {
            return Some(self);
        }
        let common = gcd(self.length()?, other.length_beside(self)?);
        let fine = if self.unit.length()? <= other.unit.length()? { self.unit } else { other.unit };
        let multiple = u32::try_from(common / fine.length()?).ok()?;
        Some(TimeUnit { unit: fine, multiple })
    }

    /// How many of `finer` one of these is, where that is a whole number.
    pub(crate) fn counts(self, finer: TimeUnit) -> Option<i64> {
        let (coarse, fine) = (self.length_beside(finer)?, finer.length()?);
        i64::try_from(coarse / fine).ok().filter(|_| coarse.is_multiple_of(fine))
    }

    fn length(self) -> Option<u128> {
        Some(self.unit.length()? * u128::from(self.multiple))
    }

    /// The length, where that of the other unit is measured likewise.
    fn length_beside(self, other: TimeUnit) -> Option<u128> {
        self.length().filter(|_| self.unit.is_calendar() == other.unit.is_calendar())
    }
}

impl Unit {
    /// The length in attoseconds; of years and months in months.
    fn length(self) -> Option<u128> {
        const SECOND: u128 = 1_000_000_000_000_000_000;
        Some(match self {
            Unit::Year => 12,
            Unit::Month | Unit::Attosecond => 1,
            Unit::Week => 7 * 86_400 * SECOND,
            Unit::Day => 86_400 * SECOND,
            Unit::Hour => 3_600 * SECOND,
            Unit::Minute => 60 * SECOND,
            Unit::Second => SECOND,
            Unit::Millisecond => SECOND / 1_000,
            Unit::Microsecond => SECOND / 1_000_000,
            Unit::Nanosecond => 1_000_000_000,
            Unit::Picosecond => 1_000_000,
            Unit::Femtosecond => 1_000,
            Unit::Generic => return None,
        })
    }

    fn is_calendar(self) -> bool {
        matches!(self, Unit::Year | Unit::Month)
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
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
