//! Who holds an array's root, in words: for the error that refuses to release it.

use super::PyArray;
use crate::export::Export;
use pyo3::prelude::*;

/// Names that are listed at most.
const SHOWN: usize = 5;

/// `1 export is alive: numpy.ndarray`.
///
/// The collector is asked who refers to the root, which takes time; nothing is kept for it beforehand.
pub(super) fn sentence(root: &Bound<'_, PyArray>, alive: usize) -> String {
    let verb = if alive == 1 { "1 export is alive".to_string() } else { format!("{alive} exports are alive") };
    let mut names = names(root).unwrap_or_default();
    names.truncate(alive);
    let rest = alive - names.len();
    if rest > 0 {
        names.push(if rest == alive { return verb } else { format!("{rest} more") });
    }
    format!("{verb}: {}", names.join(", "))
}

fn names(root: &Bound<'_, PyArray>) -> PyResult<Vec<String>> {
    let mut names = Vec::new();
    for referrer in root.py().import("gc")?.call_method1("get_referrers", (root,))?.try_iter()? {
        let referrer = referrer?;
        if names.len() >= SHOWN {
            break;
        }
        if let Ok(export) = referrer.cast::<Export>() {
            names.push(export.get().holder().to_string());
        } else if referrer.get_type().name()? == "managedbuffer" {
            names.push("memoryview".to_string()); // Whoever holds that: NumPy, where it was asked for an array.
        } else if referrer.is_exact_instance_of::<PyArray>() {
            names.push("a view (aria_array_bridge.Array)".to_string());
        }
    }
    Ok(names)
}
