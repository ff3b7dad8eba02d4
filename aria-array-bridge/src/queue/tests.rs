//! The queue and the gate under threads, small enough for Miri.

use super::{Batch, Gate, Node, OwnQueue, Queue, Visits};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;

#[repr(C)]
struct Owner {
    node: Node,
    number: usize,
    released: Arc<AtomicUsize>,
}

unsafe extern "C" fn free(node: NonNull<Node>) {
    // SAFETY: every node in these tests comes from `owner`, a leaked box of an `Owner`; it is released once.
    let owner = unsafe { Box::from_raw(node.cast::<Owner>().as_ptr()) };
    owner.released.fetch_add(1, Ordering::SeqCst);
}

fn owner(number: usize, released: &Arc<AtomicUsize>) -> NonNull<Node> {
    let owner = Owner { node: Node::new(free), number, released: released.clone() };
    NonNull::from(Box::leak(Box::new(owner))).cast()
}

fn drain(queue: &Queue) -> usize {
    let mut count = 0;
    for node in queue.take_all() {
        // SAFETY: just taken, so owned by this thread alone; `free` asks for nothing more.
        unsafe { Node::release(node) };
        count += 1;
    }
    count
}

fn numbers(nodes: Batch) -> Vec<usize> {
    let mut numbers = Vec::new();
    for node in nodes {
        // SAFETY: alive until it is released on the next line.
        numbers.push(unsafe { node.cast::<Owner>().as_ref() }.number);
        // SAFETY: just taken, so owned by this thread alone.
        unsafe { Node::release(node) };
    }
    numbers
}

#[test]
fn nodes_come_out_in_the_order_in_which_they_went_in() {
    let (queue, own, released) = (Queue::new(), OwnQueue::new(), Arc::default());
    for round in 1..3 {
        for number in 0..5 {
            // SAFETY: a fresh node of ours, given up here.
            unsafe { queue.push(owner(number, &released)) };
            // SAFETY: likewise.
            unsafe { own.push(owner(number, &released)) };
        }
        assert!(!queue.is_empty() && !own.is_empty());
        assert_eq!((numbers(queue.take_all()), numbers(own.take_all())), (vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3, 4]));
        assert!(queue.is_empty() && own.is_empty() && numbers(own.take_all()).is_empty());
        assert_eq!(released.load(Ordering::SeqCst), round * 10);
    }
}

#[test]
fn every_node_is_released_once_when_many_threads_push_and_two_drain() {
    let (threads, each) = if cfg!(miri) { (3, 20) } else { (4, 5_000) };
    let (queue, released, done) = (Queue::new(), Arc::default(), AtomicBool::new(false));
    let drained: usize = thread::scope(|scope| {
        let pushers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    for number in 0..each {
                        // SAFETY: a fresh node of ours, given up here; `free` works on any thread.
                        unsafe { queue.push(owner(number, &released)) };
                    }
                })
            })
            .collect();
        let drainers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while !done.load(Ordering::SeqCst) {
                        count += drain(&queue);
                        thread::yield_now();
                    }
                    count
                })
            })
            .collect();
        pushers.into_iter().for_each(|pusher| pusher.join().expect("a pusher does not panic"));
        done.store(true, Ordering::SeqCst);
        drainers.into_iter().map(|drainer| drainer.join().expect("a drainer does not panic")).sum()
    });
    let rest = drain(&queue);
    assert_eq!(drained + rest, threads * each);
    assert_eq!(released.load(Ordering::SeqCst), threads * each);
}

#[test]
fn a_closed_gate_lets_nobody_in_and_counts_those_who_have_not_left() {
    let gate = Gate::new();
    let pass = gate.enter().expect("an open gate");
    gate.close();
    assert!(gate.enter().is_none());
    assert_eq!(gate.inside(), 1);
    drop(pass);
    assert_eq!(gate.inside(), 0);
    gate.reopen();
    assert!(gate.enter().is_some());
}

#[test]
fn after_the_closer_has_waited_nobody_is_inside() {
    let rounds = if cfg!(miri) { 3 } else { 200 };
    for _ in 0..rounds {
        let (gate, ended, late) = (Gate::new(), AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some(pass) = gate.enter() {
                        if ended.load(Ordering::SeqCst) {
                            late.fetch_add(1, Ordering::SeqCst);
                        }
                        drop(pass);
                    }
                });
            }
            thread::yield_now();
            gate.close();
            while gate.inside() > 0 {
                thread::yield_now();
            }
            ended.store(true, Ordering::SeqCst);
        });
        assert_eq!(late.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn the_child_of_a_fork_forgets_the_threads_it_does_not_have() {
    let gate = Gate::new();
    core::mem::forget(gate.enter());
    let mine = gate.enter();
    gate.close();
    gate.forget_others(1);
    assert!(gate.is_closed());
    assert_eq!(gate.inside(), 1);
    drop(mine);
    assert_eq!(gate.inside(), 0);
}

#[test]
fn a_thread_that_enters_again_is_counted_once_and_finishes_behind_a_closed_gate() {
    let (gate, visits) = (Gate::new(), Visits::new());
    assert!(visits.enter(&gate) && visits.enter(&gate));
    assert_eq!(gate.inside(), 1);
    gate.close();
    assert!(visits.enter(&gate) && !Visits::new().enter(&gate));
    for inside in [1, 1, 0] {
        visits.leave(&gate);
        assert_eq!((gate.inside(), visits.is_inside()), (inside, inside == 1));
    }
    assert!(!visits.enter(&gate));
    assert_eq!(gate.inside(), 0);
}
