//! What the crate promises, against producers that lie and count how often their deleter runs.
//!
//! A test's name is the promise. `K-D` marks name the points on which array libraries disagree about DLPack.

mod dtype;
mod exchange;
mod export;
mod liar;
mod ownership;
mod roundtrip;
mod stream;
mod structure;
