//! arrow-rs' arrays, batches and buffers, and ours: the same memory, without Python (feature `arrow-rs`).
//!
//! | from | to | data movement |
//! |---|---|---|
//! | `&dyn arrow_array::Array` | [`Array`] | as [`convert::arrow`](super::arrow) says: a view, frozen; booleans and narrow dates are copied |
//! | [`Array`] | `ArrayRef` | frozen memory is shared; what others may write is **copied**, or refused |
//! | `RecordBatch` | [`Table`] | every column is shared, whatever its type |
//! | [`Table`] | `RecordBatch`es | what came as Arrow is shared, arrays as above |
//! | `arrow_buffer::Buffer` | [`Array`] | [`Array::from_owner`], which takes the buffer over |
//! | [`Array`] | `arrow_buffer::Buffer` | frozen and dense memory is shared, else refused |
//!
//! arrow-rs lends `&[T]` of what it holds, in safe code: so it is never given memory that others may write (rule L9). What is
//! misaligned it would copy without a word: that is a copy here, with its reason, or refused.

use super::arrow::{Export, Import, reason};
use crate::array::{Access, Array, CopyOrder};
use crate::buffer::Owner;
use crate::convert::Refused;
use crate::device::Device;
use crate::plan::{CopyPolicy, Reason};
use crate::table::{Origin, Table, TableError};
use aria_arrow::abi::{ArrowArray, ArrowSchema};
use aria_arrow::{Checked, Field, OwnedArray, OwnedSchema};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::{Array as ArrowRsArray, ArrayRef, RecordBatch, StructArray, make_array};
use arrow_buffer::Buffer;
use core::ptr::NonNull;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// The structs of both sides are one standard's.
const _: () = {
    assert!(size_of::<FFI_ArrowArray>() == size_of::<ArrowArray>());
    assert!(size_of::<FFI_ArrowSchema>() == size_of::<ArrowSchema>());
};

/// An array of arrow-rs' as a checked struct, with its schema. **Zero-copy.**
fn checked(array: &dyn ArrowRsArray, schema: Result<FFI_ArrowSchema, Reason>) -> Result<Checked, Reason> {
    let mut schema = schema?;
    // SAFETY: a live struct of the C data interface, of this function's own; what is taken leaves it marked as released.
    let schema = unsafe { OwnedSchema::take(NonNull::from(&mut schema).cast::<ArrowSchema>()) };
    let field = schema.and_then(|schema| schema.field()).map_err(|error| reason(&error))?;
    let mut array = FFI_ArrowArray::new(&array.to_data());
    // SAFETY: as above.
    let array = unsafe { OwnedArray::take(NonNull::from(&mut array).cast::<ArrowArray>()) };
    let array = array.map_err(|error| reason(&error))?;
    array.check(Arc::new(field)).map_err(|refused| reason(&refused.error))
}

fn unknown(error: &impl core::fmt::Display) -> Reason {
    Reason::new("dtype", "C5", format!("arrow-rs has no such type: {error}"))
}

/// A struct of ours as arrow-rs' data.
///
/// # Safety
///
/// The buffers hold what the schema says, and are not written to while the data lives.
unsafe fn imported(array: OwnedArray, schema: OwnedSchema) -> Result<ArrayRef, Reason> {
    let (array, schema) = (array.into_raw(), schema.into_raw());
    // SAFETY: the same struct, moved: `into_raw` gave it up.
    let array = unsafe { core::ptr::from_ref(&array).cast::<FFI_ArrowArray>().read() };
    // SAFETY: as above.
    let schema = unsafe { core::ptr::from_ref(&schema).cast::<FFI_ArrowSchema>().read() };
    // SAFETY: a sound array for the schema: the caller's duty.
    let data = unsafe { from_ffi(array, &schema) }.map_err(|error| unknown(&error))?;
    Ok(make_array(data))
}

/// Refuses the types that arrow-rs asserts to be otherwise: maps whose entries are no pairs, run ends that are no integers.
fn known(field: &Field) -> Result<(), TableError> {
    let children = field.children();
    let text = match field.format() {
        "+m" if !children.first().is_some_and(|it| it.format() == "+s" && it.children().len() == 2) => {
            Some("a map's entries are structs of a key and a value")
        }
        "+r" if !children.first().is_some_and(|it| matches!(it.format(), "s" | "i" | "l")) => {
            Some("run ends are int16, int32 or int64")
        }
        _ => None,
    };
    if let Some(text) = text {
        let found = children.first().map_or_else(String::new, Field::type_name);
        let reason = Reason::new("malformed", "C8", format!("{text}, but column '{}' has {found}", field.name()));
        return Err(TableError::Refused(vec![reason]));
    }
    children.iter().chain(field.dictionary()).try_for_each(known)
}

impl Array {
    /// Shares an array of arrow-rs'. **Zero-copy**, frozen; booleans and narrow dates are **copied**.
    ///
    /// # Errors
    ///
    /// What is no array here, by the name of its type; no memory for a copy.
    pub fn from_arrow_rs(array: &dyn ArrowRsArray) -> Result<Array, Vec<Reason>> {
        let schema = FFI_ArrowSchema::try_from(array.data_type()).map_err(|error| unknown(&error));
        let checked = Arc::new(checked(array, schema).map_err(|reason| vec![reason])?);
        let len = checked.view().len();
        let import = Import::of(&checked.view(), 0..len, Device::CPU).map_err(|reason| vec![*reason])?;
        let owner = Owner::new(checked.clone());
        // SAFETY: the owner keeps the array, which arrow-rs keeps unwritten while a handle lives.
        let array = unsafe { import.own(&owner, Access::Frozen) };
        array.map_err(|error| vec![Reason::new("memory", "C3", error.to_string())])
    }

    /// The array as one of arrow-rs'. **Zero-copy** for frozen memory, and for unique memory with this sole handle, which is
    /// frozen; memory that others may write is **copied** where that is allowed, and so is what [`Export`] copies.
    ///
    /// # Errors
    ///
    /// The array comes back, with every reason: a dtype that Arrow lacks, or a copy that is not allowed.
    pub fn into_arrow_rs(self, copy: CopyPolicy) -> Result<ArrayRef, Refused<Box<Array>>> {
        let array = self.freeze().unwrap_or_else(|array| array);
        match array.as_arrow_rs(copy) {
            Ok(made) => Ok(made),
            Err(reasons) => Err(Refused { source: Box::new(array), reasons }),
        }
    }

    fn as_arrow_rs(&self, copy: CopyPolicy) -> Result<ArrayRef, Vec<Reason>> {
        let export = Export::of(self, None)?;
        let mut reasons: Vec<Reason> = match export.copied_bytes() {
            0 => Vec::new(),
            _ => export.reasons().iter().filter(|reason| reason.code != "immutability").cloned().collect(),
        };
        let before = reasons.len();
        if export.lends() && self.access() != Access::Frozen {
            let text = format!("arrow-rs lends slices of what it holds, and this memory is {}", self.access().name());
            reasons.push(Reason::new("shared", "L9", text).expected("frozen", self.access().name()));
        }
        if export.lends() && !self.is_aligned() {
            let text = format!("the address {:#x} is no multiple of {}", self.address(), self.dtype().alignment());
            reasons.push(Reason::new("misaligned", "L5", text));
        }
        if !reasons.is_empty() && copy == CopyPolicy::Never {
            reasons.push(Reason::new("copy-never", "C1", "a copy would be needed, and it is not allowed"));
            return Err(reasons);
        }
        let unfit = reasons.len() > before;
        let export = match copy {
            CopyPolicy::Always => self.copied()?,
            _ if unfit => self.copied()?,
            _ => export,
        };
        let schema = export.field().to_schema();
        let array = export.export().map_err(|reason| vec![*reason])?;
        // SAFETY: an array of ours for its own field; frozen, or a fresh copy that nobody else has.
        unsafe { imported(array, schema) }.map_err(|reason| vec![reason])
    }

    /// The export of a copy.
    fn copied(&self) -> Result<Export, Vec<Reason>> {
        let copy = self.copy(CopyOrder::C).map_err(|error| vec![Reason::new("memory", "C3", error.to_string())])?;
        Export::of(&copy, None)
    }

    /// The bytes of the elements as a buffer of arrow-rs'. **Zero-copy.** Counts as an export until the buffer is gone.
    ///
    /// # Errors
    ///
    /// Memory that others may write, or of a device; elements that do not lie one behind the other.
    pub fn to_arrow_buffer(&self) -> Result<Buffer, Vec<Reason>> {
        let mut reasons = Vec::new();
        if self.access() != Access::Frozen {
            let text = format!("a buffer lends its bytes, and this memory is {}", self.access().name());
            reasons.push(Reason::new("shared", "L9", text).expected("frozen", self.access().name()));
        }
        if !self.device().is_host() {
            reasons.push(Reason::new("device", "L7", format!("the memory lies on {}", self.device())));
        }
        if !self.layout().is_c_contiguous() {
            reasons.push(Reason::new("order", "L3", "the elements do not lie one behind the other"));
        }
        if !reasons.is_empty() {
            return Err(reasons);
        }
        let Some(first) = NonNull::new(self.as_ptr()).filter(|_| !self.is_empty()) else {
            return Ok(Buffer::default());
        };
        let owner = Arc::new(AssertUnwindSafe(self.export(None)));
        // SAFETY: `nbytes` bytes lie there, as the elements do; the guard keeps them, and nobody writes: frozen.
        Ok(unsafe { Buffer::from_custom_allocation(first, self.nbytes(), owner) })
    }
}

/// Shares an array of arrow-rs', as [`Array::from_arrow_rs`].
impl TryFrom<&ArrayRef> for Array {
    type Error = Vec<Reason>;

    fn try_from(array: &ArrayRef) -> Result<Array, Vec<Reason>> {
        Array::from_arrow_rs(array)
    }
}

/// Memory of arrow-rs': nobody writes to it while a handle lives.
fn origin() -> Origin {
    // SAFETY: of the host; arrow-rs keeps its buffers unwritten.
    unsafe { Origin::new("arrow-rs", Device::CPU, Access::Frozen) }
}

impl Table {
    /// Shares a batch of arrow-rs', whatever the types of its columns. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// A type that arrow-rs itself cannot say by the C interface.
    pub fn from_record_batch(batch: &RecordBatch) -> Result<Table, TableError> {
        let schema = FFI_ArrowSchema::try_from(&*batch.schema()).map_err(|error| unknown(&error));
        let checked = checked(&StructArray::from(batch.clone()), schema);
        Table::from_batch(checked.map_err(|reason| TableError::Refused(vec![reason]))?, origin())
    }

    /// The rows as batches of arrow-rs', cut where columns' chunks end. What came as frozen Arrow memory is shared, whatever
    /// its type; arrays of memory that others may write are **copied**, where that is allowed.
    ///
    /// # Errors
    ///
    /// A type that arrow-rs does not know; a copy that is not allowed; memory of a device; values that are none of their type:
    /// **every value is looked at**, since arrow-rs takes text for text.
    pub fn to_record_batches(&self, copy: CopyPolicy) -> Result<Vec<RecordBatch>, TableError> {
        let owned = self.frozen_for_arrow_rs(copy)?;
        owned.batches(None).map(|batch| batch.record_batch()).collect()
    }

    fn record_batch(&self) -> Result<RecordBatch, TableError> {
        let field = self.schema().to_field();
        known(&field)?;
        let schema = field.to_schema();
        let checked = self.to_struct()?.check(Arc::new(field)).map_err(|refused| refused.error)?;
        // SAFETY: memory of the host: all columns are frozen, as `frozen_for_arrow_rs` made sure, so that what is found holds.
        // How long they are is what their producers said.
        unsafe { aria_arrow::validate(&checked.view()) }?;
        let (array, _) = checked.into_parts();
        // SAFETY: an array of ours for its own schema, frozen, whose every value was just checked.
        let made = unsafe { imported(array, schema) }.map_err(|reason| TableError::Refused(vec![reason]))?;
        let rows = made.as_any().downcast_ref::<StructArray>();
        let not_a_table = || TableError::NotATable { found: made.data_type().to_string() };
        let metadata = self.schema().metadata().iter().map(|(key, value)| {
            (String::from_utf8_lossy(key).into_owned(), String::from_utf8_lossy(value).into_owned())
        });
        let batch = RecordBatch::from(rows.ok_or_else(not_a_table)?);
        let schema = batch.schema().as_ref().clone().with_metadata(metadata.collect::<HashMap<_, _>>());
        batch.with_schema(Arc::new(schema)).map_err(|error| TableError::Refused(vec![unknown(&error)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Validity;
    use crate::dtype::{self, DType};
    use crate::layout::Slice;
    use arrow_array::{BooleanArray, Date32Array, Float64Array, Int32Array, StringArray};
    use arrow_schema::{DataType, Field, Schema};

    #[test]
    fn what_is_none_of_its_type_is_not_handed_to_safe_code() {
        let offsets = arrow_buffer::OffsetBuffer::new(vec![0, 4].into());
        let bytes = Buffer::from(vec![0xff, 0xfe, 0xff, 0x80]);
        // SAFETY: no text, which is what is tested: nobody reads it as text.
        let lies = unsafe { StringArray::new_unchecked(offsets, bytes, None) };
        let batch = RecordBatch::try_from_iter([("s", Arc::new(lies) as ArrayRef)]).unwrap();
        let table = Table::from_record_batch(&batch).unwrap();
        assert!(table.to_record_batches(CopyPolicy::Never).unwrap_err().to_string().contains("UTF-8"));
        let pairs = aria_arrow::Field::new("entries", "+s")
            .with_children(vec![aria_arrow::Field::new("k", "u"), aria_arrow::Field::new("v", "g")]);
        for (format, first, good) in [("+m", "g", false), ("+r", "g", false), ("+r", "i", true)] {
            let children = vec![aria_arrow::Field::new("c", first), aria_arrow::Field::new("d", "g")];
            assert_eq!(known(&aria_arrow::Field::new("x", format).with_children(children)).is_ok(), good, "{format}");
        }
        assert!(known(&aria_arrow::Field::new("x", "+m").with_children(vec![pairs])).is_ok());
    }

    #[test]
    fn an_array_is_shared_frozen_and_lends_slices() {
        let source = Float64Array::from(vec![Some(1.0), None, Some(3.0)]);
        let array = Array::from_arrow_rs(&source.slice(1, 2)).unwrap();
        assert_eq!(array.address(), source.values().as_ptr().addr() + 8);
        assert_eq!((array.access(), array.null_count()), (Access::Frozen, 1));
        let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        let array = Array::try_from(&values).unwrap();
        drop(values);
        assert_eq!(array.as_slice::<i32>().unwrap(), [1, 2]);
        let bools = Array::from_arrow_rs(&BooleanArray::from(vec![true, false])).unwrap();
        assert_eq!(bools.to_vec::<bool>().unwrap(), [true, false]);
        let days = Array::from_arrow_rs(&Date32Array::from(vec![1])).unwrap();
        assert_eq!(days.dtype().name(), "datetime64[D]");
        let text = Array::from_arrow_rs(&StringArray::from(vec!["a"])).unwrap_err();
        assert_eq!(text[0].code, "not-numeric");
    }

    #[test]
    fn frozen_memory_goes_back_at_its_address_and_other_memory_as_a_copy() {
        let source = Float64Array::from(vec![1.0, 2.0]);
        let back = Array::from_arrow_rs(&source).unwrap().into_arrow_rs(CopyPolicy::Never).unwrap();
        let back = back.as_any().downcast_ref::<Float64Array>().unwrap();
        assert_eq!((back.values().as_ptr(), back), (source.values().as_ptr(), &source));
        let own = Array::from(vec![1i64, 2]);
        let address = own.address();
        let made = own.into_arrow_rs(CopyPolicy::Never).unwrap();
        assert_eq!(made.to_data().buffers()[0].as_ptr().addr(), address);
        let shared = Array::from(vec![1i64, 2]).share().unwrap();
        let refused = shared.clone().into_arrow_rs(CopyPolicy::Never).unwrap_err();
        assert_eq!(refused.reasons[0].code, "shared");
        let copy = shared.clone().into_arrow_rs(CopyPolicy::IfNeeded).unwrap();
        assert_ne!(copy.to_data().buffers()[0].as_ptr().addr(), shared.address());
        assert_eq!(shared.exports(), 0);
    }

    #[test]
    fn what_is_copied_in_part_lends_no_other_part_of_memory_that_others_write() {
        let valid = Validity::from_bools(&[true, false, true], &[3]).unwrap();
        let nulls = Array::from(vec![1i64, 2, 3]).with_validity(valid).unwrap().share().unwrap();
        let bits = nulls.slice(0, Slice { start: 1, len: 2, step: 1 }).unwrap(); // Its bits begin within a byte.
        let fields = vec![dtype::Field::new("x", DType::F64, 0), dtype::Field::new("first", DType::BOOL, 0)];
        let record = DType::Record(Arc::new(dtype::Record::new(fields, 8).unwrap()));
        let records = Array::from(vec![0.5, 1.5]).share().unwrap().reinterpret(record).unwrap();
        let pairs = Array::zeros(DType::C64, &[2], crate::layout::Order::C).unwrap().share().unwrap();
        for (array, is_partly_copied) in [(bits, true), (records, true), (pairs, false)] {
            let export = Export::of(&array, None).unwrap();
            assert_eq!((export.lends(), export.copied_bytes() > 0), (true, is_partly_copied));
            let refused = array.clone().into_arrow_rs(CopyPolicy::Never).unwrap_err();
            assert!(refused.reasons.iter().any(|reason| reason.code == "shared"), "{:?}", refused.reasons);
            let made = array.clone().into_arrow_rs(CopyPolicy::IfNeeded).unwrap();
            fn addresses(data: &arrow_data::ArrayData) -> Vec<usize> {
                let own = data.buffers().iter().map(|buffer| buffer.as_ptr().addr());
                own.chain(data.child_data().iter().flat_map(addresses)).collect()
            }
            let memory = array.address()..array.address() + array.nbytes();
            assert!(addresses(&made.to_data()).iter().all(|address| !memory.contains(address)));
            assert_eq!((made.len(), array.exports()), (2, 0));
        }
        let text = Array::from(vec![0u32; 2]).share().unwrap().reinterpret(DType::Str(1)).unwrap();
        assert!(!Export::of(&text, None).unwrap().lends());
    }

    #[test]
    fn a_buffer_is_taken_over_and_given_back() {
        let buffer = Buffer::from_vec(vec![1.5f32, 2.5]);
        let address = buffer.as_ptr().addr();
        let array = Array::from_owner(buffer, DType::F32, &[2]).map_err(|(error, _)| error).unwrap();
        assert_eq!((array.address(), array.as_slice::<f32>().unwrap()), (address, &[1.5, 2.5][..]));
        let back = array.to_arrow_buffer().unwrap();
        assert_eq!((back.as_ptr().addr(), back.len(), array.exports()), (address, 8, 1));
        drop(back);
        assert_eq!(array.exports(), 0);
        assert_eq!(Array::from(vec![1u8]).to_arrow_buffer().unwrap_err()[0].code, "shared");
    }

    #[test]
    fn a_batch_of_any_types_is_shared_and_comes_back() {
        let fields = vec![Field::new("x", DataType::Float64, true), Field::new("name", DataType::Utf8, false)];
        let schema = Schema::new(fields).with_metadata(HashMap::from([("k".to_owned(), "v".to_owned())]));
        let x: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
        let name: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let batch = RecordBatch::try_new(Arc::new(schema), vec![x, name]).unwrap();
        let table = Table::from_record_batch(&batch).unwrap();
        assert_eq!(table.column("x").unwrap().null_count().unwrap(), 1);
        let back = table.to_record_batches(CopyPolicy::Never).unwrap();
        assert_eq!(back, std::slice::from_ref(&batch));
        let own = crate::table::Column::from_array("n", Array::from(vec![1i64, 2]).share().unwrap()).unwrap();
        let wider = table.append_column(own).unwrap();
        assert!(wider.to_record_batches(CopyPolicy::Never).is_err());
        let wider = wider.to_record_batches(CopyPolicy::IfNeeded).unwrap();
        assert_eq!((wider[0].num_columns(), wider[0].num_rows()), (3, 2));
    }
}
