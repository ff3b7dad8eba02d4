//! Every array protocol of Python, for PyO3 extensions and the `aria_array_bridge` package.

pub mod operations;
pub mod release;

use pyo3::prelude::*;

/// Fills the module `_core` of the package.
///
/// # Errors
///
/// What Python raises.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    release::ready(module.py())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(release::counts_of_release_queue, module)?)?;
    Ok(())
}
