//! The door of the buffer protocol (PEP 3118). **Zero-copy.**

use super::Refusal;
use crate::request::Found;
use aria_array_bridge::plan::Reason;
use pyo3::prelude::*;

/// The buffer that the object lends.
pub(super) fn find(_object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    Err(Refusal::Next(Reason::new("door", "C2", "this door is not open yet")))
}
