//! `Fault`: what goes wrong in a program, with its place in the Aria source.

use aria_array_runtime::PyError;
use core::fmt;
use std::rc::Rc;

/// An error of an Aria program: a syntax error, an error of its own, or an exception of Python.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(crate) kind: String,
    pub(crate) message: String,
    /// Where it happened; `None` before an expression has been blamed.
    pub(crate) place: Option<Place>,
    /// The Aria calls that it went through, the innermost first.
    pub(crate) callers: Vec<Place>,
    /// The exception, when Python raised it or it went through Python.
    pub(crate) python: Option<Rc<PyError>>,
    /// The program ended inside of a block: more text may complete it.
    pub(crate) incomplete: bool,
}

/// A line of the program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) file: &'static str,
    pub(crate) line: i32,
    pub(crate) function: String,
    pub(crate) text: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  File \"{}\", line {}, in {}", self.file, self.line, self.function)?;
        if self.text.is_empty() { Ok(()) } else { writeln!(f, "    {}", self.text) }
    }
}

impl Fault {
    pub(crate) fn new(kind: &str, message: impl Into<String>) -> Fault {
        let (kind, message) = (kind.to_owned(), message.into());
        Fault { kind, message, place: None, callers: Vec::new(), python: None, incomplete: false }
    }

    pub(crate) fn kind_error(message: impl Into<String>) -> Fault {
        Fault::new("TypeError", message)
    }

    pub(crate) fn syntax(line: i32, column: usize, wanted: &str, found: &str) -> Fault {
        Fault::new("SyntaxError", format!("line {line}, column {column}: expected {wanted} but found {found}"))
    }

    /// Name of the exception's type, or of Aria's own kind of error.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What went wrong, in words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The exception, when Python raised it.
    pub fn python(&self) -> Option<&PyError> {
        self.python.as_deref()
    }

    /// Says whether more text may complete the program.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Says whether the user, or the program, wants the program to end: `try_py` lets these through.
    pub(crate) fn ends_the_program(&self) -> bool {
        self.python().is_some_and(|error| error.is_interrupt() || error.exit_code().is_some())
    }

    /// The calls that it went through, and its own line.
    fn lines(&self) -> String {
        places(self.callers.iter().rev().chain(&self.place))
    }

    /// The traceback: Aria's lines, and Python's where it went through Python. Ends in a line break.
    pub fn render(&self) -> String {
        const HEAD: &str = "Traceback (most recent call last):\n";
        let callers = places(self.callers.iter().rev());
        if let Some(error) = self.python() {
            // The Aria callers of the line that Python's traceback begins with. Of several tracebacks (an exception and
            // its causes) the last is the one that went on.
            let text = error.render();
            // Words of the error's own may look like a head.
            let mut heads = text.rmatch_indices(HEAD).map(|(at, _)| at);
            return match heads.find(|at| text[at + HEAD.len()..].starts_with("  File ")) {
                Some(at) => {
                    let (before, after) = text.split_at(at + HEAD.len());
                    // Python's frames are indented; behind them are Aria's own lines, if the error began in Aria.
                    let frames: usize =
                        after.split_inclusive('\n').take_while(|line| line.starts_with(' ')).map(str::len).sum();
                    let (frames, words) = after.split_at(frames);
                    let inner = error.payload::<Fault>().map(Fault::lines).unwrap_or_default();
                    format!("{before}{callers}{frames}{inner}{words}")
                }
                None => format!("{HEAD}{}{text}", self.lines()),
            };
        }
        let lines = self.lines();
        let head = if lines.is_empty() { "" } else { HEAD };
        format!("{head}{lines}{}: {}\n", self.kind, self.message)
    }
}

/// The lines of a traceback: of many that are the same three are shown, as Python does.
fn places<'a>(places: impl Iterator<Item = &'a Place>) -> String {
    const SHOWN: usize = 3;
    let (mut text, mut last, mut same) = (String::new(), None, 0);
    let repeated = |same: usize| match same.saturating_sub(SHOWN) {
        0 => String::new(),
        1 => "  [Previous line repeated 1 more time]\n".to_owned(),
        more => format!("  [Previous line repeated {more} more times]\n"),
    };
    for place in places {
        if last != Some(place) {
            text += &repeated(same);
            (last, same) = (Some(place), 0);
        }
        same += 1;
        if same <= SHOWN {
            text += &place.to_string();
        }
    }
    text + &repeated(same)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl core::error::Error for Fault {}
