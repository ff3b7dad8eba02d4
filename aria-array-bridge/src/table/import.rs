//! [`ColumnImport`]: what chunks are as one array, before anything is copied.
#![forbid(unsafe_code)]

use super::TableError;
use super::chunk::{Chunk, Kind};
use super::run::Run;
use crate::array::{Array, Join};
use crate::convert::arrow::said_of_nulls;
use crate::dtype::DType;
use crate::plan::Reason;

/// What the chunks of a column are as one array, and what has to be copied. Nothing was yet.
#[derive(Clone, Debug)]
pub struct ColumnImport {
    chunks: Vec<Chunk>,
    dtype: DType,
    shape: Vec<usize>,
    reasons: Vec<Reason>,
    copied_bytes: usize,
}

impl ColumnImport {
    /// One chunk is a view, if its type allows; several are **copied** together, in one pass.
    pub(super) fn of(chunks: Vec<Chunk>) -> Result<ColumnImport, TableError> {
        let mut whole: Option<ColumnImport> = None;
        for chunk in &chunks {
            let (dtype, shape, reasons, copied_bytes) = match &chunk.0 {
                Kind::Array(array) => (array.dtype().clone(), array.shape().to_vec(), Vec::new(), 0),
                Kind::Arrow(part) => {
                    let import = part.import(0..chunk.len())?;
                    (import.dtype().clone(), import.shape(), import.reasons().to_vec(), import.copied_bytes())
                }
            };
            let Some(whole) = &mut whole else {
                whole = Some(ColumnImport { chunks: Vec::new(), dtype, shape, reasons, copied_bytes });
                continue;
            };
            if dtype != whole.dtype || shape.get(1..) != whole.shape.get(1..) {
                let (expected, found) = (whole.dtype.to_string(), dtype.to_string());
                return Err(TableError::Type { column: String::new(), expected, found });
            }
            if let (Some(rows), Some(more)) = (whole.shape.first_mut(), shape.first()) {
                *rows += more;
            }
            add_new(&mut whole.reasons, reasons);
        }
        let Some(mut whole) = whole else { return Err(TableError::Batches { found: 0 }) };
        if chunks.len() > 1 {
            if let Some(device) = chunks.iter().map(Chunk::device).find(|device| !device.is_host()) {
                return Err(TableError::Device { device });
            }
            let elements = whole.shape.iter().try_fold(1usize, |product, extent| product.checked_mul(*extent));
            whole.copied_bytes = elements.unwrap_or(usize::MAX).saturating_mul(whole.dtype.itemsize());
            let text = format!("{} chunks lie apart, and become one array", chunks.len());
            let reason = Reason::new("chunked", "C5", text).expected("1 chunk", format!("{} chunks", chunks.len()));
            whole.reasons.insert(0, reason.hint("take it chunk by chunk"));
        }
        whole.chunks = chunks;
        Ok(whole)
    }

    /// What one element of the array is.
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Extents of the array; the first one counts rows.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Bytes that [`array`](Self::array) will copy; 0 for a view.
    pub fn copied_bytes(&self) -> usize {
        self.copied_bytes
    }

    /// Why it is a copy, and notes on a view.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The rows of each chunk, of which nothing is copied yet.
    pub(crate) fn runs(&self) -> Result<Vec<Run>, TableError> {
        self.chunks.iter().map(Run::of).collect()
    }

    /// What is worth knowing of a column that nothing stands against.
    pub fn notes(&self) -> Vec<Reason> {
        notes(&self.chunks)
    }

    /// The array. **Zero-copy**, or a **copy** if [`copied_bytes`](Self::copied_bytes) says so.
    ///
    /// # Errors
    ///
    /// No memory.
    pub fn array(self) -> Result<Array, TableError> {
        let runs = self.runs()?;
        if let [run] = &runs[..] {
            return run.rows(0, run.len());
        }
        let mut join = Join::new(self.dtype, &self.shape)?;
        for run in &runs {
            for start in (0..run.len()).step_by(run.step()) {
                join.push(&run.rows(start, run.step().min(run.len() - start))?)?;
            }
        }
        Ok(join.finish()?)
    }
}

/// What arrays that came in say of their nulls that their field, or their bitmap, does not (rule L6).
pub(super) fn notes(chunks: &[Chunk]) -> Vec<Reason> {
    let said = chunks.iter().filter_map(|chunk| match &chunk.0 {
        Kind::Array(_) => None,
        Kind::Arrow(part) => said_of_nulls(&part.node()),
    });
    let mut notes = Vec::new();
    add_new(&mut notes, said.collect());
    notes
}

/// Adds the reasons whose code is not there yet: many chunks have one reason.
pub(super) fn add_new(reasons: &mut Vec<Reason>, more: Vec<Reason>) {
    for reason in more {
        if reasons.iter().all(|known| known.code != reason.code) {
            reasons.push(reason);
        }
    }
}
