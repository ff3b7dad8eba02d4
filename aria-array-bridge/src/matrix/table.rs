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
        Matrix::plan(&self.numeric_columns()?, request)?.make()
    }

    /// What [`to_matrix`](Self::to_matrix) will do. Elements of the matrix are not made.
    pub fn matrix_plan(&self, request: &Request) -> Plan {
        match self.numeric_columns() {
            Err(refused) => refused,
            Ok(columns) => Matrix::plan(&columns, request).map_or_else(|refused| refused, |matrix| matrix.plan),
        }
    }

    /// The arrays of every column, or all columns that are none.
    fn numeric_columns(&self) -> Result<Vec<Column<'_>>, Plan> {
        let refused = |error: TableError| error.reasons();
        let mut reasons: Vec<Reason> = Vec::new();
        let mut columns = Vec::new();
        for column in self.columns() {
            match column.import().and_then(|import| import.arrays()) {
                Ok(chunks) => columns.push(Column { name: column.name(), chunks }),
                Err(error) => reasons.extend(refused(error)),
            }
        }
        if reasons.is_empty() {
            return Ok(columns);
        }
        Err(reasons.into_iter().fold(Plan::view("columns", "Table", "Array"), Plan::refusing))
    }
}
