//! Our array as a `numpy.ndarray`: NumPy's own constructor over our memory. **Zero-copy.**
//!
//! `dtype` finds NumPy's descriptor, `nulls` makes what stands for nulls where the caller asks for it.

mod dtype;
mod nulls;

pub(crate) use nulls::{NoNan, Nulls, with_nan};

use super::Export;
use crate::array::PyArray;
use crate::error::refused;
use crate::request::{counted_nulls, describe_short, kept_to};
use aria_array_bridge::array::CopyOrder;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use core::ffi::c_int;
use numpy::PY_ARRAY_API;
use numpy::npyffi::{NPY_ARRAY_WRITEABLE, NpyTypes, PyArrayObject, get_type_object};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::sync::OnceLock;

/// What to do about nulls.
const HINT: &str = "nulls=\"nan\" (float64, copy), nulls=\"mask\" (numpy.ma), .fill_null(0)";

struct Names {
    ndarray: Name,
    protocol: Name,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| Names { ndarray: Name::of("numpy.ndarray"), protocol: Name::of("numpy struct") })
}

#[pymethods]
impl PyArray {
    /// A NumPy array over the same memory. `nulls`: None and "raise" refuse an array with nulls, "nan" copies it with
    /// NaN or NaT in their places (integers as float64, refused where inexact), "mask" gives a MaskedArray.
    #[pyo3(signature = (*, copy = None, nulls = None))]
    fn to_numpy<'py>(
        slf: &Bound<'py, Self>,
        copy: Option<bool>,
        nulls: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let nulls = nulls.map_or(Ok(Nulls::Refuse), Nulls::parse)?;
        to_numpy_with(slf, crate::request::copy_policy(copy), nulls)
    }

    #[pyo3(signature = (dtype = None, *, copy = None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        for_numpy(slf, dtype, copy)
    }
}

/// What `__array__` answers.
///
/// # Errors
///
/// As [`to_numpy`]; `ConversionError` where another dtype needs a copy that is not allowed.
pub(crate) fn for_numpy<'py>(
    array: &Bound<'py, PyArray>,
    dtype: Option<&Bound<'py, PyAny>>,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    let array = to_numpy(array, crate::request::copy_policy(copy))?;
    match dtype {
        None => Ok(array),
        Some(dtype) => with_dtype(&array, dtype, copy),
    }
}

/// A NumPy array over the same memory; read-only where this array's exports are.
///
/// # Errors
///
/// `ConversionError` where NumPy cannot say it; `ImportError` without NumPy.
pub(crate) fn to_numpy<'py>(array: &Bound<'py, PyArray>, copy: CopyPolicy) -> PyResult<Bound<'py, PyAny>> {
    to_numpy_with(array, copy, Nulls::Refuse)
}

/// As [`to_numpy`], with something in the place of nulls.
///
/// # Errors
///
/// As `to_numpy`; `ConversionError` where nothing can stand for a null.
pub(crate) fn to_numpy_with<'py>(
    array: &Bound<'py, PyArray>,
    copy: CopyPolicy,
    nulls: Nulls,
) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    ensure_numpy(py)?;
    let inner = &*PyArray::using(array)?; // What follows may detach.
    let plain = inner.device().is_host() && inner.validity().is_none() && nulls != Nulls::Mask;
    if plain && copy != CopyPolicy::Always && !crate::block::is_tracing() {
        return view(array); // Nobody asks for the plan.
    }
    let mut plan = Plan::view("numpy struct", crate::array::describe(inner), "numpy.ndarray");
    plan.source_address = Some(inner.address() as u64);
    if !inner.device().is_host() {
        let reason =
            Reason::new("device", "L7", format!("NumPy reads the host's memory, and this is on {}", inner.device()));
        return Err(refused(py, plan.refusing(reason.expected("cpu", inner.device().to_string()))));
    }
    let missing = inner.null_count();
    let bytes = inner.nbytes() as u64;
    if copy == CopyPolicy::Always {
        plan = plan.copying(bytes, Reason::new("copy-asked", "C1", "copy=True"));
    }
    if missing > 0 {
        let text = format!("{} in {}, and numpy.ndarray has none", counted_nulls(missing), describe_short(inner));
        let reason = Reason::new("nulls", "C4", text);
        match nulls {
            Nulls::Refuse => return Err(refused(py, plan.refusing(reason.hint(HINT)))),
            Nulls::Nan => plan = plan.copying(bytes, reason),
            Nulls::Mask => {}
        }
    }
    plan = kept_to(plan, copy);
    if plan.outcome == Outcome::Refuse {
        return Err(refused(py, plan));
    }
    let filled = missing > 0 && nulls == Nulls::Nan;
    let copied = if filled {
        let made = py.detach(|| with_nan(inner));
        Some(made.map_err(|error| error.raise(py, &plan))?)
    } else if plan.outcome == Outcome::Copy {
        let made = py.detach(|| inner.copy(CopyOrder::Keep));
        Some(made.map_err(|error| crate::request::memory_or_value(&error))?)
    } else {
        None
    };
    let made = match copied {
        None => {
            plan.target_address = plan.source_address;
            view(array)?
        }
        Some(copied) => {
            plan.target_address = Some(copied.address() as u64);
            plan.copied_bytes = copied.nbytes() as u64;
            let fresh = PyArray::from_array(copied, crate::array::Origin::Plan(Box::new(plan.clone())), true);
            view(&Bound::new(py, fresh)?)?
        }
    };
    let made = if nulls == Nulls::Mask { nulls::masked(&made, inner.validity())? } else { made };
    if crate::block::is_tracing() {
        crate::block::record(&plan);
    }
    Ok(made)
}

/// Imports NumPy, once, before its C interface is used, which would panic without it.
fn ensure_numpy(py: Python<'_>) -> PyResult<()> {
    static IMPORTED: PyOnceLock<()> = PyOnceLock::new();
    IMPORTED.get_or_try_init(py, || py.import("numpy").map(drop)).copied()
}

/// The same array as another dtype, as `__array__(dtype)` must answer it: NumPy's own `astype`.
pub(crate) fn with_dtype<'py>(
    array: &Bound<'py, PyAny>,
    dtype: &Bound<'py, PyAny>,
    copy: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    let wanted = py.import("numpy")?.getattr("dtype")?.call1((dtype,))?;
    if array.getattr("dtype")?.eq(&wanted)? {
        return Ok(array.clone());
    }
    if copy == Some(false) {
        let plan = Plan::view("__array__", "Array", "numpy.ndarray");
        let text = format!("expected {wanted} but found {}", array.getattr("dtype")?);
        return Err(refused(py, plan.refusing(Reason::new("dtype", "C1", text))));
    }
    array.call_method1("astype", (wanted,))
}

/// Makes the ndarray. NumPy is imported.
fn view<'py>(array: &Bound<'py, PyArray>) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    let inner = array.get().live()?;
    let descr = dtype::descriptor(py, inner)?;
    let export = Export::new(array, names().ndarray, names().protocol)?;
    let mut shape: smallvec::SmallVec<[isize; 8]> = inner.shape().iter().map(|n| n.cast_signed()).collect();
    let mut strides: smallvec::SmallVec<[isize; 8]> = inner.strides().into();
    let flags = if inner.is_exported_writable() { NPY_ARRAY_WRITEABLE } else { 0 };
    // SAFETY: attached, NumPy is imported; the type object is NumPy's own and lives as long as the process.
    let class = unsafe { get_type_object(py, NpyTypes::PyArray_Type) };
    // SAFETY: attached. `descr` is a reference that the call takes over, also on failure. `shape` and `strides` have
    // `ndim` numbers. The memory holds the layout's span while `export` lives, which becomes the base below.
    let made = unsafe {
        PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            class,
            descr,
            inner.ndim() as c_int,
            shape.as_mut_ptr(),
            strides.as_mut_ptr(),
            inner.as_ptr().cast(),
            flags,
            core::ptr::null_mut(),
        )
    };
    // SAFETY: a new reference, or NULL with an exception.
    let made = unsafe { Bound::from_owned_ptr_or_err(py, made) }?;
    // SAFETY: attached; `made` is a fresh array without a base; the reference to `export` is taken over, also on failure.
    let status =
        unsafe { PY_ARRAY_API.PyArray_SetBaseObject(py, made.as_ptr().cast::<PyArrayObject>(), export.into_ptr()) };
    if status != 0 {
        return Err(PyErr::fetch(py));
    }
    Ok(made)
}
