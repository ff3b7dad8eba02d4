//! `ArrayError`: why there is no such array. `ViewError`: why an array cannot be read or written so.

use super::Access;
use crate::device::Device;
use crate::dtype::DType;
use crate::layout::LayoutError;
use core::fmt;

/// Why there is no such array.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are what the sentences below say")]
pub enum ArrayError {
    /// The numbers make no layout.
    Layout(LayoutError),
    /// No memory.
    Memory { nbytes: usize },
    /// The dtype and the layout disagree about the size of an element.
    Itemsize { dtype: DType, expected: usize, found: usize },
    /// Another number of bytes, or of elements.
    Length { expected: usize, found: usize },
    /// The record has no such field, or the dtype is no record.
    NoField { name: Box<str>, dtype: DType },
    /// The operation reads elements, and they are on a device.
    Device { found: Device },
    /// Packed elements smaller than a byte have one order, the last axis fastest.
    Packed { dtype: DType },
}

impl fmt::Display for ArrayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(error) => error.fmt(f),
            Self::Memory { nbytes } => write!(f, "no memory for {nbytes} bytes"),
            Self::Itemsize { dtype, expected, found } => {
                write!(f, "expected elements of {expected} bytes for {dtype} but found {found}")
            }
            Self::Length { expected, found } => write!(f, "expected length {expected} but found {found}"),
            Self::NoField { name, dtype } => write!(f, "expected a record with field {name:?} but found {dtype}"),
            Self::Device { found } => write!(f, "expected memory of the host but found {found}"),
            Self::Packed { dtype } => {
                write!(f, "expected elements of whole bytes, which can lie in F order, but found packed {dtype}")
            }
        }
    }
}

impl core::error::Error for ArrayError {}

impl From<LayoutError> for ArrayError {
    fn from(error: LayoutError) -> ArrayError {
        ArrayError::Layout(error)
    }
}

/// Why an array cannot be read or written so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are what the sentences below say")]
pub enum ViewError {
    /// Others may write at any time, so no slice is lent (rule L9).
    Shared,
    /// The memory must not be written.
    ReadOnly,
    /// Other handles are alive, exports among them.
    NotUnique { exports: usize },
    /// The memory is not the host's.
    Device { found: Device },
    /// Elements are something else.
    DType { expected: DType, found: DType },
    /// Some elements are null.
    Nulls { nulls: usize },
    /// Elements do not lie one behind the other.
    Order { strides: Box<[isize]> },
    /// Element zero does not lie where a typed reference may point.
    Misaligned { address: usize, align: usize },
    /// No such element.
    Index { index: Box<[usize]>, shape: Box<[usize]> },
    /// No memory for a copy.
    Memory { nbytes: usize },
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => {
                let (frozen, unique) = (Access::Frozen.name(), Access::Unique.name());
                write!(f, "expected {frozen} or {unique} memory but found shared memory, which others may write")
            }
            Self::ReadOnly => f.write_str("expected writable memory but found read-only memory"),
            Self::NotUnique { exports } => {
                write!(f, "expected the only handle but found others alive ({exports} exports)")
            }
            Self::Device { found } => write!(f, "expected memory of the host but found {found}"),
            Self::DType { expected, found } => write!(f, "expected {expected} but found {found}"),
            Self::Nulls { nulls } => write!(f, "expected no nulls but found {nulls}"),
            Self::Order { strides } => {
                write!(f, "expected C-contiguous elements but found strides {strides:?} in bytes")
            }
            Self::Misaligned { address, align } => {
                write!(f, "expected an address that is a multiple of {align} but found {address:#x}")
            }
            Self::Index { index, shape } => write!(f, "expected an index within {shape:?} but found {index:?}"),
            Self::Memory { nbytes } => write!(f, "no memory for {nbytes} bytes"),
        }
    }
}

impl core::error::Error for ViewError {}
