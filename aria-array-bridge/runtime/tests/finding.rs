//! Which Python is taken, and what the error says when none is: `aria-bridge doctor` in environments of our own.

mod support;

use std::env;
use std::path::Path;
use std::process::{Command, Output};
use support::environment;
#[cfg(unix)]
use support::{WITHOUT_LIBRARY, liar, script};

/// Runs `aria-bridge doctor` with these variables and no others.
fn doctor(variables: &[(&str, &str)]) -> (bool, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_aria-bridge"))
        .arg("doctor")
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("aria-bridge runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn virtual_env_decides_over_path() {
    let (ok, text) = doctor(&[("VIRTUAL_ENV", &environment()), ("PATH", "/nowhere")]);
    assert!(ok && text.contains("from VIRTUAL_ENV") && text.contains(&environment()), "{text}");
}

#[test]
fn aria_python_decides_over_virtual_env_and_may_name_a_folder() {
    for python in [environment(), format!("{}/bin/python", environment())] {
        let (ok, text) = doctor(&[("ARIA_PYTHON", &python), ("VIRTUAL_ENV", "/nowhere")]);
        assert!(ok && text.contains("from ARIA_PYTHON") && text.contains(&environment()), "{text}");
    }
}

#[test]
fn a_wrong_aria_python_is_named_and_nobody_elses_python_is_taken() {
    let (ok, text) = doctor(&[("ARIA_PYTHON", "/nowhere/python3"), ("VIRTUAL_ENV", &environment())]);
    assert!(!ok && text.contains("/nowhere/python3, from ARIA_PYTHON: it does not run"), "{text}");
    assert!(!text.contains(&environment()) && text.contains("fix: "), "{text}");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let (ok, text) = doctor(&[("ARIA_PYTHON", ""), ("VIRTUAL_ENV", &environment())]);
    assert!(ok && text.contains("from VIRTUAL_ENV"), "{text}");
}

#[test]
fn nothing_anywhere_is_an_error_with_the_remedy() {
    let (ok, text) = doctor(&[]);
    assert!(!ok && text.contains("expected a Python that runs but found none") && text.contains("fix: "), "{text}");
}

#[test]
#[cfg(unix)]
fn a_shim_that_does_not_run_is_passed_over_on_the_path() {
    let broken = script("broken", "python3", "#!/bin/sh\necho 'no such version' >&2\nexit 127\n");
    let path = format!("{broken}:{}/bin", environment());
    let (ok, text) = doctor(&[("PATH", &path)]);
    assert!(ok && text.contains("from PATH") && text.contains(&environment()), "{text}");
    let (ok, text) = doctor(&[("PATH", &broken)]);
    assert!(!ok && text.contains(&broken) && text.contains("no such version"), "{text}");
}

#[test]
#[cfg(unix)]
fn a_shim_that_runs_is_replaced_by_what_it_runs() {
    let shim = script("shim", "python3", &format!("#!/bin/sh\nexec '{}/bin/python3' \"$@\"\n", environment()));
    let (ok, text) = doctor(&[("PATH", &shim)]);
    let first = text.lines().next().unwrap_or_default();
    assert!(ok && first.contains(&environment()) && !first.contains(&shim), "{text}");
}

#[test]
#[cfg(unix)]
fn what_is_no_python_does_not_count() {
    for (folder, text) in [("silent", "#!/bin/sh\nexit 0\n"), ("chatty", "#!/bin/sh\necho hello\n")] {
        let path = script(folder, "python3", text);
        let (ok, text) = doctor(&[("PATH", &path)]);
        assert!(!ok && text.contains("expected it to answer as a Python"), "{text}");
    }
}

#[test]
#[cfg(unix)]
fn an_unknown_version_a_free_threaded_build_and_a_mismatch_are_named() {
    let cases = [
        ("old", "import sys; sys.version_info = (3, 9, 1)", "expected Python 3.11, 3.12, 3.13 or 3.14 but"),
        ("new", "import sys; sys.version_info = (3, 99, 0)", "is 3.99"),
        ("free", "import sysconfig; sysconfig.get_config_vars()[\"Py_GIL_DISABLED\"] = 1", "free-threaded build"),
        ("other", "import sys; sys.implementation.name = \"pypy\"", "expected CPython"),
        ("mismatch", "import sys; sys.version = \"3.11.99 (another)\"", "to be 3.11.99 (another) but"),
    ];
    for (folder, changes, expected) in cases {
        let (ok, text) = doctor(&[("ARIA_PYTHON", &liar(folder, changes))]);
        assert!(!ok && text.contains(expected), "{folder}: {text}");
    }
}

#[test]
#[cfg(unix)]
fn an_interpreter_without_a_shared_library_is_named() {
    let (ok, text) = doctor(&[("ARIA_PYTHON", &liar("static", WITHOUT_LIBRARY))]);
    assert!(!ok && text.contains("expected a shared library of") && text.contains("/nowhere/lib"), "{text}");
}

#[test]
fn a_wrong_pythonhome_is_an_error_and_no_crash() {
    let (ok, text) = doctor(&[("VIRTUAL_ENV", &environment()), ("PYTHONHOME", &environment())]);
    assert!(!ok && text.contains("unset PYTHONHOME"), "{text}");
}

#[test]
fn a_python_without_the_package_is_named_with_the_remedy() {
    let (ok, text) = doctor(&[("ARIA_PYTHON", &base())]);
    assert!(!ok && text.contains("it is not installed") && text.contains("from ARIA_PYTHON"), "{text}");
    assert!(
        text.contains("Python 3.") && text.contains(&format!("{} -m pip install aria-array-bridge", base())),
        "{text}"
    );
}

#[test]
fn a_core_beside_the_program_serves_a_python_without_the_package() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("beside-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (program, core) = (folder.join("program"), folder.join("_core.abi3.so"));
    std::fs::copy(env!("CARGO_BIN_EXE_aria-bridge"), &program).expect("the program is copied");
    let installed = Command::new(format!("{}/bin/python3", environment()))
        .args(["-c", "import aria_array_bridge._core as core; print(core.__file__)"])
        .output()
        .expect("Python runs");
    std::fs::copy(String::from_utf8_lossy(&installed.stdout).trim(), &core).expect("the core is copied");
    let output = Command::new(&program).arg("doctor").env_clear().env("ARIA_PYTHON", base()).output();
    let output = output.expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&core.display().to_string()), "{text}");
    // Without packages nothing else is wrong than that, and the program says so all the same.
    let wrong: Vec<&str> = text.lines().filter(|line| line.starts_with("wrong")).collect();
    assert!(
        matches!(wrong[..], [] | [_]) && wrong.iter().all(|line| line.contains("NumPy is not installed")),
        "{text}"
    );
    assert_eq!(output.status.success(), wrong.is_empty(), "{text}");
    // The environment's own core comes first, so that there are never two.
    let output = Command::new(&program).arg("doctor").env_clear().env("ARIA_PYTHON", environment()).output();
    let output = output.expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !text.contains(&core.display().to_string()), "{text}");
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// The interpreter that the environment was made from, which lacks the package.
fn base() -> String {
    let base = Command::new(format!("{}/bin/python3", environment()))
        .args(["-c", "import sys; print(sys.base_prefix)"])
        .output()
        .expect("Python runs");
    let base = format!("{}/bin/python3", String::from_utf8_lossy(&base.stdout).trim());
    assert!(
        Path::new(&base).is_file(),
        "expected the Python that the environment was made from at {base} but found no file\n\
         fix: make VIRTUAL_ENV with an installation that has bin/python3, or run cargo xtask test --python PATH"
    );
    base
}

#[test]
fn pythons_own_doctor_says_the_same() {
    let variables = [("VIRTUAL_ENV", environment()), ("PATH", "/nowhere".to_owned())];
    let (ok, ours) = doctor(&variables.each_ref().map(|(name, value)| (*name, value.as_str())));
    let python = Command::new(format!("{}/bin/python3", environment()))
        .args(["-m", "aria_array_bridge", "doctor"])
        .env_clear()
        .envs(variables)
        .output()
        .expect("Python runs");
    assert!(ok && python.status.success(), "{ours}\n{python:?}");
    assert_eq!(ours, String::from_utf8_lossy(&python.stdout));
}

#[test]
fn pairs_are_those_of_the_package() {
    let output = Command::new(env!("CARGO_BIN_EXE_aria-bridge"))
        .args(["doctor", "--pairs"])
        .env_clear()
        .env("VIRTUAL_ENV", environment())
        .output()
        .expect("aria-bridge runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("\nfloat64[1000]") && text.contains("\nnumpy "), "{text}");
    let usage = Command::new(env!("CARGO_BIN_EXE_aria-bridge")).args(["doctor", "--all"]).output().expect("it runs");
    assert_eq!(usage.status.code(), Some(2), "{usage:?}");
}

#[test]
fn the_environment_of_this_test_is_not_looked_at() {
    assert!(env::var_os("VIRTUAL_ENV").is_some());
    let (ok, _) = doctor(&[("PATH", "/nowhere")]);
    assert!(!ok);
}
