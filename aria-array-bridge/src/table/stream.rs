//! [`Batches`]: a stream of tables, one in memory at a time (rule C7).
#![forbid(unsafe_code)]

use super::{ArrayStream, Origin, Schema, Table, TableError};
use crate::device::Device;
use aria_arrow::{
    BatchSource, Failure, Field, OwnedArray, OwnedDeviceStream, OwnedSchema, OwnedStream, StreamError,
    export_device_stream, export_stream,
};
use std::sync::Arc;

/// Batches of a stream, asked for one by one. After the end, or an error, the producer is not asked again.
#[derive(Debug)]
pub struct Batches {
    stream: ArrayStream,
    field: Arc<Field>,
    schema: Arc<Schema>,
    origin: Origin,
    over: bool,
}

impl Batches {
    /// Asks the stream for its schema.
    ///
    /// # Errors
    ///
    /// The producer's own, with its text; arrays that are no structs. The stream is released then.
    pub fn new(stream: impl Into<ArrayStream>, origin: Origin) -> Result<Batches, TableError> {
        let mut stream = stream.into();
        let field = stream.schema()?;
        Batches::of(stream, field, origin)
    }

    /// As [`new`](Self::new), of a stream that was asked for its schema already.
    ///
    /// # Errors
    ///
    /// A field that is no struct. The stream is released then.
    pub fn of(stream: ArrayStream, field: Field, origin: Origin) -> Result<Batches, TableError> {
        let schema = Arc::new(Schema::of(&field)?);
        Ok(Batches { stream, field: Arc::new(field), schema, origin, over: false })
    }

    /// What every batch is.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The next batch, as a table; `None` at the end, and ever after. **Zero-copy.** Nothing of it is kept here.
    ///
    /// # Errors
    ///
    /// The producer's own, with its text; a batch that does not keep to the schema, which is released.
    pub fn next_batch(&mut self) -> Result<Option<Table>, TableError> {
        if self.over {
            return Ok(None);
        }
        let batch = self.take();
        self.over = !matches!(batch, Ok(Some(_)));
        batch
    }

    fn take(&mut self) -> Result<Option<Table>, TableError> {
        let Some((array, device)) = self.stream.next_array()? else { return Ok(None) };
        let batch = array.check(self.field.clone()).map_err(|refused| refused.error)?;
        Table::of_batch(self.schema.clone(), batch, self.origin.on(device)).map(Some)
    }

    /// The rest as a stream, which passes batches on as they come, without importing them.
    #[must_use]
    pub fn into_stream(self) -> OwnedStream {
        export_stream(Box::new(self))
    }

    /// As [`into_stream`](Self::into_stream), for a consumer that asks for devices.
    #[must_use]
    pub fn into_device_stream(self) -> OwnedDeviceStream {
        export_device_stream(Box::new(self))
    }
}

impl BatchSource for Batches {
    fn schema(&mut self) -> Result<OwnedSchema, Failure> {
        Ok(self.field.to_schema())
    }

    fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
        if self.over {
            return Ok(None);
        }
        let next = self.stream.next_array().map_err(|error| match error {
            TableError::Stream(StreamError::Producer { code, text, .. }) => Failure { code, text },
            error => Failure::new(error.to_string()),
        })?;
        match next {
            Some((_, Some(device))) if !device.is_host() => {
                Err(Failure::new(TableError::Device { device }.to_string()))
            }
            next => Ok(next.map(|(array, _): (OwnedArray, Option<Device>)| array)),
        }
    }
}
