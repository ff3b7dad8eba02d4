//! `to_jax`: our array as a `jax.Array`. **Zero-copy** where JAX can: dense elements in any order of axes, at a
//! multiple of 64 bytes, of a dtype that JAX keeps.
//!
//! JAX takes every array for immutable and writes to none, so read-only memory is shared with it, also by the legacy
//! struct that JAX asks for. Memory that others may write is shared as well, as `jax.dlpack.from_dlpack` does it; the plan
//! has a note, since JAX may see such a write or not. `copy=True` parts the two.

use super::tensor::{self, Wish, said};
use crate::array::PyArray;
use crate::block::record;
use crate::error::refused;
use crate::request::copy_policy;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use aria_array_bridge::{Access, Array, DType};
use aria_dlpack::{Format, Managed};
use pyo3::exceptions::PyBufferError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Mutex, PoisonError};

/// What JAX on a CPU wants of an address that it shares.
const ALIGNMENT: usize = 64;

#[pymethods]
impl PyArray {
    /// A JAX array over the same memory, or over a copy where JAX needs one.
    #[pyo3(signature = (*, copy = None))]
    fn to_jax<'py>(slf: &Bound<'py, Self>, copy: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let jax = py.import(intern!(py, "jax"))?;
        let inner = slf.get().live()?;
        if let Some(reason) = narrowed(&jax, inner)? {
            let plan = Plan::view("dlpack", crate::array::describe(inner), "jax.Array");
            return Err(refused(py, plan.refusing(reason)));
        }
        let policy = copy_policy(copy);
        let wish = wish(policy);
        let (managed, plan) = tensor::managed(slf, &wish)?;
        let device = tensor::device(inner);
        let handover = HandOver { tensor: Mutex::new(Some(managed)), device: (device.kind, device.id) };
        let from_dlpack = py.import(intern!(py, "jax.dlpack"))?.getattr(intern!(py, "from_dlpack"))?;
        let strict = PyDict::new(py);
        if policy == CopyPolicy::Never {
            strict.set_item(intern!(py, "copy"), false)?;
        }
        let made = from_dlpack.call((Bound::new(py, handover)?,), Some(&strict));
        let made = made.map_err(|error| said(slf, &wish, "JAX", error))?;
        if let Some(mut plan) = plan {
            if plan.outcome == Outcome::View {
                plan.reasons.extend(note(inner));
            }
            record(&plan);
        }
        Ok(made)
    }
}

/// What JAX wants of a tensor.
pub(super) fn wish(copy: CopyPolicy) -> Wish {
    let (never_writes, dense, alignment) = (true, true, ALIGNMENT);
    Wish { never_writes, dense, alignment, target: "jax.Array", ..Wish::standard(Format::Legacy, copy) }
}

/// What is to be said of memory that JAX shares.
pub(super) fn note(array: &Array) -> Option<Reason> {
    let text = "others may write the memory, and JAX takes it for immutable";
    let written = array.access() == Access::Shared && !array.is_readonly();
    written.then(|| Reason::new("immutability", "C5", text).hint("copy=True"))
}

/// Why JAX would silently make the numbers narrower: without `jax_enable_x64` it has none of 64 bits.
///
/// # Errors
///
/// What JAX raises.
pub(super) fn narrowed(jax: &Bound<'_, PyModule>, array: &Array) -> PyResult<Option<Reason>> {
    let py = jax.py();
    let narrow = match *array.dtype() {
        DType::F64 => "float32",
        DType::I64 => "int32",
        DType::U64 => "uint32",
        DType::C128 => "complex64",
        _ => return Ok(None),
    };
    if jax.getattr(intern!(py, "config"))?.getattr(intern!(py, "jax_enable_x64"))?.is_truthy()? {
        return Ok(None);
    }
    let text = format!("JAX would make {narrow} of {}: its 64-bit numbers are off", array.dtype());
    let reason = Reason::new("dtype", "L1", text).expected(narrow, array.dtype().name());
    Ok(Some(reason.hint("jax.config.update('jax_enable_x64', True)")))
}

/// What JAX is given instead of the array: it asks for a capsule once, and in its own words.
#[pyclass(frozen, name = "_HandOver", module = "aria_array_bridge._core")]
struct HandOver {
    tensor: Mutex<Option<Managed>>,
    device: (u32, i32),
}

#[pymethods]
impl HandOver {
    #[pyo3(signature = (**_wishes))]
    fn __dlpack__<'py>(slf: &Bound<'py, Self>, _wishes: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        let tensor = slf.get().tensor.lock().unwrap_or_else(PoisonError::into_inner).take();
        let tensor = tensor.ok_or_else(|| PyBufferError::new_err("expected to be asked once"))?;
        super::dlpack::capsule(slf.py(), tensor)
    }

    fn __dlpack_device__(&self) -> (u32, i32) {
        self.device
    }
}
