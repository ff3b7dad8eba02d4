//! Asks the system's compilers: a C or C++ program is built and run, and what it prints comes back.

use crate::root;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// A language and its compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// C11, compiled by `$CC` or `cc`.
    C11,
    /// C++17, compiled by `$CXX` or `c++`.
    Cpp17,
}

impl Language {
    fn compiler(self) -> OsString {
        let (variable, default) = match self {
            Language::C11 => ("CC", "cc"),
            Language::Cpp17 => ("CXX", "c++"),
        };
        env::var_os(variable).unwrap_or_else(|| default.into())
    }
}

/// Builds `source` with every warning an error, runs it, and returns what it prints.
/// `name` names the files in `folder`.
///
/// # Panics
///
/// If there is no compiler, or it refuses the program, or the program fails.
pub fn output(language: Language, folder: &Path, name: &str, source: &str) -> String {
    let (extension, standard) = match language {
        Language::C11 => ("c", "-std=c11"),
        Language::Cpp17 => ("cpp", "-std=c++17"),
    };
    let file = folder.join(format!("{name}.{extension}"));
    let binary = folder.join(format!("{name}-{extension}"));
    fs::write(&file, source).unwrap();
    let mut compile = Command::new(language.compiler());
    compile.args([standard, "-Wall", "-Wextra", "-Werror", "-I"]).arg(root().join("spec"));
    compile.arg(&file).arg("-o").arg(&binary);
    let compiled = compile.output().unwrap_or_else(|error| panic!("a {language:?} compiler is needed: {error}"));
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&binary).output().unwrap();
    assert!(ran.status.success(), "{name} ended with {}", ran.status);
    String::from_utf8(ran.stdout).unwrap()
}
