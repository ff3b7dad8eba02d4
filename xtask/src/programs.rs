//! Programs to watch: the demonstrations.

use crate::args::Args;
use crate::env::{Env, Packages};
use crate::tools::{Doing, Failure, Outcome, cargo, heading, root, shown, step};
use crate::wheel;

/// `cargo xtask demo [frames]`.
pub(crate) fn demo(args: &mut Args) -> Outcome<()> {
    let which = args.command();
    args.none(true)?;
    match which.as_deref() {
        None => milestone(&args.rest),
        Some("frames") => frames(&args.rest),
        Some(other) => {
            Err(Failure::new(format!("expected `frames` or nothing after `cargo xtask demo` but found `{other}`")))
        }
    }
}

/// The milestone program.
fn milestone(rest: &[String]) -> Outcome<()> {
    let env = Env::ready(Packages::Default, None)?;
    wheel::install(&env)?;
    example(&env, "demo", rest)
}

/// Tables through five libraries, then a column in an Aria program.
fn frames(rest: &[String]) -> Outcome<()> {
    let env = Env::ready(Packages::Frames, None)?;
    wheel::install(&env)?;
    heading("running it (its source: examples/frames.py)");
    succeed(env.program(env.interpreter()).arg(root().join("examples/frames.py")).args(rest))?;
    example(&env, "frames", rest)
}

/// Builds and runs a program of `examples/`.
fn example(env: &Env, name: &str, rest: &[String]) -> Outcome<()> {
    let select = ["--release", "--package", "aria-array-examples", "--bin", name];
    step("building the demonstration (a minute the first time)")
        .run(env.enter(cargo()).arg("build").args(select), "The message stands above.")?;
    heading(format_args!("running it (its source: examples/src/{name})"));
    let mut program = env.enter(cargo());
    program.arg("run").arg("--quiet").args(select).arg("--").args(rest);
    succeed(&mut program)
}

/// Runs a program whose output is the point.
pub(crate) fn succeed(command: &mut std::process::Command) -> Outcome<()> {
    let status = command.status().doing(|| format!("starting {}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{} ({status})", shown(command)))) }
}
