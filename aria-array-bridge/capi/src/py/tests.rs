//! The Python half as a C program uses it where no Python runs, by its exported symbols: so that Miri sees both sides of the
//! border.

use aria_array_bridge::operations::Object;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;

/// `AriaBridgeDrop`
type DropFn = unsafe extern "C" fn(*mut c_void);
/// `AriaPyFunction`
type Function = unsafe extern "C" fn(*mut c_void, *mut c_void) -> *mut Object;

// As C declares them.
unsafe extern "C" {
    fn aria_py_args_new() -> *mut c_void;
    fn aria_py_args_name(args: *mut c_void, name: *const c_char, len: i64);
    fn aria_py_args_str(args: *mut c_void, text: *const c_char, len: i64);
    fn aria_py_args_int(args: *mut c_void, value: i64);
    fn aria_py_args_release(args: *mut c_void);
    fn aria_py_from_list(args: *mut c_void) -> *mut Object;
    fn aria_py_import_cached(slot: *mut *mut Object, name: *const c_char, len: i64) -> *mut Object;
    fn aria_py_unpack(object: *mut Object, items: *mut *mut Object, count: i64) -> i32;
    fn aria_py_def_new(
        name: *const c_char,
        len: i64,
        function: Option<Function>,
        context: *mut c_void,
        drop: Option<DropFn>,
    ) -> *mut c_void;
    fn aria_py_def_param(definition: *mut c_void, name: *const c_char, len: i64);
    fn aria_py_callable(definition: *mut c_void) -> *mut Object;
    fn aria_py_config_new() -> *mut c_void;
    fn aria_py_config_arg(config: *mut c_void, arg: *const c_char, len: i64);
    fn aria_py_config_release(config: *mut c_void);
    fn aria_py_gil_state() -> i32;
    fn aria_py_count_released() -> i64;
    fn aria_py_count_leaked() -> i64;
    fn aria_py_count_local_leaked() -> i64;
    fn aria_bridge_error_set(
        kind: *const c_char,
        kind_len: i64,
        message: *const c_char,
        message_len: i64,
        payload: *mut c_void,
        drop: Option<DropFn>,
    ) -> i32;
    fn aria_bridge_error_set_local(
        kind: *const c_char,
        kind_len: i64,
        message: *const c_char,
        message_len: i64,
        payload: *mut c_void,
        drop: Option<DropFn>,
    ) -> i32;
    fn aria_bridge_error_take() -> *mut c_void;
    fn aria_bridge_error_restore(error: *mut c_void) -> i32;
    fn aria_bridge_error_payload(error: *mut c_void) -> *mut c_void;
    fn aria_bridge_error_code(error: *mut c_void) -> i32;
    fn aria_bridge_error_kind(error: *mut c_void) -> *mut c_char;
    fn aria_bridge_error_plan(error: *mut c_void) -> *mut c_char;
    fn aria_bridge_error_object(error: *mut c_void) -> *mut Object;
    fn aria_bridge_error_cause(error: *mut c_void) -> *mut c_void;
    fn aria_bridge_error_release(error: *mut c_void);
    fn aria_bridge_scope_enter() -> i64;
    fn aria_bridge_scope_leave(scope: i64);
}

/// Calls what the header declares.
macro_rules! c {
    ($call:expr) => {
        // SAFETY: as the header says: live handles, each given up once, and places that may be read or written.
        unsafe { $call }
    };
}

/// The error that waits is of this kind; it is taken, and its text is the scope's.
fn fails(kind: &CStr) {
    let error = c!(aria_bridge_error_take());
    assert_eq!(c!(CStr::from_ptr(aria_bridge_error_kind(error))), kind);
    c!(aria_bridge_error_release(error));
}

/// # Safety
///
/// `context` is a count.
unsafe extern "C" fn count(context: *mut c_void) {
    c!(*context.cast::<i32>() += 1);
}

/// Never called: no Python runs.
///
/// # Safety
///
/// None.
unsafe extern "C" fn nothing(_: *mut c_void, _: *mut c_void) -> *mut Object {
    ptr::null_mut()
}

#[test]
fn without_a_python_everything_is_an_error_and_released_once() {
    let scope = c!(aria_bridge_scope_enter());
    assert_eq!(c!(aria_py_gil_state()), 0);
    let counts = (c!(aria_py_count_released()), c!(aria_py_count_leaked()), c!(aria_py_count_local_leaked()));
    assert_eq!(counts, (0, 0, 0));
    let args = || {
        let args = c!(aria_py_args_new());
        c!(aria_py_args_int(args, 1));
        c!(aria_py_args_str(args, c"text".as_ptr(), -1));
        args
    };
    c!(aria_py_args_release(args()));
    assert!(c!(aria_py_from_list(args())).is_null());
    fails(c"StateError");
    let named = args();
    c!(aria_py_args_name(named, c"without a value".as_ptr(), 7));
    assert!(c!(aria_py_from_list(named)).is_null());
    fails(c"ArgumentError");
    args(); // The scope's.

    let mut slot = ptr::null_mut();
    assert!(c!(aria_py_import_cached(&raw mut slot, c"sys".as_ptr(), -1)).is_null() && slot.is_null());
    fails(c"StateError");
    let mut items = [ptr::null_mut(); 2];
    assert_eq!(c!(aria_py_unpack(ptr::null_mut(), items.as_mut_ptr(), 2)), -1);
    fails(c"ArgumentError");
    let config = c!(aria_py_config_new());
    c!(aria_py_config_arg(config, c"program".as_ptr(), -1));
    c!(aria_py_config_release(config));
    c!(aria_bridge_scope_leave(scope));
}

#[test]
fn contexts_and_payloads_are_dropped_once() {
    let mut dropped = 0;
    let dropped = &raw mut dropped;
    let scope = c!(aria_bridge_scope_enter());
    let definition = c!(aria_py_def_new(c"f".as_ptr(), -1, Some(nothing), dropped.cast(), Some(count)));
    c!(aria_py_def_param(definition, c"x".as_ptr(), -1));
    assert!(c!(aria_py_callable(definition)).is_null());
    fails(c"StateError");
    assert_eq!(c!(*dropped), 1);

    let (kind, message) = (c"DomainError".as_ptr(), c"outside".as_ptr());
    assert_eq!(c!(aria_bridge_error_set(kind, -1, message, -1, dropped.cast(), Some(count))), -3);
    let error = c!(aria_bridge_error_take());
    assert_eq!(c!(aria_bridge_error_restore(error)), -3);
    let error = c!(aria_bridge_error_take());
    assert_eq!((c!(aria_bridge_error_payload(error)), c!(aria_bridge_error_code(error))), (dropped.cast(), -3));
    assert!(c!(aria_bridge_error_object(error)).is_null() && c!(aria_bridge_error_cause(error)).is_null());
    assert_eq!(c!(*dropped), 1);
    assert!(c!(CStr::from_ptr(aria_bridge_error_plan(error))).is_empty());
    c!(aria_bridge_error_release(error));
    assert_eq!(c!(*dropped), 2);

    assert_eq!(c!(aria_bridge_error_set_local(kind, -1, message, -1, dropped.cast(), Some(count))), -3);
    let error = c!(aria_bridge_error_take());
    assert_eq!(c!(aria_bridge_error_payload(error)), dropped.cast());
    c!(aria_bridge_error_release(error));
    assert_eq!(c!(*dropped), 3);
    assert_eq!(c!(aria_bridge_error_set_local(kind, -1, ptr::null(), 5, dropped.cast(), Some(count))), -1);
    fails(c"ArgumentError");
    assert_eq!(c!(*dropped), 4);
    c!(aria_bridge_scope_leave(scope));
}
