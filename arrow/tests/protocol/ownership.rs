//! Exports: exactly one drop of the owner, wherever and in whatever order structs are released.

use crate::liar::{Liar, SaysArray, field};
use aria_arrow::abi::ArrowArray;
use aria_arrow::{Node, OwnedArray, Owner};
use std::ffi::c_void;
use std::ptr::{NonNull, null};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Counts its drops; panics in them if it is told to.
struct Counted {
    drops: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops.fetch_add(1, SeqCst);
        assert!(!self.panics, "an owner that panics in its drop");
    }
}

fn owner(panics: bool) -> (Owner, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Arc::new(Counted { drops: drops.clone(), panics }), drops)
}

fn nulls(children: Vec<OwnedArray>, dictionary: Option<OwnedArray>, owner: Owner) -> OwnedArray {
    let buffers: Vec<*const c_void> = if children.is_empty() { vec![] } else { vec![null()] };
    let node = Node { length: 2, null_count: Some(0), buffers, children, dictionary, ..Node::default() };
    // SAFETY: nulls and structs without a bitmap have no memory.
    unsafe { node.export(owner) }
}

/// K-A23.
#[test]
fn structs_are_released_on_whatever_thread_drops_them() {
    let (whole, drops) = owner(false);
    let exported = nulls(vec![], None, whole);
    let mut liar = Liar::new();
    let foreign = liar.give_array(SaysArray::default()).unwrap();
    std::thread::spawn(move || drop((exported, foreign))).join().unwrap();
    assert_eq!(drops.load(SeqCst), 1);
    liar.assert_released_once();
}

/// Rule O4.
#[test]
fn a_panic_in_the_owners_drop_ends_in_the_release() {
    let (whole, drops) = owner(true);
    let (child, child_drops) = owner(true);
    let mut raw = nulls(vec![nulls(vec![], None, child)], None, whole).into_raw();
    let release = raw.release.unwrap();
    // SAFETY: live, and called once.
    unsafe { release(&raw mut raw) };
    assert!(raw.release.is_none());
    assert_eq!((drops.load(SeqCst), child_drops.load(SeqCst)), (1, 1));
}

/// K-A9.
#[test]
fn an_export_is_released_wherever_it_was_moved() {
    let (whole, drops) = owner(false);
    let mut first = nulls(vec![nulls(vec![], None, whole.clone())], None, whole).into_raw();
    let mut second = Box::new(std::mem::replace(&mut first, ArrowArray::released()));
    // SAFETY: live, and moved out.
    let third = unsafe { OwnedArray::take(NonNull::from(&mut *second)) }.unwrap();
    drop(second);
    assert_eq!(drops.load(SeqCst), 0);
    drop(vec![third]);
    assert_eq!(drops.load(SeqCst), 1);
}

/// K-A10.
#[test]
fn the_dictionary_and_the_children_that_stay_go_with_their_parent() {
    let mut owners: Vec<_> = (0..4).map(|_| owner(false)).collect();
    let drops: Vec<_> = owners.iter().map(|(_, drops)| drops.clone()).collect();
    let mut next = || owners.pop().unwrap().0;
    let dictionary = nulls(vec![], None, next());
    let children = vec![nulls(vec![], None, next()), nulls(vec![], None, next())];
    let parent = nulls(children, Some(dictionary), next());
    let counts = || drops.iter().map(|drops| drops.load(SeqCst)).collect::<Vec<_>>();
    // SAFETY: two children.
    let child = unsafe { parent.as_raw().children.add(1) };
    // SAFETY: as above.
    let child = unsafe { child.read() };
    // SAFETY: live, and nobody else takes it.
    let child = unsafe { OwnedArray::take(NonNull::new(child).unwrap()) }.unwrap();
    drop(parent);
    assert_eq!(counts(), [1, 0, 1, 1]);
    drop(child);
    assert_eq!(counts(), [1, 1, 1, 1]);
}

/// K-A10, with a foreign parent, and K-A23.
#[test]
fn children_of_a_foreign_array_that_were_moved_out_outlive_it() {
    let mut liar = Liar::new();
    let parent = liar.give_array(SaysArray::of(2, vec![null()]).with([SaysArray::default()])).unwrap();
    // SAFETY: one child.
    let child = unsafe { parent.as_raw().children.read() };
    // SAFETY: live, and nobody else takes it.
    let child = unsafe { OwnedArray::take(NonNull::new(child).unwrap()) }.unwrap();
    drop(parent);
    assert_eq!(liar.released(), [0, 1]);
    assert!(child.check(Arc::new(field("g"))).is_ok());
    liar.assert_released_once();
}

#[test]
fn a_foreign_array_goes_into_a_struct_of_ours_and_is_released_with_it() {
    let mut liar = Liar::new();
    let (whole, drops) = owner(false);
    let columns = (0..2).map(|_| liar.give_array(SaysArray::default()).unwrap()).collect();
    let table = nulls(columns, None, whole);
    let field = field("+s").with_children(vec![field("g"), field("g")]);
    let checked = Arc::new(table.check(Arc::new(field)).unwrap());
    let keeps: Owner = checked.clone();
    // SAFETY: the owner is the array itself.
    let part = unsafe { checked.view().share(1..2, &keeps) };
    drop((checked, keeps));
    assert_eq!((drops.load(SeqCst), liar.released()), (0, vec![0, 0]));
    drop(part);
    assert_eq!(drops.load(SeqCst), 1);
    liar.assert_released_once();
}

/// K-A1, K-A2: what goes out says that there are nulls to be counted only beside a bitmap.
#[test]
fn parts_of_an_array_know_their_nulls_or_leave_them_to_be_counted() {
    let bits = [0b101u8];
    let bitmap = (&raw const bits).cast::<c_void>();
    for (null_count, bitmap, range, expected) in [
        (1, bitmap, 0..3, 1),
        (1, bitmap, 0..2, -1),
        (0, bitmap, 0..2, 0),
        (-1, bitmap, 0..3, -1),
        (-1, null(), 0..3, 0),
        (-1, null(), 1..2, 0),
        (1, bitmap, 5..9, 0),
    ] {
        let mut liar = Liar::new();
        let says = SaysArray { null_count, ..SaysArray::of(3, vec![bitmap, (&raw const bits).cast()]) };
        let whole = Arc::new(liar.give_array(says).unwrap().check(Arc::new(field("c"))).unwrap());
        let keeps: Owner = whole.clone();
        // SAFETY: the owner is the array itself.
        let part = unsafe { whole.view().share(range.clone(), &keeps) };
        assert_eq!(part.as_raw().null_count, expected, "{range:?}");
        drop((whole, keeps, part));
        liar.assert_released_once();
    }
}
