//! `analyze_data.aria`, line by line, as a compiler or an interpreter would lower it.

use aria_array_examples::show::{Failure, Hop, Lines};
use aria_array_runtime::prelude::*;

/// What the program computed, and what it computed it from.
pub(crate) struct Results {
    pub(crate) data: Array,
    pub(crate) targets: Array,
    pub(crate) predictions: Array,
    pub(crate) coefficients: Array,
    pub(crate) intercept: f64,
    pub(crate) r2: f64,
    pub(crate) patients_csv: String,
    pub(crate) progress_csv: String,
}

/// The modules of the `extern Python` lines.
pub(crate) struct Modules {
    np: PyObject,
    pd: PyObject,
    lm: PyObject,
    metrics: PyObject,
}

/// Imports them, without a word.
pub(crate) fn modules() -> Result<Modules, PyError> {
    Ok(Modules {
        np: PyObject::import("numpy")?,
        pd: PyObject::import("pandas")?,
        lm: PyObject::import("sklearn.linear_model")?,
        metrics: PyObject::import("sklearn.metrics")?,
    })
}

/// `Array.from(x)`, where the program says `Array<Float>`: never a copy.
pub(crate) fn array_from(object: &PyObject, ndim: usize) -> Result<Array, PyError> {
    let request = Request::new().dtype(DType::F64).ndim(ndim).copy(CopyPolicy::Never);
    Ok(Array::from_py(object, &request)?.0)
}

/// `fn analyze_data`, without a word: what is timed.
pub(crate) fn analyze_data(m: &Modules, data: &Array, targets: &Array) -> Result<Array, PyError> {
    let arr = m.np.call_method("asarray", Args::new().arg(data))?;
    let model = m.lm.call_method("LinearRegression", Args::new())?;
    let column = arr.call_method("reshape", Args::new().arg(-1).arg(1))?;
    model.call_method("fit", Args::new().arg(&column).arg(targets))?;
    let column = arr.call_method("reshape", Args::new().arg(-1).arg(1))?;
    array_from(&model.call_method("predict", Args::new().arg(&column))?, 1)
}

/// `fn main`, with every line and every hop shown.
pub(crate) fn main(runtime: &Runtime) -> Result<Results, Failure> {
    let lines = Lines::new(include_str!("../../analyze_data.aria"), runtime);

    let np = lines.import("extern Python from numpy as np", "numpy")?;
    let pd = lines.import("extern Python from pandas as pd", "pandas")?;
    let lm = lines.import("extern Python from sklearn.linear_model as lm", "sklearn.linear_model")?;
    let metrics = lines.import("extern Python from sklearn.metrics as metrics", "sklearn.metrics")?;

    // The files lie inside scikit-learn, wherever that is installed.
    let folder = PyObject::import("sklearn.datasets.data")?.getattr("__path__")?.getitem(0)?.str()?;
    let path = |name: &str| format!("{folder}/{name}");
    let (patients_csv, progress_csv) = (path("diabetes_data_raw.csv.gz"), path("diabetes_target.csv.gz"));

    let patients = lines.step(
        "patients = pd.read_csv(",
        "patients = pd.call_method(\"read_csv\", [path], sep: \" \", header: None)",
        Hop::None,
        || pd.call_method("read_csv", Args::new().arg(&patients_csv).kw("sep", " ").kw("header", ())),
    )?;
    let progress = lines.step(
        "progress = pd.read_csv(",
        "progress = pd.call_method(\"read_csv\", [path], header: None)",
        Hop::None,
        || pd.call_method("read_csv", Args::new().arg(&progress_csv).kw("header", ())),
    )?;
    let data = lines.step(
        "data: Array<Float> =",
        "data = Array::from_py(patients.getitem(2), {float64, 1-d, copy: never})",
        Hop::View(1),
        || array_from(&patients.getitem(2)?, 1),
    )?;
    let targets = lines.step(
        "targets: Array<Float> =",
        "targets = Array::from_py(progress.getitem(0), {float64, 1-d, copy: never})",
        Hop::View(1),
        || array_from(&progress.getitem(0)?, 1),
    )?;
    lines.show("predictions = analyze_data(", "a call between Aria functions");

    let arr =
        lines.step("arr = np.asarray(data)", "arr = np.call_method(\"asarray\", [data])", Hop::View(1), || {
            np.call_method("asarray", Args::new().arg(&data))
        })?;
    let model = lines.step(
        "model = lm.LinearRegression()",
        "model = lm.call_method(\"LinearRegression\", [])",
        Hop::None,
        || lm.call_method("LinearRegression", Args::new()),
    )?;
    lines.step(
        "model.fit(",
        "model.call_method(\"fit\", [arr.call_method(\"reshape\", [-1, 1]), targets])",
        Hop::View(1),
        || {
            let column = arr.call_method("reshape", Args::new().arg(-1).arg(1))?;
            model.call_method("fit", Args::new().arg(&column).arg(&targets))
        },
    )?;
    let predictions = lines.step(
        "Array.from(model.predict(",
        "Array::from_py(model.call_method(\"predict\", [arr.call_method(\"reshape\", [-1, 1])]), {float64, 1-d, copy: never})",
        Hop::View(1),
        || {
            let column = arr.call_method("reshape", Args::new().arg(-1).arg(1))?;
            array_from(&model.call_method("predict", Args::new().arg(&column))?, 1)
        },
    )?;
    let r2 = lines.step(
        "println(metrics.r2_score(",
        "metrics.call_method(\"r2_score\", [targets, predictions]).to_float()",
        Hop::View(2),
        || metrics.call_method("r2_score", Args::new().arg(&targets).arg(&predictions))?.to_float(),
    )?;
    let coefficients = array_from(&model.getattr("coef_")?, 1)?;
    let intercept = model.getattr("intercept_")?.to_float()?;
    Ok(Results { data, targets, predictions, coefficients, intercept, r2, patients_csv, progress_csv })
}

/// The R² of predictions, as the last line computes it.
pub(crate) fn r2(m: &Modules, targets: &Array, predictions: &Array) -> Result<f64, PyError> {
    m.metrics.call_method("r2_score", Args::new().arg(targets).arg(predictions))?.to_float()
}

/// The data as the program reads them, without a word.
pub(crate) fn load(m: &Modules, patients_csv: &str, progress_csv: &str) -> Result<(Array, Array), PyError> {
    let read = |path: &str, args: Args| m.pd.call_method("read_csv", args.kw("header", ()).arg(path));
    let patients = read(patients_csv, Args::new().kw("sep", " "))?;
    let progress = read(progress_csv, Args::new())?;
    Ok((array_from(&patients.getitem(2)?, 1)?, array_from(&progress.getitem(0)?, 1)?))
}
