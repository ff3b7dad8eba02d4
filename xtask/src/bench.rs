//! The benchmarks of `benches/` in an environment of their own, beside bare C and other libraries.

mod native;

use self::native::Builder;
use crate::args::Args;
use crate::env::{Env, Packages};
use crate::programs::succeed;
use crate::tools::{Failure, Outcome, heading, root};
use crate::wheel;

/// A benchmark: its name, and what builds the modules that it needs.
type Bench = (&'static str, fn(&Builder) -> Outcome<()>);

const BENCHES: &[Bench] = &[("exchange", Builder::floor), ("columns", |_| Ok(())), ("calls", Builder::calls)];

/// `cargo xtask bench`.
pub(crate) fn bench(args: &mut Args) -> Outcome<()> {
    let name = args.command();
    args.none(true)?;
    let chosen: Vec<_> = BENCHES.iter().filter(|(bench, _)| name.as_ref().is_none_or(|name| name == bench)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = BENCHES.iter().map(|(name, _)| *name).collect();
        return Err(Failure::new(format!(
            "expected one of {} but found `{}`",
            names.join(", "),
            name.unwrap_or_default()
        )));
    }
    let env = Env::ready(Packages::Bench, None)?;
    wheel::install(&env)?;
    let builder = Builder::new(env)?;
    for (name, build) in chosen {
        build(&builder)?;
        let source = format!("benches/{name}.py");
        heading(format_args!("measuring (its source: {source})"));
        let mut bench = builder.env().program(builder.env().interpreter());
        succeed(bench.arg(root().join(source)).args(&args.rest).env("PYTHONPATH", builder.folder()))?;
    }
    Ok(())
}
