//! Data types: which are refused, how they are named, and how many bytes they take.

use crate::liar::{Liar, Says, import, refusal};
use aria_dlpack::{DataType, DlpackError};

fn typed(code: u8, bits: u8, lanes: u16) -> Says {
    Says { dtype: (code, bits, lanes), ..Says::default() }
}

fn nbytes(says: Says) -> usize {
    let liar = Liar::new(says);
    let managed = liar.versioned().unwrap();
    managed.check().unwrap().nbytes()
}

fn counted(code: u8, bits: u8, lanes: u16, flags: u64, len: i64) -> Says {
    Says { flags, shape: Some(vec![len]), strides: Some(vec![1]), ..typed(code, bits, lanes) }
}

/// K-D25, K-D26, K-D28, K-D29.
#[test]
fn every_type_of_the_standard_is_accepted_in_its_own_widths_only() {
    let widths: [(u8, &[u8]); 19] = [
        (0, &[1, 2, 4, 8, 16, 32, 64]),
        (1, &[1, 2, 4, 8, 16, 32, 64]),
        (2, &[16, 32, 64]),
        (3, &[]),
        (4, &[16]),
        (5, &[32, 64, 128]),
        (6, &[8]),
        (7, &[8]),
        (8, &[8]),
        (9, &[8]),
        (10, &[8]),
        (11, &[8]),
        (12, &[8]),
        (13, &[8]),
        (14, &[8]),
        (15, &[6]),
        (16, &[6]),
        (17, &[4]),
        (18, &[32]),
    ];
    for (code, widths) in widths {
        for bits in if cfg!(miri) { vec![0, 1, 4, 6, 8, 12, 16, 32, 64, 128] } else { (0..=255).collect() } {
            assert_eq!(import(typed(code, bits, 1)).is_ok(), widths.contains(&bits), "code {code}, {bits} bits");
        }
    }
}

#[test]
fn refusals_name_the_type() {
    for (code, bits, lanes, message) in [
        (6, 1, 1, "expected a width of 8 bits but found bool1"),
        (1, 12, 1, "expected a width of 1, 2, 4, 8, 16, 32 or 64 bits but found uint12"),
        (5, 16, 1, "expected a width of 32, 64 or 128 bits but found complex16"),
        (8, 16, 1, "expected a width of 8 bits but found float8_e4m3 of 16 bits"),
        (17, 8, 1, "expected a width of 4 bits but found float4_e2m1fn of 8 bits"),
        (15, 8, 1, "expected a width of 6 bits but found float6_e2m3fn of 8 bits"),
        (19, 8, 1, "expected a known type code but found type code 19 of 8 bits"),
        (255, 8, 1, "expected a known type code but found type code 255 of 8 bits"),
        (0, 0, 1, "expected a type of at least 1 bit but found int0"),
        (2, 64, 0, "expected a type of at least 1 lane but found float64x0"),
        (
            3,
            64,
            1,
            "expected a numeric type but found opaque handle of 64 bits, whose meaning is private to its producer",
        ),
    ] {
        assert_eq!(refusal(typed(code, bits, lanes)).to_string(), message);
    }
}

#[test]
fn accepted_types_have_their_usual_names() {
    for (code, bits, lanes, name) in [
        (0, 8, 1, "int8"),
        (1, 4, 1, "uint4"),
        (2, 64, 1, "float64"),
        (2, 32, 4, "float32x4"),
        (4, 16, 1, "bfloat16"),
        (5, 128, 1, "complex128"),
        (6, 8, 1, "bool"),
        (10, 8, 1, "float8_e4m3fn"),
        (16, 6, 1, "float6_e3m2fn"),
        (17, 4, 2, "float4_e2m1fnx2"),
        (18, 32, 1, "bcomplex32"),
    ] {
        assert_eq!(DataType { code, bits, lanes }.to_string(), name);
    }
}

/// K-D27.
#[test]
fn lanes_count_into_the_element_and_strides_count_whole_elements() {
    let liar = Liar::new(typed(2, 32, 4));
    let managed = liar.versioned().unwrap();
    let view = managed.check().unwrap();
    assert_eq!((view.len(), view.nbytes(), view.span()), (6, 96, 0..96));
    assert_eq!(view.descriptor().dtype.lanes, 4);
}

/// K-D26.
#[test]
fn packed_bits_are_rounded_up_to_bytes_once() {
    assert_eq!(nbytes(counted(17, 4, 1, 0, 5)), 3);
    assert_eq!(nbytes(counted(15, 6, 1, 0, 5)), 4); // 30 bits
    assert_eq!(nbytes(counted(15, 6, 1, 0, 4)), 3);
    assert_eq!(nbytes(counted(17, 4, 3, 0, 3)), 5); // 36 bits
    assert_eq!(nbytes(counted(0, 2, 1, 0, 1)), 1);
}

/// K-D26.
#[test]
fn padded_elements_have_a_byte_each() {
    assert_eq!(nbytes(counted(17, 4, 1, 4, 5)), 5);
    assert_eq!(nbytes(counted(15, 6, 1, 4, 5)), 5);
    let refused = refusal(counted(17, 4, 2, 4, 5));
    assert_eq!(refused, DlpackError::PaddedLanes { found: DataType { code: 17, bits: 4, lanes: 2 } });
}

/// K-D26.
#[test]
fn the_padded_flag_means_nothing_for_whole_bytes() {
    assert_eq!(nbytes(counted(2, 64, 1, 4, 5)), 40);
    assert!(!import(counted(2, 64, 1, 4, 5)).unwrap().padded);
}

/// K-D26.
#[test]
fn packed_elements_reach_whole_bytes() {
    let liar = Liar::new(Says { strides: Some(vec![-3]), ..counted(17, 4, 1, 0, 2) });
    let managed = liar.versioned().unwrap();
    // Elements 0 and -3: bits -12..-8 and 0..4.
    assert_eq!(managed.check().unwrap().span(), -2..1);
}

#[test]
fn packed_sizes_do_not_overflow_where_bytes_fit() {
    let len = i64::MAX / 2;
    assert_eq!(nbytes(counted(17, 4, 1, 0, len)), (len as usize).div_ceil(2));
    assert!(matches!(refusal(counted(2, 64, u16::MAX, 0, 1 << 50)), DlpackError::TooLarge { axis: 0, .. }));
}
