//! Scopes: the handles that a thread was given since one was entered are released when it is left.

use core::cell::RefCell;
use core::ffi::c_void;
use std::collections::HashMap;

/// A handle and what releases it.
type Entry = (*mut c_void, unsafe fn(*mut c_void));

/// Places of a level that may be empty before it is tidied up.
const HOLES: usize = 64;

/// The scopes of a thread.
///
/// # Invariants
///
/// 1. `places` has each entry's level and place in it, the oldest first; a handle that was given twice has two.
#[derive(Default)]
struct Scopes {
    levels: Vec<Level>,
    places: HashMap<*mut c_void, Vec<(usize, usize)>>,
    /// How many levels stay, whatever is left: those of whoever called the callback that runs.
    floor: usize,
}

/// What one scope was given, the newest last; a hole where it was released, consumed or kept.
#[derive(Default)]
struct Level {
    entries: Vec<Option<Entry>>,
    holes: usize,
}

thread_local! {
    static SCOPES: RefCell<Scopes> = RefCell::default();
}

fn scopes<R>(work: impl FnOnce(&mut Scopes) -> R) -> Option<R> {
    // Nothing of others runs meanwhile, so it is never borrowed twice; a thread that ends has no scopes any more.
    SCOPES.try_with(|scopes| scopes.try_borrow_mut().ok().map(|mut scopes| work(&mut scopes))).ok().flatten()
}

impl Scopes {
    fn push(&mut self, level: usize, entry: Entry) {
        let entries = &mut self.levels[level].entries;
        self.places.entry(entry.0).or_default().push((level, entries.len()));
        entries.push(Some(entry));
    }

    /// Takes the newest entry of a handle out, with its level.
    fn take(&mut self, handle: *mut c_void) -> Option<(usize, Entry)> {
        let places = self.places.get_mut(&handle)?;
        let (level, place) = places.pop()?;
        if places.is_empty() {
            self.places.remove(&handle);
        }
        let found = &mut self.levels[level];
        let entry = found.entries[place].take()?;
        found.holes += 1;
        while found.entries.pop_if(|entry| entry.is_none()).is_some() {
            found.holes -= 1;
        }
        if found.holes > HOLES.max(found.entries.len() / 2) {
            self.tidy(level);
        }
        Some((level, entry))
    }

    /// Closes the holes of a level.
    fn tidy(&mut self, level: usize) {
        let Level { entries, holes } = &mut self.levels[level];
        let mut moved = 0;
        for place in 0..entries.len() {
            let Some((handle, _)) = entries[place] else { continue };
            let known =
                self.places.get_mut(&handle).and_then(|places| places.iter_mut().find(|at| **at == (level, place)));
            if let Some(at) = known {
                *at = (level, moved);
            }
            entries.swap(place, moved);
            moved += 1;
        }
        entries.truncate(moved);
        *holes = 0;
    }

    /// Takes the newest entry of the levels beyond the first `keep` out; none is left of those without any.
    fn newest(&mut self, keep: usize) -> Option<Entry> {
        while self.levels.len() > keep.max(self.floor) {
            match self.levels.last().and_then(|level| level.entries.last()) {
                Some(Some((handle, _))) => return self.take(*handle).map(|(_, entry)| entry),
                _ => drop(self.levels.pop()),
            }
        }
        None
    }
}

/// Enters a scope; answers its number, from 1.
pub(crate) fn enter() -> i64 {
    let entered = scopes(|scopes| {
        scopes.levels.push(Level::default());
        scopes.levels.len() as i64
    });
    entered.unwrap_or(0)
}

/// Leaves this scope and those within it, and releases their handles, the newest first. A number of no scope, or of one that
/// is not the callback's own, leaves none.
pub(crate) fn leave(scope: i64) {
    let Some(keep) = usize::try_from(scope).ok().and_then(|scope| scope.checked_sub(1)) else { return };
    if scopes(|scopes| keep < scopes.floor).unwrap_or(true) {
        return;
    }
    while let Some(Some((handle, release))) = scopes(|scopes| scopes.newest(keep)) {
        // SAFETY: registered with what releases it, and not released since: it was still there.
        unsafe { release(handle) };
    }
}

/// Runs a callback: it leaves no scope of its caller's, and the scopes that it forgets to leave end with it.
pub(crate) fn within<R>(work: impl FnOnce() -> R) -> R {
    let enter = |scopes: &mut Scopes| (core::mem::replace(&mut scopes.floor, scopes.levels.len()), scopes.floor);
    let Some((before, floor)) = scopes(enter) else { return work() };
    let answer = work();
    leave(floor as i64 + 1);
    scopes(|scopes| scopes.floor = before);
    answer
}

/// Gives a new handle to the innermost scope.
pub(crate) fn register(handle: *mut c_void, release: unsafe fn(*mut c_void)) {
    scopes(|scopes| {
        if let Some(level) = scopes.levels.len().checked_sub(1) {
            scopes.push(level, (handle, release));
        }
    });
}

/// Takes a handle out of its scope: it was released, or consumed.
pub(crate) fn forget(handle: *mut c_void) {
    scopes(|scopes| if scopes.places.is_empty() { None } else { scopes.take(handle) });
}

/// Moves a handle to the scope around its own, or out of all.
pub(crate) fn keep(handle: *mut c_void) {
    scopes(|scopes| {
        if let Some((level, entry)) = scopes.take(handle)
            && let Some(outer) = level.checked_sub(1)
        {
            scopes.push(outer, entry);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static RELEASED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }

    fn handle(number: usize) -> *mut c_void {
        core::ptr::without_provenance_mut(number)
    }

    unsafe fn release(handle: *mut c_void) {
        RELEASED.with_borrow_mut(|released| released.push(handle.addr()));
    }

    fn given(numbers: impl IntoIterator<Item = usize>) {
        numbers.into_iter().for_each(|number| register(handle(number), release));
    }

    fn released() -> Vec<usize> {
        RELEASED.take()
    }

    #[test]
    fn a_scope_releases_what_is_still_its_own_the_newest_first() {
        given([99]); // In no scope.
        let outer = enter();
        given([1, 2, 1]);
        assert_eq!(outer, 1);
        let inner = enter();
        given([3, 4, 5]);
        keep(handle(4));
        forget(handle(5));
        leave(inner);
        assert_eq!(released(), [3]);
        forget(handle(1)); // The newer of two.
        leave(outer);
        assert_eq!(released(), [4, 2, 1]);
        leave(outer);
        given([6]);
        forget(handle(6));
        assert_eq!(released(), [0; 0]);
    }

    #[test]
    fn a_number_of_no_scope_leaves_none() {
        let scope = enter();
        given([1]);
        for number in [0, -1, i64::MIN, 2, i64::MAX] {
            leave(number);
        }
        assert_eq!(released(), [0; 0]);
        leave(scope);
        assert_eq!(released(), [1]);
    }

    #[test]
    fn a_callback_leaves_no_scope_of_its_caller() {
        let scope = enter();
        given([1]);
        within(|| {
            given([2]); // To the caller's.
            leave(scope);
            enter();
            given([3]);
            within(|| leave(2));
            assert_eq!(released(), [0; 0]);
        });
        assert_eq!(released(), [3]);
        leave(scope);
        assert_eq!(released(), [2, 1]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too many for Miri; the other tests here take the same ways")]
    fn many_handles_are_released_in_any_order_and_leave_no_room_taken() {
        let scope = enter();
        const MANY: usize = 100_000;
        given(1..=MANY);
        (1..MANY).filter(|number| number % 1000 != 0).for_each(|number| forget(handle(number)));
        let room = scopes(|scopes| scopes.levels[0].entries.len()).unwrap();
        assert!(room <= 300, "{room}");
        leave(scope);
        let wanted: Vec<usize> = (1..=MANY).rev().filter(|number| number % 1000 == 0).collect();
        assert_eq!(released(), wanted);
        assert!(scopes(|scopes| scopes.places.is_empty()).unwrap());
    }
}
