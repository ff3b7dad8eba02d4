//! `cargo +nightly fuzz run plan_wire`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aria_array_fuzz::plan_wire(data));
