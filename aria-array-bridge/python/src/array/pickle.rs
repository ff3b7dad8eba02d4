//! Pickling. With protocol 5 the elements go as one buffer, out of band where the pickler takes it so: **zero-copy**
//! on this side. In band they are copied into the pickle, and the plan of what comes out says so.

use super::{HeldBuffer, Hold, Origin, PyArray, describe};
use crate::block::{is_tracing, record};
use crate::dtype::PyDType;
use crate::export::Export;
use crate::export::buffer::is_refused_writer;
use crate::import::named;
use crate::request::memory_or_value;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Access, Array, ArrayError, CopyOrder, Device, Layout, Order, Owner, Validity};
use core::ffi::c_int;
use core::ptr::{self, NonNull};
use core::sync::atomic::AtomicBool;
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes as PythonBytes, PyTuple};

/// From this protocol on, buffers can leave the pickle.
const OUT_OF_BAND: i32 = 5;

#[pymethods]
impl PyArray {
    fn __reduce_ex__<'py>(slf: &Bound<'py, Self>, protocol: i32) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let array = PyArray::using(slf)?;
        if !array.device().is_host() {
            let text = format!("expected memory on cpu to pickle but found it on {}", array.device());
            return Err(PyValueError::new_err(text));
        }
        let order =
            if array.layout().is_c_contiguous() { Some("C") } else { array.layout().is_f_contiguous().then_some("F") };
        let dense = match order {
            Some(_) => slf.clone(),
            None => PyArray::copy_in_order(slf, CopyOrder::C)?,
        };
        let bytes = Bound::new(py, PyBytes::new(&dense)?)?.into_any();
        let elements = if protocol >= OUT_OF_BAND {
            py.import("pickle")?.getattr("PickleBuffer")?.call1((bytes,))?
        } else {
            py.get_type::<PythonBytes>().call1((bytes,))?
        };
        let valid = array.validity().map(|validity| validity.iter().map(u8::from).collect::<Vec<u8>>());
        let valid = valid.map(|valid| PythonBytes::new(py, &valid));
        let make = py.import("aria_array_bridge._core")?.getattr("_unpickle")?;
        let shape = PyTuple::new(py, array.shape())?;
        let dtype = PyDType::new(array.dtype().clone());
        (make, (elements, dtype, shape, order.unwrap_or("C"), valid)).into_pyobject(py).map(Bound::into_any)
    }
}

impl PyArray {
    fn copy_in_order<'py>(this: &Bound<'py, PyArray>, order: CopyOrder) -> PyResult<Bound<'py, PyArray>> {
        let reason = Reason::new("order", "L3", "a pickle has the elements one behind the other");
        super::values::fresh(this, reason, None, |array| array.copy(order))
    }
}

/// The array of a pickle, over the buffer that was received.
#[pyfunction(name = "_unpickle")]
pub(crate) fn unpickle<'py>(
    elements: &Bound<'py, PyAny>,
    dtype: &Bound<'py, PyDType>,
    shape: &Bound<'py, PyTuple>,
    order: &str,
    valid: Option<&[u8]>,
) -> PyResult<Bound<'py, PyArray>> {
    let py = elements.py();
    let wrong = |text: String| PyValueError::new_err(text);
    let dtype = dtype.get().dtype().clone();
    let shape = extents(shape)?;
    let layout = match order {
        "C" if dtype.is_packed() => Layout::packed(dtype.bits(), &shape),
        "F" if !dtype.is_packed() => Layout::contiguous(dtype.itemsize(), &shape, Order::F),
        "C" => Layout::contiguous(dtype.itemsize(), &shape, Order::C),
        "F" => return Err(wrong(format!("expected order 'C' in the pickle, since {dtype} is packed, but found 'F'"))),
        _ => return Err(wrong(format!("expected order 'C' or 'F' in the pickle but found {order:?}"))),
    };
    let layout = layout.map_err(|error| wrong(error.to_string()))?;
    let buffer = HeldBuffer::get(elements, ffi::PyBUF_SIMPLE)?;
    let (found, expected) = (buffer.view().len, layout.nbytes());
    if usize::try_from(found) != Ok(expected) {
        return Err(wrong(format!("expected {expected} bytes of elements in the pickle but found {found}")));
    }
    let first = match NonNull::new(buffer.view().buf.cast::<u8>()) {
        Some(first) => first,
        None if expected == 0 => NonNull::dangling(),
        None => return Err(wrong(format!("expected {expected} bytes of elements in the pickle but found NULL"))),
    };
    let readonly = buffer.view().readonly != 0;
    // Nobody writes to exact `bytes`.
    let frozen = elements.is_exact_instance_of::<PythonBytes>();
    let access = if frozen { Access::Frozen } else { Access::Shared };
    // SAFETY: the buffer holds that many bytes, checked above, and keeps them while it is held, which is as long as the
    // root; without bytes there is nothing to reach. Writable only if its exporter says so.
    let array = unsafe { Array::from_raw(first, dtype, layout, Device::CPU, access, readonly, Owner::immortal()) };
    let mut array = array.map_err(|error| memory_or_value(&error))?;
    if let Some(valid) = valid {
        let valid: Vec<bool> = valid.iter().map(|valid| *valid != 0).collect();
        let validity = Validity::from_bools(&valid, array.shape()).map_err(|error| match error {
            ArrayError::Length { expected, found } => {
                wrong(format!("expected a validity of {expected} elements in the pickle but found {found}"))
            }
            error => memory_or_value(&error),
        })?;
        array = array.with_validity(validity).map_err(|error| wrong(error.to_string()))?;
    }
    let in_band = frozen || elements.is_exact_instance_of::<PyByteArray>();
    let origin = if in_band {
        let text = "the elements came as bytes, in the pickle or beside it";
        let plan = Plan::view("pickle", "pickle", describe(&array));
        let reason = Reason::new("pickled", "C1", text).hint("pickle.dumps(a, protocol=5, buffer_callback=…)");
        Origin::Plan(Box::new(plan.copying(array.nbytes() as u64, reason)))
    } else {
        Origin::View { source: named!("pickle"), protocol: named!("pickle buffer") }
    };
    // SAFETY: the hold keeps the buffer, which keeps the memory.
    Bound::new(py, unsafe { PyArray::root(array, Hold::Buffer(buffer), origin) })
}

/// The extents that a pickle says.
fn extents(shape: &Bound<'_, PyTuple>) -> PyResult<Vec<usize>> {
    let extent = |(axis, item): (usize, Bound<'_, PyAny>)| {
        let extent = item.extract::<isize>()?;
        let text = || format!("expected extents of 0 or more in the pickle but found {extent} (axis {axis})");
        usize::try_from(extent).map_err(|_| PyValueError::new_err(text()))
    };
    shape.iter().enumerate().map(extent).collect()
}

/// The bytes of a dense array, as a buffer of bytes: what a pickler can take.
#[pyclass(frozen, name = "_Bytes", module = "aria_array_bridge._core")]
pub(crate) struct PyBytes {
    export: Py<Export>,
    first: NonNull<u8>,
    nbytes: usize,
    readonly: bool,
    /// The last plain request wanted to write, and was refused.
    refused_writer: AtomicBool,
}

// SAFETY: the pointer is given out only attached, with the memory kept by `export`.
unsafe impl Send for PyBytes {}
// SAFETY: as above.
unsafe impl Sync for PyBytes {}

impl PyBytes {
    /// The bytes of an array whose span is dense.
    fn new(array: &Bound<'_, PyArray>) -> PyResult<PyBytes> {
        let inner = array.get().live()?;
        let first = NonNull::new(inner.as_ptr()).unwrap_or_else(NonNull::dangling);
        let export = Export::new(array, named!("pickle"), named!("pickle buffer"))?.unbind();
        let readonly = !inner.is_exported_writable();
        let refused_writer = AtomicBool::new(false);
        Ok(PyBytes { export, first, nbytes: inner.nbytes(), readonly, refused_writer })
    }
}

#[pymethods]
impl PyBytes {
    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.export)
    }

    /// # Safety
    ///
    /// As for `bf_getbuffer`: `view` is NULL or valid for writes.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("expected a Py_buffer but found NULL"));
        }
        let this = slf.get();
        let writes = is_refused_writer(slf.as_ptr().addr(), &this.refused_writer, this.readonly, flags);
        if writes && this.nbytes > 0 {
            // SAFETY: not NULL, so valid for writes: the caller's duty. NULL says that nothing is held.
            unsafe { (*view).obj = ptr::null_mut() };
            let text = "the memory is read-only, and who asks to write and then to read may be PyTorch, which writes all the same";
            return Err(PyBufferError::new_err(text));
        }
        if flags & ffi::PyBUF_WRITABLE != 0 && this.readonly {
            // SAFETY: not NULL, so valid for writes: the caller's duty. NULL says that nothing is held.
            unsafe { (*view).obj = ptr::null_mut() };
            return Err(PyBufferError::new_err("expected writable memory but found it read-only"));
        }
        // SAFETY: valid for writes: the caller's duty. The bytes live while `slf` does, to which the buffer gets a
        // reference; at most `isize::MAX`: `Layout`. Flags are the caller's.
        let status = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                slf.as_ptr(),
                this.first.as_ptr().cast(),
                this.nbytes.cast_signed(),
                c_int::from(this.readonly),
                flags,
            )
        };
        if status != 0 {
            return Err(PyErr::fetch(slf.py()));
        }
        if is_tracing() {
            record(&Plan::view("buffer", format!("Array bytes[{}]", this.nbytes), "a pickle"));
        }
        Ok(())
    }
}
