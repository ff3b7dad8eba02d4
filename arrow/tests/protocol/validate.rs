//! Full validation: every wrong value is found, by its element, before anything behind it is read.
//!
//! Buffers are exactly as long as the array says, so that Miri sees a read beyond.

use crate::liar::{Liar, SaysArray, field};
use aria_arrow::{ArrowError, Field, Problem, read_text, validate};
use std::ffi::c_void;
use std::ptr::null;
use std::sync::Arc;

/// A producer of arrays whose buffers have bytes.
struct Maker(Liar);

impl Maker {
    fn buffer<T: Copy + 'static>(&mut self, values: &[T]) -> *const c_void {
        self.0.arena().put_all(values.to_vec()).cast_const().cast()
    }

    fn validate(mut self, says: SaysArray, field: Field) -> Result<(), ArrowError> {
        let checked = self.0.give_array(says).unwrap().check(Arc::new(field)).unwrap();
        // SAFETY: the buffers are as long as they should be, or the test is about what is found before that matters.
        let found = unsafe { validate(&checked.view()) };
        if found.is_ok() && checked.field().is_text() {
            let view = checked.view();
            let mut rows = 0;
            // SAFETY: every value was just checked.
            let read = unsafe { read_text(&view, 0..view.len(), &mut |_| rows += 1) };
            assert_eq!((read.unwrap(), rows), (true, view.len()), "what is valid can be read");
        }
        drop(checked);
        self.0.assert_released_once();
        found
    }
}

fn maker() -> Maker {
    Maker(Liar::new())
}

fn wrong(index: usize, what: &'static str) -> Problem {
    Problem::Value { index, what }
}

fn found(outcome: Result<(), ArrowError>) -> Option<Problem> {
    outcome.err().map(|error| error.problem)
}

/// Text of these offsets and bytes, the second element null if `second` is false.
fn text(format: &str, offsets: &[i32], bytes: &[u8], second: bool) -> Option<Problem> {
    let mut maker = maker();
    let bitmap = maker.buffer(&[0b101u8 | u8::from(second) << 1]);
    let buffers = vec![bitmap, maker.buffer(offsets), maker.buffer(bytes)];
    let says = SaysArray { null_count: -1, ..SaysArray::of(offsets.len() as i64 - 1, buffers) };
    found(maker.validate(says, field(format)))
}

const FALLS: &str = "its end lies before its start";
const NEGATIVE: &str = "a negative offset or size";
const NO_UTF8: &str = "its bytes are no UTF-8";
const BEYOND: &str = "reaches beyond the end of its child";

#[test]
fn offsets_never_fall_and_are_read_before_any_byte() {
    assert_eq!(text("u", &[0, 2, 2, 3], b"abc", true), None);
    assert_eq!(text("u", &[0, 2, 1, 3], b"abc", true), Some(wrong(1, FALLS)));
    // The first element would reach far beyond the buffer, which ends where the last offset says.
    assert_eq!(text("u", &[0, i32::MAX, 1, 3], b"abc", true), Some(wrong(1, FALLS)));
    assert_eq!(text("z", &[0, 0x7000_0000, 0, 3], b"abc", true), Some(wrong(1, FALLS)));
    assert_eq!(text("u", &[-1, 0, 0, 3], b"abc", true), Some(wrong(0, NEGATIVE)));
    assert_eq!(text("u", &[0, 0, 0, -3], b"abc", true), Some(wrong(3, NEGATIVE)));
}

#[test]
fn text_is_utf8_where_it_is_not_null_and_bytes_are_anything() {
    assert_eq!(text("u", &[0, 1, 2, 3], b"a\xFFc", true), Some(wrong(1, NO_UTF8)));
    assert_eq!(text("u", &[0, 1, 2, 3], b"a\xFFc", false), None);
    assert_eq!(text("z", &[0, 1, 2, 3], b"a\xFFc", true), None);
    // A character that two elements share is none in either.
    assert_eq!(text("u", &[0, 1, 2, 2], "é".as_bytes(), true), Some(wrong(0, NO_UTF8)));
}

#[test]
fn bytes_that_offsets_reach_are_there() {
    let mut maker = maker();
    let buffers = vec![null(), maker.buffer(&[0i64, 5]), null()];
    let outcome = maker.validate(SaysArray::of(1, buffers), field("U"));
    assert_eq!(outcome.unwrap_err().to_string(), "field 'x': expected memory in buffer 2 but found NULL");
}

/// K-A6: elements are counted from the offset on.
#[test]
fn an_offset_shifts_what_is_read() {
    for (offset, problem) in [(0, Some(wrong(0, FALLS))), (1, None)] {
        let mut maker = maker();
        let buffers = vec![null(), maker.buffer(&[9i32, 0, 1, 2]), maker.buffer(b"ab")];
        let says = SaysArray { offset, ..SaysArray::of(2, buffers) };
        assert_eq!(found(maker.validate(says, field("u"))), problem);
    }
}

/// K-A3.
#[test]
fn the_number_of_nulls_is_that_of_the_bitmap_within_the_elements() {
    // Against bits counted one by one.
    let bytes = [0b0110_1001u8, 0b1111_0000, 0b0000_0001, 0b1010_1010];
    let bit = |i: usize| bytes[i / 8] >> (i % 8) & 1 == 1;
    for offset in (0..32).step_by(if cfg!(miri) { 13 } else { 1 }) {
        for length in 0..=32 - offset {
            let nulls = (offset..offset + length).filter(|i| !bit(*i)).count();
            for stated in [nulls as i64, nulls as i64 + 1, -1] {
                if stated > length as i64 {
                    continue;
                }
                let mut maker = maker();
                let buffers = vec![maker.buffer(&bytes[..(offset + length).div_ceil(8)]), maker.buffer(&[0u8; 32])];
                let says = SaysArray {
                    null_count: stated,
                    offset: offset as i64,
                    ..SaysArray::of(length as i64, if length == 0 { vec![null(); 2] } else { buffers })
                };
                let expected =
                    (stated > nulls as i64).then_some(Problem::NullBits { stated: stated as usize, found: nulls });
                assert_eq!(found(maker.validate(says, field("c"))), expected, "{offset} {length}");
            }
            if cfg!(miri) && length > 2 {
                break;
            }
        }
    }
}

/// One or two columns of numbers below a node.
fn with_child(says: SaysArray, format: &str, length: i64) -> (SaysArray, Field) {
    let child = SaysArray { length, ..SaysArray::default() };
    (says.with([child]), field(format).with_children(vec![field("g").with_name("item")]))
}

#[test]
fn lists_stay_within_their_child() {
    for (offsets, length, problem) in [
        ([0i64, 2, 5], 5, None),
        ([3, 3, 5], 5, None),
        ([0, 2, 5], 4, Some(wrong(1, BEYOND))),
        ([0, 5, 2], 5, Some(wrong(1, FALLS))),
        ([0, 2, i64::MAX], 5, Some(wrong(1, BEYOND))),
        ([i64::MIN, 2, 5], 5, Some(wrong(0, NEGATIVE))),
    ] {
        let mut maker = maker();
        let buffers = vec![null(), maker.buffer(&offsets)];
        let (says, field) = with_child(SaysArray::of(2, buffers), "+L", length);
        assert_eq!(found(maker.validate(says, field)), problem, "{offsets:?}");
    }
}

#[test]
fn list_views_stay_within_their_child_in_any_order() {
    for (offsets, sizes, problem) in [
        ([4, 0], [1, 5], None),
        ([5, 0], [0, 0], None),
        ([4, 0], [2, 0], Some(wrong(0, BEYOND))),
        ([0, 6], [0, 0], Some(wrong(1, BEYOND))),
        ([0, -1], [0, 0], Some(wrong(1, NEGATIVE))),
        ([0, 0], [0, i32::MIN], Some(wrong(1, NEGATIVE))),
        ([i32::MAX, 0], [i32::MAX, 0], Some(wrong(0, BEYOND))),
    ] {
        let mut maker = maker();
        let buffers = vec![null(), maker.buffer(&offsets), maker.buffer(&sizes)];
        let (says, field) = with_child(SaysArray::of(2, buffers), "+vl", 5);
        assert_eq!(found(maker.validate(says, field)), problem, "{offsets:?} {sizes:?}");
    }
    let mut maker = maker();
    let buffers = vec![null(), maker.buffer(&[i64::MAX]), maker.buffer(&[i64::MAX])];
    let (says, field) = with_child(SaysArray::of(1, buffers), "+vL", 5);
    assert_eq!(found(maker.validate(says, field)), Some(wrong(0, BEYOND)));
}

#[test]
fn unions_have_their_own_ids_and_offsets_within_their_children() {
    let none = "its type id is none of the union's";
    for (format, ids, offsets, problem) in [
        ("+ud:4,7", [4i8, 7, 4], [0, 2, 1], None),
        ("+ud:4,7", [4, 0, 4], [0, 2, 1], Some(wrong(1, none))),
        ("+ud:4,7", [4, 7, -4], [0, 2, 1], Some(wrong(2, none))),
        ("+ud:4,7", [4, 7, 4], [0, 3, 1], Some(wrong(1, BEYOND))),
        ("+ud:4,7", [4, 7, 4], [0, 2, -1], Some(wrong(2, NEGATIVE))),
        ("+ud:4,7", [4, 7, 4], [i32::MAX, 2, 1], Some(wrong(0, BEYOND))),
        ("+us:4,7", [4, 7, 7], [0; 3], None),
        ("+us:4,7", [4, 7, 5], [0; 3], Some(wrong(2, none))),
        ("+us:", [0; 3], [0; 3], Some(wrong(0, none))),
    ] {
        let mut maker = maker();
        let mut buffers = vec![maker.buffer(&ids)];
        if format.starts_with("+ud") {
            buffers.push(maker.buffer(&offsets));
        }
        let n = if format == "+us:" { 0 } else { 2 };
        let children = (0..n).map(|_| SaysArray { length: 3, ..SaysArray::default() });
        let field = field(format).with_children((0..n).map(|_| field("g")).collect());
        let outcome = maker.validate(SaysArray::of(3, buffers).with(children), field);
        assert_eq!(found(outcome), problem, "{format} {ids:?} {offsets:?}");
    }
}

/// Runs with these ends, of a format, over a parent of this offset and length, with so many values.
fn runs<T: Copy + 'static>(format: &str, ends: &[T], parent: (i64, i64), values: i64) -> Option<Problem> {
    let mut maker = maker();
    let first = SaysArray::of(ends.len() as i64, vec![null(), maker.buffer(ends)]);
    let second = SaysArray { length: values, ..SaysArray::default() };
    let says = SaysArray { offset: parent.0, ..SaysArray::of(parent.1, vec![]) };
    let field = field("+r").with_children(vec![field(format), field("g")]);
    found(maker.validate(says.with([first, second]), field))
}

#[test]
fn run_ends_rise_and_reach_the_end() {
    let behind = |index| Some(wrong(index, "it lies behind the last run"));
    let rise = |index| Some(wrong(index, "run ends do not rise"));
    assert_eq!(runs("i", &[1, 4, 6], (0, 6), 3), None);
    assert_eq!(runs("s", &[1i16, 4, 6], (3, 2), 5), None);
    assert_eq!(runs("l", &[1i64, 4, 6], (1, 6), 3), behind(5));
    assert_eq!(runs("i", &[1, 4, 6], (0, 6), 2), behind(5));
    assert_eq!(runs("i", &[1, 1, 6], (0, 6), 3), rise(1));
    assert_eq!(runs("i", &[0, 1, 6], (0, 6), 3), rise(0));
    assert_eq!(runs("s", &[3i16, 2, 6], (0, 6), 3), rise(1));
    assert_eq!(runs("l", &[i64::MIN], (0, 6), 1), rise(0));
    assert_eq!(runs::<i32>("i", &[], (0, 6), 0), behind(5));
    assert_eq!(runs::<i32>("i", &[], (0, 0), 0), None);
    let kind = Some(wrong(0, "run ends are no int16, int32 or int64"));
    assert_eq!(runs("f", &[1f32, 6.0], (0, 6), 2), kind);
    assert_eq!(runs("I", &[1u32, 6], (0, 6), 2), kind);
    assert_eq!(runs("f", &[1f32, 6.0], (0, 0), 2), None, "of an empty array nothing is read");
}

#[test]
fn run_ends_are_not_null() {
    for (bits, null_count, problem) in [
        (0b11u8, -1, None),
        (0b01, -1, Some(wrong(0, "some run ends are null"))),
        (0b01, 0, Some(wrong(0, "some run ends are null"))),
    ] {
        let mut maker = maker();
        let ends = SaysArray { null_count, ..SaysArray::of(2, vec![maker.buffer(&[bits]), maker.buffer(&[1, 2])]) };
        let says = SaysArray::of(2, vec![]).with([ends, SaysArray::default()]);
        let field = field("+r").with_children(vec![field("i"), field("g")]);
        assert_eq!(found(maker.validate(says, field)), problem);
    }
}

/// A view: a length, then its bytes or a prefix, a buffer and an offset.
fn view(length: i32, prefix: &[u8; 4], buffer: i32, offset: i32) -> [u8; 16] {
    let parts = [length.to_ne_bytes(), *prefix, buffer.to_ne_bytes(), offset.to_ne_bytes()];
    std::array::from_fn(|i| parts[i / 4][i % 4])
}

#[test]
fn views_stay_within_their_buffers_and_say_how_they_begin() {
    let data = b"a text of 22 bytes \xFF \xFF";
    let short = |bytes: &[u8; 4], length| view(length, bytes, 0, 0);
    for (format, one, problem) in [
        ("vu", short(b"abcd", 4), None),
        ("vu", short(b"ab\0\0", 2), None),
        ("vu", short(b"abcd", 2), Some("there is more than zeros behind its bytes")),
        ("vu", short(b"a\xFF\0\0", 2), Some(NO_UTF8)),
        ("vz", short(b"a\xFF\0\0", 2), None),
        ("vu", view(14, b"a te", 0, 0), None),
        ("vu", view(14, b"text", 0, 2), None),
        ("vu", view(20, b"a te", 0, 0), Some(NO_UTF8)),
        ("vz", view(22, b"a te", 0, 0), None),
        ("vz", view(22, b"a te", 0, 1), Some("it reaches beyond the end of its buffer")),
        ("vz", view(i32::MAX, b"a te", 0, i32::MAX), Some("it reaches beyond the end of its buffer")),
        ("vz", view(22, b"b te", 0, 0), Some("its prefix is not how its bytes begin")),
        ("vz", view(22, b"a te", 1, 0), Some("its buffer is none of the array's")),
        ("vz", view(22, b"a te", -1, 0), Some("its buffer is none of the array's")),
        ("vz", view(22, b"a te", 0, -1), Some("a negative offset")),
        ("vz", view(-1, b"a te", 0, 0), Some("a negative length")),
    ] {
        for valid in [true, false] {
            let mut maker = maker();
            let bitmap = maker.buffer(&[0b10u8 | u8::from(valid)]);
            let views = maker.buffer(&[one, view(0, b"\0\0\0\0", 0, 0)]);
            let buffers = vec![bitmap, views, maker.buffer(data), maker.buffer(&[data.len() as i64])];
            let outcome = maker.validate(SaysArray { null_count: -1, ..SaysArray::of(2, buffers) }, field(format));
            assert_eq!(found(outcome), problem.filter(|_| valid).map(|what| wrong(0, what)), "{one:?}");
        }
    }
}

#[test]
fn sizes_of_view_buffers_are_believed_only_if_they_can_be() {
    for (size, data_is_there, problem) in [
        (-1i64, true, wrong(0, "it reaches beyond the end of its buffer")),
        (0, true, wrong(0, "it reaches beyond the end of its buffer")),
        (22, false, Problem::NullBuffer { index: 2 }),
    ] {
        let mut maker = maker();
        let data = if data_is_there { maker.buffer(&[b'x'; 22]) } else { null() };
        let buffers = vec![null(), maker.buffer(&[view(22, b"xxxx", 0, 0)]), data, maker.buffer(&[size])];
        assert_eq!(found(maker.validate(SaysArray::of(1, buffers), field("vu"))), Some(problem));
    }
}

/// Indices of a format, the second null if `second` is false, into five values.
fn indices<T: Copy + 'static>(format: &str, values: [T; 3], second: bool) -> Option<Problem> {
    let mut maker = maker();
    let bitmap = maker.buffer(&[0b101u8 | u8::from(second) << 1]);
    let buffers = vec![bitmap, maker.buffer(&values)];
    let dictionary = Some(Box::new(SaysArray { length: 5, ..SaysArray::default() }));
    let says = SaysArray { null_count: -1, dictionary, ..SaysArray::of(3, buffers) };
    found(maker.validate(says, field(format).with_dictionary(field("g"))))
}

#[test]
fn indices_stay_within_the_dictionary_where_they_are_not_null() {
    let outside = Some(wrong(1, "its index lies outside of the dictionary"));
    assert_eq!(indices("c", [0i8, 4, 2], true), None);
    assert_eq!(indices("c", [0i8, -1, 2], true), outside);
    assert_eq!(indices("C", [0u8, 255, 2], true), outside);
    assert_eq!(indices("C", [0u8, 255, 2], false), None);
    assert_eq!(indices("s", [0i16, 5, 2], true), outside);
    assert_eq!(indices("S", [0u16, 0x100, 2], true), outside);
    assert_eq!(indices("i", [0i32, i32::MIN, 2], true), outside);
    assert_eq!(indices("I", [0u32, 1 << 31, 2], true), outside);
    assert_eq!(indices("l", [0i64, 1 << 32, 2], true), outside);
    assert_eq!(indices("L", [0u64, u64::MAX, 2], true), outside);
    assert_eq!(indices("L", [0u64, 4, 2], true), None);
}

#[test]
fn what_is_wrong_below_is_named_by_its_path() {
    let mut maker = maker();
    let text = SaysArray::of(2, vec![null(), maker.buffer(&[0i32, 1, 2]), maker.buffer(b"a\xFF")]);
    let row = SaysArray::of(2, vec![null()]).with([SaysArray::default(), text]);
    let list = SaysArray::of(1, vec![null(), maker.buffer(&[0i32, 2])]).with([row]);
    let row = field("+s").with_name("row").with_children(vec![field("g"), field("u").with_name("name")]);
    let refused = maker.validate(list, field("+l").with_children(vec![row])).unwrap_err();
    assert_eq!(refused.to_string(), "field 'x.row.name': element 1: its bytes are no UTF-8");
}
