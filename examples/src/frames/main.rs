//! `frames.aria`: a column of a pandas frame, held by an Aria program as an array, in the column's own memory; and what
//! scikit-learn predicts of three files' columns, held so too, as a column of each frame.
//!
//! The part of `cargo xtask demo frames` that runs through the runtime; `examples/frames.py` has the other libraries.
//! The program fails if memory was copied, if a value differs, or if anything is still alive at the end.

use aria_array_examples::show::{self, Failure, Shown};
use aria_array_runtime::prelude::*;
use mini_aria::Interpreter;
use std::process::ExitCode;
use std::rc::Rc;

fn main() -> ExitCode {
    let shown = run();
    if let Err(error) = &shown {
        eprintln!("\nframes: {error}");
    }
    if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run() -> Result<(), Failure> {
    let interpreter = Interpreter::new("examples/frames.aria");
    let runtime = interpreter.python()?;
    show::title("Python", &runtime.report().to_string());
    show::title("The program", "Each line as it runs, the interpreter's calls of the runtime, the arrays that cross.");
    program(&interpreter)?;
    show::title("Ledger", "");
    show::ledger(&runtime.ledger())?;
    interpreter.end()?;
    Ok(())
}

/// Runs the program with every line and every hop shown.
fn program(interpreter: &Interpreter) -> Result<(), Failure> {
    let shown = Rc::new(Shown::default());
    interpreter.watch(Some(shown.clone()));
    interpreter.run(include_str!("../../frames.aria"))?;
    interpreter.watch(None);
    let columns = [("alcohol: Array<Float> =", 1), ("column = pd.Series(", 1), ("again: Array<Float> =", 1)];
    // One of each file, into the program and back as a column.
    let predictions = [("predicted: Array<Float> =", 3), ("frame.assign(", 3)];
    shown.all_shared(&[columns.as_slice(), &predictions].concat())?;
    let (wines, alcohol, again) = (shown.object("wines")?, shown.array("alcohol")?, shown.array("again")?);

    let first = wines.getitem(0)?.call_method("to_numpy", Args::new())?.getattr("ctypes")?.getattr("data")?.to_int()?;
    let addresses = [u64::try_from(first).unwrap_or_default(), alcohol.address() as u64, again.address() as u64];
    show::title("Results", "");
    let [pandas, ours, back] = addresses;
    println!("  pandas says {pandas:#x}, the array lies at {ours:#x}, and comes back at {back:#x}");
    if addresses != [pandas; 3] {
        return Err(Failure::Broken("expected one address but found several".to_owned()));
    }
    let (values, others) = (alcohol.to_vec::<f64>()?, again.to_vec::<f64>()?);
    let listed = wines.getitem(0)?.call_method("sum", Args::new())?.to_float()?;
    let sum: f64 = values.iter().sum();
    println!("  {} values, the same both times; their sum is {sum:.2}, {listed:.2} as pandas has it", values.len());
    if values != others || (sum - listed).abs() > 1e-9 * listed.abs() {
        return Err(Failure::Broken("expected pandas' values but found others".to_owned()));
    }
    Ok(())
}
