//! Arrays of ours go out and come back; and structs made by hand, whose owners count their drops.

use super::*;
use crate::array::{Access, Array, CopyOrder, Validity};
use crate::buffer::Owner;
use crate::device::Device;
use crate::dtype::DType;
use crate::layout::Slice;
use aria_arrow::{Checked, Field, Metadata, Node, OwnedArray};
use core::sync::atomic::{AtomicUsize, Ordering};
use num_complex::Complex;
use proptest::prelude::*;
use std::sync::Arc;

/// Buffers of a test, which count their end.
struct Counted(#[allow(dead_code, reason = "kept for its drop")] Vec<Vec<u8>>, Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// A struct over copies of these buffers; an empty buffer is NULL.
pub(super) fn node(
    length: usize,
    offset: usize,
    nulls: Option<usize>,
    buffers: &[&[u8]],
    children: Vec<OwnedArray>,
) -> OwnedArray {
    counted(length, offset, nulls, buffers, children).0
}

fn counted(
    length: usize,
    offset: usize,
    null_count: Option<usize>,
    buffers: &[&[u8]],
    children: Vec<OwnedArray>,
) -> (OwnedArray, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let kept: Vec<Vec<u8>> = buffers.iter().map(|bytes| bytes.to_vec()).collect();
    let address = |bytes: &Vec<u8>| if bytes.is_empty() { core::ptr::null() } else { bytes.as_ptr().cast() };
    let buffers = kept.iter().map(address).collect();
    let node = Node { length, offset, null_count, buffers, children, dictionary: None };
    // SAFETY: the buffers are as long as the tests say, and kept by the owner.
    (unsafe { node.export(Arc::new(Counted(kept, drops.clone()))) }, drops)
}

pub(super) fn import(array: OwnedArray, field: Field) -> Result<Array, Box<Reason>> {
    let checked = array.check(Arc::new(field)).map_err(|refused| Box::new(reason(&refused.error)))?;
    let len = checked.view().len();
    take(Arc::new(checked), 0..len)
}

fn take(checked: Arc<Checked>, range: core::ops::Range<usize>) -> Result<Array, Box<Reason>> {
    let import = Import::of(&checked.view(), range, Device::CPU)?;
    let owner = Owner::new(checked);
    // SAFETY: the owner keeps the array, whose buffers the tests made as long as they say.
    Ok(unsafe { import.own(&owner, Access::Shared) }.unwrap())
}

fn bytes<T: bytemuck::Pod>(values: &[T]) -> &[u8] {
    bytemuck::cast_slice(values)
}

/// The address of the second of two buffers.
fn second_buffer(array: &OwnedArray) -> usize {
    // SAFETY: two buffers.
    let place = unsafe { array.as_raw().buffers.add(1) };
    // SAFETY: as above.
    unsafe { place.read() }.addr()
}

/// Values of an array, nulls as `None`.
fn values<T: crate::dtype::Element>(array: &Array) -> Vec<Option<T>> {
    let valid: Vec<bool> = match array.validity() {
        Some(validity) => validity.iter().collect(),
        None => vec![true; array.len()],
    };
    let all = array.clone().without_validity();
    let all = all.iter::<T>().unwrap();
    all.zip(valid).map(|(value, valid)| valid.then_some(value)).collect()
}

#[test]
fn values_are_shared_with_their_offset_and_validity() {
    let (array, drops) = counted(3, 2, None, &[&[0b1_0100], bytes(&[9i64, 9, 1, 2, 3])], vec![]);
    let buffer = second_buffer(&array);
    let array = import(array, Field::new("x", "l")).unwrap();
    assert_eq!(array.address(), buffer + 16);
    assert_eq!((array.is_readonly(), array.access(), array.null_count()), (true, Access::Shared, 1));
    assert_eq!(values::<i64>(&array), [Some(1), None, Some(3)]);
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    drop(array);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn a_part_of_a_part_is_the_same_memory() {
    let array = node(6, 1, Some(0), &[&[], bytes(&[0.0f64, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])], vec![]);
    let checked = Arc::new(array.check(Arc::new(Field::new("x", "g"))).unwrap());
    let whole = take(checked.clone(), 0..6).unwrap();
    let part = take(checked.clone(), 2..5).unwrap();
    assert_eq!(part.address(), whole.address() + 16);
    assert_eq!(values::<f64>(&part), [Some(3.0), Some(4.0), Some(5.0)]);
    let beyond = take(checked, 5..99).unwrap();
    assert_eq!(values::<f64>(&beyond), [Some(6.0)]);
}

#[test]
fn booleans_are_copied_and_say_so() {
    let array = node(4, 3, None, &[&[0b101_1000], &[0b110_1000]], vec![]);
    let checked = array.check(Arc::new(Field::new("x", "b"))).unwrap();
    let import = Import::of(&checked.view(), 0..4, Device::CPU).unwrap();
    assert_eq!((import.copied_bytes(), import.reasons()[0].code.as_ref()), (4, "bits"));
    let array = take(Arc::new(checked), 0..4).unwrap();
    assert_eq!(values::<bool>(&array), [Some(true), Some(false), None, Some(true)]);
}

#[test]
fn booleans_of_a_byte_are_shared() {
    let metadata = Metadata::from_pairs([("ARROW:extension:name", "arrow.bool8"), ("ARROW:extension:metadata", "")]);
    let array = node(2, 0, Some(0), &[&[], &[1, 0]], vec![]);
    let array = import(array, Field::new("x", "c").with_metadata(metadata.unwrap())).unwrap();
    assert_eq!(array.dtype(), &DType::BOOL);
    assert_eq!(array.access(), Access::Shared);
    assert_eq!(values::<bool>(&array), [Some(true), Some(false)]);
}

#[test]
fn dates_and_times_become_what_numpy_has() {
    let days = import(node(2, 0, Some(0), &[&[], bytes(&[-1i32, 20_000])], vec![]), Field::new("", "tdD")).unwrap();
    assert_eq!(days.dtype().name(), "datetime64[D]");
    let counts = days.reinterpret(DType::I64).unwrap();
    assert_eq!(values::<i64>(&counts), [Some(-1), Some(20_000)]);
    for (format, name) in [("tdm", "datetime64[ms]"), ("ttn", "timedelta64[ns]"), ("tDs", "timedelta64[s]")] {
        let array = import(node(1, 0, Some(0), &[&[], bytes(&[7i64])], vec![]), Field::new("", format)).unwrap();
        assert_eq!((array.dtype().name().as_ref(), array.access()), (name, Access::Shared));
    }
}

#[test]
fn lists_of_one_length_are_axes_whatever_their_offsets() {
    // Rows 1 to 2 of lists that begin at child element 2 each; the child begins at 1.
    let child = node(9, 1, Some(0), &[&[], bytes(&[0i16, 1, 2, 3, 4, 5, 6, 7, 8, 9])], vec![]);
    let list = node(2, 1, Some(0), &[&[]], vec![child]);
    let field = Field::new("x", "+w:3").with_children(vec![Field::new("item", "s")]);
    let array = import(list, field).unwrap();
    assert_eq!(array.shape(), [2, 3]);
    assert_eq!(values::<i16>(&array), [4, 5, 6, 7, 8, 9].map(Some));
}

#[test]
fn nulls_of_lists_and_of_values_both_count() {
    let child = |validity: &[u8]| node(4, 0, None, &[validity, bytes(&[1i32, 2, 3, 4])], vec![]);
    let field = || Field::new("x", "+w:2").with_children(vec![Field::new("item", "i")]);
    let outer = import(node(2, 0, None, &[&[0b01]], vec![child(&[])]), field()).unwrap();
    assert_eq!(values::<i32>(&outer), [Some(1), Some(2), None, None]);
    let inner = import(node(2, 0, Some(0), &[&[]], vec![child(&[0b1101])]), field()).unwrap();
    assert_eq!(values::<i32>(&inner), [Some(1), None, Some(3), Some(4)]);
    let both = import(node(2, 0, None, &[&[0b01]], vec![child(&[0b1101])]), field()).unwrap();
    assert_eq!(values::<i32>(&both), [Some(1), None, None, None]);
    let row = outer.index(0, 1).unwrap();
    assert_eq!((row.null_count(), outer.null_count()), (2, 2));
}

#[test]
fn a_tensor_type_has_its_shape_and_its_axes_in_the_order_that_is_meant() {
    let tensor = |text: &str| {
        let pairs = [("ARROW:extension:name", "arrow.fixed_shape_tensor"), ("ARROW:extension:metadata", text)];
        let child = node(12, 0, Some(0), &[&[], bytes(&core::array::from_fn::<u8, 12, _>(|i| i as u8))], vec![]);
        let field = Field::new("x", "+w:6").with_children(vec![Field::new("item", "C")]);
        import(node(2, 0, Some(0), &[&[]], vec![child]), field.with_metadata(Metadata::from_pairs(pairs).unwrap()))
    };
    let plain = tensor(r#"{"shape":[2,3],"dim_names":["a","b"]}"#).unwrap();
    assert_eq!((plain.shape(), plain.get::<u8>(&[1, 1, 2]).unwrap()), (&[2, 2, 3][..], 11));
    let turned = tensor(r#"{"shape":[2,3],"permutation":[1,0]}"#).unwrap();
    assert_eq!((turned.shape(), turned.strides()), (&[2, 3, 2][..], &[6, 1, 3][..]));
    assert_eq!(turned.get::<u8>(&[1, 2, 0]).unwrap(), 8);
    for lie in ["", "{}", r#"{"shape":[2,2]}"#, r#"{"shape":[2,3],"permutation":[0,0]}"#, r#"{"shape":[-2,-3]}"#] {
        assert_eq!(tensor(lie).unwrap_err().code, "malformed", "{lie}");
    }
}

#[test]
fn a_tensor_type_that_is_asked_for_is_given_with_its_permutation_and_its_names_where_the_shape_is_its() {
    let wish = |list: usize, text: &str| {
        let pairs = [("ARROW:extension:name", "arrow.fixed_shape_tensor"), ("ARROW:extension:metadata", text)];
        let field = Field::new("x", &format!("+w:{list}")).with_children(vec![Field::new("item", "C")]);
        field.with_metadata(Metadata::from_pairs(pairs).unwrap())
    };
    let stored = Array::from((0..24u8).collect::<Vec<_>>()).reshape(&[1, 2, 3, 4]).unwrap();
    // Axis `i` of the tensor is axis `permutation[i]` in memory.
    let turned = stored.transpose(&[0, 3, 1, 2]).unwrap();
    let text = r#"{"shape":[2,3,4],"permutation":[2,0,1],"dim_names":["a","b","c"]}"#;
    let export = Export::of(&turned, Some(&wish(24, text))).unwrap();
    assert_eq!(export.field().extension_metadata(), Some(text.as_bytes()));
    assert_eq!(export.copied_bytes(), 0);
    // In another order of the axes it is as much a tensor of the type, by a copy.
    let dense = turned.copy(CopyOrder::C).unwrap();
    let copied = Export::of(&dense, Some(&wish(24, text))).unwrap();
    assert_eq!((copied.field(), copied.copied_bytes()), (export.field(), 24));
    for export in [export, copied] {
        let field = export.field().clone();
        let back = import(export.export().unwrap(), field).unwrap();
        assert_eq!((back.shape(), back.to_vec::<u8>().unwrap()), (turned.shape(), turned.to_vec::<u8>().unwrap()));
    }
    // What is asked for is not what the array is, or is no tensor type: a tensor of the array's own shape.
    for text in [r#"{"shape":[4,3,2]}"#, r#"{"shape":[24]}"#, r#"{"shape":[2,3,4],"permutation":[0,0,0]}"#, "{"] {
        let export = Export::of(&turned, Some(&wish(24, text))).unwrap();
        assert_eq!(export.field().extension_metadata(), Some(&br#"{"shape":[4,2,3]}"#[..]), "{text}");
    }
}

#[test]
fn what_is_no_array_is_refused_by_the_name_of_its_type() {
    let fixed =
        |format: &str, width: usize| (Field::new("x", format), node(1, 0, Some(0), &[&[], &vec![0; width]], vec![]));
    for (field, array) in [fixed("d:38,2", 16), fixed("tsu:UTC", 8), fixed("tiD", 8)] {
        let name = field.type_name();
        let refused = import(array, field).unwrap_err();
        assert_eq!(
            (refused.code.as_ref(), refused.text.as_ref()),
            ("not-numeric", &*format!("a column of {name} is no array"))
        );
    }
}

#[test]
fn without_elements_no_buffer_is_needed() {
    let array = import(node(0, 0, Some(0), &[&[], &[]], vec![]), Field::new("x", "g")).unwrap();
    assert_eq!((array.shape(), array.dtype()), (&[0][..], &DType::F64));
    let out = Export::of(&array, None).unwrap().export().unwrap();
    assert_ne!(second_buffer(&out), 0);
}

#[test]
fn misaligned_memory_is_a_view_with_a_note() {
    let mut memory = vec![0u8; 33];
    let odd = usize::from(memory.as_ptr().addr().is_multiple_of(2));
    memory[odd..odd + 8].copy_from_slice(bytes(&[5i64]));
    let buffers = vec![core::ptr::null(), memory.as_ptr().wrapping_add(odd).cast()];
    let node = Node { length: 1, null_count: Some(0), buffers, ..Node::default() };
    // SAFETY: eight bytes lie there, which the owner keeps; moving the vector moves none of them.
    let array = unsafe { node.export(Arc::new(memory)) };
    let checked = Arc::new(array.check(Arc::new(Field::new("x", "l"))).unwrap());
    let import = Import::of(&checked.view(), 0..1, Device::CPU).unwrap();
    assert_eq!((import.copied_bytes(), import.reasons()[0].code.as_ref()), (0, "misaligned"));
    assert_eq!(values::<i64>(&take(checked, 0..1).unwrap()), [Some(5)]);
}

#[test]
fn an_array_goes_out_shared_and_is_released_once() {
    let array = Array::from(vec![1.0f32, 2.0, 3.0]).share().unwrap();
    let export = Export::of(&array, None).unwrap();
    assert_eq!((export.copied_bytes(), export.reasons()[0].code.as_ref()), (0, "immutability"));
    assert_eq!(export.field().format(), "f");
    let out = export.export().unwrap();
    assert_eq!(second_buffer(&out), array.address());
    assert_eq!(array.exports(), 1);
    drop(out);
    assert_eq!(array.exports(), 0);
}

#[test]
fn what_a_consumer_asks_for_is_given_where_it_can_be() {
    let bools = Array::from(vec![1u8, 0]).reinterpret(DType::BOOL).unwrap();
    assert_eq!(Export::of(&bools, None).unwrap().copied_bytes(), 1);
    let pairs = [("ARROW:extension:name", "arrow.bool8"), ("ARROW:extension:metadata", "")];
    let wish = Field::new("", "c").with_metadata(Metadata::from_pairs(pairs).unwrap());
    let export = Export::of(&bools, Some(&wish)).unwrap();
    assert_eq!((export.copied_bytes(), export.field().format()), (0, "c"));
    let other = Export::of(&bools, Some(&Field::new("", "g"))).unwrap();
    assert_eq!(other.field().format(), "b");
}

#[test]
fn a_day_beyond_int32_is_refused_unless_it_is_null() {
    let days = DType::from_name("datetime64[D]").unwrap();
    let far = Array::from(vec![1i64, i64::MAX]).reinterpret(days).unwrap();
    let refused = Export::of(&far, None).unwrap().export().unwrap_err();
    assert_eq!(refused.code, "inexact");
    let far = far.with_validity(Validity::from_bools(&[true, false], &[2]).unwrap()).unwrap();
    let out = Export::of(&far, None).unwrap().export().unwrap();
    let back = import(out, Field::new("", "tdD")).unwrap();
    assert_eq!(back.null_count(), 1);
}

#[test]
fn times_that_are_none_become_null_and_the_plan_says_so() {
    for name in ["datetime64[ns]", "timedelta64[s]", "datetime64[D]"] {
        let times =
            Array::from(vec![1i64, i64::MIN, 3, i64::MIN]).reinterpret(DType::from_name(name).unwrap()).unwrap();
        let valid = Validity::from_bools(&[true, true, true, false], &[4]).unwrap();
        let times = times.with_validity(valid).unwrap();
        let export = Export::of(&times, None).unwrap();
        let reason = &export.reasons()[0];
        assert_eq!((reason.code.as_ref(), reason.text.starts_with("1 of")), ("not-a-time", true));
        let (field, bytes) = (export.field().clone(), export.copied_bytes());
        assert_eq!(bytes, if name.ends_with("[D]") { 17 } else { 1 });
        let back = import(export.export().unwrap(), field).unwrap();
        assert_eq!(back.validity().unwrap().iter().collect::<Vec<_>>(), [true, false, true, false]);
    }
    let times = Array::from(vec![1i64, 2]).reinterpret(DType::from_name("datetime64[s]").unwrap()).unwrap();
    assert_eq!(Export::of(&times, None).unwrap().copied_bytes(), 0);
}

#[test]
fn what_arrow_cannot_say_is_refused_with_every_reason() {
    let scalar = Array::from(vec![1.0f64]).index(0, 0).unwrap();
    assert_eq!(Export::of(&scalar, None).unwrap_err()[0].code, "ndim");
    for dtype in [DType::from_name("int4").unwrap(), DType::Void(1 << 31)] {
        let none = Array::zeros(dtype, &[0], crate::layout::Order::C).unwrap();
        assert_eq!(Export::of(&none, None).unwrap_err()[0].code, "dtype");
    }
    let wide = Array::zeros(DType::U8, &[0, 1 << 31], crate::layout::Order::C).unwrap();
    assert_eq!(Export::of(&wide, None).unwrap_err()[0].code, "extent");
}

proptest! {
    /// Any layout with nulls goes out and comes back with its values and nulls; what is dense comes back at its address.
    #[test]
    fn arrays_of_any_layout_come_back_equal(
        shape in prop::collection::vec(0usize..5, 1..4),
        nulls in any::<u64>(),
        nullable in any::<bool>(),
        transpose in any::<bool>(),
        step in prop::sample::select(vec![1isize, 2, -1]),
        as_tensor in any::<bool>(),
        pairs in any::<bool>(),
    ) {
        let len: usize = shape.iter().product();
        let array = Array::from((0..len as i32).collect::<Vec<_>>());
        // What Arrow has no type for is stored as pairs.
        let array = if pairs { array.cast(&DType::C64, CopyOrder::C).unwrap() } else { array };
        let array = array.reshape(&shape).unwrap();
        let valid: Vec<bool> = (0..len).map(|i| !nullable || nulls >> (i % 64) & 1 == 1).collect();
        let array = array.with_validity(Validity::from_bools(&valid, &shape).unwrap()).unwrap();
        let slice = Slice::resolve(shape[0], None, None, step).unwrap();
        let array = array.slice(0, slice).unwrap();
        let axes: Vec<usize> = (0..shape.len()).rev().collect();
        let array = if transpose { array.transpose(&axes).unwrap() } else { array };
        let wish = Field::new("", "+w:0").with_children(vec![Field::new("item", "i")]).with_metadata(tensor::metadata(&[0]));
        let export = Export::of(&array, as_tensor.then_some(&wish)).unwrap();
        let field = export.field().clone();
        let dense = array.layout().is_c_contiguous();
        prop_assert_eq!(export.reasons().iter().any(|reason| reason.code == "order"), !dense);
        let back = import(export.export().unwrap(), field).unwrap();
        prop_assert_eq!(back.shape(), array.shape());
        if pairs {
            prop_assert_eq!(values::<Complex<f32>>(&back), values::<Complex<f32>>(&array));
        } else {
            prop_assert_eq!(values::<i32>(&back), values::<i32>(&array));
        }
        if dense && !array.is_empty() {
            prop_assert_eq!(back.address(), array.address());
        }
    }
}
