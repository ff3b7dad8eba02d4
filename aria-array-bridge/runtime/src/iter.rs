//! `PyIter`: the items of an iterable, made when they are asked for.

use crate::error::PyError;
use crate::object::PyObject;
use crate::state::operate;
use aria_array_bridge::operations::{Failure, Operations};
use core::ptr;

/// An iterator of Python. After an error, and after the last item, there is nothing more.
#[derive(Debug)]
pub struct PyIter {
    iterator: Option<PyObject>,
}

impl PyIter {
    pub(crate) fn new(iterator: PyObject) -> PyIter {
        PyIter { iterator: Some(iterator) }
    }
}

impl Iterator for PyIter {
    type Item = Result<PyObject, PyError>;

    fn next(&mut self) -> Option<Result<PyObject, PyError>> {
        let iterator = self.iterator.as_ref()?;
        let mut item = ptr::null_mut();
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle and places that live for the call.
            unsafe { (table.next)(iterator.as_raw(), &raw mut item, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        let status = unsafe { operate(body) };
        // SAFETY: NULL, or a new handle, which the table hands out with every item.
        let item = unsafe { PyObject::from_raw(item) };
        match status {
            Ok(_) if item.is_some() => item.map(Ok),
            Ok(_) => {
                self.iterator = None;
                None
            }
            Err(error) => {
                self.iterator = None;
                Some(Err(error))
            }
        }
    }
}
