//! DLPack tensors as owned and checked Rust values.
//!
//! Lives here: the DLPack standard alone, structs, ownership, checks, export, exchange table, stream
//! rules. Not here: Python (capsules are named, never touched), and any array type of our own.
//! Nothing here copies or reads an element; every import and export is zero-copy.
//!
//! Trust is a type, and grows in this order:
//!
//! | step | type | what is known |
//! |---|---|---|
//! | pointer | [`abi`] structs | nothing |
//! | owned | [`Managed`] | the version is readable; released exactly once |
//! | checked | [`TensorView`] | the metadata is copied and consistent: dtype, shape, span, address |
//! | viewed | left to the caller | that the memory is really there rests on the producer's word |
//!
//! ```text
//! import    Managed::from_versioned / from_legacy      -> Managed       Managed::check -> TensorView
//! export    export(owner, &Descriptor, Format, Memory) -> Managed       Managed::into_raw -> RawManaged
//! version   negotiate(max_version) -> Format           Version, Flags
//! exchange  ExchangeApi::find -> managed_from_object, tensor_from_object, object_from_managed,
//!           current_work_stream, allocate              ExchangeTable (producer)
//! streams   check_stream(device, stream) -> Stream
//! values    Descriptor, Device, DataType, Dims         errors: DlpackError, ExchangeError, Refused
//! ```
//!
//! ```
//! use aria_dlpack::{DataType, Descriptor, Device, Dims, Format, Memory, Version, export};
//!
//! let mut owner = vec![1.0f64, 2.0, 3.0];
//! let tensor = Descriptor {
//!     data: owner.as_mut_ptr().cast(),
//!     byte_offset: 0,
//!     device: Device::CPU,
//!     dtype: DataType::new(DataType::FLOAT, 64),
//!     shape: Dims::from_slice(&[3]),
//!     strides: Dims::from_slice(&[1]),
//!     read_only: false,
//!     padded: false,
//! };
//! // SAFETY: the vector holds three doubles at `data`; it moves into the export, and its heap stays.
//! let managed = unsafe { export(owner, &tensor, Format::Versioned(Version::DEFAULT), Memory::Shared) }.unwrap();
//!
//! let view = managed.check().unwrap();
//! assert_eq!(view.descriptor(), &tensor);
//! assert_eq!(view.nbytes(), 24);
//! ```

pub mod abi;
mod check;
mod descriptor;
mod device;
mod dtype;
mod error;
mod exchange;
mod export;
mod managed;
mod stream;
mod version;

pub use dlpark::DlpackFlags as Flags;

pub use check::TensorView;
pub use descriptor::{Descriptor, Dims};
pub use device::Device;
pub use dtype::DataType;
pub use error::{DlpackError, ExchangeError, Refused};
pub use exchange::{ExchangeApi, ExchangeTable};
pub use export::{ForeignOwner, Memory, export};
pub use managed::{Managed, RawManaged};
pub use stream::{Stream, check_stream};
pub use version::{Format, Version, negotiate};
