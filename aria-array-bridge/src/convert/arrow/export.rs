//! [`Export`]: what an array will be as an Arrow array, before anything is copied.

use super::meaning::BOOL8;
use super::{tensor, text};
use crate::array::{Access, Array, ArrayError, CopyOrder, Validity};
use crate::dtype::{DType, TimeUnit, Unit};
use crate::ledger::{Direction, Name, enter};
use crate::matrix::times;
use crate::plan::Reason;
use aria_arrow::{Field, Metadata, Node, OwnedArray};
use core::ffi::c_void;
use std::sync::Arc;

/// How the values get there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
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
}

/// What an array will be as an Arrow array, and what has to be copied. Nothing was yet.
///
/// One axis is an array of values, more are fixed-size lists of them. [`export`](Self::export) makes the array.
#[derive(Clone, Debug)]
pub struct Export {
    array: Array,
    field: Field,
    way: Way,
    /// The bitmap has to be copied.
    packs_validity: bool,
    /// Bytes of a bitmap that is made, or was made of NaT.
    validity_bytes: usize,
    reasons: Vec<Reason>,
}

impl Export {
    /// Says what the array will be. `requested` is what the consumer would like: it is given booleans of a byte, or a
    /// tensor type, with the permutation and the names of axes that are asked for where the shape is that of the type;
    /// anything else is answered by what the array is (K-A19).
    ///
    /// # Errors
    ///
    /// Every reason: a dtype that Arrow lacks, no axis at all, memory of a device.
    pub fn of(array: &Array, requested: Option<&Field>) -> Result<Export, Vec<Reason>> {
        let (field, mut way, stored) = form(array, requested)?;
        let array = stored.as_ref().unwrap_or(array);
        let mut reasons = Vec::new();
        let timed = without_nat(array).map_err(|error| vec![Reason::new("memory", "C3", error.to_string())])?;
        if let Some((_, nats)) = &timed {
            let text = format!("{nats} of the times are NaT, which Arrow does not have: they become null");
            reasons.push(Reason::new("not-a-time", "C5", text));
        }
        let marked = timed.is_some();
        let array = timed.as_ref().map_or(array, |(array, _)| array);
        let dense = array.layout().is_c_contiguous();
        match way {
            Way::Bits => {
                let text = "booleans are bytes in arrays, and bits in Arrow";
                let hint = "ask for arrow.bool8, which is shared";
                reasons.push(Reason::new("bits", "C5", text).expected("bits", "bytes").hint(hint));
            }
            Way::Days => {
                let text = "datetime64[D] has 8 bytes, and date32 has 4";
                reasons.push(Reason::new("dtype", "C5", text).expected("date32[day]", "datetime64[D]"));
            }
            Way::Seconds => {
                let (found, wanted) = (array.dtype().name(), seconds(array.dtype()).name());
                let text = format!("Arrow's times count days, seconds and less, and these are {found}");
                reasons.push(Reason::new("dtype", "C5", text).expected(wanted, found));
            }
            Way::Text(_) => {
                let text = "text has 4 bytes a character in arrays, and is UTF-8 in Arrow";
                reasons.push(Reason::new("text", "C5", text).expected("UTF-8", "UCS-4"));
            }
            Way::Share if !dense => {
                let strides = array.strides();
                let text = format!("Arrow's values lie one behind the other, and the strides are {strides:?} in bytes");
                reasons.push(Reason::new("order", "L3", text).expected("C order", "strides"));
                way = Way::Pack;
            }
            Way::Share | Way::Pack => {}
        }
        if way == Way::Share && array.access() == Access::Shared {
            let text = "Arrow's consumers take memory for immutable, and others may write to this";
            reasons.push(Reason::new("immutability", "C5", text).hint("a copy is never written to"));
        }
        let packs_validity = array.null_count() > 0
            && !marked
            && array.validity().and_then(Validity::as_arrow).is_none_or(|(_, start)| start % 8 != 0);
        if packs_validity {
            let text = "the validity bits do not begin at a byte and lie one behind the other";
            reasons.push(Reason::new("validity-bits", "C5", text));
        }
        let validity_bytes = if packs_validity || marked { array.len().div_ceil(8) } else { 0 };
        Ok(Export { array: array.clone(), field, way, packs_validity, validity_bytes, reasons })
    }

    /// What an array will be, which no value decides: none is read. Its name is empty.
    ///
    /// # Errors
    ///
    /// Those of [`of`](Self::of).
    pub fn field_of(array: &Array, requested: Option<&Field>) -> Result<Field, Vec<Reason>> {
        form(array, requested).map(|(field, ..)| field)
    }

    /// What the array will be; its name is empty.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Bytes that [`export`](Self::export) will copy; 0 for a view. Of text, which is read only then, no more than these.
    pub fn copied_bytes(&self) -> usize {
        let (len, bitmap) = (self.array.len(), self.array.len().div_ceil(8));
        let values = match self.way {
            Way::Share => 0,
            Way::Pack => self.array.nbytes(),
            Way::Bits => bitmap,
            Way::Days => len * 4,
            Way::Seconds => len * 8,
            Way::Text(_) => self.array.nbytes() + (len + 1) * 8,
        };
        values + self.validity_bytes
    }

    /// Why it is a copy, and notes on a view.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The array, which counts as an export until it is released. **Zero-copy**, or a **copy** if
    /// [`copied_bytes`](Self::copied_bytes) says so.
    ///
    /// # Errors
    ///
    /// No memory, or a day that int32 does not reach.
    pub fn export(self) -> Result<OwnedArray, Box<Reason>> {
        let Export { array, way, packs_validity, .. } = self;
        let reason = |error: ArrayError| Box::new(Reason::new("memory", "C3", error.to_string()));
        let null_count = array.null_count();
        let validity = match array.validity() {
            Some(validity) if null_count > 0 => {
                Some(if packs_validity { validity.packed().map_err(reason)? } else { validity.clone() })
            }
            _ => None,
        };
        let values = array.clone().without_validity();
        let mut text = None;
        let (first, values): (*const u8, Kept) = match way {
            Way::Text(length) => {
                text = Some(text::packed(&array, length)?);
                (EMPTY.as_ptr().cast(), Kept::Array(values))
            }
            Way::Bits => {
                let (bits, owner) = values.to_bits().map_err(reason)?;
                (bits.as_ptr(), Kept::Owner(owner))
            }
            _ => {
                let values = match way {
                    Way::Days => days(&array)?,
                    Way::Seconds => times::counted(array.clone(), &seconds(array.dtype()))?.without_validity(),
                    Way::Pack => values.copy(CopyOrder::C).map_err(reason)?,
                    _ => values,
                };
                let first = if values.is_empty() { EMPTY.as_ptr().cast() } else { values.as_ptr().cast_const() };
                (first, Kept::Array(values))
            }
        };
        let bitmap = validity.as_ref().and_then(Validity::as_arrow);
        let bitmap = bitmap.map_or(core::ptr::null(), |(first, start)| first.as_ptr().wrapping_add(start / 8));
        let ticket =
            enter(Name::of("an Arrow array"), Name::of(PROTOCOL), Direction::Export, array.nbytes() as u64, true);
        let guard = match &values {
            Kept::Array(values) => values.export(Some(ticket)),
            Kept::Owner(owner) => owner.export(Some(ticket)),
        };
        let shape = array.shape();
        let mut buffers = vec![bitmap.cast::<c_void>(), first.cast::<c_void>()];
        if let Some(text) = &text {
            buffers[1] = text.offsets.as_ptr().cast();
            buffers.push(if text.data.is_empty() { first.cast() } else { text.data.as_ptr().cast() });
        }
        let node = Node { length: array.len(), null_count: Some(null_count), buffers, ..Node::default() };
        let owner: aria_arrow::Owner = Arc::new((guard, validity, text));
        // SAFETY: the elements lie one behind the other from `first`, as the field says, or are what `text` has, and the bits
        // from `bitmap`, as long as guard, validity and text live: vectors do not move what they hold.
        let mut out = unsafe { node.export(owner.clone()) };
        for list in lists(&self.field, shape) {
            let node = Node {
                length: list,
                null_count: Some(0),
                buffers: vec![core::ptr::null()],
                children: vec![out],
                ..Node::default()
            };
            // SAFETY: no buffer of its own.
            out = unsafe { node.export(owner.clone()) };
        }
        Ok(out)
    }
}

/// What an array will be, and how its values get there if they lie densely; no value is read. The array is another view
/// where a tensor type stores its axes in another order.
fn form(array: &Array, requested: Option<&Field>) -> Result<(Field, Way, Option<Array>), Vec<Reason>> {
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
    let (leaf, requested_leaf) = (leaf(array.dtype()), requested.map(innermost));
    let bool8 = requested_leaf.is_some_and(|field| field.extension_name() == Some(BOOL8));
    let Some((format, mut way)) = leaf else {
        let dtype = array.dtype();
        let text = format!("Arrow has no fixed-width type for {dtype}");
        let hint = match dtype.kind() {
            'c' => "real and imaginary parts as two columns: x.real, x.imag",
            'M' | 'm' => "astype() to a unit that is a fixed number of seconds",
            _ => "astype() to a type that Arrow has, or ab.table(x) for records",
        };
        refused.push(Reason::new("dtype", "C5", text).expected("a type of Arrow", dtype.name()).hint(hint));
        return Err(refused);
    };
    if !refused.is_empty() {
        return Err(refused);
    }
    let mut value = Field::new("item", &format);
    if way == Way::Bits && bool8 {
        let pairs: [(&[u8], &[u8]); 2] = [(b"ARROW:extension:name", BOOL8), (b"ARROW:extension:metadata", b"")];
        value = Field::new("item", "c").with_metadata(Metadata::from_pairs(pairs).unwrap_or_default());
        way = Way::Share;
    }
    let metadata = tensor.map(|field| match stored {
        Some(_) => tensor::metadata_of(field),
        None => tensor::metadata(array.shape().get(1..).unwrap_or_default()),
    });
    Ok((nested(value, array.shape(), metadata).with_name(""), way, stored))
}

/// The protocol's name in ledger and plans.
const PROTOCOL: &str = "arrow";

/// Values that are not there have an address too.
static EMPTY: [u64; 8] = [0; 8];

/// What the buffers lie in.
enum Kept {
    Array(Array),
    Owner(crate::buffer::Owner),
}

/// The same times with their NaT as nulls, and how many those are; `None` where there is none. **Reads** every time: what
/// says that a time is none stands in the values.
fn without_nat(array: &Array) -> Result<Option<(Array, usize)>, ArrayError> {
    if !matches!(array.dtype(), DType::DateTime(_) | DType::TimeDelta(_)) || !array.device().is_host() {
        return Ok(None);
    }
    let counts = array.clone().without_validity().reinterpret(DType::I64)?;
    let Ok(times) = counts.iter::<i64>() else { return Ok(None) };
    if !times.into_iter().any(|count| count == NAT) {
        return Ok(None);
    }
    let valid: Box<dyn Iterator<Item = bool>> = match array.validity() {
        Some(validity) => Box::new(validity.iter()),
        None => Box::new(core::iter::repeat_n(true, array.len())),
    };
    let Ok(times) = counts.iter::<i64>() else { return Ok(None) };
    let mut nats = 0;
    let mut mark = |(count, valid): (i64, bool)| {
        nats += usize::from(valid && count == NAT);
        valid && count != NAT
    };
    let bits: Vec<bool> = times.zip(valid).map(&mut mark).collect();
    if nats == 0 {
        return Ok(None); // Under nulls alone.
    }
    let marked = array.clone().without_validity().with_validity(Validity::from_bools(&bits, array.shape())?)?;
    Ok(Some((marked, nats)))
}

/// NumPy's "not a time".
const NAT: i64 = i64::MIN;

/// The format of the values, and how they get there.
fn leaf(dtype: &DType) -> Option<(String, Way)> {
    const DAY: TimeUnit = TimeUnit::one(Unit::Day);
    match *dtype {
        DType::BOOL => Some(("b".to_owned(), Way::Bits)),
        DType::DateTime(DAY) => Some(("tdD".to_owned(), Way::Days)),
        DType::Str(length) => Some(("U".to_owned(), Way::Text(length))),
        DType::DateTime(unit) | DType::TimeDelta(unit) if unit.counts(SECOND).is_some_and(|count| count > 1) => {
            seconds(dtype).arrow_format().map(|format| (format, Way::Seconds))
        }
        _ => dtype.arrow_format().map(|format| (format, Way::Share)),
    }
}

const SECOND: TimeUnit = TimeUnit::one(Unit::Second);

/// The same kind of time, in seconds.
fn seconds(dtype: &DType) -> DType {
    if matches!(dtype, DType::DateTime(_)) { DType::DateTime(SECOND) } else { DType::TimeDelta(SECOND) }
}

/// The field of the values inside of lists.
fn innermost(field: &Field) -> &Field {
    let mut field = field;
    while let (aria_arrow::Format::FixedList(_), Some(child)) = (field.layout(), field.children().first()) {
        field = child;
    }
    field
}

/// The field of values in this shape: lists of lists, or a tensor type of this metadata.
fn nested(value: Field, shape: &[usize], tensor: Option<Metadata>) -> Field {
    let inner = shape.get(1..).unwrap_or_default();
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
fn lists(field: &Field, shape: &[usize]) -> Vec<usize> {
    let depth = if tensor::is_tensor(field) { 1 } else { shape.len().saturating_sub(1) };
    (1..=depth).rev().map(|axes| shape[..axes].iter().product()).collect()
}

/// Days since 1970 as int32.
fn days(array: &Array) -> Result<Array, Box<Reason>> {
    let memory = |error: String| Box::new(Reason::new("memory", "C3", error));
    let counts = array.clone().without_validity().reinterpret(DType::I64).map_err(|error| memory(error.to_string()))?;
    let counts = counts.to_vec::<i64>().map_err(|error| memory(error.to_string()))?;
    let mut valid = array.validity().map(Validity::iter);
    let day = |count: i64| {
        let is_null = valid.as_mut().and_then(Iterator::next) == Some(false);
        match i32::try_from(count) {
            Ok(day) => Ok(day),
            Err(_) if is_null => Ok(0),
            Err(_) => {
                let text = format!("day {count} is none that date32 has (int32)");
                Err(Box::new(Reason::new("inexact", "C5", text).hint("astype(\"datetime64[s]\")")))
            }
        }
    };
    Ok(Array::from(counts.into_iter().map(day).collect::<Result<Vec<i32>, _>>()?))
}
