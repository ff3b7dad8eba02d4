//! What can go wrong: [`StartError`] before Python runs, [`PyError`] in an operation, [`EndError`] at the end.

mod carried;
mod python;
mod start;

pub use python::{Frame, PyError};
pub use start::{EndError, StartError, Tried};
