//! Any schema survives its way out and in; any struct is answered, and released once.

use crate::array::honest;
use crate::liar::{Liar, SaysArray, SaysSchema, field, somewhere};
use crate::model::rs_schema;
use aria_arrow::{ArrayView, Count, Field, Format, MAX_BUFFERS, MAX_FIELDS, Metadata, Owner};
use arrow_schema::Field as RsField;
use arrow_schema::ffi::FFI_ArrowSchema;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::Arc;

fn config() -> ProptestConfig {
    if cfg!(miri) {
        ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() }
    } else {
        ProptestConfig { cases: 1024, ..ProptestConfig::default() }
    }
}

/// Flags that the specification knows, and any others.
fn any_flags() -> BoxedStrategy<i64> {
    prop_oneof![3 => 0i64..8, 1 => any::<i64>()].boxed()
}

const LEAVES: [&str; 20] = [
    "n",
    "b",
    "C",
    "e",
    "g",
    "l",
    "d:38,10",
    "d:9,2,32",
    "d:76,-3,256",
    "w:3",
    "u",
    "Z",
    "vu",
    "vz",
    "tdD",
    "ttn",
    "tsu:Europe/Paris",
    "tsn:",
    "tDm",
    "tin",
];

const NESTED: [&str; 11] =
    ["+l", "+L", "+vl", "+vL", "+w:2", "+s", "+us:0,1", "+ud:4,7", "+r", "dictionary", "not a format"];

/// A few characters from this one on; no regular expression, which Miri takes long for.
fn text(first: u32) -> impl Strategy<Value = String> {
    let any = prop_oneof![2 => any::<char>(), 1 => Just('\0'), 3 => proptest::char::range('a', 'z')];
    vec(any, 0..5).prop_map(move |text| text.into_iter().filter(|c| u32::from(*c) >= first).collect())
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let pair = (text(0), text(0));
    vec(pair, 0..3).prop_map(|pairs| Metadata::from_pairs(pairs).unwrap())
}

/// Formats with names, flags and metadata; children as many as the format has.
fn fields(flags: BoxedStrategy<i64>) -> impl Strategy<Value = Field> {
    let said = move || (text(1), metadata(), flags.clone());
    let leaf = (prop::sample::select(&LEAVES[..]), said());
    let leaf = leaf.prop_map(|(format, (name, metadata, flags))| {
        Field::new(&name, format).with_metadata(metadata).with_flags(flags)
    });
    leaf.prop_recursive(if cfg!(miri) { 1 } else { 4 }, 24, 3, move |inner| {
        let children = vec(inner, 3..4);
        (prop::sample::select(&NESTED[..]), said(), children).prop_map(|(format, (name, metadata, flags), children)| {
            let field = |format| Field::new(&name, format).with_metadata(metadata.clone()).with_flags(flags);
            if format == "dictionary" {
                return field("i").with_dictionary(children[0].clone());
            }
            let field = field(format);
            let count = match field.layout().children() {
                Some(Count::Exactly(n)) => n,
                _ => children.len(),
            };
            let ends = Field::new("run_ends", "i").with_nullable(false);
            let runs = |i: usize| field.layout() == Format::RunEnds && i == 0;
            let children = (0..count).map(|i| if runs(i) { ends.clone() } else { children[i].clone() }).collect();
            field.with_children(children)
        })
    })
}

/// What arrow-rs keeps of a field: it sorts metadata, and knows one key once.
type Kept = (String, String, bool, BTreeMap<Vec<u8>, Vec<u8>>, Vec<Field>);

fn kept(field: &Field) -> Kept {
    let metadata = field.metadata().iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect();
    (field.name().into(), field.format().into(), field.is_nullable(), metadata, field.children().to_vec())
}

fn assert_kept(ours: &Field, theirs: &Field) {
    let (left, right) = (kept(ours), kept(theirs));
    assert_eq!((&left.0, &left.1, left.2, &left.3), (&right.0, &right.1, right.2, &right.3));
    assert_eq!(left.4.len(), right.4.len());
    for (ours, theirs) in left.4.iter().zip(&right.4) {
        assert_kept(ours, theirs);
    }
    // Values of a dictionary have neither name nor nullability nor metadata in arrow-rs.
    let formats = |field: &Field| field.dictionary().map(|values| values.format().to_owned());
    assert_eq!(formats(ours), formats(theirs));
}

proptest! {
    #![proptest_config(config())]

    /// K-A18.
    #[test]
    #[cfg_attr(miri, ignore = "slow; the structs that lie go the same way there")]
    fn any_field_goes_out_and_comes_back_equal(field in fields(any_flags())) {
        let back = field.to_schema().field().unwrap();
        prop_assert!(back.same_type(&field));
        prop_assert_eq!(back, field);
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow; the structs that lie go the same way there")]
    fn arrow_rs_reads_any_field_that_it_knows_as_this_crate_does(field in fields((0i64..8).boxed())) {
        if let Ok(theirs) = RsField::try_from(&rs_schema(&field)) {
            let mut schema = FFI_ArrowSchema::try_from(&theirs).unwrap();
            let place = NonNull::from(&mut schema).cast();
            // SAFETY: a live struct of the same layout, which keeps to the interface.
            let back = unsafe { aria_arrow::OwnedSchema::take(place) }.unwrap().field().unwrap();
            assert_kept(&field, &back);
        }
    }
}

/// A number at an edge, or any.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![-3i64..10, any::<i64>(), Just(i64::MAX), Just(i64::MIN), Just(1 << 32), Just(1 << 60)]
}

/// What is changed in one struct of a tree that is sound otherwise.
#[derive(Clone, Debug)]
enum Lie {
    Nothing,
    Length(i64),
    NullCount(i64),
    Offset(i64),
    Buffers(i64),
    Children(i64),
    NoBuffer(usize),
    NoChild(usize),
    Dictionary,
    Released,
    Format(Option<Vec<u8>>),
    Name(Option<Vec<u8>>),
    Metadata(i32),
    Flags(i64),
}

fn lies() -> impl Strategy<Value = Lie> {
    let bytes = || proptest::option::of(vec(1u8..=255, 0..6));
    let format = prop_oneof![bytes(), vec(prop::sample::select(&b"+wulsdtiv:0123,-"[..]), 1..6).prop_map(Some)];
    prop_oneof![
        Just(Lie::Nothing),
        number().prop_map(Lie::Length),
        number().prop_map(Lie::NullCount),
        number().prop_map(Lie::Offset),
        number().prop_map(Lie::Buffers),
        number().prop_map(Lie::Children),
        (0usize..4).prop_map(Lie::NoBuffer),
        (0usize..4).prop_map(Lie::NoChild),
        Just(Lie::Dictionary),
        Just(Lie::Released),
        format.prop_map(Lie::Format),
        bytes().prop_map(Lie::Name),
        any::<i32>().prop_map(|number| Lie::Metadata(if number > 0 { -number } else { number })),
        any::<i64>().prop_map(Lie::Flags),
    ]
}

/// A count that is a lie, but does not lead beyond the pointers that are there.
fn count(said: i64, there: usize, limit: usize) -> Option<i64> {
    (said <= there as i64 || said > limit as i64).then_some(said)
}

/// A sound schema and a sound array of a field, in which the node of a number lies.
fn says(field: &Field, length: i64, left: &mut usize, lie: &Lie) -> (SaysSchema, SaysArray) {
    let lies = *left == 0;
    *left = left.wrapping_sub(1);
    let needed = match field.layout() {
        Format::FixedList(n) => length * n as i64,
        _ => length,
    };
    let mut below: Vec<_> = field.children().iter().map(|child| says(child, needed, left, lie)).collect();
    let values = field.dictionary().map(|values| says(values, length, left, lie));
    let mut schema = SaysSchema::of(field.format());
    let buffers = match field.layout().buffers() {
        Some(Count::Exactly(n) | Count::AtLeast(n)) => n,
        None => 1,
    };
    let mut array = SaysArray::of(length, vec![somewhere(); buffers]);
    for (child, items) in below.drain(..) {
        schema.children.push(Some(child));
        array.children.push(Some(items));
    }
    if let Some((child, items)) = values {
        schema.dictionary = Some(Box::new(child));
        array.dictionary = Some(Box::new(items));
    }
    if lies {
        tell(&mut schema, &mut array, lie);
    }
    (schema, array)
}

fn tell(schema: &mut SaysSchema, array: &mut SaysArray, lie: &Lie) {
    match lie.clone() {
        Lie::Nothing => {}
        Lie::Length(n) => array.length = n,
        Lie::NullCount(n) => array.null_count = n,
        Lie::Offset(n) => array.offset = n,
        Lie::Buffers(n) => array.n_buffers = count(n, array.buffers.len(), MAX_BUFFERS),
        Lie::Children(n) => {
            array.n_children = Some(n); // Compared with the field before any is followed.
            schema.n_children = count(n, schema.children.len(), MAX_FIELDS);
        }
        Lie::NoBuffer(i) => array.buffers.get_mut(i).into_iter().for_each(|buffer| *buffer = std::ptr::null()),
        Lie::NoChild(i) => {
            array.children.get_mut(i).into_iter().for_each(|child| *child = None);
            if i % 2 == 0 {
                schema.children.get_mut(i).into_iter().for_each(|child| *child = None);
            }
        }
        Lie::Dictionary => array.dictionary = if array.dictionary.is_some() { None } else { Some(Box::default()) },
        Lie::Released => array.released = true,
        Lie::Format(format) => schema.format = format,
        Lie::Name(name) => schema.name = name,
        Lie::Metadata(number) => schema.metadata = Some(number.to_ne_bytes().to_vec()),
        Lie::Flags(flags) => schema.flags = flags,
    }
}

/// Asks everything of a node and those below.
fn walk(view: &ArrayView<'_>) -> usize {
    assert!(view.null_count().is_none_or(|nulls| nulls <= view.len()));
    assert!(view.offset().checked_add(view.len()).is_some());
    let buffers = (0..view.n_buffers()).filter_map(|i| view.buffer(i)).count();
    assert_eq!(buffers, view.n_buffers());
    let below = (0..view.n_children()).map(|i| view.child(i).unwrap()).chain(view.dictionary());
    1 + below.map(|child| walk(&child)).sum::<usize>()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_struct_is_answered_without_panic_and_released_once(
        field in fields(any_flags()),
        length in 0i64..5,
        node in 0usize..8,
        lie in lies(),
        schema_is_released: bool,
    ) {
        let mut liar = Liar::new();
        let (mut schema, array) = says(&field, length, &mut node.clone(), &lie);
        schema.released = schema_is_released && matches!(lie, Lie::Released);
        let read = liar.give_schema(schema).and_then(|schema| schema.field());
        let schemas = liar.released();
        prop_assert!(schemas.iter().all(|calls| *calls == usize::from(!(schema_is_released && matches!(lie, Lie::Released)))));
        if let Ok(read) = &read {
            prop_assert_eq!(&read.to_schema().field().unwrap(), read);
        }
        // The array meets the field that was read, or the one that its producer had in mind.
        let read = Arc::new(read.unwrap_or(field));
        let given = liar.give_array(array);
        let taken = given.is_ok();
        if let Ok(checked) = given.and_then(|array| array.check(read.clone()).map_err(|refused| refused.error)) {
            let whole = Arc::new(checked);
            let nodes = walk(&whole.view());
            let owner: Owner = whole.clone();
            // SAFETY: the owner is the array itself.
            let part = unsafe { whole.view().share(1..3, &owner) };
            drop((whole, owner));
            prop_assert!(liar.released()[schemas.len()..].iter().all(|calls| *calls == 0));
            // What is accepted can be exported again.
            prop_assert_eq!(walk(&part.check(read).unwrap().view()), nodes);
        }
        let arrays = liar.released().split_off(schemas.len());
        prop_assert!(arrays.iter().all(|calls| *calls <= 1));
        if !matches!(lie, Lie::Released) {
            prop_assert!(taken && arrays.iter().all(|calls| *calls == 1)); // Below what was released, nobody is.
        }
    }
}

/// The tree that the lies are told in is sound.
#[test]
#[cfg_attr(miri, ignore = "slow; honest arrays are checked there too")]
fn without_a_lie_every_format_is_accepted() {
    for format in LEAVES.into_iter().chain(NESTED) {
        let (says, field) = if format == "dictionary" {
            (
                SaysArray { dictionary: Some(Box::default()), ..SaysArray::default() },
                field("i").with_dictionary(field("g")),
            )
        } else {
            honest(format, 2)
        };
        let mut liar = Liar::new();
        let checked = liar.give_array(says).unwrap().check(Arc::new(field));
        assert!(checked.is_ok(), "{format}");
        drop(checked);
        liar.assert_released_once();
    }
}
