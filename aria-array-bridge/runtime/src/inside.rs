//! Who is inside of an operation, or attached for longer: the end of Python waits for them, and lets nobody else in.
//!
//! It waits twice. First for the operations of the program's own threads that are under way when it begins: a thread that
//! sleeps or listens in Python may never come out, and then nothing of Python has ended yet. Then Python joins its threads
//! and runs `atexit`, which may call functions of the program, and these may do operations. Last for everybody.
//!
//! For the first wait there are two gates for the program's threads: it shows newcomers to the other one, and waits until the
//! one is empty; then the same the other way round. Threads on which Python called a function of the program have a third: Python joins them, or leaves them.

use aria_array_bridge::queue::{Gate, Visits};
use core::cell::Cell;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

/// Around every operation but `retain` and `release`, once for each thread with an [`Inside`].
static GATES: [Gate; 3] = [const { Gate::new() }; 3];
/// The gate of threads that Python called.
const CALLED: usize = 2;
/// The gate that the program's own threads take now.
static OWN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How often this thread is inside of its gate: see [`Inside`].
    static VISITS: Visits = const { Visits::new() };
    /// The gate that it took, while it is inside.
    static GATE: Cell<usize> = const { Cell::new(0) };
    /// Python called a function of the program on this thread, outside of any operation.
    static IS_CALLED: Cell<bool> = const { Cell::new(false) };
}

/// Somebody in an operation, or attached for longer: the end of Python waits for it.
#[derive(Debug)]
pub(crate) struct Inside {
    /// Being inside is a matter of the thread.
    _thread: PhantomData<*const ()>,
}

impl Inside {
    /// Enters; `None` from the moment that the end begins. A thread that is inside already may do so at any time, so
    /// that it can finish.
    pub(crate) fn enter() -> Option<Inside> {
        let entered = VISITS.with(|visits| {
            if !visits.is_inside() {
                GATE.set(if IS_CALLED.get() { CALLED } else { OWN.load(Ordering::SeqCst) });
            }
            visits.enter(&GATES[GATE.get()])
        });
        entered.then(|| Inside { _thread: PhantomData })
    }

    /// Says whether this thread is inside.
    pub(crate) fn is_inside() -> bool {
        VISITS.with(Visits::is_inside)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        VISITS.with(|visits| visits.leave(&GATES[GATE.get()]));
    }
}

/// A function of the program that Python called, on whatever thread; the call is over when this is dropped.
pub(crate) struct Called {
    before: bool,
    _thread: PhantomData<*const ()>,
}

impl Called {
    pub(crate) fn by_python() -> Called {
        let before = IS_CALLED.get();
        IS_CALLED.set(before || !Inside::is_inside());
        Called { before, _thread: PhantomData }
    }

    /// Says whether Python called it on a thread of its own, and ends by now.
    pub(crate) fn is_late(&self) -> bool {
        IS_CALLED.get() && is_closed()
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        IS_CALLED.set(self.before);
    }
}

/// Waits for the operations of the program's own threads that are under way now. Says how many there are, if they take too
/// long. Others may begin meanwhile.
pub(crate) fn wait_for_own(patience: Duration) -> Result<(), usize> {
    let begin = Instant::now();
    (0..2).try_for_each(|_| {
        let before = OWN.fetch_xor(1, Ordering::SeqCst);
        wait(patience.saturating_sub(begin.elapsed()), || GATES[before].inside())
    })
}

/// Lets no operation begin, and waits for those under way. Opens again, and says how many, if they take too long.
pub(crate) fn close(patience: Duration) -> Result<(), usize> {
    GATES.iter().for_each(Gate::close);
    let closed = wait(patience, || GATES.iter().map(Gate::inside).sum());
    closed.inspect_err(|_| GATES.iter().for_each(Gate::reopen))
}

/// Says whether no operation may begin.
pub(crate) fn is_closed() -> bool {
    GATES[0].is_closed()
}

fn wait(patience: Duration, inside: impl Fn() -> usize) -> Result<(), usize> {
    let begin = Instant::now();
    loop {
        match inside() {
            0 => return Ok(()),
            operations if begin.elapsed() > patience => return Err(operations),
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
}
