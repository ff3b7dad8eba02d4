//! Guards that attach and detach, and who makes progress meanwhile. Nothing is timed: a thread that is kept from
//! working keeps its program from ending, and a program that does not end is a failure.

mod support;

use aria_array_runtime::prelude::*;
use aria_array_runtime::{GilState, gil_state};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use support::{ended_well, eval, names, program};

const ENOUGH: u64 = 100_000;

/// A Python thread that counts in an array, its memory, and the names of its script: `stop` and `thread`.
fn counting_thread() -> (Array, PyObject) {
    let script = names(
        "import threading, numpy\nstop = False\narray = numpy.zeros(1, 'int64')\n\
         def count():\n    while not stop: array[0] += 1\n\
         thread = threading.Thread(target=count)",
    );
    let request = Request::new().dtype(DType::I64).copy(CopyPolicy::Never);
    let (count, _) = Array::from_py(&script.getitem("array").unwrap(), &request).unwrap();
    script.getitem("thread").unwrap().call_method("start", Args::new()).unwrap();
    (count, script)
}

fn join(script: &PyObject) {
    script.setitem("stop", true).unwrap();
    script.getitem("thread").unwrap().call_method("join", Args::new()).unwrap();
}

/// Waits in native code alone until Python has counted further.
fn until_counted(count: &Array) {
    let counted = || count.to_vec::<i64>().unwrap()[0];
    let begin = counted();
    while counted() < begin + 1000 {
        core::hint::spin_loop();
    }
}

#[test]
fn python_counts_while_the_program_computes() {
    ended_well(&program("python_counts_while_the_program_computes", || {
        let runtime = support::start();
        let (count, script) = counting_thread();
        assert_eq!(gil_state(), GilState::Detached);
        until_counted(&count);
        join(&script);
        runtime.end().unwrap();
    }));
}

#[test]
fn the_program_counts_while_python_computes() {
    ended_well(&program("the_program_counts_while_python_computes", || {
        let runtime = support::start();
        static COUNTED: AtomicU64 = AtomicU64::new(0);
        let script =
            names("enough = False\nn = 0\ndef compute():\n    global n\n    while not enough: n += 1\n    return n");
        let (begun, begin) = mpsc::channel();
        thread::scope(|scope| {
            let computing = scope.spawn(|| {
                begun.send(()).unwrap();
                script.getitem("compute").unwrap().call(Args::new()).unwrap().to_int().unwrap()
            });
            begin.recv().unwrap();
            while script.getitem("n").unwrap().to_int().unwrap() == 0 {}
            // Python computes for as long as it takes this thread to count.
            while COUNTED.fetch_add(1, Ordering::Relaxed) < ENOUGH {}
            let before = script.getitem("n").unwrap().to_int().unwrap();
            while script.getitem("n").unwrap().to_int().unwrap() == before {}
            script.setitem("enough", true).unwrap();
            assert!(computing.join().unwrap() > before);
        });
        runtime.end().unwrap();
    }));
}

#[test]
fn native_work_lets_python_run_when_it_detaches() {
    ended_well(&program("native_work_lets_python_run_when_it_detaches", || {
        let runtime = support::start();
        let (count, script) = counting_thread();
        {
            let _batch = attach().unwrap();
            let _inner = attach().unwrap();
            assert_eq!(gil_state(), GilState::Attached { guards: 2 });
            detach(|| {
                assert_eq!(gil_state(), GilState::Detached);
                until_counted(&count);
                // Operations attach all the same, and leave it as it was.
                assert_eq!(eval("1 + 1").to_int().unwrap(), 2);
                assert_eq!(gil_state(), GilState::Detached);
                until_counted(&count);
                let _again = attach().unwrap();
                assert_eq!(gil_state(), GilState::Attached { guards: 3 });
                detach(|| until_counted(&count));
            });
            assert_eq!(gil_state(), GilState::Attached { guards: 2 });
        }
        assert_eq!(gil_state(), GilState::Detached);
        join(&script);
        runtime.end().unwrap();
    }));
}

#[test]
fn a_batch_is_one_attachment() {
    ended_well(&program("a_batch_is_one_attachment", || {
        let runtime = support::start();
        let (count, script) = counting_thread();
        let counted = || count.to_vec::<i64>().unwrap()[0];
        until_counted(&count);
        {
            let _batch = attach().unwrap();
            let before = counted();
            // Native work alone: the lock is held, so nobody counts.
            for _ in 0..ENOUGH {
                core::hint::spin_loop();
            }
            assert_eq!(counted(), before);
        }
        until_counted(&count);
        join(&script);
        runtime.end().unwrap();
    }));
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    ended_well(&program("guards_may_be_dropped_in_any_order", || {
        let runtime = support::start();
        let attached = || matches!(gil_state(), GilState::Attached { .. });
        let (first, second) = (attach().unwrap(), attach().unwrap());
        drop(first);
        assert!(attached() && eval("1").to_int().unwrap() == 1);
        drop(second);
        assert!(!attached());
        // Also when one is dropped, or comes out of, where the thread is detached.
        let first = attach().unwrap();
        let out = detach(move || {
            drop(first);
            assert!(!attached() && eval("1").to_int().unwrap() == 1);
            attach().unwrap()
        });
        assert!(attached() && eval("1").to_int().unwrap() == 1);
        drop(out);
        assert_eq!(gil_state(), GilState::Detached);
        detach(|| assert!(!attached()));
        // A thread that ends takes nothing with it.
        thread::spawn(|| {
            core::mem::forget(attach().unwrap());
            detach(|| core::mem::forget(attach().unwrap()));
            core::mem::forget(attach().unwrap());
        })
        .join()
        .unwrap();
        assert_eq!(eval("1").to_int().unwrap(), 1);
        // The end would wait ten seconds for what was forgotten.
        core::mem::forget(runtime);
    }));
}

#[test]
fn objects_are_released_when_a_batch_begins_and_when_it_ends() {
    ended_well(&program("objects_are_released_when_a_batch_begins_and_when_it_ends", || {
        let runtime = support::start();
        let object = eval("object()");
        let before = runtime.releases().released;
        drop(object);
        let batch = attach().unwrap();
        assert!(runtime.releases().released > before);
        let object = eval("object()");
        let before = runtime.releases().released;
        drop(object);
        assert_eq!(runtime.releases().released, before);
        drop(batch);
        assert!(runtime.releases().released > before);
        // Of two guards, the outer one dropped first; and before others run, since they would not release it.
        let (outer, inner) = (attach().unwrap(), attach().unwrap());
        let (first, second, third) = (eval("object()"), eval("object()"), eval("object()"));
        third.repr().unwrap(); // What making them left behind.
        let before = runtime.releases().released;
        drop(first);
        drop(outer);
        drop(second);
        detach(|| assert_eq!(runtime.releases().released, before + 2));
        drop(third);
        assert_eq!(runtime.releases().released, before + 2);
        drop(inner);
        assert_eq!(runtime.releases().released, before + 3);
        runtime.end().unwrap();
        assert_eq!(runtime.releases().leaked, 0);
    }));
}

#[test]
fn plain_values_are_released_by_the_next_operation_and_when_a_batch_ends() {
    ended_well(&program("plain_values_are_released_by_the_next_operation_and_when_a_batch_ends", || {
        let runtime = support::start();
        let batch = attach().unwrap();
        let values = || {
            let values = [Val::from(2.5), Val::from(1_i64 << 40), Val::from("text"), Val::from(true), Val::None];
            values.map(|value| PyObject::from_val(value).unwrap())
        };
        let (object, some) = (eval("object()"), values());
        object.repr().unwrap(); // What making them left behind.
        let before = runtime.releases().released;
        drop(some);
        assert_eq!(runtime.releases().released, before);
        object.repr().unwrap();
        assert_eq!(runtime.releases().released, before + 5);
        // Beside what is not plain, by the end of the batch.
        drop((values(), object));
        assert_eq!(runtime.releases().released, before + 5);
        drop(batch);
        assert_eq!(runtime.releases().released, before + 11);
        // Handles that have references on several threads, and memory that others had before.
        let _batch = attach().unwrap();
        let numbers: Vec<PyObject> = (0..100).map(|n| PyObject::from_val(n).unwrap()).collect();
        let others = numbers.clone();
        let dropper = thread::spawn(move || drop(others));
        let sum = numbers.iter().map(|n| n.to_int().unwrap()).sum::<i64>();
        dropper.join().unwrap();
        drop(numbers);
        assert_eq!((sum, eval("sum(range(100))").to_int().unwrap()), (4950, 4950));
        assert_eq!(runtime.releases().leaked, 0);
    }));
}

#[test]
fn what_is_dropped_within_an_operation_of_a_batch_is_released_within_it() {
    ended_well(&program("what_is_dropped_within_an_operation_of_a_batch_is_released_within_it", || {
        let runtime = support::start();
        let names = names(
            "def churn(make):\n    for i in range(200): make()\n    return None\n\
             class Counted:\n    alive = peak = 0\n\
             \x20   def __init__(self): Counted.alive += 1; Counted.peak = max(Counted.peak, Counted.alive)\n\
             \x20   def __del__(self): Counted.alive -= 1",
        );
        let counted = names.getitem("Counted").unwrap();
        let class = counted.clone();
        let make = PyObject::callable("make", &[""; 0], move |_: CallArgs| {
            drop(class.call(Args::new())?);
            Ok(Val::None)
        });
        let make = make.unwrap();
        let batch = attach().unwrap();
        names.getitem("churn").unwrap().call(Args::new().arg(&make)).unwrap();
        assert!(counted.getattr("peak").unwrap().to_int().unwrap() < 20);
        drop(batch);
        runtime.end().unwrap();
    }));
}

#[test]
fn python_ends_neither_under_a_guard_nor_without_waiting_for_one() {
    ended_well(&program("python_ends_neither_under_a_guard_nor_without_waiting_for_one", || {
        assert_eq!(gil_state(), GilState::NotRunning);
        assert!(attach().unwrap_err().kind() == "StateError");
        assert_eq!(detach(|| 1), 1);
        let runtime = support::start();
        let guard = attach().unwrap();
        assert_eq!(runtime.end().unwrap_err(), aria_array_runtime::EndError::Inside);
        assert_eq!(eval("1").to_int().unwrap(), 1);
        drop(guard);
        let (begun, begin) = mpsc::channel();
        let other = thread::spawn(move || {
            let _batch = attach().unwrap();
            detach(|| {
                begun.send(()).unwrap();
                // The end has begun perhaps, and waits: operations of this batch still work.
                for _ in 0..1000 {
                    assert_eq!(eval("1").to_int().unwrap(), 1);
                }
            });
            eval("'the batch is whole'").str().unwrap()
        });
        begin.recv().unwrap();
        runtime.end().unwrap();
        assert_eq!(other.join().unwrap(), "the batch is whole");
        assert_eq!(gil_state(), GilState::NotRunning);
        assert!(attach().is_err());
        assert_eq!(detach(|| 1), 1);
    }));
}

#[test]
fn every_operation_works_from_any_thread_at_once() {
    ended_well(&program("every_operation_works_from_any_thread_at_once", || {
        let runtime = support::start();
        let list = eval("[]");
        thread::scope(|scope| {
            for number in 0..8 {
                let list = &list;
                scope.spawn(move || {
                    let _batch = (number % 2 == 0).then(|| attach().unwrap());
                    for item in 0..30 {
                        list.call_method("append", Args::new().arg((number, item))).unwrap();
                        assert!(detach(|| list.contains((number, item))).unwrap());
                        assert_eq!(Op::Add.apply(item, 1).unwrap().extract::<i64>().unwrap(), item + 1);
                        assert!(list.getitem(0..1).unwrap().to_val().is_ok() && list.kind().unwrap() == Kind::List);
                        assert!(list.getattr("none").unwrap_err().is("AttributeError"));
                        assert_eq!(
                            list.iter().unwrap().take(2).filter(Result::is_ok).count(),
                            list.len().unwrap().min(2)
                        );
                    }
                });
            }
        });
        assert_eq!(list.len().unwrap(), 240);
        runtime.end().unwrap();
    }));
}

#[test]
fn a_callback_leaves_the_thread_as_it_was() {
    ended_well(&program("a_callback_leaves_the_thread_as_it_was", || {
        let runtime = support::start();
        let leaving = PyObject::callable("leaving", Signature::new(), |_| {
            core::mem::forget(attach()?);
            detach(|| core::mem::forget(attach()));
            thread_local! {
                static LATER: core::cell::RefCell<Vec<aria_array_runtime::Attached>> = const { core::cell::RefCell::new(Vec::new()) };
            }
            let kept = detach(attach)?;
            LATER.with_borrow_mut(|later| later.push(kept));
            let guard = LATER.with_borrow_mut(|later| (later.len() > 1).then(|| later.remove(0)));
            drop(guard);
            Ok(matches!(gil_state(), GilState::Attached { .. }))
        })
        .unwrap();
        for _ in 0..5 {
            assert!(leaving.call(Args::new()).unwrap().truthy().unwrap());
            assert_eq!(gil_state(), GilState::Detached);
        }
        let names = names("def run(f): return [f() for _ in range(5)] + [len([1])]");
        assert_eq!(names.getitem("run").unwrap().call(Args::new().arg(&leaving)).unwrap().len().unwrap(), 6);
        // What was forgotten is inside for ever, so the end is refused; the process ends all the same.
        assert!(runtime.end().is_err());
        core::mem::forget(runtime);
    }));
}
