//! DLPack's C exchange table of our array: C functions by which other libraries take and make arrays without Python.
//!
//! A consumer that uses the table cannot be asked whether it heeds the read-only flag, and those there are do not
//! (apache-tvm-ffi 0.1): read-only memory goes out by it as a copy. A bare `DLTensor` has no flag at all, so
//! there is no function for one.

use super::dlpack::LATEST;
use super::tensor::{self, Wish};
use crate::array::PyArray;
use crate::block::record;
use crate::import::tensor::from_managed;
use crate::request::copy_policy;
use aria_array_bridge::{Array, DType, Order};
use aria_dlpack::abi::{self, DLDeviceType, DLManagedTensorVersioned, DLTensor, SetErrorFn};
use aria_dlpack::{Device, ExchangeTable, Managed, RawManaged, TensorView};
use core::ffi::{c_int, c_void};
use core::ptr::{NonNull, null_mut};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};

static TABLE: ExchangeTable =
    ExchangeTable::new(allocate, managed_from_object, object_from_managed, None, current_work_stream);

#[pymethods]
impl PyArray {
    /// The table, in a capsule.
    #[classattr]
    fn __dlpack_c_exchange_api__(py: Python<'_>) -> PyResult<Py<PyAny>> {
        // SAFETY: attached; a static, and a name that lives for ever; nothing to free.
        let made = unsafe { ffi::PyCapsule_New(TABLE.as_ptr().as_ptr(), abi::CAPSULE_EXCHANGE_API.as_ptr(), None) };
        // SAFETY: a new reference, or NULL with an exception.
        unsafe { Bound::from_owned_ptr_or_err(py, made) }.map(Bound::unbind)
    }
}

/// Runs `body` at a C boundary that is called attached: −1 and a Python exception for an error, also for a panic.
///
/// # Safety
///
/// The thread is attached.
unsafe fn status(body: impl FnOnce(Python<'_>) -> PyResult<()>) -> c_int {
    let run = |py: Python<'_>| {
        let result = catch_unwind(AssertUnwindSafe(|| body(py))).unwrap_or_else(|payload| {
            core::mem::forget(payload); // Its own drop may panic.
            Err(PyRuntimeError::new_err("aria_array_bridge failed; this is a bug in it"))
        });
        match result {
            Ok(()) => 0,
            Err(error) => {
                error.restore(py);
                -1
            }
        }
    };
    // SAFETY: attached: the caller's duty.
    unsafe { Python::attach_unchecked(run) }
}

/// `DLPackManagedTensorFromPyObjectNoSync`.
unsafe extern "C" fn managed_from_object(object: *mut c_void, out: *mut *mut DLManagedTensorVersioned) -> c_int {
    let body = |py: Python<'_>| {
        // SAFETY: a live object: as above.
        let object = unsafe { Bound::from_borrowed_ptr_or_opt(py, object.cast()) };
        let object = object.ok_or_else(|| PyTypeError::new_err("expected an object but found NULL"))?;
        let array = object.cast::<PyArray>()?;
        let wish = Wish { ignores_read_only: true, ..Wish::standard(LATEST, copy_policy(None)) };
        let (managed, plan) = tensor::managed(array, &wish)?;
        if let Some(plan) = plan {
            record(&plan);
        }
        if let RawManaged::Versioned(tensor) = managed.into_raw() {
            // SAFETY: writable, as the API promises.
            unsafe { out.write(tensor.as_ptr()) };
        }
        Ok(())
    };
    // SAFETY: the caller is attached: DLPack's C exchange API.
    unsafe { status(body) }
}

/// `DLPackManagedTensorToPyObjectNoSync`. The tensor is ours, also after a failure.
unsafe extern "C" fn object_from_managed(tensor: *mut DLManagedTensorVersioned, out: *mut *mut c_void) -> c_int {
    let body = |py: Python<'_>| {
        let tensor = NonNull::new(tensor).ok_or_else(|| PyTypeError::new_err("expected a tensor but found NULL"))?;
        // SAFETY: an owned tensor, given to us: the API. One of another version is released.
        let managed = unsafe { Managed::from_versioned(tensor) };
        let made = from_managed(py, managed)?;
        // SAFETY: writable, as the API promises.
        unsafe { out.write(made.into_ptr().cast()) };
        Ok(())
    };
    // SAFETY: the caller is attached: DLPack's C exchange API.
    unsafe { status(body) }
}

/// `DLPackManagedTensorAllocator`: zeros in memory of our own. Needs no interpreter.
unsafe extern "C" fn allocate(
    prototype: *mut DLTensor,
    out: *mut *mut DLManagedTensorVersioned,
    error_context: *mut c_void,
    set_error: Option<SetErrorFn>,
) -> c_int {
    let made = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the API promises a readable prototype with a shape of its ndim.
        unsafe { zeros_like(prototype) }
    }));
    let said = match made {
        Ok(Ok(tensor)) => {
            if let RawManaged::Versioned(tensor) = tensor.into_raw() {
                // SAFETY: writable, as the API promises.
                unsafe { out.write(tensor.as_ptr()) };
            }
            return 0;
        }
        Ok(Err(said)) => said,
        Err(payload) => {
            core::mem::forget(payload); // Its own drop may panic.
            (c"RuntimeError", "aria_array_bridge failed; this is a bug in it".into())
        }
    };
    if let Some(set_error) = set_error {
        let text = CString::new(said.1).unwrap_or_default();
        // SAFETY: the caller's function, its context, and two NUL-terminated texts that live during the call.
        unsafe { set_error(error_context, said.0.as_ptr(), text.as_ptr()) };
    }
    -1
}

type Said = (&'static core::ffi::CStr, String);

/// Zeros of the prototype's dtype and shape.
///
/// # Safety
///
/// A readable `DLTensor`, whose shape has as many extents as it has axes.
unsafe fn zeros_like(prototype: *const DLTensor) -> Result<Managed, Said> {
    // SAFETY: the caller's duty.
    let mut wanted = unsafe { prototype.read() };
    // What the standard does not ask to be filled is not looked at.
    let mut nowhere = 0u8;
    wanted.data = (&raw mut nowhere).cast();
    (wanted.byte_offset, wanted.strides) = (0, null_mut());
    // SAFETY: the caller's duty, for ndim and shape; there are no strides.
    let view = unsafe { TensorView::from_raw(&raw const wanted, None) };
    let view = view.map_err(|error| (c"ValueError", error.to_string()))?;
    let tensor = view.descriptor();
    if tensor.device.kind != Device::CPU.kind {
        return Err((c"BufferError", format!("expected memory of the cpu but found {}", tensor.device)));
    }
    let dtype = DType::from_dlpack(tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes);
    let dtype = dtype.ok_or_else(|| (c"TypeError", format!("expected a known dtype but found {}", tensor.dtype)))?;
    let shape: Vec<usize> = tensor.shape.iter().map(|extent| extent.unsigned_abs() as usize).collect();
    let array = Array::zeros(dtype, &shape, Order::C).map_err(|error| (c"MemoryError", error.to_string()))?;
    array.into_dlpack(LATEST).map_err(|refused| (c"RuntimeError", refused.to_string()))
}

/// `DLPackCurrentWorkStream`: the default stream. Memory that we hand on was made safe on that one.
unsafe extern "C" fn current_work_stream(_: DLDeviceType, _: i32, out: *mut *mut c_void) -> c_int {
    // SAFETY: writable, as the API promises.
    unsafe { out.write(null_mut()) };
    0
}
