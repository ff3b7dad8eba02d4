//! Nothing stays behind: after many rounds of everything Python has as many blocks as before, and the ledger is empty.

mod support;

use aria_array_runtime::prelude::*;
use core::ops::Range;
use std::collections::BTreeSet;
use std::env;
use std::sync::Arc;
use std::thread;
use support::{ended_well, eval, names, program};

/// A Python function that counts Python's allocated blocks, after a collection.
fn blocks() -> PyObject {
    let code = "import sys, gc\ndef blocks():\n    gc.collect()\n    return sys.getallocatedblocks()";
    names(code).getitem("blocks").unwrap()
}

/// One of everything; an error's payload is counted by `alive`.
fn round(names: &PyObject, alive: &Arc<()>) -> Result<(), PyError> {
    static HERE: Site = Site::new("rounds.aria", 1, "round");
    let _here = HERE.enter();
    let nested =
        Val::dict([("k", Val::list([Val::Range(0, 3, 1), Val::bytes([1]), (1i128 << 100).into(), (1.5, "a").into()]))]);
    let object = PyObject::from_val(nested)?;
    object.to_val()?;
    object.setitem("x", 1)?;
    object.delitem("x")?;
    object.contains("k")?;
    object.repr()?;
    object.getitem("none").unwrap_err().frames();
    Op::Add.apply_in_place(PyObject::from_val(vec![1])?, vec![2])?;
    assert!(UnaryOp::Neg.apply("text").is_err() && object.hash().is_err() && object.getattr("none").is_err());
    let array = Array::from(vec![1.0, 2.0]);
    let (shared, _) = array.to_py()?;
    Array::from_py(&shared, &Request::new().dtype(DType::F64))?;
    assert!(Array::from_py(&shared, &Request::new().dtype(DType::I64)).is_err());
    let payload = Arc::clone(alive);
    let function = PyObject::callable(
        "f",
        Signature::new().arg("x").arg_or("y", 2).at("rounds.aria", 9),
        move |call: CallArgs<'_>| match call.get::<i64>("x")? {
            0 => Err(PyError::from_host("Odd", "none", payload.clone())),
            1 => Err(PyError::new("ValueError", "one")),
            x => Ok(vec![x, call.get("y")?]),
        },
    )?;
    let local = PyObject::callable_local("g", &["x"], |call: CallArgs<'_>| call.get::<f64>("x"))?;
    let call = names.getitem("call")?;
    for x in 0..3 {
        let result = call.call(Args::new().arg(&function).arg(x));
        assert_eq!(result.err().is_some_and(|error| error.payload::<Arc<()>>().is_some()), x == 0);
    }
    assert!(call.call(Args::new().arg(&local).arg("text")).is_err());
    let _batch = attach()?;
    detach(|| call.call(Args::new().arg(&local).arg(1.5)))?;
    Ok(())
}

#[test]
fn many_rounds_of_everything_leave_nothing_behind() {
    ended_well(&program("many_rounds_of_everything_leave_nothing_behind", || {
        let runtime = support::start();
        let names = names("def call(f, x): return f(x)");
        let alive = Arc::new(());
        let count = blocks();
        let blocks = || {
            runtime.drain();
            count.call(Args::new()).unwrap().to_int().unwrap()
        };
        let many = |rounds: usize| (0..rounds).for_each(|_| round(&names, &alive).unwrap());
        // Caches of Python's own fill in the first rounds, and breathe later; a block lost in every round would be 500 in
        // each batch of them.
        let mut grown = Vec::new();
        let settles = (0..12).any(|_| {
            let before = blocks();
            many(500);
            grown.push(blocks() - before);
            grown.last().is_some_and(|grown| *grown < 50)
        });
        assert!(settles, "{grown:?}");
        runtime.drain();
        assert_eq!(Arc::strong_count(&alive), 1);
        assert!(runtime.ledger().is_empty(), "{:?}", runtime.ledger());
        assert_eq!(runtime.releases().leaked + runtime.releases().local_leaked, 0);
        runtime.end().unwrap();
    }));
}

/// Rounds of what takes a few microseconds.
const MANY: usize = 100_000;

/// Rounds of what takes a hundred microseconds: an exception is told with its traceback, which Python writes, and a
/// callable has its parameters compiled. What leaks a block a round is found out by a hundredth of these; the variable
/// `ARIA_ROUNDS` says how many others, at least a thousand.
fn few() -> usize {
    env::var("ARIA_ROUNDS").map_or(3_000, |rounds| rounds.parse().expect("ARIA_ROUNDS is a number"))
}

/// Functions of the table, how many rounds, and what uses them.
type Row<'a> = (&'a [&'a str], usize, Box<dyn Fn() + 'a>);

/// The functions of the table, by the names that its definition has.
fn functions_of_the_table() -> BTreeSet<&'static str> {
    let source = include_str!("../../src/operations.rs");
    let table = source.split_once("pub struct Operations {").unwrap().1.split_once("\n}").unwrap().0;
    let field = |line: &'static str| line.trim().strip_prefix("pub ")?.split_once(": ");
    let fields = table.lines().filter_map(field);
    // Types stand on the line of their field, or begin there. One function is called once, by the start.
    fields
        .filter(|(_, kind)| kind.starts_with("unsafe extern") || kind.starts_with("Unary"))
        .map(|(name, _)| name)
        .filter(|name| *name != "main_thread")
        .collect()
}

/// What the rounds use.
struct Subjects<'a> {
    runtime: &'a Runtime,
    object: PyObject,
    list: PyObject,
    number: PyObject,
    array: Array,
    shared: PyObject,
    function: PyObject,
    calls: PyObject,
    raises: PyObject,
    thrown: PyError,
    exception: PyObject,
    /// How much the ledger may have while a row runs: what is held here alone, unless other threads have more.
    alive: Range<usize>,
}

impl<'a> Subjects<'a> {
    fn new(runtime: &'a Runtime) -> Subjects<'a> {
        let names = names(
            "class C: x = 1.5\nobject = C()\nlist = [1.5] * 3\ndef function(*args, **named): return args\n\
             def calls(f, n): \n    for _ in range(n): f(1.5)\n\
             def raises(f, n):\n    for _ in range(n):\n        try: f('text')\n        except TypeError: pass",
        );
        let get = |name: &str| names.getitem(name).unwrap();
        let array = Array::from(vec![1.0, 2.0]);
        let failing = PyObject::callable("f", Signature::new(), |_| -> Result<(), PyError> {
            Err(PyError::from_host("Odd", "none", 1_u8))
        });
        let mut subjects = Subjects {
            runtime,
            object: get("object"),
            list: get("list"),
            number: eval("2.5"),
            shared: array.to_py().unwrap().0,
            array,
            function: get("function"),
            calls: get("calls"),
            raises: get("raises"),
            thrown: failing.unwrap().call(Args::new()).unwrap_err(),
            exception: eval("ValueError('none')"),
            alive: 0..0,
        };
        let held = runtime.ledger().len();
        subjects.alive = held..held + 1;
        subjects
    }

    /// Objects and values, and arrays from Python.
    fn of_objects(&self) -> Vec<Row<'_>> {
        let Subjects { runtime, object, list, number, shared, function, alive, .. } = self;
        fn ok<T>(result: Result<T, PyError>) {
            result.unwrap();
        }
        vec![
            (&["retain", "release"], MANY, Box::new(move || drop(object.clone()))),
            (&["import"], MANY, Box::new(move || ok(PyObject::import("sys")))),
            (&["getattr"], MANY, Box::new(move || ok(object.getattr("x")))),
            (&["setattr"], MANY, Box::new(move || ok(object.setattr("y", 1.5)))),
            (&["getitem"], MANY, Box::new(move || ok(list.getitem(1)))),
            (&["setitem"], MANY, Box::new(move || ok(list.setitem(1, 1.5)))),
            (&["call"], MANY, Box::new(move || ok(function.call(Args::new().arg(1.5).arg("a").kw("k", 1))))),
            (&["call"], MANY, Box::new(move || ok(list.call_method("index", Args::new().arg(1.5))))),
            (&["call"], MANY, Box::new(move || ok(function.call(Args::new().star(list))))),
            (&["to_object"], MANY, Box::new(move || ok(PyObject::from_val(vec![1.5, 2.5])))),
            (&["lower"], MANY, Box::new(move || ok(number.lower()))),
            (&["str"], MANY, Box::new(move || ok(number.str()))),
            (&["repr"], MANY, Box::new(move || ok(number.repr()))),
            (&["to_float"], MANY, Box::new(move || ok(number.to_float()))),
            (&["to_int"], MANY, Box::new(move || ok(PyObject::from_val(1_i64 << 40).and_then(|int| int.to_int())))),
            (&["truthy"], MANY, Box::new(move || ok(number.truthy()))),
            (&["len"], MANY, Box::new(move || ok(list.len()))),
            // Three items and the end.
            (&["iter", "next"], MANY / 4, Box::new(move || assert_eq!(list.iter().unwrap().flatten().count(), 3))),
            (&["apply"], MANY, Box::new(move || ok(Op::Add.apply(number, 1.5)))),
            (&["apply"], MANY, Box::new(move || ok(number.hash()))),
            (&["attach", "leave"], MANY, Box::new(move || ok(attach()))),
            (&["detach", "leave"], MANY, Box::new(move || detach(|| ()))),
            (&["check_signals"], MANY, Box::new(move || ok(runtime.check_signals()))),
            (&["flush"], MANY, Box::new(move || ok(runtime.flush()))),
            (&["drain", "ledger"], MANY, Box::new(move || assert!(alive.contains(&runtime.ledger().len())))),
            (&["array_from_py"], MANY, Box::new(move || drop(Array::from_py(shared, &Request::new()).unwrap()))),
            (&["release_counts"], MANY, Box::new(move || assert_eq!(runtime.releases().leaked, 0))),
        ]
    }

    /// Arrays to Python, places, closures, and what exceptions carry.
    fn of_closures(&self) -> Vec<Row<'_>> {
        let Subjects { runtime, array, calls, raises, thrown, exception, .. } = self;
        let closure = PyObject::callable("f", &["x"], |call: CallArgs<'_>| call.get::<f64>("x")).unwrap();
        let (again, here) = (closure.clone(), Site::new("rounds.aria", 1, "round"));
        vec![
            (&["array_to_py"], MANY, Box::new(move || drop(array.to_py().unwrap()))),
            (&["trace"], MANY, Box::new(move || drop(runtime.trace(|| ()).unwrap()))),
            (&["enter_site"], MANY, Box::new(move || drop(here.enter()))),
            (&["site"], few(), Box::new(move || drop(Site::new("rounds.aria", 1, "round").enter()))),
            (&["callable"], few(), Box::new(move || drop(PyObject::callable("f", &["x"], |_| Ok(())).unwrap()))),
            // A thousand calls of the closure each.
            (
                &["callable"],
                MANY / 1000,
                Box::new(move || drop(calls.call(Args::new().arg(&closure).arg(1000)).unwrap())),
            ),
            (
                &["callable"],
                few() / 1000,
                Box::new(move || drop(raises.call(Args::new().arg(&again).arg(1000)).unwrap())),
            ),
            (&["payload"], MANY, Box::new(move || assert_eq!(thrown.payload::<u8>(), Some(&1)))),
            (
                &["describe"],
                few(),
                Box::new(move || assert_eq!(PyError::from_exception(exception).kind(), "ValueError")),
            ),
        ]
    }

    /// Errors: one kind many times, since all are made in one way, and one of each operation.
    fn of_errors(&self) -> Vec<Row<'_>> {
        let Subjects { object, list, number, array, shared, function, .. } = self;
        fn raised<T>(result: Result<T, PyError>) {
            assert!(result.is_err());
        }
        vec![
            (&["import"], few(), Box::new(move || raised(PyObject::import("aria_rounds_none")))),
            (&["getattr"], few(), Box::new(move || raised(object.getattr("none")))),
            (&["setattr"], few(), Box::new(move || raised(number.setattr("none", 1)))),
            (&["getitem"], few(), Box::new(move || raised(list.getitem(9)))),
            (&["setitem"], few(), Box::new(move || raised(list.setitem(9, vec![1.5])))),
            (&["call"], few(), Box::new(move || raised(object.call(Args::new().arg(1).kw("k", array))))),
            (&["call"], few(), Box::new(move || raised(function.call(Args::new().arg(array).kw("k", 1).kw("k", 2))))),
            (&["call"], few(), Box::new(move || raised(list.call_method("none", Args::new())))),
            (&["to_float"], MANY, Box::new(move || raised(list.to_float()))),
            (&["to_int"], few(), Box::new(move || raised(number.to_int()))),
            (&["len"], few(), Box::new(move || raised(number.len()))),
            (&["iter"], few(), Box::new(move || raised(number.iter()))),
            (&["apply"], few(), Box::new(move || raised(Op::Add.apply(list, 1)))),
            (
                &["array_from_py"],
                few(),
                Box::new(move || raised(Array::from_py(shared, &Request::new().dtype(DType::I64)))),
            ),
        ]
    }
}

/// Does the rounds of each row, and finds no block left of them.
fn leave_nothing_behind(rows: for<'a> fn(&'a Subjects<'_>) -> Vec<Row<'a>>) {
    support::take_at_most(300 + few() as u64 / 50);
    let runtime = support::start();
    let subjects = Subjects::new(&runtime);
    let count = blocks();
    for (functions, rounds, round) in rows(&subjects) {
        let many = |rounds: usize| {
            let batch = attach().unwrap();
            (0..rounds).for_each(|_| round());
            drop(batch);
            count.call(Args::new()).unwrap().to_int().unwrap()
        };
        let mut before = many(rounds / 100 + 1);
        let mut grown = Vec::new();
        // Caches of Python's own fill, by less each time; what leaks grows as much every time.
        let settles = (0..12).any(|_| {
            let after = many(rounds);
            grown.push(after - core::mem::replace(&mut before, after));
            grown.last().is_some_and(|grown| *grown < 50)
        });
        assert!(settles, "{functions:?}: {grown:?} blocks more after {rounds} rounds each");
        assert!(subjects.alive.contains(&runtime.ledger().len()), "{functions:?}");
    }
    drop((subjects, count));
    assert!(runtime.ledger().is_empty(), "{:?}", runtime.ledger());
    assert_eq!(runtime.releases().leaked + runtime.releases().local_leaked, 0);
    runtime.end().unwrap();
}

#[test]
fn the_rounds_are_of_every_function_of_the_table() {
    let subjects = Subjects::new(support::python());
    let rows = subjects.of_objects().into_iter().chain(subjects.of_closures()).chain(subjects.of_errors());
    let used: BTreeSet<&str> = rows.flat_map(|(functions, ..)| functions.iter().copied()).collect();
    assert_eq!(used, functions_of_the_table());
}

#[test]
fn rounds_of_each_operation_on_objects_leave_nothing_behind() {
    ended_well(&program("rounds_of_each_operation_on_objects_leave_nothing_behind", || {
        leave_nothing_behind(|subjects| subjects.of_objects());
    }));
}

#[test]
fn rounds_of_arrays_places_and_closures_leave_nothing_behind() {
    ended_well(&program("rounds_of_arrays_places_and_closures_leave_nothing_behind", || {
        leave_nothing_behind(|subjects| subjects.of_closures());
    }));
}

#[test]
fn rounds_of_errors_leave_nothing_behind() {
    ended_well(&program("rounds_of_errors_leave_nothing_behind", || {
        leave_nothing_behind(|subjects| subjects.of_errors());
    }));
}

#[test]
fn every_function_of_the_table_works_from_any_thread_at_once() {
    ended_well(&program("every_function_of_the_table_works_from_any_thread_at_once", || {
        let runtime = support::start();
        let mut subjects = Subjects::new(&runtime);
        // What the others have at the moment, and what they dropped that waits.
        subjects.alive.end = 99;
        thread::scope(|scope| {
            for number in 0..6 {
                let subjects = &subjects;
                scope.spawn(move || {
                    let _batch = (number % 2 == 0).then(|| attach().unwrap());
                    let rows =
                        subjects.of_objects().into_iter().chain(subjects.of_closures()).chain(subjects.of_errors());
                    for (_, rounds, round) in rows {
                        (0..rounds.min(20)).for_each(|_| round());
                    }
                });
            }
        });
        drop(subjects);
        runtime.drain();
        assert!(runtime.ledger().is_empty(), "{:?}", runtime.ledger());
        assert_eq!(runtime.releases().leaked + runtime.releases().local_leaked, 0);
        runtime.end().unwrap();
    }));
}
