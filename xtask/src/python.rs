//! Finding Python interpreters: one counts if it runs, is CPython >= 3.11, can make a virtual environment and has a
//! shared libpython, which the runtime loads.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{Failure, Outcome, program, quiet};

/// The oldest version that the wheel runs on.
const OLDEST: (u32, u32) = (3, 11);

/// An interpreter that ran and fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Python {
    /// Its own path: not that of a shim, nor of a virtual environment made from it.
    pub(crate) executable: PathBuf,
    pub(crate) version: (u32, u32, u32),
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor, patch) = self.version;
        write!(f, "CPython {major}.{minor}.{patch}")
    }
}

/// What the interpreter says of itself: one `name value` a line.
const ASK: &str = r#"
import os, sys, sysconfig
def there(name):
    try:
        __import__(name)
        return 1
    except ImportError:
        return 0
get = sysconfig.get_config_var
folders = [get("LIBDIR"), os.path.join(get("LIBDIR") or "", get("MULTIARCH") or ""), os.path.join(sys.base_prefix, "lib")]
library = get("INSTSONAME") or get("LDLIBRARY") or ""
shared = sys.platform == "win32" or bool(get("PYTHONFRAMEWORK")) or (
    not library.endswith(".a") and any(os.path.exists(os.path.join(f, library)) for f in folders if f))
print("implementation", sys.implementation.name)
print("version", *sys.version_info[:3])
print("executable", os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))
print("venv", int(there("venv") and there("ensurepip")))
print("shared", int(shared))
print("threaded", int(bool(get("Py_GIL_DISABLED"))))
"#;

/// Asks an interpreter what it is; otherwise, says why it does not count.
pub(crate) fn probe(path: &Path) -> Result<Python, String> {
    let ran = quiet(program(path).args(["-I", "-c", ASK])).map_err(|error| error.to_string())?;
    if !ran.status.success() {
        let why = ran.output.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").trim();
        return Err(format!("it does not run: {why}"));
    }
    judge(&ran.output)
}

/// Reads the answer to [`ASK`].
fn judge(answer: &str) -> Result<Python, String> {
    let get = |name: &str| {
        let found = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.ok_or_else(|| format!("it does not tell its {name}"))
    };
    let parts: Vec<u32> = get("version")?.split(' ').filter_map(|part| part.parse().ok()).collect();
    let &[major, minor, patch] = parts.as_slice() else {
        return Err("its version cannot be read".to_owned());
    };
    let name = format!("{major}.{minor}");
    match get("implementation")? {
        "cpython" => {}
        other => return Err(format!("it is {other}, not CPython")),
    }
    if (major, minor) < OLDEST {
        return Err(format!("it is {name}, older than {}.{}", OLDEST.0, OLDEST.1));
    }
    if get("threaded")? == "1" {
        return Err(format!("it is {name} without the GIL, which the wheel is not built for yet"));
    }
    if get("venv")? == "0" {
        return Err(format!(
            "it is {name} without the modules venv and ensurepip (on Debian: apt install python{name}-venv)"
        ));
    }
    if get("shared")? == "0" {
        return Err(format!(
            "it is {name} without a shared libpython, which the runtime loads (on Debian: apt install libpython{name}; with pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install {name})"
        ));
    }
    Ok(Python { executable: get("executable")?.into(), version: (major, minor, patch) })
}

/// The interpreter at hand: `ARIA_PYTHON` if set, else the first that fits.
///
/// # Errors
///
/// Says of each that was found why it does not fit.
pub(crate) fn at_hand() -> Outcome<Python> {
    if let Some(path) = std::env::var_os("ARIA_PYTHON") {
        let path = PathBuf::from(path);
        return probe(&path).map_err(|why| Failure::new(format!("ARIA_PYTHON is {}: {why}", path.display())));
    }
    let mut refused = Vec::new();
    for path in ["python3", "python"].iter().flat_map(|name| on_path(name)).chain(candidates()) {
        match probe(&path) {
            Ok(python) => return Ok(python),
            Err(why) => refused.push(format!("\n  {}: {why}", path.display())),
        }
    }
    refused.dedup();
    Err(Failure::new(format!(
        "expected a CPython >= 3.11 but found {}\nInstall one, or name one in ARIA_PYTHON.",
        if refused.is_empty() { "none".to_owned() } else { format!("only:{}", refused.concat()) }
    )))
}

/// The interpreter of one version (`3.12`), or at one path.
///
/// # Errors
///
/// Says where it looked, and why what lay there does not fit.
pub(crate) fn named(name: &str) -> Outcome<Python> {
    if name.contains(std::path::MAIN_SEPARATOR) {
        return probe(Path::new(name)).map_err(|why| Failure::new(format!("{name}: {why}")));
    }
    let Some(wanted) = two_numbers(name) else {
        return Err(Failure::new(format!(
            "expected a version like 3.12, or a path, after `--python` but found `{name}`"
        )));
    };
    let program = format!("python{name}");
    let mut refused = Vec::new();
    let mut paths = on_path(&program);
    paths.extend(pyenv_prefix(name));
    paths.extend(pyenv_versions(&format!("{name}.")));
    paths.dedup();
    for path in paths {
        match probe(&path) {
            Ok(python) if (python.version.0, python.version.1) == wanted => return Ok(python),
            Ok(python) => refused.push(format!("\n  {}: it is {python}", path.display())),
            Err(why) => refused.push(format!("\n  {}: {why}", path.display())),
        }
    }
    Err(Failure::new(format!(
        "CPython {name} was not found: looked for {program} on PATH and for pyenv's {name}{}\nInstall it, or give its path: --python PATH.",
        refused.concat()
    )))
}

/// Every interpreter that fits, one a version, oldest first.
pub(crate) fn all() -> Vec<Python> {
    let mut found: Vec<Python> = Vec::new();
    for path in ["python3"].iter().flat_map(|name| on_path(name)).chain(candidates()) {
        let Ok(python) = probe(&path) else { continue };
        let minor = (python.version.0, python.version.1);
        if !found.iter().any(|known| (known.version.0, known.version.1) == minor) {
            found.push(python);
        }
    }
    found.sort_by_key(|python| python.version);
    found
}

/// Where versions of their own name lie.
fn candidates() -> impl Iterator<Item = PathBuf> {
    let minors = OLDEST.1..=OLDEST.1 + 4;
    minors.flat_map(|minor| on_path(&format!("python3.{minor}"))).chain(pyenv_versions("3."))
}

/// The programs of that name on PATH, in order. Whether they run is another question: they may be shims.
fn on_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|dir| dir.join(&file)).filter(|path| path.is_file()).collect()
}

fn pyenv_prefix(version: &str) -> Option<PathBuf> {
    let ran = quiet(Command::new("pyenv").args(["prefix", version])).ok()?;
    ran.status.success().then(|| interpreter_in(Path::new(ran.output.trim())))
}

/// pyenv's interpreters whose version begins so, newest first; the pre-releases and the free-threaded builds last.
fn pyenv_versions(prefix: &str) -> Vec<PathBuf> {
    let home = || std::env::home_dir().map(|home| home.join(".pyenv"));
    let Some(root) = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(home) else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(root.join("versions")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort_by_key(|name| {
        let numbers: Option<Vec<u32>> = name.split('.').map(|part| part.parse().ok()).collect();
        std::cmp::Reverse(numbers)
    });
    names.iter().map(|name| interpreter_in(&root.join("versions").join(name))).filter(|path| path.is_file()).collect()
}

/// Where the interpreter lies in an installation or a virtual environment.
pub(crate) fn interpreter_in(prefix: &Path) -> PathBuf {
    if !cfg!(windows) {
        return prefix.join("bin").join("python");
    }
    let scripts = prefix.join("Scripts").join("python.exe");
    if scripts.is_file() { scripts } else { prefix.join("python.exe") }
}

fn two_numbers(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITS: &str = "implementation cpython\nversion 3 12 1\nexecutable /opt/my python/bin/python3.12\nvenv 1\nshared 1\nthreaded 0\n";

    #[test]
    fn an_interpreter_that_fits_is_taken_with_its_path() {
        let python = judge(FITS).expect("it fits");
        assert_eq!(python.to_string(), "CPython 3.12.1");
        assert_eq!(python.executable, Path::new("/opt/my python/bin/python3.12"));
    }

    #[test]
    fn each_lack_is_named() {
        for (from, to, why) in [
            ("cpython", "pypy", "pypy"),
            ("version 3 12", "version 3 10", "older than 3.11"),
            ("venv 1", "venv 0", "python3.12-venv"),
            ("shared 1", "shared 0", "libpython3.12"),
            ("threaded 0", "threaded 1", "without the GIL"),
            ("version 3 12 1", "version 3 12", "cannot be read"),
            ("shared 1", "", "does not tell its shared"),
        ] {
            let refused = judge(&FITS.replace(from, to)).expect_err(why);
            assert!(refused.contains(why), "{refused} does not say {why}");
        }
    }

    #[test]
    fn what_does_not_run_does_not_count() {
        assert!(probe(Path::new("/nowhere/python3")).is_err());
        if cfg!(unix) {
            assert!(probe(Path::new("false")).expect_err("it fails").contains("does not run"));
        }
    }
}
