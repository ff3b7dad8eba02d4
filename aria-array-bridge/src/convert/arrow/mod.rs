//! Arrow arrays as arrays, and arrays as Arrow arrays. **Zero-copy** both ways, except where the table says copy.
//!
//! `import` takes nodes over, `join` makes one array of several, `export` hands arrays out in the `form` that Arrow has for
//! them, `meaning` says what the elements of a format are, `tensor` reads and writes `arrow.fixed_shape_tensor`, `opaque`
//! what Arrow has no type for. The structs, their checks and their release are aria-arrow's.
//!
//! | Arrow | array |
//! |---|---|
//! | numbers, half floats, durations, timestamps without a zone, `tdm`, `w:N` | a view of one axis, offset applied |
//! | `ttu`, `ttn` | a view as timedelta64 since midnight, with a note |
//! | `b` | bits become bytes: a copy, with its reason; `arrow.bool8` is a view |
//! | `tdD`, `tts`, `ttm` | four bytes become eight: a copy, with its reason |
//! | `+w:N` of any of these, to any depth; `arrow.fixed_shape_tensor` | more axes, of the same memory |
//! | `U`, out alone: text of a fixed length | UCS-4 with padding becomes UTF-8 with offsets: a copy, with its reason |
//! | `arrow.opaque` of NumPy's names and ours: complex numbers as pairs, months as counts, other bits as integers | a view, with a note on its way out |
//! | `+s`, out alone: records | each field as it goes out by itself |
//! | `tss`, `tDs`, out alone: hours, minutes, and what is longer | counted in seconds: a copy, with its reason |
//! | validity of the values, or of the lists around them | validity: a view of the bits; of both: a copy of the bits |
//! | text on its way in, lists of any length, structs, decimals, zones, dictionaries, other extension types | refused by name |
//!
//! An import is read-only. It is shared, unless the caller knows that nobody writes (rule L8).

mod export;
mod form;
mod import;
mod join;
mod meaning;
mod opaque;
mod tensor;
#[cfg(test)]
mod tests;
mod text;

pub use export::Export;
pub use import::Import;
pub use join::{chunked, join};

use crate::plan::Reason;
use aria_arrow::{ArrayView, ArrowError, Problem, StreamError};

/// What an array says of its nulls that its field, or its bitmap, does not (K-A1, K-A5): a note.
pub fn said_of_nulls(view: &ArrayView<'_>) -> Option<Reason> {
    let stated = view.stated_null_count();
    if stated < 0 && view.validity().is_none() && !view.is_empty() {
        let text = "the nulls were not counted, and there is no bitmap: there are none";
        return Some(Reason::new("null-count", "L6", text));
    }
    if stated > 0 && !view.field().is_nullable() {
        let text = format!("the field says that there are no nulls, and its array has {stated}: they are kept");
        return Some(Reason::new("null-count", "L6", text));
    }
    None
}

/// A refusal of aria-arrow's as a reason (rule C8).
pub fn reason(error: &ArrowError) -> Reason {
    let code = match &error.problem {
        Problem::Released { .. } => ("released", "O1"),
        Problem::Depth { .. } | Problem::TooMany { .. } | Problem::MetadataSize { .. } => ("limit", "C8"),
        Problem::NullBuffer { .. } => ("null-data", "L4"),
        Problem::End { .. } => ("span-overflow", "L2"),
        Problem::Value { .. } | Problem::NullBits { .. } => ("values", "C8"),
        _ => ("malformed", "C8"),
    };
    Reason::new(code.0, code.1, error.problem.to_string()).at(match error.field.as_str() {
        "" => String::new(),
        field => format!("field '{field}'"),
    })
}

/// What a stream said, as a reason (rule C7).
pub fn stream_reason(error: &StreamError) -> Reason {
    match error {
        StreamError::Struct(error) => reason(error),
        error => Reason::new("stream-error", "C7", error.to_string()),
    }
}
