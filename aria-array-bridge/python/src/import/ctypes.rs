//! What the formats of ctypes leave out: bit fields, the fields of a base class, the size of a union, and before CPython
//! 3.12 all of a packed structure. The buffer says such a structure as another one, which reads as wrong numbers; the type
//! says what is true, and they are refused by name.

use super::Refusal;
use crate::class::{bases, members};
use aria_array_bridge::plan::Reason;
use pyo3::prelude::*;
use pyo3::types::{PyMemoryView, PyTuple, PyType};

/// Structures within structures at most.
const MAX_DEPTH: usize = 64;

/// The classes of ctypes, where it is imported.
struct Classes<'py> {
    structure: Bound<'py, PyAny>,
    union: Bound<'py, PyAny>,
    array: Bound<'py, PyAny>,
}

/// Refuses the buffer of a ctypes object whose format does not say what the memory is.
pub(super) fn check(exporter: &Bound<'_, PyAny>, format: &str, itemsize: isize) -> Result<(), Refusal> {
    let py = exporter.py();
    let inner;
    let exporter = match exporter.cast::<PyMemoryView>() {
        // A view that was cast to plain elements says what they are; a packed structure is said as one byte.
        Ok(view) if format.contains("T{") || (itemsize > 1 && format.ends_with('B')) => {
            inner = view.getattr("obj")?;
            &inner
        }
        Ok(_) => return Ok(()),
        Err(_) => exporter,
    };
    // Nothing is imported: an object of ctypes can only come from a ctypes that is there already.
    let Ok(module) = py.import("sys")?.getattr("modules")?.get_item("_ctypes") else { return Ok(()) };
    let classes = Classes {
        structure: module.getattr("Structure")?,
        union: module.getattr("Union")?,
        array: module.getattr("Array")?,
    };
    look(&exporter.get_type(), &classes, 0)
}

fn look(class: &Bound<'_, PyType>, classes: &Classes<'_>, depth: usize) -> Result<(), Refusal> {
    let name = || crate::class::name(class);
    let refuse = |text: String| {
        let hint = "ab.from_buffer(x, dtype=…) reads the bytes as they are said to be";
        Err(Refusal::Next(Reason::new("dtype", "L1", text).hint(hint)))
    };
    if depth > MAX_DEPTH {
        let text = format!("expected at most {MAX_DEPTH} structures within structures");
        return Err(Refusal::Next(Reason::new("limit", "C8", text)));
    }
    if class.is_subclass(&classes.array)? {
        return look(&class.getattr("_type_")?.cast_into::<PyType>().map_err(PyErr::from)?, classes, depth + 1);
    }
    if class.is_subclass(&classes.union)? {
        return refuse(format!("{} is a union of ctypes, whose buffer says none of its members", name()));
    }
    if !class.is_subclass(&classes.structure)? {
        return Ok(());
    }
    let mut said = None;
    for base in bases(class)? {
        let members = members(&base)?;
        // From 3.12 on its format says it as it is.
        if members.contains("_pack_")? && class.py().version_info() < (3, 12) {
            return refuse(format!("{} is packed, and the format of ctypes says a byte of it", name()));
        }
        let Ok(fields) = members.get_item("_fields_") else { continue };
        let fields: Vec<Bound<'_, PyAny>> = fields.try_iter()?.collect::<PyResult<_>>()?;
        if fields.is_empty() {
            continue;
        }
        if said.is_some() {
            let base = crate::class::name(&base);
            let text = format!("{} derives from {base}, whose fields the format of ctypes leaves out", name());
            return refuse(text);
        }
        for field in &fields {
            let Ok(field) = field.cast::<PyTuple>() else { continue };
            if field.len() > 2 {
                let text = format!(
                    "field {} of {} has {} bits, which the format of ctypes leaves out",
                    field.get_item(0)?.str()?,
                    name(),
                    field.get_item(2)?.str()?
                );
                return refuse(text);
            }
            if let Ok(inner) = field.get_item(1)?.cast_into::<PyType>() {
                look(&inner, classes, depth + 1)?;
            }
        }
        said = Some(());
    }
    Ok(())
}
