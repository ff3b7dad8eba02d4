//! The loops through the runtime's table, as a program does them: detached, or in a batch.

use crate::timed;
use aria_array_runtime::prelude as aria;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use std::sync::OnceLock;

/// Measures an operation on `x`, for which this thread is detached: in a batch, or attaching in every round.
#[pyfunction]
pub(super) fn ours(
    py: Python<'_>,
    operation: &str,
    detached: bool,
    place: &str,
    x: &Bound<'_, PyAny>,
    rounds: u32,
) -> PyResult<f64> {
    static HERE: aria::Site = aria::Site::new("calls.aria", 8, "main");
    static BARE: aria::Site = aria::Site::without_frame();
    let place = match place {
        "line" => Some(&HERE),
        "bare" => Some(&BARE),
        _ => None,
    };
    let it = Measured { x: taken_over(x)?, detached, place, rounds };
    let found = py.detach(|| match operation {
        "call" => Some(it.seconds(|x| x.call(aria::Args::new().arg(2.0)))),
        "keyword" => Some(it.seconds(|x| x.call(aria::Args::new().kw("v", 2.0)))),
        "method" => Some(it.seconds(|x| x.call_method("method", aria::Args::new().arg(2.0)))),
        "getattr" => Some(it.seconds(|x| x.getattr("attribute"))),
        "to_float" => Some(it.seconds(aria::PyObject::to_float)),
        "from_float" => Some(it.seconds(|_| aria::PyObject::from_val(2.5))),
        "clone" => Some(it.seconds(|x| Ok(x.clone()))),
        "attach" => Some(it.seconds(|_| aria::attach())),
        _ => None,
    });
    found.ok_or_else(|| PyValueError::new_err(format!("expected an operation but found {operation}")))?.map_err(raised)
}

/// A closure that Python calls with a float, which it returns.
#[pyfunction]
pub(super) fn ours_closure(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    started()?;
    let closure = aria::PyObject::callable("f", &["v"], |call: aria::CallArgs<'_>| call.get::<f64>("v"));
    aria::PyObject::import("__main__").and_then(|main| main.setattr("calls_subject", closure?)).map_err(raised)?;
    py.import("__main__")?.getattr("calls_subject")
}

struct Measured {
    x: aria::PyObject,
    detached: bool,
    place: Option<&'static aria::Site>,
    rounds: u32,
}

impl Measured {
    fn seconds<R>(&self, body: impl Fn(&aria::PyObject) -> Result<R, aria::PyError>) -> Result<f64, aria::PyError> {
        let _here = self.place.map(aria::Site::enter);
        let _batch = (!self.detached).then(aria::attach).transpose()?;
        timed(self.rounds, || body(&self.x))
    }
}

/// The runtime of this process, which is never ended: Python is not ours.
fn started() -> PyResult<()> {
    static RUNTIME: OnceLock<aria::Runtime> = OnceLock::new();
    if RUNTIME.get().is_none() {
        let runtime = aria::Runtime::start(&aria::Config::new());
        let _ = RUNTIME.set(runtime.map_err(|error| PyRuntimeError::new_err(error.to_string()))?);
    }
    Ok(())
}

/// An object as the runtime knows it: by a name in the main module.
fn taken_over(x: &Bound<'_, PyAny>) -> PyResult<aria::PyObject> {
    started()?;
    x.py().import("__main__")?.setattr("calls_subject", x)?;
    aria::PyObject::import("__main__").and_then(|main| main.getattr("calls_subject")).map_err(raised)
}

fn raised(error: aria::PyError) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
