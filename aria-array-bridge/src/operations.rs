//! `Operations`: the table of C functions through which a program without Python symbols uses Python.
//!
//! The wheel's compiled part fills one; the runtime finds it with `dlsym` under [`SYMBOL`]
//! (rule R1). Only `repr(C)` values with release functions cross it, so the two sides may be built
//! by different compilers and from different versions of this crate with the same [`ABI`].
//!
//! Every function attaches to the interpreter by itself, holds nothing between calls, never
//! unwinds, and answers 0 or more on success and a negative [`Status`] on failure, with the reason in the
//! caller's [`Failure`].

pub mod callback;
pub mod function;
pub mod kind;

use crate::nd_array::AriaNdArray;
use callback::Callback;
use core::any::Any;
use core::ffi::c_void;

/// Version of the table. Functions are only ever appended; [`Operations::size`] tells how many there are.
pub const ABI: u32 = 1;
/// Name of the exported function that returns the table: `extern "C" fn() -> *const Operations`.
pub const SYMBOL: &[u8] = b"aria_bridge_operations\0";

/// What a failed operation answers. The C ABI uses the same numbers.
pub type Status = i32;
/// Success.
pub const OK: Status = 0;
/// An argument is no such thing: a bad name, a bad request.
pub const ERR_ARGUMENT: Status = -1;
/// A conversion was refused; a plan says why.
pub const ERR_REFUSED: Status = -2;
/// Python raised.
pub const ERR_PYTHON: Status = -3;
/// No memory.
pub const ERR_MEMORY: Status = -4;
/// Not started, ended, or on the wrong thread.
pub const ERR_STATE: Status = -5;
/// Our own code panicked; a defect.
pub const ERR_PANIC: Status = -6;

/// A Python object behind a counted handle. Retain and release work on any thread, detached, at any time.
#[repr(C)]
pub struct Object {
    _opaque: [u8; 0],
}

/// Borrowed UTF-8 text. `data` may be NULL only when there is no text at all.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// First byte.
    pub data: *const u8,
    /// Length in bytes.
    pub len: usize,
}

impl Text {
    /// No text, which is not the empty text.
    pub const NONE: Text = Text { data: core::ptr::null(), len: 0 };

    /// Borrows `text`.
    pub const fn new(text: &str) -> Text {
        Text { data: text.as_ptr(), len: text.len() }
    }
}

/// Bytes that the receiver frees by `release(data, len)`.
#[repr(C)]
#[derive(Debug)]
pub struct OwnedBytes {
    /// First byte; may be NULL when `len` is 0.
    pub data: *mut u8,
    /// Length in bytes.
    pub len: usize,
    /// Frees the bytes; NULL when there is nothing to free.
    pub release: Option<unsafe extern "C" fn(*mut u8, usize)>,
}

impl OwnedBytes {
    /// No bytes.
    pub const EMPTY: OwnedBytes = OwnedBytes { data: core::ptr::null_mut(), len: 0, release: None };

    /// Takes over `bytes`, which this crate's allocator frees when the receiver releases them.
    pub fn new(bytes: Vec<u8>) -> OwnedBytes {
        unsafe extern "C" fn release(data: *mut u8, len: usize) {
            let slice = core::ptr::slice_from_raw_parts_mut(data, len);
            // SAFETY: `data` and `len` came from the `Box<[u8]>` below; the receiver calls this once.
            drop(unsafe { Box::from_raw(slice) });
        }
        let bytes = bytes.into_boxed_slice();
        let len = bytes.len();
        OwnedBytes { data: Box::into_raw(bytes).cast(), len, release: Some(release) }
    }

    /// Copies the bytes out and releases them.
    ///
    /// # Safety
    ///
    /// `data` and `len` describe readable bytes, and `release` frees them.
    pub unsafe fn take(self) -> Vec<u8> {
        if self.data.is_null() {
            return Vec::new();
        }
        // SAFETY: readable for `len` bytes: the caller's duty.
        let bytes = unsafe { core::slice::from_raw_parts(self.data, self.len) }.to_vec();
        if let Some(release) = self.release {
            // SAFETY: called once, since `self` was moved in; the caller vouches for the function.
            unsafe { release(self.data, self.len) };
        }
        bytes
    }
}

/// Why an operation failed. The caller passes one that is [`Failure::EMPTY`]; it is written only on failure.
#[repr(C)]
#[derive(Debug)]
pub struct Failure {
    /// Qualified name of the exception type, `builtins.` left out.
    pub kind: OwnedBytes,
    /// `str(exception)`, or a text that says that it could not be had.
    pub message: OwnedBytes,
    /// The whole traceback as Python prints it.
    pub rendered: OwnedBytes,
    /// The [`Plan`](crate::Plan) of a refused conversion, encoded; empty otherwise.
    pub plan: OwnedBytes,
    /// The exception object, or NULL.
    pub object: *mut Object,
}

impl Failure {
    /// Nothing has failed yet.
    pub const EMPTY: Failure = Failure {
        kind: OwnedBytes::EMPTY,
        message: OwnedBytes::EMPTY,
        rendered: OwnedBytes::EMPTY,
        plan: OwnedBytes::EMPTY,
        object: core::ptr::null_mut(),
    };
}

/// Python's `None`, or no value.
pub const TAG_NONE: u32 = 0;
/// `Payload::int` is 0 or 1.
pub const TAG_BOOL: u32 = 1;
/// `Payload::int`.
pub const TAG_INT: u32 = 2;
/// `Payload::float`.
pub const TAG_FLOAT: u32 = 3;
/// `Payload::text`; as a result, `Payload::bytes`, which the receiver releases.
pub const TAG_STR: u32 = 4;
/// `Payload::object`; as a result, a handle that the receiver releases.
pub const TAG_OBJECT: u32 = 5;
/// `Payload::array`; consumed, on failure too.
pub const TAG_ARRAY: u32 = 6;
/// `Payload::int`, whose bits are those of an unsigned number. Never a result.
pub const TAG_UINT: u32 = 7;
/// `Payload::text`, which is bytes of any kind; as a result of [`Operations::apply`], bytes beside the value.
pub const TAG_BYTES: u32 = 8;
/// `Payload::values`: what the function numbered [`Value::function`] makes of them. Never a result.
pub const TAG_MADE: u32 = 9;
/// `Payload::object`, whose items are arguments of a call: of an iterable among positional ones; of a mapping among keyword
/// ones, where it has no name. Never a result, nor anywhere else.
pub const TAG_STAR: u32 = 10;

/// Borrowed values.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    /// The first; may be NULL when there are none.
    pub data: *const Value,
    /// How many.
    pub len: usize,
}

/// The content of a [`Value`]; its tag says which member holds.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Payload {
    /// For [`TAG_BOOL`], [`TAG_INT`] and [`TAG_UINT`].
    pub int: i64,
    /// For [`TAG_FLOAT`].
    pub float: f64,
    /// For [`TAG_STR`] and [`TAG_BYTES`] as arguments.
    pub text: Text,
    /// For [`TAG_OBJECT`] and [`TAG_STAR`].
    pub object: *mut Object,
    /// For [`TAG_ARRAY`].
    pub array: *mut AriaNdArray,
    /// For [`TAG_MADE`].
    pub values: Sequence,
}

/// A value on its way into Python or out of it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    /// One of `TAG_…`.
    pub tag: u32,
    /// For [`TAG_MADE`], one of the numbers in [`function`]; else zero.
    pub function: u32,
    /// What the tag says.
    pub payload: Payload,
}

impl Value {
    /// `None`
    pub const NONE: Value = Value { tag: TAG_NONE, function: 0, payload: Payload { int: 0 } };
}

impl core::fmt::Debug for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // What it holds is for those who know that the tag is true.
        f.debug_struct("Value").field("tag", &self.tag).field("function", &self.function).finish_non_exhaustive()
    }
}

/// The arguments of a call. Everything is borrowed for the call, arrays excepted ([`TAG_ARRAY`]).
#[repr(C)]
pub struct Args {
    /// Positional arguments.
    pub positional: *const Value,
    /// How many.
    pub positional_len: usize,
    /// Names of the keyword arguments; none for a mapping of several ([`TAG_STAR`]).
    pub names: *const Text,
    /// Values of the keyword arguments.
    pub keywords: *const Value,
    /// How many names, and how many values.
    pub keywords_len: usize,
}

/// Any number of axes is fine.
pub const ANY_NDIM: i32 = -1;
/// Any order is fine.
pub const ORDER_ANY: u8 = 0;
/// C-contiguous is wanted.
pub const ORDER_C: u8 = 1;
/// F-contiguous is wanted.
pub const ORDER_F: u8 = 2;
/// Never copy.
pub const COPY_NEVER: u8 = 0;
/// Copy only if needed.
pub const COPY_IF_NEEDED: u8 = 1;
/// Always copy.
pub const COPY_ALWAYS: u8 = 2;

/// What an array that comes out of Python must be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RawRequest {
    /// The wanted dtype in NumPy's notation, or [`Text::NONE`] for any.
    pub dtype: Text,
    /// The wanted number of axes, or [`ANY_NDIM`].
    pub ndim: i32,
    /// One of `ORDER_…`.
    pub order: u8,
    /// 1 when it must be writable.
    pub writable: u8,
    /// One of `COPY_…`.
    pub copy: u8,
    /// Zero.
    pub reserved: u8,
}

type Unary = unsafe extern "C" fn(*mut Object, *mut *mut Object, *mut Failure) -> Status;

/// The table. See the [module documentation](self) for what holds for every function.
#[repr(C)]
pub struct Operations {
    /// Size of the table in bytes, as its maker knows it.
    pub size: usize,
    /// [`ABI`].
    pub abi: u32,
    /// 1 when the maker was built for a free-threaded interpreter.
    pub free_threaded: u32,
    /// Version of the package that fills the table.
    pub version: Text,

    /// Adds a reference. Any thread, detached, at any time.
    pub retain: unsafe extern "C" fn(*mut Object),
    /// Gives a reference back (NULL is fine). Any thread, detached, at any time: the object dies at the next attach.
    pub release: unsafe extern "C" fn(*mut Object),

    /// Imports the module with this dotted name and returns the leaf.
    pub import: unsafe extern "C" fn(Text, *mut *mut Object, *mut Failure) -> Status,
    /// `object.name`
    pub getattr: unsafe extern "C" fn(*mut Object, Text, *mut *mut Object, *mut Failure) -> Status,
    /// `object.name = value`
    pub setattr: unsafe extern "C" fn(*mut Object, Text, *const Value, *mut Failure) -> Status,
    /// `object[key]`
    pub getitem: unsafe extern "C" fn(*mut Object, *const Value, *mut *mut Object, *mut Failure) -> Status,
    /// `object[key] = value`
    pub setitem: unsafe extern "C" fn(*mut Object, *const Value, *const Value, *mut Failure) -> Status,
    /// `object.name(…)`, or `object(…)` where the name is [`Text::NONE`].
    pub call: unsafe extern "C" fn(*mut Object, Text, *const Args, *mut *mut Object, *mut Failure) -> Status,
    /// Makes a Python object of a value.
    pub to_object: unsafe extern "C" fn(*const Value, *mut *mut Object, *mut Failure) -> Status,
    /// Exact `None`, `bool`, `int` within i64, `float` and `str` become values; the rest stays an object.
    pub lower: unsafe extern "C" fn(*mut Object, *mut Value, *mut OwnedBytes, *mut Failure) -> Status,
    /// `str(object)`
    pub str: unsafe extern "C" fn(*mut Object, *mut OwnedBytes, *mut Failure) -> Status,
    /// `repr(object)`
    pub repr: unsafe extern "C" fn(*mut Object, *mut OwnedBytes, *mut Failure) -> Status,
    /// `float(object)` without losing a fraction or a sign: `__float__` or `__index__`.
    pub to_float: unsafe extern "C" fn(*mut Object, *mut f64, *mut Failure) -> Status,
    /// `object.__index__()` within i64; out of range is `OverflowError`.
    pub to_int: unsafe extern "C" fn(*mut Object, *mut i64, *mut Failure) -> Status,
    /// `bool(object)`: 0 or 1, or a negative status.
    pub truthy: unsafe extern "C" fn(*mut Object, *mut Failure) -> Status,
    /// `len(object)`
    pub len: unsafe extern "C" fn(*mut Object, *mut i64, *mut Failure) -> Status,
    /// `iter(object)`
    pub iter: Unary,
    /// 1 with the next item, 0 at the end, negative on failure.
    pub next: Unary,

    /// Shares or copies an array-like object as the request says; the encoded plan is written either way.
    pub array_from_py: unsafe extern "C" fn(
        *mut Object,
        *const RawRequest,
        *mut *mut AriaNdArray,
        *mut OwnedBytes,
        *mut Failure,
    ) -> Status,
    /// Makes a Python array that shares the array's memory; the struct is consumed, on failure too.
    pub array_to_py: unsafe extern "C" fn(*mut AriaNdArray, *mut *mut Object, *mut OwnedBytes, *mut Failure) -> Status,
    /// Starts (1) or stops (0) recording this thread's conversions. Stopping writes their encoded plans.
    pub trace: unsafe extern "C" fn(i32, *mut OwnedBytes) -> Status,
    /// The encoded ledger of what is alive on the other side.
    pub ledger: unsafe extern "C" fn(*mut OwnedBytes) -> Status,
    /// Releases what waits in the release queue.
    pub drain: unsafe extern "C" fn() -> Status,
    /// Runs pending signal handlers; `KeyboardInterrupt` is a failure.
    pub check_signals: unsafe extern "C" fn(*mut Failure) -> Status,
    /// Flushes `sys.stdout` and `sys.stderr`.
    pub flush: unsafe extern "C" fn(*mut Failure) -> Status,
    /// Opaque, for the maker of the table.
    pub reserved: *const c_void,
    /// Counts handles, since the process began: released, and leaked because Python had ended. Any thread, at any time.
    pub release_counts: unsafe extern "C" fn(*mut u64, *mut u64),
    /// Makes a site: a place in a program (file, line, function) that tracebacks and warnings show (rule R6). Without a
    /// file, [`Text::NONE`], the site has no frame: operations there cost least.
    pub site: unsafe extern "C" fn(Text, i32, Text, *mut *mut Object, *mut Failure) -> Status,
    /// Makes a site, or none (NULL), the place of this thread's operations, and returns the one before. Takes over the
    /// one and hands over the other. Works at any time.
    pub enter_site: unsafe extern "C" fn(*mut Object) -> *mut Object,
    /// Does what a number in [`function`] means with these values. The result is an object, or, when there is a place
    /// for its bytes, a value as for `lower`; exact `bytes` are a value then, too.
    pub apply: unsafe extern "C" fn(u32, *const Value, usize, *mut Value, *mut OwnedBytes, *mut Failure) -> Status,
    /// Attaches this thread until `leave`, and answers a level, 1 or more. Operations inside cost less.
    pub attach: unsafe extern "C" fn(*mut Failure) -> Status,
    /// Detaches this thread, which is attached, until `leave`, and answers a level, 1 or more. Operations inside attach
    /// as ever.
    pub detach: unsafe extern "C" fn() -> Status,
    /// Leaves a level of this thread. In any order: one that others stand on ends with them. No level (0) is fine.
    pub leave: unsafe extern "C" fn(Status),
    /// Makes a Python callable of a function of the program. Its context is given up, on failure too.
    pub callable: unsafe extern "C" fn(*const Callback, *mut *mut Object, *mut Failure) -> Status,
    /// Finds the payload that an exception carries for the program with this tag: 1, and where it lies as long as the
    /// exception lives; or 0.
    pub payload: unsafe extern "C" fn(*mut Object, *const c_void, *mut *mut c_void, *mut Failure) -> Status,
    /// Describes an exception as an operation that raises it does: writes the failure, and answers its negative status.
    pub describe: unsafe extern "C" fn(*mut Object, *mut Failure) -> Status,
    /// Says that this thread started Python and runs it in operations alone, called once. What it releases between two of
    /// them then waits for the next attach without a pending call: only this thread could make that call.
    pub main_thread: unsafe extern "C" fn(),
}

/// The text of a panic, for the error that it becomes at the boundary.
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a panic without a text",
    }
}

// SAFETY: the table is immutable once made; its pointers are to functions and static text.
unsafe impl Sync for Operations {}
