//! Export: what the struct says, and what its deleter does.

use crate::liar::{Liar, Says, at};
use aria_dlpack::abi::{DLManagedTensorVersioned, DLTensor};
use aria_dlpack::{
    DataType, Descriptor, Device, Dims, DlpackError, Flags, ForeignOwner, Format, Managed, Memory, RawManaged, Version,
    export,
};
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const V1_1: Format = Format::Versioned(Version::DEFAULT);

/// Counts its drops.
#[derive(Debug)]
struct Owner(Arc<AtomicUsize>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn owner() -> (Owner, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Owner(drops.clone()), drops)
}

fn descriptor() -> Descriptor {
    Descriptor {
        data: at(4096),
        byte_offset: 0,
        device: Device::CPU,
        dtype: DataType::new(DataType::FLOAT, 64),
        shape: Dims::from_slice(&[2, 3]),
        strides: Dims::from_slice(&[3, 1]),
        read_only: false,
        padded: false,
    }
}

fn give<O: Send + 'static>(owner: O, d: &Descriptor, format: Format, memory: Memory) -> Managed {
    // SAFETY: nothing follows the address.
    unsafe { export(owner, d, format, memory) }.unwrap()
}

fn refuse(d: &Descriptor, format: Format, memory: Memory) -> DlpackError {
    let (owner, drops) = owner();
    // SAFETY: nothing follows the address.
    let refused = unsafe { export(owner, d, format, memory) }.expect_err("the export is refused");
    assert_eq!(drops.load(SeqCst), 0, "a refused owner comes back");
    drop(refused.source);
    assert_eq!(drops.load(SeqCst), 1);
    refused.error
}

fn raw(managed: &Managed) -> DLTensor {
    match managed.as_raw() {
        // SAFETY: alive as long as `managed`.
        RawManaged::Legacy(p) => unsafe { p.as_ref() }.dl_tensor,
        // SAFETY: as above.
        RawManaged::Versioned(p) => unsafe { p.as_ref() }.dl_tensor,
    }
}

#[test]
fn the_owner_is_dropped_once_by_the_deleter() {
    for format in [Format::Legacy, V1_1] {
        let (owner, drops) = owner();
        let managed = give(owner, &descriptor(), format, Memory::Shared);
        assert_eq!(drops.load(SeqCst), 0);
        drop(managed);
        assert_eq!(drops.load(SeqCst), 1);
    }
}

/// K-D6.
#[test]
fn the_deleter_runs_on_any_thread() {
    let (owner, drops) = owner();
    let managed = give(owner, &descriptor(), V1_1, Memory::Shared);
    std::thread::spawn(move || drop(managed)).join().unwrap();
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn a_panic_in_the_owners_drop_ends_in_the_deleter() {
    struct Angry(#[expect(dead_code, reason = "counts its drop")] Owner);
    impl Drop for Angry {
        fn drop(&mut self) {
            std::panic::panic_any(Payload);
        }
    }
    /// A payload whose own drop panics.
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("the payload is never dropped");
        }
    }
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for format in [Format::Legacy, V1_1] {
        let (owner, drops) = owner();
        drop(give(Angry(owner), &descriptor(), format, Memory::Shared));
        assert_eq!(drops.load(SeqCst), 1, "what the owner holds is dropped all the same");
    }
    std::panic::set_hook(hook);
}

#[test]
fn owners_of_any_size_and_alignment_survive_the_trip() {
    #[repr(align(256))]
    struct Wide([u8; 300]);
    struct Sees(Wide, #[expect(dead_code, reason = "counts its drop")] Owner);
    impl Drop for Sees {
        fn drop(&mut self) {
            assert!(std::ptr::from_ref(&self.0).is_aligned());
            assert_eq!(self.0.0, [7; 300]);
        }
    }
    let (first, drops) = owner();
    drop(give(Sees(Wide([7; 300]), first), &descriptor(), V1_1, Memory::Shared));
    assert_eq!(drops.load(SeqCst), 1);
    drop(give((), &descriptor(), Format::Legacy, Memory::Shared));
}

#[test]
fn a_foreign_owner_is_released_once() {
    unsafe extern "C" fn release(context: *mut c_void) {
        // SAFETY: the counter below, alive until the end of the test.
        unsafe { &*context.cast::<AtomicUsize>() }.fetch_add(1, SeqCst);
    }
    let drops = Arc::new(AtomicUsize::new(0));
    // SAFETY: the counter outlives the export, and may be used on any thread.
    let owner = unsafe { ForeignOwner::new(Arc::as_ptr(&drops).cast_mut().cast(), release) };
    drop(give(owner, &descriptor(), V1_1, Memory::Shared));
    assert_eq!(drops.load(SeqCst), 1);
}

/// K-D1.
#[test]
fn strides_are_never_null_when_there_are_axes() {
    for format in [Format::Legacy, V1_1, Format::Versioned(Version::LATEST)] {
        for shape in [&[2, 3][..], &[0], &[1; 64]] {
            let strides = Dims::from_elem(1, shape.len());
            let d = Descriptor { shape: Dims::from_slice(shape), strides, dtype: DataType::new(0, 8), ..descriptor() };
            let managed = give((), &d, format, Memory::Shared);
            assert!(!raw(&managed).strides.is_null() && !raw(&managed).shape.is_null());
            assert_eq!(raw(&managed).ndim as usize, shape.len());
        }
    }
}

/// K-D2.
#[test]
fn a_scalar_exports_null_shape_and_strides() {
    let d = Descriptor { shape: Dims::new(), strides: Dims::new(), ..descriptor() };
    let managed = give((), &d, V1_1, Memory::Shared);
    assert!(raw(&managed).shape.is_null() && raw(&managed).strides.is_null());
    assert_eq!(managed.check().unwrap().len(), 1);
}

/// K-D19.
#[test]
fn without_elements_data_is_null() {
    let d = Descriptor { shape: Dims::from_slice(&[2, 0]), ..descriptor() };
    for format in [Format::Legacy, V1_1] {
        assert!(raw(&give((), &d, format, Memory::Shared)).data.is_null());
    }
}

/// K-D9.
#[test]
fn read_only_memory_stays_read_only_from_import_to_export() {
    let liar = Liar::new(Says { flags: 1, ..Says::default() });
    let imported = liar.versioned().unwrap();
    let d = imported.check().unwrap().into_descriptor();
    assert_eq!(give((), &d, V1_1, Memory::Shared).flags(), Some(Flags::READ_ONLY));
}

/// K-D10.
#[test]
fn read_only_memory_is_refused_in_a_legacy_struct_unless_it_is_a_copy() {
    let d = Descriptor { read_only: true, ..descriptor() };
    assert_eq!(refuse(&d, Format::Legacy, Memory::Shared), DlpackError::LegacyReadOnly);
    drop(give((), &d, Format::Legacy, Memory::Copied));
    let liar = Liar::new(Says::default());
    let imported = liar.legacy();
    let unknown = imported.check().unwrap().into_descriptor();
    assert_eq!(refuse(&unknown, Format::Legacy, Memory::Shared), DlpackError::LegacyReadOnly);
}

/// K-D13.
#[test]
fn a_copy_says_so_and_does_not_inherit_read_only() {
    let d = Descriptor { read_only: true, ..descriptor() };
    assert_eq!(give((), &d, V1_1, Memory::Copied).flags(), Some(Flags::IS_COPIED));
    assert_eq!(give((), &d, V1_1, Memory::Shared).flags(), Some(Flags::READ_ONLY));
    assert_eq!(give((), &descriptor(), V1_1, Memory::Shared).flags(), Some(Flags::empty()));
}

/// K-D13, K-D30.
#[test]
fn unknown_flags_and_the_copied_flag_are_not_forwarded() {
    let liar = Liar::new(Says { flags: !4, ..Says::default() });
    let imported = liar.versioned().unwrap();
    let d = imported.check().unwrap().into_descriptor();
    assert_eq!(give((), &d, V1_1, Memory::Shared).flags(), Some(Flags::READ_ONLY));
}

/// K-D26.
#[test]
fn padding_is_said_or_refused() {
    let fp4 = Descriptor { dtype: DataType::new(DataType::FLOAT4, 4), padded: true, ..descriptor() };
    assert_eq!(give((), &fp4, V1_1, Memory::Shared).flags(), Some(Flags::IS_SUBBYTE_TYPE_PADDED));
    assert_eq!(refuse(&fp4, Format::Legacy, Memory::Copied), DlpackError::LegacyPadded { found: fp4.dtype });
    let f64 = Descriptor { padded: true, ..descriptor() };
    assert_eq!((fp4.stored_bits(), f64.stored_bits()), (8, 64));
    assert_eq!(give((), &f64, V1_1, Memory::Shared).flags(), Some(Flags::empty()));
    drop(give((), &f64, Format::Legacy, Memory::Shared));
}

/// K-D12.
#[test]
fn the_struct_states_the_version_that_was_asked_for() {
    for minor in 0..=3 {
        let version = Version { major: 1, minor };
        assert_eq!(give((), &descriptor(), Format::Versioned(version), Memory::Shared).version(), Some(version));
    }
    let found = Version { major: 2, minor: 0 };
    let refused = refuse(&descriptor(), Format::Versioned(found), Memory::Shared);
    assert_eq!(refused, DlpackError::IncompatibleVersion { found });
}

/// K-D18.
#[test]
fn a_handle_keeps_its_byte_offset() {
    let d = Descriptor { device: Device { kind: 8, id: 0 }, byte_offset: 48, ..descriptor() };
    let managed = give((), &d, V1_1, Memory::Shared);
    assert_eq!((raw(&managed).data.addr(), raw(&managed).byte_offset), (4096, 48));
}

#[test]
fn broken_descriptors_are_refused_and_their_owner_comes_back() {
    let broken = [
        Descriptor { data: at(0), ..descriptor() },
        Descriptor { byte_offset: 8, ..descriptor() },
        Descriptor { strides: Dims::from_slice(&[1]), ..descriptor() },
        Descriptor { shape: Dims::from_slice(&[-1, 3]), ..descriptor() },
        Descriptor { shape: Dims::from_elem(1, 65), strides: Dims::from_elem(1, 65), ..descriptor() },
        Descriptor { dtype: DataType::new(DataType::BOOL, 1), ..descriptor() },
        Descriptor { device: Device { kind: 0, id: 0 }, ..descriptor() },
        Descriptor { strides: Dims::from_slice(&[i64::MIN, 1]), ..descriptor() },
        Descriptor { shape: Dims::from_slice(&[i64::MAX, 3]), ..descriptor() },
    ];
    for d in broken {
        for format in [Format::Legacy, V1_1] {
            let message = refuse(&d, format, Memory::Shared).to_string();
            assert!(message.starts_with("expected ") && message.contains(" but found "), "{message}");
        }
    }
}

/// A consumer may scribble over the struct before it calls the deleter.
#[test]
fn the_deleter_trusts_nothing_that_a_consumer_can_reach() {
    let (owner, drops) = owner();
    let RawManaged::Versioned(p) = give(owner, &descriptor(), V1_1, Memory::Shared).into_raw() else { unreachable!() };
    let p: *mut DLManagedTensorVersioned = p.as_ptr();
    // SAFETY: owned by this test.
    let tensor = unsafe { &mut (*p).dl_tensor };
    (tensor.ndim, tensor.shape, tensor.strides) = (i32::MAX, std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: as above.
    unsafe { (*p).manager_ctx = at(1) };
    // SAFETY: as above.
    let delete = unsafe { (*p).deleter }.unwrap();
    // SAFETY: called once, with its struct.
    unsafe { delete(p) };
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn exported_memory_is_the_owners_own() {
    let mut values = vec![1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0];
    let d = Descriptor { data: values.as_mut_ptr().cast(), ..descriptor() };
    let managed = give(values, &d, V1_1, Memory::Shared);
    let view = managed.check().unwrap();
    let first = view.descriptor().data.cast::<f64>();
    // SAFETY: element (1, 2) of the vector that the export owns.
    assert_eq!(unsafe { first.wrapping_add(5).read() }, 6.0);
}
