//! `analyze_data.aria`, run by the interpreter with every hop shown.

use aria_array_examples::show::{Failure, Shown};
use aria_array_runtime::prelude::*;
use core::cell::RefCell;
use mini_aria::Interpreter;
use std::rc::Rc;

/// The lines in which arrays cross, and how many: each must share its memory.
const SHARED: [(&str, usize); 6] = [
    ("arr = np.asarray(data)", 1),
    ("model.fit(", 1),
    ("Array.from(model.predict(", 1),
    ("data: Array<Float> =", 1),
    ("targets: Array<Float> =", 1),
    ("println(metrics.r2_score(", 2),
];

/// What the program computed, and what it computed it from.
pub(crate) struct Results {
    pub(crate) data: Array,
    pub(crate) targets: Array,
    pub(crate) predictions: Array,
    pub(crate) coefficients: Array,
    pub(crate) intercept: f64,
    pub(crate) r2: f64,
    pub(crate) folder: String,
}

/// An interpreter with nothing in it yet.
pub(crate) fn interpreter() -> Interpreter {
    Interpreter::new("examples/analyze_data.aria")
}

/// An array of Python's, in its own memory.
pub(crate) fn array_from(object: &PyObject) -> Result<Array, PyError> {
    let request = Request::new().dtype(DType::F64).ndim(1).copy(CopyPolicy::Never);
    Ok(Array::from_py(object, &request)?.0)
}

/// Runs the program with every line and every hop shown.
pub(crate) fn run(interpreter: &Interpreter) -> Result<Results, Failure> {
    let (shown, printed) = (Rc::new(Shown::default()), Rc::new(RefCell::new(String::new())));
    interpreter.watch(Some(shown.clone()));
    let copy = printed.clone();
    interpreter.output(move |text| {
        print!("    |     {text}");
        copy.borrow_mut().push_str(text);
        Ok(())
    });
    interpreter.run(include_str!("../../analyze_data.aria"))?;
    interpreter.watch(None);
    interpreter.output(|_| Ok(()));
    shown.all_shared(&SHARED)?;
    let model = shown.object("model")?;
    let printed = printed.borrow();
    let r2 = printed.trim().parse();
    Ok(Results {
        data: shown.array("data")?,
        targets: shown.array("targets")?,
        predictions: shown.array("predictions")?,
        coefficients: array_from(&model.getattr("coef_")?)?,
        intercept: model.getattr("intercept_")?.to_float()?,
        r2: r2.map_err(|_| Failure::Broken(format!("expected R squared to be printed but found {printed:?}")))?,
        folder: PyObject::import("sklearn.datasets.data")?.getattr("__path__")?.getitem(0)?.str()?,
    })
}
