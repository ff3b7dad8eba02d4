//! `spec/dtypes.csv` beside [`DType`], beside the DLPack crate, and beside a C compiler.

use aria_array_bridge::dtype::{DType, Element, Field, Record, parse_arrow_format, parse_format};
use aria_array_tests::compiler::{Language, output};
use aria_array_tests::{Row, Table};
use aria_dlpack::{DataType, Descriptor, Device, Dims, Format, Memory, Version, export};
use half::{bf16, f16};
use num_complex::Complex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

fn table() -> Table {
    Table::read("spec/dtypes.csv", &["name"])
}

/// DLPack's triple, where the row has one.
fn triple(row: &Row) -> Option<(u8, u8, u16)> {
    Some((row.number("dlpack_code")?, row.number("dlpack_bits").unwrap(), row.number("dlpack_lanes").unwrap()))
}

/// The dtype that a row is about.
fn dtype(row: &Row) -> DType {
    match row.cell("name") {
        "record{x: float64}" => DType::Record(Arc::new(Record::new(vec![Field::new("x", DType::F64, 0)], 8).unwrap())),
        name => DType::from_name(name).unwrap_or_else(|| panic!("no dtype is named {name}")),
    }
}

#[test]
fn no_spelling_belongs_to_two_rows() {
    let table = table();
    let mut triples = BTreeSet::new();
    assert!(table.rows().iter().filter_map(triple).all(|triple| triples.insert(triple)));
    // A row's other spellings of one column are separated by spaces; `arrow_view` ends in an extension's name.
    for column in
        ["arrow", "pep3118_native", "pep3118_standard", "typestr", "ml_dtypes", "torch", "jax", "rust", "aria"]
    {
        let mut seen = BTreeMap::new();
        for row in table.rows() {
            let cell = row.cell(column);
            for spelling in cell.split(' ').filter(|s| !s.is_empty()) {
                let before = seen.insert(spelling.to_owned(), row.cell("name"));
                assert_eq!(before, None, "{column} {spelling:?} is {} too", row.cell("name"));
            }
        }
    }
}

#[test]
fn a_written_spelling_is_one_of_those_that_are_read() {
    for row in table().rows() {
        let name = row.cell("name");
        let spellings: Vec<_> = row.cell("pep3118_native").split(' ').collect();
        assert!(spellings.contains(&row.cell("pep3118")), "{name}");
        assert_eq!(row.cell("pep3118").is_empty(), row.cell("pep3118_standard").is_empty(), "{name}");
        let view = row.cell("arrow_view");
        assert!(view.is_empty() || view.contains(' ') || view == row.cell("arrow"), "{name}");
    }
}

#[test]
fn sizes_follow_from_bits_and_lanes() {
    for row in table().rows() {
        let itemsize: usize = row.number("itemsize").unwrap();
        let alignment: usize = row.number("alignment").unwrap();
        assert!(alignment.is_power_of_two() && itemsize.is_multiple_of(alignment), "{}", row.cell("name"));
        if let Some((_, bits, lanes)) = triple(row) {
            assert_eq!(itemsize, (usize::from(bits) * usize::from(lanes)).div_ceil(8), "{}", row.cell("name"));
        }
        if let Some(digits) = row.cell("typestr").get(2..).filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())) {
            let unit = if row.cell("typestr").contains('U') { 4 } else { 1 };
            assert_eq!(itemsize, digits.parse::<usize>().unwrap() * unit, "{}", row.cell("name"));
        }
    }
}

#[test]
fn every_row_is_a_dtype_of_this_name_size_and_alignment() {
    for row in table().rows() {
        let dtype = dtype(row);
        assert_eq!(dtype.to_string(), row.cell("name"));
        assert_eq!(Some(dtype.itemsize()), row.number("itemsize"), "{dtype}");
        assert_eq!(Some(dtype.alignment()), row.number("alignment"), "{dtype}");
        let packed = triple(row).is_some_and(|(_, bits, lanes)| !(bits as usize * lanes as usize).is_multiple_of(8));
        assert_eq!(dtype.is_packed(), packed, "{dtype}");
    }
}

#[test]
fn every_triple_leads_to_its_row_and_back() {
    for row in table().rows() {
        let dtype = dtype(row);
        assert_eq!(dtype.dlpack(), triple(row), "{dtype}");
        if let Some((code, bits, lanes)) = triple(row) {
            assert_eq!(DType::from_dlpack(code, bits, lanes), Some(dtype));
        }
    }
}

#[test]
fn a_triple_without_a_row_is_no_dtype() {
    let table = table();
    let stated: BTreeSet<_> = table.rows().iter().filter_map(triple).collect();
    for code in 0..=u8::MAX {
        for bits in 0..=u8::MAX {
            let found = DType::from_dlpack(code, bits, 1).is_some();
            assert_eq!(found, stated.contains(&(code, bits, 1)), "({code}, {bits}, 1)");
        }
    }
}

#[test]
fn kinds_are_those_of_the_typestr() {
    for row in table().rows().iter().filter(|row| !row.cell("typestr").is_empty()) {
        let dtype = dtype(row);
        assert_eq!(Some(dtype.kind()), row.cell("typestr").chars().nth(1), "{dtype}");
    }
}

/// A cell, where there is one.
fn spelling(row: &Row, column: &str) -> Option<String> {
    Some(row.cell(column)).filter(|cell| !cell.is_empty()).map(str::to_owned)
}

/// The table is written for a little-endian machine whose `long` has eight bytes.
#[test]
#[cfg(all(target_pointer_width = "64", target_endian = "little", not(windows)))]
fn notations_are_written_as_the_row_says_and_read_back() {
    for row in table().rows() {
        let dtype = dtype(row);
        assert_eq!(dtype.format(), spelling(row, "pep3118"), "{dtype}");
        for column in ["pep3118_native", "pep3118_standard"] {
            for text in row.cell(column).split(' ').filter(|text| !text.is_empty()) {
                let order = if column == "pep3118_standard" { "=" } else { "" };
                let parsed = parse_format(&format!("{order}{text}"), Some(dtype.itemsize())).unwrap();
                assert_eq!((&parsed.dtype, parsed.swap.is_none()), (&dtype, true), "{text}");
            }
        }
        assert_eq!(dtype.typestr(), spelling(row, "typestr"), "{dtype}");
        if let Some(text) = spelling(row, "typestr").filter(|_| dtype.record().is_none()) {
            let parsed = DType::from_typestr(&text).unwrap();
            assert_eq!((&parsed.dtype, parsed.swap.is_none()), (&dtype, true), "{text}");
        }
        // What is a view in another type's name (a bool in a byte) has no format of its own.
        let view = spelling(row, "arrow_view").filter(|view| !view.contains(' '));
        assert_eq!(dtype.arrow_format(), view, "{dtype}");
        if let (Some(view), false) = (view, matches!(dtype, DType::Bytes(_))) {
            assert_eq!(parse_arrow_format(&view), Some(dtype), "{view}");
        }
    }
}

#[test]
fn what_the_dlpack_crate_lets_in_is_a_dtype() {
    let mut byte = [0u8; 64];
    for code in 0..=u8::MAX {
        for bits in 0..=u8::MAX {
            let tensor = Descriptor {
                data: byte.as_mut_ptr().cast(),
                byte_offset: 0,
                device: Device::CPU,
                dtype: DataType::new(code, bits),
                shape: Dims::from_slice(&[1]),
                strides: Dims::from_slice(&[1]),
                read_only: false,
                padded: false,
            };
            // SAFETY: 64 bytes lie at `data`, more than one element of any width, and outlive the export.
            let exported = unsafe { export((), &tensor, Format::Versioned(Version::DEFAULT), Memory::Shared) };
            if exported.is_ok_and(|managed| managed.check().is_ok()) {
                assert!(DType::from_dlpack(code, bits, 1).is_some(), "({code}, {bits}, 1)");
            }
        }
    }
}

#[test]
fn rust_types_are_elements_of_their_row() {
    fn element<T: Element>(name: &'static str) -> (&'static str, DType, usize, usize) {
        (name, T::DTYPE, size_of::<T>(), align_of::<T>())
    }
    let elements = [
        element::<bool>("bool"),
        element::<i8>("i8"),
        element::<i16>("i16"),
        element::<i32>("i32"),
        element::<i64>("i64"),
        element::<u8>("u8"),
        element::<u16>("u16"),
        element::<u32>("u32"),
        element::<u64>("u64"),
        element::<f16>("half::f16"),
        element::<bf16>("half::bf16"),
        element::<f32>("f32"),
        element::<f64>("f64"),
        element::<Complex<f32>>("num_complex::Complex<f32>"),
        element::<Complex<f64>>("num_complex::Complex<f64>"),
    ];
    let table = table();
    let rows: Vec<_> = table.rows().iter().filter(|row| !row.cell("rust").is_empty()).collect();
    assert_eq!(rows.len(), elements.len());
    for row in rows {
        let found = elements.iter().find(|(name, ..)| *name == row.cell("rust"));
        let (_, dtype, size, align) = found.unwrap_or_else(|| panic!("{} is not compared", row.cell("rust")));
        assert_eq!(dtype.name(), row.cell("name"));
        assert_eq!((Some(*size), Some(*align)), (row.number("itemsize"), row.number("alignment")), "{dtype}");
    }
}

/// `_Float16` is there in C on these machines; bfloat16 has no type that every compiler spells alike.
#[test]
#[cfg(all(target_pointer_width = "64", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
fn c_types_have_the_size_and_the_alignment_of_their_row() {
    let table = table();
    let rows: Vec<_> = table.rows().iter().filter(|row| !row.cell("c").is_empty()).collect();
    let mut source =
        String::from("#include <stdbool.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <uchar.h>\n");
    source.push_str("int main(void) {\n");
    for row in &rows {
        let (name, c) = (row.cell("name"), row.cell("c"));
        writeln!(source, "  printf(\"{name},%zu,%zu\\n\", sizeof({c}), _Alignof({c}));").unwrap();
    }
    source += "  return 0;\n}\n";
    let printed = output(Language::C11, Path::new(env!("CARGO_TARGET_TMPDIR")), "dtypes", &source);
    let cells = |row: &&Row| ["name", "itemsize", "alignment"].map(|column| row.cell(column)).join(",");
    let expected: Vec<_> = rows.iter().map(cells).collect();
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}
