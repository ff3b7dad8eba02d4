//! `analyze_data.aria` in Rust: the calls of the runtime that a compiler would make of it.

use aria_array_runtime::prelude::*;
use std::error::Error;

/// `Array.from(x)`, where the program says `Array<Float>`: never a copy.
fn array_from(object: &PyObject) -> Result<Array, PyError> {
    let request = Request::new().dtype(DType::F64).ndim(1).copy(CopyPolicy::Never);
    Ok(Array::from_py(object, &request)?.0)
}

fn analyze_data(data: &Array, targets: &Array) -> Result<Array, PyError> {
    let np = PyObject::import("numpy")?;
    let lm = PyObject::import("sklearn.linear_model")?;
    let arr = np.call_method("asarray", Args::new().arg(data))?;
    let model = lm.call_method("LinearRegression", Args::new())?;
    let column = arr.call_method("reshape", Args::new().arg(-1).arg(1))?;
    model.call_method("fit", Args::new().arg(&column).arg(targets))?;
    let column = arr.call_method("reshape", Args::new().arg(-1).arg(1))?;
    array_from(&model.call_method("predict", Args::new().arg(&column))?)
}

fn program() -> Result<(), PyError> {
    let pd = PyObject::import("pandas")?;
    let metrics = PyObject::import("sklearn.metrics")?;
    let folder = PyObject::import("sklearn.datasets.data")?.getattr("__path__")?.getitem(0)?.str()?;
    let read =
        |name: &str, args: Args| pd.call_method("read_csv", args.arg(format!("{folder}/{name}")).kw("header", ()));
    let patients = read("diabetes_data_raw.csv.gz", Args::new().kw("sep", " "))?;
    let progress = read("diabetes_target.csv.gz", Args::new())?;
    let data = array_from(&patients.getitem(2)?)?;
    let targets = array_from(&progress.getitem(0)?)?;
    let predictions = analyze_data(&data, &targets)?;
    println!("{}", metrics.call_method("r2_score", Args::new().arg(&targets).arg(&predictions))?.str()?);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::start(&Config::from_env())?;
    if let Err(error) = program() {
        eprint!("{}", error.render());
        runtime.end()?;
        return Err("the program failed".into());
    }
    runtime.end()?;
    Ok(())
}
