//! `Failure`: why a function failed. It waits for its thread until it is taken, or replaced by the next.

use crate::abi::{abi, c_types};
use crate::handle::{Handle, Made, Opaque, drop_context};
use crate::text::{Text, TextIn};
use aria_array_bridge::convert::Refused;
use aria_array_bridge::operations::panic_text;
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{ArrayError, LayoutError, ViewError};
use aria_array_runtime::{Frame, PyError};
use core::any::Any;
use core::cell::{OnceCell, RefCell};
use core::ffi::c_void;
use core::fmt::Display;
use std::io::Write;
use std::panic::catch_unwind;
use std::process::exit;

/// The codes of errors, as the header has them. The first six are those of the runtime's operations.
pub(crate) const CODES: [(&str, i32, &str); 7] = [
    ("ARIA_ERR_ARGUMENT", -1, "An argument that makes no sense: NULL, text that is no UTF-8, an index beyond the end."),
    ("ARIA_ERR_REFUSED", -2, "A conversion that cannot be done, or not as it was asked for."),
    ("ARIA_ERR_PYTHON", -3, "Python raised an exception."),
    ("ARIA_ERR_MEMORY", -4, "No memory."),
    ("ARIA_ERR_STATE", -5, "Python does not run, has ended, or cannot end now."),
    ("ARIA_ERR_PANIC", -6, "A mistake of this library, which was contained."),
    ("ARIA_ERR_START", -7, "Python does not start; the message says what to do."),
];

const ARGUMENT: i32 = -1;
const REFUSED: i32 = -2;
const MEMORY: i32 = -4;
const STATE: i32 = -5;
const PANIC: i32 = -6;
const START: i32 = -7;

/// Why a function failed.
pub(crate) struct Failure {
    code: i32,
    kind: String,
    message: String,
    python: Option<PyError>,
    /// The traceback's entries, once they were asked for.
    frames: OnceCell<Vec<Frame>>,
}

/// The program's own error inside an exception: dropped once, on any thread.
struct Payload {
    context: *mut c_void,
    drop: Option<crate::abi::DropFn>,
}

// SAFETY: the header says that the context may be used and dropped on any thread.
unsafe impl Send for Payload {}
// SAFETY: a shared payload gives out its address alone.
unsafe impl Sync for Payload {}

impl Drop for Payload {
    fn drop(&mut self) {
        drop_context(self.context, self.drop);
    }
}

thread_local! {
    static PENDING: RefCell<Option<Box<Failure>>> = const { RefCell::new(None) };
}

/// Lets a failure wait for its thread; answers its code.
pub(crate) fn set_pending(failure: Failure) -> i32 {
    let code = failure.code;
    // The one before is dropped outside of the borrow: it may hold what runs code of the program.
    let before = PENDING.try_with(|pending| pending.try_borrow_mut().ok().and_then(|mut p| p.replace(failure.into())));
    drop(before);
    code
}

/// The failure that waits, if there is one.
pub(crate) fn take_pending() -> Option<Box<Failure>> {
    PENDING.try_with(|pending| pending.try_borrow_mut().ok()?.take()).ok().flatten()
}

/// Prints what waits as Python would, ends Python, and ends the program: 1, or what `SystemExit` says.
pub(crate) fn exit_with_pending() -> ! {
    let told = || {
        let failure = take_pending();
        let python = failure.as_ref().and_then(|failure| failure.python.as_ref());
        let (asked, interrupted) = (python.and_then(PyError::exit_code), python.is_some_and(PyError::is_interrupt));
        let told = match asked {
            Some(_) => python.and_then(PyError::exit_message).map(|message| message + "\n"),
            None => failure.as_ref().map(|failure| failure.render()),
        };
        if let Some(told) = told {
            // Where nobody can be told, the program ends all the same.
            let _ = std::io::stderr().write_all(told.as_bytes());
        }
        // As a shell reports a program that Ctrl-C ended.
        asked.unwrap_or(if interrupted { 130 } else { 1 })
    };
    // Nothing unwinds out of here: code without error branches would go on.
    let status = catch_unwind(told).unwrap_or(1);
    crate::py::life::end_quietly();
    exit(status)
}

impl Failure {
    fn own(code: i32, kind: &str, message: impl Display) -> Failure {
        Failure { code, kind: kind.to_owned(), message: message.to_string(), python: None, frames: OnceCell::new() }
    }

    pub(crate) fn argument(message: impl Display) -> Failure {
        Failure::own(ARGUMENT, "ArgumentError", message)
    }

    pub(crate) fn refused(message: impl Display) -> Failure {
        Failure::own(REFUSED, "ConversionError", message)
    }

    pub(crate) fn memory(message: impl Display) -> Failure {
        Failure::own(MEMORY, "MemoryError", message)
    }

    pub(crate) fn state(message: impl Display) -> Failure {
        Failure::own(STATE, "StateError", message)
    }

    pub(crate) fn start(message: impl Display) -> Failure {
        Failure::own(START, "StartError", message)
    }

    pub(crate) fn panic(payload: &(dyn Any + Send)) -> Failure {
        Failure::own(PANIC, "Panic", panic_text(payload))
    }

    /// As an exception for a callback to throw: the same one if it came from Python.
    pub(crate) fn into_python(self) -> PyError {
        self.python.unwrap_or_else(|| PyError::new(&self.kind, self.message))
    }

    /// As an error of the runtime, unless it is one of this library's own.
    pub(crate) fn python(&self) -> Option<&PyError> {
        self.python.as_ref()
    }

    /// The traceback, the outermost call first; empty for what is no exception.
    pub(crate) fn frames(&self) -> &[Frame] {
        if self.frames.get().is_none() {
            // Python runs, and may come here meanwhile: whoever is first counts.
            let frames = self.python.as_ref().map(PyError::frames).unwrap_or_default();
            let _ = self.frames.set(frames);
        }
        self.frames.get().map_or(&[], Vec::as_slice)
    }

    fn render(&self) -> String {
        match &self.python {
            Some(error) => error.render().to_owned(),
            None => format!("{}: {}\n", self.kind, self.message),
        }
    }
}

/// Lets an error of the program wait; `make` gives it its payload.
fn carrying(
    (kind, kind_len): (TextIn, i64),
    (message, message_len): (TextIn, i64),
    payload: Payload,
    make: impl FnOnce(&str, String, Payload) -> PyError,
) -> i32 {
    let texts = kind.get(kind_len).and_then(|kind| Ok((kind, message.get(message_len)?)));
    set_pending(match texts {
        Err(failure) => failure,
        Ok((kind, message)) if payload.context.is_null() => PyError::new(kind, message).into(),
        Ok((kind, message)) => make(kind, message.to_owned(), payload).into(),
    })
}

impl From<PyError> for Failure {
    fn from(error: PyError) -> Failure {
        let code = error.status().clamp(PANIC, ARGUMENT);
        Failure {
            code,
            kind: error.kind().to_owned(),
            message: error.message().to_owned(),
            python: Some(error),
            frames: OnceCell::new(),
        }
    }
}

impl From<ArrayError> for Failure {
    fn from(error: ArrayError) -> Failure {
        match error {
            ArrayError::Memory { .. } => Failure::memory(error),
            error => Failure::refused(error),
        }
    }
}

impl From<LayoutError> for Failure {
    fn from(error: LayoutError) -> Failure {
        Failure::argument(error)
    }
}

impl From<ViewError> for Failure {
    fn from(error: ViewError) -> Failure {
        match error {
            ViewError::Index { .. } => Failure::argument(error),
            error => Failure::refused(error),
        }
    }
}

impl<S> From<Refused<S>> for Failure {
    fn from(refused: Refused<S>) -> Failure {
        Failure::refused(refused)
    }
}

impl From<Vec<Reason>> for Failure {
    fn from(reasons: Vec<Reason>) -> Failure {
        Failure::from(Refused { source: (), reasons })
    }
}

impl Opaque for Failure {
    const WHAT: &'static str = "an error";
}

c_types! {
    Handle<Failure> = "AriaBridgeError *" 'p';
    *mut Failure = "AriaBridgeError *" 'p';
}

abi! {
    /// Says whether an error waits for this thread: its code, or 0.
    plain fn aria_bridge_error_pending() -> i32 {
        PENDING.try_with(|pending| pending.try_borrow().ok()?.as_ref().map(|p| p.code)).ok().flatten().unwrap_or(0)
    }

    /// Takes the error that waits for this thread; NULL if none does. Release it with aria_bridge_error_release.
    plain fn aria_bridge_error_take() -> *mut Failure {
        take_pending().map_or(core::ptr::null_mut(), |failure| Made(*failure).hand_out())
    }

    /// Lets an error wait for this thread: what a callback does before it returns NULL. A kind that names a built-in
    /// exception (`ValueError`) becomes that one in Python, any other an AriaError. The payload, which may be NULL, is
    /// there again when the exception comes back; `drop` is called with it once, on any thread. Returns the code.
    plain fn aria_bridge_error_set(
        kind: TextIn, kind_len: i64, message: TextIn, message_len: i64, payload: *mut c_void,
        drop: Option<crate::abi::DropFn>,
    ) -> i32 {
        let payload = Payload { context: payload, drop };
        carrying((kind, kind_len), (message, message_len), payload, PyError::from_host)
    }

    /// As aria_bridge_error_set, of a payload that belongs to this thread: others do not see it. `drop` is called here: where
    /// another thread released the last error that has it, at this thread's next operation or at its end.
    plain fn aria_bridge_error_set_local(
        kind: TextIn, kind_len: i64, message: TextIn, message_len: i64, payload: *mut c_void,
        drop: Option<crate::abi::DropFn>,
    ) -> i32 {
        let payload = Payload { context: payload, drop };
        carrying((kind, kind_len), (message, message_len), payload, PyError::from_host_local)
    }

    /// Lets an error wait again, as it was: raised once more. Consumes it. Returns its code.
    plain fn aria_bridge_error_restore(error: Handle<Failure>) -> i32 {
        error.take().map_or_else(set_pending, |failure| set_pending(*failure))
    }

    /// The error's code.
    plain fn aria_bridge_error_code(error: Handle<Failure>) -> i32 {
        error.look(|failure| failure.code).unwrap_or_else(set_pending)
    }

    /// The error's kind: the qualified name of the exception's type, or StateError, ArgumentError, ...
    tries fn aria_bridge_error_kind(error: Handle<Failure>) -> Text {
        error.look(|failure| Text(failure.kind.clone()))
    }

    /// The error's message, `str(exception)`, in which U+FFFD stands for what UTF-8 cannot say.
    tries fn aria_bridge_error_message(error: Handle<Failure>) -> Text {
        error.look(|failure| Text(failure.message.clone()))
    }

    /// The whole traceback as Python prints it, ending in a line break.
    tries fn aria_bridge_error_traceback(error: Handle<Failure>) -> Text {
        error.look(|failure| Text(failure.render()))
    }

    /// Says whether the error is of this kind or one derived from it, as `except` does: 1 or 0. "KeyError" and
    /// "builtins.KeyError" are the built-in one; any other kind is named in full or by the last part of its qualified name.
    tries fn aria_bridge_error_matches(error: Handle<Failure>, kind: TextIn, kind_len: i64) -> bool {
        let kind = kind.get(kind_len)?;
        error.look(|failure| match &failure.python {
            Some(error) => error.is(kind),
            None => failure.kind == kind,
        })
    }

    /// The payload that aria_bridge_error_set gave it, or NULL: also on another thread than the one of a local payload. It
    /// lives as long as the error.
    plain fn aria_bridge_error_payload(error: Handle<Failure>) -> *mut c_void {
        let payload = error.look(|failure| {
            failure.python.as_ref().and_then(|error| error.payload::<Payload>()).map(|payload| payload.context)
        });
        payload.ok().flatten().unwrap_or(core::ptr::null_mut())
    }

    /// Releases an error. NULL is fine.
    plain fn aria_bridge_error_release(error: Handle<Failure>) {
        drop(error.take());
    }

    /// Prints the error that waits for this thread with its traceback, ends Python, and ends the program with 1, or as
    /// SystemExit says: for code without error branches. Does not return.
    plain fn aria_bridge_exit() {
        exit_with_pending();
    }
}
