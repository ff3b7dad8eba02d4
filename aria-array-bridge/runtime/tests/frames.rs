//! Python code that looks at its caller finds the program's source (rule R6).

mod support;

use aria_array_runtime::add_source;
use aria_array_runtime::prelude::*;
use support::{ended_well, eval, installed, names, program, python};

#[test]
fn a_warning_points_to_the_program() {
    ended_well(&program("a_warning_points_to_the_program", || {
        let runtime = support::start();
        let names = names(
            "import warnings\ndef risky():\n    warnings.warn('old', DeprecationWarning, stacklevel=2)\n\
             def shown(w): return w.filename, w.lineno, str(w.message)\n\
             recorder = warnings.catch_warnings(record=True)",
        );
        let recorder = names.getitem("recorder").unwrap();
        let recorded = recorder.call_method("__enter__", Args::new()).unwrap();
        PyObject::import("warnings").unwrap().call_method("simplefilter", Args::new().arg("always")).unwrap();
        {
            let _here = Site::new("warn.aria", 5, "main").enter();
            names.getitem("risky").unwrap().call(Args::new()).unwrap();
        }
        // Without a site: the program, wherever.
        names.getitem("risky").unwrap().call(Args::new()).unwrap();
        {
            // Straight from the program, as `warnings.warn("…")` in its source.
            let _here = Site::new("warn.aria", 9, "main").enter();
            let args = Args::new().arg("direct");
            PyObject::import("warnings").unwrap().call_method("warn", args).unwrap();
        }
        let shown: Vec<(String, i64, String)> = recorded
            .to_vec()
            .unwrap()
            .iter()
            .map(|warning| names.getitem("shown").unwrap().call(Args::new().arg(warning)).unwrap().extract().unwrap())
            .collect();
        let wanted = [("warn.aria", 5, "old"), ("<aria>", 1, "old"), ("warn.aria", 9, "direct")];
        assert_eq!(shown, wanted.map(|(file, line, text)| (file.to_owned(), line, text.to_owned())));
        runtime.end().unwrap();
    }));
}

#[test]
fn without_a_frame_calls_of_every_form_do_the_same_and_callers_are_not_found() {
    ended_well(&program("without_a_frame_calls_of_every_form_do_the_same_and_callers_are_not_found", || {
        static BARE: Site = Site::without_frame();
        let runtime = support::start();
        let names = names(
            "import sys\n\
             def f(*args, **kwargs): return repr((args, sorted(kwargs.items())))\n\
             class C:\n    def m(self, *args, **kwargs): return f(*args, **kwargs)\n    x = 7\n\
             def fails(): raise KeyError('k')\n\
             def caller(): return sys._getframe(1).f_code.co_filename\n\
             def asks(g): return g()",
        );
        let get = |name: &str| names.getitem(name).unwrap();
        let (f, object) = (get("f"), get("C").call(Args::new()).unwrap());
        // `eval` looks for a frame, so these are made first.
        let (list, map) = (eval("[3, 4]"), eval("{'z': 5}"));
        let many = || Args::new().arg(1).kw("a", 2).star(&list);
        let every = || -> Vec<String> {
            let forms = [
                f.call(Args::new()),
                f.call(Args::new().arg(1)),
                f.call(many()),
                f.call(many().star_star(&map)),
                object.call_method("m", Args::new().arg(1)),
                object.call_method("m", many()),
                object.call_method("m", many().star_star(&map)),
                object.getattr("x"),
                object.getattr("x").and_then(|x| x.getattr("real")),
                list.getitem(1),
            ];
            forms.into_iter().map(|result| result.unwrap().str().unwrap()).collect()
        };
        let framed = every();
        {
            let _here = Site::new("outer.aria", 3, "main").enter();
            {
                let _bare = BARE.enter();
                assert_eq!(every(), framed);
                let error = get("caller").call(Args::new()).unwrap_err();
                assert!(error.message().contains("call stack is not deep enough"), "{error}");
                let error = get("fails").call(Args::new()).unwrap_err();
                assert_eq!((error.kind(), error.frames().len()), ("KeyError", 1));
                // A function of the program that Python calls is at its own place.
                let caller = get("caller");
                let signature = Signature::new().at("inner.aria", 4);
                let inner = PyObject::callable("inner", signature, move |_: CallArgs| caller.call(Args::new())?.str());
                let file = get("asks").call(Args::new().arg(inner.unwrap())).unwrap().str().unwrap();
                assert_eq!(file, "inner.aria");
            }
            assert_eq!(get("caller").call(Args::new()).unwrap().str().unwrap(), "outer.aria");
        }
        assert!(format!("{BARE:?}").contains("without frame"));
        runtime.end().unwrap();
    }));
}

#[test]
fn a_namedtuple_belongs_to_the_program() {
    python();
    let collections = PyObject::import("collections").unwrap();
    let point = collections.call_method("namedtuple", Args::new().arg("Point").arg(vec!["x", "y"])).unwrap();
    assert_eq!(point.getattr("__module__").unwrap().str().unwrap(), "__main__");
    let made = point.call(Args::new().arg(1).kw("y", 2)).unwrap();
    assert_eq!(made.repr().unwrap(), "Point(x=1, y=2)");
    // Derived from `tuple`, so no tuple by itself.
    assert!(matches!(made.to_val().unwrap(), Val::Object(_)));
    assert_eq!(made.extract::<(i64, i64)>().unwrap(), (1, 2));
}

#[test]
fn what_calls_methods_for_a_frame_is_harmless_in_other_hands() {
    python();
    let names = names(
        "import sys\nclass C:\n    def found(self, **named): return sys._getframe(1).f_locals['operation']\n\
         def call(f, *args): return f(*args)\ndef plus(a, *, b): return a + b\nplus.plus = plus",
    );
    let object = names.getitem("C").unwrap().call(Args::new()).unwrap();
    let (call, plus) = (names.getitem("call").unwrap(), names.getitem("plus").unwrap());
    let found = object.call_method("found", Args::new().kw("k", 1)).unwrap();
    let args = |args: Vec<Val>| args.into_iter().fold(Args::new().arg(&found), Args::arg);
    let (named, none) = (Val::tuple(["b"]), || Val::None);
    // A method of a function's own dict takes no `self`.
    for name in [none(), "plus".into()] {
        let good = vec![name, named.clone(), (&plus).into(), 1.into(), 2.into()];
        assert_eq!(call.call(args(good)).unwrap().to_int().unwrap(), 3);
    }
    for wrong in [
        vec![],
        vec![none()],
        vec![none(), none()],
        vec![none(), named.clone()],
        vec![none(), named.clone(), (&plus).into()],
        vec![none(), Val::tuple([1]), (&plus).into(), 1.into()],
        vec![none(), 1.into(), (&plus).into()],
        vec![1.into(), none(), (&plus).into()],
    ] {
        assert_eq!(call.call(args(wrong)).unwrap_err().message(), "expected a name, names and what to call");
    }
}

#[test]
fn inspect_shows_the_source_of_the_program() {
    python();
    let source = "# a program\n\nfn objective(x)\n  x * x\nend\n";
    add_source("inspected.aria", source).unwrap();
    let inspect = PyObject::import("inspect").unwrap();
    let objective = PyObject::callable("objective", Signature::from(&["x"]).at("inspected.aria", 3), |_| {
        let frame = PyObject::import("inspect")?.call_method("currentframe", Args::new())?;
        let info = PyObject::import("inspect")?.call_method("getframeinfo", Args::new().arg(&frame))?;
        Ok((
            info.getattr("filename")?.str()?,
            info.getattr("lineno")?.to_int()?,
            info.getattr("code_context")?.to_val()?,
        ))
    })
    .unwrap();
    let (file, line, text): (String, i64, Vec<String>) = objective.call(Args::new().arg(2)).unwrap().extract().unwrap();
    assert_eq!((file.as_str(), line, text), ("inspected.aria", 3, vec!["fn objective(x)\n".to_owned()]));
    assert_eq!(
        inspect
            .call_method("getsourcefile", Args::new().arg(objective.getattr("__wrapped__").unwrap()))
            .unwrap()
            .str()
            .unwrap(),
        "inspected.aria"
    );
    // `getsource` finds the file as well, but before 3.13 it looks for the word `def` in it to know where to begin.
}

#[test]
fn code_that_reads_its_callers_names_finds_a_place_for_them() {
    python();
    // `eval` and `exec` without names take those of the caller: the program's main module, as at Python's prompt.
    PyObject::import("builtins").unwrap().call_method("exec", Args::new().arg("aria_answer = 42")).unwrap();
    assert!(eval("globals()['__name__']").str().unwrap() == "__main__");
}

#[test]
fn pandas_assigns_columns_and_warns_in_the_program() {
    ended_well(&program("pandas_assigns_columns_and_warns_in_the_program", || {
        let runtime = support::start();
        let pandas = installed("pandas", "pandas");
        let names = names("import warnings\nwarnings.simplefilter('error')");
        let _here = Site::new("frame.aria", 4, "main").enter();
        let columns = Val::dict([("x", vec![1.0, 2.0]), ("y", vec![3.0, 4.0])]);
        let frame = pandas.call_method("DataFrame", Args::new().arg(columns)).unwrap();
        let product = Op::Mul.apply(frame.getitem("x").unwrap(), frame.getitem("y").unwrap()).unwrap();
        frame.setitem("z", &product).unwrap();
        let mask = Op::Gt.apply(frame.getitem("z").unwrap(), 4.0).unwrap();
        frame.getattr("loc").unwrap().setitem((&mask, "z"), 0.0).unwrap();
        assert_eq!(frame.getitem("z").unwrap().extract::<Vec<f64>>().unwrap(), [3.0, 0.0]);
        frame.delitem("z").unwrap();
        assert!(!frame.contains("z").unwrap());
        let rows = frame.getattr("iloc").unwrap().getitem(0..1).unwrap();
        assert_eq!(rows.len().unwrap(), 1);
        let grown = frame.call_method("assign", Args::new().kw("k", vec![5, 6])).unwrap();
        assert_eq!(grown.getitem("k").unwrap().extract::<Vec<i64>>().unwrap(), [5, 6]);
        drop(names);
        runtime.end().unwrap();
    }));
}
