//! Calls: positional and keyword arguments, `*` and `**`.

use super::entry::{Error, enter};
use super::frame::{self, apply};
use super::name;
use super::object::{give, the};
use super::value::Values;
use super::vectorcall::Operands;
use aria_array_bridge::operations::function::GETATTR;
use aria_array_bridge::operations::{Args, Failure, Object, Status, Text};
use core::slice;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use smallvec::SmallVec;

pub(super) unsafe extern "C" fn call(
    object: *mut Object,
    name: Text,
    args: *const Args,
    out: *mut *mut Object,
    failure: *mut Failure,
) -> Status {
    // SAFETY: NULL, or arguments that live for the call: the table's contract.
    let mut args = unsafe { Arguments::new(args) };
    let body = |py: Python<'_>| {
        // SAFETY: a live handle or NULL: the table's contract.
        let object = unsafe { the(py, object) }?.to_owned();
        let method = if name.data.is_null() {
            None
        } else {
            // SAFETY: borrowed for the call: the table's contract.
            Some(unsafe { name::interned(py, name, "a method's name") }?)
        };
        let result = args.call(py, object, method)?;
        // SAFETY: `out` may be written to: the table's contract.
        unsafe { give(result, out) }
    };
    // SAFETY: the failure is empty: the table's contract.
    unsafe { enter(failure, body) }
}

/// The arguments of a call, of which the arrays are owned.
struct Arguments<'a> {
    positional: Values<'a>,
    names: &'a [Text],
    keywords: Values<'a>,
}

impl Arguments<'_> {
    /// Takes over what `args` holds. NULL stands for no arguments.
    ///
    /// # Safety
    ///
    /// NULL, or arguments as the table describes them, which live for `'a`.
    unsafe fn new<'a>(args: *const Args) -> Arguments<'a> {
        // SAFETY: NULL, or arguments that live for `'a`: the caller's duty.
        let Some(args) = (unsafe { args.as_ref() }) else {
            return Arguments { positional: Values::default(), names: &[], keywords: Values::default() };
        };
        let names = if args.names.is_null() {
            &[]
        } else {
            // SAFETY: non-null, and as many names as it says: the caller's duty.
            unsafe { slice::from_raw_parts(args.names, args.keywords_len) }
        };
        Arguments {
            // SAFETY: NULL or that many values, which live for `'a`: the caller's duty.
            positional: unsafe { Values::new(args.positional, args.positional_len) },
            names,
            // SAFETY: as above.
            keywords: unsafe { Values::new(args.keywords, args.keywords_len) },
        }
    }

    /// Calls the object, or its method, in the frame of this thread's site.
    fn call<'py>(
        &mut self,
        py: Python<'py>,
        object: Bound<'py, PyAny>,
        mut method: Option<Bound<'py, PyString>>,
    ) -> Result<Bound<'py, PyAny>, Error> {
        if self.names.len() != self.keywords.len() {
            let (names, values) = (self.names.len(), self.keywords.len());
            let text = format!("expected a name for each of {values} keyword arguments but found {names}");
            return Err(Error::argument(text));
        }
        let mut all = Operands::new(py);
        if self.keywords.has_star() {
            all.push(match method {
                Some(name) => apply(py, GETATTR, [object, name.into_any()])?,
                None => object,
            });
            self.positional(py, &mut all)?;
            return frame::run(py, &all, Some(&self.keywords(py)?));
        }
        let mut names = self.keyword_names(py)?;
        // A built-in function does the rest in the frame, or, where there is none, we do.
        let (by_caller, bare) = (method.is_some() || names.is_some(), frame::is_bare(py));
        if by_caller && !bare {
            let or_none = |given: Option<Bound<'py, PyAny>>| given.unwrap_or_else(|| py.None().into_bound(py));
            all.push(frame::caller(py)?.clone());
            all.push(or_none(method.take().map(Bound::into_any)));
            all.push(or_none(names.take().map(Bound::into_any)));
        }
        all.push(object);
        self.positional(py, &mut all)?;
        self.keywords.all(py, &mut all)?;
        if by_caller && bare {
            // SAFETY: `keyword_names` makes names of strings.
            return unsafe { all.plainly(method.as_ref(), names.as_ref()) };
        }
        frame::run(py, &all, None)
    }

    #[inline]
    fn positional<'py>(&mut self, py: Python<'py>, all: &mut Operands<'py>) -> Result<(), Error> {
        if !self.positional.has_star() {
            return self.positional.all(py, all);
        }
        loop {
            if let Some(star) = self.positional.next_star() {
                // SAFETY: a live handle: the duty of whoever called `new`.
                let star = unsafe { the(py, star) }?;
                for item in star.try_iter()? {
                    all.push(item?);
                }
            } else {
                match self.positional.next(py) {
                    Some(value) => all.push(value?),
                    None => return Ok(()),
                }
            }
        }
    }

    /// The names of the keyword arguments, each once, if there are any.
    fn keyword_names<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyTuple>>, Error> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let mut names: SmallVec<[Bound<'py, PyString>; 8]> = SmallVec::with_capacity(self.names.len());
        for name in self.names {
            // SAFETY: borrowed for the call: the duty of whoever called `new`.
            let name = unsafe { name::interned(py, *name, KEYWORD) }?;
            // Interned, so that equal ones are one.
            if names.iter().any(|before| before.is(&name)) {
                return Err(twice(&name).into());
            }
            names.push(name);
        }
        Ok(Some(PyTuple::new(py, names)?))
    }

    fn keywords<'py>(&mut self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Error> {
        let all = PyDict::new(py);
        for name in self.names {
            if let Some(mapping) = self.keywords.next_star() {
                // SAFETY: a live handle: the duty of whoever called `new`.
                add_all(&all, &*unsafe { the(py, mapping) }?)?;
            } else if let Some(value) = self.keywords.next(py) {
                // SAFETY: borrowed for the call: the duty of whoever called `new`.
                let name = unsafe { name::interned(py, *name, KEYWORD) }?;
                add(&all, name.into_any(), value?)?;
            }
        }
        Ok(all)
    }
}

/// What the name of a keyword argument is called in errors.
const KEYWORD: &str = "a keyword's name";

fn twice(name: &Bound<'_, PyString>) -> PyErr {
    PyTypeError::new_err(format!("got multiple values for keyword argument '{name}'"))
}

/// Adds the items of a mapping, each as a keyword argument.
fn add_all<'py>(all: &Bound<'py, PyDict>, mapping: &Bound<'py, PyAny>) -> PyResult<()> {
    if mapping.getattr_opt("keys")?.is_none() {
        let name = mapping.get_type().name()?;
        return Err(PyTypeError::new_err(format!("argument after ** must be a mapping, not {name}")));
    }
    for key in mapping.call_method0("keys")?.try_iter()? {
        let key = key?;
        let value = mapping.get_item(&key)?;
        add(all, key, value)?;
    }
    Ok(())
}

/// Adds one keyword argument; a name that is no string, or is there already, is a TypeError as in Python.
fn add<'py>(all: &Bound<'py, PyDict>, name: Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> PyResult<()> {
    let Ok(name) = name.cast::<PyString>() else {
        return Err(PyTypeError::new_err("keywords must be strings"));
    };
    if all.contains(name)? {
        return Err(twice(name));
    }
    all.set_item(name, value)
}
