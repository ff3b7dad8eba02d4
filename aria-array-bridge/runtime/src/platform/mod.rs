//! What differs between operating systems: opening libraries, and text on its way to C.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{Library, PYTHON_NAMES, SCRIPTS, c_text, open, open_local, path_from_bytes, process};
#[cfg(unix)]
pub(crate) use unix::{Library, PYTHON_NAMES, SCRIPTS, c_text, open, open_local, path_from_bytes, process};
