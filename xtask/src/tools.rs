//! Running other programs, and saying so: one line a step, the program's own output only where it fails.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

/// Why a command of `cargo xtask` ended early.
pub(crate) struct Failure(Option<String>);

pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// What was tried and what to do.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Some(text.into()))
    }

    /// A failure whose reasons are on the screen already.
    pub(crate) const fn shown() -> Self {
        Self(None)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// Adds what was being done to an error of the operating system.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Failure::new(format!("{}: {error}", what())))
    }
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    // Cargo tells at run time where the package lies; the folder of compile time serves a binary started by hand.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}

/// Where cargo writes.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A program, started in the root of the workspace and without what would lead it to another Python.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    for variable in ["PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "ARIA_PYTHON"] {
        command.env_remove(variable);
    }
    // What cargo told this program about itself is not true of the programs that it starts.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&variable);
        }
    }
    command
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A line on the screen for something under way.
pub(crate) struct Step {
    text: String,
    start: Instant,
}

/// Says what is being done. The line ends with [`Step::done`].
pub(crate) fn step(text: impl Display) -> Step {
    let step = Step { text: text.to_string(), start: Instant::now() };
    print!("• {}", step.text);
    flush();
    step
}

impl Step {
    /// Ends the line, with the time where it was worth a look.
    pub(crate) fn done(self) {
        self.again();
        match self.start.elapsed().as_secs() {
            0 | 1 => println!(),
            seconds => println!(" ({})", span(seconds)),
        }
    }

    /// Runs a program; its output is shown only if it fails. A terminal shows its newest line meanwhile.
    pub(crate) fn run(self, command: &mut Command, advice: &str) -> Outcome<()> {
        let mut output = String::new();
        let terminal = io::stdout().is_terminal();
        let ran = lines(command, |line| {
            if terminal && !line.trim().is_empty() {
                self.again();
                let room = 100_usize.saturating_sub(self.text.chars().count());
                print!(" … {}", plain(line).trim().chars().take(room).collect::<String>());
                flush();
            }
            output += line;
            output += "\n";
        });
        self.done();
        match ran {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                eprintln!("{}", output.trim_end());
                Err(Failure::new(format!("{} ({status})\n{advice}", shown(command))))
            }
            Err(error) => Err(Failure::new(format!("{} could not be started: {error}\n{advice}", shown(command)))),
        }
    }

    /// Writes the line afresh, where a terminal shows more than it.
    fn again(&self) {
        if io::stdout().is_terminal() {
            print!("\r\u{1b}[2K• {}", self.text);
        }
    }
}

/// Says what comes now; the program's output follows.
pub(crate) fn heading(text: impl Display) {
    println!("• {text}");
    flush();
}

fn flush() {
    // Nobody is left to be told if the screen is gone.
    let _ = io::stdout().flush();
}

/// Seconds as a person says them.
pub(crate) fn span(seconds: u64) -> String {
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

/// A program's end and everything it printed.
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

/// Runs a program and keeps what it prints.
pub(crate) fn quiet(command: &mut Command) -> io::Result<Ran> {
    let mut output = Vec::new();
    let status = merged(command, |mut from| from.read_to_end(&mut output).map(drop))?;
    Ok(Ran { status, output: String::from_utf8_lossy(&output).into_owned() })
}

/// Runs a program and hands over each line that it prints, on either stream, when it prints it.
pub(crate) fn lines(command: &mut Command, mut each: impl FnMut(&str)) -> io::Result<ExitStatus> {
    merged(command, |from| {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line)? > 0 {
            let end = line.trim_ascii_end().len();
            each(&String::from_utf8_lossy(&line[..end]));
            line.clear();
        }
        Ok(())
    })
}

fn merged(command: &mut Command, read: impl FnOnce(io::PipeReader) -> io::Result<()>) -> io::Result<ExitStatus> {
    let (from, to) = io::pipe()?;
    command.stdout(to.try_clone()?).stderr(to);
    let child = command.spawn();
    // The command holds the pipe's other end: it must go for the reader to see the end.
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut child = child?;
    read(from)?;
    child.wait()
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut text = format!("`{}", name.to_string_lossy());
    for arg in command.get_args() {
        text += " ";
        text += &arg.to_string_lossy();
    }
    text + "`"
}

/// The text without the terminal's colour sequences.
pub(crate) fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            // A sequence ends at its first letter.
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(char);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(plain("\u{1b}[32m\u{1b}[1m3 passed\u{1b}[0m in 1s"), "3 passed in 1s");
    }

    #[test]
    fn lines_of_both_streams_arrive() {
        let mut seen = Vec::new();
        let status = lines(Command::new("sh").args(["-c", "echo one; echo two >&2; printf three; exit 3"]), |line| {
            seen.push(line.to_owned());
        });
        assert_eq!(status.ok().and_then(|status| status.code()), Some(3));
        assert_eq!(seen, ["one", "two", "three"]);
    }
}
