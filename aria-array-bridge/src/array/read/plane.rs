//! Planes whose two sides run along different axes, a transpose, moved tile by tile out of shared memory.
//!
//! A tile is as many elements a side as a cache line has bytes for: each line of either side is touched in one tile
//! alone, so that it does not matter whether the cache, whose sets rows at equal distances share, can keep it.

use super::super::runs::Plane;
use super::bulk::{LINE, ask_ahead, copy_line};
use super::copy_blocks;
use bytemuck::Pod;
use core::mem::MaybeUninit;
use core::ptr;

/// Copies a plane of elements of `itemsize` bytes, or returns false where there is no kernel for them.
///
/// # Safety
///
/// The plane's elements lie around `from`, readable and initialised, and around `to`, writable and nobody else's; the two
/// are apart.
pub(in super::super) unsafe fn copy_plane(from: *const u8, to: *mut u8, itemsize: usize, plane: Plane) -> bool {
    // Wrapping, but at an element of the plane, which lies in the caller's memory.
    let column = |column: usize| from.wrapping_offset(column.cast_signed() * plane.from_column);
    // SAFETY: the columns of the plane: the caller's duty.
    unsafe { copy_any::<false>(column, (plane.rows, plane.columns), to, plane.to_row, itemsize) }
}

/// Copies columns of `rows` elements of `itemsize` bytes, each anywhere, into the first columns of rows that lie `to_row`
/// bytes apart; or returns false where there is no kernel for them.
///
/// # Safety
///
/// `rows` elements lie at each of `columns`, one behind the other, readable and initialised; a matrix of as many rows, and
/// of columns that lie together, at `to`, writable and nobody else's, apart from all of them.
pub(in super::super) unsafe fn copy_columns(
    columns: &[*const u8],
    rows: usize,
    to: *mut u8,
    to_row: isize,
    itemsize: usize,
) -> bool {
    // SAFETY: the caller's duty.
    unsafe { copy_any::<true>(|column| columns[column], (rows, columns.len()), to, to_row, itemsize) }
}

/// `ASK`: asks the memory for what lies ahead in each column, as the machine does not of so many at once. The columns of a
/// plane end too soon.
///
/// # Safety
///
/// That of [`copy_columns`], for the columns that `column` gives for numbers below the second of `shape`.
unsafe fn copy_any<const ASK: bool>(
    column: impl Fn(usize) -> *const u8,
    shape: (usize, usize),
    to: *mut u8,
    to_row: isize,
    itemsize: usize,
) -> bool {
    // SAFETY of each: elements of this size: the caller's duty.
    match itemsize {
        // SAFETY: as said.
        1 => unsafe { tiles::<u8, { LINE }, ASK>(column, shape, to, to_row) },
        // SAFETY: as said.
        2 => unsafe { tiles::<u16, { LINE / 2 }, ASK>(column, shape, to, to_row) },
        // SAFETY: as said.
        4 => unsafe { tiles::<u32, { LINE / 4 }, ASK>(column, shape, to, to_row) },
        // SAFETY: as said.
        8 => unsafe { tiles::<u64, { LINE / 8 }, ASK>(column, shape, to, to_row) },
        // SAFETY: as said.
        16 => unsafe { tiles::<[u64; 2], { LINE / 16 }, ASK>(column, shape, to, to_row) },
        _ => return false,
    }
    true
}

/// Tiles one above the other that are moved before going on to the next columns: few enough for the pages that they lie
/// in, and enough for the source's lines to come in a row.
const STRIP: usize = 16;

/// # Safety
///
/// That of [`copy_any`], for elements as large as a `T`.
unsafe fn tiles<T: Pod, const SIDE: usize, const ASK: bool>(
    start: impl Fn(usize) -> *const u8,
    (rows, columns): (usize, usize),
    to: *mut u8,
    to_row: isize,
) {
    for strip in (0..rows).step_by(STRIP * SIDE) {
        let end = rows.min(strip + STRIP * SIDE);
        for column in (0..columns).step_by(SIDE) {
            let wide = SIDE.min(columns - column);
            for row in (strip..end).step_by(SIDE) {
                let high = SIDE.min(end - row);
                // Wrapping, but at elements of the matrix and of its columns, which the caller has.
                let from = |at: usize| {
                    let line = start(column + at).wrapping_add(row * size_of::<T>());
                    if ASK {
                        ask_ahead(line);
                    }
                    line
                };
                let to = to.wrapping_offset(row.cast_signed() * to_row).wrapping_add(column * size_of::<T>());
                if high == SIDE && wide == SIDE {
                    // SAFETY: a whole tile of the matrix.
                    unsafe { whole_tile::<T, SIDE>(from, to, to_row) };
                } else {
                    // SAFETY: so many rows and columns of the matrix.
                    unsafe { part_of_tile::<T, SIDE>(from, to, to_row, high, wide) };
                }
            }
        }
    }
}

/// # Safety
///
/// That of [`copy_any`], for the first `SIDE` rows and columns, of `SIDE` elements a line.
#[allow(clippy::needless_range_loop, reason = "a row is no element of the tile, which has columns")]
#[inline(always)]
unsafe fn whole_tile<T: Pod, const SIDE: usize>(from: impl Fn(usize) -> *const u8, to: *mut u8, to_row: isize) {
    const { assert!(SIDE * size_of::<T>() == LINE) };
    // By columns, whose elements lie together in the source.
    let mut tile = [[MaybeUninit::<T>::uninit(); SIDE]; SIDE];
    for (column, elements) in tile.iter_mut().enumerate() {
        // SAFETY: a line of elements of the column; the tile's own is apart and has room for them.
        unsafe { copy_line(from(column), elements.as_mut_ptr().cast()) };
    }
    for row in 0..SIDE {
        let elements = core::array::from_fn::<_, SIDE, _>(|column| tile[column][row]);
        let line = to.wrapping_offset(row.cast_signed() * to_row).cast();
        // SAFETY: the elements of a row, in memory that is the caller's.
        unsafe { ptr::write_unaligned(line, elements) };
    }
}

/// # Safety
///
/// That of [`copy_any`], for the first `rows` and `columns`, at most `SIDE` of both.
unsafe fn part_of_tile<T: Pod, const SIDE: usize>(
    from: impl Fn(usize) -> *const u8,
    to: *mut u8,
    to_row: isize,
    rows: usize,
    columns: usize,
) {
    let mut elements = [MaybeUninit::<T>::uninit(); SIDE];
    for column in 0..columns {
        let line = from(column);
        if rows == SIDE {
            // SAFETY: a line of elements of the column; ours is apart and has room for them.
            unsafe { copy_line(line, elements.as_mut_ptr().cast()) };
        } else {
            // SAFETY: `rows` elements of the column, one behind the other; likewise.
            unsafe { copy_blocks(line, elements.as_mut_ptr().cast(), rows * size_of::<T>()) };
        }
        for (row, element) in elements.iter().enumerate().take(rows) {
            let place = to.wrapping_offset(row.cast_signed() * to_row).cast::<MaybeUninit<T>>().wrapping_add(column);
            // SAFETY: an element of the matrix, in memory that is the caller's.
            unsafe { place.write_unaligned(*element) };
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::array::{Array, CopyOrder};
    use crate::layout::Slice;
    use core::ops::Range;
    use proptest::prelude::*;

    fn permuted<T: crate::dtype::Element + PartialEq + core::fmt::Debug>(
        elements: Vec<T>,
        shape: [usize; 3],
        axes: [usize; 3],
        skip: usize,
    ) -> Result<(), TestCaseError>
    where
        Array: From<Vec<T>>,
    {
        let array = Array::from(elements).reshape(&shape).unwrap();
        let skip = Slice { start: skip.min(shape[2]), len: shape[2] - skip.min(shape[2]), step: 1 };
        let view = array.slice(2, skip).unwrap().transpose(&axes).unwrap();
        let naive: Vec<T> = view.iter::<T>().unwrap().collect();
        prop_assert_eq!(view.copy(CopyOrder::C).unwrap().to_vec::<T>().unwrap(), naive);
        Ok(())
    }

    /// Under Miri a tile of eight-byte elements, and some more.
    const SIZES: [Range<usize>; 3] = if cfg!(miri) { [1..2, 1..12, 1..18] } else { [1..4, 1..150, 1..70] };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 48 }))]

        #[test]
        fn any_transpose_of_any_size_is_that_of_a_naive_walk(
            shape in SIZES,
            axes in Just([0, 1, 2]).prop_shuffle(),
            skip in 0usize..4,
        ) {
            let len = shape.iter().product::<usize>();
            permuted((0..len).map(|i| i as u8).collect(), shape, axes, skip)?;
            permuted((0..len).map(|i| i as u16).collect(), shape, axes, skip)?;
            permuted((0..len).map(|i| i as f32).collect(), shape, axes, skip)?;
            permuted((0..len).map(|i| i as i64).collect(), shape, axes, skip)?;
            permuted((0..len).map(|i| num_complex::Complex::new(i as f64, 1.0)).collect(), shape, axes, skip)?;
        }
    }
}
