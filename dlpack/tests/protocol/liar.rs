//! A producer whose structs say whatever a test wants, and who counts how often its deleter runs.

use aria_dlpack::abi::{
    DLDataType, DLDataTypeCode, DLDevice, DLDeviceType, DLManagedTensor, DLManagedTensorVersioned, DLPackVersion,
    DLTensor,
};
use aria_dlpack::{Descriptor, DlpackError, Flags, Managed, RawManaged};
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Everything a producer can say. The default is an honest 2×3 tensor of float64 on the CPU, version 1.1.
pub(crate) struct Says {
    pub(crate) version: (u32, u32),
    pub(crate) flags: u64,
    pub(crate) data: *mut c_void,
    pub(crate) device: (u32, i32),
    pub(crate) ndim: Option<i32>,
    pub(crate) dtype: (u8, u8, u16),
    pub(crate) shape: Option<Vec<i64>>,
    pub(crate) strides: Option<Vec<i64>>,
    pub(crate) byte_offset: u64,
    pub(crate) deleter: bool,
}

/// An address that nothing ever follows; 256-byte aligned.
pub(crate) const SOMEWHERE: usize = 0x1000_0000;

impl Default for Says {
    fn default() -> Self {
        Says {
            version: (1, 1),
            flags: 0,
            data: at(SOMEWHERE),
            device: (1, 0),
            ndim: None,
            dtype: (2, 64, 1),
            shape: Some(vec![2, 3]),
            strides: Some(vec![3, 1]),
            byte_offset: 0,
            deleter: true,
        }
    }
}

/// A pointer to an address without memory.
pub(crate) fn at(address: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(address)
}

/// The structs of a producer, alive until dropped, whatever their deleter is told.
pub(crate) struct Liar {
    legacy: NonNull<DLManagedTensor>,
    versioned: NonNull<DLManagedTensorVersioned>,
    shape: Vec<i64>,
    calls: NonNull<AtomicUsize>,
    // Kept for what the structs point to.
    _strides: Vec<i64>,
}

unsafe extern "C" fn count_legacy(this: *mut DLManagedTensor) {
    // SAFETY: `this` is the struct of a living `Liar`.
    let calls = unsafe { (*this).manager_ctx }.cast::<AtomicUsize>();
    // SAFETY: the counter lives as long.
    unsafe { &*calls }.fetch_add(1, SeqCst);
}

unsafe extern "C" fn count_versioned(this: *mut DLManagedTensorVersioned) {
    // SAFETY: `this` is the struct of a living `Liar`.
    let calls = unsafe { (*this).manager_ctx }.cast::<AtomicUsize>();
    // SAFETY: the counter lives as long.
    unsafe { &*calls }.fetch_add(1, SeqCst);
}

fn leak<T>(value: T) -> NonNull<T> {
    NonNull::from(Box::leak(Box::new(value)))
}

impl Liar {
    pub(crate) fn new(says: Says) -> Liar {
        let calls = leak(AtomicUsize::new(0));
        let mut shape = says.shape.unwrap_or_default();
        let mut strides = says.strides.unwrap_or_default();
        let pointer = |dims: &mut Vec<i64>| if dims.is_empty() { null_mut() } else { dims.as_mut_ptr() };
        let dl_tensor = DLTensor {
            data: says.data,
            device: DLDevice { device_type: DLDeviceType(says.device.0), device_id: says.device.1 },
            ndim: says.ndim.unwrap_or(i32::try_from(shape.len()).unwrap()),
            dtype: DLDataType { code: DLDataTypeCode(says.dtype.0), bits: says.dtype.1, lanes: says.dtype.2 },
            shape: pointer(&mut shape),
            strides: pointer(&mut strides),
            byte_offset: says.byte_offset,
        };
        let manager_ctx = calls.as_ptr().cast();
        let legacy = leak(DLManagedTensor { dl_tensor, manager_ctx, deleter: says.deleter.then_some(count_legacy) });
        let versioned = leak(DLManagedTensorVersioned {
            version: DLPackVersion { major: says.version.0, minor: says.version.1 },
            manager_ctx,
            deleter: says.deleter.then_some(count_versioned),
            flags: Flags::from_bits_retain(says.flags),
            dl_tensor,
        });
        Liar { legacy, versioned, shape, calls, _strides: strides }
    }

    /// How often a deleter ran.
    pub(crate) fn released(&self) -> usize {
        // SAFETY: lives until `self` is dropped.
        unsafe { self.calls.as_ref() }.load(SeqCst)
    }

    /// Hands over the versioned struct. The handle must not outlive `self`.
    pub(crate) fn versioned(&self) -> Result<Managed, DlpackError> {
        // SAFETY: the struct, shape and strides live as long as `self`; the deleter may run on any thread.
        unsafe { Managed::from_versioned(self.versioned) }
    }

    /// Hands over the legacy struct. The handle must not outlive `self`.
    pub(crate) fn legacy(&self) -> Managed {
        // SAFETY: as for `versioned`.
        unsafe { Managed::from_legacy(self.legacy) }
    }

    /// Points to the versioned struct without handing it over.
    pub(crate) fn raw(&self) -> RawManaged {
        RawManaged::Versioned(self.versioned)
    }

    /// Overwrites the extents, as a producer must not.
    pub(crate) fn change_shape(&mut self, extent: i64) {
        self.shape.fill(extent);
    }

    /// The bytes of both structs and what they point to, to see whether an import wrote there.
    pub(crate) fn state(&self) -> (String, Vec<i64>) {
        // SAFETY: lives until `self` is dropped.
        let legacy = unsafe { self.legacy.read() };
        // SAFETY: as above.
        let versioned = unsafe { self.versioned.read() };
        (format!("{legacy:?} {versioned:?}"), self.shape.clone())
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        // SAFETY: from `leak`, freed once.
        drop(unsafe { Box::from_raw(self.legacy.as_ptr()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.versioned.as_ptr()) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.calls.as_ptr()) });
    }
}

/// Imports what `says` says, both as a versioned and as a legacy tensor, each released exactly once whatever comes out;
/// returns what the versioned import gave.
pub(crate) fn import(says: Says) -> Result<Descriptor, DlpackError> {
    let flags = says.flags;
    let liar = Liar::new(says);
    let before = liar.state();
    let result = {
        let managed = liar.versioned()?;
        managed.check().map(|view| view.into_descriptor())
    };
    assert_eq!(liar.released(), 1, "the versioned tensor is released once");
    let legacy = {
        let managed = liar.legacy();
        managed.check().map(|view| view.into_descriptor())
    };
    assert_eq!(liar.released(), 2, "the legacy tensor is released once");
    assert_eq!(liar.state(), before, "nothing is written to the producer's structs (K-D36)");
    if flags == 0 {
        let legacy = legacy.map(|descriptor| Descriptor { read_only: false, ..descriptor });
        assert_eq!(legacy, result, "legacy and versioned structs are judged alike");
    }
    result
}

/// Imports and expects a refusal.
pub(crate) fn refusal(says: Says) -> DlpackError {
    import(says).expect_err("the tensor is refused")
}
