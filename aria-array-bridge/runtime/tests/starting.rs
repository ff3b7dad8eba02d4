//! How Python starts where a program says more than which: a library that is named, and isolation.

mod support;

use aria_array_runtime::prelude::*;
use std::path::PathBuf;
use std::process::Command;
use support::{command, ended_well, environment, eval, is_child, program, run};

/// What the environment's interpreter answers to an expression.
fn answer(expression: &str) -> String {
    let python = format!("{}/bin/python3", environment());
    let script = format!("import os, sysconfig, aria_array_bridge; print({expression})");
    let output = Command::new(python).args(["-c", &script]).output().expect("Python runs");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(output.status.success() && !text.is_empty(), "{output:?}");
    text
}

/// Where the interpreter's library lies.
fn library() -> String {
    answer("os.path.join(*map(sysconfig.get_config_var, ('LIBDIR', 'INSTSONAME')))")
}

#[test]
#[cfg(unix)]
fn a_library_that_is_named_is_opened_by_that_name() {
    ended_well(&program("a_library_that_is_named_is_opened_by_that_name", || {
        // Another name of it, so that it is seen whose word was taken.
        let link = format!("{}/libpython-by-name-{}.so", env!("CARGO_TARGET_TMPDIR"), std::process::id());
        std::os::unix::fs::symlink(library(), &link).unwrap();
        let runtime = Runtime::start(&Config::from_env().libpython(&link)).unwrap();
        std::fs::remove_file(&link).unwrap();
        assert_eq!(runtime.report().library, Some(PathBuf::from(&link)));
        assert_eq!(eval("6 * 7").to_int().unwrap(), 42);
        runtime.end().unwrap();
    }));
}

#[test]
#[cfg(unix)]
fn a_python_that_knows_no_library_starts_with_the_one_that_is_named() {
    ended_well(&program("a_python_that_knows_no_library_starts_with_the_one_that_is_named", || {
        let config = Config::new().python(support::liar("without", support::WITHOUT_LIBRARY));
        let error = Runtime::start(&config).unwrap_err();
        assert!(matches!(error, StartError::NoSharedLibrary { .. }), "{error:?}");
        assert!(error.to_string().contains("Config::libpython"), "{error}");
        let runtime = Runtime::start(&config.libpython(library())).unwrap();
        assert_eq!(eval("__import__('sys').prefix").str().unwrap(), environment());
        runtime.end().unwrap();
    }));
}

#[test]
fn a_library_that_is_not_there_is_named_and_another_start_does_better() {
    ended_well(&program("a_library_that_is_not_there_is_named_and_another_start_does_better", || {
        for nothing in ["/nowhere/libpython.so", env!("CARGO_TARGET_TMPDIR")] {
            let error = Runtime::start(&Config::from_env().libpython(nothing)).unwrap_err();
            assert_eq!(error, StartError::NoSuchLibrary { library: nothing.into() });
            let text = error.to_string();
            assert!(text.contains(nothing) && text.contains("fix: "), "{text}");
        }
        Runtime::start(&Config::from_env()).unwrap().end().unwrap();
    }));
}

/// Nobody else's library is taken instead, and none beside the one that is open now.
#[test]
fn a_library_that_is_no_python_is_named() {
    ended_well(&program("a_library_that_is_no_python_is_named", || {
        let other = format!("{}/lib-no-python-{}.so", env!("CARGO_TARGET_TMPDIR"), std::process::id());
        std::fs::write(&other, "no library").unwrap();
        let error = Runtime::start(&Config::from_env().libpython(&other)).unwrap_err();
        std::fs::remove_file(&other).unwrap();
        assert!(
            matches!(&error, StartError::Library { library, .. } if library.as_os_str() == other.as_str()),
            "{error:?}"
        );
        let again = Runtime::start(&Config::from_env()).unwrap_err();
        assert_eq!(again, StartError::FailedBefore(Box::new(error)));
    }));
}

/// What `PYTHONPATH` and `PYTHONHOME` say breaks a start that reads them.
#[test]
fn an_isolated_python_reads_none_of_its_variables() {
    const NAME: &str = "an_isolated_python_reads_none_of_its_variables";
    let mut command = command(NAME);
    command.env("PYTHONHOME", "/nowhere").env("PYTHONPATH", "/of-the-variable").env("PYTHONDONTWRITEBYTECODE", "1");
    if !is_child(NAME) {
        command.env("FOLDER", answer("os.path.dirname(os.path.dirname(aria_array_bridge.__file__))"));
    }
    ended_well(&run(&mut command, NAME, || {
        let folder = std::env::var("FOLDER").unwrap();
        let config = Config::new().python(environment()).path(folder).argv(["program"]);
        let runtime = Runtime::start(&config.isolated(true)).unwrap();
        let flags = eval(
            "(lambda f: (f.isolated, f.ignore_environment, f.no_user_site, f.dont_write_bytecode))(__import__('sys').flags)",
        );
        assert_eq!(flags.str().unwrap(), "(1, 1, 1, 0)");
        assert!(!eval("__import__('sys').path").contains("/of-the-variable").unwrap());
        assert_eq!(eval("__import__('site').ENABLE_USER_SITE").str().unwrap(), "False");
        // The virtual environment is as it was named, and so are the program's arguments.
        assert_eq!(eval("__import__('sys').prefix").str().unwrap(), environment());
        assert_eq!(eval("__import__('sys').argv").str().unwrap(), "['program']");
        runtime.end().unwrap();
    }));
}

#[test]
fn a_python_that_is_not_isolated_reads_them() {
    const NAME: &str = "a_python_that_is_not_isolated_reads_them";
    let mut command = command(NAME);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    ended_well(&run(&mut command, NAME, || {
        let runtime = Runtime::start(&Config::from_env()).unwrap();
        let flags =
            eval("(lambda f: (f.isolated, f.ignore_environment, f.dont_write_bytecode))(__import__('sys').flags)");
        assert_eq!(flags.str().unwrap(), "(0, 0, 1)");
        runtime.end().unwrap();
    }));
}
