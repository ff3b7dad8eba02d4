//! What a type can do: its doors, cheapest first, found once and remembered.
//!
//! The cache is bounded and holds its types, so that an address never means another type. A class may gain and lose
//! members while it lives, and the stable ABI has no mark of that: where every remembered door refuses, the type is looked
//! at again ([`Known::again`]), which costs refused imports alone. A door that still works stays the one that is used.

use super::numpy::NumpyKind;
use super::{Refusal, exchange};
use crate::array::PyArray;
use crate::class;
use crate::table::PyColumn;
use aria_array_bridge::ledger::Name;
use aria_array_bridge::plan::Reason;
use core::cell::Cell;
use core::ops::Deref;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt, PyList, PyRange, PyString, PyTuple, PyType};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A way in, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Our own array.
    Ours,
    /// Our own column.
    Column,
    /// A table, ours or of a library that is known: its matrix.
    Table,
    /// NumPy's array struct.
    Numpy,
    /// `numpy.ma.MaskedArray`: values and validity.
    Masked,
    /// DLPack's C exchange table, which the type publishes.
    Exchange,
    /// `__arrow_c_array__`.
    ArrowArray,
    /// `__arrow_c_device_array__`.
    ArrowDeviceArray,
    /// `__arrow_c_stream__`.
    ArrowStream,
    /// `__arrow_c_device_stream__`.
    ArrowDeviceStream,
    /// The buffer protocol.
    Buffer,
    /// `__dlpack__`.
    Dlpack,
    /// `__array_struct__`.
    ArrayStruct,
    /// `__array_interface__`.
    ArrayInterface,
    /// `__cuda_array_interface__`.
    CudaArrayInterface,
    /// `__array__`, which gives a NumPy array.
    ArrayMethod,
    /// A Python number, or nested lists and tuples of numbers: a copy.
    Sequence,
}

impl Door {
    /// True for those of Arrow's PyCapsule interface.
    pub(super) fn is_arrow(self) -> bool {
        matches!(self, Door::ArrowArray | Door::ArrowDeviceArray | Door::ArrowStream | Door::ArrowDeviceStream)
    }
}

/// What is known of a type.
pub(super) struct Kind {
    /// Keeps the address of the type taken.
    _class: Py<PyType>,
    /// `numpy.ndarray`.
    pub(super) name: Name,
    /// Cheapest first.
    pub(super) doors: Vec<Door>,
    /// What the type publishes as its DLPack exchange table.
    pub(super) exchange: Option<exchange::Published>,
    /// `torch.Tensor`, or a class that derives from it.
    pub(super) is_torch: bool,
    /// A class of pandas, or one that derives from it: which doors it has, the dtype of the instance says [W1].
    pub(super) is_pandas: bool,
    /// Every method that the doors call is a function, found on the type; else each is bound anew.
    has_functions: bool,
}

/// What is known of a type: for ever, or as long as somebody holds it.
pub(super) enum Known {
    Static(&'static Kind),
    Shared(Arc<Kind>),
}

impl Deref for Known {
    type Target = Kind;

    fn deref(&self) -> &Kind {
        match self {
            Known::Static(kind) => kind,
            Known::Shared(kind) => kind,
        }
    }
}

/// Types that are remembered at most, one a place. A power of two.
const PLACES: usize = 256;

/// A type by its address, and what is known of it.
type Remembered = (usize, Arc<Kind>);

/// Heap types, which may die: a place forgets its type for another.
static KINDS: Mutex<[Option<Remembered>; PLACES]> = Mutex::new([const { None }; PLACES]);
/// Static types (`numpy.ndarray`, `bytes`), which live as long as the process: the first one stays, and is found without
/// a lock.
static STATICS: [OnceLock<(usize, Kind)>; PLACES] = [const { OnceLock::new() }; PLACES];

impl Kind {
    /// The object as our own array, where it is one.
    pub(super) fn ours<'py>(&self, object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyArray>> {
        (self.doors.first() == Some(&Door::Ours)).then(|| object.cast::<PyArray>().ok().cloned()).flatten()
    }
}

impl Kind {
    /// The method of this name and whether the object is its first argument; a reason to go on where there is none.
    pub(super) fn method<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        name: &Bound<'py, PyString>,
    ) -> Result<(Bound<'py, PyAny>, bool), Refusal> {
        let none = || Refusal::Next(Reason::new("door", "C2", format!("the object has no {name}")));
        if self.has_functions {
            // On the type: what an instance carries under this name is not the protocol.
            return object.get_type().getattr_opt(name)?.map(|method| (method, true)).ok_or_else(none);
        }
        let method = class::bound(object, &name.to_string_lossy())?;
        method.map(|method| (method, false)).ok_or_else(none)
    }
}

/// What is known of the object's type.
pub(super) fn of(object: &Bound<'_, PyAny>) -> PyResult<Known> {
    // SAFETY: attached; every object has a type.
    let class = unsafe { ffi::Py_TYPE(object.as_ptr()) };
    let key = class.addr();
    let place = place(key);
    if let Some((found, kind)) = STATICS[place].get()
        && *found == key
    {
        return Ok(Known::Static(kind));
    }
    if let Some((found, kind)) = &kinds()[place]
        && *found == key
    {
        return Ok(Known::Shared(kind.clone()));
    }
    let kind = find(&object.get_type(), object)?; // Outside the lock: it runs Python.
    // SAFETY: a live type.
    let is_static = unsafe { ffi::PyType_GetFlags(class) } & ffi::Py_TPFLAGS_HEAPTYPE == 0;
    let kind = match STATICS[place].get() {
        None if is_static => {
            let (found, kind) = STATICS[place].get_or_init(|| (key, kind));
            if *found == key {
                return Ok(Known::Static(kind));
            }
            return of(object); // Another thread took the place meanwhile.
        }
        _ => Arc::new(kind),
    };
    remember(key, &kind);
    Ok(Known::Shared(kind))
}

/// The place of a type. Types are aligned to 16 bytes and more; the bits above spread them over the places.
fn place(key: usize) -> usize {
    (key >> 4 ^ key >> 12) % PLACES
}

fn kinds() -> MutexGuard<'static, [Option<Remembered>; PLACES]> {
    KINDS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember(key: usize, kind: &Arc<Kind>) {
    let forgotten = kinds()[place(key)].replace((key, kind.clone()));
    drop(forgotten); // Outside the lock: a type may die.
}

impl Known {
    /// The type as it is now, where its doors are others than those remembered. A static type has the same for ever.
    pub(super) fn again(&self, object: &Bound<'_, PyAny>) -> PyResult<Option<Known>> {
        let Known::Shared(old) = self else { return Ok(None) };
        let class = object.get_type();
        let kind = Arc::new(find(&class, object)?);
        if kind.doors == old.doors {
            return Ok(None);
        }
        remember(class.as_ptr().addr(), &kind);
        Ok(Some(Known::Shared(kind)))
    }
}

fn find(class: &Bound<'_, PyType>, object: &Bound<'_, PyAny>) -> PyResult<Kind> {
    let py = class.py();
    let has_functions = Cell::new(true);
    let speaks = |name: &str| defines(class, name, None);
    let calls = |name: &str| defines(class, name, Some(&has_functions));
    let mut doors = Vec::new();
    if class.is(py.get_type::<PyArray>()) {
        doors.push(Door::Ours);
    }
    if class.is(py.get_type::<PyColumn>()) {
        doors.push(Door::Column);
    }
    if crate::table::is_table_class(class)? {
        doors.push(Door::Table);
    }
    let numpy = super::numpy::kind_of(class)?;
    let scalar = matches!(numpy, Some(NumpyKind::Scalar));
    match numpy {
        Some(NumpyKind::Array) => doors.push(Door::Numpy),
        Some(NumpyKind::Masked) => doors.push(Door::Masked),
        Some(NumpyKind::Scalar) | None => {}
    }
    let candidates = [
        (Door::Exchange, speaks("__dlpack_c_exchange_api__")?),
        (Door::ArrowArray, calls("__arrow_c_array__")?),
        (Door::ArrowDeviceArray, calls("__arrow_c_device_array__")?),
        (Door::ArrowStream, calls("__arrow_c_stream__")?),
        (Door::ArrowDeviceStream, calls("__arrow_c_device_stream__")?),
        // SAFETY: attached; a live object. The answer depends on its type alone.
        (Door::Buffer, unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) } == 1),
        (Door::Dlpack, calls("__dlpack__")?),
        (Door::ArrayStruct, speaks("__array_struct__")?),
        (Door::ArrayInterface, speaks("__array_interface__")?),
        (Door::CudaArrayInterface, speaks("__cuda_array_interface__")?),
        (Door::ArrayMethod, calls("__array__")?),
        (Door::Sequence, is_plain(class)),
    ];
    let candidates = candidates.into_iter().filter(|(door, open)| *open && (!scalar || *door == Door::ArrayMethod));
    doors.extend(candidates.map(|(door, _)| door));
    if doors.contains(&Door::CudaArrayInterface) {
        // By Arrow, an array of a device may be copied to the host: its other doors come first.
        let by_device: Vec<Door> = doors.iter().copied().filter(|door| !door.is_arrow()).collect();
        doors.retain(|door| door.is_arrow());
        doors.splice(0..0, by_device);
    }
    let name = Name::of(&class::name(class));
    let exchange = if doors.contains(&Door::Exchange) { Some(exchange::published(class)?) } else { None };
    let is_torch = super::torch::is_tensor(class)?;
    let is_pandas = super::arrow::pandas::is_of_pandas(class)?;
    Ok(Kind {
        _class: class.clone().unbind(),
        name,
        doors,
        exchange,
        is_torch,
        is_pandas,
        has_functions: has_functions.get(),
    })
}

/// Returns true if the class, or one that it derives from, has this member and it is not None; `functions` is told where it
/// is no function. Nothing of an instance is looked at, and no code of the class runs.
fn defines(class: &Bound<'_, PyType>, name: &str, functions: Option<&Cell<bool>>) -> PyResult<bool> {
    let Some(member) = class::raw_member(class, name)?.filter(|member| !member.is_none()) else { return Ok(false) };
    if let Some(functions) = functions {
        functions.set(functions.get() && class::is_function(&member));
    }
    Ok(true)
}

/// Python's own numbers, lists and tuples.
fn is_plain(class: &Bound<'_, PyType>) -> bool {
    let py = class.py();
    let plain = [
        py.get_type::<PyBool>(),
        py.get_type::<PyInt>(),
        py.get_type::<PyFloat>(),
        py.get_type::<PyComplex>(),
        py.get_type::<PyList>(),
        py.get_type::<PyTuple>(),
        py.get_type::<PyRange>(),
    ];
    plain.iter().any(|other| class.is(other))
}
