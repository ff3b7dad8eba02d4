//! `Args`: the arguments of a call, built one by one.

use crate::object::PyObject;
use crate::value::{Lent, Val};
use aria_array_bridge::operations::{self as raw, Status, TAG_STAR, Text};
use smallvec::SmallVec;

/// Positional and keyword arguments, `*` and `**`.
///
/// ```
/// use aria_array_runtime::prelude::*;
/// let args = Args::new().arg(0.0).arg(1.0).kw("num", 5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// As few as most calls have are kept without an allocation.
    positional: SmallVec<[Val; 2]>,
    keywords: Vec<(String, Val)>,
    /// Which of `positional` are iterables, whose items stand there.
    stars: Vec<usize>,
    /// Which of `keywords` are mappings, whose items stand there; they have no name.
    mappings: Vec<usize>,
}

impl Args {
    /// No arguments.
    #[inline]
    pub fn new() -> Args {
        Args::default()
    }

    /// Adds a positional argument. An array is shared, not copied.
    #[must_use]
    #[inline]
    pub fn arg(mut self, value: impl Into<Val>) -> Args {
        self.positional.push(value.into());
        self
    }

    /// Adds a keyword argument. A name that comes twice is a `TypeError` of the call, as in Python.
    #[must_use]
    #[inline]
    pub fn kw(mut self, name: impl Into<String>, value: impl Into<Val>) -> Args {
        self.keywords.push((name.into(), value.into()));
        self
    }

    /// Adds the items of an iterable to the positional arguments: `*object`. What is added later stands behind them.
    #[must_use]
    pub fn star(mut self, object: &PyObject) -> Args {
        self.stars.push(self.positional.len());
        self.arg(object)
    }

    /// Adds the items of a mapping to the keyword arguments: `**object`. A name that is there already is a `TypeError` of the
    /// call, as in Python.
    #[must_use]
    pub fn star_star(mut self, object: &PyObject) -> Args {
        self.mappings.push(self.keywords.len());
        self.kw("", object)
    }

    /// Shows the arguments to `call` in the table's form. The call consumes the arrays.
    pub(crate) fn lend(&mut self, call: impl FnOnce(&raw::Args) -> Status) -> Status {
        let mut lent = Lent::default();
        let mut positional = lent.all(&mut self.positional);
        for at in &self.stars {
            positional[*at].tag = TAG_STAR;
        }
        let (mut names, mut keywords) = (SmallVec::<[Text; 4]>::new(), SmallVec::<[_; 4]>::new());
        for (name, value) in &mut self.keywords {
            names.push(Text::new(name));
            keywords.push(lent.lend(value));
        }
        for at in &self.mappings {
            names[*at] = Text::NONE;
            keywords[*at].tag = TAG_STAR;
        }
        call(&raw::Args {
            positional: positional.as_ptr(),
            positional_len: positional.len(),
            names: names.as_ptr(),
            keywords: keywords.as_ptr(),
            keywords_len: keywords.len(),
        })
    }
}
