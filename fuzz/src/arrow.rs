//! Schemas and arrays of Arrow that say anything: answered without a panic, and the outermost of each released exactly
//! once, those below by nobody here.

use crate::input::Input;
use aria_arrow::abi::{ArrowArray, ArrowSchema};
use aria_arrow::{ArrayView, MAX_BUFFERS, MAX_FIELDS, OwnedArray, OwnedSchema, Owner};
use std::any::Any;
use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::ptr::{NonNull, null, null_mut, without_provenance};
use std::sync::Arc;

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: a struct of `Made`, wherever it was moved.
    let schema = unsafe { &mut *schema };
    schema.release = None;
    // SAFETY: its counter, which `Made` keeps.
    unsafe { &*schema.private_data.cast::<Cell<usize>>() }.update(|calls| calls + 1);
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: as above.
    let array = unsafe { &mut *array };
    array.release = None;
    // SAFETY: as above.
    unsafe { &*array.private_data.cast::<Cell<usize>>() }.update(|calls| calls + 1);
}

/// Pointers of a struct that are there, whatever its counts say.
const SLOTS: usize = 16;

/// Formats of every kind; a number beyond them is made of the input.
const FORMATS: [&[u8]; 24] = [
    b"n\0",
    b"b\0",
    b"g\0",
    b"i\0",
    b"c\0",
    b"L\0",
    b"d:38,10\0",
    b"w:0\0",
    b"w:2147483647\0",
    b"u\0",
    b"Z\0",
    b"vu\0",
    b"+l\0",
    b"+L\0",
    b"+m\0",
    b"+vL\0",
    b"+w:2\0",
    b"+w:2147483647\0",
    b"+s\0",
    b"+us:\0",
    b"+us:5,7\0",
    b"+ud:5\0",
    b"+r\0",
    b"?\0",
];

/// The structs of a producer.
#[derive(Default)]
struct Made {
    kept: Vec<Box<dyn Any>>,
    nodes: usize,
}

impl Made {
    /// Keeps values where they are.
    fn keep<T: 'static>(&mut self, mut values: Vec<T>) -> *mut T {
        let first = values.as_mut_ptr();
        self.kept.push(Box::new(values));
        first
    }

    fn text(&mut self, input: &mut Input<'_>) -> *const c_char {
        let len = usize::from(input.byte() % 6);
        let mut text: Vec<u8> = (0..len).map(|_| input.byte().max(1)).collect();
        text.push(0);
        self.keep(text).cast()
    }

    /// A schema and an array, with the counters of their releases. They agree unless a number of the input is in the way.
    fn node(
        &mut self,
        input: &mut Input<'_>,
        depth: usize,
    ) -> (NonNull<ArrowSchema>, NonNull<ArrowArray>, [Counter; 2]) {
        self.nodes += 1;
        let format = match FORMATS.get(usize::from(input.byte() % 26)) {
            Some(format) => self.keep(format.to_vec()).cast(),
            None => self.text(input),
        };
        let below = if depth == 0 || self.nodes > 40 { 0 } else { usize::from(input.byte() % 4) };
        let (mut schemas, mut arrays) = (vec![null_mut(); SLOTS], vec![null_mut(); SLOTS]);
        for i in 0..below {
            let (schema, array, _) = self.node(input, depth - 1);
            schemas[i] = schema.as_ptr();
            arrays[i] = array.as_ptr();
        }
        let buffers: Vec<*const c_void> =
            (0..SLOTS).map(|_| if input.byte() == 255 { null() } else { without_provenance(4096) }).collect();
        let counters = [(); 2].map(|()| Counter(self.keep(vec![Cell::new(0usize)])));
        let mut schema = ArrowSchema {
            format,
            name: if input.byte() % 8 == 7 { null() } else { self.text(input).cast() },
            metadata: null(),
            flags: input.number(),
            n_children: below as i64,
            children: self.keep(schemas),
            dictionary: null_mut(),
            release: Some(release_schema),
            private_data: counters[0].0.cast_mut().cast(),
        };
        let mut array = ArrowArray {
            length: 2,
            null_count: 0,
            offset: 0,
            n_buffers: i64::from(input.byte() % 4),
            n_children: below as i64,
            buffers: self.keep(buffers),
            children: self.keep(arrays),
            dictionary: null_mut(),
            release: Some(release_array),
            private_data: counters[1].0.cast_mut().cast(),
        };
        if depth > 0 && input.byte() % 4 == 3 {
            let (values, items, _) = self.node(input, depth - 1);
            schema.dictionary = values.as_ptr();
            array.dictionary = items.as_ptr();
        }
        self.lie(input, &mut schema, &mut array);
        let schema = NonNull::new(self.keep(vec![schema])).expect("never NULL");
        let array = NonNull::new(self.keep(vec![array])).expect("never NULL");
        (schema, array, counters)
    }

    /// Changes what the input says, but never so that a count leads beyond the pointers.
    fn lie(&mut self, input: &mut Input<'_>, schema: &mut ArrowSchema, array: &mut ArrowArray) {
        let count = |number: i64, limit: usize| {
            if (SLOTS as i64..=limit as i64).contains(&number) { number % SLOTS as i64 } else { number }
        };
        match input.byte() % 24 {
            0 => array.length = input.number(),
            1 => array.offset = input.number(),
            2 => array.null_count = input.number(),
            3 => array.n_buffers = count(input.number(), MAX_BUFFERS),
            4 => array.n_children = count(input.number(), MAX_FIELDS),
            5 => schema.n_children = count(input.number(), MAX_FIELDS),
            6 => array.buffers = null_mut(),
            7 => array.children = null_mut(),
            8 => schema.children = null_mut(),
            9 => array.dictionary = null_mut(),
            10 => schema.dictionary = null_mut(),
            11 => array.release = None,
            12 => schema.release = None,
            13 => schema.format = null(),
            14 => {
                let pairs = i32::from(input.byte() % 3) - 1;
                let length = i32::from(input.byte() % 4) - 1;
                // At most one pair: a key of four bytes at most, a value of none.
                let parts = [pairs, length, 0, 0, 0];
                schema.metadata = self.keep(parts.map(i32::to_ne_bytes).concat()).cast();
            }
            15 => (array.length, array.offset) = (input.number(), input.number()),
            _ => {}
        }
    }
}

/// How often a struct was released.
#[derive(Clone, Copy)]
struct Counter(*const Cell<usize>);

impl Counter {
    fn calls(self) -> usize {
        // SAFETY: kept by `Made`, which outlives its counters here.
        unsafe { &*self.0 }.get()
    }
}

/// Asks everything of a node and those below, and returns what was said.
fn walk(view: &ArrayView<'_>, said: &mut Vec<(usize, usize, usize)>) {
    assert!(view.null_count().is_none_or(|nulls| nulls <= view.len()));
    assert!((0..view.n_buffers()).all(|i| view.buffer(i).is_some()));
    said.push((view.offset(), view.len(), view.n_buffers()));
    for child in (0..view.n_children()).map(|i| view.child(i).expect("as many as the field")).chain(view.dictionary()) {
        walk(&child, said);
    }
}

/// Takes a schema and an array whose every field is made up, and shares again what was accepted.
pub fn arrow(data: &[u8]) {
    let mut input = Input(data);
    let mut made = Made::default();
    let (schema, array, counters) = made.node(&mut input, 4);
    // SAFETY: a struct of `made`, which outlives what is taken; its counts and pointers are what the test is about.
    let schema = unsafe { OwnedSchema::take(schema) };
    // SAFETY: as above; the addresses of buffers are followed by nobody.
    let array = unsafe { OwnedArray::take(array) };
    let live = [schema.is_ok(), array.is_ok()].map(usize::from);
    let field = schema.and_then(|schema| schema.field());
    if let Ok(field) = &field {
        assert_eq!(field.to_schema().field().as_ref(), Ok(field), "a field survives its way out and in");
    }
    if let (Ok(field), Ok(array)) = (field, array)
        && let Ok(checked) = array.check(Arc::new(field))
    {
        let (whole, mut said, mut again) = (Arc::new(checked), Vec::new(), Vec::new());
        walk(&whole.view(), &mut said);
        let (owner, field): (Owner, _) = (whole.clone(), whole.field().clone());
        // SAFETY: the owner is the array itself.
        let part = unsafe { whole.view().share(0..usize::MAX, &owner) };
        // SAFETY: as above.
        drop(unsafe { whole.view().share(usize::from(input.byte())..usize::from(input.byte()), &owner) });
        drop((whole, owner));
        assert_eq!(counters[1].calls(), 0, "a part keeps the array");
        let part = part.check(field).expect("what was accepted is accepted again");
        walk(&part.view(), &mut again);
        assert_eq!(said, again);
    }
    assert_eq!(counters.map(Counter::calls), live, "each is released once");
}
