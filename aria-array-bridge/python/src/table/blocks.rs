//! Blocks: the allocations that several columns are parts of.
//!
//! No library names them to others, but NumPy says by `base` which array a view is of, and PyTorch which storage a tensor
//! lies in. Columns of one block become views of one array of ours: only so is it known that they lie in one allocation,
//! and that their matrix is a view.

use super::raise;
use crate::array::PyArray;
use crate::import::numpy::is_exact_ndarray;
use crate::import::{import as array_of, torch_storage};
use crate::request::Request;
use aria_array_bridge::layout::Slice;
use aria_array_bridge::plan::CopyPolicy;
use aria_array_bridge::table::Column;
use aria_array_bridge::{Array, Order};
use pyo3::intern;
use pyo3::prelude::*;

/// The blocks that were found.
#[derive(Default)]
pub(super) struct Blocks<'py> {
    found: Vec<Block<'py>>,
}

struct Block<'py> {
    /// Which one it is, while `_kept` lives: the address of NumPy's object, or of PyTorch's storage.
    key: usize,
    _kept: Bound<'py, PyAny>,
    array: Option<Array>,
}

impl<'py> Blocks<'py> {
    /// The column of what `asarray` takes: a view of its block where it is a part of one.
    pub(super) fn column(&mut self, values: &Bound<'py, PyAny>) -> PyResult<Column> {
        let py = values.py();
        let own = PyArray::held(&array_of(values, &Request::default())?)?;
        let part = if own.ndim() == 1 { self.block(values)?.and_then(|block| part_of(block, &own)) } else { None };
        let array = match part {
            Some(part) if own.is_readonly() => part.read_only(),
            Some(part) => part,
            None => own.clone(),
        };
        Column::from_array("", array).map_err(|error| raise(py, &error))
    }

    /// The array of the allocation that the values lie in, if it has others beside them.
    fn block(&mut self, values: &Bound<'py, PyAny>) -> PyResult<Option<&Array>> {
        let found = match torch_storage(values)? {
            Some((address, whole)) => Some((address, whole)),
            None => in_numpy(values)?.map(|whole| (whole.as_ptr().addr(), whole)),
        };
        let Some((key, whole)) = found else { return Ok(None) };
        if let Some(at) = self.found.iter().position(|known| known.key == key) {
            return Ok(self.found[at].array.as_ref());
        }
        // A block of Python objects, say, is no array, and one of swapped bytes would be copied: its parts say so themselves.
        let request = Request { copy: CopyPolicy::Never, ..Request::default() };
        let array = array_of(&whole, &request).and_then(|array| PyArray::held(&array)).ok();
        self.found.push(Block { key, _kept: whole, array: array.as_ref().map(flat) });
        Ok(self.found.last().and_then(|block| block.array.as_ref()))
    }
}

/// The NumPy array that the values, or those of a Series, are a view of.
fn in_numpy<'py>(values: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = values.py();
    let own = match is_exact_ndarray(values)? {
        true => values.clone(),
        false if super::pandas::is_backed_by_numpy(values)? => values.call_method0(intern!(py, "to_numpy"))?,
        false => return Ok(None),
    };
    let mut whole = own.clone();
    loop {
        let next = whole.getattr(intern!(py, "base"))?;
        if !is_exact_ndarray(&next)? {
            return Ok((!whole.is(&own)).then_some(whole));
        }
        whole = next;
    }
}

/// A dense block along one axis, in the order of its memory; another as it is. **Zero-copy.**
fn flat(block: &Array) -> Array {
    let reversed: Vec<usize> = (0..block.ndim()).rev().collect();
    let dense = match () {
        () if block.layout().is_contiguous(Order::C) => Some(block.clone()),
        () if block.layout().is_contiguous(Order::F) => block.transpose(&reversed).ok(),
        () => None,
    };
    dense.and_then(|dense| dense.reshape(&[dense.len()]).ok()).unwrap_or_else(|| block.clone())
}

/// The part of a block of one axis or two that is this array of one: the same elements at the same places.
fn part_of(block: &Array, own: &Array) -> Option<Array> {
    if own.is_empty() || block.dtype() != own.dtype() {
        return None;
    }
    let offset = own.address().wrapping_sub(block.address()).cast_signed();
    let part = match block.strides() {
        [along] => line(block, offset, *along, own),
        // The longer way first: what is left of it is the shorter one.
        [rows, columns] => {
            [(0, *rows, *columns), (1, *columns, *rows)].into_iter().find_map(|(axis, across, along)| {
                let (column, rest) = match across.unsigned_abs() >= along.unsigned_abs() {
                    true => (offset.checked_div(across)?, offset.checked_rem(across)?),
                    false => (offset.checked_rem(along)?.checked_div(across)?, offset),
                };
                line(&block.index(axis, usize::try_from(column).ok()?).ok()?, rest, along, own)
            })
        }
        _ => None,
    }?;
    let same = part.address() == own.address() && part.shape() == own.shape();
    (same && (own.len() == 1 || part.strides() == own.strides())).then_some(part)
}

/// As many elements of a line as `own` has, from `offset` bytes on, at its steps.
fn line(line: &Array, offset: isize, along: isize, own: &Array) -> Option<Array> {
    let start = usize::try_from(offset.checked_div(along)?).ok()?;
    let step = if own.len() > 1 { own.strides()[0].checked_div(along)? } else { 1 };
    line.slice(0, Slice { start, len: own.len(), step }).ok()
}
