//! `Offsets`: the byte offset of every element, in row-major order.

use super::{Dims, Layout};

/// Byte offsets relative to element zero, in row-major order. Not for packed layouts, where it is empty.
#[derive(Clone, Debug)]
pub struct Offsets<'a> {
    layout: &'a Layout,
    index: Dims<usize>,
    offset: isize,
    left: usize,
}

impl Layout {
    /// Visits the byte offset of every element, in row-major order.
    pub fn offsets(&self) -> Offsets<'_> {
        let left = if self.packed { 0 } else { self.len() };
        Offsets { layout: self, index: smallvec::smallvec![0; self.ndim()], offset: 0, left }
    }
}

impl Iterator for Offsets<'_> {
    type Item = isize;

    fn next(&mut self) -> Option<isize> {
        let current = self.offset;
        self.left = self.left.checked_sub(1)?;
        for axis in (0..self.index.len()).rev() {
            let (extent, stride) = (self.layout.shape[axis], self.layout.strides[axis]);
            if self.index[axis] + 1 < extent {
                self.index[axis] += 1;
                self.offset += stride;
                break;
            }
            self.offset -= self.index[axis].cast_signed() * stride; // Back to the start; within the span.
            self.index[axis] = 0;
        }
        Some(current)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Offsets<'_> {}
