//! A copy that is made when the plan allows it: bits as bytes, days in eight bytes, several chunks as one array.

use super::foreign::Foreign;
use crate::array::Hold;
use crate::error::bad_argument;
use crate::request::{Copied, Found, memory_or_value};
use crate::table::raise;
use aria_array_bridge::convert::arrow::{Import, chunked, join};
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::matrix::Matrix;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::table::ColumnImport;
use aria_array_bridge::{Array, ArrayError, DType, Device, Order, Owner, Validity};
use aria_arrow::Checked;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;

/// What is to be copied, of which a [`Found`] shows dtype, shape and the number of nulls until then.
pub(crate) enum Later {
    /// The arrays of a producer.
    Chunks(Vec<Foreign<Checked>>),
    /// A column of a table of ours.
    Column(Box<ColumnImport>),
    /// All columns of one.
    Matrix(Box<Matrix<'static>>),
}

/// What the chunks will be. Copies nothing.
pub(super) fn found(
    chunks: Vec<Foreign<Checked>>,
    imports: Vec<Import>,
    device: Device,
    protocol: Name,
    mut notes: Vec<Reason>,
) -> Result<Found, Reason> {
    let mut reasons = Vec::new();
    if imports.len() > 1 {
        if !device.is_host() {
            let text = format!("several chunks become one by a copy, and the memory lies on {device}");
            return Err(Reason::new("device", "L7", text));
        }
        reasons.push(chunked(imports.len()));
    }
    for reason in imports.first().map(Import::reasons).unwrap_or_default() {
        let is_note = matches!(&*reason.code, "misaligned" | "time-of-day");
        if is_note { &mut notes } else { &mut reasons }.push(reason.clone());
    }
    let array = outline(&imports).map_err(|error| Reason::new("memory", "C3", error.to_string()))?;
    let copied = Copied { reasons, notes, later: Some(Later::Chunks(chunks)) };
    let hold = Hold::Own(Owner::immortal());
    Ok(Found { array, hold, swap: Swap::None, protocol, copied: Some(Box::new(copied)) })
}

/// An array of this dtype and shape with as many nulls, in memory that nobody has touched.
fn outline(imports: &[Import]) -> Result<Array, ArrayError> {
    let none = ArrayError::Length { expected: 1, found: 0 };
    let Some(first) = imports.first() else { return Err(none) };
    let mut shape = first.shape();
    let rows = imports.iter().map(|import| import.shape().first().copied().unwrap_or(1));
    if let Some(extent) = shape.first_mut() {
        *extent = rows.fold(0usize, usize::saturating_add);
    }
    let mut nulls = 0;
    for import in imports {
        // SAFETY: the chunks that these are parts of are alive, on their producer's word as long as they say.
        nulls += unsafe { import.count_nulls() }?;
    }
    unmade(first.dtype(), &shape, Order::C, nulls)
}

/// An array of this dtype and shape with as many nulls, in memory that nobody has touched: it stands for one that is made
/// if it is wanted.
fn unmade(dtype: &DType, shape: &[usize], order: Order, nulls: usize) -> Result<Array, ArrayError> {
    let array = Array::zeros(dtype.clone(), shape, order)?;
    let array = array.share().unwrap_or_else(|array| array);
    if nulls == 0 {
        return Ok(array);
    }
    let mut valid = vec![true; array.len()];
    valid.iter_mut().take(nulls).for_each(|valid| *valid = false);
    array.with_validity(Validity::from_bools(&valid, shape)?)
}

/// What a column of a table will be. Copies nothing.
///
/// # Errors
///
/// Too many elements.
pub(crate) fn of_column(import: ColumnImport, nulls: usize, plan: Plan, protocol: Name) -> Result<Found, ArrayError> {
    let array = unmade(import.dtype(), import.shape(), Order::C, nulls)?;
    Ok(to_be_made(array, plan.reasons, Later::Column(Box::new(import)), protocol))
}

/// What the matrix of a table will be, which is copied. Copies nothing.
///
/// # Errors
///
/// Too many elements.
pub(crate) fn of_matrix(matrix: Matrix<'_>, order: Order, protocol: Name) -> Result<Found, ArrayError> {
    let array = unmade(matrix.dtype(), &matrix.shape(), order, matrix.null_count())?;
    let reasons = matrix.as_plan().reasons.clone();
    Ok(to_be_made(array, reasons, Later::Matrix(Box::new(matrix.into_owned())), protocol))
}

fn to_be_made(array: Array, reasons: Vec<Reason>, later: Later, protocol: Name) -> Found {
    let copied = Copied { reasons, notes: Vec::new(), later: Some(later) };
    Found { array, hold: Hold::Own(Owner::immortal()), swap: Swap::None, protocol, copied: Some(Box::new(copied)) }
}

impl Later {
    /// **Copies**, detached, and releases the chunks.
    ///
    /// # Errors
    ///
    /// `MemoryError`; a value of a table that its matrix does not have.
    pub(crate) fn make(self, py: Python<'_>) -> PyResult<(Array, Hold)> {
        let copy = match self {
            Later::Chunks(chunks) => joined(py, &chunks)?, // Released here, attached.
            Later::Matrix(matrix) => py.detach(|| matrix.make()).map_err(|plan| unmet(py, plan))?.0,
            Later::Column(import) => py.detach(|| import.array()).map_err(|error| raise(py, &error))?,
        };
        let copy = copy.share().map_err(|_| PyValueError::new_err("expected the only handle of fresh memory"))?;
        let owner = copy.owner().clone();
        // SAFETY: the hold keeps the owner; shared, as just said.
        Ok((unsafe { copy.with_owner(Owner::immortal()) }, Hold::Own(owner)))
    }
}

/// `MemoryError` for no memory, else the plan that refuses.
pub(crate) fn unmet(py: Python<'_>, plan: Plan) -> PyErr {
    match plan.reasons.last() {
        Some(reason) if reason.code == "memory" => PyMemoryError::new_err(reason.text.to_string()),
        _ => bad_argument(py, plan),
    }
}

/// All chunks as one array. **Copies**, detached.
fn joined(py: Python<'_>, chunks: &[Foreign<Checked>]) -> PyResult<Array> {
    let chunks: Vec<&Checked> = chunks.iter().map(|chunk| &**chunk).collect();
    py.detach(|| {
        let import = |chunk: &&Checked| Import::of(&chunk.view(), 0..chunk.view().len(), Device::CPU);
        let imports = chunks.iter().map(import).collect::<Result<Vec<_>, _>>();
        let imports = imports.map_err(|reason| PyValueError::new_err(reason.text.into_owned()))?;
        // SAFETY: the chunks live in the caller; as long as they say on their producer's word.
        unsafe { join(imports) }.map_err(|error| memory_or_value(&error))
    })
}
