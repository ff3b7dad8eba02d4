//! What was typed: a command, its options, and what stands behind `--`.

use crate::tools::{Failure, Outcome};

/// The arguments not yet asked for. A command takes its options, then calls [`finish`](Self::finish).
pub(crate) struct Args {
    left: Vec<String>,
    /// What stands behind `--`: for the tool that the command runs.
    pub(crate) rest: Vec<String>,
}

impl Args {
    pub(crate) fn new(all: impl Iterator<Item = String>) -> Self {
        let mut left: Vec<String> = all.collect();
        let rest = match left.iter().position(|arg| arg == "--") {
            Some(at) => left.split_off(at).split_off(1),
            None => Vec::new(),
        };
        Self { left, rest }
    }

    /// Takes the first argument, unless it is an option.
    pub(crate) fn command(&mut self) -> Option<String> {
        (!self.left.first()?.starts_with('-')).then(|| self.left.remove(0))
    }

    /// Takes a flag; says whether it was there.
    pub(crate) fn flag(&mut self, names: &[&str]) -> bool {
        let before = self.left.len();
        self.left.retain(|arg| !names.contains(&arg.as_str()));
        self.left.len() < before
    }

    /// Takes `--name value` or `--name=value`.
    pub(crate) fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let is = |arg: &String| arg == name || arg.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        let Some(at) = self.left.iter().position(is) else {
            return Ok(None);
        };
        let arg = self.left.remove(at);
        if let Some((_, value)) = arg.split_once('=') {
            return Ok(Some(value.to_owned()));
        }
        if at < self.left.len() && !self.left[at].starts_with('-') {
            return Ok(Some(self.left.remove(at)));
        }
        Err(Failure::new(format!("expected a value after `{name}`")))
    }

    /// Refuses what nobody asked for.
    pub(crate) fn finish(&self) -> Outcome<()> {
        match self.left.first() {
            None => Ok(()),
            Some(arg) => {
                Err(Failure::new(format!("unexpected argument `{arg}`; `cargo xtask` lists what each command takes")))
            }
        }
    }

    /// Refuses everything but the arguments behind `--`, where `rest` is true, or everything.
    pub(crate) fn none(&self, rest: bool) -> Outcome<()> {
        self.finish()?;
        match self.rest.first() {
            Some(arg) if !rest => Err(Failure::new(format!("expected nothing behind `--` but found `{arg}`"))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        Args::new(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_taken_in_any_order_and_the_rest_is_kept() {
        let mut args = args("test -v --python=3.12 --partners all -- -k name --python");
        assert_eq!(args.command().as_deref(), Some("test"));
        assert_eq!(args.value("--partners").ok().flatten().as_deref(), Some("all"));
        assert_eq!(args.value("--python").ok().flatten().as_deref(), Some("3.12"));
        assert!(args.flag(&["-v"]));
        assert!(args.finish().is_ok());
        assert_eq!(args.rest, ["-k", "name", "--python"]);
    }

    #[test]
    fn a_missing_value_and_an_unknown_option_are_refused() {
        assert!(args("--python").value("--python").is_err());
        assert!(args("--python --partners all").value("--python").is_err());
        assert!(args("--pythons 3").finish().is_err());
    }

    #[test]
    fn a_name_that_only_begins_alike_is_not_taken() {
        let mut args = args("--pythons=3");
        assert!(args.value("--python").is_ok_and(|value| value.is_none()));
        assert!(args.finish().is_err());
    }
}
