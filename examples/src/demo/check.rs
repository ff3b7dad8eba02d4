//! The same program in plain Python, in the same interpreter: equal to the last bit, and how long both take.

use crate::program::{Results, array_from};
use aria_array_examples::show::Failure;
use aria_array_runtime::prelude::*;
use core::cell::RefCell;
use mini_aria::{Interpreter, Value};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Prints the results beside plain Python's, and fails if one bit differs.
pub(crate) fn same_as_python(runtime: &Runtime, ours: &Results) -> Result<(), Failure> {
    let python = plain_python()?;
    let run = python.getitem("run")?;
    let theirs = run.call(files(ours))?;
    let their_coefficients = array_from(&theirs.getitem(0)?)?.to_vec::<f64>()?;
    let their_predictions = array_from(&theirs.getitem(3)?)?.to_vec::<f64>()?;
    let (intercept, r2) = (theirs.getitem(1)?.to_float()?, theirs.getitem(2)?.to_float()?);
    runtime.drain();

    let coefficients = ours.coefficients.to_vec::<f64>()?;
    let predictions = ours.predictions.to_vec::<f64>()?;
    println!("                 through the runtime     plain Python");
    let pairs = [
        ("coefficient", coefficients.as_slice(), their_coefficients.as_slice()),
        ("intercept", &[ours.intercept], &[intercept]),
        ("R squared", &[ours.r2], &[r2]),
        ("predictions", &predictions, &their_predictions),
    ];
    for (name, ours, theirs) in pairs {
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        if bits(ours) != bits(theirs) {
            return Err(Failure::Broken(format!("expected {name} {theirs:?} but found {ours:?}")));
        }
        match (ours, theirs) {
            ([one], [other]) => println!("  {name:<14} {one:<23} {other:<23} equal to the last bit"),
            _ => println!("  {name:<14} {:<47} equal to the last bit", format!("{} values", ours.len())),
        }
    }
    Ok(())
}

/// The time of `analyze_data` and of the whole program, through the runtime and in plain Python.
pub(crate) fn times(interpreter: &Interpreter, results: &Results) -> Result<String, Failure> {
    const ROUNDS: usize = 200;
    let python = plain_python()?;
    let theirs = python.getitem("analyze_data")?;
    let load = python.getitem("load")?;
    let data = load.call(files(results))?;
    let (x, y) = (data.getitem(0)?, data.getitem(1)?);
    let ours = [&results.data, &results.targets].map(|array| Value::Array(Rc::new(RefCell::new(array.clone()))));
    let mut call = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        call[0].push(timed(|| interpreter.call("analyze_data", &ours))?);
        call[1].push(timed(|| theirs.call(Args::new().arg(&x).arg(&y)))?);
    }
    let whole = python.getitem("run")?;
    let mut run = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS / 4 {
        run[0].push(timed(|| interpreter.call("main", &[]))?);
        run[1].push(timed(|| whole.call(files(results)))?);
    }
    let row = |name: &str, times: &[Vec<Duration>; 2]| {
        let [ours, theirs] = times;
        format!("  {name:<22} {:>10.1?}  {:>10.1?}", fastest(ours), fastest(theirs))
    };
    Ok(format!(
        "                            runtime      Python   (fastest)\n{}\n{}",
        row("analyze_data", &call),
        row("with reading the files", &run)
    ))
}

/// The files that `run` of `analyze_data.py` reads.
fn files(results: &Results) -> Args {
    let path = |name: &str| format!("{}/{name}", results.folder);
    Args::new().arg(path("diabetes_data_raw.csv.gz")).arg(path("diabetes_target.csv.gz"))
}

fn timed<R, E>(body: impl FnOnce() -> Result<R, E>) -> Result<Duration, E> {
    let start = Instant::now();
    let result = body()?;
    let time = start.elapsed();
    drop(result);
    Ok(time)
}

/// The fastest round: what the program needs when nothing else wants the machine or Python's collector.
fn fastest(times: &[Duration]) -> Duration {
    times.iter().min().copied().unwrap_or_default()
}

/// The namespace of `analyze_data.py`.
fn plain_python() -> Result<PyObject, PyError> {
    let runpy = PyObject::import("builtins")?;
    let namespace = runpy.call_method("dict", Args::new())?;
    runpy.call_method("exec", Args::new().arg(include_str!("../../analyze_data.py")).arg(&namespace))?;
    Ok(namespace)
}
