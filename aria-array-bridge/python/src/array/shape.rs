//! Other shapes over the same memory. **Zero-copy**, but for a reshape that strides cannot say.

use super::index::refused;
use super::{Origin, PyArray, describe};
use crate::block::{is_tracing, record};
use crate::error;
use crate::request::{copy_policy, kept_to, memory_or_value};
use aria_array_bridge::array::CopyOrder;
use aria_array_bridge::layout::LayoutError;
use aria_array_bridge::plan::{CopyPolicy, Outcome, Plan, Reason};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

#[pymethods]
impl PyArray {
    /// The axes in reverse order.
    #[getter(T)]
    fn reversed_axes<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray>> {
        let axes: Vec<usize> = (0..slf.get().live()?.ndim()).rev().collect();
        permuted(slf, &axes)
    }

    /// The last two axes exchanged.
    #[getter(mT)]
    fn matrix_transpose<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyArray>> {
        let ndim = slf.get().live()?.ndim();
        if ndim < 2 {
            return Err(PyValueError::new_err(format!("expected at least 2 axes but found {ndim}")));
        }
        let mut axes: Vec<usize> = (0..ndim).collect();
        axes.swap(ndim - 2, ndim - 1);
        permuted(slf, &axes)
    }

    /// The axes in this order, or reversed. Negative axes count from the end.
    #[pyo3(signature = (*axes))]
    fn transpose<'py>(slf: &Bound<'py, Self>, axes: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyArray>> {
        let ndim = slf.get().live()?.ndim();
        let axes = numbers(axes)?;
        if axes.is_empty() && ndim != 0 {
            return PyArray::reversed_axes(slf);
        }
        let count = |axis: &isize| {
            let counted = if *axis < 0 { axis.checked_add(ndim.cast_signed()) } else { Some(*axis) };
            let counted = counted.and_then(|n| usize::try_from(n).ok()).filter(|n| *n < ndim);
            counted.ok_or_else(|| refused(&LayoutError::Axis { axis: *axis, ndim }))
        };
        let axes: Vec<usize> = axes.iter().map(count).collect::<PyResult<_>>()?;
        permuted(slf, &axes)
    }

    /// The same elements in row-major order with other extents, one of which may be -1. A view where strides can say
    /// it; else a copy, unless `copy=False`.
    #[pyo3(signature = (*shape, copy = None))]
    fn reshape<'py>(
        slf: &Bound<'py, Self>,
        shape: &Bound<'py, PyTuple>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyArray>> {
        let py = slf.py();
        let using = PyArray::using(slf)?;
        let array = &*using;
        let shape = extents(&numbers(shape)?, array.len())?;
        let policy = copy_policy(copy);
        let viewed = array.reshape(&shape);
        let reason = match &viewed {
            Ok(_) if policy != CopyPolicy::Always => {
                return PyArray::view(slf, viewed.map_err(|error| refused(&error))?);
            }
            Ok(_) => Reason::new("copy-asked", "C1", "copy=True"),
            Err(error @ LayoutError::ReshapeNeedsCopy { .. }) => Reason::new("order", "L3", error.to_string()),
            Err(error) => return Err(refused(error)),
        };
        let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
        let target = format!("Array {}[{}]", array.dtype(), dims.join(", "));
        let mut plan = Plan::view("reshape", describe(array), target).copying(array.nbytes() as u64, reason);
        plan = kept_to(plan, policy);
        if plan.outcome == Outcome::Refuse {
            return Err(error::refused(py, plan));
        }
        let copied = py.detach(|| array.copy(CopyOrder::C)).map_err(|error| memory_or_value(&error))?;
        let copied = copied.reshape(&shape).map_err(|error| refused(&error))?;
        plan.source_address = Some(array.address() as u64);
        plan.target_address = Some(copied.address() as u64);
        if is_tracing() {
            record(&plan);
        }
        Bound::new(py, PyArray::from_array(copied, Origin::Plan(Box::new(plan)), true))
    }
}

fn permuted<'py>(this: &Bound<'py, PyArray>, axes: &[usize]) -> PyResult<Bound<'py, PyArray>> {
    let array = this.get().live()?;
    if array.ndim() < 2 && axes.len() == array.ndim() {
        return PyArray::view(this, array.clone());
    }
    PyArray::view(this, array.transpose(axes).map_err(|error| refused(&error))?)
}

/// `(2, 3)`, or `((2, 3),)`: numbers, or one sequence of them.
fn numbers(given: &Bound<'_, PyTuple>) -> PyResult<Vec<isize>> {
    let one = if given.len() == 1 { Some(given.get_item(0)?) } else { None };
    match one {
        Some(one) if one.is_none() => Ok(Vec::new()),
        Some(one) => match one.extract::<isize>() {
            Ok(number) => Ok(vec![number]),
            Err(error) if !error.is_instance_of::<PyTypeError>(one.py()) => Err(error),
            Err(_) => one.extract(),
        },
        None => given.extract(),
    }
}

/// The extents with -1 worked out.
fn extents(shape: &[isize], len: usize) -> PyResult<Vec<usize>> {
    let open = shape.iter().filter(|extent| **extent == -1).count();
    if open > 1 {
        return Err(PyValueError::new_err(format!("expected at most one extent of -1 but found {open}")));
    }
    let negative = |extent: isize| PyValueError::new_err(format!("expected extents of 0 or more but found {extent}"));
    let known = |extent: &isize| usize::try_from(*extent).map_err(|_| negative(*extent));
    let closed: Vec<usize> = shape.iter().filter(|extent| **extent != -1).map(known).collect::<PyResult<_>>()?;
    let rest = closed.iter().try_fold(1usize, |product, extent| product.checked_mul(*extent));
    let fill = match rest {
        Some(rest) if rest > 0 && len.is_multiple_of(rest) => Some(len / rest),
        _ => None,
    };
    let each = |extent: &isize| match usize::try_from(*extent) {
        Ok(extent) => Ok(extent),
        Err(_) => fill.ok_or_else(|| {
            PyValueError::new_err(format!(
                "expected an extent for -1 so that {shape:?} has {len} elements: there is none"
            ))
        }),
    };
    shape.iter().map(each).collect()
}
