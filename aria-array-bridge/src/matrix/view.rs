//! Columns that lie as a matrix already.

use super::Column;
use crate::array::Array;
use crate::dtype::DType;
use crate::layout::{Layout, Order};
use crate::plan::Reason;
use crate::table::Run;

/// The columns as one strided array, or why they are none. **Zero-copy**, read-only if any column is.
///
/// They must lie at one distance from each other, within memory that is known to be one allocation: that which the first
/// column is a view of. Two buffers that happen to lie so are two allocations.
pub(super) fn of(
    columns: &[Column<'_>],
    rows: usize,
    dtype: &DType,
    order: Option<Order>,
) -> Result<Array, Vec<Reason>> {
    let mut reasons: Vec<Reason> = Vec::new();
    if let Some(column) = columns.iter().find(|column| column.runs.len() != 1) {
        let text = format!("column '{}' has {} chunks", column.name, column.runs.len());
        reasons.push(Reason::new("chunked", "C5", text).expected("1 chunk", format!("{} chunks", column.runs.len())));
    }
    for column in columns {
        for reason in column.runs.iter().flat_map(Run::reasons) {
            if reasons.iter().all(|known| known.code != reason.code) {
                reasons.push(column.at(reason.clone()));
            }
        }
    }
    let differs = |column: &&Column<'_>| column.dtype().is_some_and(|found| found != dtype);
    if let Some(column) = columns.iter().find(differs) {
        let found = column.dtype().unwrap_or(dtype);
        let text = format!("column '{}' is {found}, and the matrix is {dtype}", column.name);
        let mixed = columns.iter().any(|column| column.dtype() != Some(found));
        let (code, rule) = if mixed { ("mixed-columns", "C6") } else { ("dtype", "C1") };
        reasons.push(Reason::new(code, rule, text).expected(dtype.name(), found.name()));
    }
    if let Some(column) = columns.iter().find(|column| column.null_count() > 0) {
        let text = format!("column '{}' has nulls, for which a matrix has bits, or NaN, of its own", column.name);
        reasons.push(Reason::new("nulls", "C4", text));
    }
    let arrays: Vec<&Array> = columns.iter().filter_map(|column| column.runs.first()?.as_array()).collect();
    if !reasons.is_empty() || arrays.is_empty() {
        return Err(reasons);
    }
    let joined = match joined(&arrays, rows) {
        Ok(joined) => joined,
        Err(at) => {
            let (a, b) = (&columns[at.saturating_sub(1)].name, &columns[at].name);
            let text =
                format!("columns '{a}' and '{b}' lie in different allocations, or at another distance than the others");
            let hint = "keep the matrix and take its columns: m[:, 0] is a view";
            return Err(vec![Reason::new("columns-apart", "C6", text).hint(hint)]);
        }
    };
    if let Some(order) = order
        && !joined.layout().is_contiguous(order)
    {
        let name = if order == Order::C { "C" } else { "F" };
        let text = format!("the columns do not lie {name}-contiguous");
        let found = format!("strides {:?}", joined.strides());
        return Err(vec![Reason::new("order", "L3", text).expected(name, found)]);
    }
    Ok(joined)
}

/// One array over all, or the first column that does not lie with the others.
fn joined(arrays: &[&Array], rows: usize) -> Result<Array, usize> {
    let first = arrays[0];
    let stride = first.strides()[0];
    let itemsize = first.dtype().itemsize();
    let address = |array: &Array| array.address().cast_signed();
    let step = match arrays.get(1) {
        Some(second) => address(second).wrapping_sub(address(first)),
        None => itemsize.cast_signed(),
    };
    let lies = |(i, array): (usize, &&Array)| {
        let expected = address(first).wrapping_add(step.wrapping_mul(i.cast_signed()));
        let strided = rows <= 1 || array.strides()[0] == stride;
        strided && address(array) == expected && first.device() == array.device()
    };
    if let Some(apart) = arrays.iter().enumerate().position(|(i, array)| !lies((i, array))) {
        return Err(apart);
    }
    let layout = Layout::new(itemsize, &[rows, arrays.len()], &[stride, step]).map_err(|_| 1.min(arrays.len() - 1))?;
    // SAFETY: the first of the arrays itself; row `i`, column `j` of the layout lies where element `i` of column `j` does, as
    // was checked for every column; `of` refused those with nulls.
    unsafe { first.joined(arrays, layout) }.ok_or(1.min(arrays.len() - 1))
}
