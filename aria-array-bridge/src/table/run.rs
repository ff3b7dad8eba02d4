//! [`Run`]: a chunk on its way into something larger.
#![forbid(unsafe_code)]

use super::TableError;
use super::chunk::{Chunk, Kind, Part};
use crate::array::{Array, ArrayError, Validity};
use crate::device::Device;
use crate::dtype::DType;
use crate::layout::Slice;
use crate::plan::Reason;

/// Elements that are turned into another form at a time, so that they are in the cache still when they are copied on.
pub(crate) const BLOCK: usize = 1 << 14;

/// Rows that lie together, as arrays of any part of them.
#[derive(Clone, Debug)]
pub(crate) enum Run {
    /// They are an array.
    Array(Array),
    /// They become one: bits, or dates of four bytes. Only what is asked for is **copied**.
    Turned(Box<Turned>),
}

/// Rows of Arrow's in another form than arrays have.
#[derive(Clone, Debug)]
pub(crate) struct Turned {
    part: Part,
    dtype: DType,
    shape: Vec<usize>,
    validity: Option<Validity>,
    reasons: Vec<Reason>,
}

impl Run {
    /// The rows of a chunk. Copies nothing, but several bitmaps into one.
    ///
    /// # Errors
    ///
    /// Values that are no elements here; no memory.
    pub(super) fn of(chunk: &Chunk) -> Result<Run, TableError> {
        let part = match &chunk.0 {
            Kind::Array(array) => return Ok(Run::Array(array.clone())),
            Kind::Arrow(part) => part,
        };
        let import = part.import(0..chunk.len())?;
        if !import.is_copied() {
            return Ok(Run::Array(part.own(import)?));
        }
        let validity = part.validity(&import)?;
        let (dtype, shape, reasons) = (import.dtype().clone(), import.shape(), import.reasons().to_vec());
        Ok(Run::Turned(Box::new(Turned { part: part.clone(), dtype, shape, validity, reasons })))
    }

    /// What one element of the array is.
    pub(crate) fn dtype(&self) -> &DType {
        match self {
            Run::Array(array) => array.dtype(),
            Run::Turned(turned) => &turned.dtype,
        }
    }

    /// Extents; the first one counts rows.
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Run::Array(array) => array.shape(),
            Run::Turned(turned) => &turned.shape,
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    /// Where the memory lies.
    pub(crate) fn device(&self) -> Device {
        match self {
            Run::Array(array) => array.device(),
            Run::Turned(_) => Device::CPU, // What has to be copied on a device is refused.
        }
    }

    /// Which elements are valid; `None` if all are.
    pub(crate) fn validity(&self) -> Option<&Validity> {
        match self {
            Run::Array(array) => array.validity(),
            Run::Turned(turned) => turned.validity.as_ref(),
        }
    }

    /// Number of nulls.
    pub(crate) fn null_count(&self) -> usize {
        self.validity().map_or(0, Validity::null_count)
    }

    /// The array that is there already.
    pub(crate) fn as_array(&self) -> Option<&Array> {
        match self {
            Run::Array(array) => Some(array),
            Run::Turned(_) => None,
        }
    }

    /// Why the rows have to be turned into others; none for an array.
    pub(crate) fn reasons(&self) -> &[Reason] {
        match self {
            Run::Array(_) => &[],
            Run::Turned(turned) => &turned.reasons,
        }
    }

    /// Rows `start..start + len`, which are there: a view of an array, else a **copy** of these alone.
    ///
    /// # Errors
    ///
    /// No memory.
    pub(crate) fn rows(&self, start: usize, len: usize) -> Result<Array, TableError> {
        match self {
            Run::Array(array) if start == 0 && len == self.len() => Ok(array.clone()),
            Run::Array(array) => Ok(array.slice(0, Slice { start, len, step: 1 }).map_err(ArrayError::from)?),
            Run::Turned(turned) => turned.part.own(turned.part.import(start..start + len)?),
        }
    }

    /// How many rows are best taken at once: all of an array, else as many as the cache has place for.
    pub(crate) fn step(&self) -> usize {
        let row: usize = self.shape().iter().skip(1).product();
        match self {
            Run::Array(_) => self.len().max(1),
            Run::Turned(_) => (BLOCK / row.max(1)).max(1),
        }
    }
}
