//! What an exception carries for the program: its own error, on the way through Python and back (rule R4).

use crate::gil::attach;
use crate::local::Local;
use crate::object::PyObject;
use crate::state::operate;
use aria_array_bridge::operations::{Failure, Operations};
use core::any::Any;
use core::ffi::c_void;
use core::ptr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The program's own error: a `T`, or a [`Local`] that holds one.
pub(super) type Payload = Arc<dyn Any + Send + Sync>;

/// A payload in the table's form: where it lies, whose it is, and what gives it up.
type Raw = (*mut c_void, *const c_void, Option<unsafe extern "C" fn(*mut c_void)>);

/// No payload.
pub(super) const NOTHING: Raw = (ptr::null_mut(), ptr::null(), None);

/// Its address says that a payload is of this crate, in this program, and so a `Box<Payload>`.
static TAG: u8 = 0;

pub(super) fn shared(payload: impl Any + Send + Sync) -> Payload {
    Arc::new(payload)
}

pub(super) fn local(payload: impl Any) -> Payload {
    Arc::new(Local::new(Box::new(payload)))
}

/// The payload as a `T`; one that is local only on its own thread.
pub(super) fn get<T: Any>(payload: &Payload) -> Option<&T> {
    payload.downcast_ref().or_else(|| payload.downcast_ref::<Local>()?.get()?.downcast_ref())
}

/// Gives a payload to an exception.
pub(super) fn into_raw(payload: Payload) -> Raw {
    (Box::into_raw(Box::new(payload)).cast(), (&raw const TAG).cast(), Some(give_up))
}

/// # Safety
///
/// What `into_raw` made, given up once.
unsafe extern "C" fn give_up(payload: *mut c_void) {
    // SAFETY: boxed by `into_raw`; given up: the caller's duty.
    let payload = unsafe { Box::from_raw(payload.cast::<Payload>()) };
    // A panic in the drop of the program's error has nobody to go to; the hook has told it.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
}

/// What an exception carries for this program.
pub(super) fn find(exception: &PyObject) -> Option<Payload> {
    // Attached until it is cloned: nobody takes it from the exception meanwhile.
    let _attached = attach().ok()?;
    let mut found = ptr::null_mut();
    let body = |table: &Operations, failure: &mut Failure| {
        // SAFETY: a live handle and places that live for the call.
        unsafe { (table.payload)(exception.as_raw(), (&raw const TAG).cast(), &raw mut found, failure) }
    };
    // SAFETY: one function of the table, called as it says.
    if unsafe { operate(body) }.ok()? == 0 {
        return None;
    }
    // SAFETY: the tag says that it is of `into_raw`; the exception, which holds it, is held by the caller.
    unsafe { found.cast::<Payload>().as_ref() }.cloned()
}
