//! Columns as one matrix, rows first: a view where they lie so, else one copy (rule C6).
//!
//! `view` says whether columns lie in one allocation at one distance, `fill` writes the copy: every element is read once
//! and written once, promoted, nulls replaced, in the order that was asked for, `table` takes the columns of a
//! table, `times` counts times in another unit. This file has the plan.

mod fill;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod times;
mod view;

use crate::array::{Array, ArrayError, describe};
use crate::dtype::DType;
use crate::layout::Order;
use crate::plan::{CopyPolicy, Outcome, Plan, Reason};
use crate::table::Run;
use std::borrow::Cow;

/// What happens to nulls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nulls {
    /// They stay null: the matrix has a validity.
    #[default]
    Keep,
    /// The first column with nulls is refused.
    Refuse,
    /// NaN stands for them, NaT for times; integers and bools become float64, where that has them.
    Nan,
}

/// What is wanted of a matrix.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The dtype; `None` for the one that all columns fit in.
    pub dtype: Option<DType>,
    /// The order of elements in memory; `None` for any, which is by columns where they are copied.
    pub order: Option<Order>,
    /// Whether elements may be copied.
    pub copy: CopyPolicy,
    /// What happens to nulls.
    pub nulls: Nulls,
}

/// A column: its name, for reasons, and its elements in one run or more, which have one axis and one dtype.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    name: Cow<'a, str>,
    runs: Vec<Run>,
}

/// What a matrix will be, and what it takes to make it. Nothing was copied yet.
#[derive(Debug)]
pub struct Matrix<'a> {
    columns: Cow<'a, [Column<'a>]>,
    rows: usize,
    dtype: DType,
    order: Option<Order>,
    nulls: Nulls,
    viewed: Option<Array>,
    plan: Plan,
}

impl<'a> Matrix<'a> {
    /// Says what a matrix of these columns will be. The plan of a refusal has every reason.
    ///
    /// # Errors
    ///
    /// The plan, where it refuses: no column; columns of different lengths, of more axes than one, or on a device; dtypes
    /// that nothing fits in; nulls, or a copy, where they are not allowed.
    pub fn plan(columns: impl Into<Cow<'a, [Column<'a>]>>, request: &Request) -> Result<Matrix<'a>, Plan> {
        let given: Cow<'a, [Column<'a>]> = columns.into();
        let columns = &*given;
        let rows = columns.first().map_or(0, Column::len);
        let mut plan = Plan::view("columns", "Table", "Array");
        for reason in unfit(columns, rows) {
            plan = plan.refusing(reason);
        }
        let dtype = if plan.outcome == Outcome::Refuse { Err(None) } else { common(columns, request).map_err(Some) };
        let dtype = match dtype {
            Ok(dtype) => dtype,
            Err(reason) => return Err(reason.into_iter().fold(plan, |plan, reason| plan.refusing(*reason))),
        };
        let shape = [rows, columns.len()];
        let bytes = (rows as u64).saturating_mul(columns.len() as u64).saturating_mul(dtype.itemsize() as u64);
        plan.target = format!("Array {dtype}[{rows}, {}]", columns.len()).into();
        let mut viewed = None;
        match view::of(columns, rows, &dtype, request.order) {
            Ok(array) if request.copy != CopyPolicy::Always => viewed = Some(array),
            Ok(_) => plan = plan.copying(bytes, Reason::new("copy-asked", "C1", "copy=True")),
            Err(reasons) => plan = reasons.into_iter().fold(plan, |plan, reason| plan.copying(bytes, reason)),
        }
        if let Some(column) = columns.iter().find(|column| request.nulls == Nulls::Refuse && column.null_count() > 0) {
            let (nulls, name) = (column.null_count(), &column.name);
            let nulls = if nulls == 1 { "1 null".to_owned() } else { format!("{nulls} nulls") };
            let text = format!("{nulls} in column '{name}', and nulls=\"raise\" forbids it");
            plan.reasons.clear(); // Why it would be copied does not matter.
            plan = plan.refusing(Reason::new("nulls", "C4", text).hint("ab.asarray(column).fill_null(value)"));
        }
        if plan.outcome == Outcome::Copy && request.copy == CopyPolicy::Never {
            plan = plan.refusing(Reason::new("copy-never", "C1", "a copy would be needed, and copy=False forbids it"));
        }
        if let Err(error) = crate::layout::Layout::c_order(dtype.itemsize(), &shape) {
            plan = plan.refusing(Reason::new("span-overflow", "L2", error.to_string()));
        }
        if plan.outcome == Outcome::Refuse {
            return Err(plan);
        }
        if let Some(array) = &viewed {
            plan.source_address = Some(array.address() as u64);
            plan.target_address = plan.source_address;
        }
        Ok(Matrix { columns: given, rows, dtype, order: request.order, nulls: request.nulls, viewed, plan })
    }

    /// What one element will be.
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns.len()]
    }

    /// Elements that will be null: all that are in the columns, unless NaN stands for them.
    pub fn null_count(&self) -> usize {
        if self.nulls == Nulls::Nan { 0 } else { self.columns.iter().map(Column::null_count).sum() }
    }

    /// The same with names of its own, so that the table of the columns may go.
    #[must_use]
    pub fn into_owned(self) -> Matrix<'static> {
        let Matrix { columns, rows, dtype, order, nulls, viewed, plan } = self;
        let own = |column: Column<'_>| Column { name: Cow::Owned(column.name.into_owned()), runs: column.runs };
        let columns = columns.into_owned().into_iter().map(own).collect();
        Matrix { columns: Cow::Owned(columns), rows, dtype, order, nulls, viewed, plan }
    }

    /// What [`make`](Self::make) will do.
    pub fn as_plan(&self) -> &Plan {
        &self.plan
    }

    /// The matrix, and its plan with both addresses. **Zero-copy**, or one **copy**, as the plan says.
    ///
    /// # Errors
    ///
    /// The plan with one reason more: no memory, an integer that float64 does not have in a column with nulls, or a time that
    /// the unit of the matrix does not reach.
    pub fn make(self) -> Result<(Array, Plan), Plan> {
        let Matrix { columns, rows, dtype, order, nulls, viewed, mut plan } = self;
        let array = match viewed {
            Some(array) => array,
            None => fill::filled(&columns, rows, &dtype, order.unwrap_or(Order::F), nulls)
                .map_err(|reason| Plan { reasons: Vec::new(), ..plan.clone() }.refusing(*reason))?,
        };
        plan.target_address = Some(array.address() as u64);
        plan.target = describe(&array).into();
        Ok((array, plan))
    }
}

impl<'a> Column<'a> {
    /// A column of these arrays, one behind the other.
    pub fn new(name: impl Into<Cow<'a, str>>, chunks: Vec<Array>) -> Column<'a> {
        Column { name: name.into(), runs: chunks.into_iter().map(Run::Array).collect() }
    }

    /// Number of elements of all runs.
    fn len(&self) -> usize {
        self.runs.iter().map(Run::len).fold(0, usize::saturating_add)
    }

    fn null_count(&self) -> usize {
        self.runs.iter().map(Run::null_count).sum()
    }

    fn dtype(&self) -> Option<&DType> {
        self.runs.first().map(Run::dtype)
    }

    /// A reason of this column's.
    fn at(&self, reason: Reason) -> Reason {
        reason.at(format!("column '{}'", self.name))
    }
}

/// What no matrix can be made of.
fn unfit(columns: &[Column<'_>], rows: usize) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if columns.is_empty() {
        reasons.push(Reason::new("not-numeric", "C6", "expected a numeric column or more but found none"));
    }
    for column in columns {
        if column.runs.is_empty() {
            reasons.push(column.at(Reason::new(
                "malformed",
                "C6",
                "a column needs a chunk, an empty one where it has no rows",
            )));
        }
        for run in &column.runs {
            if run.shape().len() != 1 {
                let text = format!("expected elements along 1 axis but found {}", run.shape().len());
                reasons.push(column.at(Reason::new("ndim", "L2", text).hint("take the column by itself")));
            } else if !run.device().is_host() {
                let text = format!("the memory lies on {}, and the host makes the matrix", run.device());
                reasons.push(column.at(Reason::new("device", "L7", text)));
            } else {
                continue;
            }
            break;
        }
        if column.len() != rows {
            let text = format!("expected {rows} rows, as the first column has, but found {}", column.len());
            reasons.push(column.at(Reason::new("extent", "L2", text)));
        }
    }
    reasons
}

/// The dtype of the matrix, or the first column that nothing fits with.
fn common(columns: &[Column<'_>], request: &Request) -> Result<DType, Box<Reason>> {
    let mut common: Option<DType> = None;
    // The widest kind first, so that the order of columns decides nothing: with floats, integers are as wide as they are
    // each, and not as they would be together.
    let rank = |column: &&Column<'_>| match column.dtype().map_or('b', DType::kind) {
        'c' => 0,
        'f' | 'V' => 1,
        'i' | 'u' => 2,
        _ => 3,
    };
    let mut ordered: Vec<&Column<'_>> = columns.iter().collect();
    ordered.sort_by_key(rank);
    for column in ordered {
        let Some(found) = column.dtype() else { continue };
        let floats = request.nulls == Nulls::Nan && matches!(found.kind(), 'b' | 'i' | 'u') && column.null_count() > 0;
        let own = if floats { &DType::F64 } else { found };
        let with = match &common {
            None => Some(own.clone()),
            Some(common) => common.promote(own),
        };
        let Some(with) = with else {
            let before = common.unwrap_or(DType::F64);
            let text = format!("column '{}' is {own}, others are {before}, and no type has both", column.name);
            let hint = "select the columns of one kind, or cast them";
            return Err(Box::new(
                Reason::new("mixed-columns", "C6", text).expected(before.name(), own.name()).hint(hint),
            ));
        };
        common = Some(with);
    }
    let common = common.unwrap_or(DType::F64);
    let Some(wanted) = &request.dtype else { return Ok(common) };
    for column in columns {
        let found = column.dtype().unwrap_or(wanted);
        if !crate::array::can_cast_same_kind(found, wanted) && !times::is_finer(found, wanted) {
            let text = format!("column '{}' is {found}, which does not cast to {wanted} within its kind", column.name);
            return Err(Box::new(Reason::new("dtype", "C1", text).expected(wanted.name(), found.name())));
        }
        let integers = matches!(wanted.kind(), 'b' | 'i' | 'u');
        if request.nulls == Nulls::Nan && integers && column.null_count() > 0 {
            let text = format!("column '{}' has nulls, and {wanted} has no NaN to stand for them", column.name);
            return Err(Box::new(
                Reason::new("nulls", "C4", text).hint("dtype=\"float64\", or ab.asarray(column).fill_null(value)"),
            ));
        }
    }
    Ok(wanted.clone())
}

/// A failure of an array's as a reason.
impl From<ArrayError> for Box<Reason> {
    fn from(error: ArrayError) -> Box<Reason> {
        Box::new(Reason::new("memory", "C3", error.to_string()))
    }
}
