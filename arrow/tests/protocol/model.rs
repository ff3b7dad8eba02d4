//! The model is arrow-rs: arrays of every type it has, sliced and nested, go through this crate and come back equal.

use arrow_array::builder::{BinaryViewBuilder, StringViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer, i256};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Field as RsField, FieldRef, Fields, UnionFields};
use half::f16;
use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use aria_arrow::abi::{ArrowArray, ArrowSchema};
use aria_arrow::{Checked, Field, Format, OwnedArray, OwnedSchema, Owner, validate};

/// Takes over what arrow-rs exports.
pub(crate) fn taken(array: &dyn Array) -> (OwnedArray, Field) {
    let data = array.to_data();
    let (mut array, mut schema) = (FFI_ArrowArray::new(&data), FFI_ArrowSchema::try_from(data.data_type()).unwrap());
    // SAFETY: a live struct of the same layout, which keeps to the interface; arrow-rs sees it marked as released.
    let array = unsafe { OwnedArray::take(NonNull::from(&mut array).cast::<ArrowArray>()) }.unwrap();
    // SAFETY: as above.
    let schema = unsafe { OwnedSchema::take(NonNull::from(&mut schema).cast::<ArrowSchema>()) }.unwrap();
    (array, schema.field().unwrap())
}

pub(crate) fn checked(array: &dyn Array) -> Checked {
    let (taken, field) = taken(array);
    taken.check(Arc::new(field)).unwrap_or_else(|refused| panic!("{:?}: {refused}", array.data_type()))
}

/// arrow-rs' reading of a field.
pub(crate) fn rs_schema(field: &Field) -> FFI_ArrowSchema {
    let mut schema = field.to_schema().into_raw();
    // SAFETY: a live struct of the same layout; what is moved out here is not released here.
    unsafe { FFI_ArrowSchema::from_raw((&raw mut schema).cast()) }
}

/// arrow-rs' reading of an array.
fn rs_array(array: OwnedArray, field: &Field) -> ArrayRef {
    let mut raw = array.into_raw();
    // SAFETY: as above.
    let raw = unsafe { FFI_ArrowArray::from_raw((&raw mut raw).cast()) };
    // SAFETY: it keeps to the interface: this is what the test is about.
    make_array(unsafe { ffi::from_ffi(raw, &rs_schema(field)) }.unwrap())
}

/// Every address in an array of this crate.
fn addresses(view: &aria_arrow::ArrayView<'_>) -> Vec<*const c_void> {
    let below = (0..view.n_children()).filter_map(|i| view.child(i)).chain(view.dictionary());
    (0..view.n_buffers()).filter_map(|i| view.buffer(i)).chain(below.flat_map(|child| addresses(&child))).collect()
}

/// Takes, checks, validates, shares parts of an array and parts of the parts; arrow-rs finds its own slices in them.
fn pass_through(array: &ArrayRef) {
    let kind = array.data_type();
    let whole = Arc::new(checked(array));
    let view = whole.view();
    assert_ne!(view.field().layout(), Format::Unknown, "{kind:?}");
    assert_eq!(view.len(), array.len());
    // SAFETY: arrow-rs' buffers, in host memory, which nobody writes to.
    unsafe { validate(&view) }.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
    assert_eq!(&DataType::try_from(&rs_schema(whole.field())).unwrap(), kind);
    let n = array.len();
    let parts = [(0, n), (1, n), (0, n - 1), (2, n - 1), (n - 1, n), (n, n), (0, 0)];
    for (start, end) in parts.into_iter().filter(|(start, end)| start <= end) {
        let owner: Owner = whole.clone();
        // SAFETY: the owner is the array itself.
        let part = unsafe { view.share(start..end, &owner) };
        let part = part.check(whole.field().clone()).unwrap_or_else(|refused| panic!("{kind:?}: {refused}"));
        assert_eq!(addresses(&part.view()), addresses(&view), "{kind:?} is not copied");
        // SAFETY: as above.
        unsafe { validate(&part.view()) }.unwrap_or_else(|error| panic!("{kind:?} {start}..{end}: {error}"));
        let part = Arc::new(part);
        let owner: Owner = part.clone();
        // SAFETY: the owner is the array itself.
        let again = unsafe { part.view().share(1..part.view().len(), &owner) };
        let back = rs_array(again, whole.field());
        let expected = array.slice((start + 1).min(end), (end - start).saturating_sub(1)); // Empty stays empty.
        assert_eq!(&back, &expected, "{kind:?} {start}..{end}");
        drop(owner);
        let part = Arc::into_inner(part);
        if let Some(part) = part {
            let back = rs_array(part.into_parts().0, whole.field());
            assert_eq!(&back, &array.slice(start, end - start), "{kind:?} {start}..{end}");
        }
    }
}

/// Seven elements, the third and the last null.
const VALID: [bool; 7] = [true, true, false, true, true, true, false];

fn nulls() -> Option<NullBuffer> {
    Some(NullBuffer::from(VALID.to_vec()))
}

fn primitive<T: ArrowPrimitiveType>(of: impl Fn(u8) -> T::Native) -> PrimitiveArray<T> {
    PrimitiveArray::new((0..7).map(of).collect(), nulls())
}

fn texts() -> Vec<Option<&'static str>> {
    vec![Some("a"), Some("ключ"), None, Some(""), Some("longer than twelve bytes"), Some("🗝"), None]
}

fn bytes() -> Vec<Option<&'static [u8]>> {
    vec![Some(b"\0\xFF"), Some(b""), None, Some(b"a"), Some(b"\xFElonger than twelve bytes"), Some(b"b"), None]
}

/// An array of every type without children.
pub(crate) fn leaves() -> Vec<ArrayRef> {
    let mut found: Vec<ArrayRef> = vec![Arc::new(NullArray::new(7))];
    found.push(Arc::new(BooleanArray::new(VALID.into_iter().map(|bit| !bit).collect(), nulls())));
    macro_rules! integers {
        ($($kind:ty)*) => { $(found.push(Arc::new(primitive::<$kind>(|i| i.into())));)* };
    }
    integers!(Int16Type Int32Type Int64Type UInt8Type UInt16Type UInt32Type UInt64Type Float32Type Float64Type
        Date32Type Date64Type Time32SecondType Time32MillisecondType Time64MicrosecondType Time64NanosecondType
        TimestampSecondType TimestampMillisecondType TimestampMicrosecondType TimestampNanosecondType
        DurationSecondType DurationMillisecondType DurationMicrosecondType DurationNanosecondType
        IntervalYearMonthType);
    found.push(Arc::new(primitive::<Int8Type>(|i| i as i8 - 3)));
    found.push(Arc::new(primitive::<Float16Type>(|i| f16::from_f32(f32::from(i)))));
    found.push(Arc::new(primitive::<TimestampNanosecondType>(i64::from).with_timezone("Europe/Paris")));
    found.push(Arc::new(primitive::<IntervalDayTimeType>(|i| IntervalDayTimeType::make_value(i.into(), -1))));
    let month = |i: u8| IntervalMonthDayNanoType::make_value(i.into(), 2, -3);
    found.push(Arc::new(primitive::<IntervalMonthDayNanoType>(month)));
    found.push(Arc::new(primitive::<Decimal32Type>(i32::from).with_precision_and_scale(7, 2).unwrap()));
    found.push(Arc::new(primitive::<Decimal64Type>(i64::from).with_precision_and_scale(15, -2).unwrap()));
    found.push(Arc::new(primitive::<Decimal128Type>(|i| i128::from(i) << 64).with_precision_and_scale(38, 0).unwrap()));
    found.push(Arc::new(
        primitive::<Decimal256Type>(|i| i256::from(i128::from(i))).with_precision_and_scale(76, 9).unwrap(),
    ));
    found.push(Arc::new(StringArray::from(texts())));
    found.push(Arc::new(LargeStringArray::from(texts())));
    found.push(Arc::new(BinaryArray::from(bytes())));
    found.push(Arc::new(LargeBinaryArray::from(bytes())));
    let mut views = StringViewBuilder::new().with_fixed_block_size(32);
    (0..4).for_each(|i| views.append_value(format!("a text of more than twelve bytes {i}")));
    texts().into_iter().take(3).for_each(|text| views.append_option(text));
    found.push(Arc::new(views.finish()));
    let mut views = BinaryViewBuilder::new();
    bytes().into_iter().for_each(|bytes| views.append_option(bytes));
    found.push(Arc::new(views.finish()));
    let fixed = (0..7).map(|i| VALID[i].then_some([i as u8; 3]));
    found.push(Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(fixed, 3).unwrap()));
    found
}

fn item(values: &ArrayRef) -> FieldRef {
    let metadata = HashMap::from([("ARROW:extension:name".to_owned(), "aria.test".to_owned())]);
    Arc::new(RsField::new("item", values.data_type().clone(), true).with_metadata(metadata))
}

/// Every type with children, over these seven values.
fn wrapped(values: &ArrayRef) -> Vec<ArrayRef> {
    let offsets = || OffsetBuffer::from_lengths([1, 2, 0, 1, 0, 3, 0]);
    let large = || OffsetBuffer::from_lengths([0, 2, 0, 1, 1, 3, 0]);
    let mut found: Vec<ArrayRef> = vec![
        Arc::new(ListArray::new(item(values), offsets(), values.clone(), nulls())),
        Arc::new(LargeListArray::new(item(values), large(), values.clone(), None)),
        Arc::new(ListViewArray::new(
            item(values),
            ScalarBuffer::from(vec![5, 0, 0, 2, 6, 0, 7]),
            ScalarBuffer::from(vec![2, 7, 3, 0, 1, 1, 0]),
            values.clone(),
            nulls(),
        )),
        Arc::new(LargeListViewArray::new(
            item(values),
            ScalarBuffer::from(vec![5i64, 0, 0, 2, 6]),
            ScalarBuffer::from(vec![2i64, 7, 3, 0, 1]),
            values.clone(),
            None,
        )),
        Arc::new(FixedSizeListArray::new(item(values), 2, values.slice(1, 6), None)),
        Arc::new(StructArray::new(Fields::from(vec![item(values), item(values)]), vec![values.clone(); 2], nulls())),
    ];
    let keys: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d", "e", "f", "g"]));
    let pair = Fields::from(vec![Arc::new(RsField::new("key", DataType::Utf8, false)), item(values)]);
    let entries = StructArray::new(pair.clone(), vec![keys, values.clone()], None);
    for sorted in [false, true] {
        let field = Arc::new(RsField::new("entries", DataType::Struct(pair.clone()), false));
        found.push(Arc::new(MapArray::new(field, offsets(), entries.clone(), nulls(), sorted)));
    }
    let numbers: ArrayRef = Arc::new(primitive::<Int16Type>(i16::from));
    let fields =
        UnionFields::try_new([5, 9], [RsField::clone(&item(values)), RsField::clone(&item(&numbers))]).unwrap();
    let ids = ScalarBuffer::from(vec![5i8, 9, 9, 5, 9, 5, 5]);
    let children = vec![values.clone(), numbers];
    let dense = Some(ScalarBuffer::from(vec![0, 0, 1, 1, 6, 3, 6]));
    found.push(Arc::new(UnionArray::try_new(fields.clone(), ids.clone(), dense, children.clone()).unwrap()));
    found.push(Arc::new(UnionArray::try_new(fields, ids, None, children).unwrap()));
    found
}

/// Run ends and dictionaries over these seven values, which arrow-rs has for some types.
fn coded(values: &ArrayRef) -> Vec<ArrayRef> {
    let ends = Int32Array::from(vec![1, 3, 4, 8, 9, 11, 12]);
    let keys = UInt8Array::new(vec![6, 0, 99, 3, 3, 2, 200].into(), nulls());
    let wide = Int64Array::from(vec![6, 0, 1, 3, 3, 2, 5]);
    vec![
        Arc::new(RunArray::try_new(&ends, values).unwrap()),
        Arc::new(RunArray::try_new(&Int16Array::from(vec![1, 2, 3, 4, 5, 6, 9]), values).unwrap()),
        Arc::new(DictionaryArray::new(keys, values.clone())),
        Arc::new(DictionaryArray::new(wide, values.clone())),
    ]
}

/// As it is, and as a slice, which has an offset already.
fn pass_both(array: &ArrayRef) {
    pass_through(array);
    pass_through(&array.slice(1, array.len() - 2));
}

#[test]
fn every_type_passes_through_sliced_and_unchanged() {
    for array in leaves().iter().step_by(if cfg!(miri) { 9 } else { 1 }) {
        pass_both(array);
    }
}

#[test]
#[cfg_attr(miri, ignore = "slow; a few types say enough there")]
fn every_type_in_every_other_passes_through_sliced_and_unchanged() {
    for leaf in leaves() {
        wrapped(&leaf).iter().chain(&coded(&leaf)).for_each(pass_both);
    }
}

#[test]
#[cfg_attr(miri, ignore = "slow; as above")]
fn types_in_types_in_types_pass_through_sliced_and_unchanged() {
    let leaf: ArrayRef = Arc::new(StringArray::from(texts()));
    let full = |array: &ArrayRef| array.len() >= 7;
    let mut inner = wrapped(&leaf);
    inner.extend(coded(&leaf));
    let inner = inner.iter().filter(|array| full(array)).map(|array| array.slice(0, 7));
    for inner in inner {
        wrapped(&inner).iter().for_each(pass_both);
    }
}

/// K-A22 says what becomes of nulls; here they are counted as arrow-rs counts them.
#[test]
#[cfg_attr(miri, ignore = "slow; as above")]
fn null_counts_are_those_of_arrow_rs() {
    for leaf in leaves() {
        let whole = checked(&leaf);
        let expected = leaf.logical_null_count();
        assert_eq!(whole.view().null_count(), Some(expected), "{:?}", leaf.data_type());
    }
}

/// A schema of a record batch: a struct with names, nullability and metadata.
#[test]
#[cfg_attr(miri, ignore = "slow; as above")]
fn a_record_batch_keeps_names_nullability_and_metadata() {
    let columns: Vec<_> = leaves().into_iter().filter(|leaf| leaf.data_type() != &DataType::Null).collect();
    let fields: Fields = columns.iter().map(item).collect();
    let batch: ArrayRef = Arc::new(StructArray::new(fields.clone(), columns, None));
    let (_, field) = taken(&batch);
    assert_eq!(field.children()[0].extension_name(), Some(&b"aria.test"[..]));
    let back = RsField::try_from(&rs_schema(&field)).unwrap();
    assert_eq!(back.data_type(), &DataType::Struct(fields));
    assert_eq!(batch.as_struct().num_columns(), field.children().len());
}
