//! The class `Bitmap`: Arrow's validity bits of an array. **Zero-copy**.

use super::PyArray;
use aria_array_bridge::Validity;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;

/// Validity bits, 1 = valid, least significant bit first. A view of the array's, in its row-major order.
#[pyclass(frozen, weakref, name = "Bitmap", module = "aria_array_bridge")]
pub struct PyBitmap {
    bits: Validity,
    array: Py<PyArray>,
}

impl PyBitmap {
    /// The bits of an array, if it has any. They live as long as a view of it.
    pub(crate) fn of<'py>(array: &Bound<'py, PyArray>) -> PyResult<Option<Bound<'py, PyBitmap>>> {
        let inner = array.get().live()?;
        let Some(bits) = inner.validity().cloned() else { return Ok(None) };
        Bound::new(array.py(), PyBitmap { bits, array: PyArray::guard(array)? }).map(Some)
    }
}

#[pymethods]
impl PyBitmap {
    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.array)
    }

    fn __len__(&self) -> usize {
        self.bits.len()
    }

    /// True if the element at this place in row-major order is valid.
    fn __getitem__(&self, index: isize) -> PyResult<bool> {
        let len = self.bits.len();
        let place = if index < 0 { index.checked_add(len.cast_signed()) } else { Some(index) };
        let place = place.and_then(|place| usize::try_from(place).ok()).filter(|place| *place < len);
        let none = || PyIndexError::new_err(format!("expected a bit below {len} but found {index}"));
        place.and_then(|place| self.bits.iter().nth(place)).ok_or_else(none)
    }

    /// The bit, from the first byte, that belongs to element zero; None where the bits do not follow each other.
    #[getter]
    fn offset(&self) -> Option<usize> {
        self.bits.as_arrow().map(|(_, offset)| offset)
    }

    /// Address of the first byte; None where the bits do not follow each other.
    #[getter]
    fn address(&self) -> Option<usize> {
        self.bits.as_arrow().map(|(first, _)| first.addr().get())
    }

    /// Number of zeros.
    #[getter]
    fn null_count(&self) -> usize {
        self.bits.null_count()
    }

    /// One bool per element in row-major order, True = valid.
    fn tolist(&self) -> Vec<bool> {
        self.bits.iter().collect()
    }

    fn __repr__(&self) -> String {
        let place = match self.offset() {
            Some(offset) => format!("offset {offset}"),
            None => "strided".to_string(),
        };
        format!("Bitmap {} bits, {place}", self.bits.len())
    }
}
