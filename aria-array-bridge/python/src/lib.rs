//! Every array protocol of Python, for PyO3 extensions and the `aria_array_bridge` package.
//!
//! | room | subject |
//! |---|---|
//! | `array` | the Python class `Array`: memory that a Python object or a Rust owner keeps alive |
//! | `import` | doors in: which protocols a type speaks, cheapest first, and what each finds |
//! | `export` | doors out: NumPy, DLPack, the buffer protocol, the array interfaces |
//! | `request` | what the caller wants, the plan that follows, and its execution |
//! | `dtype`, `plan`, `error` | the classes `DType`, `Plan` and `Reason`, and the two exceptions |
//! | `release` | dropping without attaching: the release queue |
//! | `operations` | the table through which a program without Python symbols uses all of it |

mod array;
mod device;
mod dtype;
mod error;
mod export;
mod import;
pub mod operations;
mod plan;
mod release;
mod request;
mod surface;

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
    surface::register(module)
}
