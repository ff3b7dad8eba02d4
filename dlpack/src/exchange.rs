//! The C exchange API of DLPack 1.3: a table of functions that a Python type offers, without Python.
//!
//! Objects are passed as `*mut c_void`. Finding the capsule on the type, holding the interpreter and raising are the
//! caller's business. Specification: `DLPackExchangeAPI` in `dlpack.h`.

use crate::abi::{
    AllocatorFn, CurrentWorkStreamFn, DLManagedTensorVersioned, DLPackExchangeAPI, DLPackExchangeAPIHeader, DLTensor,
    ManagedFromObjectFn, ObjectFromManagedFn, TensorFromObjectFn,
};
use crate::check::TensorView;
use crate::descriptor::{Descriptor, compact_strides};
use crate::device::Device;
use crate::error::ExchangeError;
use crate::managed::{Managed, RawManaged};
use crate::version::Version;
use core::ffi::{CStr, c_char, c_void};
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};

/// How many tables of a `prev_api` chain are looked at; an honest one has one per major version.
const CHAIN_LIMIT: usize = 8;

/// The functions of a producer's table, found and checked; a copy, since the table lives as long as the process.
///
/// Cache one per Python type. None of the functions synchronises: run device work on
/// [`current_work_stream`](Self::current_work_stream).
#[derive(Clone, Copy, Debug)]
pub struct ExchangeApi {
    version: Version,
    allocator: AllocatorFn,
    managed_from_object: ManagedFromObjectFn,
    object_from_managed: ObjectFromManagedFn,
    tensor_from_object: Option<TensorFromObjectFn>,
    current_work_stream: CurrentWorkStreamFn,
}

impl ExchangeApi {
    /// Finds the table of major version 1 at `table` or in its `prev_api` chain, and checks its functions.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Version`] if the chain ends without one, [`ExchangeError::Chain`] if it does not end,
    /// [`ExchangeError::NullFunction`] if a required function is NULL; only `dltensor_from_py_object_no_sync` may be.
    ///
    /// # Safety
    ///
    /// `table` points to a `DLPackExchangeAPIHeader`, and every `prev_api` is NULL or does; where the major is 1, a
    /// whole `DLPackExchangeAPI` stands there. All stay as they are while the process lives, and the functions are
    /// what the standard says they are.
    pub unsafe fn find(table: NonNull<c_void>) -> Result<ExchangeApi, ExchangeError> {
        let mut next = table.cast::<DLPackExchangeAPIHeader>();
        let mut first = None;
        for _ in 0..CHAIN_LIMIT {
            // SAFETY: points to a readable header: the caller's duty, for the first one and all in the chain.
            let header = unsafe { next.read() };
            let found = Version::from(header.version);
            if found.is_readable() {
                // SAFETY: major 1, so a whole table stands here: the caller's duty.
                let raw = unsafe { next.cast::<DLPackExchangeAPI>().read() };
                return Self::check(&raw);
            }
            let found = *first.get_or_insert(found);
            next = NonNull::new(header.prev_api).ok_or(ExchangeError::Version { found })?;
        }
        Err(ExchangeError::Chain { limit: CHAIN_LIMIT })
    }

    fn check(raw: &DLPackExchangeAPI) -> Result<ExchangeApi, ExchangeError> {
        let null = |function| ExchangeError::NullFunction { function };
        Ok(ExchangeApi {
            version: raw.header.version.into(),
            allocator: raw.managed_tensor_allocator.ok_or(null("managed_tensor_allocator"))?,
            managed_from_object: raw
                .managed_tensor_from_py_object_no_sync
                .ok_or(null("managed_tensor_from_py_object_no_sync"))?,
            object_from_managed: raw
                .managed_tensor_to_py_object_no_sync
                .ok_or(null("managed_tensor_to_py_object_no_sync"))?,
            tensor_from_object: raw.dltensor_from_py_object_no_sync,
            current_work_stream: raw.current_work_stream.ok_or(null("current_work_stream"))?,
        })
    }

    /// Returns the version that the table states.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Says whether [`tensor_from_object`](Self::tensor_from_object) can be called.
    pub fn has_tensor_from_object(&self) -> bool {
        self.tensor_from_object.is_some()
    }

    /// Exports an object as an owned tensor. **Zero-copy**, unless the producer says `IS_COPIED`.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Raised`], and a Python exception is pending; [`ExchangeError::NoResult`]; or the tensor has an
    /// incompatible version and is released.
    ///
    /// # Safety
    ///
    /// `object` is a live Python object of the type the table was found on, the caller is attached to the interpreter,
    /// and no exception is pending.
    pub unsafe fn managed_from_object(&self, object: NonNull<c_void>) -> Result<Managed, ExchangeError> {
        let function = "managed_tensor_from_py_object_no_sync";
        let mut out: *mut DLManagedTensorVersioned = null_mut();
        // SAFETY: object and interpreter are the caller's duty; `out` is writable.
        let status = unsafe { (self.managed_from_object)(object.as_ptr(), &raw mut out) };
        // SAFETY: the function succeeded or not as `status` says, and gave an owned tensor if it did.
        unsafe { owned(status, out, function) }
    }

    /// Views an object without owning anything. **Zero-copy**, and no allocation by the producer.
    ///
    /// A bare `DLTensor` has no flags: whether it may be written is not known, and the view says `None`.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Unsupported`], [`ExchangeError::Raised`] with a Python exception pending, or the reason why
    /// the tensor is refused.
    ///
    /// # Safety
    ///
    /// As for [`managed_from_object`](Self::managed_from_object). The producer promises the memory only until control
    /// returns to the caller's caller: `'a` ends before that, and while `object` is kept alive and unchanged.
    pub unsafe fn tensor_from_object<'a>(&self, object: NonNull<c_void>) -> Result<TensorView<'a>, ExchangeError> {
        let function = "dltensor_from_py_object_no_sync";
        let call = self.tensor_from_object.ok_or(ExchangeError::Unsupported { function })?;
        let mut out = MaybeUninit::<DLTensor>::zeroed();
        // SAFETY: object and interpreter are the caller's duty; `out` is writable.
        let status = unsafe { call(object.as_ptr(), out.as_mut_ptr()) };
        if status != 0 {
            return Err(ExchangeError::Raised { function });
        }
        // SAFETY: `out` is readable: it was zeroed, and zeros are a `DLTensor`. Shape and strides are what the producer
        // promises for as long as `'a`, which covers this call, and nobody else has them.
        let view = unsafe { TensorView::from_raw(out.as_ptr(), None) };
        Ok(view?)
    }

    /// Makes an object of the producer's library from a versioned tensor and returns a new reference. **Zero-copy.**
    ///
    /// The tensor is **stolen in every case**, as the header says: it is never released here after the call, whatever
    /// the call answers. A producer that fails without releasing it leaks; none can make us release it twice.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::LegacyTensor`] before the call, and the tensor is released; [`ExchangeError::Raised`] with a
    /// Python exception pending, or [`ExchangeError::NoResult`].
    ///
    /// # Safety
    ///
    /// The caller is attached to the interpreter and no exception is pending.
    pub unsafe fn object_from_managed(&self, tensor: Managed) -> Result<NonNull<c_void>, ExchangeError> {
        let function = "managed_tensor_to_py_object_no_sync";
        let RawManaged::Versioned(raw) = tensor.as_raw() else {
            return Err(ExchangeError::LegacyTensor);
        };
        core::mem::forget(tensor); // stolen from here on
        let mut out = null_mut();
        // SAFETY: an owned versioned tensor, given away; the interpreter is the caller's duty; `out` is writable.
        let status = unsafe { (self.object_from_managed)(raw.as_ptr(), &raw mut out) };
        if status != 0 {
            return Err(ExchangeError::Raised { function });
        }
        NonNull::new(out).ok_or(ExchangeError::NoResult { function })
    }

    /// Returns the producer's current stream on `device`; NULL where there are no streams, and for the default stream.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Raised`], and a Python exception is pending.
    ///
    /// # Safety
    ///
    /// The caller is attached to the interpreter and no exception is pending.
    pub unsafe fn current_work_stream(&self, device: Device) -> Result<*mut c_void, ExchangeError> {
        let raw = crate::abi::DLDevice::from(device);
        let mut out = null_mut();
        // SAFETY: the interpreter is the caller's duty; `out` is writable.
        let status = unsafe { (self.current_work_stream)(raw.device_type, raw.device_id, &raw mut out) };
        if status != 0 {
            return Err(ExchangeError::Raised { function: "current_work_stream" });
        }
        Ok(out)
    }

    /// Allocates a tensor of the producer's library with the dtype, shape and device of `prototype`.
    ///
    /// Needs no interpreter: the producer attaches by itself, and errors arrive as text.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Allocator`] with the producer's words, [`ExchangeError::NoResult`], or the tensor has an
    /// incompatible version and is released.
    ///
    /// # Safety
    ///
    /// The interpreter of the producer is running.
    pub unsafe fn allocate(&self, prototype: &Descriptor) -> Result<Managed, ExchangeError> {
        let mut shape = prototype.shape.clone();
        let mut strides = compact_strides(&shape);
        let ndim = i32::try_from(shape.len()).map_err(|_| crate::DlpackError::Ndim { found: i64::MAX })?;
        let mut raw = DLTensor {
            data: null_mut(),
            device: prototype.device.into(),
            ndim,
            dtype: prototype.dtype.into(),
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(), // not asked for, but NULL is not allowed either
            byte_offset: 0,
        };
        let mut out: *mut DLManagedTensorVersioned = null_mut();
        let mut said: Option<(String, String)> = None;
        // SAFETY: prototype and shape are readable, `out` is writable, and `said` is what `set_error` takes, all
        // during the call; the interpreter is the caller's duty.
        let status = unsafe { (self.allocator)(&raw mut raw, &raw mut out, (&raw mut said).cast(), Some(set_error)) };
        if status != 0 {
            let (kind, message) = said.unwrap_or_default();
            return Err(ExchangeError::Allocator { kind, message });
        }
        // SAFETY: the function succeeded and gave an owned tensor.
        unsafe { owned(status, out, "managed_tensor_allocator") }
    }
}

/// Takes what a producer gave.
///
/// # Safety
///
/// If `status` is 0, `out` is NULL or an owned tensor as [`Managed::from_versioned`] demands.
unsafe fn owned(
    status: i32,
    out: *mut DLManagedTensorVersioned,
    function: &'static str,
) -> Result<Managed, ExchangeError> {
    if status != 0 {
        return Err(ExchangeError::Raised { function });
    }
    let out = NonNull::new(out).ok_or(ExchangeError::NoResult { function })?;
    // SAFETY: an owned tensor: the caller's duty.
    let managed = unsafe { Managed::from_versioned(out) };
    Ok(managed?)
}

/// Keeps what an allocator says, the last time it says something.
///
/// # Safety
///
/// `context` points to an `Option<(String, String)>` that nobody else uses; the texts are NULL or NUL-terminated.
unsafe extern "C" fn set_error(context: *mut c_void, kind: *const c_char, message: *const c_char) {
    // SAFETY: NULL or NUL-terminated: the caller's duty.
    let kind = unsafe { text(kind) };
    // SAFETY: as above.
    let message = unsafe { text(message) };
    // SAFETY: `context` is the option that `allocate` passed, and `allocate` does not look at it during the call.
    unsafe { *context.cast::<Option<(String, String)>>() = Some((kind, message)) };
}

/// Copies a C string; NULL is the empty text.
///
/// # Safety
///
/// `text` is NULL or points to a NUL-terminated string.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: NUL-terminated: the caller's duty. It is copied at once.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A producer's table, fit for a `static`: its address goes into a capsule named
/// [`CAPSULE_EXCHANGE_API`](crate::abi::CAPSULE_EXCHANGE_API).
#[repr(transparent)]
#[derive(Debug)]
pub struct ExchangeTable(DLPackExchangeAPI);

// SAFETY: plain function pointers and a NULL; nothing writes to it.
unsafe impl Sync for ExchangeTable {}
// SAFETY: as above.
unsafe impl Send for ExchangeTable {}

impl ExchangeTable {
    /// Builds a table of version [`Version::LATEST`] without predecessors.
    ///
    /// The functions must do what their types say, attach to the interpreter where they need it, and never unwind.
    pub const fn new(
        allocator: AllocatorFn,
        managed_from_object: ManagedFromObjectFn,
        object_from_managed: ObjectFromManagedFn,
        tensor_from_object: Option<TensorFromObjectFn>,
        current_work_stream: CurrentWorkStreamFn,
    ) -> ExchangeTable {
        use crate::abi::{DLPackVersion, MAJOR, MINOR};
        ExchangeTable(DLPackExchangeAPI {
            header: DLPackExchangeAPIHeader {
                version: DLPackVersion { major: MAJOR, minor: MINOR },
                prev_api: null_mut(),
            },
            managed_tensor_allocator: Some(allocator),
            managed_tensor_from_py_object_no_sync: Some(managed_from_object),
            managed_tensor_to_py_object_no_sync: Some(object_from_managed),
            dltensor_from_py_object_no_sync: tensor_from_object,
            current_work_stream: Some(current_work_stream),
        })
    }

    /// Returns the address for the capsule. Consumers only read it.
    pub fn as_ptr(&'static self) -> NonNull<c_void> {
        NonNull::from(self).cast()
    }
}
