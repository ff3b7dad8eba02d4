//! Every array protocol of Python, for PyO3 extensions and the `aria_array_bridge` package.
//!
//! | room | subject |
//! |---|---|
//! | `array` | the Python class `Array`: memory that a Python object or a Rust owner keeps alive |
//! | `import` | doors in: which protocols a type speaks, cheapest first, and what each finds |
//! | `export` | doors out: NumPy, DLPack, the buffer protocol, the array interfaces, Arrow, pandas |
//! | `request` | what the caller wants, the plan that follows, and its execution |
//! | `dtype`, `plan`, `error` | the classes `DType`, `Plan` and `Reason`, and the two exceptions |
//! | `doctor` | which Python runs, and what is wrong with it |
//! | `release` | dropping without attaching: the release queue |
//! | `operations` | the table through which a program without Python symbols uses all of it |

mod array;
mod block;
mod class;
mod device;
mod doctor;
mod dtype;
mod error;
mod export;
mod import;
pub mod operations;
mod plan;
mod release;
mod request;
mod surface;
mod table;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Fills the module `_core` of the package.
///
/// # Errors
///
/// `ImportError` in a subinterpreter; what Python raises.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    only_the_main_interpreter(module.py())?;
    release::ready(module.py())?;
    module.add("_close_release_queue", release::hook(module.py())?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(release::counts_of_release_queue, module)?)?;
    surface::register(module)
}

/// Refuses subinterpreters (rule O7): the release queue, the ledger and the caches of types are the process's, and an
/// object released in another interpreter than its own would be lost to both.
fn only_the_main_interpreter(_py: Python<'_>) -> PyResult<()> {
    // SAFETY: attached, so that there is a current interpreter, alive meanwhile.
    let current = unsafe { pyo3::ffi::PyInterpreterState_Get() };
    // SAFETY: attached; a live interpreter.
    match unsafe { pyo3::ffi::PyInterpreterState_GetID(current) } {
        0 => Ok(()),
        number => Err(PyImportError::new_err(format!(
            "expected the main interpreter but found subinterpreter {number}: aria_array_bridge does not support subinterpreters"
        ))),
    }
}
