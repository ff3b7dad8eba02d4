//! C programs, built and linked as a compiler of Aria does it, and run.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The folder of the header.
pub(crate) fn include() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/include"))
}

/// A library that cargo built beside this test: `libaria_array_capi.a` or `libaria_array_capi.so`.
pub(crate) fn library(name: &str) -> PathBuf {
    let test = env::current_exe().expect("this test's file");
    let library = test.parent().expect("it lies in a folder").join(name);
    assert!(library.exists(), "expected {} beside this test, where cargo builds it", library.display());
    library
}

/// The environment that has the package, as `cargo xtask test` sets it.
pub(crate) fn environment() -> String {
    env::var("VIRTUAL_ENV").expect("VIRTUAL_ENV names an environment with the package: `cargo xtask test` makes one")
}

/// How a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// C11, by `$CC` or `cc`.
    C11,
    /// C++17, by `$CXX` or `c++`.
    Cpp17,
}

pub(crate) const LANGUAGES: [Language; 2] = [Language::C11, Language::Cpp17];

impl Language {
    fn compile(self) -> Command {
        let (variable, default, kind, standard) = match self {
            Language::C11 => ("CC", "cc", "c", "-std=c11"),
            Language::Cpp17 => ("CXX", "c++", "c++", "-std=c++17"),
        };
        let mut command = Command::new(env::var_os(variable).unwrap_or_else(|| default.into()));
        command.args(["-x", kind, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-I"]).arg(include());
        command
    }
}

/// Runs a command, and returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} is needed: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Builds a program: the object first, then one archive and `-lm`, and nothing else. Once for each test process: a file
/// that one test runs cannot be written by another.
pub(crate) fn build(language: Language, source: &Path, flags: &[&str]) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, Arc<OnceLock<PathBuf>>>> = Mutex::new(BTreeMap::new());
    let stem = source.file_stem().expect("a file").to_string_lossy().into_owned();
    let name = format!("{stem}-{language:?}{}", flags.concat().replace(['/', '=', ','], "_"));
    let place = BUILT.lock().expect("nothing panics under the lock").entry(name.clone()).or_default().clone();
    place.get_or_init(|| link(language, source, flags, &name)).clone()
}

fn link(language: Language, source: &Path, flags: &[&str], name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let object = folder.join(format!("{name}.o"));
    succeed(language.compile().args(flags).arg("-c").arg(source).arg("-o").arg(&object));
    let program = folder.join(name);
    // Linked by the C compiler in any case: the archive needs nothing of C++.
    let linker = env::var_os("CC").unwrap_or_else(|| OsString::from("cc"));
    let mut link = Command::new(linker);
    link.args(flags).arg(&object).arg(library("libaria_array_capi.a")).arg("-lm").arg("-o").arg(&program);
    succeed(&mut link);
    program
}

/// A program of these tests.
pub(crate) fn c(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/c")).join(name)
}

/// Writes a program that a test makes up.
pub(crate) fn written(name: &str, source: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, source).expect("the folder for tests can be written");
    file
}

/// Runs a program to its end, with its output piped; one that hangs is ended, and fails. So does one that leaves a process
/// behind, which still has the pipe.
pub(crate) fn run(command: &mut Command) -> Output {
    // Output that is not buffered cannot be lost, and none may be.
    command.env_remove("PYTHONUNBUFFERED").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let begin = Instant::now();
    // What programs print here fits into the pipe.
    while child.try_wait().expect("a child of this process").is_none() {
        if begin.elapsed() > Duration::from_secs(120) {
            let _ = child.kill();
            panic!("{command:?} hangs");
        }
        thread::sleep(Duration::from_millis(5));
    }
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(child.wait_with_output().expect("a child of this process")));
    let left = || panic!("{command:?} has ended, and a process that it started has not");
    receive.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| left())
}

/// Asserts that a program ended well, and returns what it printed.
pub(crate) fn ended_well(command: &mut Command) -> String {
    let output = run(command);
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{errors}", output.status);
    text.into_owned()
}

/// Allocations that a program may leave: those that are made once for each class and each function of ours in Python.
const LEFT: u64 = 64;

/// Asserts that a program built with AddressSanitizer ended well and left next to nothing; returns what it printed.
///
/// What is left of an operation would be left as often as the program does it, hundreds of times in `rounds.c`.
pub(crate) fn ended_clean(command: &mut Command) -> String {
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/python.supp");
    let options = format!("suppressions={}:print_suppressions=0:exitcode=0", known.display());
    let output = run(command.env("ASAN_OPTIONS", "detect_leaks=1").env("LSAN_OPTIONS", options));
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{errors}", output.status);
    // "SUMMARY: AddressSanitizer: 512 byte(s) leaked in 7 allocation(s)."
    let left = errors.split_once(" leaked in ").and_then(|(_, left)| left.split(' ').next()?.parse::<u64>().ok());
    // PyO3 leaves some of each class: none at all would be a sanitizer that looks for nothing.
    assert!(left.is_some_and(|left| left <= LEFT), "{command:?}: {left:?} allocations are left\n{errors}");
    text.into_owned()
}
