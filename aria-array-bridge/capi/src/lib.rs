//! The C ABI of the array bridge and its runtime.
//!
//! Every exported symbol lives in this crate, under the prefixes `aria_nd_` (arrays, without Python), `aria_py_`
//! (Python objects) and `aria_bridge_` (the library itself). `include/aria_array_bridge.h` declares them;
//! `aria_bridge_symbols` lists them for compilers, and `spec/symbols.csv` for tests. All three come from the one list
//! that `abi!` makes.
//!
//! What holds for every function:
//!
//! - Arguments are `int64_t`, `double`, `int32_t` and pointers. Text is a pointer and a length in bytes, or -1 for
//!   NUL-terminated text.
//! - A number >= 0 is the answer and one below 0 an error; a handle is NULL on error. An answer that may be any number is
//!   written to `out`. The error waits for its thread until `aria_bridge_error_take`. NULL without an error is for what
//!   there is not: a next item, a cause.
//! - `_or_exit` twins answer directly, and end the program with the error's traceback: for code without error branches.
//! - Arguments of calls are pushed one by one and consumed by the call, also when it fails.
//! - Every handle has a `_release`, which takes NULL. A scope releases the handles that its thread was given in it.
//!
//! ```c
//! AriaPyArgs *args = aria_py_args_new();
//! aria_py_args_float(args, 2.25);
//! AriaPy *root = aria_py_call_method_or_exit(math, "sqrt", -1, args);
//! ```
//!
//! The library is built as `libaria_array_capi.a`, which needs nothing but `-lm` beside it, and as a cdylib. Neither has a
//! symbol of Python, and a program that never starts Python loads none.

mod abi;
mod failure;
mod handle;
#[doc(hidden)]
pub mod header;
mod library;
mod nd;
mod py;
mod scope;
mod text;

/// Everything that is exported, in the header's order.
fn sections() -> [(&'static str, &'static [abi::Entry]); 17] {
    [
        ("The library", library::ENTRIES),
        ("Errors", failure::ENTRIES),
        ("Errors: exceptions", py::exception::ENTRIES),
        ("Arrays: made, taken over, asked", nd::make::ENTRIES),
        ("Arrays: elements", nd::element::ENTRIES),
        ("Arrays: the header of four words", nd::words::ENTRIES),
        ("Arrays: DLPack and Arrow", nd::exchange::ENTRIES),
        ("Arrays: Python", py::array::ENTRIES),
        ("Python: start and end", py::life::ENTRIES),
        ("Python: how it starts", py::config::ENTRIES),
        ("Python: arguments", py::args::ENTRIES),
        ("Python: objects", py::object::ENTRIES),
        ("Python: values", py::value::ENTRIES),
        ("Python: dates and times", py::time::ENTRIES),
        ("Python: items of containers", py::items::ENTRIES),
        ("Python: functions and modules of the program", py::callable::ENTRIES),
        ("Python: threads and places", py::thread::ENTRIES),
    ]
}

fn symbols() -> impl Iterator<Item = abi::Symbol> {
    sections().into_iter().flat_map(|(_, entries)| entries).flat_map(abi::Entry::symbols)
}

#[cfg(test)]
mod tests {
    use aria_array_bridge::{AriaNdArray, Array};
    use core::ffi::{CStr, c_char};

    // As C declares them.
    unsafe extern "C" {
        safe fn aria_bridge_abi() -> i32;
        safe fn aria_bridge_version() -> *const c_char;
        fn aria_nd_release(array: *mut AriaNdArray);
    }

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
