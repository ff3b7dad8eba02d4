//! The Python frame in which operations run (rule R6): without one `sys._getframe` fails, which pandas,
//! `eval` and `warnings` call, and with a site it bears the file, the line and the function of the program.
//!
//! A site is a tuple of Python functions whose code objects say so, one for each form of a call; None makes no frame.
//! Entering one is a matter of the thread alone.

use super::entry::{Error, enter};
use super::object::give;
use super::vectorcall::{self, Operands};
use super::{handle, text};
use aria_array_bridge::operations::function::NAMES;
use aria_array_bridge::operations::{Failure, Object, Status, Text};
use core::cell::Cell;
use core::ptr;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

const SOURCE: &str = include_str!("functions.py");

thread_local! {
    /// The site that this thread has entered: a handle with a reference of its own, or NULL.
    static SITE: Cell<*mut Object> = const { Cell::new(ptr::null_mut()) };
}

/// What `SOURCE` defines.
struct Functions {
    /// `all`, in the order of its numbers.
    numbered: Vec<Py<PyAny>>,
    /// Call their first argument with the others: what every site is made of.
    forms: Py<PyTuple>,
    /// The site of a thread that has entered none.
    nowhere: Py<PyTuple>,
    /// What `next` returns at the end.
    end: Py<PyAny>,
    /// Makes the function that binds a callback's arguments.
    binder: Py<PyAny>,
    /// What calls methods, and functions with keyword arguments: see `vectorcall`.
    caller: Py<PyAny>,
}

static FUNCTIONS: PyOnceLock<Functions> = PyOnceLock::new();

fn functions(py: Python<'_>) -> PyResult<&Functions> {
    FUNCTIONS.get_or_try_init(py, || {
        let names = PyDict::new(py);
        let builtins = py.import("builtins")?;
        let code = builtins.call_method1("compile", (SOURCE, "<aria_array_bridge>", "exec"))?;
        builtins.call_method1("exec", (code, &names))?;
        let get = |name: &str| names.as_any().get_item(name);
        let (all, forms) = (get("all")?, get("forms")?.cast_into::<PyTuple>()?);
        let numbered = NAMES.iter().map(|name| Ok(all.get_item(name)?.unbind())).collect::<PyResult<_>>()?;
        let nowhere = at(&forms, "<aria>", 1, "<module>")?.unbind();
        let end = builtins.getattr("object")?.call0()?.unbind();
        let caller = vectorcall::function(py)?.unbind();
        Ok(Functions { numbered, forms: forms.unbind(), nowhere, end, binder: get("binder")?.unbind(), caller })
    })
}

/// The function with this number of `operations::function`.
pub(super) fn the(py: Python<'_>, number: u32) -> Result<&Bound<'_, PyAny>, Error> {
    let found = functions(py)?.numbered.get(number as usize);
    found.map(|function| function.bind(py)).ok_or_else(|| {
        Error::argument(format!("expected the number of a function up to {} but found {number}", NAMES.len() - 1))
    })
}

/// What `next` returns at the end.
pub(super) fn end(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    Ok(functions(py)?.end.bind(py))
}

/// Makes the function that binds a callback's arguments: see `SOURCE`.
pub(super) fn binder(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    Ok(functions(py)?.binder.bind(py))
}

/// The built-in function that calls methods, and functions with keyword arguments: see `vectorcall`.
pub(super) fn caller(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    Ok(functions(py)?.caller.bind(py))
}

/// A site of our own: where a callback is defined.
///
/// # Invariants
///
/// 1. `handle` is a handle of `site`, and one reference to it belongs to this.
pub(super) struct Place {
    handle: *mut Object,
    site: Py<PyTuple>,
}

// SAFETY: handles are used, retained and released on any thread.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

impl Place {
    pub(super) fn new(py: Python<'_>, file: &str, line: i32, function: &str) -> PyResult<Place> {
        let site = at(functions(py)?.forms.bind(py), file, line, function)?;
        Ok(Place { handle: handle::new(site.clone().into_any())?, site: site.unbind() })
    }

    /// Calls the first of `call` with the others, in a frame of this place.
    pub(super) fn call<'py>(&self, py: Python<'py>, call: &Operands<'py>) -> Result<Bound<'py, PyAny>, Error> {
        call_at(self.site.bind(py), call, None)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // SAFETY: ours, given back once: invariant 1.
        unsafe { handle::release(self.handle) };
    }
}

/// This thread's site is another until it is dropped.
pub(super) struct Elsewhere {
    before: *mut Object,
}

impl Elsewhere {
    pub(super) fn enter(place: &Place) -> Elsewhere {
        // SAFETY: a live handle: invariant 1 of `Place`.
        unsafe { handle::retain(place.handle) };
        Elsewhere { before: SITE.replace(place.handle) }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // SAFETY: what this thread had entered, perhaps by the program meanwhile: a handle that `SITE` owned, or NULL.
        unsafe { handle::release(SITE.replace(self.before)) };
    }
}

/// Functions whose frames say that they are at this place, in the program's main module.
fn at<'py>(forms: &Bound<'py, PyTuple>, file: &str, line: i32, function: &str) -> PyResult<Bound<'py, PyTuple>> {
    let py = forms.py();
    let changes = PyDict::new(py);
    changes.set_item("co_filename", file)?;
    changes.set_item("co_firstlineno", line.max(1))?;
    changes.set_item("co_name", function)?;
    changes.set_item("co_qualname", function)?;
    let globals = py.import("__main__")?.dict();
    let move_there = |form: Bound<'py, PyAny>| {
        let code = form.getattr("__code__")?.call_method("replace", (), Some(&changes))?;
        form.get_type().call1((code, &globals))
    };
    PyTuple::new(py, forms.iter().map(move_there).collect::<PyResult<Vec<_>>>()?)
}

/// Calls the first of `call` with the others, in a frame of this site.
fn call_at<'py>(
    site: &Bound<'py, PyTuple>,
    call: &Operands<'py>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> Result<Bound<'py, PyAny>, Error> {
    // As `forms` of `SOURCE` has them: the last two take any number of arguments, and keywords too.
    let any = site.len().saturating_sub(2);
    match keywords {
        None => call.call(site.get_borrowed_item(call.len().saturating_sub(1).min(any))?),
        Some(_) => Ok(site.get_item(any + 1)?.call(call.tuple()?, keywords)?),
    }
}

/// Says whether operations of this thread run in no frame.
#[inline]
pub(super) fn is_bare(py: Python<'_>) -> bool {
    // SAFETY: NULL, or a handle that lives while it is there; the borrow ends here, before others may run.
    unsafe { handle::borrow(py, SITE.get()) }.is_some_and(|site| site.is_none())
}

/// Calls the first of `call` with the others, in the frame of this thread's site.
#[inline]
pub(super) fn run<'py>(
    py: Python<'py>,
    call: &Operands<'py>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> Result<Bound<'py, PyAny>, Error> {
    // SAFETY: NULL, or a handle that lives while it is there; the borrow ends below, before others may run.
    match unsafe { handle::borrow(py, SITE.get()) } {
        Some(site) if site.is_none() => call.directly(keywords),
        // Another reference: the operation may leave the site.
        Some(site) => call_at(site.to_owned().cast::<PyTuple>()?, call, keywords),
        None => call_at(functions(py)?.nowhere.bind(py), call, keywords),
    }
}

/// Applies a numbered function to these arguments, in the frame of this thread's site.
pub(super) fn apply<'py, const N: usize>(
    py: Python<'py>,
    number: u32,
    arguments: [Bound<'py, PyAny>; N],
) -> Result<Bound<'py, PyAny>, Error> {
    let mut call = Operands::new(py);
    call.push(the(py, number)?.clone());
    for argument in arguments {
        call.push(argument);
    }
    run(py, &call, None)
}

pub(super) unsafe extern "C" fn site(
    file: Text,
    line: i32,
    function: Text,
    out: *mut *mut Object,
    failure: *mut Failure,
) -> Status {
    let body = |py: Python<'_>| {
        if file.data.is_null() {
            // SAFETY: `out` may be written to: the table's contract.
            return unsafe { give(py.None().into_bound(py), out) };
        }
        // SAFETY: borrowed for the call: the table's contract.
        let file = unsafe { text::read(file, "a file's name") }?;
        // SAFETY: as above.
        let function = unsafe { text::read(function, "a function's name") }?;
        let site = at(functions(py)?.forms.bind(py), file, line, function)?;
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(site.into_any(), out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

pub(super) unsafe extern "C" fn enter_site(site: *mut Object) -> *mut Object {
    SITE.replace(site)
}
