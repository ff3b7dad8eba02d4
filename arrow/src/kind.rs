//! The structs of streams: one whose arrays lie in memory of the host, one whose arrays say their device.
//!
//! They differ in the struct that an array is written to. What is asked of a stream, and how it answers, is `stream`'s.

use crate::abi::{ArrowArray, ArrowArrayStream, ArrowDeviceArray, ArrowDeviceArrayStream, ArrowSchema};
use crate::array::OwnedArray;
use crate::device::{DEVICE_CPU, OwnedDeviceArray};
use core::ffi::{c_char, c_int, c_void};
use core::fmt::Debug;

/// The functions of a stream, any of which a liar leaves out.
#[derive(Debug)]
#[allow(missing_docs, reason = "named and explained by the specification")]
pub struct Functions<S: StreamStruct> {
    pub get_schema: Option<unsafe extern "C" fn(*mut S, *mut ArrowSchema) -> c_int>,
    pub get_next: Option<unsafe extern "C" fn(*mut S, *mut S::Array) -> c_int>,
    pub get_last_error: Option<unsafe extern "C" fn(*mut S) -> *const c_char>,
    pub release: Option<unsafe extern "C" fn(*mut S)>,
}

mod sealed {
    pub trait Sealed {}
}

/// A struct of the C stream interface: [`ArrowArrayStream`] or [`ArrowDeviceArrayStream`].
pub trait StreamStruct: sealed::Sealed + Debug + Sized + 'static {
    /// How errors call it.
    const NAME: &'static str;
    /// What an array is written to.
    type Array;
    /// An array that was taken over.
    type Owned;

    /// A struct of these functions, whose arrays lie in memory of the host.
    #[doc(hidden)]
    fn made(functions: Functions<Self>, private_data: *mut c_void) -> Self;
    #[doc(hidden)]
    fn functions(&self) -> Functions<Self>;
    #[doc(hidden)]
    fn private_data(&self) -> *mut c_void;
    /// A struct that is marked as released.
    #[doc(hidden)]
    fn no_array() -> Self::Array;
    /// The array that a producer wrote; `None` for the end.
    #[doc(hidden)]
    fn taken(array: Self::Array) -> Option<Self::Owned>;
    /// An array of the host as it is written.
    #[doc(hidden)]
    fn given(array: OwnedArray) -> Self::Array;

    /// A struct that is marked as released.
    #[doc(hidden)]
    fn released() -> Self {
        let none = Functions { get_schema: None, get_next: None, get_last_error: None, release: None };
        Self::made(none, core::ptr::null_mut())
    }
}

impl sealed::Sealed for ArrowArrayStream {}

impl StreamStruct for ArrowArrayStream {
    const NAME: &'static str = "ArrowArrayStream";
    type Array = ArrowArray;
    type Owned = OwnedArray;

    fn made(functions: Functions<Self>, private_data: *mut c_void) -> Self {
        let Functions { get_schema, get_next, get_last_error, release } = functions;
        ArrowArrayStream { get_schema, get_next, get_last_error, release, private_data }
    }

    fn functions(&self) -> Functions<Self> {
        let ArrowArrayStream { get_schema, get_next, get_last_error, release, .. } = *self;
        Functions { get_schema, get_next, get_last_error, release }
    }

    fn private_data(&self) -> *mut c_void {
        self.private_data
    }

    fn no_array() -> ArrowArray {
        ArrowArray::released()
    }

    fn taken(array: ArrowArray) -> Option<OwnedArray> {
        OwnedArray::live(array)
    }

    fn given(array: OwnedArray) -> ArrowArray {
        array.into_raw()
    }
}

impl sealed::Sealed for ArrowDeviceArrayStream {}

impl StreamStruct for ArrowDeviceArrayStream {
    const NAME: &'static str = "ArrowDeviceArrayStream";
    type Array = ArrowDeviceArray;
    type Owned = OwnedDeviceArray;

    fn made(functions: Functions<Self>, private_data: *mut c_void) -> Self {
        let Functions { get_schema, get_next, get_last_error, release } = functions;
        let device_type = DEVICE_CPU;
        ArrowDeviceArrayStream { device_type, get_schema, get_next, get_last_error, release, private_data }
    }

    fn functions(&self) -> Functions<Self> {
        let ArrowDeviceArrayStream { get_schema, get_next, get_last_error, release, .. } = *self;
        Functions { get_schema, get_next, get_last_error, release }
    }

    fn private_data(&self) -> *mut c_void {
        self.private_data
    }

    fn no_array() -> ArrowDeviceArray {
        ArrowDeviceArray::released()
    }

    fn taken(array: ArrowDeviceArray) -> Option<OwnedDeviceArray> {
        let ArrowDeviceArray { array, device_id: id, device_type: kind, sync_event, .. } = array;
        OwnedArray::live(array).map(|array| OwnedDeviceArray { array, kind, id, sync_event })
    }

    fn given(array: OwnedArray) -> ArrowDeviceArray {
        OwnedDeviceArray::of_host(array).into_raw()
    }
}
