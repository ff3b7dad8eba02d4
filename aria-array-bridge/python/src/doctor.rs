//! What looks at the Python that runs: the package's module `_doctor`, carried here for programs that bring no package.

use pyo3::exceptions::PyModuleNotFoundError;
use pyo3::ffi::c_str;
use pyo3::prelude::*;

/// The module `_doctor`: the package's, or where there is no package the text that was there when this was built.
#[pyfunction(name = "_doctor")]
pub(crate) fn doctor(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    match py.import("aria_array_bridge._doctor") {
        Err(error) if error.is_instance_of::<PyModuleNotFoundError>(py) => {
            let text = c_str!(include_str!("../package/aria_array_bridge/_doctor.py"));
            PyModule::from_code(py, text, c_str!("aria_array_bridge/_doctor.py"), c_str!("aria_array_bridge._doctor"))
        }
        found => found,
    }
}
