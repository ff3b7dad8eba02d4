//! The milestone program, `examples/analyze_data.aria`, run as it is: on real data, through the runtime, with every hop
//! shown.
//!
//! `mini-aria` interprets it; `check` compares with the same program in plain Python and times both. The program fails
//! if a hop that must share memory copied, if a result differs in the last bit, or if anything is still alive at the
//! end.

mod check;
mod program;

use aria_array_examples::show::{self, Failure};
use std::process::ExitCode;

fn main() -> ExitCode {
    let shown = run();
    if let Err(error) = &shown {
        eprintln!("\ndemo: {error}");
    }
    if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run() -> Result<(), Failure> {
    let interpreter = program::interpreter();
    let runtime = interpreter.python()?;
    show::title("Python", &runtime.report().to_string());
    show::title(
        "The program",
        "examples/analyze_data.aria: each line as it runs, the interpreter's calls of the runtime, the arrays that cross.",
    );
    let results = program::run(&interpreter)?;
    show::title("Results", "");
    check::same_as_python(runtime, &results)?;
    let times = check::times(&interpreter, &results)?;
    drop(results);
    show::title("Ledger", "");
    show::ledger(&runtime.ledger())?;
    show::title("Time", &times);
    interpreter.end()?;
    Ok(())
}
