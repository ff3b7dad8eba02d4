//! The functions and classes of the module `_core`.

use crate::array::{PyArray, PyBitmap, PyLayout, unpickle};
use crate::device::device_of;
use crate::dtype::{PyDType, add_constants, dtype_of, record_dtype};
use crate::plan::{PyPlan, PyReason};
use crate::request::{Request, copy_order, copy_policy};
use crate::{error, export, import};
use aria_array_bridge::{CopyOrder, Order};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_class::<PyArray>()?;
    module.add_class::<PyDType>()?;
    module.add_class::<PyBitmap>()?;
    module.add_class::<PyLayout>()?;
    module.add_class::<PyPlan>()?;
    module.add_class::<PyReason>()?;
    module.add("ConversionError", error::conversion_error(py)?)?;
    module.add("AriaError", error::aria_error(py)?)?;
    module.add("ArgumentError", error::argument_error(py)?)?;
    module.add_function(wrap_pyfunction!(asarray, module)?)?;
    import::from_buffer::register(module)?;
    module.add_function(wrap_pyfunction!(from_dlpack, module)?)?;
    module.add_function(wrap_pyfunction!(from_arrow, module)?)?;
    module.add_function(wrap_pyfunction!(explain, module)?)?;
    module.add_function(wrap_pyfunction!(unpickle, module)?)?;
    module.add_function(wrap_pyfunction!(record_dtype, module)?)?;
    module.add_function(wrap_pyfunction!(crate::plan::unpickled, module)?)?;
    module.add_class::<crate::block::Block>()?;
    module.add_function(wrap_pyfunction!(ledger, module)?)?;
    module.add_function(wrap_pyfunction!(release_unused, module)?)?;
    module.add_function(wrap_pyfunction!(crate::doctor::doctor, module)?)?;
    crate::table::register(module)?;
    add_constants(module)
}

/// The keyword arguments of `asarray` as a request.
struct Options<'a, 'py> {
    dtype: Option<&'a Bound<'py, PyAny>>,
    device: Option<&'a Bound<'py, PyAny>>,
    copy: Option<bool>,
    order: Option<&'a str>,
    nulls: Option<&'a str>,
    writable: Option<bool>,
}

impl Options<'_, '_> {
    fn request(&self) -> PyResult<Request> {
        let order = match copy_order(self.order)? {
            CopyOrder::C => Some(Order::C),
            CopyOrder::F => Some(Order::F),
            CopyOrder::Keep => None,
        };
        let (no_nulls, nan) = match self.nulls {
            None | Some("mask") => (false, false), // An array is values and validity: what a masked array is in NumPy.
            Some("raise") => (true, false),
            Some("nan") => (false, true),
            Some(other) => {
                let text = format!("expected nulls to be None, 'raise', 'nan' or 'mask' but found {other:?}");
                return Err(PyValueError::new_err(text));
            }
        };
        Ok(Request {
            copy: copy_policy(self.copy),
            dtype: self.dtype.map(dtype_of).transpose()?,
            order,
            ndim: None,
            writable: self.writable == Some(true),
            readonly: self.writable == Some(false),
            no_nulls,
            nan,
            device: self.device.map(device_of).transpose()?,
            validate: false,
        })
    }
}

/// An array over the memory of any object that speaks an array protocol; a copy only where sharing is impossible.
///
/// `dtype` casts within its kind, by a copy. `copy=False` refuses to copy, `True` always does. `order` is "C", "F" or
/// None for as it lies. `nulls="raise"` refuses nulls, "nan" copies with NaN in their
/// places, None and "mask" keep them. `writable=True` wants memory that may be written, `False` a view
/// that may not.
#[pyfunction]
#[pyo3(signature = (obj, /, *, dtype = None, device = None, copy = None, order = None, nulls = None, writable = None))]
fn asarray<'py>(
    obj: &Bound<'py, PyAny>,
    dtype: Option<&Bound<'py, PyAny>>,
    device: Option<&Bound<'py, PyAny>>,
    copy: Option<bool>,
    order: Option<&str>,
    nulls: Option<&str>,
    writable: Option<bool>,
) -> PyResult<Bound<'py, PyArray>> {
    import::import(obj, &Options { dtype, device, copy, order, nulls, writable }.request()?)
}

/// What a conversion would do, and why. Converts nothing; a refusal is an answer, not an exception.
///
/// Without `to`, of `asarray(obj, …)`; with it, of the way from there on to that library: "numpy", "torch", "jax",
/// "pandas", "pyarrow", "polars" or "arrow". A table goes to the last four as a table and a `Column` as a column, with what
/// pandas copies.
#[pyfunction]
#[pyo3(signature = (
    obj, /, *, to = None, dtype = None, device = None, copy = None, order = None, nulls = None, writable = None
))]
#[allow(clippy::too_many_arguments, reason = "they are Python's keywords")]
fn explain(
    obj: &Bound<'_, PyAny>,
    to: Option<&str>,
    dtype: Option<&Bound<'_, PyAny>>,
    device: Option<&Bound<'_, PyAny>>,
    copy: Option<bool>,
    order: Option<&str>,
    nulls: Option<&str>,
    writable: Option<bool>,
) -> PyResult<PyPlan> {
    // What nulls mean to the target, the way out decides.
    let at_the_door = if to.is_some() { None } else { nulls };
    let request = Options { dtype, device, copy, order, nulls: at_the_door, writable }.request()?;
    let plan = match to {
        None => import::explain(obj, &request)?,
        Some(target) => export::explain(obj, &request, target, nulls)?,
    };
    Ok(PyPlan::new(plan))
}

/// An array over the memory of any object that speaks DLPack, or of a DLPack capsule.
#[pyfunction]
#[pyo3(signature = (x, /, *, device = None, copy = None))]
fn from_dlpack<'py>(
    x: &Bound<'py, PyAny>,
    device: Option<&Bound<'py, PyAny>>,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyArray>> {
    let options = Options { dtype: None, device, copy, order: None, nulls: None, writable: None };
    import::dlpack::from_dlpack(x, &options.request()?)
}

/// An array of any object that speaks Arrow's PyCapsule interface, of its pair of capsules, or of a stream's.
///
/// A stream of several chunks becomes one array by a copy. `validate="full"` checks every value, and not the structure
/// alone.
#[pyfunction]
#[pyo3(signature = (x, /, *, dtype = None, copy = None, order = None, nulls = None, validate = None))]
fn from_arrow<'py>(
    x: &Bound<'py, PyAny>,
    dtype: Option<&Bound<'py, PyAny>>,
    copy: Option<bool>,
    order: Option<&str>,
    nulls: Option<&str>,
    validate: Option<&str>,
) -> PyResult<Bound<'py, PyArray>> {
    let validate = import::arrow::validates(validate)?;
    let options = Options { dtype, device: None, copy, order, nulls, writable: None };
    import::arrow::from_arrow(x, &Request { validate, ..options.request()? })
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

/// Gives the memory back of the copy that died last, which is kept for the next one: at most one block, of 1 to 256 MiB.
/// Returns its bytes, 0 if none was kept.
#[pyfunction]
fn release_unused() -> usize {
    aria_array_bridge::buffer::release_unused()
}
