//! Plans as bytes: a list is a count of plans; a plan is its fields in the order of the struct.

use super::{Outcome, Plan, Reason};
use crate::wire::{Reader, WireError, put_len, put_text};

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
        let mut reader = Reader::new(bytes);
        let count = reader.len()?;
        let mut plans = Vec::new();
        for _ in 0..count {
            let outcome = match reader.byte()? {
                0 => Outcome::View,
                1 => Outcome::Copy,
                2 => Outcome::Refuse,
                _ => return Err(reader.error()),
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
        reader.end()?;
        Ok(plans)
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
