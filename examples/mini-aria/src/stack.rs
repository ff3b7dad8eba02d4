//! The stack: how much of it calls within each other may take. A program's calls are the evaluator's own, and callbacks
//! through Python lie between them: it is one stack.

use core::cell::Cell;

/// Of any thread's stack, in bytes: threads have 2 MiB at least.
const USUAL: usize = 1 << 20;

thread_local! {
    /// How much of this thread's stack the evaluator may take, in bytes.
    static LIMIT: Cell<usize> = const { Cell::new(USUAL) };
}

/// Makes room for thousands of calls on the stack of this thread, which must be the first of the process. Where the system
/// has no room for them, calls end sooner.
///
/// Not a thread with a large stack: what Python takes for its main thread should be the process's, since the system hands it
/// Ctrl-C, which ends what waits there.
#[cfg(target_os = "linux")]
pub fn grow_main_stack() {
    /// What is asked for; the kernel keeps twice as much free beneath the first thread's stack, and maps it as it is used.
    const LARGE: libc::rlim_t = 64 << 20;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a place that lives for the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } != 0 {
        return;
    }
    let wanted = libc::rlimit { rlim_cur: LARGE.min(limit.rlim_max), ..limit };
    // SAFETY: a place that lives for the call. The limit of this process and its children alone, and never a lower one.
    let grown =
        limit.rlim_cur < wanted.rlim_cur && unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const wanted) } == 0;
    let room = if grown { wanted.rlim_cur } else { limit.rlim_cur.min(LARGE) };
    // A quarter stays for Python beneath the last call of the program: it counts its own, up to thousands.
    LIMIT.set(usize::try_from(room / 4 * 3).map_or(USUAL, |room| room.max(USUAL)));
}

/// Elsewhere the first thread has what it was started with.
#[cfg(not(target_os = "linux"))]
pub fn grow_main_stack() {}

/// About where this thread's stack stands.
pub(crate) fn here() -> usize {
    let here = 0_u8;
    core::hint::black_box(&raw const here).addr()
}

/// Says whether calls within each other have taken what they may, since the stack stood there.
pub(crate) fn is_used_up(since: usize) -> bool {
    here().abs_diff(since) > LIMIT.get()
}
