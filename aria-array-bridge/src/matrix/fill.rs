//! The copy: one pass over every column, by blocks of rows that the cache holds.

use super::{Column, Nulls, times};
use crate::array::{Array, ArrayError, Validity};
use crate::dtype::{DType, Element};
use crate::layout::{Layout, Order, Slice};
use crate::plan::Reason;
use crate::table::{BLOCK as READ_ROWS, Run, TableError};
use core::ptr::NonNull;
use half::{bf16, f16};
use num_complex::Complex;

/// Bytes of the matrix that are written before going on to the next rows, where rows lie together; and how many rows at
/// least. In tests few, so that there are several.
const BLOCK: usize = if cfg!(test) { 1 << 8 } else { 1 << 18 };
const BLOCK_ROWS_MIN: usize = if cfg!(test) { 8 } else { 64 };

/// A fresh matrix of these columns. They fit: the plan said so.
pub(super) fn filled(
    columns: &[Column<'_>],
    rows: usize,
    dtype: &DType,
    order: Order,
    nulls: Nulls,
) -> Result<Array, Box<Reason>> {
    if nulls == Nulls::Nan {
        columns.iter().try_for_each(exact)?;
    }
    let layout = Layout::contiguous(dtype.itemsize(), &[rows, columns.len()], order).map_err(ArrayError::from)?;
    let together = if order == Order::C { together(columns, dtype, nulls) } else { Vec::new() };
    let block = match order {
        Order::C => (BLOCK / (columns.len() * dtype.itemsize()).max(1)).max(BLOCK_ROWS_MIN),
        Order::F => rows.max(1),
    };
    // Rows of a matrix that no cache holds are put together apart, and go past it.
    let apart = if order == Order::C && columns.len() > 1 && Array::goes_past_cache(layout.nbytes()) {
        Some(Array::zeros(dtype.clone(), &[block.min(rows), columns.len()], order)?)
    } else {
        None
    };
    let write = |first: NonNull<u8>, layout: &Layout| {
        let mut start = 0;
        while start < rows {
            let len = block.min(rows - start);
            let (target, offset) = layout.slice(0, Slice { start, len, step: 1 }).map_err(ArrayError::from)?;
            let place = place(first, offset);
            let part = Rows { start, len, nulls, dtype };
            match &apart {
                // SAFETY: so many rows of the fresh matrix.
                None => unsafe { part.write(columns, &together, place, &target) }?,
                Some(apart) => {
                    let from = apart.first();
                    // SAFETY: memory of ours that nobody else knows of, of as many rows or more.
                    unsafe { part.write(columns, &together, from, &target) }?;
                    // SAFETY: the rows lie together in both, which are apart, and were just written in the one.
                    unsafe { Array::copy_part(from, place, target.nbytes(), layout.nbytes()) };
                }
            }
            start += len;
        }
        Ok(())
    };
    // SAFETY: every element of every column is written, and the columns are all there is.
    let matrix = unsafe { Array::made::<Box<Reason>>(dtype.clone(), layout, write) }?;
    if nulls == Nulls::Nan || columns.iter().all(|column| column.null_count() == 0) {
        return Ok(matrix);
    }
    Ok(matrix.with_validity(validity(columns, rows)?)?)
}

/// Neighbours that are copied as they lie, with the place of the first: arrays of the matrix' dtype in one piece each.
fn together<'a>(columns: &'a [Column<'_>], dtype: &DType, nulls: Nulls) -> Vec<(usize, Vec<&'a Array>)> {
    let mut found: Vec<(usize, Vec<&Array>)> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let [Run::Array(array)] = &column.runs[..] else { continue };
        let filled = nulls == Nulls::Nan && array.null_count() > 0;
        if array.dtype() != dtype || !array.layout().is_c_contiguous() || filled {
            continue;
        }
        match found.last_mut() {
            Some((first, arrays)) if *first + arrays.len() == at => arrays.push(array),
            _ => found.push((at, vec![array])),
        }
    }
    found
}

/// Rows of the matrix that are written before the next ones.
struct Rows<'a> {
    start: usize,
    len: usize,
    nulls: Nulls,
    dtype: &'a DType,
}

impl Rows<'_> {
    /// Writes these rows of every column to where `layout` has them around `first`.
    ///
    /// # Safety
    ///
    /// The bytes of `layout`'s span around `first` are fresh memory that nobody else reads or writes meanwhile. It has so many
    /// rows and columns of the dtype, and is in C order where some columns lie `together`.
    unsafe fn write(
        &self,
        columns: &[Column<'_>],
        together: &[(usize, Vec<&Array>)],
        first: NonNull<u8>,
        layout: &Layout,
    ) -> Result<(), Box<Reason>> {
        let mut at = 0;
        while at < columns.len() {
            if let Some((_, arrays)) = together.iter().find(|(from, _)| *from == at) {
                let place = place(first, (at * self.dtype.itemsize()).cast_signed());
                // SAFETY: rows and columns of the matrix, which is in C order and of the arrays' dtype; they have as many rows.
                if unsafe { Array::copy_rows(arrays, self.start, self.len, place, layout.strides()[0]) } {
                    at += arrays.len();
                    continue;
                }
            }
            // SAFETY: the caller's duty.
            unsafe { self.write_column(&columns[at], at, first, layout) }?;
            at += 1;
        }
        Ok(())
    }

    /// Writes these rows of one column.
    ///
    /// # Safety
    ///
    /// That of [`write`](Rows::write).
    unsafe fn write_column(
        &self,
        column: &Column<'_>,
        at: usize,
        first: NonNull<u8>,
        layout: &Layout,
    ) -> Result<(), Box<Reason>> {
        let (mut skip, mut row) = (self.start, 0);
        for run in &column.runs {
            if skip >= run.len() {
                skip -= run.len();
                continue;
            }
            let mut left = (run.len() - skip).min(self.len - row);
            // What is copied before it is written is so by as much as the cache holds.
            let step = if times::counts_other(run.dtype(), self.dtype) { READ_ROWS } else { run.step() };
            while left > 0 {
                let take = left.min(step);
                let part = run.rows(skip, take).map_err(|error| reason_of(error, column))?;
                let part = times::counted(part, self.dtype).map_err(|reason| Box::new(column.at(*reason)))?;
                let (target, offset) =
                    layout.slice(0, Slice { start: row, len: take, step: 1 }).map_err(ArrayError::from)?;
                let (target, across) = target.index(1, at).map_err(ArrayError::from)?;
                let place = place(first, offset + across);
                if part.dtype() == self.dtype {
                    // SAFETY: elements of the matrix, whose layout has them there; one shape and one itemsize.
                    unsafe { part.copy_elements(place, &target, layout.nbytes()) };
                } else {
                    // SAFETY: as above, with the itemsize of the dtype.
                    let cast = unsafe { part.cast_elements_to(self.dtype, place, &target) };
                    debug_assert!(cast.is_some(), "both are numbers: the plan said so");
                }
                if self.nulls == Nulls::Nan && part.null_count() > 0 {
                    write_nan(&part, self.dtype, place, target.strides()[0]);
                }
                (skip, row, left) = (skip + take, row + take, left - take);
            }
            skip = 0;
            if row == self.len {
                break;
            }
        }
        Ok(())
    }
}

/// Why rows of the column could not be had.
fn reason_of(error: TableError, column: &Column<'_>) -> Box<Reason> {
    match error {
        TableError::Array(error) => error.into(),
        error => Box::new(column.at(Reason::new("malformed", "C8", error.to_string()))),
    }
}

/// The address at this distance, in bytes, in memory that reaches so far.
fn place(first: NonNull<u8>, offset: isize) -> NonNull<u8> {
    NonNull::new(first.as_ptr().wrapping_offset(offset)).unwrap_or(first) // Never NULL: within an allocation.
}

/// Writes NaN, or NaT, where the part has nulls.
fn write_nan(part: &Array, dtype: &DType, first: NonNull<u8>, stride: isize) {
    match *dtype {
        DType::F16 => write_at_nulls(part, f16::NAN, first, stride),
        DType::BF16 => write_at_nulls(part, bf16::NAN, first, stride),
        DType::F32 => write_at_nulls(part, f32::NAN, first, stride),
        DType::F64 => write_at_nulls(part, f64::NAN, first, stride),
        DType::C64 => write_at_nulls(part, Complex::new(f32::NAN, f32::NAN), first, stride),
        DType::C128 => write_at_nulls(part, Complex::new(f64::NAN, f64::NAN), first, stride),
        DType::DateTime(_) | DType::TimeDelta(_) => write_at_nulls(part, i64::MIN, first, stride),
        _ => debug_assert!(false, "the plan refuses what has no NaN"),
    }
}

fn write_at_nulls<T: Element>(part: &Array, value: T, first: NonNull<u8>, stride: isize) {
    let Some(validity) = part.validity() else { return };
    for i in validity.nulls() {
        let place = place(first, i.cast_signed() * stride).cast::<T::Bits>();
        // SAFETY: an element of the fresh matrix, of this type.
        unsafe { place.write_unaligned(value.to_bits()) };
    }
}

/// Refuses an integer that float64 does not have, in a column with nulls.
fn exact(column: &Column<'_>) -> Result<(), Box<Reason>> {
    if column.null_count() == 0 {
        return Ok(());
    }
    // Bits and dates, which become arrays on the way, float64 has all.
    for array in column.runs.iter().filter_map(Run::as_array) {
        if let Some(found) = array.first_inexact() {
            let text = format!("{found} in column '{}' is none that float64 has", column.name);
            return Err(Box::new(
                Reason::new("inexact", "C4", text).hint("ab.asarray(column).fill_null(value) keeps the integers"),
            ));
        }
    }
    Ok(())
}

/// The bits of all columns, in row-major order.
fn validity(columns: &[Column<'_>], rows: usize) -> Result<Validity, ArrayError> {
    let width = columns.len();
    let len = rows.saturating_mul(width);
    let mut valid: Vec<bool> = Vec::new();
    valid.try_reserve_exact(len).map_err(|_| ArrayError::Memory { nbytes: len })?;
    valid.resize(len, true);
    for (at, column) in columns.iter().enumerate() {
        let mut row = 0;
        for run in &column.runs {
            if let Some(validity) = run.validity() {
                for i in validity.nulls() {
                    valid[(row + i) * width + at] = false;
                }
            }
            row += run.len();
        }
    }
    Validity::from_bools(&valid, &[rows, width])
}
