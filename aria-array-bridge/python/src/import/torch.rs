//! What PyTorch's own doors pass on silently: `neg` and `conj` views, and `requires_grad`.
//!
//! A lazy view is negated or conjugated when PyTorch reads it; its memory holds other values. It is resolved, which
//! copies, or refused. A tensor that requires a gradient is refused. Both hold for subclasses too.

use super::dlpack::refuse;
use crate::request::Request;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::{CopyPolicy, Reason};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// True if the class is `torch.Tensor` or derives from it. PyTorch is not imported to find out.
pub(super) fn is_tensor(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let Some(torch) = loaded(class.py())? else { return Ok(false) };
    match torch.getattr_opt("Tensor")? {
        Some(tensor) => class.is_subclass(&tensor),
        None => Ok(false), // PyTorch is being imported.
    }
}

/// PyTorch, where somebody has imported it.
fn loaded(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    Ok(modules.get_item(intern!(py, "torch")).ok())
}

/// Returns true if PyTorch is in this process.
pub(crate) fn is_torch_loaded(py: Python<'_>) -> PyResult<bool> {
    Ok(loaded(py)?.is_some())
}

/// The tensor to read instead, and why: `None` if this one can be read as it is.
///
/// # Errors
///
/// The tensor requires a gradient, or is a lazy view and `copy=False`; what PyTorch raises.
pub(super) fn resolve<'py>(
    tensor: &Bound<'py, PyAny>,
    source: Name,
    request: &Request,
) -> PyResult<Option<(Bound<'py, PyAny>, Reason)>> {
    let py = tensor.py();
    if tensor.getattr(intern!(py, "requires_grad"))?.is_truthy()? {
        let reason = Reason::new("requires-grad", "C8", "the tensor requires a gradient, which would be lost");
        let reason = reason.expected("requires_grad=False", "requires_grad=True");
        return Err(refuse(py, source, reason.hint("x.detach()")));
    }
    let says = |name| tensor.call_method0(name)?.is_truthy();
    let (neg, conj) = (says(intern!(py, "is_neg"))?, says(intern!(py, "is_conj"))?);
    if !neg && !conj {
        return Ok(None);
    }
    let (what, hint) = if conj { ("conjugates", "x.resolve_conj()") } else { ("negates", "x.resolve_neg()") };
    let reason = Reason::new("lazy-view", "C8", format!("the tensor is a view that {what} when it is read")).hint(hint);
    if request.copy == CopyPolicy::Never {
        return Err(refuse(py, source, reason));
    }
    let resolved = tensor.call_method0(intern!(py, "resolve_conj"))?.call_method0(intern!(py, "resolve_neg"))?;
    Ok(Some((resolved, reason)))
}

/// The storage of the host that a tensor of PyTorch's lies in: its address, and all of it as a tensor of one axis and of the
/// same dtype. `None` for what is no such tensor, and for one that has its storage to itself.
pub(crate) fn storage<'py>(tensor: &Bound<'py, PyAny>) -> PyResult<Option<(usize, Bound<'py, PyAny>)>> {
    let py = tensor.py();
    if !is_tensor(&tensor.get_type())?
        || !tensor.getattr(intern!(py, "device"))?.getattr(intern!(py, "type"))?.eq("cpu")?
    {
        return Ok(None);
    }
    let storage = tensor.call_method0(intern!(py, "untyped_storage"))?;
    let size: usize = storage.call_method0(intern!(py, "nbytes"))?.extract()?;
    let itemsize: usize = tensor.call_method0(intern!(py, "element_size"))?.extract()?;
    let len = size.checked_div(itemsize).unwrap_or(0);
    if tensor.call_method0(intern!(py, "numel"))?.eq(len)? {
        return Ok(None);
    }
    let detached = tensor.call_method0(intern!(py, "detach"))?;
    let whole = detached.call_method1(intern!(py, "as_strided"), ((len,), (1,), 0))?;
    Ok(Some((storage.call_method0(intern!(py, "data_ptr"))?.extract()?, whole)))
}

/// Why a tensor that PyTorch's table does not say is no array: it lies in other ways than by strides. PyTorch's other doors
/// say of some of these that an internal error has happened.
pub(super) fn not_strided(tensor: &Bound<'_, PyAny>) -> PyResult<Option<Reason>> {
    let py = tensor.py();
    let (text, hint) = if tensor.getattr(intern!(py, "is_nested"))?.is_truthy()? {
        ("a nested tensor has rows of different lengths".to_owned(), "x.to_padded_tensor(0)")
    } else {
        let layout = tensor.getattr(intern!(py, "layout"))?.str()?.to_string();
        if layout == "torch.strided" {
            return Ok(None);
        }
        (format!("a tensor of layout {layout} does not lie by strides"), "x.to_dense()")
    };
    Ok(Some(Reason::new("not-an-array", "C2", text).hint(hint)))
}
