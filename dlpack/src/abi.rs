//! The C structs, constants and capsule names of DLPack 1.3, spelled as in `dlpack.h`.
//!
//! The structs are dlpark's; here they are held to the layout of the standard. No behaviour lives
//! here. Foreign enums are transparent integers, so an unknown value is a value.
//! Specification: <https://dmlc.github.io/dlpack/latest/c_api.html>.

use core::ffi::{CStr, c_char, c_int, c_void};

pub use dlpark::ffi::{
    DLDataType, DLDataTypeCode, DLDevice, DLDeviceType, DLManagedTensor, DLManagedTensorVersioned, DLPackExchangeAPI,
    DLPackExchangeAPIHeader, DLPackVersion, DLTensor,
};

/// The only major version whose structs this crate reads (`DLPACK_MAJOR_VERSION`).
pub const MAJOR: u32 = 1;
/// The highest minor version whose enumeration values this crate claims to know (`DLPACK_MINOR_VERSION`).
pub const MINOR: u32 = 3;
/// The most axes that are read: `PyBUF_MAX_NDIM` and NumPy's limit. DLPack itself names none.
pub const MAX_NDIM: usize = 64;

/// Name of a capsule with an unconsumed [`DLManagedTensor`].
pub const CAPSULE_LEGACY: &CStr = c"dltensor";
/// Name of a capsule whose [`DLManagedTensor`] was consumed.
pub const CAPSULE_LEGACY_USED: &CStr = c"used_dltensor";
/// Name of a capsule with an unconsumed [`DLManagedTensorVersioned`].
pub const CAPSULE_VERSIONED: &CStr = c"dltensor_versioned";
/// Name of a capsule whose [`DLManagedTensorVersioned`] was consumed.
pub const CAPSULE_VERSIONED_USED: &CStr = c"used_dltensor_versioned";
/// Name of the capsule with the [`DLPackExchangeAPI`] of a type.
pub const CAPSULE_EXCHANGE_API: &CStr = c"dlpack_exchange_api";
/// Attribute of a *type* that holds the capsule named [`CAPSULE_EXCHANGE_API`].
pub const ATTRIBUTE_EXCHANGE_API: &CStr = c"__dlpack_c_exchange_api__";

/// The `SetError` argument of [`AllocatorFn`]: called exactly when the allocator fails. Both texts are NUL-terminated.
pub type SetErrorFn = unsafe extern "C" fn(error_ctx: *mut c_void, kind: *const c_char, message: *const c_char);
/// `DLPackManagedTensorAllocator`: a new tensor like `prototype`, of which dtype, ndim, shape and device are read.
pub type AllocatorFn = unsafe extern "C" fn(
    prototype: *mut DLTensor,
    out: *mut *mut DLManagedTensorVersioned,
    error_ctx: *mut c_void,
    set_error: Option<SetErrorFn>,
) -> c_int;
/// `DLPackManagedTensorFromPyObjectNoSync`: 0 and an owned tensor, or −1 and a Python exception.
pub type ManagedFromObjectFn =
    unsafe extern "C" fn(py_object: *mut c_void, out: *mut *mut DLManagedTensorVersioned) -> c_int;
/// `DLPackManagedTensorToPyObjectNoSync`: steals `tensor`, gives a new reference.
pub type ObjectFromManagedFn =
    unsafe extern "C" fn(tensor: *mut DLManagedTensorVersioned, out_py_object: *mut *mut c_void) -> c_int;
/// `DLPackDLTensorFromPyObjectNoSync`: fills `out` with a view that dies when the caller returns.
pub type TensorFromObjectFn = unsafe extern "C" fn(py_object: *mut c_void, out: *mut DLTensor) -> c_int;
/// `DLPackCurrentWorkStream`: the producer's stream on a device.
pub type CurrentWorkStreamFn =
    unsafe extern "C" fn(device_type: DLDeviceType, device_id: i32, out_current_stream: *mut *mut c_void) -> c_int;

/// The layout of every struct on LP64, byte by byte, as `dlpack.h` gives it.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<DLPackVersion>() == 8);
    assert!(offset_of!(DLPackVersion, major) == 0);
    assert!(offset_of!(DLPackVersion, minor) == 4);

    assert!(size_of::<DLDevice>() == 8);
    assert!(offset_of!(DLDevice, device_type) == 0);
    assert!(offset_of!(DLDevice, device_id) == 4);

    assert!(size_of::<DLDataType>() == 4);
    assert!(offset_of!(DLDataType, code) == 0);
    assert!(offset_of!(DLDataType, bits) == 1);
    assert!(offset_of!(DLDataType, lanes) == 2);

    assert!(size_of::<DLTensor>() == 48);
    assert!(offset_of!(DLTensor, data) == 0);
    assert!(offset_of!(DLTensor, device) == 8);
    assert!(offset_of!(DLTensor, ndim) == 16);
    assert!(offset_of!(DLTensor, dtype) == 20);
    assert!(offset_of!(DLTensor, shape) == 24);
    assert!(offset_of!(DLTensor, strides) == 32);
    assert!(offset_of!(DLTensor, byte_offset) == 40);

    assert!(size_of::<DLManagedTensor>() == 64);
    assert!(offset_of!(DLManagedTensor, dl_tensor) == 0);
    assert!(offset_of!(DLManagedTensor, manager_ctx) == 48);
    assert!(offset_of!(DLManagedTensor, deleter) == 56);

    assert!(size_of::<DLManagedTensorVersioned>() == 80);
    assert!(offset_of!(DLManagedTensorVersioned, version) == 0);
    assert!(offset_of!(DLManagedTensorVersioned, manager_ctx) == 8);
    assert!(offset_of!(DLManagedTensorVersioned, deleter) == 16);
    assert!(offset_of!(DLManagedTensorVersioned, flags) == 24);
    assert!(offset_of!(DLManagedTensorVersioned, dl_tensor) == 32);

    assert!(size_of::<DLPackExchangeAPIHeader>() == 16);
    assert!(offset_of!(DLPackExchangeAPIHeader, version) == 0);
    assert!(offset_of!(DLPackExchangeAPIHeader, prev_api) == 8);

    assert!(size_of::<DLPackExchangeAPI>() == 56);
    assert!(offset_of!(DLPackExchangeAPI, header) == 0);
    assert!(offset_of!(DLPackExchangeAPI, managed_tensor_allocator) == 16);
    assert!(offset_of!(DLPackExchangeAPI, managed_tensor_from_py_object_no_sync) == 24);
    assert!(offset_of!(DLPackExchangeAPI, managed_tensor_to_py_object_no_sync) == 32);
    assert!(offset_of!(DLPackExchangeAPI, dltensor_from_py_object_no_sync) == 40);
    assert!(offset_of!(DLPackExchangeAPI, current_work_stream) == 48);
};

/// The flag bits are those of `dlpack.h`.
const _: () = {
    assert!(crate::Flags::READ_ONLY.bits() == 1);
    assert!(crate::Flags::IS_COPIED.bits() == 2);
    assert!(crate::Flags::IS_SUBBYTE_TYPE_PADDED.bits() == 4);
};
