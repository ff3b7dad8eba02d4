//! `LayoutError`: what does not fit, with its numbers.

use super::Dims;
use core::fmt;

/// Why numbers make no layout, or a layout no such view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are what the sentences below say")]
pub enum LayoutError {
    /// Not one stride per axis.
    StrideCount { expected: usize, found: usize },
    /// More than [`MAX_NDIM`](super::MAX_NDIM) axes.
    TooManyAxes { found: usize },
    /// More bytes than an allocation can have.
    TooLarge { itemsize: usize, shape: ShapeText },
    /// Elements further apart than addresses can be.
    SpanOverflow { axis: usize, extent: usize, stride: isize },
    /// No such axis.
    Axis { axis: isize, ndim: usize },
    /// No such element on an axis.
    Index { axis: usize, index: isize, extent: usize },
    /// A slice that steps nowhere.
    ZeroStep { axis: usize },
    /// An axis list that is no permutation.
    Permutation { ndim: usize },
    /// Another number of elements.
    Reshape { from: ShapeText, to: ShapeText },
    /// The same number of elements, but not reachable with one stride per axis.
    ReshapeNeedsCopy { from: ShapeText, to: ShapeText },
    /// Extents that do not stretch to these.
    Broadcast { from: ShapeText, to: ShapeText },
    /// An axis of another extent than 1 cannot be dropped.
    Squeeze { axis: usize, extent: usize },
    /// A packed layout has no strides to change.
    Packed { bits: usize },
    /// A packed layout can be cut only where a byte begins.
    PackedBoundary { bits: usize, index: usize },
    /// A field outside the element.
    Field { end: usize, itemsize: usize },
    /// A view that begins elsewhere than at an opaque handle, with which there is no arithmetic (rule L7).
    Handle { offset: isize },
}

/// A shape for a message: `(2, 3)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeText(Dims<usize>);

impl From<&[usize]> for ShapeText {
    fn from(shape: &[usize]) -> ShapeText {
        ShapeText(shape.into())
    }
}

impl fmt::Display for ShapeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, extent) in self.0.iter().enumerate() {
            write!(f, "{}{extent}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.0.len() == 1 { ",)" } else { ")" })
    }
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StrideCount { expected, found } => {
                write!(f, "expected {expected} strides, one per axis, but found {found}")
            }
            Self::TooManyAxes { found } => write!(f, "expected at most {} axes but found {found}", super::MAX_NDIM),
            Self::TooLarge { itemsize, shape } => {
                write!(f, "expected at most {} bytes but found {shape} elements of {itemsize} bytes", isize::MAX)
            }
            Self::SpanOverflow { axis, extent, stride } => write!(
                f,
                "expected elements within {} bytes of each other but found extent {extent} with a stride of {stride} bytes (axis {axis})",
                isize::MAX
            ),
            Self::Axis { axis, ndim } => write!(f, "expected an axis below {ndim} but found {axis}"),
            Self::Index { axis, index, extent } => {
                write!(f, "expected an index below {extent} but found {index} (axis {axis})")
            }
            Self::ZeroStep { axis } => write!(f, "expected a step other than 0 (axis {axis})"),
            Self::Permutation { ndim } => write!(f, "expected each of {ndim} axes exactly once"),
            Self::Reshape { from, to } => {
                write!(f, "expected a shape with as many elements as {from} but found {to}")
            }
            Self::ReshapeNeedsCopy { from, to } => {
                write!(f, "no strides reach the elements of {from} as {to} without a copy")
            }
            Self::Broadcast { from, to } => write!(f, "{from} does not stretch to {to}"),
            Self::Squeeze { axis, extent } => write!(f, "expected extent 1 but found {extent} (axis {axis})"),
            Self::Packed { bits } => write!(f, "elements of {bits} bits have no strides to change"),
            Self::PackedBoundary { bits, index } => {
                write!(f, "element {index} of {bits} bits does not begin at a byte")
            }
            Self::Handle { offset } => {
                write!(f, "expected a view that begins at the handle but found one {offset} bytes after it")
            }
            Self::Field { end, itemsize } => {
                write!(f, "expected a field within {itemsize} bytes but found its end at {end}")
            }
        }
    }
}

impl core::error::Error for LayoutError {}
