//! The loops through PyO3.

use crate::timed;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCFunction, PyDict, PyFloat, PyTuple};
use std::hint::black_box;

/// Measures an operation on `x`: on an attached thread, or on a detached one that attaches in every round.
#[pyfunction]
pub(super) fn peer(operation: &str, detached: bool, x: &Bound<'_, PyAny>, rounds: u32) -> PyResult<f64> {
    let it = Measured { x, detached, rounds };
    match operation {
        "call" => it.seconds(|x| done(x.call1((2.0,)))),
        "keyword" => it.seconds(|x| done(x.call((), Some(&[(intern!(x.py(), "v"), 2.0)].into_py_dict(x.py())?)))),
        "method" => it.seconds(|x| done(x.call_method1(intern!(x.py(), "method"), (2.0,)))),
        "getattr" => it.seconds(|x| done(x.getattr(intern!(x.py(), "attribute")))),
        "to_float" => it.seconds(|x| done(x.extract::<f64>())),
        "from_float" => it.seconds(|x| done(Ok(PyFloat::new(x.py(), 2.5)))),
        "clone" => it.seconds(|x| done(Ok(x.clone()))),
        "attach" => it.seconds(|_| Ok(())),
        other => Err(PyValueError::new_err(format!("expected an operation but found {other}"))),
    }
}

/// A closure that Python calls with a float, which it returns.
#[pyfunction]
pub(super) fn peer_closure(py: Python<'_>) -> PyResult<Bound<'_, PyCFunction>> {
    PyCFunction::new_closure(py, None, None, |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        args.get_item(0)?.extract::<f64>()
    })
}

/// Drops a result within the round.
fn done<R>(result: PyResult<R>) -> PyResult<()> {
    result.map(|result| drop(black_box(result)))
}

struct Measured<'a, 'py> {
    x: &'a Bound<'py, PyAny>,
    detached: bool,
    rounds: u32,
}

impl Measured<'_, '_> {
    fn seconds(&self, body: impl Fn(&Bound<'_, PyAny>) -> PyResult<()> + Sync) -> PyResult<f64> {
        if !self.detached {
            return timed(self.rounds, || body(self.x));
        }
        let (x, rounds) = (self.x.clone().unbind(), self.rounds);
        self.x.py().detach(|| timed(rounds, || Python::attach(|py| body(x.bind(py)))))
    }
}
