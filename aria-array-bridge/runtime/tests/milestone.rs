//! The program that must run: NumPy, pandas and scikit-learn from a program that knows no Python.
//! What is not installed in the environment fails, with what to install.

mod support;

use aria_array_runtime::prelude::*;
use support::{ended_well, installed, names, program};

#[test]
fn a_model_is_fitted_to_shared_memory_and_its_prediction_is_shared() {
    ended_well(&program("a_model_is_fitted_to_shared_memory_and_its_prediction_is_shared", || {
        let runtime = support::start();
        let linear = installed("sklearn.linear_model", "scikit-learn");
        let numpy = PyObject::import("numpy").unwrap();
        let (data, targets) = (Array::from(vec![1.0, 2.0, 3.0, 4.0]), Array::from(vec![2.0, 4.0, 6.0, 8.5]));
        let array = numpy.call_method("asarray", Args::new().arg(&data)).unwrap();
        let x = array.call_method("reshape", Args::new().arg(-1).arg(1)).unwrap();
        let model = linear.getattr("LinearRegression").unwrap().call(Args::new().kw("fit_intercept", true)).unwrap();
        model.call_method("fit", Args::new().arg(&x).arg(&targets)).unwrap();
        let y = model.call_method("predict", Args::new().arg(&x)).unwrap();
        let request = Request::new().dtype(DType::F64).ndim(1).copy(CopyPolicy::Never);
        let (out, plan) = Array::from_py(&y, &request).unwrap();
        assert_eq!(plan.outcome, Outcome::View);
        let expected = [1.9, 4.05, 6.2, 8.35];
        let out = out.to_vec::<f64>().unwrap();
        assert!(out.iter().zip(expected).all(|(found, wanted)| (found - wanted).abs() < 1e-9), "{out:?}");
        let error = {
            let _here = Site::new("analyze.aria", 8, "analyze_data").enter();
            model.call_method("fit", Args::new().arg(&x)).unwrap_err()
        };
        assert!(error.is("TypeError") && error.render().contains("File \"analyze.aria\", line 8, in analyze_data"));
        assert!(error.message().contains("missing 1 required positional argument: 'y'"), "{error}");
        runtime.end().unwrap();
    }));
}

#[test]
fn workers_of_a_cross_validation_are_gone_at_the_end() {
    ended_well(&program("workers_of_a_cross_validation_are_gone_at_the_end", || {
        let runtime = support::start();
        let selection = installed("sklearn.model_selection", "scikit-learn");
        let names = names(
            "import numpy, sklearn.linear_model\nx = numpy.arange(40.0).reshape(-1, 1)\ny = 2 * x[:, 0]\n\
             model = sklearn.linear_model.LinearRegression()",
        );
        let get = |name: &str| names.getitem(name).unwrap();
        let args = Args::new().arg(get("model")).arg(get("x")).arg(get("y")).kw("n_jobs", 2).kw("cv", 2);
        let scores = selection.call_method("cross_val_score", args).unwrap();
        assert_eq!(scores.len().unwrap(), 2);
        runtime.end().unwrap();
    }));
}

#[test]
fn pandas_finds_the_frames_it_looks_for() {
    ended_well(&program("pandas_finds_the_frames_it_looks_for", || {
        let runtime = support::start();
        let pandas = installed("pandas", "pandas");
        let names = names("data = {'x': [1.0, 2.0], 'y': [3.0, 4.0]}\nimport warnings\nwarnings.simplefilter('error')");
        let frame = pandas.call_method("DataFrame", Args::new().arg(names.getitem("data").unwrap())).unwrap();
        let column = frame.getitem("x").unwrap();
        let doubled = column.call_method("__mul__", Args::new().arg(2.0)).unwrap();
        frame.setitem("z", &doubled).unwrap();
        frame.setattr("x", &doubled).unwrap();
        let z = frame.getitem("z").unwrap().call_method("to_numpy", Args::new()).unwrap();
        let (array, _) = Array::from_py(&z, &Request::new().dtype(DType::F64)).unwrap();
        assert_eq!(array.to_vec::<f64>().unwrap(), [2.0, 4.0]);
        runtime.end().unwrap();
    }));
}
