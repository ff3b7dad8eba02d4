//! The Arrow C data, stream and device interfaces as owned and checked Rust values.
//!
//! Lives here: the Arrow standard alone, its structs, formats, metadata, ownership, checks and export. Not here: Python
//! (capsules are named, never touched), and any array type of our own. Nothing here copies or moves a value; every import
//! and export is zero-copy. What a schema says is copied.
//!
//! arrow-rs is not asked to read what comes from outside: its `from_ffi` asserts, panics and realigns silently. Every
//! format, flag and metadata is carried as it came, so that what nobody here knows goes out as it came in.
//!
//! Trust is a type, and grows in this order:
//!
//! | step | type | what is known |
//! |---|---|---|
//! | pointer | [`abi`] structs | nothing |
//! | owned | [`OwnedSchema`], [`OwnedArray`], [`OwnedStream`], [`OwnedDeviceArray`] | live; released exactly once |
//! | checked | [`Field`], [`Checked`] | counts, lengths, offsets and children are consistent |
//! | viewed | [`ArrayView`] | the nodes of a checked array; that buffers are as long as they say is the producer's word |
//!
//! ```text
//! import    OwnedSchema::take -> field -> Field      OwnedArray::take -> check(Field) -> Checked -> view -> ArrayView
//! export    Field::to_schema -> OwnedSchema          Node::export(owner) -> OwnedArray      ArrayView::share(range, owner)
//! streams   OwnedStream::take -> schema, next        export_stream(BatchSource) -> OwnedStream
//!            OwnedDeviceStream, export_device_stream: the same, with arrays that say their device
//! values    validate(ArrayView): offsets, UTF-8, indices, run ends; read_text(ArrayView): text, copied out
//! parts     Format, Count, Metadata                  errors: ArrowError, Problem, RefusedArray, StreamError, Failure
//! ```

pub mod abi;
mod array;
pub mod capsule;
mod device;
mod error;
mod export;
mod field;
mod format;
mod kind;
mod metadata;
mod name;
mod read;
mod schema;
mod stream;
mod text;
mod unwind;
mod validate;
mod view;

pub use array::{Checked, OwnedArray, RefusedArray};
pub use device::{DEVICE_CPU, OwnedDeviceArray};
pub use error::{ArrowError, Problem};
pub use export::{Node, Owner};
pub use field::{Field, MAX_DEPTH, MAX_FIELDS, MAX_TEXT};
pub use format::{Count, Format};
pub use kind::StreamStruct;
pub use metadata::{MAX_METADATA, Metadata};
pub use schema::OwnedSchema;
pub use stream::{
    BatchSource, Failure, OwnedDeviceStream, OwnedStream, StreamError, export_device_stream, export_stream,
};
pub use text::read_text;
pub use validate::validate;
pub use view::{ArrayView, MAX_BUFFERS};
