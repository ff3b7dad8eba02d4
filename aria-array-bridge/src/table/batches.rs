//! [`Cuts`]: the rows of a table, batch by batch.
#![forbid(unsafe_code)]

use super::{Chunk, Column, Table};

/// Batches of a table, each with one chunk a column. **Zero-copy.**
#[derive(Clone, Debug)]
pub struct Cuts {
    table: Table,
    max_rows: usize,
    /// Rows that went out.
    at: usize,
    /// For each column, the chunk that is next, and how many of its rows went out.
    places: Vec<(usize, usize)>,
}

impl Cuts {
    pub(super) fn new(table: Table, max_rows: Option<usize>) -> Cuts {
        let places = vec![(0, 0); table.num_columns()];
        Cuts { table, max_rows: max_rows.unwrap_or(usize::MAX).max(1), at: 0, places }
    }

    /// The table that is cut.
    pub fn table(&self) -> &Table {
        &self.table
    }
}

impl Iterator for Cuts {
    type Item = Table;

    fn next(&mut self) -> Option<Table> {
        let mut rows = (self.table.num_rows - self.at).min(self.max_rows);
        if rows == 0 {
            return None;
        }
        for ((chunk, from), column) in self.places.iter_mut().zip(self.table.columns()) {
            // There are rows left, so there is a chunk that has some.
            while column.chunks().get(*chunk).is_some_and(|chunk| chunk.len() == *from) {
                (*chunk, *from) = (*chunk + 1, 0);
            }
            rows = rows.min(column.chunks().get(*chunk).map_or(0, Chunk::len) - *from);
        }
        let columns = self.table.columns().iter().zip(&mut self.places).map(|(column, (chunk, from))| {
            let part = column.chunks()[*chunk].slice(*from, rows);
            *from += rows;
            Column::of(column.field().clone(), vec![part])
        });
        let columns = columns.collect();
        self.at += rows;
        Some(Table { schema: self.table.schema.clone(), columns, num_rows: rows })
    }
}
