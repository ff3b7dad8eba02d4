//! Releasing what was dropped: the queue of rule O2 on its Python side, and how we attach.
//!
//! A drop calls [`push`], which works on any thread, detached, while the collector runs, while the
//! interpreter ends and after it is gone. The queue is emptied whenever we attach ([`attach_interruptibly`]) and by
//! one pending call of the interpreter. An `atexit` hook closes it: it waits until nobody is inside
//! `push` or `attach`, releases what waits, and from then on what is dropped leaks and is counted.
//!
//! The queue itself is [`aria_array_bridge::queue`]; what a thread drops in a batch is the business of `own`.

mod own;
mod queued;

pub(crate) use queued::{Queued, drop_shallowly};

use crate::operations::gil;
use aria_array_bridge::queue::{Batch, Gate, Node, Queue, Visits};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::{ffi, wrap_pyfunction};
use std::time::Instant;

/// What waits to be released.
static QUEUE: Queue = Queue::new();
/// Around every use of `QUEUE` and of `Py_AddPendingCall` by a thread that may be detached.
static PUSHING: Gate = Gate::new();
/// Around every time we are attached, once for each thread with an [`Inside`].
static ATTACHED: Gate = Gate::new();
/// A pending call of ours is on its way. At most one is: the interpreter has room for 32 of all libraries.
static SCHEDULED: AtomicBool = AtomicBool::new(false);
/// Somebody is releasing; others leave it to them.
static DRAINING: AtomicBool = AtomicBool::new(false);
/// The hooks are registered.
static READY: AtomicBool = AtomicBool::new(false);
static RELEASED: AtomicU64 = AtomicU64::new(0);
static LEAKED: AtomicU64 = AtomicU64::new(0);

/// How long the end of the interpreter waits for those inside.
const PATIENCE: Duration = Duration::from_secs(10);

thread_local! {
    /// How often this thread is inside of `ATTACHED`: see [`Inside`].
    static VISITS: Visits = const { Visits::new() };
    /// This thread makes the interpreter's pending calls, and only inside of `ATTACHED`: see [`claim_main_thread`].
    static MAIN: Cell<bool> = const { Cell::new(false) };
    /// This thread is the one that is releasing: `DRAINING` is its own.
    static MINE: Cell<bool> = const { Cell::new(false) };
}

/// The interpreter has not been started, is ending, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotRunning;

impl fmt::Display for NotRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a running Python interpreter but it was not started, or it has ended")
    }
}

impl core::error::Error for NotRunning {}

/// How many nodes were released, and how many leaked because the interpreter had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Released, in this process.
    pub released: u64,
    /// Leaked, in this process.
    pub leaked: u64,
}

/// Counts what [`push`] was given. Any thread, at any time.
pub(crate) fn counts() -> Counts {
    Counts { released: RELEASED.load(Ordering::Relaxed), leaked: LEAKED.load(Ordering::Relaxed) }
}

/// `(released, leaked)`, for tests and for the report.
#[pyfunction(name = "_release_counts")]
pub(crate) fn counts_of_release_queue() -> (u64, u64) {
    let Counts { released, leaked } = counts();
    (released, leaked)
}

/// Gives up the thing around `node`; it is released when somebody is attached. For use in a drop: any thread, at any time.
///
/// Neither attaches nor allocates, touches no Python object, and waits for nobody but the lock
/// that guards the interpreter's list of pending calls, which is held for a few instructions.
///
/// # Safety
///
/// As for [`Queue::push`]. The release function may rely on being attached with no exception pending.
/// [`ready`] has been called in this process.
pub(crate) unsafe fn push(node: NonNull<Node>) {
    // SAFETY: the caller's duty.
    unsafe { push_as(node, false) };
}

/// As [`push`], of what runs no code of Python's as it is released, and raises nothing.
///
/// # Safety
///
/// As for [`push`].
pub(crate) unsafe fn push_quiet(node: NonNull<Node>) {
    // SAFETY: the caller's duty.
    unsafe { push_as(node, true) };
}

/// # Safety
///
/// As for [`push`].
#[inline]
unsafe fn push_as(node: NonNull<Node>, quiet: bool) {
    // A closed gate stays one, and this thread would see that it was closed by itself; when another closed it this thread
    // was no longer waited for, and is not attached again.
    if gil::is_between_operations_of_a_batch(VISITS.with(Visits::depth)) && !PUSHING.is_closed() {
        // SAFETY: the caller's duties are those of `OwnQueue::push`.
        return unsafe { own::push(node, quiet) };
    }
    let Some(_inside) = PUSHING.enter() else {
        LEAKED.fetch_add(1, Ordering::Relaxed);
        return;
    };
    // SAFETY: the caller's duties are those of `Queue::push`.
    unsafe { QUEUE.push(node) };
    if is_main_between_operations() || SCHEDULED.swap(true, Ordering::AcqRel) {
        return;
    }
    // SAFETY: any thread may call it, attached or not, while the interpreter is initialized. It is: it was when
    // `ready` registered the hook, and the hook, which runs before the interpreter goes, waits for `_inside`.
    if unsafe { ffi::Py_AddPendingCall(Some(release_pending), ptr::null_mut()) } != 0 {
        // The list is full. The next attach, or the next push, sees to it.
        SCHEDULED.store(false, Ordering::Release);
    }
}

/// Says that this thread is Python's main one, and runs Python inside of [`attach_interruptibly`] alone, which releases what
/// waits. The interpreter makes pending calls on its main thread, between instructions: no sooner than that.
pub(crate) fn claim_main_thread() {
    MAIN.set(true);
}

fn is_main_between_operations() -> bool {
    MAIN.get() && !VISITS.with(Visits::is_inside)
}

extern "C" fn release_pending(_: *mut c_void) -> c_int {
    // Before releasing, so that whoever pushes from now on schedules again.
    SCHEDULED.store(false, Ordering::Release);
    // SAFETY: the interpreter makes pending calls on an attached thread, between two instructions of Python code.
    unsafe { Python::attach_unchecked(drain) };
    0
}

/// Says whether something waits to be released, by this thread or by any.
#[inline]
pub(crate) fn is_waiting() -> bool {
    !own::is_empty() || !QUEUE.is_empty()
}

/// Releases everything that waits. Code of any kind may run: finalizers, weak reference callbacks.
///
/// A pending exception is put aside meanwhile. Does nothing when somebody is at it already, on this thread
/// or another, who will then release what is there.
pub(crate) fn drain(py: Python<'_>) {
    own::release_with(|nodes| release_each(py, nodes));
    while !QUEUE.is_empty() && !DRAINING.swap(true, Ordering::Acquire) {
        MINE.set(true);
        release_all(py);
        MINE.set(false);
        // Then look again: somebody may have pushed and left it to us.
        DRAINING.store(false, Ordering::Release);
    }
}

/// Releases what waits now, whoever else is at it: what is taken from the queue is its taker's alone.
fn release_all(py: Python<'_>) {
    release_each(py, QUEUE.take_all());
}

fn release_each(py: Python<'_>, nodes: Batch) {
    let _pending = Pending::put_aside(py);
    release_undisturbed(py, nodes);
}

/// Releases what was just taken from a queue, with no exception pending.
#[inline]
fn release_undisturbed(_py: Python<'_>, nodes: Batch) {
    for node in nodes {
        // SAFETY:
        // - Just taken, so owned here alone, and alive: the duties of `push`.
        // - Attached: `_py`. No exception is pending: the caller sees to it, and a release function leaves none.
        unsafe { Node::release(node) };
        // Two steps, which cost less than one that is locked: who is attached counts alone, under the interpreter's lock.
        RELEASED.store(RELEASED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// Releases all that waits, after looking for a pending Ctrl-C: the answer.
#[cold]
fn drain_interruptibly(py: Python<'_>) -> PyResult<()> {
    let interrupted = py.check_signals();
    drain(py);
    interrupted
}

/// Says whether another thread holds nodes that it took and has not released yet.
fn others_are_draining() -> bool {
    DRAINING.load(Ordering::Acquire) && !MINE.get()
}

/// Runs `body` attached to the interpreter, after releasing what waits.
///
/// Never starts an interpreter. No exception is pending inside; one that was is put back afterwards.
///
/// # Errors
///
/// [`NotRunning`] before the start, from the moment our `atexit` hook has run, and while this thread traverses
/// for the garbage collector. A thread that is inside already may enter again at any time.
///
/// The first thing is a pending Ctrl-C, which a finalizer would swallow: it is an error of `body`.
pub(crate) fn attach_interruptibly<R, E: From<PyErr>>(
    body: impl for<'py> FnOnce(Python<'py>) -> Result<R, E>,
    explain: impl for<'py> FnOnce(Python<'py>, E) -> R,
) -> Result<R, NotRunning> {
    attach_only(|py| {
        let quiet = if QUEUE.is_empty() { own::take_quiet() } else { None };
        let ready = match quiet {
            Some(nodes) => {
                release_undisturbed(py, nodes);
                Ok(())
            }
            None => drain_interruptibly(py).map_err(E::from),
        };
        ready.and_then(|()| body(py)).unwrap_or_else(|error| explain(py, error))
    })
}

fn attach_only<R>(body: impl for<'py> FnOnce(Python<'py>) -> R) -> Result<R, NotRunning> {
    let _inside = Inside::enter()?;
    let body = |py: Python<'_>| {
        let _pending = Pending::put_aside(py);
        body(py)
    };
    if gil::is_detached() {
        // PyO3 may take the thread for attached, as it was before it was detached by `gil`.
        // SAFETY: the interpreter runs, and waits for this thread: `_inside`.
        return Ok(unsafe { gil::attached_meanwhile(body) });
    }
    Python::try_attach(body).ok_or(NotRunning)
}

/// Somebody inside of [`attach_interruptibly`], or attached for longer by `operations::gil`: the end of the interpreter
/// waits for it.
pub(crate) struct Inside {
    /// Being inside is a matter of the thread.
    _thread: PhantomData<*const ()>,
}

impl Inside {
    /// Enters. A thread that is inside already may do so at any time.
    pub(crate) fn enter() -> Result<Inside, NotRunning> {
        let entered = VISITS.with(|visits| visits.enter(&ATTACHED));
        entered.then(|| Inside { _thread: PhantomData }).ok_or(NotRunning)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        VISITS.with(|visits| visits.leave(&ATTACHED));
    }
}

/// Runs foreign code that may fail silently: no exception is pending inside, one that was is put back afterwards, and
/// one that the code leaves is reported as unraisable (rule O4).
pub(crate) fn undisturbed<R>(py: Python<'_>, body: impl FnOnce() -> R) -> R {
    let _pending = Pending::put_aside(py);
    let result = body();
    // SAFETY: attached: `py`.
    if !unsafe { ffi::PyErr_Occurred() }.is_null()
        && let Some(error) = PyErr::take(py)
    {
        error.write_unraisable(py, None);
    }
    result
}

/// An exception that was pending and is put back when this is dropped.
struct Pending<'py> {
    _py: Python<'py>,
    error: [*mut ffi::PyObject; 3],
}

impl<'py> Pending<'py> {
    fn put_aside(py: Python<'py>) -> Option<Pending<'py>> {
        // SAFETY: attached: `py`.
        if unsafe { ffi::PyErr_Occurred() }.is_null() {
            return None;
        }
        let mut error = [ptr::null_mut(); 3];
        let [kind, value, traceback] = &mut error;
        // SAFETY: attached: `py`; three places to write to.
        #[allow(deprecated, reason = "its successor is not in the stable ABI of 3.11")]
        unsafe {
            ffi::PyErr_Fetch(kind, value, traceback);
        }
        Some(Pending { _py: py, error })
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let [kind, value, traceback] = self.error;
        // SAFETY: attached: `_py`; the three references came from `PyErr_Fetch` and are given back once.
        #[allow(deprecated, reason = "its successor is not in the stable ABI of 3.11")]
        unsafe {
            ffi::PyErr_Restore(kind, value, traceback);
        }
    }
}

/// Registers our hooks with the interpreter, once. Whoever makes something that [`push`] will be given calls this first.
///
/// # Errors
///
/// What Python raises.
#[inline]
pub(crate) fn ready(py: Python<'_>) -> PyResult<()> {
    if READY.load(Ordering::Acquire) { Ok(()) } else { register(py) }
}

/// Two threads that come here at once register twice, which is harmless: the hooks may run twice.
#[cold]
fn register(py: Python<'_>) -> PyResult<()> {
    py.import("atexit")?.call_method1("register", (hook(py)?,))?;
    let os = py.import("os")?;
    if let Some(register) = os.getattr_opt("register_at_fork")? {
        let hooks = pyo3::types::PyDict::new(py);
        hooks.set_item("after_in_child", wrap_pyfunction!(after_fork, py)?)?;
        register.call((), Some(&hooks))?;
    }
    READY.store(true, Ordering::Release);
    Ok(())
}

/// The function that is registered with `atexit`: one object, by which a program can move it behind all others.
pub(crate) fn hook(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static HOOK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let hook = HOOK.get_or_try_init(py, || Ok::<_, PyErr>(wrap_pyfunction!(close, py)?.into_any().unbind()))?;
    Ok(hook.bind(py).clone())
}

/// Ends the releasing: waits for those inside, releases what waits, and closes the queue.
///
/// Waits detached, for ten seconds at most: a thread of the program may sleep or listen in Python for ever, and the
/// interpreter ends without it as it does without its own daemons. Ctrl-C ends the waiting, and is raised. All the same the
/// queue has been closed then: whoever is still inside leaks what they release, and is counted.
#[pyfunction(name = "_close_release_queue")]
fn close(py: Python<'_>) -> PyResult<()> {
    ATTACHED.close();
    // When an operation of this very thread called us, it is inside as well.
    let mine = usize::from(VISITS.with(Visits::is_inside));
    let (mut waited, begin) = (Ok(()), Instant::now());
    // A finalizer may detach in the middle of a batch: those nodes are neither released nor leaked until it is through.
    while (ATTACHED.inside() > mine || others_are_draining()) && waited.is_ok() && begin.elapsed() < PATIENCE {
        py.detach(|| std::thread::sleep(Duration::from_millis(1)));
        waited = py.check_signals();
    }
    drain(py);
    PUSHING.close();
    // Those inside never need the interpreter, so this takes a moment.
    while PUSHING.inside() > 0 {
        std::thread::yield_now();
    }
    // Not `drain`, which leaves it to whoever is at it: nobody comes after us.
    while !own::is_empty() {
        own::take_with(|nodes| release_each(py, nodes));
    }
    while !QUEUE.is_empty() {
        release_all(py);
    }
    waited
}

/// In the child of a fork nobody is inside but perhaps this thread, and no pending call is on its way.
#[pyfunction(name = "_after_fork_in_child")]
fn after_fork() {
    ATTACHED.forget_others(usize::from(VISITS.with(Visits::is_inside)));
    PUSHING.forget_others(0);
    SCHEDULED.store(false, Ordering::Release);
    DRAINING.store(false, Ordering::Release);
}
