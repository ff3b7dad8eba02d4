//! Tables as Arrow's structs and streams.

use super::import::add_new;
use super::{Chunk, Column, Cuts, Table, TableError};
use crate::plan::{Outcome, Plan, Reason};
use aria_arrow::{
    BatchSource, Failure, Field, Format, Node, OwnedArray, OwnedDeviceStream, OwnedSchema, OwnedStream,
    export_device_stream, export_stream,
};
use std::sync::Arc;

impl Table {
    /// The table as the consumer would like it, where it asks for nothing that would have to be made: booleans of a byte
    /// or tensor types, for columns that are arrays. Else the table as it is (K-A19).
    #[must_use]
    pub fn as_requested(&self, requested: Option<&Field>) -> Table {
        let children = requested.filter(|field| field.layout() == Format::Struct).map(Field::children);
        let Some(children) = children.filter(|children| children.len() == self.num_columns()) else {
            return self.clone();
        };
        let pairs = || self.columns.iter().zip(children);
        if pairs().any(|(column, child)| column.name() != child.name()) {
            return self.clone();
        }
        let columns = pairs().map(|(column, child)| column.as_requested(child).unwrap_or_else(|| column.clone()));
        self.with_columns(columns.collect())
    }

    /// What giving the table away as Arrow copies, and why: which columns are no view. Notes name their column.
    pub fn export_plan(&self) -> Plan {
        let target = format!("Arrow {} rows x {} columns", self.num_rows, self.num_columns());
        let mut plan = Plan::view("arrow", "Table", target);
        for column in self.columns() {
            let at = format!("column '{}'", column.name());
            let mut reasons: Vec<Reason> = Vec::new();
            for chunk in column.chunks() {
                match chunk.export_plan(column.field()) {
                    Ok((bytes, found)) => {
                        plan.copied_bytes += bytes as u64;
                        add_new(&mut reasons, found);
                    }
                    Err(error) => {
                        plan.outcome = Outcome::Refuse;
                        add_new(&mut reasons, error.reasons());
                    }
                }
            }
            plan.reasons.extend(reasons.into_iter().map(|reason| reason.at(at.clone())));
        }
        match plan.outcome {
            Outcome::Refuse => plan.copied_bytes = 0,
            _ if plan.copied_bytes > 0 => plan.outcome = Outcome::Copy,
            _ => {}
        }
        plan
    }

    /// The rows as one array of structs, whose field is [`schema().to_field()`](super::Schema::to_field). The columns'
    /// memory is kept until it is released. **Zero-copy**, or a **copy** as [`export_plan`](Self::export_plan) says.
    ///
    /// # Errors
    ///
    /// Rows in several batches; memory of a device; no memory; a value that a column's format does not have.
    pub fn to_struct(&self) -> Result<OwnedArray, TableError> {
        let mut batches = self.batches(None);
        let (first, second) = (batches.next(), batches.next());
        if second.is_some() {
            return Err(TableError::Batches { found: 2 });
        }
        first.as_ref().unwrap_or(self).one_struct()
    }

    /// The table with every array in memory that nobody writes to: what is frozen as it is, the rest **copied**, where that
    /// is allowed. Arrow memory that others may write is refused: it is no array that could be copied.
    #[cfg(feature = "arrow-rs")]
    pub(crate) fn frozen_for_arrow_rs(&self, copy: crate::CopyPolicy) -> Result<Table, TableError> {
        let columns = self.columns.iter().map(|column| {
            let at = format!("column '{}'", column.name());
            let chunks = column.chunks().iter().map(|chunk| chunk.frozen(copy)).collect::<Result<Vec<_>, _>>();
            let chunks = chunks.map_err(|reason| TableError::Refused(vec![reason.at(at)]))?;
            Ok(Column::of(column.field().clone(), chunks))
        });
        Ok(self.with_columns(columns.collect::<Result<_, TableError>>()?))
    }

    /// A batch, or no rows, as a struct.
    fn one_struct(&self) -> Result<OwnedArray, TableError> {
        let child = |column: &Column| match column.chunks().iter().find(|chunk| !chunk.is_empty()) {
            Some(chunk) => chunk.to_arrow(column.field()),
            None => Chunk::empty(column.field())?.to_arrow(column.field()),
        };
        let node = Node {
            length: self.num_rows,
            null_count: Some(0),
            buffers: vec![core::ptr::null()],
            children: self.columns.iter().map(child).collect::<Result<_, _>>()?,
            ..Node::default()
        };
        // SAFETY: no buffer of its own; the children keep theirs.
        Ok(unsafe { node.export(Arc::new(())) })
    }

    /// The table as a stream of batches, each made when it is asked for. The table is kept until the stream is released.
    /// `max_rows` cuts batches further.
    pub fn to_stream(&self, max_rows: Option<usize>) -> OwnedStream {
        export_stream(Box::new(TableSource(self.batches(max_rows))))
    }

    /// As [`to_stream`](Self::to_stream), for a consumer that asks for devices: the memory is the host's.
    pub fn to_device_stream(&self, max_rows: Option<usize>) -> OwnedDeviceStream {
        export_device_stream(Box::new(TableSource(self.batches(max_rows))))
    }
}

impl Column {
    /// The chunks as a stream of arrays, each made when it is asked for. They are kept until the stream is released.
    pub fn to_stream(&self) -> OwnedStream {
        export_stream(Box::new(ColumnSource { column: self.clone(), at: 0 }))
    }
}

/// Gives a column away.
struct ColumnSource {
    column: Column,
    at: usize,
}

impl BatchSource for ColumnSource {
    fn schema(&mut self) -> Result<OwnedSchema, Failure> {
        Ok(self.column.field().to_schema())
    }

    fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
        let chunk = self.column.chunks().get(self.at).map(|chunk| chunk.to_arrow(self.column.field()));
        self.at += 1;
        chunk.transpose().map_err(|error| Failure::new(error.to_string()))
    }
}

/// Gives a table away.
struct TableSource(Cuts);

impl BatchSource for TableSource {
    fn schema(&mut self) -> Result<OwnedSchema, Failure> {
        Ok(self.0.table().schema().to_field().to_schema())
    }

    fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
        let batch = self.0.next().map(|batch| batch.one_struct());
        batch.transpose().map_err(|error| Failure::new(error.to_string()))
    }
}
