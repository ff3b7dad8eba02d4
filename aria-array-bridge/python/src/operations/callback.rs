//! Functions of a program as Python callables (rule R7).
//!
//! `Function` is what Python sees: it has the name, the documentation and the parameters. A Python function with
//! these parameters (`__wrapped__`) binds the arguments, so that errors, defaults and `inspect` are Python's own;
//! `Native` then calls the program with one object for each parameter.

use super::entry::{Error, enter};
use super::frame::{self, Elsewhere, Place};
use super::gil::Balance;
use super::object::give;
use super::thrown::raise;
use super::value::Values;
use super::vectorcall::Operands;
use super::{handle, text};
use crate::release::{ready, undisturbed};
use aria_array_bridge::operations::callback::{Call, Callback, POSITIONAL_OR_KEYWORD, Parameter, Thrown};
use aria_array_bridge::operations::{Failure, Object, Status, TAG_OBJECT, Text, Value};
use core::ffi::c_void;
use core::slice;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use smallvec::SmallVec;

/// The context of a function, given up once.
///
/// # Invariants
///
/// 1. `context` belongs to this, and `call` and `drop` take it, on any thread.
struct Context {
    context: *mut c_void,
    call: Call,
    drop: Option<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: the table says that it is called and given up on any thread.
unsafe impl Send for Context {}
// SAFETY: as above: also by several at once.
unsafe impl Sync for Context {}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: ours, and given up once: invariant 1.
            unsafe { drop(self.context) };
        }
    }
}

/// The program's side of a function: takes one argument for each parameter.
#[pyclass(frozen, module = "aria_array_bridge")]
struct Native {
    context: Option<Context>,
}

impl Drop for Native {
    fn drop(&mut self) {
        if let Some(context) = self.context.take() {
            // SAFETY: Python deallocates objects on attached threads alone.
            let py = unsafe { Python::assume_attached() };
            // An exception may be on its way; what the program drops may run code of any kind.
            undisturbed(py, || drop(context));
        }
    }
}

#[pymethods]
impl Native {
    #[pyo3(signature = (*arguments))]
    fn __call__<'py>(&self, py: Python<'py>, arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let Some(context) = &self.context else {
            return Err(PyTypeError::new_err("expected a function of the program but found none"));
        };
        let mut handles = Handles { py, handles: SmallVec::new() };
        for argument in arguments.iter() {
            handles.handles.push(handle::new(argument)?);
        }
        let (mut result, mut thrown) = (Value::NONE, Thrown::EMPTY);
        let balance = Balance::begin();
        let (first, len) = (handles.handles.as_ptr(), handles.handles.len());
        // SAFETY: the function's own context; handles that live for the call, and two places to write to; attached.
        let status = unsafe { (context.call)(context.context, first, len, &raw mut result, &raw mut thrown) };
        drop((balance, handles));
        if status < 0 {
            // SAFETY: written by the function, which gives up what it holds.
            return Err(unsafe { raise(py, status, thrown) });
        }
        // SAFETY: as above.
        unsafe { take_result(py, result) }
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("cannot pickle a function of an Aria program: it lives in this process alone"))
    }
}

/// The handles of a call's arguments, given back when it is over.
struct Handles<'py> {
    py: Python<'py>,
    handles: SmallVec<[*mut Object; 6]>,
}

impl Drop for Handles<'_> {
    fn drop(&mut self) {
        for handle in &self.handles {
            // SAFETY: a handle that this made, given back once.
            unsafe { handle::release_now(self.py, *handle) };
        }
    }
}

/// Makes an object of a result, which gives up what it holds.
///
/// # Safety
///
/// A value as [`Call`] writes it.
unsafe fn take_result<'py>(py: Python<'py>, value: Value) -> PyResult<Bound<'py, PyAny>> {
    let object = if value.tag == TAG_OBJECT {
        // SAFETY: the tag says that it is a handle.
        unsafe { value.payload.object }
    } else {
        core::ptr::null_mut()
    };
    // SAFETY: one value that lives until the end of this function.
    let made = unsafe { Values::new(&raw const value, 1) }.one(py).map_err(|error| error.into_py(py));
    if !object.is_null() {
        // SAFETY: given up by the function, given back once; its object is held by `made`.
        unsafe { handle::release_now(py, object) };
    }
    made
}

// A function of an Aria program. (No documentation comment: it would hide the function's own `__doc__`.)
#[pyclass(frozen, module = "aria_array_bridge", weakref)]
struct Function {
    native: Py<Native>,
    /// Binds arguments, and has all that `inspect` asks for.
    binder: Py<PyAny>,
    /// The frame in which it runs, if it is known where it is defined.
    site: Option<Place>,
    /// How many parameters there are, if all may be passed by position.
    positional: Option<usize>,
}

#[pymethods]
impl Function {
    #[pyo3(signature = (*arguments, **keywords))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        arguments: &Bound<'py, PyTuple>,
        keywords: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let bound = if keywords.is_none() && self.positional == Some(arguments.len()) {
            arguments.clone()
        } else {
            self.binder.bind(py).call(arguments, keywords)?.cast_into::<PyTuple>()?
        };
        let Some(site) = &self.site else { return self.native.get().__call__(py, &bound) };
        let _elsewhere = Elsewhere::enter(site);
        let mut call = Operands::new(py);
        call.push(self.native.bind(py).clone().into_any());
        for argument in bound.iter() {
            call.push(argument);
        }
        site.call(py, &call).map_err(|error| error.into_py(py))
    }

    #[getter]
    fn __wrapped__(&self, py: Python<'_>) -> Py<PyAny> {
        self.binder.clone_ref(py)
    }

    #[getter]
    fn __name__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.binder.bind(py).getattr("__name__")
    }

    #[getter]
    fn __qualname__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.binder.bind(py).getattr("__qualname__")
    }

    #[getter]
    fn __module__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.binder.bind(py).getattr("__module__")
    }

    #[getter]
    fn __doc__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.binder.bind(py).getattr("__doc__")
    }

    #[getter]
    fn __defaults__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.binder.bind(py).getattr("__defaults__")
    }

    #[getter]
    fn __kwdefaults__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.binder.bind(py).getattr("__kwdefaults__")
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<aria function {}>", self.__qualname__(py)?))
    }

    fn __reduce__(&self, py: Python<'_>) -> PyResult<()> {
        let name = self.__qualname__(py)?;
        Err(PyTypeError::new_err(format!(
            "cannot pickle the Aria function '{name}': it lives in this process alone; pass what another process \
             needs as data, or use threads"
        )))
    }

    fn __copy__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: PyRef<'py, Self>, _memo: Bound<'py, PyAny>) -> PyRef<'py, Self> {
        slf
    }
}

/// Text that may be missing.
///
/// # Safety
///
/// As for [`text::read`].
unsafe fn optional<'a>(text: Text, what: &str) -> Result<Option<&'a str>, Error> {
    if text.data.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's duty.
    unsafe { text::read(text, what) }.map(Some)
}

/// Makes the callable.
///
/// # Safety
///
/// `callback` and what it points to live for the call, as the table says; `context` is its context.
unsafe fn make<'py>(py: Python<'py>, callback: &Callback, context: Context) -> Result<Bound<'py, PyAny>, Error> {
    // SAFETY: borrowed for the call: the caller's duty, here and below.
    let name = unsafe { text::read(callback.name, "a function's name") }?;
    // SAFETY: as above.
    let doc = unsafe { optional(callback.doc, "a function's documentation") }?;
    // SAFETY: as above.
    let module = unsafe { optional(callback.module, "a module's name") }?;
    // SAFETY: as above.
    let file = unsafe { optional(callback.file, "a file's name") }?;
    let parameters: &[Parameter] = if callback.parameters.is_null() {
        &[]
    } else {
        // SAFETY: non-null, and as many as it says: the caller's duty.
        unsafe { slice::from_raw_parts(callback.parameters, callback.parameters_len) }
    };
    // Each default is taken over before anything can fail.
    let defaults: Vec<Values<'_>> = parameters
        .iter()
        // SAFETY: one value that lives for the call: the caller's duty.
        .map(|parameter| unsafe { Values::new(&raw const parameter.default, 1) })
        .collect();
    let described = PyList::empty(py);
    for (parameter, mut default) in parameters.iter().zip(defaults) {
        // SAFETY: borrowed for the call: the caller's duty.
        let name = unsafe { text::read(parameter.name, "a parameter's name") }?;
        let default = default.one(py)?;
        match parameter.has_default {
            0 => described.append((name, parameter.kind))?,
            _ => described.append((name, parameter.kind, default))?,
        }
    }
    let positional =
        parameters.iter().all(|parameter| parameter.kind <= POSITIONAL_OR_KEYWORD).then_some(parameters.len());
    let binder = frame::binder(py)?.call1((name, doc, module, file, callback.line, described))?.unbind();
    let site = file.map(|file| Place::new(py, file, callback.line, name)).transpose()?;
    let native = Py::new(py, Native { context: Some(context) })?;
    Ok(Bound::new(py, Function { native, binder, site, positional })?.into_any())
}

pub(super) unsafe extern "C" fn callable(
    callback: *const Callback,
    out: *mut *mut Object,
    failure: *mut Failure,
) -> Status {
    // SAFETY: NULL, or a function that lives for the call: the table's contract.
    let callback = unsafe { callback.as_ref() };
    let context =
        callback.map(|callback| Context { context: callback.context, call: callback.call, drop: callback.drop });
    let body = |py: Python<'_>| {
        let (Some(callback), Some(context)) = (callback, context) else {
            return Err(Error::argument("expected a function but found NULL"));
        };
        ready(py)?;
        // SAFETY: as the table says; its own context.
        let function = unsafe { make(py, callback, context) }?;
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(function, out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}
