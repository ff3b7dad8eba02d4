//! What the fuzzer calls, a function a target: each takes any bytes and panics if a promise does not hold for them.
//!
//! `cargo +nightly fuzz run NAME` searches; `cargo xtask fuzz` replays what stands in `corpus/`, and inputs made from
//! it, on a stable compiler. A crash that is found goes into the corpus with the change that mends it.

mod arrow;
mod dlpack;
mod input;
mod layout;
mod notation;
mod plan;

pub use arrow::arrow;
pub use dlpack::dlpack;
pub use layout::layout;
pub use notation::{pep3118, typestr};
pub use plan::plan_wire;

/// Panics if a promise does not hold for these bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 6] = [
    ("pep3118", pep3118),
    ("typestr", typestr),
    ("layout", layout),
    ("plan_wire", plan_wire),
    ("dlpack", dlpack),
    ("arrow", arrow),
];
