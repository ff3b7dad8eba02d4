//! The loops that `benches/calls.py` measures, in Rust: through the runtime's table (`ours`), and through PyO3 (`peer`).
//!
//! `calls.c` and `calls.cpp` have the same loops. Each is done once before, so that one which fails says so.

mod ours;
mod peer;

use pyo3::prelude::*;
use std::hint::black_box;
use std::time::Instant;

/// Does `body` so often, whatever it returns; the seconds that it took.
fn timed<R, E>(rounds: u32, body: impl Fn() -> Result<R, E>) -> Result<f64, E> {
    body()?;
    let begin = Instant::now();
    for _ in 0..rounds {
        // What it returns is dropped within the round.
        let _ = black_box(body());
    }
    Ok(begin.elapsed().as_secs_f64())
}

#[pymodule]
fn calls_rust(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(ours::ours, module)?)?;
    module.add_function(wrap_pyfunction!(ours::ours_closure, module)?)?;
    module.add_function(wrap_pyfunction!(peer::peer, module)?)?;
    module.add_function(wrap_pyfunction!(peer::peer_closure, module)?)
}
