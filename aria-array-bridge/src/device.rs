//! `Device`: where memory lives (rule L7).

#![forbid(unsafe_code)]

use core::fmt;

/// DLPack's device: a type and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// DLPack's device type; unknown ones are carried.
    pub kind: i32,
    /// Which device of that type; 0 for the host.
    pub id: i32,
}

impl Device {
    /// The host.
    pub const CPU: Device = Device { kind: 1, id: 0 };

    /// The same device in DLPack's crate, which knows the types: a negative one is none of them.
    fn dlpack(self) -> aria_dlpack::Device {
        aria_dlpack::Device { kind: u32::try_from(self.kind).unwrap_or(u32::MAX), id: self.id }
    }

    /// Returns true if the host may read the memory: its own, pinned, or managed after synchronisation.
    pub fn is_host(self) -> bool {
        self.dlpack().is_host_readable()
    }

    /// Returns true if addresses are opaque handles, with which no arithmetic is allowed. So are those of unknown types.
    pub fn is_opaque(self) -> bool {
        !self.dlpack().has_addresses()
    }

    /// The device of this name: `cpu`, `cuda:0`, `cuda` (number 0). PyTorch's `mps` is Metal.
    pub fn from_name(name: &str) -> Option<Device> {
        let (stem, id) = name.split_once(':').unwrap_or((name, "0"));
        let id = id.parse().ok().filter(|id| *id >= 0)?;
        let kind = aria_dlpack::Device::kind_of(if stem == "mps" { "metal" } else { stem })?;
        Some(Device { kind: i32::try_from(kind).ok()?, id })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dlpack().name() {
            Some(name) if self.kind == Device::CPU.kind => f.write_str(name),
            Some(name) => write!(f, "{name}:{}", self.id),
            None => write!(f, "device type {}:{}", self.kind, self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_unknown_types_are_carried() {
        for kind in [1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21] {
            let device = Device { kind, id: if kind == 1 { 0 } else { 3 } };
            assert_eq!(Device::from_name(&device.to_string()), Some(device), "{kind}");
        }
        assert_eq!(Device::from_name("mps").unwrap().to_string(), "metal:0");
        assert_eq!(Device { kind: 99, id: 1 }.to_string(), "device type 99:1");
        assert_eq!(Device::from_name("cuda:-1"), None);
        assert_eq!(Device::from_name("gpu"), None);
        let (unknown, negative) = (Device { kind: 99, id: 0 }, Device { kind: -1, id: 0 });
        assert!(unknown.is_opaque() && negative.is_opaque() && !unknown.is_host() && !Device::CPU.is_opaque());
    }
}
