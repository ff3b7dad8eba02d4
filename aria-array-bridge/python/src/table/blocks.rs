//! Blocks of a pandas frame: the NumPy arrays that several of its columns are parts of.
//!
//! pandas names no blocks to others; that a column's array is a view of a larger one, NumPy says by `base`. Columns of one
//! base become views of one array of ours: what lies in one allocation is known to.

use super::raise;
use crate::array::PyArray;
use crate::import::import as array_of;
use crate::import::numpy::is_exact_ndarray;
use crate::request::Request;
use aria_array_bridge::Array;
use aria_array_bridge::layout::Slice;
use aria_array_bridge::table::Column;
use pyo3::intern;
use pyo3::prelude::*;

/// The blocks that were found, each with the NumPy array that it is.
#[derive(Default)]
pub(super) struct Blocks<'py> {
    found: Vec<(Bound<'py, PyAny>, Option<Array>)>,
}

impl<'py> Blocks<'py> {
    /// The column, whose values are a NumPy array. A view of its block where it is a part of one.
    pub(super) fn column(&mut self, series: &Bound<'py, PyAny>) -> PyResult<Column> {
        let py = series.py();
        let own = PyArray::held(&array_of(series, &Request::default())?)?;
        let part = self.block(series)?.and_then(|block| part_of(block, &own));
        let array = match part {
            Some(part) if own.is_readonly() => part.read_only(),
            Some(part) => part,
            None => own.clone(),
        };
        Column::from_array("", array).map_err(|error| raise(py, &error))
    }

    /// The array that the column's values are a view of, if that has columns beside it.
    fn block(&mut self, series: &Bound<'py, PyAny>) -> PyResult<Option<&Array>> {
        let base = intern!(series.py(), "base");
        let mut whole = series.call_method0(intern!(series.py(), "to_numpy"))?;
        loop {
            let next = whole.getattr(base)?;
            if !is_exact_ndarray(&next)? {
                break;
            }
            whole = next;
        }
        let at = match self.found.iter().position(|(known, _)| known.is(&whole)) {
            Some(at) => at,
            None => {
                let columns = whole.getattr(intern!(series.py(), "ndim"))?.eq(2)?;
                let numbers = !whole.getattr("dtype")?.getattr("kind")?.eq("O")?;
                let block = columns && numbers;
                let block = block.then(|| PyArray::held(&array_of(&whole, &Request::default())?)).transpose()?;
                self.found.push((whole, block));
                self.found.len() - 1
            }
        };
        Ok(self.found[at].1.as_ref())
    }
}

/// The part of a block of two axes that is this array of one axis: the same elements at the same places.
fn part_of(block: &Array, own: &Array) -> Option<Array> {
    if own.is_empty() || own.ndim() != 1 || block.dtype() != own.dtype() {
        return None;
    }
    [0, 1].into_iter().find_map(|axis| {
        let (across, along) = (block.strides()[axis], block.strides()[1 - axis]);
        let offset = own.address().wrapping_sub(block.address()).cast_signed();
        // The longer way first: what is left of it is the shorter one.
        let (column, row) = match across.unsigned_abs() >= along.unsigned_abs() {
            true => (offset.checked_div(across)?, offset.checked_rem(across)?.checked_div(along)?),
            false => (offset.checked_rem(along)?.checked_div(across)?, offset.checked_div(along)?),
        };
        let step = if own.len() > 1 { own.strides()[0].checked_div(along)? } else { 1 };
        let (column, start) = (usize::try_from(column).ok()?, usize::try_from(row).ok()?);
        let slice = Slice { start, len: own.len(), step };
        let part = block.index(axis, column).ok()?.slice(0, slice).ok()?;
        let same = part.address() == own.address() && part.shape() == own.shape();
        (same && (own.len() == 1 || part.strides() == own.strides())).then_some(part)
    })
}
