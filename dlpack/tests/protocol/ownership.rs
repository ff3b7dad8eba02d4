//! Versions, flags, and exactly one release.

use crate::liar::{Liar, Says, import};
use aria_dlpack::abi::{DLManagedTensorVersioned, DLPackVersion};
use aria_dlpack::{DlpackError, Flags, Format, Managed, RawManaged, Version, negotiate};
use std::ptr::NonNull;

/// K-D3.
#[test]
fn incompatible_version_is_refused_and_released_once() {
    for version in [(0, 8), (2, 0), (u32::MAX, u32::MAX)] {
        // Nothing but version and deleter may be looked at: the rest would be refused for other reasons, or crash.
        let liar = Liar::new(Says { version, ndim: Some(i32::MAX), shape: None, ..Says::default() });
        let refused = liar.versioned().unwrap_err();
        let found = Version { major: version.0, minor: version.1 };
        assert_eq!(refused, DlpackError::IncompatibleVersion { found });
        assert_eq!(refused.to_string(), format!("expected a dlpack struct of version 1.x but found {found}"));
        assert_eq!(liar.released(), 1);
    }
}

/// K-D3. The struct of another major version may end behind its deleter; Miri sees every read beyond.
#[test]
fn of_an_incompatible_version_only_version_and_deleter_are_read() {
    #[repr(C)]
    struct Head {
        version: DLPackVersion,
        released: usize, // where `manager_ctx` is, in version 1
        deleter: unsafe extern "C" fn(*mut Head),
    }
    unsafe extern "C" fn delete(head: *mut Head) {
        // SAFETY: the struct below.
        unsafe { (*head).released += 1 };
    }
    let version = DLPackVersion { major: 2, minor: 5 };
    let head = Box::into_raw(Box::new(Head { version, released: 0, deleter: delete }));
    let tensor = NonNull::new(head.cast::<DLManagedTensorVersioned>()).unwrap();
    // SAFETY: version and deleter are readable.
    let looked = unsafe { RawManaged::Versioned(tensor).check() }.unwrap_err();
    // SAFETY: as above.
    let refused = unsafe { Managed::from_versioned(tensor) }.unwrap_err();
    assert_eq!(looked, refused);
    // SAFETY: from a box, and freed once.
    assert_eq!(unsafe { Box::from_raw(head) }.released, 1);
}

/// K-D3, K-D5.
#[test]
fn incompatible_version_without_deleter_is_refused() {
    let liar = Liar::new(Says { version: (2, 0), deleter: false, ..Says::default() });
    assert!(liar.versioned().is_err());
    assert_eq!(liar.released(), 0);
}

/// K-D4.
#[test]
fn higher_minor_version_is_accepted() {
    for minor in [0, 3, 99, u32::MAX] {
        let liar = Liar::new(Says { version: (1, minor), ..Says::default() });
        let managed = liar.versioned().unwrap();
        assert_eq!(managed.version(), Some(Version { major: 1, minor }));
        assert!(managed.check().is_ok());
    }
}

/// K-D5.
#[test]
fn a_null_deleter_is_never_called() {
    let liar = Liar::new(Says { deleter: false, ..Says::default() });
    drop(liar.versioned().unwrap());
    drop(liar.legacy());
    assert_eq!(liar.released(), 0);
}

/// K-D6.
#[test]
fn the_deleter_runs_on_whatever_thread_drops_the_handle() {
    let liar = Liar::new(Says::default());
    let managed = liar.versioned().unwrap();
    std::thread::spawn(move || drop(managed)).join().unwrap();
    assert_eq!(liar.released(), 1);
}

/// K-D7.
#[test]
fn raw_pointers_name_their_capsules() {
    let liar = Liar::new(Says::default());
    assert_eq!(liar.raw().capsule_name(), c"dltensor_versioned");
    assert_eq!(liar.raw().used_capsule_name(), c"used_dltensor_versioned");
    let legacy = liar.legacy().into_raw();
    assert_eq!(legacy.capsule_name(), c"dltensor");
    assert_eq!(legacy.used_capsule_name(), c"used_dltensor");
    assert_eq!(liar.released(), 0, "into_raw hands the duty to release over");
}

/// K-D8.
#[test]
fn looking_at_a_tensor_leaves_it_to_its_owner() {
    for says in
        [Says::default(), Says { ndim: Some(-1), ..Says::default() }, Says { version: (2, 0), ..Says::default() }]
    {
        let liar = Liar::new(says);
        // SAFETY: the struct and what it points to live as long as `liar`.
        let looked = unsafe { liar.raw().check() };
        let fits = looked.is_ok();
        drop(looked);
        assert_eq!(liar.released(), 0);
        if fits {
            // SAFETY: alive as above, of major version 1 as `check` saw, and owned by nobody else.
            drop(unsafe { Managed::from_checked(liar.raw()) });
            assert_eq!(liar.released(), 1);
        }
    }
}

/// K-D8.
#[test]
fn a_refused_tensor_stays_owned_until_it_is_dropped() {
    let liar = Liar::new(Says { ndim: Some(65), ..Says::default() });
    let managed = liar.versioned().unwrap();
    assert!(managed.check().is_err());
    assert!(managed.check().is_err());
    assert_eq!(liar.released(), 0);
    drop(managed);
    assert_eq!(liar.released(), 1);
}

/// K-D9.
#[test]
fn the_read_only_flag_reaches_the_descriptor() {
    for (flags, read_only) in [(0, false), (1, true), (2, false), (3, true)] {
        let liar = Liar::new(Says { flags, ..Says::default() });
        let managed = liar.versioned().unwrap();
        let view = managed.check().unwrap();
        assert_eq!((managed.is_read_only(), view.is_read_only()), (Some(read_only), Some(read_only)));
        assert_eq!((managed.is_copied(), view.is_copied()), (Some(flags & 2 != 0), Some(flags & 2 != 0)));
        assert_eq!(view.descriptor().read_only, read_only);
    }
}

/// K-D9, K-D10.
#[test]
fn a_legacy_tensor_does_not_say_whether_it_may_be_written_and_its_descriptor_assumes_not() {
    let liar = Liar::new(Says::default());
    let managed = liar.legacy();
    assert_eq!((managed.version(), managed.flags()), (None, None));
    assert_eq!((managed.is_read_only(), managed.is_copied()), (None, None));
    let view = managed.check().unwrap();
    assert_eq!((view.is_read_only(), view.is_copied()), (None, None));
    assert!(view.descriptor().read_only);
}

/// K-D30.
#[test]
fn unknown_flags_are_ignored_but_can_be_seen() {
    let liar = Liar::new(Says { flags: 1 << 63 | 1 << 3, ..Says::default() });
    let managed = liar.versioned().unwrap();
    assert_eq!(managed.flags(), Some(Flags::from_bits_retain(1 << 63 | 1 << 3)));
    assert!(!managed.check().unwrap().descriptor().read_only);
    assert_eq!(import(Says { flags: !1, ..Says::default() }), import(Says::default()));
}

/// K-D11, K-D12.
#[test]
fn a_consumer_gets_at_most_the_version_it_asked_for() {
    let versioned = |minor| Format::Versioned(Version { major: 1, minor });
    for (max_version, format) in [
        (None, Format::Legacy),
        (Some((0, 8)), Format::Legacy),
        (Some((1, 0)), versioned(0)),
        (Some((1, 1)), versioned(1)),
        (Some((1, 3)), versioned(3)),
        (Some((1, 99)), versioned(3)),
        (Some((2, 0)), versioned(3)),
        (Some((u32::MAX, 0)), versioned(3)),
    ] {
        assert_eq!(negotiate(max_version), format, "{max_version:?}");
    }
}
