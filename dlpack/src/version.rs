//! Versions of DLPack, and what to answer to a consumer's `max_version`.
//!
//! Reading a version from a foreign struct is [`Managed`](crate::Managed)'s business.

use crate::abi::{DLPackVersion, MAJOR, MINOR};
use core::fmt;

/// A DLPack version. Another major is another layout; another minor only adds enumeration values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Changes when the structs change.
    pub major: u32,
    /// Changes when an enumeration grows.
    pub minor: u32,
}

impl Version {
    /// The highest version this crate speaks, 1.3.
    pub const LATEST: Version = Version { major: MAJOR, minor: MINOR };
    /// What is exported when nobody asked for a version, 1.1.
    pub const DEFAULT: Version = Version { major: MAJOR, minor: 1 };

    /// Says whether structs of this version can be read: same major, any minor (`DLPackVersion`).
    pub const fn is_readable(self) -> bool {
        self.major == MAJOR
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl From<DLPackVersion> for Version {
    fn from(v: DLPackVersion) -> Self {
        Version { major: v.major, minor: v.minor }
    }
}

impl From<Version> for DLPackVersion {
    fn from(v: Version) -> Self {
        DLPackVersion { major: v.major, minor: v.minor }
    }
}

/// Which struct a tensor is handed over in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `DLManagedTensor`: no version, no flags; a consumer takes it as writable or not as it likes.
    Legacy,
    /// `DLManagedTensorVersioned` that states this version.
    Versioned(Version),
}

/// Returns the struct to give to a consumer that passed `max_version`.
///
/// `None` or a major of 0 is a consumer that knows only the legacy struct. A consumer of major 1 gets at most
/// the minor it knows and at most [`Version::LATEST`]; one that knows more gets [`Version::LATEST`], and must check
/// what it got, as the Python specification demands.
pub const fn negotiate(max_version: Option<(u32, u32)>) -> Format {
    match max_version {
        None | Some((0, _)) => Format::Legacy,
        Some((MAJOR, minor)) if minor < MINOR => Format::Versioned(Version { major: MAJOR, minor }),
        Some(_) => Format::Versioned(Version::LATEST),
    }
}
