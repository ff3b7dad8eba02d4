//! Inside a process that runs Python already: its Python is used, and lives on.

mod support;

use std::env;
use std::path::PathBuf;
use std::process::Command;
use support::environment;

/// The library of `examples/guest.rs`, which `cargo test` builds along with the tests.
fn guest() -> PathBuf {
    let this = env::current_exe().expect("this test's file");
    let name = format!("{}guest{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let guest = this.parent().and_then(|deps| deps.parent()).expect("target/debug").join("examples").join(name);
    assert!(guest.is_file(), "{} is not built: cargo build -p aria-array-runtime --examples", guest.display());
    guest
}

/// Runs a script with `guest` set to the loaded library, and returns what it printed.
fn python(script: &str) -> String {
    let load = format!(
        "import ctypes, faulthandler, sys\nfaulthandler.dump_traceback_later(60, exit=True)\nexecutable = sys.executable\npath = {:?}\n",
        guest().display().to_string()
    );
    let output = Command::new(format!("{}/bin/python3", environment()))
        .args(["-c", &(load + script)])
        .output()
        .expect("Python runs");
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && errors.is_empty(), "{}\n{text}\n{errors}", output.status);
    text.into_owned()
}

#[test]
fn a_guest_uses_the_python_that_is_there_and_ends_nothing() {
    for loader in ["CDLL", "PyDLL"] {
        let text = python(&format!(
            "guest = ctypes.{loader}(path)\nassert guest.guest_run() == 0\nprint(greeting, '|', after)\n\
             assert guest.guest_run() == 0"
        ));
        assert_eq!(text.trim(), "hello from the guest | the end of a guest ends nothing");
    }
}

/// One of them starts it, and needs the lock that another holds while it waits.
#[test]
fn threads_of_the_host_start_it_at_once() {
    for (threads, loader, interval) in [(2, "PyDLL", "0.005"), (8, "PyDLL", "1e-6"), (4, "CDLL", "0.005")] {
        let text = python(&format!(
            "import threading\nsys.setswitchinterval({interval})\nguest = ctypes.{loader}(path)\n\
             barrier, answers = threading.Barrier({threads}), []\n\
             def start():\n    barrier.wait()\n    answers.append(guest.guest_starts())\n\
             threads = [threading.Thread(target=start) for _ in range({threads})]\n\
             for thread in threads: thread.start()\n\
             for thread in threads: thread.join()\nprint(sum(answers), len(answers))"
        ));
        assert_eq!(text.trim(), format!("0 {threads}"));
    }
}

#[test]
fn another_python_than_the_hosts_is_refused_and_its_own_is_used_by_any_name() {
    let text = python(
        "guest = ctypes.CDLL(path)\nassert guest.guest_asks_for_another() == 0\n\
         assert guest.guest_run() == 0 and guest.guest_asks_for_another() == 0",
    );
    let refusals = text.matches("than /nowhere but").count();
    assert!(refusals == 2 && text.contains(&format!("of {}, runs there", environment())), "{text}");
    for name in ["sys.executable", "sys.prefix"] {
        python(&format!(
            "import os\nos.environ['GUEST_PYTHON'] = {name}\nguest = ctypes.CDLL(path)\nassert guest.guest_run() == 0"
        ));
    }
}

#[test]
fn a_variable_that_names_another_python_than_the_hosts_is_reported_and_not_obeyed() {
    let reported = |variable: &str, value: &str| {
        python(&format!(
            "import os\nfor name in 'ARIA_PYTHON', 'VIRTUAL_ENV': os.environ.pop(name, None)\n\
             os.environ[{variable:?}] = {value}\nassert ctypes.CDLL(path).guest_reports() == 0"
        ))
    };
    for (variable, named) in [("ARIA_PYTHON", "/nowhere/python"), ("VIRTUAL_ENV", "/nowhere/bin/python3")] {
        let value = if variable == "VIRTUAL_ENV" { "'/nowhere'" } else { "'/nowhere/python'" };
        let text = reported(variable, value);
        let wanted = format!("{variable} names {named} but this process runs the Python of {} already", environment());
        assert!(text.contains(&wanted) && text.contains(&format!("or unset {variable}")), "{text}");
    }
    for (variable, value) in
        [("ARIA_PYTHON", "sys.executable"), ("ARIA_PYTHON", "sys.prefix"), ("VIRTUAL_ENV", "sys.prefix")]
    {
        assert!(!reported(variable, value).contains("already"));
    }
}

#[test]
fn a_thread_that_drops_objects_while_the_host_ends_harms_nobody() {
    for _ in 0..10 {
        python("guest = ctypes.CDLL(path)\nassert guest.guest_leaves_a_dropper() == 0");
    }
}
