//! What the programs here share: printing what they do, and refusing what they do not promise.

pub mod show;
