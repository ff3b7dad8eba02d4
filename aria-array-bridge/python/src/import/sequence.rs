//! The door of Python numbers, and of nested lists, tuples and ranges of them: a copy, without NumPy.
//!
//! One walk finds the shape and the numbers; the widest kind among them is the dtype, as in NumPy. What is no number
//! is refused by name, with its place.

mod numbers;

use super::{Refusal, named};
use crate::array::Hold;
use crate::class;
use crate::error::bad_argument;
use crate::request::{Found, Request};
use aria_array_bridge::dtype::Swap;
use aria_array_bridge::plan::{CopyPolicy, Plan, Reason};
use aria_array_bridge::{Array, Owner};
use numbers::{Kind, Number};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyRange, PyString, PyTuple};

/// Axes at most, as everywhere.
const MAX_DEPTH: usize = 64;

/// The numbers, copied.
pub(super) fn find(object: &Bound<'_, PyAny>, request: &Request) -> Result<Found, Refusal> {
    if request.copy == CopyPolicy::Never {
        let reason = Reason::new("copy-never", "C1", "Python's own numbers are copied, and copy=False forbids it");
        return Err(refuse(object, reason));
    }
    let mut walk = Walk::default();
    let read = match walk.visit(object, 0) {
        Ok(()) => walk.finish(request),
        Err(stop) => Err(stop),
    };
    let array = read.map_err(|stop| match stop {
        Stop::Refused(reason) => refuse(object, *reason),
        Stop::Raised(error) => Refusal::Raise(error),
    })?;
    let nbytes = array.nbytes();
    // Fresh memory that anybody may write: nobody else has a handle yet.
    let Ok(shared) = array.share() else {
        return Err(Refusal::Raise(PyValueError::new_err(
            "expected the only handle of fresh memory but found another",
        )));
    };
    let owner = shared.owner().clone();
    // SAFETY: the hold keeps the owner; shared, as just said.
    let array = unsafe { shared.with_owner(Owner::immortal()) };
    let text = format!("{nbytes} bytes are made of Python objects");
    let copied = Some(Box::new(Reason::new("python-sequence", "C1", text).into()));
    Ok(Found { array, hold: Hold::Own(owner), swap: Swap::None, protocol: named!("python sequence"), copied })
}

fn refuse(object: &Bound<'_, PyAny>, reason: Reason) -> Refusal {
    let source = class::of(object);
    Refusal::Raise(bad_argument(object.py(), Plan::view("python sequence", source, "Array").refusing(reason)))
}

/// Why a walk ends early.
enum Stop {
    Refused(Box<Reason>),
    Raised(PyErr),
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Stop {
        Stop::Raised(error)
    }
}

fn stop<T>(code: &'static str, rule: &'static str, text: String, walk: &Walk, hint: &'static str) -> Result<T, Stop> {
    let place: String = walk.path.iter().map(|i| format!("[{i}]")).collect();
    Err(Stop::Refused(Box::new(Reason::new(code, rule, text).at(place).hint(hint))))
}

/// What the walk has found so far.
#[derive(Default)]
struct Walk {
    /// Extents, once the first element of their depth has been seen.
    shape: Vec<usize>,
    /// Axes, once the first number, or the first empty list, has been seen.
    ndim: Option<usize>,
    numbers: Vec<Number>,
    kind: Kind,
    /// Where the walk is.
    path: Vec<usize>,
}

impl Walk {
    fn visit(&mut self, object: &Bound<'_, PyAny>, depth: usize) -> Result<(), Stop> {
        if let Ok(list) = object.cast::<PyList>() {
            return self.items(list.len(), list.iter().map(Ok), depth);
        }
        if let Ok(tuple) = object.cast::<PyTuple>() {
            return self.items(tuple.len(), tuple.iter().map(Ok), depth);
        }
        if let Ok(range) = object.cast::<PyRange>() {
            let len = range.len()?;
            self.numbers.try_reserve(len).map_err(|_| no_memory(len))?;
            return self.items(len, range.try_iter()?, depth);
        }
        if self.ndim.is_some_and(|ndim| ndim != depth) {
            let ndim = self.ndim.unwrap_or_default();
            let text = format!("expected a sequence, since others have {ndim} axes, but found a number");
            return stop("ndim", "L2", text, self, "every list of one depth has the same length");
        }
        let number = match Number::of(object)? {
            Some(number) => number,
            None if object.is_none() => {
                let hint = "float('nan') for a missing float; pandas, pyarrow and numpy.ma have nulls";
                return stop("nulls", "C4", "a list of numbers has no nulls, but found None".into(), self, hint);
            }
            None => {
                let kind = class::of(object);
                let hint = if object.is_instance_of::<PyString>() {
                    "numpy.array(x) makes text of a fixed length, which asarray takes"
                } else if kind.starts_with("datetime.") {
                    "numpy.array(x, dtype=\"datetime64[us]\"), or \"timedelta64[us]\", makes times of them; so does pandas.Series(x)"
                } else {
                    ""
                };
                let text = format!("expected bool, int, float or complex but found {kind}");
                return stop("object-dtype", "L1", text, self, hint);
            }
        };
        self.ndim = Some(depth);
        self.kind = self.kind.max(number.kind());
        if self.numbers.len() == self.numbers.capacity() {
            let more = self.numbers.len().max(16);
            self.numbers.try_reserve(more).map_err(|_| no_memory(more))?;
        }
        self.numbers.push(number);
        Ok(())
    }

    fn items<'py>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
        depth: usize,
    ) -> Result<(), Stop> {
        if depth >= MAX_DEPTH {
            let text = format!("expected at most {MAX_DEPTH} axes but found lists nested deeper, or in themselves");
            self.path.clear(); // It would be as long as it is deep.
            return stop("limit", "C8", text, self, "");
        }
        if self.ndim.is_some_and(|ndim| depth >= ndim) {
            let text = format!("expected a number {depth} lists deep but found a sequence");
            return stop("ndim", "L2", text, self, "every list of one depth has the same length");
        }
        match self.shape.get(depth) {
            None => self.shape.push(len),
            Some(expected) if *expected == len => {}
            Some(expected) => {
                let text = format!("expected {expected} elements on axis {depth} but found {len}");
                return stop("extent", "L2", text, self, "every list of one depth has the same length");
            }
        }
        let mut seen = 0;
        for (i, item) in items.enumerate() {
            self.path.push(i);
            self.visit(&item?, depth + 1)?;
            self.path.pop();
            seen = i + 1;
        }
        if seen != len {
            // `__index__` or `__float__` of an element changed the list.
            let text = format!("expected {len} elements on axis {depth} but found {seen}: the list changed meanwhile");
            return stop("malformed", "C8", text, self, "");
        }
        if len == 0 && self.ndim.is_none() {
            self.ndim = Some(depth + 1);
        }
        Ok(())
    }

    /// The array of the widest kind, or of the dtype that is wanted.
    fn finish(&self, request: &Request) -> Result<Array, Stop> {
        let flat = match numbers::array(&self.numbers, self.kind, request.dtype.as_ref()) {
            Ok(flat) => flat,
            Err(numbers::Unfit::Memory(bytes)) => return Err(no_memory(bytes)),
            Err(numbers::Unfit::Reason(place, mut reason)) => {
                reason.location = self.place(place).into();
                return Err(Stop::Refused(reason));
            }
        };
        flat.reshape(&self.shape).map_err(|error| Stop::Raised(PyValueError::new_err(error.to_string())))
    }

    /// `[1][2]` of the number at this place in row-major order.
    fn place(&self, mut place: usize) -> String {
        let mut parts = Vec::new();
        for extent in self.shape.iter().rev().filter(|extent| **extent > 0) {
            parts.push(format!("[{}]", place % extent));
            place /= extent;
        }
        parts.reverse();
        parts.concat()
    }
}

fn no_memory(count: usize) -> Stop {
    Stop::Raised(pyo3::exceptions::PyMemoryError::new_err(format!(
        "expected memory for {count} more numbers but found none"
    )))
}
