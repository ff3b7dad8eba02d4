//! Elements as Python's numbers, and arrays with memory of their own. **Copies**, all of it, because it was asked for.

use super::element::{grouped, objects};
use super::{Origin, PyArray, describe};
use crate::block::{copies_are_forbidden, is_tracing, record};
use crate::device::device_of;
use crate::dtype::dtype_of;
use crate::error::refused;
use crate::request::{copy_order, kept_to, memory_or_value};
use aria_array_bridge::plan::{CopyPolicy, Plan, Reason};
use aria_array_bridge::{Array, DType};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyDict, PyFloat, PyInt, PyTuple};

/// What to do about memory of another device.
const AWAY: &str = "move it with a library of that device, and give the result to asarray";

#[pymethods]
impl PyArray {
    /// The only element, or the one at these indices, as a Python object.
    #[pyo3(signature = (*index))]
    fn item<'py>(slf: &Bound<'py, Self>, index: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let array = PyArray::using(slf)?;
        if !index.is_empty() {
            let one = slf.as_any().get_item(index)?.cast_into::<PyArray>()?;
            let empty = PyTuple::empty(slf.py());
            return PyArray::item(&one, &empty);
        }
        if array.len() != 1 {
            let text = format!("expected an array of one element but found {}: give its indices", array.len());
            return Err(PyValueError::new_err(text));
        }
        only(slf.py(), &array)
    }

    /// Nested lists of the elements; None for a null. The element itself of an array without axes.
    fn tolist<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let array = PyArray::using(slf)?;
        if array.ndim() == 0 {
            return only(slf.py(), &array);
        }
        let flat = objects(slf.py(), &array)?;
        let lists = grouped(slf.py(), flat, array.shape(), 1)?;
        lists.into_iter().next().ok_or_else(|| PyValueError::new_err("expected a list but found none"))
    }

    /// The same elements in fresh memory that may be written; in the order of memory, or "C", or "F".
    #[pyo3(signature = (*, order = None))]
    fn copy<'py>(slf: &Bound<'py, Self>, order: Option<&str>) -> PyResult<Bound<'py, PyArray>> {
        let order = copy_order(order)?;
        fresh(slf, Reason::new("copy-asked", "C1", "copy() was asked for"), None, |array| array.copy(order))
    }

    /// The elements as another dtype of the same kind. A copy, also of the same dtype unless `copy=False`.
    #[pyo3(signature = (dtype, /, *, copy = true))]
    fn astype<'py>(slf: &Bound<'py, Self>, dtype: &Bound<'py, PyAny>, copy: bool) -> PyResult<Bound<'py, PyArray>> {
        let dtype = dtype_of(dtype)?;
        let same = *slf.get().live()?.dtype() == dtype;
        if same && !copy {
            return Ok(slf.clone());
        }
        // As asarray does it, which casts; `copy=False` says that the same dtype need not be copied, not that a cast may not.
        let policy = if same { CopyPolicy::Always } else { CopyPolicy::IfNeeded };
        let request = crate::request::Request { copy: policy, dtype: Some(dtype), ..Default::default() };
        crate::import::import(slf.as_any(), &request)
    }

    /// This array, if it is on that device already; another device is its library's to reach.
    #[pyo3(signature = (device, /))]
    fn to_device<'py>(slf: &Bound<'py, Self>, device: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray>> {
        let (wanted, array) = (device_of(device)?, slf.get().live()?);
        let found = array.device();
        if wanted == found {
            return Ok(slf.clone());
        }
        let text = format!("expected memory on {wanted} but found it on {found}");
        let reason = Reason::new("device", "L7", text).expected(wanted.to_string(), found.to_string());
        let plan = Plan::view("to_device", describe(array), "Array").refusing(reason.hint(AWAY));
        Err(refused(slf.py(), plan))
    }

    fn __float__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        convert::<PyFloat>(slf)
    }

    fn __int__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        convert::<PyInt>(slf)
    }

    fn __format__<'py>(slf: &Bound<'py, Self>, format: &str) -> PyResult<Bound<'py, PyAny>> {
        if format.is_empty() {
            return Ok(slf.str()?.into_any());
        }
        scalar(slf, "a number to format")?.call_method1("__format__", (format,))
    }

    #[pyo3(signature = (digits = None, /))]
    fn __round__<'py>(slf: &Bound<'py, Self>, digits: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        let number = scalar(slf, "a number to round")?;
        match digits {
            Some(digits) => number.call_method1("__round__", (digits,)),
            None => number.call_method0("__round__"),
        }
    }

    fn __complex__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        convert::<PyComplex>(slf)
    }

    fn __bool__(slf: &Bound<'_, Self>) -> PyResult<bool> {
        scalar(slf, "a bool")?.is_truthy()
    }

    fn __index__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let value = scalar(slf, "an index")?;
        if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
            return Ok(value);
        }
        let dtype = slf.get().live()?.dtype();
        Err(PyTypeError::new_err(format!("expected an integer array as an index but found {dtype}")))
    }

    fn __copy__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray>> {
        PyArray::view(slf, slf.get().live()?.clone())
    }

    fn __deepcopy__<'py>(slf: &Bound<'py, Self>, memo: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyArray>> {
        let _ = memo; // An array holds no other Python object that could be copied.
        PyArray::copy(slf, None)
    }
}

/// A copy of some kind, made detached, with its plan.
pub(super) fn fresh<'py>(
    this: &Bound<'py, PyArray>,
    reason: Reason,
    dtype: Option<&DType>,
    make: impl Fn(&Array) -> Result<Array, aria_array_bridge::ArrayError> + Send + Sync,
) -> PyResult<Bound<'py, PyArray>> {
    let py = this.py();
    let array = PyArray::using(this)?;
    let source = &*array;
    if copies_are_forbidden() {
        let plan = Plan::view("", describe(source), "Array").copying(source.nbytes() as u64, reason);
        return Err(refused(py, kept_to(plan, CopyPolicy::Always)));
    }
    if !source.device().is_host() {
        let text = format!("memory on {} is copied by the library that owns it", source.device());
        let plan = Plan::view("", describe(source), "Array").refusing(Reason::new("device", "L7", text).hint(AWAY));
        return Err(refused(py, plan));
    }
    let copied = py.detach(|| make(source)).map_err(|error| memory_or_value(&error))?;
    debug_assert!(dtype.is_none_or(|dtype| dtype == copied.dtype()));
    let mut plan = Plan::view("", describe(source), describe(&copied)).copying(copied.nbytes() as u64, reason);
    (plan.source_address, plan.target_address) = (Some(source.address() as u64), Some(copied.address() as u64));
    if is_tracing() {
        record(&plan);
    }
    Bound::new(py, PyArray::from_array(copied, Origin::Plan(Box::new(plan)), true))
}

fn only<'py>(py: Python<'py>, array: &Array) -> PyResult<Bound<'py, PyAny>> {
    let element = objects(py, array)?.into_iter().next();
    element.ok_or_else(|| PyValueError::new_err("expected an element but found none"))
}

/// The element of an array without axes.
fn scalar<'py>(this: &Bound<'py, PyArray>, wanted: &str) -> PyResult<Bound<'py, PyAny>> {
    let array = PyArray::using(this)?;
    if array.ndim() != 0 {
        let text = format!("expected an array without axes to make {wanted} of but found {}", describe(&array));
        return Err(PyTypeError::new_err(format!("{text}: item() takes the only element, np.asarray(a) the rest")));
    }
    let value = only(this.py(), &array)?;
    if value.is_none() {
        return Err(PyTypeError::new_err(format!("expected a value to make {wanted} of but found a null")));
    }
    Ok(value)
}

fn convert<'py, T: pyo3::type_object::PyTypeInfo>(this: &Bound<'py, PyArray>) -> PyResult<Bound<'py, PyAny>> {
    let class = T::type_object(this.py());
    class.call1((scalar(this, &class.name()?.to_string_lossy())?,))
}
