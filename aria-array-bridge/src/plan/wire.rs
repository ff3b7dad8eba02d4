//! Plans as bytes, for the operations table: tagged, length-prefixed, little-endian.
//!
//! A list is a count of plans; a plan is its fields in the order of the struct. A reader refuses
//! what is cut short and never trusts a length further than the bytes that are there.

use super::{Outcome, Plan, Reason};
use std::borrow::Cow;

/// The bytes are no encoded plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Where reading stopped, in bytes from the start.
    pub at: usize,
}

impl core::fmt::Display for WireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "expected an encoded plan but found something else at byte {}", self.at)
    }
}

impl core::error::Error for WireError {}

impl Plan {
    /// Encodes plans for the operations table.
    #[doc(hidden)]
    pub fn encode(plans: &[Plan]) -> Vec<u8> {
        let mut out = Vec::new();
        put_len(&mut out, plans.len());
        for plan in plans {
            out.push(match plan.outcome {
                Outcome::View => 0,
                Outcome::Copy => 1,
                Outcome::Refuse => 2,
            });
            for text in [&plan.protocol, &plan.source, &plan.target] {
                put_text(&mut out, text);
            }
            out.extend_from_slice(&plan.copied_bytes.to_le_bytes());
            for address in [plan.source_address, plan.target_address] {
                out.push(u8::from(address.is_some()));
                out.extend_from_slice(&address.unwrap_or(0).to_le_bytes());
            }
            put_len(&mut out, plan.reasons.len());
            for r in &plan.reasons {
                for text in [&r.code, &r.rule, &r.text, &r.location, &r.found, &r.wanted, &r.hint] {
                    put_text(&mut out, text);
                }
            }
        }
        out
    }

    /// Decodes what [`Plan::encode`] made.
    ///
    /// # Errors
    ///
    /// Says at which byte the input stops being a list of plans.
    #[doc(hidden)]
    pub fn decode(bytes: &[u8]) -> Result<Vec<Plan>, WireError> {
        let mut reader = Reader { bytes, at: 0 };
        let count = reader.len()?;
        let mut plans = Vec::new();
        for _ in 0..count {
            let outcome = match reader.byte()? {
                0 => Outcome::View,
                1 => Outcome::Copy,
                2 => Outcome::Refuse,
                _ => return Err(WireError { at: reader.at }),
            };
            let (protocol, source, target) = (reader.text()?, reader.text()?, reader.text()?);
            let copied_bytes = reader.word()?;
            let (source_address, target_address) = (reader.address()?, reader.address()?);
            let mut reasons = Vec::new();
            for _ in 0..reader.len()? {
                reasons.push(Reason {
                    code: reader.text()?,
                    rule: reader.text()?,
                    text: reader.text()?,
                    location: reader.text()?,
                    found: reader.text()?,
                    wanted: reader.text()?,
                    hint: reader.text()?,
                });
            }
            plans.push(Plan {
                outcome,
                protocol,
                source,
                target,
                copied_bytes,
                source_address,
                target_address,
                reasons,
            });
        }
        if reader.at == bytes.len() { Ok(plans) } else { Err(WireError { at: reader.at }) }
    }
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&(len as u64).to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_len(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, len: usize) -> Result<&[u8], WireError> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.bytes.len()).ok_or(WireError { at: self.at })?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.take(1)?[0])
    }

    fn word(&mut self) -> Result<u64, WireError> {
        let at = self.at;
        self.take(8)?.try_into().map(u64::from_le_bytes).map_err(|_| WireError { at })
    }

    fn len(&mut self) -> Result<usize, WireError> {
        let at = self.at;
        usize::try_from(self.word()?).map_err(|_| WireError { at })
    }

    fn address(&mut self) -> Result<Option<u64>, WireError> {
        let present = self.byte()? == 1;
        Ok(Some(self.word()?).filter(|_| present))
    }

    fn text(&mut self) -> Result<Cow<'static, str>, WireError> {
        let len = self.len()?;
        let at = self.at;
        let text = core::str::from_utf8(self.take(len)?).map_err(|_| WireError { at })?;
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Plan> {
        let mut view = Plan::view("numpy struct", "numpy.ndarray", "Array float64[3]");
        view.source_address = Some(0);
        view.target_address = Some(u64::MAX);
        let refusal =
            Plan::view("dlpack", "é", "").refusing(Reason::new("x", "L1", "y").expected("a", "b").at("axis 0"));
        vec![view, refusal]
    }

    #[test]
    fn encoded_plans_come_back_equal() {
        assert_eq!(Plan::decode(&Plan::encode(&sample())), Ok(sample()));
        assert_eq!(Plan::decode(&Plan::encode(&[])), Ok(vec![]));
    }

    #[test]
    fn every_cut_and_every_trailing_byte_is_refused() {
        let bytes = Plan::encode(&sample());
        for end in 0..bytes.len() {
            assert!(Plan::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert!(Plan::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn a_length_beyond_the_input_is_refused_before_anything_is_reserved() {
        assert_eq!(Plan::decode(&u64::MAX.to_le_bytes()), Err(WireError { at: 8 }));
    }
}
