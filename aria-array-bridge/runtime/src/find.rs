//! Finding the interpreter: the one that is asked for, or the first that runs (rule R1).

use crate::config::Config;
use crate::error::{StartError, Tried};
use crate::platform::{PYTHON_NAMES, SCRIPTS};
use crate::probe::{Facts, probe};
use std::env;
use std::path::{Path, PathBuf};

/// An interpreter that runs, and who named it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) facts: Facts,
    /// `ARIA_PYTHON`, `VIRTUAL_ENV`, …
    pub(crate) from: &'static str,
}

/// Finds the interpreter that the configuration asks for.
pub(crate) fn find(config: &Config) -> Result<Found, StartError> {
    let mut tried = Vec::new();
    if let Some((from, places)) = candidates(config) {
        for python in places {
            match probe(&python) {
                Ok(facts) => return Ok(Found { facts, from }),
                Err(why) => tried.push(Tried { from, python, why }),
            }
        }
    }
    Err(StartError::NoInterpreter { tried })
}

/// Who decides, and where they say. The first who says anything decides alone.
fn candidates(config: &Config) -> Option<(&'static str, Vec<PathBuf>)> {
    if let Some(python) = &config.python {
        return Some(("the configuration", vec![executable_of(python)]));
    }
    if let Some(python) = &config.aria_python {
        return Some(("ARIA_PYTHON", vec![executable_of(python)]));
    }
    if let Some(folder) = &config.virtual_env {
        return Some(("VIRTUAL_ENV", vec![in_environment(folder)]));
    }
    let folders: Vec<PathBuf> = env::split_paths(config.search_path.as_ref()?).collect();
    let all = PYTHON_NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    Some(("PATH", all.filter(|python| python.is_file()).collect()))
}

/// What a variable names, for a program that uses the Python of its process: who names it, and which.
pub(crate) fn named_by_variable(config: &Config) -> Option<(&'static str, PathBuf)> {
    if config.python.is_some() {
        return None;
    }
    let (from, places) = candidates(&Config { search_path: None, ..config.clone() })?;
    Some((from, places.into_iter().next()?))
}

/// The executable that a path means: itself, or the one of a virtual environment.
pub(crate) fn executable_of(path: &Path) -> PathBuf {
    if path.is_dir() { in_environment(path) } else { path.to_owned() }
}

fn in_environment(folder: &Path) -> PathBuf {
    let scripts = folder.join(SCRIPTS);
    let names = PYTHON_NAMES.iter().map(|name| scripts.join(name));
    names.clone().find(|python| python.is_file()).or(names.into_iter().next()).unwrap_or(scripts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_who_says_anything_decides_alone() {
        let all = Config {
            python: Some("/a/python".into()),
            aria_python: Some("/b/python".into()),
            virtual_env: Some("/c".into()),
            search_path: Some("/d".into()),
            ..Config::default()
        };
        let who = |config: &Config| candidates(config).map(|(from, _)| from);
        assert_eq!(who(&all), Some("the configuration"));
        let all = Config { python: None, ..all };
        assert_eq!(who(&all), Some("ARIA_PYTHON"));
        let all = Config { aria_python: None, ..all };
        assert_eq!(candidates(&all), Some(("VIRTUAL_ENV", vec![Path::new("/c").join(SCRIPTS).join(PYTHON_NAMES[0])])));
        let all = Config { virtual_env: None, ..all };
        assert_eq!(who(&all), Some("PATH"));
        assert_eq!(who(&Config::new()), None);
    }

    #[test]
    fn a_python_that_does_not_run_is_named_with_who_asked_for_it() {
        let config = Config { aria_python: Some("/nowhere/python3".into()), ..Config::default() };
        let text = find(&config).expect_err("there is no such file").to_string();
        assert!(text.contains("ARIA_PYTHON") && text.contains("/nowhere/python3"), "{text}");
    }
}
