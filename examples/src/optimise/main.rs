//! `optimise.aria` in Rust: SciPy minimises a closure, which calls NumPy on an array of ours.

use aria_array_runtime::prelude::*;
use std::error::Error;

/// A failure of SciPy is a Result here, as it is in Aria.
fn optimise_model(data: &Array, method: &str) -> Result<f64, PyError> {
    let np = PyObject::import("numpy")?;
    let opt = PyObject::import("scipy.optimize")?;
    // The same memory, not a copy.
    let (np_data, _plan) = data.to_py()?;
    let initial = np.call_method("zeros", Args::new().arg(data.len()))?;
    let objective = PyObject::callable("objective", &["params"], move |call: CallArgs<'_>| {
        let error = Op::Sub.apply(call.object("params")?, &np_data)?;
        let squares = np.call_method("square", Args::new().arg(&error))?;
        np.call_method("mean", Args::new().arg(&squares))?.to_float()
    })?;
    let result = opt.call_method("minimize", Args::new().arg(&objective).arg(&initial).kw("method", method))?;
    result.getattr("fun")?.to_float()
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::start(&Config::from_env())?;
    let data = Array::from(vec![3.0, 1.0, 4.0, 1.5]);
    let good = optimise_model(&data, "BFGS");
    println!("BFGS: {} {}", good.is_ok(), good? < 1e-9);
    let bad = optimise_model(&data, "no such method");
    if let Err(error) = &bad {
        println!("failed: {} {} {}", bad.is_err(), error.kind(), error.message());
    }
    drop(bad);
    runtime.end()?;
    Ok(())
}
