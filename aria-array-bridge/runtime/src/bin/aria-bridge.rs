//! `aria-bridge doctor`: prints which Python an Aria program would run, and what looks wrong.

use aria_array_runtime::{Config, Runtime};
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("doctor") => doctor(),
        _ => {
            eprintln!("usage: aria-bridge doctor    which Python runs, and what looks wrong; exit 1 if anything does");
            ExitCode::from(2)
        }
    }
}

fn doctor() -> ExitCode {
    let runtime = match Runtime::start(&Config::from_env()) {
        Ok(runtime) => runtime,
        Err(error) => {
            println!("wrong      {error}");
            return ExitCode::FAILURE;
        }
    };
    let report = runtime.report();
    println!("{report}");
    match runtime.end() {
        Ok(()) if report.problems.is_empty() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            println!("wrong      {error}");
            ExitCode::FAILURE
        }
    }
}
