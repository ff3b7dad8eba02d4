//! The same program in plain Python, in the same interpreter: equal to the last bit, and how long both take.

use crate::program::{self, Results, analyze_data, modules};
use aria_array_examples::show::Failure;
use aria_array_runtime::prelude::*;
use std::time::{Duration, Instant};

/// Prints the results beside plain Python's, and fails if one bit differs.
pub(crate) fn same_as_python(runtime: &Runtime, ours: &Results) -> Result<(), Failure> {
    let python = plain_python()?;
    let run = python.getitem("run")?;
    let theirs = run.call(Args::new().arg(&ours.patients_csv).arg(&ours.progress_csv))?;
    let their_coefficients = program::array_from(&theirs.getitem(0)?, 1)?.to_vec::<f64>()?;
    let their_predictions = program::array_from(&theirs.getitem(3)?, 1)?.to_vec::<f64>()?;
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
pub(crate) fn times(_runtime: &Runtime, results: &Results) -> Result<String, Failure> {
    const ROUNDS: usize = 200;
    let m = modules()?;
    let python = plain_python()?;
    let theirs = python.getitem("analyze_data")?;
    let load = python.getitem("load")?;
    let data = load.call(Args::new().arg(&results.patients_csv).arg(&results.progress_csv))?;
    let (x, y) = (data.getitem(0)?, data.getitem(1)?);
    let mut call = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        call[0].push(timed(|| analyze_data(&m, &results.data, &results.targets))?);
        call[1].push(timed(|| theirs.call(Args::new().arg(&x).arg(&y)))?);
    }
    let whole = python.getitem("run")?;
    let mut run = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS / 4 {
        run[0].push(timed(|| {
            let (data, targets) = program::load(&m, &results.patients_csv, &results.progress_csv)?;
            let predictions = analyze_data(&m, &data, &targets)?;
            program::r2(&m, &targets, &predictions)
        })?);
        run[1].push(timed(|| whole.call(Args::new().arg(&results.patients_csv).arg(&results.progress_csv)))?);
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

fn timed<R>(body: impl FnOnce() -> Result<R, PyError>) -> Result<Duration, PyError> {
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
