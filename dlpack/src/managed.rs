//! [`Managed`]: one owned managed tensor, legacy or versioned, released exactly once.
//!
//! Ownership only: what the tensor says is checked by [`TensorView`]. Capsules are named here, never touched.

use crate::Flags;
use crate::abi::{self, DLManagedTensor, DLManagedTensorVersioned};
use crate::check::TensorView;
use crate::error::DlpackError;
use crate::version::Version;
use core::ffi::{CStr, c_void};
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// A pointer to a managed tensor, of which nothing is known and nothing is owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawManaged {
    /// The struct without version and flags.
    Legacy(NonNull<DLManagedTensor>),
    /// The struct with version and flags.
    Versioned(NonNull<DLManagedTensorVersioned>),
}

impl RawManaged {
    /// Returns the address, to be put into a capsule named [`capsule_name`](Self::capsule_name).
    pub fn as_ptr(self) -> *mut c_void {
        match self {
            Self::Legacy(p) => p.as_ptr().cast(),
            Self::Versioned(p) => p.as_ptr().cast(),
        }
    }

    /// Returns the name of a capsule that owns this tensor.
    pub const fn capsule_name(self) -> &'static CStr {
        match self {
            Self::Legacy(_) => abi::CAPSULE_LEGACY,
            Self::Versioned(_) => abi::CAPSULE_VERSIONED,
        }
    }

    /// Returns the name that a capsule gets when a consumer takes this tensor out of it.
    pub const fn used_capsule_name(self) -> &'static CStr {
        match self {
            Self::Legacy(_) => abi::CAPSULE_LEGACY_USED,
            Self::Versioned(_) => abi::CAPSULE_VERSIONED_USED,
        }
    }

    /// Checks the tensor without taking it, so that a refusal leaves it to its owner: a capsule stays unconsumed.
    ///
    /// # Errors
    ///
    /// [`DlpackError::IncompatibleVersion`], of which nothing but the version was read; then those of
    /// [`TensorView::from_raw`]. Nothing is released.
    ///
    /// # Safety
    ///
    /// The pointer is to a readable struct of its kind: of a versioned struct with a major other than 1, the version
    /// alone. Of a readable version, the `DLTensor` inside meets the demands of [`TensorView::from_raw`].
    /// The tensor outlives `'a`.
    pub unsafe fn check<'a>(self) -> Result<TensorView<'a>, DlpackError> {
        let (tensor, flags) = match self {
            // SAFETY: the struct is there: the caller's duty. Only an address is taken.
            Self::Legacy(p) => (unsafe { &raw const (*p.as_ptr()).dl_tensor }, None),
            Self::Versioned(p) => {
                // SAFETY: the version is readable: the caller's duty.
                let found = unsafe { version_of(p) };
                if !found.is_readable() {
                    return Err(DlpackError::IncompatibleVersion { found });
                }
                // SAFETY: of a readable version, the whole struct is: the caller's duty. Any bits are flags.
                let flags = unsafe { (*p.as_ptr()).flags };
                // SAFETY: the struct is there, as above. Only an address is taken.
                (unsafe { &raw const (*p.as_ptr()).dl_tensor }, Some(flags))
            }
        };
        // SAFETY: the caller's duty; `tensor` is the address of the `DLTensor` within the struct.
        unsafe { TensorView::from_raw(tensor, flags) }
    }
}

/// One owned managed tensor. Dropping it calls its deleter, on whatever thread that happens; a NULL deleter is legal
/// and then the producer keeps what it lent.
///
/// # Invariants
///
/// 1. The struct is readable, of major version 1 if versioned, and nobody writes to it while this handle lives.
/// 2. The deleter, if any, has not been called, and no one else will call it. It may be called on any thread and does
///    not unwind (`DLManagedTensor::deleter`; the Python specification: a deleter attaches by itself).
pub struct Managed(RawManaged);

// SAFETY: the deleter may run on any thread: invariant 2. The rest of the struct is plain data that nobody writes to.
unsafe impl Send for Managed {}
// SAFETY: `&Managed` reads the struct only, and nobody writes to it: invariant 1.
unsafe impl Sync for Managed {}

impl Managed {
    /// Takes a legacy tensor.
    ///
    /// # Safety
    ///
    /// `tensor` meets invariants 1 and 2, now and until the handle is dropped or given back by
    /// [`into_raw`](Self::into_raw), and so do the demands of [`TensorView::from_raw`] for the `DLTensor` inside.
    pub unsafe fn from_legacy(tensor: NonNull<DLManagedTensor>) -> Managed {
        Managed(RawManaged::Legacy(tensor))
    }

    /// Takes a versioned tensor, if its major version is 1. A higher minor version is accepted.
    ///
    /// # Errors
    ///
    /// [`DlpackError::IncompatibleVersion`]: nothing but version and deleter was read, and the tensor **is released**.
    ///
    /// # Safety
    ///
    /// As for [`from_legacy`](Self::from_legacy); of another major version, only the version and the deleter must be
    /// readable (`DLPackVersion`: "the consumer must call the deleter").
    pub unsafe fn from_versioned(tensor: NonNull<DLManagedTensorVersioned>) -> Result<Managed, DlpackError> {
        // SAFETY: the version is readable: the caller's duty.
        let found = unsafe { version_of(tensor) };
        let managed = Managed(RawManaged::Versioned(tensor)); // dropping it reads nothing but the deleter
        if found.is_readable() { Ok(managed) } else { Err(DlpackError::IncompatibleVersion { found }) }
    }

    /// Takes a tensor whose version was already found readable, by [`RawManaged::check`]. Cannot fail, so it fits
    /// behind the point of no return: after a capsule was renamed.
    ///
    /// # Safety
    ///
    /// As for [`from_legacy`](Self::from_legacy); if versioned, the major version is 1.
    pub unsafe fn from_checked(tensor: RawManaged) -> Managed {
        Managed(tensor)
    }

    /// Gives the pointer back, and with it the duty to call the deleter once.
    pub fn into_raw(self) -> RawManaged {
        ManuallyDrop::new(self).0
    }

    /// Returns the pointer; the tensor stays owned by this handle.
    pub fn as_raw(&self) -> RawManaged {
        self.0
    }

    /// Copies the metadata and checks it. **Zero-copy** of the elements; nothing is ever written to the struct.
    ///
    /// # Errors
    ///
    /// Those of [`TensorView::from_raw`]. The tensor stays owned: dropping it releases it.
    pub fn check(&self) -> Result<TensorView<'_>, DlpackError> {
        // SAFETY: readable and, if versioned, of major 1, and meets the demands of `TensorView::from_raw`: invariant 1
        // and the promise given to `from_*`. The view borrows `self`, which keeps the tensor.
        unsafe { self.0.check() }
    }

    /// Returns the version that the struct states; `None` for a legacy one.
    pub fn version(&self) -> Option<Version> {
        match self.0 {
            RawManaged::Legacy(_) => None,
            // SAFETY: readable: invariant 1.
            RawManaged::Versioned(p) => Some(unsafe { version_of(p) }),
        }
    }

    /// Returns the flags, those that are not known included; `None` for a legacy tensor, which has none.
    pub fn flags(&self) -> Option<Flags> {
        match self.0 {
            RawManaged::Legacy(_) => None,
            // SAFETY: readable, and of major 1, which has flags: invariant 1. Any bits are flags.
            RawManaged::Versioned(p) => Some(unsafe { (*p.as_ptr()).flags }),
        }
    }

    /// Says whether the producer forbids writing; `None` for a legacy tensor: the importer must choose.
    pub fn is_read_only(&self) -> Option<bool> {
        self.flags().map(|flags| flags.contains(Flags::READ_ONLY))
    }

    /// Says whether the producer made a copy for this hand-over; `None` for a legacy tensor.
    pub fn is_copied(&self) -> Option<bool> {
        self.flags().map(|flags| flags.contains(Flags::IS_COPIED))
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        match self.0 {
            RawManaged::Legacy(p) => {
                // SAFETY: readable: invariant 1.
                if let Some(deleter) = unsafe { (*p.as_ptr()).deleter } {
                    // SAFETY: called once, with the struct it belongs to, on any thread: invariant 2.
                    unsafe { deleter(p.as_ptr()) };
                }
            }
            RawManaged::Versioned(p) => {
                // SAFETY: readable: invariant 1, or, in `from_versioned`, the promise that the deleter is readable in
                // every version (`DLManagedTensorVersioned::flags`: everything up to it stays in place).
                if let Some(deleter) = unsafe { (*p.as_ptr()).deleter } {
                    // SAFETY: called once, with the struct it belongs to, on any thread: invariant 2.
                    unsafe { deleter(p.as_ptr()) };
                }
            }
        }
    }
}

impl fmt::Debug for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Managed").field("version", &self.version()).field("raw", &self.0).finish()
    }
}

/// Reads the version, which stands first in every version of the struct, and nothing else.
///
/// # Safety
///
/// The version is readable.
unsafe fn version_of(tensor: NonNull<DLManagedTensorVersioned>) -> Version {
    // SAFETY: the caller's duty. Any bits are a version.
    unsafe { (*tensor.as_ptr()).version }.into()
}
