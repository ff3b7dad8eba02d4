//! Arrays for C programs: `AriaNdArray` structs that can grow, be retained, and be asked. Knows no Python.
//!
//! This file has the handle behind the struct. `make` makes and changes arrays, `element` reads and writes elements,
//! `words` speaks with runtimes that know four words alone, `exchange` with DLPack and Arrow.

pub(crate) mod element;
pub(crate) mod exchange;
pub(crate) mod make;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use crate::abi::{Give, c_types};
use crate::failure::Failure;
use crate::scope;
use aria_array_bridge::layout::Slice;
use aria_array_bridge::{Access, AriaNdArray, Array, DType, Order, Plan};
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::slice;

/// What an array of a C program points into; the struct is its first field.
///
/// # Invariants
///
/// 1. `nd` says what `body` is; its pointers point into `inner`, whose owner `body` has too, or to the extent in `body`.
/// 2. `inner` counts as the one export of this handle: more exports are other hands.
#[repr(C)]
pub(crate) struct Held {
    nd: AriaNdArray,
    inner: NonNull<AriaNdArray>,
    body: Body,
    /// What was behind this handle before, until nobody looks at it any more: its release may call functions of the program.
    left: Option<Box<Held>>,
    plan: Option<Plan>,
}

enum Body {
    /// Memory of anybody.
    Fixed(Array),
    /// Memory of our own, as many elements as there is room for: one axis of int64 or float64. Its shape is the extent.
    Growing(Array, Extent),
}

/// The number of elements of what can grow: memory of its own, since C programs read it through the struct while references
/// to the struct come and go here.
///
/// # Invariants
///
/// 1. Points to a box that is this one's.
struct Extent(NonNull<i64>);

impl Extent {
    fn new(len: i64) -> Extent {
        Extent(NonNull::from(Box::leak(Box::new(len))))
    }

    fn get(&self) -> i64 {
        // SAFETY: live (invariant 1); this handle is used by one thread at a time: the promise of the C caller.
        unsafe { self.0.read() }
    }

    fn set(&mut self, len: i64) {
        // SAFETY: as above.
        unsafe { self.0.write(len) };
    }
}

impl Drop for Extent {
    fn drop(&mut self) {
        // SAFETY: a box (invariant 1), which nobody reaches any more: the struct that pointed there is gone, or points elsewhere.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// The function by which arrays of this library are known: read from here alone, so that it is one address.
static RELEASE: unsafe extern "C" fn(*mut AriaNdArray) = release_held;

unsafe extern "C" fn release_held(nd: *mut AriaNdArray) {
    // A scope may leave one of its own.
    scope::forget(nd.cast());
    // SAFETY: only `Held::hand_out` sets this function, on the first field of a boxed `Held`; called once by who holds it.
    drop(unsafe { Box::from_raw(nd.cast::<Held>()) });
}

/// # Safety
///
/// A live struct that is given up.
unsafe fn release_in_scope(nd: *mut c_void) {
    // SAFETY: the caller's duty.
    unsafe { release(nd.cast()) };
}

/// Releases whatever array; NULL and a released one are fine.
///
/// # Safety
///
/// NULL, or a live struct that is given up.
pub(crate) unsafe fn release(nd: *mut AriaNdArray) {
    scope::forget(nd.cast());
    // SAFETY: NULL or live: the caller's duty.
    let release = unsafe { nd.as_ref() }.and_then(|nd| nd.release);
    if let Some(release) = release {
        // SAFETY: held by the caller, who gives it up.
        unsafe { release(nd) };
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: made by `into_nd_array`, and released once: here, or where it was replaced.
        unsafe { release(self.inner.as_ptr()) };
    }
}

/// A struct over the array, which can be released once.
fn described(array: Array) -> Result<NonNull<AriaNdArray>, Failure> {
    let refused = |array: Box<Array>| {
        Failure::refused(format_args!("expected a dtype that has a notation but found {}", array.dtype()))
    };
    array.into_nd_array().map_err(refused)
}

/// The words and fields of a struct.
fn fields(inner: NonNull<AriaNdArray>) -> AriaNdArray {
    // SAFETY: live: `inner` of a `Held`, or just made. What is copied is plain data, and only `inner` is released.
    unsafe { inner.read() }
}

impl Held {
    /// An array of anybody's memory.
    pub(crate) fn new(array: Array) -> Result<Held, Failure> {
        let array = array.share().unwrap_or_else(|array| array);
        let inner = described(array.clone())?;
        Ok(Held { nd: fields(inner), inner, body: Body::Fixed(array), left: None, plan: None })
    }

    /// An array in memory that was just made: it is written where it lies, without a copy, if it can be.
    pub(crate) fn fresh(array: Array) -> Result<Held, Failure> {
        let words = array.ndim() == 1 && matches!(*array.dtype(), DType::I64 | DType::F64);
        if words && array.validity().is_none() && array.layout().is_c_contiguous() {
            let len = array.len();
            return Held::growing(array, len);
        }
        Held::new(array)
    }

    /// An array with one axis of `len` elements, which has room for as many as `storage` has.
    fn growing(storage: Array, len: usize) -> Result<Held, Failure> {
        let mut held = Held::new(storage)?;
        if let Body::Fixed(storage) = &held.body {
            held.body = Body::Growing(storage.clone(), Extent::new(0));
            held.set_len(len);
        }
        Ok(held)
    }

    /// Writes the number of elements of what can grow, to the words too.
    fn set_len(&mut self, len: usize) {
        let Body::Growing(_, extent) = &mut self.body else { return };
        let len = len as i64;
        extent.set(len);
        (self.nd.length, self.nd.capacity, self.nd.shape) = (len, len, extent.0.as_ptr());
    }

    pub(crate) fn with_plan(mut self, plan: Plan) -> Held {
        self.plan = Some(plan);
        self
    }

    /// The array as it is now. **Zero-copy.**
    pub(crate) fn array(&self) -> Result<Array, Failure> {
        match &self.body {
            Body::Fixed(array) => Ok(array.clone()),
            Body::Growing(storage, _) => Ok(storage.slice(0, Slice { start: 0, len: self.len(), step: 1 })?),
        }
    }

    /// Number of elements.
    fn len(&self) -> usize {
        match &self.body {
            Body::Fixed(array) => array.len(),
            Body::Growing(_, extent) => extent.get().unsigned_abs() as usize,
        }
    }

    /// Elements that fit without another allocation.
    fn room(&self) -> usize {
        match &self.body {
            Body::Fixed(_) => self.len(),
            Body::Growing(storage, _) => storage.len(),
        }
    }

    fn dtype(&self) -> &DType {
        match &self.body {
            Body::Fixed(array) | Body::Growing(array, _) => array.dtype(),
        }
    }

    /// Other hands that hold this memory: exports, retained handles.
    fn others(&self) -> usize {
        match &self.body {
            Body::Fixed(array) | Body::Growing(array, _) => array.exports().saturating_sub(1),
        }
    }

    /// Puts other memory behind this handle.
    fn replace(&mut self, mut other: Held) {
        core::mem::swap(&mut self.inner, &mut other.inner);
        core::mem::swap(&mut self.body, &mut other.body);
        if let (Body::Growing(_, now), Body::Growing(_, before)) = (&mut self.body, &mut other.body) {
            // The shape of what grew already stays where it was.
            before.set(now.get());
            core::mem::swap(now, before);
        }
        let (owner, release) = (self.nd.owner, self.nd.release);
        self.nd = AriaNdArray { owner, release, ..fields(self.inner) };
        self.set_len(self.len());
        self.left = Some(Box::new(other));
    }

    /// Makes sure that there is room for `room` elements in memory that is our own and nobody else's, with one axis of
    /// int64 or float64. **Copies** where that is not so: foreign and exported memory stays as it is.
    fn own(&mut self, room: usize) -> Result<(), Failure> {
        if matches!(self.body, Body::Growing(..)) && self.others() == 0 && room <= self.room() {
            return Ok(());
        }
        let array = self.array()?;
        if !matches!(*array.dtype(), DType::I64 | DType::F64) || array.ndim() != 1 {
            return Err(Failure::refused(format_args!(
                "expected one axis of int64 or float64, which can grow and be written, but found {}; \
                 fix: aria_nd_cast, aria_nd_reshape",
                aria_array_bridge::array::describe(&array)
            )));
        }
        if array.null_count() > 0 {
            let nulls = array.null_count();
            return Err(Failure::refused(format_args!("expected no nulls but found {nulls}; fix: fill them first")));
        }
        let room = room.max(array.len());
        let storage = Array::zeros(array.dtype().clone(), &[room], Order::C)?;
        let storage = storage.share().unwrap_or_else(|storage| storage);
        // SAFETY: room for at least as many elements, just made, 64-byte aligned, and nobody else's.
        let place = unsafe { slice::from_raw_parts_mut(storage.as_ptr().cast(), array.nbytes()) };
        array.copy_to(place)?;
        self.replace(Held::growing(storage, array.len())?);
        Ok(())
    }

    /// Gives the array to the C program.
    pub(crate) fn hand_out(mut self) -> *mut AriaNdArray {
        self.left = None;
        let held = Box::into_raw(Box::new(self));
        // SAFETY: just leaked, and nobody else knows it.
        let place = unsafe { &mut *held };
        (place.nd.owner, place.nd.release) = (held.cast(), Some(RELEASE));
        scope::register(held.cast(), release_in_scope);
        held.cast()
    }
}

impl Give for Held {
    type C = *mut AriaNdArray;
    fn give(self) -> *mut AriaNdArray {
        self.hand_out()
    }
}

/// An array that a C caller passed: NULL or live.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct NdIn(*mut AriaNdArray);

c_types! {
    NdIn = "AriaNdArray *" 'p';
    *mut AriaNdArray = "AriaNdArray *" 'p';
}

impl NdIn {
    /// The struct, for its own functions alone.
    pub(crate) fn as_ptr(self) -> *mut AriaNdArray {
        self.0
    }

    /// Looks at an array of this library, or changes it.
    pub(crate) fn with<R>(self, work: impl FnOnce(&mut Held) -> Result<R, Failure>) -> Result<R, Failure> {
        let release = match NonNull::new(self.0) {
            None => return Err(Failure::argument("expected an array but found NULL")),
            // SAFETY: a live struct: the promise of the C caller. The field keeps its place in every version.
            Some(nd) => unsafe { (*nd.as_ptr()).release },
        };
        match release {
            None => return Err(Failure::argument("expected a live array but found one that was released")),
            Some(release) if ptr::fn_addr_eq(release, RELEASE) => {}
            Some(_) => {
                return Err(Failure::argument(
                    "expected an array of this library but found another's; fix: aria_nd_adopt takes it over",
                ));
            }
        }
        // SAFETY: of `Held::hand_out`, as its release function says; live, and used by one thread at a time: the promise of
        // the C caller. `work` gets no pointer to it, and calls no function of the program.
        let held = unsafe { &mut *self.0.cast::<Held>() };
        let answer = work(held);
        // Dropped when the reference has ended.
        drop(held.left.take());
        answer
    }

    /// The array. **Zero-copy.**
    pub(crate) fn array(self) -> Result<Array, Failure> {
        self.with(|held| held.array())
    }
}

/// Says whether writing is refused: nobody may, or this handle may not.
fn refuse_readonly(array: &Array) -> Result<(), Failure> {
    if array.is_readonly() || array.access() == Access::Frozen {
        return Err(Failure::refused("expected an array that may be written but found a read-only one"));
    }
    Ok(())
}
