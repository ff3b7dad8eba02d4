//! Formats and itemsizes as NumPy 2.4 and ctypes of CPython 3.11, 3.12 and 3.13 gave them on x86-64 Linux, with the
//! places where the fields really lie.

#![cfg(all(target_pointer_width = "64", target_endian = "little", not(windows)))]

use super::super::{DType, Swap};
use super::parse_format;

/// Offsets of the fields, or the error.
fn offsets(text: &str, itemsize: usize) -> Result<Vec<usize>, String> {
    let parsed = parse_format(text, Some(itemsize)).map_err(|error| error.to_string())?;
    assert_eq!(parsed.dtype.itemsize(), itemsize, "{text}");
    Ok(parsed.dtype.record().unwrap().fields().iter().map(|field| field.offset).collect())
}

#[test]
fn numpys_records_lie_where_numpy_put_them() {
    let cases: [(&str, usize, &[usize]); 16] = [
        ("T{b:a:=d:b:}", 9, &[0, 1]),
        ("T{b:a:xxxxxxxd:b:h:c:}", 24, &[0, 8, 16]),
        ("T{d:a:b:b:}", 16, &[0, 8]),
        ("T{T{b:a:xxxxxxx=d:b:}:x:@i:y:}", 20, &[0, 16]),
        ("T{T{b:a:xxxxxxxd:b:}:x:i:y:}", 24, &[0, 16]),
        ("T{T{d:a:b:b:}:x:xxxxxxxi:y:}", 24, &[0, 16]), // NumPy cannot read this back.
        ("T{T{f:a:b:b:}:x:xxxd:y:}", 16, &[0, 8]),      // Nor this.
        ("T{T{b:a:}:r:xxxi:y:}", 8, &[0, 4]),
        ("T{b:q:T{=d:a:b:b:}:x:xxxxxxxi:y:}", 21, &[0, 1, 17]),
        ("T{>i:be:@i:le:>d:bd:}", 16, &[0, 4, 8]),
        ("T{>i:be:xxxxd:bd:}", 16, &[0, 8]),
        ("T{=q:a:q:b:b:c:q:d:}", 25, &[0, 8, 16, 17]),
        ("T{(3)=q:a:?:b:}", 25, &[0, 24]),
        ("T{3x:x:0s:y:(0,2)=f:z:}", 3, &[0, 3, 3]),
        ("T{h:x:T{}:e:}", 2, &[0, 2]),
        ("T{d:é:}", 8, &[0]),
    ];
    for (text, itemsize, expected) in cases {
        assert_eq!(offsets(text, itemsize).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_record_whose_padding_numpy_left_out_is_not_aligned_like_one_of_ctypes() {
    // In NumPy's, `b` lies at 1 and the rest is padding that the format keeps to itself.
    for (text, itemsize) in [("T{b:a:=d:b:}", 16), ("T{xxxb:a:xxxxd:b:}", 40), ("T{}", 8)] {
        let error = offsets(text, itemsize).unwrap_err();
        assert!(error.contains(&format!("but found {itemsize}")), "{text}: {error}");
    }
}

#[test]
fn records_whose_padding_stands_elsewhere_are_refused_since_nobody_knows_how_far_apart_they_lie() {
    for (text, itemsize) in [
        ("T{(2)T{d:a:b:b:}:x:}", 32),       // Sixteen bytes apart, or less with a gap at the end.
        ("T{(2)T{b:a:}:r:xxxxxxi:y:}", 12), // Four bytes apart; NumPy itself reads one.
        ("T{(2)T{d:a:b:b:}:x:xxxxxxxxxxxxxxi:y:}", 40), // Sixteen bytes apart.
        ("T{(2)T{=d:a:b:b:}:x:xxxxxxxxxxxxxx@i:y:}", 36),
        ("T{T{(2)T{b:a:}:r:}:s:xxxxxxi:y:}", 12),
        ("T{d:q:(2)T{b:a:}:r:}", 16),
    ] {
        let error = offsets(text, itemsize).unwrap_err();
        assert!(error.contains("padding is written elsewhere"), "{text}: {error}");
    }
    // With a count, the gap is a gap.
    assert_eq!(offsets("T{(2)T{b:a:}:r:6xi:y:}", 12).as_deref(), Ok([0, 8].as_slice()));
}

#[test]
fn ctypes_structures_lie_where_c_puts_them() {
    let cases: [(&str, usize, &[usize]); 21] = [
        // CPython 3.11: padding left out.
        ("T{<b:a:<d:b:}", 16, &[0, 8]),
        ("T{<d:a:<b:b:}", 16, &[0, 8]),
        ("T{T{<b:a:<d:b:}:s:(3)<i:q:(4)<c:c:<u:w:}", 40, &[0, 16, 28, 32]),
        ("T{(2)T{<b:a:<d:b:}:s:<h:q:}", 40, &[0, 32]),
        ("T{>h:a:>i:b:}", 8, &[0, 4]),
        ("T{<c:c:<u:w:}", 8, &[0, 4]),
        ("T{<?:c:<h:w:<?:x:}", 6, &[0, 2, 4]),
        ("T{(2,3)<f:m:}", 24, &[0]),
        ("T{(4)<u:w:}", 16, &[0]),
        ("T{T{}:e:<i:i:}", 4, &[0, 0]),
        // CPython 3.12 and 3.13: padding spelled out, packed structures too.
        ("T{<b:a:7x<d:b:}", 16, &[0, 8]),
        ("T{<b:a:<d:b:}", 9, &[0, 1]),
        ("T{<b:a:3x<d:b:}", 12, &[0, 4]),
        ("T{<d:a:<b:b:7x}", 16, &[0, 8]),
        ("T{T{<b:a:7x<d:b:}:s:(3)<i:q:(4)<c:c:<u:w:4x}", 40, &[0, 16, 28, 32]),
        ("T{(2)T{<b:a:7x<d:b:}:s:<h:q:6x}", 40, &[0, 32]),
        ("T{>h:a:2x>i:b:}", 8, &[0, 4]),
        ("T{<?:c:x<h:w:<?:x:x}", 6, &[0, 2, 4]),
        // pybind11: native sizes, nothing aligned.
        ("T{^b:a:7x^d:b:}", 16, &[0, 8]),
        // Python's struct module, Cython: aligned although no padding is written.
        ("bd", 16, &[0, 8]),
        ("T{b:a:T{b:c:d:e:}:s:h:t:}", 32, &[0, 8, 24]),
    ];
    for (text, itemsize, expected) in cases {
        assert_eq!(offsets(text, itemsize).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn ctypes_structures_that_their_format_does_not_tell_are_refused() {
    for (text, itemsize) in [
        ("B", 9),                     // 3.11: a packed structure, or a union.
        ("T{<i:a:<i:b:}", 4),         // Bit fields.
        ("T{<i:a:<i:b:4x<d:d:}", 16), // 3.12: bit fields.
        ("T{<h:z:}", 24),             // 3.11: the fields of the base class are missing.
        ("T{<h:z:6x}", 24),           // 3.12: likewise.
        ("T{B:u:<d:d:}", 16),         // 3.11: a union of four bytes.
        ("T{B:u:4x<d:d:}", 16),       // 3.12: likewise.
        ("T{<b:a:3x<d:b:}", 16),      // Padding that is there and wrong.
        ("T{&<i:p:<P:v:}", 16),
    ] {
        assert!(offsets(text, itemsize).is_err(), "{text}");
    }
}

#[test]
fn what_ctypes_and_array_give_for_single_values_is_read() {
    let cases = [
        ("<?", 1, DType::BOOL),
        ("<c", 1, DType::Bytes(1)),
        ("<u", 4, DType::Str(1)),
        ("<b", 1, DType::I8),
        ("<B", 1, DType::U8),
        ("<h", 2, DType::I16),
        ("<H", 2, DType::U16),
        ("<i", 4, DType::I32),
        ("<I", 4, DType::U32),
        ("<q", 8, DType::I64),
        ("<Q", 8, DType::U64),
        ("<f", 4, DType::F32),
        ("<d", 8, DType::F64),
        ("w", 4, DType::Str(1)), // array.array("u") and ("w")
        ("l", 8, DType::I64),
        ("L", 8, DType::U64),
        ("1s", 1, DType::Bytes(1)),
        ("1x", 1, DType::Void(1)),
        ("=Zd", 16, DType::C128),
    ];
    for (text, itemsize, dtype) in cases {
        let parsed = parse_format(text, Some(itemsize)).unwrap();
        assert_eq!((parsed.dtype, parsed.swap), (dtype, Swap::None), "{text}");
    }
    for (text, itemsize) in [("<g", 16), ("<O", 8), ("<P", 8), ("<z", 8), ("<Z", 8), ("&<i", 8), ("X{}", 8)] {
        assert!(parse_format(text, Some(itemsize)).is_err(), "{text}");
    }
}

#[test]
fn fields_without_a_name_get_the_first_that_is_free() {
    let names = |text: &str| -> Vec<String> {
        let dtype = parse_format(text, None).unwrap().dtype;
        dtype.record().unwrap().fields().iter().map(|field| field.name.to_string()).collect()
    };
    assert_eq!(names("<if"), ["f0", "f1"]);
    assert_eq!(names("T{d:a:d}"), ["a", "f0"]);
    assert_eq!(names("T{d d:f0:d}"), ["f1", "f0", "f2"]);
}

#[test]
fn records_within_records_cost_no_more_than_their_letters() {
    let deep = format!("{}d{}", "T{".repeat(64), "}".repeat(64));
    assert_eq!(parse_format(&deep, Some(8)).unwrap().dtype.alignment(), 8);
    let wide = format!("T{{{}}}", "b".repeat(16_000));
    assert_eq!(parse_format(&wide, Some(16_000)).unwrap().dtype.itemsize(), 16_000);
    let gap = format!("T{{{}b:a:}}", "x".repeat(100_000));
    assert_eq!(offsets(&gap, 100_001).as_deref(), Ok([100_000].as_slice()));
    for text in ["(0)x(2)T{d:a:b:b:}xxxxxxxxxxxxxxx(0)x", "T{(2)T{d:a:b}:b:(0)xx}", "(2)3x:v:"] {
        let _ = parse_format(text, None);
    }
}
