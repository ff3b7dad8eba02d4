//! Attaching and detaching a thread for longer than one operation, in scopes that nest (rule R5).
//!
//! Nothing here is needed: every operation attaches by itself. `attach` makes many operations cheaper; `detach`
//! lets Python's threads run while native work is done in a callback.

use crate::error::PyError;
use crate::inside::Inside;
use crate::state::{is_attached, operate, table};
use aria_array_bridge::operations::{Failure, Operations, Status};
use core::cell::Cell;
use core::marker::PhantomData;

thread_local! {
    /// How many `Attached` guards this thread has.
    static GUARDS: Cell<usize> = const { Cell::new(0) };
}

/// How this thread stands to Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GilState {
    /// Python was not started, or it has ended.
    NotRunning,
    /// Python's threads run while this one works.
    Detached,
    /// This thread holds Python's lock: in a callback, by a guard, or because its host does.
    Attached {
        /// How many guards of [`attach`] are alive on this thread.
        guards: usize,
    },
}

/// Says how this thread stands to Python. Takes no lock. Any thread, at any time.
pub fn gil_state() -> GilState {
    if table().is_none() || Inside::enter().is_none() {
        GilState::NotRunning
    } else if is_attached() {
        GilState::Attached { guards: GUARDS.get() }
    } else {
        GilState::Detached
    }
}

/// Attaches this thread until the guard is dropped, for a batch of operations: each costs less then.
///
/// Python's threads wait meanwhile, but for the moments in which Python code runs. So do not wait for another thread
/// that uses Python, and do long native work in [`detach`]. Guards nest, and may be dropped in any order: one that
/// others stand on ends with them.
///
/// ```no_run
/// use aria_array_runtime::prelude::*;
/// # fn f(rows: &PyObject) -> Result<(), PyError> {
/// let _batch = attach()?;
/// for row in rows.iter()? {
///     println!("{}", row?.getitem(0)?);
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Python does not run.
pub fn attach() -> Result<Attached, PyError> {
    // Held by the guard, so that the end of Python waits for it.
    let inside = Inside::enter().ok_or_else(PyError::not_running)?;
    let body = |table: &Operations, failure: &mut Failure| {
        // SAFETY: a place that lives for the call. The level is left by the guard, on this thread.
        unsafe { (table.attach)(failure) }
    };
    // SAFETY: one function of the table, called as it says.
    let level = unsafe { operate(body) }?;
    GUARDS.set(GUARDS.get() + 1);
    Ok(Attached { _level: Level(level), _inside: inside, _thread: PhantomData })
}

/// Detaches this thread for `work`, so that Python's threads run: for long native work in a callback or a batch.
///
/// Operations inside attach by themselves, as ever. Does nothing more on a thread that is detached. (No guard, which a
/// callback could forget, and come back to Python without its lock.)
pub fn detach<R>(work: impl FnOnce() -> R) -> R {
    let inside = Inside::enter();
    let level = match table() {
        // SAFETY: attached, which is all it asks for. The level is left below, on this thread, also by a panic.
        Some(table) if inside.is_some() && is_attached() => unsafe { (table.detach)() },
        _ => 0,
    };
    // Dropped in the reverse order: the level before the leave to be inside.
    let _inside = inside.filter(|_| level > 0);
    let _level = Level(level);
    work()
}

/// A level of the table, left when dropped.
#[derive(Debug)]
struct Level(Status);

impl Drop for Level {
    fn drop(&mut self) {
        if self.0 > 0
            && let Some(table) = table()
        {
            // SAFETY: a level of this thread: guards stay on theirs; left once.
            unsafe { (table.leave)(self.0) };
        }
    }
}

/// Attached until it is dropped. See [`attach`].
#[derive(Debug)]
#[must_use = "the thread is detached when this is dropped"]
pub struct Attached {
    // Fields are dropped in this order: the level before the leave to be inside.
    _level: Level,
    _inside: Inside,
    /// Levels are a matter of the thread, so the guard stays on it.
    _thread: PhantomData<*const ()>,
}

impl Drop for Attached {
    fn drop(&mut self) {
        GUARDS.set(GUARDS.get() - 1);
    }
}
