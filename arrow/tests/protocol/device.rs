//! Arrays of devices: K-A21.

use crate::liar::{Liar, SaysArray, field};
use aria_arrow::abi::{ArrowArray, ArrowDeviceArray};
use aria_arrow::{DEVICE_CPU, OwnedDeviceArray, Problem};
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

fn given(array: ArrowArray, device: (i32, i64), sync_event: *mut c_void) -> ArrowDeviceArray {
    ArrowDeviceArray { array, device_id: device.1, device_type: device.0, sync_event, reserved: [7; 3] }
}

#[test]
fn device_and_event_come_in_and_go_out_with_the_array() {
    let mut event = 0u64;
    let event = (&raw mut event).cast::<c_void>();
    for (device, event) in [((DEVICE_CPU, -1), null_mut()), ((2, 3), event), ((99, i64::MIN), event)] {
        let mut liar = Liar::new();
        let array = liar.give_array(SaysArray::default()).unwrap().into_raw();
        let mut raw = given(array, device, event);
        // SAFETY: live, and this test's alone.
        let taken = unsafe { OwnedDeviceArray::take(NonNull::from(&mut raw)) }.unwrap();
        assert_eq!((taken.kind, taken.id, taken.sync_event), (device.0, device.1, event));
        assert!(raw.array.release.is_none(), "what was taken is marked as released");
        let mut again = taken.into_raw();
        assert_eq!((again.device_type, again.device_id, again.sync_event), (device.0, device.1, event));
        assert_eq!(again.reserved, [0; 3]);
        // SAFETY: live, from `into_raw`.
        let taken = unsafe { OwnedDeviceArray::take(NonNull::from(&mut again)) }.unwrap();
        assert!(taken.array.check(Arc::new(field("g"))).is_ok());
        liar.assert_released_once();
    }
}

/// K-A8.
#[test]
fn a_released_array_of_a_device_is_refused() {
    let mut raw = given(ArrowArray::released(), (2, 0), null_mut());
    // SAFETY: this test's alone.
    let refused = unsafe { OwnedDeviceArray::take(NonNull::from(&mut raw)) }.unwrap_err();
    assert_eq!(refused.problem, Problem::Released { what: "ArrowDeviceArray" });
}

#[test]
fn an_array_of_the_host_has_no_index_and_nothing_to_wait_for() {
    let mut liar = Liar::new();
    let array = OwnedDeviceArray::of_host(liar.give_array(SaysArray::default()).unwrap());
    assert_eq!((array.kind, array.id, array.sync_event), (DEVICE_CPU, -1, null_mut()));
    drop(array);
    liar.assert_released_once();
}
