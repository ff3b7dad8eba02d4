//! The one Python of this process: whether it runs, and its table.

use crate::error::PyError;
use crate::inside::{self, Inside};
use crate::load::{self, Api};
use crate::local::{drop_arrivals, this_thread};
use crate::report::Origin;
use aria_array_bridge::operations::{Failure, Operations, Status};
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::StartError;

/// An interpreter that runs.
pub(crate) struct Running {
    pub(crate) origin: Origin,
    /// What is needed to end it; `None` when it is not ours to end.
    pub(crate) ours: Option<Ours>,
}

/// What is needed to end an interpreter that we started.
pub(crate) struct Ours {
    pub(crate) api: Api,
    /// Thread state of the thread that started it, detached.
    pub(crate) thread_state: *mut c_void,
    /// See [`this_thread`].
    pub(crate) thread: u64,
    /// The process that started it; the child of a fork has only one thread.
    pub(crate) process: u32,
}

// SAFETY: `thread_state` is used by the thread that `thread` names alone: `end` compares.
unsafe impl Send for Ours {}

/// What there is.
pub(crate) enum Phase {
    /// No Python, and no reason why there should not be one.
    Never,
    /// This thread starts it, or joins it, and runs code of Python's meanwhile.
    Starting(u64),
    /// It runs.
    Running(Box<Running>),
    /// Starting failed when it had gone too far to try again.
    Failed(StartError),
    /// It has ended, for good.
    Ended,
}

static PHASE: Mutex<Phase> = Mutex::new(Phase::Never);
/// A start is over, whatever came of it.
static SETTLED: Condvar = Condvar::new();
/// NULL until the core module is loaded; from then on a table that lives as long as the process.
static TABLE: AtomicPtr<Operations> = AtomicPtr::new(ptr::null_mut());
/// A function that answers a thread state, or NULL.
type StateOf = unsafe extern "C" fn() -> *mut c_void;
/// The state that is attached, and this thread's own. (`PyGILState_Check` says yes to all once a subinterpreter was made.)
static STATES: OnceLock<[StateOf; 2]> = OnceLock::new();
/// How many `Runtime`s there are; the last one ends Python when it is dropped.
pub(crate) static RUNTIMES: AtomicUsize = AtomicUsize::new(0);

/// Locks the phase. Nobody who has it waits for the lock of the interpreter, which this thread may hold.
pub(crate) fn phase() -> MutexGuard<'static, Phase> {
    // A panic while it was locked left a phase that is true still: it is written last.
    PHASE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks the phase when no other thread is starting Python: such a one is waited for **detached**, since it needs the lock of
/// the interpreter. `None` where this very thread is starting it.
pub(crate) fn settled_phase() -> Option<MutexGuard<'static, Phase>> {
    loop {
        let phase = phase();
        match &*phase {
            Phase::Starting(thread) if *thread == this_thread() => return None,
            Phase::Starting(_) => {}
            _ => return Some(phase),
        }
        drop(phase);
        load::detached(|| {
            let starting = |phase: &mut Phase| matches!(phase, Phase::Starting(_));
            drop(SETTLED.wait_while(self::phase(), starting).unwrap_or_else(PoisonError::into_inner));
        });
    }
}

/// A start that is under way on this thread. Whatever becomes of it, also by a panic, others go on then.
pub(crate) struct Start(());

impl Start {
    /// Says that this thread starts Python.
    pub(crate) fn begin(mut phase: MutexGuard<'static, Phase>) -> Start {
        *phase = Phase::Starting(this_thread());
        Start(())
    }

    /// Says what became of it.
    pub(crate) fn settle(self, settled: Phase) {
        *phase() = settled;
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        let mut phase = phase();
        if matches!(*phase, Phase::Starting(_)) {
            *phase = Phase::Never;
        }
        drop(phase);
        SETTLED.notify_all();
    }
}

/// Makes the table known. Operations work from now on.
pub(crate) fn publish(api: &Api, table: &'static Operations) {
    // The first one stays: there is one library in a process.
    let _ = STATES.set([api.attached, api.PyGILState_GetThisThreadState]);
    TABLE.store(ptr::from_ref(table).cast_mut(), Ordering::Release);
}

/// Says whether this thread is attached, by whomever; no once Python has ended.
pub(crate) fn is_attached() -> bool {
    let running = !inside::is_closed() || Inside::is_inside();
    let Some(states) = STATES.get().filter(|_| running) else { return false };
    // SAFETY: may be called at any time by any thread; the library is never unloaded.
    let [attached, own] = states.map(|state_of| unsafe { state_of() });
    !own.is_null() && attached == own
}

/// The table, if the core module has ever been loaded.
pub(crate) fn table() -> Option<&'static Operations> {
    // SAFETY: NULL, or what `publish` was given: a table that lives as long as the process and never changes.
    unsafe { TABLE.load(Ordering::Acquire).as_ref() }
}

/// Does one operation, if Python runs.
///
/// # Safety
///
/// `body` calls one function of the table, which is given the failure, as the table says, and hands its status on.
#[inline]
pub(crate) unsafe fn operate(body: impl FnOnce(&Operations, &mut Failure) -> Status) -> Result<Status, PyError> {
    drop_arrivals();
    let inside = Inside::enter().ok_or_else(PyError::not_running)?;
    let table = table().ok_or_else(PyError::not_running)?;
    let mut failure = Failure::EMPTY;
    let status = body(table, &mut failure);
    drop(inside);
    if status < 0 {
        // SAFETY: the table filled it, as the caller promises; it is taken once.
        return Err(unsafe { PyError::from_failure(status, failure) });
    }
    Ok(status)
}
