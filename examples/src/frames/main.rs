//! `frames.aria`: a column of a pandas frame, held by an Aria program as an array, in the column's own memory.
//!
//! The part of `cargo xtask demo frames` that runs through the runtime; `examples/frames.py` has the other libraries.
//! The program fails if memory was copied, if a value differs, or if anything is still alive at the end.

use aria_array_examples::show::{self, Failure, Hop, Lines};
use aria_array_runtime::prelude::*;
use std::process::ExitCode;

fn main() -> ExitCode {
    let shown = run();
    if let Err(error) = &shown {
        eprintln!("\nframes: {error}");
    }
    if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run() -> Result<(), Failure> {
    let runtime = Runtime::start(&Config::from_env())?;
    show::title("Python", &runtime.report().to_string());
    show::title("The program", "Each Aria line, the runtime calls that it lowers to, and the arrays that cross.");
    program(&runtime)?;
    show::title("Ledger", "");
    show::ledger(&runtime.ledger())?;
    runtime.end()?;
    Ok(())
}

/// `Array.from(x)`, where the program says `Array<Float>`: never a copy.
fn array_from(object: &PyObject) -> Result<Array, PyError> {
    let request = Request::new().dtype(DType::F64).ndim(1).copy(CopyPolicy::Never);
    Ok(Array::from_py(object, &request)?.0)
}

/// `fn main`, with every line and every hop shown.
fn program(runtime: &Runtime) -> Result<(), Failure> {
    let lines = Lines::new(include_str!("../../frames.aria"), runtime);
    let np = lines.import("extern Python from numpy as np", "numpy")?;
    let pd = lines.import("extern Python from pandas as pd", "pandas")?;

    // The file lies inside scikit-learn, wherever that is installed.
    let folder = PyObject::import("sklearn.datasets.data")?.getattr("__path__")?.getitem(0)?.str()?;
    let path = format!("{folder}/wine_data.csv");
    let wines = lines.step(
        "wines = pd.read_csv(",
        "wines = pd.call_method(\"read_csv\", [path], skiprows: 1, header: None)",
        Hop::None,
        || pd.call_method("read_csv", Args::new().arg(&path).kw("skiprows", 1).kw("header", ())),
    )?;
    let alcohol = lines.step(
        "alcohol: Array<Float> =",
        "alcohol = Array::from_py(wines.getitem(0), {float64, 1-d, copy: never})",
        Hop::View(1),
        || array_from(&wines.getitem(0)?),
    )?;
    let column = lines.step(
        "column = pd.Series(",
        "column = pd.call_method(\"Series\", [np.call_method(\"asarray\", [alcohol])], copy: False)",
        Hop::View(1),
        || {
            let values = np.call_method("asarray", Args::new().arg(&alcohol))?;
            pd.call_method("Series", Args::new().arg(&values).kw("copy", false))
        },
    )?;
    let again = lines.step(
        "again: Array<Float> =",
        "again = Array::from_py(column, {float64, 1-d, copy: never})",
        Hop::View(1),
        || array_from(&column),
    )?;
    lines.show("println(again == alcohol)", "a comparison of Aria's own");

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
