//! `PyIter`: the items of an iterable, made when they are asked for.

use crate::error::PyError;
use crate::object::PyObject;
use crate::state::operate;
use aria_array_bridge::operations::{Failure, Operations};
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

/// An iterator of Python. After an error, and after the last item, there is nothing more.
#[derive(Debug)]
pub struct PyIter {
    iterator: PyObject,
    ended: AtomicBool,
}

impl PyIter {
    pub(crate) fn new(iterator: PyObject) -> PyIter {
        PyIter { iterator, ended: AtomicBool::new(false) }
    }

    /// The next item, as [`next`](Iterator::next) has it, while others may ask too: what Python runs to make one may come
    /// back and ask for another.
    #[doc(hidden)]
    pub fn step(&self) -> Option<Result<PyObject, PyError>> {
        if self.ended.load(Ordering::Relaxed) {
            return None;
        }
        let mut item = ptr::null_mut();
        let body = |table: &Operations, failure: &mut Failure| {
            // SAFETY: a live handle and places that live for the call.
            unsafe { (table.next)(self.iterator.as_raw(), &raw mut item, failure) }
        };
        // SAFETY: one function of the table, called as it says.
        let status = unsafe { operate(body) };
        // SAFETY: NULL, or a new handle, which the table hands out with every item.
        let item = unsafe { PyObject::from_raw(item) };
        match status {
            Ok(_) if item.is_some() => item.map(Ok),
            answer => {
                self.ended.store(true, Ordering::Relaxed);
                answer.err().map(Err)
            }
        }
    }
}

impl Iterator for PyIter {
    type Item = Result<PyObject, PyError>;

    fn next(&mut self) -> Option<Result<PyObject, PyError>> {
        self.step()
    }
}
