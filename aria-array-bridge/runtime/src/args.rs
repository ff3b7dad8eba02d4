//! `Args`: the arguments of a call, built one by one.

use crate::object::PyObject;
use crate::value::{Lent, Val};
use aria_array_bridge::operations::{self as raw, Object, Status, Text};
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
    keywords: Vec<(String, Val)>,
    star: Option<PyObject>,
    star_star: Option<PyObject>,
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

    /// Adds the items of an iterable behind the positional arguments: `*object`. The last one counts.
    #[must_use]
    pub fn star(mut self, object: &PyObject) -> Args {
        self.star = Some(object.clone());
        self
    }

    /// Adds the items of a mapping to the keyword arguments: `**object`. The last one counts.
    #[must_use]
    pub fn star_star(mut self, object: &PyObject) -> Args {
        self.star_star = Some(object.clone());
        self
    }

    /// Shows the arguments to `call` in the table's form. The call consumes the arrays.
    pub(crate) fn lend(&mut self, call: impl FnOnce(&raw::Args) -> Status) -> Status {
        let mut lent = Lent::default();
        let positional = lent.all(&mut self.positional);
        let (mut names, mut keywords) = (SmallVec::<[Text; 4]>::new(), SmallVec::<[_; 4]>::new());
        for (name, value) in &mut self.keywords {
            names.push(Text::new(name));
            keywords.push(lent.lend(value));
        }
        let handle = |object: &Option<PyObject>| object.as_ref().map_or(ptr::null_mut::<Object>(), PyObject::as_raw);
        call(&raw::Args {
            positional: positional.as_ptr(),
            positional_len: positional.len(),
            names: names.as_ptr(),
            keywords: keywords.as_ptr(),
            keywords_len: keywords.len(),
            star: handle(&self.star),
            star_star: handle(&self.star_star),
        })
    }
}
