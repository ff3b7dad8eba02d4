//! The text of an exception, as Python prints it, however many calls its traceback has.
//!
//! An error is rendered wherever it crosses the boundary. On its way through many levels of calls it would be so once for
//! each, and each text longer than the last: of more than [`MOST`] calls the outermost and the innermost are shown.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// Calls that are all shown; of more the outermost and the innermost, so many of them.
const MOST: usize = 100;
const OUTERMOST: usize = 20;
const INNERMOST: usize = 40;

/// The line before the calls.
const HEADING: &str = "Traceback (most recent call last):\n";

/// The traceback as Python prints it, causes and notes included.
pub(super) fn render(py: Python<'_>, error: &PyErr) -> PyResult<String> {
    let (traceback, value) = (py.import("traceback")?, error.value(py));
    let limited = |limit: isize| {
        let options = PyDict::new(py);
        options.set_item("limit", limit)?;
        Ok::<_, PyErr>(options)
    };
    let causes = limited(-MOST.cast_signed())?;
    let calls = value.getattr("__traceback__")?;
    let lines = match innermost(&calls)? {
        None => traceback.call_method("format_exception", (value,), Some(&causes))?.cast_into::<PyList>()?,
        Some((left_out, innermost)) => {
            let whole = (value.get_type(), value, innermost);
            let lines = traceback.call_method("format_exception", whole, Some(&causes))?.cast_into::<PyList>()?;
            // The last heading is the exception's own: causes stand before it. That of a group is another.
            let heading = (0..lines.len())
                .rev()
                .find(|at| lines.get_item(*at).is_ok_and(|line| line.eq(HEADING).unwrap_or(false)));
            if let Some(heading) = heading {
                let outermost = limited(OUTERMOST.cast_signed())?;
                let outermost =
                    traceback.call_method("format_tb", (calls,), Some(&outermost))?.cast_into::<PyList>()?;
                outermost.append(format!("  [{left_out} calls are left out]\n"))?;
                lines.set_slice(heading + 1, heading + 1, &outermost)?;
            }
            lines
        }
    };
    let text = PyString::new(py, "").call_method1("join", (lines,))?;
    Ok(text.cast_into::<PyString>()?.to_string_lossy().into_owned())
}

/// The innermost calls of a traceback of more than [`MOST`], and how many stand between them and the outermost.
fn innermost<'py>(calls: &Bound<'py, PyAny>) -> PyResult<Option<(usize, Bound<'py, PyAny>)>> {
    let next = pyo3::intern!(calls.py(), "tb_next");
    let (mut count, mut call, mut behind) = (0, calls.clone(), calls.clone());
    while !call.is_none() {
        count += 1;
        call = call.getattr(next)?;
        if count > INNERMOST {
            behind = behind.getattr(next)?;
        }
    }
    Ok((count > MOST).then(|| (count - OUTERMOST - INNERMOST, behind)))
}
