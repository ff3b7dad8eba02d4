//! The source of the program, for tracebacks: Python shows the line of a frame when it has the text.

use crate::args::Args;
use crate::error::PyError;
use crate::object::PyObject;
use crate::value::Val;

/// Gives Python the text of a source file, so that tracebacks, warnings and `inspect` show its lines.
///
/// Not needed for a file that lies where its name says. Good for what was typed, or came from elsewhere.
///
/// # Errors
///
/// What Python raises.
pub fn add_source(file: &str, text: &str) -> Result<(), PyError> {
    let lines = Val::list(text.split_inclusive('\n').map(|line| format!("{}\n", line.trim_end_matches(['\n', '\r']))));
    // Without a time of change it is never looked for on the disk.
    let entry = Val::tuple([Val::from(text.len()), Val::None, lines, file.into()]);
    PyObject::import("linecache")?
        .getattr("cache")?
        .call_method("__setitem__", Args::new().arg(file).arg(entry))
        .map(drop)
}
