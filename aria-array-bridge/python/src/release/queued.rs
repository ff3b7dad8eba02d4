//! `Queued`: a value that is dropped attached, wherever the handle to it is dropped.

use super::{READY, push, undisturbed};
use aria_array_bridge::queue::Node;
use core::cell::Cell;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;
use pyo3::prelude::*;

/// A value that is dropped attached, with no exception pending, wherever the handle to it is dropped (rule O2).
pub(crate) struct Queued<T: Send + 'static>(NonNull<Waiting<T>>);

#[repr(C)]
struct Waiting<T> {
    node: Node,
    value: T,
}

// SAFETY: owned alone by this handle, and sent with it; it is dropped on whichever thread is attached.
unsafe impl<T: Send> Send for Queued<T> {}
// SAFETY: a shared handle gives out nothing but `&T`.
unsafe impl<T: Send + Sync> Sync for Queued<T> {}

impl<T: Send + 'static> Queued<T> {
    /// Takes the value over, on any thread, attached or not.
    pub(crate) fn new(value: T) -> Queued<T> {
        let waiting = Box::new(Waiting { node: Node::new(free_waiting::<T>), value });
        Queued(NonNull::from(Box::leak(waiting)))
    }
}

/// Drops of this module's objects within each other at most: each takes some stack, and one may hold the next, and so on.
const MAX_DEEP: usize = 32;

/// Drops a value now; or, if this thread is deep within such drops, by the queue.
pub(crate) fn drop_shallowly<T: Send + 'static>(_py: Python<'_>, value: T) {
    thread_local! {
        static DEEP: Cell<usize> = const { Cell::new(0) };
    }
    let depth = DEEP.get();
    if depth >= MAX_DEEP {
        return drop(Queued::new(value));
    }
    DEEP.set(depth + 1);
    drop(value);
    DEEP.set(depth);
}

impl<T: Send> Deref for Queued<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: leaked by `new`, and alive until the drop.
        &unsafe { self.0.as_ref() }.value
    }
}

impl<T: Send + 'static> Drop for Queued<T> {
    fn drop(&mut self) {
        if !READY.load(Ordering::Acquire) {
            return; // Leaked: the module was never imported, and nothing of it releases.
        }
        // SAFETY: `repr(C)` with the node first, leaked from a whole box, in no queue, given up here. `free_waiting` asks for
        // nothing but being attached. `ready` ran, as was just asked.
        unsafe { push(self.0.cast()) };
    }
}

unsafe extern "C" fn free_waiting<T>(node: NonNull<Node>) {
    // SAFETY: the first field of a box that `Queued::new` leaked; the queue releases it once.
    let waiting = unsafe { Box::from_raw(node.cast::<Waiting<T>>().as_ptr()) };
    // SAFETY: attached, as the queue promises.
    let py = unsafe { Python::assume_attached() };
    undisturbed(py, || drop(waiting));
}
