//! The door of DLPack's C exchange table: a function of the type's library, called without Python. **Zero-copy.**
//!
//! The table is found once for each type. None of its functions synchronises, so memory that a device may still be
//! writing goes by `__dlpack__` instead, where the producer waits.

use super::Refusal;
use super::dlpack::not_now;
use super::doors::Kind;
use super::{tensor, torch};
use crate::error::bad_argument;
use crate::request::Found;
use aria_array_bridge::convert::dlpack::reason;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{Plan, Reason};
use aria_dlpack::{ExchangeApi, ExchangeError, abi};
use core::ptr::NonNull;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;
use std::sync::OnceLock;

/// The table that a type publishes, or why it is not used.
pub(crate) type Published = Result<Table, Reason>;

/// A table that was checked, and the capsule that it came in.
pub(crate) struct Table {
    pub(crate) functions: ExchangeApi,
    _capsule: Py<PyAny>,
}

/// Looks at the table of a type, which defines the attribute.
///
/// # Errors
///
/// What Python raises while the attribute is read.
pub(crate) fn published(class: &Bound<'_, PyType>) -> PyResult<Published> {
    let py = class.py();
    let capsule = class.getattr(intern!(py, "__dlpack_c_exchange_api__"))?;
    let door = |text: String| Reason::new("door", "C2", text);
    // SAFETY: attached; any object; the name is NUL-terminated. Does not raise.
    if unsafe { ffi::PyCapsule_IsValid(capsule.as_ptr(), abi::CAPSULE_EXCHANGE_API.as_ptr()) } == 0 {
        return Ok(Err(door("expected a capsule named dlpack_exchange_api in __dlpack_c_exchange_api__".into())));
    }
    // SAFETY: attached; a valid capsule of this name, so that it gives its pointer and does not raise.
    let table = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), abi::CAPSULE_EXCHANGE_API.as_ptr()) };
    let Some(table) = NonNull::new(table) else {
        return Ok(Err(door("expected an exchange table but found NULL".into())));
    };
    // SAFETY: a capsule of this name on a type holds a table that lives as long as the process and does what the
    // standard says: DLPack's C exchange API. Its capsule is kept besides.
    let functions = unsafe { ExchangeApi::find(table) };
    Ok(match functions {
        Ok(functions) => Ok(Table { functions, _capsule: capsule.unbind() }),
        Err(error) => Err(door(error.to_string())),
    })
}

fn protocol() -> Name {
    static NAME: OnceLock<Name> = OnceLock::new();
    *NAME.get_or_init(|| Name::of("dlpack exchange"))
}

/// The tensor that the table of the type gives.
pub(super) fn find(object: &Bound<'_, PyAny>, kind: &Kind) -> Result<Found, Refusal> {
    let py = object.py();
    let table = match &kind.exchange {
        Some(Ok(table)) => table,
        Some(Err(reason)) => return Err(Refusal::Next(reason.clone())),
        None => return Err(Refusal::Next(Reason::new("door", "C2", "the type has no exchange table"))),
    };
    // SAFETY: `Bound` is never NULL.
    let pointer = unsafe { NonNull::new_unchecked(object.as_ptr()) }.cast();
    // SAFETY: a live object of the type that the table was found on; attached; no exception is pending, as in every
    // function that returns its errors.
    let managed = match unsafe { table.functions.managed_from_object(pointer) } {
        Ok(managed) => managed,
        Err(ExchangeError::Raised { .. }) => {
            let error = PyErr::fetch(py);
            if kind.is_torch && error.is_instance_of::<PyRuntimeError>(py) {
                if let Some(reason) = torch::not_strided(object)? {
                    let plan = Plan::view("dlpack exchange", kind.name.text().to_string(), "Array");
                    return Err(Refusal::Raise(bad_argument(py, plan.refusing(reason))));
                }
                // What PyTorch's C++ cannot say as a tensor; its `__dlpack__` says it in words.
                return Err(Refusal::Next(Reason::new("door", "C2", "PyTorch's exchange table refused the tensor")));
            }
            return Err(not_now(py, "the exchange table", error));
        }
        Err(ExchangeError::Tensor(error)) => return Err(Refusal::Lie(reason(&error))),
        Err(error @ ExchangeError::NoResult { .. }) => {
            return Err(Refusal::Lie(Reason::new("malformed", "C8", error.to_string())));
        }
        Err(error) => return Err(Refusal::Next(Reason::new("door", "C2", error.to_string()))),
    };
    let import = tensor::check(&managed).map_err(Refusal::Lie)?;
    if !import.device().is_host() {
        let text = format!("the exchange table does not wait for {}", import.device());
        return Err(Refusal::Next(Reason::new("door", "C2", text)));
    }
    // SAFETY: just checked; the producer's promise.
    Ok(unsafe { tensor::found(import, managed, protocol()) })
}
