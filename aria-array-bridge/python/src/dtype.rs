//! The class `DType`, and the constants `ab.float64`, … [W2].
//!
//! `meant` finds the dtype that an object of any library means.

mod meant;

pub(crate) use meant::dtype_of;

use crate::import::numpy::dtype::to_numpy;
use aria_array_bridge::DType;
use aria_array_bridge::dtype::{format, parse_format};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

/// What one element is. `DType("float64")`, or of anything that names a dtype: NumPy's, PyTorch's, Python's own types.
#[pyclass(frozen, name = "DType", module = "aria_array_bridge")]
pub struct PyDType {
    dtype: DType,
}

impl PyDType {
    pub(crate) fn new(dtype: DType) -> PyDType {
        PyDType { dtype }
    }

    pub(crate) fn dtype(&self) -> &DType {
        &self.dtype
    }
}

#[pymethods]
impl PyDType {
    #[new]
    #[pyo3(signature = (dtype, /))]
    fn py_new(dtype: &Bound<'_, PyAny>) -> PyResult<PyDType> {
        Ok(PyDType { dtype: dtype_of(dtype)? })
    }

    /// The name, in NumPy's words where NumPy has one.
    #[getter]
    fn name(&self) -> String {
        self.dtype.name().into_owned()
    }

    /// NumPy's kind letter: "b", "i", "u", "f", "c", "m", "M", "S", "U" or "V".
    #[getter]
    fn kind(&self) -> char {
        self.dtype.kind()
    }

    /// Bytes of one element.
    #[getter]
    fn itemsize(&self) -> usize {
        self.dtype.itemsize()
    }

    /// Bits of one element, all lanes together.
    #[getter]
    fn bits(&self) -> usize {
        self.dtype.bits()
    }

    /// Numbers in one element: 1, or more for vectors.
    #[getter]
    fn lanes(&self) -> u16 {
        match self.dtype {
            DType::Scalar(scalar) => scalar.lanes(),
            _ => 1,
        }
    }

    /// Bytes that a C compiler would align one element to.
    #[getter]
    fn alignment(&self) -> usize {
        self.dtype.alignment()
    }

    /// Names of a record's fields, or None.
    #[getter]
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let Some(record) = self.dtype.record() else { return Ok(None) };
        PyTuple::new(py, record.fields().iter().map(|field| &*field.name)).map(Some)
    }

    /// A record's fields by name, each (dtype, offset in bytes, shape), or None.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(record) = self.dtype.record() else { return Ok(None) };
        let fields = PyDict::new(py);
        for field in record.fields() {
            let shape = PyTuple::new(py, field.shape.iter())?;
            fields.set_item(&*field.name, (PyDType::new(field.dtype.clone()), field.offset, shape))?;
        }
        Ok(Some(fields))
    }

    /// The same dtype as a `numpy.dtype`. Imports NumPy, and ml_dtypes for what NumPy lacks.
    #[getter]
    fn __numpy_dtype__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let none =
            || PyTypeError::new_err(format!("expected a dtype that NumPy or ml_dtypes has but found {}", self.dtype));
        to_numpy(py, &self.dtype)?.ok_or_else(none)
    }

    fn __repr__(&self) -> String {
        self.dtype.name().into_owned()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        dtype_of(other).is_ok_and(|other| other == self.dtype)
    }

    /// That of the name, so that a dtype finds what its name was stored under.
    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, &self.dtype.name()).hash()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let this = slf.get();
        let Some(_) = this.dtype.record() else {
            return (slf.get_type(), (this.name(),)).into_pyobject(slf.py()).map(Bound::into_any);
        };
        let made = slf.py().import("aria_array_bridge._core")?.getattr("_record_dtype")?;
        let text = format(&this.dtype).ok_or_else(|| {
            PyValueError::new_err(format!("expected a record that a buffer format can say but found {}", this.dtype))
        })?;
        (made, (text, this.dtype.itemsize())).into_pyobject(slf.py()).map(Bound::into_any)
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __deepcopy__<'py>(slf: Bound<'py, Self>, memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        let _ = memo; // Immutable.
        slf
    }
}

/// The record of a buffer format, for unpickling.
#[pyfunction(name = "_record_dtype")]
pub(crate) fn record_dtype(text: &str, itemsize: usize) -> PyResult<PyDType> {
    let parsed = parse_format(text, Some(itemsize)).map_err(|error| PyValueError::new_err(error.to_string()))?;
    if !parsed.swap.is_none() {
        return Err(PyValueError::new_err("expected native byte order but found a record in the other one"));
    }
    Ok(PyDType::new(parsed.dtype))
}

/// Adds a constant for every scalar dtype: `bool`, `int8`, …, `float4_e2m1fnx2`.
pub(crate) fn add_constants(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let pair = DType::from_name("float4_e2m1fnx2"); // The one vector that has a row of its own.
    let scalars = (0..=u8::MAX).flat_map(|code| (1..=128).filter_map(move |bits| DType::from_dlpack(code, bits, 1)));
    for dtype in scalars.chain(pair) {
        module.add(&*dtype.name(), PyDType::new(dtype.clone()))?;
    }
    Ok(())
}
