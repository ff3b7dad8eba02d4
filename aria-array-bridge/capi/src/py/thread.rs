//! How a thread stands to Python: places that tracebacks show, batches, detached work.

use crate::abi::{DropFn, abi};
use crate::failure::Failure;
use crate::text::TextIn;
use aria_array_runtime::{Attached, Site, attach, detach};
use core::cell::RefCell;
use core::ffi::c_void;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

thread_local! {
    static PLACES: RefCell<Vec<aria_array_runtime::Here>> = const { RefCell::new(Vec::new()) };
    static BATCHES: RefCell<Vec<Attached>> = const { RefCell::new(Vec::new()) };
}

/// A place by the addresses of its texts, which live as long as the program.
type Key = (usize, usize, i32);

/// The place with these texts, made once.
fn site(file: TextIn, function: TextIn, line: i32) -> Result<&'static Site, Failure> {
    static SITES: Mutex<Option<HashMap<Key, &'static Site>>> = Mutex::new(None);
    let (name, of) = (file.get(-1)?, function.get(-1)?);
    let mut sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
    let sites = sites.get_or_insert_default();
    let make = || -> &'static Site { Box::leak(Box::new(Site::new(name, line, of))) };
    Ok(sites.entry((file.address(), function.address(), line)).or_insert_with(make))
}

/// How many places this thread has entered.
pub(crate) fn places() -> usize {
    PLACES.try_with(|places| places.try_borrow().map_or(0, |places| places.len())).unwrap_or(0)
}

/// Leaves the places beyond the first `keep`, the newest first.
pub(crate) fn leave_places(keep: usize) {
    while let Ok(Some(here)) = PLACES.try_with(|places| {
        let mut places = places.try_borrow_mut().ok()?;
        if places.len() > keep { places.pop() } else { None }
    }) {
        // Outside of the borrow: leaving may release an object.
        drop(here);
    }
}

/// How many batches this thread has begun.
pub(crate) fn batches() -> usize {
    BATCHES.try_with(|batches| batches.try_borrow().map_or(0, |batches| batches.len())).unwrap_or(0)
}

/// Ends the batches beyond the first `keep`, the newest first.
pub(crate) fn leave_batches(keep: usize) {
    while let Ok(Some(batch)) = BATCHES.try_with(|batches| {
        let mut batches = batches.try_borrow_mut().ok()?;
        if batches.len() > keep { batches.pop() } else { None }
    }) {
        // Outside of the borrow: objects may be released when a batch ends.
        drop(batch);
    }
}

abi! {
    /// Enters a place of the program, which tracebacks and warnings show for this thread's operations until it is left.
    /// Both texts are NUL-terminated and live as long as the program. Returns its number.
    tries fn aria_py_place_enter or aria_py_place_enter_or_exit(file: TextIn, function: TextIn, line: i32) -> i64 {
        let here = site(file, function, line)?.enter();
        Ok(PLACES.with_borrow_mut(|places| {
            places.push(here);
            places.len() as i64
        }))
    }

    /// Leaves the place of this number, and those that were entered since.
    plain fn aria_py_place_leave(place: i64) {
        leave_places(usize::try_from(place.saturating_sub(1)).unwrap_or_default());
    }

    /// Attaches this thread for a batch of operations, each of which costs less then. Returns the batch's number.
    /// Python's threads wait meanwhile: do not wait for another thread that uses Python.
    tries fn aria_py_attach or aria_py_attach_or_exit() -> i64 {
        let batch = attach()?;
        Ok(BATCHES.with_borrow_mut(|batches| {
            batches.push(batch);
            batches.len() as i64
        }))
    }

    /// Ends the batch of this number, and those that were begun since.
    plain fn aria_py_attach_leave(batch: i64) {
        leave_batches(usize::try_from(batch.saturating_sub(1)).unwrap_or_default());
    }

    /// Calls `work` with `context` while this thread is detached, so that Python's threads run: for long native work in a
    /// callback or a batch.
    tries fn aria_py_detach or aria_py_detach_or_exit(work: Option<DropFn>, context: *mut c_void) {
        let work = work.ok_or_else(|| Failure::argument("expected a function but found NULL"))?;
        // SAFETY: may be called with its context: the promise of the C caller.
        detach(|| unsafe { work(context) });
        Ok(())
    }
}
