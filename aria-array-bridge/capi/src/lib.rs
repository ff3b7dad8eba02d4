//! The C ABI of the array bridge and its runtime.
//!
//! Every exported symbol lives in this crate, under the prefixes `aria_nd_` (arrays, without Python), `aria_py_`
//! (Python objects) and `aria_bridge_` (the library itself). Arguments are i64, f64, i32 and pointers only. So far: versions,
//! and the release of an array that was handed out.

use aria_array_bridge::AriaNdArray;
use aria_array_bridge::nd_array::{ABI_MAJOR, ABI_MINOR};
use core::ffi::c_char;

/// Returns the version of `AriaNdArray` that this library speaks: major in the upper, minor in the lower 16 bits.
// SAFETY: no other library defines the symbol: its prefix is ours.
#[unsafe(no_mangle)]
pub extern "C" fn aria_bridge_abi() -> i32 {
    i32::from(ABI_MAJOR) << 16 | i32::from(ABI_MINOR)
}

/// Returns the version of the library, NUL-terminated. It lives as long as the program.
// SAFETY: no other library defines the symbol: its prefix is ours.
#[unsafe(no_mangle)]
pub extern "C" fn aria_bridge_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Releases an array that this library, or another program, handed out. NULL and a released array are fine. Any thread.
///
/// # Safety
///
/// `array` is NULL or points to an `AriaNdArray` that this caller holds, and that nobody uses any more.
// SAFETY: no other library defines the symbol: its prefix is ours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aria_nd_release(array: *mut AriaNdArray) {
    // SAFETY: NULL or a live struct: the caller's duty.
    let release = unsafe { array.as_ref() }.and_then(|array| array.release);
    if let Some(release) = release {
        // SAFETY: held by the caller, who gives it up.
        unsafe { release(array) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aria_array_bridge::Array;
    use core::ffi::CStr;

    #[test]
    fn versions_are_those_of_the_crates() {
        assert_eq!(aria_bridge_abi(), 1 << 16);
        // SAFETY: NUL-terminated text that lives as long as the program.
        let version = unsafe { CStr::from_ptr(aria_bridge_version()) };
        assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn an_array_is_released_once_and_null_is_fine() {
        let array = Array::from(vec![1i64, 2]);
        let owner = array.owner().clone();
        let handed_out = array.into_nd_array().unwrap();
        assert_eq!(owner.exports(), 1);
        // SAFETY: handed out just above.
        unsafe { aria_nd_release(handed_out.as_ptr()) };
        assert_eq!(owner.exports(), 0);
        // SAFETY: NULL is fine.
        unsafe { aria_nd_release(core::ptr::null_mut()) };
    }
}
