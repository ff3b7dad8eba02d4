//! What other libraries copy after they took a table of ours: foreseen, refused inside `no_copy()`, and traced [C2].

use super::column::PyColumn;
use super::raise;
use crate::block::{copies_are_forbidden, is_tracing, record};
use crate::error::refused;
use crate::export::arrow::put;
use crate::export::explain_array;
use crate::request::{Request, kept_to};
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use aria_array_bridge::table::{Column, Table};
use aria_arrow::Format;
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
            Ok(adding(plan, column.getattr("nbytes")?.extract()?, reason.at(format!("column {at}"))))
        })
    })
}

/// Columns of a pyarrow table that pandas does not share.
pub(super) fn to_pandas(table: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = table.py();
    foreseen(py, "pandas.DataFrame", |plan| {
        with_copies(plan, &py.import("aria_array_bridge._pandas")?.getattr("copies")?.call1((table,))?)
    })
}

/// What `Table.to_pandas` copies, both halves of the way together. Converts nothing.
pub(crate) fn explain_pandas(py: Python<'_>, table: &Table) -> PyResult<Plan> {
    if !super::out::has_pyarrow(py)? {
        let mut plan = Plan::view("column", "Table", "pandas.DataFrame");
        for column in table.columns() {
            let object = Bound::new(py, PyColumn::new(column.clone()))?.into_any();
            let own = explain_array(&object, &Request::default(), "pandas", "pandas.Series", None)?;
            plan.copied_bytes += own.copied_bytes;
            plan.outcome = match (plan.outcome, own.outcome) {
                (Outcome::Refuse, _) | (_, Outcome::Refuse) => Outcome::Refuse,
                (Outcome::Copy, _) | (_, Outcome::Copy) => Outcome::Copy,
                _ => Outcome::View,
            };
            plan.reasons.extend(own.reasons.into_iter().map(|reason| reason.at(format!("column '{}'", column.name()))));
        }
        if plan.outcome == Outcome::Refuse {
            plan.copied_bytes = 0;
        }
        return Ok(plan);
    }
    let plan = py.detach(|| table.export_plan());
    if plan.outcome == Outcome::Refuse {
        return Ok(plan);
    }
    // What is copied on the first half of the way stays out of pyarrow; of that, pandas copies bools once more.
    let is_shared = |column: &Column| {
        let alone = Table::from_columns(vec![column.clone()]);
        alone.is_ok_and(|table| table.export_plan().outcome == Outcome::View)
    };
    let (shared, copied): (Vec<Column>, Vec<Column>) =
        py.detach(|| table.columns().iter().cloned().partition(is_shared));
    let shared = table.clone().keep_columns(shared).map_err(|error| raise(py, &error))?;
    let stream = put(py, shared.to_stream(None).into_raw())?;
    let copies = py.import("aria_array_bridge._pandas")?.getattr("copies_of_stream")?.call1((stream,))?;
    let plan = with_copies(plan, &copies)?;
    let bools = copied.iter().filter(|column| column.field().layout() == Format::Bool && !column.is_empty());
    Ok(bools.fold(plan, |plan, column| {
        let reason = Reason::new("bits", "C5", "bits become bytes").at(format!("column '{}'", column.name()));
        adding(plan, column.len() as u64, reason)
    }))
}

/// The plan with what `_pandas` says of columns: name, bytes, a reason's code and sentence.
fn with_copies(plan: Plan, copies: &Bound<'_, PyAny>) -> PyResult<Plan> {
    let copies: Vec<(String, u64, String, String)> = copies.extract()?;
    Ok(copies.into_iter().fold(plan, |plan, (name, bytes, code, text)| {
        let reason = match code.as_str() {
            "bits" => Reason::new("bits", "C5", text),
            "chunked" => Reason::new("chunked", "C5", text),
            "nulls" => Reason::new("nulls", "C4", text),
            "object-dtype" => Reason::new("object-dtype", "L1", text),
            _ => Reason::new("dtype", "C5", text),
        };
        adding(plan, bytes, reason.at(format!("column '{name}'")))
    }))
}

/// The plan with one column more that is copied.
fn adding(plan: Plan, bytes: u64, reason: Reason) -> Plan {
    let before = plan.copied_bytes;
    plan.copying(before + bytes, reason)
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
