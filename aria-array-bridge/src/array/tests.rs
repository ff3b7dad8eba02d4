//! Models are nested lists; owners count their drops.

use super::*;
use crate::dtype::{Field, Record, Swap};
use crate::layout::{LayoutError, Slice};
use core::sync::atomic::{AtomicUsize, Ordering};
use proptest::prelude::*;
use std::sync::Arc;

/// Bytes that count their drops.
struct Counted(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

fn counted(len: u8) -> (Counted, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Counted((0..len).collect(), drops.clone()), drops)
}

/// Shared memory over a layout with any strides: byte `i` of the block has the value `i`, mod 256.
fn shared(dtype: DType, layout: Layout) -> Array {
    let span = layout.span();
    let block: Vec<u8> = (0..span.len()).map(|i| i as u8).collect();
    let first = NonNull::from(block.as_slice()).cast::<u8>();
    // SAFETY: the block has `span.len()` bytes, and element zero lies `-span.start` into it.
    let first = unsafe { first.offset(-span.start) };
    // SAFETY: the block lives in the owner and holds the span.
    unsafe { Array::from_raw(first, dtype, layout, Device::CPU, Access::Shared, false, Owner::new(block)) }.unwrap()
}

fn bytes_of(array: &Array) -> Vec<u8> {
    array.layout().offsets().map(|o| (o - array.layout().span().start) as u8).collect()
}

#[test]
fn a_vector_becomes_an_array_without_moving_and_lends_slices() {
    let values = vec![1.0, 2.0, 3.0];
    let address = values.as_ptr().addr();
    let mut array = Array::from(values);
    assert_eq!((array.address(), array.access()), (address, Access::Unique));
    assert_eq!(array.as_slice::<f64>().unwrap(), [1.0, 2.0, 3.0]);
    array.as_mut_slice::<f64>().unwrap()[1] = 7.0;
    assert_eq!(array.to_vec::<f64>().unwrap(), [1.0, 7.0, 3.0]);
    let error = array.as_slice::<i64>().unwrap_err();
    assert_eq!(error.to_string(), "expected int64 but found float64");
}

#[test]
fn a_second_handle_or_an_export_ends_writing_until_it_is_gone() {
    let mut array = Array::from(vec![1i64, 2]);
    let view = array.slice(0, Slice { start: 1, len: 1, step: 1 }).unwrap();
    assert_eq!(array.as_mut_slice::<i64>().unwrap_err(), ViewError::NotUnique { exports: 0 });
    drop(view);
    let export = array.export(None);
    assert_eq!(array.as_mut_slice::<i64>().unwrap_err(), ViewError::NotUnique { exports: 1 });
    drop(export);
    array.as_mut_slice::<i64>().unwrap()[0] = 5;
    assert_eq!(array.exports(), 0);
}

#[test]
fn shared_memory_lends_no_slice_but_can_be_read() {
    let mut array = Array::from(vec![1i64, 2]).share().unwrap();
    assert_eq!(array.as_slice::<i64>(), Err(ViewError::Shared));
    assert_eq!(array.as_mut_slice::<i64>(), Err(ViewError::Shared));
    assert_eq!(array.to_vec::<i64>().unwrap(), [1, 2]);
    assert!(array.is_exported_writable());
    assert!(array.freeze().is_err());
}

#[test]
fn unique_memory_with_a_second_handle_is_not_shared_nor_frozen() {
    let array = Array::from(vec![1i64, 2]);
    let other = array.clone();
    let array = array.share().unwrap_err();
    let array = array.freeze().unwrap_err();
    drop(other);
    let frozen = array.freeze().unwrap();
    assert_eq!(frozen.as_slice::<i64>().unwrap(), [1, 2]);
    assert!(frozen.is_readonly() && !frozen.is_exported_writable());
}

#[test]
fn an_owner_is_released_once_by_the_last_handle_on_any_thread() {
    let (owner, drops) = counted(24);
    let array = Array::from_owner(owner, DType::U64, &[3]).map_err(|(e, _)| e).unwrap();
    assert_eq!(array.access(), Access::Frozen);
    let view = array.index(0, 1).unwrap();
    drop(array);
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    std::thread::spawn(move || drop(view)).join().unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

#[test]
fn an_array_with_validity_gives_back_both_owners_once_with_its_last_handle() {
    let ((memory, memory_drops), (bits, bits_drops)) = (counted(24), counted(1));
    let drops = || (memory_drops.load(Ordering::Relaxed), bits_drops.load(Ordering::Relaxed));
    let first = NonNull::from(bits.as_ref()).cast();
    // SAFETY: a byte of bits for three elements, in the vector of the owner; moving the owner moves no bytes.
    let validity = unsafe { Validity::from_raw(first, 0, &[3], None, Owner::new(bits)) }.unwrap();
    let array = Array::from_owner(memory, DType::U64, &[3]).map_err(|(e, _)| e).unwrap();
    let array = array.with_validity(validity).unwrap();
    // SAFETY: the bare array is dropped before the owner; frozen is not unique.
    let (bare, owner) = unsafe { array.into_bare() };
    let view = bare.slice(0, Slice::resolve(3, None, None, -1).unwrap()).unwrap();
    assert_eq!((bare.null_count(), view.validity().unwrap().iter().collect::<Vec<_>>()), (3, vec![false; 3]));
    drop((bare, view));
    assert_eq!(drops(), (0, 0), "what is bare owns neither");
    let again = owner.clone();
    drop(owner);
    assert_eq!(drops(), (0, 0));
    std::thread::spawn(move || drop(again)).join().unwrap();
    assert_eq!(drops(), (1, 1));
}

#[test]
fn an_owner_of_another_length_is_handed_back() {
    let (owner, drops) = counted(23);
    let (error, owner) = Array::from_owner(owner, DType::U64, &[3]).unwrap_err();
    assert_eq!(error, ArrayError::Length { expected: 24, found: 23 });
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    drop(owner);
}

#[test]
fn own_memory_is_aligned_to_64_and_zeroed() {
    for len in [0usize, 1, 7, 64, 100] {
        let array = Array::zeros(DType::F32, &[len], Order::C).unwrap();
        assert_eq!(array.address() % crate::buffer::ALIGNMENT, 0);
        assert_eq!(array.as_slice::<f32>().unwrap(), vec![0.0; len]);
    }
    let error = Array::zeros(DType::U8, &[usize::MAX], Order::C).unwrap_err();
    assert!(matches!(error, ArrayError::Layout(_)));
}

#[test]
fn a_bool_byte_of_two_is_true() {
    let (owner, _) = counted(3);
    let array = Array::from_owner(owner, DType::BOOL, &[3]).map_err(|(e, _)| e).unwrap();
    assert_eq!(array.to_vec::<bool>().unwrap(), [false, true, true]);
    assert_eq!(array.get::<bool>(&[2]), Ok(true));
}

#[test]
fn misaligned_memory_lends_no_slice_but_can_be_read() {
    let layout = Layout::new(9, &[2], &[9]).unwrap();
    let fields = vec![Field::new("id", DType::U8, 0), Field::new("x", DType::U64, 1)];
    let record = DType::Record(Arc::new(Record::new(fields, 9).unwrap()));
    let x = shared(record, layout).field("x").unwrap();
    assert_eq!(x.strides(), [9]);
    assert!(!x.is_aligned());
    let values = [u64::from_le_bytes([1, 2, 3, 4, 5, 6, 7, 8]), u64::from_le_bytes([10, 11, 12, 13, 14, 15, 16, 17])];
    assert_eq!(x.to_vec::<u64>().unwrap(), values);
    let dense = x.copy(CopyOrder::C).unwrap();
    assert_eq!(dense.as_slice::<u64>().unwrap(), values);
    assert!(matches!(x.field("y"), Err(ArrayError::NoField { .. })));
}

#[test]
fn foreign_byte_order_is_swapped_into_a_copy() {
    let array = Array::from(vec![0x0102_0304u32, 5]);
    let swapped = array.copy_swapped(CopyOrder::C, &Swap::Units(4)).unwrap();
    assert_eq!(swapped.as_slice::<u32>().unwrap(), [0x0403_0201, 5u32.swap_bytes()]);
    let fields = vec![Field::new("id", DType::U8, 0), Field { shape: Box::new([2]), ..Field::new("x", DType::U16, 1) }];
    let record = DType::Record(Arc::new(Record::new(fields, 5).unwrap()));
    let (owner, _) = counted(10);
    let array = Array::from_owner(owner, record, &[2]).map_err(|(e, _)| e).unwrap();
    let swap = Swap::Fields(Box::new([Swap::None, Swap::Units(2)]));
    let copy = array.copy_swapped(CopyOrder::C, &swap).unwrap();
    let bytes = copy.reinterpret(DType::Void(5)).unwrap();
    // SAFETY: ten bytes of our own copy.
    let bytes = unsafe { core::slice::from_raw_parts(bytes.as_ptr(), 10) };
    assert_eq!(bytes, [0, 2, 1, 4, 3, 5, 7, 6, 9, 8]);
}

#[test]
fn nulls_follow_every_view_and_are_never_read() {
    let valid = [true, false, true, true, false, true];
    let validity = Validity::from_bools(&valid, &[2, 3]).unwrap();
    let array = Array::from(vec![1i64, 2, 3, 4, 5, 6]).reshape(&[2, 3]).unwrap().with_validity(validity).unwrap();
    assert_eq!(array.null_count(), 2);
    let t = array.transpose(&[1, 0]).unwrap();
    assert_eq!(t.validity().unwrap().iter().collect::<Vec<_>>(), [true, true, false, false, true, true]);
    let column = array.index(1, 1).unwrap();
    assert_eq!((column.null_count(), column.get::<i64>(&[0])), (2, Err(ViewError::Nulls { nulls: 1 })));
    assert_eq!(array.as_slice::<i64>(), Err(ViewError::Nulls { nulls: 2 }));
    let back = array.slice(1, Slice::resolve(3, None, None, -1).unwrap()).unwrap();
    assert_eq!(back.validity().unwrap().iter().collect::<Vec<_>>(), [true, false, true, true, false, true]);
    let copy = t.copy(CopyOrder::C).unwrap();
    assert_eq!(copy.null_count(), 2);
    assert_eq!(copy.without_validity().to_vec::<i64>().unwrap(), [1, 4, 2, 5, 3, 6]);
}

#[test]
fn elements_are_copied_to_a_place_of_their_length() {
    let array = Array::from(vec![1i16, 2, 3, 4, 5, 6]).reshape(&[2, 3]).unwrap().transpose(&[1, 0]).unwrap();
    let mut place = [core::mem::MaybeUninit::new(0u8); 12];
    array.copy_to(&mut place).unwrap();
    // SAFETY: every byte was initialised.
    let bytes = place.map(|byte| unsafe { byte.assume_init() });
    assert_eq!(
        bytes.as_chunks::<2>().0.iter().map(|bytes| i16::from_ne_bytes(*bytes)).collect::<Vec<_>>(),
        [1, 4, 2, 5, 3, 6]
    );
    assert_eq!(array.copy_to(&mut place[1..]), Err(ArrayError::Length { expected: 12, found: 11 }));
    assert_eq!(array.slice(0, Slice { start: 0, len: 0, step: 1 }).unwrap().copy_to(&mut []), Ok(()));
}

proptest! {
    /// Positions of nulls against a walk over every bit, wherever the bits begin and in whatever order they are.
    #[test]
    fn nulls_stand_where_a_walk_over_the_bits_finds_them(
        valid in prop::collection::vec(any::<bool>(), 0..70),
        skip in 0usize..12,
        step in prop::sample::select(vec![1isize, 2, -1]),
    ) {
        let array = Array::from(vec![0u8; valid.len()]);
        let array = array.with_validity(Validity::from_bools(&valid, &[valid.len()]).unwrap()).unwrap();
        let slice = Slice::resolve(valid.len(), Some(skip.cast_signed()), None, step).unwrap();
        let array = array.slice(0, slice).unwrap();
        let validity = array.validity().unwrap();
        let walked: Vec<usize> = validity.iter().enumerate().filter(|(_, valid)| !valid).map(|(i, _)| i).collect();
        prop_assert_eq!(validity.nulls().collect::<Vec<_>>(), walked.clone());
        prop_assert_eq!(validity.packed().unwrap().nulls().collect::<Vec<_>>(), walked);
    }
}

#[test]
fn a_broadcast_is_read_only() {
    let wide = Array::from(vec![1i64]).broadcast_to(&[3]).unwrap();
    assert!(wide.is_readonly());
    assert_eq!(wide.to_vec::<i64>().unwrap(), [1, 1, 1]);
}

#[test]
fn packed_elements_are_copied_as_bytes() {
    let int4 = DType::from_name("int4").unwrap();
    let (owner, _) = counted(3);
    let array = Array::from_owner(owner, int4, &[5]).map_err(|(e, _)| e).unwrap();
    assert_eq!((array.nbytes(), array.strides()), (3, &[][..]));
    assert_eq!(array.copy(CopyOrder::F).unwrap().nbytes(), 3);
}

#[test]
fn long_runs_across_memory_and_at_odd_addresses_are_copied_whole() {
    let dtypes = [DType::U8, DType::U16, DType::F32, DType::U64, DType::C128, DType::Void(3), DType::Bytes(24)];
    for dtype in dtypes.into_iter().filter(|dtype| !cfg!(miri) || dtype.itemsize() == 3) {
        let size = dtype.itemsize() as isize;
        let (rows, columns) = if cfg!(miri) { (3, 18) } else { (37, 70) };
        let across = [size, size * rows as isize + 1]; // No multiple of the itemsize: every column begins at another alignment.
        for (shape, strides) in [
            ([rows, columns], across),
            ([columns, rows], [-size * 3, size * 3 * columns as isize]),
            ([3, columns], [0, size]),
        ] {
            let array = shared(dtype.clone(), Layout::new(size as usize, &shape, &strides).unwrap());
            let copy = array.copy(CopyOrder::C).unwrap().reinterpret(DType::Void(size as usize)).unwrap();
            // SAFETY: our own dense copy.
            let found = unsafe { core::slice::from_raw_parts(copy.as_ptr(), copy.nbytes()) };
            let start = array.layout().span().start;
            let expected: Vec<u8> =
                array.layout().offsets().flat_map(|o| (0..size).map(move |byte| (o - start + byte) as u8)).collect();
            assert_eq!(found, expected, "{dtype} {shape:?}");
            if dtype == DType::U16 {
                let pairs: Vec<u16> = expected.chunks(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect();
                assert_eq!(array.to_vec::<u16>().unwrap(), pairs);
                assert_eq!(array.iter::<u16>().unwrap().collect::<Vec<_>>(), pairs);
            }
        }
    }
}

#[test]
fn no_arithmetic_is_done_on_an_opaque_handle() {
    let metal = Device { kind: 8, id: 0 };
    let (first, owner) = (NonNull::<u64>::dangling().cast(), Owner::immortal());
    let layout = Layout::c_order(4, &[3]).unwrap();
    // SAFETY: a handle that is never followed.
    let array = unsafe { Array::from_raw(first, DType::I32, layout, metal, Access::Shared, true, owner) }.unwrap();
    let whole = array.reshape(&[3, 1]).unwrap().slice(0, Slice { start: 0, len: 2, step: 1 }).unwrap();
    assert_eq!((whole.shape(), whole.address()), (&[2, 1][..], array.address()));
    let error = array.index(0, 2).unwrap_err();
    assert_eq!(error, LayoutError::Handle { offset: 8 });
    assert_eq!(error.to_string(), "expected a view that begins at the handle but found one 8 bytes after it");
}

fn dtypes() -> impl Strategy<Value = DType> {
    prop::sample::select(vec![
        DType::U8,
        DType::I16,
        DType::F32,
        DType::F64,
        DType::C128,
        DType::Bytes(3),
        DType::Void(11),
    ])
}

prop_compose! {
    fn arrays()(dtype in dtypes(), dims in prop::collection::vec((0usize..5, -20isize..21), 0..4)) -> Array {
        let (shape, strides): (Vec<_>, Vec<_>) = dims.into_iter().unzip();
        let layout = Layout::new(dtype.itemsize(), &shape, &strides).unwrap();
        shared(dtype, layout)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_in_any_order_has_the_bytes_of_a_naive_walk(array in arrays(), order in prop::sample::select(vec![CopyOrder::C, CopyOrder::F, CopyOrder::Keep])) {
        let copy = array.copy(order).unwrap();
        prop_assert_eq!(copy.shape(), array.shape());
        prop_assert_eq!(copy.access(), Access::Unique);
        match order {
            CopyOrder::C => prop_assert!(copy.layout().is_c_contiguous()),
            CopyOrder::F => prop_assert!(copy.layout().is_f_contiguous()),
            CopyOrder::Keep => prop_assert_eq!(copy.layout().span(), 0..copy.nbytes() as isize),
        }
        // The first byte of each element, in row-major order: the model's block counts bytes.
        // SAFETY: offsets of the copy's own layout, in memory that only this test knows.
        let first = |o: isize| unsafe { copy.as_ptr().wrapping_offset(o).read() };
        let firsts: Vec<u8> = copy.layout().offsets().map(first).collect();
        prop_assert_eq!(firsts, bytes_of(&array));
    }

    #[test]
    fn an_array_goes_through_the_c_struct_and_back_with_address_layout_and_dtype(array in arrays()) {
        let (address, layout, dtype) = (array.address(), array.layout().clone(), array.dtype().clone());
        let owner = array.owner().clone();
        let nd = array.into_nd_array().unwrap();
        prop_assert_eq!(owner.exports(), 1);
        // SAFETY: made just above, released by nobody else.
        let back = unsafe { Array::from_nd_array(nd) }.unwrap();
        prop_assert_eq!((back.address(), back.layout(), back.dtype()), (address, &layout, &dtype));
        prop_assert_eq!(back.access(), Access::Shared);
        drop(back);
        prop_assert_eq!(owner.exports(), 0);
    }
}

mod c_struct {
    use super::*;
    use crate::ledger;
    use crate::nd_array::{AriaNdArray, FLAG_FROZEN, FLAG_READONLY};

    /// The header of an array, as an Aria program reads it, and what its accessors would see.
    fn header(array: Array) -> (i64, i64, i64) {
        let nd = array.into_nd_array().unwrap();
        // SAFETY: just made, released once below.
        let fields = unsafe { nd.as_ref() };
        let words = (fields.length, fields.capacity, fields.elem_size);
        // SAFETY: just made, not released before.
        drop(unsafe { Array::from_nd_array(nd) });
        words
    }

    #[test]
    fn the_header_is_filled_only_where_its_accessors_read_right() {
        let floats = || Array::from(vec![1.0f64, 2.0, 3.0, 4.0]);
        assert_eq!(header(floats()), (4, 4, 8));
        let reversed = floats().slice(0, Slice::resolve(4, None, None, -1).unwrap()).unwrap();
        assert_eq!(header(reversed), (4, 4, -8));
        assert_eq!(header(floats().read_only()), (4, 0, 8));
        assert_eq!(header(floats().freeze().unwrap()), (4, 0, 8));
        assert_eq!(header(floats().reshape(&[2, 2]).unwrap()).0, 0);
        assert_eq!(header(Array::from(vec![1.0f32])).0, 0);
        let validity = Validity::from_bools(&[true, false], &[2]).unwrap();
        assert_eq!(header(Array::from(vec![1i64, 2]).with_validity(validity).unwrap()).0, 0);
    }

    #[test]
    fn unique_memory_with_another_handle_goes_out_read_only_and_frozen() {
        let array = Array::from(vec![1i64, 2]);
        let nd = array.clone().into_nd_array().unwrap();
        // SAFETY: just made.
        assert_eq!(unsafe { nd.as_ref() }.flags & (FLAG_READONLY | FLAG_FROZEN), FLAG_READONLY | FLAG_FROZEN);
        // SAFETY: just made, not released before.
        let back = unsafe { Array::from_nd_array(nd) }.unwrap();
        assert_eq!(back.as_slice::<i64>().unwrap(), [1, 2]);
        assert_eq!(array.as_slice::<i64>().unwrap(), [1, 2]);
    }

    #[test]
    fn the_ledger_knows_a_struct_that_was_taken_over_until_its_last_handle_goes() {
        let alive =
            || ledger::entries().into_iter().filter(|entry| entry.nbytes == 7 * 11 * 13 * 8).collect::<Vec<_>>();
        let source = Array::from(vec![0.5f64; 7 * 11 * 13]).read_only();
        assert_eq!(alive(), []);
        // SAFETY: just made, released by nobody else.
        let array = unsafe { Array::from_nd_array(source.into_nd_array().unwrap()) }.unwrap();
        let view = array.slice(0, Slice::resolve(7 * 11 * 13, Some(3), None, 2).unwrap()).unwrap();
        drop(array);
        let [entry] = &alive()[..] else { panic!("expected one entry but found {:?}", alive()) };
        assert_eq!((&*entry.owner, &*entry.protocol), ("Aria", "AriaNdArray"));
        assert_eq!((entry.direction, entry.readonly), (ledger::Direction::Import, true));
        drop(view);
        assert_eq!(alive(), []);
    }

    /// Spoils a struct, takes it over, and returns the error and how often the owner was dropped.
    fn refused(spoil: impl Fn(&mut AriaNdArray)) -> (NdError, usize) {
        let (owner, drops) = counted(48);
        let array = Array::from_owner(owner, DType::F64, &[2, 3]).map_err(|(e, _)| e).unwrap();
        let mut nd = array.into_nd_array().unwrap();
        // SAFETY: just made; only this test knows it.
        spoil(unsafe { nd.as_mut() });
        // SAFETY: the test's lies are ones that are checked.
        let error = unsafe { Array::from_nd_array(nd) }.unwrap_err();
        (error, drops.load(Ordering::Relaxed))
    }

    #[test]
    fn a_struct_that_lies_is_refused_by_name_and_released_once() {
        assert_eq!(refused(|nd| nd.abi_major = 2), (NdError::Version { major: 2, minor: 0 }, 1));
        assert_eq!(refused(|nd| nd.size = 8), (NdError::Size { expected: 136, found: 8 }, 1));
        assert_eq!(refused(|nd| nd.ndim = -1), (NdError::Axes { ndim: -1 }, 1));
        assert_eq!(refused(|nd| nd.ndim = 65), (NdError::Axes { ndim: 65 }, 1));
        assert_eq!(refused(|nd| nd.shape = core::ptr::null()), (NdError::Axes { ndim: 2 }, 1));
        assert_eq!(refused(|nd| nd.data = core::ptr::null_mut()), (NdError::NullData { len: 6 }, 1));
        assert_eq!(refused(|nd| nd.dtype_bits = 12).1, 1);
        let (error, drops) = refused(|nd| {
            // SAFETY: the extents are this test's.
            unsafe { nd.shape.cast_mut().write(-2) }
        });
        assert_eq!((error, drops), (NdError::Extent { axis: 0, extent: -2 }, 1));
        let (error, drops) = refused(|nd| {
            // SAFETY: the strides are this test's.
            unsafe { nd.strides.cast_mut().write(i64::MAX) }
        });
        assert!(matches!(error, NdError::Array(ArrayError::Layout(_))) && drops == 1, "{error}");
    }

    #[test]
    fn a_released_struct_is_refused_and_not_released_again() {
        let (owner, drops) = counted(8);
        let array = Array::from_owner(owner, DType::F64, &[1]).map_err(|(e, _)| e).unwrap();
        let mut nd = array.into_nd_array().unwrap();
        // SAFETY: just made; only this test knows it.
        let release = unsafe { nd.as_mut() }.release.take();
        // SAFETY: live, but says that it is not.
        assert_eq!(unsafe { Array::from_nd_array(nd) }.unwrap_err(), NdError::Released);
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        // SAFETY: its own function, called for the first time.
        unsafe { release.unwrap()(nd.as_ptr()) };
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn logical_types_and_strided_nulls_come_back() {
        let unit = DType::from_name("datetime64[10us]").unwrap();
        let valid = [true, false, true, false];
        let validity = Validity::from_bools(&valid, &[4]).unwrap();
        let array =
            Array::from(vec![1i64, 2, 3, 4]).reinterpret(unit.clone()).unwrap().with_validity(validity).unwrap();
        let odd = array.slice(0, Slice { start: 1, len: 2, step: 2 }).unwrap();
        // SAFETY: just made, released by nobody else.
        let back = unsafe { Array::from_nd_array(odd.into_nd_array().unwrap()) }.unwrap();
        assert_eq!((back.dtype(), back.null_count()), (&unit, 2));
    }
}
