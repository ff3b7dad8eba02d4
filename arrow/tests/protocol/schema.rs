//! Schemas: formats, names, flags, metadata, nesting.

use crate::liar::{Liar, SaysSchema, Struct, read, release};
use aria_arrow::abi::ArrowSchema;
use aria_arrow::{Count, Field, Format, MAX_DEPTH, MAX_FIELDS, OwnedSchema, Problem};
use std::ptr::{NonNull, null_mut};

fn problem(says: SaysSchema) -> Problem {
    read(says).expect_err("the schema is refused").problem
}

#[test]
fn an_honest_schema_is_described_in_full_and_released_once() {
    let metadata = [&1i32.to_ne_bytes()[..], &1i32.to_ne_bytes(), b"k", &2i32.to_ne_bytes(), b"\0v"].concat();
    let item = SaysSchema { name: Some("ключ 🗝".into()), ..SaysSchema::of("u") };
    let says = SaysSchema { metadata: Some(metadata), flags: 3, ..SaysSchema::of("+L").with([item]) };
    let field = read(says).unwrap();
    assert_eq!((field.name().as_ref(), field.format(), field.flags()), ("x", "+L", 3));
    assert_eq!(field.layout(), Format::List { large: true });
    assert_eq!(field.metadata().get("k"), Some(&b"\0v"[..]));
    assert_eq!(field.children()[0].name(), "ключ 🗝");
}

/// K-A8.
#[test]
fn a_released_schema_is_refused_and_not_released_again() {
    let refused = problem(SaysSchema { released: true, ..SaysSchema::default() });
    assert_eq!(refused, Problem::Released { what: "ArrowSchema" });
}

/// K-A8, K-A10. What was moved away or freed below is not read, its name neither.
#[test]
fn a_released_child_is_refused_and_its_parent_released_once() {
    let child = SaysSchema { released: true, ..SaysSchema::default() };
    let refused = read(SaysSchema::of("+l").with([child])).unwrap_err();
    assert_eq!(refused.problem, Problem::Released { what: "ArrowSchema" });
    assert_eq!(refused.field, "x");
}

#[test]
fn a_null_format_is_refused_and_a_null_name_is_none() {
    let refused = read(SaysSchema { format: None, ..SaysSchema::default() }).unwrap_err();
    assert_eq!(refused.to_string(), "field 'x': expected a format string but found NULL");
    let nameless = read(SaysSchema { name: None, ..SaysSchema::default() }).unwrap();
    assert_eq!(nameless.name(), "");
    assert!(nameless.to_schema().into_raw_and_free(|raw| raw.name.is_null()), "what was NULL goes out as NULL");
}

/// Looks at a raw schema, then releases it.
trait Look {
    fn into_raw_and_free<R>(self, look: impl FnOnce(&ArrowSchema) -> R) -> R;
}

impl Look for OwnedSchema {
    fn into_raw_and_free<R>(self, look: impl FnOnce(&ArrowSchema) -> R) -> R {
        let mut raw = self.into_raw();
        let looked = look(&raw);
        // SAFETY: live, from `into_raw`, and owned by this function.
        drop(unsafe { OwnedSchema::take(NonNull::from(&mut raw)) });
        looked
    }
}

#[test]
fn a_format_of_other_bytes_is_refused_and_an_unknown_one_is_carried() {
    let refused = problem(SaysSchema { format: Some(vec![b'g', 0xFF]), ..SaysSchema::default() });
    assert_eq!(refused, Problem::NotUtf8 { what: "a format string" });
    for format in ["", "?", "+zz", "tsq:", "é", "w2:-3"] {
        let child = SaysSchema::of("also unknown");
        let field = read(SaysSchema { flags: 1 << 40, ..SaysSchema::of(format).with([child]) }).unwrap();
        assert_eq!((field.layout(), field.format(), field.flags()), (Format::Unknown, format, 1 << 40));
        assert_eq!(field.to_schema().field().unwrap(), field);
    }
}

#[test]
fn a_name_of_other_bytes_is_carried_and_shown_with_replacements() {
    let field = read(SaysSchema { name: Some(vec![b'a', 0xFF]), ..SaysSchema::default() }).unwrap();
    assert_eq!(field.name(), "a\u{FFFD}");
    assert!(field.to_schema().into_raw_and_free(|raw| {
        // SAFETY: the name of a schema of ours, which is NUL-terminated.
        let name = unsafe { std::ffi::CStr::from_ptr(raw.name) };
        name.to_bytes() == [b'a', 0xFF]
    }));
}

/// K-A13.
#[test]
fn counts_of_children_that_are_negative_or_not_the_formats_are_refused() {
    for found in [-1, i64::MIN] {
        let says = SaysSchema { n_children: Some(found), ..SaysSchema::of("+s") };
        assert_eq!(problem(says), Problem::Negative { what: "children", found });
    }
    let children = |n: usize| (0..n).map(|_| SaysSchema::default());
    for (format, n, expected) in
        [("g", 1, 0), ("+l", 0, 1), ("+l", 2, 1), ("+m", 0, 1), ("+w:2", 2, 1), ("+r", 1, 2), ("+us:0,1", 1, 2)]
    {
        let expected = Count::Exactly(expected);
        let refused = problem(SaysSchema::of(format).with(children(n)));
        assert_eq!(refused, Problem::Children { format: format.into(), expected, found: n });
    }
}

#[test]
fn parameters_that_a_kind_has_not_are_refused_and_kinds_of_later_versions_are_not() {
    for format in ["w:", "w:-1", "w:2147483648", "d:39,1", "d:9,2,31", "+w:-1", "+us:300", "+ud:1,,2", "tsn"] {
        assert_eq!(problem(SaysSchema::of(format)), Problem::Format { format: format.into() });
    }
    for format in ["w2:-1", "x:", "tsp:UTC", "", "+x:1"] {
        assert_eq!(read(SaysSchema::of(format)).unwrap().layout(), Format::Unknown);
    }
}

#[test]
fn missing_children_are_refused_wherever_the_null_is() {
    let array_is_null = SaysSchema { n_children: Some(2), ..SaysSchema::of("+s") };
    let one_is_null = SaysSchema { children: vec![Some(SaysSchema::default()), None], ..SaysSchema::of("+s") };
    for says in [array_is_null, one_is_null] {
        assert_eq!(problem(says), Problem::Null { what: "a child schema" });
    }
}

#[test]
fn more_fields_than_are_followed_are_refused_before_any_is() {
    for n in [MAX_FIELDS as i64, i64::MAX] {
        let says = SaysSchema { n_children: Some(n), ..SaysSchema::of("+s") };
        assert_eq!(problem(says), Problem::TooMany { what: "fields", limit: MAX_FIELDS });
    }
}

#[test]
fn a_dictionary_takes_integers_as_indices() {
    for (format, fits) in [("c", true), ("L", true), ("g", false), ("u", false), ("?", false), ("b", false)] {
        let dictionary = Some(Box::new(SaysSchema::of("u")));
        let field = read(SaysSchema { dictionary, ..SaysSchema::of(format) });
        match field {
            Ok(field) => assert!(fits && field.dictionary().is_some_and(|values| values.format() == "u")),
            Err(error) => {
                assert!(!fits, "{format}");
                assert_eq!(error.problem, Problem::DictionaryIndex { format: format.into() });
            }
        }
    }
}

#[test]
fn metadata_with_wrong_lengths_is_refused() {
    let lies: [(&[i32], &str); 3] = [
        (&[-1], "field 'x': expected a number of 0 or more of metadata pairs but found -1"),
        (&[1, -2], "field 'x': expected a number of 0 or more of metadata key length but found -2"),
        (&[1, 0, i32::MIN], "field 'x': expected a number of 0 or more of metadata value length but found -2147483648"),
    ];
    for (numbers, message) in lies {
        let metadata = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
        let refused = read(SaysSchema { metadata: Some(metadata), ..SaysSchema::default() }).unwrap_err();
        assert_eq!(refused.to_string(), message);
    }
    let metadata = [1i32, i32::MAX].into_iter().flat_map(|number| number.to_ne_bytes()).collect();
    let refused = problem(SaysSchema { metadata: Some(metadata), ..SaysSchema::default() });
    assert_eq!(refused, Problem::MetadataSize { limit: 1 << 28 });
}

/// K-A18.
#[test]
fn metadata_that_is_there_but_empty_stays_so_and_none_stays_null() {
    for metadata in [None, Some(vec![0; 4])] {
        let null = metadata.is_none();
        let field = read(SaysSchema { metadata, ..SaysSchema::default() }).unwrap();
        assert!(field.metadata().is_empty());
        assert_eq!(field.to_schema().into_raw_and_free(|raw| raw.metadata.is_null()), null);
    }
}

/// A chain of structs, each the only child of the one above.
fn chain(liar: &mut Liar, levels: usize) -> NonNull<ArrowSchema> {
    let mut inner = liar.schema(SaysSchema::default());
    for _ in 0..levels {
        let outer = liar.schema(SaysSchema::of("+s"));
        let children = liar.arena().put_all(vec![inner.as_ptr()]);
        // SAFETY: a struct of the arena, which nobody else has.
        let raw = unsafe { &mut *outer.as_ptr() };
        (raw.n_children, raw.children) = (1, children);
        inner = outer;
    }
    inner
}

#[test]
fn a_schema_nested_without_end_does_not_overflow_the_stack() {
    let mut liar = Liar::new();
    let levels = if cfg!(miri) { 100 } else { 100_000 };
    let outer = chain(&mut liar, levels);
    // SAFETY: a live struct of the arena, handed over once.
    let schema = unsafe { OwnedSchema::take(outer) }.unwrap();
    let refused = schema.field().unwrap_err();
    assert_eq!(refused.problem, Problem::Depth { limit: MAX_DEPTH });
    drop(schema);
    assert_eq!(liar.released().iter().sum::<usize>(), 1, "only the outermost is ours to release");
}

#[test]
fn as_many_levels_as_are_followed_are_read_and_go_out_again() {
    let mut liar = Liar::new();
    let outer = chain(&mut liar, MAX_DEPTH - 1);
    // SAFETY: a live struct of the arena, handed over once.
    let field = unsafe { OwnedSchema::take(outer) }.unwrap().field().unwrap();
    assert_eq!(field.to_schema().field().unwrap(), field);
}

/// A struct of so many children, each of which is the struct itself; or its dictionary is.
fn loops(liar: &mut Liar, format: &str, n: usize) -> NonNull<ArrowSchema> {
    let this = liar.schema(SaysSchema::of(format));
    let children = liar.arena().put_all(vec![this.as_ptr(); n]);
    // SAFETY: a struct of the arena, which nobody else has.
    let raw = unsafe { &mut *this.as_ptr() };
    raw.n_children = n as i64;
    raw.children = children;
    raw.dictionary = if n == 0 { this.as_ptr() } else { null_mut() };
    this
}

#[test]
fn a_schema_that_is_its_own_child_or_dictionary_is_refused() {
    // Not taken, since a taken struct is marked as released where it stood: its parent is the one that is taken.
    let limits = [Problem::Depth { limit: MAX_DEPTH }, Problem::TooMany { what: "fields", limit: MAX_FIELDS }];
    let many = if cfg!(miri) { 1 } else { 3 };
    for (format, n) in [("+s", 1), ("+s", many), ("i", 0)] {
        let mut liar = Liar::new();
        let inner = loops(&mut liar, format, n);
        let outer = liar.schema(SaysSchema::of("+s"));
        let children = liar.arena().put_all(vec![inner.as_ptr()]);
        // SAFETY: a struct of the arena, which nobody else has.
        let raw = unsafe { &mut *outer.as_ptr() };
        (raw.n_children, raw.children) = (1, children);
        // SAFETY: a live struct of the arena, handed over once.
        let schema = unsafe { OwnedSchema::take(outer) }.unwrap();
        let refused = schema.field().unwrap_err();
        assert!(limits.contains(&refused.problem), "{refused}");
        drop(schema);
        assert_eq!(liar.released(), [0, 1]);
    }
}

#[test]
fn a_schema_whose_child_is_the_moved_parent_is_refused_as_released() {
    let mut liar = Liar::new();
    let this = loops(&mut liar, "+s", 1);
    // SAFETY: a live struct of the arena, handed over once. Its child is where it stood.
    let schema = unsafe { OwnedSchema::take(this) }.unwrap();
    assert_eq!(schema.field().unwrap_err().problem, Problem::Released { what: "ArrowSchema" });
    drop(schema);
    liar.assert_released_once();
}

/// Fields may share their text; what is copied of them is bounded together.
#[test]
#[cfg(not(miri))] // Copies a quarter of a gigabyte.
fn text_that_many_fields_share_is_not_copied_without_end() {
    let mut liar = Liar::new();
    let name = Some(vec![b'n'; 1 << 20]);
    let child = liar.schema(SaysSchema { name, ..SaysSchema::default() });
    let outer = liar.schema(SaysSchema::of("+s"));
    let n = 2 * (aria_arrow::MAX_TEXT >> 20);
    let children = liar.arena().put_all(vec![child.as_ptr(); n]);
    // SAFETY: a struct of the arena, which nobody else has.
    let raw = unsafe { &mut *outer.as_ptr() };
    (raw.n_children, raw.children) = (n as i64, children);
    // SAFETY: a live struct of the arena, handed over once.
    let refused = unsafe { OwnedSchema::take(outer) }.unwrap().field().unwrap_err();
    assert_eq!(
        refused.problem,
        Problem::TooMany { what: "bytes of names, formats and metadata", limit: aria_arrow::MAX_TEXT }
    );
}

/// K-A9.
#[test]
fn a_schema_is_released_wherever_it_was_moved() {
    let mut liar = Liar::new();
    let from = liar.schema(SaysSchema::of("+l").with([SaysSchema::default()]));
    // SAFETY: a live struct of the arena.
    let moved = Box::new(unsafe { from.replace(ArrowSchema::released()) });
    let moved = NonNull::from(Box::leak(moved));
    // SAFETY: live, and this test's alone.
    let schema = unsafe { OwnedSchema::take(moved) }.unwrap();
    let elsewhere = vec![schema];
    assert_eq!(elsewhere[0].field().unwrap().children().len(), 1);
    // SAFETY: from a box; the struct in it was moved out.
    drop(unsafe { Box::from_raw(moved.as_ptr()) });
    drop(elsewhere);
    liar.assert_released_once();
}

/// K-A10: a foreign parent does not release a child that somebody moved out; a child of ours lives on likewise.
#[test]
fn children_that_were_moved_out_are_released_by_who_has_them() {
    let mut liar = Liar::new();
    let mut parent = liar.give_schema(SaysSchema::of("+l").with([SaysSchema::default()])).unwrap().into_raw();
    let mut ours = Field::new("", "+l").with_children(vec![Field::new("x", "g")]).to_schema().into_raw();
    for (raw, foreign) in [(&mut parent, true), (&mut ours, false)] {
        // SAFETY: one child.
        let child = unsafe { raw.children.read() };
        // SAFETY: live, and nobody else takes it.
        let child = unsafe { OwnedSchema::take(NonNull::new(child).unwrap()) }.unwrap();
        // SAFETY: live, from `into_raw`.
        drop(unsafe { OwnedSchema::take(NonNull::from(raw)) });
        assert!(!foreign || liar.released() == [0, 1]);
        assert_eq!(child.field().unwrap().format(), "g");
    }
    liar.assert_released_once();
}

#[test]
fn the_callback_of_a_liar_is_what_the_interface_asks_for() {
    // The tests rest on it.
    let mut liar = Liar::new();
    let schema = liar.schema(SaysSchema::of("+l").with([SaysSchema::default()]));
    // SAFETY: live, and called once.
    unsafe { release::<ArrowSchema>(schema.as_ptr()) };
    liar.assert_released_once();
    // SAFETY: in the arena.
    assert!(unsafe { &mut *schema.as_ptr() }.release().is_none());
}
