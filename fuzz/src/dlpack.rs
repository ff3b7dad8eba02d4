//! DLPack tensors that say anything: answered without a panic, released exactly once, never written to.

use crate::input::Input;
use aria_dlpack::abi::{
    DLDataType, DLDataTypeCode, DLDevice, DLDeviceType, DLManagedTensorVersioned, DLPackVersion, DLTensor,
};
use aria_dlpack::{Flags, Format, Managed, Memory, Version, export};
use std::cell::Cell;
use std::ptr::{NonNull, null_mut, without_provenance_mut};

unsafe extern "C" fn count(tensor: *mut DLManagedTensorVersioned) {
    // SAFETY: the struct below, which outlives its import.
    let calls = unsafe { (*tensor).manager_ctx }.cast::<Cell<usize>>();
    // SAFETY: the counter below, which lives as long and is used by this thread alone.
    unsafe { &*calls }.update(|calls| calls + 1);
}

/// Imports a tensor whose every field is made up, and exports again what was accepted.
pub fn dlpack(data: &[u8]) {
    let mut input = Input(data);
    let ndim = input.ndim();
    let extents = |input: &mut Input<'_>| match input.byte() {
        0..=200 => (0..ndim).map(|_| i64::try_from(input.extent()).unwrap_or(-1)).collect::<Vec<_>>(),
        _ => (0..ndim).map(|_| input.number()).collect(),
    };
    let mut shape = extents(&mut input);
    let mut strides: Vec<_> = (0..ndim).map(|_| input.number()).collect();
    let calls = Cell::new(0usize);
    let mut tensor = DLManagedTensorVersioned {
        version: DLPackVersion { major: u32::from(input.byte() % 16 == 1) ^ 1, minor: u32::from(input.byte()) },
        manager_ctx: (&raw const calls).cast_mut().cast(),
        deleter: Some(count),
        flags: Flags::from_bits_retain(u64::from(input.byte() % 8) | (input.word() & input.word() & input.word())),
        dl_tensor: DLTensor {
            data: without_provenance_mut(if input.byte() % 8 == 1 { 0 } else { input.word() as usize }),
            device: DLDevice {
                device_type: DLDeviceType(u32::from(input.byte() % 24)),
                device_id: i32::from(input.byte().cast_signed()),
            },
            ndim: i32::try_from(ndim).expect("at most 70"),
            dtype: DLDataType {
                code: DLDataTypeCode(input.byte() % 20),
                bits: [8, 16, 32, 64, 128, 4, 6, input.byte()][usize::from(input.byte() % 8)],
                lanes: if input.byte() % 4 == 3 { input.word() as u16 } else { 1 },
            },
            shape: shape.as_mut_ptr(),
            strides: if input.byte() % 8 == 7 { null_mut() } else { strides.as_mut_ptr() },
            byte_offset: input.number().cast_unsigned(),
        },
    };
    let before = format!("{tensor:?}");
    // SAFETY: the struct and what it points to outlive the handle; the address of the data is followed by nobody.
    let imported = unsafe { Managed::from_versioned(NonNull::from(&mut tensor)) };
    if let Ok(managed) = imported
        && let Ok(view) = managed.check()
    {
        let descriptor = view.into_descriptor();
        // SAFETY: the address of the data is followed by nobody.
        let again = unsafe { export((), &descriptor, Format::Versioned(Version::DEFAULT), Memory::Shared) };
        let again = again.expect("what was accepted can be exported");
        assert_eq!(again.check().map(|view| view.into_descriptor()), Ok(descriptor));
    }
    assert_eq!(calls.get(), 1, "the tensor is released once");
    assert_eq!(format!("{tensor:?}"), before, "the producer's struct is not written to");
}
