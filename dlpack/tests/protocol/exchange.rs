//! The exchange table: finding one, and what its functions may answer.

use crate::liar::{Liar, SOMEWHERE, Says};
use aria_dlpack::abi::{
    DLDeviceType, DLManagedTensorVersioned, DLPackExchangeAPI, DLPackExchangeAPIHeader, DLPackVersion, DLTensor,
    SetErrorFn,
};
use aria_dlpack::{
    DataType, Descriptor, Device, Dims, DlpackError, ExchangeApi, ExchangeError, ExchangeTable, RawManaged, Version,
};
use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};

/// The "Python object" of these tests: what the functions of the table do when they meet it.
struct Object {
    status: c_int,
    give: Option<NonNull<DLManagedTensorVersioned>>,
    tensor: Option<DLTensor>,
}

unsafe extern "C" fn managed_from_object(object: *mut c_void, out: *mut *mut DLManagedTensorVersioned) -> c_int {
    // SAFETY: every test passes a living `Object`.
    let object = unsafe { &*object.cast::<Object>() };
    // SAFETY: `out` is writable.
    unsafe { *out = object.give.map_or(null_mut(), NonNull::as_ptr) };
    object.status
}

unsafe extern "C" fn tensor_from_object(object: *mut c_void, out: *mut DLTensor) -> c_int {
    // SAFETY: every test passes a living `Object`.
    let object = unsafe { &*object.cast::<Object>() };
    if let Some(tensor) = object.tensor {
        // SAFETY: `out` is writable.
        unsafe { *out = tensor };
    }
    object.status
}

/// Fails for tensors with the read-only flag, gives NULL for copied ones, and never releases what it stole.
unsafe extern "C" fn object_from_managed(tensor: *mut DLManagedTensorVersioned, out: *mut *mut c_void) -> c_int {
    // SAFETY: an owned tensor.
    let flags = unsafe { (*tensor).flags }.bits();
    match flags {
        1 => return -1,
        2 => return 0,
        _ => {}
    }
    // SAFETY: `out` is writable.
    unsafe { *out = tensor.cast() };
    0
}

unsafe extern "C" fn stream(kind: DLDeviceType, id: i32, out: *mut *mut c_void) -> c_int {
    if kind != DLDeviceType::CUDA {
        return -1;
    }
    // SAFETY: `out` is writable.
    unsafe { *out = std::ptr::without_provenance_mut(0x700 + id as usize) };
    0
}

/// Fails with words for one axis, without words for two, gives nothing for three.
unsafe extern "C" fn allocate(
    prototype: *mut DLTensor,
    out: *mut *mut DLManagedTensorVersioned,
    context: *mut c_void,
    set_error: Option<SetErrorFn>,
) -> c_int {
    // SAFETY: `prototype` is readable.
    let raw = unsafe { *prototype };
    assert!(!raw.strides.is_null() && !raw.shape.is_null());
    // SAFETY: `out` is writable.
    unsafe { *out = null_mut() };
    match raw.ndim {
        1 => {
            // SAFETY: context and texts are as `SetErrorFn` demands.
            unsafe { set_error.unwrap()(context, c"MemoryError".as_ptr(), c"no room".as_ptr()) };
            -1
        }
        2 => -1,
        _ => 0,
    }
}

static TABLE: ExchangeTable =
    ExchangeTable::new(allocate, managed_from_object, object_from_managed, Some(tensor_from_object), stream);

fn api() -> ExchangeApi {
    // SAFETY: a static table of ours.
    unsafe { ExchangeApi::find(TABLE.as_ptr()) }.unwrap()
}

fn table(major: u32, prev: *mut DLPackExchangeAPIHeader) -> DLPackExchangeAPI {
    // SAFETY: `ExchangeTable` is a transparent wrapper.
    let mut raw = unsafe { TABLE.as_ptr().cast::<DLPackExchangeAPI>().read() };
    raw.header = DLPackExchangeAPIHeader { version: DLPackVersion { major, minor: 0 }, prev_api: prev };
    raw
}

fn find(table: &mut DLPackExchangeAPI) -> Result<ExchangeApi, ExchangeError> {
    // SAFETY: alive during the call; the functions are those of this file.
    unsafe { ExchangeApi::find(NonNull::from(table).cast()) }
}

fn pointer(object: &mut Object) -> NonNull<c_void> {
    NonNull::from(object).cast()
}

/// K-D33.
#[test]
fn the_table_that_a_producer_fills_is_found() {
    assert_eq!(api().version(), Version::LATEST);
    assert!(api().has_tensor_from_object());
}

/// K-D33.
#[test]
fn a_newer_table_leads_to_the_one_that_can_be_read() {
    let mut old = table(1, null_mut());
    let mut new = table(2, (&raw mut old).cast());
    new.current_work_stream = None; // must not be looked at
    let mut newest = table(3, (&raw mut new).cast());
    assert_eq!(find(&mut newest).unwrap().version(), Version { major: 1, minor: 0 });
}

/// K-D33.
#[test]
fn a_chain_without_a_readable_table_is_refused() {
    let mut old = table(0, null_mut());
    let mut new = table(2, (&raw mut old).cast());
    let found = Version { major: 2, minor: 0 };
    assert_eq!(find(&mut new).unwrap_err(), ExchangeError::Version { found });
}

/// K-D33.
#[test]
fn a_ring_of_tables_is_refused() {
    let ring = Box::into_raw(Box::new(table(2, null_mut())));
    // SAFETY: owned by this test.
    unsafe { (*ring).header.prev_api = ring.cast() };
    // SAFETY: alive during the call.
    let refused = unsafe { ExchangeApi::find(NonNull::new(ring).unwrap().cast()) }.unwrap_err();
    assert_eq!(refused.to_string(), "expected a chain of at most 8 exchange tables but found more");
    // SAFETY: from a box, freed once.
    drop(unsafe { Box::from_raw(ring) });
}

/// K-D33.
#[test]
fn only_the_function_for_borrowed_tensors_may_be_null() {
    type Clear = fn(&mut DLPackExchangeAPI);
    let required: [(&str, Clear); 4] = [
        ("managed_tensor_allocator", |t| t.managed_tensor_allocator = None),
        ("managed_tensor_from_py_object_no_sync", |t| t.managed_tensor_from_py_object_no_sync = None),
        ("managed_tensor_to_py_object_no_sync", |t| t.managed_tensor_to_py_object_no_sync = None),
        ("current_work_stream", |t| t.current_work_stream = None),
    ];
    for (function, clear) in required {
        let mut broken = table(1, null_mut());
        clear(&mut broken);
        assert_eq!(find(&mut broken).unwrap_err(), ExchangeError::NullFunction { function });
    }
    let mut lean = table(1, null_mut());
    lean.dltensor_from_py_object_no_sync = None;
    let api = find(&mut lean).unwrap();
    assert!(!api.has_tensor_from_object());
    let mut object = Object { status: 0, give: None, tensor: None };
    // SAFETY: a living object; there is no interpreter.
    let refused = unsafe { api.tensor_from_object(pointer(&mut object)) }.unwrap_err();
    assert_eq!(refused, ExchangeError::Unsupported { function: "dltensor_from_py_object_no_sync" });
}

#[test]
fn an_owned_tensor_arrives_and_is_released_once() {
    let liar = Liar::new(Says::default());
    let RawManaged::Versioned(give) = liar.raw() else { unreachable!() };
    let mut object = Object { status: 0, give: Some(give), tensor: None };
    // SAFETY: a living object; there is no interpreter.
    let managed = unsafe { api().managed_from_object(pointer(&mut object)) }.unwrap();
    assert_eq!(managed.check().unwrap().len(), 6);
    drop(managed);
    assert_eq!(liar.released(), 1);
}

#[test]
fn failures_of_the_producer_are_told_apart() {
    let function = "managed_tensor_from_py_object_no_sync";
    let liar = Liar::new(Says { version: (2, 0), ..Says::default() });
    let RawManaged::Versioned(give) = liar.raw() else { unreachable!() };
    for (status, give, expected) in [
        (-1, None, ExchangeError::Raised { function }),
        (0, None, ExchangeError::NoResult { function }),
        (
            0,
            Some(give),
            ExchangeError::Tensor(DlpackError::IncompatibleVersion { found: Version { major: 2, minor: 0 } }),
        ),
    ] {
        let mut object = Object { status, give, tensor: None };
        // SAFETY: a living object; there is no interpreter.
        let refused = unsafe { api().managed_from_object(pointer(&mut object)) }.unwrap_err();
        assert_eq!(refused, expected);
    }
    assert_eq!(liar.released(), 1);
}

/// K-D33.
#[test]
fn a_borrowed_tensor_is_checked_and_does_not_say_whether_it_may_be_written() {
    let mut shape = [2, 3];
    let mut strides = [3, 1];
    let liar = Liar::new(Says::default());
    let managed = liar.legacy();
    let RawManaged::Legacy(raw) = managed.as_raw() else { unreachable!() };
    // SAFETY: alive as long as `liar`.
    let mut tensor = unsafe { raw.as_ref() }.dl_tensor;
    (tensor.shape, tensor.strides) = (shape.as_mut_ptr(), strides.as_mut_ptr());

    let mut object = Object { status: 0, give: None, tensor: Some(tensor) };
    // SAFETY: a living object whose tensor lives as long as this function.
    let view = unsafe { api().tensor_from_object(pointer(&mut object)) }.unwrap();
    assert_eq!((view.len(), view.descriptor().data.addr(), view.is_read_only()), (6, SOMEWHERE, None));

    object.tensor = Some(DLTensor { ndim: -1, ..tensor });
    // SAFETY: as above.
    let refused = unsafe { api().tensor_from_object(pointer(&mut object)) }.unwrap_err();
    assert_eq!(refused, ExchangeError::Tensor(DlpackError::Ndim { found: -1 }));

    object.status = -1;
    // SAFETY: as above.
    let refused = unsafe { api().tensor_from_object(pointer(&mut object)) }.unwrap_err();
    assert_eq!(refused, ExchangeError::Raised { function: "dltensor_from_py_object_no_sync" });
}

/// A producer that reports success without writing anything leaves a tensor of zeros, which is refused.
#[test]
fn a_borrowed_tensor_that_was_never_written_is_refused() {
    let mut object = Object { status: 0, give: None, tensor: None };
    // SAFETY: a living object.
    let refused = unsafe { api().tensor_from_object(pointer(&mut object)) }.unwrap_err();
    assert!(matches!(refused, ExchangeError::Tensor(DlpackError::ZeroBits { .. })), "{refused}");
}

/// K-D34.
#[test]
fn a_given_tensor_is_stolen_even_by_a_producer_that_fails() {
    let function = "managed_tensor_to_py_object_no_sync";
    for (flags, expected) in
        [(0, None), (1, Some(ExchangeError::Raised { function })), (2, Some(ExchangeError::NoResult { function }))]
    {
        let liar = Liar::new(Says { flags, ..Says::default() });
        // SAFETY: there is no interpreter.
        let answer = unsafe { api().object_from_managed(liar.versioned().unwrap()) };
        assert_eq!(answer.err(), expected);
        assert_eq!(liar.released(), 0, "never released by us after the call");
    }
}

/// K-D34.
#[test]
fn a_legacy_tensor_is_released_before_a_table_sees_it() {
    let liar = Liar::new(Says::default());
    // SAFETY: there is no interpreter.
    let refused = unsafe { api().object_from_managed(liar.legacy()) }.unwrap_err();
    assert_eq!(refused, ExchangeError::LegacyTensor);
    assert_eq!(liar.released(), 1);
}

/// K-D33.
#[test]
fn the_work_stream_is_the_producers() {
    // SAFETY: there is no interpreter.
    let cuda = unsafe { api().current_work_stream(Device { kind: 2, id: 3 }) };
    assert_eq!(cuda.unwrap().addr(), 0x703);
    // SAFETY: as above.
    let metal = unsafe { api().current_work_stream(Device { kind: 8, id: 0 }) };
    assert_eq!(metal.unwrap_err(), ExchangeError::Raised { function: "current_work_stream" });
}

/// K-D35.
#[test]
fn the_allocators_words_arrive() {
    let allocate = |ndim: usize| {
        let prototype = Descriptor {
            data: null_mut(),
            byte_offset: 0,
            device: Device::CPU,
            dtype: DataType::new(DataType::FLOAT, 32),
            shape: Dims::from_elem(2, ndim),
            strides: Dims::from_elem(0, ndim),
            read_only: false,
            padded: false,
        };
        // SAFETY: there is no interpreter.
        unsafe { api().allocate(&prototype) }.unwrap_err().to_string()
    };
    assert_eq!(allocate(1), "managed_tensor_allocator failed: MemoryError: no room");
    assert_eq!(allocate(2), "managed_tensor_allocator failed and did not say why");
    assert_eq!(allocate(3), "expected a result after managed_tensor_allocator reported success but found NULL");
}
