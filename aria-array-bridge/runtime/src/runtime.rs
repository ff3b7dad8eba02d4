//! `Runtime`: Python in this process, from its start to its end.

use crate::config::Config;
use crate::core_module;
use crate::end;
use crate::error::{EndError, PyError, StartError};
use crate::find::{Found, find};
use crate::here::Place;
use crate::load::{self, Api, Loaded};
use crate::local::{self, this_thread};
use crate::probe::Facts;
use crate::report::{JOINED, Origin, Report};
use crate::start;
use crate::state::{self, Ours, Phase, RUNTIMES, Running, Start, operate};
use aria_array_bridge::operations::{Failure, Operations};
use core::sync::atomic::Ordering;

/// Python runs while there is one. The last one that is dropped ends it, also when a panic unwinds.
///
/// `process::exit` drops nothing: call [`end_with_program`](Runtime::end_with_program) before it, or output may be lost.
#[derive(Debug)]
pub struct Runtime {
    _private: (),
}

impl Runtime {
    /// Finds an interpreter, loads and starts it. **Takes some milliseconds**; the second time it answers the runtime
    /// that there is. This thread becomes Python's main thread, and nothing is held when it returns: any thread may do
    /// operations.
    ///
    /// Any thread may start it, several at once, attached to a Python that runs here or not: one does, the others wait.
    /// In a process that runs Python already, that one is used, and stays when ours ends. Only a Python that
    /// [`Config::python`] names is compared with the one that runs; the rest of the configuration comes too late.
    ///
    /// # Errors
    ///
    /// Names what was tried and what to do. After some errors Python cannot be started again in this process; the text says so.
    pub fn start(config: &Config) -> Result<Runtime, StartError> {
        let Some(phase) = state::settled_phase() else { return Err(StartError::Starting) };
        match &*phase {
            Phase::Running(running) => {
                let Origin { version, place, .. } = running.origin.clone();
                // Counted before others may end it.
                let runtime = Runtime::counted();
                drop(phase); // Python may be asked what it is.
                place.refuse_another(config, &version)?;
                return Ok(runtime);
            }
            Phase::Ended => return Err(StartError::Ended),
            Phase::Failed(error) => return Err(StartError::FailedBefore(Box::new(error.clone()))),
            Phase::Never | Phase::Starting(_) => {}
        }
        let start = Start::begin(phase);
        match bring_up(config) {
            Ok(running) => {
                let runtime = Runtime::counted();
                start.settle(Phase::Running(Box::new(running)));
                Ok(runtime)
            }
            Err(Failed::Harmlessly(error)) => Err(error),
            Err(Failed::ForGood(error)) => {
                start.settle(Phase::Failed(error.clone()));
                Err(error)
            }
        }
    }

    fn counted() -> Runtime {
        RUNTIMES.fetch_add(1, Ordering::Relaxed);
        Runtime { _private: () }
    }

    /// What runs here and where it came from: what `aria-bridge doctor` prints.
    pub fn report(&self) -> Report {
        let origin = match &*state::phase() {
            Phase::Running(running) => running.origin.clone(),
            _ => Origin::default(),
        };
        Report::collect(origin)
    }

    /// Flushes `sys.stdout` and `sys.stderr`.
    ///
    /// # Errors
    ///
    /// What Python raises: `BrokenPipeError` when nobody reads any more.
    pub fn flush(&self) -> Result<(), PyError> {
        flush()
    }

    /// Runs pending signal handlers; see [`Config::signals`].
    ///
    /// # Errors
    ///
    /// What a handler raises: `KeyboardInterrupt`.
    pub fn check_signals(&self) -> Result<(), PyError> {
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: places that live for the call.
            unsafe { (table.check_signals)(failure) }
        };
        // SAFETY: one function of the table, called as it says.
        unsafe { operate(body) }.map(drop)
    }

    /// Releases the objects that were dropped and wait for somebody to be attached.
    pub fn drain(&self) {
        let body = |table: &Operations, _: &mut Failure| {
            // SAFETY: places that live for the call.
            unsafe { (table.drain)() }
        };
        // SAFETY: one function of the table, called as it says.
        let _ = unsafe { operate(body) };
    }

    /// Counts objects that were dropped: those that were released, and those that leaked since Python had ended.
    pub fn releases(&self) -> Releases {
        let (mut released, mut leaked) = (0, 0);
        if let Some(table) = state::table() {
            // SAFETY: places that live for the call; works at any time.
            unsafe { (table.release_counts)(&raw mut released, &raw mut leaked) };
        }
        Releases { released, leaked, local_leaked: local::leaked() }
    }

    /// Ends Python: waits up to ten seconds for operations on other threads, joins Python's threads, runs `atexit`, flushes
    /// the streams.
    ///
    /// For the thread that started it. Does nothing the second time. In a process whose Python is not ours it flushes
    /// the streams, and nothing ends. Objects that live on may be dropped at any time; every operation fails from
    /// now on, and Python cannot be started again in this process.
    ///
    /// # Errors
    ///
    /// Another thread, operations that go on and on: Python runs on then, its streams flushed. This thread in a callback
    /// or attached by a guard: Python runs on. Streams that cannot be
    /// written to: Python has ended all the same.
    pub fn end(&self) -> Result<(), EndError> {
        end::end()
    }

    /// For a program that ends now, by `process::exit` or by a return from `main`: ends Python, as [`end`](Runtime::end)
    /// does. Where that is refused (a callback is on the stack, another thread started it, operations go on) it runs the
    /// functions of `atexit` and what waits for the end of threads, and flushes the streams: no worker process and no output
    /// stays behind. What goes wrong in it is not told.
    pub fn end_with_program(&self) {
        end::end_with_program();
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if RUNTIMES.fetch_sub(1, Ordering::AcqRel) == 1 {
            end::end_with_last();
        }
    }
}

/// How many objects were dropped in this process, and what became of them. See [`Runtime::releases`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Releases {
    /// Given back to Python.
    pub released: u64,
    /// Leaked, because Python had ended.
    pub leaked: u64,
    /// Values of one thread ([`PyObject::callable_local`](crate::PyObject::callable_local)) that leaked, because another
    /// thread dropped them when theirs had ended.
    pub local_leaked: u64,
}

/// Flushes Python's streams, if Python runs.
pub(crate) fn flush() -> Result<(), PyError> {
    let body = |table: &Operations, failure: &mut Failure| {
        // SAFETY: places that live for the call.
        unsafe { (table.flush)(failure) }
    };
    // SAFETY: one function of the table, called as it says.
    unsafe { operate(body) }.map(drop)
}

/// How starting failed.
enum Failed {
    /// Nothing was loaded: another attempt may do better.
    Harmlessly(StartError),
    /// A library is loaded, and perhaps initialized: another one beside it would mix the two.
    ForGood(StartError),
}

fn bring_up(config: &Config) -> Result<Running, Failed> {
    if let Some(here) = load::already_here().filter(Loaded::is_running) {
        return join(config, here).map_err(Failed::Harmlessly);
    }
    let found = find(config).map_err(Failed::Harmlessly)?;
    let layout = start::suitable(&found.facts).map_err(Failed::Harmlessly)?;
    let loaded = load::library(&found.facts, config.libpython.as_ref()).map_err(|error| match error {
        StartError::NoSharedLibrary { .. } | StartError::NoSuchLibrary { .. } => Failed::Harmlessly(error),
        error => Failed::ForGood(error),
    })?;
    if loaded.is_running() {
        // It runs, but was loaded with its symbols hidden until now.
        return join(config, loaded).map_err(Failed::ForGood);
    }
    start::start(&loaded.api, &found.facts, layout, config).map_err(Failed::ForGood)?;
    // SAFETY: attached: this thread has just started it.
    match unsafe { core_module::load(&loaded.api, config, true) } {
        Ok(core) => {
            state::publish(&loaded.api, core.table);
            // SAFETY: this thread has just started Python, and from here on it is this crate that runs it on this thread.
            unsafe { (core.table.main_thread)() };
            // SAFETY: attached; nothing of Python is in use on this thread.
            let thread_state = unsafe { (loaded.api.PyEval_SaveThread)() };
            let ours = Ours { api: loaded.api, thread_state, thread: this_thread(), process: std::process::id() };
            let Found { facts, from } = found;
            Ok(Running { origin: Origin::started(&facts, from, &loaded, &core), ours: Some(ours) })
        }
        Err(tried) => {
            // SAFETY: attached, and this is the thread that started it.
            unsafe { (loaded.api.Py_FinalizeEx)() };
            let Found { facts: Facts { executable, version, .. }, from } = found;
            Err(Failed::ForGood(StartError::NoCore { python: executable, version, from, tried }))
        }
    }
}

/// Works attached to an interpreter that runs.
fn attached<R>(api: &Api, work: impl FnOnce() -> R) -> R {
    // SAFETY: initialized, and any thread may attach.
    let state = unsafe { (api.PyGILState_Ensure)() };
    let answer = work();
    // SAFETY: given back once, on the thread that took it.
    unsafe { (api.PyGILState_Release)(state) };
    answer
}

/// Uses the Python that runs in this process already.
fn join(config: &Config, here: Loaded) -> Result<Running, StartError> {
    // SAFETY: attached, where it runs.
    let place = attached(&here.api, || unsafe { Place::ask(&here.api) });
    // In between, so that nobody waits for another Python that is asked what it is.
    place.refuse_another(config, &here.version)?;
    // SAFETY: as above.
    let core = attached(&here.api, || unsafe { core_module::load(&here.api, config, false) });
    let core = core.map_err(|tried| {
        let (python, version) = (place.executable.clone(), here.version.clone());
        StartError::NoCore { python, version, from: JOINED, tried }
    })?;
    state::publish(&here.api, core.table);
    Ok(Running { origin: Origin::joined(config, &here, place, &core), ours: None })
}
