//! The door of the buffer protocol (PEP 3118). **Zero-copy.**
//!
//! The exporter is asked for everything it has, read-only being enough, and every field of the answer is checked before
//! it is believed. The filled `Py_buffer` belongs to the array's root: the exporter keeps the memory still until it is
//! released, which `Array.release()` does early.

use super::{Refusal, named};
use crate::array::{HeldBuffer, Hold};
use crate::request::Found;
use aria_array_bridge::dtype::{NotationError, parse_format};
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{Access, Array, Device, Layout, Owner};
use core::ffi::CStr;
use core::ptr::NonNull;
use core::slice;
use pyo3::Borrowed;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};
use smallvec::SmallVec;

type Numbers = SmallVec<[isize; 4]>;

/// The buffer that the object lends.
pub(super) fn find(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let held = HeldBuffer::get(object, ffi::PyBUF_FULL_RO).map_err(|error| refusal(object.py(), error))?;
    let array = read(object, held.view())?;
    Ok(Found { hold: Hold::Buffer(held), ..array })
}

/// An exporter that says no lets the next door try; everything else is for the caller.
fn refusal(py: Python<'_>, error: PyErr) -> Refusal {
    let no = error.is_instance_of::<PyBufferError>(py)
        || error.is_instance_of::<PyValueError>(py)
        || error.is_instance_of::<PyTypeError>(py);
    if no {
        let text = format!("the exporter refuses: {}", error.value(py));
        Refusal::Next(Reason::new("exporter-refused", "C2", text))
    } else {
        Refusal::Raise(error)
    }
}

/// A buffer that contradicts itself.
fn wrong(text: impl Into<String>) -> Refusal {
    Refusal::Lie(Reason::new("malformed", "C8", text.into()))
}

/// A format that is no element type here; one that says another size than the buffer is a lie.
fn no_dtype(error: &NotationError) -> Refusal {
    let text = error.to_string();
    match error {
        NotationError::Itemsize { .. } => Refusal::Lie(Reason::new("itemsize", "L1", text)),
        _ if text.contains("a Python object") => Refusal::Next(Reason::new("object-dtype", "L1", text)),
        _ => Refusal::Next(Reason::new("dtype", "L1", text)),
    }
}

/// Checks a filled buffer. The hold is put in by the caller.
fn read(object: &Bound<'_, PyAny>, view: &ffi::Py_buffer) -> Result<Found, Refusal> {
    let ndim =
        usize::try_from(view.ndim).map_err(|_| wrong(format!("expected 0 or more axes but found {}", view.ndim)))?;
    if ndim > aria_array_bridge::layout::MAX_NDIM {
        return Err(wrong(format!("expected at most 64 axes but found {ndim}")));
    }
    let size = |what: &str, n: isize| {
        usize::try_from(n).map_err(|_| wrong(format!("expected {what} of 0 or more but found {n}")))
    };
    let (itemsize, len) = (size("an itemsize", view.itemsize)?, size("a length", view.len)?);
    let format = if view.format.is_null() {
        "B"
    } else {
        // SAFETY: the protocol's: NUL-terminated, alive with the buffer.
        let text = unsafe { CStr::from_ptr(view.format) };
        text.to_str().map_err(|_| wrong("expected a format in ASCII"))?
    };
    check_ctypes(object, view, format)?;
    let parsed = parse_format(format, Some(itemsize)).map_err(|error| no_dtype(&error))?;
    let extents = match shape(view, ndim, itemsize, len)? {
        Some(extents) => extents,
        None => smallvec::smallvec![(len / itemsize.max(1)).cast_signed()],
    };
    let shape: SmallVec<[usize; 4]> = extents.iter().map(|n| n.unsigned_abs()).collect();
    if let Some(axis) = suboffset(view, ndim) {
        let text = "the elements lie behind pointers (suboffsets), as PIL has them";
        let reason = Reason::new("suboffsets", "L3", text).at(format!("axis {axis}"));
        return Err(Refusal::Next(reason.hint("bytes(x) makes a copy")));
    }
    let layout = match list(view.strides, ndim) {
        None => Layout::c_order(itemsize, &shape),
        Some(strides) => Layout::new(itemsize, &shape, &strides),
    };
    let layout = layout.map_err(|error| wrong(error.to_string()))?;
    // `len` is the packed length; a producer that says another number lies about something.
    if layout.nbytes() != len {
        return Err(wrong(format!("expected {} bytes for this shape but found {len}", layout.nbytes())));
    }
    let first = match NonNull::new(view.buf.cast::<u8>()) {
        Some(first) => first,
        None if layout.is_empty() => NonNull::dangling(),
        None => {
            let text = format!("expected memory for {len} bytes but found NULL");
            return Err(Refusal::Lie(Reason::new("null-data", "L4", text)));
        }
    };
    let reaches = |end: isize| first.addr().get().checked_add_signed(end).is_some();
    let span = layout.span();
    if !(layout.is_empty() || (reaches(span.start) && reaches(span.end))) {
        let text = format!("the elements leave the address space at {first:p}");
        return Err(Refusal::Lie(Reason::new("span-overflow", "L4", text)));
    }
    // Exact bytes never change; anything else may be written by others.
    let access = if object.is_exact_instance_of::<PyBytes>() { Access::Frozen } else { Access::Shared };
    let readonly = view.readonly != 0;
    // SAFETY: the span lies in memory that the exporter keeps still while the buffer is held: the protocol; its checkable
    // parts are checked above. Frozen only for exact bytes.
    let array =
        unsafe { Array::from_raw(first, parsed.dtype, layout, Device::CPU, access, readonly, Owner::immortal()) };
    let array = array.map_err(|error| wrong(error.to_string()))?;
    let none = Hold::Object(object.clone().unbind(), None);
    Ok(Found { array, hold: none, swap: parsed.swap, protocol: named!("buffer"), copied: None })
}

/// The exporter's own type, where it is one of ctypes, knows better than its format. Static types are none of them.
fn check_ctypes(object: &Bound<'_, PyAny>, view: &ffi::Py_buffer, format: &str) -> Result<(), Refusal> {
    let exporter = if view.obj.is_null() { object.as_ptr() } else { view.obj };
    // SAFETY: attached; the object, or the one that the filled buffer owns, which is held meanwhile.
    let exporter = unsafe { Borrowed::from_ptr(object.py(), exporter) };
    // SAFETY: attached; a live type.
    let flags = unsafe { ffi::PyType_GetFlags(exporter.get_type_ptr()) };
    let is_static = flags & ffi::Py_TPFLAGS_HEAPTYPE == 0;
    if is_static && !exporter.is_exact_instance_of::<PyMemoryView>() {
        return Ok(());
    }
    super::ctypes::check(&exporter, format, view.itemsize)
}

/// The extents; `None` where the exporter gives none and means a line of bytes.
fn shape(view: &ffi::Py_buffer, ndim: usize, itemsize: usize, len: usize) -> Result<Option<Numbers>, Refusal> {
    let Some(extents) = list(view.shape, ndim) else {
        return match ndim {
            1 if itemsize > 0 && len.is_multiple_of(itemsize) => Ok(None),
            _ => Err(wrong(format!("expected {ndim} extents but found none"))),
        };
    };
    match extents.iter().position(|extent| *extent < 0) {
        Some(axis) => Err(wrong(format!("expected extents of 0 or more but found {} (axis {axis})", extents[axis]))),
        None => Ok(Some(extents)),
    }
}

/// `ndim` numbers, copied; `None` for NULL.
fn list(start: *const ffi::Py_ssize_t, ndim: usize) -> Option<Numbers> {
    if ndim == 0 {
        return Some(Numbers::new());
    }
    // SAFETY: NULL, or `ndim` numbers that live as long as the buffer: the protocol.
    (!start.is_null()).then(|| Numbers::from_slice(unsafe { slice::from_raw_parts(start, ndim) }))
}

/// The first axis behind a pointer. Negative suboffsets mean none.
fn suboffset(view: &ffi::Py_buffer, ndim: usize) -> Option<usize> {
    if view.suboffsets.is_null() {
        return None;
    }
    list(view.suboffsets, ndim)?.iter().position(|offset| *offset >= 0)
}
