//! Virtual environments: `.venv` for the interpreter at hand, `.venv-3.12` for another, `.venv-all` for all partners,
//! `.venv-frames` for the
//! demonstration of tables, `.venv-bench` for the benchmarks.
//!
//! A file inside each says what it was made of (interpreter, packages, wheel), so a second run finds nothing to do.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python::{self, Python};
use crate::tools::{Doing, Outcome, program, quiet, root, step};

/// Which packages an environment holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packages {
    /// NumPy, pandas, scikit-learn and what the tests run on.
    Default,
    /// Every partner library; PyTorch alone is 5 GB.
    All,
    /// The libraries of tables. Not in `.venv`: with pyarrow beside it, pandas makes other columns of text.
    Frames,
    /// What the benchmarks measure beside this library.
    Bench,
}

impl Packages {
    fn file(self) -> &'static str {
        match self {
            Self::Default => "default.txt",
            Self::All => "all.txt",
            Self::Frames => "frames.txt",
            Self::Bench => "bench.txt",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Default => "NumPy, pandas, scikit-learn, pytest, Hypothesis",
            Self::All => "every partner library, PyTorch among them: 5 GB, some minutes the first time",
            Self::Frames => "pandas, DuckDB, Polars, pyarrow, scikit-learn",
            Self::Bench => "NumPy, pandas, Polars, pyarrow, tvm_ffi and nanobind to measure beside",
        }
    }
}

/// A virtual environment that is ready: it runs and its packages are there.
pub(crate) struct Env {
    pub(crate) dir: PathBuf,
    /// The interpreter that it was made from.
    pub(crate) python: Python,
}

impl Env {
    /// Makes the environment of the interpreter at hand, or of the one named (`3.12`, or a path).
    pub(crate) fn ready(packages: Packages, name: Option<&str>) -> Outcome<Self> {
        let own = root().join(".venv");
        let (python, beside) = match name {
            // Once made, `.venv` says which interpreter is the one at hand.
            None => (kept(&own).map_or_else(python::at_hand, Ok)?, false),
            Some(name) => {
                let python = python::named(name)?;
                let beside = kept(&own).is_none_or(|kept| kept != python);
                (python, beside)
            }
        };
        let mut folder = match packages {
            Packages::Default => ".venv".to_owned(),
            Packages::All => ".venv-all".to_owned(),
            Packages::Frames => ".venv-frames".to_owned(),
            Packages::Bench => ".venv-bench".to_owned(),
        };
        if beside {
            folder += &format!("-{}.{}", python.version.0, python.version.1);
        }
        let env = Self { dir: root().join(folder), python };
        env.make()?;
        env.install(packages)?;
        Ok(env)
    }

    /// Its own interpreter.
    pub(crate) fn interpreter(&self) -> PathBuf {
        python::interpreter_in(&self.dir)
    }

    /// A program that finds this environment as Python's own activation would have it.
    pub(crate) fn program(&self, name: impl AsRef<OsStr>) -> Command {
        self.enter(program(name))
    }

    /// Sets the environment's variables for a program.
    pub(crate) fn enter(&self, mut command: Command) -> Command {
        command.env("VIRTUAL_ENV", &self.dir);
        let scripts = self.interpreter().parent().map(Path::to_path_buf).unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        if let Ok(path) = std::env::join_paths(std::iter::once(scripts).chain(std::env::split_paths(&path))) {
            command.env("PATH", path);
        }
        // The interpreter below, the same for every environment made from it: PyO3 rebuilds when this changes.
        command.env("PYO3_PYTHON", &self.python.executable);
        command
    }

    /// pip of this environment, silent but for errors.
    pub(crate) fn pip(&self) -> Command {
        let mut pip = self.program(self.interpreter());
        pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]);
        pip
    }

    fn make(&self) -> Outcome<()> {
        if kept(&self.dir).as_ref() == Some(&self.python) {
            return Ok(());
        }
        let name = self.dir.file_name().unwrap_or_default().to_string_lossy();
        let mut make = program(&self.python.executable);
        make.args(["-m", "venv", "--clear"]).arg(&self.dir);
        step(format_args!("making {name} with {}", self.python)).run(
            &mut make,
            "Check that the folder can be written to; `python3 -m venv` needs the modules venv and ensurepip.",
        )?;
        self.note("python", &python_note(&self.python))
    }

    fn install(&self, packages: Packages) -> Outcome<()> {
        let folder = root().join("tests/python/requirements");
        let mut hash = DefaultHasher::new();
        let files: &[&str] = match packages {
            Packages::Default => &["build.txt", "default.txt"],
            Packages::All => &["build.txt", "default.txt", "frames.txt", "all.txt"],
            Packages::Frames => &["build.txt", "default.txt", "frames.txt"],
            Packages::Bench => &["build.txt", "default.txt", "frames.txt", "bench.txt"],
        };
        for file in files {
            let path = folder.join(file);
            std::fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?.hash(&mut hash);
        }
        let made_of = format!("{:016x}", hash.finish());
        if self.noted("packages").as_deref() == Some(&made_of) {
            return Ok(());
        }
        let mut pip = self.pip();
        pip.arg("-r").arg(folder.join("build.txt")).arg("-r").arg(folder.join(packages.file()));
        step(format_args!("installing {}", packages.words())).run(
            &mut pip,
            "Check that pip reaches a package index (or set PIP_INDEX_URL or PIP_FIND_LINKS), then run this again.",
        )?;
        self.note("packages", &made_of)
    }

    /// What was noted under a name in this environment.
    pub(crate) fn noted(&self, name: &str) -> Option<String> {
        noted(&self.dir, name)
    }

    /// Notes a value under a name in this environment.
    pub(crate) fn note(&self, name: &str, value: &str) -> Outcome<()> {
        let file = note_file(&self.dir, name);
        std::fs::write(&file, value).doing(|| format!("writing {}", file.display()))
    }
}

/// The interpreter to build with, where no packages are needed.
pub(crate) fn building() -> Outcome<Python> {
    kept(&root().join(".venv")).map_or_else(python::at_hand, Ok)
}

fn note_file(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("xtask-{name}"))
}

fn noted(dir: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(note_file(dir, name)).ok()
}

fn python_note(python: &Python) -> String {
    format!("{python}\n{}\n", python.executable.display())
}

/// The interpreter of an environment that was made here and still runs with the same Python below.
fn kept(dir: &Path) -> Option<Python> {
    let note = noted(dir, "python")?;
    let (name, executable) = note.trim_end().split_once('\n')?;
    let version = name.strip_prefix("CPython ")?;
    let numbers: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    let &[major, minor, patch] = numbers.as_slice() else {
        return None;
    };
    let ask = "import sys; print(sys.version.split()[0]); import pip";
    let ran = quiet(program(python::interpreter_in(dir)).args(["-I", "-c", ask])).ok()?;
    (ran.status.success() && ran.output.trim_end() == version)
        .then(|| Python { executable: executable.into(), version: (major, minor, patch) })
}
