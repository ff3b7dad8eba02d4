//! Where dropped owners wait to be released: an intrusive lock-free [`Queue`], the [`Gate`] that closes it, and an
//! [`OwnQueue`] for a thread that will release them itself.
//!
//! Rule O2: a handle may be dropped on any thread, at any time, and its drop neither blocks nor
//! allocates. So the thing that is dropped brings its own [`Node`], as its first field, and a drop is
//! one compare-and-swap. Who releases the nodes, and when, is the business of `aria-array-python`;
//! this module knows no Python.

mod gate;

pub use gate::{Gate, Pass, Visits};

use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

/// Releases the thing whose first field is the node. It must not unwind.
pub type Release = unsafe extern "C" fn(NonNull<Node>);

/// The first field of whatever is queued: a link, and the function that releases the whole.
///
/// The thing around it is `repr(C)`, so that a pointer to it is a pointer to its node.
#[repr(C)]
#[derive(Debug)]
pub struct Node {
    next: AtomicPtr<Node>,
    release: Release,
}

impl Node {
    /// A node that stands in no queue.
    pub const fn new(release: Release) -> Node {
        Node { next: AtomicPtr::new(ptr::null_mut()), release }
    }

    /// Releases the thing around `node`, now.
    ///
    /// # Safety
    ///
    /// `node` is alive, in no queue, owned by the caller alone, and what its release function
    /// asks for holds (for Python objects: the thread is attached, and no exception is pending).
    pub unsafe fn release(node: NonNull<Node>) {
        // SAFETY: `node` is alive, as the caller promises.
        let release = unsafe { node.as_ref() }.release;
        // SAFETY: the caller owns the node and vouches for the function's demands; it is called once,
        // since the caller gives the node up.
        unsafe { release(node) }
    }
}

/// A lock-free stack of nodes: any thread pushes, and whoever may release takes them all at once.
///
/// There is no `pop` of one node, so there is no ABA problem.
#[derive(Debug, Default)]
pub struct Queue {
    last: AtomicPtr<Node>,
}

impl Queue {
    /// An empty queue.
    pub const fn new() -> Queue {
        Queue { last: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Says whether nothing waits. Only a hint while other threads push.
    pub fn is_empty(&self) -> bool {
        self.last.load(Ordering::Acquire).is_null()
    }

    /// Queues `node`. Lock-free; allocates nothing.
    ///
    /// # Safety
    ///
    /// - `node` is the first field of a `repr(C)` thing that is alive until its release function has
    ///   run, and the pointer may be used for the whole thing.
    /// - The caller owns it and gives it up: nobody else touches it, and it is in no queue.
    /// - Its release function may run on another thread.
    pub unsafe fn push(&self, node: NonNull<Node>) {
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            // SAFETY: `node` is alive and ours until the exchange below publishes it.
            let header = unsafe { node.as_ref() };
            header.next.store(last, Ordering::Relaxed);
            // Release: whoever takes the node sees `next` and all that the pusher did to the thing.
            match self.last.compare_exchange_weak(last, node.as_ptr(), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => last = found,
            }
        }
    }

    /// Takes all nodes, the one that was pushed first coming first.
    pub fn take_all(&self) -> Batch {
        let last = self.last.swap(ptr::null_mut(), Ordering::Acquire);
        // SAFETY: the swap gave this thread all nodes of the list.
        unsafe { Batch::of(last) }
    }
}

/// A stack of nodes of one thread, for a `thread_local`: a push is two stores. Nobody else sees them, so whoever leaves the
/// thread takes them first.
#[derive(Debug, Default)]
pub struct OwnQueue {
    last: Cell<*mut Node>,
}

impl OwnQueue {
    /// An empty queue.
    pub const fn new() -> OwnQueue {
        OwnQueue { last: Cell::new(ptr::null_mut()) }
    }

    /// Says whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.last.get().is_null()
    }

    /// Queues `node`.
    ///
    /// # Safety
    ///
    /// That of [`Queue::push`], but that its release function runs on this thread, or never.
    pub unsafe fn push(&self, node: NonNull<Node>) {
        // SAFETY: alive and owned by the caller: the caller's duty.
        unsafe { node.as_ref() }.next.store(self.last.replace(node.as_ptr()), Ordering::Relaxed);
    }

    /// Takes all nodes, the one that was pushed first coming first.
    pub fn take_all(&self) -> Batch {
        // SAFETY: no other thread has the nodes, and the queue is empty now.
        unsafe { Batch::of(self.last.replace(ptr::null_mut())) }
    }
}

/// Nodes that were taken from a [`Queue`] or an [`OwnQueue`]. Those that are not asked for leak.
#[derive(Debug)]
pub struct Batch {
    first: Option<NonNull<Node>>,
}

impl Batch {
    /// The nodes of a list whose last one is the first link, in the order in which they were pushed.
    ///
    /// # Safety
    ///
    /// NULL, or a live node whose links are live nodes; nobody else has them.
    unsafe fn of(mut link: *mut Node) -> Batch {
        let mut first = None;
        while let Some(node) = NonNull::new(link) {
            // SAFETY: alive until it is released: the caller's duty.
            let next = &unsafe { node.as_ref() }.next;
            link = next.load(Ordering::Relaxed);
            next.store(first.map_or(ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed);
            first = Some(node);
        }
        Batch { first }
    }
}

impl Iterator for Batch {
    type Item = NonNull<Node>;

    fn next(&mut self) -> Option<NonNull<Node>> {
        let node = self.first?;
        // SAFETY: the batch owns its nodes, and each is alive until it is released, which happens after this.
        let next = unsafe { node.as_ref() }.next.load(Ordering::Relaxed);
        self.first = NonNull::new(next);
        Some(node)
    }
}

#[cfg(test)]
mod tests;
