//! The classes `Plan` and `Reason`: the core's, as Python sees them.

use aria_array_bridge::plan::{Plan, Reason};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

/// What a conversion does, or why it is refused.
#[pyclass(frozen, name = "Plan", module = "aria_array_bridge")]
pub struct PyPlan {
    plan: Plan,
}

impl PyPlan {
    pub(crate) fn new(plan: Plan) -> PyPlan {
        PyPlan { plan }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// A plan from its pickle.
///
/// # Errors
///
/// `ValueError` for bytes that no plan was made of.
#[pyfunction(name = "_plan")]
pub(crate) fn unpickled(bytes: &[u8]) -> PyResult<PyPlan> {
    let plans = Plan::decode(bytes).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let [plan]: [Plan; 1] = plans
        .try_into()
        .map_err(|plans: Vec<Plan>| PyValueError::new_err(format!("expected one plan but found {}", plans.len())))?;
    Ok(PyPlan { plan })
}

#[pymethods]
impl PyPlan {
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let make = slf.py().import("aria_array_bridge._core")?.getattr("_plan")?;
        Ok((make, (PyBytes::new(slf.py(), &Plan::encode(core::slice::from_ref(&slf.get().plan))),)))
    }

    /// "view", "copy" or "refuse".
    #[getter]
    fn outcome(&self) -> &'static str {
        self.plan.outcome.name()
    }

    /// Why it copies or is refused; notes on a view.
    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let reasons: PyResult<Vec<_>> =
            self.plan.reasons.iter().map(|reason| Py::new(py, PyReason { reason: reason.clone() })).collect();
        PyTuple::new(py, reasons?)
    }

    /// Bytes that are copied; 0 for a view and a refusal.
    #[getter]
    fn copied_bytes(&self) -> u64 {
        self.plan.copied_bytes
    }

    /// The protocol that carries the array.
    #[getter]
    fn protocol(&self) -> &str {
        &self.plan.protocol
    }

    /// What the array comes from.
    #[getter]
    fn source(&self) -> &str {
        &self.plan.source
    }

    /// What it becomes.
    #[getter]
    fn target(&self) -> &str {
        &self.plan.target
    }

    fn __str__(&self) -> String {
        self.plan.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Plan {}>", self.plan)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyPlan>().is_ok_and(|other| other.get().plan == self.plan)
    }
}

/// One cause of a copy or a refusal.
#[pyclass(frozen, name = "Reason", module = "aria_array_bridge")]
pub struct PyReason {
    reason: Reason,
}

#[pymethods]
impl PyReason {
    /// A stable word: "read-only", "byte-order", "stride".
    #[getter]
    fn code(&self) -> &str {
        &self.reason.code
    }

    /// The rule behind it: "L8".
    #[getter]
    fn rule(&self) -> &str {
        &self.reason.rule
    }

    /// One sentence.
    #[getter]
    fn text(&self) -> &str {
        &self.reason.text
    }

    /// Where: an axis, a field, a buffer.
    #[getter]
    fn r#where(&self) -> &str {
        &self.reason.location
    }

    /// What was found.
    #[getter]
    fn found(&self) -> &str {
        &self.reason.found
    }

    /// What was wanted.
    #[getter]
    fn wanted(&self) -> &str {
        &self.reason.wanted
    }

    /// What to do about it.
    #[getter]
    fn hint(&self) -> &str {
        &self.reason.hint
    }

    fn __str__(&self) -> String {
        self.reason.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Reason {}>", self.reason)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<PyReason>().is_ok_and(|other| other.get().reason == self.reason)
    }
}
