//! [`Table`]: named columns of equal length, in chunks; from Arrow's structs and streams, and back (rules C6, C7).
//!
//! A column is kept whatever its type: text, lists, dictionaries and types that nobody here knows stay the Arrow arrays
//! that they came as, and go out again under our release. Only asking a column for [an array](Column::import) asks
//! whether it is one.
//!
//! | step | data movement |
//! |---|---|
//! | struct, stream → [`Table`] | **zero-copy**, structure checked; rows that are null as a whole are refused |
//! | slice, select, rename, drop, append, concat, [`batches`](Table::batches) | **zero-copy**: handles to the same memory |
//! | column of one chunk → array | a view where convert's table says so |
//! | column of several chunks → array | one **copy**, in one pass, reason `chunked` |
//! | [`Table`] → struct, stream | **zero-copy** for what came as Arrow; arrays as their export's plan says |
//! | [`Batches`] → stream | passed through, not imported |
//!
//! `chunk` has what came in, `column` and `schema` what it is called, `import` makes one array of chunks, `run` gives the rows of one to whoever copies them, `batches` cuts
//! rows, `export` gives tables away, `stream` reads batch by batch, `text` makes columns of strings, `device` knows where arrays say
//! that they lie, `error` says what does not fit.

mod batches;
mod chunk;
mod column;
mod device;
mod error;
mod export;
mod import;
mod run;
mod schema;
mod stream;
#[cfg(test)]
mod tests;
mod text;

pub use batches::Cuts;
pub use chunk::{Chunk, Kept, Origin};
pub use column::Column;
pub use device::{ArrayStream, device_of};
pub use error::TableError;
pub use import::ColumnImport;
pub(crate) use run::{BLOCK, Run};
pub use schema::Schema;
pub use stream::Batches;

use aria_arrow::{Checked, OwnedStream};
use chunk::Imported;
use std::collections::HashSet;
use std::sync::Arc;

/// Columns of equal length. A clone is another handle to the same memory.
///
/// # Invariants
///
/// 1. There are as many columns as fields, in the same order, each with its field.
/// 2. Every column has `num_rows` rows. A table without columns has rows, too.
#[derive(Clone, Debug)]
pub struct Table {
    schema: Arc<Schema>,
    columns: Arc<[Column]>,
    num_rows: usize,
}

impl Table {
    /// A table of these columns. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Columns of different lengths, by name.
    pub fn from_columns(columns: Vec<Column>) -> Result<Table, TableError> {
        let num_rows = columns.first().map_or(0, Column::len);
        let schema = Schema::new(columns.iter().map(|column| column.field().clone()).collect());
        Table::made(schema, columns, num_rows)
    }

    /// A table of a schema's columns, whose lengths are checked here.
    fn made(schema: Schema, columns: Vec<Column>, num_rows: usize) -> Result<Table, TableError> {
        if let Some(other) = columns.iter().find(|column| column.len() != num_rows) {
            let (column, found) = (other.name().into_owned(), other.len());
            return Err(TableError::Length { column, expected: num_rows, found });
        }
        Ok(Table { schema: Arc::new(schema), columns: columns.into(), num_rows })
    }

    /// A table of an array of structs. **Zero-copy.** The struct's offset and length apply to its children (K-A6).
    ///
    /// # Errors
    ///
    /// An array that is no struct; rows that are null as a whole. The array is released then.
    pub fn from_batch(batch: Checked, origin: Origin) -> Result<Table, TableError> {
        let schema = Arc::new(Schema::of(batch.field())?);
        Table::of_batch(schema, batch, origin)
    }

    /// A table of a batch whose field is that of the schema.
    fn of_batch(schema: Arc<Schema>, batch: Checked, origin: Origin) -> Result<Table, TableError> {
        let source = Imported::new(batch, origin);
        let top = source.view();
        let num_rows = top.len();
        let nulls = source.nulls(&top, 0, num_rows)?;
        if nulls > 0 {
            return Err(TableError::NullRows { nulls, rows: num_rows });
        }
        let fields = schema.fields().iter().enumerate();
        let columns = fields.map(|(i, field)| Column::of(field.clone(), vec![Chunk::child(&source, i)])).collect();
        Ok(Table { columns, num_rows, schema })
    }

    /// A table of several arrays of structs, which have the first one's columns. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// None at all, since the schema would be unknown; what [`from_batch`](Self::from_batch) refuses; other names or types
    /// than the first batch has. All of them are released then.
    pub fn from_batches(batches: Vec<Checked>, origin: Origin) -> Result<Table, TableError> {
        let tables = batches.into_iter().map(|batch| Table::from_batch(batch, origin));
        Table::concat(&tables.collect::<Result<Vec<_>, _>>()?)
    }

    /// A table of all batches of a stream. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// The producer's own, with its text; a schema that is no struct; a batch that does not keep to it. Nothing is asked of
    /// the stream after that.
    pub fn from_stream(stream: OwnedStream, origin: Origin) -> Result<Table, TableError> {
        let mut batches = Batches::new(stream, origin)?;
        let schema = batches.schema().clone();
        let mut tables = Vec::new();
        while let Some(batch) = batches.next_batch()? {
            tables.push(batch);
        }
        column::count(tables.iter().map(Table::num_rows))?;
        Ok(Table::joined(schema, &tables))
    }

    /// The rows of several tables, one behind the other, as chunks. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// No table at all; other names or types than the first table has; more rows than numbers go.
    pub fn concat(tables: &[Table]) -> Result<Table, TableError> {
        let Some((first, rest)) = tables.split_first() else { return Err(TableError::Batches { found: 0 }) };
        for table in rest {
            first.schema.agrees(&table.schema)?;
        }
        column::count(tables.iter().map(Table::num_rows))?;
        Ok(Table::joined(first.schema.clone(), tables))
    }

    /// Tables whose columns have the types of the schema, and whose rows can be counted.
    fn joined(schema: Arc<Schema>, tables: &[Table]) -> Table {
        let chunks =
            |i: usize| tables.iter().flat_map(move |table| table.columns[i].chunks().iter().cloned()).collect();
        let columns =
            schema.fields().iter().enumerate().map(|(i, field)| Column::of(field.clone(), chunks(i))).collect();
        Table { columns, num_rows: tables.iter().map(Table::num_rows).sum(), schema }
    }

    /// What the columns are.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Number of columns.
    pub fn num_columns(&self) -> usize {
        self.columns.len()
    }

    /// The column of this name.
    ///
    /// # Errors
    ///
    /// No such name, with those that look like it; or several columns of this name, with their positions.
    pub fn column(&self, name: &str) -> Result<&Column, TableError> {
        Ok(&self.columns[self.schema.position(name)?])
    }

    /// The column at this position.
    ///
    /// # Errors
    ///
    /// No such position.
    pub fn column_at(&self, position: usize) -> Result<&Column, TableError> {
        self.columns.get(position).ok_or(TableError::Position { position, columns: self.num_columns() })
    }

    /// The columns of these names, in this order. Metadata stays. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Those of [`column`](Self::column).
    pub fn select<S: AsRef<str>>(&self, names: &[S]) -> Result<Table, TableError> {
        let columns = names.iter().map(|name| self.column(name.as_ref()).cloned());
        Ok(self.with_columns(columns.collect::<Result<_, _>>()?))
    }

    /// All columns but those of these names. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Those of [`column`](Self::column).
    pub fn drop_columns<S: AsRef<str>>(&self, names: &[S]) -> Result<Table, TableError> {
        let gone = names.iter().map(|name| self.schema.position(name.as_ref()));
        let gone = gone.collect::<Result<HashSet<usize>, _>>()?;
        let kept = self.columns.iter().enumerate().filter(|(i, _)| !gone.contains(i));
        Ok(self.with_columns(kept.map(|(_, column)| column.clone()).collect()))
    }

    /// The same columns under these names, of which there is one for each. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Another number of names; a name with a NUL character.
    pub fn renamed<S: AsRef<str>>(&self, names: &[S]) -> Result<Table, TableError> {
        if names.len() != self.num_columns() {
            let found = names.iter().map(|name| name.as_ref().to_owned()).collect();
            return Err(TableError::Names { expected: self.schema.names(), found });
        }
        let columns = self.columns.iter().zip(names).map(|(column, name)| column.renamed(name.as_ref()));
        Ok(self.with_columns(columns.collect::<Result<_, _>>()?))
    }

    /// A table of other columns, as long as this one, under its metadata. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// A column of another length.
    pub fn keep_columns(self, columns: Vec<Column>) -> Result<Table, TableError> {
        let schema = self.schema.with_fields(columns.iter().map(|column| column.field().clone()).collect());
        Table::made(schema, columns, self.num_rows)
    }

    /// The table under other metadata. **Zero-copy.**
    #[must_use]
    pub fn with_metadata(self, metadata: aria_arrow::Metadata) -> Table {
        let schema = Schema::new(self.schema.fields().to_vec()).with_metadata(metadata);
        Table { schema: Arc::new(schema), ..self }
    }

    /// The table with one more column, the last. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// A column of another length, unless the table has neither columns nor rows.
    pub fn append_column(&self, column: Column) -> Result<Table, TableError> {
        let num_rows = if self.columns.is_empty() && self.num_rows == 0 { column.len() } else { self.num_rows };
        let columns: Vec<Column> = self.columns.iter().cloned().chain([column]).collect();
        let schema = self.schema.with_fields(columns.iter().map(|column| column.field().clone()).collect());
        Table::made(schema, columns, num_rows)
    }

    /// Rows from `offset` on, at most `length`. **Zero-copy.** What reaches beyond the last row is cut off.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Table {
        let offset = offset.min(self.num_rows);
        let num_rows = length.min(self.num_rows - offset);
        let columns = self.columns.iter().map(|column| column.slice(offset, num_rows)).collect();
        Table { columns, num_rows, schema: self.schema.clone() }
    }

    /// Other columns of the same length, under the same metadata.
    fn with_columns(&self, columns: Vec<Column>) -> Table {
        let schema = self.schema.with_fields(columns.iter().map(|column| column.field().clone()).collect());
        Table { schema: Arc::new(schema), columns: columns.into(), num_rows: self.num_rows }
    }

    /// Rows cut where any column's chunk ends, so that each batch has one chunk a column; and after `max_rows` rows.
    /// **Zero-copy.** Without rows there is no batch.
    pub fn batches(&self, max_rows: Option<usize>) -> Cuts {
        Cuts::new(self.clone(), max_rows)
    }

    /// Checks every value that came in: offsets, UTF-8, indices, counts of nulls (rule C8). Takes time in proportion to the
    /// size; a column is checked as a whole, also where the table is a slice.
    ///
    /// # Errors
    ///
    /// The first wrong value, with its field; memory of a device.
    ///
    /// Memory that others write to meanwhile is read as it is at each moment, and what was found holds of none since.
    pub fn validate(&self) -> Result<(), TableError> {
        self.columns.iter().flat_map(Column::chunks).try_for_each(Chunk::validate)
    }
}
