//! What a type can do: its doors, cheapest first, found once and remembered.
//!
//! The cache is bounded and holds its types, so that an address never means another type.

use crate::array::PyArray;
use aria_array_bridge::ledger::Name;
use core::ffi::c_void;
use pyo3::prelude::*;
use pyo3::types::PyType;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Our own array.
    Ours,
    /// NumPy's array struct.
    Numpy,
}

/// What is known of a type.
pub(super) struct Kind {
    /// Keeps the address of the type taken.
    _class: Py<PyType>,
    /// `numpy.ndarray`.
    pub(super) name: Name,
    /// Cheapest first.
    pub(super) doors: Vec<Door>,
}

/// Types that are remembered at most.
const LIMIT: usize = 256;

static KINDS: Mutex<Option<HashMap<usize, Arc<Kind>>>> = Mutex::new(None);

impl Kind {
    /// The object as our own array, where it is one.
    pub(super) fn ours<'py>(&self, object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyArray>> {
        (self.doors.first() == Some(&Door::Ours)).then(|| object.cast::<PyArray>().ok().cloned()).flatten()
    }
}

/// What is known of the object's type.
pub(super) fn of(object: &Bound<'_, PyAny>) -> PyResult<Arc<Kind>> {
    let class = object.get_type();
    let key = class.as_ptr().cast::<c_void>().addr();
    let lock = || KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kind) = lock().as_ref().and_then(|kinds| kinds.get(&key).cloned()) {
        return Ok(kind);
    }
    let kind = Arc::new(find(&class)?); // Outside the lock: it runs Python.
    let forgotten = {
        let mut kinds = lock();
        let kinds = kinds.get_or_insert_default();
        let full = kinds.len() >= LIMIT;
        let forgotten = if full { core::mem::take(kinds) } else { HashMap::new() };
        kinds.insert(key, kind.clone());
        forgotten
    };
    drop(forgotten); // Outside the lock: types may die.
    Ok(kind)
}

fn find(class: &Bound<'_, PyType>) -> PyResult<Kind> {
    let mut doors = Vec::new();
    if class.is(class.py().get_type::<PyArray>()) {
        doors.push(Door::Ours);
    }
    if super::numpy::is_ndarray(class)? {
        doors.push(Door::Numpy);
    }
    let name = Name::of(&class.fully_qualified_name()?.to_string_lossy());
    Ok(Kind { _class: class.clone().unbind(), name, doors })
}
