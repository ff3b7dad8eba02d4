//! The dtype that elements of two dtypes fit in, as NumPy finds it.

use super::DType;
use super::scalar::code;

impl DType {
    /// The smallest dtype that both cast to, by NumPy's rules (`numpy.result_type`); `None` where there is none.
    ///
    /// An int64 and a uint64 become float64, which does not have all of them. `bfloat16` is float32 with everything but bools
    /// and itself. What is no number goes with its own kind alone.
    pub fn promote(&self, other: &DType) -> Option<DType> {
        if self == other {
            return Some(self.clone());
        }
        let (a, b) = match (self, other) {
            (DType::Scalar(a), DType::Scalar(b)) => (a, b),
            (DType::DateTime(a), DType::DateTime(b)) => return a.promote(*b).map(DType::DateTime),
            (DType::TimeDelta(a), DType::TimeDelta(b)) => return a.promote(*b).map(DType::TimeDelta),
            _ => return None,
        };
        if a.lanes() != 1 || b.lanes() != 1 {
            return None;
        }
        let (a, b) = (Number::of(a.code(), a.bits())?, Number::of(b.code(), b.bits())?);
        let made = a.with(b);
        DType::from_dlpack(made.kind.code(), made.bits, 1)
    }
}

/// Kinds, from the narrowest to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bool,
    Unsigned,
    Signed,
    Brain,
    Float,
    Complex,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Kind::Bool => code::BOOL,
            Kind::Unsigned => code::UINT,
            Kind::Signed => code::INT,
            Kind::Brain => code::BFLOAT,
            Kind::Float => code::FLOAT,
            Kind::Complex => code::COMPLEX,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    kind: Kind,
    bits: u8,
}

impl Number {
    fn of(code: u8, bits: u8) -> Option<Number> {
        let kind = match (code, bits) {
            (code::BOOL, 8) => Kind::Bool,
            (code::UINT, 8 | 16 | 32 | 64) => Kind::Unsigned,
            (code::INT, 8 | 16 | 32 | 64) => Kind::Signed,
            (code::BFLOAT, 16) => Kind::Brain,
            (code::FLOAT, 16 | 32 | 64) => Kind::Float,
            (code::COMPLEX, 64 | 128) => Kind::Complex,
            _ => return None,
        };
        Some(Number { kind, bits })
    }

    fn with(self, other: Number) -> Number {
        let (narrow, wide) = if self.kind <= other.kind { (self, other) } else { (other, self) };
        if narrow.kind == wide.kind {
            return Number { bits: narrow.bits.max(wide.bits), ..wide };
        }
        let float = |bits| Number { kind: Kind::Float, bits };
        match (narrow.kind, wide.kind) {
            (Kind::Bool, _) => wide,
            (Kind::Unsigned, Kind::Signed) if wide.bits > narrow.bits => wide,
            (Kind::Unsigned, Kind::Signed) if narrow.bits == 64 => float(64),
            (Kind::Unsigned, Kind::Signed) => Number { kind: Kind::Signed, bits: narrow.bits * 2 },
            (_, Kind::Brain) | (Kind::Brain, Kind::Float) => narrow.float().with(float(32)).with(wide.float()),
            (_, Kind::Complex) => Number { bits: narrow.float().bits.max(wide.bits / 2) * 2, ..wide },
            _ => narrow.float().with(wide),
        }
    }

    /// The smallest float that has every such number, or 64 bits.
    fn float(self) -> Number {
        let bits = match (self.kind, self.bits) {
            (Kind::Bool, _) => 16,
            (Kind::Brain, _) => 32,
            (Kind::Unsigned | Kind::Signed, bits) => {
                if bits < 32 {
                    bits * 2
                } else {
                    64
                }
            }
            (Kind::Float | Kind::Complex, bits) => bits,
        };
        Number { kind: Kind::Float, bits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.result_type(row, column)`, seen with NumPy 2.4.6; rows and columns are the first row.
    const NUMPY: &str = "
bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128
int8 int8 int16 int32 int64 int16 int32 int64 float64 float16 float32 float64 complex64 complex128
int16 int16 int16 int32 int64 int16 int32 int64 float64 float32 float32 float64 complex64 complex128
int32 int32 int32 int32 int64 int32 int32 int64 float64 float64 float64 float64 complex128 complex128
int64 int64 int64 int64 int64 int64 int64 int64 float64 float64 float64 float64 complex128 complex128
uint8 int16 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128
uint16 int32 int32 int32 int64 uint16 uint16 uint32 uint64 float32 float32 float64 complex64 complex128
uint32 int64 int64 int64 int64 uint32 uint32 uint32 uint64 float64 float64 float64 complex128 complex128
uint64 float64 float64 float64 float64 uint64 uint64 uint64 uint64 float64 float64 float64 complex128 complex128
float16 float16 float32 float64 float64 float16 float32 float64 float64 float16 float32 float64 complex64 complex128
float32 float32 float32 float64 float64 float32 float32 float64 float64 float32 float32 float64 complex64 complex128
float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 complex128 complex128
complex64 complex64 complex64 complex128 complex128 complex64 complex64 complex128 complex128 complex64 complex64 complex128 complex64 complex128
complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128 complex128";

    #[test]
    fn numbers_become_what_numpy_makes_of_them() {
        let rows: Vec<Vec<DType>> = NUMPY
            .trim()
            .lines()
            .map(|row| row.split(' ').map(|name| DType::from_name(name).unwrap()).collect())
            .collect();
        let names = rows[0].clone();
        assert_eq!(rows.len(), 14);
        for (a, row) in names.iter().zip(&rows) {
            for (b, made) in names.iter().zip(row) {
                assert_eq!(a.promote(b).as_ref(), Some(made), "{a} with {b}");
            }
        }
    }

    #[test]
    fn what_is_no_number_goes_with_its_own_kind_alone() {
        let days = DType::from_name("datetime64[D]").unwrap();
        assert_eq!(days.promote(&days), Some(days.clone()));
        assert_eq!(days.promote(&DType::I64), None);
        assert_eq!(DType::BF16.promote(&DType::F16), Some(DType::F32));
        assert_eq!(DType::BF16.promote(&DType::F64), Some(DType::F64));
        assert_eq!(DType::BOOL.promote(&DType::BF16), Some(DType::BF16));
    }

    /// `numpy.result_type`, seen with NumPy 2.4.6; "" where it has none, or one by a calendar.
    const TIMES: [(&str, &str, &str); 12] = [
        ("D", "ns", "ns"),
        ("s", "ms", "ms"),
        ("2h", "3h", "h"),
        ("7s", "2m", "s"),
        ("6s", "4s", "2s"),
        ("10ms", "s", "10ms"),
        ("W", "D", "D"),
        ("Y", "M", "M"),
        ("5M", "Y", "M"),
        ("M", "D", ""),
        ("Y", "ns", ""),
        ("ps", "as", "as"),
    ];

    #[test]
    fn times_become_those_of_the_unit_that_counts_both() {
        for kind in ["datetime64", "timedelta64"] {
            let time = |unit: &str| DType::from_name(&format!("{kind}[{unit}]"));
            for (a, b, both) in TIMES {
                let (a, b) = (time(a).unwrap(), time(b).unwrap());
                let wanted = if both.is_empty() { None } else { time(both) };
                assert_eq!((a.promote(&b), b.promote(&a)), (wanted.clone(), wanted), "{a} {b}");
            }
        }
        let (point, span) = (DType::from_name("datetime64[s]").unwrap(), DType::from_name("timedelta64[s]").unwrap());
        assert_eq!((point.promote(&span), point.promote(&DType::I64)), (None, None));
    }
}
