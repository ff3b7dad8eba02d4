//! What other libraries copy after they took a table of ours: foreseen, refused inside `no_copy()`, and traced [C2].

use crate::block::{copies_are_forbidden, is_tracing, record};
use crate::error::refused;
use crate::request::kept_to;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use pyo3::prelude::*;

/// Columns of a pyarrow or arro3 table that are joined, where they are of several chunks.
pub(super) fn joining(columns: &Bound<'_, PyAny>, target: &'static str) -> PyResult<()> {
    foreseen(columns.py(), target, |plan| {
        columns.try_iter()?.enumerate().try_fold(plan, |plan, (at, column)| {
            let column = column?;
            let chunks: usize = column.getattr("num_chunks")?.extract()?;
            if chunks < 2 {
                return Ok(plan);
            }
            let reason = Reason::new("chunked", "C5", format!("{chunks} chunks become one array"));
            Ok(plan.copying(column.getattr("nbytes")?.extract()?, reason.at(format!("column {at}"))))
        })
    })
}

/// Columns of a pyarrow table that pandas does not share.
pub(super) fn to_pandas(table: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = table.py();
    foreseen(py, "pandas.DataFrame", |plan| {
        let copies = py.import("aria_array_bridge._pandas")?.getattr("copies")?.call1((table,))?;
        let copies: Vec<(String, u64, String, String)> = copies.extract()?;
        Ok(copies.into_iter().fold(plan, |plan, (name, bytes, code, text)| {
            let reason = match code.as_str() {
                "bits" => Reason::new("bits", "C5", text),
                "chunked" => Reason::new("chunked", "C5", text),
                "nulls" => Reason::new("nulls", "C4", text),
                "object-dtype" => Reason::new("object-dtype", "L1", text),
                _ => Reason::new("dtype", "C5", text),
            };
            plan.copying(bytes, reason.at(format!("column '{name}'")))
        }))
    })
}

/// Makes the plan where somebody wants it.
fn foreseen(py: Python<'_>, target: &'static str, add: impl FnOnce(Plan) -> PyResult<Plan>) -> PyResult<()> {
    if !copies_are_forbidden() && !is_tracing() {
        return Ok(());
    }
    let plan = kept_to(add(Plan::view("arrow", "Table", target))?, CopyPolicy::IfNeeded);
    if plan.outcome == Outcome::Refuse {
        return Err(refused(py, plan));
    }
    record(&plan);
    Ok(())
}
