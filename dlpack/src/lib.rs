//! DLPack tensors as owned and checked Rust values.
