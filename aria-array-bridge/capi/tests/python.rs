//! Python in C: every function, in both languages, under AddressSanitizer and in many rounds; and how programs without
//! error branches end.

mod support;

use std::process::{Command, Output};
use support::{LANGUAGES, Language, build, c, ended_clean, ended_well, environment, library, run};

/// The programs that use Python and say so at their end.
const PROGRAMS: [&str; 4] = ["python.c", "errors.c", "values.c", "rounds.c"];

#[test]
fn c_programs_use_python_and_each_failure_is_an_answer() {
    environment();
    for language in LANGUAGES {
        for name in PROGRAMS {
            let program = build(language, &c(name), &["-pthread"]);
            assert!(ended_well(&mut Command::new(program)).ends_with("done\n"));
        }
    }
}

#[test]
fn c_programs_with_python_are_clean_under_address_sanitizer() {
    environment();
    for (language, name) in LANGUAGES.into_iter().flat_map(|language| PROGRAMS.map(|name| (language, name))) {
        let program = build(language, &c(name), &["-pthread", "-fsanitize=address"]);
        assert!(ended_clean(&mut Command::new(program)).ends_with("done\n"));
    }
}

#[test]
fn ctrl_c_is_an_error_wherever_the_program_is_and_a_fork_ends_by_itself() {
    environment();
    for language in LANGUAGES {
        let program = build(language, &c("signals.c"), &["-pthread"]);
        assert_eq!(ended_well(&mut Command::new(program)), "done\n");
    }
}

#[test]
fn a_configuration_says_how_python_starts() {
    let environment = environment();
    let python = std::path::Path::new(&environment).join("bin/python");
    let script = "import os, aria_array_bridge as ab; print(os.path.dirname(os.path.dirname(ab.__file__)), end='')";
    let package = ended_well(Command::new(python).args(["-c", script]));
    for flags in [&[][..], &["-fsanitize=address"]] {
        let program = build(Language::C11, &c("starts.c"), flags);
        let mut start = Command::new(program);
        start.args([&environment, &package]).env("ASAN_OPTIONS", "detect_leaks=0").env("ARIA_PYTHON", "/nowhere");
        assert_eq!(ended_well(start.env("PYTHONHOME", "/nowhere")), "done\n");
    }
}

/// Ends in this way: what is printed, what is told, and the status.
fn ending(program: &std::path::Path, way: &str) -> (String, String, Option<i32>) {
    let Output { status, stdout, stderr } = run(Command::new(program).arg(way));
    (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned(), status.code())
}

#[test]
fn a_twin_ends_the_program_as_python_ends() {
    environment();
    let program = build(Language::C11, &c("exits.c"), &["-pthread"]);
    let all = "printed\natexit ran\n";
    for way in ["", "exit"] {
        let (out, err, status) = ending(&program, way);
        assert_eq!((out.as_str(), err.as_str(), status), (all, "", Some(if way == "exit" { 5 } else { 0 })));
    }
    let (out, err, status) = ending(&program, "raise");
    assert_eq!((out.as_str(), status), (all, Some(1)), "{err}");
    assert!(err.contains("File \"program.aria\", line 7, in solve"), "{err}");
    assert!(err.ends_with("ModuleNotFoundError: No module named 'no_such_module'\n"), "{err}");
    let (out, err, status) = ending(&program, "system-exit");
    assert_eq!((out.as_str(), err.as_str(), status), (all, "", Some(3)));
    let (out, err, status) = ending(&program, "interrupt");
    assert_eq!((out.as_str(), status), (all, Some(130)), "{err}");
    assert!(err.ends_with("KeyboardInterrupt\n"), "{err}");
    // Python cannot end there, and what waits for its end is told of it: in a callback, and on another thread.
    for (way, code) in [("callback", 1), ("callback-exit", 5), ("thread", 1), ("callback-workers", 1)] {
        let (out, err, status) = ending(&program, way);
        assert_eq!((out.as_str(), status), (all, Some(code)), "{way}: {out}\n{err}");
    }
    // Nobody can be told, and the program ends all the same.
    if cfg!(target_os = "linux") {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = Command::new(&program).arg("told").stderr(full).env_remove("PYTHONUNBUFFERED").output();
        let output = output.expect("the program runs");
        assert_eq!((String::from_utf8_lossy(&output.stdout).as_ref(), output.status.code()), (all, Some(1)));
    }
    for (way, text) in [("array", "float65"), ("number", "NULL")] {
        let (out, err, status) = ending(&program, way);
        assert_eq!((out.as_str(), status), ("", Some(1)));
        assert!(err.starts_with("ArgumentError: ") && err.contains(text), "{err}");
    }
}

#[test]
fn a_python_that_does_not_start_is_told_with_its_remedy() {
    let program = build(Language::C11, &c("exits.c"), &["-pthread"]);
    let output = run(Command::new(program).env("ARIA_PYTHON", "/nowhere/python"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && text.contains("/nowhere/python"), "{text}");
}

/// A Python that loads the cdylib: it is used as it is, and not ended by us.
const HOST: &str = "
import ctypes, sys, threading
aria = ctypes.CDLL(sys.argv[1])
for name in 'aria_py_import', 'aria_py_call_method', 'aria_py_args_new', 'aria_nd_zeros', 'aria_nd_to_py':
    getattr(aria, name).restype = ctypes.c_void_p
aria.aria_nd_release.argtypes = aria.aria_py_release.argtypes = [ctypes.c_void_p]
assert aria.aria_py_start() == 0
me = aria.aria_py_import(b'threading', ctypes.c_int64(-1))
shape = (ctypes.c_int64 * 1)(3)
array = aria.aria_nd_zeros(b'float64', ctypes.c_int64(-1), 1, shape)
made = aria.aria_nd_to_py(ctypes.c_void_p(array))
assert me and array and made
def release():
    aria.aria_py_release(made)
thread = threading.Thread(target=release)
thread.start(); thread.join()
aria.aria_nd_release(array)
assert aria.aria_py_end() == 0
aria.aria_py_release(me)
print('still here')
";

#[test]
fn a_python_that_loads_the_library_is_used_and_not_ended() {
    let python = std::path::Path::new(&environment()).join("bin/python");
    let mut host = Command::new(python);
    host.args(["-c", HOST]).arg(library("libaria_array_capi.so"));
    assert_eq!(ended_well(&mut host), "still here\n");
}
