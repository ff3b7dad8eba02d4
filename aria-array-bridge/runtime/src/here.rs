//! The Python that runs in this process already: what it is, and whether it is the one that is asked for (rule R1).

use crate::config::Config;
use crate::error::StartError;
use crate::find::executable_of;
use crate::load::Api;
use crate::platform::path_from_bytes;
use crate::probe::{Facts, probe};
use crate::script::run;
use std::path::{Path, PathBuf};

/// What tells one Python from another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// `sys.executable`; empty where the host has none.
    pub(crate) executable: PathBuf,
    /// `sys.prefix`
    pub(crate) prefix: PathBuf,
    /// `sys.base_prefix`
    pub(crate) base_prefix: PathBuf,
}

impl Place {
    /// Asks the interpreter of this process.
    ///
    /// # Safety
    ///
    /// The thread is attached to the interpreter that `api` belongs to.
    pub(crate) unsafe fn ask(api: &Api) -> Place {
        // SAFETY: attached: the caller's duty.
        let answer = unsafe { run(api, include_str!("here.py"), &[]) }.unwrap_or_default();
        let mut parts = answer.split(|byte| *byte == 0).map(path_from_bytes);
        let mut next = || parts.next().unwrap_or_default();
        Place { executable: next(), prefix: next(), base_prefix: next() }
    }

    /// Refuses a Python that the configuration names and that is another: of another version, or of another prefix, as two
    /// virtual environments of one installation are. What the environment's variables say is for the report alone: they say
    /// where to look for a Python, and there is one.
    ///
    /// # Errors
    ///
    /// [`StartError::Occupied`], also where what is named does not run, and nobody can say that it is this one.
    pub(crate) fn refuse_another(&self, config: &Config, version: &str) -> Result<(), StartError> {
        let Some(python) = config.python.as_deref().map(executable_of) else { return Ok(()) };
        if self.is_of(&python, version) {
            return Ok(());
        }
        Err(StartError::Occupied { running: version.to_owned(), prefix: self.prefix.clone(), python })
    }

    /// Says whether this executable is the one that runs here: asks it, where its path is another.
    pub(crate) fn is_of(&self, python: &Path, version: &str) -> bool {
        let alike = |facts: Facts| facts.version == version && same(&facts.prefix, &self.prefix);
        python == self.executable || probe(python).is_ok_and(alike)
    }
}

/// Says whether two paths lead to one folder.
fn same(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
