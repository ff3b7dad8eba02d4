//! Handles: Python objects that are counted, cloned and dropped without Python (rule O2).

use crate::release;
use aria_array_bridge::operations::Object;
use aria_array_bridge::queue::Node;
use core::cell::Cell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering, fence};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use pyo3::{Borrowed, ffi};

/// What an `*mut Object` of the table points to.
///
/// # Invariants
///
/// 1. `object` is a strong reference that the handle owns.
/// 2. `references` counts those that were not given back; with the last one the handle goes to the release queue.
/// 3. Where it is `quiet`, releasing the object runs no code of Python's and raises nothing.
#[repr(C)]
struct Handle {
    node: Node,
    references: AtomicUsize,
    object: NonNull<ffi::PyObject>,
    quiet: bool,
}

thread_local! {
    /// The memory of a handle that died on this thread, for the next one: a loop has one result at a time.
    static SPARE: Cell<Option<Box<MaybeUninit<Handle>>>> = const { Cell::new(None) };
}

/// Says whether an object is a plain value, whose death nobody sees.
#[inline]
fn is_quiet(object: &Bound<'_, PyAny>) -> bool {
    object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyString>()
        || object.is_exact_instance_of::<PyBool>()
        || object.is_none()
}

/// Makes a handle with one reference, which its receiver gives back by [`release`].
pub(super) fn new(object: Bound<'_, PyAny>) -> PyResult<*mut Object> {
    release::ready(object.py())?;
    let quiet = is_quiet(&object);
    let Some(object) = NonNull::new(object.into_ptr()) else {
        unreachable!("a bound object is never NULL");
    };
    let handle = Handle { node: Node::new(free), references: AtomicUsize::new(1), object, quiet };
    // There is none at the very end of a thread.
    let spare = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_else(Box::new_uninit);
    Ok(Box::into_raw(Box::write(spare, handle)).cast())
}

/// Borrows the object of a handle, or says that the handle is NULL.
///
/// # Safety
///
/// `handle` is NULL or a handle that somebody holds a reference to for `'a`.
pub(super) unsafe fn borrow<'a, 'py>(py: Python<'py>, handle: *mut Object) -> Option<Borrowed<'a, 'py, PyAny>> {
    // SAFETY: NULL, or a live `Handle` of ours: the caller's duty. Only shared access is ever taken.
    let handle = unsafe { handle.cast::<Handle>().as_ref() }?;
    // SAFETY: attached: `py`; a live object, invariant 1, for as long as the handle lives: `'a`.
    Some(unsafe { Borrowed::from_ptr(py, handle.object.as_ptr()) })
}

/// Adds a reference; NULL is fine.
pub(super) unsafe extern "C" fn retain(handle: *mut Object) {
    // SAFETY: NULL, or a live handle of ours: the table's contract.
    if let Some(handle) = unsafe { handle.cast::<Handle>().as_ref() } {
        // Relaxed: the caller holds a reference already, as in `Arc`.
        handle.references.fetch_add(1, Ordering::Relaxed);
    }
}

/// Gives a reference back; NULL is fine. After the last one the handle belongs to the caller alone.
///
/// # Safety
///
/// NULL, or a live handle, one reference to which belongs to the caller, who gives it up.
unsafe fn give_back(handle: *mut Object) -> Option<NonNull<Handle>> {
    let pointer = NonNull::new(handle.cast::<Handle>())?;
    // SAFETY: a live handle of ours: the caller's duty.
    let references = unsafe { &pointer.as_ref().references };
    // The only one is the caller's, and nobody can make another: that is seen without writing to it.
    if references.load(Ordering::Relaxed) != 1 && references.fetch_sub(1, Ordering::Release) != 1 {
        return None;
    }
    // What others did with the handle before they gave it back happened before what follows.
    fence(Ordering::Acquire);
    Some(pointer)
}

/// Gives a reference back; NULL is fine. The last one queues the handle.
pub(super) unsafe extern "C" fn release(handle: *mut Object) {
    // SAFETY: the table's contract.
    let Some(pointer) = (unsafe { give_back(handle) }) else {
        return;
    };
    // SAFETY: alive until `free`, and this thread's alone, as the last reference is gone.
    let quiet = unsafe { pointer.as_ref() }.quiet;
    let push = if quiet { release::push_quiet } else { release::push };
    // SAFETY:
    // - `Handle` is `repr(C)` with its node first, alive until `free`; `pointer` came from the whole box.
    // - The last reference is gone, so this thread owns it alone; it was in no queue: invariant 2.
    // - `free` asks for nothing but being attached, and is quiet where it says so: invariant 3. `ready` was called by `new`.
    unsafe { push(pointer.cast()) };
}

/// Gives a reference back while attached: the object of the last one is released at once.
///
/// # Safety
///
/// A live handle, one reference to which belongs to the caller, who gives it up.
pub(super) unsafe fn release_now(_py: Python<'_>, handle: *mut Object) {
    // SAFETY: the caller's duty.
    if let Some(pointer) = unsafe { give_back(handle) } {
        // SAFETY: attached: `_py`; the last reference is gone, so this thread owns it alone; it is in no queue.
        unsafe { free(pointer.cast()) };
    }
}

unsafe extern "C" fn free(node: NonNull<Node>) {
    // SAFETY: `node` is the first field of a `Handle` that `new` made, alive until the next line.
    let object = unsafe { node.cast::<Handle>().as_ref() }.object;
    // SAFETY: a box that `new` made, of the same layout; the queue releases it once. A handle has nothing to drop.
    let spare = unsafe { Box::from_raw(node.cast::<MaybeUninit<Handle>>().as_ptr()) };
    // Where the thread has one already, or ends, it is freed.
    let _ = SPARE.try_with(|kept| kept.set(Some(spare)));
    // SAFETY: attached, as the queue promises; the handle's own reference, invariant 1, given up with it.
    unsafe { ffi::Py_DECREF(object.as_ptr()) };
}
