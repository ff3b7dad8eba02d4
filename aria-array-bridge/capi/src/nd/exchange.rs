//! DLPack and Arrow, without Python.

use super::{Held, NdIn};
use crate::abi::{Answer, CType, Give, abi, c_types};
use crate::failure::Failure;
use aria_array_bridge::convert::arrow::{Export, Import, reason};
use aria_array_bridge::{Access, Array, Device, Owner};
use aria_arrow::abi::{ArrowArray, ArrowSchema};
use aria_arrow::{OwnedArray, OwnedSchema};
use aria_dlpack::abi::{DLManagedTensor, DLManagedTensorVersioned};
use aria_dlpack::{Format, Managed, RawManaged, Version};
use core::ptr::NonNull;
use std::sync::Arc;

c_types! {
    *mut ArrowArray = "struct ArrowArray *" 'p';
    *mut ArrowSchema = "struct ArrowSchema *" 'p';
    *mut DLManagedTensor = "struct DLManagedTensor *" 'p';
    *mut DLManagedTensorVersioned = "struct DLManagedTensorVersioned *" 'p';
}

/// A tensor that is handed out: whoever has it calls its deleter.
pub(crate) struct Tensor<T>(NonNull<T>);

impl<T> Give for Tensor<T>
where
    *mut T: CType + Answer,
{
    type C = *mut T;
    fn give(self) -> *mut T {
        self.0.as_ptr()
    }
}

fn export<T>(array: NdIn, format: Format) -> Result<Tensor<T>, Failure> {
    let tensor = array.array()?.export_dlpack(format)?;
    match tensor.into_raw() {
        RawManaged::Legacy(tensor) => Ok(Tensor(tensor.cast())),
        RawManaged::Versioned(tensor) => Ok(Tensor(tensor.cast())),
    }
}

fn tensor<T>(tensor: *mut T) -> Result<NonNull<T>, Failure> {
    NonNull::new(tensor).ok_or_else(|| Failure::argument("expected a tensor but found NULL"))
}

fn import(tensor: Managed) -> Result<Held, Failure> {
    // SAFETY: as every producer of DLPack promises: the promise of the C caller. A refused tensor is dropped, which releases it.
    Held::new(unsafe { Array::from_dlpack(tensor) }?)
}

/// Takes an array and its schema; what is refused is released.
fn from_arrow(array: *mut ArrowArray, schema: *mut ArrowSchema) -> Result<Held, Failure> {
    let malformed = |error: &aria_arrow::ArrowError| Failure::from(vec![reason(error)]);
    // Both are taken before anything is refused, so that both are released.
    // SAFETY: keeps to the interface, and the C caller gives it up.
    let array = NonNull::new(array).map(|array| unsafe { OwnedArray::take(array) });
    // SAFETY: likewise.
    let schema = NonNull::new(schema).map(|schema| unsafe { OwnedSchema::take(schema) });
    let (Some(array), Some(schema)) = (array, schema) else {
        return Err(Failure::argument("expected an ArrowArray and an ArrowSchema but found NULL"));
    };
    let schema = schema.map_err(|error| malformed(&error))?;
    let field = schema.field().map_err(|error| malformed(&error))?;
    let checked = array
        .map_err(|error| malformed(&error))?
        .check(Arc::new(field))
        .map_err(|refused| malformed(&refused.error))?;
    let import = Import::of(&checked.view(), 0..checked.view().len(), Device::CPU).map_err(|reason| vec![*reason])?;
    // SAFETY: the owner keeps the checked array that the import is of; its buffers are as long as it says, and it may be
    // memory that others write to: shared.
    Held::new(unsafe { import.own(&Owner::new(checked), Access::Shared) }?)
}

abi! {
    /// Hands the memory out as a DLPack tensor with version and flags. Zero-copy. Whoever has it calls its deleter.
    tries fn aria_nd_to_dlpack or aria_nd_to_dlpack_or_exit(array: NdIn) -> Tensor<DLManagedTensorVersioned> {
        export(array, Format::Versioned(Version::LATEST))
    }

    /// As aria_nd_to_dlpack, without version and flags: read-only memory is refused.
    tries fn aria_nd_to_dlpack_legacy or aria_nd_to_dlpack_legacy_or_exit(array: NdIn) -> Tensor<DLManagedTensor> {
        export(array, Format::Legacy)
    }

    /// Takes over a DLPack tensor. Zero-copy. Its deleter is called once, also if it is refused.
    tries fn aria_nd_from_dlpack or aria_nd_from_dlpack_or_exit(managed: *mut DLManagedTensorVersioned) -> Held {
        // SAFETY: keeps to the standard, and the C caller gives it up.
        let managed = unsafe { Managed::from_versioned(tensor(managed)?) };
        import(managed.map_err(Failure::refused)?)
    }

    /// As aria_nd_from_dlpack, of a tensor without version and flags, which is read-only here.
    tries fn aria_nd_from_dlpack_legacy or aria_nd_from_dlpack_legacy_or_exit(managed: *mut DLManagedTensor) -> Held {
        // SAFETY: keeps to the standard, and the C caller gives it up.
        import(unsafe { Managed::from_legacy(tensor(managed)?) })
    }

    /// Hands the array out by the Arrow C data interface, into two structs of the caller, who releases them. Zero-copy, but
    /// for booleans, dates, and strides. Neither is written if it fails.
    tries fn aria_nd_to_arrow or aria_nd_to_arrow_or_exit(array: NdIn, out_array: *mut ArrowArray, out_schema: *mut ArrowSchema) {
        if out_array.is_null() || out_schema.is_null() {
            return Err(Failure::argument("expected places for an ArrowArray and an ArrowSchema but found NULL"));
        }
        let export = Export::of(&array.array()?, None)?;
        let schema = export.field().to_schema();
        let array = export.export().map_err(|reason| vec![*reason])?;
        // SAFETY: may be written: the promise of the C caller.
        unsafe { out_array.write(array.into_raw()) };
        // SAFETY: likewise.
        unsafe { out_schema.write(schema.into_raw()) };
        Ok(())
    }

    /// Takes an array of the Arrow C data interface over: both structs are marked as released, also if it is refused.
    /// Zero-copy, but for booleans and dates; read-only.
    tries fn aria_nd_from_arrow or aria_nd_from_arrow_or_exit(array: *mut ArrowArray, schema: *mut ArrowSchema) -> Held {
        from_arrow(array, schema)
    }
}
