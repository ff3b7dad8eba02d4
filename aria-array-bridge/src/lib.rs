//! Aria's array memory layout, and its zero-copy conversions.
//!
//! An `Array` is a dtype, a layout and an owner over memory that may belong to anybody. This crate
//! knows no Python; `aria-array-python` adds Python's protocols and `aria-array-runtime` the interpreter.

pub mod array;
pub mod buffer;
pub mod convert;
pub mod device;
pub mod dtype;
pub mod layout;
pub mod ledger;
pub mod matrix;
pub mod nd_array;
#[doc(hidden)]
pub mod operations;
pub mod plan;
#[doc(hidden)]
pub mod queue;
pub mod table;
#[doc(hidden)]
pub mod wire;

pub use array::{Access, Array, ArrayError, CopyOrder, Validity, ViewError};
pub use buffer::{Deleter, Owner};
pub use device::Device;
pub use dtype::DType;
pub use layout::{Layout, LayoutError, Order};
pub use nd_array::AriaNdArray;
pub use plan::{CopyPolicy, Outcome, Plan, Reason};
pub use table::{Column, Schema, Table};
