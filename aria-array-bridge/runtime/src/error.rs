//! What can go wrong: [`StartError`] before Python runs, [`PyError`] in an operation, [`EndError`] at the end.

mod python;
mod start;

pub use python::PyError;
pub use start::{EndError, StartError, Tried};
