//! The door of the DLPack C exchange table. **Zero-copy.**

use super::Refusal;
use crate::request::{Found, Request};
use aria_array_bridge::plan::Reason;
use pyo3::prelude::*;

/// The tensor that the table of the type gives.
pub(super) fn find(_object: &Bound<'_, PyAny>, _request: &Request) -> Result<Found, Refusal> {
    Err(Refusal::Next(Reason::new("door", "C2", "this door is not open yet")))
}
