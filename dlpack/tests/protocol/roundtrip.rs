//! Any tensor that can be described survives export and import unchanged; the span is what walking it touches.

use aria_dlpack::{DataType, Descriptor, Device, Format, Memory, Version, export};
use proptest::collection::vec;
use proptest::prelude::*;

fn dtypes() -> impl Strategy<Value = DataType> {
    let scalar = prop_oneof![
        (0u8..=1, prop_oneof![Just(2u8), Just(4), Just(8), Just(16), Just(32), Just(64)]),
        (Just(2u8), prop_oneof![Just(16u8), Just(32), Just(64)]),
        Just((4u8, 16u8)),
        (Just(5u8), prop_oneof![Just(32u8), Just(64), Just(128)]),
        Just((6u8, 8u8)),
        (7u8..=14, Just(8u8)),
        (15u8..=16, Just(6u8)),
        Just((17u8, 4u8)),
        Just((18u8, 32u8)),
    ];
    (scalar, 1u16..=4).prop_map(|((code, bits), lanes)| DataType { code, bits, lanes })
}

prop_compose! {
    fn descriptors()(
        dims in vec((0i64..=4, -40i64..=40), 0..=5),
        dtype in dtypes(),
        kind in prop_oneof![Just(1u32), Just(2), Just(3), Just(8), Just(13)],
        id in 0i32..=2,
        data in 0x10_0000usize..0x20_0000,
        byte_offset in 0u64..100,
        read_only: bool,
        padded: bool,
    ) -> Descriptor {
        let device = Device { kind, id };
        let is_empty = dims.iter().any(|(extent, _)| *extent == 0);
        Descriptor {
            data: if is_empty { std::ptr::null_mut() } else { std::ptr::without_provenance_mut(data) },
            byte_offset: if is_empty || device.has_addresses() { 0 } else { byte_offset },
            device,
            dtype,
            shape: dims.iter().map(|(extent, _)| *extent).collect(),
            strides: dims.iter().map(|(_, stride)| *stride).collect(),
            read_only,
            padded: padded && dtype.is_sub_byte() && dtype.lanes == 1,
        }
    }
}

/// The bits that walking every index touches, relative to element zero, and how many elements there are.
fn walk(d: &Descriptor) -> (i64, i64, usize) {
    let bits = i64::from(d.stored_bits());
    let mut offsets = vec![0i64];
    for (&extent, &stride) in d.shape.iter().zip(&d.strides) {
        offsets = offsets.iter().flat_map(|o| (0..extent).map(move |i| o + i * stride)).collect();
    }
    let first = offsets.iter().min().map_or(0, |o| o * bits);
    let end = offsets.iter().max().map_or(0, |o| (o + 1) * bits);
    (first, end, offsets.len())
}

fn config() -> ProptestConfig {
    if cfg!(miri) {
        ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() }
    } else {
        ProptestConfig { cases: 1024, ..ProptestConfig::default() }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_descriptor_survives_export_and_import(d in descriptors(), minor in 0u32..=3, copied: bool) {
        let memory = if copied { Memory::Copied } else { Memory::Shared };
        let format = Format::Versioned(Version { major: 1, minor });
        // SAFETY: nothing follows the address.
        let managed = unsafe { export((), &d, format, memory) }.unwrap();
        let view = managed.check().unwrap();
        let expected = Descriptor { read_only: d.read_only && !copied, ..d };
        prop_assert_eq!(view.descriptor(), &expected);
        prop_assert_eq!(view.is_copied(), Some(copied));
        prop_assert_eq!(managed.version(), Some(Version { major: 1, minor }));
    }

    #[test]
    fn any_writable_descriptor_survives_the_legacy_struct_but_comes_back_unknown(d in descriptors()) {
        let d = Descriptor { read_only: false, padded: false, ..d };
        // SAFETY: nothing follows the address.
        let managed = unsafe { export((), &d, Format::Legacy, Memory::Shared) }.unwrap();
        let view = managed.check().unwrap();
        prop_assert_eq!(view.is_read_only(), None);
        prop_assert_eq!(view.into_descriptor(), Descriptor { read_only: true, ..d });
    }

    #[test]
    fn the_span_is_what_walking_every_index_touches(d in descriptors()) {
        // SAFETY: nothing follows the address.
        let managed = unsafe { export((), &d, Format::Versioned(Version::LATEST), Memory::Shared) }.unwrap();
        let view = managed.check().unwrap();
        let (first, end, len) = walk(&d);
        prop_assert_eq!(view.len(), len);
        prop_assert_eq!(view.nbytes(), (len * d.stored_bits() as usize).div_ceil(8));
        prop_assert_eq!(view.span().start as i64, first.div_euclid(8));
        prop_assert_eq!(view.span().end as i64, (end + 7).div_euclid(8));
    }

    #[test]
    fn elements_that_do_not_overlap_are_distinct(d in descriptors()) {
        // SAFETY: nothing follows the address.
        let managed = unsafe { export((), &d, Format::Versioned(Version::LATEST), Memory::Shared) }.unwrap();
        let view = managed.check().unwrap();
        let mut offsets = vec![0i64];
        for (&extent, &stride) in d.shape.iter().zip(&d.strides) {
            offsets = offsets.iter().flat_map(|o| (0..extent).map(move |i| o + i * stride)).collect();
        }
        offsets.sort_unstable();
        let distinct = offsets.windows(2).all(|pair| pair[0] != pair[1]);
        prop_assert!(view.may_overlap() || distinct);
        prop_assert!(!(view.is_c_contiguous() || view.is_f_contiguous()) || distinct);
    }
}

/// Whatever a struct says, the import answers and the deleter runs once.
mod noise {
    use super::*;
    use crate::liar::{Says, at, import};

    fn extent() -> impl Strategy<Value = i64> {
        prop_oneof![0i64..5, any::<i64>(), Just(i64::MAX), Just(i64::MIN), Just(1 << 32)]
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn any_struct_is_answered_without_panic_and_released_once(
            flags in any::<u64>(),
            data in any::<usize>(),
            device in (0u32..24, any::<i32>()),
            (shape, strides) in (0usize..8).prop_flat_map(|n| (vec(extent(), n), proptest::option::of(vec(extent(), n)))),
            dtype in (0u8..20, prop_oneof![Just(8u8), Just(4), Just(64), any::<u8>()], prop_oneof![Just(1u16), any::<u16>()]),
            byte_offset in prop_oneof![0u64..100, any::<u64>()],
        ) {
            let says = Says { flags, data: at(data), device, dtype, shape: Some(shape), strides, byte_offset, ..Says::default() };
            if let Ok(d) = import(says) {
                // What is accepted can be exported again.
                // SAFETY: nothing follows the address.
                let managed = unsafe { export((), &d, Format::Versioned(Version::DEFAULT), Memory::Shared) }.unwrap();
                prop_assert_eq!(managed.check().unwrap().into_descriptor(), d);
            }
        }
    }
}
