//! Python started and ended.

use crate::abi::abi;
use crate::failure::Failure;
use crate::text::{Text, TextIn};
use aria_array_runtime::{Config, Releases, Runtime};
use std::panic::catch_unwind;
use std::sync::OnceLock;

/// What was started. No lock is held while it is used: its functions wait for Python's own.
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

unsafe extern "C" {
    fn atexit(hook: extern "C" fn()) -> i32;
}

extern "C" fn at_exit() {
    end_quietly();
}

/// Ends Python, if it runs, for a program that ends: nobody is there to be told.
pub(crate) fn end_quietly() {
    let _ = catch_unwind(|| RUNTIME.get().map(Runtime::end_with_program));
}

pub(super) fn start(config: &Config) -> Result<(), Failure> {
    let started = Runtime::start(config).map_err(Failure::start)?;
    if RUNTIME.set(started).is_ok() {
        // SAFETY: a function that lives as long as the program. Without room for it the program must end Python itself.
        unsafe { atexit(at_exit) };
    }
    Ok(())
}

fn counted(count: impl FnOnce(Releases) -> u64) -> i64 {
    RUNTIME.get().map_or(0, |runtime| count(runtime.releases()).cast_signed())
}

fn started() -> Result<&'static Runtime, Failure> {
    RUNTIME.get().ok_or_else(|| Failure::state("expected a running Python but it was not started"))
}

abi! {
    /// Finds Python by ARIA_PYTHON, VIRTUAL_ENV and PATH, in this order, and starts it. The second time it does nothing.
    /// In a process that runs Python already, that one is used. When the program ends, it ends Python, also by exit();
    /// where Python cannot end, in a callback or on another thread, its atexit functions run and its streams are flushed.
    /// Threads that are inside of Python then are waited for, ten seconds at most.
    tries fn aria_py_start or aria_py_start_or_exit() {
        start(&Config::from_env())
    }

    /// Starts this Python and no other: an executable, or the folder of a virtual environment; NULL looks for one as
    /// aria_py_start does. Where another one runs already, that is ARIA_ERR_START. With `signals` Ctrl-C raises
    /// KeyboardInterrupt, and aria_py_check_signals asks for it. aria_py_config_new says more.
    tries fn aria_py_start_with or aria_py_start_with_or_exit(python: TextIn, python_len: i64, signals: i32) {
        let config = Config::from_env().signals(signals != 0);
        start(&match python.optional(python_len)? {
            Some(python) => config.python(python),
            None => config,
        })
    }

    /// Ends Python: waits for operations on other threads, runs atexit functions, flushes the streams. For the thread that
    /// started it. The second time it does nothing. Handles may be released at any time; every operation fails from now on.
    tries fn aria_py_end or aria_py_end_or_exit() {
        match RUNTIME.get() {
            Some(runtime) => runtime.end().map_err(Failure::state),
            None => Ok(()),
        }
    }

    /// Flushes sys.stdout and sys.stderr.
    tries fn aria_py_flush or aria_py_flush_or_exit() {
        match RUNTIME.get() {
            Some(runtime) => Ok(runtime.flush()?),
            None => Ok(()),
        }
    }

    /// Runs pending signal handlers: fails with KeyboardInterrupt after Ctrl-C.
    tries fn aria_py_check_signals or aria_py_check_signals_or_exit() {
        Ok(started()?.check_signals()?)
    }

    /// Counts the objects that were released in this process and given back to Python; 0 before it starts.
    plain fn aria_py_count_released() -> i64 {
        counted(|releases| releases.released)
    }

    /// Counts the objects that were released when Python had ended, and leaked.
    plain fn aria_py_count_leaked() -> i64 {
        counted(|releases| releases.leaked)
    }

    /// Counts what belonged to one thread (aria_py_def_local, aria_bridge_error_set_local) and leaked, because another
    /// one released it when that had ended.
    plain fn aria_py_count_local_leaked() -> i64 {
        counted(|releases| releases.local_leaked)
    }

    /// Which Python runs here, where it came from, and what looks wrong, as `aria-bridge doctor` prints it.
    tries fn aria_py_report or aria_py_report_or_exit() -> Text {
        Ok(Text(started()?.report().to_string()))
    }
}
