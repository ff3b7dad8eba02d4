//! Programs to watch: the demonstrations.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::args::Args;
use crate::env::{Env, Packages};
use crate::tally::Tally;
use crate::test::close;
use crate::tools::{Doing, Failure, Outcome, cargo, heading, root, shown, step, target};
use crate::wheel;

/// `cargo xtask demo [frames]`.
pub(crate) fn demo(args: &mut Args) -> Outcome<()> {
    let which = args.command();
    if let Some(versions) = args.value("--on")? {
        args.none(false)?;
        return on_each(&versions);
    }
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
    example(&ready(None)?, "demo", rest)
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
    build(env, name)?;
    let source = if name == "demo" { "analyze_data.aria" } else { "frames.aria" };
    heading(format_args!("running it (its source: examples/{source})"));
    let mut program = env.enter(cargo());
    program.arg("run").arg("--quiet").args(select(name)).arg("--").args(rest);
    succeed(&mut program)
}

/// Which program of `examples/` cargo builds.
fn select(name: &str) -> [&str; 5] {
    ["--release", "--package", "aria-array-examples", "--bin", name]
}

fn build(env: &Env, name: &str) -> Outcome<()> {
    step("building the demonstration (a minute the first time)")
        .run(env.enter(cargo()).arg("build").args(select(name)), "The message stands above.")
}

/// The environment in which the milestone runs.
fn ready(python: Option<&str>) -> Outcome<Env> {
    let env = Env::ready(Packages::Default, python)?;
    wheel::install(&env)?;
    Ok(env)
}

/// Runs one file of the demonstration with each interpreter, told apart by `VIRTUAL_ENV` alone (rule R1).
fn on_each(versions: &str) -> Outcome<()> {
    let start = Instant::now();
    build(&ready(None)?, "demo")?;
    let demo = target().join("release").join(format!("demo{}", std::env::consts::EXE_SUFFIX));
    let bytes = || fs::read(&demo).doing(|| format!("reading {}", demo.display()));
    let before = bytes()?;
    let mut sum = Tally::default();
    for version in versions.split(',') {
        match ready(Some(version)).and_then(|env| piped(&demo, &env, version)) {
            Ok(hops) => {
                println!("  {version}: {hops} hops, each a view");
                sum.passed += 1;
            }
            Err(failure) => {
                eprintln!("error: {version}: {}", failure.text().unwrap_or("see above"));
                sum.failed += 1;
            }
        }
    }
    if bytes()? != before {
        return Err(Failure::new(format!("expected one program for all but {} was built anew", demo.display())));
    }
    close(sum, start)
}

/// Runs the program with its output piped, and counts the hops that it shows.
fn piped(demo: &Path, env: &Env, version: &str) -> Outcome<usize> {
    let mut command = Command::new(demo);
    command.env("VIRTUAL_ENV", &env.dir).env_remove("ARIA_PYTHON").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.spawn().doing(|| format!("starting {}", shown(&command)))?;
    let group = child.id();
    let output = child.wait_with_output().doing(|| format!("running {}", shown(&command)))?;
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let failure = |what: String| Failure::new(format!("{what}\n{text}{errors}"));
    if !output.status.success() {
        return Err(failure(format!("expected the demonstration to end well but found {}", output.status)));
    }
    let mut words = text.split_whitespace().skip_while(|word| *word != "python");
    let found = words.nth(1).unwrap_or_default();
    if !format!("{found}.").starts_with(&format!("{version}.")) {
        return Err(failure(format!("expected the demonstration to run on Python {version} but found {found:?}")));
    }
    let hops: Vec<&str> = text.lines().filter(|line| line.ends_with(" bytes copied")).collect();
    let copied = hops.iter().find(|hop| !hop.contains("|     view ") || !hop.ends_with(" 0 bytes copied"));
    if let Some(hop) = copied {
        return Err(failure(format!("expected a view at every hop but found {hop}")));
    }
    if hops.is_empty() {
        return Err(failure("expected the demonstration to show its hops but found none".to_owned()));
    }
    let left = members(group);
    if !left.is_empty() {
        return Err(failure(format!("expected no process to be left but found {}", left.join(", "))));
    }
    Ok(hops.len())
}

/// The processes of a group, where the system lists them under `/proc`.
fn members(group: u32) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let of_group = |stat: &String| {
        // "1 (name) S PARENT GROUP …"; the name may hold anything.
        let after = stat.rsplit_once(") ").map(|(_, rest)| rest);
        after.and_then(|rest| rest.split(' ').nth(2)).is_some_and(|found| found == group.to_string())
    };
    let stats = processes.flatten().filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    stats.filter(of_group).map(|stat| stat.split(" S ").next().unwrap_or_default().to_owned()).collect()
}

/// Runs a program whose output is the point.
pub(crate) fn succeed(command: &mut Command) -> Outcome<()> {
    let status = command.status().doing(|| format!("starting {}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{} ({status})", shown(command)))) }
}
