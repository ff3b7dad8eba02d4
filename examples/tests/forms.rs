//! Each program in its forms: Rust against the runtime and plain Python print what the Aria form prints.
//!
//! What the Aria form prints lies beside it, in `NAME.out`, and is held to it by `mini-aria`'s tests.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn examples() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter of the environment that `cargo xtask test` makes.
fn python() -> PathBuf {
    let environment = env::var_os("VIRTUAL_ENV").expect(
        "VIRTUAL_ENV names an environment with the package, pandas and scikit-learn: `cargo xtask test` makes one",
    );
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    Path::new(&environment).join(folder).join("python")
}

/// What a program prints, in Aria's spelling of truth.
fn said(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} ended with {}\n{text}{errors}", output.status);
    text.replace("True", "true").replace("False", "false").replace("\r\n", "\n")
}

/// Asserts that the Rust form, which lies at `program`, and the Python form print what the Aria form prints.
fn all_forms_print_the_same(name: &str, program: &str) {
    let file = examples().join(name).with_extension("out");
    let aria = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(!aria.is_empty(), "expected {} to have lines", file.display());
    assert_eq!(said(&mut Command::new(program)), aria, "{name} in Rust");
    assert_eq!(said(Command::new(python()).arg(examples().join(name).with_extension("py"))), aria, "{name} in Python");
}

#[test]
fn the_milestone_program_prints_the_same_in_every_form() {
    all_forms_print_the_same("analyze_data", env!("CARGO_BIN_EXE_analyze_data"));
}

#[test]
fn the_optimiser_prints_the_same_in_every_form() {
    all_forms_print_the_same("optimise", env!("CARGO_BIN_EXE_optimise"));
}

#[test]
fn the_exported_module_prints_the_same_in_every_form() {
    all_forms_print_the_same("aria_ml", env!("CARGO_BIN_EXE_aria_ml"));
}
