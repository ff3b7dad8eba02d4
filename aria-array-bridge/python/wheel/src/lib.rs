//! The compiled part of the wheel: the module, and the symbol by which a running program finds the operations.

use aria_array_bridge::operations::Operations;
use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    aria_array_python::register(module)
}

/// Returns the operations table, which lives as long as the program.
// SAFETY: no other library defines the symbol: its name is ours.
#[unsafe(no_mangle)]
pub extern "C" fn aria_bridge_operations() -> *const Operations {
    aria_array_python::operations::table()
}
