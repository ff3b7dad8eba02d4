//! `cargo +nightly fuzz run typestr`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aria_array_fuzz::typestr(data));
