//! How a thread stands to Python: places that tracebacks show, batches, detached work.

use crate::abi::{DropFn, abi};
use crate::failure::Failure;
use crate::text::TextIn;
use aria_array_runtime::{Attached, GilState, Here, Site, attach, detach, gil_state};
use core::cell::RefCell;
use core::ffi::c_void;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const NOT_RUNNING: i32 = 0;
const DETACHED: i32 = 1;
const ATTACHED: i32 = 2;

/// Answers of `aria_py_gil_state`, as the header has them.
pub(crate) const STATES: [(&str, i32, &str); 3] = [
    ("ARIA_PY_NOT_RUNNING", NOT_RUNNING, "Answer of aria_py_gil_state: Python was not started, or it has ended."),
    ("ARIA_PY_DETACHED", DETACHED, "Answer of aria_py_gil_state: Python's threads run while this one works."),
    ("ARIA_PY_ATTACHED", ATTACHED, "Answer of aria_py_gil_state, and those above it: this thread holds Python's lock."),
];

thread_local! {
    static PLACES: RefCell<Entered<Here>> = const { RefCell::new(Entered::new()) };
    static BATCHES: RefCell<Entered<Attached>> = const { RefCell::new(Entered::new()) };
}

/// A place by the addresses of its texts, which live as long as the program.
type Key = (usize, usize, i32);

/// The place with these texts, made once; without them, none.
fn site(file: TextIn, function: TextIn, line: i32) -> Result<&'static Site, Failure> {
    static BARE: Site = Site::without_frame();
    if file.is_null() && function.is_null() {
        return Ok(&BARE);
    }
    static SITES: Mutex<Option<HashMap<Key, &'static Site>>> = Mutex::new(None);
    let (name, of) = (file.get(-1)?, function.get(-1)?);
    let mut sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
    let sites = sites.get_or_insert_default();
    let make = || -> &'static Site { Box::leak(Box::new(Site::new(name, line, of))) };
    Ok(sites.entry((file.address(), function.address(), line)).or_insert_with(make))
}

/// What a thread has entered, the innermost last; and how much of it stays, whatever is left: that of whoever called the
/// callback that runs.
struct Entered<T> {
    all: Vec<T>,
    floor: usize,
}

impl<T> Entered<T> {
    const fn new() -> Entered<T> {
        Entered { all: Vec::new(), floor: 0 }
    }

    /// Enters; answers the number, from 1.
    fn enter(&mut self, entered: T) -> i64 {
        self.all.push(entered);
        self.all.len() as i64
    }

    /// The innermost, if it is to be left with the one of this number.
    fn pop(&mut self, number: i64) -> Option<T> {
        let keep = usize::try_from(number).ok()?.checked_sub(1)?;
        if keep >= self.floor && self.all.len() > keep { self.all.pop() } else { None }
    }
}

/// A thread's own.
type Own<T> = std::thread::LocalKey<RefCell<Entered<T>>>;

/// Leaves the one of this number and those within it, the newest first. A number of none, or of one that is not the
/// callback's own, leaves none.
fn leave<T>(own: &'static Own<T>, number: i64) {
    while let Ok(Some(left)) = own.try_with(|entered| entered.try_borrow_mut().ok()?.pop(number)) {
        // Outside of the borrow: leaving may release an object.
        drop(left);
    }
}

fn floored<T, R>(own: &'static Own<T>, work: impl FnOnce() -> R) -> R {
    let floor = own.with_borrow_mut(|entered| core::mem::replace(&mut entered.floor, entered.all.len()));
    let answer = work();
    leave(own, own.with_borrow(|entered| entered.floor as i64 + 1));
    own.with_borrow_mut(|entered| entered.floor = floor);
    answer
}

/// Runs a callback: it leaves no place and no batch of its caller's, and those that it forgets to leave end with it.
pub(crate) fn within<R>(work: impl FnOnce() -> R) -> R {
    floored(&PLACES, || floored(&BATCHES, work))
}

abi! {
    /// Enters a place of the program, which tracebacks and warnings show for this thread's operations until it is left.
    /// Both texts are NUL-terminated and live as long as the program. Returns its number. Without a file and a function, both
    /// NULL, operations run in no frame and cost least: for a loop around code that does not look at its caller, as
    /// `warnings.warn`, `eval` and pandas' assignment do.
    tries fn aria_py_place_enter or aria_py_place_enter_or_exit(file: TextIn, function: TextIn, line: i32) -> i64 {
        let here = site(file, function, line)?.enter();
        Ok(PLACES.with_borrow_mut(|places| places.enter(here)))
    }

    /// Leaves the place of this number, and those that were entered since. A number below 1, and that of a place that was
    /// entered before the callback that runs, leaves none.
    plain fn aria_py_place_leave(place: i64) {
        leave(&PLACES, place);
    }

    /// How this thread stands to Python: ARIA_PY_NOT_RUNNING, ARIA_PY_DETACHED, or ARIA_PY_ATTACHED and above it as many as
    /// the thread has batches. Takes no lock: **any thread**, at any time.
    plain fn aria_py_gil_state() -> i32 {
        match gil_state() {
            GilState::Attached { guards } => i32::try_from(guards).unwrap_or(i32::MAX).saturating_add(ATTACHED),
            GilState::Detached => DETACHED,
            _ => NOT_RUNNING,
        }
    }

    /// Attaches this thread for a batch of operations, each of which costs less then. Returns the batch's number.
    /// Python's threads wait meanwhile: do not wait for another thread that uses Python.
    tries fn aria_py_attach or aria_py_attach_or_exit() -> i64 {
        let batch = attach()?;
        Ok(BATCHES.with_borrow_mut(|batches| batches.enter(batch)))
    }

    /// Ends the batch of this number, and those that were begun since, as aria_py_place_leave does.
    plain fn aria_py_attach_leave(batch: i64) {
        leave(&BATCHES, batch);
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
