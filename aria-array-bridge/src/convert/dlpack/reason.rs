//! DLPack's errors as reasons of a plan.

use crate::plan::Reason;
use aria_dlpack::DlpackError;

/// The reason that says what a DLPack error says, under its code and rule.
pub fn reason(error: &DlpackError) -> Reason {
    use DlpackError as E;
    let text = error.to_string();
    match error {
        E::IncompatibleVersion { .. } => Reason::new("version", "C8", text),
        E::Ndim { .. } => Reason::new("ndim", "L2", text),
        E::NegativeExtent { axis, .. } => Reason::new("extent", "L2", text).at(format!("axis {axis}")),
        E::TooLarge { axis, .. } | E::StrideOverflow { axis, .. } => {
            Reason::new("span-overflow", "L2", text).at(format!("axis {axis}"))
        }
        E::OffsetOverflow { .. } | E::AddressOverflow { .. } => Reason::new("span-overflow", "L2", text),
        E::NullData { .. } => Reason::new("null-data", "L4", text),
        E::UnknownDevice { .. } => Reason::new("device", "L7", text),
        E::UnknownTypeCode { .. }
        | E::OpaqueHandle { .. }
        | E::ZeroBits { .. }
        | E::ZeroLanes { .. }
        | E::TypeWidth { .. } => Reason::new("dtype", "L1", text),
        E::PaddedLanes { .. } => Reason::new("lanes", "L1", text),
        E::LegacyPadded { .. } => Reason::new("subbyte", "L3", text),
        E::LegacyReadOnly => Reason::new("read-only", "L8", text),
        E::Stream { .. } => Reason::new("stream", "L7", text),
        // NULL shape, a stray offset, strides that are not one per axis; and what the standard may add.
        _ => Reason::new("malformed", "C8", text),
    }
}
