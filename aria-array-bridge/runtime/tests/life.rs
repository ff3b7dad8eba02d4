//! Start and end, and what is dropped in between, during and after: each test is a program of its own.

mod support;

use aria_array_runtime::prelude::*;
use aria_array_runtime::{EndError, Releases};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::process::{Stdio, exit};
use std::sync::Mutex;
use std::time::Instant;
use std::{panic, thread};
use support::{command, ended_well, environment, eval, installed, is_child, names, program, run, start};

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_starts_no_python_loads_none() {
    ended_well(&program("a_program_that_starts_no_python_loads_none", || {
        let loaded = || std::fs::read_to_string("/proc/self/maps").unwrap().contains("libpython");
        assert!(!loaded(), "Python is linked");
        assert!(PyObject::import("sys").is_err() && !loaded(), "nobody started it");
        let runtime = start();
        assert!(loaded());
        runtime.end().unwrap();
    }));
}

#[test]
fn the_second_start_is_the_same_python_and_a_start_after_the_end_is_refused() {
    ended_well(&program("the_second_start_is_the_same_python_and_a_start_after_the_end_is_refused", || {
        let one = start();
        names("import sys\nsys.aria_mark = 1");
        let two = Runtime::start(&Config::new()).unwrap();
        assert!(eval("__import__('sys').aria_mark").truthy().unwrap());
        drop(two);
        assert!(eval("1").truthy().unwrap(), "the first one is still there");
        // One that is named must be this one, by whatever name.
        for name in [
            environment(),
            format!("{}/bin/python", environment()),
            eval("__import__('sys').executable").str().unwrap(),
        ] {
            drop(Runtime::start(&Config::new().python(name)).unwrap());
        }
        for name in ["/nowhere".to_owned(), eval("__import__('sys').base_prefix + '/bin/python3'").str().unwrap()] {
            let error = Runtime::start(&Config::new().python(&name)).unwrap_err();
            assert!(matches!(error, StartError::Occupied { .. }), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(&name) && text.contains(&environment()) && text.contains("fix: "), "{text}");
        }
        assert!(eval("1").truthy().unwrap(), "the first one is still there");
        one.end().unwrap();
        one.end().unwrap();
        assert_eq!(Runtime::start(&Config::from_env()).unwrap_err(), StartError::Ended);
    }));
}

#[test]
fn what_is_done_before_the_start_or_after_the_end_is_an_error() {
    ended_well(&program("what_is_done_before_the_start_or_after_the_end_is_an_error", || {
        let early = PyObject::import("sys").unwrap_err();
        assert_eq!(early.kind(), "StateError");
        let runtime = start();
        let object = eval("[1]");
        let iterator = object.iter().unwrap();
        runtime.end().unwrap();
        assert_eq!(object.len().unwrap_err().kind(), "StateError");
        assert_eq!(iterator.map(Result::unwrap_err).count(), 1);
        assert!(object.to_string().contains("cannot be had"));
        let (data, object) = (Array::from(vec![1.0]), object.clone());
        assert!(object.call(Args::new().arg(&data)).is_err());
        assert_eq!(data.exports(), 0, "an argument of a call that never was is released");
        assert!(runtime.flush().is_err());
        let _here = Site::new("a", 1, "b").enter();
    }));
}

#[test]
fn what_was_printed_to_a_pipe_arrives_and_atexit_runs() {
    let text = ended_well(&program("what_was_printed_to_a_pipe_arrives_and_atexit_runs", || {
        let runtime = start();
        names("import atexit\nprint('from Python')\natexit.register(print, 'at exit')");
        runtime.end().unwrap();
    }));
    assert!(text.contains("from Python") && text.contains("at exit"), "{text}");
}

/// Python joins its threads and runs `atexit` before anything of it goes: what it calls there is a function of the program.
#[test]
fn functions_of_the_program_are_called_while_python_ends() {
    let text = ended_well(&program("functions_of_the_program_are_called_while_python_ends", || {
        let runtime = start();
        let names = names(
            "import atexit, threading, time\nfrom concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n\
             def begin(work):\n    atexit.register(lambda: print('at exit', work(5)))\n    \
             threading.Timer(0.3, lambda: print('timer', work(4))).start()\n    \
             for i in range(3): pool.submit(lambda i=i: (time.sleep(0.1), print('task', work(i))))",
        );
        let work = PyObject::callable("work", &["x"], |call: CallArgs<'_>| {
            assert!(matches!(aria_array_runtime::gil_state(), aria_array_runtime::GilState::Attached { .. }));
            let list = PyObject::from_val(vec![call.get::<i64>("x")?])?;
            list.getitem(0)?.to_int()
        });
        names.getitem("begin").unwrap().call(Args::new().arg(work.unwrap())).unwrap();
        drop(names);
        runtime.end().unwrap();
        assert_eq!(runtime.releases().leaked + runtime.releases().local_leaked, 0);
    }));
    for line in ["task 0", "task 1", "task 2", "timer 4", "at exit 5"] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_panic_ends_python_too() {
    let text = ended_well(&program("a_panic_ends_python_too", || {
        let result = panic::catch_unwind(|| {
            let _runtime = start();
            names("print('before the panic')");
            panic!("on purpose");
        });
        assert!(result.is_err());
        assert_eq!(Runtime::start(&Config::from_env()).unwrap_err(), StartError::Ended);
    }));
    assert!(text.contains("before the panic"), "{text}");
}

#[test]
fn only_the_thread_that_started_python_ends_it() {
    ended_well(&program("only_the_thread_that_started_python_ends_it", || {
        let runtime = start();
        let other = thread::scope(|scope| scope.spawn(|| runtime.end()).join().unwrap());
        assert_eq!(other, Err(EndError::OtherThread));
        assert!(eval("1").truthy().unwrap(), "it still runs");
        runtime.end().unwrap();
    }));
}

#[test]
fn the_end_waits_for_operations_on_other_threads() {
    ended_well(&program("the_end_waits_for_operations_on_other_threads", || {
        let runtime = start();
        let sleep = PyObject::import("time").unwrap().getattr("sleep").unwrap();
        let sleeper = thread::spawn(move || sleep.call(Args::new().arg(0.5)).map(drop));
        thread::sleep(Duration::from_millis(200));
        runtime.end().unwrap();
        sleeper.join().unwrap().expect("the operation ended well");
    }));
}

/// What it refuses to end, it has ended nothing of. A program ends all the same.
#[test]
fn a_thread_that_stays_in_python_is_waited_for_and_keeps_no_program() {
    let begin = Instant::now();
    let output = program("a_thread_that_stays_in_python_is_waited_for_and_keeps_no_program", || {
        let runtime = start();
        let names = names(
            "import atexit\nfrom concurrent.futures import ThreadPoolExecutor\natexit.register(print, 'at exit')\n\
             def work(): return ThreadPoolExecutor(1).submit(abs, -1).result()",
        );
        let sleep = PyObject::import("time").unwrap().getattr("sleep").unwrap();
        thread::spawn(move || sleep.call(Args::new().arg(3600)));
        thread::sleep(Duration::from_millis(200));
        let busy = runtime.end().unwrap_err();
        assert_eq!(busy, EndError::Busy { operations: 1 });
        assert!(busy.to_string().contains("fix: let the threads come out"));
        println!("Python runs on");
        assert_eq!(names.getitem("work").unwrap().call(Args::new()).unwrap().to_int().unwrap(), 1);
        names
            .getitem("atexit")
            .unwrap()
            .call_method("register", Args::new().arg(eval("print")).arg("buffered"))
            .unwrap();
        runtime.end_with_program();
    });
    let text = ended_well(&output);
    let places = ["Python runs on", "buffered", "at exit"].map(|line| text.find(line));
    assert!(places.is_sorted() && places[0].is_some(), "{text}");
    assert!(begin.elapsed() < Duration::from_secs(45), "waited for the thread");
}

#[test]
fn daemons_of_pythons_that_call_the_program_end_without_a_word() {
    let output = program("daemons_of_pythons_that_call_the_program_end_without_a_word", || {
        let runtime = start();
        let names = names(
            "import threading\ndef begin(work):\n    def loop():\n        while True: work()\n    \
             for _ in range(4): threading.Thread(target=loop, daemon=True).start()",
        );
        let sleep = PyObject::import("time").unwrap().getattr("sleep").unwrap();
        let work = PyObject::callable("work", Signature::new(), move |_| sleep.call(Args::new().arg(0.01)));
        names.getitem("begin").unwrap().call(Args::new().arg(work.unwrap())).unwrap();
        thread::sleep(Duration::from_millis(200));
        runtime.end().unwrap();
    });
    ended_well(&output);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Ends of threads of the program, and of the program itself in C: values of the thread have gone by then.
#[test]
fn a_thread_that_ends_makes_functions_of_its_own() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            let own = std::rc::Rc::new(7);
            let function = PyObject::callable_local("last", Signature::new(), move |_| Ok(*own)).unwrap();
            assert_eq!(function.call(Args::new()).unwrap().to_int().unwrap(), 7);
        }
    }
    thread_local!(static LAST: Last = const { Last });
    ended_well(&program("a_thread_that_ends_makes_functions_of_its_own", || {
        let runtime = start();
        let end = || {
            LAST.with(|_| ());
            PyObject::callable_local("first", Signature::new(), |_| Ok(())).map(drop)
        };
        thread::spawn(end).join().unwrap().unwrap();
        thread::spawn(|| PyObject::callable_local("first", Signature::new(), |_| Ok(())).map(|_| LAST.with(|_| ())))
            .join()
            .unwrap()
            .unwrap();
        runtime.end().unwrap();
    }));
}

#[test]
fn live_objects_survive_the_end_and_leak_when_they_are_dropped() {
    ended_well(&program("live_objects_survive_the_end_and_leak_when_they_are_dropped", || {
        let runtime = start();
        let objects: Vec<PyObject> = (0..100).map(|_| eval("object()")).collect();
        runtime.drain();
        let Releases { leaked, .. } = runtime.releases();
        assert_eq!(leaked, 0);
        let clones = objects.clone();
        runtime.end().unwrap();
        drop(objects);
        assert_eq!(runtime.releases().leaked, 0, "the clones hold them");
        thread::spawn(move || drop(clones)).join().unwrap();
        assert_eq!(runtime.releases().leaked, 100);
    }));
}

/// Objects that were made, all threads together.
static MADE: AtomicU64 = AtomicU64::new(0);

#[test]
fn objects_dropped_while_python_ends_are_released_once_or_counted() {
    const NAME: &str = "objects_dropped_while_python_ends_are_released_once_or_counted";
    for round in 0..if is_child(NAME) { 1 } else { 8 } {
        let mut command = command(NAME);
        command.env("ARIA_TEST_ROUND", round.to_string());
        ended_well(&run(&mut command, NAME, || {
            let runtime = start();
            let round: u64 = std::env::var("ARIA_TEST_ROUND").unwrap().parse().unwrap();
            // Hooks that take their time, so that the end lasts while others drop.
            names("import atexit, time\nfor _ in range(20): atexit.register(time.sleep, 0.002)");
            let stock: Vec<Mutex<Vec<PyObject>>> = (0..3).map(|_| Mutex::default()).collect();
            let make = PyObject::import("builtins").unwrap().getattr("object").unwrap();
            for _ in 0..2_000 {
                for stock in &stock {
                    stock.lock().unwrap().push(make.call(Args::new()).unwrap());
                    MADE.fetch_add(1, Ordering::Relaxed);
                }
            }
            drop(make);
            let before = runtime.releases();
            let stop = AtomicBool::new(false);
            let dropped = thread::scope(|scope| {
                let droppers: Vec<_> = stock
                    .iter()
                    .map(|stock| {
                        scope.spawn(|| {
                            let mut dropped = 0;
                            while let Some(object) = stock.lock().unwrap().pop() {
                                drop(object);
                                dropped += 1;
                                thread::sleep(Duration::from_micros(20 + round * 5));
                            }
                            dropped
                        })
                    })
                    .collect();
                thread::sleep(Duration::from_millis(round * 2));
                runtime.end().unwrap();
                stop.store(true, Ordering::Relaxed);
                droppers.into_iter().map(|dropper| dropper.join().unwrap()).sum::<u64>()
            });
            let after = runtime.releases();
            assert_eq!(dropped, MADE.load(Ordering::Relaxed));
            let others = (after.released - before.released) + (after.leaked - before.leaked);
            // `make` and its like were dropped before, and some of them were released after `before` was read.
            assert!(others >= dropped && others <= dropped + 50, "{dropped} {before:?} {after:?}");
            assert!(after.leaked > 0, "{after:?}");
        }));
    }
}

#[test]
fn operations_that_race_with_the_end_fail_or_finish() {
    ended_well(&program("operations_that_race_with_the_end_fail_or_finish", || {
        let runtime = start();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while let Ok(object) = PyObject::import("builtins").and_then(|module| module.getattr("len")) {
                        assert!(object.truthy().is_ok_and(|truth| truth) || eval_fails());
                    }
                });
            }
            thread::sleep(Duration::from_millis(50));
            runtime.end().unwrap();
        });
    }));
}

fn eval_fails() -> bool {
    PyObject::import("sys").is_err_and(|error| error.kind() == "StateError")
}

#[test]
fn ctrl_c_ends_a_loop_also_after_python_has_imported_pandas() {
    const NAME: &str = "ctrl_c_ends_a_loop_also_after_python_has_imported_pandas";
    let status = interrupted(NAME, || {
        let _runtime = start();
        installed("pandas", "pandas"); // Which imports signal.
        println!("ready");
        thread::sleep(Duration::from_secs(20));
        exit(3);
    });
    #[cfg(unix)]
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2), "{status}");
}

#[test]
fn a_python_that_is_named_and_folders_of_the_program_are_taken() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules-of-a-program");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("of_the_program.py"), "answer = 42\n").unwrap();
    for python in [environment(), format!("{}/bin/python3", environment())] {
        const NAME: &str = "a_python_that_is_named_and_folders_of_the_program_are_taken";
        let mut command = command(NAME);
        // Nothing else may say which.
        command.env("NAMED", python).env("ARIA_PYTHON", "/nowhere").env("PATH", "/nowhere");
        ended_well(&run(&mut command, NAME, || {
            let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("modules-of-a-program");
            let python = std::env::var("NAMED").unwrap();
            let config = Config::new().python(&python).path(folder).argv(["program", "-v"]);
            let runtime = Runtime::start(&config).unwrap();
            assert_eq!(runtime.report().from, "the configuration");
            let module = PyObject::import("of_the_program").unwrap();
            assert_eq!(module.getattr("answer").unwrap().to_int().unwrap(), 42);
            assert_eq!(eval("__import__('sys').argv").extract::<Vec<String>>().unwrap(), ["program", "-v"]);
            runtime.end().unwrap();
        }));
    }
}

#[test]
fn with_signals_on_ctrl_c_is_a_keyboard_interrupt() {
    ended_well(&program("with_signals_on_ctrl_c_is_a_keyboard_interrupt", || {
        let runtime = Runtime::start(&Config::from_env().signals(true)).unwrap();
        // Raised on Python's main thread, where the system delivers it in a program that starts Python there.
        let exec = PyObject::import("builtins").unwrap().getattr("exec").unwrap();
        let interrupt = "import signal\nsignal.raise_signal(signal.SIGINT)\nfor _ in range(1000): pass";
        let error = exec.call(Args::new().arg(interrupt)).unwrap_err();
        assert!(error.is("KeyboardInterrupt") && !error.is("Exception"));
        runtime.check_signals().unwrap();
        names("import threading, _thread\nt = threading.Timer(0.05, _thread.interrupt_main)\nt.start()");
        thread::sleep(Duration::from_millis(500));
        assert!(runtime.check_signals().unwrap_err().is("KeyboardInterrupt"));
        runtime.check_signals().unwrap();
        runtime.end().unwrap();
    }));
}

#[test]
fn ctrl_c_is_heard_in_a_loop_without_frames_around_a_function_in_c() {
    ended_well(&program("ctrl_c_is_heard_in_a_loop_without_frames_around_a_function_in_c", || {
        static BARE: Site = Site::without_frame();
        let runtime = Runtime::start(&Config::from_env().signals(true)).unwrap();
        let sqrt = PyObject::import("math").unwrap().getattr("sqrt").unwrap();
        let interrupt = PyObject::import("_thread").unwrap().getattr("interrupt_main").unwrap();
        {
            let (_bare, _batch) = (BARE.enter(), attach().unwrap());
            interrupt.call(Args::new()).unwrap();
            let heard = (0..1000).find_map(|_| sqrt.call(Args::new().arg(2.0)).err());
            assert!(heard.is_some_and(|error| error.is("KeyboardInterrupt")));
        }
        runtime.check_signals().unwrap();
        runtime.end().unwrap();
    }));
}

/// Runs a program, interrupts it when it says that it is ready, and returns how it ended.
fn interrupted(name: &str, body: fn()) -> std::process::ExitStatus {
    use std::io::{BufRead, BufReader};
    if is_child(name) {
        support::watch();
        body();
        exit(0);
    }
    environment();
    let mut child = command(name).stdout(Stdio::piped()).spawn().expect("the child runs");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("ready")));
    thread::sleep(Duration::from_millis(200));
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.is_ok_and(|kill| kill.success()));
    child.wait().expect("it ends")
}

#[test]
fn what_the_main_thread_drops_dies_with_the_next_attach_or_as_python_runs_on() {
    let name = "what_the_main_thread_drops_dies_with_the_next_attach_or_as_python_runs_on";
    ended_well(&program(name, || {
        let runtime = start();
        let names = names(
            "import weakref\nclass C: pass\ngone = []\ndef make():\n    c = C()\n    weakref.finalize(c, gone.append, 1)\n    return c\n\
             def wait(drop):\n    drop()\n    for _ in range(10**7):\n        if gone: return True\n    return False",
        );
        let (make, gone) = (names.getitem("make").unwrap(), names.getitem("gone").unwrap());
        // Between two operations: by this thread's next one, or another's.
        drop(make.call(Args::new()).unwrap());
        assert_eq!(gone.len().unwrap(), 1);
        drop(make.call(Args::new()).unwrap());
        let other = gone.clone();
        assert_eq!(thread::spawn(move || other.len().unwrap()).join().unwrap(), 2);
        gone.call_method("clear", Args::new()).unwrap();
        // In a callback: while the Python code that called it runs on, with no operation to come.
        let held = Mutex::new(Some(make.call(Args::new()).unwrap()));
        let drop_it = PyObject::callable("drop", Signature::new(), move |_| {
            drop(held.lock().unwrap().take());
            Ok(())
        });
        let waited = names.getitem("wait").unwrap().call(Args::new().arg(drop_it.unwrap()));
        assert!(waited.unwrap().truthy().unwrap());
        runtime.end().unwrap();
    }));
}
