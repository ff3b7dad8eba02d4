//! Arrays in C, without Python: under AddressSanitizer and LeakSanitizer.

mod support;

use std::process::Command;
use support::{LANGUAGES, build, c, ended_well};

/// Builds and runs a program in each language, as it is and under the sanitizers.
fn holds(name: &str) {
    for language in LANGUAGES {
        for flags in [&[][..], &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]] {
            let mut program = Command::new(build(language, &c(name), flags));
            // Without an environment of Python: nothing here starts one.
            program.env_clear().env("ASAN_OPTIONS", "detect_leaks=1");
            ended_well(&mut program);
        }
    }
}

#[test]
fn a_runtime_of_four_words_reads_right_and_grows_what_is_its_own() {
    holds("words.c");
}
