//! `aria-bridge doctor`: prints which Python an Aria program would run, and what is wrong; `--pairs`: which libraries share
//! memory there.

use aria_array_runtime::{Args, Config, PyError, PyObject, Runtime};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["doctor"] => doctor(false),
        ["doctor", "--pairs"] => doctor(true),
        _ => {
            eprintln!(
                "usage: aria-bridge doctor [--pairs]    which Python runs, and what is wrong; exit 1 if anything is"
            );
            eprintln!(
                "       --pairs                         which libraries share memory with which; imports them all"
            );
            ExitCode::from(2)
        }
    }
}

fn doctor(with_pairs: bool) -> ExitCode {
    let runtime = match Runtime::start(&Config::from_env()) {
        Ok(runtime) => runtime,
        Err(error) => {
            println!("wrong      {error}");
            return ExitCode::FAILURE;
        }
    };
    let report = runtime.report();
    println!("{report}");
    if with_pairs && let Err(error) = pairs() {
        println!("wrong      the libraries were not tried: {error}");
        return ExitCode::FAILURE;
    }
    match runtime.end() {
        Ok(()) if report.problems.is_empty() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            println!("wrong      {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the package's table of libraries.
fn pairs() -> Result<(), PyError> {
    let table = PyObject::import("aria_array_bridge._pairs")?.call_method("pairs", Args::new())?;
    println!("{}", table.str()?);
    Ok(())
}
