//! What `device=` takes: a name, or DLPack's pair [W2].

use crate::class;
use aria_array_bridge::Device;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

/// The device of a name such as `"cuda:0"`, or of DLPack's (type, id).
///
/// # Errors
///
/// `ValueError` for a name that no device has; `TypeError` for another kind of object.
pub(crate) fn device_of(object: &Bound<'_, PyAny>) -> PyResult<Device> {
    if let Ok(name) = object.cast::<PyString>() {
        let name = name.to_string_lossy();
        let unknown = || format!("expected a device such as 'cpu' or 'cuda:0' but found {name:?}");
        return Device::from_name(&name).ok_or_else(|| PyValueError::new_err(unknown()));
    }
    if let Ok(pair) = object.cast::<PyTuple>()
        && pair.len() == 2
    {
        let (kind, id): (i32, i32) = (pair.get_item(0)?.extract()?, pair.get_item(1)?.extract()?);
        return Ok(Device { kind, id });
    }
    let found = class::of(object);
    Err(PyTypeError::new_err(format!("expected a device as a name or as DLPack's pair but found {found}")))
}
