//! Asking an interpreter what it is: one short run of it, isolated, before anything of it is loaded.

use crate::platform::path_from_bytes;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("probe.py");

/// What an interpreter says about itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// `sys.executable`: where it really is, when it was reached through a shim.
    pub(crate) executable: PathBuf,
    /// `sys.version`, the whole line.
    pub(crate) version: String,
    /// Major, minor, micro.
    pub(crate) numbers: (u32, u32, u32),
    /// `sys.implementation.name`
    pub(crate) implementation: String,
    /// `sys.prefix`
    pub(crate) prefix: PathBuf,
    /// `sys.base_prefix`
    pub(crate) base_prefix: PathBuf,
    /// `Py_GIL_DISABLED`
    pub(crate) free_threaded: bool,
    /// Width of a pointer.
    pub(crate) bits: u32,
    /// Shared libraries that are there, the best first.
    pub(crate) libraries: Vec<PathBuf>,
    /// Where no shared library is.
    pub(crate) looked: Vec<PathBuf>,
}

/// Runs `python` and asks. The error says why it does not count.
pub(crate) fn probe(python: &Path) -> Result<Facts, String> {
    let output = Command::new(python)
        .args(["-I", "-c", SCRIPT])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("it does not run: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing");
        return Err(format!("it does not run: {} ({last})", output.status));
    }
    read(&output.stdout).ok_or_else(|| "expected it to answer as a Python but it said something else".to_owned())
}

/// Reads the answers; `None` if an answer is missing or is no such thing.
fn read(answers: &[u8]) -> Option<Facts> {
    let mut facts = Facts::default();
    let mut parts = answers.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    while let Some(key) = parts.next() {
        let value = parts.next()?;
        let text = || String::from_utf8_lossy(value).into_owned();
        let number = || str::from_utf8(value).ok()?.parse::<u32>().ok();
        match key {
            b"executable" => facts.executable = path_from_bytes(value),
            b"version" => facts.version = text(),
            b"major" => facts.numbers.0 = number()?,
            b"minor" => facts.numbers.1 = number()?,
            b"micro" => facts.numbers.2 = number()?,
            b"implementation" => facts.implementation = text(),
            b"prefix" => facts.prefix = path_from_bytes(value),
            b"base_prefix" => facts.base_prefix = path_from_bytes(value),
            b"free_threaded" => facts.free_threaded = number()? != 0,
            b"bits" => facts.bits = number()?,
            b"library" => facts.libraries.push(path_from_bytes(value)),
            b"looked" => facts.looked.push(path_from_bytes(value)),
            _ => {} // From a later version of the script.
        }
    }
    let complete = !facts.version.is_empty() && facts.numbers.0 != 0 && facts.executable.is_absolute();
    complete.then_some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_cut_short_or_no_answers_are_none() {
        let whole = b"executable\0/usr/bin/python3\0version\x003.11.7 (main)\0major\x003\0minor\x0011\0later\0?\0";
        let facts = read(whole).expect("complete answers");
        assert_eq!(facts.numbers, (3, 11, 0));
        assert_eq!(facts.version, "3.11.7 (main)");
        for answers in [&b""[..], b"hello\n", b"executable\0", &whole[..40], b"major\0three\0", b"minor\x0011\0"] {
            assert!(read(answers).is_none(), "{answers:?}");
        }
    }
}
