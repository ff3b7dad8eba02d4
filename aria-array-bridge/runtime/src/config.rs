//! `Config`: which interpreter is wanted, and how it starts.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Which Python is wanted, and how it starts. See [`from_env`](Config::from_env).
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub(crate) python: Option<PathBuf>,
    pub(crate) libpython: Option<PathBuf>,
    pub(crate) aria_python: Option<PathBuf>,
    pub(crate) virtual_env: Option<PathBuf>,
    pub(crate) search_path: Option<OsString>,
    pub(crate) argv: Vec<OsString>,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) signals: bool,
    pub(crate) isolated: bool,
}

impl Config {
    /// Nothing is looked up: only [`python`](Config::python) counts.
    pub fn new() -> Config {
        Config::default()
    }

    /// Reads `ARIA_PYTHON`, `VIRTUAL_ENV` and `PATH`, in which a Python is looked for in this order, and the
    /// program's arguments, which become `sys.argv`.
    ///
    /// A variable that is set decides: when there is no working Python where it says, that is an error, and nobody
    /// else's Python is taken instead. An empty variable counts as not set.
    pub fn from_env() -> Config {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        Config {
            python: None,
            libpython: None,
            aria_python: variable("ARIA_PYTHON").map(PathBuf::from),
            virtual_env: variable("VIRTUAL_ENV").map(PathBuf::from),
            search_path: variable("PATH"),
            argv: env::args_os().collect(),
            paths: Vec::new(),
            signals: false,
            isolated: false,
        }
    }

    /// Takes this Python and no other: an executable, or the folder of a virtual environment. In a process that runs another
    /// one already, that is an error.
    #[must_use]
    pub fn python(mut self, python: impl Into<PathBuf>) -> Config {
        self.python = Some(python.into());
        self
    }

    /// Opens this file as the interpreter's library, and no other: where the interpreter does not know it, or knows several.
    ///
    /// The interpreter is found as ever, and the library must be of its very version. In a process that runs Python already
    /// its library is there, and this says nothing.
    #[must_use]
    pub fn libpython(mut self, library: impl Into<PathBuf>) -> Config {
        self.libpython = Some(library.into());
        self
    }

    /// Starts Python isolated, as `python -I` does: it reads none of its own variables (`PYTHONPATH`, `PYTHONHOME`, …), and
    /// has no user's folder of packages. Off unless asked for.
    ///
    /// Which Python is taken, and its virtual environment, stay as configured: see [`new`](Config::new) for a start that
    /// no variable decides. In a process that runs Python already it is as its host has started it.
    #[must_use]
    pub fn isolated(mut self, isolated: bool) -> Config {
        self.isolated = isolated;
        self
    }

    /// Sets `sys.argv`; the first is the program's name.
    #[must_use]
    pub fn argv<S: Into<OsString>>(mut self, argv: impl IntoIterator<Item = S>) -> Config {
        self.argv = argv.into_iter().map(Into::into).collect();
        self
    }

    /// Puts a folder in front of `sys.path`, behind those that were given before.
    #[must_use]
    pub fn path(mut self, folder: impl Into<PathBuf>) -> Config {
        self.paths.push(folder.into());
        self
    }

    /// Lets Python handle signals. Off unless asked for.
    ///
    /// Off, Ctrl-C does what the program says, or else ends it, also after `import signal`, which would
    /// otherwise take the signal over without a word. On, Ctrl-C raises `KeyboardInterrupt` in Python code, and a
    /// loop that runs no Python code calls [`Runtime::check_signals`](crate::Runtime::check_signals) now and then.
    /// Start Python on the program's main thread then: that is where the system delivers the signal.
    #[must_use]
    pub fn signals(mut self, signals: bool) -> Config {
        self.signals = signals;
        self
    }
}
