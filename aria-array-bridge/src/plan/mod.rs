//! `Plan`: what a conversion does, or why it is refused, and `Reason`: one cause of it.
//!
//! Every conversion has a plan (rule C2). It is made before any element moves, so asking for one is
//! free of side effects; errors carry it, arrays keep it, and a trace collects them.

mod wire;

use core::fmt;
use std::borrow::Cow;

/// How a conversion ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Both sides see the same memory. **Zero-copy.**
    View,
    /// The elements are copied; the plan's reasons say why.
    Copy,
    /// Nothing happens; the plan's reasons say why.
    Refuse,
}

impl Outcome {
    /// `view`, `copy` or `refuse`.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::View => "view",
            Outcome::Copy => "copy",
            Outcome::Refuse => "refuse",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When elements may be copied: Python's `copy=False`, `None` and `True` (rule C1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CopyPolicy {
    /// Refuse rather than copy.
    Never,
    /// Copy where sharing is impossible.
    #[default]
    IfNeeded,
    /// Copy even where sharing is possible.
    Always,
}

/// One cause of a copy or a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A stable, hyphenated word: `read-only`, `byte-order`, `stride`.
    pub code: Cow<'static, str>,
    /// The rule of `spec/bridge.md` behind it: `L8`. May be empty.
    pub rule: Cow<'static, str>,
    /// One sentence, lower case, that says what is in the way, with its numbers.
    pub text: Cow<'static, str>,
    /// Where: an axis, a field, a buffer. May be empty.
    pub location: Cow<'static, str>,
    /// What was found. May be empty.
    pub found: Cow<'static, str>,
    /// What was wanted. May be empty.
    pub wanted: Cow<'static, str>,
    /// What to do about it. May be empty.
    pub hint: Cow<'static, str>,
}

impl Reason {
    /// A reason with a code, the rule behind it and a sentence.
    pub fn new(code: &'static str, rule: &'static str, text: impl Into<Cow<'static, str>>) -> Reason {
        Reason {
            code: code.into(),
            rule: rule.into(),
            text: text.into(),
            location: "".into(),
            found: "".into(),
            wanted: "".into(),
            hint: "".into(),
        }
    }

    /// Says what was found and what was wanted.
    #[must_use]
    pub fn expected(mut self, wanted: impl Into<Cow<'static, str>>, found: impl Into<Cow<'static, str>>) -> Reason {
        self.wanted = wanted.into();
        self.found = found.into();
        self
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, location: impl Into<Cow<'static, str>>) -> Reason {
        self.location = location.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Reason {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.code, self.text)?;
        if !self.location.is_empty() {
            write!(f, " ({})", self.location)?;
        }
        if !self.rule.is_empty() {
            write!(f, "  [{}]", self.rule)?;
        }
        if !self.found.is_empty() || !self.wanted.is_empty() {
            write!(f, "\n    found: {}   wanted: {}", self.found, self.wanted)?;
        }
        if !self.hint.is_empty() {
            write!(f, "\n    hint: {}", self.hint)?;
        }
        Ok(())
    }
}

/// What one conversion does, or why it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// View, copy or refuse.
    pub outcome: Outcome,
    /// The protocol that carries the array: `numpy struct`, `dlpack`, `buffer`.
    pub protocol: Cow<'static, str>,
    /// What the array comes from: `pandas.Series`.
    pub source: Cow<'static, str>,
    /// What it becomes: `Array float64[3]`.
    pub target: Cow<'static, str>,
    /// Bytes that are copied; 0 unless the outcome is [`Outcome::Copy`].
    pub copied_bytes: u64,
    /// Address of element zero before, where there is one.
    pub source_address: Option<u64>,
    /// Address of element zero after, where there is one.
    pub target_address: Option<u64>,
    /// Why it copies or is refused; notes on a view.
    pub reasons: Vec<Reason>,
}

impl Plan {
    /// A view by `protocol`.
    pub fn view(
        protocol: impl Into<Cow<'static, str>>,
        source: impl Into<Cow<'static, str>>,
        target: impl Into<Cow<'static, str>>,
    ) -> Plan {
        Plan {
            outcome: Outcome::View,
            protocol: protocol.into(),
            source: source.into(),
            target: target.into(),
            copied_bytes: 0,
            source_address: None,
            target_address: None,
            reasons: Vec::new(),
        }
    }

    /// Turns the plan into a copy of `bytes`, because of `reason`. A refusal stays one.
    #[must_use]
    pub fn copying(mut self, bytes: u64, reason: Reason) -> Plan {
        if self.outcome != Outcome::Refuse {
            self.outcome = Outcome::Copy;
            self.copied_bytes = bytes;
        }
        self.reasons.push(reason);
        self
    }

    /// Turns the plan into a refusal, because of `reason`; earlier reasons stay.
    #[must_use]
    pub fn refusing(mut self, reason: Reason) -> Plan {
        self.outcome = Outcome::Refuse;
        self.copied_bytes = 0;
        self.reasons.push(reason);
        self
    }

    /// Returns true if some reason has this code.
    pub fn has(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason.code == code)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {} -> {}", self.outcome, self.source, self.target)?;
        if self.outcome == Outcome::Copy {
            write!(f, "  {} bytes", self.copied_bytes)?;
        }
        if self.outcome == Outcome::View && !self.protocol.is_empty() {
            write!(f, "  via {}", self.protocol)?;
        }
        for reason in &self.reasons {
            write!(f, "\n  {reason}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stays_a_refusal_and_copies_nothing() {
        let plan = Plan::view("dlpack", "a", "b")
            .copying(24, Reason::new("byte-order", "L1", "elements are big-endian"))
            .refusing(Reason::new("copy-never", "C1", "copy=False"))
            .copying(24, Reason::new("order", "L3", "not C-contiguous"));
        assert_eq!(plan.outcome, Outcome::Refuse);
        assert_eq!(plan.copied_bytes, 0);
        assert_eq!(plan.reasons.len(), 3);
    }

    #[test]
    fn a_plan_reads_as_the_guide_shows_it() {
        let plan = Plan::view("__array__", "pandas.Series", "torch.Tensor").copying(
            24,
            Reason::new("read-only", "L8", "torch has no read-only tensors; the source is read-only")
                .expected("writable", "read-only")
                .hint("s.to_numpy(copy=True) if you want a copy"),
        );
        assert_eq!(
            plan.to_string(),
            "copy  pandas.Series -> torch.Tensor  24 bytes\n  \
             read-only  torch has no read-only tensors; the source is read-only  [L8]\n    \
             found: read-only   wanted: writable\n    \
             hint: s.to_numpy(copy=True) if you want a copy"
        );
    }
}
