//! The columns of a table as a matrix.

use super::{Column, Matrix, Request};
use crate::array::Array;
use crate::plan::{Plan, Reason};
use crate::table::{Table, TableError};

impl Table {
    /// All columns as one matrix, rows first. **Zero-copy** where they lie so, else one **copy**; the plan says which and
    /// why.
    ///
    /// # Errors
    ///
    /// The plan with every reason: columns that are no arrays, by name, and what [`Matrix::plan`] refuses.
    pub fn to_matrix(&self, request: &Request) -> Result<(Array, Plan), Plan> {
        self.matrix(request)?.make()
    }

    /// All columns as one matrix, before it is made.
    ///
    /// # Errors
    ///
    /// Those of [`to_matrix`](Self::to_matrix).
    pub fn matrix(&self, request: &Request) -> Result<Matrix<'_>, Plan> {
        Matrix::plan(self.numeric_columns()?, request)
    }

    /// What [`to_matrix`](Self::to_matrix) will do. Nothing is copied.
    pub fn matrix_plan(&self, request: &Request) -> Plan {
        self.matrix(request).map_or_else(|refused| refused, |matrix| matrix.plan)
    }

    /// The rows of every column, or all columns that are none.
    fn numeric_columns(&self) -> Result<Vec<Column<'_>>, Plan> {
        let refused = |error: TableError| error.reasons();
        let mut reasons: Vec<Reason> = Vec::new();
        let mut columns = Vec::new();
        for column in self.columns() {
            match column.import().and_then(|import| import.runs()) {
                Ok(runs) => columns.push(Column { name: column.name(), runs }),
                Err(error) => reasons.extend(refused(error)),
            }
        }
        if reasons.is_empty() {
            return Ok(columns);
        }
        Err(reasons.into_iter().fold(Plan::view("columns", "Table", "Array"), Plan::refusing))
    }
}
