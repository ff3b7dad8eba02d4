//! `Signature`: what a function of the program takes, as Python sees it.

use crate::value::Val;
use aria_array_bridge::operations::callback::{
    KEYWORD_ONLY, POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD, VAR_KEYWORD, VAR_POSITIONAL,
};

/// One parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) kind: u32,
    pub(crate) default: Option<Val>,
}

/// Parameters, documentation and place of a function, built one by one. Names of parameters alone are one, too:
/// `&["x", "y"]`.
///
/// ```
/// use aria_array_runtime::Signature;
/// let signature = Signature::new()
///     .arg("x")
///     .arg_or("tolerance", 1e-6)
///     .key_or("verbose", false)
///     .doc("Finds the root nearest to x.")
///     .at("roots.aria", 12);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Signature {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) doc: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) place: Option<(String, i32)>,
}

impl Signature {
    /// No parameters.
    pub fn new() -> Signature {
        Signature::default()
    }

    fn parameter(mut self, name: impl Into<String>, kind: u32, default: Option<Val>) -> Signature {
        self.parameters.push(Parameter { name: name.into(), kind, default });
        self
    }

    /// Adds a parameter that is passed by position or by name.
    #[must_use]
    pub fn arg(self, name: impl Into<String>) -> Signature {
        self.parameter(name, POSITIONAL_OR_KEYWORD, None)
    }

    /// Adds such a parameter with a default, which is made once.
    #[must_use]
    pub fn arg_or(self, name: impl Into<String>, default: impl Into<Val>) -> Signature {
        self.parameter(name, POSITIONAL_OR_KEYWORD, Some(default.into()))
    }

    /// Adds a parameter that is passed by position alone. These come first.
    #[must_use]
    pub fn positional(self, name: impl Into<String>) -> Signature {
        self.parameter(name, POSITIONAL_ONLY, None)
    }

    /// Adds a parameter that is passed by name alone.
    #[must_use]
    pub fn key(self, name: impl Into<String>) -> Signature {
        self.parameter(name, KEYWORD_ONLY, None)
    }

    /// Adds such a parameter with a default.
    #[must_use]
    pub fn key_or(self, name: impl Into<String>, default: impl Into<Val>) -> Signature {
        self.parameter(name, KEYWORD_ONLY, Some(default.into()))
    }

    /// Takes further positional arguments, as a tuple: `*name`.
    #[must_use]
    pub fn rest(self, name: impl Into<String>) -> Signature {
        self.parameter(name, VAR_POSITIONAL, None)
    }

    /// Takes further keyword arguments, as a dict: `**name`. Comes last.
    #[must_use]
    pub fn keywords(self, name: impl Into<String>) -> Signature {
        self.parameter(name, VAR_KEYWORD, None)
    }

    /// Sets `__doc__`.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<String>) -> Signature {
        self.doc = Some(doc.into());
        self
    }

    /// Sets `__module__`.
    #[must_use]
    pub fn module(mut self, module: impl Into<String>) -> Signature {
        self.module = Some(module.into());
        self
    }

    /// Says where the function is defined. It runs in a frame of that place then (rule R6), unless it enters another.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: i32) -> Signature {
        self.place = Some((file.into(), line));
        self
    }
}

impl<S: AsRef<str>> From<&[S]> for Signature {
    fn from(names: &[S]) -> Signature {
        names.iter().fold(Signature::new(), |signature, name| signature.arg(name.as_ref()))
    }
}

impl<S: AsRef<str>, const N: usize> From<&[S; N]> for Signature {
    fn from(names: &[S; N]) -> Signature {
        Signature::from(names.as_slice())
    }
}
