//! `to_like`: back to the library that another object is of. What a class derives from says which.

use super::numpy::{Nulls, to_numpy_with};
use crate::array::PyArray;
use crate::class;
use aria_array_bridge::plan::CopyPolicy;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

/// Libraries whose classes are known, by the first part of their modules' names, and how they are imported.
const LIBRARIES: [(&str, &str); 12] = [
    ("numpy", "numpy"),
    ("torch", "torch"),
    ("jax", "jax"),
    ("jaxlib", "jax"),
    ("pyarrow", "pyarrow"),
    ("polars", "polars"),
    ("pandas", "pandas"),
    ("arro3", "arro3.core"),
    ("nanoarrow", "nanoarrow"),
    ("tvm_ffi", "tvm_ffi"),
    ("duckdb", "duckdb"),
    ("_duckdb", "duckdb"),
];

/// The library of an object, and the names of its class and of those that it derives from, as far as they are the library's.
pub(crate) struct Like {
    /// What to import.
    pub(crate) library: &'static str,
    names: Vec<String>,
}

impl Like {
    /// The library of the first class that is one's.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<Like>> {
        let mut like: Option<Like> = None;
        for class in class::bases(&object.get_type())? {
            let root = class::library(&class);
            let known = LIBRARIES.iter().find(|(name, _)| *name == root).map(|(_, library)| *library);
            let Some(library) = known else { continue };
            let like = like.get_or_insert(Like { library, names: Vec::new() });
            if like.library == library {
                like.names.push(class::short_name(&class));
            }
        }
        Ok(like)
    }

    /// True if the class, or one that it derives from, is called so.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// The library, and the first of these classes that the object is of; no class where it is of none.
    pub(crate) fn kind(&self, names: &[&'static str]) -> (&'static str, &'static str) {
        (self.library, names.iter().find(|name| self.is(name)).copied().unwrap_or_default())
    }
}

/// What is said to an object of no library that there is a way back to.
pub(crate) fn unknown(object: &Bound<'_, PyAny>, wanted: &str) -> PyErr {
    let found = class::of(object);
    PyTypeError::new_err(format!("expected {wanted} but found {found}"))
}

const ARRAYS: &str = "an array of NumPy, PyTorch, JAX, pyarrow, Polars, pandas, arro3, nanoarrow or tvm-ffi, or a list";

#[pymethods]
impl PyArray {
    /// Back to the library of `obj`: an array of its kind, by `to_numpy`, `to_torch` and so on, over the same memory where
    /// these share it. A masked array has the nulls; a list and a tuple are Python's own values.
    pub(crate) fn to_like<'py>(slf: &Bound<'py, Self>, obj: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if obj.cast::<PyArray>().is_ok() {
            return Ok(slf.clone().into_any());
        }
        if obj.cast::<PyList>().is_ok() || obj.cast::<PyTuple>().is_ok() {
            return slf.call_method0("tolist");
        }
        let Some(like) = Like::of(obj)? else { return by_namespace(slf, obj) };
        let library = || py.import(like.library);
        let kinds = ["MaskedArray", "ChunkedArray", "CArray", "Array", "Series", "Index", "ExtensionArray", "Tensor"];
        match like.kind(&kinds) {
            ("numpy", "MaskedArray") => to_numpy_with(slf, CopyPolicy::IfNeeded, Nulls::Mask),
            ("numpy", _) => slf.call_method0("to_numpy"),
            ("torch", "Tensor") => slf.call_method0("to_torch"),
            ("jax", _) => slf.call_method0("to_jax"),
            ("pyarrow", "ChunkedArray") => {
                library()?.call_method1("chunked_array", (PyList::new(py, [slf.call_method0("to_pyarrow")?])?,))
            }
            ("pyarrow", "Array") => slf.call_method0("to_pyarrow"),
            ("polars", "Series") => slf.call_method0("to_polars"),
            ("pandas", "Series") => slf.call_method0("to_pandas"),
            ("pandas", "Index") => library()?.call_method1("Index", (slf.call_method0("to_pandas")?,)),
            ("pandas", "ExtensionArray") => slf.call_method0("to_pandas")?.getattr("array"),
            ("arro3.core", class @ ("Array" | "ChunkedArray")) => {
                library()?.getattr(class)?.call_method1("from_arrow", (slf,))
            }
            ("nanoarrow", "CArray") => library()?.call_method1("c_array", (slf,)),
            ("nanoarrow", "Array") => library()?.call_method1("Array", (slf,)),
            ("tvm_ffi", "Tensor") => library()?.call_method1("from_dlpack", (slf,)),
            _ => by_namespace(slf, obj),
        }
    }
}

/// By the array API standard, whose namespaces have a `from_dlpack`.
fn by_namespace<'py>(array: &Bound<'py, PyArray>, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    match object.get_type().getattr_opt(intern!(object.py(), "__array_namespace__"))? {
        Some(method) => method.call1((object,))?.call_method1("from_dlpack", (array,)),
        None => Err(unknown(object, ARRAYS)),
    }
}
