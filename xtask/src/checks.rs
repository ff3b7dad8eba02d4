//! Checks beside the tests: formatting, lints, documentation, Miri, the fuzzing corpus, and the build without an
//! operating system.

use std::process::Command;
use std::time::Instant;

use crate::args::Args;
use crate::env;
use crate::programs::succeed;
use crate::tally::Tally;
use crate::test::{close, watch};
use crate::tools::{Failure, Outcome, cargo, heading, program, quiet, step, target};

/// The crates that build and test without Python: `-p` each.
const LOWER: [&str; 6] = ["--package", "aria-dlpack", "--package", "aria-arrow", "--package", "aria-array-bridge"];

/// The tests of the C ABI that call it from Rust, as C would: Miri runs no C.
const BORDER: [&str; 3] = ["--package", "aria-array-capi", "--lib"];

/// `cargo xtask lint`.
pub(crate) fn lint(args: &mut Args) -> Outcome<()> {
    args.none(false)?;
    // All three run even if one fails: one look tells everything.
    let mut failed = Vec::new();
    let mut check = |name: &str, done: Outcome<()>| {
        if let Err(failure) = done {
            eprintln!("error: {}", failure.text().unwrap_or(name));
            failed.push(name.to_owned());
        }
    };
    check(
        "formatting",
        step("checking the formatting")
            .run(cargo().args(["fmt", "--all", "--", "--check"]), "`cargo xtask fmt` formats everything."),
    );
    let mut clippy = with_python()?;
    clippy.args(["clippy", "--workspace", "--all-targets", "--keep-going", "--", "--deny", "warnings"]);
    check(
        "lints",
        step("checking the lints")
            .run(&mut clippy, "An exception carries its reason: #[expect(lint, reason = \"…\")]."),
    );
    let mut doc = with_python()?;
    doc.args(["doc", "--workspace", "--no-deps", "--keep-going"]).env("RUSTDOCFLAGS", "--deny warnings");
    check("documentation", step("checking the documentation").run(&mut doc, "Links and headings above."));
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("not clean: {}", failed.join(", ")))) }
}

/// `cargo xtask fmt`.
pub(crate) fn fmt(args: &mut Args) -> Outcome<()> {
    args.none(false)?;
    succeed(cargo().args(["fmt", "--all"]))
}

/// `cargo xtask doc`.
pub(crate) fn doc(args: &mut Args) -> Outcome<()> {
    args.none(false)?;
    let mut doc = with_python()?;
    doc.args(["doc", "--workspace", "--no-deps"]);
    step("building the documentation").run(&mut doc, "The message stands above.")?;
    println!("• it opens at {}", target().join("doc/aria_array_bridge/index.html").display());
    Ok(())
}

/// `cargo xtask miri`.
pub(crate) fn miri(args: &mut Args) -> Outcome<()> {
    let verbose = args.flag(&["-v", "--verbose"]);
    args.none(true)?;
    let start = Instant::now();
    add(
        "Miri",
        nightly().args(["miri", "--version"]),
        &["component", "add", "--toolchain", "nightly", "miri", "rust-src"],
    )?;
    step("preparing Miri")
        .run(nightly().args(["miri", "setup"]), "Miri compiles the standard library from rust-src.")?;
    let mut sum = Tally::default();
    for (what, packages) in [("dlpack, arrow and the bridge", &LOWER[..]), ("the C ABI without Python", &BORDER)] {
        heading(format!("testing {what} under Miri"));
        let mut miri = nightly();
        miri.args(["miri", "test", "--no-fail-fast"]).args(packages).arg("--").args(&args.rest);
        // Isolation would forbid proptest its seed and its file of failed cases; a few cases say enough at this speed.
        let flags = std::env::var("MIRIFLAGS").unwrap_or_default();
        miri.env("MIRIFLAGS", format!("-Zmiri-strict-provenance -Zmiri-disable-isolation {flags}"));
        if std::env::var_os("PROPTEST_CASES").is_none() {
            miri.env("PROPTEST_CASES", "4");
        }
        sum += watch(&mut miri, verbose)?;
    }
    close(sum, start)
}

/// `cargo xtask fuzz`.
pub(crate) fn fuzz(args: &mut Args) -> Outcome<()> {
    args.none(true)?;
    heading("replaying what the fuzzer found and what is made from it");
    let mut replay = cargo();
    replay.args(["test", "--manifest-path", "fuzz/Cargo.toml", "--no-default-features", "--target-dir"]);
    succeed(replay.arg(target().join("fuzz")).arg("--").args(&args.rest))
}

/// `cargo xtask wasm`.
pub(crate) fn wasm(args: &mut Args) -> Outcome<()> {
    args.none(false)?;
    let name = "wasm32-unknown-unknown";
    let mut there = program("sh");
    there.args(["-c", "rustup target list --installed | grep -qx wasm32-unknown-unknown"]);
    add("the standard library for wasm32", &mut there, &["target", "add", name])?;
    step(format_args!("building dlpack, arrow and the bridge for {name}")).run(
        cargo().args(["build", "--target", name]).args(LOWER),
        "These crates use no operating system and no Python.",
    )
}

/// Cargo of the nightly toolchain.
fn nightly() -> Command {
    let mut command = program("rustup");
    command.args(["run", "nightly", "cargo"]).env_remove("RUSTC").env_remove("RUSTDOC").env_remove("CARGO");
    command
}

/// Cargo with the interpreter that PyO3 builds for.
fn with_python() -> Outcome<Command> {
    let mut command = cargo();
    command.env("PYO3_PYTHON", env::building()?.executable);
    Ok(command)
}

/// Adds a part of the toolchain through rustup, unless `test` finds it.
fn add(what: &str, test: &mut Command, rustup: &[&str]) -> Outcome<()> {
    if quiet(test).is_ok_and(|ran| ran.status.success()) {
        return Ok(());
    }
    step(format_args!("installing {what}"))
        .run(program("rustup").args(rustup), &format!("`rustup {}` must succeed first.", rustup.join(" ")))
}
