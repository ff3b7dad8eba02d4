//! `__dlpack__` and `__dlpack_device__` of our array. **Zero-copy** unless a copy is asked for or needed.
//!
//! A tensor that cannot say that it is a copy, a legacy one, is only a copy when that was asked for.

use super::tensor::{self, Wish};
use crate::array::{PyArray, describe};
use crate::block::record;
use crate::error::refused;
use crate::request::copy_policy;
use aria_array_bridge::convert::dlpack::reason;
use aria_array_bridge::plan::{Plan, Reason};
use aria_dlpack::{Format, Managed, RawManaged, Stream, abi, check_stream, negotiate};
use core::ffi::CStr;
use core::ptr::NonNull;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;

#[pymethods]
impl PyArray {
    /// A DLPack capsule over the same memory. Read-only memory goes out with its flag, or not at all.
    #[pyo3(signature = (*, stream = None, max_version = None, dl_device = None, copy = None))]
    fn __dlpack__<'py>(
        slf: &Bound<'py, Self>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<&Bound<'py, PyAny>>,
        dl_device: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let max_version = max_version.map(version).transpose()?;
        let dl_device = dl_device.map(|pair| numbers("dl_device", "(type, id)", pair)).transpose()?;
        let inner = slf.get().live()?;
        let device = tensor::device(inner);
        let refuse =
            |reason: Reason| Err(refused(py, Plan::view("dlpack", describe(inner), "dlpack tensor").refusing(reason)));
        if let Some(wanted) = dl_device
            && wanted != (i64::from(device.kind), i64::from(device.id))
        {
            let (wanted, found) = (format!("{wanted:?}"), format!("({}, {})", device.kind, device.id));
            let text = format!("expected memory on device {wanted} but it is on {found}");
            return refuse(Reason::new("device", "L7", text).expected(wanted, found));
        }
        let stream = stream.map(|stream| number(stream)).transpose()?;
        match check_stream(device, stream) {
            Err(error) => return refuse(reason(&error)),
            Ok(Stream::Handle(_) | Stream::PerThreadDefault) => {
                let text = "the memory was made safe on the default stream, and we wait for no other";
                return refuse(Reason::new("stream", "L7", text).hint("ask on the default stream"));
            }
            Ok(Stream::None | Stream::Default | Stream::NoSync) => {}
        }
        let mut wish = Wish::standard(negotiate(max_version), copy_policy(copy));
        if !inner.is_exported_writable() && caller_is_torch(py)? {
            (wish.ignores_read_only, wish.target) = (true, "torch.Tensor");
        }
        let (managed, plan) = tensor::managed(slf, &wish)?;
        if let Some(plan) = plan {
            record(&plan);
        }
        capsule(py, managed)
    }

    /// DLPack's (device type, device id).
    fn __dlpack_device__(&self) -> PyResult<(u32, i32)> {
        let device = tensor::device(self.live()?);
        Ok((device.kind, device.id))
    }
}

/// A pair of ints.
fn numbers(name: &str, parts: &str, pair: &Bound<'_, PyAny>) -> PyResult<(i64, i64)> {
    let wrong =
        |_| PyTypeError::new_err(format!("expected {name} as a pair of ints {parts} but found {}", shown(pair)));
    pair.extract().map_err(wrong)
}

/// A version: a major and a minor number, which may be higher than any that there is.
fn version(pair: &Bound<'_, PyAny>) -> PyResult<(u32, u32)> {
    let name = "max_version";
    let (major, minor) = numbers(name, "(major, minor)", pair)?;
    let part = |number: i64| u32::try_from(number.min(u32::MAX.into()));
    match (part(major), part(minor)) {
        (Ok(major), Ok(minor)) => Ok((major, minor)),
        _ => Err(PyValueError::new_err(format!("expected {name} of 0 or more but found {}", shown(pair)))),
    }
}

fn shown(object: &Bound<'_, PyAny>) -> String {
    object.repr().map_or_else(|_| object.get_type().to_string(), |text| text.to_string())
}

/// A stream: an int, or an object that is one (`__index__`).
fn number(stream: &Bound<'_, PyAny>) -> PyResult<i64> {
    stream.extract().map_err(|error: PyErr| match stream.get_type().name() {
        Ok(name) => PyTypeError::new_err(format!("expected a stream as None or an int but found {name}")),
        Err(_) => error,
    })
}

/// True if Python code of PyTorch asks, which takes every tensor for writable.
///
/// Its `from_dlpack` is a Python function; nothing else in the call says who is asking.
fn caller_is_torch(py: Python<'_>) -> PyResult<bool> {
    // SAFETY: attached. A borrowed reference, or NULL where no Python code runs.
    let frame = unsafe { ffi::PyEval_GetFrame() };
    // SAFETY: attached; a live object, alive while its code runs, which is longer than this call.
    let Some(frame) = (unsafe { Bound::from_borrowed_ptr_or_opt(py, frame.cast()) }) else { return Ok(false) };
    let name = frame.getattr(intern!(py, "f_globals"))?.get_item(intern!(py, "__name__"));
    Ok(name.is_ok_and(|name| name.extract::<&str>().is_ok_and(|name| name == "torch" || name.starts_with("torch."))))
}

/// A capsule that owns the tensor until a consumer takes it.
pub(crate) fn capsule(py: Python<'_>, managed: Managed) -> PyResult<Bound<'_, PyAny>> {
    let raw = managed.as_raw();
    // SAFETY: attached; a pointer that is not NULL; the name lives for ever; the destructor frees what is in it.
    let made = unsafe { ffi::PyCapsule_New(raw.as_ptr(), raw.capsule_name().as_ptr(), Some(free_unconsumed)) };
    // SAFETY: a new reference, or NULL with an exception.
    let made = unsafe { Bound::from_owned_ptr_or_err(py, made) }?;
    core::mem::forget(managed); // The capsule owns it now.
    Ok(made)
}

/// Frees the tensor of a capsule that nobody consumed. Touches no Python but the capsule, and leaves no exception.
unsafe extern "C" fn free_unconsumed(capsule: *mut ffi::PyObject) {
    let held = |name: &CStr| {
        // SAFETY: a live capsule; the name is NUL-terminated. Does not raise.
        if unsafe { ffi::PyCapsule_IsValid(capsule, name.as_ptr()) } == 0 {
            return None;
        }
        // SAFETY: valid, and of this name, so that it gives its pointer and does not raise.
        NonNull::new(unsafe { ffi::PyCapsule_GetPointer(capsule, name.as_ptr()) })
    };
    let raw = match held(abi::CAPSULE_VERSIONED) {
        Some(pointer) => RawManaged::Versioned(pointer.cast()),
        None => match held(abi::CAPSULE_LEGACY) {
            Some(pointer) => RawManaged::Legacy(pointer.cast()),
            None => return, // A consumer renamed it, and owns the tensor.
        },
    };
    // SAFETY: our own tensor, of our version, made by `capsule` and taken by nobody.
    drop(unsafe { Managed::from_checked(raw) });
}

/// The struct that every consumer of today can be given without being asked: for doors that cannot negotiate.
pub(crate) const LATEST: Format = Format::Versioned(aria_dlpack::Version::LATEST);
