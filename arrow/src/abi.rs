//! The C structs and flags of the Arrow C data, stream and device interfaces, spelled as in `arrow/c/abi.h`.
//!
//! No behaviour lives here. Specification: <https://arrow.apache.org/docs/format/CDataInterface.html>,
//! <https://arrow.apache.org/docs/format/CStreamInterface.html>,
//! <https://arrow.apache.org/docs/format/CDeviceDataInterface.html>.

use core::ffi::{c_char, c_int, c_void};

/// The dictionary's order means something (`ARROW_FLAG_DICTIONARY_ORDERED`).
pub const FLAG_DICTIONARY_ORDERED: i64 = 1;
/// The field may have nulls (`ARROW_FLAG_NULLABLE`).
pub const FLAG_NULLABLE: i64 = 2;
/// The keys of each map are sorted (`ARROW_FLAG_MAP_KEYS_SORTED`).
pub const FLAG_MAP_KEYS_SORTED: i64 = 4;

/// A type, with its name and metadata.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "named and explained by the specification")]
pub struct ArrowSchema {
    pub format: *const c_char,
    pub name: *const c_char,
    pub metadata: *const c_char,
    pub flags: i64,
    pub n_children: i64,
    pub children: *mut *mut ArrowSchema,
    pub dictionary: *mut ArrowSchema,
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    pub private_data: *mut c_void,
}

/// The buffers of an array.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "named and explained by the specification")]
pub struct ArrowArray {
    pub length: i64,
    pub null_count: i64,
    pub offset: i64,
    pub n_buffers: i64,
    pub n_children: i64,
    pub buffers: *mut *const c_void,
    pub children: *mut *mut ArrowArray,
    pub dictionary: *mut ArrowArray,
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    pub private_data: *mut c_void,
}

/// Arrays of one type, one after the other.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "named and explained by the specification")]
pub struct ArrowArrayStream {
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    pub release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    pub private_data: *mut c_void,
}

/// An array whose buffers lie on a device.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "named and explained by the specification")]
pub struct ArrowDeviceArray {
    pub array: ArrowArray,
    pub device_id: i64,
    pub device_type: i32,
    pub sync_event: *mut c_void,
    pub reserved: [i64; 3],
}

/// Arrays of one type on devices of one type, one after the other.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "named and explained by the specification")]
pub struct ArrowDeviceArrayStream {
    pub device_type: i32,
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowDeviceArrayStream, *mut ArrowSchema) -> c_int>,
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowDeviceArrayStream, *mut ArrowDeviceArray) -> c_int>,
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowDeviceArrayStream) -> *const c_char>,
    pub release: Option<unsafe extern "C" fn(*mut ArrowDeviceArrayStream)>,
    pub private_data: *mut c_void,
}

impl ArrowSchema {
    /// A struct that is marked as released.
    pub const fn released() -> ArrowSchema {
        ArrowSchema {
            format: core::ptr::null(),
            name: core::ptr::null(),
            metadata: core::ptr::null(),
            flags: 0,
            n_children: 0,
            children: core::ptr::null_mut(),
            dictionary: core::ptr::null_mut(),
            release: None,
            private_data: core::ptr::null_mut(),
        }
    }
}

impl ArrowArray {
    /// A struct that is marked as released.
    pub const fn released() -> ArrowArray {
        ArrowArray {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: core::ptr::null_mut(),
            children: core::ptr::null_mut(),
            dictionary: core::ptr::null_mut(),
            release: None,
            private_data: core::ptr::null_mut(),
        }
    }
}

impl ArrowDeviceArray {
    /// A struct that is marked as released.
    pub const fn released() -> ArrowDeviceArray {
        ArrowDeviceArray {
            array: ArrowArray::released(),
            device_id: 0,
            device_type: 0,
            sync_event: core::ptr::null_mut(),
            reserved: [0; 3],
        }
    }
}

impl ArrowArrayStream {
    /// A struct that is marked as released.
    pub const fn released() -> ArrowArrayStream {
        ArrowArrayStream {
            get_schema: None,
            get_next: None,
            get_last_error: None,
            release: None,
            private_data: core::ptr::null_mut(),
        }
    }
}

/// The layout of every struct on LP64, as `arrow/c/abi.h` gives it.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<ArrowSchema>() == 72);
    assert!(offset_of!(ArrowSchema, metadata) == 16);
    assert!(offset_of!(ArrowSchema, n_children) == 32);
    assert!(offset_of!(ArrowSchema, dictionary) == 48);
    assert!(offset_of!(ArrowSchema, release) == 56);
    assert!(size_of::<ArrowArray>() == 80);
    assert!(offset_of!(ArrowArray, n_buffers) == 24);
    assert!(offset_of!(ArrowArray, buffers) == 40);
    assert!(offset_of!(ArrowArray, dictionary) == 56);
    assert!(offset_of!(ArrowArray, release) == 64);
    assert!(size_of::<ArrowArrayStream>() == 40);
    assert!(offset_of!(ArrowArrayStream, release) == 24);
    assert!(size_of::<ArrowDeviceArray>() == 128);
    assert!(offset_of!(ArrowDeviceArray, device_id) == 80);
    assert!(offset_of!(ArrowDeviceArray, device_type) == 88);
    assert!(offset_of!(ArrowDeviceArray, sync_event) == 96);
    assert!(size_of::<ArrowDeviceArrayStream>() == 48);
    assert!(offset_of!(ArrowDeviceArrayStream, get_schema) == 8);
    assert!(offset_of!(ArrowDeviceArrayStream, release) == 32);
};
