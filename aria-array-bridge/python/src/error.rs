//! The exceptions: `ConversionError` (a `ValueError` and a `BufferError`), `ArgumentError` (also a `TypeError`), and
//! `AriaError`, which functions of an Aria program raise.

use crate::plan::PyPlan;
use aria_array_bridge::plan::{Plan, Reason};
use pyo3::exceptions::{PyBufferError, PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};

static CONVERSION: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ARIA: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ARGUMENT: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The class `ConversionError`.
pub(crate) fn conversion_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let make = || {
        let bases = PyTuple::new(py, [py.get_type::<PyValueError>(), py.get_type::<PyBufferError>()])?;
        let doc = "A conversion that cannot be done as asked. `plan` has every reason.";
        class(py, "ConversionError", &bases, doc, ("plan", py.None().into_bound(py)))
    };
    CONVERSION.get_or_try_init(py, make).map(|class| class.bind(py))
}

/// The class `ArgumentError`.
pub(crate) fn argument_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let make = || {
        let bases = PyTuple::new(py, [conversion_error(py)?.clone(), py.get_type::<PyTypeError>()])?;
        class(
            py,
            "ArgumentError",
            &bases,
            "An argument that is no array, or not the array that is wanted. `plan` has every reason.",
            ("plan", py.None().into_bound(py)),
        )
    };
    ARGUMENT.get_or_try_init(py, make).map(|class| class.bind(py))
}

/// The class `AriaError`: what a function of an Aria program raises.
pub(crate) fn aria_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let make = || {
        let doc = "An error of an Aria program, whose functions Python calls. `kind` is its name there.";
        let bases = PyTuple::new(py, [py.get_type::<PyException>()])?;
        class(py, "AriaError", &bases, doc, ("kind", "".into_pyobject(py)?.into_any()))
    };
    ARIA.get_or_try_init(py, make).map(|class| class.bind(py))
}

fn class(
    py: Python<'_>,
    name: &str,
    bases: &Bound<'_, PyTuple>,
    doc: &str,
    (member, value): (&str, Bound<'_, PyAny>),
) -> PyResult<Py<PyType>> {
    let members = pyo3::types::PyDict::new(py);
    members.set_item("__doc__", doc)?;
    members.set_item("__module__", "aria_array_bridge")?;
    members.set_item(member, value)?;
    Ok(py.get_type::<PyType>().call1((name, bases, members))?.cast_into::<PyType>()?.unbind())
}

/// A `ConversionError` that says the plan and carries it.
pub(crate) fn refused(py: Python<'_>, plan: Plan) -> PyErr {
    with_plan(py, conversion_error(py), plan)
}

/// An `ArgumentError` that says the plan and carries it.
pub(crate) fn bad_argument(py: Python<'_>, plan: Plan) -> PyErr {
    with_plan(py, argument_error(py), plan)
}

fn with_plan(py: Python<'_>, class: PyResult<&Bound<'_, PyType>>, plan: Plan) -> PyErr {
    let raise = || {
        let error = class?.call1((sentence(&plan),))?;
        error.setattr("plan", Py::new(py, PyPlan::new(plan))?)?;
        Ok(PyErr::from_value(error))
    };
    raise().unwrap_or_else(|error: PyErr| error)
}

/// The text of an exception: the sentence of the first reason, what was found and wanted, what to do; then the others.
fn sentence(plan: &Plan) -> String {
    let mut text = String::new();
    for reason in &plan.reasons {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&reason.text);
        if !reason.location.is_empty() {
            text += &format!(" ({})", reason.location);
        }
        if !reason.rule.is_empty() {
            text += &format!("  [{}]", reason.rule);
        }
        if !reason.found.is_empty() || !reason.wanted.is_empty() {
            text += &format!("\n  found: {}   wanted: {}", reason.found, reason.wanted);
        }
        if !reason.hint.is_empty() {
            text += &format!("\n  hint: {}", reason.hint);
        }
    }
    if text.is_empty() { plan.to_string() } else { text }
}

/// The same refusal, if it is one of ours, with a reason in front of those that it has.
pub(crate) fn after(py: Python<'_>, error: PyErr, reason: Reason) -> PyErr {
    let Some(mut plan) = plan_of(py, &error) else { return error };
    plan.reasons.insert(0, reason);
    bad_argument(py, plan)
}

/// The plan that an exception of ours carries.
pub(crate) fn plan_of(py: Python<'_>, error: &PyErr) -> Option<Plan> {
    let plan = error.value(py).getattr_opt("plan").ok()??;
    Some(plan.cast::<PyPlan>().ok()?.get().plan().clone())
}
