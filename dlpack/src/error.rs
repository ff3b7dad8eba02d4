//! Why a tensor, an export or an exchange table is refused: named reasons with their numbers.
//!
//! Every message is one lower-case sentence. What becomes of the refused tensor is said where it is refused.
#![forbid(unsafe_code)]

use crate::abi::{MAJOR, MAX_NDIM};
use crate::device::Device;
use crate::dtype::DataType;
use crate::version::Version;
use core::fmt;
use std::error::Error;

/// A DLPack tensor or request that is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DlpackError {
    /// The struct has another major version; nothing but its version and deleter was read.
    IncompatibleVersion {
        /// The version the struct states.
        found: Version,
    },
    /// `ndim` is negative or above [`MAX_NDIM`].
    Ndim {
        /// The stated number of axes.
        found: i64,
    },
    /// `shape` is NULL although there are axes.
    NullShape {
        /// The stated number of axes.
        ndim: usize,
    },
    /// There is not one stride per axis (descriptors made in Rust only).
    StrideCount {
        /// The number of axes.
        expected: usize,
        /// The number of strides.
        found: usize,
    },
    /// An extent is negative.
    NegativeExtent {
        /// The axis, from 0.
        axis: usize,
        /// Its extent.
        found: i64,
    },
    /// The elements do not fit in `isize::MAX` bytes.
    TooLarge {
        /// The axis at which the product overflows, or the last one.
        axis: usize,
        /// Its extent.
        extent: i64,
        /// The element type.
        dtype: DataType,
    },
    /// The strides reach further than `isize::MAX` bytes.
    StrideOverflow {
        /// The axis at which the span overflows.
        axis: usize,
        /// Its extent.
        extent: i64,
        /// Its stride, in elements.
        stride: i64,
        /// The element type.
        dtype: DataType,
    },
    /// `data` is NULL although there are elements.
    NullData {
        /// The number of elements.
        len: usize,
    },
    /// `data` plus `byte_offset` leaves the address space.
    OffsetOverflow {
        /// The address in `data`.
        address: usize,
        /// The offset, in bytes.
        byte_offset: u64,
    },
    /// Some element lies beyond one end of the address space.
    AddressOverflow {
        /// The address of element zero.
        address: usize,
        /// The first byte of the span, relative to element zero.
        start: isize,
        /// The end of the span, relative to element zero.
        end: isize,
    },
    /// A descriptor made in Rust has a byte offset on a device with addresses.
    StrayOffset {
        /// The offset, in bytes.
        byte_offset: u64,
        /// The device.
        device: Device,
    },
    /// No header lists the device type.
    UnknownDevice {
        /// The device.
        found: Device,
    },
    /// No header lists the type code.
    UnknownTypeCode {
        /// The type.
        found: DataType,
    },
    /// The type code is the opaque handle, whose meaning is private to its producer.
    OpaqueHandle {
        /// The type.
        found: DataType,
    },
    /// The type has no bits.
    ZeroBits {
        /// The type.
        found: DataType,
    },
    /// The type has no lanes.
    ZeroLanes {
        /// The type.
        found: DataType,
    },
    /// The type code does not come in this width.
    TypeWidth {
        /// The type.
        found: DataType,
        /// The widths it comes in, in bits.
        expected: &'static [u8],
    },
    /// A padded sub-byte type has several lanes; where the padding goes is not specified.
    PaddedLanes {
        /// The type.
        found: DataType,
    },
    /// Read-only memory was to be exported by the legacy struct, which cannot say so.
    LegacyReadOnly,
    /// A padded sub-byte type was to be exported by the legacy struct, which cannot say so.
    LegacyPadded {
        /// The type.
        found: DataType,
    },
    /// A stream number that the device's rules disallow.
    Stream {
        /// The device.
        device: Device,
        /// The number.
        found: i64,
    },
}

impl fmt::Display for DlpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IncompatibleVersion { found } => {
                write!(f, "expected a dlpack struct of version {MAJOR}.x but found {found}")
            }
            Self::Ndim { found } => write!(f, "expected 0 to {MAX_NDIM} axes but found ndim {found}"),
            Self::NullShape { ndim } => write!(f, "expected a shape for {ndim} axes but found NULL"),
            Self::StrideCount { expected, found } => {
                write!(f, "expected {expected} strides, one per axis, but found {found}")
            }
            Self::NegativeExtent { axis, found } => {
                write!(f, "expected an extent of at least 0 on axis {axis} but found {found}")
            }
            Self::TooLarge { axis, extent, dtype } => write!(
                f,
                "expected at most {} bytes of {dtype} but found more, counting extent {extent} of axis {axis}",
                isize::MAX
            ),
            Self::StrideOverflow { axis, extent, stride, dtype } => write!(
                f,
                "expected a span of at most {} bytes of {dtype} but found more, with stride {stride} and extent \
                 {extent} on axis {axis}",
                isize::MAX
            ),
            Self::NullData { len } => write!(f, "expected data for {len} elements but found NULL"),
            Self::OffsetOverflow { address, byte_offset } => write!(
                f,
                "expected a byte_offset within the address space but found {byte_offset} after address {address:#x}"
            ),
            Self::AddressOverflow { address, start, end } => write!(
                f,
                "expected every element within the address space but found bytes {start}..{end} around address \
                 {address:#x}"
            ),
            Self::StrayOffset { byte_offset, device } => write!(
                f,
                "expected data at element zero on {device}, which has addresses, but found byte_offset {byte_offset}"
            ),
            Self::UnknownDevice { found } => write!(f, "expected a known device type but found {}", found.kind),
            Self::UnknownTypeCode { found } => write!(f, "expected a known type code but found {found}"),
            Self::OpaqueHandle { found } => {
                write!(f, "expected a numeric type but found {found}, whose meaning is private to its producer")
            }
            Self::ZeroBits { found } => write!(f, "expected a type of at least 1 bit but found {found}"),
            Self::ZeroLanes { found } => write!(f, "expected a type of at least 1 lane but found {found}"),
            Self::TypeWidth { found, expected } => {
                f.write_str("expected a width of ")?;
                for (i, width) in expected.iter().enumerate() {
                    let joint = match i {
                        0 => "",
                        _ if i + 1 == expected.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{joint}{width}")?;
                }
                write!(f, " bits but found {found}")
            }
            Self::PaddedLanes { found } => {
                write!(f, "expected one lane in a padded sub-byte type but found {found}")
            }
            Self::LegacyReadOnly => f.write_str(
                "expected writable memory for a legacy struct, which has no flags, but found read-only memory",
            ),
            Self::LegacyPadded { found } => {
                write!(f, "expected a packed type for a legacy struct, which has no flags, but found padded {found}")
            }
            Self::Stream { device, found } => {
                let expected = match device.kind {
                    1 => "no stream",
                    2 | 3 | 13 => "no stream, -1, 1, 2 or a handle above 2",
                    10 | 11 => "no stream, -1, 0 or a handle above 2",
                    _ => "no stream or -1",
                };
                write!(f, "expected {expected} for {device} but found stream {found}")
            }
        }
    }
}

impl Error for DlpackError {}

/// A refusal that gives its source back: nothing was released.
pub struct Refused<T> {
    /// What was handed in, untouched.
    pub source: T,
    /// Why.
    pub error: DlpackError,
}

impl<T> fmt::Debug for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> Error for Refused<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Why an exchange table is refused, or what one of its functions answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Neither the table nor any in its `prev_api` chain has a readable major version.
    Version {
        /// The version of the first table.
        found: Version,
    },
    /// The `prev_api` chain is longer than any honest one; perhaps it is a ring.
    Chain {
        /// How many tables were looked at.
        limit: usize,
    },
    /// A function that must be there is NULL.
    NullFunction {
        /// The field.
        function: &'static str,
    },
    /// The function that a call needs is one of those that may be NULL, and is.
    Unsupported {
        /// The field.
        function: &'static str,
    },
    /// A function failed; the reason is the pending Python exception.
    Raised {
        /// The field.
        function: &'static str,
    },
    /// A function reported success and gave NULL.
    NoResult {
        /// The field.
        function: &'static str,
    },
    /// The allocator failed and said why.
    Allocator {
        /// The kind of error, usually the name of a Python exception; empty if it did not say.
        kind: String,
        /// The message; empty if it did not say.
        message: String,
    },
    /// A table takes only versioned tensors, and this one is legacy.
    LegacyTensor,
    /// The tensor itself was refused.
    Tensor(DlpackError),
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { found } => {
                write!(f, "expected an exchange table of version {MAJOR}.x in the chain but found {found}")
            }
            Self::Chain { limit } => {
                write!(f, "expected a chain of at most {limit} exchange tables but found more")
            }
            Self::NullFunction { function } => write!(f, "expected a function {function} but found NULL"),
            Self::Unsupported { function } => write!(f, "this producer has no {function}"),
            Self::Raised { function } => write!(f, "{function} failed and left a Python exception"),
            Self::NoResult { function } => {
                write!(f, "expected a result after {function} reported success but found NULL")
            }
            Self::Allocator { kind, message } if kind.is_empty() && message.is_empty() => {
                f.write_str("managed_tensor_allocator failed and did not say why")
            }
            Self::Allocator { kind, message } => write!(f, "managed_tensor_allocator failed: {kind}: {message}"),
            Self::LegacyTensor => f.write_str("expected a versioned tensor but found a legacy one"),
            Self::Tensor(error) => error.fmt(f),
        }
    }
}

impl Error for ExchangeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Tensor(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DlpackError> for ExchangeError {
    fn from(error: DlpackError) -> Self {
        Self::Tensor(error)
    }
}
