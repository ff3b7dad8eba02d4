//! The library itself: versions, symbols, scopes, text.

use crate::abi::{abi, c_types};
use crate::failure::Failure;
use crate::text::{self, TextIn};
use crate::{scope, symbols};
use aria_array_bridge::nd_array::{ABI_MAJOR, ABI_MINOR};
use core::ffi::{c_char, c_void};
use std::ffi::CString;
use std::sync::OnceLock;

/// One exported function, for a compiler that declares it.
#[repr(C)]
pub(crate) struct AriaBridgeSymbol {
    /// Its name, NUL-terminated.
    name: *const c_char,
    /// One letter for each parameter: `l` int64_t, `i` int32_t, `d` double, `p` pointer. NUL-terminated.
    parameters: *const c_char,
    /// The letter of the result; `v` for none.
    result: i32,
}

c_types! {
    *const AriaBridgeSymbol = "const AriaBridgeSymbol *" 'p';
}

/// A table that is made once and never changed.
struct Table(Vec<AriaBridgeSymbol>);

// SAFETY: its pointers are to texts that are leaked, and nobody writes.
unsafe impl Send for Table {}
// SAFETY: as above.
unsafe impl Sync for Table {}

fn table() -> &'static [AriaBridgeSymbol] {
    static TABLE: OnceLock<Table> = OnceLock::new();
    let text = |text: String| CString::new(text).unwrap_or_default().into_raw().cast_const();
    let make = || {
        let line = |symbol: crate::abi::Symbol| AriaBridgeSymbol {
            name: text(symbol.name.to_owned()),
            parameters: text(symbol.parameters.iter().map(|(_, _, kind)| kind).collect()),
            result: u32::from(symbol.result.1).cast_signed(),
        };
        Table(symbols().map(line).collect())
    };
    &TABLE.get_or_init(make).0
}

abi! {
    /// The version of AriaNdArray that this library speaks: major in the upper, minor in the lower 16 bits.
    plain fn aria_bridge_abi() -> i32 {
        i32::from(ABI_MAJOR) << 16 | i32::from(ABI_MINOR)
    }

    /// The version of the library, NUL-terminated. It lives as long as the program.
    plain fn aria_bridge_version() -> *const c_char {
        concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
    }

    /// All functions of this library, this one too, for a compiler that declares them. They live as long as the program.
    plain fn aria_bridge_symbols() -> *const AriaBridgeSymbol {
        table().as_ptr()
    }

    /// How many aria_bridge_symbols has.
    plain fn aria_bridge_symbols_len() -> i64 {
        table().len() as i64
    }

    /// Enters a scope: handles, arrays and texts that this thread is given from now on are released when it is left, but for
    /// those that were released, consumed or kept before. Returns its number. Handles that go to other threads are kept.
    plain fn aria_bridge_scope_enter() -> i64 {
        scope::enter()
    }

    /// Leaves the scope of this number, and those within it. A number below 1, and that of a scope that was entered before
    /// the callback that runs, leaves none.
    plain fn aria_bridge_scope_leave(number: i64) {
        scope::leave(number);
    }

    /// Moves a handle, an array or a text to the scope around its own, or out of all: for a function's result. Returns it.
    plain fn aria_bridge_scope_keep(handle: *mut c_void) -> *mut c_void {
        scope::keep(handle);
        handle
    }

    /// The bytes of a text that this library handed out, without the NUL behind it. 0 for NULL.
    plain fn aria_bridge_text_len(text: TextIn) -> i64 {
        text::len(text.as_ptr()) as i64
    }

    /// Releases a text that this library handed out. NULL is fine.
    plain fn aria_bridge_text_release(text: *mut c_char) {
        scope::forget(text.cast());
        // SAFETY: NULL, or a text of this library that the C caller gives up.
        unsafe { text::release(text.cast()) };
    }

    /// Gives the memory back that was kept for the next array. Returns its bytes.
    tries fn aria_bridge_release_unused() -> i64 {
        i64::try_from(aria_array_bridge::buffer::release_unused()).map_err(Failure::argument)
    }
}
