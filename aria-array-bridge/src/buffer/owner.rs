//! `Owner`: a counted handle to whatever frees the memory, released exactly once (rules O1–O3).

use crate::ledger::Ticket;
use core::ffi::c_void;
use core::fmt;
use core::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

/// What happens when the last handle goes.
///
/// The box arrives whole, so that an owner whose end must wait (a Python object, dropped detached) can be put
/// into a queue as it is, without an allocation. A release never panics, blocks or calls back into an array.
pub trait Release: Send + Sync + 'static {
    /// Ends the ownership. Called once, on the thread that drops the last handle.
    fn release(self: Box<Self>);
}

/// A counted handle to an owner. Clone and drop work on any thread.
///
/// `None` owns nothing, and costs nothing.
#[derive(Clone)]
pub struct Owner(Option<Arc<Inner>>);

struct Inner {
    what: Option<Box<dyn Release>>,
    exports: AtomicI64,
    _ticket: Option<Ticket>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(what) = self.what.take() {
            what.release();
        }
    }
}

/// Keeps any value, and drops it.
struct Keep<T>(#[allow(dead_code, reason = "kept for its drop")] T);

impl<T: Send + Sync + 'static> Release for Keep<T> {
    fn release(self: Box<Self>) {}
}

impl Owner {
    /// Keeps `value` until the last handle goes, and drops it.
    pub fn new<T: Send + Sync + 'static>(value: T) -> Owner {
        Owner::keeping(value, None)
    }

    /// Keeps `value` until the last handle goes, and drops it; the ledger's ticket ends with it.
    pub fn keeping<T: Send + Sync + 'static>(value: T, ticket: Option<Ticket>) -> Owner {
        Owner::with_release(Box::new(Keep(value)), ticket)
    }

    /// Releases `what` when the last handle goes; the ledger's ticket ends with it.
    pub fn with_release(what: Box<dyn Release>, ticket: Option<Ticket>) -> Owner {
        Owner(Some(Arc::new(Inner { what: Some(what), exports: AtomicI64::new(0), _ticket: ticket })))
    }

    /// Owns nothing: for memory that lives as long as the process, or that something beside the array keeps alive.
    /// Its exports are not counted.
    pub const fn immortal() -> Owner {
        Owner(None)
    }

    /// Returns true for [`immortal`](Self::immortal).
    pub(crate) fn is_immortal(&self) -> bool {
        self.0.is_none()
    }

    /// Exports that are alive: foreign hands that hold this memory (rule O3).
    pub fn exports(&self) -> usize {
        self.counter().load(Ordering::Acquire).max(0).unsigned_abs() as usize
    }

    /// Counts one export until the guard is dropped. The guard keeps the owner alive.
    pub fn export(&self, ticket: Option<Ticket>) -> ExportGuard {
        if let Some(inner) = &self.0 {
            inner.exports.fetch_add(1, Ordering::AcqRel);
        }
        ExportGuard { owner: self.clone(), _ticket: ticket }
    }

    /// Returns true if this is the only handle. Synchronises with the drop of the others.
    pub(crate) fn is_sole(&mut self) -> bool {
        self.0.as_mut().is_some_and(|inner| Arc::get_mut(inner).is_some())
    }

    /// The counter of exports, for readers in C: valid while a handle lives.
    pub(crate) fn exports_counter(&self) -> *const i64 {
        self.counter().as_ptr().cast_const()
    }

    fn counter(&self) -> &AtomicI64 {
        static NONE: AtomicI64 = AtomicI64::new(0); // Never written.
        self.0.as_ref().map_or(&NONE, |inner| &inner.exports)
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner").field("exports", &self.exports()).finish_non_exhaustive()
    }
}

/// One export that is alive.
#[derive(Debug)]
pub struct ExportGuard {
    owner: Owner,
    _ticket: Option<Ticket>,
}

impl Drop for ExportGuard {
    fn drop(&mut self) {
        if let Some(inner) = &self.owner.0 {
            inner.exports.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// A C function that frees foreign memory, and its argument.
#[derive(Debug)]
pub struct Deleter {
    context: *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: the maker of a `Deleter` promises that `free(context)` may be called on any thread.
unsafe impl Send for Deleter {}
// SAFETY: a shared `Deleter` does nothing; it is called by value, once.
unsafe impl Sync for Deleter {}

impl Deleter {
    /// Calls `free(context)` when dropped.
    ///
    /// # Safety
    ///
    /// `free(context)` may be called once, on any thread, at any time until the process ends, and does not unwind.
    pub unsafe fn new(context: *mut c_void, free: unsafe extern "C" fn(*mut c_void)) -> Deleter {
        Deleter { context, free }
    }
}

impl Drop for Deleter {
    fn drop(&mut self) {
        // SAFETY: once, since this is the drop; the rest is the promise of `new`.
        unsafe { (self.free)(self.context) };
    }
}
