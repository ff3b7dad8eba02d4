//! The benchmarks of `benches/` in an environment of their own, beside bare C and other libraries.

use std::path::PathBuf;
use std::process::Command;

use crate::args::Args;
use crate::env::{Env, Packages};
use crate::programs::succeed;
use crate::tools::{Doing, Failure, Outcome, heading, program, quiet, root, step, target};
use crate::wheel;

/// `cargo xtask bench`.
pub(crate) fn bench(args: &mut Args) -> Outcome<()> {
    args.none(true)?;
    let env = Env::ready(Packages::Bench, None)?;
    wheel::install(&env)?;
    let floor = floor(&env)?;
    for source in ["benches/exchange.py", "benches/columns.py"] {
        heading(format_args!("measuring (its source: {source})"));
        let mut bench = env.program(env.interpreter());
        succeed(bench.arg(root().join(source)).args(&args.rest).env("PYTHONPATH", &floor))?;
    }
    Ok(())
}

/// Builds the bare C extension; the folder it lies in.
fn floor(env: &Env) -> Outcome<PathBuf> {
    let ask = "import numpy, sysconfig; print(sysconfig.get_path('include')); print(numpy.get_include())";
    let asked = quiet(env.program(env.interpreter()).args(["-c", ask])).doing(|| "asking for headers".to_owned())?;
    if !asked.status.success() {
        return Err(Failure::new(format!("asking for headers: {}", asked.output.trim())));
    }
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder).doing(|| format!("making {}", folder.display()))?;
    let mut compile: Command = program(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compile.args(["-O3", "-fPIC", "-shared"]);
    compile.args(asked.output.lines().map(|folder| format!("-I{folder}")));
    compile.arg(root().join("benches/floor.c")).arg("-o").arg(folder.join("floor.so"));
    step("building the bare C extension")
        .run(&mut compile, "It needs a C compiler and Python's headers (on Debian: apt install gcc python3-dev).")?;
    Ok(folder)
}
