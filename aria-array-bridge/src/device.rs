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

/// DLPack's device types by our names; the first name of a number is the one we print.
const NAMES: [(i32, &str); 17] = [
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
    (18, "trn"),
    (8, "mps"),
];

impl Device {
    /// The host.
    pub const CPU: Device = Device { kind: 1, id: 0 };

    /// Returns true if the host may read the memory: its own, pinned, or managed after synchronisation.
    pub fn is_host(self) -> bool {
        matches!(self.kind, 1 | 3 | 11 | 13)
    }

    /// Returns true if addresses are opaque handles, with which no arithmetic is allowed.
    pub fn is_opaque(self) -> bool {
        matches!(self.kind, 4 | 7 | 8 | 15)
    }

    /// The device of this name: `cpu`, `cuda:0`, `cuda` (number 0).
    pub fn from_name(name: &str) -> Option<Device> {
        let (stem, id) = name.split_once(':').unwrap_or((name, "0"));
        let id = id.parse().ok().filter(|id| *id >= 0)?;
        NAMES.iter().find(|(_, n)| *n == stem).map(|(kind, _)| Device { kind: *kind, id })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(kind, _)| *kind == self.kind) {
            Some((1, name)) => f.write_str(name),
            Some((_, name)) => write!(f, "{name}:{}", self.id),
            None => write!(f, "device type {}:{}", self.kind, self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_unknown_types_are_carried() {
        for (kind, name) in &NAMES[..16] {
            let device = Device { kind: *kind, id: if *kind == 1 { 0 } else { 3 } };
            assert_eq!(Device::from_name(&device.to_string()), Some(device), "{name}");
        }
        assert_eq!(Device::from_name("mps").unwrap().to_string(), "metal:0");
        assert_eq!(Device { kind: 99, id: 1 }.to_string(), "device type 99:1");
        assert_eq!(Device::from_name("cuda:-1"), None);
        assert_eq!(Device::from_name("gpu"), None);
    }
}
