//! `Report`: which Python runs here, where it came from, and what looks wrong.

use crate::args::Args;
use crate::config::Config;
use crate::core_module::Core;
use crate::error::PyError;
use crate::find::named_by_variable;
use crate::here::Place;
use crate::load::Loaded;
use crate::object::PyObject;
use crate::probe::Facts;
use core::fmt;
use std::path::PathBuf;

/// Who named an interpreter that ran already.
pub(crate) const JOINED: &str = "this process";

/// Where the interpreter came from, as known from its start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) version: String,
    pub(crate) place: Place,
    pub(crate) from: &'static str,
    pub(crate) library: Option<PathBuf>,
    pub(crate) core: PathBuf,
    pub(crate) core_version: String,
    /// What a variable names, and which one, where the process ran Python already.
    pub(crate) named: Option<(&'static str, PathBuf)>,
}

impl Origin {
    pub(crate) fn started(facts: &Facts, from: &'static str, loaded: &Loaded, core: &Core) -> Origin {
        Origin {
            version: facts.version.clone(),
            place: Place {
                executable: facts.executable.clone(),
                prefix: facts.prefix.clone(),
                base_prefix: facts.base_prefix.clone(),
            },
            from,
            library: loaded.path.clone(),
            core: core.path.clone(),
            core_version: core.version.clone(),
            named: None,
        }
    }

    pub(crate) fn joined(config: &Config, here: &Loaded, place: Place, core: &Core) -> Origin {
        Origin {
            version: here.version.clone(),
            place,
            from: JOINED,
            library: here.path.clone(),
            core: core.path.clone(),
            core_version: core.version.clone(),
            named: named_by_variable(config),
        }
    }

    /// A variable that names another Python than the one that the process ran already.
    fn overruled(&self) -> Option<Problem> {
        let (from, python) = self.named.as_ref().filter(|(_, python)| !self.place.is_of(python, &self.version))?;
        let (python, prefix) = (python.display(), self.place.prefix.display());
        Some(Problem {
            wrong: format!("{from} names {python} but this process runs the Python of {prefix} already, which is used"),
            fix: format!("start the process with {python}, or unset {from}"),
        })
    }
}

/// Something that looks wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One sentence.
    pub wrong: String,
    /// One sentence, or nothing.
    pub fix: String,
}

/// Which Python runs here, where it came from, and what looks wrong. Its text is what `aria-bridge doctor` prints.
#[derive(Clone, Debug)]
pub struct Report {
    /// `3.11.7`
    pub python: String,
    /// `sys.executable`
    pub executable: PathBuf,
    /// Who named it: `ARIA_PYTHON`, `VIRTUAL_ENV`, `PATH`, `the configuration`, `this process`.
    pub from: &'static str,
    /// `sys.prefix`
    pub prefix: PathBuf,
    /// `sys.base_prefix`
    pub base_prefix: PathBuf,
    /// The library that was loaded; `None` when Python was in the process already.
    pub library: Option<PathBuf>,
    /// The core module's file.
    pub core: PathBuf,
    /// The core module's version.
    pub core_version: String,
    /// Packages that arrays come from and go to, with their versions where they are installed.
    pub packages: Vec<(String, Option<String>)>,
    /// What looks wrong.
    pub problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn collect(origin: Origin) -> Report {
        let mut problems: Vec<Problem> = origin.overruled().into_iter().collect();
        let Origin { version, place, from, library, core, core_version, named: _ } = origin;
        let Place { executable, prefix, base_prefix } = place;
        if core_version != env!("CARGO_PKG_VERSION") {
            problems.push(Problem {
                wrong: format!("this program is {} but the core module is {core_version}", env!("CARGO_PKG_VERSION")),
                fix: format!("pip install aria-array-bridge=={}", env!("CARGO_PKG_VERSION")),
            });
        }
        let mut packages = Vec::new();
        match looked_at() {
            Ok((found, wrong)) => {
                packages = found;
                problems.extend(wrong.into_iter().map(|(wrong, fix)| Problem { wrong, fix }));
            }
            Err(error) => problems.push(Problem { wrong: error.to_string(), fix: String::new() }),
        }
        Report {
            python: version.split_whitespace().next().unwrap_or_default().to_owned(),
            executable,
            from,
            prefix,
            base_prefix,
            library,
            core,
            core_version,
            packages,
            problems,
        }
    }
}

/// Packages and their versions, and what is wrong with what to do: the core module's `_doctor` looks. Imports nothing else.
#[allow(clippy::type_complexity, reason = "two lists of two columns")]
fn looked_at() -> Result<(Vec<(String, Option<String>)>, Vec<(String, String)>), PyError> {
    let doctor = PyObject::import("aria_array_bridge._core")?.call_method("_doctor", Args::new())?;
    let ask = |what: &str| doctor.call_method(what, Args::new());
    Ok((ask("packages")?.extract()?, ask("problems")?.extract()?))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "python     {:8} {}   from {}", self.python, self.executable.display(), self.from)?;
        if self.prefix != self.base_prefix {
            writeln!(f, "           {:8} {}   is its base", "", self.base_prefix.display())?;
        }
        match &self.library {
            Some(library) => {
                writeln!(f, "library    {:8} {}   agrees with its standard library", self.python, library.display())?;
            }
            None => writeln!(f, "library    {:8} was in this process already", self.python)?,
        }
        writeln!(f, "core       {:8} {}", self.core_version, self.core.display())?;
        for (number, (name, version)) in self.packages.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "   " })?;
            match version {
                Some(version) => write!(f, "{name} {version}")?,
                None => write!(f, "{name}: not installed")?,
            }
        }
        for Problem { wrong, fix } in &self.problems {
            write!(f, "\nwrong      {wrong}")?;
            if !fix.is_empty() {
                write!(f, "   fix: {fix}")?;
            }
        }
        Ok(())
    }
}
