//! The doors of the array interfaces. **Zero-copy.**

use super::Refusal;
use crate::request::{Found, Request};
use aria_array_bridge::plan::Reason;
use pyo3::prelude::*;

/// `__array_struct__`.
pub(super) fn find_struct(_object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    Err(Refusal::Next(Reason::new("door", "C2", "this door is not open yet")))
}

/// `__array_interface__`.
pub(super) fn find_dict(_object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    Err(Refusal::Next(Reason::new("door", "C2", "this door is not open yet")))
}

/// `__cuda_array_interface__`.
pub(super) fn find_cuda(_object: &Bound<'_, PyAny>, _request: &Request) -> Result<Found, Refusal> {
    Err(Refusal::Next(Reason::new("door", "C2", "this door is not open yet")))
}
