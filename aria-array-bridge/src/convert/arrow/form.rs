//! What an array will be as an Arrow array: its field, and how its values get there. No value is read.

use super::meaning::BOOL8;
use super::{opaque, tensor};
use crate::array::Array;
use crate::dtype::{DType, Record, TimeUnit, Unit};
use crate::plan::Reason;
use aria_arrow::{Field, Format, Metadata};

/// How the values get there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The memory itself.
    Share,
    /// A copy in row-major order.
    Pack,
    /// A bit for each byte.
    Bits,
    /// Days in four bytes instead of eight.
    Days,
    /// Times that count seconds instead of minutes and more.
    Seconds,
    /// UTF-8 and offsets instead of code points of four bytes, this many.
    Text(usize),
    /// The fields of records, each as an array of its own.
    Fields,
}

/// What an array will be, and how its values get there if they lie densely. The array is another view where a tensor type
/// stores its axes in another order.
pub(super) fn form(array: &Array, requested: Option<&Field>) -> Result<(Field, Way, Option<Array>), Vec<Reason>> {
    let tensor = requested.filter(|field| tensor::is_tensor(field));
    let stored = tensor.and_then(|field| tensor::as_stored(array, field));
    let array = stored.as_ref().unwrap_or(array);
    let mut refused = Vec::new();
    if array.ndim() == 0 {
        let text = "an array without axes is a single value, and Arrow has arrays of them alone";
        refused.push(Reason::new("ndim", "C5", text).expected("1 axis or more", "0 axes").hint("x.reshape(1)"));
    }
    if !array.device().is_host() {
        let text = format!("the memory lies on {}, and only arrays of the host go out as Arrow", array.device());
        refused.push(Reason::new("device", "L7", text).hint("to_device(\"cpu\")"));
    }
    let inner = array.shape().get(1..).unwrap_or_default();
    let list = if tensor.is_some() { inner.iter().copied().fold(1, usize::saturating_mul) } else { 0 };
    if let Some(extent) = inner.iter().copied().chain([list]).find(|extent| i32::try_from(*extent).is_err()) {
        let text = format!("expected lists of at most {} values, as Arrow counts them, but found {extent}", i32::MAX);
        refused.push(Reason::new("extent", "L2", text));
    }
    let (mut value, mut way) = match value(array.dtype()) {
        Ok(found) if refused.is_empty() => found,
        Ok(_) => return Err(refused),
        Err(reason) => {
            refused.push(*reason);
            return Err(refused);
        }
    };
    let bool8 = requested.map(innermost).is_some_and(|field| field.extension_name() == Some(BOOL8));
    if way == Way::Bits && bool8 {
        let pairs: [(&[u8], &[u8]); 2] = [(b"ARROW:extension:name", BOOL8), (b"ARROW:extension:metadata", b"")];
        value = Field::new("item", "c").with_metadata(Metadata::from_pairs(pairs).unwrap_or_default());
        way = Way::Share;
    }
    let metadata = tensor.map(|field| match stored {
        Some(_) => tensor::metadata_of(field),
        None => tensor::metadata(inner),
    });
    Ok((nested(value, inner, metadata).with_name(""), way, stored))
}

/// The field of one value, and how values get there.
///
/// # Errors
///
/// Elements of less than a byte; a field of a record whose name Arrow cannot say.
pub(super) fn value(dtype: &DType) -> Result<(Field, Way), Box<Reason>> {
    const DAY: TimeUnit = TimeUnit::one(Unit::Day);
    let shared = |format: &str| (Field::new("item", format), Way::Share);
    Ok(match *dtype {
        DType::BOOL => (Field::new("item", "b"), Way::Bits),
        DType::DateTime(DAY) => (Field::new("item", "tdD"), Way::Days),
        DType::Str(length) => (Field::new("item", "U"), Way::Text(length)),
        DType::Record(ref record) => (structure(record)?, Way::Fields),
        DType::DateTime(unit) | DType::TimeDelta(unit) if unit.counts(SECOND).is_some_and(|count| count > 1) => {
            let format = seconds(dtype).arrow_format().unwrap_or_default(); // Arrow counts seconds.
            (Field::new("item", &format), Way::Seconds)
        }
        _ => match (dtype.arrow_format(), opaque::field(dtype)) {
            (Some(format), _) => shared(&format),
            (None, Some(field)) => (field, Way::Share),
            (None, None) => {
                let text = format!("Arrow has no type for {dtype}: elements have a byte or more, and less than 2 GiB");
                let reason = Reason::new("dtype", "C5", text).expected("a type of Arrow", dtype.name());
                return Err(Box::new(reason.hint("astype() to a type that Arrow has")));
            }
        },
    })
}

/// A struct with a child for each field of a record; what a field has several of are lists.
fn structure(record: &Record) -> Result<Field, Box<Reason>> {
    let child = |field: &crate::dtype::Field| {
        if field.name.contains('\0') {
            let text = format!("the name {:?} has a NUL character, at which Arrow's structs would end it", field.name);
            return Err(Box::new(Reason::new("malformed", "C6", text)));
        }
        Ok(nested(value(&field.dtype)?.0, &field.shape, None).with_name(&field.name))
    };
    let children = record.fields().iter().map(child).collect::<Result<_, _>>()?;
    Ok(Field::new("item", "+s").with_children(children))
}

const SECOND: TimeUnit = TimeUnit::one(Unit::Second);

/// The same kind of time, in seconds.
pub(super) fn seconds(dtype: &DType) -> DType {
    if matches!(dtype, DType::DateTime(_)) { DType::DateTime(SECOND) } else { DType::TimeDelta(SECOND) }
}

/// The field of the values inside of lists.
fn innermost(field: &Field) -> &Field {
    let mut field = field;
    while let (Format::FixedList(_), Some(child)) = (field.layout(), field.children().first()) {
        field = child;
    }
    field
}

/// The field of values in this shape, each row of them: lists of lists, or a tensor type of this metadata.
fn nested(value: Field, inner: &[usize], tensor: Option<Metadata>) -> Field {
    if inner.is_empty() {
        return value;
    }
    if let Some(metadata) = tensor {
        let list = format!("+w:{}", inner.iter().product::<usize>());
        return Field::new("", &list).with_children(vec![value]).with_metadata(metadata);
    }
    inner.iter().rev().fold(value, |child, extent| {
        Field::new("item", &format!("+w:{extent}")).with_children(vec![child.with_name("item")])
    })
}

/// Lengths of the lists around the values, innermost first.
pub(super) fn lists(field: &Field, shape: &[usize]) -> Vec<usize> {
    let depth = if tensor::is_tensor(field) { 1 } else { shape.len().saturating_sub(1) };
    (1..=depth).rev().map(|axes| shape[..axes].iter().product()).collect()
}
