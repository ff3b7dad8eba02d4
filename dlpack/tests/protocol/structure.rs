//! Axes, extents, strides, sizes, spans, addresses.

use crate::liar::{Liar, SOMEWHERE, Says, at, import, refusal};
use aria_dlpack::{Device, DlpackError, TensorView};

fn view<R>(says: Says, look: impl FnOnce(TensorView<'_>) -> R) -> R {
    let liar = Liar::new(says);
    let managed = liar.versioned().unwrap();
    look(managed.check().unwrap())
}

fn shaped(shape: &[i64], strides: &[i64]) -> Says {
    Says { shape: Some(shape.to_vec()), strides: Some(strides.to_vec()), ..Says::default() }
}

#[test]
fn an_honest_tensor_is_described_in_full() {
    view(Says::default(), |view| {
        let d = view.descriptor();
        assert_eq!((d.shape.as_slice(), d.strides.as_slice()), (&[2, 3][..], &[3, 1][..]));
        assert_eq!((d.data.addr(), d.byte_offset, d.device), (SOMEWHERE, 0, Device::CPU));
        assert_eq!((view.len(), view.nbytes(), view.span()), (6, 48, 0..48));
        assert_eq!((view.is_read_only(), view.is_copied()), (Some(false), Some(false)));
        assert!(view.is_c_contiguous() && !view.is_f_contiguous() && !view.may_overlap());
    });
}

/// K-D1.
#[test]
fn null_strides_mean_compact_row_major_order_in_every_version() {
    for version in [(1, 0), (1, 1), (1, 2), (1, 3)] {
        let says = Says { version, shape: Some(vec![2, 3, 4]), strides: None, ..Says::default() };
        assert_eq!(import(says).unwrap().strides.as_slice(), [12, 4, 1]);
    }
}

/// K-D2.
#[test]
fn a_scalar_needs_neither_shape_nor_strides() {
    view(Says { shape: None, strides: None, ..Says::default() }, |view| {
        assert_eq!((view.descriptor().shape.len(), view.len(), view.span()), (0, 1, 0..8));
        assert!(view.is_c_contiguous() && view.is_f_contiguous());
    });
}

/// K-D2.
#[test]
fn the_shape_of_a_scalar_is_not_followed() {
    let says = Says { ndim: Some(0), ..Says::default() };
    assert_eq!(import(says).unwrap().shape.len(), 0);
}

#[test]
fn a_null_shape_with_axes_is_refused() {
    assert_eq!(refusal(Says { shape: None, ndim: Some(2), ..Says::default() }), DlpackError::NullShape { ndim: 2 });
}

/// K-D22.
#[test]
fn ndim_out_of_range_is_refused_before_the_shape_is_touched() {
    for ndim in [-1, 65, i32::MAX, i32::MIN] {
        assert_eq!(refusal(Says { ndim: Some(ndim), ..Says::default() }), DlpackError::Ndim { found: ndim.into() });
    }
}

/// K-D22.
#[test]
fn sixty_four_axes_are_accepted() {
    assert_eq!(import(shaped(&[1; 64], &[7; 64])).unwrap().shape.len(), 64);
}

/// K-D22.
#[test]
fn negative_extents_are_refused_even_if_their_product_is_positive() {
    let refused = refusal(shaped(&[2, -2, -3], &[1, 1, 1]));
    assert_eq!(refused, DlpackError::NegativeExtent { axis: 1, found: -2 });
    assert_eq!(refused.to_string(), "expected an extent of at least 0 on axis 1 but found -2");
}

/// K-D22.
#[test]
fn sizes_that_overflow_or_wrap_are_refused() {
    for shape in [
        vec![1 << 40, 1 << 40],
        vec![1 << 32, (1 << 32) + 4],
        vec![i64::MAX, i64::MAX],
        vec![i64::MAX],
        vec![1 << 60],
        vec![2, 1 << 59],
    ] {
        for strides in [None, Some(vec![0; shape.len()])] {
            let says = Says { shape: Some(shape.clone()), strides, ..Says::default() };
            assert!(matches!(refusal(says), DlpackError::TooLarge { .. }), "{shape:?}");
        }
    }
}

/// K-D19, K-D22.
#[test]
fn a_zero_extent_hides_overflow_in_the_others() {
    for shape in [[0, i64::MAX, i64::MAX], [i64::MAX, i64::MAX, 0], [1 << 40, 0, 1 << 40]] {
        for strides in [None, Some(vec![i64::MIN; 3])] {
            let says = Says { shape: Some(shape.to_vec()), strides, ..Says::default() };
            view(says, |view| assert_eq!((view.len(), view.nbytes(), view.span()), (0, 0, 0..0)));
        }
    }
}

/// K-D19.
#[test]
fn without_elements_data_strides_and_offset_may_be_anything() {
    for data in [at(0), at(1), at(usize::MAX)] {
        let says = Says { data, byte_offset: u64::MAX, ..shaped(&[0, 3], &[i64::MAX, i64::MIN]) };
        let descriptor = import(says).unwrap();
        assert!(descriptor.data.is_null(), "without elements data is NULL");
        assert_eq!(descriptor.byte_offset, 0);
    }
}

/// K-D20.
#[test]
fn null_data_with_elements_is_refused_on_every_device() {
    for device in [(1, 0), (2, 0), (8, 0)] {
        let refused = refusal(Says { data: at(0), device, byte_offset: 64, ..Says::default() });
        assert_eq!(refused, DlpackError::NullData { len: 6 });
    }
}

/// K-D17.
#[test]
fn byte_offset_is_always_added() {
    assert_eq!(import(Says { byte_offset: 24, ..Says::default() }).unwrap().data.addr(), SOMEWHERE + 24);
}

/// K-D17.
#[test]
fn a_byte_offset_that_leaves_or_wraps_the_address_space_is_refused() {
    for byte_offset in [u64::MAX, u64::MAX - SOMEWHERE as u64 + 1] {
        let refused = refusal(Says { byte_offset, ..Says::default() });
        assert!(matches!(refused, DlpackError::OffsetOverflow { .. }), "{refused}");
    }
}

#[test]
fn elements_beyond_either_end_of_the_address_space_are_refused() {
    let high = Says { data: at(usize::MAX - 15), ..Says::default() };
    let low = Says { data: at(16), ..shaped(&[2, 3], &[-3, 1]) };
    let null = Says { data: at(24), ..shaped(&[2, 3], &[-3, 1]) }; // its first byte would be at NULL
    for says in [high, low, null] {
        let refused = refusal(says);
        assert!(matches!(refused, DlpackError::AddressOverflow { .. }), "{refused}");
    }
    let fits = Says { data: at(32), ..shaped(&[2, 3], &[-3, 1]) };
    assert!(import(fits).is_ok());
}

/// K-D18.
#[test]
fn handles_are_never_added_to() {
    let opaque = [4, 7, 8, 9, 12, 15, 16, 17, 18, 19, 20, 21];
    for kind in opaque {
        let says = Says { device: (kind, 0), data: at(usize::MAX), byte_offset: 4096, ..Says::default() };
        let descriptor = import(says).unwrap();
        assert_eq!((descriptor.data.addr(), descriptor.byte_offset), (usize::MAX, 4096), "{}", descriptor.device);
    }
    for kind in [1, 2, 3, 10, 11, 13, 14] {
        let says = Says { device: (kind, 0), byte_offset: 4096, ..Says::default() };
        assert_eq!(import(says).unwrap().data.addr(), SOMEWHERE + 4096);
    }
}

/// K-D4.
#[test]
fn device_types_that_no_header_lists_are_refused_by_number() {
    for kind in [0, 5, 6, 22, u32::MAX] {
        let refused = refusal(Says { device: (kind, 0), ..Says::default() });
        assert_eq!(refused.to_string(), format!("expected a known device type but found {kind}"));
    }
}

/// K-D31.
#[test]
fn an_odd_cpu_index_is_tolerated_and_pinned_or_managed_memory_is_host_readable() {
    assert_eq!(import(Says { device: (1, 3), ..Says::default() }).unwrap().device, Device { kind: 1, id: 3 });
    let readable = (0..32).filter(|kind| Device { kind: *kind, id: 0 }.is_host_readable());
    assert!(readable.eq([1, 3, 11, 13]));
}

/// K-D21.
#[test]
fn misaligned_data_is_accepted_and_its_alignment_is_told() {
    for (offset, alignment) in [(0, SOMEWHERE), (1, 1), (4, 4), (24, 8)] {
        view(Says { byte_offset: offset, ..Says::default() }, |view| assert_eq!(view.alignment(), Some(alignment)));
    }
    view(Says { device: (8, 0), ..Says::default() }, |view| assert_eq!(view.alignment(), None));
    view(shaped(&[0], &[1]), |view| assert_eq!(view.alignment(), None));
}

/// K-D23.
#[test]
fn on_axes_of_extent_one_any_stride_is_contiguous() {
    for stride in [2, 0, -1, i64::MAX, i64::MIN] {
        view(shaped(&[3, 1, 1], &[1, stride, stride]), |view| {
            assert!(view.is_c_contiguous() && view.is_f_contiguous() && !view.may_overlap());
            assert_eq!(view.span(), 0..24);
        });
    }
}

/// K-D24.
#[test]
fn negative_strides_reach_before_element_zero() {
    view(shaped(&[2, 3], &[-3, 1]), |view| {
        assert_eq!(view.span(), -24..24);
        assert!(!view.is_c_contiguous() && !view.may_overlap());
    });
}

/// K-D24.
#[test]
fn strides_that_reach_too_far_are_refused() {
    for (shape, strides) in [
        (vec![2], vec![i64::MAX]),
        (vec![2], vec![i64::MIN]),
        (vec![2], vec![1 << 60]),
        (vec![3, 3], vec![1 << 58, 1 << 58]),
        (vec![3, 3], vec![1 << 58, -(1 << 58)]),
        (vec![2; 8], vec![i64::MAX; 8]),
    ] {
        let refused = refusal(shaped(&shape, &strides));
        assert!(matches!(refused, DlpackError::StrideOverflow { .. }), "{strides:?}: {refused}");
    }
    // One element, padded to 256 bytes by its lanes, behind strides whose byte counts overflow.
    let refused = refusal(Says { dtype: (2, 64, 32), ..shaped(&[2], &[1 << 55]) });
    assert!(matches!(refused, DlpackError::StrideOverflow { axis: 0, .. }), "{refused}");
}

/// K-D24.
#[test]
fn overlapping_elements_are_told() {
    for (shape, strides, overlap) in [
        (vec![2, 3], vec![0, 1], true),
        (vec![4, 3], vec![1, 1], true),
        (vec![4, 3], vec![2, 1], true),
        (vec![4, 3], vec![3, 1], false),
        (vec![4, 3], vec![1, 4], false),
        (vec![4, 3], vec![-3, -1], false),
        (vec![1, 3], vec![0, 1], false),
        (vec![0, 3], vec![0, 0], false),
    ] {
        view(shaped(&shape, &strides), |view| assert_eq!(view.may_overlap(), overlap, "{shape:?} {strides:?}"));
    }
}

#[test]
fn shape_changes_after_the_check_change_nothing() {
    let mut liar = Liar::new(Says::default());
    let managed = liar.versioned().unwrap();
    let descriptor = managed.check().unwrap().into_descriptor();
    liar.change_shape(i64::MAX);
    assert_eq!(descriptor.shape.as_slice(), [2, 3]);
    drop(managed);
    assert_eq!(liar.released(), 1);
}
