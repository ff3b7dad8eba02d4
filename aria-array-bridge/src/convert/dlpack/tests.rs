//! Every array goes out and comes back; what cannot is refused by name; owners count their drops.

use super::*;
use crate::array::{Access, Array, CopyOrder, Validity};
use crate::buffer::Owner;
use crate::device::Device;
use crate::dtype::DType;
use crate::layout::{Layout, Order};
use crate::ledger;
use aria_dlpack::abi::{DLManagedTensor, DLManagedTensorVersioned};
use aria_dlpack::{Flags, Format, Managed, RawManaged, Version};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use proptest::prelude::*;
use std::sync::Arc;

const VERSIONED: Format = Format::Versioned(Version::DEFAULT);

/// Bytes that count their drops.
struct Counted(#[allow(dead_code, reason = "kept for its drop")] Vec<u8>, Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

/// Shared, writable memory over any layout, its bytes counting up, with the number of its releases.
fn shared(dtype: DType, layout: Layout, device: Device) -> (Array, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let span = layout.span();
    let mut block: Vec<u8> = (0..span.len()).map(|i| i as u8).collect();
    let start = NonNull::from(block.as_mut_slice()).cast::<u8>();
    // SAFETY: the block has `span.len()` bytes, and element zero lies `-span.start` into it.
    let first = unsafe { start.offset(-span.start) };
    let owner = Owner::new(Counted(block, drops.clone()));
    // SAFETY: the block lives in the owner and holds the span.
    let array = unsafe { Array::from_raw(first, dtype, layout, device, Access::Shared, false, owner) };
    (array.unwrap(), drops)
}

fn vector(strides: &[isize], shape: &[usize]) -> (Array, Arc<AtomicUsize>) {
    shared(DType::I32, Layout::new(4, shape, strides).unwrap(), Device::CPU)
}

/// The elements' bytes in row-major order.
fn bytes(array: &Array) -> Vec<u8> {
    let copy = array.copy(CopyOrder::C).unwrap();
    // SAFETY: our own dense copy of `nbytes` bytes.
    let at = |i| unsafe { copy.as_ptr().wrapping_add(i).read() };
    (0..copy.nbytes()).map(at).collect()
}

/// Takes over a tensor that this test made.
fn import(tensor: Managed) -> Array {
    // SAFETY: made by an export of ours, whose guard keeps the memory.
    unsafe { Array::from_dlpack(tensor) }.unwrap()
}

fn codes(reasons: &[crate::Reason]) -> Vec<&str> {
    reasons.iter().map(|reason| &*reason.code).collect()
}

/// Every scalar that DLPack's crate lets through, one and four lanes.
fn dtypes() -> Vec<DType> {
    let mut all = vec![];
    for (code, bits) in (0..=18).flat_map(|code| [2, 4, 6, 8, 16, 32, 64, 128].map(|bits| (code, bits))) {
        all.extend([1, 4].into_iter().filter_map(|lanes| DType::from_dlpack(code, bits, lanes)));
    }
    assert!(all.len() > 60);
    all
}

prop_compose! {
    /// Any dtype over up to four axes, with negative, zero and overlapping strides and extents of 0 and 1.
    fn arrays()(
        dtype in prop::sample::select(dtypes()),
        dims in prop::collection::vec((0usize..5, -6isize..7), 0..5),
        readonly in any::<bool>(),
    ) -> (Array, Arc<AtomicUsize>) {
        let shape: Vec<usize> = dims.iter().map(|(extent, _)| *extent).collect();
        let itemsize = dtype.itemsize() as isize;
        let strides: Vec<isize> = dims.iter().map(|(_, stride)| stride * itemsize).collect();
        let layout = if dtype.is_packed() {
            Layout::packed(dtype.bits(), &shape)
        } else {
            Layout::new(dtype.itemsize(), &shape, &strides)
        };
        let (array, drops) = shared(dtype, layout.unwrap(), Device::CPU);
        (if readonly { array.read_only() } else { array }, drops)
    }
}

/// The same elements in the same places, as far as anybody can see.
fn assert_same(back: &Array, array: &Array) {
    assert_eq!((back.dtype(), back.shape(), back.device()), (array.dtype(), array.shape(), array.device()));
    assert_eq!(back.layout().span(), array.layout().span());
    assert_eq!(bytes(back), bytes(array));
    if !array.is_empty() {
        assert_eq!(back.address(), array.address());
        for (axis, extent) in array.shape().iter().enumerate() {
            let strides = (back.strides().get(axis), array.strides().get(axis));
            assert!(*extent == 1 || strides.0 == strides.1, "axis {axis}: {strides:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 12 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_array_goes_out_and_comes_back_with_dtype_shape_values_and_address((array, drops) in arrays()) {
        let tensor = array.export_dlpack(VERSIONED).unwrap();
        prop_assert_eq!(array.exports(), 1);
        prop_assert_eq!(tensor.is_read_only(), Some(array.is_readonly()));
        prop_assert_eq!(tensor.is_copied(), Some(false));
        let back = import(tensor);
        assert_same(&back, &array);
        prop_assert_eq!((back.access(), back.is_readonly()), (Access::Shared, array.is_readonly()));
        drop(array);
        prop_assert_eq!(drops.load(Ordering::SeqCst), 0);
        drop(back);
        prop_assert_eq!(drops.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_legacy_tensor_carries_the_same_and_comes_back_read_only((array, drops) in arrays()) {
        match array.export_dlpack(Format::Legacy) {
            Ok(tensor) => {
                prop_assert!(!array.is_readonly());
                let back = import(tensor);
                assert_same(&back, &array);
                prop_assert!(back.is_readonly());
            }
            Err(reasons) => {
                prop_assert!(array.is_readonly());
                prop_assert_eq!(codes(&reasons), ["read-only"]);
            }
        }
        prop_assert_eq!(array.exports(), 0);
        drop(array);
        prop_assert_eq!(drops.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_copy_goes_out_writable_whatever_it_was_copied_from((array, drops) in arrays(), legacy in any::<bool>()) {
        let format = if legacy { Format::Legacy } else { VERSIONED };
        let tensor = array.copy_to_dlpack(format, CopyOrder::C).unwrap();
        prop_assert_eq!(tensor.flags(), (!legacy).then_some(Flags::IS_COPIED));
        prop_assert_eq!(array.exports(), 0);
        let back = import(tensor);
        prop_assert_eq!(bytes(&back), bytes(&array));
        prop_assert!(array.is_empty() || back.address() != array.address());
        prop_assert_eq!(back.is_readonly(), legacy);
        drop(array);
        prop_assert_eq!(drops.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_tensor_that_nobody_consumes_releases_once_on_any_thread() {
    let (array, drops) = vector(&[4], &[3]);
    let tensor = array.into_dlpack(VERSIONED).unwrap();
    std::thread::spawn(move || drop(tensor)).join().unwrap();
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refused_import_hands_the_tensor_back_unreleased() {
    let (array, drops) = vector(&[4], &[3]);
    let raw = array.into_dlpack(VERSIONED).unwrap().into_raw();
    let RawManaged::Versioned(tensor) = raw else { panic!("expected a versioned tensor") };
    // SAFETY: just made; nobody else knows it.
    unsafe { (*tensor.as_ptr()).dl_tensor.ndim = -1 };
    // SAFETY: just made, owned by nobody else; the lie is one that is checked.
    let managed = unsafe { Managed::from_versioned(tensor) }.unwrap();
    // SAFETY: never becomes an array.
    let refused = unsafe { Array::from_dlpack(managed) }.unwrap_err();
    assert_eq!((codes(&refused.reasons), drops.load(Ordering::SeqCst)), (vec!["ndim"], 0));
    assert_eq!(refused.to_string(), "expected 0 to 64 axes but found ndim -1");
    drop(refused);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

/// Spoils an exported tensor of 3 int4 or int32 elements, and returns the code under which it is refused.
fn refusal(dtype: &str, spoil: impl Fn(&mut DLManagedTensorVersioned)) -> String {
    let array = Array::zeros(DType::from_name(dtype).unwrap(), &[3], Order::C).unwrap();
    let raw = array.into_dlpack(VERSIONED).unwrap().into_raw();
    let RawManaged::Versioned(tensor) = raw else { panic!("expected a versioned tensor") };
    // SAFETY: just made; nobody else knows it.
    spoil(unsafe { &mut *tensor.as_ptr() });
    // SAFETY: just made, owned by nobody else; the lies are ones that are checked.
    let managed = unsafe { Managed::from_versioned(tensor) }.unwrap();
    // SAFETY: never becomes an array.
    let refused = unsafe { Array::from_dlpack(managed) }.unwrap_err();
    refused.reasons[0].code.to_string()
}

#[test]
fn what_is_no_array_here_is_refused_by_name() {
    assert_eq!(refusal("int4", |t| t.flags = Flags::IS_SUBBYTE_TYPE_PADDED), "subbyte");
    // SAFETY: the strides are this test's.
    assert_eq!(refusal("int4", |t| unsafe { t.dl_tensor.strides.write(2) }), "order");
    assert_eq!(refusal("int32", |t| t.dl_tensor.dtype.code.0 = 3), "dtype");
    assert_eq!(refusal("int32", |t| t.dl_tensor.device.device_type.0 = 99), "device");
    assert_eq!(refusal("int32", |t| t.dl_tensor.data = core::ptr::null_mut()), "null-data");
    let opaque = |t: &mut DLManagedTensorVersioned| {
        t.dl_tensor.device.device_type.0 = 8;
        t.dl_tensor.byte_offset = 4;
    };
    assert_eq!(refusal("int32", opaque), "device");
}

#[test]
fn what_dlpack_cannot_say_is_refused_with_every_reason() {
    let (array, _) = vector(&[10, 4], &[2, 2]);
    let reasons = array.export_dlpack(VERSIONED).unwrap_err();
    assert_eq!(reasons[0].text, "expected a stride that is a multiple of 4 bytes but found 10");
    assert_eq!((codes(&reasons), &*reasons[0].location), (vec!["stride"], "axis 0"));
    assert_eq!(array.dlpack_reasons(VERSIONED), reasons);

    let all =
        array.read_only().with_validity(Validity::from_bools(&[true, false, true, true], &[2, 2]).unwrap()).unwrap();
    assert_eq!(codes(&all.dlpack_reasons(Format::Legacy)), ["nulls", "read-only", "stride"]);
    let days = Array::from(vec![1i64]).reinterpret(DType::from_name("datetime64[D]").unwrap()).unwrap();
    assert_eq!(codes(&days.dlpack_reasons(VERSIONED)), ["dtype"]);
    assert_eq!(codes(&days.copy_to_dlpack(VERSIONED, CopyOrder::C).unwrap_err()), ["dtype"]);
    let tpu = shared(DType::I32, Layout::c_order(4, &[1]).unwrap(), Device { kind: 99, id: 0 }).0;
    assert_eq!(codes(&tpu.export_dlpack(VERSIONED).unwrap_err()), ["device"]);
    assert_eq!(tpu.exports(), 0);
}

#[test]
fn an_odd_stride_that_reaches_nothing_is_no_reason() {
    for (strides, shape) in [(&[10, 4][..], &[1, 2][..]), (&[10, 3], &[2, 0]), (&[isize::MAX, 4], &[1, 2])] {
        let (array, _) = vector(strides, shape);
        assert_same(&import(array.export_dlpack(VERSIONED).unwrap()), &array);
    }
}

#[test]
fn unique_memory_goes_out_writable_only_with_its_sole_handle() {
    let array = Array::from(vec![1i64, 2]);
    let tensor = array.export_dlpack(VERSIONED).unwrap();
    assert_eq!((tensor.is_read_only(), array.access()), (Some(true), Access::Unique));
    assert_eq!(codes(&array.dlpack_reasons(Format::Legacy)), ["read-only"]);
    let refused = array.into_dlpack(Format::Legacy).unwrap_err();
    drop(tensor);
    let mut array = *refused.source;
    array.as_mut_slice::<i64>().unwrap()[0] = 3;
    let tensor = array.into_dlpack(VERSIONED).unwrap();
    assert_eq!(tensor.is_read_only(), Some(false));
    assert_eq!(import(tensor).to_vec::<i64>().unwrap(), [3, 2]);
}

#[test]
fn without_elements_data_is_null_outside_and_dangling_inside() {
    let tensor = Array::zeros(DType::F64, &[0, 3], Order::C).unwrap().into_dlpack(VERSIONED).unwrap();
    assert!(tensor.check().unwrap().descriptor().data.is_null());
    let back = import(tensor);
    assert_eq!((back.shape(), back.address() % crate::buffer::ALIGNMENT), (&[0, 3][..], 0));
    assert_eq!(back.to_vec::<f64>().unwrap(), [0.0f64; 0]);
}

#[test]
fn the_ledger_knows_both_ends_until_they_are_gone() {
    let mine = |nbytes: u64| {
        ledger::entries().into_iter().filter(move |entry| entry.nbytes == nbytes && &*entry.protocol == PROTOCOL)
    };
    let (array, _) = vector(&[4], &[7919]);
    let raw = array.export_dlpack(VERSIONED).unwrap();
    // SAFETY: owned by this test alone; its memory is kept by the export.
    let import = unsafe { Import::check(&raw.check().unwrap()).unwrap().own(raw, Name::of("torch.Tensor")) };
    let mut directions: Vec<_> = mine(7919 * 4).map(|entry| (entry.owner, entry.direction)).collect();
    directions.sort_by_key(|(_, direction)| *direction == ledger::Direction::Export);
    assert_eq!(directions[0], ("torch.Tensor".into(), ledger::Direction::Import));
    assert_eq!(directions[1].1, ledger::Direction::Export);
    drop(import);
    assert_eq!(mine(7919 * 4).count(), 0);
    assert_eq!(array.exports(), 0);
}

#[test]
fn a_producer_without_deleter_keeps_what_it_lends() {
    let mut values = [1i32, 2];
    let mut shape = [2i64];
    let mut tensor = DLManagedTensor {
        dl_tensor: aria_dlpack::abi::DLTensor {
            data: values.as_mut_ptr().cast(),
            device: aria_dlpack::Device { kind: 1, id: 7 }.into(),
            ndim: 1,
            dtype: aria_dlpack::DataType::new(aria_dlpack::DataType::INT, 32).into(),
            shape: shape.as_mut_ptr(),
            strides: core::ptr::null_mut(),
            byte_offset: 0,
        },
        manager_ctx: core::ptr::null_mut(),
        deleter: None,
    };
    // SAFETY: the tensor and what it points to outlive the array, which ends below.
    let managed = unsafe { Managed::from_legacy(NonNull::from(&mut tensor)) };
    let array = import(managed);
    assert_eq!((array.to_vec::<i32>().unwrap(), array.device(), array.is_readonly()), (vec![1, 2], Device::CPU, true));
}
