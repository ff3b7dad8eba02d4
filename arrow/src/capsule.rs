//! The names of the PyCapsules that carry each struct, from the Arrow PyCapsule interface.

use core::ffi::CStr;

/// Holds an `ArrowSchema`.
pub const SCHEMA: &CStr = c"arrow_schema";
/// Holds an `ArrowArray`.
pub const ARRAY: &CStr = c"arrow_array";
/// Holds an `ArrowArrayStream`.
pub const STREAM: &CStr = c"arrow_array_stream";
/// Holds an `ArrowDeviceArray`.
pub const DEVICE_ARRAY: &CStr = c"arrow_device_array";
/// Holds an `ArrowDeviceArrayStream`.
pub const DEVICE_STREAM: &CStr = c"arrow_device_array_stream";
