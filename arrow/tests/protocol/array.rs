//! Arrays: counts, lengths, offsets, nulls, buffers, children, dictionaries.

use crate::liar::{Liar, SaysArray, check, field, refusal, somewhere};
use aria_arrow::{Checked, Count, Field, Format, MAX_BUFFERS, MAX_DEPTH, OwnedArray, Owner, Problem};
use std::ffi::c_void;
use std::ptr::{NonNull, null, null_mut};
use std::sync::Arc;

fn problem(says: SaysArray, field: Field) -> Problem {
    refusal(says, field).problem
}

/// An honest array of a format: as many buffers as it has, and children as long as is needed.
pub(crate) fn honest(format: &str, length: i64) -> (SaysArray, Field) {
    let layout = Format::parse(format);
    let count = |count: Option<Count>| match count {
        Some(Count::Exactly(n) | Count::AtLeast(n)) => n,
        None => 2,
    };
    let buffers = vec![somewhere(); count(layout.buffers())];
    let items = if let Format::FixedList(n) = layout { length * n as i64 } else { length };
    let children = 0..count(layout.children());
    let says = SaysArray::of(length, buffers)
        .with(children.clone().map(|_| SaysArray { length: items, ..SaysArray::default() }));
    (says, field(format).with_children(children.map(|_| field("g")).collect()))
}

/// A format of every kind.
const FORMATS: [&str; 22] = [
    "n", "b", "c", "g", "d:38,10", "w:3", "w:0", "u", "U", "z", "Z", "vu", "vz", "+l", "+L", "+m", "+vl", "+vL",
    "+w:2", "+s", "+us:4,7", "?",
];

/// All of them; under Miri, which is slow, a few.
fn formats() -> impl Iterator<Item = &'static str> {
    FORMATS.into_iter().step_by(if cfg!(miri) { 6 } else { 1 })
}

#[test]
fn an_honest_array_of_every_format_is_taken_and_released_once() {
    for format in formats().chain(["+ud:4,7", "+r"]) {
        let (says, field) = honest(format, 2);
        let len = check(says, field, |checked| {
            let view = checked.view();
            assert_eq!((view.n_buffers(), view.n_children()), (view.n_buffers(), checked.field().children().len()));
            assert!(view.buffer(view.n_buffers()).is_none() && view.child(view.n_children()).is_none());
            view.len()
        });
        assert_eq!(len, Ok(2), "{format}");
    }
}

/// K-A8.
#[test]
fn a_released_array_is_refused_and_not_released_again() {
    let refused = refusal(SaysArray { released: true, ..SaysArray::default() }, field("g"));
    assert_eq!(refused.to_string(), "expected a live ArrowArray but found one that was released");
}

/// K-A8, K-A10.
#[test]
fn a_released_child_or_dictionary_is_refused() {
    let released = || SaysArray { released: true, ..SaysArray::default() };
    let list = field("+l").with_children(vec![field("g").with_name("item")]);
    let refused = refusal(SaysArray::default().with([released()]), list);
    assert_eq!(refused.to_string(), "field 'x.item': expected a live ArrowArray but found one that was released");
    let says = SaysArray { dictionary: Some(Box::new(released())), ..SaysArray::default() };
    let refused = problem(says, field("i").with_dictionary(field("g")));
    assert_eq!(refused, Problem::Released { what: "ArrowArray" });
}

/// K-A12.
#[test]
fn another_number_of_buffers_than_the_formats_is_refused() {
    for format in formats().filter(|format| *format != "?") {
        let (honest_says, _) = honest(format, 2);
        let right = honest_says.buffers.len();
        let open = format.starts_with('v');
        for found in (0..6).filter(|found| *found != right && !(open && *found > right)) {
            let (says, field) = honest(format, 2);
            let refused = problem(SaysArray { buffers: vec![somewhere(); found], ..says }, field);
            let expected = if open { Count::AtLeast(right) } else { Count::Exactly(right) };
            assert_eq!(refused, Problem::Buffers { format: format.into(), expected, found });
        }
    }
    let refused = refusal(SaysArray { buffers: vec![null(); 3], ..SaysArray::default() }, field("g"));
    assert_eq!(refused.to_string(), "field 'x': expected 2 buffers for format 'g' but found 3");
}

#[test]
fn an_array_of_nulls_may_come_with_one_buffer_that_is_null_and_goes_out_with_none() {
    let says = || SaysArray::of(2, vec![null()]);
    assert_eq!(check(says(), field("n"), |checked| checked.view().len()), Ok(2));
    let sent = |checked: &Checked| {
        let owner: Owner = Arc::new(());
        // SAFETY: an array of nulls has no memory that an owner would keep.
        let out = unsafe { checked.view().share(0..2, &owner) };
        out.check(Arc::new(field("n"))).unwrap().view().n_buffers()
    };
    assert_eq!(check(says(), field("n"), sent), Ok(0));
    for buffers in [vec![somewhere()], vec![null(); 2]] {
        let refused = problem(SaysArray::of(2, buffers.clone()), field("n"));
        assert_eq!(refused, Problem::Buffers { format: "n".into(), expected: Count::Exactly(0), found: buffers.len() });
    }
}

#[test]
fn views_may_have_any_number_of_buffers_but_not_more_than_are_followed() {
    let says = |n: usize| SaysArray::of(2, vec![somewhere(); n]);
    assert_eq!(check(says(9), field("vu"), |checked| checked.view().n_buffers()), Ok(9));
    for n in [MAX_BUFFERS as i64 + 1, i64::MAX] {
        let refused = problem(SaysArray { n_buffers: Some(n), ..says(3) }, field("vu"));
        assert_eq!(refused, Problem::TooMany { what: "buffers", limit: MAX_BUFFERS });
    }
}

/// K-A13.
#[test]
fn negative_numbers_are_refused_by_name() {
    for found in [-1, i64::MIN] {
        let says = [
            ("elements", SaysArray { length: found, ..SaysArray::default() }),
            ("elements before the first", SaysArray { offset: found, ..SaysArray::default() }),
            ("buffers", SaysArray { n_buffers: Some(found), ..SaysArray::default() }),
            ("children", SaysArray { n_children: Some(found), ..SaysArray::default() }),
        ];
        for (what, says) in says {
            assert_eq!(problem(says, field("g")), Problem::Negative { what, found });
        }
    }
}

/// K-A6, K-A13.
#[test]
fn elements_that_memory_cannot_hold_are_refused() {
    for (format, offset, length) in [
        ("g", i64::MAX, 1),
        ("g", 1, i64::MAX),
        ("g", i64::MAX, i64::MAX),
        ("g", 1 << 59, 1 << 59),
        ("c", i64::MAX / 2, i64::MAX / 2 + 1),
        ("w:2147483647", 0, 1 << 33),
        ("vu", 0, 1 << 60),
        ("U", 0, 1 << 60),
        ("+w:1073741824", 0, 1 << 40),
        ("n", i64::MAX, i64::MAX),
        ("?", i64::MAX, 5),
    ] {
        let (says, field) = honest(format, 0);
        let refused = problem(SaysArray { length, offset, ..says }, field);
        assert!(matches!(refused, Problem::End { .. }), "{format}: {refused}");
    }
    let says = SaysArray { offset: 1 << 40, ..SaysArray::default() };
    assert_eq!(check(says, field("g"), |checked| checked.view().offset()), Ok(1 << 40));
}

/// K-A1.
#[test]
fn nulls_that_nobody_counted_are_none_without_a_bitmap_and_unknown_with_one() {
    let says = |bitmap: *const c_void| SaysArray { null_count: -1, ..SaysArray::of(2, vec![bitmap, somewhere()]) };
    let counted = |says, format: &str| check(says, field(format), |checked| checked.view().null_count());
    assert_eq!(counted(says(null()), "g"), Ok(Some(0)));
    assert_eq!(counted(says(somewhere()), "g"), Ok(None));
    assert_eq!(counted(SaysArray::of(3, vec![]), "n"), Ok(Some(3)));
    assert_eq!(counted(SaysArray { null_count: -1, ..SaysArray::of(3, vec![somewhere()]) }, "+us:"), Ok(Some(0)));
}

/// K-A3.
#[test]
fn a_null_count_of_zero_is_believed_beside_a_bitmap() {
    let bits = 0u8;
    let says = SaysArray::of(2, vec![(&raw const bits).cast(), somewhere()]);
    let seen = check(says, field("g"), |checked| (checked.view().null_count(), checked.view().validity().is_some()));
    assert_eq!(seen, Ok((Some(0), true)));
}

/// K-A4.
#[test]
fn nulls_without_a_bitmap_are_refused() {
    let refused = refusal(SaysArray { null_count: 1, ..SaysArray::default() }, field("g"));
    assert_eq!(refused.to_string(), "field 'x': expected a validity bitmap for 1 nulls but found NULL");
}

#[test]
fn null_counts_that_no_array_of_this_length_has_are_refused() {
    for found in [-2, i64::MIN, 3, i64::MAX] {
        let says = SaysArray { null_count: found, ..SaysArray::of(2, vec![somewhere(); 2]) };
        assert_eq!(problem(says, field("g")), Problem::NullCount { found, length: 2 });
    }
}

/// K-A5: the data is right, and says so.
#[test]
fn nulls_in_a_field_that_is_not_nullable_are_taken_and_told() {
    let says = SaysArray { null_count: 1, ..SaysArray::of(2, vec![somewhere(); 2]) };
    let seen = check(says, field("g").with_nullable(false), |checked| {
        (checked.field().is_nullable(), checked.view().null_count())
    });
    assert_eq!(seen, Ok((false, Some(1))));
}

/// K-A7.
#[test]
fn an_empty_array_needs_no_memory() {
    for format in formats() {
        let (says, field) = honest(format, 0);
        let buffers = vec![null(); says.buffers.len()];
        let len = check(SaysArray { buffers, ..says }, field, |checked| checked.view().len());
        assert_eq!(len, Ok(0), "{format}");
    }
}

#[test]
fn a_buffer_that_has_bytes_is_not_null() {
    let needed: [(&str, &[usize]); 10] = [
        ("b", &[1]),
        ("g", &[1]),
        ("w:0", &[]),
        ("u", &[1]),
        ("vu", &[1]),
        ("+l", &[1]),
        ("+vl", &[1, 2]),
        ("+us:4,7", &[0]),
        ("+ud:4,7", &[0, 1]),
        ("?", &[]),
    ];
    for (format, needed) in needed {
        for index in 0..honest(format, 2).0.buffers.len() {
            let (mut says, field) = honest(format, 2);
            says.buffers[index] = null();
            let found = check(says, field, |_| ());
            match needed.contains(&index) {
                true => assert_eq!(found.unwrap_err().problem, Problem::NullBuffer { index }),
                false => assert_eq!(found, Ok(()), "{format}, buffer {index}"),
            }
        }
    }
}

#[test]
fn missing_pointers_are_refused() {
    let buffers = SaysArray { buffers: vec![], n_buffers: Some(2), ..SaysArray::default() };
    assert_eq!(problem(buffers, field("g")), Problem::Null { what: "the pointers to the buffers" });
    let list = || field("+l").with_children(vec![field("g")]);
    let children = SaysArray { n_children: Some(1), ..SaysArray::default() };
    assert_eq!(problem(children, list()), Problem::Null { what: "the pointers to the children" });
    let child = SaysArray { children: vec![None], ..SaysArray::default() };
    assert_eq!(problem(child, list()), Problem::Null { what: "a child array" });
}

#[test]
fn schema_and_array_must_agree_about_children_and_dictionary() {
    let item = || SaysArray::default();
    let pair = || field("+s").with_children(vec![field("g"), field("g")]);
    for n in [0, 1, 3] {
        let says = SaysArray::of(2, vec![null()]).with((0..n).map(|_| item()));
        let expected = Count::Exactly(2);
        assert_eq!(problem(says, pair()), Problem::Children { format: "+s".into(), expected, found: n });
    }
    let with = SaysArray { dictionary: Some(Box::new(item())), ..item() };
    assert_eq!(problem(with, field("i")), Problem::Dictionary { expected: false });
    assert_eq!(problem(item(), field("i").with_dictionary(field("g"))), Problem::Dictionary { expected: true });
}

/// A field may be made by hand.
#[test]
fn fields_that_no_schema_could_be_read_as_check_nothing() {
    let refused = problem(SaysArray::default(), field("+l"));
    assert_eq!(refused, Problem::Children { format: "+l".into(), expected: Count::Exactly(1), found: 0 });
    let says = SaysArray { dictionary: Some(Box::default()), ..SaysArray::default() };
    let refused = problem(says, field("g").with_dictionary(field("g")));
    assert_eq!(refused, Problem::DictionaryIndex { format: "g".into() });
    let mut deep = (field("g"), SaysArray::default());
    for _ in 0..MAX_DEPTH {
        deep = (field("+s").with_children(vec![deep.0]), SaysArray::of(2, vec![null()]).with([deep.1]));
    }
    assert_eq!(problem(deep.1, deep.0), Problem::Depth { limit: MAX_DEPTH });
}

/// K-A6.
#[test]
fn children_reach_as_far_as_their_parent() {
    for (format, offset, needed) in [("+s", 0, 2), ("+s", 3, 5), ("+us:1", 1, 3), ("+w:4", 0, 8), ("+w:4", 2, 16)] {
        for length in [needed, needed - 1] {
            let (says, _) = honest(format, 2);
            let child = SaysArray { length, ..SaysArray::default() };
            let says = SaysArray { offset, ..says.with([child]) };
            let found = check(says, field(format).with_children(vec![field("g")]), |_| ());
            let short = Problem::ChildLength { index: 0, expected: needed as usize, found: length as usize };
            match length == needed {
                true => assert_eq!(found, Ok(()), "{format}"),
                false => assert_eq!(found.unwrap_err().problem, short),
            }
        }
    }
}

#[test]
fn an_array_that_is_its_own_child_ends_where_its_field_ends() {
    let mut liar = Liar::new();
    let inner = liar.array(SaysArray::of(2, vec![null()]));
    let outer = liar.array(SaysArray::of(2, vec![null()]));
    let children = liar.arena().put_all(vec![inner.as_ptr()]);
    for place in [inner, outer] {
        // SAFETY: a struct of the arena, which nobody else has.
        let raw = unsafe { &mut *place.as_ptr() };
        (raw.n_children, raw.children) = (1, children);
    }
    // SAFETY: a live struct of the arena, handed over once.
    let array = unsafe { OwnedArray::take(outer) }.unwrap();
    let nested = field("+s").with_children(vec![field("+s").with_children(vec![field("+s").with_children(vec![])])]);
    let refused = array.check(Arc::new(nested)).unwrap_err();
    assert_eq!(refused.error.problem, Problem::Children { format: "+s".into(), expected: Count::Exactly(0), found: 1 });
    drop(refused);
    assert_eq!(liar.released(), [0, 1], "the outermost alone is ours to release");
}

/// K-A14.
#[test]
fn misaligned_buffers_are_taken_where_they_lie() {
    for address in [0x1000_0001, 0x1000_0003, usize::MAX] {
        let place = std::ptr::without_provenance::<c_void>(address);
        let says = SaysArray::of(1, vec![null(), place]);
        assert_eq!(check(says, field("g"), |checked| checked.view().buffer(1)), Ok(Some(place)));
    }
}

/// K-A15. Structs and buffers are as they were, the one that was taken aside.
#[test]
fn nothing_is_written_to_what_came_in() {
    let mut liar = Liar::new();
    let says = SaysArray::of(2, vec![null(); 2]).with([SaysArray::default()]);
    let array = liar.give_array(says).unwrap();
    let state = |array: &OwnedArray| {
        // SAFETY: one child, in the arena.
        let child = unsafe { array.as_raw().children.read() };
        // SAFETY: as above.
        format!("{:?} {:?}", array.as_raw(), unsafe { child.as_ref() })
    };
    let before = state(&array);
    let checked = array.check(Arc::new(field("+l").with_children(vec![field("g")])));
    let array = match checked {
        Ok(checked) => checked.into_parts().0,
        Err(refused) => refused.array,
    };
    assert_eq!(state(&array), before);
}

/// K-A17: which layouts there are is a closed list, beside what nobody here knows.
#[test]
fn every_layout_is_told_by_its_name() {
    for format in formats() {
        let (says, field) = honest(format, 1);
        let layout = check(says, field, |checked| checked.view().field().layout()).unwrap();
        assert_eq!(layout == Format::Unknown, format == "?", "{format}");
    }
}

#[test]
fn a_refusal_hands_the_array_back_unreleased() {
    let mut liar = Liar::new();
    let array = liar.give_array(SaysArray { length: -1, ..SaysArray::default() }).unwrap();
    let refused = array.check(Arc::new(field("g"))).unwrap_err();
    assert_eq!(liar.released(), [0]);
    let mut raw = refused.array.into_raw();
    raw.length = 2;
    // SAFETY: live, from `into_raw`.
    let again = unsafe { OwnedArray::take(NonNull::from(&mut raw)) }.unwrap().check(Arc::new(field("g")));
    assert!(again.is_ok());
    drop(again);
    liar.assert_released_once();
}

#[test]
fn null_pointers_to_nothing_are_as_good_as_any() {
    let mut liar = Liar::new();
    let array = liar.array(SaysArray::of(4, vec![]));
    // SAFETY: a struct of the arena, which nobody else has.
    let raw = unsafe { &mut *array.as_ptr() };
    assert_eq!((raw.buffers, raw.children), (null_mut(), null_mut()));
    // SAFETY: a live struct of the arena, handed over once.
    let array = unsafe { OwnedArray::take(array) }.unwrap();
    assert!(array.check(Arc::new(field("n"))).is_ok());
    liar.assert_released_once();
}
