//! A module of Rust that Python imports: what `aria_ml.aria` is, in Rust.
//!
//! Its function borrows two float arrays, multiplies them while Python's other threads run, and returns an array.

use aria_array_runtime::prelude::*;
use std::error::Error;

fn fast_matrix_multiply(call: CallArgs<'_>) -> Result<Array, PyError> {
    // Borrowed with any strides: a transpose is no copy.
    let request = Request::new().dtype(DType::F64).ndim(2).copy(CopyPolicy::Never);
    let (a, _) = Array::from_py(call.object("a")?, &request)?;
    let (b, _) = Array::from_py(call.object("b")?, &request)?;
    let (rows, inner, columns) = (a.shape()[0], a.shape()[1], b.shape()[1]);
    if inner != b.shape()[0] {
        let text = format!("expected {inner} rows but found {}", b.shape()[0]);
        return Err(PyError::from_host("AriaError", text, ()));
    }
    let product = detach(|| product(&a, &b)).map_err(|error| PyError::new("ValueError", error.to_string()))?;
    Array::from(product).reshape(&[rows, columns]).map_err(|error| PyError::new("ValueError", error.to_string()))
}

/// The product, row by row. Touches no Python.
fn product(a: &Array, b: &Array) -> Result<Vec<f64>, aria_array_bridge::ViewError> {
    let (rows, inner, columns) = (a.shape()[0], a.shape()[1], b.shape()[1]);
    let mut product = vec![0.0; rows * columns];
    for i in 0..rows {
        for j in 0..columns {
            for k in 0..inner {
                product[i * columns + j] += a.get::<f64>(&[i, k])? * b.get::<f64>(&[k, j])?;
            }
        }
    }
    Ok(product)
}

fn program() -> Result<(), PyError> {
    Module::new("aria_ml").function("fast_matrix_multiply", &["a", "b"], fast_matrix_multiply).register()?;

    // Any Python code imports it; so does the program.
    let builtins = PyObject::import("builtins")?;
    let names = builtins.call_method("dict", Args::new())?;
    builtins.call_method("exec", Args::new().arg("import aria_ml").arg(&names))?;
    let ml = names.getitem("aria_ml")?;

    let np = PyObject::import("numpy")?;
    let a = np.call_method("arange", Args::new().arg(6.0))?.call_method("reshape", Args::new().arg(2).arg(3))?;
    let transposed = a.getattr("T")?;
    let product = ml.call_method("fast_matrix_multiply", Args::new().arg(&a).arg(&transposed))?;
    // The array comes back to Python as an array of the bridge's; NumPy sees its memory.
    let product = np.call_method("asarray", Args::new().arg(&product))?;
    println!("{}", product.str()?);
    let numpys = Op::MatMul.apply(&a, &transposed)?;
    let equal = np.call_method("array_equal", Args::new().arg(&product).arg(&numpys))?.truthy()?;
    println!("as NumPy has it: {equal}");

    let refused = ml.call_method("fast_matrix_multiply", Args::new().arg(&a).kw("b", &a));
    if let Err(error) = refused
        && error.is("aria_array_bridge.AriaError")
    {
        println!("AriaError: {}", error.message());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::start(&Config::from_env())?;
    program().map_err(|error| error.render().to_owned())?;
    runtime.end()?;
    Ok(())
}
