//! The Arrow C data interface as owned and checked Rust values.
