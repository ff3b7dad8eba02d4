//! What the elements of an Arrow format are here, or why they are none.

use super::opaque;
use crate::dtype::{DType, TimeUnit, Unit, parse_arrow_format};
use crate::plan::Reason;
use aria_arrow::Field;

/// How values of a format become elements of a dtype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The memory is that of the dtype.
    Same(DType),
    /// A bit a value: copied to a byte a value.
    Bits,
    /// int32 counts of the dtype's unit: copied to int64.
    Narrow(DType),
}

/// The name of booleans of a byte.
pub(super) const BOOL8: &[u8] = b"arrow.bool8";

/// Times of day, which are durations here.
pub(super) fn is_time_of_day(field: &Field) -> bool {
    field.format().starts_with("tt")
}

/// What one value is, or why it is no element.
pub(super) fn meaning(field: &Field) -> Result<Meaning, Box<Reason>> {
    if field.dictionary().is_some() {
        return Err(refuse(field, "ask the producer to decode the dictionary, or take the column as a table does"));
    }
    if let Some(dtype) = opaque::dtype(field) {
        return Ok(Meaning::Same(dtype));
    }
    match field.extension_name() {
        Some(BOOL8) if field.format() == "c" => return Ok(Meaning::Same(DType::BOOL)),
        Some(_) => return Err(refuse(field, "ask the producer for the storage of the extension type")),
        None => {}
    }
    if let Some(dtype) = parse_arrow_format(field.format()) {
        return Ok(Meaning::Same(dtype));
    }
    let (date, delta) = (|unit| DType::DateTime(TimeUnit::one(unit)), |unit| DType::TimeDelta(TimeUnit::one(unit)));
    Ok(match field.format() {
        "b" => Meaning::Bits,
        "tdD" => Meaning::Narrow(date(Unit::Day)),
        "tdm" => Meaning::Same(date(Unit::Millisecond)),
        "tts" => Meaning::Narrow(delta(Unit::Second)),
        "ttm" => Meaning::Narrow(delta(Unit::Millisecond)),
        "ttu" => Meaning::Same(delta(Unit::Microsecond)),
        "ttn" => Meaning::Same(delta(Unit::Nanosecond)),
        format => {
            let hint = match format.as_bytes() {
                [b't', b's', ..] => "ask the producer for timestamps without a zone",
                [b'd', b':', ..] => "ask the producer for float64 or int64, as decimals have no element type",
                _ => ".tolist(), .to_pyarrow(), .to_polars(), .to_pandas()",
            };
            return Err(refuse(field, hint));
        }
    })
}

pub(super) fn refuse(field: &Field, hint: &'static str) -> Box<Reason> {
    let name = field.type_name();
    let text = format!("a column of {name} is no array");
    Box::new(Reason::new("not-numeric", "C6", text).expected("elements of one width", name).hint(hint))
}
