//! `cargo +nightly fuzz run arrow`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aria_array_fuzz::arrow(data));
