//! What a taken error has beside its kind and its message: the exception itself, its arguments, what it came from, its frames.

use super::PyIn;
use crate::abi::abi;
use crate::failure::{Failure, set_pending};
use crate::handle::{Handle, Made};
use crate::text::{Text, TextIn};
use aria_array_runtime::{Frame, PyError, PyObject, Val};

/// What the exception is linked to; nothing for an error that is no exception.
fn linked(
    error: Handle<Failure>,
    link: impl FnOnce(&PyError) -> Option<PyError>,
) -> Result<Option<Made<Failure>>, Failure> {
    error.look(|failure| failure.python().and_then(link).map(|other| Made(other.into())))
}

/// Reads one entry of the traceback.
fn frame<R>(error: Handle<Failure>, index: i64, read: impl FnOnce(&Frame) -> R) -> Result<R, Failure> {
    error.look(|failure| {
        let frames = failure.frames();
        let found = usize::try_from(index).ok().and_then(|index| frames.get(index));
        let none = || format!("expected one of {} frames but found number {index}", frames.len());
        found.map(read).ok_or_else(|| Failure::argument(none()))
    })?
}

abi! {
    /// The exception itself, which is the same object whenever it is raised; NULL if there is none: the error never was in
    /// Python.
    tries fn aria_bridge_error_object(error: Handle<Failure>) -> Option<PyObject> {
        error.look(|failure| failure.python().and_then(PyError::object).cloned())
    }

    /// `exception.args`, a tuple; an empty one if there is no exception.
    tries fn aria_bridge_error_args(error: Handle<Failure>) -> PyObject {
        let args = error.look(|failure| failure.python().map(PyError::args))?;
        Ok(PyObject::from_val(Val::tuple(args.unwrap_or_default()))?)
    }

    /// What the exception was raised from (`raise ... from`), an error of its own; NULL if there is none. Release it with
    /// aria_bridge_error_release.
    tries fn aria_bridge_error_cause(error: Handle<Failure>) -> Option<Made<Failure>> {
        linked(error, PyError::cause)
    }

    /// What was being handled when the exception was raised, an error of its own; NULL if there is none. Release it with
    /// aria_bridge_error_release.
    tries fn aria_bridge_error_context(error: Handle<Failure>) -> Option<Made<Failure>> {
        linked(error, PyError::context)
    }

    /// Why a conversion was refused, as aria_nd_plan says how one was done; empty for another error.
    tries fn aria_bridge_error_plan(error: Handle<Failure>) -> Text {
        let plan = error.look(|failure| failure.python().and_then(PyError::plan).map(ToString::to_string))?;
        Ok(Text(plan.unwrap_or_default()))
    }

    /// How many frames the traceback has. The outermost call is number 0, and the line that raised is the last.
    tries fn aria_bridge_error_frames(error: Handle<Failure>) -> i64 {
        error.look(|failure| failure.frames().len() as i64)
    }

    /// The file of a frame, as its code says it.
    tries fn aria_bridge_error_frame_file(error: Handle<Failure>, index: i64) -> Text {
        frame(error, index, |frame| Text(frame.file.clone()))
    }

    /// The line of a frame, from 1; 0 if it is not known.
    tries fn aria_bridge_error_frame_line(error: Handle<Failure>, index: i64) -> i64 {
        frame(error, index, |frame| frame.line.into())
    }

    /// The function of a frame; `<module>` outside of all.
    tries fn aria_bridge_error_frame_function(error: Handle<Failure>, index: i64) -> Text {
        frame(error, index, |frame| Text(frame.function.clone()))
    }

    /// The line of a frame as its source has it, without its indentation; empty if the source is not at hand:
    /// aria_py_add_source gives it.
    tries fn aria_bridge_error_frame_text(error: Handle<Failure>, index: i64) -> Text {
        frame(error, index, |frame| Text(frame.text.clone().unwrap_or_default()))
    }

    /// The status that a SystemExit asks the program to end with; ARIA_ERR_ARGUMENT for another error.
    gives fn aria_bridge_error_exit_code(error: Handle<Failure>) -> i64 {
        let code = error.look(|failure| failure.python().and_then(PyError::exit_code).map(i64::from))?;
        code.ok_or_else(|| Failure::argument("expected a SystemExit but found another error"))
    }

    /// Lets an exception wait for this thread, as if it had been raised here: a callback that returns NULL then raises this
    /// very object. It stays the caller's. Returns the code.
    plain fn aria_bridge_error_set_object(exception: PyIn) -> i32 {
        match exception.get() {
            Ok(exception) => set_pending(PyError::from_exception(exception).into()),
            Err(failure) => set_pending(failure),
        }
    }

    /// Gives tracebacks the text of a file of the program, which need not lie on a disk.
    tries fn aria_py_add_source or aria_py_add_source_or_exit(
        file: TextIn, file_len: i64, text: TextIn, text_len: i64,
    ) {
        Ok(aria_array_runtime::add_source(file.get(file_len)?, text.get(text_len)?)?)
    }
}
