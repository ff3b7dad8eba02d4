//! The door to `numpy.ndarray`: its struct, read directly. **Zero-copy**, and no call into Python for the numbers that
//! NumPy builds in; `dtype` reads the other descriptors, `keeper` says what has to live, `masked` is the door to masked
//! arrays, `types` knows NumPy's own types from others of their names.

pub(crate) mod dtype;
mod keeper;
pub(crate) mod masked;
mod types;

use super::{Refusal, named};
use crate::array::Hold;
use crate::request::Found;
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{Access, Array, DType, Device, Layout, Owner};
use core::ffi::c_int;
use core::ptr::NonNull;
use core::slice;
use numpy::npyffi::{NPY_ARRAY_WRITEABLE, NPY_TYPES, PyArrayObject};
use pyo3::Borrowed;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// What NumPy class a class is.
pub(super) enum NumpyKind {
    /// `numpy.ndarray`, or a subclass of NumPy's that means the same.
    Array,
    /// `numpy.ma.MaskedArray`.
    Masked,
    /// A scalar, whose buffer says of a time only that it has 8 bytes.
    Scalar,
}

/// Returns true for an exact `numpy.ndarray`.
pub(crate) fn is_exact_ndarray(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(types::of(object.py())?.is_some_and(|real| object.get_type().is(&real.ndarray)))
}

/// Returns true for a `numpy.dtype`.
pub(crate) fn is_dtype(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    types::of(object.py())?.map_or(Ok(false), |real| object.is_instance(real.dtype.bind(object.py())))
}

/// Returns true for a `numpy.ma.MaskedArray`.
pub(crate) fn is_masked(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(matches!(kind_of(&object.get_type())?, Some(NumpyKind::Masked)))
}

/// What NumPy class this is, if it is one. Subclasses that others define take their own doors.
pub(super) fn kind_of(class: &Bound<'_, PyType>) -> PyResult<Option<NumpyKind>> {
    let py = class.py();
    // An array can only come from a NumPy that is there already: nothing is imported to find out.
    let Some(real) = types::of(py)? else { return Ok(None) };
    if class.is(&real.ndarray) {
        return Ok(Some(NumpyKind::Array));
    }
    if class.is_subclass(real.generic.bind(py))? {
        return Ok(Some(NumpyKind::Scalar));
    }
    if !class.is_subclass(real.ndarray.bind(py))? {
        return Ok(None);
    }
    // Its struct begins as ndarray's does, so that these names, which anybody may set, decide on no memory.
    let modules = py.import("sys")?.getattr("modules")?;
    let named = |module: &str, name: &str| match modules.get_item(module) {
        Ok(module) => module.getattr_opt(name),
        Err(_) => Ok(None),
    };
    for name in ["memmap", "recarray", "matrix"] {
        if named("numpy", name)?.is_some_and(|other| class.is(&other)) {
            return Ok(Some(NumpyKind::Array));
        }
    }
    match named("numpy.ma", "MaskedArray")?.map(Bound::cast_into::<PyType>) {
        Some(Ok(other)) if class.is_subclass(&other)? => Ok(Some(NumpyKind::Masked)),
        _ => Ok(None),
    }
}

/// The array as NumPy's struct says it.
pub(super) fn find(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let array = object.as_ptr().cast::<PyArrayObject>();
    // SAFETY: a `numpy.ndarray` or a subclass (the doors' types), whose struct begins as NumPy's stable ABI says;
    // attached, so nobody changes it meanwhile.
    let fields = unsafe { &(*array).fields };
    let ndim = usize::try_from(fields.nd).unwrap_or(0);
    let (shape, strides): (&[usize], &[isize]) = match ndim {
        0 => (&[], &[]),
        _ => (
            // SAFETY: `nd` numbers of 0 or more, which live as long as the array; NumPy's ABI.
            unsafe { slice::from_raw_parts(fields.dimensions.cast(), ndim) },
            // SAFETY: `nd` numbers, as above.
            unsafe { slice::from_raw_parts(fields.strides, ndim) },
        ),
    };
    // SAFETY: every array has a descriptor, alive with it; NumPy's ABI.
    let descr = unsafe { &(*fields.descr).fields };
    let foreign = if cfg!(target_endian = "little") { b'>' } else { b'<' };
    let swapped = descr.byteorder as u8 == foreign;
    let (dtype, swap) = match builtin(descr.type_num) {
        Some(dtype) if swapped => {
            let unit = match &dtype {
                DType::Scalar(scalar) => scalar.swap_unit(),
                _ => dtype.alignment(),
            };
            (dtype, Swap::Units(unit))
        }
        Some(dtype) => (dtype, Swap::None),
        None => {
            // SAFETY: attached; the array's own descriptor, a live object.
            let descr = unsafe { Borrowed::from_ptr(object.py(), fields.descr.cast()) };
            match dtype::of(&descr) {
                Ok(parsed) => (parsed.dtype, parsed.swap),
                Err(dtype::Unknown::Refused(reason)) => return Err(Refusal::Next(*reason)),
                Err(dtype::Unknown::Raised(error)) => return Err(Refusal::Raise(error)),
            }
        }
    };
    let layout = Layout::new(dtype.itemsize(), shape, strides)
        .map_err(|error| Refusal::Next(Reason::new("span-overflow", "L2", error.to_string())))?;
    let first = NonNull::new(fields.data.cast::<u8>()).unwrap_or(NonNull::dangling());
    let readonly = fields.flags & NPY_ARRAY_WRITEABLE == 0;
    let owner = Owner::immortal();
    // SAFETY: NumPy's arrays lie in live memory while the object lives, which the hold keeps; shared, as anybody may write.
    let array = unsafe { Array::from_raw(first, dtype, layout, Device::CPU, Access::Shared, readonly, owner) };
    let array = array.map_err(|error| Refusal::Next(Reason::new("dtype", "L1", error.to_string())))?;
    let keeper = if fields.base.is_null() { object.clone().unbind() } else { keeper::of(object, &array)? };
    Ok(Found { array, hold: Hold::Object(keeper, None), swap, protocol: named!("numpy struct"), copied: None })
}

/// The dtype of a type number whose size is fixed.
fn builtin(type_num: c_int) -> Option<DType> {
    const LONG: DType = if size_of::<core::ffi::c_long>() == 8 { DType::I64 } else { DType::I32 };
    const ULONG: DType = if size_of::<core::ffi::c_long>() == 8 { DType::U64 } else { DType::U32 };
    static TABLE: [(NPY_TYPES, DType); 16] = [
        (NPY_TYPES::NPY_DOUBLE, DType::F64),
        (NPY_TYPES::NPY_FLOAT, DType::F32),
        (NPY_TYPES::NPY_LONG, LONG),
        (NPY_TYPES::NPY_LONGLONG, DType::I64),
        (NPY_TYPES::NPY_INT, DType::I32),
        (NPY_TYPES::NPY_SHORT, DType::I16),
        (NPY_TYPES::NPY_BYTE, DType::I8),
        (NPY_TYPES::NPY_ULONG, ULONG),
        (NPY_TYPES::NPY_ULONGLONG, DType::U64),
        (NPY_TYPES::NPY_UINT, DType::U32),
        (NPY_TYPES::NPY_USHORT, DType::U16),
        (NPY_TYPES::NPY_UBYTE, DType::U8),
        (NPY_TYPES::NPY_BOOL, DType::BOOL),
        (NPY_TYPES::NPY_HALF, DType::F16),
        (NPY_TYPES::NPY_CFLOAT, DType::C64),
        (NPY_TYPES::NPY_CDOUBLE, DType::C128),
    ];
    TABLE.iter().find(|(number, _)| *number as c_int == type_num).map(|(_, dtype)| dtype.clone())
}
