//! How an array lies in memory: as text, and as a drawing for notebooks.

use super::text::escaped;
use aria_array_bridge::Array;
use pyo3::prelude::*;

/// Elements that are drawn at most.
const DRAWN: usize = 256;
/// Width of the drawing in pixels.
const WIDTH: f64 = 720.0;

/// What `Array.layout()` returns: prints as text, shows as SVG in a notebook.
#[pyclass(frozen, name = "Layout", module = "aria_array_bridge")]
pub(crate) struct PyLayout {
    text: String,
    svg: String,
}

impl PyLayout {
    pub(super) fn new(array: &Array, story: String, exports: usize) -> PyLayout {
        PyLayout { text: text(array, &story, exports), svg: svg(array) }
    }
}

#[pymethods]
impl PyLayout {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> &str {
        &self.text
    }

    fn _repr_svg_(&self) -> &str {
        &self.svg
    }
}

fn text(array: &Array, story: &str, exports: usize) -> String {
    let layout = array.layout();
    let span = layout.span();
    let order = match (layout.is_c_contiguous(), layout.is_f_contiguous()) {
        (true, true) => "C- and F-contiguous",
        (true, false) => "C-contiguous",
        (false, true) => "F-contiguous",
        (false, false) => "strided",
    };
    let gaps = (span.end - span.start).unsigned_abs().saturating_sub(array.nbytes());
    let gaps = match (layout.may_overlap(), gaps) {
        (true, _) => "elements may overlap".to_string(),
        (false, 0) => "no gaps".to_string(),
        (false, gaps) => format!("{gaps} bytes of gaps"),
    };
    let mut text = format!("{}  {order}\n", super::describe(array));
    text += &format!("  dtype     {}, {} bytes each\n", array.dtype(), array.dtype().itemsize());
    text += &format!("  strides   {:?} bytes\n", array.strides());
    text += &format!("  address   {:#x} on {}\n", array.address(), array.device());
    text += &format!("  span      {} to {} bytes around it, {gaps}\n", span.start, span.end);
    if let Some(validity) = array.validity() {
        text += &format!("  validity  {} bits, {} null\n", validity.len(), validity.null_count());
    }
    let readonly = if array.is_readonly() { ", read-only" } else { "" };
    text += &format!("  access    {}{readonly}, {exports} exports\n", array.access().name());
    text + &format!("  from      {story}")
}

/// Memory from left to right, an element as a box with its place in row-major order.
fn svg(array: &Array) -> String {
    let (layout, itemsize) = (array.layout(), array.dtype().itemsize());
    let span = layout.span();
    let bytes = (span.end - span.start).max(1) as f64;
    let mut boxes = String::new();
    if !layout.is_packed() {
        for (i, offset) in layout.offsets().take(DRAWN).enumerate() {
            let x = (offset - span.start) as f64 / bytes * WIDTH;
            let width = (itemsize as f64 / bytes * WIDTH).max(1.0);
            boxes += &format!(
                "<rect x=\"{x:.1}\" y=\"20\" width=\"{width:.1}\" height=\"24\" fill=\"#9ecae1\" stroke=\"#3182bd\"/>"
            );
            if width > 18.0 {
                boxes += &format!("<text x=\"{:.1}\" y=\"36\" text-anchor=\"middle\">{i}</text>", x + width / 2.0);
            }
        }
    }
    let left_out = layout.len().saturating_sub(DRAWN);
    let rest = if left_out > 0 { format!(", {left_out} more elements") } else { String::new() };
    let title = escaped(&format!("{}  strides {:?}{rest}", super::describe(array), array.strides()));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"60\" font-family=\"monospace\" font-size=\"11\">\
         <text x=\"0\" y=\"12\">{title}</text>\
         <rect x=\"0\" y=\"20\" width=\"{WIDTH}\" height=\"24\" fill=\"#eeeeee\"/>{boxes}</svg>"
    )
}
