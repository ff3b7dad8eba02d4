//! The header of four words that Aria programs use: read, and given away as a copy that such a runtime may free.

use super::make::{count, distance, dtype};
use super::{Held, NdIn};
use crate::abi::{DropFn, abi, c_types};
use crate::failure::Failure;
use crate::text::TextIn;
use aria_array_bridge::{Access, Array, CopyOrder, DType, Deleter, Device, Layout, Owner};
use core::ffi::c_void;
use core::ptr::NonNull;
use core::slice;

/// The four words. Nothing here reads or writes a fifth.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct AriaNdHeader {
    pub(super) data: *mut c_void,
    length: i64,
    capacity: i64,
    elem_size: i64,
}

c_types! {
    *const AriaNdHeader = "const AriaNdHeader *" 'p';
    *mut AriaNdHeader = "AriaNdHeader *" 'p';
}

unsafe extern "C" {
    /// The C library's: what a runtime of Aria frees and reallocates.
    fn calloc(number: usize, size: usize) -> *mut c_void;
    fn free(data: *mut c_void);
}

/// The elements that a header has, kept by `owner`.
fn read(header: *const AriaNdHeader, dtype: DType, owner: Owner) -> Result<Array, Failure> {
    // SAFETY: NULL, or four words that may be read: the promise of the C caller.
    let header = unsafe { header.as_ref() }.copied();
    let header = header.ok_or_else(|| Failure::argument("expected a header but found NULL"))?;
    let len = count("a length", header.length)?;
    // Extents that elements of this size cannot have are refused by the layout.
    let layout = Layout::new(dtype.itemsize(), &[len], &[distance(header.elem_size)?])?;
    if len > 1 && header.elem_size.unsigned_abs() < dtype.itemsize() as u64 {
        let (wanted, found) = (dtype.itemsize(), header.elem_size);
        let text = format!("expected elements of {wanted} bytes or more for {dtype} but found {found}");
        return Err(Failure::argument(text));
    }
    let first = match NonNull::new(header.data.cast::<u8>()) {
        Some(first) => first,
        None if len == 0 => NonNull::<u64>::dangling().cast(),
        None => return Err(Failure::argument(format_args!("expected memory for {len} elements but found NULL"))),
    };
    // Its capacity says how much may be written.
    let readonly = header.capacity < header.length;
    // SAFETY: `length` elements lie there while the owner lives: the promise of the C caller.
    Ok(unsafe { Array::from_raw(first, dtype, layout, Device::CPU, Access::Shared, readonly, owner) }?)
}

abi! {
    /// Copies the elements of a header of four words. The header stays its owner's.
    tries fn aria_nd_copy_header or aria_nd_copy_header_or_exit(
        header: *const AriaNdHeader, type_name: TextIn, type_len: i64,
    ) -> Held {
        // The owner of nothing: the memory is used for this call alone.
        let array = read(header, dtype(type_name.get(type_len)?)?, Owner::immortal())?;
        Held::fresh(array.copy(CopyOrder::C)?)
    }

    /// Shares the elements of a header of four words. Zero-copy. Until `release` is called with `context`, the header's
    /// owner neither frees its data nor appends to it, which may move them; `release` is called once, on any thread, also
    /// if this function fails. An array whose capacity is below its length is read-only.
    tries fn aria_nd_wrap_header or aria_nd_wrap_header_or_exit(
        header: *const AriaNdHeader, type_name: TextIn, type_len: i64, context: *mut c_void, release: Option<DropFn>,
    ) -> Held {
        // SAFETY: called once, on any thread, and does not unwind: the promise of the C caller.
        let owner = release.map(|release| Owner::new(unsafe { Deleter::new(context, release) }));
        Held::new(read(header, dtype(type_name.get(type_len)?)?, owner.unwrap_or(Owner::immortal()))?)
    }

    /// Fills a header of four words with a copy of the elements, in memory of malloc: for a runtime that grows it by
    /// realloc and frees it. One axis of int64 or float64, without nulls; anything else is refused, and the header stays
    /// as it was.
    tries fn aria_nd_copy_to_header or aria_nd_copy_to_header_or_exit(array: NdIn, out: *mut AriaNdHeader) {
        let array = array.array()?;
        if out.is_null() {
            return Err(Failure::argument("expected a header but found NULL"));
        }
        if array.ndim() != 1 || !matches!(*array.dtype(), DType::I64 | DType::F64) || array.null_count() > 0 {
            let (found, nulls) = (aria_array_bridge::array::describe(&array), array.null_count());
            let text = format!("expected one axis of int64 or float64 without nulls but found {found} with {nulls} nulls; fix: aria_nd_cast, aria_nd_reshape");
            return Err(Failure::refused(text));
        }
        // Of zeros: a slice is never of memory that was not written to. At least one word, so that NULL always means that
        // there is no memory.
        // SAFETY: any size; NULL is looked for.
        let data = unsafe { calloc(array.nbytes().max(8), 1) };
        if data.is_null() {
            return Err(Failure::memory(format_args!("no memory for {} bytes", array.nbytes())));
        }
        // SAFETY: as many bytes, which were just allocated and are nobody else's.
        let place = unsafe { slice::from_raw_parts_mut(data.cast(), array.nbytes()) };
        if let Err(error) = array.copy_to(place) {
            // SAFETY: just allocated, and given back once.
            unsafe { free(data) };
            return Err(error.into());
        }
        let length = array.len() as i64;
        let header = AriaNdHeader { data, length, capacity: length.max(1), elem_size: 8 };
        // SAFETY: not NULL, and four words may be written: the promise of the C caller.
        unsafe { out.write(header) };
        Ok(())
    }
}
