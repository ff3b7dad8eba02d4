//! `Table`: a table of `spec/`, read strictly.

use crate::read;
use std::collections::HashMap;
use std::str::FromStr;

/// A table: CSV with a header line, without quotes, spaces around cells, or empty lines.
pub struct Table {
    rows: Vec<Row>,
}

/// A row of a table; its cells go by the name of their column.
pub struct Row {
    line: String,
    cells: HashMap<String, String>,
}

impl Table {
    /// Reads a table and checks that `key` columns name each row once.
    ///
    /// # Panics
    ///
    /// If the file is no such table, with the file and the line.
    pub fn read(path: &str, key: &[&str]) -> Table {
        Table::parse(path, &read(path), key).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Reads a table from `text`; `path` is for messages.
    ///
    /// # Errors
    ///
    /// Names the first line that is wrong.
    pub fn parse(path: &str, text: &str, key: &[&str]) -> Result<Table, String> {
        if !text.ends_with('\n') {
            return Err(format!("{path}: expected a line end at the end"));
        }
        let mut lines = text.lines().enumerate().map(|(i, line)| (format!("{path}:{}", i + 1), line));
        let (at, header) = lines.next().ok_or_else(|| format!("{path}: expected a header line"))?;
        let columns = cells(&at, header)?;
        if columns.iter().any(|name| name.is_empty() || columns.iter().filter(|n| *n == name).count() > 1) {
            return Err(format!("{at}: expected a name for every column, each once"));
        }
        let mut seen = HashMap::new();
        let mut rows = Vec::new();
        for (at, line) in lines {
            let cells = cells(&at, line)?;
            if cells.len() != columns.len() {
                return Err(format!("{at}: expected {} cells but found {}", columns.len(), cells.len()));
            }
            let cells: HashMap<_, _> = columns.iter().cloned().zip(cells).collect();
            let row = Row { line: at, cells };
            let name: Vec<_> = key.iter().map(|column| row.cell(column).to_owned()).collect();
            if let Some(before) = seen.insert(name.clone(), row.line.clone()) {
                return Err(format!("{}: {name:?} is at {before} already", row.line));
            }
            rows.push(row);
        }
        Ok(Table { rows })
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows whose `column` is `value`.
    pub fn with<'a>(&'a self, column: &'a str, value: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.cell(column) == value)
    }
}

fn cells(at: &str, line: &str) -> Result<Vec<String>, String> {
    let cells: Vec<_> = line.split(',').map(str::to_owned).collect();
    match cells.iter().find(|cell| cell.contains(['"', '\r', '\t']) || cell.trim() != cell.as_str()) {
        Some(cell) => Err(format!("{at}: expected a plain cell but found {cell:?}")),
        None if line.is_empty() => Err(format!("{at}: expected a row but found an empty line")),
        None => Ok(cells),
    }
}

impl Row {
    /// The cell of this column.
    ///
    /// # Panics
    ///
    /// If there is no such column.
    pub fn cell(&self, column: &str) -> &str {
        self.cells.get(column).unwrap_or_else(|| panic!("{}: no column {column:?}", self.line))
    }

    /// The number in this cell, or `None` where the cell is empty.
    ///
    /// # Panics
    ///
    /// If there is something else.
    pub fn number<T: FromStr>(&self, column: &str) -> Option<T> {
        let cell = self.cell(column);
        let parse = || cell.parse().unwrap_or_else(|_| panic!("{}: {column} is {cell:?}", self.line));
        (!cell.is_empty()).then(parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_strict_table_is_refused_with_its_line() {
        let refused = |text: &str| Table::parse("t", text, &["a"]).err().unwrap();
        assert_eq!(refused("a,b\n1,2\n3\n"), "t:3: expected 2 cells but found 1");
        assert_eq!(refused("a,b\n1,2\n1,3\n"), "t:3: [\"1\"] is at t:2 already");
        assert_eq!(refused("a,b\n1,2"), "t: expected a line end at the end");
        assert_eq!(refused("a,b\n1, 2\n"), "t:2: expected a plain cell but found \" 2\"");
        assert_eq!(refused("a,b\n1,\"2\"\n"), "t:2: expected a plain cell but found \"\\\"2\\\"\"");
        assert_eq!(refused("a,b\n\n"), "t:2: expected a row but found an empty line");
        assert_eq!(refused("a,a\n"), "t:1: expected a name for every column, each once");
        assert_eq!(Table::parse("t", "a,b\n1,2\n,3\n", &["a"]).unwrap().rows()[1].number::<u8>("b"), Some(3));
    }
}
