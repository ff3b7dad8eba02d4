//! Arrow's capsules: moving the struct out of one (rule O1).
//!
//! Capsules are looked at unconsumed: kind, name, a pointer, a struct that is live. Only when all of them are sound are the
//! structs moved out, and marked as released where they lay; what is refused later is released by us.

use super::foreign::Foreign;
use crate::class;
use aria_array_bridge::Device;
use aria_array_bridge::convert::arrow::reason;
use aria_array_bridge::plan::Reason;
use aria_array_bridge::table::{ArrayStream, device_of};
use aria_arrow::abi::{ArrowArray, ArrowArrayStream, ArrowDeviceArray, ArrowDeviceArrayStream, ArrowSchema};
use aria_arrow::{ArrowError, OwnedArray, OwnedDeviceArray, OwnedDeviceStream, OwnedSchema, OwnedStream, capsule};
use core::ffi::{CStr, c_void};
use core::ptr::NonNull;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::PyTuple;

/// An array, and where its buffers lie.
pub(crate) struct Given {
    pub(crate) schema: Foreign<OwnedSchema>,
    pub(crate) array: Foreign<OwnedArray>,
    /// Type and number of the device, and whether there is an event to wait for; none for an array that knows of no devices.
    device: Option<(i32, i64, bool)>,
}

impl Given {
    /// The device that the array says it lies on, if it says one.
    ///
    /// # Errors
    ///
    /// Numbers of no device; an event to wait for.
    pub(crate) fn device(&self) -> Result<Option<Device>, Reason> {
        self.device.map(|(kind, id, event)| device_of(kind, id, event)).transpose()
    }
}

/// Takes a schema and an array out of the pair of capsules that a producer answers with. **Zero-copy.**
///
/// # Errors
///
/// What is no such pair. Both stay as they were.
pub(crate) fn pair(answer: &Bound<'_, PyAny>) -> Result<Given, Reason> {
    const WANTED: &str = "a pair of capsules, arrow_schema and arrow_array";
    let pair =
        answer.cast::<PyTuple>().map_err(|_| malformed(format!("expected {WANTED} but found {}", kind(answer))))?;
    if pair.len() != 2 {
        return Err(malformed(format!("expected {WANTED} but found a tuple of {}", pair.len())));
    }
    let part = |i| pair.get_item(i).map_err(|_| malformed(format!("expected {WANTED} but found less")));
    let (schema, array) = (part(0)?, part(1)?);
    with_critical_section(&schema, || {
        let schema = Content::<ArrowSchema>::of(&schema, capsule::SCHEMA)?;
        with_critical_section(&array, || {
            if is_called(&array, capsule::DEVICE_ARRAY) {
                let array = Content::<ArrowDeviceArray>::of(&array, capsule::DEVICE_ARRAY)?;
                let (schema, given) = (schema.take()?, array.take()?);
                let OwnedDeviceArray { array, kind, id, sync_event } = given.into_inner();
                let device = Some((kind, id, !sync_event.is_null()));
                return Ok(Given { schema, array: Foreign::new(array), device });
            }
            let array = Content::<ArrowArray>::of(&array, capsule::ARRAY)?;
            Ok(Given { schema: schema.take()?, array: array.take()?, device: None })
        })
    })
}

/// Takes a stream out of a capsule: one of arrays, or one of arrays that say their device.
///
/// # Errors
///
/// What is no such capsule, and stays as it was; a stream that lacks a function, which is released.
pub(crate) fn stream(answer: &Bound<'_, PyAny>) -> Result<Foreign<ArrayStream>, Reason> {
    with_critical_section(answer, || {
        if is_called(answer, capsule::DEVICE_STREAM) {
            let stream = Content::<ArrowDeviceArrayStream>::of(answer, capsule::DEVICE_STREAM)?.take()?;
            return Ok(Foreign::new(stream.into_inner().into()));
        }
        let stream = Content::<ArrowArrayStream>::of(answer, capsule::STREAM)?.take()?;
        Ok(Foreign::new(stream.into_inner().into()))
    })
}

/// Takes a schema out of a capsule.
///
/// # Errors
///
/// What is no such capsule, and stays as it was.
pub(crate) fn schema(answer: &Bound<'_, PyAny>) -> Result<Foreign<OwnedSchema>, Reason> {
    with_critical_section(answer, || Content::<ArrowSchema>::of(answer, capsule::SCHEMA)?.take())
}

/// A struct that Arrow's capsules hold.
trait Struct: Sized {
    /// How messages call it.
    const NAME: &'static str;
    /// What is made of it.
    type Owned;

    fn is_live(&self) -> bool;

    /// # Safety
    ///
    /// That of the owned type's `take`.
    unsafe fn take(pointer: NonNull<Self>) -> Result<Self::Owned, ArrowError>;
}

macro_rules! structs {
    ($($raw:ident => $owned:ident, $live:expr;)*) => {$(
        impl Struct for $raw {
            const NAME: &'static str = stringify!($raw);
            type Owned = $owned;

            fn is_live(&self) -> bool {
                let live: fn(&$raw) -> bool = $live;
                live(self)
            }

            unsafe fn take(pointer: NonNull<$raw>) -> Result<$owned, ArrowError> {
                // SAFETY: the caller's duty.
                unsafe { $owned::take(pointer) }
            }
        }
    )*};
}

structs! {
    ArrowSchema => OwnedSchema, |schema| schema.release.is_some();
    ArrowArray => OwnedArray, |array| array.release.is_some();
    ArrowDeviceArray => OwnedDeviceArray, |device| device.array.release.is_some();
    ArrowArrayStream => OwnedStream, |stream| stream.release.is_some();
    ArrowDeviceArrayStream => OwnedDeviceStream, |stream| stream.release.is_some();
}

/// A live struct in a capsule of its name.
struct Content<S>(NonNull<S>);

impl<S: Struct> Content<S> {
    /// Looks into the capsule, unconsumed.
    fn of(capsule: &Bound<'_, PyAny>, name: &CStr) -> Result<Content<S>, Reason> {
        let pointer = pointer(capsule, name)?.cast::<S>();
        // SAFETY: a capsule of this name holds such a struct: Arrow's PyCapsule interface. The caller's section keeps
        // others from changing it; the borrow ends here.
        if !unsafe { pointer.as_ref() }.is_live() {
            let text = format!("expected a live {} but found one that was released, or consumed before", S::NAME);
            return Err(Reason::new("released", "O1", text).hint("ask the producer for a new one"));
        }
        Ok(Content(pointer))
    }

    /// Moves the struct out; what is left in the capsule is marked as released.
    fn take(self) -> Result<Foreign<S::Owned>, Reason> {
        // SAFETY: a live struct of a producer that keeps to the interface, in a capsule whose destructor looks whether it was
        // released; the caller's section keeps others away.
        let owned = unsafe { S::take(self.0) };
        owned.map(Foreign::new).map_err(|error| reason(&error))
    }
}

/// The pointer in a capsule of this name.
fn pointer(capsule: &Bound<'_, PyAny>, name: &CStr) -> Result<NonNull<c_void>, Reason> {
    let wanted = || name.to_string_lossy();
    if !is_called(capsule, name) {
        // SAFETY: attached; a live object.
        if unsafe { ffi::PyCapsule_CheckExact(capsule.as_ptr()) } == 0 {
            return Err(malformed(format!("expected a capsule named {} but found {}", wanted(), kind(capsule))));
        }
        // SAFETY: attached; a capsule, so that it does not raise; NULL means that there is no name.
        let found = unsafe { ffi::PyCapsule_GetName(capsule.as_ptr()) };
        let found = if found.is_null() {
            "one without name".into()
        } else {
            // SAFETY: names of capsules are NUL-terminated and live until the next change of name.
            unsafe { CStr::from_ptr(found) }.to_string_lossy()
        };
        return Err(malformed(format!("expected a capsule named {} but found {found}", wanted())));
    }
    // SAFETY: attached; a capsule of this name, so that it does not raise.
    let pointer = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), name.as_ptr()) };
    NonNull::new(pointer).ok_or_else(|| malformed(format!("expected a struct in {} but found NULL", wanted())))
}

/// True for a capsule of this name.
fn is_called(capsule: &Bound<'_, PyAny>, name: &CStr) -> bool {
    // SAFETY: attached; any object; the name is NUL-terminated. Does not raise.
    unsafe { ffi::PyCapsule_IsValid(capsule.as_ptr(), name.as_ptr()) == 1 }
}

fn kind(object: &Bound<'_, PyAny>) -> String {
    class::of(object)
}

fn malformed(text: String) -> Reason {
    Reason::new("malformed", "C8", text)
}
