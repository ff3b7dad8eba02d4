//! Conversions between [`Array`](crate::Array) and the structs of other standards; one folder a standard.
//!
//! Each standard's crate knows its own structs, checks them and owns them; here they meet the array, and one
//! another. What a conversion refuses, it says in [`Reason`]s, which a plan or an exception then carries.

pub mod arrow;
#[cfg(feature = "arrow-rs")]
mod arrow_rs;
pub mod dlpack;

use crate::plan::Reason;
use core::fmt;

/// A conversion that is refused. Its source comes back: nothing was released, and nothing was copied.
pub struct Refused<S> {
    /// What was handed in, untouched.
    pub source: S,
    /// Why; never empty.
    pub reasons: Vec<Reason>,
}

impl<S> fmt::Debug for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("reasons", &self.reasons).finish_non_exhaustive()
    }
}

impl<S> fmt::Display for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, reason) in self.reasons.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { "; " }, reason.text)?;
        }
        Ok(())
    }
}

impl<S> core::error::Error for Refused<S> {}
