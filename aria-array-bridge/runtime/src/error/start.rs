//! Why Python does not start or end, with the remedy.

use core::error::Error;
use core::fmt;
use std::path::PathBuf;

/// An interpreter that was tried in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Who named it: `ARIA_PYTHON`, `VIRTUAL_ENV`, `PATH`, …
    pub from: &'static str,
    /// The executable.
    pub python: PathBuf,
    /// Why it does not count.
    pub why: String,
}

/// Why Python does not start. The text says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// There is no interpreter that runs.
    NoInterpreter {
        /// All that were tried, in this order.
        tried: Vec<Tried>,
    },
    /// Not CPython, or of another width than this program.
    OtherPython {
        /// The executable.
        python: PathBuf,
        /// What it is.
        found: String,
    },
    /// A free-threaded build, for which there is no core module.
    FreeThreaded {
        /// The executable.
        python: PathBuf,
    },
    /// A minor version that this library does not know how to start.
    UnknownVersion {
        /// The executable.
        python: PathBuf,
        /// Major version.
        major: u32,
        /// Minor version.
        minor: u32,
    },
    /// The interpreter was built without a shared library.
    NoSharedLibrary {
        /// The executable.
        python: PathBuf,
        /// Where it would lie.
        looked: Vec<PathBuf>,
    },
    /// The library that the configuration names is not there.
    NoSuchLibrary {
        /// The library.
        library: PathBuf,
    },
    /// The shared library cannot be opened, or is no Python.
    Library {
        /// The library.
        library: PathBuf,
        /// The loader's words.
        reason: String,
    },
    /// The shared library is of another version than the interpreter and its standard library.
    Mismatch {
        /// The library.
        library: PathBuf,
        /// Its version.
        found: String,
        /// The executable.
        python: PathBuf,
        /// Its version.
        wanted: String,
    },
    /// `PyConfig` does not look as it should for its version.
    ConfigShape {
        /// The version.
        version: String,
        /// The first member that is not where it should be.
        member: &'static str,
    },
    /// Python refused to start.
    Python {
        /// Its words.
        message: String,
    },
    /// There is no core module for the interpreter.
    NoCore {
        /// The executable.
        python: PathBuf,
        /// Its version.
        version: String,
        /// Who named it, as in [`Report::from`](crate::Report::from).
        from: &'static str,
        /// Where it was looked for, and why it was not taken.
        tried: Vec<(String, String)>,
    },
    /// An interpreter runs in this process already, and is not the one that is asked for.
    Occupied {
        /// Its version.
        running: String,
        /// Its `sys.prefix`: a virtual environment, or an installation.
        prefix: PathBuf,
        /// The executable that is asked for.
        python: PathBuf,
    },
    /// This thread is starting Python already, and what runs meanwhile (an import hook) starts it again.
    Starting,
    /// Python has ended in this process; it cannot start again.
    Ended,
    /// An earlier attempt got so far that Python cannot be started again in this process.
    FailedBefore(Box<StartError>),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NoInterpreter { tried } => {
                f.write_str("expected a Python that runs but found none")?;
                for Tried { from, python, why } in tried {
                    write!(f, "\n  {}, from {from}: {why}", python.display())?;
                }
                f.write_str(
                    "\n  fix: set ARIA_PYTHON to a Python from 3.11 to 3.14, or activate its virtual environment",
                )
            }
            StartError::OtherPython { python, found } => {
                write!(f, "expected CPython with {} bits but {} is {found}", usize::BITS, python.display())
            }
            StartError::FreeThreaded { python } => write!(
                f,
                "expected a Python with its global lock but {} is a free-threaded build\n  \
                 fix: take the build of the same version that is not free-threaded",
                python.display()
            ),
            StartError::UnknownVersion { python, major, minor } => write!(
                f,
                "expected Python 3.11, 3.12, 3.13 or 3.14 but {} is {major}.{minor}\n  \
                 fix: set ARIA_PYTHON to one of these",
                python.display()
            ),
            StartError::NoSharedLibrary { python, looked } => {
                write!(f, "expected a shared library of {} but found none", python.display())?;
                for place in looked {
                    write!(f, "\n  looked for {}", place.display())?;
                }
                f.write_str(
                    "\n  fix: take a Python built with --enable-shared, or install its library (Debian: libpython3-dev); \
                     one that lies elsewhere is named by Config::libpython",
                )
            }
            StartError::NoSuchLibrary { library } => write!(
                f,
                "expected the library of Python at {}, which the configuration names, but found no file\n  \
                 fix: name the file itself, or none: the interpreter says where its library lies",
                library.display()
            ),
            StartError::Library { library, reason } => {
                write!(f, "expected {} to open as a Python library but: {reason}", library.display())
            }
            StartError::Mismatch { library, found, python, wanted } => write!(
                f,
                "expected the library of {} to be {wanted} but {} is {found}\n  \
                 fix: repair the installation, or set ARIA_PYTHON to another",
                python.display(),
                library.display()
            ),
            StartError::ConfigShape { version, member } => write!(
                f,
                "expected PyConfig of {version} to have {member} at its known place but found something else\n  \
                 fix: set ARIA_PYTHON to a released build of CPython"
            ),
            StartError::Python { message } => {
                write!(f, "Python did not start: {message}")?;
                match std::env::var_os("PYTHONHOME") {
                    Some(home) => write!(
                        f,
                        "\n  PYTHONHOME is set to {}; a virtual environment is no home\n  fix: unset PYTHONHOME",
                        home.display()
                    ),
                    None => Ok(()),
                }
            }
            StartError::NoCore { python, version, from, tried } => {
                let (python, version) = (python.display(), version.split(' ').next().unwrap_or_default());
                f.write_str("expected the core module of aria-array-bridge but found none that fits")?;
                write!(f, "\n  Python {version}, {python}, from {from}")?;
                for (place, why) in tried {
                    write!(f, "\n  {place}: {why}")?;
                }
                write!(f, "\n  fix: {python} -m pip install aria-array-bridge")
            }
            StartError::Occupied { running, prefix, python } => write!(
                f,
                "expected no other Python in this process than {} but {running}, of {}, runs there\n  \
                 fix: name no Python, to use the one that runs, or start another process",
                python.display(),
                prefix.display()
            ),
            StartError::Starting => f.write_str("expected one start of Python at a time but found one within another"),
            StartError::Ended => f.write_str("expected Python to start once but it has ended in this process already"),
            StartError::FailedBefore(error) => {
                write!(f, "Python cannot start again in this process after it failed to: {error}")
            }
        }
    }
}

impl Error for StartError {}

/// Why Python does not end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndError {
    /// The thread that started Python ends it, and no other.
    OtherThread,
    /// Operations are still under way on other threads; nothing was ended, but the streams were flushed. Where they began only
    /// when Python joined its threads and ran `atexit`, that has been done.
    Busy {
        /// How many.
        operations: usize,
    },
    /// This very thread is in an operation (a callback ends Python) or attached by a guard; nothing was ended.
    Inside,
    /// Python has ended, but could not write what was left in its streams.
    Flush,
}

impl fmt::Display for EndError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndError::OtherThread => f.write_str("expected the thread that started Python to end it but found another"),
            EndError::Busy { operations } => {
                write!(
                    f,
                    "expected no operation to be under way but found {operations} on other threads\n  \
                     fix: let the threads come out of Python before the end; one that sleeps or listens there does not"
                )
            }
            EndError::Inside => f.write_str(
                "expected this thread to be in no operation and attached by no guard but it is\n  \
                 fix: return from the callback, or drop the guard, before the end",
            ),
            EndError::Flush => f.write_str("Python has ended but could not write what was left in its streams"),
        }
    }
}

impl Error for EndError {}
