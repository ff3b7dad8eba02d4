//! Arrays of ours as `ArrowArray` structs: what an owner keeps alive, and views of arrays that came in.

use crate::abi::ArrowArray;
use crate::array::OwnedArray;
use crate::field::Field;
use crate::format::{Count, Format};
use crate::unwind::caught;
use crate::view::ArrayView;
use core::any::Any;
use core::ffi::c_void;
use core::ops::Range;
use core::ptr;
use std::sync::Arc;

/// What keeps buffers alive: dropped when the last struct over them is released, on whichever thread that happens.
pub type Owner = Arc<dyn Any + Send + Sync>;

/// What an `ArrowArray` will say.
#[derive(Debug, Default)]
pub struct Node {
    /// Elements, from `offset` on.
    pub length: usize,
    /// Elements before the first one.
    pub offset: usize,
    /// The number of nulls; `None` where it was not counted, which takes a bitmap.
    pub null_count: Option<usize>,
    /// Addresses of the buffers, the validity bitmap first where the format has one.
    pub buffers: Vec<*const c_void>,
    /// Arrays of the children.
    pub children: Vec<OwnedArray>,
    /// Dictionary values.
    pub dictionary: Option<OwnedArray>,
}

/// What an array of ours points into.
struct Held {
    buffers: Box<[*const c_void]>,
    children: Box<[*mut ArrowArray]>,
    dictionary: *mut ArrowArray,
    _owner: Owner,
}

impl Node {
    /// The struct, which keeps `owner` until it is released. **Zero-copy.**
    ///
    /// # Safety
    ///
    /// While `owner` lives, the buffers hold what a field of the format it goes out with says, and may be read.
    pub unsafe fn export(self, owner: Owner) -> OwnedArray {
        let boxed = |array: OwnedArray| Box::into_raw(Box::new(array.into_raw())); // Freed by `release`.
        let held = Box::new(Held {
            buffers: self.buffers.into(),
            children: self.children.into_iter().map(boxed).collect(),
            dictionary: self.dictionary.map_or(ptr::null_mut(), boxed),
            _owner: owner,
        });
        let array = ArrowArray {
            length: self.length as i64, // Lengths of memory fit.
            null_count: self.null_count.map_or(-1, |nulls| nulls as i64),
            offset: self.offset as i64,
            n_buffers: held.buffers.len() as i64,
            n_children: held.children.len() as i64,
            buffers: if held.buffers.is_empty() { ptr::null_mut() } else { held.buffers.as_ptr().cast_mut() },
            children: if held.children.is_empty() { ptr::null_mut() } else { held.children.as_ptr().cast_mut() },
            dictionary: held.dictionary,
            release: Some(release),
            private_data: Box::into_raw(held).cast::<c_void>(),
        };
        #[allow(clippy::expect_used, reason = "`release` was set just now")]
        OwnedArray::live(array).expect("`release` was set just now")
    }
}

/// # Safety
///
/// `array` is a live struct that [`Node::export`] made; called once.
unsafe extern "C" fn release(array: *mut ArrowArray) {
    // SAFETY: live and exclusive: the interface's promise.
    let array = unsafe { &mut *array };
    // SAFETY: the box that `export` leaked, taken back once.
    let held = unsafe { Box::from_raw(array.private_data.cast::<Held>()) };
    array.release = None;
    for child in held.children.iter().copied().chain([held.dictionary]).filter(|child| !child.is_null()) {
        // SAFETY: a box that `export` leaked. Somebody may have moved the struct out of it, or released it (K-A10).
        let child = unsafe { Box::from_raw(child) };
        drop(OwnedArray::live(*child)); // Foreign code does not unwind, and ours does not either.
    }
    caught(|| drop(held));
}

/// Zeros: what a buffer of an array without elements points to. As long as a buffer's alignment.
#[repr(align(64))]
struct Zeros([u8; 64]);

static ZEROS: Zeros = Zeros([0; 64]);

/// Buffer `i` of an array without elements: where a producer gave NULL, pyarrow wants an offset all the same.
fn without_elements(i: usize, buffer: *const c_void) -> *const c_void {
    if i > 0 && buffer.is_null() { ZEROS.0.as_ptr().cast() } else { buffer }
}

impl Field {
    /// An array of this type without elements. Its bitmap is NULL, its other buffers are zeros: one offset, where it has
    /// offsets, for consumers that read it (K-A7).
    #[must_use]
    pub fn empty_array(&self) -> OwnedArray {
        let buffers = match self.layout().buffers() {
            Some(Count::Exactly(count) | Count::AtLeast(count)) => count,
            None => 0,
        };
        let node = Node {
            null_count: Some(0),
            buffers: (0..buffers).map(|i| without_elements(i, ptr::null())).collect(),
            children: self.children().iter().map(Field::empty_array).collect(),
            dictionary: self.dictionary().map(Field::empty_array),
            ..Node::default()
        };
        // SAFETY: no elements, and so no bytes in any buffer, but for an offset, which is there for ever.
        unsafe { node.export(Arc::new(())) }
    }
}

impl ArrayView<'_> {
    /// A part of the node as a struct of its own, children and dictionary included, over the same buffers. **Zero-copy.**
    ///
    /// The elements are counted from the node's own first one; what reaches beyond the last is cut off. The bitmap and the
    /// number of nulls go with them.
    ///
    /// # Safety
    ///
    /// `owner` keeps the [`Checked`](crate::Checked) array alive that this is a node of.
    pub unsafe fn share(&self, range: Range<usize>, owner: &Owner) -> OwnedArray {
        let start = range.start.min(self.len());
        let length = range.end.min(self.len()).saturating_sub(start);
        let null_count = match self.null_count() {
            Some(_) if self.field().layout() == Format::Null => Some(length),
            whole if length == self.len() => whole,
            Some(0) => Some(0),
            _ if length == 0 => Some(0),
            _ => None,
        };
        let whole = |child: ArrayView<'_>| {
            // SAFETY: a node of the same array: the caller's duty.
            unsafe { child.share(0..child.len(), owner) }
        };
        // Without elements there is nothing to count from, and pyarrow refuses an offset into views of no bytes.
        let offset = if length == 0 { 0 } else { self.offset() + start };
        let buffer =
            |i: usize| self.buffer(i).map(|given| if length == 0 { without_elements(i, given) } else { given });
        let node = Node {
            length,
            offset,
            null_count,
            buffers: (0..self.n_buffers()).filter_map(buffer).collect(),
            children: (0..self.n_children()).filter_map(|i| self.child(i)).map(whole).collect(),
            dictionary: self.dictionary().map(whole),
        };
        // SAFETY: the buffers are those of the array that the owner keeps: the caller's duty.
        unsafe { node.export(owner.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering};

    struct Counted(Vec<f64>, Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn doubles(drops: &Arc<AtomicUsize>) -> OwnedArray {
        let values = Counted(vec![0.0, 1.0, 2.0, 3.0], drops.clone());
        let first = values.0.as_ptr().cast::<c_void>();
        let node = Node { length: 4, null_count: Some(0), buffers: vec![ptr::null(), first], ..Node::default() };
        // SAFETY: four doubles at `first`, which the owner keeps.
        unsafe { node.export(Arc::new(values)) }
    }

    fn field() -> Arc<Field> {
        Arc::new(Field::new("x", "g"))
    }

    #[test]
    fn an_owner_is_dropped_once_when_its_struct_is_released() {
        let drops = Arc::new(AtomicUsize::new(0));
        let checked = doubles(&drops).check(field()).unwrap();
        assert_eq!((checked.view().len(), checked.view().null_count()), (4, Some(0)));
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop(checked);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn slices_of_slices_share_the_buffers_and_keep_the_array() {
        let drops = Arc::new(AtomicUsize::new(0));
        let whole = Arc::new(doubles(&drops).check(field()).unwrap());
        let address = whole.view().buffer(1);
        let owners: [Owner; 1] = [whole.clone()];
        // SAFETY: the owner is the array itself.
        let part = unsafe { whole.view().share(1..4, &owners[0]) };
        let part = Arc::new(part.check(field()).unwrap());
        let outer: Owner = part.clone();
        // SAFETY: the owner is the array itself.
        let inner = unsafe { part.view().share(1..9, &outer) }.check(field()).unwrap();
        drop((whole, part, owners, outer));
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        let view = inner.view();
        assert_eq!((view.offset(), view.len(), view.buffer(1)), (2, 2, address));
        drop(inner);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_child_that_was_moved_out_keeps_the_owner() {
        let drops = Arc::new(AtomicUsize::new(0));
        let child = doubles(&drops);
        let node = Node {
            length: 4,
            null_count: Some(0),
            buffers: vec![ptr::null()],
            children: vec![child],
            ..Node::default()
        };
        // SAFETY: no buffer of its own.
        let parent = unsafe { node.export(Arc::new(())) };
        // SAFETY: one child.
        let child = unsafe { parent.as_raw().children.read() };
        let child = ptr::NonNull::new(child).unwrap();
        // SAFETY: a live struct, of which this test alone knows.
        let child = unsafe { OwnedArray::take(child) }.unwrap();
        drop(parent);
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop(child);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }
}
