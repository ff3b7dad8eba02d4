//! The programs for readers, `examples/c`: built like a compiler builds them, in C and in C++, and run with Python. Each
//! prints what its form in Aria prints (`*.out`, which `mini-aria`'s tests compare with the Aria form itself).

mod support;

use std::fs;
use std::process::Command;
use support::{LANGUAGES, build, ended_clean, ended_well, environment, root, written};

/// Builds and runs one of `examples/c` in each language, and under the sanitizers of addresses and leaks; returns what it
/// printed.
fn printed(name: &str) -> String {
    environment();
    let source = root().join("examples/c").join(name);
    let sanitized = build(LANGUAGES[0], &source, &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    ended_clean(&mut Command::new(sanitized));
    let [c, cpp] = LANGUAGES.map(|language| ended_well(&mut Command::new(build(language, &source, &[]))));
    assert_eq!(c, cpp);
    c
}

/// What a form in Aria prints.
fn aria(name: &str) -> String {
    fs::read_to_string(root().join("examples").join(name)).expect("it is beside the program")
}

#[test]
fn the_milestone_fits_a_model_to_shared_memory() {
    let score = |text: &str| text.trim().parse::<f64>().expect("one number");
    // The last bits are the machine's affair.
    let (ours, arias) = (score(&printed("analyze_data.c")), score(&aria("analyze_data.out")));
    assert!((ours - arias).abs() < 1e-9, "{ours} and {arias}");
}

#[test]
fn scipy_minimises_a_function_of_the_program_and_a_failure_is_a_result() {
    assert_eq!(printed("optimise.c"), aria("optimise.out"));
}

/// The program ends without a word to the library: what Python printed arrives all the same.
#[test]
fn python_imports_a_module_of_the_program() {
    assert_eq!(printed("aria_ml.c"), aria("aria_ml.out"));
}

#[test]
fn the_column_of_a_frame_prints_what_its_aria_form_prints() {
    assert_eq!(printed("frames.c"), aria("frames.out"));
}

#[test]
fn a_session_with_pandas_prints_what_its_aria_form_prints() {
    assert_eq!(printed("pandas.c"), aria("sessions/pandas.out"));
}

#[test]
fn a_session_with_scipy_prints_what_its_aria_form_prints() {
    assert_eq!(printed("scipy.c"), aria("sessions/scipy.out"));
}

#[test]
fn a_session_with_scikit_learn_prints_what_its_aria_form_prints() {
    assert_eq!(printed("sklearn.c"), aria("sessions/sklearn.out"));
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
