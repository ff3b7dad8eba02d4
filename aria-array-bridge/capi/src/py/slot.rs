//! Slots: places of the program's that keep an object once it was made, such as a module for each `extern` line.

use crate::abi::{Give, c_types};
use crate::failure::Failure;
use aria_array_bridge::operations::Object;
use aria_array_runtime::PyObject;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// A place of the program's for one object: NULL, or a handle that this function put there.
#[repr(transparent)]
pub(crate) struct Slot(*mut *mut Object);

c_types! {
    Slot = "AriaPy **" 'p';
}

/// A handle that stays somebody else's.
pub(crate) struct Lent(*mut Object);

impl Give for Lent {
    type C = *mut Object;
    fn give(self) -> *mut Object {
        self.0
    }
}

impl Slot {
    /// What the slot has; if it has nothing, what is made for it. Who comes second gives up what they made.
    pub(crate) fn get(self, make: impl FnOnce() -> Result<PyObject, Failure>) -> Result<Lent, Failure> {
        if self.0.is_null() {
            return Err(Failure::argument("expected a slot for the module but found NULL"));
        }
        // SAFETY: a pointer of the program's, as long as the program, which this function alone writes to: the promise of the
        // C caller.
        let slot = unsafe { AtomicPtr::from_ptr(self.0) };
        let kept = slot.load(Ordering::Acquire);
        if !kept.is_null() {
            return Ok(Lent(kept));
        }
        let made = make()?.into_raw();
        match slot.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(Lent(made)),
            Err(first) => {
                // SAFETY: the reference that was just given up, and that nobody else has seen.
                drop(unsafe { PyObject::from_raw(made) });
                Ok(Lent(first))
            }
        }
    }
}
