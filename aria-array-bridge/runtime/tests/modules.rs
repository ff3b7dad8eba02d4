//! Functions of the program as a module that Python code imports.

mod support;

use aria_array_runtime::prelude::*;
use support::{ended_well, eval, names, program, python};

/// A matrix product of two borrowed arrays that runs detached, as `aria_ml` of Aria's design has it.
fn matmul(call: CallArgs<'_>) -> Result<Array, PyError> {
    let request = Request::new().dtype(DType::F64).ndim(2).order(Order::C);
    let (a, _) = Array::from_py(call.object("a")?, &request)?;
    let (b, _) = Array::from_py(call.object("b")?, &request)?;
    let ([n, k], [l, m]) = (a.shape(), b.shape()) else { unreachable!("two axes were asked for") };
    if k != l {
        return Err(PyError::from_host("ShapeError", format!("expected {k} rows but found {l}"), (*k, *l)));
    }
    let (x, y) = (a.to_vec::<f64>().expect("float64"), b.to_vec::<f64>().expect("float64"));
    let dot = |i: usize, j: usize| (0..*k).map(|p| x[i * k + p] * y[p * m + j]).sum();
    let product: Vec<f64> = detach(|| (0..n * m).map(|at| dot(at / m, at % m)).collect());
    Array::from(product).reshape(&[*n, *m]).map_err(|error| PyError::new("ValueError", error.to_string()))
}

fn aria_ml(name: &str) -> Module {
    Module::new(name)
        .doc("Machine learning in Aria.")
        .function("matmul", Signature::from(&["a", "b"]).doc("The product of two matrices."), matmul)
        .function("scale", Signature::new().arg("x").arg_or("by", 2.0), |call: CallArgs<'_>| {
            Op::Mul.apply(call.object("x")?, call.object("by")?)
        })
        .value("version", "1.0")
}

#[test]
fn python_code_imports_functions_and_values() {
    python();
    aria_ml("aria_ml").register().unwrap();
    let names = names(
        "import aria_ml, numpy, inspect, importlib\nfrom aria_ml import *\nfrom aria_ml import matmul as product\n\
         a = numpy.arange(6.0).reshape(2, 3)\n\
         out = (product(a, a.T) == a @ a.T).all(), scale(3), scale(3, by=1.5), aria_ml.version\n\
         said = aria_ml.__doc__, product.__doc__, product.__module__, str(inspect.signature(scale))\n\
         listed = aria_ml.__all__, repr(aria_ml), importlib.reload(aria_ml) is aria_ml\n\
         try: product(a, a)\nexcept aria_ml.AriaError as e: error = e.kind, str(e)\n\
         import aria_array_bridge\nsame = aria_ml.AriaError is aria_array_bridge.AriaError",
    );
    let shown = |name: &str| names.getitem(name).unwrap().repr().unwrap();
    assert_eq!(shown("out"), "(np.True_, 6.0, 4.5, '1.0')");
    assert_eq!(
        shown("said"),
        "('Machine learning in Aria.', 'The product of two matrices.', 'aria_ml', '(x, by=2.0)')"
    );
    assert_eq!(shown("listed"), "(['matmul', 'scale', 'version'], \"<module 'aria_ml' (an Aria program)>\", True)");
    assert_eq!(shown("error"), "('ShapeError', 'expected 3 rows but found 2')");
    assert_eq!(shown("same"), "True");
    let ones = eval("__import__('numpy').ones((2, 3))");
    let error =
        PyObject::import("aria_ml").unwrap().call_method("matmul", Args::new().arg(&ones).arg(&ones)).unwrap_err();
    assert_eq!(error.payload::<(usize, usize)>(), Some(&(3, 2)));
}

#[test]
fn a_dotted_module_is_in_packages_of_its_own() {
    python();
    aria_ml("aria_tools.learn.core").register().unwrap();
    let names =
        names("import aria_tools.learn.core as core\nfrom aria_tools.learn import core as same\nok = core is same");
    assert!(names.getitem("ok").unwrap().truthy().unwrap());
    // A package that was made on the way becomes a module of the program, and keeps what is in it.
    Module::new("aria_tools.learn").value("level", 1).register().unwrap();
    let level = eval(
        "__import__('aria_tools.learn.core', fromlist=['version']).version + str(__import__('aria_tools.learn').learn.level)",
    );
    assert_eq!(level.str().unwrap(), "1.01");
}

#[test]
fn names_that_python_has_or_cannot_import_are_refused() {
    python();
    for (name, kind) in [
        ("json", "ImportError"),
        ("colorsys", "ImportError"),
        ("not a name", "ValueError"),
        ("", "ValueError"),
        ("a..b", "ValueError"),
    ] {
        assert_eq!(Module::new(name).register().unwrap_err().kind(), kind, "{name:?}");
    }
    assert_eq!(eval("__import__('colorsys').__name__").str().unwrap(), "colorsys");
    let unsaid = Module::new("aria_unsaid").function("f", &["lambda"], |_| Ok(1));
    assert_eq!(unsaid.register().unwrap_err().kind(), "ValueError");
    assert_eq!(PyObject::import("aria_unsaid").unwrap_err().kind(), "ModuleNotFoundError");
}

#[test]
fn a_module_is_replaced_by_the_next_of_its_name() {
    python();
    let first = Module::new("aria_twice").value("number", 1).register().unwrap();
    Module::new("aria_twice").value("number", 2).register().unwrap();
    assert_eq!(PyObject::import("aria_twice").unwrap().getattr("number").unwrap().to_int().unwrap(), 2);
    assert_eq!(first.getattr("number").unwrap().to_int().unwrap(), 1);
}

#[test]
fn a_module_needs_a_python_that_runs() {
    ended_well(&program("a_module_needs_a_python_that_runs", || {
        assert_eq!(aria_ml("aria_early").register().unwrap_err().kind(), "StateError");
        let runtime = support::start();
        aria_ml("aria_early").register().unwrap();
        runtime.end().unwrap();
        assert_eq!(aria_ml("aria_early").register().unwrap_err().kind(), "StateError");
    }));
}
