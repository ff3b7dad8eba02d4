//! Our array through the buffer protocol (PEP 3118), flag for flag as CPython's documentation has it. **Zero-copy**, but
//! for one kind of reader, who gets a private copy: see [`is_refused_writer`].

use crate::array::{Origin, PyArray, alignment, describe};
use crate::block::copies_are_forbidden;
use crate::import;
use crate::request::memory_or_value;
use aria_array_bridge::CopyOrder;
use aria_array_bridge::ledger::{self, Direction, Ticket};
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::{Array, DType, dtype};
use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use std::borrow::Cow;
use std::ffi::{CStr, CString};

/// What a filled view points into; freed when the view is released.
///
/// The extents and strides are the array's own, which the view keeps alive and nobody changes.
struct Lent {
    format: Option<Cow<'static, CStr>>,
    _ticket: Ticket,
}

/// Zero elements have an address too, as CPython's own exporters give one.
static EMPTY: [u64; 1] = [0];

fn refuse<T>(text: impl Into<String>) -> PyResult<T> {
    Err(PyBufferError::new_err(text.into()))
}

fn asks(flags: c_int, what: c_int) -> bool {
    flags & what == what
}

/// The format of the dtype at multiples of `step` bytes; made only where it is none of the usual ones.
fn format(dtype: &DType, step: usize) -> Option<Cow<'static, CStr>> {
    let usual = match *dtype {
        DType::F64 if step.is_multiple_of(8) => c"d",
        DType::F32 if step.is_multiple_of(4) => c"f",
        DType::U8 => c"B",
        _ => return Some(CString::new(dtype::format_at(dtype, step)?).ok()?.into()),
    };
    Some(usual.into())
}

/// Checks a request against the array, in the order of CPython's table.
fn check(array: &Array, flags: c_int) -> PyResult<Cow<'static, CStr>> {
    if !array.device().is_host() {
        return refuse(format!("expected memory of the host but found {}", array.device()));
    }
    let nulls = array.null_count();
    if nulls > 0 {
        return refuse(format!("{nulls} nulls, and buffers have none"));
    }
    // Elements that are not there are aligned.
    let step = if array.is_empty() { 0 } else { alignment(array) };
    let Some(format) = format(array.dtype(), step) else {
        return refuse(format!("PEP 3118 has no format for {}", array.dtype()));
    };
    if asks(flags, ffi::PyBUF_WRITABLE) && !array.is_exported_writable() {
        return refuse("the array is read-only");
    }
    let c = array.layout().is_c_contiguous();
    let f = (c && array.ndim() == 1) || array.layout().is_f_contiguous();
    if asks(flags, ffi::PyBUF_C_CONTIGUOUS) && !c {
        return refuse(format!("the array is not C-contiguous: strides {:?} in bytes", array.strides()));
    }
    if asks(flags, ffi::PyBUF_F_CONTIGUOUS) && !f {
        return refuse(format!("the array is not F-contiguous: strides {:?} in bytes", array.strides()));
    }
    if asks(flags, ffi::PyBUF_ANY_CONTIGUOUS) && !c && !f {
        return refuse(format!("the array is not contiguous: strides {:?} in bytes", array.strides()));
    }
    if !asks(flags, ffi::PyBUF_STRIDES) && !c {
        return refuse("the array is not C-contiguous, and the request does not ask for strides");
    }
    // As CPython's own exporters: a format without extents makes no sense for elements other than bytes.
    if !asks(flags, ffi::PyBUF_ND) && asks(flags, ffi::PyBUF_FORMAT) {
        return refuse("a request for a format must ask for extents too");
    }
    Ok(format)
}

thread_local! {
    /// The array that this thread's last request wanted to write to, and must not.
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

/// Returns true if this request comes from a reader that may write all the same (rule L8).
///
/// `torch.asarray` and `torch.frombuffer` ask for plain writable memory, are refused, ask for plain memory, and write to
/// it. Who else asks these two questions one after the other (`readinto` that failed, then `hashlib`) cannot be told apart.
/// `asked` is the exporter's own note of the first one.
pub(crate) fn is_refused_writer(exporter: usize, asked: &AtomicBool, readonly: bool, flags: c_int) -> bool {
    let refused = readonly && flags == ffi::PyBUF_WRITABLE;
    let before = REFUSED.replace(if refused { exporter } else { 0 });
    let asked = asked.swap(refused, Ordering::Relaxed);
    readonly && flags == ffi::PyBUF_SIMPLE && asked && before == exporter
}

/// Records that somebody is lent the memory by this protocol.
pub(super) fn lent_by(array: &Array, protocol: &'static str, target: &'static str) {
    if crate::block::is_tracing() {
        let mut plan = Plan::view(protocol, describe(array), target);
        plan.source_address = Some(array.address() as u64);
        plan.target_address = plan.source_address;
        crate::block::record(&plan);
    }
}

/// The elements in an array of their own, for a reader that may write to them.
///
/// A whole object, not only memory: PyTorch gives the buffer back at once, and keeps the object that lent it.
fn private_copy<'py>(py: Python<'py>, array: &Array) -> PyResult<Bound<'py, PyArray>> {
    let text =
        "the array is read-only, and who asks to write and then to read may be PyTorch, which writes all the same";
    let hint = "numpy.asarray(x) is a read-only view; x.to_torch() copies and says so";
    if copies_are_forbidden() {
        return refuse(format!("{text}; it would get a copy, and no_copy() forbids it"));
    }
    let reason = Reason::new("read-only", "L8", text).expected("writable", "read-only").hint(hint);
    let copied = Plan::view("buffer", describe(array), "a buffer").copying(array.nbytes() as u64, reason);
    let copy = py.detach(|| array.copy(CopyOrder::C)).map_err(|error| memory_or_value(&error))?;
    crate::block::record(&copied);
    Bound::new(py, PyArray::from_array(copy, Origin::Plan(Box::new(copied)), true))
}

/// Fills a view of the array, which holds it until it is released.
///
/// # Safety
///
/// `view` is valid for writes. The array lives in `this`.
unsafe fn lend(
    this: &Bound<'_, PyArray>,
    array: &Array,
    view: *mut ffi::Py_buffer,
    flags: c_int,
    format: Cow<'static, CStr>,
) {
    let readonly = !array.is_exported_writable();
    let (owner, protocol) = (crate::import::named!("buffer view"), crate::import::named!("buffer"));
    let ticket = ledger::enter(owner, protocol, Direction::Export, array.nbytes() as u64, readonly);
    let lent = Box::new(Lent { format: asks(flags, ffi::PyBUF_FORMAT).then_some(format), _ticket: ticket });
    let first = if array.is_empty() { EMPTY.as_ptr().cast_mut().cast() } else { array.as_ptr().cast::<c_void>() };
    // Extents fit in `isize`, where both have the same bits.
    let (format, shape, strides) = (&lent.format, array.shape().as_ptr().cast::<isize>(), array.strides().as_ptr());
    let filled = ffi::Py_buffer {
        buf: first,
        obj: this.clone().into_ptr(),
        len: array.nbytes().cast_signed(),
        itemsize: array.layout().itemsize().cast_signed(),
        readonly: c_int::from(readonly),
        ndim: if asks(flags, ffi::PyBUF_ND) { array.ndim() as c_int } else { 1 },
        format: format.as_ref().map_or(ptr::null_mut(), |text| text.as_ptr().cast_mut().cast::<c_char>()),
        shape: if asks(flags, ffi::PyBUF_ND) && array.ndim() > 0 { shape.cast_mut() } else { ptr::null_mut() },
        strides: if asks(flags, ffi::PyBUF_STRIDES) && array.ndim() > 0 { strides.cast_mut() } else { ptr::null_mut() },
        suboffsets: ptr::null_mut(),
        internal: ptr::null_mut(),
    };
    PyArray::root_of(this).get().count_export();
    let internal = Box::into_raw(lent).cast::<c_void>();
    // SAFETY: valid for writes: the protocol. What it points to lives in the box until the release.
    unsafe { view.write(ffi::Py_buffer { internal, ..filled }) };
}

#[pymethods]
impl PyArray {
    /// Lends the memory.
    ///
    /// # Safety
    ///
    /// Called by the interpreter, with a view to fill.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return refuse("expected a view to fill but found NULL");
        }
        // SAFETY: valid for writes: the protocol. Set first, as the protocol wants on failure.
        unsafe { (*view).obj = ptr::null_mut() };
        let using = PyArray::using(&slf)?; // What follows may run Python.
        let array = &*using;
        let readonly = !array.is_exported_writable() && !array.is_empty();
        let copies = is_refused_writer(slf.as_ptr().addr(), &slf.get().refused_writer, readonly, flags);
        let format = check(array, flags)?;
        if copies {
            let copy = private_copy(slf.py(), array)?; // It is the copy that the view will hold, and be given back to.
            let array = &*PyArray::using(&copy)?;
            let format = check(array, flags)?;
            // SAFETY: a view to fill: the protocol.
            unsafe { lend(&copy, array, view, flags, format) };
            return Ok(());
        }
        if flags == ffi::PyBUF_WRITABLE && import::is_torch_loaded(slf.py())? {
            // PyTorch gives the buffer back at once and keeps the address, which so lives as long as the object.
            PyArray::lend_address(&slf);
        }
        lent_by(array, "buffer", "a buffer");
        // SAFETY: a view to fill: the protocol.
        unsafe { lend(&slf, array, view, flags, format) };
        Ok(())
    }

    /// Takes the memory back.
    ///
    /// # Safety
    ///
    /// Called by the interpreter, once per view that was filled.
    unsafe fn __releasebuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer) {
        // SAFETY: a view that `__getbuffer__` filled: the protocol.
        let lent = unsafe { (*view).internal }.cast::<Lent>();
        if !lent.is_null() {
            // SAFETY: the box of `__getbuffer__`, taken back once.
            drop(unsafe { Box::from_raw(lent) });
            PyArray::root_of(&slf).get().uncount_export();
        }
    }
}
