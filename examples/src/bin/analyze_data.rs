//! The milestone program against the runtime crate: what `analyze_data.aria` is, in Rust.

use aria_array_runtime::prelude::*;
use std::error::Error;

/// `Array.from(x)` where the program says `Array<Float>`: Python's own memory, never a copy.
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
    array_from(&model.call_method("predict", Args::new().arg(&column))?)
}

fn program() -> Result<(), PyError> {
    let pd = PyObject::import("pandas")?;
    let metrics = PyObject::import("sklearn.metrics")?;
    let folder = PyObject::import("sklearn.datasets.data")?.getattr("__path__")?.getitem(0)?.str()?;
    let read = |file: &str, args: Args| {
        pd.call_method("read_csv", args.arg(format!("{folder}/{file}.csv.gz")).kw("header", ()))
    };
    let patients = read("diabetes_data_raw", Args::new().kw("sep", " "))?;
    let progress = read("diabetes_target", Args::new())?;
    let (data, targets) = (array_from(&patients.getitem(2)?)?, array_from(&progress.getitem(0)?)?);
    let predictions = analyze_data(&data, &targets)?;
    let r2 = metrics.call_method("r2_score", Args::new().arg(&targets).arg(&predictions))?;
    println!("{}", r2.to_float()?);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::start(&Config::from_env())?;
    program().map_err(|error| error.render().to_owned())?;
    runtime.end()?;
    Ok(())
}
