//! The tests: cargo's for the crates, pytest's for the package beside its partner libraries.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Instant, SystemTime};

use crate::args::Args;
use crate::env::{Env, Packages};
use crate::python;
use crate::tally::{CargoTest, Pytest, Show, Tally};
use crate::tools::{Doing, Failure, Outcome, cargo, heading, lines, quiet, root, shown, span, step};
use crate::wheel;

/// The crates whose tests start a Python interpreter: run again for each.
const WITH_PYTHON: &[&str] = &["aria-array-runtime", "aria-array-capi", "mini-aria"];

/// What to test.
struct Plan {
    /// What pytest selects: `default`, `all`, or names of partners.
    partners: String,
    /// Another interpreter than the one at hand.
    python: Option<String>,
    rust: bool,
    package: bool,
    verbose: bool,
    pytest: Vec<String>,
}

/// `cargo xtask test`.
pub(crate) fn test(args: &mut Args) -> Outcome<()> {
    let partners = args.value("--partners")?.unwrap_or_else(|| "default".to_owned());
    let python = args.value("--python")?;
    let only = args.value("--only")?;
    let verbose = args.flag(&["-v", "--verbose"]);
    args.finish()?;
    let (rust, package) = match only.as_deref() {
        None => (true, true),
        Some("rust") => (true, false),
        Some("python") => (false, true),
        Some(other) => {
            return Err(Failure::new(format!("expected `--only rust` or `--only python` but found `{other}`")));
        }
    };
    let plan = Plan { partners, python, rust, package, verbose, pytest: args.rest.clone() };
    let start = Instant::now();
    let sum = run(&plan)?;
    close(sum, start)
}

/// `cargo xtask matrix`.
pub(crate) fn matrix(args: &mut Args) -> Outcome<()> {
    let verbose = args.flag(&["-v", "--verbose"]);
    args.none(false)?;
    let start = Instant::now();
    let mut sum = Tally::default();
    let mut table = Vec::new();
    let mut first = None;
    let found = python::all();
    if found.is_empty() {
        // Says of each interpreter why it does not fit.
        python::at_hand()?;
    }
    for python in found {
        let plan = Plan {
            partners: "default".to_owned(),
            python: Some(format!("{}.{}", python.version.0, python.version.1)),
            rust: true,
            package: true,
            verbose,
            pytest: Vec::new(),
        };
        let tally = run(&plan).unwrap_or_else(|failure| {
            eprintln!("error: {}", failure.text().unwrap_or("see above"));
            Tally { failed: 1, ..Tally::default() }
        });
        table.push(format!("  {python}: {} passed, {} failed", tally.passed, tally.failed));
        sum += tally;
        let built = programs(&plan)?;
        if first.get_or_insert_with(|| built.clone()) == &built {
            sum.passed += 1;
        } else {
            table.push(format!("  error: the programs for {python} were built anew: one has to do for all"));
            sum.failed += 1;
        }
    }
    heading("every interpreter found:");
    println!("{}", table.join("\n"));
    close(sum, start)
}

/// Prints the sum as the last line.
pub(crate) fn close(sum: Tally, start: Instant) -> Outcome<()> {
    if sum.skipped > 0 {
        println!("• {} ignored or failing as expected: each says why where it stands", sum.skipped);
    }
    println!("• all tests took {}", span(start.elapsed().as_secs()));
    println!("{} passed, {} failed", sum.passed, sum.failed);
    if sum.failed == 0 { Ok(()) } else { Err(Failure::shown()) }
}

/// Makes everything ready and runs the plan.
fn run(plan: &Plan) -> Outcome<Tally> {
    // One partner beyond the default set needs the environment that has them all.
    let default = ["default", "stdlib", "numpy", "pandas", "sklearn"];
    let packages = if plan.partners.split(',').all(|partner| default.contains(&partner)) {
        Packages::Default
    } else {
        Packages::All
    };
    let env = Env::ready(packages, plan.python.as_deref())?;
    let mut sum = Tally::default();
    match wheel::install(&env) {
        Ok(()) => {}
        Err(failure) => {
            // The crates may still pass their tests; the sum must tell that the wheel did not.
            eprintln!("error: {}", failure.text().unwrap_or("the wheel is not there"));
            sum.failed += 1;
            if plan.rust && plan.python.is_none() {
                sum += rust(plan, &env)?;
            }
            return Ok(sum);
        }
    }
    if plan.rust {
        sum += rust(plan, &env)?;
    }
    if plan.package {
        sum += package(plan, &env)?;
    }
    Ok(sum)
}

/// `cargo test` of all crates, or of those that start Python where another interpreter than the one at hand is meant.
fn cargo_test(plan: &Plan, env: &Env) -> Command {
    let mut test = env.enter(cargo());
    test.arg("test");
    match plan.python {
        Some(_) => test.args(WITH_PYTHON.iter().flat_map(|name| ["--package", name])),
        None => test.arg("--workspace"),
    };
    test.arg("--no-fail-fast");
    test
}

/// The programs that the crates' tests are, and when each was built.
fn programs(plan: &Plan) -> Outcome<Vec<(PathBuf, SystemTime)>> {
    let env = Env::ready(Packages::Default, plan.python.as_deref())?;
    let said = quiet(cargo_test(plan, &env).arg("--no-run")).doing(|| "asking for the tests' programs".to_owned())?;
    let named = said.output.lines().filter(|line| line.trim_start().starts_with("Executable"));
    let path = |line: &str| root().join(line.rsplit_once('(').map_or("", |(_, path)| path.trim_end_matches(')')));
    let mut found = Vec::new();
    for path in named.map(path) {
        let built =
            path.metadata().and_then(|data| data.modified()).doing(|| format!("looking at {}", path.display()))?;
        found.push((path, built));
    }
    if found.is_empty() {
        return Err(Failure::new(format!("expected the tests' programs but cargo says: {}", said.output.trim())));
    }
    Ok(found)
}

fn rust(plan: &Plan, env: &Env) -> Outcome<Tally> {
    let test = cargo_test(plan, env);
    let what = match plan.python {
        Some(_) => format!("testing the crates that start Python, with {}", env.python),
        None => "testing the Rust crates".to_owned(),
    };
    // Built first, so that building and testing are told apart.
    let step = step("building the tests (a minute or two the first time)");
    if let Err(failure) = step.run(again(&test).arg("--no-run"), "The compiler's message stands above.") {
        eprintln!("error: {}", failure.text().unwrap_or("the tests do not build"));
        return Ok(Tally { failed: 1, ..Tally::default() });
    }
    let mut test = again(&test);
    heading(what);
    watch(&mut test, plan.verbose)
}

/// Runs a `cargo test`, shows of it what is worth a look, and counts.
pub(crate) fn watch(test: &mut Command, verbose: bool) -> Outcome<Tally> {
    let mut reader = CargoTest::default();
    let status = lines(test, |line| match reader.line(line) {
        _ if verbose => println!("{line}"),
        Show::Hide => {}
        Show::Keep => println!("{line}"),
        Show::Instead(text) => println!("{text}"),
    });
    let status = status.doing(|| format!("running {}", shown(test)))?;
    let (last, tally) = reader.finish(status.success());
    for line in last {
        println!("{line}");
    }
    Ok(tally)
}

/// The same command once more.
fn again(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        copy.current_dir(dir);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => copy.env(name, value),
            None => copy.env_remove(name),
        };
    }
    copy.stdin(std::process::Stdio::null());
    copy
}

fn package(plan: &Plan, env: &Env) -> Outcome<Tally> {
    let mut pytest = env.program(env.interpreter());
    pytest.args(["-m", "pytest", "--no-header", "--partners", &plan.partners]);
    if std::io::stdout().is_terminal() {
        pytest.arg("--color=yes");
    }
    pytest.args(&plan.pytest);
    // Arguments may name the files to run; options alone do not.
    if !plan.pytest.iter().any(|arg| root().join(arg.split("::").next().unwrap_or(arg)).exists()) {
        pytest.arg("tests/python");
    }
    let partners = match plan.partners.as_str() {
        "default" => "NumPy, pandas, scikit-learn",
        "all" => "every partner library",
        names => names,
    };
    heading(format_args!("testing the Python package with {}: {partners}", env.python));
    let mut reader = Pytest::default();
    let status = lines(&mut pytest, |line| {
        println!("{line}");
        reader.line(line);
    });
    let status = status.doing(|| format!("running {}", shown(&pytest)))?;
    Ok(reader.finish(status.success()))
}
