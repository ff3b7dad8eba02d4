//! The array half as a C program uses it, by its exported symbols: so that Miri sees both sides of the border.

use super::words::AriaNdHeader;
use aria_array_bridge::AriaNdArray;
use aria_arrow::abi::{ArrowArray, ArrowSchema};
use core::ffi::{CStr, c_char, c_void};
use core::mem::MaybeUninit;
use core::ptr;

/// `AriaBridgeDrop`
type DropFn = unsafe extern "C" fn(*mut c_void);

// As C declares them.
unsafe extern "C" {
    fn aria_nd_new(dtype: *const c_char, len: i64, capacity: i64) -> *mut AriaNdArray;
    fn aria_nd_zeros(dtype: *const c_char, len: i64, ndim: i32, shape: *const i64) -> *mut AriaNdArray;
    fn aria_nd_wrap(
        data: *mut c_void,
        dtype: *const c_char,
        len: i64,
        ndim: i32,
        shape: *const i64,
        strides: *const i64,
        flags: i32,
        context: *mut c_void,
        release: Option<DropFn>,
    ) -> *mut AriaNdArray;
    fn aria_nd_push_float(array: *mut AriaNdArray, value: f64) -> i32;
    fn aria_nd_set_float(array: *mut AriaNdArray, index: i64, value: f64) -> i32;
    fn aria_nd_get_float(array: *mut AriaNdArray, index: i64, out: *mut f64) -> i32;
    fn aria_nd_reserve(array: *mut AriaNdArray, capacity: i64) -> i32;
    fn aria_nd_data(array: *mut AriaNdArray) -> *mut c_void;
    fn aria_nd_retain(array: *mut AriaNdArray) -> *mut AriaNdArray;
    fn aria_nd_slice(array: *mut AriaNdArray, axis: i32, start: i64, len: i64, step: i64) -> *mut AriaNdArray;
    fn aria_nd_dtype(array: *mut AriaNdArray) -> *mut c_char;
    fn aria_nd_copy_to_header(array: *mut AriaNdArray, out: *mut AriaNdHeader) -> i32;
    fn aria_nd_copy_header(header: *const AriaNdHeader, dtype: *const c_char, len: i64) -> *mut AriaNdArray;
    fn aria_nd_to_dlpack(array: *mut AriaNdArray) -> *mut c_void;
    fn aria_nd_from_dlpack(tensor: *mut c_void) -> *mut AriaNdArray;
    fn aria_nd_to_arrow(array: *mut AriaNdArray, out: *mut ArrowArray, schema: *mut ArrowSchema) -> i32;
    fn aria_nd_from_arrow(array: *mut ArrowArray, schema: *mut ArrowSchema) -> *mut AriaNdArray;
    fn aria_nd_release(array: *mut AriaNdArray);
    fn aria_bridge_scope_enter() -> i64;
    fn aria_bridge_scope_leave(scope: i64);
    fn aria_bridge_scope_keep(handle: *mut c_void) -> *mut c_void;
    fn aria_bridge_text_len(text: *const c_char) -> i64;
    fn aria_bridge_text_release(text: *mut c_char);
    fn aria_bridge_error_pending() -> i32;
    fn aria_bridge_error_take() -> *mut c_void;
    fn aria_bridge_error_message(error: *mut c_void) -> *mut c_char;
    fn aria_bridge_error_frames(error: *mut c_void) -> i64;
    fn aria_bridge_error_release(error: *mut c_void);
    fn free(data: *mut c_void);
}

const F64: *const c_char = c"float64".as_ptr();

/// Calls what the header declares.
macro_rules! c {
    ($call:expr) => {
        // SAFETY: as the header says: live handles, each given up once, and places that may be read or written.
        unsafe { $call }
    };
}

/// The elements as C reads them of the struct: by its words, and by its shape and strides.
fn read(array: *mut AriaNdArray) -> Vec<f64> {
    let words = c!(&*array);
    let (len, step) = (c!(*words.shape), if words.strides.is_null() { words.elem_size } else { c!(*words.strides) });
    assert_eq!((words.ndim, words.length), (1, len));
    let at = |index: i64| words.data.cast::<f64>().wrapping_byte_offset((index * step) as isize);
    (0..len).map(|index| c!(at(index).read())).collect()
}

fn counted(len: i64) -> *mut AriaNdArray {
    let array = c!(aria_nd_new(F64, -1, 0));
    (0..len).for_each(|number| assert_eq!(c!(aria_nd_push_float(array, number as f64)), 0));
    array
}

#[test]
fn an_array_that_grows_is_read_by_its_struct_at_any_time() {
    let array = c!(aria_nd_new(F64, -1, 1));
    let shape = c!((*array).shape);
    for number in 0..20 {
        assert_eq!(c!(aria_nd_push_float(array, number as f64)), 0);
        // The shape stays where it is, also where the elements move.
        assert_eq!((read(array).len() as i64, c!(*shape)), (number + 1, number + 1));
    }
    assert_eq!(c!(aria_nd_set_float(array, 3, -1.0)), 0);
    assert_eq!(c!(aria_nd_reserve(array, 100)), 0);
    let data = c!(aria_nd_data(array)).cast::<f64>();
    c!(data.add(4).write(-2.0));
    assert_eq!(read(array)[2..6], [2.0, -1.0, -2.0, 5.0]);
    let mut number = 0.0;
    assert_eq!((c!(aria_nd_get_float(array, 4, &raw mut number)), number), (0, -2.0));
    c!(aria_nd_release(array));
}

#[test]
fn handles_over_the_same_memory_part_where_one_is_written() {
    let array = counted(4);
    let (other, part) = (c!(aria_nd_retain(array)), c!(aria_nd_slice(array, 0, 3, 2, -2)));
    assert_eq!((read(other), read(part)), (vec![0.0, 1.0, 2.0, 3.0], vec![3.0, 1.0]));
    assert_eq!(c!(aria_nd_set_float(array, 1, 9.0)), 0);
    assert_eq!(c!(aria_nd_push_float(part, 7.0)), 0);
    assert_eq!((read(array), read(other)), (vec![0.0, 9.0, 2.0, 3.0], vec![0.0, 1.0, 2.0, 3.0]));
    assert_eq!(read(part), [3.0, 1.0, 7.0]);
    [array, other, part].into_iter().for_each(|array| c!(aria_nd_release(array)));
}

/// # Safety
///
/// `context` is a count.
unsafe extern "C" fn count(context: *mut c_void) {
    c!(*context.cast::<i32>() += 1);
}

#[test]
fn memory_of_the_program_is_given_back_once() {
    let mut released = 0;
    let (released, mut numbers) = (&raw mut released, [1.0, 2.0, 3.0, 4.0]);
    let (shape, stride) = ([2i64], [16i64]);
    let data = (&raw mut numbers).cast();
    let array = c!(aria_nd_wrap(data, F64, -1, 1, shape.as_ptr(), stride.as_ptr(), 0, released.cast(), Some(count)));
    let other = c!(aria_nd_retain(array));
    assert_eq!((read(array), read(other)), (vec![1.0, 3.0], vec![1.0, 3.0]));
    c!(data.cast::<f64>().add(2).write(5.0));
    assert_eq!(c!(aria_nd_push_float(array, 6.0)), 0);
    assert_eq!((read(array), read(other)), (vec![1.0, 5.0, 6.0], vec![1.0, 5.0]));
    c!(aria_nd_release(array));
    assert_eq!(c!(*released), 0);
    c!(aria_nd_release(other));
    assert_eq!(c!(*released), 1);
}

/// Whose memory it was, and what it says of the array in its place.
struct Watcher {
    array: *mut AriaNdArray,
    seen: Vec<f64>,
}

/// # Safety
///
/// `context` is a `Watcher` with a live array.
unsafe extern "C" fn watch(context: *mut c_void) {
    let watcher = context.cast::<Watcher>();
    let array = c!((*watcher).array);
    assert_eq!(c!(aria_nd_push_float(array, 7.0)), 0);
    c!((*watcher).seen = read(array));
}

#[test]
fn memory_that_an_array_leaves_may_look_at_the_array_as_it_goes() {
    let (mut watcher, mut number) = (Watcher { array: ptr::null_mut(), seen: Vec::new() }, 1.0);
    let (watcher, shape) = (&raw mut watcher, [1i64]);
    let data = (&raw mut number).cast();
    let array = c!(aria_nd_wrap(data, F64, -1, 1, shape.as_ptr(), ptr::null(), 0, watcher.cast(), Some(watch)));
    c!((*watcher).array = array);
    // Copied to memory of its own, and the program's is given back.
    assert_eq!(c!(aria_nd_set_float(array, 0, 2.0)), 0);
    assert_eq!(c!(core::mem::take(&mut (*watcher).seen)), [2.0, 7.0]);
    assert_eq!(read(array), [2.0, 7.0]);
    c!(aria_nd_release(array));
}

#[test]
fn headers_dlpack_and_arrow_go_out_and_come_back() {
    let array = counted(3);
    let mut header = MaybeUninit::uninit();
    assert_eq!(c!(aria_nd_copy_to_header(array, header.as_mut_ptr())), 0);
    let copy = c!(aria_nd_copy_header(header.as_ptr(), F64, -1));
    c!(free(header.assume_init().data));
    let shared = c!(aria_nd_from_dlpack(aria_nd_to_dlpack(array)));
    let (mut out, mut schema) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    assert_eq!(c!(aria_nd_to_arrow(array, out.as_mut_ptr(), schema.as_mut_ptr())), 0);
    let arrow = c!(aria_nd_from_arrow(out.as_mut_ptr(), schema.as_mut_ptr()));
    assert_eq!(c!(aria_nd_set_float(array, 0, 8.0)), 0);
    for (other, copied) in [(copy, true), (shared, false), (arrow, false)] {
        assert_eq!(read(other), [0.0, 1.0, 2.0]);
        // Shared with nobody any more, or in memory that `array` has left.
        assert!(copied || c!(aria_nd_data(other)) != c!(aria_nd_data(array)));
    }
    [array, copy, shared, arrow].into_iter().for_each(|array| c!(aria_nd_release(array)));
}

#[test]
fn scopes_and_texts_and_errors_are_released() {
    let scope = c!(aria_bridge_scope_enter());
    let (array, kept) = (counted(2), counted(1));
    c!(aria_bridge_scope_keep(kept.cast()));
    let name = c!(aria_nd_dtype(array));
    assert_eq!((c!(CStr::from_ptr(name)), c!(aria_bridge_text_len(name))), (c"float64", 7));
    c!(aria_bridge_text_release(aria_nd_dtype(array)));
    let shape = [-1i64];
    assert!(c!(aria_nd_zeros(F64, -1, 1, shape.as_ptr())).is_null());
    assert_eq!(c!(aria_bridge_error_pending()), -1);
    let error = c!(aria_bridge_error_take());
    assert!(c!(CStr::from_ptr(aria_bridge_error_message(error))).to_string_lossy().contains("found -1"));
    assert_eq!(c!(aria_bridge_error_frames(error)), 0);
    c!(aria_bridge_error_release(error));
    c!(aria_bridge_scope_leave(scope));
    assert_eq!(read(kept), [0.0]);
    c!(aria_nd_release(kept));
    c!(aria_nd_release(ptr::null_mut()));
}
