//! Scopes: the handles that a thread was given since one was entered are released when it is left.

use core::cell::RefCell;
use core::ffi::c_void;

/// A handle and what releases it.
type Entry = (*mut c_void, unsafe fn(*mut c_void));

thread_local! {
    static SCOPES: RefCell<Vec<Vec<Entry>>> = const { RefCell::new(Vec::new()) };
}

fn scopes<R>(work: impl FnOnce(&mut Vec<Vec<Entry>>) -> R) -> Option<R> {
    // Nothing of others runs meanwhile, so it is never borrowed twice; a thread that ends has no scopes any more.
    SCOPES.try_with(|scopes| scopes.try_borrow_mut().ok().map(|mut scopes| work(&mut scopes))).ok().flatten()
}

/// Enters a scope; answers its number, from 1.
pub(crate) fn enter() -> i64 {
    let entered = scopes(|scopes| {
        scopes.push(Vec::new());
        scopes.len() as i64
    });
    entered.unwrap_or(0)
}

/// How many scopes this thread is in.
pub(crate) fn depth() -> i64 {
    scopes(|scopes| scopes.len() as i64).unwrap_or(0)
}

/// Leaves this scope and those within it, and releases their handles, the newest first.
pub(crate) fn leave(scope: i64) {
    let keep = usize::try_from(scope.max(1) - 1).unwrap_or_default();
    while let Some(Some(left)) = scopes(|scopes| if scopes.len() > keep { scopes.pop() } else { None }) {
        for (handle, release) in left.into_iter().rev() {
            // SAFETY: registered with what releases it, and not released since: `forget`.
            unsafe { release(handle) };
        }
    }
}

/// Gives a new handle to the innermost scope.
pub(crate) fn register(handle: *mut c_void, release: unsafe fn(*mut c_void)) {
    scopes(|scopes| scopes.last_mut().map(|scope| scope.push((handle, release))));
}

/// Takes a handle out of its scope: it was released, or consumed.
pub(crate) fn forget(handle: *mut c_void) {
    remove(handle);
}

/// Takes the newest entry of a handle out, with the number of its scope.
fn remove(handle: *mut c_void) -> Option<(usize, Entry)> {
    let find = |scopes: &mut Vec<Vec<Entry>>| {
        let found = |scope: &Vec<Entry>| scope.iter().rposition(|(entry, _)| *entry == handle);
        let at = scopes.iter().enumerate().rev().find_map(|(number, scope)| Some((number, found(scope)?)));
        at.map(|(number, index)| (number, scopes[number].remove(index)))
    };
    scopes(find).flatten()
}

/// Moves a handle to the scope around its own, or out of all.
pub(crate) fn keep(handle: *mut c_void) {
    if let Some((number, entry)) = remove(handle)
        && let Some(outer) = number.checked_sub(1)
    {
        scopes(|scopes| scopes[outer].push(entry));
    }
}
