//! `Args`: the arguments of a call, built one by one.

use crate::object::PyObject;
use crate::value::{Lent, Val};
use aria_array_bridge::operations::{self as raw, Status, TAG_STAR, Text, Value};
use core::ptr;
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
    /// What few calls have; a word, since each call looks whether there is any.
    more: Option<Box<More>>,
}

/// What there is beside plain positional arguments.
#[derive(Clone, Debug, Default)]
struct More {
    keywords: SmallVec<[(String, Val); 2]>,
    /// Which of the positional ones are iterables, whose items stand there.
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
        self.more().keywords.push((name.into(), value.into()));
        self
    }

    /// Adds the items of an iterable to the positional arguments: `*object`. What is added later stands behind them.
    #[must_use]
    pub fn star(mut self, object: &PyObject) -> Args {
        let at = self.positional.len();
        self.more().stars.push(at);
        self.arg(object)
    }

    /// Adds the items of a mapping to the keyword arguments: `**object`. A name that is there already is a `TypeError` of the
    /// call, as in Python.
    #[must_use]
    pub fn star_star(mut self, object: &PyObject) -> Args {
        let more = self.more();
        more.mappings.push(more.keywords.len());
        self.kw("", object)
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Shows the arguments to `call` in the table's form. The call consumes the arrays.
    #[inline]
    pub(crate) fn lend(&mut self, call: impl FnOnce(&raw::Args) -> Status) -> Status {
        let mut lent = Lent::default();
        lent.with(&mut self.positional, |lent, positional| match &mut self.more {
            None => call(&raw::Args {
                positional: positional.as_ptr(),
                positional_len: positional.len(),
                names: ptr::null(),
                keywords: ptr::null(),
                keywords_len: 0,
            }),
            Some(more) => more.lend(lent, positional, call),
        })
    }
}

impl More {
    fn lend(&mut self, lent: &mut Lent, positional: &mut [Value], call: impl FnOnce(&raw::Args) -> Status) -> Status {
        for at in &self.stars {
            positional[*at].tag = TAG_STAR;
        }
        let (mut names, mut keywords) = (SmallVec::<[Text; 4]>::new(), SmallVec::<[Value; 4]>::new());
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
