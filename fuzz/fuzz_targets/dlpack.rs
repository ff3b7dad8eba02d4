//! `cargo +nightly fuzz run dlpack`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aria_array_fuzz::dlpack(data));
