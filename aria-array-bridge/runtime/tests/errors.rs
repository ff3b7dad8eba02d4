//! What an error has: its parts, the object itself, what it carries through Python and back (rule R4).

mod support;

use aria_array_runtime::add_source;
use aria_array_runtime::prelude::*;
use std::rc::Rc;
use std::thread;
use support::{eval, names, python};

/// An error of a program, as an interpreter has them.
#[derive(Debug, PartialEq)]
struct SpanError {
    line: u32,
}

fn raised(code: &str) -> PyError {
    names(code).getitem("f").unwrap().call(Args::new()).unwrap_err()
}

#[test]
fn an_error_has_args_a_cause_a_context_and_frames() {
    python();
    let error = raised(
        "def f():\n    try: {}['k']\n    except KeyError as first:\n        try: 1 / 0\n        except ZeroDivisionError as second: raise ValueError('a', 2) from first",
    );
    let args: Vec<String> = error.args().iter().map(|arg| arg.repr().unwrap()).collect();
    assert_eq!(args, ["'a'", "2"]);
    assert_eq!((error.kind(), error.message()), ("ValueError", "('a', 2)"));
    let cause = error.cause().unwrap();
    assert_eq!((cause.kind(), cause.message()), ("KeyError", "'k'"));
    let context = error.context().unwrap();
    assert_eq!(context.kind(), "ZeroDivisionError");
    assert_eq!(context.context().unwrap().kind(), "KeyError");
    assert!(cause.cause().is_none());
    let frames = error.frames();
    assert_eq!(frames.last().map(|frame| (frame.function.as_str(), frame.line)), Some(("f", 5)));
    assert_eq!(cause.frames().last().map(|frame| frame.line), Some(2));
    let own = PyError::new("ValueError", "mine");
    assert!(own.args().is_empty() && own.frames().is_empty() && own.cause().is_none());
    assert!(own.is("ValueError") && own.is("Exception") && !own.is("KeyError"));
}

#[test]
fn a_traceback_shows_the_line_of_the_program() {
    python();
    let source = "fn fit_it(model, data)\n  model.fit(data, targets, with: everything)\nend\n";
    add_source("typed.aria", source).unwrap();
    let _here = Site::new("typed.aria", 2, "fit_it").enter();
    let error = eval("int").call(Args::new().arg("x")).unwrap_err();
    let line = "model.fit(data, targets, with: everything)";
    let wanted = format!(
        "Traceback (most recent call last):\n  File \"typed.aria\", line 2, in fit_it\n    {line}\n\
         ValueError: invalid literal for int() with base 10: 'x'\n"
    );
    assert_eq!(error.render(), wanted);
    assert_eq!(format!("{error:?}"), wanted);
    let frames = error.frames();
    assert_eq!(frames.len(), 1);
    assert_eq!((frames[0].file.as_str(), frames[0].line, frames[0].text.as_deref()), ("typed.aria", 2, Some(line)));
}

#[test]
fn of_many_calls_the_outermost_and_the_innermost_are_rendered_and_all_are_frames() {
    python();
    // Functions that call each other, so that no line repeats the one before it.
    let deep = |calls: usize, last: &str| {
        raised(&format!(
            "def a(n):\n    if n: b(n - 1)\n    else: raise ValueError('at the end')\ndef b(n):\n    a(n)\ndef f():\n    {last}"
        ).replace("CALLS", &calls.to_string()))
    };
    for (calls, left_out) in [(1, None), (48, None), (49, Some(41)), (400, Some(743))] {
        let error = deep(calls, "a(CALLS)");
        let (text, frames) = (error.render(), error.frames());
        assert_eq!(frames.len(), 2 * calls + 3); // The place of the program and `f` too.
        let shown = text.lines().filter(|line| line.starts_with("  File ")).count();
        let note = left_out.map(|count| format!("  [{count} calls are left out]\n"));
        match &note {
            Some(note) => assert_eq!((shown, text.matches(note.as_str()).count()), (60, 1)),
            None => assert!(shown == frames.len() && !text.contains("left out")),
        }
        assert!(text.starts_with("Traceback (most recent call last):\n  File ") && text.contains("in f\n"), "{text}");
        assert!(text.ends_with("line 3, in a\nValueError: at the end\n"), "{text}");
        // A cause that went deep is shortened as well; what it caused is whole.
        let caused = deep(calls, "try: a(CALLS)\n    except ValueError as e: raise KeyError('k') from e");
        let (cause, own) = caused.render().split_once("direct cause").unwrap();
        assert!(cause.lines().filter(|line| line.starts_with("  File ")).count() <= 100);
        assert!(own.ends_with("KeyError: 'k'\n") && !own.contains("left out"));
    }
}

#[test]
fn an_error_raised_again_is_the_same_object() {
    python();
    let names = names(
        "class E(Exception): pass\nerror = E('first')\ndef f(): raise error\ndef catch(g):\n    try: g()\n    except Exception as e: return e",
    );
    let f = names.getitem("f").unwrap();
    let again = PyObject::callable("again", Signature::new(), move |_| f.call(Args::new())).unwrap();
    let error = again.call(Args::new()).unwrap_err();
    let first = names.getitem("error").unwrap();
    assert!(error.object().unwrap().is(&first).unwrap());
    let caught = names.getitem("catch").unwrap().call(Args::new().arg(&again)).unwrap();
    assert!(caught.is(&first).unwrap());
    assert!(PyError::from_exception(&first).object().unwrap().is(&first).unwrap());
    assert_eq!(PyError::from_exception(&eval("1")).kind(), "ArgumentError");
}

#[test]
fn ends_interrupts_and_exits_are_told_apart() {
    python();
    let all = [
        "StopIteration(1)",
        "KeyboardInterrupt()",
        "SystemExit(3)",
        "SystemExit()",
        "SystemExit('why')",
        "ValueError()",
    ];
    let told = all.map(|code| {
        let error = raised(&format!("def f(): raise {code}"));
        (error.is_stop_iteration(), error.is_interrupt(), error.exit_code())
    });
    let wanted = [
        (true, false, None),
        (false, true, None),
        (false, false, Some(3)),
        (false, false, Some(0)),
        (false, false, Some(1)),
        (false, false, None),
    ];
    assert_eq!(told, wanted);
    // They pass a callback unchanged, and are none of its errors.
    let names = names("def f(g):\n    try: g()\n    except Exception: return 'swallowed'");
    let exit = |code: &str| PyError::from_exception(&eval(&format!("SystemExit({code})")));
    for (code, status, message) in [
        ("'why'", 1, Some("why")),
        ("-1", -1, None),
        ("300", 300, None),
        ("2**70", -1, None),
        ("True", 1, None),
        ("None", 0, None),
        ("(1, 2)", 1, Some("(1, 2)")),
        ("1.5", 1, Some("1.5")),
    ] {
        let error = exit(code);
        assert_eq!((error.exit_code(), error.exit_message().as_deref()), (Some(status), message), "{code}");
    }
    for kind in ["KeyboardInterrupt", "SystemExit"] {
        let ending = PyObject::callable("ending", Signature::new(), move |_| {
            Err::<(), _>(raised(&format!("def f(): raise {kind}")))
        })
        .unwrap();
        let error = names.getitem("f").unwrap().call(Args::new().arg(&ending)).unwrap_err();
        assert!(error.is(kind) && !error.is("Exception"), "{error}");
    }
    // An iterator that is written as a closure ends by StopIteration.
    let end =
        PyObject::callable("end", Signature::new(), |_| -> Result<(), _> { Err(PyError::new("StopIteration", "")) })
            .unwrap();
    assert!(end.call(Args::new()).unwrap_err().is_stop_iteration());
}

#[test]
fn a_class_that_is_called_like_a_built_in_one_is_another() {
    python();
    for kind in ["KeyboardInterrupt", "SystemExit", "StopIteration", "ConnectionError", "AttributeError"] {
        let code = format!("class {kind}(Exception): pass\ndef f(): raise {kind}('mine')");
        let error = raised(&code);
        assert!(!error.is(kind) && !error.is(&format!("builtins.{kind}")) && error.is("Exception"), "{kind}");
        assert!(!error.is_interrupt() && !error.is_stop_iteration() && error.exit_code().is_none());
        let derived = raised(&format!("import builtins\nclass {kind}(builtins.{kind}): pass\ndef f(): raise {kind}"));
        assert!(derived.is(kind) && derived.is(&format!("builtins.{kind}")), "{kind}");
    }
    let error = raised("import zoneinfo\ndef f(): zoneinfo.ZoneInfo('No/where')");
    assert!(error.is("zoneinfo._common.ZoneInfoNotFoundError") && error.is("ZoneInfoNotFoundError"));
    assert!(error.is("KeyError") && error.is("builtins.LookupError") && !error.is("FoundError") && !error.is(""));
    assert!(!error.is("len") && !error.is("builtins.len") && !error.is("ValueError"));
    let own = PyError::new("KeyError", "k");
    assert!(own.is("KeyError") && own.is("LookupError") && own.is("builtins.LookupError") && !own.is("ValueError"));
    assert!(PyError::new("app.SpanError", "s").is("SpanError") && !PyError::new("SpanError", "s").is("Exception"));
    // What `__getattr__` raises by that name is not what `hasattr` means.
    let odd = names(
        "class AttributeError(Exception): pass\nclass Odd:\n    def __getattr__(self, name): raise AttributeError(name)\nodd = Odd()",
    );
    assert_eq!(odd.getitem("odd").unwrap().hasattr("x").unwrap_err().message(), "x");
}

#[test]
fn a_failed_import_shows_no_machinery() {
    python();
    for name in ["nosuch", "nosuch.module", "json.nosuch"] {
        let error = PyObject::import(name).unwrap_err();
        assert!(error.is("ModuleNotFoundError") && !error.render().contains("importlib"), "{}", error.render());
        assert_eq!(error.render().matches("  File ").count(), 1);
    }
    let folder = std::env::temp_dir().join(format!("aria-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("aria_broken_module.py"), "x = 1\nraise ValueError('within')\n").unwrap();
    let path = PyObject::import("sys").unwrap().getattr("path").unwrap();
    path.call_method("append", Args::new().arg(folder.display().to_string())).unwrap();
    let error = PyObject::import("aria_broken_module").unwrap_err();
    assert!(error.render().contains("aria_broken_module.py\", line 2") && !error.render().contains("importlib"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_error_of_the_program_comes_back_with_its_payload() {
    python();
    let failing = PyObject::callable("failing", &["x"], |call: CallArgs<'_>| -> Result<(), PyError> {
        let line = call.get::<u32>("x")?;
        Err(PyError::from_host("SpanError", format!("line {line}"), SpanError { line }))
    })
    .unwrap();
    let names = names(
        "def through(f):\n    return [f(x) for x in (7,)]\n\
         def wrap(f):\n    try: f(1)\n    except Exception as e: raise RuntimeError('wrapped') from e\n\
         def look(f):\n    try: f(2)\n    except Exception as e: return type(e).__module__, type(e).__name__, e.kind, str(e)",
    );
    let call = |name: &str| names.getitem(name).unwrap().call(Args::new().arg(&failing));
    let error = call("through").unwrap_err();
    assert_eq!(error.payload::<SpanError>(), Some(&SpanError { line: 7 }));
    assert_eq!((error.kind(), error.message()), ("aria_array_bridge.AriaError", "line 7"));
    assert!(error.payload::<String>().is_none() && error.is("AriaError"));
    // Also when it goes through a second callback, and from a cause.
    let other = failing.clone();
    let outer = PyObject::callable("outer", Signature::new(), move |_| other.call(Args::new().arg(9))).unwrap();
    assert_eq!(outer.call(Args::new()).unwrap_err().payload::<SpanError>(), Some(&SpanError { line: 9 }));
    let wrapped = call("wrap").unwrap_err();
    assert!(wrapped.payload::<SpanError>().is_none());
    assert_eq!(wrapped.cause().unwrap().payload::<SpanError>(), Some(&SpanError { line: 1 }));
    let look = call("look").unwrap().repr().unwrap();
    assert_eq!(look, "('aria_array_bridge', 'AriaError', 'SpanError', 'line 2')");
    // A kind that Python knows is that kind, and carries its payload as well.
    let valued = PyObject::callable("valued", Signature::new(), |_| -> Result<(), _> {
        Err(PyError::from_host("ValueError", "bad", 5u8))
    })
    .unwrap();
    let error = valued.call(Args::new()).unwrap_err();
    assert_eq!((error.kind(), error.payload::<u8>()), ("ValueError", Some(&5)));
    assert!(eval("1").getattr("x").unwrap_err().payload::<u8>().is_none());
    // One that is made of more than a message is an AriaError, and nothing is lost.
    for kind in ["UnicodeDecodeError", "ExceptionGroup"] {
        let special = PyObject::callable("special", Signature::new(), move |_| -> Result<(), _> {
            Err(PyError::from_host(kind, "no message alone", 6u8))
        });
        let error = special.unwrap().call(Args::new()).unwrap_err();
        assert_eq!((error.kind(), error.message()), ("aria_array_bridge.AriaError", "no message alone"));
        assert_eq!(error.payload::<u8>(), Some(&6));
        assert_eq!(error.object().unwrap().getattr("kind").unwrap().str().unwrap(), kind);
    }
}

#[test]
fn a_payload_of_one_thread_is_seen_there_alone() {
    python();
    let failing = PyObject::callable_local("failing", Signature::new(), |_| -> Result<(), _> {
        Err(PyError::from_host_local("SpanError", "here", Rc::new(SpanError { line: 3 })))
    })
    .unwrap();
    let error = failing.call(Args::new()).unwrap_err();
    assert_eq!(error.payload::<Rc<SpanError>>().unwrap().line, 3);
    let copy = error.clone();
    thread::spawn(move || assert!(copy.payload::<Rc<SpanError>>().is_none())).join().unwrap();
}

/// One looks for it attached, another detached: neither waits for the other with what it needs.
#[test]
fn a_payload_is_found_by_several_threads_at_once() {
    python();
    for _ in 0..300 {
        let function = PyObject::callable("f", Signature::new(), |_| -> Result<(), PyError> {
            Err(PyError::from_host("SpanError", "here", SpanError { line: 4 }))
        });
        let error = function.unwrap().call(Args::new()).unwrap_err();
        let found = |attached: bool| {
            let _batch = attached.then(|| attach().unwrap());
            error.payload::<SpanError>().map(|span| span.line)
        };
        let all = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|i| scope.spawn(move || found(i % 2 == 0))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(all, [Some(4); 4]);
    }
}

#[test]
fn payloads_are_dropped_once() {
    let runtime = python();
    let payload = std::sync::Arc::new(());
    for round in 0..2 {
        let held = payload.clone();
        let failing = PyObject::callable("failing", Signature::new(), move |_| -> Result<(), _> {
            Err(PyError::from_host("E", "", held.clone()))
        })
        .unwrap();
        let error = failing.call(Args::new()).unwrap_err();
        assert!(error.payload::<std::sync::Arc<()>>().is_some(), "{round}");
    }
    drop(PyError::from_host("E", "never raised", payload.clone()));
    // Another thread may be releasing it just now.
    while std::sync::Arc::strong_count(&payload) > 1 {
        runtime.drain();
    }
}
