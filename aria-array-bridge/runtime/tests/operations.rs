//! Every operation, in one process whose tests run on several threads at once.

mod support;

use aria_array_runtime::prelude::*;
use std::thread;
use support::{eval, names, python};

#[test]
fn an_import_returns_the_leaf_module() {
    python();
    assert_eq!(PyObject::import("os.path").unwrap().getattr("sep").unwrap().str().unwrap(), "/");
    let error = PyObject::import("there.is.none").unwrap_err();
    assert_eq!(error.kind(), "ModuleNotFoundError");
    assert_eq!(error.message(), "No module named 'there'");
    assert!(error.is("ImportError") && error.is("Exception") && !error.is("ValueError"));
}

#[test]
fn a_call_takes_positional_keyword_and_starred_arguments() {
    python();
    let names = names("def f(*args, **kwargs): return repr((args, kwargs))");
    let f = names.getitem("f").unwrap();
    let (rest, more) = (eval("(i for i in (3, 4))"), eval("{'y': 6, 'x': 7}"));
    let args = Args::new().arg(1).arg("two").kw("b", 5.5).kw("a", true).star(&rest).star_star(&more);
    assert_eq!(f.call(args).unwrap().str().unwrap(), "((1, 'two', 3, 4), {'b': 5.5, 'a': True, 'y': 6, 'x': 7})");
    assert_eq!(f.call(Args::new()).unwrap().str().unwrap(), "((), {})");
    // In the order of the program, as often as it likes, also of none.
    let (pair, none, data) = (eval("(1, 2)"), eval("()"), Array::from(vec![1.5]));
    let args =
        Args::new().star(&pair).arg("x").star(&none).star(&pair).arg(&data).kw("a", 0).star_star(&more).kw("z", 1);
    let args = args.star_star(&eval("{}")).star_star(&eval("{'q': 8}")).star(&eval("iter('yz')"));
    let said = f.call(args).unwrap().str().unwrap();
    assert!(said.starts_with("((1, 2, 'x', 1, 2, ") && said.contains("[1.5], 'y', 'z'), {'a': 0,"), "{said}");
    assert!(said.ends_with("'y': 6, 'x': 7, 'z': 1, 'q': 8})"), "{said}");
    let bound = f.getattr("__call__").unwrap();
    assert_eq!(bound.call(Args::new().star(&none)).unwrap().str().unwrap(), "((), {})");
    assert_eq!(data.exports(), 0);
    for args in [
        Args::new().star_star(&more).star_star(&more),
        Args::new().star_star(&more).kw("x", 1),
        Args::new().star(&pair).star(&eval("1")).arg(&data),
        Args::new().star(&eval("(1 / 0 for i in (1,))")).arg(&data).kw("d", &data),
        Args::new().kw("x", 1).kw("x", 2),
        Args::new().kw("x", 1).star_star(&more),
        Args::new().star_star(&eval("{1: 2}")),
        Args::new().star_star(&eval("[1]")),
        Args::new().star(&eval("1")),
    ] {
        let kind = f.call(args).unwrap_err().kind().to_owned();
        assert!(kind == "TypeError" || kind == "ZeroDivisionError", "{kind}");
    }
    assert_eq!(data.exports(), 0, "arrays behind what failed are given back");
}

#[test]
fn calls_with_any_number_of_arguments_and_keywords_are_pythons_own() {
    python();
    let names = names(
        "def f(*args, **kwargs): return (args, sorted(kwargs.items()))\nclass C: pass\nc = C()\nc.f = f\n\
         C.g = lambda self, *args, **kwargs: f(*args, **kwargs)",
    );
    let (function, object) = (names.getitem("f").unwrap(), names.getitem("c").unwrap());
    for positional in 0..9 {
        for keywords in 0..7 {
            let args = || {
                let args = (0..positional).fold(Args::new(), Args::arg);
                (0..keywords).fold(args, |args, n| args.kw(format!("k{n}"), n))
            };
            let wanted: Vec<String> = (0..keywords).map(|n| format!("('k{n}', {n})")).collect();
            let tuple = eval(&format!("tuple(range({positional}))")).repr().unwrap();
            let wanted = format!("({tuple}, [{}])", wanted.join(", "));
            // A function, one that is an attribute, and a method.
            assert_eq!(function.call(args()).unwrap().repr().unwrap(), wanted);
            assert_eq!(object.call_method("f", args()).unwrap().repr().unwrap(), wanted);
            assert_eq!(object.call_method("g", args()).unwrap().repr().unwrap(), wanted);
        }
    }
    let error = object.call_method("none", Args::new().arg(1).kw("k", 2)).unwrap_err();
    assert_eq!((error.kind(), error.message()), ("AttributeError", "'C' object has no attribute 'none'"));
    let error = object.call_method("g", Args::new().kw("twice", 1).kw("twice", 2)).unwrap_err();
    assert_eq!(error.message(), "got multiple values for keyword argument 'twice'");
}

#[test]
fn more_names_than_are_remembered_are_each_their_own() {
    python();
    let object = eval("type('Any', (), {'__getattr__': lambda self, name: name})()");
    for round in 0..2 {
        for n in 0..2000 {
            let name = format!("name_{n}{}", "_".repeat(n % 80));
            assert_eq!(object.getattr(&name).unwrap().str().unwrap(), name, "round {round}");
        }
    }
    assert_eq!(object.getattr("").unwrap().str().unwrap(), "");
    assert_eq!(object.getattr("naïve").unwrap().str().unwrap(), "naïve");
}

#[test]
fn values_go_in_and_come_out_unchanged() {
    python();
    let there_and_back = |value: Val| PyObject::from_val(value).unwrap().lower().unwrap();
    assert!(matches!(there_and_back(Val::None), Val::None));
    for truth in [true, false] {
        assert!(matches!(there_and_back(truth.into()), Val::Bool(found) if found == truth));
    }
    for int in [0, 1, -1, i64::MIN, i64::MAX, 1 << 53] {
        assert!(matches!(there_and_back(int.into()), Val::Int(found) if found == int));
    }
    for float in [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NAN] {
        assert!(matches!(there_and_back(float.into()), Val::Float(found) if found.to_bits() == float.to_bits()));
    }
    for text in ["", "é", "a\0b", "🦀"] {
        assert!(matches!(there_and_back(text.into()), Val::Str(found) if found == text));
    }
}

#[test]
fn what_is_no_value_stays_an_object() {
    python();
    let stays =
        ["2**63", "-2**63 - 1", "[]", "1j", "type('S', (str,), {})('x')", "type('I', (int,), {})(1)", "'\\ud800'"];
    for code in stays {
        assert!(matches!(eval(code).lower().unwrap(), Val::Object(_)), "{code}");
    }
    let numpy = PyObject::import("numpy").unwrap();
    let one = numpy.call_method("float64", Args::new().arg(1.5)).unwrap();
    assert!(matches!(one.lower().unwrap(), Val::Object(_)));
    assert_eq!(one.to_float().unwrap(), 1.5);
    let big = eval("2**100");
    assert_eq!(
        big.call_method("__add__", Args::new().arg(1)).unwrap().str().unwrap(),
        "1267650600228229401496703205377"
    );
}

#[test]
fn numbers_are_never_guessed() {
    python();
    assert_eq!(eval("3").to_float().unwrap(), 3.0);
    assert_eq!(eval("True").to_int().unwrap(), 1);
    assert_eq!(eval("-1").to_int().unwrap(), -1);
    assert_eq!(eval("-1.0").to_float().unwrap(), -1.0);
    for (code, kind) in
        [("'1.5'", "TypeError"), ("None", "TypeError"), ("1j", "TypeError"), ("10**400", "OverflowError")]
    {
        assert_eq!(eval(code).to_float().unwrap_err().kind(), kind, "{code}");
    }
    for (code, kind) in [("1.0", "TypeError"), ("'1'", "TypeError"), ("2**63", "OverflowError")] {
        assert_eq!(eval(code).to_int().unwrap_err().kind(), kind, "{code}");
    }
}

#[test]
fn attributes_and_items_are_read_and_written() {
    python();
    let namespace = PyObject::import("types").unwrap().call_method("SimpleNamespace", Args::new()).unwrap();
    namespace.setattr("match", 3).unwrap();
    assert_eq!(namespace.getattr("match").unwrap().to_int().unwrap(), 3);
    assert_eq!(namespace.getattr("none").unwrap_err().kind(), "AttributeError");
    let dict = eval("{}");
    dict.setitem("k", Val::None).unwrap();
    dict.setitem(2, &namespace).unwrap();
    assert_eq!(dict.len().unwrap(), 2);
    assert!(matches!(dict.getitem("k").unwrap().lower().unwrap(), Val::None));
    assert!(dict.getitem(3).unwrap_err().is("LookupError"));
    assert!(eval("1").len().unwrap_err().is("TypeError"));
}

#[test]
fn truth_may_fail() {
    python();
    assert!(eval("[0]").truthy().unwrap() && !eval("[]").truthy().unwrap());
    let two = PyObject::import("numpy").unwrap().call_method("zeros", Args::new().arg(2)).unwrap();
    assert_eq!(two.truthy().unwrap_err().kind(), "ValueError");
}

#[test]
fn iteration_is_lazy_and_ends_once() {
    python();
    let endless = PyObject::import("itertools").unwrap().call_method("count", Args::new()).unwrap();
    let squares: Vec<i64> = endless.iter().unwrap().take(3).map(|item| item.unwrap().to_int().unwrap()).collect();
    assert_eq!(squares, [0, 1, 2]);
    let mut failing = eval("(1 // n for n in (1, 0, 1))").iter().unwrap();
    assert_eq!(failing.next().unwrap().unwrap().to_int().unwrap(), 1);
    assert_eq!(failing.next().unwrap().unwrap_err().kind(), "ZeroDivisionError");
    assert!(failing.next().is_none() && failing.next().is_none());
    assert_eq!(eval("1").iter().unwrap_err().kind(), "TypeError");
}

#[test]
fn an_error_has_its_kind_its_text_its_traceback_and_the_exception() {
    python();
    let names = names(
        "class E(ValueError):\n    def __str__(self): return 'said é'\n\
         class Broken(Exception):\n    def __str__(self): raise KeyError\n\
         def outer(): inner()\n\
         def inner():\n    try: {}['k']\n    except KeyError as cause: raise E(1) from cause\n\
         def broken(): raise Broken",
    );
    let error = names.getitem("outer").unwrap().call(Args::new()).unwrap_err();
    assert_eq!((error.kind().ends_with("E"), error.message()), (true, "said é"));
    assert!(error.is("ValueError") && !error.is("KeyError"));
    let text = error.render();
    for part in
        ["Traceback (most recent call last):", "in outer", "in inner", "KeyError: 'k'", "direct cause", "said é\n"]
    {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let args = error.object().unwrap().getattr("args").unwrap();
    assert_eq!(args.repr().unwrap(), "(1,)");
    let error = names.getitem("broken").unwrap().call(Args::new()).unwrap_err();
    assert!(error.message().contains("cannot be had") && error.is("Broken"), "{error}");
}

#[test]
fn nothing_of_an_error_stays_behind() {
    python();
    assert!(eval("1").getattr("none").is_err());
    let pending = eval("__import__('sys').exc_info()[0]");
    assert!(matches!(pending.lower().unwrap(), Val::None));
}

#[test]
fn display_never_fails_and_debug_runs_no_python() {
    python();
    let names = names("class C:\n    def __str__(self): raise ValueError('no')\n    __repr__ = __str__\nc = C()");
    let object = names.getitem("c").unwrap();
    assert_eq!(object.to_string(), "<object whose text cannot be had: ValueError: no>");
    assert!(format!("{object:?}").starts_with("PyObject(0x"));
    assert_eq!(eval("'\\ud800'").str().unwrap_err().kind(), "UnicodeEncodeError");
    assert_eq!(format!("{:>5}|", eval("12")), "   12|");
}

#[test]
fn exits_and_interrupts_are_errors_like_others() {
    python();
    let exit = PyObject::import("sys").unwrap().call_method("exit", Args::new().arg(3)).unwrap_err();
    assert!(exit.is("SystemExit") && !exit.is("Exception"));
    assert_eq!(exit.object().unwrap().getattr("code").unwrap().to_int().unwrap(), 3);
}

#[test]
fn a_name_that_is_no_name_is_an_error() {
    python();
    assert_eq!(eval("1").getattr("").unwrap_err().kind(), "AttributeError");
    assert_eq!(eval("1").getattr("a\0b").unwrap_err().kind(), "AttributeError");
    assert!(PyObject::import("").is_err());
}

#[test]
fn objects_are_used_and_dropped_on_any_thread() {
    let python = python();
    let list = eval("[]");
    let append = list.getattr("append").unwrap();
    thread::scope(|scope| {
        for number in 0..4 {
            let (append, list) = (append.clone(), list.clone());
            scope.spawn(move || {
                for item in 0..200 {
                    append.call(Args::new().arg(number * 200 + item)).unwrap();
                    assert!(list.len().unwrap() > 0);
                }
                drop(append);
            });
        }
    });
    assert_eq!(list.len().unwrap(), 800);
    // An object that lives nowhere else dies on this thread's next operation, wherever it was dropped.
    let names = names("import weakref\nclass C: pass\nc = C()\nr = weakref.ref(c)");
    let object = names.getitem("c").unwrap();
    names.setitem("c", Val::None).unwrap();
    let alive = || !matches!(names.getitem("r").unwrap().call(Args::new()).unwrap().lower().unwrap(), Val::None);
    assert!(alive());
    thread::spawn(move || drop(object)).join().unwrap();
    python.drain();
    assert!(!alive());
}

#[test]
fn python_threads_run_while_the_program_does_not_call_python() {
    python();
    let names = names(
        "import threading\nn = 0\nstop = False\n\
         def run():\n    global n\n    while not stop: n += 1\n\
         thread = threading.Thread(target=run)\nthread.start()",
    );
    let before = names.getitem("n").unwrap().to_int().unwrap();
    thread::sleep(core::time::Duration::from_millis(100));
    let after = names.getitem("n").unwrap().to_int().unwrap();
    names.setitem("stop", true).unwrap();
    names.getitem("thread").unwrap().call_method("join", Args::new()).unwrap();
    assert!(after > before + 1000, "{before} {after}");
}

#[test]
fn an_array_crosses_both_ways_and_is_the_same_memory() {
    python();
    let numpy = PyObject::import("numpy").unwrap();
    let data = Array::from(vec![1.0, 2.0, 3.0]);
    let array = numpy.call_method("asarray", Args::new().arg(&data)).unwrap();
    assert_eq!(array.getattr("ctypes").unwrap().getattr("data").unwrap().to_int().unwrap(), data.address() as i64);
    let request = Request::new().dtype(DType::F64).ndim(1).copy(CopyPolicy::Never);
    let (back, plan) = Array::from_py(&array, &request).unwrap();
    assert_eq!((back.address(), plan.outcome), (data.address(), Outcome::View));
    let wrong = Array::from_py(&array, &Request::new().dtype(DType::I64)).unwrap_err();
    assert!(wrong.is("ConversionError") && wrong.plan().is_some_and(|plan| plan.has("dtype")), "{wrong:?}");
    let (object, _) = data.to_py().unwrap();
    assert_eq!(object.call_method("sum", Args::new()).unwrap().to_float().unwrap(), 6.0);
}

#[test]
fn an_array_argument_is_released_once_whatever_becomes_of_the_call() {
    let python = python();
    let data = Array::from(vec![1.0; 8]);
    let exports = || {
        python.drain();
        data.exports()
    };
    let before = exports();
    let len = eval("len");
    for args in [
        Args::new().arg(&data).arg(&data),                // TypeError of the call
        Args::new().arg(&data).kw("x", &data).kw("x", 1), // the name comes twice
        Args::new().arg(&data).star(&eval("1")),          // no iterable
    ] {
        assert!(len.call(args).is_err());
    }
    assert!(eval("1").call_method("none", Args::new().arg(&data)).is_err());
    assert!(eval("1").setattr("x", &data).is_err());
    assert!(eval("()").setitem(0, &data).is_err());
    PyObject::import("gc").unwrap().call_method("collect", Args::new()).unwrap();
    assert_eq!(exports(), before);
}

#[test]
fn the_report_says_what_runs() {
    let text = python().report().to_string();
    for part in ["python     3.1", "from VIRTUAL_ENV", "agrees with its standard library", "core       ", "numpy "] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
}

#[test]
fn operations_run_in_a_frame_that_says_where_the_program_is() {
    python();
    let names = names(
        "import sys\ndef where():\n    f = sys._getframe(1)\n    return f.f_code.co_filename, f.f_lineno, f.f_code.co_name",
    );
    let place = || names.getitem("where").unwrap().call(Args::new()).unwrap().repr().unwrap();
    assert_eq!(place(), "('<aria>', 1, '<module>')");
    {
        static OUTER: Site = Site::new("analyze.aria", 8, "analyze_data");
        let _outer = OUTER.enter();
        assert_eq!(place(), "('analyze.aria', 8, 'analyze_data')");
        {
            let _inner = Site::new("other.aria", 70_000, "f").enter();
            assert_eq!(place(), "('other.aria', 70000, 'f')");
            assert_eq!(thread::scope(|scope| scope.spawn(place).join().unwrap()), "('<aria>', 1, '<module>')");
            let error = eval("1").getattr("none").unwrap_err();
            assert!(error.render().contains("File \"other.aria\", line 70000, in f\n"), "{error:?}");
        }
        assert_eq!(place(), "('analyze.aria', 8, 'analyze_data')");
    }
    assert_eq!(place(), "('<aria>', 1, '<module>')");
    // Guards that are dropped in the wrong order mix places up, and nothing worse.
    let (one, two) = (Site::new("1", 1, "one").enter(), Site::new("2", 2, "two").enter());
    drop(one);
    drop(two);
    assert!(place().contains("'one'"));
}

#[test]
fn operators_take_values_and_objects_in_either_order() {
    python();
    let array = PyObject::import("numpy").unwrap().call_method("arange", Args::new().arg(3.0)).unwrap();
    let text = |object: PyObject| object.call_method("tolist", Args::new()).unwrap().repr().unwrap();
    assert_eq!(text(Op::Mul.apply(2.0, &array).unwrap()), "[0.0, 2.0, 4.0]");
    assert_eq!(text(Op::Sub.apply(&array, 1).unwrap()), "[-1.0, 0.0, 1.0]");
    assert_eq!(text(Op::Gt.apply(&array, 0.5).unwrap()), "[False, True, True]");
    assert!(Op::Contains.apply("abc", "b").unwrap().truthy().unwrap());
    let list = eval("[1, 2]");
    Op::DelItem.apply(&list, 0).unwrap();
    assert_eq!(list.repr().unwrap(), "[2]");
    assert_eq!(Op::Add.apply(1, "a").unwrap_err().kind(), "TypeError");
    assert_eq!(Op::Pow.apply(2, 100).unwrap().str().unwrap(), "1267650600228229401496703205376");
}

#[test]
fn an_array_comes_as_it_was_asked_for_or_the_plan_says_why_not() {
    python();
    let names =
        names("import numpy\na = numpy.arange(6.0).reshape(2, 3)\nf = numpy.arange(3.0)\nf.flags.writeable = False");
    let [a, fixed] = ["a", "f"].map(|name| names.getitem(name).unwrap());
    let codes = |plan: &Plan| plan.reasons.iter().map(|reason| reason.code.to_string()).collect::<Vec<_>>();
    let (array, plan) = Array::from_py(&a, &Request::new().order(Order::C).ndim(2)).unwrap();
    assert_eq!((plan.outcome, array.strides()), (Outcome::View, &[24, 8][..]));
    let (array, plan) = Array::from_py(&a, &Request::new().order(Order::F)).unwrap();
    assert_eq!((plan.outcome, array.strides(), codes(&plan)), (Outcome::Copy, &[8, 16][..], vec!["order".to_owned()]));
    assert_eq!(array.to_vec::<f64>().unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let never = Request::new().order(Order::F).copy(CopyPolicy::Never);
    assert!(Array::from_py(&a, &never).unwrap_err().message().contains("not F-contiguous"));
    assert!(Array::from_py(&a, &Request::new().ndim(1)).unwrap_err().message().contains("expected 1 axes but found 2"));
    let (_, plan) = Array::from_py(&fixed, &Request::new()).unwrap();
    assert_eq!(plan.outcome, Outcome::View);
    let (array, plan) = Array::from_py(&fixed, &Request::new().writable(true)).unwrap();
    assert_eq!((plan.outcome, codes(&plan), array.is_readonly()), (Outcome::Copy, vec!["read-only".to_owned()], false));
    let never = Request::new().writable(true).copy(CopyPolicy::Never);
    assert!(Array::from_py(&fixed, &never).unwrap_err().message().contains("may not be written"));
}
