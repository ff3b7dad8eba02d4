//! DLPack tensors as arrays, and arrays as DLPack tensors. **Zero-copy** both ways, except where a name says copy.
//!
//! `import` takes tensors over, `export` hands arrays out, `reason` turns DLPack's errors into reasons. The
//! structs, their checks and their release are aria-dlpack's; no element is read here.
//!
//! | | DLPack | array |
//! |---|---|---|
//! | strides | in elements | in bytes: multiplied going in; going out, a remainder is refused (rule L3) |
//! | packed elements | strides, a flag for padded ones | compact C order without strides; anything else is refused |
//! | read-only | a flag; a legacy struct has none | [`is_readonly`](crate::Array::is_readonly), never lost (rule L8) |
//! | access | not said | an import is shared: the producer may write |
//! | nulls | none | refused |
//! | no elements | `data` is NULL | dangling, aligned (rule L4) |

mod export;
mod import;
mod reason;

pub use import::Import;
pub use reason::reason;

use crate::ledger::Name;
use std::sync::OnceLock;

/// The protocol's name in ledger and plans.
pub const PROTOCOL: &str = "dlpack";

/// Ledger names: who is entered when the caller does not say, and the protocol.
fn names() -> (Name, Name) {
    static NAMES: OnceLock<(Name, Name)> = OnceLock::new();
    *NAMES.get_or_init(|| (Name::of("a dlpack tensor"), Name::of(PROTOCOL)))
}

#[cfg(test)]
mod tests;
