//! How an array shows itself: one line that says what it is and where it comes from, then values, cut to fit.

use super::element::objects;
use super::{Origin, PyArray, PyLayout, describe};
use aria_array_bridge::Array;
use aria_array_bridge::layout::Slice;
use aria_array_bridge::plan::Outcome;
use pyo3::prelude::*;

/// Elements on an axis from which on its middle is left out.
const LONG: usize = 9;
/// Elements at either end of a long axis.
const EDGE: usize = 3;

#[pymethods]
impl PyArray {
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let Ok(array) = PyArray::using(slf) else {
            return Ok(format!("{}  released", describe(&slf.get().array)));
        };
        let head = headline(slf, &array);
        let values = if array.device().is_host() { lines(slf.py(), &array, 1) } else { Ok("[…]".to_string()) };
        match values {
            Ok(values) => Ok(format!("{head}\n{values}")),
            Err(error) => Ok(format!("{head}\n({})", error.value(slf.py()))),
        }
    }

    fn _repr_html_(slf: &Bound<'_, Self>) -> PyResult<String> {
        let array = PyArray::using(slf)?;
        let head = escaped(&headline(slf, &array));
        if !array.device().is_host() {
            return Ok(format!("<div><code>{head}</code></div>"));
        }
        let table = table(slf.py(), &array).unwrap_or_else(|error| escaped(&error.value(slf.py()).to_string()));
        Ok(format!("<div><code>{head}</code>\n{table}</div>"))
    }

    /// How the array lies in memory, as text; in a notebook, as a drawing.
    fn layout(slf: &Bound<'_, Self>) -> PyResult<PyLayout> {
        let array = PyArray::using(slf)?;
        let exports = PyArray::exports(slf).saturating_sub(1); // This call counts as one.
        Ok(PyLayout::new(&array, story(slf.get()), exports))
    }
}

/// `Array int64[3], 1 null  view of pandas.Series via __arrow_c_stream__, read-only`.
fn headline(this: &Bound<'_, PyArray>, array: &Array) -> String {
    let nulls = match array.null_count() {
        0 => String::new(),
        1 => ", 1 null".to_string(),
        n => format!(", {n} nulls"),
    };
    let readonly = if array.is_readonly() { ", read-only" } else { "" };
    let device = if array.device().is_host() && array.device().kind == 1 {
        String::new()
    } else {
        format!(", on {}", array.device())
    };
    format!("{}{nulls}  {}{readonly}{device}", describe(array), story(this.get()))
}

/// `view of pandas.Series via __array__`.
fn story(this: &PyArray) -> String {
    let (outcome, source, protocol) = match &this.origin {
        Origin::View { source, protocol } => (Outcome::View, source.text(), protocol.text()),
        Origin::Plan(plan) => (plan.outcome, (*plan.source).into(), (*plan.protocol).into()),
    };
    let via = if protocol.is_empty() || outcome == Outcome::Copy { String::new() } else { format!(" via {protocol}") };
    format!("{outcome} of {source}{via}")
}

/// The values, nested as lists, with the middle of long axes left out.
fn lines(py: Python<'_>, array: &Array, indent: usize) -> PyResult<String> {
    let Some(extent) = array.shape().first().copied() else {
        return shown(py, array).map(|mut values| values.pop().unwrap_or_default());
    };
    let (head, tail) = ends(extent);
    let mut parts = Vec::new();
    for range in [0..head, tail..extent] {
        if array.ndim() == 1 {
            let slice = Slice { start: range.start, len: range.len(), step: 1 };
            parts.extend(shown(py, &cut(array, slice)?)?);
        } else {
            for i in range {
                parts.push(lines(py, &cut(array, Slice { start: i, len: 1, step: 1 })?.squeezed()?, indent + 1)?);
            }
        }
    }
    if tail > head {
        parts.insert(head, "…".to_string());
    }
    let comma = if array.ndim() == 1 { ", ".to_string() } else { format!(",\n{}", " ".repeat(indent)) };
    Ok(format!("[{}]", parts.join(&comma)))
}

/// Up to where the beginning is shown, and from where the end is.
fn ends(extent: usize) -> (usize, usize) {
    if extent > LONG { (EDGE, extent - EDGE) } else { (extent, extent) }
}

fn cut(array: &Array, slice: Slice) -> PyResult<Array> {
    array.slice(0, slice).map_err(|error| super::index::refused(&error))
}

trait Squeezed: Sized {
    fn squeezed(&self) -> PyResult<Self>;
}

impl Squeezed for Array {
    fn squeezed(&self) -> PyResult<Array> {
        self.squeeze(0).map_err(|error| super::index::refused(&error))
    }
}

fn shown(py: Python<'_>, array: &Array) -> PyResult<Vec<String>> {
    objects(py, array)?.iter().map(|object| Ok(object.repr()?.to_string_lossy().into_owned())).collect()
}

/// The last two axes as a table; of the axes before them, the first index.
fn table(py: Python<'_>, array: &Array) -> PyResult<String> {
    let mut seen = array.clone();
    while seen.ndim() > 2 {
        if seen.is_empty() {
            return Ok(String::new());
        }
        seen = cut(&seen, Slice { start: 0, len: 1, step: 1 })?.squeezed()?;
    }
    while seen.ndim() < 2 {
        seen = seen.insert_axis(0).map_err(|error| super::index::refused(&error))?;
    }
    let (rows, columns) = (seen.shape()[0], seen.shape()[1]);
    let ((top, bottom), (left, right)) = (ends(rows), ends(columns));
    let mut html = String::from("<table>");
    if array.ndim() > 2 {
        html.push_str(&format!("<caption>[{}]</caption>", vec!["0"; array.ndim() - 2].join(", ")));
    }
    for row in (0..top).chain(bottom..rows) {
        if row == bottom && bottom > top {
            html.push_str("<tr><td>⋮</td></tr>");
        }
        let line = cut(&seen, Slice { start: row, len: 1, step: 1 })?.squeezed()?;
        html.push_str("<tr>");
        let part = |start: usize, len: usize| shown(py, &cut(&line, Slice { start, len, step: 1 })?);
        let cell = |value: &String| format!("<td>{}</td>", escaped(value));
        html.extend(part(0, left)?.iter().map(cell));
        if right > left {
            html.push_str("<td>…</td>");
            html.extend(part(right, columns - right)?.iter().map(cell));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
    Ok(html)
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
