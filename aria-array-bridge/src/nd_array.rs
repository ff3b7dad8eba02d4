//! `AriaNdArray`: the C struct in which an array crosses a boundary between programs.
//!
//! Only the memory layout lives here, as `spec/aria_nd_array.h` states it. [`Array`](crate::Array)
//! makes one and takes one over; see [`Array::into_nd_array`](crate::Array::into_nd_array).

use core::ffi::{c_char, c_void};

/// The major version of the struct. Another major is refused; a higher minor may be larger.
pub const ABI_MAJOR: u16 = 1;
/// The minor version of the struct: fields are only ever appended.
pub const ABI_MINOR: u16 = 0;

/// Set when this handle must not be used to write. Others may still write (rule L8).
pub const FLAG_READONLY: u64 = 1;
/// Set when the memory was not allocated by Aria: never `realloc` or `free` it.
pub const FLAG_FOREIGN: u64 = 1 << 1;
/// Set when nobody writes while a handle lives (rule L8, *frozen*).
pub const FLAG_FROZEN: u64 = 1 << 2;
/// Set when elements are packed sub-byte values: `strides` is NULL, order is C.
pub const FLAG_PACKED: u64 = 1 << 3;

/// An array in memory, with the function that releases it.
///
/// Strides are in **bytes**. `data` is the address of element zero, offsets applied. Pointers live
/// until `release` is called; whoever holds the struct calls it exactly once, from any thread.
#[repr(C)]
#[derive(Debug)]
pub struct AriaNdArray {
    /// Address of element zero. Word 0 of the header that Aria programs read.
    pub data: *mut c_void,
    /// Elements that the header's accessors may read; 0 where they would read wrong. Word 1.
    pub length: i64,
    /// Elements that the header's accessors may write; 0 when read-only. Word 2.
    pub capacity: i64,
    /// Bytes from one element to the next. Word 3.
    pub elem_size: i64,
    /// Size of this struct in bytes, as its maker knows it.
    pub size: u32,
    /// Major version, [`ABI_MAJOR`].
    pub abi_major: u16,
    /// Minor version, [`ABI_MINOR`].
    pub abi_minor: u16,
    /// `FLAG_…` bits. Unknown bits are ignored and not forwarded.
    pub flags: u64,
    /// DLPack type code.
    pub dtype_code: u8,
    /// Bits of one lane.
    pub dtype_bits: u8,
    /// Lanes of one element.
    pub dtype_lanes: u16,
    /// Number of axes, 0 to 64.
    pub ndim: i32,
    /// `ndim` extents, in elements. May be NULL when `ndim` is 0.
    pub shape: *const i64,
    /// `ndim` strides, in bytes. NULL for packed elements, or when `ndim` is 0.
    pub strides: *const i64,
    /// DLPack device type.
    pub device_type: i32,
    /// Device number.
    pub device_id: i32,
    /// NUL-terminated logical type in NumPy's notation (`<M8[ns]`, `|S5`, a record's description), or NULL.
    pub logical: *const c_char,
    /// Arrow validity bitmap (LSB first, 1 = valid), or NULL when nothing is null.
    pub validity: *const u8,
    /// First bit of the bitmap that belongs to element zero.
    pub validity_offset: i64,
    /// Number of nulls, or −1 if not counted.
    pub null_count: i64,
    /// Exports alive of this owner: an atomic counter shared by all its handles, or NULL.
    pub exports: *const i64,
    /// Owner context, for `release` alone.
    pub owner: *mut c_void,
    /// Releases the struct and what it owns; NULL when already released.
    pub release: Option<unsafe extern "C" fn(*mut AriaNdArray)>,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(offset_of!(AriaNdArray, data) == 0);
    assert!(offset_of!(AriaNdArray, length) == 8);
    assert!(offset_of!(AriaNdArray, capacity) == 16);
    assert!(offset_of!(AriaNdArray, elem_size) == 24);
    assert!(offset_of!(AriaNdArray, size) == 32);
    assert!(offset_of!(AriaNdArray, flags) == 40);
    assert!(offset_of!(AriaNdArray, dtype_code) == 48);
    assert!(offset_of!(AriaNdArray, ndim) == 52);
    assert!(offset_of!(AriaNdArray, shape) == 56);
    assert!(offset_of!(AriaNdArray, device_type) == 72);
    assert!(offset_of!(AriaNdArray, logical) == 80);
    assert!(offset_of!(AriaNdArray, validity) == 88);
    assert!(offset_of!(AriaNdArray, exports) == 112);
    assert!(offset_of!(AriaNdArray, release) == 128);
    assert!(size_of::<AriaNdArray>() == 136);
};
