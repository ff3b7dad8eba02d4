//! `BigInt`: an integer of any size, as it crosses; no arithmetic.

use core::fmt;
use core::str::FromStr;

/// An integer of any size. It has no arithmetic: Python's operators compute with it ([`Op`](crate::Op)).
///
/// # Invariants
///
/// 1. Two's complement, the lowest byte first, at least one byte, and no byte that says nothing: equal numbers are
///    equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt {
    bytes: Vec<u8>,
}

impl BigInt {
    /// The number of these bytes: two's complement, the lowest byte first. No bytes are 0.
    pub fn from_le_bytes(bytes: impl Into<Vec<u8>>) -> BigInt {
        let mut bytes = bytes.into();
        if bytes.is_empty() {
            bytes.push(0);
        }
        while let [.., before, last] = bytes[..] {
            let sign = if before & 0x80 == 0 { 0 } else { 0xFF };
            if last != sign {
                break;
            }
            bytes.pop();
        }
        BigInt { bytes }
    }

    /// Two's complement, the lowest byte first, without a byte too many.
    pub fn to_le_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Says whether it is below 0.
    pub fn is_negative(&self) -> bool {
        self.bytes.last().is_some_and(|last| last & 0x80 != 0)
    }

    /// The number, if it has room in 128 bits.
    pub fn to_i128(&self) -> Option<i128> {
        let mut wide = [if self.is_negative() { 0xFF } else { 0 }; 16];
        wide.get_mut(..self.bytes.len())?.copy_from_slice(&self.bytes);
        Some(i128::from_le_bytes(wide))
    }

    /// The number, if it has room in 64 bits.
    pub fn to_i64(&self) -> Option<i64> {
        self.to_i128()?.try_into().ok()
    }

    /// The bytes of the other sign.
    fn negated(&self) -> BigInt {
        // One byte more, since the most negative number of so many bytes has no opposite in them.
        let mut bytes = self.bytes.clone();
        bytes.push(if self.is_negative() { 0xFF } else { 0 });
        let mut carry = true;
        for byte in &mut bytes {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
        BigInt::from_le_bytes(bytes)
    }
}

impl From<i128> for BigInt {
    fn from(number: i128) -> BigInt {
        BigInt::from_le_bytes(number.to_le_bytes())
    }
}

impl From<i64> for BigInt {
    fn from(number: i64) -> BigInt {
        BigInt::from(i128::from(number))
    }
}

impl From<u64> for BigInt {
    fn from(number: u64) -> BigInt {
        BigInt::from(i128::from(number))
    }
}

impl fmt::Display for BigInt {
    /// Decimal. Takes time with the square of the number of digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = if self.is_negative() { self.negated().bytes } else { self.bytes.clone() };
        let mut digits = Vec::new();
        while rest.iter().any(|byte| *byte != 0) {
            let mut remainder = 0u32;
            for byte in rest.iter_mut().rev() {
                let part = remainder << 8 | u32::from(*byte);
                *byte = u8::try_from(part / 10).unwrap_or(u8::MAX);
                remainder = part % 10;
            }
            digits.push(char::from_digit(remainder, 10).unwrap_or('?'));
            while rest.last() == Some(&0) {
                rest.pop();
            }
        }
        let text = if digits.is_empty() { "0".to_owned() } else { digits.iter().rev().collect() };
        f.pad_integral(!self.is_negative(), "", &text)
    }
}

/// The text is no decimal integer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoInteger {
    _private: (),
}

impl fmt::Display for NoInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected decimal digits, perhaps behind a sign, but found something else")
    }
}

impl core::error::Error for NoInteger {}

impl FromStr for BigInt {
    type Err = NoInteger;

    /// Decimal, with or without a sign. Takes time with the square of the number of digits.
    fn from_str(text: &str) -> Result<BigInt, NoInteger> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            all => (false, all),
        };
        if digits.is_empty() {
            return Err(NoInteger { _private: () });
        }
        let mut bytes = vec![0u8];
        for digit in digits {
            let value = char::from(*digit).to_digit(10).ok_or(NoInteger { _private: () })?;
            let mut carry = value;
            for byte in &mut bytes {
                let part = u32::from(*byte) * 10 + carry;
                [*byte, _, _, _] = part.to_le_bytes();
                carry = part >> 8;
            }
            if carry != 0 {
                let [carry, ..] = carry.to_le_bytes();
                bytes.push(carry);
            }
        }
        bytes.push(0); // Positive, whatever the last bit says.
        let number = BigInt::from_le_bytes(bytes);
        Ok(if negative { number.negated() } else { number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_128_bits() {
        let mut numbers = vec![0, 1, -1, i128::MAX, i128::MIN, i128::MAX - 1];
        for shift in 0..127 {
            let power = 1i128 << shift;
            numbers.extend([power, power - 1, power + 1, -power, -power - 1, 1 - power]);
        }
        for number in numbers {
            let big = BigInt::from(number);
            assert_eq!(big.to_i128(), Some(number));
            assert_eq!(big.to_string(), number.to_string());
            assert_eq!(number.to_string().parse(), Ok(big.clone()));
            assert_eq!(big.negated().negated(), big);
            assert_eq!(big.to_i64(), i64::try_from(number).ok());
            assert_eq!(
                BigInt::from_le_bytes([number.to_le_bytes(), [if number < 0 { 0xFF } else { 0 }; 16]].concat()),
                big
            );
        }
    }

    #[test]
    fn numbers_of_many_bytes_are_written_and_read() {
        let text = "-12345678901234567890123456789012345678901234567890";
        let big: BigInt = text.parse().unwrap();
        assert_eq!((big.to_string().as_str(), big.to_i128()), (text, None));
        assert_eq!(
            format!("{:>5}|{:<3}|{:+}", BigInt::from(12i64), BigInt::from(0i64), BigInt::from(7u64)),
            "   12|0  |+7"
        );
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", "1.5", "0x1", " 1", "--1", "1_0"] {
            assert!(text.parse::<BigInt>().is_err(), "{text:?}");
        }
        assert_eq!(BigInt::from_le_bytes([]), BigInt::from(0i64));
    }
}
