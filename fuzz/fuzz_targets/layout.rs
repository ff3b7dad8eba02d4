//! `cargo +nightly fuzz run layout`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aria_array_fuzz::layout(data));
