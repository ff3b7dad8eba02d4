//! Promises that span crates. The tests are in `tests/tests`; here is what several of them use.
//!
//! [`Table`] reads the tables of `spec/`, and [`compiler`] asks the system's C and C++ compilers.

pub mod compiler;
mod table;

pub use table::{Row, Table};

use std::fs;
use std::path::PathBuf;

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The text of a file of the repository.
///
/// # Panics
///
/// If it cannot be read.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// True if `test`, written `file::test`, is defined in that file of the repository.
///
/// # Panics
///
/// If the file cannot be read.
pub fn names_a_test(test: &str) -> bool {
    let Some((file, name)) = test.split_once("::") else { return false };
    let defined = if file.ends_with(".py") { format!("def {name}(") } else { format!("fn {name}(") };
    let is_test = !file.ends_with(".py") || name.starts_with("test_");
    is_test && read(file).contains(&defined)
}

/// The programs of the README, compiled; those without Python run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
