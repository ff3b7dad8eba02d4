//! Streams: [`OwnedStream`] asks a foreign one, [`export_stream`] answers as one.

use crate::abi::{ArrowArrayStream, ArrowDeviceArrayStream, ArrowSchema};
use crate::array::OwnedArray;
use crate::error::{ArrowError, Problem};
use crate::field::Field;
use crate::kind::{Functions, StreamStruct};
use crate::schema::OwnedSchema;
use crate::unwind::caught;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::fmt;
use core::ptr::{self, NonNull};
use std::ffi::CString;

/// Why a stream gives no more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// The producer failed.
    Producer {
        /// What it was asked for.
        during: &'static str,
        /// Its `errno`.
        code: i32,
        /// Its own words; empty if it has none.
        text: String,
    },
    /// What the producer gave is no sound struct.
    Struct(ArrowError),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamError::Producer { during, code, text } if text.is_empty() => {
                write!(f, "the stream failed to give {during}: error {code}, without a text")
            }
            StreamError::Producer { during, text, .. } => write!(f, "the stream failed to give {during}: {text}"),
            StreamError::Struct(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for StreamError {}

impl From<ArrowError> for StreamError {
    fn from(error: ArrowError) -> StreamError {
        StreamError::Struct(error)
    }
}

/// A foreign stream that was taken over, and is released once.
///
/// After its end the producer is not asked for arrays again, and after an error for nothing (K-A20).
///
/// # Invariants
///
/// 1. The struct is live: `release` is not NULL, and nobody else calls it.
#[derive(Debug)]
pub struct OwnedStream<S: StreamStruct = ArrowArrayStream> {
    stream: S,
    over: bool,
    failure: Option<StreamError>,
}

/// A foreign stream whose arrays say their device.
pub type OwnedDeviceStream = OwnedStream<ArrowDeviceArrayStream>;

// SAFETY: the C stream interfaces tie a struct to no thread. It is asked by one at a time: asking takes `&mut`.
unsafe impl<S: StreamStruct> Send for OwnedStream<S> {}

impl<S: StreamStruct> OwnedStream<S> {
    /// Moves a stream out of foreign memory, which keeps a struct that is marked as released.
    ///
    /// # Errors
    ///
    /// There is nothing to take, or a function is missing; then it is released.
    ///
    /// # Safety
    ///
    /// `stream` points to a struct that keeps to the C stream interface, may be read and written, and that nobody else
    /// reads, writes or releases meanwhile.
    pub unsafe fn take(stream: NonNull<S>) -> Result<OwnedStream<S>, ArrowError> {
        // SAFETY: readable and writable: the caller's duty.
        let stream = unsafe { stream.replace(S::released()) };
        let there = stream.functions();
        if there.release.is_none() {
            return Err(Problem::Released { what: S::NAME }.at(""));
        }
        let owned = OwnedStream::live(stream);
        let functions = [
            (there.get_schema.is_some(), "a function get_schema"),
            (there.get_next.is_some(), "a function get_next"),
            (there.get_last_error.is_some(), "a function get_last_error"),
        ];
        match functions.into_iter().find(|(there, _)| !there) {
            Some((_, what)) => Err(Problem::Null { what }.at("")),
            None => Ok(owned),
        }
    }

    fn live(stream: S) -> OwnedStream<S> {
        OwnedStream { stream, over: false, failure: None }
    }

    /// What the stream's arrays are.
    ///
    /// # Errors
    ///
    /// The producer's own, with its text; a schema that is not sound; what the stream failed with before.
    pub fn schema(&mut self) -> Result<Field, StreamError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let Some(get_schema) = self.stream.functions().get_schema else {
            return Err(Problem::Null { what: "get_schema" }.at("").into());
        };
        let mut schema = ArrowSchema::released();
        // SAFETY: live: invariant 1; the out-parameter may be written.
        let code = unsafe { get_schema(&raw mut self.stream, &raw mut schema) };
        if code != 0 {
            return Err(self.failed("its schema", code));
        }
        // SAFETY: the producer gave the struct to us, and keeps to the interface.
        let schema = unsafe { OwnedSchema::take(NonNull::from(&mut schema)) };
        schema.and_then(|schema| schema.field()).map_err(|error| self.fails(error.into()))
    }

    /// The next array, unchecked; `None` at the end, and ever after.
    ///
    /// # Errors
    ///
    /// The producer's own, with its text.
    #[allow(clippy::should_implement_trait, reason = "a Result of an Option, to be asked with `?`")]
    pub fn next(&mut self) -> Result<Option<S::Owned>, StreamError> {
        let Some(get_next) = self.stream.functions().get_next.filter(|_| !self.over) else { return Ok(None) };
        let mut array = S::no_array();
        // SAFETY: live: invariant 1; the out-parameter may be written.
        let code = unsafe { get_next(&raw mut self.stream, &raw mut array) };
        if code != 0 {
            return Err(self.failed("its next array", code));
        }
        // A released array is the end.
        let array = S::taken(array);
        self.over = array.is_none();
        Ok(array)
    }

    /// Ends the stream, and reads the producer's text at once: it lives until the next call (K-A20).
    fn failed(&mut self, during: &'static str, code: c_int) -> StreamError {
        let text = match self.stream.functions().get_last_error {
            // SAFETY: live: invariant 1.
            Some(get_last_error) => unsafe { get_last_error(&raw mut self.stream) },
            None => ptr::null(),
        };
        let text = if text.is_null() {
            String::new()
        } else {
            // SAFETY: NUL-terminated and alive until the next call: the interface.
            unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
        };
        self.fails(StreamError::Producer { during, code, text })
    }

    fn fails(&mut self, failure: StreamError) -> StreamError {
        self.over = true;
        self.failure.insert(failure).clone()
    }

    /// The struct itself, for whoever will release it.
    #[must_use]
    pub fn into_raw(self) -> S {
        let stream = core::mem::ManuallyDrop::new(self);
        // SAFETY: moved out of a value that is never dropped.
        unsafe { ptr::from_ref(&stream.stream).read() }
    }
}

impl<S: StreamStruct> Drop for OwnedStream<S> {
    fn drop(&mut self) {
        if let Some(release) = self.stream.functions().release {
            // SAFETY: live, and released once: this is the drop (invariant 1).
            unsafe { release(&raw mut self.stream) };
        }
    }
}

/// A failure of a [`BatchSource`].
#[derive(Clone, Debug)]
pub struct Failure {
    /// An `errno` other than 0.
    pub code: i32,
    /// What to tell the consumer.
    pub text: String,
}

impl Failure {
    /// A failure for a reason that has no `errno` of its own: `EINVAL`.
    pub fn new(text: impl Into<String>) -> Failure {
        Failure { code: EINVAL, text: text.into() }
    }
}

const EINVAL: c_int = 22;

/// Where the arrays of an exported stream come from. Used by one thread at a time, not always the same.
pub trait BatchSource: Send + 'static {
    /// What the arrays are.
    ///
    /// # Errors
    ///
    /// Why that cannot be said.
    fn schema(&mut self) -> Result<OwnedSchema, Failure>;

    /// The next array; `None` at the end. Not asked again after the end; after a failure nothing is.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn next(&mut self) -> Result<Option<OwnedArray>, Failure>;
}

struct Exported {
    source: Box<dyn BatchSource>,
    over: bool,
    /// What every answer is after a failure, so that no consumer takes a failure for the end.
    failed: Option<c_int>,
    last_error: Option<CString>,
}

/// A stream that asks `source`, and drops it when it is released. A panic in the source becomes the stream's error.
#[must_use]
pub fn export_stream(source: Box<dyn BatchSource>) -> OwnedStream {
    export_as(source)
}

/// As [`export_stream`], for a consumer that asks for devices: the arrays lie in memory of the host.
#[must_use]
pub fn export_device_stream(source: Box<dyn BatchSource>) -> OwnedDeviceStream {
    export_as(source)
}

fn export_as<S: StreamStruct>(source: Box<dyn BatchSource>) -> OwnedStream<S> {
    let exported = Box::new(Exported { source, over: false, failed: None, last_error: None });
    let functions = Functions {
        get_schema: Some(get_schema::<S>),
        get_next: Some(get_next::<S>),
        get_last_error: Some(get_last_error::<S>),
        release: Some(release::<S>),
    };
    OwnedStream::live(S::made(functions, Box::into_raw(exported).cast::<c_void>()))
}

impl Exported {
    /// # Safety
    ///
    /// `stream` is a live struct that [`export_as`] made, and nobody else uses it meanwhile.
    unsafe fn of<'a, S: StreamStruct>(stream: *mut S) -> &'a mut Exported {
        // SAFETY: live: the caller's duty. The borrow ends here.
        let data = unsafe { &*stream }.private_data();
        // SAFETY: the box that `export_as` leaked, used by nobody else: the caller's duty.
        unsafe { &mut *data.cast::<Exported>() }
    }

    fn answer<T>(&mut self, ask: impl FnOnce(&mut dyn BatchSource) -> Result<T, Failure>) -> Result<T, c_int> {
        if let Some(code) = self.failed {
            return Err(code);
        }
        let failure = match caught(|| ask(&mut *self.source)) {
            Some(Ok(value)) => return Ok(value),
            Some(Err(failure)) => failure,
            None => Failure::new("the producer panicked"),
        };
        let text: Vec<u8> = failure.text.into_bytes().into_iter().filter(|byte| *byte != 0).collect();
        self.last_error = CString::new(text).ok();
        let code = if failure.code == 0 { EINVAL } else { failure.code };
        self.failed = Some(code);
        Err(code)
    }
}

/// # Safety
///
/// As the C stream interface says of `get_schema`.
unsafe extern "C" fn get_schema<S: StreamStruct>(stream: *mut S, out: *mut ArrowSchema) -> c_int {
    // SAFETY: the caller's duty.
    let exported = unsafe { Exported::of(stream) };
    match exported.answer(|source| source.schema()) {
        Ok(schema) => {
            // SAFETY: the out-parameter may be written: the interface.
            unsafe { out.write(schema.into_raw()) };
            0
        }
        Err(code) => code,
    }
}

/// # Safety
///
/// As the C stream interface says of `get_next`.
unsafe extern "C" fn get_next<S: StreamStruct>(stream: *mut S, out: *mut S::Array) -> c_int {
    // SAFETY: the caller's duty.
    let exported = unsafe { Exported::of(stream) };
    let next = if exported.over { Ok(None) } else { exported.answer(|source| source.next()) };
    match next {
        Ok(array) => {
            exported.over = array.is_none();
            let array = array.map_or_else(S::no_array, S::given);
            // SAFETY: the out-parameter may be written: the interface.
            unsafe { out.write(array) };
            0
        }
        Err(code) => code,
    }
}

/// # Safety
///
/// As the C stream interface says of `get_last_error`.
unsafe extern "C" fn get_last_error<S: StreamStruct>(stream: *mut S) -> *const c_char {
    // SAFETY: the caller's duty.
    let exported = unsafe { Exported::of(stream) };
    exported.last_error.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

/// # Safety
///
/// `stream` is a live struct that [`export_as`] made; called once.
unsafe extern "C" fn release<S: StreamStruct>(stream: *mut S) {
    // SAFETY: live and exclusive: the interface. What is left is marked as released.
    let stream = unsafe { stream.replace(S::released()) };
    // SAFETY: the box that `export_as` leaked, taken back once.
    let exported = unsafe { Box::from_raw(stream.private_data().cast::<Exported>()) };
    caught(|| drop(exported));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Node;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Arc;

    /// Counts down, then ends as it is told, and counts what it is asked.
    struct Countdown {
        left: usize,
        end: fn() -> Result<Option<OwnedArray>, Failure>,
        asked: Arc<AtomicUsize>,
    }

    impl BatchSource for Countdown {
        fn schema(&mut self) -> Result<OwnedSchema, Failure> {
            Ok(Field::new("", "n").to_schema())
        }

        fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.left == 0 {
                return (self.end)();
            }
            self.left -= 1;
            let node = Node { length: self.left, null_count: Some(self.left), ..Node::default() };
            // SAFETY: nulls have no buffers.
            Ok(Some(unsafe { node.export(Arc::new(())) }))
        }
    }

    fn stream(end: fn() -> Result<Option<OwnedArray>, Failure>) -> (OwnedStream, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let source = Countdown { left: 2, end, asked: asked.clone() };
        (export_stream(Box::new(source)), asked)
    }

    #[test]
    fn a_stream_gives_its_arrays_and_ends_once() {
        let (mut stream, asked) = stream(|| Ok(None));
        assert_eq!(stream.schema().unwrap().format(), "n");
        let lengths: Vec<_> =
            core::iter::from_fn(|| stream.next().unwrap()).map(|array| array.as_raw().length).collect();
        assert_eq!(lengths, [1, 0]);
        assert!(stream.next().unwrap().is_none());
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn an_error_has_the_producers_text_and_ends_the_stream() {
        let (mut stream, asked) = stream(|| Err(Failure { code: 5, text: "disk\0 gone".into() }));
        stream.next().unwrap();
        stream.next().unwrap();
        let error = stream.next().unwrap_err();
        assert_eq!(error.to_string(), "the stream failed to give its next array: disk gone");
        assert!(stream.next().unwrap().is_none());
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_panic_is_an_error() {
        let (mut stream, _) = stream(|| panic!("inside"));
        stream.next().unwrap();
        stream.next().unwrap();
        assert!(stream.next().unwrap_err().to_string().ends_with("the producer panicked"));
    }
}
