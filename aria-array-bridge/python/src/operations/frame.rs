//! The Python frame in which operations run (rule R6): without one `sys._getframe` fails, which pandas,
//! `eval` and `warnings` call, and with a site it bears the file, the line and the function of the program.
//!
//! A site is a Python function whose code object says so; entering one is a matter of the thread alone.

use super::entry::{Error, enter};
use super::object::give;
use super::{handle, text};
use aria_array_bridge::operations::{Failure, Object, Status, Text};
use core::cell::Cell;
use core::ptr;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

const SOURCE: &str = "\
def aria(operation, /, *arguments, **keywords): return operation(*arguments, **keywords)
import importlib, operator
all = (aria, getattr, setattr, operator.getitem, operator.setitem, operator.index, str, repr, iter, next, len, bool,
    importlib.import_module, object())
";

/// Functions of `SOURCE`, in its order.
#[derive(Clone, Copy)]
pub(super) enum Function {
    Aria,
    GetAttr,
    SetAttr,
    GetItem,
    SetItem,
    Index,
    Str,
    Repr,
    Iter,
    Next,
    Len,
    Bool,
    Import,
    /// Not a function: what `next` returns at the end.
    End,
}

const FUNCTIONS: usize = Function::End as usize + 1;

thread_local! {
    /// The site that this thread has entered: a handle with a reference of its own, or NULL.
    static SITE: Cell<*mut Object> = const { Cell::new(ptr::null_mut()) };
}

/// `all` of `SOURCE`.
static ALL: PyOnceLock<[Py<PyAny>; FUNCTIONS]> = PyOnceLock::new();
/// The frame of a thread that has entered no site.
static NOWHERE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// One of the functions of `SOURCE`.
pub(super) fn the<'py>(py: Python<'py>, function: Function) -> PyResult<Bound<'py, PyAny>> {
    let make = || {
        let names = PyDict::new(py);
        let code = py.import("builtins")?.call_method1("compile", (SOURCE, "<aria>", "exec"))?;
        py.import("builtins")?.call_method1("exec", (code, &names))?;
        names.as_any().get_item("all")?.extract::<[Py<PyAny>; FUNCTIONS]>()
    };
    ALL.get_or_try_init(py, make).map(|all| all[function as usize].bind(py).clone())
}

/// A function whose frame says that it is at this place, in the program's main module.
fn at<'py>(py: Python<'py>, file: &str, line: i32, function: &str) -> PyResult<Bound<'py, PyAny>> {
    let template = the(py, Function::Aria)?;
    let changes = PyDict::new(py);
    changes.set_item("co_filename", file)?;
    changes.set_item("co_firstlineno", line.max(1))?;
    changes.set_item("co_name", function)?;
    changes.set_item("co_qualname", function)?;
    let code = template.getattr("__code__")?.call_method("replace", (), Some(&changes))?;
    let globals = py.import("__main__")?.dict();
    template.get_type().call1((code, globals))
}

/// Calls the first of `call` with the others, in the frame of this thread's site.
pub(super) fn run<'py>(
    py: Python<'py>,
    call: Vec<Bound<'py, PyAny>>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = PyTuple::new(py, call)?;
    // SAFETY: NULL, or a handle that lives while it is there; the borrow ends on the next line, before others may run.
    match unsafe { handle::borrow(py, SITE.get()) } {
        // Another reference: the operation may leave the site.
        Some(site) => site.to_owned().call(call, keywords),
        None => {
            let nowhere = NOWHERE.get_or_try_init(py, || at(py, "<aria>", 1, "<module>").map(Bound::unbind))?;
            nowhere.bind(py).call(call, keywords)
        }
    }
}

pub(super) unsafe extern "C" fn site(
    file: Text,
    line: i32,
    function: Text,
    out: *mut *mut Object,
    failure: *mut Failure,
) -> Status {
    let body = |py: Python<'_>| {
        // SAFETY: borrowed for the call: the table's contract.
        let file = unsafe { text::read(file, "a file's name") }?;
        // SAFETY: as above.
        let function = unsafe { text::read(function, "a function's name") }?;
        let site = at(py, file, line, function).map_err(Error::from)?;
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(site, out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn enter_site(site: *mut Object) -> *mut Object {
    SITE.replace(site)
}
