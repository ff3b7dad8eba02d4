//! SciPy minimises a function of Rust, which calls NumPy on an array of Rust's: what `optimise.aria` is, in Rust.

use aria_array_runtime::prelude::*;
use std::error::Error;

fn optimise_model(data: &Array, method: &str) -> Result<f64, PyError> {
    let np = PyObject::import("numpy")?;
    let optimize = PyObject::import("scipy.optimize")?;
    // The same memory, not a copy.
    let shared = np.call_method("asarray", Args::new().arg(data))?;

    let numpy = np.clone();
    let objective = PyObject::callable("objective", &["params"], move |call: CallArgs<'_>| {
        let difference = Op::Sub.apply(call.object("params")?, &shared)?;
        let squares = numpy.call_method("square", Args::new().arg(&difference))?;
        numpy.call_method("mean", Args::new().arg(&squares))?.to_float()
    })?;

    let initial = np.call_method("zeros", Args::new().arg(data.len()))?;
    let result = optimize.call_method("minimize", Args::new().arg(&objective).arg(&initial).kw("method", method))?;
    result.getattr("fun")?.to_float()
}

fn program() -> Result<(), PyError> {
    let data = Array::from(vec![3.0, 1.0, 4.0, 1.5]);
    let good = optimise_model(&data, "BFGS");
    println!("BFGS: {} {}", good.is_ok(), good? < 1e-9);

    // What Python raises is an error here, and no end of the program.
    if let Err(error) = optimise_model(&data, "no such method") {
        println!("failed: true {} {}", error.kind(), error.message());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::start(&Config::from_env())?;
    program().map_err(|error| error.render().to_owned())?;
    runtime.end()?;
    Ok(())
}
