//! The class `DType`.

use aria_array_bridge::DType;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// What one element is.
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

/// The dtype that an object means: ours, or a name.
pub(crate) fn dtype_of(object: &Bound<'_, PyAny>) -> PyResult<DType> {
    if let Ok(dtype) = object.cast::<PyDType>() {
        return Ok(dtype.get().dtype.clone());
    }
    let name: String = object.extract()?;
    DType::from_name(&name).ok_or_else(|| PyTypeError::new_err(format!("expected a dtype but found {name:?}")))
}

#[pymethods]
impl PyDType {
    /// The name, in NumPy's words where NumPy has one.
    #[getter]
    fn name(&self) -> String {
        self.dtype.name().into_owned()
    }

    /// Bytes of one element.
    #[getter]
    fn itemsize(&self) -> usize {
        self.dtype.itemsize()
    }

    /// NumPy's kind letter.
    #[getter]
    fn kind(&self) -> char {
        self.dtype.kind()
    }

    fn __repr__(&self) -> String {
        self.dtype.name().into_owned()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        dtype_of(other).is_ok_and(|other| other == self.dtype)
    }

    fn __hash__(&self) -> u64 {
        use core::hash::{Hash, Hasher};
        let mut hasher = std::hash::DefaultHasher::new();
        self.dtype.hash(&mut hasher);
        hasher.finish()
    }
}
