//! Columns of times in the unit of their matrix.
#![forbid(unsafe_code)]

use crate::array::{Array, ArrayError, Validity};
use crate::dtype::DType;
use crate::plan::Reason;

/// What the integers of NaT are, in every unit.
const NAT: i64 = i64::MIN;

/// True for times of one kind, of which the second have the same unit or a finer one.
pub(super) fn is_finer(found: &DType, wanted: &DType) -> bool {
    factor(found, wanted).is_some()
}

/// How many units of `wanted` one of `found` is.
fn factor(found: &DType, wanted: &DType) -> Option<i64> {
    match (found, wanted) {
        (DType::DateTime(found), DType::DateTime(wanted)) | (DType::TimeDelta(found), DType::TimeDelta(wanted)) => {
            found.counts(*wanted)
        }
        _ => None,
    }
}

/// The times of a column in the unit of `dtype`: as they are where they count that, else **copied**.
///
/// # Errors
///
/// A time that the unit does not reach; no memory.
pub(crate) fn counted(times: Array, dtype: &DType) -> Result<Array, Box<Reason>> {
    match factor(times.dtype(), dtype) {
        Some(factor) if times.dtype() != dtype => multiplied(&times, factor, dtype),
        _ => Ok(times),
    }
}

/// True for times that [`counted`] copies.
pub(super) fn counts_other(found: &DType, dtype: &DType) -> bool {
    found != dtype && is_finer(found, dtype)
}

fn multiplied(times: &Array, factor: i64, dtype: &DType) -> Result<Array, Box<Reason>> {
    let validity = times.validity().cloned();
    let counts = times.clone().without_validity().reinterpret(DType::I64)?;
    let no_memory = |_| ArrayError::Memory { nbytes: counts.nbytes() };
    let mut counts: Vec<i64> = counts.to_vec().map_err(no_memory)?;
    let mut valid = times.validity().map(Validity::iter);
    for count in &mut counts {
        let is_null = valid.as_mut().and_then(Iterator::next) == Some(false);
        match count.checked_mul(factor) {
            _ if *count == NAT => {}
            Some(product) if product != NAT => *count = product,
            _ if is_null => *count = NAT,
            _ => {
                let text = format!("{count} as {} is beyond {dtype}", times.dtype());
                return Err(Box::new(Reason::new("inexact", "C5", text).hint("cast the times to one unit first")));
            }
        }
    }
    let made = Array::from(counts).share().unwrap_or_else(|array| array);
    let made = made.reinterpret(dtype.clone())?.reshape(times.shape()).map_err(ArrayError::from)?;
    Ok(match validity {
        Some(validity) => made.with_validity(validity)?,
        None => made,
    })
}
