//! Attaching and detaching a thread for longer than one operation (rule R5).
//!
//! A thread has a stack of levels. Guards of a program may be dropped in any order, so a level that is left
//! while others stand on it is only marked, and undone when it is on top: the interpreter sees a clean stack always.
//! A callback that leaves levels behind has them undone when it returns.

use super::entry::enter;
use crate::release::{Inside, drain, is_waiting};
use aria_array_bridge::operations::{Failure, OK, Status};
use core::cell::{Cell, RefCell};
use pyo3::ffi;
use pyo3::prelude::*;

/// What is undone when a level is left.
enum Level {
    /// Attached by this state; the end of the interpreter waits for it.
    Attached { state: ffi::PyGILState_STATE, inside: Inside },
    /// Detached from this thread state.
    Detached(*mut ffi::PyThreadState),
}

/// A level of the stack.
struct Entry {
    level: Level,
    /// Never the same twice on a thread.
    number: Status,
    /// It is to be undone when it is on top.
    left: bool,
}

/// The levels of one thread, the outermost first.
///
/// # Invariants
///
/// 1. The states were taken on this thread in this order, and none has been given back.
#[derive(Default)]
struct Levels {
    stack: Vec<Entry>,
    /// The last number that was given.
    last: Status,
}

/// What the topmost level of a thread is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Top {
    None,
    Attached,
    Detached,
}

thread_local! {
    /// The same as in `LEVELS`, where asking must not allocate.
    static TOP: Cell<Top> = const { Cell::new(Top::None) };
    static BATCHES: Cell<usize> = const { Cell::new(0) };
    static LEVELS: RefCell<Levels> = RefCell::new(Levels::default());
}

/// This thread's levels. There are none at the very end of a thread.
fn with_levels<R>(body: impl FnOnce(&mut Levels) -> R) -> Option<R> {
    let body = |levels: &RefCell<Levels>| {
        let mut levels = levels.try_borrow_mut().ok()?;
        let result = body(&mut levels);
        BATCHES.set(levels.stack.iter().filter(|entry| matches!(entry.level, Level::Attached { .. })).count());
        TOP.set(match levels.stack.last().map(|entry| &entry.level) {
            None => Top::None,
            Some(Level::Attached { .. }) => Top::Attached,
            Some(Level::Detached(_)) => Top::Detached,
        });
        Some(result)
    };
    LEVELS.try_with(body).ok().flatten()
}

/// Adds a level, and answers its number; 0 at the very end of a thread, where it is undone at once.
fn push(level: Level) -> Status {
    let mut level = Some(level);
    let number = with_levels(|levels| {
        levels.last = levels.last.checked_add(1).unwrap_or(1);
        let number = levels.last;
        levels.stack.extend(level.take().map(|level| Entry { level, number, left: false }));
        number
    });
    if let Some(level) = level {
        undo(level);
    }
    number.unwrap_or(0)
}

/// Says whether this thread is detached by the topmost level. Operations that it does then attach it meanwhile.
pub(crate) fn is_detached() -> bool {
    TOP.get() == Top::Detached
}

/// Says whether this thread, which is inside so often, is between two operations of a batch: attached by the topmost level,
/// and doing nothing. What it drops is released by its next operation, or when it leaves the level.
pub(crate) fn is_between_operations_of_a_batch(inside: usize) -> bool {
    TOP.get() == Top::Attached && BATCHES.get() == inside
}

/// Around code of the program: levels that it leaves behind are undone when this is dropped.
pub(super) struct Balance {
    depth: usize,
}

impl Balance {
    pub(super) fn begin() -> Balance {
        Balance { depth: with_levels(|levels| levels.stack.len()).unwrap_or(0) }
    }
}

impl Drop for Balance {
    fn drop(&mut self) {
        let above = |levels: &mut Levels| (levels.stack.len() > self.depth).then(|| levels.stack.pop()).flatten();
        while let Some(entry) = with_levels(above).flatten() {
            undo(entry.level);
        }
    }
}

/// Attaches this thread for `body`, whatever PyO3 takes it for.
///
/// # Safety
///
/// The interpreter is initialized and does not end meanwhile.
pub(crate) unsafe fn attached_meanwhile<R>(body: impl for<'py> FnOnce(Python<'py>) -> R) -> R {
    struct Ensured(ffi::PyGILState_STATE);
    impl Drop for Ensured {
        fn drop(&mut self) {
            // SAFETY: taken below on this thread, given back once, in the reverse order: `body` is over.
            unsafe { ffi::PyGILState_Release(self.0) };
        }
    }
    // SAFETY: initialized: the caller's duty. Any thread may call it, attached or not.
    let _ensured = Ensured(unsafe { ffi::PyGILState_Ensure() });
    // SAFETY: attached by the line above, until `_ensured` is dropped.
    unsafe { Python::attach_unchecked(body) }
}

/// Attaches until [`leave`], and answers the level.
pub(super) unsafe extern "C" fn attach(failure: *mut Failure) -> Status {
    let Ok(inside) = Inside::enter() else {
        // SAFETY: the failure is empty: the table's contract. This one fails in the same way, and says so.
        return unsafe { enter(failure, |_| Ok(OK)) };
    };
    // SAFETY: initialized: it was when the module with this table was loaded, and its end, which the gate of `inside` tells,
    // waits for `inside`. Any thread may call it, attached or not.
    let state = unsafe { ffi::PyGILState_Ensure() };
    // An operation first, for which this thread is attached already: it releases what waits, and a pending Ctrl-C is its error.
    // SAFETY: the failure is empty: the table's contract.
    let status = unsafe { enter(failure, |_| Ok(OK)) };
    if status < 0 {
        undo(Level::Attached { state, inside });
        return status;
    }
    push(Level::Attached { state, inside })
}

/// Detaches until [`leave`], and answers the level. The caller is attached: the table's contract.
pub(super) unsafe extern "C" fn detach() -> Status {
    if is_waiting() {
        // SAFETY: attached: the caller's duty. What this thread has dropped nobody else would release meanwhile.
        unsafe { Python::attach_unchecked(drain) };
    }
    // SAFETY: attached: the caller's duty.
    push(Level::Detached(unsafe { ffi::PyEval_SaveThread() }))
}

/// Leaves a level of this thread.
pub(super) unsafe extern "C" fn leave(level: Status) {
    with_levels(|levels| {
        if let Some(entry) = levels.stack.iter_mut().rev().find(|entry| entry.number == level) {
            entry.left = true;
        }
    });
    // Taken off one by one, with no borrow alive: giving a state back may run code of any kind.
    while let Some(entry) = with_levels(|levels| levels.stack.pop_if(|entry| entry.left)).flatten() {
        undo(entry.level);
    }
}

fn undo(level: Level) {
    match level {
        Level::Attached { state, inside } => {
            if is_waiting() {
                // SAFETY: attached by the level, which is on top.
                unsafe { Python::attach_unchecked(drain) };
            }
            // SAFETY: taken on this thread, given back once, in the reverse order: invariant 1.
            unsafe { ffi::PyGILState_Release(state) };
            drop(inside);
        }
        // SAFETY: as above; detached since.
        Level::Detached(state) => unsafe { ffi::PyEval_RestoreThread(state) },
    }
}

impl Drop for Levels {
    /// A thread that ends leaves all, so that it takes nothing with it that others wait for.
    fn drop(&mut self) {
        TOP.set(Top::None);
        BATCHES.set(0);
        while let Some(entry) = self.stack.pop() {
            undo(entry.level);
        }
    }
}
