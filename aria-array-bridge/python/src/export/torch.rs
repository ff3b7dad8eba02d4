//! `to_torch`: our array as a `torch.Tensor`, through PyTorch's own exchange table. **Zero-copy** where PyTorch can say it.
//!
//! PyTorch has no read-only tensors, no negative strides, and reads elements at aligned addresses: what is otherwise is
//! copied, and the plan says so.

use super::dlpack::{LATEST, capsule};
use super::tensor::{self, Wish, said};
use crate::array::PyArray;
use crate::block::record;
use crate::error::refused;
use crate::import::exchange::{Table, published};
use crate::request::copy_policy;
use aria_array_bridge::plan::{CopyPolicy, Plan, Reason};
use aria_array_bridge::{Array, DType};
use aria_dlpack::ExchangeError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

#[pymethods]
impl PyArray {
    /// A PyTorch tensor over the same memory, or over a copy where PyTorch could write what may not be written.
    #[pyo3(signature = (*, copy = None))]
    fn to_torch<'py>(slf: &Bound<'py, Self>, copy: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let torch = py.import(intern!(py, "torch"))?;
        let wish = wish(copy_policy(copy));
        knows(&torch, slf.get().live()?)?;
        let (managed, plan) = tensor::managed(slf, &wish)?;
        let on_host = slf.get().live()?.device().is_host();
        let made = match table(&torch)? {
            // SAFETY: attached; no exception is pending, as in every function that returns its errors.
            Some(table) if on_host => match unsafe { table.functions.object_from_managed(managed) } {
                // SAFETY: attached; a new reference, which the function gives away.
                Ok(made) => Ok(unsafe { Bound::from_owned_ptr(py, made.as_ptr().cast()) }),
                Err(ExchangeError::Raised { .. }) => Err(PyErr::fetch(py)),
                Err(error) => Err(PyRuntimeError::new_err(error.to_string())),
            },
            // The table waits for no device: PyTorch's own function does, in `__dlpack__`.
            _ if !on_host => {
                drop(managed);
                torch.call_method1(intern!(py, "from_dlpack"), (slf,))
            }
            _ => torch.call_method1(intern!(py, "from_dlpack"), (capsule(py, managed)?,)),
        };
        let made = made.map_err(|error| said(slf, &wish, "PyTorch", error))?;
        if let Some(plan) = plan {
            record(&plan);
        }
        Ok(made)
    }
}

/// What PyTorch wants of a tensor.
pub(super) fn wish(copy: CopyPolicy) -> Wish {
    let (ignores_read_only, forward_only, alignment) = (true, true, 1);
    Wish { ignores_read_only, forward_only, alignment, target: "torch.Tensor", ..Wish::standard(LATEST, copy) }
}

/// Refuses a dtype that this PyTorch does not import: its table keeps what it is handed, also when it fails.
fn knows(torch: &Bound<'_, PyModule>, array: &Array) -> PyResult<()> {
    let py = torch.py();
    let plan = || Plan::view("dlpack", crate::array::describe(array), "torch.Tensor");
    let name = imported(array.dtype()).map_err(|reason| refused(py, plan().refusing(reason)))?;
    match torch.getattr_opt(name)? {
        Some(_) => Ok(()),
        None => Err(refused(py, plan().refusing(no_such(name)))),
    }
}

/// PyTorch's own name of a dtype that it imports, in its newest version.
pub(super) fn imported(dtype: &DType) -> Result<&'static str, Reason> {
    let name = dtype.name();
    let name = if name == "float4_e2m1fnx2" { "float4_e2m1fn_x2" } else { &name };
    IMPORTED.into_iter().find(|known| *known == name).ok_or_else(|| no_such(name))
}

fn no_such(name: &str) -> Reason {
    Reason::new("dtype", "L1", format!("PyTorch imports no {name}"))
}

/// What PyTorch imports by DLPack, in its own names.
const IMPORTED: [&str; 22] = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex32",
    "complex64",
    "complex128",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
    "float4_e2m1fn_x2",
];

/// PyTorch's table, where this PyTorch has one.
fn table<'py>(torch: &Bound<'py, PyModule>) -> PyResult<Option<&'py Table>> {
    static TABLE: PyOnceLock<Option<Table>> = PyOnceLock::new();
    let py = torch.py();
    let find = || {
        let class = torch.getattr(intern!(py, "Tensor"))?.cast_into::<PyType>()?;
        match class.getattr_opt(intern!(py, "__dlpack_c_exchange_api__"))? {
            Some(_) => Ok::<_, PyErr>(published(&class)?.ok()),
            None => Ok(None),
        }
    };
    Ok(TABLE.get_or_try_init(py, find)?.as_ref())
}
