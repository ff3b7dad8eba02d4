//! The milestone program, as an Aria program runs it: on real data, through the runtime, with every hop shown.
//!
//! `program` has the Aria lines and the runtime calls that they lower to, `check` compares with the same program
//! in plain Python and times both. The program fails if a hop that must share memory copied, if a result
//! differs in the last bit, or if anything is still alive at the end.

mod check;
mod program;

use aria_array_examples::show::{self, Failure};
use aria_array_runtime::prelude::*;
use std::process::ExitCode;

fn main() -> ExitCode {
    let shown = run();
    if let Err(error) = &shown {
        eprintln!("\ndemo: {error}");
    }
    if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run() -> Result<(), Failure> {
    let runtime = Runtime::start(&Config::from_env())?;
    show::title("Python", &runtime.report().to_string());
    show::title("The program", "Each Aria line, the runtime calls that it lowers to, and the arrays that cross.");
    let results = program::main(&runtime)?;
    show::title("Results", "");
    check::same_as_python(&runtime, &results)?;
    let times = check::times(&runtime, &results)?;
    drop(results);
    show::title("Ledger", "");
    show::ledger(&runtime.ledger())?;
    show::title("Time", &times);
    runtime.end()?;
    Ok(())
}
