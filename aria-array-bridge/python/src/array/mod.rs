//! The class `Array`: memory that a Python object or a Rust owner keeps alive (rules O3, O6).
//!
//! A *root* owns the foreign thing: one Python reference, one buffer, one Rust owner. Everything else that
//! needs the memory holds the root: views, exports, Rust handles. Only the root is seen by the collector
//! as holding the foreign object, so that each reference is visited exactly once. There is no `tp_clear`: like
//! a tuple, an array in a dead cycle goes when the rest of the cycle is cleared.

mod bitmap;
mod compare;
mod element;
mod hold;
mod holders;
mod index;
mod layout;
mod members;
mod nulls;
mod operators;
mod pickle;
mod shape;
mod text;
mod using;
mod values;

pub(crate) use bitmap::PyBitmap;
pub(crate) use hold::{HeldBuffer, Hold};
pub(crate) use layout::PyLayout;
pub(crate) use members::alignment;
pub(crate) use pickle::unpickle;

use crate::import::named;
use crate::release;
use aria_array_bridge::buffer::Release;
use aria_array_bridge::ledger::{self, Direction, Name, Ticket};
use aria_array_bridge::plan::Plan;
use aria_array_bridge::queue::Node;
use aria_array_bridge::{Access, Array, Owner};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use pyo3::exceptions::{PyBufferError, PyValueError};
use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Where an array came from; its plan is made of it when somebody asks.
#[derive(Clone)]
pub(crate) enum Origin {
    /// A view of something of this type, by this protocol.
    View {
        /// The type's name.
        source: Name,
        /// The protocol's name.
        protocol: Name,
    },
    /// Something with a story.
    Plan(Box<Plan>),
}

/// An n-dimensional array in shared memory.
///
/// # Invariants
///
/// 1. `array` is valid while `keep` holds: its own owner owns nothing.
/// 2. A root's `hold` is there until it is released, and it is released only without exports.
#[pyclass(frozen, weakref, name = "Array", module = "aria_array_bridge")]
pub struct PyArray {
    array: Array,
    keep: Keep,
    origin: Origin,
    /// The last plain request for a buffer wanted to write, and was refused.
    pub(crate) refused_writer: AtomicBool,
}

enum Keep {
    Root(Root),
    View {
        root: Py<PyArray>,
        /// The view gave up its hold, and no longer counts as an export of the root.
        released: AtomicBool,
        /// Something else of ours relies on this view, which is therefore not released by hand.
        guards: bool,
    },
}

struct Root {
    /// Living views, exports and Rust handles.
    exports: AtomicUsize,
    released: AtomicBool,
    /// The bare address was given to somebody who does not say for how long.
    address_lent: AtomicBool,
    hold: Mutex<Option<(Hold, Option<Ticket>)>>,
}

impl Drop for Root {
    fn drop(&mut self) {
        let hold = self.hold.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // SAFETY: lives in a Python object alone, which dies attached.
        release::drop_shallowly(unsafe { Python::assume_attached() }, hold);
    }
}

impl PyArray {
    /// Makes a root that owns `hold`, and enters it into the ledger.
    ///
    /// # Safety
    ///
    /// `array` is valid as long as `hold` is.
    pub(crate) unsafe fn root(array: Array, hold: Hold, origin: Origin) -> PyArray {
        let (source, protocol) = match &origin {
            Origin::View { source, protocol } => (*source, *protocol),
            Origin::Plan(plan) => (Name::of(&plan.source), Name::of(&plan.protocol)),
        };
        let own = matches!(&hold, Hold::Own(_)); // Memory of our own is no import.
        let enter = || ledger::enter(source, protocol, Direction::Import, array.nbytes() as u64, array.is_readonly());
        let ticket = (!own).then(enter);
        let root = Root {
            exports: AtomicUsize::new(0),
            released: AtomicBool::new(false),
            address_lent: AtomicBool::new(false),
            hold: Mutex::new(Some((hold, ticket))),
        };
        PyArray { array, keep: Keep::Root(root), origin, refused_writer: AtomicBool::new(false) }
    }

    /// Makes a root of an array of Rust's own or of a foreign owner behind a deleter.
    pub(crate) fn from_array(array: Array, origin: Origin, own: bool) -> PyArray {
        // In Python, memory that one handle could write is memory that anybody may write.
        let array = array.share().unwrap_or_else(|array| array);
        // SAFETY: the hold keeps the owner, invariant 1 of `PyArray`; unique memory with other handles is shown frozen.
        let (mut bare, owner) = unsafe { frozen_if_unique(array).into_bare() };
        if bare.access() == Access::Frozen {
            bare = bare.read_only();
        }
        let hold = if own { Hold::Own(owner) } else { Hold::Foreign(owner) };
        // SAFETY: the owner keeps the memory alive.
        unsafe { PyArray::root(bare, hold, origin) }
    }

    /// The array, for use while attached and while `self` is borrowed. Do not keep a clone of it: its owner owns nothing.
    ///
    /// # Errors
    ///
    /// `ValueError` if the array was released.
    pub(crate) fn live(&self) -> PyResult<&Array> {
        if self.is_released() {
            return Err(PyValueError::new_err("expected a live array but found one that was released"));
        }
        Ok(&self.array)
    }

    fn is_released(&self) -> bool {
        match &self.keep {
            Keep::Root(root) => root.released.load(Ordering::Acquire),
            Keep::View { released, .. } => released.load(Ordering::Acquire), // Its root is not released while it is not.
        }
    }

    /// The root of `this`, which may be itself.
    pub(crate) fn root_of<'a, 'py>(this: &'a Bound<'py, PyArray>) -> &'a Bound<'py, PyArray> {
        match &this.get().keep {
            Keep::Root(_) => this,
            Keep::View { root, .. } => root.bind(this.py()),
        }
    }

    /// Counts one more export of this root.
    pub(crate) fn count_export(&self) {
        if let Some(exports) = self.exports_counter() {
            exports.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Takes back one [`count_export`](Self::count_export).
    pub(crate) fn uncount_export(&self) {
        if let Some(exports) = self.exports_counter() {
            exports.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Notes that the bare address is given to somebody who keeps `this` and does not say for how long: from now on the
    /// memory is released with the object, and not before.
    pub(crate) fn lend_address(this: &Bound<'_, PyArray>) {
        if let Keep::Root(root) = &PyArray::root_of(this).get().keep {
            root.address_lent.store(true, Ordering::Release);
        }
    }

    fn exports_counter(&self) -> Option<&AtomicUsize> {
        match &self.keep {
            Keep::Root(root) => Some(&root.exports),
            Keep::View { .. } => None,
        }
    }

    /// Makes another Python array over the same memory, which holds the root.
    pub(crate) fn view<'py>(this: &Bound<'py, PyArray>, array: Array) -> PyResult<Bound<'py, PyArray>> {
        let origin = match &this.get().origin {
            Origin::View { source, protocol } => Origin::View { source: *source, protocol: *protocol },
            // The copy has been made already: this is a view of it.
            Origin::Plan(_) => Origin::View { source: named!("aria_array_bridge.Array"), protocol: named!("view") },
        };
        PyArray::view_from(this, array, origin)
    }

    /// A view that keeps the memory for something else of ours. It cannot be released by hand, whoever finds it.
    pub(crate) fn guard(this: &Bound<'_, PyArray>) -> PyResult<Py<PyArray>> {
        let (root, array) = (PyArray::root_of(this), this.get().live()?.clone());
        root.get().count_export();
        let origin = Origin::View { source: named!("aria_array_bridge.Array"), protocol: named!("view") };
        let keep = Keep::View { root: root.clone().unbind(), released: AtomicBool::new(false), guards: true };
        Py::new(this.py(), PyArray { array, keep, origin, refused_writer: AtomicBool::new(false) })
    }

    /// As [`view`](Self::view), with a story of its own.
    fn view_from<'py>(this: &Bound<'py, PyArray>, array: Array, origin: Origin) -> PyResult<Bound<'py, PyArray>> {
        let root = PyArray::root_of(this);
        root.get().count_export();
        Bound::new(
            this.py(),
            PyArray {
                array,
                keep: Keep::View { root: root.clone().unbind(), released: AtomicBool::new(false), guards: false },
                origin,
                refused_writer: AtomicBool::new(false),
            },
        )
    }

    /// A Rust handle: Send, and to be dropped anywhere. Holds the root and counts as an export of it.
    pub(crate) fn held(this: &Bound<'_, PyArray>) -> PyResult<Array> {
        let array = this.get().live()?;
        let export = RootExport::new(this, None);
        let owner = Owner::with_release(Box::new(export), None);
        // SAFETY: the export holds the root, which holds what keeps the memory alive; the root cannot be released
        // meanwhile. The access is frozen or shared: `from_array`.
        Ok(unsafe { array.with_owner(owner) })
    }

    /// Looks at what this root holds; `None` of a view, of what was released, and while somebody releases it.
    pub(crate) fn with_hold<R>(&self, look: impl FnOnce(&Hold) -> Option<R>) -> Option<R> {
        let Keep::Root(root) = &self.keep else { return None };
        let hold = root.hold.try_lock().ok()?;
        hold.as_ref().and_then(|(hold, _)| look(hold))
    }

    /// Exports alive of the root: views, foreign hands, Rust handles.
    pub(crate) fn exports(this: &Bound<'_, PyArray>) -> usize {
        let root = PyArray::root_of(this);
        root.get().exports_counter().map_or(0, |n| n.load(Ordering::Acquire))
    }

    /// The plan of the conversion that made the array.
    pub(crate) fn plan(&self) -> Plan {
        match &self.origin {
            Origin::Plan(plan) => (**plan).clone(),
            Origin::View { source, protocol } => {
                let mut plan =
                    Plan::view(protocol.text().to_string(), source.text().to_string(), describe(&self.array));
                let address = self.array.address() as u64;
                (plan.source_address, plan.target_address) = (Some(address), Some(address));
                plan
            }
        }
    }

    /// Ends the ownership early; of a view, its hold on the root, which need not wait for what the view was exported to.
    ///
    /// # Errors
    ///
    /// `BufferError` if exports of a root are alive.
    pub(crate) fn end(this: &Bound<'_, PyArray>) -> PyResult<()> {
        let root = match &this.get().keep {
            Keep::Root(root) => root,
            Keep::View { guards: true, .. } => {
                let text = "the view keeps memory for something else of this library: release that";
                return Err(PyBufferError::new_err(text));
            }
            Keep::View { root, released, .. } => {
                if !released.swap(true, Ordering::AcqRel) {
                    root.get().uncount_export();
                }
                return Ok(());
            }
        };
        release::drain(this.py()); // What was dropped elsewhere is no export.
        let taken = {
            let mut hold = root.hold.lock().unwrap_or_else(PoisonError::into_inner);
            match root.exports.load(Ordering::Acquire) {
                0 if root.address_lent.load(Ordering::Acquire) => {
                    let text = "the address was given out (__array_interface__, or a plain buffer that PyTorch may keep), and nobody says for how long";
                    return Err(PyBufferError::new_err(text));
                }
                0 => root.released.store(true, Ordering::Release),
                alive => {
                    drop(hold); // Naming them runs Python.
                    return Err(PyBufferError::new_err(holders::sentence(this, alive)));
                }
            }
            hold.take()
        };
        drop(taken); // Outside the lock: it may run Python.
        Ok(())
    }
}

fn frozen_if_unique(array: Array) -> Array {
    if array.access() == Access::Unique {
        // SAFETY: another handle is alive and so is this one, so that nobody can write: unique memory is written only
        // through its sole handle, and the caller's hold keeps this one.
        unsafe { array.assume_frozen() }
    } else {
        array
    }
}

/// `Array float64[3]`, or `Array float64[2, 3]`.
pub(crate) fn describe(array: &Array) -> String {
    let shape: Vec<String> = array.shape().iter().map(usize::to_string).collect();
    format!("Array {}[{}]", array.dtype(), shape.join(", "))
}

/// One export of a root: holds the root, counts, and can be dropped anywhere.
#[repr(C)]
pub(crate) struct RootExport {
    node: Node,
    root: NonNull<ffi::PyObject>,
    counter: NonNull<AtomicUsize>,
    ticket: Option<Ticket>,
}

// SAFETY: the reference is given up through the release queue, which is attached then; the counter is atomic, and lives
// in the root, which the reference keeps alive.
unsafe impl Send for RootExport {}
// SAFETY: as above; a shared export gives out nothing.
unsafe impl Sync for RootExport {}

impl RootExport {
    /// Counts one more export of the root of `array`.
    pub(crate) fn new(array: &Bound<'_, PyArray>, ticket: Option<Ticket>) -> RootExport {
        let root = PyArray::root_of(array);
        let counter = match root.get().exports_counter() {
            Some(counter) => counter,
            None => unreachable!("a root is a root"),
        };
        counter.fetch_add(1, Ordering::AcqRel);
        let counter = NonNull::from(counter);
        // SAFETY: a new reference is never NULL.
        let root = unsafe { NonNull::new_unchecked(root.clone().into_ptr()) };
        RootExport { node: Node::new(free_export), root, counter, ticket }
    }
}

impl Release for RootExport {
    fn release(mut self: Box<Self>) {
        drop(self.ticket.take());
        // SAFETY: the counter lives in the root, which this export still holds.
        unsafe { self.counter.as_ref() }.fetch_sub(1, Ordering::AcqRel);
        let leaked = NonNull::from(Box::leak(self));
        // SAFETY: `repr(C)` with the node first, leaked from a whole box and in no queue; `free_export` asks for nothing
        // but being attached; `release::ready` ran when the module was imported.
        unsafe { release::push(leaked.cast()) };
    }
}

unsafe extern "C" fn free_export(node: NonNull<Node>) {
    // SAFETY: `node` is the first field of a `RootExport` that `release` leaked; the queue releases it once.
    let export = unsafe { Box::from_raw(node.cast::<RootExport>().as_ptr()) };
    // SAFETY: attached, as the queue promises; the export's own reference, given up with it.
    unsafe { ffi::Py_DECREF(export.root.as_ptr()) };
}

impl Drop for PyArray {
    fn drop(&mut self) {
        if let Keep::View { root, released, .. } = &self.keep
            && !released.load(Ordering::Acquire)
        {
            root.get().uncount_export();
        }
    }
}

#[pymethods]
impl PyArray {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.keep {
            Keep::View { root, .. } => visit.call(root),
            // A lock that is held is held by a thread that is releasing; not visiting keeps the object alive for now.
            Keep::Root(root) => match root.hold.try_lock().ok().as_deref() {
                Some(Some((hold, _))) => hold.traverse(&visit),
                _ => Ok(()),
            },
        }
    }
}
