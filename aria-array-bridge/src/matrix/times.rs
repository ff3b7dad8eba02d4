//! Columns of times in the unit of their matrix.
#![forbid(unsafe_code)]

use super::{Column, failed};
use crate::array::{Array, ArrayError};
use crate::dtype::DType;
use crate::plan::Reason;
use std::borrow::Cow;

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

/// The columns, of which those that count another unit are **copied**, in the unit of `dtype`.
///
/// # Errors
///
/// A time that the unit does not reach, by its column; no memory.
pub(super) fn counted<'a>(columns: &'a [Column<'a>], dtype: &DType) -> Result<Cow<'a, [Column<'a>]>, Box<Reason>> {
    let counts_other = |column: &Column<'_>| column.dtype() != Some(dtype);
    if !matches!(dtype, DType::DateTime(_) | DType::TimeDelta(_)) || !columns.iter().any(counts_other) {
        return Ok(Cow::Borrowed(columns));
    }
    let mut made = columns.to_vec();
    for column in made.iter_mut().filter(|column| counts_other(column)) {
        let Some(factor) = column.dtype().and_then(|found| factor(found, dtype)) else { continue };
        for chunk in &mut column.chunks {
            *chunk = multiplied(chunk, factor, dtype, &column.name)?;
        }
    }
    Ok(Cow::Owned(made))
}

fn multiplied(chunk: &Array, factor: i64, dtype: &DType, name: &str) -> Result<Array, Box<Reason>> {
    let failed = |error: ArrayError| failed(&error);
    let validity = chunk.validity().cloned();
    let counts = chunk.clone().without_validity().reinterpret(DType::I64).map_err(failed)?;
    let no_memory = |_| failed(ArrayError::Memory { nbytes: counts.nbytes() });
    let mut counts: Vec<i64> = counts.to_vec().map_err(no_memory)?;
    for (at, count) in counts.iter_mut().enumerate() {
        match count.checked_mul(factor) {
            _ if *count == NAT => {}
            Some(product) if product != NAT => *count = product,
            _ if validity.as_ref().is_some_and(|validity| !validity.is_valid(&[at])) => *count = NAT,
            _ => {
                let text = format!("{count} in column '{name}' is beyond {dtype}, the finest unit of these columns");
                return Err(Box::new(Reason::new("inexact", "C5", text).hint("cast the columns to one unit first")));
            }
        }
    }
    let made = Array::from(counts).share().unwrap_or_else(|array| array);
    let made = made.reinterpret(dtype.clone()).map_err(failed)?;
    match validity {
        Some(validity) => made.with_validity(validity).map_err(failed),
        None => Ok(made),
    }
}
