//! Promises that span crates.
