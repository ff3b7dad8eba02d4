//! Formats as NumPy, ctypes and `array` write them (seen with NumPy 2.4 and CPython 3.11), and as nobody should.

use super::super::{DType, Field, Record, Swap};
use super::{format, format_at, parse_format};
use proptest::prelude::*;
use std::sync::Arc;

fn record(fields: Vec<Field>, itemsize: usize) -> DType {
    DType::Record(Arc::new(Record::new(fields, itemsize).unwrap()))
}

fn field(name: &str, dtype: DType, offset: usize) -> Field {
    Field::new(name, dtype, offset)
}

fn array(name: &str, dtype: DType, offset: usize, shape: &[usize]) -> Field {
    Field { shape: shape.into(), ..field(name, dtype, offset) }
}

fn read(text: &str, itemsize: usize) -> (DType, Swap) {
    let parsed = parse_format(text, Some(itemsize)).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    (parsed.dtype, parsed.swap)
}

#[test]
fn numpys_scalars_read_and_write_as_numpy_does() {
    let table = [
        ("?", DType::BOOL),
        ("b", DType::I8),
        ("B", DType::U8),
        ("h", DType::I16),
        ("H", DType::U16),
        ("i", DType::I32),
        ("I", DType::U32),
        (if cfg!(all(target_pointer_width = "64", not(windows))) { "l" } else { "q" }, DType::I64),
        (if cfg!(all(target_pointer_width = "64", not(windows))) { "L" } else { "Q" }, DType::U64),
        ("e", DType::F16),
        ("f", DType::F32),
        ("d", DType::F64),
        ("Zf", DType::C64),
        ("Zd", DType::C128),
        ("5s", DType::Bytes(5)),
        ("3w", DType::Str(3)),
        ("16x", DType::Void(16)),
    ];
    for (text, dtype) in table {
        assert_eq!(read(text, dtype.itemsize()), (dtype.clone(), Swap::None));
        assert_eq!(format(&dtype).as_deref(), Some(text));
    }
    assert_eq!(read("q", 8).0, DType::I64);
}

#[test]
fn byte_order_is_what_the_prefix_says() {
    let (little, big) = if cfg!(target_endian = "little") { ("<", ">") } else { (">", "<") };
    for (letter, dtype, unit) in
        [("i", DType::I32, 4), ("d", DType::F64, 8), ("Zd", DType::C128, 8), ("2w", DType::Str(2), 4)]
    {
        let size = dtype.itemsize();
        assert_eq!(read(&format!("{little}{letter}"), size), (dtype.clone(), Swap::None));
        assert_eq!(read(&format!("={letter}"), size), (dtype.clone(), Swap::None));
        assert_eq!(read(&format!("{big}{letter}"), size), (dtype.clone(), Swap::Units(unit)));
    }
    assert_eq!(read("!h", 2).1, read(">h", 2).1);
    assert_eq!(read(&format!("{big}b"), 1).1, Swap::None);
}

#[test]
fn the_itemsize_decides_what_a_letter_means() {
    assert_eq!(read("<q", 8).0, DType::I64); // ctypes' c_long
    assert_eq!(read("<l", 4).0, DType::I32); // four bytes in a standard order
    assert_eq!(read("<u", 4).0, DType::Str(1)); // ctypes' c_wchar
    for (text, itemsize) in [("<l", 8), ("i", 8), ("d", 4), ("u", 2), ("3s", 4), ("16x", 8)] {
        assert!(parse_format(text, Some(itemsize)).is_err(), "{text} of {itemsize}");
    }
    let error = parse_format("d", Some(4)).unwrap_err();
    assert_eq!(error.to_string(), "expected an itemsize of 8 bytes for \"d\" but found 4");
}

#[test]
fn numpys_records_read_and_write_as_numpy_does() {
    let packed = || record(vec![field("a", DType::I8, 0), field("b", DType::F64, 1)], 9);
    let aligned = || record(vec![field("a", DType::I8, 0), field("b", DType::F64, 8)], 16);
    let cases = [
        ("T{b:a:=d:b:}", packed()),
        ("T{b:a:xxxxxxxd:b:}", aligned()),
        (
            "T{b:a:xxxxxxxd:b:h:c:}",
            record(vec![field("a", DType::I8, 0), field("b", DType::F64, 8), field("c", DType::I16, 16)], 24),
        ),
        (
            "T{b:a:=d:b:h:c:}",
            record(vec![field("a", DType::I8, 0), field("b", DType::F64, 1), field("c", DType::I16, 9)], 11),
        ),
        ("T{T{b:a:xxxxxxxd:b:}:x:i:y:}", record(vec![field("x", aligned(), 0), field("y", DType::I32, 16)], 24)),
        ("T{(2)T{b:a:=d:b:}:p:4x:v:}", record(vec![array("p", packed(), 0, &[2]), field("v", DType::Void(4), 18)], 22)),
        ("T{(2,3)h:c:3s:s:}", record(vec![array("c", DType::I16, 0, &[2, 3]), field("s", DType::Bytes(3), 12)], 16)),
    ];
    for (text, dtype) in cases {
        assert_eq!(read(text, dtype.itemsize()), (dtype.clone(), Swap::None), "{text}");
        if !text.contains("(2,3)") {
            assert_eq!(format(&dtype).as_deref(), Some(text));
        }
    }
    let mixed = "T{(2)T{b:a:=d:b:}:p:(2,3)>h:c:3s:s:=2w:u:4x:v:Zf:z:}";
    let (dtype, swap) = read(mixed, 53);
    let offsets: Vec<usize> = dtype.record().unwrap().fields().iter().map(|f| f.offset).collect();
    assert_eq!(offsets, [0, 18, 30, 33, 41, 45]);
    if cfg!(target_endian = "little") {
        let Swap::Fields(swaps) = swap else { panic!("{swap:?}") };
        assert_eq!(swaps[1], Swap::Units(2));
        assert!(swaps.iter().enumerate().all(|(i, swap)| i == 1 || swap.is_none()));
    }
}

#[test]
fn ctypes_structures_without_their_padding_are_placed_by_the_itemsize() {
    let padded = record(vec![field("a", DType::I8, 0), field("b", DType::F64, 8)], 16);
    let (little, itemsize) = (cfg!(target_endian = "little"), 16);
    let (dtype, swap) = read("T{<b:a:<d:b:}", itemsize);
    assert_eq!((dtype, swap.is_none()), (padded.clone(), little));
    let (dtype, _) = read("T{>h:a:>i:b:}", 8);
    assert_eq!(dtype, record(vec![field("a", DType::I16, 0), field("b", DType::I32, 4)], 8));
    let (dtype, _) = read("T{T{<b:a:<d:b:}:s:(3)<i:q:(4)<c:c:<u:w:}", 40);
    let fields = vec![
        field("s", padded, 0),
        array("q", DType::I32, 16, &[3]),
        array("c", DType::Bytes(1), 28, &[4]),
        field("w", DType::Str(1), 32),
    ];
    assert_eq!(dtype, record(fields, 40));
    assert_eq!(read("T{<b:a:<d:b:}", 9).0, record(vec![field("a", DType::I8, 0), field("b", DType::F64, 1)], 9));
    let error = parse_format("T{<b:a:<d:b:}", Some(12)).unwrap_err();
    assert_eq!(error.to_string(), "expected an itemsize of 9 bytes for \"T{<b:a:<d:b:}\" but found 12");
}

#[test]
fn counts_sequences_and_white_space_are_read() {
    assert_eq!(read("3f", 12).0, record(vec![array("f0", DType::F32, 0, &[3])], 12));
    assert_eq!(read("if", 8).0, record(vec![field("f0", DType::I32, 0), field("f1", DType::F32, 4)], 8));
    assert_eq!(read(" T{ i:a: f:b: } ", 8).0, record(vec![field("a", DType::I32, 0), field("b", DType::F32, 4)], 8));
    assert_eq!(read("(2, 3)f", 24).0, record(vec![array("f0", DType::F32, 0, &[2, 3])], 24));
    assert_eq!(read("c", 1).0, DType::Bytes(1));
}

#[test]
fn what_is_never_carried_is_refused_by_name() {
    for (text, what) in [
        ("O", "a Python object"),
        ("<P", "a pointer"),
        ("&i", "a pointer"),
        ("z", "a pointer to text"),
        ("X{}", "a function pointer"),
        ("g", "a long double"),
        ("Zg", "a complex of long doubles"),
        ("T{d:a:O:b:}", "a Python object at byte 6"),
        ("3p", "a Pascal string"),
        ("5t", "bits"),
        ("<n", "a native size in a standard byte order"),
        ("u", "text of two bytes a character"),
    ] {
        let error = parse_format(text, Some(8)).unwrap_err().to_string();
        assert!(error.contains(what), "{text}: {error}");
    }
}

#[test]
fn what_is_no_format_is_refused_with_its_place() {
    for (text, words) in [
        ("", "expected a format letter at byte 0"),
        ("Z", "behind 'Z'"),
        ("T", "'{' behind 'T'"),
        ("T{d:a:", "expected '}'"),
        ("d}", "at byte 1"),
        ("d:name", "expected a name that ends with ':'"),
        ("(2,f", "expected an extent"),
        ("(2 f", "expected ',' or ')'"),
        ("99999999999999999999d", "expected a smaller number"),
        ("é", "expected a format letter"),
        ("T{f:a:f:a:}", "\"a\" twice"),
    ] {
        let error = parse_format(text, Some(8)).unwrap_err().to_string();
        assert!(error.contains(words), "{text:?}: {error}");
    }
}

#[test]
fn bombs_are_refused_before_they_cost_anything() {
    let deep = "T{".repeat(100_000);
    assert!(parse_format(&deep, Some(8)).unwrap_err().to_string().contains("at most 64"));
    let wide = "d".repeat(100_000);
    assert!(parse_format(&wide, Some(8)).unwrap_err().to_string().contains("at most 16384"));
    assert!(parse_format("9223372036854775807d9223372036854775807d", Some(8)).is_err());
    assert!(parse_format("T{9223372036854775807s:a:9223372036854775807s:b:}", Some(8)).is_err());
    assert!(parse_format("9223372036854775807w", Some(8)).is_err());
}

fn dtypes() -> impl Strategy<Value = DType> {
    let leaf = prop::sample::select(vec![
        DType::BOOL,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U64,
        DType::F16,
        DType::F32,
        DType::F64,
        DType::C64,
        DType::C128,
        DType::Bytes(3),
        DType::Str(2),
        DType::Void(5),
    ]);
    leaf.prop_recursive(3, 24, 4, |inner| {
        let member = (inner, prop::collection::vec(1usize..4, 0..3), 0usize..9);
        (prop::collection::vec(member, 1..4), 0usize..9).prop_map(|(members, tail)| {
            let (mut fields, mut end) = (Vec::new(), 0);
            for (i, (dtype, shape, gap)) in members.into_iter().enumerate() {
                let field = array(&format!("n{i}"), dtype, end + gap, &shape);
                end = field.offset + field.nbytes().unwrap();
                fields.push(field);
            }
            record(fields, end + tail)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_format_that_was_written_reads_as_the_same_dtype(dtype in dtypes()) {
        let text = format(&dtype).unwrap();
        let parsed = parse_format(&text, Some(dtype.itemsize())).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        prop_assert_eq!(parsed.dtype, dtype, "{}", text);
        prop_assert!(parsed.swap.is_none());
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[@=<>!^(){},:0-9 TZbBhHiIlLqQnNefdgswuxcOPX?]{0,40}", itemsize in 0usize..100) {
        if let Ok(parsed) = parse_format(&text, Some(itemsize)) {
            prop_assert_eq!(parsed.dtype.itemsize(), itemsize);
        }
        let _ = parse_format(&text, None);
    }

    #[test]
    fn no_bytes_at_all_make_the_parser_panic(text in any::<String>()) {
        let _ = parse_format(&text, Some(8));
    }
}

#[test]
fn elements_off_their_alignment_are_in_standard_order() {
    let record = record(vec![field("a", DType::I32, 0), field("b", DType::F64, 4)], 12);
    for (dtype, step, text) in [
        (&DType::I64, 1, "=q"),
        (&DType::F64, 4, "=d"),
        (&DType::F64, 8, "d"),
        (&DType::I8, 1, "b"),
        (&DType::C128, 8, "Zd"),
        (&DType::Str(2), 2, "=2w"),
        (&record, 1, "T{=i:a:d:b:}"),
        (&record, 4, "T{i:a:=d:b:}"),
        (&record, 0, "T{i:a:=d:b:}"),
    ] {
        let found = format_at(dtype, step).unwrap();
        assert_eq!(found, text, "{step}");
        assert_eq!(parse_format(&found, Some(dtype.itemsize())).unwrap().dtype, *dtype);
    }
}
