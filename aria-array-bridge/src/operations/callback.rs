//! Functions of a program as Python callables (rule R7): what describes one, what it is called with, what it throws.

use super::{Object, OwnedBytes, Status, Text, Value};
use core::ffi::c_void;

/// Passed by position alone.
pub const POSITIONAL_ONLY: u32 = 0;
/// Passed by position or by name.
pub const POSITIONAL_OR_KEYWORD: u32 = 1;
/// Takes further positional arguments, as a tuple.
pub const VAR_POSITIONAL: u32 = 2;
/// Passed by name alone.
pub const KEYWORD_ONLY: u32 = 3;
/// Takes further keyword arguments, as a dict.
pub const VAR_KEYWORD: u32 = 4;

/// One parameter of a [`Callback`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// A name that Python can say.
    pub name: Text,
    /// One of the numbers above, which are `inspect`'s.
    pub kind: u32,
    /// 1 when `default` is what an argument is that nobody passes.
    pub has_default: u32,
    /// Else `None`.
    pub default: Value,
}

/// Calls the function: its context, one object for each parameter in their order, which are borrowed for the call, and
/// how many; then where the result goes, and what it throws.
///
/// Answers 0 with the result, or a negative status with what is thrown. Objects and arrays in the result are given up;
/// text, bytes and made values have no owner and are no results: they go out as objects. It must not unwind. The thread is
/// attached.
pub type Call = unsafe extern "C" fn(*mut c_void, *const *mut Object, usize, *mut Value, *mut Thrown) -> Status;

/// A function of the program.
#[repr(C)]
#[derive(Debug)]
pub struct Callback {
    /// `__name__`
    pub name: Text,
    /// `__doc__`, or no text.
    pub doc: Text,
    /// `__module__`, or no text.
    pub module: Text,
    /// The file where it is defined, or no text. It runs in a frame that says so.
    pub file: Text,
    /// Its line, counted from 1.
    pub line: i32,
    /// Zero.
    pub reserved: u32,
    /// Its parameters, in Python's order.
    pub parameters: *const Parameter,
    /// How many.
    pub parameters_len: usize,
    /// What `call` and `drop` are given.
    pub context: *mut c_void,
    /// Calls it, on any thread.
    pub call: Call,
    /// Gives the context up, once, on any thread; NULL when there is nothing to do. It must not unwind.
    pub drop: Option<unsafe extern "C" fn(*mut c_void)>,
}

/// What a [`Callback`] throws.
#[repr(C)]
#[derive(Debug)]
pub struct Thrown {
    /// The exception itself, which is given up; or NULL, and what follows makes one.
    pub object: *mut Object,
    /// A built-in exception's name; any other becomes the `kind` of an `AriaError`.
    pub kind: OwnedBytes,
    /// The exception's text.
    pub message: OwnedBytes,
    /// What the exception carries for the program, or NULL.
    pub payload: *mut c_void,
    /// Whose payload it is: an address that no other program in this process has.
    pub tag: *const c_void,
    /// Gives the payload up, once, on any thread. It must not unwind.
    pub drop: Option<unsafe extern "C" fn(*mut c_void)>,
}

impl Thrown {
    /// Nothing.
    pub const EMPTY: Thrown = Thrown {
        object: core::ptr::null_mut(),
        kind: OwnedBytes::EMPTY,
        message: OwnedBytes::EMPTY,
        payload: core::ptr::null_mut(),
        tag: core::ptr::null(),
        drop: None,
    };
}
