//! Who may write, and slices of memory that nobody else writes to (rules L8, L9).

use super::{Array, ViewError};
use crate::dtype::Element;
use bytemuck::Pod;
use core::ptr::NonNull;
use core::slice;

/// Who may write to the memory while a handle lives (rule L8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Nobody. Slices are safe.
    Frozen,
    /// Others, at any time. No slices; reads copy out.
    Shared,
    /// Only the sole handle, while there is just one. Slices are safe; others that are shown the memory may only read.
    Unique,
}

impl Access {
    /// `frozen`, `shared` or `unique`.
    pub fn name(self) -> &'static str {
        match self {
            Access::Frozen => "frozen",
            Access::Shared => "shared",
            Access::Unique => "unique",
        }
    }
}

impl Array {
    /// Returns true if exports may let foreign code write: shared and not read-only.
    ///
    /// Unique memory is shown read-only, since this side hands out slices of it; [`share`](Self::share) it first.
    pub fn is_exported_writable(&self) -> bool {
        self.access == Access::Shared && !self.readonly
    }

    /// The same memory for anybody to write: gives up slices, and lets exports be writable. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Hands the array back if it is frozen, or unique with other handles alive, which may be lending slices.
    #[expect(clippy::result_large_err, reason = "either way it is the array")]
    pub fn share(mut self) -> Result<Array, Array> {
        match self.access {
            Access::Shared => Ok(self),
            Access::Unique if self.buffer.owner_mut().is_sole() => {
                self.access = Access::Shared;
                Ok(self)
            }
            Access::Unique | Access::Frozen => Err(self),
        }
    }

    /// The same memory, never to be written again while a handle lives. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Hands the array back if others may write (shared), or other handles are alive.
    #[expect(clippy::result_large_err, reason = "either way it is the array")]
    pub fn freeze(mut self) -> Result<Array, Array> {
        match self.access {
            Access::Frozen => Ok(self),
            Access::Unique if self.buffer.owner_mut().is_sole() => {
                self.access = Access::Frozen;
                self.readonly = true;
                Ok(self)
            }
            Access::Unique | Access::Shared => Err(self),
        }
    }

    /// The same memory, of which this handle and its exports may only read. **Zero-copy.**
    #[must_use]
    pub fn read_only(mut self) -> Array {
        self.readonly = true;
        self
    }

    /// The same memory, said to be frozen by the caller. **Zero-copy.**
    ///
    /// # Safety
    ///
    /// Nobody writes to the elements while a handle to the result, or a slice of it, lives.
    #[must_use]
    pub unsafe fn assume_frozen(mut self) -> Array {
        self.access = Access::Frozen;
        self.readonly = true;
        self
    }

    /// Borrows all elements in row-major order. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// Says which of access, device, dtype, nulls, order and alignment does not fit, in that order. Shared memory is
    /// never lent as a slice; [`to_vec`](Self::to_vec) copies instead.
    pub fn as_slice<T: Element + Pod>(&self) -> Result<&[T], ViewError> {
        if self.access == Access::Shared {
            return Err(ViewError::Shared); // rule L9
        }
        let Some(first) = self.typed_first::<T>()? else { return Ok(&[]) };
        // SAFETY:
        // - Aligned, non-null, `len` initialised `T`s in one allocation: `typed_first`; any bits are a `T`: `Pod`.
        // - Not written to for the borrow: invariant 3; a unique array is written only through `&mut` of its sole handle,
        //   and `&self` is a handle.
        // - At most `isize::MAX` bytes: `Layout` invariant 2.
        Ok(unsafe { slice::from_raw_parts(first.as_ptr(), self.len()) })
    }

    /// Borrows all elements in row-major order, to write. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// As [`as_slice`](Self::as_slice), and if this is not the only handle of unique memory, exports included.
    pub fn as_mut_slice<T: Element + Pod>(&mut self) -> Result<&mut [T], ViewError> {
        match self.access {
            Access::Shared => return Err(ViewError::Shared),
            Access::Frozen => return Err(ViewError::ReadOnly),
            Access::Unique if self.readonly => return Err(ViewError::ReadOnly),
            Access::Unique => {}
        }
        if !self.buffer.owner_mut().is_sole() {
            return Err(ViewError::NotUnique { exports: self.exports() });
        }
        let Some(first) = self.typed_first::<T>()? else { return Ok(&mut []) };
        // SAFETY:
        // - Aligned, non-null, initialised, one allocation, at most `isize::MAX` bytes: as in `as_slice`.
        // - Nobody else reads or writes for the borrow: this is the only handle (checked above, with Acquire), exports
        //   hold handles themselves, and `&mut self` keeps it so.
        Ok(unsafe { slice::from_raw_parts_mut(first.as_ptr(), self.len()) })
    }

    /// Element zero as a `T`, if all elements can be a slice of `T`; `None` without elements.
    fn typed_first<T: Element>(&self) -> Result<Option<NonNull<T>>, ViewError> {
        self.check_readable::<T>()?;
        if !self.layout.is_c_contiguous() {
            return Err(ViewError::Order { strides: self.strides().into() });
        }
        if self.is_empty() {
            return Ok(None); // `first` may be anything, even unaligned.
        }
        let first = self.buffer.first().cast::<T>();
        if !first.is_aligned() {
            return Err(ViewError::Misaligned { address: self.address(), align: align_of::<T>() });
        }
        Ok(Some(first))
    }

    /// Checks that this host may read the elements as `T`.
    pub(super) fn check_readable<T: Element>(&self) -> Result<(), ViewError> {
        if !self.device.is_host() {
            return Err(ViewError::Device { found: self.device });
        }
        if self.dtype != T::DTYPE {
            return Err(ViewError::DType { expected: T::DTYPE, found: self.dtype.clone() });
        }
        match self.null_count() {
            0 => Ok(()),
            nulls => Err(ViewError::Nulls { nulls }),
        }
    }
}
