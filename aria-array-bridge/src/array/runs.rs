//! [`Runs`]: two layouts of one shape, walked together.

use crate::layout::{Dims, Layout};

/// Two layouts of one shape, walked together: axes in the order of the target's memory, neighbours joined, the
/// innermost one copied as a run.
pub(super) struct Runs {
    /// (extent, source stride, target stride), outermost first, the run left out.
    axes: Dims<(usize, isize, isize)>,
    run: Run,
    /// Elements that a run is cut to, so that what the cache holds of the source is used before it goes.
    cut: usize,
}

/// Bytes of the target that a cut run fills at least, and elements that it has at least.
const CUT: (usize, usize) = (64, 16);

/// Elements one behind the other on both sides.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// Number of elements.
    pub(super) len: usize,
    /// Bytes from one element of the source to the next.
    pub(super) from_stride: isize,
    /// Bytes from one element of the target to the next.
    pub(super) to_stride: isize,
}

/// Elements of two axes: the rows lie together in the target, the columns in the source, one element behind the other.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    /// Number of rows: elements of a column.
    pub(super) rows: usize,
    /// Number of columns: elements of a row.
    pub(super) columns: usize,
    /// Bytes from one column of the source to the next.
    pub(super) from_column: isize,
    /// Bytes from one row of the target to the next.
    pub(super) to_row: isize,
}

impl Runs {
    /// The runs of two layouts of the same shape, which may have elements of different sizes. Not for packed layouts.
    pub(super) fn new(source: &Layout, target: &Layout) -> Runs {
        let mut axes: Dims<(usize, isize, isize)> = (0..source.ndim())
            .filter(|axis| source.shape()[*axis] != 1)
            .map(|axis| (source.shape()[axis], source.strides()[axis], target.strides()[axis]))
            .collect();
        axes.sort_by_key(|(_, _, stride)| core::cmp::Reverse(stride.unsigned_abs()));
        let mut joined: Dims<(usize, isize, isize)> = Dims::new();
        for (extent, from, to) in axes {
            match joined.last_mut() {
                Some((outer, outer_from, outer_to))
                    if from.checked_mul(extent.cast_signed()) == Some(*outer_from)
                        && to.checked_mul(extent.cast_signed()) == Some(*outer_to) =>
                {
                    (*outer, *outer_from, *outer_to) = (*outer * extent, from, to);
                }
                _ => joined.push((extent, from, to)),
            }
        }
        let itemsizes = (source.itemsize().cast_signed(), target.itemsize().cast_signed());
        let (len, from_stride, to_stride) = joined.pop().unwrap_or((1, itemsizes.0, itemsizes.1));
        // The source's memory runs along another axis than the target's: a transpose.
        let across = joined.iter().any(|(_, from, _)| *from != 0 && from.unsigned_abs() < from_stride.unsigned_abs());
        let cut = if across { CUT.1.max(CUT.0 / target.itemsize().max(1)) } else { len };
        Runs { axes: joined, run: Run { len, from_stride, to_stride }, cut }
    }

    /// The two innermost axes as planes, and the runs of one element each that lead to them, if the source's memory runs
    /// along another axis than the target's.
    pub(super) fn planes(&self, itemsize: usize) -> Option<(Runs, Plane)> {
        let dense = itemsize.cast_signed();
        if self.run.to_stride != dense {
            return None;
        }
        let at = self.axes.iter().position(|(_, from, _)| *from == dense)?;
        let mut axes = self.axes.clone();
        let (rows, _, to_row) = axes.remove(at);
        let plane = Plane { rows, columns: self.run.len, from_column: self.run.from_stride, to_row };
        let run = Run { len: 1, ..self.run };
        Some((Runs { axes, run, cut: 1 }, plane))
    }

    /// Calls back with each run, and where it begins in source and target, in bytes. There must be elements.
    pub(super) fn visit(&self, mut each: impl FnMut(Run, isize, isize)) {
        let mut start = 0;
        while start < self.run.len {
            let run = Run { len: self.cut.min(self.run.len - start), ..self.run };
            let at = start.cast_signed();
            self.visit_cut(run, (at * run.from_stride, at * run.to_stride), &mut each);
            start += run.len;
        }
    }

    /// Visits this part of every run.
    fn visit_cut(&self, run: Run, start: (isize, isize), each: &mut impl FnMut(Run, isize, isize)) {
        let mut index: Dims<usize> = smallvec::smallvec![0; self.axes.len()];
        let (mut source, mut target) = start;
        loop {
            each(run, source, target);
            let mut axis = self.axes.len();
            loop {
                let Some(next) = axis.checked_sub(1) else { return };
                axis = next;
                let (extent, from, to) = self.axes[axis];
                if index[axis] + 1 < extent {
                    index[axis] += 1;
                    (source, target) = (source + from, target + to);
                    break;
                }
                let back = index[axis].cast_signed();
                (source, target) = (source - back * from, target - back * to);
                index[axis] = 0;
            }
        }
    }
}
