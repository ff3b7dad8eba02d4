//! What the crate promises, against producers that lie and count how often they are released.
//!
//! A test's name is the promise. `K-A` marks name the points on which array libraries disagree about Arrow.

mod array;
mod device;
mod generated;
mod liar;
mod model;
mod ownership;
mod schema;
mod stream;
mod validate;
