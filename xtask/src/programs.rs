//! Programs to watch: the demonstration.

use crate::args::Args;
use crate::env::{Env, Packages};
use crate::tools::{Doing, Failure, Outcome, cargo, heading, shown, step};
use crate::wheel;

/// `cargo xtask demo`.
pub(crate) fn demo(args: &mut Args) -> Outcome<()> {
    args.none(true)?;
    let env = Env::ready(Packages::Default, None)?;
    wheel::install(&env)?;
    let select = ["--release", "--package", "aria-array-examples", "--bin", "demo"];
    step("building the demonstration (a minute the first time)")
        .run(env.enter(cargo()).arg("build").args(select), "The message stands above.")?;
    heading("running it (its source: examples/src/demo)");
    let mut demo = env.enter(cargo());
    demo.arg("run").arg("--quiet").args(select).arg("--").args(&args.rest);
    succeed(&mut demo)
}

/// Runs a program whose output is the point.
pub(crate) fn succeed(command: &mut std::process::Command) -> Outcome<()> {
    let status = command.status().doing(|| format!("starting {}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{} ({status})", shown(command)))) }
}
