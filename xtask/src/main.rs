//! The project's commands: `cargo xtask` lists them.
//!
//! Each command makes what it needs (a virtual environment, packages, the wheel) and says so in one line a step.
//! This file holds the list alone; `env`, `wheel` and `python` make things ready, the others do the work.

mod args;
mod bench;
mod checks;
mod env;
mod header;
mod programs;
mod python;
mod tally;
mod test;
mod tools;
mod wheel;

use std::process::ExitCode;

use args::Args;
use tools::Outcome;

/// One command of `cargo xtask`.
struct Command {
    /// What is typed after `cargo xtask`.
    name: &'static str,
    /// Which options it takes, as its usage shows them.
    options: &'static str,
    /// What it does, in one line.
    about: &'static str,
    /// A file without which the command does not exist here.
    needs: Option<&'static str>,
    run: fn(&mut Args) -> Outcome<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "demo",
        options: "[frames] [--on X.Y,…]",
        about: "Run the demonstration: an Aria program's numbers, or tables (`frames`), go through Python's libraries and back",
        needs: None,
        run: programs::demo,
    },
    Command {
        name: "test",
        options: "[--partners default|all|NAME,…] [--python X.Y] [--only rust|python] [-v] [-- PYTEST-ARGUMENTS]",
        about: "Run the tests: the Rust crates, then the Python package beside its partner libraries",
        needs: None,
        run: test::test,
    },
    Command {
        name: "matrix",
        options: "[-v]",
        about: "Run the default tests on every CPython >= 3.11 found here",
        needs: None,
        run: test::matrix,
    },
    Command {
        name: "bench",
        options: "[exchange|columns|calls] [-- [--quick] [--only TEXT]]",
        about: "Measure exchanges, copies and calls beside bare C and other libraries; writes benches/results",
        needs: Some("benches/exchange.py"),
        run: bench::bench,
    },
    Command {
        name: "lint",
        options: "",
        about: "Check formatting, lints (clippy) and documentation, warnings denied",
        needs: None,
        run: checks::lint,
    },
    Command { name: "fmt", options: "", about: "Format the Rust code", needs: None, run: checks::fmt },
    Command { name: "doc", options: "", about: "Build the documentation", needs: None, run: checks::doc },
    Command {
        name: "header",
        options: "",
        about: "Write the C header and spec/symbols.csv from the functions that the C ABI exports",
        needs: None,
        run: header::header,
    },
    Command {
        name: "miri",
        options: "[-v] [-- TEST-ARGUMENTS]",
        about: "Run the tests of the lower crates, and of the C ABI without Python, under Miri, which finds undefined behaviour",
        needs: None,
        run: checks::miri,
    },
    Command {
        name: "fuzz",
        options: "[-- TEST-ARGUMENTS]",
        about: "Replay the fuzzing corpus, and inputs made from it, on parsers and checkers",
        needs: Some("fuzz/Cargo.toml"),
        run: checks::fuzz,
    },
    Command {
        name: "wasm",
        options: "",
        about: "Build the lower crates for wasm32-unknown-unknown",
        needs: None,
        run: checks::wasm,
    },
];

impl Command {
    fn exists(&self) -> bool {
        self.needs.is_none_or(|file| tools::root().join(file).exists())
    }
}

fn main() -> ExitCode {
    let mut args = Args::new(std::env::args().skip(1));
    let Some(name) = args.command() else {
        list();
        return ExitCode::SUCCESS;
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name && command.exists()) else {
        eprintln!("error: there is no command `{name}`\n");
        list();
        return ExitCode::from(2);
    };
    if args.flag(&["-h", "--help"]) {
        println!("{}\n\n  cargo xtask {} {}", command.about, command.name, command.options);
        return ExitCode::SUCCESS;
    }
    match (command.run)(&mut args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                eprintln!("error: {text}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Prints what can be typed.
fn list() {
    println!("The project's commands: cargo xtask COMMAND\n");
    for command in COMMANDS.iter().filter(|command| command.exists()) {
        println!("  {:<8}{}", command.name, command.about);
        if !command.options.is_empty() {
            println!("  {:<8}{}", "", command.options);
        }
    }
}
