//! The doors of the array interfaces: `__array_struct__`, `__array_interface__`, `__cuda_array_interface__`. **Zero-copy.**
//!
//! They lend an address and nothing that keeps it alive: the root holds the object and what it gave (K-I4). A dict
//! is believed as little as possible: every number is checked, and a `data` buffer's own length bounds the span.

mod dict;
mod structure;

pub(crate) use dict::{find as find_dict, find_cuda};
pub(crate) use structure::{Interface, find as find_struct};

use super::Refusal;
use aria_array_bridge::plan::Reason;

/// A description that contradicts itself: the next door may know better.
fn wrong(text: impl Into<String>) -> Refusal {
    Refusal::Next(Reason::new("malformed", "C8", text.into()))
}
