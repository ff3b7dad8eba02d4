//! What can be asked of an array without reading an element, and how it is given back.

use super::{PyArray, PyBitmap};
use crate::dtype::PyDType;
use crate::plan::PyPlan;
use aria_array_bridge::Array;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// Elements that NumPy would call aligned are aligned to this much at most.
const MOST_ALIGNED: usize = 64;

#[pymethods]
impl PyArray {
    /// Extents, in elements.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.live()?.shape())
    }

    /// Strides, in bytes.
    #[getter]
    fn strides<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.live()?.strides())
    }

    /// Number of axes.
    #[getter]
    fn ndim(&self) -> PyResult<usize> {
        Ok(self.live()?.ndim())
    }

    /// Number of elements.
    #[getter]
    fn size(&self) -> PyResult<usize> {
        Ok(self.live()?.len())
    }

    /// Bytes of one element.
    #[getter]
    fn itemsize(&self) -> PyResult<usize> {
        Ok(self.live()?.dtype().itemsize())
    }

    /// Bytes of all elements together.
    #[getter]
    fn nbytes(&self) -> PyResult<usize> {
        Ok(self.live()?.nbytes())
    }

    /// What one element is.
    #[getter]
    fn dtype(&self) -> PyResult<PyDType> {
        Ok(PyDType::new(self.live()?.dtype().clone()))
    }

    /// Where the memory lives: "cpu", "cuda:0".
    #[getter]
    fn device(&self) -> PyResult<String> {
        Ok(self.live()?.device().to_string())
    }

    /// Address of element zero.
    #[getter]
    fn address(&self) -> PyResult<usize> {
        Ok(self.live()?.address())
    }

    /// True if this array and what it is exported to may not write.
    #[getter]
    fn readonly(&self) -> PyResult<bool> {
        Ok(self.live()?.is_readonly())
    }

    /// Who may write to the memory: "frozen" (nobody) or "shared".
    #[getter]
    fn access(&self) -> PyResult<&'static str> {
        Ok(self.live()?.access().name())
    }

    /// The plan of the conversion that made the array.
    #[getter(plan)]
    fn py_plan(&self) -> PyPlan {
        PyPlan::new(self.plan())
    }

    /// Ends the ownership now. `BufferError` while exports are alive. A view ends its own hold alone.
    #[pyo3(name = "release")]
    fn py_release(slf: &Bound<'_, Self>) -> PyResult<()> {
        PyArray::end(slf)
    }

    fn __enter__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        slf.get().live()?;
        Ok(slf)
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(slf: &Bound<'_, Self>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        PyArray::end(slf)
    }

    /// The largest power of two, up to 64, that the address of every element is a multiple of.
    #[getter]
    fn alignment(&self) -> PyResult<usize> {
        Ok(alignment(self.live()?))
    }

    /// True if the elements lie one behind the other, last axis fastest.
    #[getter]
    fn c_contiguous(&self) -> PyResult<bool> {
        Ok(self.live()?.layout().is_c_contiguous())
    }

    /// True if the elements lie one behind the other, first axis fastest.
    #[getter]
    fn f_contiguous(&self) -> PyResult<bool> {
        Ok(self.live()?.layout().is_f_contiguous())
    }

    /// Number of nulls. Counts bits where the producer did not say.
    #[getter]
    fn null_count(slf: &Bound<'_, Self>) -> PyResult<usize> {
        Ok(PyArray::using(slf)?.null_count())
    }

    /// Arrow's validity bits (1 = valid), or None where nothing can be null. **Zero-copy.**
    #[getter]
    fn validity<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyBitmap>>> {
        PyBitmap::of(slf)
    }

    /// The values without their validity; what lies under a null is unspecified. **Zero-copy.**
    #[getter]
    fn values<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray>> {
        let bare = slf.get().live()?.clone().without_validity();
        PyArray::view(slf, bare)
    }

    /// Views, exports and Rust handles of the memory that are alive.
    #[getter(_exports)]
    fn py_exports(slf: &Bound<'_, Self>) -> usize {
        crate::release::drain(slf.py());
        PyArray::exports(slf)
    }
}

/// The largest power of two, up to 64, that the address of every element is a multiple of.
pub(crate) fn alignment(array: &Array) -> usize {
    let steps = array.strides().iter().zip(array.shape()).filter(|(_, extent)| **extent > 1);
    let bits = steps.fold(array.address() | MOST_ALIGNED, |bits, (stride, _)| bits | stride.unsigned_abs());
    1 << bits.trailing_zeros()
}
