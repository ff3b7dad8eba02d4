//! The ledger: what is alive across the boundary now (rule O5).
//!
//! Entering allocates at most once in a while; leaving is a few atomic operations, without a lock, an
//! allocation or Python, so that it fits into any release on any thread. A reader sees each entry
//! whole or not at all; entries made or ended while it reads may be missing.

#![forbid(unsafe_code)]

use crate::wire::{Reader, WireError, put_len, put_text};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Which way an array crosses the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Foreign memory that we hold.
    Import,
    /// Our memory, or memory that we hold, in foreign hands.
    Export,
}

/// One thing that is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who owns it (import) or holds it (export): `pandas.Series`.
    pub owner: Arc<str>,
    /// By which protocol: `numpy struct`.
    pub protocol: Arc<str>,
    /// Which way.
    pub direction: Direction,
    /// Bytes of its elements.
    pub nbytes: u64,
    /// Whether this side may not write.
    pub readonly: bool,
}

/// A name that entries refer to. Names stay for the life of the process; make one per type, not per array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name(u32);

/// The right to an entry; dropping it ends the entry. Lock-free, on any thread.
#[derive(Debug)]
pub struct Ticket(u32);

const FIRST_CHUNK: u32 = 256;
const CHUNKS: usize = 24; // 256 · (2²⁴ − 1) entries: more than memory has room for arrays.
const NONE: u32 = u32::MAX;

/// Every even `sequence` means free or being written, every odd one alive.
#[derive(Default)]
struct Slot {
    sequence: AtomicU32,
    next_free: AtomicU32,
    names: AtomicU64,
    nbytes_flags: AtomicU64,
}

impl Slot {
    /// Makes a free slot alive, or the other way round. Only who has the slot writes to it, so that no other write is
    /// lost; the stack of free slots hands it on with what was written.
    fn advance(&self) {
        self.sequence.store(self.sequence.load(Relaxed).wrapping_add(1), Release);
    }
}

static SLOTS: [OnceLock<Box<[Slot]>>; CHUNKS] = [const { OnceLock::new() }; CHUNKS];
static USED: AtomicU32 = AtomicU32::new(0);
/// A stack of free slots: the first one's number, and a tag that changes with every push and pop.
static FREE: AtomicU64 = AtomicU64::new(NONE as u64);
static NAMES: RwLock<Option<Names>> = RwLock::new(None);

#[derive(Default)]
struct Names {
    list: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Name {
    /// The name of this text; the same text is the same name.
    pub fn of(text: &str) -> Name {
        let known = |names: &Option<Names>| names.as_ref().and_then(|names| names.numbers.get(text).copied());
        if let Some(number) = known(&NAMES.read().unwrap_or_else(PoisonError::into_inner)) {
            return Name(number);
        }
        let mut guard = NAMES.write().unwrap_or_else(PoisonError::into_inner);
        let names = guard.get_or_insert_default();
        if let Some(number) = names.numbers.get(text) {
            return Name(*number);
        }
        let (shared, number) = (Arc::<str>::from(text), names.list.len() as u32);
        names.list.push(shared.clone());
        names.numbers.insert(shared, number);
        Name(number)
    }

    /// The text of the name.
    pub fn text(self) -> Arc<str> {
        let guard = NAMES.read().unwrap_or_else(PoisonError::into_inner);
        guard.as_ref().and_then(|names| names.list.get(self.0 as usize).cloned()).unwrap_or_default()
    }
}

fn place(number: u32) -> (usize, usize, usize) {
    let chunk = (number / FIRST_CHUNK + 1).ilog2();
    let size = (FIRST_CHUNK as usize) << chunk;
    (chunk as usize, number as usize - (size - FIRST_CHUNK as usize), size)
}

fn slot(number: u32) -> &'static Slot {
    let (chunk, index, size) = place(number);
    let make = || (0..size).map(|_| Slot::default()).collect();
    &SLOTS[chunk].get_or_init(make)[index]
}

fn take_free() -> Option<u32> {
    let mut head = FREE.load(Acquire);
    loop {
        let number = head as u32;
        if number == NONE {
            return None;
        }
        let next = slot(number).next_free.load(Relaxed);
        let tagged = ((head >> 32).wrapping_add(1) << 32) | u64::from(next);
        match FREE.compare_exchange_weak(head, tagged, AcqRel, Acquire) {
            Ok(_) => return Some(number),
            Err(now) => head = now,
        }
    }
}

/// Makes an entry. It ends when the ticket is dropped.
pub fn enter(owner: Name, protocol: Name, direction: Direction, nbytes: u64, readonly: bool) -> Ticket {
    let number = take_free().unwrap_or_else(|| USED.fetch_add(1, Relaxed));
    let slot = slot(number);
    // Release: who sees a new value also sees that the old entry has ended.
    slot.names.store((u64::from(owner.0) << 32) | u64::from(protocol.0), Release);
    let flags = u64::from(readonly) << 1 | u64::from(direction == Direction::Export);
    slot.nbytes_flags.store(nbytes << 2 | flags, Release);
    slot.advance();
    Ticket(number)
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let slot = slot(self.0); // Its chunk exists: the ticket was made from it.
        slot.advance();
        let mut head = FREE.load(Relaxed);
        loop {
            slot.next_free.store(head as u32, Relaxed);
            let tagged = ((head >> 32).wrapping_add(1) << 32) | u64::from(self.0);
            match FREE.compare_exchange_weak(head, tagged, AcqRel, Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
}

/// What is alive now.
pub fn entries() -> Vec<Entry> {
    let names = NAMES.read().unwrap_or_else(PoisonError::into_inner);
    let text = |number: u64| {
        let list = names.as_ref().map(|names| names.list.as_slice()).unwrap_or_default();
        list.get(number as u32 as usize).cloned().unwrap_or_default()
    };
    let read = |number: u32| {
        let (chunk, index, _) = place(number);
        let slot = &SLOTS[chunk].get()?[index];
        let before = slot.sequence.load(Acquire);
        let (ids, nbytes_flags) = (slot.names.load(Relaxed), slot.nbytes_flags.load(Relaxed));
        core::sync::atomic::fence(Acquire);
        let steady = before % 2 == 1 && slot.sequence.load(Relaxed) == before;
        let direction = if nbytes_flags & 1 == 1 { Direction::Export } else { Direction::Import };
        let (nbytes, readonly) = (nbytes_flags >> 2, nbytes_flags & 2 != 0);
        steady.then(|| Entry { owner: text(ids >> 32), protocol: text(ids), direction, nbytes, readonly })
    };
    (0..USED.load(Acquire)).filter_map(read).collect()
}

impl Entry {
    /// Encodes entries for the operations table.
    #[doc(hidden)]
    pub fn encode(entries: &[Entry]) -> Vec<u8> {
        let mut out = Vec::new();
        put_len(&mut out, entries.len());
        for entry in entries {
            put_text(&mut out, &entry.owner);
            put_text(&mut out, &entry.protocol);
            out.push(u8::from(entry.direction == Direction::Export));
            out.push(u8::from(entry.readonly));
            out.extend_from_slice(&entry.nbytes.to_le_bytes());
        }
        out
    }

    /// Decodes what [`Entry::encode`] made.
    ///
    /// # Errors
    ///
    /// Says at which byte the input stops being a list of entries.
    #[doc(hidden)]
    pub fn decode(bytes: &[u8]) -> Result<Vec<Entry>, WireError> {
        let mut reader = Reader::new(bytes);
        let mut entries = Vec::new();
        for _ in 0..reader.len()? {
            let (owner, protocol) = (reader.text()?, reader.text()?);
            let direction = if reader.byte()? == 1 { Direction::Export } else { Direction::Import };
            let (readonly, nbytes) = (reader.byte()? == 1, reader.word()?);
            entries.push(Entry { owner: (&*owner).into(), protocol: (&*protocol).into(), direction, nbytes, readonly });
        }
        reader.end()?;
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mine(owner: &str) -> Vec<Entry> {
        entries().into_iter().filter(|entry| &*entry.owner == owner).collect()
    }

    #[test]
    fn an_entry_is_there_until_its_ticket_is_dropped() {
        let (owner, protocol) = (Name::of("ledger.One"), Name::of("dlpack"));
        let ticket = enter(owner, protocol, Direction::Export, 24, true);
        let expected = Entry {
            owner: "ledger.One".into(),
            protocol: "dlpack".into(),
            direction: Direction::Export,
            nbytes: 24,
            readonly: true,
        };
        assert_eq!(mine("ledger.One"), core::slice::from_ref(&expected));
        let bytes = Entry::encode(core::slice::from_ref(&expected));
        assert_eq!(Entry::decode(&bytes), Ok(vec![expected]));
        assert!((0..bytes.len()).all(|end| Entry::decode(&bytes[..end]).is_err()));
        drop(ticket);
        assert_eq!(mine("ledger.One"), []);
    }

    #[test]
    fn threads_that_come_and_go_leave_nothing_behind_and_never_mix_entries() {
        let protocol = Name::of("buffer");
        let rounds = if cfg!(miri) { 20 } else { 5_000 };
        std::thread::scope(|scope| {
            for t in 0..4u64 {
                scope.spawn(move || {
                    let owner = Name::of(&format!("ledger.T{t}"));
                    for i in 0..rounds {
                        let tickets: Vec<_> =
                            (0..i % 7).map(|_| enter(owner, protocol, Direction::Import, t, t % 2 == 0)).collect();
                        drop(tickets);
                    }
                });
            }
            for _ in 0..rounds / 10 {
                for entry in entries() {
                    if let Some(t) = entry.owner.strip_prefix("ledger.T") {
                        let t: u64 = t.parse().unwrap();
                        assert_eq!((entry.nbytes, entry.readonly), (t, t.is_multiple_of(2)));
                    }
                }
            }
        });
        assert!(entries().iter().all(|entry| !entry.owner.starts_with("ledger.T")));
    }

    #[test]
    fn slots_of_all_chunks_are_distinct() {
        let mut seen = std::collections::HashSet::new();
        for number in 0..FIRST_CHUNK * 15 {
            let (chunk, index, size) = place(number);
            assert!(index < size && seen.insert((chunk, index)), "{number}");
        }
    }

    #[test]
    fn the_same_text_is_the_same_name() {
        assert_eq!(Name::of("ledger.a"), Name::of("ledger.a"));
        assert_ne!(Name::of("ledger.a"), Name::of("ledger.b"));
        assert_eq!(&*Name::of("ledger.a").text(), "ledger.a");
    }
}
