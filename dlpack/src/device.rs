//! Devices: which one holds a tensor, and what its `data` field means there.
//!
//! No stream rules (see `stream`), no driver calls.
#![forbid(unsafe_code)]

use crate::abi::{DLDevice, DLDeviceType};
use crate::error::DlpackError;
use core::fmt;

/// A device: DLPack's type and index. `Display` gives `cpu:0`, `cuda:1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// `DLDeviceType` as a number; any value.
    pub kind: u32,
    /// Index among devices of this type. 0 for the CPU; other values are tolerated there.
    pub id: i32,
}

impl Device {
    /// The host.
    pub const CPU: Device = Device { kind: DLDeviceType::CPU.0, id: 0 };

    /// The `DLDeviceType` values up to DLPack 1.3, and those that its main branch added (19 to 21).
    const NAMES: [(u32, &'static str); 19] = [
        (1, "cpu"),
        (2, "cuda"),
        (3, "cuda_host"),
        (4, "opencl"),
        (7, "vulkan"),
        (8, "metal"),
        (9, "vpi"),
        (10, "rocm"),
        (11, "rocm_host"),
        (12, "ext_dev"),
        (13, "cuda_managed"),
        (14, "oneapi"),
        (15, "webgpu"),
        (16, "hexagon"),
        (17, "maia"),
        (18, "trainium"),
        (19, "tpu"),
        (20, "tpu_host"),
        (21, "ascend"),
    ];

    /// Returns the lower-case name of the device type, or `None` for a number that no header lists.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(kind, _)| *kind == self.kind).map(|(_, name)| *name)
    }

    /// Returns the device type of this name, as [`name`](Self::name) spells it.
    pub fn kind_of(name: &str) -> Option<u32> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }

    /// Says whether the host can read the memory: CPU, pinned CUDA or ROCm memory, and CUDA managed memory.
    ///
    /// On all but the CPU the device may still be writing: synchronise first.
    pub const fn is_host_readable(self) -> bool {
        matches!(
            DLDeviceType(self.kind),
            DLDeviceType::CPU | DLDeviceType::CUDAHOST | DLDeviceType::ROCMHOST | DLDeviceType::CUDAMANAGED
        )
    }

    /// Says whether `data` is an address that bytes can be added to, rather than a handle.
    ///
    /// True for the host-readable devices, CUDA, ROCm and oneAPI unified memory. Everything else (OpenCL, Vulkan,
    /// Metal, WebGPU, extension devices) is taken for a handle: its `byte_offset` is carried, never added.
    pub const fn has_addresses(self) -> bool {
        self.is_host_readable()
            || matches!(DLDeviceType(self.kind), DLDeviceType::CUDA | DLDeviceType::ROCM | DLDeviceType::ONEAPI)
    }

    /// Refuses a device type that no header lists: what its `data` means is unknown (`DLPackVersion`: a tensor of a
    /// newer minor version may be used "as long as the consumer knows how to interpret all fields").
    pub(crate) fn check(self) -> Result<(), DlpackError> {
        if self.kind == Self::CPU.kind || self.name().is_some() {
            return Ok(());
        }
        Err(DlpackError::UnknownDevice { found: self })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}:{}", self.id),
            None => write!(f, "device type {}:{}", self.kind, self.id),
        }
    }
}

impl From<DLDevice> for Device {
    fn from(d: DLDevice) -> Self {
        Device { kind: d.device_type.0, id: d.device_id }
    }
}

impl From<Device> for DLDevice {
    fn from(d: Device) -> Self {
        DLDevice { device_type: DLDeviceType(d.kind), device_id: d.id }
    }
}
