//! Programs in processes of their own: a test that starts Python runs itself again as a child.

#![allow(dead_code, reason = "each test file uses some of it")]

use aria_array_runtime::prelude::*;
use std::env;
use std::process::{Command, Output, Stdio, abort, exit};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

const CHILD: &str = "ARIA_TEST_CHILD";
/// What a program says last, so that one that never ran is noticed.
const DONE: &str = "the program came to its end";

/// The environment that has the package, as `cargo xtask test` sets it.
pub(crate) fn environment() -> String {
    env::var("VIRTUAL_ENV").expect("VIRTUAL_ENV names an environment with the package: `cargo xtask test` makes one")
}

/// Runs `body` as a program of its own, by running the test called `name` again in a child process, and returns
/// what the program said. In the child this does not return.
pub(crate) fn program(name: &str, body: fn()) -> Output {
    run(&mut command(name), name, body)
}

/// The command that runs the test called `name` as a program.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this test's file"));
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, name);
    // It would hide output that is lost.
    command.env_remove("PYTHONUNBUFFERED");
    command
}

/// As [`program`], with a command of one's own.
pub(crate) fn run(command: &mut Command, name: &str, body: fn()) -> Output {
    if is_child(name) {
        watch();
        body();
        println!("{DONE}");
        exit(0);
    }
    environment();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the child runs");
    let status = child.wait().expect("it ends"); // What programs print here fits into the pipe; `watch` ends them.
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(child.wait_with_output().expect("its output")));
    let output = receive.recv_timeout(Duration::from_secs(30));
    output.unwrap_or_else(|_| panic!("{name} has ended ({status}), and a process that it started still has its output"))
}

/// A module of the package that pip calls `distribution`, which the environment of these tests must have.
pub(crate) fn installed(name: &str, distribution: &str) -> PyObject {
    match PyObject::import(name) {
        Ok(module) => module,
        Err(error) if error.is("ModuleNotFoundError") => panic!(
            "expected {name} in the environment of these tests but found: {}\n\
             fix: pip install {distribution} into VIRTUAL_ENV, or run cargo xtask test, which makes the environment",
            error.message()
        ),
        Err(error) => panic!("{}", error.render()),
    }
}

/// How many seconds a program may take.
static PATIENCE: AtomicU64 = AtomicU64::new(60);

/// Ends this process when it takes a minute, so that a program that hangs is a test that fails.
pub(crate) fn watch() {
    thread::spawn(|| {
        for _ in (0..).take_while(|second| *second < PATIENCE.load(Ordering::Relaxed)) {
            thread::sleep(Duration::from_secs(1));
        }
        eprintln!("this program hangs");
        abort();
    });
}

/// Lets this program take longer than others.
pub(crate) fn take_at_most(seconds: u64) {
    PATIENCE.store(seconds, Ordering::Relaxed);
}

/// Says whether this process is to run the program called `name`.
pub(crate) fn is_child(name: &str) -> bool {
    env::var(CHILD).is_ok_and(|child| child == name)
}

/// Asserts that a program ended well, and returns what it printed.
pub(crate) fn ended_well(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains(DONE), "{}\n{text}\n{errors}", output.status);
    text
}

/// Starts Python as the environment says.
pub(crate) fn start() -> Runtime {
    Runtime::start(&Config::from_env()).expect("Python starts")
}

/// The Python of this process. Never ended: tests run on threads that come and go.
pub(crate) fn python() -> &'static Runtime {
    static PYTHON: OnceLock<Runtime> = OnceLock::new();
    PYTHON.get_or_init(|| {
        environment();
        start()
    })
}

/// `eval(code)`
pub(crate) fn eval(code: &str) -> PyObject {
    let eval = PyObject::import("builtins").and_then(|builtins| builtins.getattr("eval"));
    eval.and_then(|eval| eval.call(Args::new().arg(code))).expect("the expression is good")
}

/// Runs statements and returns their names.
pub(crate) fn names(code: &str) -> PyObject {
    let names = eval("{}");
    let exec = PyObject::import("builtins").and_then(|builtins| builtins.getattr("exec"));
    exec.and_then(|exec| exec.call(Args::new().arg(code).arg(&names))).expect("the statements are good");
    names
}

/// A folder of this test run with one executable script in it.
#[cfg(unix)]
pub(crate) fn script(folder: &str, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{folder}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(name);
    std::fs::write(&file, text).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("an executable");
    folder.display().to_string()
}

/// A Python that says something else about itself than is true.
#[cfg(unix)]
pub(crate) fn liar(folder: &str, changes: &str) -> String {
    let python = format!("{}/bin/python3", environment());
    let script_of = |edit: &str| format!("#!/bin/sh\nexec '{python}' -I -c \"$(printf '%s\\n%s' '{edit}' \"$3\")\"\n");
    format!("{}/python3", script(folder, "python3", &script_of(changes)))
}

/// What such a Python does that knows no library anywhere, and has mapped none.
pub(crate) const WITHOUT_LIBRARY: &str = "import sys, os, sysconfig, builtins; \
     v = sysconfig.get_config_vars(); v.update({k: None for k in v if not k.endswith((\"prefix\", \"base\"))}); \
     sys.base_prefix = \"/nowhere\"; builtins.open = lambda *a, **k: (_ for _ in ()).throw(OSError())";
