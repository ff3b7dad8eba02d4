//! Running a script of ours in an interpreter that has no core module yet.

use crate::load::{Api, Py};
use core::ffi::{CStr, c_char};
use core::ptr;
use core::slice;
use std::ffi::CString;

/// `Py_file_input` of `compile.h`.
const FILE_INPUT: i32 = 257;

/// Runs `script` with some names set to paths. Returns its `answer`, or its `error`, in the file system's encoding.
///
/// # Safety
///
/// The thread is attached to the interpreter that `api` belongs to.
pub(crate) unsafe fn run(api: &Api, script: &str, names: &[(CString, CString)]) -> Result<Vec<u8>, String> {
    let broken = |what: &str| format!("expected a script to run but {what} failed");
    let source = CString::new(script).map_err(|_| broken("reading it"))?;
    // SAFETY: attached; text that lives for the call.
    let code = unsafe { (api.Py_CompileString)(source.as_ptr(), c"<aria-array-bridge>".as_ptr(), FILE_INPUT) };
    let code = Owned::new(api, code).ok_or_else(|| broken("compiling it"))?;
    // SAFETY: attached.
    let globals = Owned::new(api, unsafe { (api.PyDict_New)() }).ok_or_else(|| broken("making its names"))?;
    let set = |name: &CStr, value: Py| {
        // SAFETY: attached; a live dict and a live object; text that lives for the call.
        let status = unsafe { (api.PyDict_SetItemString)(globals.object, name.as_ptr(), value) };
        if status == 0 { Ok(()) } else { Err(broken("setting its names")) }
    };
    // SAFETY: attached; borrowed, and alive as long as the interpreter.
    set(c"__builtins__", unsafe { (api.PyEval_GetBuiltins)() })?;
    for (name, path) in names {
        // SAFETY: attached; text that lives for the call.
        let value = unsafe { (api.PyUnicode_DecodeFSDefault)(path.as_ptr()) };
        let value = Owned::new(api, value).ok_or_else(|| broken("setting its names"))?;
        set(name, value.object)?;
    }
    // SAFETY: attached; a code object and a dict, both alive.
    let result = unsafe { (api.PyEval_EvalCode)(code.object, globals.object, globals.object) };
    drop(Owned::new(api, result).ok_or_else(|| broken("running it"))?);
    let read = |name: &CStr| {
        // SAFETY: attached; a live dict; borrowed from it.
        let value = unsafe { (api.PyDict_GetItemString)(globals.object, name.as_ptr()) };
        // SAFETY: attached; `value` is NULL or a live object of `globals`.
        unsafe { encoded(api, value) }.ok_or_else(|| broken("reading its answer"))
    };
    let error = read(c"error")?;
    if error.is_empty() { read(c"answer") } else { Err(String::from_utf8_lossy(&error).into_owned()) }
}

/// # Safety
///
/// Attached; `text` is NULL or a live object.
unsafe fn encoded(api: &Api, text: Py) -> Option<Vec<u8>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: attached; a live object: the caller's duty. One that is no `str` gives NULL.
    let bytes = Owned::new(api, unsafe { (api.PyUnicode_EncodeFSDefault)(text) })?;
    let (mut first, mut len): (*mut c_char, isize) = (ptr::null_mut(), 0);
    // SAFETY: attached; a live bytes object, and places to write to.
    let status = unsafe { (api.PyBytes_AsStringAndSize)(bytes.object, &raw mut first, &raw mut len) };
    let len = usize::try_from(len).ok().filter(|_| status == 0)?;
    // SAFETY: the bytes of `bytes`, which is alive and never changes.
    Some(unsafe { slice::from_raw_parts(first.cast::<u8>(), len) }.to_vec())
}

/// A reference to an object, given back when dropped. Lives while the thread is attached: it stays inside `run`.
struct Owned<'a> {
    api: &'a Api,
    object: Py,
}

impl Owned<'_> {
    /// `None`, and no pending exception, for NULL.
    fn new(api: &Api, object: Py) -> Option<Owned<'_>> {
        if object.is_null() {
            // SAFETY: attached, as everything in `run`.
            unsafe { (api.PyErr_Clear)() };
            return None;
        }
        Some(Owned { api, object })
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        // SAFETY: attached, as everything in `run`; one reference of ours.
        unsafe { (self.api.Py_DecRef)(self.object) };
    }
}
