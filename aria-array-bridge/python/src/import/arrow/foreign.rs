//! `Foreign`: a struct of somebody else's, released as rule O4 wants it.

use crate::release;
use aria_array_bridge::buffer::Release;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use pyo3::prelude::*;

/// An owned Arrow struct. It is released attached, with no exception pending and under no lock of ours: what Arrow's
/// producers in Python keep behind it may need the interpreter.
///
/// # Invariants
///
/// 1. The value is there until it is dropped or taken out, which ends the life of this.
pub(crate) struct Foreign<T>(ManuallyDrop<T>);

impl<T> Foreign<T> {
    pub(crate) fn new(owned: T) -> Foreign<T> {
        Foreign(ManuallyDrop::new(owned))
    }

    pub(crate) fn into_inner(self) -> T {
        let mut kept = ManuallyDrop::new(self);
        // SAFETY: there: invariant 1; `kept` is never dropped, so that nobody takes it again.
        unsafe { ManuallyDrop::take(&mut kept.0) }
    }
}

impl<T> Deref for Foreign<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Foreign<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> Drop for Foreign<T> {
    fn drop(&mut self) {
        // SAFETY: lives in a Python object, or on the stack of a function that is attached.
        let py = unsafe { Python::assume_attached() };
        release::undisturbed(py, || {
            // SAFETY: there, and dropped once: invariant 1.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        });
    }
}

impl<T: Send + Sync + 'static> Release for Foreign<T> {
    fn release(self: Box<Self>) {}
}
