//! The door to `numpy.ma.MaskedArray`: its values, shared, and its mask as validity.
//!
//! The values are a **view**. Validity is Arrow's bits, 1 = valid, and a mask is bytes, true = masked: the bits are
//! made here, one for each element, and do not follow later changes of the mask. The plan says so.

use super::super::{Refusal, named};
use crate::request::Found;
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{Array, ArrayError, DType, Validity};
use pyo3::prelude::*;

/// Values and validity. An array without a mask (`nomask`) has no validity.
pub(in crate::import) fn find(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let py = object.py();
    let mask = object.getattr("mask")?;
    let nomask = py.import("numpy.ma")?.getattr("nomask")?;
    // The values lie in the struct that every subclass of ndarray begins with.
    let found = super::find(object)?;
    let found = Found { protocol: protocol(), ..found };
    if mask.is(&nomask) {
        return Ok(found);
    }
    if !super::is_exact_ndarray(&mask)? {
        let text = format!("expected a mask that is a numpy.ndarray but found {}", mask.get_type());
        return Err(Refusal::Next(Reason::new("nulls", "C4", text)));
    }
    if found.array.dtype().record().is_some() {
        let reason = Reason::new("nulls", "C4", "records that are masked have a mask for each field");
        return Err(Refusal::Next(reason.hint("take one field")));
    }
    let bytes = super::find(&mask)?;
    if *bytes.array.dtype() != DType::BOOL || bytes.array.shape() != found.array.shape() {
        let text = format!(
            "expected a mask of bools of shape {:?} but found {} of shape {:?}",
            found.array.shape(),
            bytes.array.dtype(),
            bytes.array.shape()
        );
        return Err(Refusal::Next(Reason::new("nulls", "C4", text)));
    }
    // `mask` keeps the bytes alive meanwhile.
    let bits = py.detach(|| validity(&bytes.array));
    let array = bits.and_then(|bits| found.array.with_validity(bits));
    let array = array.map_err(|error| crate::request::memory_or_value(&error))?;
    Ok(Found { array, ..found })
}

/// The protocol's name; plans of it have a note.
pub(crate) fn protocol() -> aria_array_bridge::ledger::Name {
    named!("numpy struct and mask")
}

/// True = masked, any byte but 0 is true, turned into 1 = valid.
fn validity(mask: &Array) -> Result<Validity, ArrayError> {
    let masked = mask.iter::<bool>().map_err(|_| ArrayError::Device { found: mask.device() });
    // A mask may be as long as nothing that is there: zero strides repeat one byte.
    let mut valid: Vec<bool> = Vec::new();
    valid.try_reserve_exact(mask.len()).map_err(|_| ArrayError::Memory { nbytes: mask.len() })?;
    valid.extend(masked?.map(|masked| !masked));
    Validity::from_bools(&valid, mask.shape())
}

/// The code of the plan's note.
pub(crate) const NOTE: &str = "mask-bits";

/// What the plan notes: where the validity comes from.
pub(crate) fn note(array: &Array) -> Option<Reason> {
    let bits = array.validity()?.len();
    let text = format!("{} bytes of validity were made of a mask of {bits} bytes", bits.div_ceil(8));
    Some(Reason::new(NOTE, "C4", text))
}
