//! Ending the interpreter: by the thread that started it, after the operations that are under way.

use crate::args::Args;
use crate::error::{EndError, PyError};
use crate::inside::{self, Inside};
use crate::local::this_thread;
use crate::object::PyObject;
use crate::runtime::flush;
use crate::state::{self, Phase};
use crate::value::Val;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::process;

/// The program ends, and Python could not: nothing is to be waited for again.
static LEFT: AtomicBool = AtomicBool::new(false);
/// How long operations on other threads are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// See [`Runtime::end`](crate::Runtime::end).
pub(crate) fn end() -> Result<(), EndError> {
    let phase = state::phase();
    let Phase::Running(running) = &*phase else {
        return Ok(());
    };
    let ours = match &running.ours {
        // The child of a fork: the interpreter's other threads are not here, and its streams are its parent's.
        Some(ours) if ours.process != process::id() => return Ok(()),
        Some(ours) if ours.thread == this_thread() => ours,
        other => {
            let answer = if other.is_some() { Err(EndError::OtherThread) } else { Ok(()) };
            drop(phase);
            return answer.and(flush().map_err(|_| EndError::Flush));
        }
    };
    if Inside::is_inside() {
        // A callback, or a guard that is alive: Python cannot end under the feet of this very thread.
        return Err(EndError::Inside);
    }
    let (api, thread_state) = (ours.api, ours.thread_state);
    drop(phase);
    let busy = |operations| {
        let _ = flush();
        EndError::Busy { operations }
    };
    // A thread that sleeps or listens in Python may do so for ever: nothing has ended yet.
    inside::wait_for_own(PATIENCE).map_err(busy)?;
    // Python's own end would find no way in for functions of the program: threads that it joins, and what `atexit` has, may
    // call them. So both have their turn first.
    let _ = script(include_str!("before_end.py")); // What fails in it was reported there.
    inside::close(PATIENCE).map_err(busy)?;
    let mut phase = state::phase();
    // Written before Python's own end, which runs `atexit` hooks: one that comes back here finds it ended.
    *phase = Phase::Ended;
    drop(phase);
    // SAFETY: the state that `PyEval_SaveThread` gave on this very thread, which is detached since.
    unsafe { (api.PyEval_RestoreThread)(thread_state) };
    // SAFETY: attached, on the thread that started it; nobody else is in an operation, and nobody can begin one.
    match unsafe { (api.Py_FinalizeEx)() } {
        0 => Ok(()),
        _ => Err(EndError::Flush),
    }
}

/// See [`Runtime::end_with_program`](crate::Runtime::end_with_program).
pub(crate) fn end_with_program() {
    if LEFT.load(Ordering::Relaxed) || end().is_ok() {
        return;
    }
    LEFT.store(true, Ordering::Relaxed);
    // Whatever fails here, the program ends.
    let _ = script(include_str!("leave.py"));
}

/// The last `Runtime` is dropped: Python ends, unless the program has left it as it was.
pub(crate) fn end_with_last() {
    if !LEFT.load(Ordering::Relaxed) {
        // Nobody is there to be told.
        let _ = end();
    }
}

/// Runs a script of ours.
fn script(text: &str) -> Result<PyObject, PyError> {
    let names = PyObject::from_val(Val::Dict(Vec::new()))?;
    PyObject::import("builtins")?.call_method("exec", Args::new().arg(text).arg(names))
}
