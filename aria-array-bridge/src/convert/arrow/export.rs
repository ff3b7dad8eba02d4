//! [`Export`]: what an array will be as an Arrow array, before anything is copied.

use super::form::{Way, form, lists, seconds};
use super::{opaque, text};
use crate::array::{Access, Array, ArrayError, CopyOrder, Validity};
use crate::dtype::DType;
use crate::ledger::{Direction, Name, enter};
use crate::matrix::times;
use crate::plan::Reason;
use aria_arrow::{Field, Node, OwnedArray};
use core::ffi::c_void;
use std::sync::Arc;

/// What an array will be as an Arrow array, and what has to be copied. Nothing was yet.
///
/// One axis is an array of values, more are fixed-size lists of them, and records are structs. [`export`](Self::export) makes the array.
#[derive(Clone, Debug)]
pub struct Export {
    array: Array,
    field: Field,
    way: Way,
    /// The bitmap has to be copied.
    packs_validity: bool,
    /// Bytes of a bitmap that is made, or was made of NaT.
    validity_bytes: usize,
    /// Bytes that the fields of records copy.
    field_bytes: usize,
    /// Some of the array's own memory goes out.
    lends: bool,
    reasons: Vec<Reason>,
}

impl Export {
    /// Says what the array will be. `requested` is what the consumer would like: it is given booleans of a byte, or a
    /// tensor type, with the permutation and the names of axes that are asked for where the shape is that of the type;
    /// anything else is answered by what the array is (K-A19).
    ///
    /// # Errors
    ///
    /// Every reason: elements of less than a byte, no axis at all, memory of a device.
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
        let (mut field_bytes, mut fields_lend) = (0, false);
        match way {
            Way::Fields => {
                for (name, part) in fields_of(array)? {
                    let at = |reason: Reason| reason.at(format!("field '{name}'"));
                    let part = Export::of(&part, None);
                    let part = part.map_err(|reasons| reasons.into_iter().map(at).collect::<Vec<_>>())?;
                    field_bytes += part.copied_bytes();
                    fields_lend |= part.lends;
                    reasons.extend(part.reasons.into_iter().map(at));
                }
            }
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
        if opaque::is_opaque(array.dtype()) {
            let (dtype, stored) = (array.dtype(), opaque::stored_as(array.dtype()));
            let text = format!("Arrow has no type for {dtype}: it goes out as arrow.opaque, and others see {stored}");
            reasons.push(Reason::new("opaque", "C5", text));
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
        let lends =
            way == Way::Share && !array.is_empty() || fields_lend || validity_bytes == 0 && array.null_count() > 0;
        Ok(Export { array: array.clone(), field, way, packs_validity, validity_bytes, field_bytes, lends, reasons })
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
            Way::Fields => self.field_bytes,
        };
        values + self.validity_bytes
    }

    /// Returns true if any of the array's own memory goes out, its validity bits too. What is copied in part may lend the rest.
    pub fn lends(&self) -> bool {
        self.lends
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
        let (mut text, mut children) = (None, Vec::new());
        let (first, values): (*const u8, Kept) = match way {
            Way::Text(length) => {
                text = Some(text::packed(&array, length)?);
                (EMPTY.as_ptr().cast(), Kept::Array(values))
            }
            Way::Fields => {
                for (_, part) in fields_of(&values).map_err(first_of)? {
                    let rows = along_one_axis(part, values.ndim()).map_err(reason)?;
                    children.push(Export::of(&rows, None).map_err(first_of)?.export()?);
                }
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
        let owner: aria_arrow::Owner = Arc::new((guard, validity, text));
        let is_pair = opaque::half(array.dtype()).is_some();
        if way == Way::Fields || is_pair {
            buffers.truncate(1); // Values are those of children.
        }
        if is_pair {
            let node = Node {
                length: array.len() * 2,
                null_count: Some(0),
                buffers: vec![core::ptr::null(), first.cast()],
                ..Node::default()
            };
            // SAFETY: two halves for each element lie one behind the other from `first`, as long as the guard lives.
            children.push(unsafe { node.export(owner.clone()) });
        }
        let node = Node { length: array.len(), null_count: Some(null_count), buffers, children, ..Node::default() };
        // SAFETY: the elements lie one behind the other from `first`, as the field says, or are what `text` or the children
        // have, and the bits from `bitmap`, as long as guard, validity and text live: vectors do not move what they hold.
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

/// The fields of records by their names, as views, without the records' own validity.
fn fields_of(array: &Array) -> Result<Vec<(Box<str>, Array)>, Vec<Reason>> {
    let fields = array.dtype().record().map(|record| record.fields()).unwrap_or_default();
    let records = array.clone().without_validity();
    let part = |field: &crate::dtype::Field| {
        let part =
            records.field(&field.name).map_err(|error| vec![Reason::new("span-overflow", "L2", error.to_string())])?;
        Ok((field.name.clone(), part))
    };
    fields.iter().map(part).collect()
}

/// The same elements with the first `axes` axes as one: a view where strides can say it, else a copy.
fn along_one_axis(array: Array, axes: usize) -> Result<Array, ArrayError> {
    if axes == 1 {
        return Ok(array);
    }
    let (outer, inner) = array.shape().split_at(axes);
    let shape: Vec<usize> = core::iter::once(outer.iter().product()).chain(inner.iter().copied()).collect();
    match array.reshape(&shape) {
        Ok(view) => Ok(view),
        Err(_) => Ok(array.copy(CopyOrder::C)?.reshape(&shape)?),
    }
}

/// Of several reasons the first, which is as good as any: the plan had them all.
fn first_of(reasons: Vec<Reason>) -> Box<Reason> {
    let none = || Reason::new("memory", "C3", "a field of the records is no array");
    Box::new(reasons.into_iter().next().unwrap_or_else(none))
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
