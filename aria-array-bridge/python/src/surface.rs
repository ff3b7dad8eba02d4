//! The functions and classes of the module `_core`.

use crate::array::PyArray;
use crate::dtype::{PyDType, dtype_of};
use crate::plan::{PyPlan, PyReason, start_trace, stop_trace};
use crate::request::{Request, copy_policy};
use crate::{error, import};
use aria_array_bridge::{Device, Order};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_class::<PyArray>()?;
    module.add_class::<PyDType>()?;
    module.add_class::<PyPlan>()?;
    module.add_class::<PyReason>()?;
    module.add("ConversionError", error::conversion_error(py)?)?;
    module.add("ArgumentError", error::argument_error(py)?)?;
    module.add_function(wrap_pyfunction!(asarray, module)?)?;
    import::from_buffer::register(module)?;
    module.add_function(wrap_pyfunction!(from_dlpack, module)?)?;
    module.add_function(wrap_pyfunction!(ledger, module)?)?;
    module.add_function(wrap_pyfunction!(trace_start, module)?)?;
    module.add_function(wrap_pyfunction!(trace_stop, module)?)?;
    Ok(())
}

fn request(
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&str>,
    copy: Option<bool>,
    order: Option<&str>,
    writable: Option<bool>,
) -> PyResult<Request> {
    let order = match order {
        None | Some("K" | "A") => None,
        Some("C") => Some(Order::C),
        Some("F") => Some(Order::F),
        Some(other) => {
            return Err(PyValueError::new_err(format!("expected order 'C', 'F' or 'K' but found {other:?}")));
        }
    };
    let unknown =
        |name: &str| PyValueError::new_err(format!("expected a device such as 'cpu' or 'cuda:0' but found {name:?}"));
    let device = device.map(|name| Device::from_name(name).ok_or_else(|| unknown(name))).transpose()?;
    let dtype = dtype.map(dtype_of).transpose()?;
    Ok(Request { copy: copy_policy(copy), dtype, order, ndim: None, writable: writable == Some(true), device })
}

/// An array over the memory of any object that speaks an array protocol.
#[pyfunction]
#[pyo3(signature = (obj, /, *, dtype = None, device = None, copy = None, order = None, writable = None))]
fn asarray<'py>(
    obj: &Bound<'py, PyAny>,
    dtype: Option<&Bound<'py, PyAny>>,
    device: Option<&str>,
    copy: Option<bool>,
    order: Option<&str>,
    writable: Option<bool>,
) -> PyResult<Bound<'py, PyArray>> {
    import::import(obj, &request(dtype, device, copy, order, writable)?)
}

/// An array over the memory of any object that speaks DLPack, or of a DLPack capsule.
#[pyfunction]
#[pyo3(signature = (x, /, *, device = None, copy = None))]
fn from_dlpack<'py>(x: &Bound<'py, PyAny>, device: Option<&str>, copy: Option<bool>) -> PyResult<Bound<'py, PyArray>> {
    import::dlpack::from_dlpack(x, &request(None, device, copy, None, None)?)
}

/// What is alive now, as (owner, protocol, direction, nbytes, readonly).
#[pyfunction(name = "_ledger")]
fn ledger(py: Python<'_>) -> Vec<(String, String, &'static str, u64, bool)> {
    crate::release::drain(py);
    let entry = |entry: aria_array_bridge::ledger::Entry| {
        let direction = match entry.direction {
            aria_array_bridge::ledger::Direction::Import => "import",
            aria_array_bridge::ledger::Direction::Export => "export",
        };
        (entry.owner.to_string(), entry.protocol.to_string(), direction, entry.nbytes, entry.readonly)
    };
    aria_array_bridge::ledger::entries().into_iter().map(entry).collect()
}

/// Starts recording this thread's conversions.
#[pyfunction(name = "_trace_start")]
fn trace_start() {
    start_trace();
}

/// Ends the innermost recording and returns its plans.
#[pyfunction(name = "_trace_stop")]
fn trace_stop() -> PyResult<Vec<PyPlan>> {
    if !crate::plan::is_tracing() {
        return Err(PyTypeError::new_err("expected a trace that was started"));
    }
    Ok(stop_trace().into_iter().map(PyPlan::new).collect())
}
