//! Aria's array memory layout, and its zero-copy conversions.
//!
//! An `Array` is a dtype, a layout and an owner over memory that may belong to anybody. This crate
//! knows no Python; `aria-array-python` adds Python's protocols and `aria-array-runtime` the interpreter.

pub mod dtype;
pub mod nd_array;
#[doc(hidden)]
pub mod operations;
pub mod plan;

pub use dtype::DType;
pub use nd_array::AriaNdArray;
pub use plan::{CopyPolicy, Outcome, Plan, Reason};
