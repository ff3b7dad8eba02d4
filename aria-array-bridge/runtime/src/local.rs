//! `Local`: a value that stays on its thread, whoever drops it.
//!
//! A value that counts references without locks (an interpreter's closure) must be used and dropped where it was
//! made. Held by Python, it may be dropped by any thread; then it goes home: its thread drops it at its next operation,
//! or at its end. When its thread has ended it leaks, and is counted.

use core::any::Any;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::cell::Cell;
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

/// Values of threads that had ended.
static LEAKED: AtomicU64 = AtomicU64::new(0);
/// How many values are at home and not dropped, of all threads: mostly none, and then nobody looks at home. Counted before
/// they are there, so that none is overlooked.
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

/// Counts values that leaked since their thread had ended when another one dropped them.
pub(crate) fn leaked() -> u64 {
    LEAKED.load(Ordering::Relaxed)
}

/// What came home to be dropped; `None` when the thread has ended.
type Home = Mutex<Option<Vec<Carrier>>>;

/// A value on its way home. Only its own thread looks into it.
struct Carrier(Box<dyn Any>);

// SAFETY: moved to its home through a lock, and dropped or used on its own thread alone; other threads leak it.
unsafe impl Send for Carrier {}

/// A thread's home, which ends with the thread.
struct Owner(Arc<Home>);

impl Drop for Owner {
    fn drop(&mut self) {
        let last = lock(&self.0).take();
        drop_all(last.unwrap_or_default());
    }
}

thread_local! {
    static HOME: RefCell<Option<Owner>> = const { RefCell::new(None) };
}

/// A number that only this thread has. Can be asked for at any time, also while the thread's own values are dropped.
pub(crate) fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

fn lock(home: &Home) -> std::sync::MutexGuard<'_, Option<Vec<Carrier>>> {
    // A panic while it was locked left it whole: nothing of others runs meanwhile.
    home.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops what came home to this thread. No lock is held meanwhile.
#[inline]
pub(crate) fn drop_arrivals() {
    if ARRIVED.load(Ordering::Relaxed) > 0 {
        drop_my_arrivals();
    }
}

#[cold]
fn drop_my_arrivals() {
    let arrived = HOME.try_with(|home| {
        let home = home.try_borrow().ok()?;
        lock(&home.as_ref()?.0).as_mut().map(core::mem::take)
    });
    drop_all(arrived.ok().flatten().unwrap_or_default());
}

fn drop_all(values: Vec<Carrier>) {
    ARRIVED.fetch_sub(values.len(), Ordering::Relaxed);
    drop(values);
}

/// A value that is used and dropped on the thread that made it.
///
/// # Invariants
///
/// 1. `value` is there until the drop, and is looked into on `thread` alone.
pub(crate) struct Local {
    value: Option<Carrier>,
    /// See [`this_thread`].
    thread: u64,
    home: Arc<Home>,
}

// SAFETY: the value is looked into on its own thread alone: `get` and `drop` compare.
unsafe impl Sync for Local {}

impl Local {
    pub(crate) fn new(value: Box<dyn Any>) -> Local {
        let home = HOME.try_with(|home| {
            let home = &mut *home.borrow_mut();
            Arc::clone(&home.get_or_insert_with(|| Owner(Arc::new(Mutex::new(Some(Vec::new()))))).0)
        });
        // At the end of a thread, or of a program in C, the home has ended already.
        let home = home.unwrap_or_else(|_| Arc::new(Mutex::new(None)));
        Local { value: Some(Carrier(value)), thread: this_thread(), home }
    }

    /// The value, on its own thread.
    pub(crate) fn get(&self) -> Option<&dyn Any> {
        (this_thread() == self.thread).then_some(())?;
        self.value.as_ref().map(|carrier| &*carrier.0)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else { return };
        if this_thread() == self.thread {
            drop(value);
            return;
        }
        ARRIVED.fetch_add(1, Ordering::Relaxed);
        match &mut *lock(&self.home) {
            Some(arrivals) => arrivals.push(value),
            None => {
                core::mem::forget(value);
                ARRIVED.fetch_sub(1, Ordering::Relaxed);
                LEAKED.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;
    use std::sync::mpsc;
    use std::thread;

    struct Counted(Rc<RefCell<u32>>);

    impl Drop for Counted {
        fn drop(&mut self) {
            *self.0.borrow_mut() += 1;
        }
    }

    #[test]
    fn a_value_that_others_drop_goes_home() {
        let drops = Rc::new(RefCell::new(0));
        let local = Local::new(Box::new(Counted(drops.clone())));
        assert!(local.get().is_some());
        let local = thread::spawn(move || {
            assert!(local.get().is_none());
            drop(local);
        });
        local.join().unwrap();
        assert_eq!(*drops.borrow(), 0);
        drop_arrivals();
        drop_arrivals();
        assert_eq!(*drops.borrow(), 1);
    }

    #[test]
    fn a_value_whose_thread_has_ended_leaks_and_is_counted() {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || send.send(Local::new(Box::new(Rc::new(1)))).unwrap()).join().unwrap();
        let before = leaked();
        drop(receive.recv().unwrap());
        assert_eq!(leaked(), before + 1);
    }

    #[test]
    fn a_thread_that_ends_drops_what_came_home() {
        let (send, receive) = mpsc::channel::<(Local, mpsc::Sender<()>)>();
        let other = thread::spawn(move || {
            let (local, dropped) = receive.recv().unwrap();
            drop(local);
            dropped.send(()).unwrap();
        });
        thread::spawn(move || {
            let (dropped, wait) = mpsc::channel();
            send.send((Local::new(Box::new(Rc::new(1))), dropped)).unwrap();
            wait.recv().unwrap();
        })
        .join()
        .unwrap();
        other.join().unwrap();
    }
}
