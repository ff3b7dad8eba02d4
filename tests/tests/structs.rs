//! `spec/structs.csv` beside a C compiler, a C++ compiler, and the Rust structs.

use aria_array_bridge::nd_array::{self, AriaNdArray};
use aria_array_tests::compiler::{Language, output};
use aria_array_tests::{Row, Table};
use aria_arrow::abi::{ArrowArray, ArrowArrayStream, ArrowDeviceArray, ArrowDeviceArrayStream, ArrowSchema};
use aria_dlpack::abi::{
    DLDataType, DLDevice, DLManagedTensor, DLManagedTensorVersioned, DLPackExchangeAPI, DLPackExchangeAPIHeader,
    DLPackVersion, DLTensor,
};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::{FFI_ArrowSchema, Flags};
use core::mem::{MaybeUninit, offset_of};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Field, or `*` for the whole struct, to offset and size.
type Fields = BTreeMap<String, (usize, usize)>;

fn table() -> Table {
    Table::read("spec/structs.csv", &["standard", "struct", "version", "field"])
}

fn numbers(row: &Row) -> (usize, usize) {
    (row.number("offset").unwrap(), row.number("size").unwrap())
}

/// What the table says about one struct.
fn stated(table: &Table, name: &str) -> Fields {
    table.with("struct", name).map(|row| (row.cell("field").to_owned(), numbers(row))).collect()
}

/// Size of a field, from a function that reaches it.
fn size_of_field<S, F>(_: fn(&S) -> &F) -> usize {
    size_of::<F>()
}

/// What the Rust compiler says about one struct.
macro_rules! compiled {
    ($struct:ident: $($field:ident)*) => {{
        let mut fields = Fields::from([("*".to_owned(), (0, size_of::<$struct>()))]);
        $(fields.insert(
            stringify!($field).to_owned(),
            (offset_of!($struct, $field), size_of_field::<$struct, _>(|s| &s.$field)),
        );)*
        (stringify!($struct), fields)
    }};
}

#[test]
fn every_row_states_a_field_inside_its_struct_and_fields_follow_each_other() {
    let table = table();
    let mut before: Option<(String, usize)> = None;
    for row in table.rows() {
        let (offset, size) = numbers(row);
        let name = ["standard", "struct", "version"].map(|column| row.cell(column)).join(" ");
        for column in ["type", "since", "field"] {
            assert!(!row.cell(column).is_empty(), "{name}");
        }
        let end = match before {
            Some((same, end)) if same == name => end,
            _ => 0,
        };
        assert!(offset >= end, "{name} {} overlaps the field before", row.cell("field"));
        let whole = table.rows().iter().find(|r| {
            r.cell("field") == "*" && ["struct", "version"].iter().all(|column| r.cell(column) == row.cell(column))
        });
        if let Some(whole) = whole {
            assert!(offset + size <= numbers(whole).1, "{name} {} leaves the struct", row.cell("field"));
        }
        before = Some((name, if row.cell("field") == "*" { 0 } else { offset + size }));
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn aria_nd_array_is_the_same_struct_in_rust_and_in_the_table() {
    let (name, found) = compiled!(AriaNdArray: data length capacity elem_size size abi_major abi_minor flags
        dtype_code dtype_bits dtype_lanes ndim shape strides device_type device_id logical validity validity_offset
        null_count exports owner release);
    assert_eq!(found, stated(&table(), name));
}

/// A program that includes the header twice and prints every field of the struct and every constant.
fn header_program(table: &Table) -> String {
    let mut source = String::from(
        "#include \"aria_nd_array.h\"\n#include \"aria_nd_array.h\"\n#include <stdio.h>\nint main(void) {\n",
    );
    for row in table.with("struct", "AriaNdArray") {
        let field = row.cell("field");
        let (offset, size) = match field {
            "*" => ("0".to_owned(), "sizeof(AriaNdArray)".to_owned()),
            _ => (format!("offsetof(AriaNdArray, {field})"), format!("sizeof(((AriaNdArray *)0)->{field})")),
        };
        writeln!(source, "  printf(\"{field} %zu %zu\\n\", (size_t){offset}, (size_t){size});").unwrap();
    }
    for (name, _) in constants() {
        writeln!(source, "  printf(\"{name} %llu 0\\n\", (unsigned long long){name});").unwrap();
    }
    source + "  return 0;\n}\n"
}

fn constants() -> [(&'static str, usize); 7] {
    [
        ("ARIA_ND_ABI_MAJOR", nd_array::ABI_MAJOR.into()),
        ("ARIA_ND_ABI_MINOR", nd_array::ABI_MINOR.into()),
        ("ARIA_ND_READONLY", nd_array::FLAG_READONLY as usize),
        ("ARIA_ND_FOREIGN", nd_array::FLAG_FOREIGN as usize),
        ("ARIA_ND_FROZEN", nd_array::FLAG_FROZEN as usize),
        ("ARIA_ND_PACKED", nd_array::FLAG_PACKED as usize),
        ("ARIA_ND_MAX_NDIM", aria_array_bridge::layout::MAX_NDIM),
    ]
}

fn the_header_has_the_same_struct_and_constants(language: Language) {
    let table = table();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let printed = output(language, folder, "aria_nd_array", &header_program(&table));
    let mut expected = stated(&table, "AriaNdArray");
    expected.extend(constants().map(|(name, value)| (name.to_owned(), (value, 0))));
    let found: Fields = printed
        .lines()
        .map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            (words[0].to_owned(), (words[1].parse().unwrap(), words[2].parse().unwrap()))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
#[cfg(all(target_pointer_width = "64", not(miri)))]
fn the_header_in_c11_has_the_same_struct_and_constants() {
    the_header_has_the_same_struct_and_constants(Language::C11);
}

#[test]
#[cfg(all(target_pointer_width = "64", not(miri)))]
fn the_header_in_cpp17_has_the_same_struct_and_constants() {
    the_header_has_the_same_struct_and_constants(Language::Cpp17);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn dlpack_structs_in_rust_are_those_of_the_table() {
    let found = [
        compiled!(DLPackVersion: major minor),
        compiled!(DLDevice: device_type device_id),
        compiled!(DLDataType: code bits lanes),
        compiled!(DLTensor: data device ndim dtype shape strides byte_offset),
        compiled!(DLManagedTensor: dl_tensor manager_ctx deleter),
        compiled!(DLManagedTensorVersioned: version manager_ctx deleter flags dl_tensor),
        compiled!(DLPackExchangeAPIHeader: version prev_api),
        compiled!(DLPackExchangeAPI: header managed_tensor_allocator managed_tensor_from_py_object_no_sync
            managed_tensor_to_py_object_no_sync dltensor_from_py_object_no_sync current_work_stream),
    ];
    let table = table();
    for (name, fields) in &found {
        assert_eq!(*fields, stated(&table, name), "{name}");
    }
    for row in table.with("standard", "dlpack") {
        assert!(found.iter().any(|(name, _)| *name == row.cell("struct")), "{} is not compared", row.cell("struct"));
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn arrow_structs_in_rust_are_those_of_the_table() {
    let found = [
        compiled!(ArrowSchema: format name metadata flags n_children children dictionary release private_data),
        compiled!(ArrowArray: length null_count offset n_buffers n_children buffers children dictionary release
            private_data),
        compiled!(ArrowArrayStream: get_schema get_next get_last_error release private_data),
        compiled!(ArrowDeviceArray: array device_id device_type sync_event reserved),
        compiled!(ArrowDeviceArrayStream: device_type get_schema get_next get_last_error release private_data),
    ];
    let table = table();
    for (name, fields) in &found {
        assert_eq!(*fields, stated(&table, name), "{name}");
    }
    for row in table.with("standard", "arrow") {
        assert!(found.iter().any(|(name, _)| *name == row.cell("struct")), "{} is not compared", row.cell("struct"));
    }
}

/// Memory in which a struct is put together field by field, at the table's offsets.
#[repr(C, align(8))]
struct Memory([MaybeUninit<u8>; 80]);

impl Memory {
    fn zeroed() -> Memory {
        Memory([MaybeUninit::new(0); 80])
    }

    fn put<T: Copy>(&mut self, table: &Table, name: &str, field: &str, value: T) {
        let (offset, size) = stated(table, name)[field];
        assert_eq!((size, offset % align_of::<T>()), (size_of::<T>(), 0), "{name}.{field}");
        assert!(offset + size <= self.0.len());
        let place = self.0[offset..].as_mut_ptr().cast::<T>();
        // SAFETY: inside the array and aligned, checked above; `T` is plain.
        unsafe { place.write(value) };
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn arrow_rs_reads_an_array_where_the_table_puts_it() {
    let table = table();
    assert_eq!(size_of::<FFI_ArrowArray>(), stated(&table, "ArrowArray")["*"].1);
    let bytes = [7u8; 8];
    let mut buffers = [core::ptr::null(), bytes.as_ptr()];
    let mut memory = Memory::zeroed();
    let mut put = |field, value: i64| memory.put(&table, "ArrowArray", field, value);
    for (field, value) in [("length", 5), ("null_count", 2), ("offset", 3), ("n_buffers", 2), ("n_children", 0)] {
        put(field, value);
    }
    let context = (&raw mut buffers).cast::<u8>();
    memory.put(&table, "ArrowArray", "buffers", buffers.as_mut_ptr());
    memory.put(&table, "ArrowArray", "private_data", context);
    // SAFETY: all bytes are set, pointers live as long as this test, and without `release` nothing is freed.
    let array = unsafe { FFI_ArrowArray::from_raw((&raw mut memory).cast()) };
    assert_eq!((array.len(), array.null_count(), array.offset()), (5, 2, 3));
    assert_eq!((array.num_buffers(), array.num_children(), array.is_released()), (2, 0, true));
    assert_eq!((array.buffer(1), array.private_data().cast()), (bytes.as_ptr(), context));
    assert!(array.dictionary().is_none() && array.release().is_none());
}

#[test]
#[cfg(target_pointer_width = "64")]
fn arrow_rs_reads_children_dictionary_and_release_where_the_table_puts_them() {
    unsafe extern "C" fn release(_: *mut FFI_ArrowArray) {}
    let table = table();
    let mut child = FFI_ArrowArray::empty();
    let mut children = [&raw mut child];
    let mut memory = Memory::zeroed();
    memory.put(&table, "ArrowArray", "n_children", 1i64);
    memory.put(&table, "ArrowArray", "children", children.as_mut_ptr());
    memory.put(&table, "ArrowArray", "dictionary", children[0]);
    memory.put(&table, "ArrowArray", "release", release as unsafe extern "C" fn(*mut FFI_ArrowArray));
    // SAFETY: as above; `release` frees nothing.
    let array = unsafe { FFI_ArrowArray::from_raw((&raw mut memory).cast()) };
    assert!(core::ptr::eq(array.child(0), children[0]));
    assert!(array.dictionary().is_some_and(|dictionary| core::ptr::eq(dictionary, children[0])));
    assert!(array.release().is_some() && !array.is_released());
}

#[test]
#[cfg(target_pointer_width = "64")]
fn arrow_rs_reads_a_schema_where_the_table_puts_it() {
    unsafe extern "C" fn release(_: *mut FFI_ArrowSchema) {}
    let table = table();
    let name = "ArrowSchema";
    assert_eq!(size_of::<FFI_ArrowSchema>(), stated(&table, name)["*"].1);
    let mut child = FFI_ArrowSchema::empty();
    let mut children = [&raw mut child];
    // One pair: "k" = "v", with lengths as native i32.
    let metadata: Vec<u8> = [&1i32.to_ne_bytes()[..], &1i32.to_ne_bytes(), b"k", &1i32.to_ne_bytes(), b"v"].concat();
    let mut memory = Memory::zeroed();
    memory.put(&table, name, "format", c"+s".as_ptr());
    memory.put(&table, name, "name", c"point".as_ptr());
    memory.put(&table, name, "metadata", metadata.as_ptr());
    memory.put(&table, name, "flags", 2i64);
    memory.put(&table, name, "n_children", 1i64);
    memory.put(&table, name, "children", children.as_mut_ptr());
    memory.put(&table, name, "dictionary", children[0]);
    memory.put(&table, name, "release", release as unsafe extern "C" fn(*mut FFI_ArrowSchema));
    memory.put(&table, name, "private_data", (&raw mut children).cast::<u8>());
    // SAFETY: all bytes are set, pointers live as long as this test, and `release` frees nothing.
    let schema = unsafe { FFI_ArrowSchema::from_raw((&raw mut memory).cast()) };
    assert_eq!((schema.format(), schema.name()), ("+s", Some("point")));
    assert_eq!(schema.flags().unwrap().bits(), Flags::NULLABLE.bits());
    assert_eq!(schema.metadata().unwrap()["k"], "v");
    assert!(core::ptr::eq(schema.child(0), children[0]));
    assert!(schema.dictionary().is_some_and(|dictionary| core::ptr::eq(dictionary, children[0])));
    assert!(schema.release().is_some() && !schema.private_data().is_null());
}
