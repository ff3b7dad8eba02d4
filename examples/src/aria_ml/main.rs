//! `aria_ml.aria` in Rust: a module for Python, with the product of two borrowed matrices, computed detached.

use aria_array_bridge::ViewError;
use aria_array_runtime::prelude::*;
use std::error::Error;

/// `PyArrayView<Float>`: two axes of float64, in whatever order they lie; never a copy.
fn borrow(object: &PyObject) -> Result<Array, PyError> {
    let request = Request::new().dtype(DType::F64).ndim(2).copy(CopyPolicy::Never);
    Ok(Array::from_py(object, &request)?.0)
}

/// Reads element by element: Python's threads may write to the memory meanwhile, so no slice is lent.
fn multiply(a: &Array, b: &Array, [n, k, m]: [usize; 3]) -> Result<Vec<f64>, ViewError> {
    let mut product = vec![0.0; n * m];
    for i in 0..n {
        for j in 0..m {
            for p in 0..k {
                product[i * m + j] += a.get::<f64>(&[i, p])? * b.get::<f64>(&[p, j])?;
            }
        }
    }
    Ok(product)
}

fn fast_matrix_multiply(call: CallArgs<'_>) -> Result<Array, PyError> {
    let (a, b) = (borrow(call.object("a")?)?, borrow(call.object("b")?)?);
    let ([n, k], [rows, m]) = (a.shape(), b.shape()) else {
        return Err(PyError::new("ValueError", "expected two axes"));
    };
    let (n, k, m) = (*n, *k, *m);
    if k != *rows {
        return Err(PyError::new("AriaError", format!("expected {k} rows but found {rows}")));
    }
    let other = |error: &dyn Error| PyError::new("ValueError", error.to_string());
    // Python's other threads run meanwhile.
    let product = detach(|| multiply(&a, &b, [n, k, m])).map_err(|error| other(&error))?;
    Array::from(product).reshape(&[n, m]).map_err(|error| other(&error))
}

fn program() -> Result<(), PyError> {
    Module::new("aria_ml").function("fast_matrix_multiply", &["a", "b"], fast_matrix_multiply).register()?;
    let np = PyObject::import("numpy")?;
    let builtins = PyObject::import("builtins")?;
    let names = builtins.call_method("dict", Args::new())?;
    builtins.call_method("exec", Args::new().arg("import aria_ml").arg(&names))?;
    let ml = names.getitem("aria_ml")?;
    let a = np.call_method("arange", Args::new().arg(6.0))?.call_method("reshape", Args::new().arg(2).arg(3))?;
    let transposed = a.getattr("T")?;
    let product = ml.call_method("fast_matrix_multiply", Args::new().arg(&a).arg(&transposed))?;
    println!("{}", product.str()?);
    let theirs = Op::MatMul.apply(&a, &transposed)?;
    println!("as NumPy has it: {}", np.call_method("array_equal", Args::new().arg(&product).arg(&theirs))?.truthy()?);
    if let Err(error) = ml.call_method("fast_matrix_multiply", Args::new().arg(&a).kw("b", &a)) {
        println!("AriaError: {}", error.message());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::start(&Config::from_env())?;
    program()?;
    runtime.end()?;
    Ok(())
}
