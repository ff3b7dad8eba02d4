//! Blocks of Python code in which nothing is copied, or every plan is recorded: `with ab.no_copy():`, `with ab.trace():`.
//!
//! A block belongs to its context (`contextvars`), so that tasks of one thread have blocks of their own. While no block is
//! open in the process, asking costs one load.

use crate::plan::PyPlan;
use crate::release;
use aria_array_bridge::plan::Plan;
use core::cell::RefCell;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyTuple};

/// Blocks that are open, of all contexts.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// A block: one that records into a list, or one without, in which nothing is copied.
#[pyclass(frozen, name = "_Block", module = "aria_array_bridge._core")]
pub(crate) struct Block {
    /// A context that lives on may still name a block that was closed in another one.
    open: AtomicBool,
    plans: Option<Py<PyList>>,
}

#[pymethods]
impl Block {
    /// Opens a block in the current context.
    #[new]
    #[pyo3(signature = (plans = None, /))]
    fn new(py: Python<'_>, plans: Option<Py<PyList>>) -> PyResult<Py<Block>> {
        OPEN.fetch_add(1, Ordering::Relaxed); // The block's own, which takes it back when it ends, also by an error below.
        let block = Py::new(py, Block { open: AtomicBool::new(true), plans })?;
        let mut blocks = current(py)?;
        blocks.push(block.clone_ref(py).into_bound(py));
        set(py, blocks)?;
        Ok(block)
    }
    /// Closes it, once, in whatever context.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.open.swap(false, Ordering::Relaxed) {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
        set(py, current(py)?)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.plans.as_ref().map_or(Ok(()), |plans| visit.call(plans))
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if *self.open.get_mut() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The context's variable: a tuple of blocks, outermost first.
fn variable(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static VARIABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = || {
        let class = py.import("contextvars")?.getattr("ContextVar")?;
        Ok::<_, PyErr>(class.call1(("aria_array_bridge",))?.unbind())
    };
    VARIABLE.get_or_try_init(py, make).map(|variable| variable.bind(py))
}

/// The open blocks of the current context.
fn current(py: Python<'_>) -> PyResult<Vec<Bound<'_, Block>>> {
    let blocks = variable(py)?.call_method1("get", (PyTuple::empty(py),))?;
    let blocks = blocks.try_iter()?.map(|block| Ok(block?.cast_into::<Block>()?)).collect::<PyResult<Vec<_>>>()?;
    Ok(blocks.into_iter().filter(|block| block.get().open.load(Ordering::Relaxed)).collect())
}

fn set(py: Python<'_>, blocks: Vec<Bound<'_, Block>>) -> PyResult<()> {
    variable(py)?.call_method1("set", (PyTuple::new(py, blocks)?,)).map(drop)
}

/// What an open block of this context says, if one says anything.
fn ask<R>(mut look: impl FnMut(Python<'_>, &Block) -> Option<R>) -> Option<R> {
    if OPEN.load(Ordering::Relaxed) == 0 {
        return None;
    }
    // Callers are attached; without an interpreter there are no blocks.
    Python::try_attach(|py| {
        // Who asks for a buffer may have an exception pending, as PyTorch has.
        release::undisturbed(py, || current(py).ok()?.iter().find_map(|block| look(py, block.get())))
    })?
}

/// True inside a block in which nothing is copied.
pub(crate) fn copies_are_forbidden() -> bool {
    ask(|_, block| block.plans.is_none().then_some(())).is_some()
}

thread_local! {
    /// Recordings that this thread began by the operations table, innermost last: a program that attaches for each
    /// operation has a new context each time.
    static TRACES: RefCell<Vec<Vec<Plan>>> = const { RefCell::new(Vec::new()) };
}

/// Starts recording this thread's conversions.
pub(crate) fn start_trace() {
    TRACES.with_borrow_mut(|traces| traces.push(Vec::new()));
}

/// Ends the innermost recording that this thread started and returns it. Outer ones have seen the same plans.
pub(crate) fn stop_trace() -> Vec<Plan> {
    TRACES.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// True inside a block that records, so that a plan is worth making.
pub(crate) fn is_tracing() -> bool {
    TRACES.with_borrow(|traces| !traces.is_empty()) || ask(|_, block| block.plans.is_some().then_some(())).is_some()
}

/// Adds a plan to every recording of this thread and of this context.
pub(crate) fn record(plan: &Plan) {
    TRACES.with_borrow_mut(|traces| traces.iter_mut().for_each(|trace| trace.push(plan.clone())));
    ask(|py, block| {
        if let Some(plans) = &block.plans
            && let Ok(plan) = Bound::new(py, PyPlan::new(plan.clone()))
        {
            let _ = plans.bind(py).append(plan); // Without memory for it the recording lacks a plan, and the conversion holds.
        }
        None::<()>
    });
}
