//! `cargo +nightly fuzz run pep3118`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aria_array_fuzz::pep3118(data));
