//! Arrays whose buffers lie on a device.

use crate::abi::ArrowDeviceArray;
use crate::array::OwnedArray;
use crate::error::{ArrowError, Problem};
use core::ffi::c_void;
use core::ptr::NonNull;

/// `ARROW_DEVICE_CPU`; the numbers of the types are DLPack's.
pub const DEVICE_CPU: i32 = 1;

/// An array of a device that was taken over.
#[derive(Debug)]
pub struct OwnedDeviceArray {
    /// The buffers, whose addresses are the device's.
    pub array: OwnedArray,
    /// The type of the device, numbered as in DLPack.
    pub kind: i32,
    /// Which of its type; −1 for the CPU.
    pub id: i64,
    /// An event to wait for before the buffers are touched; NULL where there is nothing to wait for (K-A21).
    pub sync_event: *mut c_void,
}

impl OwnedDeviceArray {
    /// Moves an array out of foreign memory, which keeps a struct that is marked as released. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// There is nothing to take. Nothing is released then.
    ///
    /// # Safety
    ///
    /// `array` points to an `ArrowDeviceArray` that keeps to the C device interface, may be read and written, and that
    /// nobody else reads, writes or releases meanwhile.
    pub unsafe fn take(array: NonNull<ArrowDeviceArray>) -> Result<OwnedDeviceArray, ArrowError> {
        // SAFETY: readable, and nobody writes to it meanwhile: the caller's duty. The borrow ends here.
        let said = unsafe { array.as_ref() };
        let (kind, id, sync_event) = (said.device_type, said.device_id, said.sync_event);
        // SAFETY: the first field, which is writable too: the caller's duty.
        let taken = unsafe { OwnedArray::take(array.cast()) };
        let array = taken.map_err(|_| Problem::Released { what: "ArrowDeviceArray" }.at(""))?;
        Ok(OwnedDeviceArray { array, kind, id, sync_event })
    }

    /// An array of the host, with nothing to wait for.
    #[must_use]
    pub fn of_host(array: OwnedArray) -> OwnedDeviceArray {
        OwnedDeviceArray { array, kind: DEVICE_CPU, id: -1, sync_event: core::ptr::null_mut() }
    }

    /// The struct itself, for whoever will release it.
    #[must_use]
    pub fn into_raw(self) -> ArrowDeviceArray {
        ArrowDeviceArray {
            array: self.array.into_raw(),
            device_id: self.id,
            device_type: self.kind,
            sync_event: self.sync_event,
            reserved: [0; 3],
        }
    }
}
