//! `Site`: a place in the program, which Python's tracebacks and warnings show (rule R6).

use crate::error::PyError;
use crate::object::{PyObject, obtain};
use crate::state::table;
use aria_array_bridge::operations::Text;
use core::fmt;
use core::marker::PhantomData;
use core::ptr;
use std::sync::OnceLock;

/// A place in a program: a file, a line and a function. Made once and entered often: a `static` is good.
///
/// ```no_run
/// use aria_array_runtime::Site;
/// static HERE: Site = Site::new("analyze.aria", 8, "analyze_data");
/// let _here = HERE.enter(); // Until it is dropped, operations of this thread are at this place.
/// ```
pub struct Site {
    /// `None` for no frame.
    file: Option<&'static str>,
    line: i32,
    function: &'static str,
    made: OnceLock<PyObject>,
}

impl Site {
    /// A place. Lines count from 1.
    pub const fn new(file: &'static str, line: i32, function: &'static str) -> Site {
        Site { file: Some(file), line, function, made: OnceLock::new() }
    }

    /// No place: operations run in no frame of the program's and cost least. For a loop around code that does not look at
    /// its caller: what does (`warnings.warn`, `eval`, `namedtuple`, assignment to a column of pandas') fails, or takes whoever
    /// it finds for it. Functions of the program that Python calls meanwhile have frames where their signature has a place.
    ///
    /// ```no_run
    /// use aria_array_runtime::{Args, PyObject, Site};
    /// static BARE: Site = Site::without_frame();
    /// fn total(f: &PyObject, values: &[f64]) -> Result<f64, aria_array_runtime::PyError> {
    ///     let _bare = BARE.enter();
    ///     values.iter().map(|x| f.call(Args::new().arg(*x))?.to_float()).sum()
    /// }
    /// ```
    pub const fn without_frame() -> Site {
        Site { file: None, line: 0, function: "", made: OnceLock::new() }
    }

    /// Makes this the place of this thread's operations until the guard is dropped. Guards nest.
    ///
    /// Never fails: when Python does not run, the place stays what it was.
    pub fn enter(&self) -> Here {
        let before = self.made().ok().map(|site| swap(Some(site.clone())));
        Here { before, _thread: PhantomData }
    }

    fn made(&self) -> Result<&PyObject, PyError> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let made = obtain(|table, out, failure| {
            let (file, function) = (self.file.map_or(Text::NONE, Text::new), Text::new(self.function));
            // SAFETY: text and places that live for the call.
            unsafe { (table.site)(file, self.line, function, out, failure) }
        })?;
        Ok(self.made.get_or_init(|| made))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file {
            Some(file) => write!(f, "Site({file}:{} in {})", self.line, self.function),
            None => f.write_str("Site(without frame)"),
        }
    }
}

/// Hands a site to the table, and takes back the one that was there.
fn swap(site: Option<PyObject>) -> Option<PyObject> {
    let table = table()?;
    let handle = site.map_or(ptr::null_mut(), PyObject::into_raw);
    // SAFETY: NULL or a live handle, given up here; works at any time.
    let before = unsafe { (table.enter_site)(handle) };
    // SAFETY: NULL, or a handle that this function gave to the table, and that it gives back.
    unsafe { PyObject::from_raw(before) }
}

/// The place of this thread's operations, until it is dropped. Made to be dropped in the order of scopes.
#[derive(Debug)]
#[must_use = "the place is left when this is dropped"]
pub struct Here {
    /// The place before; `None` when nothing was entered.
    before: Option<Option<PyObject>>,
    /// Entering is a matter of the thread, so the guard stays on it.
    _thread: PhantomData<*const ()>,
}

impl Drop for Here {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            drop(swap(before));
        }
    }
}
