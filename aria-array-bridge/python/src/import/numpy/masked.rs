//! `numpy.ma.MaskedArray`: values by their struct, and a validity of the mask (rule L6).
//!
//! The values are shared. The mask has a byte an element, true = missing; validity has a bit, 1 = valid: so it is a
//! **copy**, of an eighth of the mask's size.

use super::super::{Refusal, named};
use crate::request::Found;
use aria_array_bridge::Validity;
use aria_array_bridge::plan::Reason;
use pyo3::prelude::*;

/// Values and validity.
pub(in crate::import) fn find(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let py = object.py();
    let values = object.getattr("data")?;
    if !super::is_exact_ndarray(&values)? {
        let text = "the masked array holds a subclass of numpy.ndarray";
        return Err(Refusal::Next(Reason::new("nulls", "C4", text)));
    }
    let found = super::find(&values)?;
    let protocol = named!("numpy struct and mask");
    let mask = object.getattr("mask")?;
    if mask.is(py.import("numpy.ma")?.getattr("nomask")?) {
        return Ok(Found { protocol, ..found });
    }
    if !mask.getattr("dtype")?.getattr("names")?.is_none() {
        let text = "each field of the records has a mask of its own";
        return Err(Refusal::Next(Reason::new("nulls", "C4", text).hint("take one field at a time: x['name']")));
    }
    let mask = super::find(&py.import("numpy")?.call_method1("asarray", (mask,))?)?;
    let missing = |error| Refusal::Raise(pyo3::exceptions::PyValueError::new_err(format!("{error}")));
    let valid: Vec<bool> = mask.array.iter::<bool>().map_err(missing)?.map(|missing| !missing).collect();
    let malformed =
        |error: aria_array_bridge::ArrayError| Refusal::Next(Reason::new("malformed", "C8", error.to_string()));
    let validity = Validity::from_bools(&valid, found.array.shape()).map_err(malformed)?;
    let array = found.array.with_validity(validity).map_err(malformed)?;
    Ok(Found { array, protocol, ..found })
}
