//! Arrays of devices: K-A21.

use crate::liar::{Liar, SaysArray, field};
use aria_arrow::abi::{ArrowArray, ArrowDeviceArray};
use aria_arrow::{
    BatchSource, DEVICE_CPU, Failure, OwnedArray, OwnedDeviceArray, OwnedDeviceStream, OwnedSchema, Problem,
    export_device_stream,
};
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

/// Gives what is left of these, then fails.
struct Few(Vec<OwnedArray>);

impl BatchSource for Few {
    fn schema(&mut self) -> Result<OwnedSchema, Failure> {
        Ok(field("g").to_schema())
    }

    fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
        self.0.pop().map(Some).ok_or_else(|| Failure::new("the disk is gone"))
    }
}

/// K-A9, K-A20, K-A21.
#[test]
fn a_stream_that_says_its_device_goes_out_and_comes_in_wherever_it_was_moved() {
    let mut liar = Liar::new();
    let arrays = (0..3).map(|_| liar.give_array(SaysArray::default()).unwrap()).collect();
    let mut raw = Box::new(export_device_stream(Box::new(Few(arrays))).into_raw());
    assert_eq!(raw.device_type, DEVICE_CPU);
    // SAFETY: live, and this test's alone.
    let mut stream = unsafe { OwnedDeviceStream::take(NonNull::from(&mut *raw)) }.unwrap();
    assert!(raw.release.is_none(), "what was taken is marked as released");
    assert_eq!(stream.schema().unwrap().format(), "g");
    for _ in 0..2 {
        let given = stream.next().unwrap().unwrap();
        assert_eq!((given.kind, given.id, given.sync_event), (DEVICE_CPU, -1, null_mut()));
    }
    drop(stream.next().unwrap());
    assert!(stream.next().unwrap_err().to_string().ends_with("the disk is gone"));
    assert!(stream.next().unwrap().is_none());
    drop(stream);
    liar.assert_released_once();
    // SAFETY: this test's alone.
    let refused = unsafe { OwnedDeviceStream::take(NonNull::from(&mut *raw)) }.unwrap_err();
    assert_eq!(refused.problem, Problem::Released { what: "ArrowDeviceArrayStream" });
}
