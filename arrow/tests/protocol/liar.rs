//! A producer whose structs say whatever a test wants, and who counts how often each of them is released.

use aria_arrow::abi::{ArrowArray, ArrowSchema};
use aria_arrow::{ArrowError, Checked, Field, OwnedArray, OwnedSchema};
use std::ffi::{CString, c_char, c_void};
use std::ptr::{NonNull, null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Memory that lives until the producer is dropped, whatever its release callbacks are told.
#[derive(Default)]
pub(crate) struct Arena(Vec<Box<dyn FnOnce()>>);

impl Arena {
    pub(crate) fn put<T: 'static>(&mut self, value: T) -> *mut T {
        let place = Box::into_raw(Box::new(value));
        // SAFETY: from a box, freed once: by the drop of the arena.
        self.0.push(Box::new(move || drop(unsafe { Box::from_raw(place) })));
        place
    }

    /// NULL for no values.
    pub(crate) fn put_all<T: 'static>(&mut self, values: Vec<T>) -> *mut T {
        if values.is_empty() {
            return null_mut();
        }
        let place = Box::into_raw(values.into_boxed_slice());
        // SAFETY: as above.
        self.0.push(Box::new(move || drop(unsafe { Box::from_raw(place) })));
        place.cast()
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|free| free());
    }
}

/// What both structs have in common.
pub(crate) trait Struct: Sized + 'static {
    fn release(&mut self) -> &mut Option<unsafe extern "C" fn(*mut Self)>;
    fn private(&self) -> *mut c_void;
}

impl Struct for ArrowSchema {
    fn release(&mut self) -> &mut Option<unsafe extern "C" fn(*mut Self)> {
        &mut self.release
    }

    fn private(&self) -> *mut c_void {
        self.private_data
    }
}

impl Struct for ArrowArray {
    fn release(&mut self) -> &mut Option<unsafe extern "C" fn(*mut Self)> {
        &mut self.release
    }

    fn private(&self) -> *mut c_void {
        self.private_data
    }
}

/// What a release callback finds behind `private_data`; the struct itself may have moved (K-A9).
pub(crate) struct Private<S> {
    calls: Arc<AtomicUsize>,
    below: Vec<*mut S>,
}

/// Counts, and releases what nobody moved away from below (K-A10).
pub(crate) unsafe extern "C" fn release<S: Struct>(this: *mut S) {
    // SAFETY: a struct that a test handed over, to be released by its holder alone.
    let this = unsafe { &mut *this };
    // SAFETY: in the arena of a living producer.
    let private = unsafe { &*this.private().cast::<Private<S>>() };
    private.calls.fetch_add(1, SeqCst);
    for below in &private.below {
        // SAFETY: in the arena too.
        let callback = unsafe { &mut **below }.release().take();
        if let Some(callback) = callback {
            // A struct keeps its callback until it is called, though it is marked as released.
            // SAFETY: live until just now, and called once: it is marked.
            unsafe { callback(*below) };
        }
    }
    *this.release() = None;
}

/// Everything a schema can say. The default is an honest float64 named `x`.
pub(crate) struct SaysSchema {
    pub(crate) format: Option<Vec<u8>>,
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) flags: i64,
    pub(crate) n_children: Option<i64>,
    /// `None` is a NULL among the pointers.
    pub(crate) children: Vec<Option<SaysSchema>>,
    pub(crate) dictionary: Option<Box<SaysSchema>>,
    pub(crate) released: bool,
}

impl Default for SaysSchema {
    fn default() -> SaysSchema {
        SaysSchema::of("g")
    }
}

impl SaysSchema {
    pub(crate) fn of(format: &str) -> SaysSchema {
        SaysSchema {
            format: Some(format.into()),
            name: Some(b"x".to_vec()),
            metadata: None,
            flags: 2,
            n_children: None,
            children: Vec::new(),
            dictionary: None,
            released: false,
        }
    }

    pub(crate) fn with(mut self, children: impl IntoIterator<Item = SaysSchema>) -> SaysSchema {
        self.children = children.into_iter().map(Some).collect();
        self
    }
}

/// Everything an array can say. The default is two honest float64 values without nulls.
pub(crate) struct SaysArray {
    pub(crate) length: i64,
    pub(crate) null_count: i64,
    pub(crate) offset: i64,
    pub(crate) n_buffers: Option<i64>,
    pub(crate) buffers: Vec<*const c_void>,
    pub(crate) n_children: Option<i64>,
    /// `None` is a NULL among the pointers.
    pub(crate) children: Vec<Option<SaysArray>>,
    pub(crate) dictionary: Option<Box<SaysArray>>,
    pub(crate) released: bool,
}

/// An address that nothing ever follows.
pub(crate) fn somewhere() -> *const c_void {
    std::ptr::without_provenance(0x1000_0000)
}

impl Default for SaysArray {
    fn default() -> SaysArray {
        SaysArray::of(2, vec![null(), somewhere()])
    }
}

impl SaysArray {
    pub(crate) fn of(length: i64, buffers: Vec<*const c_void>) -> SaysArray {
        SaysArray {
            length,
            null_count: 0,
            offset: 0,
            n_buffers: None,
            buffers,
            n_children: None,
            children: Vec::new(),
            dictionary: None,
            released: false,
        }
    }

    pub(crate) fn with(mut self, children: impl IntoIterator<Item = SaysArray>) -> SaysArray {
        self.children = children.into_iter().map(Some).collect();
        self
    }
}

/// The structs of a producer, alive until dropped.
pub(crate) struct Liar {
    arena: Arena,
    calls: Vec<Arc<AtomicUsize>>,
}

impl Liar {
    pub(crate) fn new() -> Liar {
        Liar { arena: Arena::default(), calls: Vec::new() }
    }

    /// How often each struct was released, those below before those above.
    pub(crate) fn released(&self) -> Vec<usize> {
        self.calls.iter().map(|calls| calls.load(SeqCst)).collect()
    }

    /// Fails unless every struct that was live was released exactly once.
    pub(crate) fn assert_released_once(&self) {
        assert!(self.released().iter().all(|calls| *calls == 1), "{:?}", self.released());
    }

    pub(crate) fn arena(&mut self) -> &mut Arena {
        &mut self.arena
    }

    fn private<S: Struct>(&mut self, below: Vec<*mut S>, released: bool) -> *mut c_void {
        let calls = Arc::new(AtomicUsize::new(0));
        if !released {
            self.calls.push(calls.clone());
        }
        self.arena.put(Private { calls, below }).cast()
    }

    fn text(&mut self, text: Option<Vec<u8>>) -> *const c_char {
        text.map_or(null(), |text| self.arena.put_all(CString::new(text).unwrap().into_bytes_with_nul()).cast())
    }

    pub(crate) fn schema(&mut self, says: SaysSchema) -> NonNull<ArrowSchema> {
        let children: Vec<_> = says
            .children
            .into_iter()
            .map(|child| child.map_or(null_mut(), |says| self.schema(says).as_ptr()))
            .collect();
        let dictionary = says.dictionary.map_or(null_mut(), |says| self.schema(*says).as_ptr());
        let below = children.iter().copied().chain([dictionary]).filter(|below| !below.is_null()).collect();
        let schema = ArrowSchema {
            format: self.text(says.format),
            name: self.text(says.name),
            metadata: says.metadata.map_or(null(), |bytes| self.arena.put_all(bytes).cast()),
            flags: says.flags,
            n_children: says.n_children.unwrap_or(children.len() as i64),
            children: self.arena.put_all(children),
            dictionary,
            release: (!says.released).then_some(release),
            private_data: self.private::<ArrowSchema>(below, says.released),
        };
        NonNull::new(self.arena.put(schema)).unwrap()
    }

    pub(crate) fn array(&mut self, says: SaysArray) -> NonNull<ArrowArray> {
        let children: Vec<_> =
            says.children.into_iter().map(|child| child.map_or(null_mut(), |says| self.array(says).as_ptr())).collect();
        let dictionary = says.dictionary.map_or(null_mut(), |says| self.array(*says).as_ptr());
        let below = children.iter().copied().chain([dictionary]).filter(|below| !below.is_null()).collect();
        let array = ArrowArray {
            length: says.length,
            null_count: says.null_count,
            offset: says.offset,
            n_buffers: says.n_buffers.unwrap_or(says.buffers.len() as i64),
            n_children: says.n_children.unwrap_or(children.len() as i64),
            buffers: self.arena.put_all(says.buffers),
            children: self.arena.put_all(children),
            dictionary,
            release: (!says.released).then_some(release),
            private_data: self.private::<ArrowArray>(below, says.released),
        };
        NonNull::new(self.arena.put(array)).unwrap()
    }

    /// Hands the schema over. It must not outlive `self`.
    pub(crate) fn give_schema(&mut self, says: SaysSchema) -> Result<OwnedSchema, ArrowError> {
        let schema = self.schema(says);
        // SAFETY: structs of the arena, handed over once; what is true of their pointers is what the test is about.
        unsafe { OwnedSchema::take(schema) }
    }

    /// Hands the array over. It must not outlive `self`.
    pub(crate) fn give_array(&mut self, says: SaysArray) -> Result<OwnedArray, ArrowError> {
        let array = self.array(says);
        // SAFETY: as above.
        unsafe { OwnedArray::take(array) }
    }
}

/// Reads a schema, which is released once whatever comes out.
pub(crate) fn read(says: SaysSchema) -> Result<Field, ArrowError> {
    let released = says.released;
    let mut liar = Liar::new();
    let field = liar.give_schema(says).and_then(|schema| schema.field());
    if !released {
        liar.assert_released_once();
    }
    field
}

/// Checks an array for a field, which is released once whatever comes out; looks at it before.
pub(crate) fn check<R>(says: SaysArray, field: Field, look: impl FnOnce(&Checked) -> R) -> Result<R, ArrowError> {
    let released = says.released;
    let mut liar = Liar::new();
    let looked = liar
        .give_array(says)
        .and_then(|array| array.check(Arc::new(field)).map_err(|refused| refused.error))
        .map(|checked| look(&checked));
    if !released {
        liar.assert_released_once();
    }
    looked
}

/// Checks an array and expects a refusal.
pub(crate) fn refusal(says: SaysArray, field: Field) -> ArrowError {
    check(says, field, |_| ()).expect_err("the array is refused")
}

/// A nullable field `x` of a format.
pub(crate) fn field(format: &str) -> Field {
    Field::new("x", format)
}
