//! The programs for readers, `examples/c`: built like a compiler builds them, in C and in C++, and run with Python.

mod support;

use std::fs;
use std::process::Command;
use support::{LANGUAGES, build, ended_well, environment, root, written};

/// Builds and runs one of `examples/c` in each language, and under AddressSanitizer; returns what it printed. (CPython keeps
/// memory to the end on purpose, so that leaks are looked for in the programs without it.)
fn printed(name: &str) -> String {
    environment();
    let source = root().join("examples/c").join(name);
    let sanitized = build(LANGUAGES[0], &source, &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    ended_well(Command::new(sanitized).env("ASAN_OPTIONS", "detect_leaks=0"));
    let [c, cpp] = LANGUAGES.map(|language| ended_well(&mut Command::new(build(language, &source, &[]))));
    assert_eq!(c, cpp);
    c
}

#[test]
fn the_milestone_fits_a_model_to_shared_memory() {
    assert_eq!(printed("analyze_data.c"), "copied: 0\n1.90\n4.05\n6.20\n8.35\n");
}

#[test]
fn scipy_minimises_a_function_of_the_program_and_a_failure_is_a_result() {
    let expected =
        "Ok(3.000, -1.000)\nErr(aria_array_bridge.AriaError: expected a start within the domain), payload 7, code -3\n";
    assert_eq!(printed("optimise.c"), expected);
}

/// The program ends without a word to the library: what Python printed arrives all the same.
#[test]
fn python_imports_a_module_of_the_program() {
    // What its forms in Aria, in Rust and in Python print.
    let expected = fs::read_to_string(root().join("examples/aria_ml.out")).expect("it is beside the program");
    assert_eq!(printed("aria_ml.c"), expected);
}

#[test]
fn the_program_of_the_readme_runs() {
    environment();
    let text = fs::read_to_string(root().join("README.md")).expect("the README is there");
    let (_, program) = text.split_once("```c\n").expect("it has a program in C");
    let (program, _) = program.split_once("```").expect("the program ends");
    for language in LANGUAGES {
        let program = build(language, &written("readme.c", program), &[]);
        assert_eq!(ended_well(&mut Command::new(program)), "2\n");
    }
}
