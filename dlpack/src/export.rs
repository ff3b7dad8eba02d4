//! Export: a managed tensor over memory of ours, in one allocation, released by our deleter.
//!
//! The descriptor says where the memory is; the owner is any value whose drop releases it.

use crate::Flags;
use crate::abi::{DLManagedTensor, DLManagedTensorVersioned, DLTensor};
use crate::descriptor::Descriptor;
use crate::error::{DlpackError, Refused};
use crate::managed::{Managed, RawManaged};
use crate::version::Format;
use core::ffi::c_void;
use core::ptr::NonNull;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Whose memory is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Memory {
    /// Others may hold it too.
    Shared,
    /// A copy made for this consumer, which alone holds it and may write it (`IS_COPIED`). A `read_only` that the
    /// descriptor inherited from the source does not count.
    Copied,
}

/// Builds a managed tensor over the memory that `tensor` describes and `owner` keeps. **Zero-copy.**
///
/// One allocation holds the struct, shape, strides and `owner`. The deleter frees it and drops `owner`, on whatever
/// thread it is called; a panic in that drop is caught and ends there. Strides are never NULL when there are axes,
/// `data` is NULL when there are no elements, and no flag is set but those that `tensor` and `memory` ask for:
/// `READ_ONLY`, `IS_COPIED`, `IS_SUBBYTE_TYPE_PADDED`.
///
/// # Errors
///
/// `owner` comes back with the reason: `tensor` breaks an invariant of [`Descriptor`]; the version has no readable
/// major; or the legacy format cannot say what must be said, that memory is read-only (unless it is
/// [`Memory::Copied`]) or a type padded.
///
/// # Safety
///
/// 1. Until `owner` is dropped, every byte of the span of `tensor` is readable on its device, holds elements of its
///    type, and unless `read_only` is writable too.
/// 2. With [`Memory::Copied`], the memory is writable, and nobody but the consumer reads or writes it from now on.
pub unsafe fn export<O: Send + 'static>(
    owner: O,
    tensor: &Descriptor,
    format: Format,
    memory: Memory,
) -> Result<Managed, Refused<O>> {
    if let Err(error) = check(tensor, format, memory) {
        return Err(Refused { source: owner, error });
    }
    let managed = match format {
        Format::Legacy => {
            let head = DLManagedTensor {
                dl_tensor: describe(tensor),
                manager_ctx: core::ptr::null_mut(),
                deleter: Some(delete::<DLManagedTensor, O>),
            };
            RawManaged::Legacy(Block::build(head, owner, tensor))
        }
        Format::Versioned(version) => {
            let head = DLManagedTensorVersioned {
                version: version.into(),
                manager_ctx: core::ptr::null_mut(),
                deleter: Some(delete::<DLManagedTensorVersioned, O>),
                flags: flags(tensor, memory),
                dl_tensor: describe(tensor),
            };
            RawManaged::Versioned(Block::build(head, owner, tensor))
        }
    };
    // SAFETY:
    // - Invariant 1 of `Managed`: the struct is initialized, of a readable major (`check`), and nobody else has it.
    // - Invariant 2: the deleter is ours, callable on any thread as `O: Send`, never unwinding, not yet called.
    // - Shape and strides lie behind the struct, `ndim` each, as `TensorView::from_raw` demands.
    Ok(unsafe { Managed::from_checked(managed) })
}

fn check(tensor: &Descriptor, format: Format, memory: Memory) -> Result<(), DlpackError> {
    tensor.measure()?;
    match format {
        Format::Legacy if tensor.read_only && memory == Memory::Shared => Err(DlpackError::LegacyReadOnly),
        Format::Legacy if tensor.padded && tensor.dtype.is_sub_byte() => {
            Err(DlpackError::LegacyPadded { found: tensor.dtype })
        }
        Format::Versioned(found) if !found.is_readable() => Err(DlpackError::IncompatibleVersion { found }),
        _ => Ok(()),
    }
}

fn flags(tensor: &Descriptor, memory: Memory) -> Flags {
    let mut flags = Flags::empty();
    flags.set(Flags::READ_ONLY, tensor.read_only && memory == Memory::Shared);
    flags.set(Flags::IS_COPIED, memory == Memory::Copied);
    flags.set(Flags::IS_SUBBYTE_TYPE_PADDED, tensor.padded && tensor.dtype.is_sub_byte());
    flags
}

/// Returns the `DLTensor`, its `shape` and `strides` still NULL.
fn describe(tensor: &Descriptor) -> DLTensor {
    let is_empty = tensor.shape.contains(&0);
    DLTensor {
        data: if is_empty { core::ptr::null_mut() } else { tensor.data },
        device: tensor.device.into(),
        ndim: tensor.shape.len() as i32, // at most 64: invariant 1 of `Descriptor`
        dtype: tensor.dtype.into(),
        shape: core::ptr::null_mut(),
        strides: core::ptr::null_mut(),
        byte_offset: if is_empty { 0 } else { tensor.byte_offset },
    }
}

/// The two managed structs, as far as building them differs.
trait Head: Copy {
    fn tensor_mut(&mut self) -> &mut DLTensor;
}

impl Head for DLManagedTensor {
    fn tensor_mut(&mut self) -> &mut DLTensor {
        &mut self.dl_tensor
    }
}

impl Head for DLManagedTensorVersioned {
    fn tensor_mut(&mut self) -> &mut DLTensor {
        &mut self.dl_tensor
    }
}

/// What one allocation starts with; `ndim` extents and `ndim` strides follow at [`Block::layout`]'s offset.
///
/// `ndim` and `owner` are ours alone: the deleter trusts nothing that a consumer can reach.
#[repr(C)]
struct Block<M, O> {
    head: M,
    ndim: usize,
    owner: O,
}

impl<M: Head, O> Block<M, O> {
    /// Returns the layout of the whole allocation and the offset of the extents, in bytes; `None` if it is too large
    /// for any allocation.
    fn layout(ndim: usize) -> Option<(Layout, usize)> {
        let dims = Layout::array::<i64>(ndim.checked_mul(2)?).ok()?;
        Layout::new::<Self>().extend(dims).ok()
    }

    /// Allocates a block; the pointer is good for the whole of it.
    fn build(mut head: M, owner: O, tensor: &Descriptor) -> NonNull<M> {
        let ndim = tensor.shape.len();
        let Some((layout, dims_offset)) = Self::layout(ndim) else {
            // At most 1 KiB of extents behind a value that exists.
            handle_alloc_error(Layout::new::<Self>())
        };
        // SAFETY: the layout has a size, as it holds `Self`, which holds a struct.
        let memory = unsafe { alloc(layout) };
        // Aligned for `Self`, and so for the `i64` behind it: `layout` is made of both.
        let Some(block) = NonNull::new(memory.cast::<Self>()) else { handle_alloc_error(layout) };

        let dims = block.as_ptr().wrapping_byte_add(dims_offset).cast::<i64>();
        for (axis, &value) in tensor.shape.iter().chain(&tensor.strides).enumerate() {
            // SAFETY: aligned and within the allocation, by `layout`: `2 * ndim` values start at `dims`, and shape and
            // strides have `ndim` each (invariant 1 of `Descriptor`, checked).
            unsafe { dims.wrapping_add(axis).write(value) };
        }
        if ndim != 0 {
            let raw = head.tensor_mut();
            (raw.shape, raw.strides) = (dims, dims.wrapping_add(ndim));
        }
        // SAFETY: aligned and large enough, by `layout`; nothing is dropped, the memory is fresh.
        unsafe { block.write(Block { head, ndim, owner }) };
        block.cast()
    }
}

/// The deleter of an export: frees the allocation, then drops the owner. Never unwinds.
///
/// # Safety
///
/// `managed` is a pointer from [`Block::<M, O>::build`](Block::build) that was not deleted before.
unsafe extern "C" fn delete<M: Head, O>(managed: *mut M) {
    let block = managed.cast::<Block<M, O>>();
    // SAFETY: the block is alive, and starts with the struct (`repr(C)`): the caller's duty. It is moved out once, as its
    // memory is freed next.
    let Block { ndim, owner, .. } = unsafe { block.read() };
    if let Some((layout, _)) = Block::<M, O>::layout(ndim) {
        // SAFETY: allocated by `build` with the layout for this `ndim`, and not freed before: the caller's duty.
        unsafe { dealloc(block.cast(), layout) };
    }
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(owner))) {
        core::mem::forget(payload); // its own drop may panic
    }
}

/// An owner of foreign kind: a context and the function that releases it, called once on drop.
#[derive(Debug)]
pub struct ForeignOwner {
    context: *mut c_void,
    release: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: `release` may be called on any thread with `context`: the promise given to `new`. Nothing else uses it.
unsafe impl Send for ForeignOwner {}

impl ForeignOwner {
    /// Takes `context`.
    ///
    /// # Safety
    ///
    /// `release` may be called once with `context`, at any time and on any thread, and does not unwind.
    pub unsafe fn new(context: *mut c_void, release: unsafe extern "C" fn(*mut c_void)) -> ForeignOwner {
        ForeignOwner { context, release }
    }
}

impl Drop for ForeignOwner {
    fn drop(&mut self) {
        // SAFETY: called once, as `self` is dropped once: the promise given to `new`.
        unsafe { (self.release)(self.context) };
    }
}
