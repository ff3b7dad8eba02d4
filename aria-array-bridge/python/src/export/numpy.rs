//! Our array as a `numpy.ndarray`: NumPy's own constructor over our memory. **Zero-copy.**

use super::Export;
use crate::array::PyArray;
use crate::error::refused;
use crate::plan;
use aria_array_bridge::array::CopyOrder;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use aria_array_bridge::{Array, DType, Validity};
use core::ffi::c_int;
use numpy::PY_ARRAY_API;
use numpy::npyffi::{NPY_ARRAY_WRITEABLE, NPY_TYPES, NpyTypes, PyArray_Descr, PyArrayObject, get_type_object};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::sync::OnceLock;

struct Names {
    ndarray: Name,
    protocol: Name,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| Names { ndarray: Name::of("numpy.ndarray"), protocol: Name::of("numpy struct") })
}

/// What becomes of nulls, which numpy.ndarray has none of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// A refusal.
    Raise,
    /// NaN, in a copy of floats.
    Nan,
    /// A mask beside shared values.
    Mask,
}

impl Nulls {
    /// Python's `nulls=`.
    ///
    /// # Errors
    ///
    /// `ValueError` for another word.
    pub(crate) fn from_name(name: Option<&str>) -> PyResult<Nulls> {
        match name {
            None | Some("raise") => Ok(Nulls::Raise),
            Some("nan") => Ok(Nulls::Nan),
            Some("mask") => Ok(Nulls::Mask),
            Some(other) => {
                Err(PyValueError::new_err(format!("expected nulls of 'raise', 'nan' or 'mask' but found {other:?}")))
            }
        }
    }
}

/// A NumPy array over the same memory; read-only where this array's exports are. Nulls become what `nulls` says; an
/// array without any is a plain view in either case, in a `MaskedArray` without a mask for [`Nulls::Mask`].
///
/// # Errors
///
/// `ConversionError` where NumPy cannot say it; `ImportError` without NumPy.
pub(crate) fn to_numpy<'py>(
    array: &Bound<'py, PyArray>,
    copy: CopyPolicy,
    nulls: Nulls,
) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    ensure_numpy(py)?;
    let inner = array.get().live()?;
    let mut plan = Plan::view("numpy struct", crate::array::describe(inner), "numpy.ndarray");
    plan.source_address = Some(inner.address() as u64);
    if !inner.device().is_host() {
        let reason =
            Reason::new("device", "L7", format!("NumPy reads the host's memory, and this is on {}", inner.device()));
        return Err(refused(py, plan.refusing(reason.expected("cpu", inner.device().to_string()))));
    }
    let count = inner.null_count();
    match nulls {
        Nulls::Raise if count > 0 => Err(refused(py, plan.refusing(some_nulls(inner, count)))),
        Nulls::Nan if count > 0 => with_nan(array, plan, copy),
        Nulls::Mask => {
            plan.target = "numpy.ma.MaskedArray".into();
            let values = values(array, plan, copy)?;
            let ma = py.import("numpy.ma")?;
            let mask = if count > 0 { mask(py, inner)? } else { ma.getattr("nomask")? };
            ma.getattr("MaskedArray")?.call1((values, mask))
        }
        _ => values(array, plan, copy),
    }
}

/// Why nulls keep an array from being an ndarray.
fn some_nulls(array: &Array, count: usize) -> Reason {
    let s = if count == 1 { "" } else { "s" };
    let text = format!("{count} null{s} in {}, and numpy.ndarray has none", words(array));
    let hint = "nulls=\"nan\" (float64, copy), nulls=\"mask\" (numpy.ma), .fill_null(0)";
    Reason::new("nulls", "C4", text).hint(hint)
}

/// `int64[3]`
fn words(array: &Array) -> String {
    crate::array::describe(array).trim_start_matches("Array ").to_owned()
}

/// The values, whatever lies under a null: shared, or copied if that was asked for.
fn values<'py>(array: &Bound<'py, PyArray>, mut plan: Plan, copy: CopyPolicy) -> PyResult<Bound<'py, PyAny>> {
    let (py, inner) = (array.py(), array.get().live()?);
    if copy == CopyPolicy::Always {
        plan = plan.copying(inner.nbytes() as u64, Reason::new("copy-asked", "C1", "copy=True"));
        let copied =
            py.detach(|| inner.copy(CopyOrder::Keep)).map_err(|error| crate::request::memory_or_value(&error))?;
        plan.target_address = Some(copied.address() as u64);
        let fresh = PyArray::from_array(copied, crate::array::Origin::Plan(Box::new(plan.clone())), true);
        let made = view(&Bound::new(py, fresh)?)?;
        plan::record(&plan);
        return Ok(made);
    }
    let made = view(array)?;
    if plan::is_tracing() {
        plan.target_address = plan.source_address;
        debug_assert_eq!(plan.outcome, Outcome::View);
        plan::record(&plan);
    }
    Ok(made)
}

/// NumPy's mask: a bool per element, true = missing. **Copies** the bits.
fn mask<'py>(py: Python<'py>, array: &Array) -> PyResult<Bound<'py, PyAny>> {
    let missing = array.validity().into_iter().flat_map(|validity| validity.iter().map(|valid| !valid));
    let flat = numpy::PyArray1::from_iter(py, missing);
    flat.call_method1("reshape", (pyo3::types::PyTuple::new(py, array.shape())?,))
}

/// A **copy** in floats, with NaN for each null. Floats keep their dtype; integers and bools become float64.
fn with_nan<'py>(array: &Bound<'py, PyArray>, plan: Plan, copy: CopyPolicy) -> PyResult<Bound<'py, PyAny>> {
    let (py, inner) = (array.py(), array.get().live()?);
    let plan = Plan { protocol: "numpy copy".into(), ..plan };
    let dtype = match inner.dtype() {
        &DType::BF16 => &DType::BF16,
        dtype if dtype.kind() == 'f' => dtype,
        dtype if matches!(dtype.kind(), 'i' | 'u' | 'b') => &DType::F64,
        dtype => {
            let reason = Reason::new("nulls", "C4", format!("{dtype} has no NaN, which would stand for nulls"));
            return Err(refused(py, plan.refusing(reason.hint("nulls=\"mask\" (numpy.ma)"))));
        }
    };
    if let Some(value) = inexact(inner)? {
        let text = format!("{value} is no float64, and the nearest one is another number");
        return Err(refused(py, plan.refusing(Reason::new("inexact", "C4", text).hint("nulls=\"mask\" (numpy.ma)"))));
    }
    let bytes = (inner.len() * dtype.itemsize()) as u64;
    let mut plan = plan.copying(bytes, some_nulls(inner, inner.null_count()));
    if copy == CopyPolicy::Never {
        let text = "a copy would be needed, and copy=False forbids it";
        return Err(refused(py, plan.refusing(Reason::new("copy-never", "C1", text))));
    }
    let Some(wanted) = crate::import::numpy::dtype::to_numpy(py, dtype)? else {
        return Err(refused(py, plan.refusing(no_dtype(inner))));
    };
    let made = view(array)?.call_method1("astype", (wanted,))?;
    made.set_item(mask(py, inner)?, f64::NAN)?;
    plan.target_address = Some(made.getattr("ctypes")?.getattr("data")?.extract()?);
    if plan::is_tracing() {
        plan::record(&plan);
    }
    Ok(made)
}

/// The first value, nulls apart, that float64 has not.
fn inexact(array: &Array) -> PyResult<Option<i128>> {
    let wrong = |error: aria_array_bridge::array::ViewError| PyValueError::new_err(error.to_string());
    let valid = array.validity().into_iter().flat_map(Validity::iter);
    let changes = |(value, valid): &(i128, bool)| *valid && (*value as f64) as i128 != *value;
    let values = array.clone().without_validity();
    let found = match *array.dtype() {
        DType::I64 => values.iter::<i64>().map_err(wrong)?.map(i128::from).zip(valid).find(changes),
        DType::U64 => values.iter::<u64>().map_err(wrong)?.map(i128::from).zip(valid).find(changes),
        _ => None,
    };
    Ok(found.map(|(value, _)| value))
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
    let descr = descriptor(py, inner)?;
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

/// NumPy's descriptor of the dtype, as a reference to give away.
fn descriptor(py: Python<'_>, array: &Array) -> PyResult<*mut PyArray_Descr> {
    if let Some(number) = type_number(array.dtype()) {
        // SAFETY: attached, NumPy is imported; a new reference to a built-in descriptor, or NULL with an exception.
        let descr = unsafe { PY_ARRAY_API.PyArray_DescrFromType(py, number as c_int) };
        return if descr.is_null() { Err(PyErr::fetch(py)) } else { Ok(descr) };
    }
    if let Some(dtype) = crate::import::numpy::dtype::to_numpy(py, array.dtype())? {
        return Ok(dtype.into_ptr().cast());
    }
    let plan = Plan::view("numpy struct", crate::array::describe(array), "numpy.ndarray");
    Err(refused(py, plan.refusing(no_dtype(array))))
}

fn no_dtype(array: &Array) -> Reason {
    Reason::new("dtype", "L1", format!("NumPy has no dtype for {}", array.dtype().name()))
}

fn type_number(dtype: &DType) -> Option<NPY_TYPES> {
    Some(match *dtype {
        DType::F64 => NPY_TYPES::NPY_DOUBLE,
        DType::F32 => NPY_TYPES::NPY_FLOAT,
        DType::F16 => NPY_TYPES::NPY_HALF,
        DType::I64 if size_of::<core::ffi::c_long>() == 8 => NPY_TYPES::NPY_LONG,
        DType::I64 => NPY_TYPES::NPY_LONGLONG,
        DType::I32 => NPY_TYPES::NPY_INT,
        DType::I16 => NPY_TYPES::NPY_SHORT,
        DType::I8 => NPY_TYPES::NPY_BYTE,
        DType::U64 if size_of::<core::ffi::c_long>() == 8 => NPY_TYPES::NPY_ULONG,
        DType::U64 => NPY_TYPES::NPY_ULONGLONG,
        DType::U32 => NPY_TYPES::NPY_UINT,
        DType::U16 => NPY_TYPES::NPY_USHORT,
        DType::U8 => NPY_TYPES::NPY_UBYTE,
        DType::BOOL => NPY_TYPES::NPY_BOOL,
        DType::C64 => NPY_TYPES::NPY_CFLOAT,
        DType::C128 => NPY_TYPES::NPY_CDOUBLE,
        _ => return None,
    })
}
