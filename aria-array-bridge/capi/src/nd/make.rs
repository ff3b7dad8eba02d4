//! Arrays made, taken over, retained, changed and asked.

use super::{Held, NdIn, release};
use crate::abi::{DropFn, abi};
use crate::failure::Failure;
use crate::handle::drop_context;
use crate::text::{Text, TextIn};
use aria_array_bridge::{Access, Array, CopyOrder, DType, Deleter, Device, Layout, Order, Outcome, Owner, array};
use core::ffi::c_void;
use core::ptr::NonNull;
use core::slice;

/// The array may not be written through this handle.
const READONLY: i32 = 1;

/// The dtype of this name.
pub(crate) fn dtype(name: &str) -> Result<DType, Failure> {
    let unknown = || {
        Failure::argument(format_args!(
            "expected a dtype such as \"float64\", \"int64\" or \"bool\" but found {name:?}"
        ))
    };
    DType::from_name(name).ok_or_else(unknown)
}

/// A list of as many numbers as there are axes.
fn numbers<'a>(first: *const i64, ndim: i32) -> Result<&'a [i64], Failure> {
    let wrong = || Failure::argument(format_args!("expected 0 to 64 axes with a number each but found {ndim}"));
    let ndim = usize::try_from(ndim).ok().filter(|ndim| *ndim <= 64).ok_or_else(wrong)?;
    match ndim {
        0 => Ok(&[]),
        _ if first.is_null() => Err(wrong()),
        // SAFETY: `ndim` numbers, for the call: the promise of the C caller.
        _ => Ok(unsafe { slice::from_raw_parts(first, ndim) }),
    }
}

/// Extents, none negative.
fn extents(first: *const i64, ndim: i32) -> Result<Vec<usize>, Failure> {
    let extent = |(axis, extent): (usize, &i64)| {
        let wrong =
            |_| Failure::argument(format_args!("expected an extent of 0 or more but found {extent} (axis {axis})"));
        usize::try_from(*extent).map_err(wrong)
    };
    numbers(first, ndim)?.iter().enumerate().map(extent).collect()
}

/// A number of elements, or an index, that is not negative.
pub(crate) fn count(what: &str, number: i64) -> Result<usize, Failure> {
    usize::try_from(number)
        .map_err(|_| Failure::argument(format_args!("expected {what} of 0 or more but found {number}")))
}

/// A number of bytes, or of elements, that this machine's memory can have.
pub(super) fn distance(number: i64) -> Result<isize, Failure> {
    isize::try_from(number)
        .map_err(|_| Failure::argument(format_args!("expected at most {} but found {number}", isize::MAX)))
}

/// What ends foreign memory that was handed in: also when it is refused.
struct Foreign {
    context: *mut c_void,
    release: Option<DropFn>,
}

impl Foreign {
    fn into_owner(self) -> Owner {
        let foreign = core::mem::ManuallyDrop::new(self);
        match foreign.release {
            None => Owner::immortal(),
            // SAFETY: called once, on any thread, and does not unwind: the promise of the C caller.
            Some(release) => Owner::new(unsafe { Deleter::new(foreign.context, release) }),
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop_context(self.context, self.release);
    }
}

abi! {
    /// Makes an array with one axis, without elements, and with room for `capacity`: aria_nd_push_float and
    /// aria_nd_push_int fill it. The dtype is "float64" or "int64".
    tries fn aria_nd_new or aria_nd_new_or_exit(type_name: TextIn, type_len: i64, capacity: i64) -> Held {
        let dtype = dtype(type_name.get(type_len)?)?;
        let mut held = Held::new(Array::zeros(dtype, &[0], Order::C)?)?;
        held.own(count("room", capacity)?)?;
        Ok(held)
    }

    /// Makes an array of zeros, in C order.
    tries fn aria_nd_zeros or aria_nd_zeros_or_exit(
        type_name: TextIn, type_len: i64, ndim: i32, shape: *const i64,
    ) -> Held {
        let (dtype, shape) = (dtype(type_name.get(type_len)?)?, extents(shape, ndim)?);
        Held::fresh(Array::zeros(dtype, &shape, Order::C)?)
    }

    /// Makes an array over memory of the program. Zero-copy. `data` is the address of element zero; strides count bytes,
    /// NULL means C order. Flags: ARIA_ND_WRAP_READONLY. `release`, if it is not NULL, is called with `context` once, on
    /// any thread, when the last hand that holds the memory lets go, and also if this function fails; NULL is for memory that
    /// lives as long as the program, whose exports are not counted.
    tries fn aria_nd_wrap or aria_nd_wrap_or_exit(
        data: *mut c_void, type_name: TextIn, type_len: i64, ndim: i32, shape: *const i64, strides: *const i64, flags: i32,
        context: *mut c_void, release: Option<DropFn>,
    ) -> Held {
        let foreign = Foreign { context, release };
        if flags & !READONLY != 0 {
            return Err(Failure::argument(format_args!("expected ARIA_ND_WRAP_READONLY or 0 but found {flags:#x}")));
        }
        let (dtype, extents) = (dtype(type_name.get(type_len)?)?, extents(shape, ndim)?);
        let layout = if dtype.is_packed() {
            Layout::packed(dtype.bits(), &extents)?
        } else if strides.is_null() {
            Layout::c_order(dtype.itemsize(), &extents)?
        } else {
            let strides: Vec<isize> = numbers(strides, ndim)?.iter().map(|stride| distance(*stride)).collect::<Result<_, _>>()?;
            Layout::new(dtype.itemsize(), &extents, &strides)?
        };
        let first = match NonNull::new(data.cast::<u8>()) {
            Some(first) => first,
            None if layout.is_empty() => NonNull::<u64>::dangling().cast(),
            None => {
                let len = layout.len();
                return Err(Failure::argument(format_args!("expected memory for {len} elements but found NULL")));
            }
        };
        // What overlaps itself is not written through one of its indices.
        let readonly = flags & READONLY != 0 || layout.may_overlap();
        // SAFETY: the span is live until `release`, initialised, and may be written unless it is read-only: the promise of
        // the C caller.
        let array = unsafe {
            Array::from_raw(first, dtype, layout, Device::CPU, Access::Shared, readonly, foreign.into_owner())
        };
        Held::new(array?)
    }

    /// Takes over an AriaNdArray of another library, which is released once, also if it is refused. Zero-copy.
    tries fn aria_nd_adopt or aria_nd_adopt_or_exit(array: NdIn) -> Held {
        let nd = NonNull::new(array.as_ptr()).ok_or_else(|| Failure::argument("expected an array but found NULL"))?;
        crate::scope::forget(nd.as_ptr().cast());
        // SAFETY: its maker keeps the rules of the header, and the C caller gives it up.
        let array = unsafe { Array::from_nd_array(nd) };
        Held::new(array.map_err(Failure::refused)?)
    }

    /// Another handle to the same memory. Zero-copy. Writing and growing copy from now on, as long as both live.
    tries fn aria_nd_retain or aria_nd_retain_or_exit(array: NdIn) -> Held {
        Held::new(array.array()?)
    }

    /// Releases an array, of this library or another. NULL and a released array are fine. Any thread.
    plain fn aria_nd_release(array: NdIn) {
        // SAFETY: NULL or live, and given up: the promise of the C caller.
        unsafe { release(array.as_ptr()) };
    }

    /// Copies the elements into memory of our own, in C order.
    tries fn aria_nd_copy or aria_nd_copy_or_exit(array: NdIn) -> Held {
        Held::fresh(array.array()?.copy(CopyOrder::C)?)
    }

    /// Copies the elements as another dtype: casts of the same kind, which NumPy calls same_kind.
    tries fn aria_nd_cast or aria_nd_cast_or_exit(array: NdIn, type_name: TextIn, type_len: i64) -> Held {
        let to = dtype(type_name.get(type_len)?)?;
        let array = array.array()?;
        if !array::can_cast_same_kind(array.dtype(), &to) {
            let from = array.dtype();
            return Err(Failure::refused(format_args!("expected a cast of the same kind but found {from} to {to}")));
        }
        Held::fresh(array.cast(&to, CopyOrder::C).map_err(Failure::refused)?)
    }

    /// The same memory by another shape. Zero-copy, and refused where that needs a copy: aria_nd_copy first.
    tries fn aria_nd_reshape or aria_nd_reshape_or_exit(array: NdIn, ndim: i32, shape: *const i64) -> Held {
        Held::new(array.array()?.reshape(&extents(shape, ndim)?)?)
    }

    /// The same memory, with its axes reversed. Zero-copy.
    tries fn aria_nd_transpose or aria_nd_transpose_or_exit(array: NdIn) -> Held {
        let array = array.array()?;
        let axes: Vec<usize> = (0..array.ndim()).rev().collect();
        Held::new(array.transpose(&axes)?)
    }

    /// Elements `start`, `start + step`, ... of an axis, `len` of them. Zero-copy.
    tries fn aria_nd_slice or aria_nd_slice_or_exit(array: NdIn, axis: i32, start: i64, len: i64, step: i64) -> Held {
        let axis = count("an axis", axis.into())?;
        let start = count("a start", start)?;
        let slice = aria_array_bridge::layout::Slice { start, len: count("a length", len)?, step: distance(step)? };
        Held::new(array.array()?.slice(axis, slice)?)
    }

    /// The same memory, which this handle and its exports may only read. Zero-copy.
    tries fn aria_nd_read_only or aria_nd_read_only_or_exit(array: NdIn) -> Held {
        Held::new(array.array()?.read_only())
    }

    /// The address of element zero, for reading, and for writing while aria_nd_is_writable. NULL only on error. It moves
    /// when the array grows, or is written while others hold its memory.
    tries fn aria_nd_data or aria_nd_data_or_exit(array: NdIn) -> *mut c_void {
        array.with(|held| Ok(held.array()?.as_ptr().cast()))
    }

    /// Number of elements.
    tries fn aria_nd_len or aria_nd_len_or_exit(array: NdIn) -> i64 {
        array.with(|held| Ok(held.len() as i64))
    }

    /// Elements that fit without another allocation.
    tries fn aria_nd_capacity or aria_nd_capacity_or_exit(array: NdIn) -> i64 {
        array.with(|held| Ok(held.room() as i64))
    }

    /// Bytes of one element.
    tries fn aria_nd_itemsize or aria_nd_itemsize_or_exit(array: NdIn) -> i64 {
        array.with(|held| Ok(held.dtype().itemsize() as i64))
    }

    /// Number of axes.
    tries fn aria_nd_ndim or aria_nd_ndim_or_exit(array: NdIn) -> i32 {
        array.with(|held| Ok(held.nd.ndim))
    }

    /// The extent of an axis, in elements.
    tries fn aria_nd_shape or aria_nd_shape_or_exit(array: NdIn, axis: i32) -> i64 {
        let array = array.array()?;
        let extent = usize::try_from(axis).ok().and_then(|axis| array.shape().get(axis));
        extent.map(|extent| *extent as i64).ok_or_else(|| no_axis(axis, &array))
    }

    /// The stride of an axis, in bytes; it may be negative.
    gives fn aria_nd_stride or aria_nd_stride_or_exit(array: NdIn, axis: i32) -> i64 {
        let array = array.array()?;
        let stride = usize::try_from(axis).ok().and_then(|axis| array.strides().get(axis));
        stride.map(|stride| *stride as i64).ok_or_else(|| no_axis(axis, &array))
    }

    /// The name of the dtype: "float64".
    tries fn aria_nd_dtype or aria_nd_dtype_or_exit(array: NdIn) -> Text {
        array.with(|held| Ok(Text(held.dtype().name().into_owned())))
    }

    /// Number of nulls.
    tries fn aria_nd_null_count or aria_nd_null_count_or_exit(array: NdIn) -> i64 {
        Ok(array.array()?.null_count() as i64)
    }

    /// Says whether element i, counted in row-major order, is null: 1 or 0.
    tries fn aria_nd_is_null or aria_nd_is_null_or_exit(array: NdIn, index: i64) -> bool {
        let array = array.array()?;
        let index = super::element::unravel(&array, index)?;
        Ok(array.validity().is_some_and(|validity| !validity.is_valid(&index)))
    }

    /// Says whether the memory may be written through this handle: 1 or 0.
    tries fn aria_nd_is_writable or aria_nd_is_writable_or_exit(array: NdIn) -> bool {
        Ok(array.array()?.is_exported_writable())
    }

    /// Says whether elements follow each other in C order: 1 or 0.
    tries fn aria_nd_is_contiguous or aria_nd_is_contiguous_or_exit(array: NdIn) -> bool {
        Ok(array.array()?.layout().is_c_contiguous())
    }

    /// Other hands that hold this memory: exports, retained handles, Python objects.
    tries fn aria_nd_exports or aria_nd_exports_or_exit(array: NdIn) -> i64 {
        array.with(|held| Ok(held.others() as i64))
    }

    /// Says whether taking the array in copied its elements: 1 or 0.
    tries fn aria_nd_is_copied or aria_nd_is_copied_or_exit(array: NdIn) -> bool {
        array.with(|held| Ok(held.plan.as_ref().is_some_and(|plan| plan.outcome == Outcome::Copy)))
    }

    /// How the array came in, and why so: "view  numpy.ndarray -> ...". Empty where there was nothing to decide.
    tries fn aria_nd_plan or aria_nd_plan_or_exit(array: NdIn) -> Text {
        array.with(|held| Ok(Text(held.plan.as_ref().map(ToString::to_string).unwrap_or_default())))
    }
}

fn no_axis(axis: i32, array: &Array) -> Failure {
    Failure::argument(format_args!("expected one of {} axes but found number {axis}", array.ndim()))
}

impl crate::abi::Give for *mut c_void {
    type C = *mut c_void;
    fn give(self) -> *mut c_void {
        self
    }
}
