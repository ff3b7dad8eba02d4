//! The stream argument of `__dlpack__`, as a pure function.
//!
//! Rules: <https://data-apis.org/array-api/latest/API_specification/generated/array_api.array.__dlpack__.html>.
//! Nothing here waits or calls a driver.
#![forbid(unsafe_code)]

use crate::abi::DLDeviceType;
use crate::device::Device;
use crate::error::DlpackError;

/// What a consumer's `stream` argument asks of the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The device has no streams, and none was named.
    None,
    /// Make the data safe on the legacy default stream (CUDA: none or 1) or the default stream (ROCm: none or 0).
    Default,
    /// Make the data safe on CUDA's per-thread default stream (2).
    PerThreadDefault,
    /// Make the data safe on the stream with this handle (above 2).
    Handle(i64),
    /// Do not synchronise (−1).
    NoSync,
}

/// Reads a consumer's `stream` argument for a tensor on `device`.
///
/// CUDA memory, also pinned and managed: none and 1 are the legacy default stream, 2 the per-thread default stream,
/// above 2 a handle, −1 no synchronisation; 0 is ambiguous. ROCm memory: none and 0 are the default stream; 1 and 2
/// are disallowed. The CPU takes only none. Other devices, for which the standard has no numbers, take none and −1.
///
/// # Errors
///
/// [`DlpackError::Stream`] for every other number. A Python exporter raises it as `BufferError` or `RuntimeError`.
pub const fn check_stream(device: Device, stream: Option<i64>) -> Result<Stream, DlpackError> {
    const CUDA: [u32; 3] = [DLDeviceType::CUDA.0, DLDeviceType::CUDAHOST.0, DLDeviceType::CUDAMANAGED.0];
    const ROCM: [u32; 2] = [DLDeviceType::ROCM.0, DLDeviceType::ROCMHOST.0];

    let is_cuda = device.kind == CUDA[0] || device.kind == CUDA[1] || device.kind == CUDA[2];
    let is_rocm = device.kind == ROCM[0] || device.kind == ROCM[1];
    let is_cpu = device.kind == Device::CPU.kind;
    match stream {
        None if is_cuda || is_rocm => Ok(Stream::Default),
        None => Ok(Stream::None),
        Some(-1) if !is_cpu => Ok(Stream::NoSync),
        Some(1) if is_cuda => Ok(Stream::Default),
        Some(2) if is_cuda => Ok(Stream::PerThreadDefault),
        Some(0) if is_rocm => Ok(Stream::Default),
        Some(handle @ 3..) if is_cuda || is_rocm => Ok(Stream::Handle(handle)),
        Some(found) => Err(DlpackError::Stream { device, found }),
    }
}
