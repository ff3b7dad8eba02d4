//! `Gate`: counts who is inside, and closes for good.
//!
//! Whoever closes it lets nobody else in and can wait until those inside have left. That is how the
//! end of an interpreter, or of a runtime, waits out the calls that are still under way (rule O2).

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

const CLOSED: usize = 1;
const ONE: usize = 2;

/// A counter of those inside, and a bit that says that nobody else may enter.
#[derive(Debug, Default)]
pub struct Gate {
    /// Bit 0: closed. The rest: how many are inside, those included that are about to be turned away.
    state: AtomicUsize,
}

impl Gate {
    /// An open gate with nobody inside.
    pub const fn new() -> Gate {
        Gate { state: AtomicUsize::new(0) }
    }

    /// Enters, or says that the gate is closed. Never blocks.
    pub fn enter(&self) -> Option<Pass<'_>> {
        // SeqCst pairs with `close`: either this thread sees the bit, or the closer sees this thread.
        let before = self.state.fetch_add(ONE, Ordering::SeqCst);
        let pass = Pass { gate: self };
        // When it is turned away the pass is dropped here, which leaves again.
        (before & CLOSED == 0).then_some(pass)
    }

    /// Lets nobody in any more. Does not wait: see [`inside`](Gate::inside).
    pub fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::SeqCst);
    }

    /// Opens a gate again that was closed in vain.
    pub fn reopen(&self) {
        self.state.fetch_and(!CLOSED, Ordering::SeqCst);
    }

    /// Says whether the gate is closed.
    pub fn is_closed(&self) -> bool {
        self.state.load(Ordering::SeqCst) & CLOSED != 0
    }

    /// Counts those inside. Once the gate is closed and this is 0, it is 0 but for moments in which
    /// somebody is being turned away.
    pub fn inside(&self) -> usize {
        self.state.load(Ordering::SeqCst) / ONE
    }

    /// Forgets all inside but `mine`: for the child of a fork, where only the forking thread lives on.
    pub fn forget_others(&self, mine: usize) {
        let closed = self.state.load(Ordering::SeqCst) & CLOSED;
        self.state.store(closed + mine * ONE, Ordering::SeqCst);
    }
}

/// Somebody inside a [`Gate`]; leaves when dropped.
#[derive(Debug)]
pub struct Pass<'a> {
    gate: &'a Gate,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.state.fetch_sub(ONE, Ordering::SeqCst);
    }
}

/// How often one thread is inside of one [`Gate`], for a `thread_local`.
///
/// The gate counts the thread once, so that entering again needs no atomic operation, and a closed gate lets a thread
/// that is inside finish.
///
/// # Invariants
///
/// 1. While `depth` is above 0 the gate counts this thread.
#[derive(Debug, Default)]
pub struct Visits {
    depth: Cell<usize>,
}

impl Visits {
    /// A thread that is not inside.
    pub const fn new() -> Visits {
        Visits { depth: Cell::new(0) }
    }

    /// Enters, or says that the gate is closed and that this thread is not inside. What was entered is left, as often.
    #[must_use]
    pub fn enter(&self, gate: &Gate) -> bool {
        if self.depth.get() == 0 {
            let Some(pass) = gate.enter() else { return false };
            core::mem::forget(pass);
        }
        self.depth.set(self.depth.get() + 1);
        true
    }

    /// Leaves once.
    ///
    /// # Panics
    ///
    /// Panics where this thread is not inside.
    pub fn leave(&self, gate: &Gate) {
        let depth = self.depth.get().checked_sub(1).expect("a thread that is inside");
        self.depth.set(depth);
        if depth == 0 {
            // The pass that `enter` forgot: invariant 1.
            drop(Pass { gate });
        }
    }

    /// How often the thread is inside.
    pub fn depth(&self) -> usize {
        self.depth.get()
    }

    /// Says whether the thread is inside.
    pub fn is_inside(&self) -> bool {
        self.depth.get() > 0
    }
}
