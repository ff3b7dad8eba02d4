//! Handles of what lies in a box of ours, and contexts of the program that are dropped once.

use crate::abi::{Answer, CType, DropFn, Give};
use crate::failure::Failure;
use crate::scope;
use core::ffi::c_void;

/// What is handed out in a box.
pub(crate) trait Opaque: Sized + 'static {
    /// As errors call it.
    const WHAT: &'static str;
}

/// A handle that a C caller passed: NULL, or one that [`Made`] handed out and that was not consumed or released.
#[repr(transparent)]
pub(crate) struct Handle<T>(*mut T);

impl<T: Opaque> Handle<T> {
    fn null() -> Failure {
        Failure::argument(format_args!("expected {} but found NULL", T::WHAT))
    }

    pub(crate) fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// Looks at the value, also while Python runs: what runs there may look at it too.
    pub(crate) fn look<R>(self, work: impl FnOnce(&T) -> R) -> Result<R, Failure> {
        // SAFETY: NULL or live for the call, and used by one thread at a time: the promise of the C caller. What changes it
        // meanwhile, on this thread, is a function that this one calls, and none that runs Python changes it by a reference.
        unsafe { self.0.as_ref() }.map(work).ok_or_else(Self::null)
    }

    /// Looks at the value, or changes it, where no Python runs meanwhile.
    pub(crate) fn with<R>(self, work: impl FnOnce(&mut T) -> R) -> Result<R, Failure> {
        // SAFETY: NULL or live, and used by one thread at a time: the promise of the C caller. `work` gets no handle.
        unsafe { self.0.as_mut() }.map(work).ok_or_else(Self::null)
    }

    /// Takes the value back.
    pub(crate) fn take(self) -> Result<Box<T>, Failure> {
        if self.0.is_null() {
            return Err(Self::null());
        }
        scope::forget(self.0.cast());
        // SAFETY: boxed by `Made`, and given up by the C caller, who promises to do so once.
        Ok(unsafe { Box::from_raw(self.0) })
    }
}

/// A value that is handed out.
pub(crate) struct Made<T>(pub(crate) T);

impl<T: Opaque> Made<T> {
    pub(crate) fn hand_out(self) -> *mut T {
        let handle = Box::into_raw(Box::new(self.0));
        scope::register(handle.cast(), drop_box::<T>);
        handle
    }
}

impl<T: Opaque> Give for Made<T>
where
    *mut T: CType + Answer,
{
    type C = *mut T;
    fn give(self) -> *mut T {
        self.hand_out()
    }
}

/// # Safety
///
/// What `Made<T>` handed out, given up once.
unsafe fn drop_box<T>(handle: *mut c_void) {
    // SAFETY: the caller's duty.
    drop(unsafe { Box::from_raw(handle.cast::<T>()) });
}

/// Ends a context of the program, if it has an end.
pub(crate) fn drop_context(context: *mut c_void, drop: Option<DropFn>) {
    if let Some(drop) = drop {
        // SAFETY: the header says that it is called with its context, once, on any thread.
        unsafe { drop(context) };
    }
}
