//! Streams that fail, end and lie; K-A20.

use crate::liar::{Liar, SaysArray, SaysSchema, field};
use aria_arrow::abi::{ArrowArray, ArrowArrayStream, ArrowSchema};
use aria_arrow::{BatchSource, Failure, OwnedArray, OwnedSchema, OwnedStream, Problem, StreamError, export_stream};
use std::collections::VecDeque;
use std::ffi::{CStr, c_char, c_int};
use std::ptr::{NonNull, null};
use std::sync::Arc;

/// What a stream does, and what was asked of it.
struct Script {
    liar: Liar,
    schema: Result<SaysSchema, c_int>,
    /// `Ok(None)` is the end; what is asked behind the last answer is the end too.
    arrays: VecDeque<Result<Option<SaysArray>, c_int>>,
    error: Option<&'static CStr>,
    asked: Vec<&'static str>,
}

impl Script {
    fn new(arrays: impl IntoIterator<Item = Result<Option<SaysArray>, c_int>>) -> Script {
        let arrays = arrays.into_iter().collect();
        Script { liar: Liar::new(), schema: Ok(SaysSchema::default()), arrays, error: None, asked: Vec::new() }
    }

    /// The script of a stream, wherever the struct lies.
    fn of<'a>(stream: *mut ArrowArrayStream, asked: &'static str) -> &'a mut Script {
        // SAFETY: a live struct of `run`.
        let script = unsafe { (*stream).private_data };
        // SAFETY: it lives while `run` does, and one function runs at a time.
        let script = unsafe { &mut *script.cast::<Script>() };
        script.asked.push(asked);
        script
    }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    let script = Script::of(stream, "get_schema");
    match std::mem::replace(&mut script.schema, Ok(SaysSchema::default())) {
        Ok(says) => {
            let schema = script.liar.schema(says);
            // SAFETY: in the arena; handed over once.
            let schema = unsafe { schema.replace(ArrowSchema::released()) };
            // SAFETY: the out-parameter may be written.
            unsafe { out.write(schema) };
            0
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    let script = Script::of(stream, "get_next");
    let array = match script.arrays.pop_front().unwrap_or(Ok(None)) {
        Ok(None) => ArrowArray::released(),
        Ok(Some(says)) => {
            let array = script.liar.array(says);
            // SAFETY: in the arena; handed over once.
            unsafe { array.replace(ArrowArray::released()) }
        }
        Err(code) => return code,
    };
    // SAFETY: the out-parameter may be written.
    unsafe { out.write(array) };
    0
}

unsafe extern "C" fn get_last_error(stream: *mut ArrowArrayStream) -> *const c_char {
    Script::of(stream, "get_last_error").error.map_or(null(), |text| text.as_ptr())
}

unsafe extern "C" fn release(stream: *mut ArrowArrayStream) {
    Script::of(stream, "release");
    // SAFETY: live and exclusive.
    unsafe { (*stream).release = None };
}

/// Runs a script, as the tests change its struct; returns what was asked, the release among it.
fn run(
    script: Script,
    change: impl FnOnce(&mut ArrowArrayStream),
    test: impl FnOnce(Result<OwnedStream, Problem>),
) -> Vec<&'static str> {
    let script = Box::into_raw(Box::new(script));
    let mut stream = ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release),
        private_data: script.cast(),
    };
    change(&mut stream);
    // SAFETY: live unless the test says otherwise, and this function's alone.
    let taken = unsafe { OwnedStream::take(NonNull::from(&mut stream)) };
    assert!(stream.release.is_none(), "what was taken is marked as released");
    test(taken.map_err(|error| error.problem));
    // SAFETY: from a box; the stream is gone.
    let script = unsafe { Box::from_raw(script) };
    script.liar.assert_released_once();
    script.asked
}

fn play(script: Script, test: impl FnOnce(OwnedStream)) -> Vec<&'static str> {
    run(script, |_| (), |stream| test(stream.unwrap()))
}

#[test]
fn a_stream_gives_its_schema_and_arrays_and_is_released_once() {
    let asked =
        play(Script::new([Ok(Some(SaysArray::default())), Ok(None), Ok(Some(SaysArray::default()))]), |mut stream| {
            assert_eq!(stream.schema().unwrap(), field("g"));
            assert!(stream.next().unwrap().unwrap().check(Arc::new(field("g"))).is_ok());
            for _ in 0..3 {
                assert!(stream.next().unwrap().is_none(), "the end is the end");
            }
            assert_eq!(stream.schema().unwrap(), field("g"), "what the arrays are may be asked at any time");
        });
    assert_eq!(asked, ["get_schema", "get_next", "get_next", "get_schema", "release"]);
}

#[test]
fn a_released_stream_is_refused_and_not_released_again() {
    let asked = run(
        Script::new([]),
        |stream| stream.release = None,
        |taken| {
            assert_eq!(taken.unwrap_err(), Problem::Released { what: "ArrowArrayStream" });
        },
    );
    assert!(asked.is_empty());
}

#[test]
fn a_missing_function_is_refused_by_name_and_the_stream_released_once() {
    type Change = fn(&mut ArrowArrayStream);
    let changes: [(Change, &str); 3] = [
        (|stream| stream.get_schema = None, "a function get_schema"),
        (|stream| stream.get_next = None, "a function get_next"),
        (|stream| stream.get_last_error = None, "a function get_last_error"),
    ];
    for (change, what) in changes {
        let asked = run(Script::new([]), change, |taken| {
            assert_eq!(taken.unwrap_err(), Problem::Null { what });
        });
        assert_eq!(asked, ["release"]);
    }
}

#[test]
fn an_error_has_its_text_its_code_and_ends_the_stream() {
    let texts: [(Option<&CStr>, &str); 4] = [
        (Some(c"disk gone"), "the stream failed to give its next array: disk gone"),
        (Some(c"\xFFdisk"), "the stream failed to give its next array: \u{FFFD}disk"),
        (Some(c""), "the stream failed to give its next array: error 5, without a text"),
        (None, "the stream failed to give its next array: error 5, without a text"),
    ];
    for (error, message) in texts {
        let script = Script { error, ..Script::new([Ok(Some(SaysArray::default())), Err(5)]) };
        let asked = play(script, |mut stream| {
            assert!(stream.next().unwrap().is_some());
            let failure = stream.next().unwrap_err();
            assert_eq!(failure.to_string(), message);
            assert!(matches!(failure, StreamError::Producer { code: 5, .. }));
            assert!(stream.next().unwrap().is_none());
            assert_eq!(stream.schema().unwrap_err(), failure, "nothing is asked again, and the reason is kept");
        });
        // The text is asked for before anything else.
        assert_eq!(asked, ["get_next", "get_next", "get_last_error", "release"]);
    }
}

#[test]
fn an_error_instead_of_a_schema_ends_the_stream() {
    let script =
        Script { schema: Err(22), error: Some(c"no columns"), ..Script::new([Ok(Some(SaysArray::default()))]) };
    let asked = play(script, |mut stream| {
        let failure = stream.schema().unwrap_err();
        assert_eq!(failure.to_string(), "the stream failed to give its schema: no columns");
        assert_eq!(stream.schema().unwrap_err(), failure);
        assert!(stream.next().unwrap().is_none());
    });
    assert_eq!(asked, ["get_schema", "get_last_error", "release"]);
}

#[test]
fn a_schema_that_is_not_sound_is_refused_released_and_ends_the_stream() {
    let released = SaysSchema { released: true, ..SaysSchema::default() };
    let bomb = SaysSchema { n_children: Some(i64::MAX), ..SaysSchema::of("+s") };
    for says in [released, bomb, SaysSchema::of("+l")] {
        let script = Script { schema: Ok(says), ..Script::new([Ok(Some(SaysArray::default()))]) };
        let asked = play(script, |mut stream| {
            assert!(matches!(stream.schema(), Err(StreamError::Struct(_))));
            assert!(stream.schema().is_err());
            assert!(stream.next().unwrap().is_none());
        });
        assert_eq!(asked, ["get_schema", "release"]);
    }
}

#[test]
fn an_array_that_is_not_sound_is_refused_by_its_check_and_released_once() {
    play(Script::new([Ok(Some(SaysArray { length: -1, ..SaysArray::default() }))]), |mut stream| {
        let array = stream.next().unwrap().unwrap();
        assert!(array.check(Arc::new(field("g"))).is_err());
    });
}

/// K-A9, K-A23.
#[test]
fn a_stream_works_wherever_it_was_moved() {
    let asked = play(Script::new([Ok(Some(SaysArray::default()))]), |stream| {
        let mut raw = Box::new(stream.into_raw());
        // SAFETY: live, from `into_raw`.
        let mut stream = unsafe { OwnedStream::take(NonNull::from(&mut *raw)) }.unwrap();
        drop(raw);
        assert!(stream.schema().is_ok());
        std::thread::spawn(move || drop(stream)).join().unwrap();
    });
    assert_eq!(asked, ["get_schema", "release"]);
}

/// A source that fails once, and would go on then.
struct Fails {
    schema: bool,
    panics: bool,
    dropped: Arc<()>,
}

impl Fails {
    fn fail<T>(&mut self) -> Result<T, Failure> {
        assert!(!self.panics, "inside of the source");
        Err(Failure { code: 0, text: "gone".into() })
    }
}

impl BatchSource for Fails {
    fn schema(&mut self) -> Result<OwnedSchema, Failure> {
        if std::mem::take(&mut self.schema) { self.fail() } else { Ok(field("n").to_schema()) }
    }

    fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
        self.fail()
    }
}

impl Drop for Fails {
    fn drop(&mut self) {
        assert!(!self.panics || Arc::strong_count(&self.dropped) == 0, "a source that panics in its drop");
    }
}

/// Rule O4. What failed goes on failing: no consumer takes it for the end.
#[test]
fn an_exported_stream_that_failed_repeats_its_error_and_asks_no_more() {
    for (schema, panics) in [(false, false), (true, false), (false, true), (true, true)] {
        let dropped = Arc::new(());
        let mut raw = export_stream(Box::new(Fails { schema, panics, dropped: dropped.clone() })).into_raw();
        let (mut out, mut array) = (ArrowSchema::released(), ArrowArray::released());
        let (get_schema, get_next, get_last_error) =
            (raw.get_schema.unwrap(), raw.get_next.unwrap(), raw.get_last_error.unwrap());
        // SAFETY: live; the out-parameters may be written.
        let first = unsafe { get_schema(&raw mut raw, &raw mut out) };
        assert_eq!(first != 0, schema);
        for _ in 0..2 {
            // SAFETY: as above.
            let code = unsafe { get_next(&raw mut raw, &raw mut array) };
            assert_eq!(code, 22, "a code of 0 would be no failure");
            // SAFETY: live.
            let text = unsafe { get_last_error(&raw mut raw) };
            // SAFETY: NUL-terminated, until the next call.
            let text = unsafe { CStr::from_ptr(text) };
            assert_eq!(text, if panics { c"the producer panicked" } else { c"gone" });
        }
        // SAFETY: as above.
        let given = unsafe { OwnedSchema::take(NonNull::from(&mut out)) };
        assert_eq!(given.is_ok(), !schema);
        // SAFETY: as above.
        assert_eq!(unsafe { get_schema(&raw mut raw, &raw mut out) }, 22);
        assert!(array.release.is_none() && out.release.is_none());
        // SAFETY: live, from `into_raw`.
        drop(unsafe { OwnedStream::take(NonNull::from(&mut raw)) });
        assert_eq!(Arc::strong_count(&dropped), 1, "the source is dropped, even if that panics");
    }
}
