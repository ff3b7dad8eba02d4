//! Arrays in C, without Python: under AddressSanitizer and LeakSanitizer.

mod support;

use std::process::Command;
use support::{LANGUAGES, Language, build, c, ended_well, run};

const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Builds and runs a program in each language, as it is and under the sanitizers.
fn holds(name: &str) {
    for language in LANGUAGES {
        for flags in [&[][..], &SANITIZERS] {
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

#[test]
fn every_exchange_is_released_once_whatever_comes_of_it() {
    holds("exchange.c");
}

#[test]
fn handles_over_shared_memory_each_keep_their_own_elements() {
    holds("model.c");
}

/// What makes the other tests here mean something.
#[test]
fn a_program_that_forgets_an_array_is_found_out() {
    let program = build(Language::C11, &c("leaks.c"), &SANITIZERS);
    let output = run(Command::new(program).env("ASAN_OPTIONS", "detect_leaks=1"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("detected memory leaks"), "{}\n{text}", output.status);
}
