//! `Table.to_matrix`, and `asarray` of a table [W9].

use super::{PyColumn, PyTable, column, import, pandas, raise};
use crate::array::{Hold, Origin, PyArray};
use crate::block::{copies_are_forbidden, is_tracing, record};
use crate::dtype::dtype_of;
use crate::error::bad_argument;
use crate::import::arrow::{of_column, of_matrix, unmet};
use crate::import::{Refusal, named as ledger_name};
use crate::request::{Copied, Found, copy_order, copy_policy, memory_or_value};
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::matrix::{Matrix, Nulls, Request};
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use aria_array_bridge::table::Table;
use aria_array_bridge::{CopyOrder, Order, Owner};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// What the matrix of a table will be, from an object of type `source`.
///
/// # Errors
///
/// `ArgumentError` with the plan: a column that is no array, dtypes that have no common one, nulls or a copy where they
/// are not allowed.
fn planned<'t>(py: Python<'_>, table: &'t Table, source: &str, request: &Request) -> PyResult<Matrix<'t>> {
    let copy = if copies_are_forbidden() { CopyPolicy::Never } else { request.copy };
    let request = Request { copy, ..request.clone() };
    py.detach(|| table.matrix(&request)).map_err(|plan| bad_argument(py, named(plan, source)))
}

/// The matrix as an object; a copy is made detached. No trace sees it yet.
fn made<'py>(py: Python<'py>, matrix: Matrix<'_>, source: &str) -> PyResult<Bound<'py, PyArray>> {
    let (array, plan) = py.detach(|| matrix.make()).map_err(|plan| unmet(py, named(plan, source)))?;
    let plan = named(plan, source);
    let own = plan.outcome == Outcome::Copy;
    Bound::new(py, PyArray::from_array(array, Origin::Plan(Box::new(plan)), own))
}

/// The plan of a conversion from an object of this type.
fn named(plan: Plan, source: &str) -> Plan {
    Plan { source: source.to_owned().into(), ..plan }
}

/// The matrix of a table that `asarray` is given [W9].
///
/// A frame of pandas' whose columns are of one NumPy dtype goes on to `__array__`, which is as good and takes less.
pub(crate) fn find_matrix(
    object: &Bound<'_, PyAny>,
    source: Name,
    request: &crate::request::Request,
) -> Result<Found, Refusal> {
    if pandas::is_frame(object)? && pandas::is_one_dtype(object)? {
        return Err(Refusal::Next(Reason::new(
            "door",
            "C2",
            "the columns are of one dtype: __array__ has their matrix",
        )));
    }
    let table = import::table_in(object)?;
    let nulls = match request {
        request if request.nan => Nulls::Nan,
        request if request.no_nulls => Nulls::Refuse,
        _ => Nulls::Keep,
    };
    let copy = if request.copy == CopyPolicy::Never { CopyPolicy::Never } else { CopyPolicy::IfNeeded };
    let wish = Request { dtype: request.dtype.clone(), order: request.order, copy, nulls };
    let (py, protocol) = (object.py(), ledger_name!("columns"));
    let table = pandas::without_index(py, &table)?;
    let planned = planned(py, &table, &source.text(), &wish)?;
    if planned.as_plan().outcome == Outcome::Copy {
        return of_matrix(planned, request.order.unwrap_or(Order::F), protocol)
            .map_err(|error| memory_or_value(&error).into());
    }
    Ok(found(&made(py, planned, &source.text())?, protocol)?)
}

/// The array of a column that `asarray` is given.
pub(crate) fn find_column(object: &Bound<'_, PyAny>, source: Name) -> Result<Found, Refusal> {
    let column = object.cast::<PyColumn>().map_err(PyErr::from)?;
    let import = column.get().import(object.py())?;
    let plan = column::plan_of(&import, source.text().to_string());
    if plan.outcome == Outcome::Copy {
        let nulls = column.get().column().null_count().map_err(|error| raise(object.py(), &error))?;
        let found = of_column(import, nulls, plan, ledger_name!("column"));
        return found.map_err(|error| memory_or_value(&error).into());
    }
    let array = column::made(object.py(), import, plan)?;
    Ok(found(&array, ledger_name!("column"))?)
}

/// The array, whose plan every trace has seen.
fn traced(array: Bound<'_, PyArray>) -> Bound<'_, PyArray> {
    if is_tracing() {
        record(&array.get().plan());
    }
    array
}

/// An array that was just made, as a door finds one.
fn found(array: &Bound<'_, PyArray>, protocol: Name) -> PyResult<Found> {
    let plan = array.get().plan();
    let (reasons, notes) =
        if plan.outcome == Outcome::Copy { (plan.reasons, Vec::new()) } else { (Vec::new(), plan.reasons) };
    let said = !(reasons.is_empty() && notes.is_empty());
    let held = PyArray::held(array)?; // Counts: nobody releases the array meanwhile.
    let owner = held.owner().clone();
    Ok(Found {
        // SAFETY: the hold keeps the handle's owner, which keeps the memory; never unique in Python.
        array: unsafe { held.with_owner(Owner::immortal()) },
        hold: Hold::Foreign(owner),
        swap: Swap::None,
        protocol,
        copied: said.then(|| Box::new(Copied { reasons, notes, later: None })),
    })
}

/// Python's `nulls=`.
pub(crate) fn nulls_of(word: Option<&str>) -> PyResult<Nulls> {
    match word {
        None | Some("mask") => Ok(Nulls::Keep),
        Some("raise") => Ok(Nulls::Refuse),
        Some("nan") => Ok(Nulls::Nan),
        Some(other) => {
            let text = format!("expected nulls to be None, 'raise', 'nan' or 'mask' but found {other:?}");
            Err(PyValueError::new_err(text))
        }
    }
}

#[pymethods]
impl PyTable {
    /// What NumPy makes of the table: its matrix, where every column is an array without nulls.
    #[pyo3(signature = (dtype = None, *, copy = None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let request = Request { copy: copy_policy(copy), ..Request::default() };
        let array = slf.get().matrix(slf.py(), &request)?;
        crate::export::numpy::for_numpy(&array, dtype, copy)
    }

    /// All columns as one array, rows first: a view where they lie so, else one copy, in the order of columns unless
    /// `order` says otherwise. The plan says which, and why. The index of a pandas frame is no column of it.
    #[pyo3(signature = (*, dtype = None, order = None, copy = None, nulls = None))]
    fn to_matrix<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        order: Option<&str>,
        copy: Option<bool>,
        nulls: Option<&str>,
    ) -> PyResult<Bound<'py, PyArray>> {
        let order = match copy_order(order)? {
            CopyOrder::C => Some(Order::C),
            CopyOrder::F => Some(Order::F),
            CopyOrder::Keep => None,
        };
        let dtype = dtype.map(dtype_of).transpose()?;
        let request = Request { dtype, order, copy: copy_policy(copy), nulls: nulls_of(nulls)? };
        self.matrix(py, &request)
    }
}

impl PyTable {
    /// The matrix of all columns that are no levels of pandas' index, as its metadata names them: they are none in pandas.
    fn matrix<'py>(&self, py: Python<'py>, request: &Request) -> PyResult<Bound<'py, PyArray>> {
        let table = pandas::without_index(py, self.table())?;
        made(py, planned(py, &table, "Table", request)?, "Table").map(traced)
    }
}
