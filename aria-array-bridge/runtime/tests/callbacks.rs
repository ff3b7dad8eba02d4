//! Closures of the program as Python callables: who calls them, what they throw, where they are dropped (rule R7).

mod support;

use aria_array_runtime::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use support::{ended_well, eval, installed, names, program, python};

/// `name` of the module `module`.
fn from(module: &str, name: &str) -> PyObject {
    PyObject::import(module).unwrap().getattr(name).unwrap()
}

/// Counts its drops, and remembers the thread of the last one.
struct Dropped(Arc<Mutex<Vec<thread::ThreadId>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(thread::current().id());
    }
}

fn collect(runtime: &Runtime) {
    from("gc", "collect").call(Args::new()).unwrap();
    runtime.drain();
}

#[test]
fn python_calls_a_closure_as_its_own_functions() {
    python();
    let length =
        PyObject::callable("length", &["word"], |call: CallArgs<'_>| Ok(call.get::<String>("word")?.len())).unwrap();
    let sorted = from("builtins", "sorted").call(Args::new().arg(vec!["ccc", "a", "bb"]).kw("key", &length)).unwrap();
    assert_eq!(sorted.repr().unwrap(), "['a', 'bb', 'ccc']");
    let add =
        PyObject::callable("add", &["a", "b"], |call: CallArgs<'_>| Op::Add.apply(call.at(0)?, call.at(1)?)).unwrap();
    let sum = from("functools", "reduce").call(Args::new().arg(&add).arg(vec![1, 2, 3])).unwrap();
    assert_eq!(sum.to_int().unwrap(), 6);
    assert_eq!(
        from("functools", "partial")
            .call(Args::new().arg(&add).arg("a"))
            .unwrap()
            .call(Args::new().arg("b"))
            .unwrap()
            .str()
            .unwrap(),
        "ab"
    );
    for value in [Val::None, true.into(), 1.into(), 1.5.into(), "text".into(), vec![1].into(), Val::bytes([1])] {
        let given = value.clone();
        let function = PyObject::callable("f", Signature::new(), move |_| Ok(given.clone())).unwrap();
        let back = function.call(Args::new()).unwrap().to_val().unwrap();
        assert_eq!(format!("{back:?}"), format!("{value:?}"));
    }
}

#[test]
fn an_array_is_shared_with_a_closure_both_ways() {
    python();
    let data = Array::from(vec![1.0, 2.0, 3.0]);
    let address = data.address();
    let same = PyObject::callable("same", &["x"], move |call: CallArgs<'_>| {
        let request = Request::new().dtype(DType::F64).copy(CopyPolicy::Never);
        let (array, plan) = Array::from_py(call.object("x")?, &request)?;
        assert_eq!((plan.outcome, array.address()), (Outcome::View, address));
        Ok(array)
    })
    .unwrap();
    let array = eval("__import__('numpy').asarray").call(Args::new().arg(&data)).unwrap();
    let back = same.call(Args::new().arg(&array)).unwrap();
    assert_eq!(back.getattr("ctypes").unwrap().getattr("data").unwrap().to_int().unwrap(), address as i64);
}

#[test]
fn scipy_minimises_a_closure_of_this_thread() {
    ended_well(&program("scipy_minimises_a_closure_of_this_thread", || {
        let runtime = support::start();
        let optimize = installed("scipy.optimize", "scipy");
        let calls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&calls);
        let objective = PyObject::callable_local("objective", &["x"], move |call: CallArgs<'_>| {
            counted.set(counted.get() + 1);
            let (x, _) = Array::from_py(call.object("x")?, &Request::new().dtype(DType::F64))?;
            Ok(x.to_vec::<f64>().unwrap().iter().map(|x| (x - 2.0).powi(2)).sum::<f64>())
        })
        .unwrap();
        let start = Array::from(vec![0.0, 5.0]);
        let args = Args::new().arg(&objective).arg(&start).kw("method", "BFGS");
        let found = optimize.call_method("minimize", args).unwrap();
        assert!(found.getattr("success").unwrap().truthy().unwrap());
        let x: Vec<f64> = found.getattr("x").unwrap().extract().unwrap();
        assert!(x.iter().all(|x| (x - 2.0).abs() < 1e-4) && calls.get() > 3, "{x:?} {calls:?}");
        runtime.end().unwrap();
    }));
}

#[test]
fn pandas_applies_a_closure() {
    ended_well(&program("pandas_applies_a_closure", || {
        let runtime = support::start();
        let pandas = installed("pandas", "pandas");
        let frame = pandas
            .call_method("DataFrame", Args::new().arg(Val::dict([("x", vec![1, 2]), ("y", vec![3, 4])])))
            .unwrap();
        let total = PyObject::callable("total", &["row"], |call: CallArgs<'_>| {
            Op::Add.apply(&call.object("row")?.getitem("x")?, &call.object("row")?.getitem("y")?)
        })
        .unwrap();
        let sums = frame.call_method("apply", Args::new().arg(&total).kw("axis", 1)).unwrap();
        assert_eq!(sums.call_method("tolist", Args::new()).unwrap().repr().unwrap(), "[4, 6]");
        let named = frame.call_method("agg", Args::new().arg(vec![&total_of()])).unwrap();
        assert!(named.str().unwrap().contains("total_of"), "{named}");
        runtime.end().unwrap();
    }));
}

fn total_of() -> PyObject {
    PyObject::callable("total_of", &["column"], |call: CallArgs<'_>| {
        call.object("column")?.call_method("sum", Args::new())
    })
    .unwrap()
}

#[test]
fn threads_of_python_call_a_closure_at_once() {
    python();
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    let work = PyObject::callable("work", &["n"], |call: CallArgs<'_>| {
        let n = call.get::<i64>("n")?;
        // Both are in here at once, or this never ends.
        detach(|| {
            INSIDE.fetch_add(1, Ordering::SeqCst);
            while INSIDE.load(Ordering::SeqCst) < 2 {
                thread::yield_now();
            }
        });
        Ok(n * n)
    })
    .unwrap();
    let names = names(
        "from concurrent.futures import ThreadPoolExecutor\n\
         def run(f):\n    with ThreadPoolExecutor(2) as pool: return list(pool.map(f, [3, 4]))",
    );
    let squares: Vec<i64> = names.getitem("run").unwrap().call(Args::new().arg(&work)).unwrap().extract().unwrap();
    assert_eq!(squares, [9, 16]);
}

#[test]
fn a_local_closure_refuses_other_threads_by_name() {
    python();
    let text = Rc::new("here".to_owned());
    let local = PyObject::callable_local("local", Signature::new(), move |_| Ok((*text).clone())).unwrap();
    assert_eq!(local.call(Args::new()).unwrap().str().unwrap(), "here");
    let elsewhere = thread::scope(|scope| scope.spawn(|| local.call(Args::new()).unwrap_err()).join().unwrap());
    assert_eq!(elsewhere.kind(), "RuntimeError");
    assert!(elsewhere.message().contains("'local' to be called on the thread that made it"), "{elsewhere}");
}

#[test]
fn a_signature_has_defaults_keywords_and_a_documentation() {
    python();
    let signature = Signature::new()
        .positional("x")
        .arg_or("scale", 2.0)
        .rest("more")
        .key("unit")
        .key_or("strict", false)
        .keywords("options")
        .doc("Scales x.\n\nAnd more.")
        .module("aria_units")
        .at("units.aria", 12);
    let scale = PyObject::callable("scale_by", signature, |call: CallArgs<'_>| {
        assert_eq!(call.len(), 6);
        let shown: Vec<String> = (0..call.len()).map(|index| call.at(index)?.repr()).collect::<Result<_, _>>()?;
        assert!(call.object("none").is_err() && call.at(6).is_err());
        Ok(shown.join(" "))
    })
    .unwrap();
    let said = |args: Args| scale.call(args).map(|text| text.str().unwrap());
    assert_eq!(said(Args::new().arg(1).kw("unit", "m")).unwrap(), "1 2.0 () 'm' False {}");
    let all = Args::new().arg(1).arg(3).arg(4).arg(5).kw("unit", "m").kw("strict", true).kw("other", 6);
    assert_eq!(said(all).unwrap(), "1 3 (4, 5) 'm' True {'other': 6}");
    let error = said(Args::new().kw("unit", "m")).unwrap_err();
    assert_eq!(error.kind(), "TypeError");
    assert_eq!(error.message(), "scale_by() missing 1 required positional argument: 'x'");
    assert!(said(Args::new().arg(1)).unwrap_err().message().contains("keyword-only argument: 'unit'"));
    let inspect = PyObject::import("inspect").unwrap();
    let signature = inspect.call_method("signature", Args::new().arg(&scale)).unwrap();
    assert_eq!(signature.str().unwrap(), "(x, /, scale=2.0, *more, unit, strict=False, **options)");
    assert_eq!(scale.doc().unwrap().unwrap(), "Scales x.\n\nAnd more.");
    for (name, value) in [("__name__", "scale_by"), ("__qualname__", "scale_by"), ("__module__", "aria_units")] {
        assert_eq!(scale.getattr(name).unwrap().str().unwrap(), value);
    }
    assert_eq!(scale.repr().unwrap(), "<aria function scale_by>");
    assert_eq!(
        inspect.call_method("getfile", Args::new().arg(scale.getattr("__wrapped__").unwrap())).unwrap().str().unwrap(),
        "units.aria"
    );
    assert!(scale.is_callable().unwrap() && scale.kind().unwrap() == Kind::Callable);
    let wraps = names(
        "import functools\ndef wrap(f):\n    @functools.wraps(f)\n    def g(*a, **k): return f(*a, **k)\n    return g",
    );
    let wrapped = wraps.getitem("wrap").unwrap().call(Args::new().arg(&scale)).unwrap();
    assert_eq!(wrapped.getattr("__name__").unwrap().str().unwrap(), "scale_by");
}

#[test]
fn parameters_that_python_cannot_say_are_refused_and_the_closure_dropped() {
    python();
    let drops = Arc::new(Mutex::new(Vec::new()));
    let signatures = [
        Signature::new().arg("from"),
        Signature::new().arg("two words"),
        Signature::new().arg(""),
        Signature::new().arg("x").arg("x"),
        Signature::new().arg_or("x", 1).arg("y"),
        Signature::new().key("k").arg("x"),
        Signature::new().keywords("k").rest("r"),
        Signature::new().arg_or("x", Val::Range(0, 1, 0)),
    ];
    let count = signatures.len();
    for signature in signatures {
        let dropped = Dropped(Arc::clone(&drops));
        let made = PyObject::callable("f", signature.clone(), move |_| {
            let _ = &dropped;
            Ok(1)
        });
        assert_eq!(made.unwrap_err().kind(), "ValueError", "{signature:?}");
    }
    assert_eq!(drops.lock().unwrap().len(), count);
}

#[test]
fn closures_and_python_call_each_other_deeply() {
    python();
    let itself = Arc::new(Mutex::new(None::<PyObject>));
    let own = Arc::clone(&itself);
    let factorial = PyObject::callable("factorial", &["n"], move |call: CallArgs<'_>| {
        let n = call.get::<i64>("n")?;
        if n == 0 {
            return PyObject::from_val(1);
        }
        let again = own.lock().unwrap().clone().unwrap();
        Op::Mul.apply(n, from("functools", "partial").call(Args::new().arg(&again).arg(n - 1))?.call(Args::new())?)
    })
    .unwrap();
    *itself.lock().unwrap() = Some(factorial.clone());
    assert_eq!(factorial.call(Args::new().arg(20)).unwrap().to_int().unwrap(), 2_432_902_008_176_640_000);
    itself.lock().unwrap().take();
    // A callback that ends Python, or lets go of what is called, harms nobody.
    let held = Arc::new(Mutex::new(None::<PyObject>));
    let own = Arc::clone(&held);
    let suicidal = PyObject::callable("suicidal", Signature::new(), move |_| {
        own.lock().unwrap().take();
        collect(python());
        Ok("still here")
    })
    .unwrap();
    *held.lock().unwrap() = Some(suicidal);
    let function = held.lock().unwrap().clone().unwrap();
    assert_eq!(function.call(Args::new()).unwrap().str().unwrap(), "still here");
}

#[test]
fn a_panic_is_an_exception_that_python_can_handle() {
    python();
    let panicking =
        PyObject::callable("f", Signature::new(), |_| -> Result<(), PyError> { panic!("out of {}", "order") }).unwrap();
    let names = names("def call(f):\n    try: f()\n    except Exception as e: return type(e).__name__, e.kind, str(e)");
    let said = names.getitem("call").unwrap().call(Args::new().arg(&panicking)).unwrap();
    assert_eq!(said.repr().unwrap(), "('AriaError', 'Panic', \"'f' panicked: out of order\")");
    let error = panicking.call(Args::new()).unwrap_err();
    assert!(error.is("AriaError") && error.is("Exception") && error.message().contains("out of order"));
    assert_eq!(eval("1").to_int().unwrap(), 1);
}

#[test]
fn a_closure_is_dropped_once_on_whatever_thread() {
    let runtime = python();
    let drops = Arc::new(Mutex::new(Vec::new()));
    let dropped = Dropped(Arc::clone(&drops));
    let function = PyObject::callable("f", Signature::new(), move |_| {
        let _ = &dropped;
        Ok(1)
    })
    .unwrap();
    let other = thread::spawn(move || {
        assert_eq!(function.call(Args::new()).unwrap().to_int().unwrap(), 1);
        drop(function);
    });
    other.join().unwrap();
    // Another thread may be releasing it just now.
    while drops.lock().unwrap().is_empty() {
        collect(runtime);
    }
    assert_eq!(drops.lock().unwrap().len(), 1);
}

#[test]
fn a_local_closure_is_dropped_on_its_own_thread() {
    let runtime = python();
    let drops = Arc::new(Mutex::new(Vec::new()));
    let local = |drops: &Arc<Mutex<Vec<_>>>| {
        let (dropped, counted) = (Dropped(Arc::clone(drops)), Rc::new(RefCell::new(0)));
        PyObject::callable_local("f", Signature::new(), move |_| {
            let _ = &dropped;
            *counted.borrow_mut() += 1;
            Ok(*counted.borrow())
        })
        .unwrap()
    };
    let function = local(&drops);
    let home = thread::current().id();
    thread::spawn(move || {
        drop(function);
        collect(runtime);
    })
    .join()
    .unwrap();
    // Perhaps Python releases it on a third thread; in any case it comes home.
    while drops.lock().unwrap().is_empty() {
        collect(runtime);
    }
    assert_eq!(*drops.lock().unwrap(), [home]);
    // One whose thread has ended leaks, and is counted. The count is the process's: other tests' threads end as well.
    let orphan = thread::scope(|scope| scope.spawn(|| local(&drops)).join().unwrap());
    let before = runtime.releases().local_leaked;
    drop(orphan);
    while runtime.releases().local_leaked == before {
        collect(runtime);
    }
    assert_eq!(drops.lock().unwrap().len(), 1);
}

#[test]
fn a_closure_cannot_be_pickled_and_says_so() {
    python();
    let function = PyObject::callable("objective", &["x"], |_| Ok(1)).unwrap();
    for module in ["pickle", "cloudpickle"] {
        let Ok(pickle) = PyObject::import(module) else { continue };
        let error = pickle.call_method("dumps", Args::new().arg(&function)).unwrap_err();
        assert!(error.message().contains("cannot pickle the Aria function 'objective'"), "{error}");
    }
    let copied = PyObject::import("copy").unwrap().call_method("deepcopy", Args::new().arg(&function)).unwrap();
    assert!(copied.is(&function).unwrap());
}

#[test]
fn a_closure_runs_in_a_frame_of_its_own_place() {
    python();
    let caller = names(
        "import sys\ndef who():\n    f = sys._getframe(1)\n    return f.f_code.co_filename, f.f_lineno, f.f_code.co_name",
    );
    let who = caller.getitem("who").unwrap();
    let function =
        PyObject::callable("inner", Signature::new().at("inner.aria", 30), move |_| who.call(Args::new())).unwrap();
    static OUTER: Site = Site::new("outer.aria", 3, "outer");
    let _outer = OUTER.enter();
    assert_eq!(function.call(Args::new()).unwrap().repr().unwrap(), "('inner.aria', 30, 'inner')");
    let failing = PyObject::callable("failing", Signature::new().at("inner.aria", 40), |_| -> Result<(), _> {
        Err(PyError::new("Odd", "no"))
    })
    .unwrap();
    let error = failing.call(Args::new()).unwrap_err();
    let places: Vec<_> =
        error.frames().iter().map(|frame| (frame.file.clone(), frame.line, frame.function.clone())).collect();
    assert_eq!(
        places,
        [("outer.aria".to_owned(), 3, "outer".to_owned()), ("inner.aria".to_owned(), 40, "failing".to_owned())]
    );
}

#[test]
fn arguments_are_given_back_when_the_call_is_over() {
    python();
    let names = names(
        "import weakref\nclass C: pass\ndef call(f):\n    c = C()\n    r = weakref.ref(c)\n    f(c)\n    del c\n    return r() is None",
    );
    let function = PyObject::callable("f", &["x"], |call: CallArgs<'_>| call.object("x")?.hash()).unwrap();
    assert!(names.getitem("call").unwrap().call(Args::new().arg(&function)).unwrap().truthy().unwrap());
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let function = PyObject::callable("f", &["x"], move |call: CallArgs<'_>| {
        keep.lock().unwrap().push(call.object("x")?.clone());
        Ok(())
    })
    .unwrap();
    assert!(!names.getitem("call").unwrap().call(Args::new().arg(&function)).unwrap().truthy().unwrap());
    assert_eq!(kept.lock().unwrap()[0].type_of().unwrap().getattr("__name__").unwrap().str().unwrap(), "C");
}
