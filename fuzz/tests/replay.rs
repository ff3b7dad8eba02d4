//! Every target holds for its corpus, and for a few thousand inputs made from it and from nothing.

use aria_array_fuzz::{TARGETS, Target};
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// Inputs made up for each target.
const MADE: usize = 20_000;

/// Marsaglia's xorshift: the same numbers at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }

    /// An input like this one: bytes changed, put in, taken out or repeated.
    fn like(&mut self, one: &[u8]) -> Vec<u8> {
        let mut bytes = one.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = at + self.below(bytes.len() - at + 1).min(8);
            let other = match self.below(4) {
                0 => vec![],
                1 => bytes[at..end].repeat(2),
                2 => self.bytes(end - at),
                // A byte that the input knows already.
                _ if one.is_empty() => vec![0],
                _ => vec![one[self.below(one.len())]],
            };
            bytes.splice(at..end, other);
        }
        bytes
    }
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn hold(name: &str, target: Target, input: &[u8]) {
    if catch_unwind(|| target(input)).is_err() {
        panic!("{name} fails for {:?}", input.escape_ascii().to_string());
    }
}

fn replay(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(other, _)| *other == name).unwrap();
    let corpus = corpus(name);
    for input in &corpus {
        hold(name, target, input);
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for i in 0..MADE {
        let input = if i % 2 == 0 {
            let len = random.below(128);
            random.bytes(len)
        } else {
            let pick = random.below(corpus.len());
            random.like(&corpus[pick])
        };
        hold(name, target, &input);
    }
}

#[test]
fn formats_of_buffers_are_read_or_refused_and_survive() {
    replay("pep3118");
}

#[test]
fn type_strings_are_read_or_refused_and_survive() {
    replay("typestr");
}

#[test]
fn layouts_of_any_numbers_have_the_span_of_a_naive_walk() {
    replay("layout");
}

#[test]
fn any_bytes_are_plans_or_an_error() {
    replay("plan_wire");
}

#[test]
fn any_tensor_is_answered_and_released_once() {
    replay("dlpack");
}

#[test]
fn any_schema_and_array_are_answered_and_released_once() {
    replay("arrow");
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    for (name, _) in TARGETS {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets").join(name).with_extension("rs");
        assert!(program.exists(), "{}", program.display());
        assert!(!corpus(name).is_empty());
    }
}
