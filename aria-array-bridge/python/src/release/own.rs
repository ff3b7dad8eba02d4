//! What a thread drops in a batch: it releases that itself, with its next operation or when it leaves the batch, and is
//! inside of `ATTACHED` until then, so that the end of the interpreter waits for it.

use aria_array_bridge::queue::{Batch, Node, OwnQueue};
use core::cell::Cell;
use core::ptr::NonNull;

thread_local! {
    static OWN: Own = const { Own::new() };
}

/// What a thread has dropped.
struct Own {
    /// What may run code of any kind as it is released.
    any: OwnQueue,
    /// What runs none.
    quiet: OwnQueue,
    /// How often what is quiet was released without a look for signals.
    unseen: Cell<u32>,
    /// The thread is releasing what is in `any`.
    releasing: Cell<bool>,
}

/// After so many releases of what is quiet, signals are looked for, as they are before each release of what is not: a loop
/// around functions in C sees a Ctrl-C too.
const UNSEEN: u32 = 64;

impl Own {
    const fn new() -> Own {
        Own { any: OwnQueue::new(), quiet: OwnQueue::new(), unseen: Cell::new(0), releasing: Cell::new(false) }
    }
}

/// Queues `node`. One that is `quiet` runs no code of Python's as it is released, and raises nothing.
///
/// # Safety
///
/// That of [`OwnQueue::push`].
pub(super) unsafe fn push(node: NonNull<Node>, quiet: bool) {
    // SAFETY: the caller's duty.
    OWN.with(|own| unsafe { if quiet { &own.quiet } else { &own.any }.push(node) });
}

/// Says whether nothing waits.
#[inline]
pub(super) fn is_empty() -> bool {
    OWN.with(|own| own.quiet.is_empty() && own.any.is_empty())
}

/// Takes what is quiet; nothing, if something else waits too, or if a look for signals is due.
#[inline]
pub(super) fn take_quiet() -> Option<Batch> {
    OWN.with(|own| {
        if !own.any.is_empty() {
            return None;
        }
        if !own.quiet.is_empty() {
            own.unseen.set(own.unseen.get() + 1);
            if own.unseen.get() >= UNSEEN {
                own.unseen.set(0);
                return None;
            }
        }
        Some(own.quiet.take_all())
    })
}

/// Has `release` release all, and what is dropped meanwhile too, one behind the other: nothing, if it is at it already.
pub(super) fn release_with(mut release: impl FnMut(Batch)) {
    OWN.with(|own| {
        while !is_empty() && !own.releasing.replace(true) {
            take_with(&mut release);
            own.releasing.set(false);
        }
    });
}

/// Has `release` release what is there now, also if it is at it already.
pub(super) fn take_with(mut release: impl FnMut(Batch)) {
    OWN.with(|own| {
        release(own.quiet.take_all());
        release(own.any.take_all());
    });
}
