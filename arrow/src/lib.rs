//! The Arrow C data interface: its structs, the names of its capsules, and what may be said of a struct before it is read.
//!
//! The structs are arrow-rs' own ([`FFI_ArrowSchema`], [`FFI_ArrowArray`]), which release themselves when dropped. A struct
//! that arrives from outside is looked at here first, because arrow-rs' `from_ffi` asserts, panics and realigns silently:
//! a released struct is refused by name. Columns, streams, devices and tables are still to come.

pub mod capsule;
mod taken;

pub use arrow_data::ffi::FFI_ArrowArray;
pub use arrow_schema::ffi::FFI_ArrowSchema;
pub use taken::{Released, take_array, take_schema};
