//! [`ArrayStream`]: streams of Arrow's with and without devices, and the device that an array says it lies on (K-A21).
#![forbid(unsafe_code)]

use super::TableError;
use crate::device::Device;
use crate::plan::Reason;
use aria_arrow::{DEVICE_CPU, Field, OwnedArray, OwnedDeviceStream, OwnedStream, StreamError};

/// The device of an array of the C device interface, whose memory is ready.
///
/// # Errors
///
/// Numbers of no device; an event, which nobody here can wait for.
pub fn device_of(kind: i32, id: i64, has_event: bool) -> Result<Device, Reason> {
    // −1 is the host's, and there alone.
    let number = if kind == DEVICE_CPU { 0 } else { id };
    let Some(device) = i32::try_from(number).ok().filter(|_| kind > 0).map(|id| Device { kind, id }) else {
        let text = format!("expected a device of Arrow's but found type {kind}, number {id}");
        return Err(Reason::new("malformed", "C8", text));
    };
    if has_event {
        let text = format!("the memory on {device} is ready after an event, and nobody here waits for it");
        return Err(Reason::new("stream", "L7", text).hint("synchronise in the library that owns it"));
    }
    Ok(device)
}

/// A stream of either interface.
#[derive(Debug)]
pub enum ArrayStream {
    /// Arrays that do not say where they lie: it is known of the producer.
    Plain(OwnedStream),
    /// Arrays that say their device.
    Device(OwnedDeviceStream),
}

impl From<OwnedStream> for ArrayStream {
    fn from(stream: OwnedStream) -> ArrayStream {
        ArrayStream::Plain(stream)
    }
}

impl From<OwnedDeviceStream> for ArrayStream {
    fn from(stream: OwnedDeviceStream) -> ArrayStream {
        ArrayStream::Device(stream)
    }
}

impl ArrayStream {
    /// What the arrays are.
    ///
    /// # Errors
    ///
    /// Those of [`OwnedStream::schema`].
    pub fn schema(&mut self) -> Result<Field, StreamError> {
        match self {
            ArrayStream::Plain(stream) => stream.schema(),
            ArrayStream::Device(stream) => stream.schema(),
        }
    }

    /// The next array, unchecked, and the device that it says it lies on; `None` at the end, and ever after.
    ///
    /// # Errors
    ///
    /// The producer's own, with its text; what [`device_of`] refuses, after which the array is released.
    pub fn next_array(&mut self) -> Result<Option<(OwnedArray, Option<Device>)>, TableError> {
        match self {
            ArrayStream::Plain(stream) => Ok(stream.next()?.map(|array| (array, None))),
            ArrayStream::Device(stream) => {
                let Some(given) = stream.next()? else { return Ok(None) };
                let device = device_of(given.kind, given.id, !given.sync_event.is_null());
                let device = device.map_err(|reason| TableError::Refused(vec![reason]))?;
                Ok(Some((given.array, Some(device))))
            }
        }
    }
}
