//! The stream argument of `__dlpack__`.

use aria_dlpack::{Device, DlpackError, Stream, check_stream};

fn check(kind: u32, stream: impl Into<Option<i64>>) -> Option<Stream> {
    check_stream(Device { kind, id: 0 }, stream.into()).ok()
}

/// K-D16.
#[test]
fn the_cpu_takes_no_stream() {
    assert_eq!(check(1, None), Some(Stream::None));
    for stream in [-2, -1, 0, 1, 2, 3] {
        assert_eq!(check(1, stream), None);
    }
}

/// K-D16.
#[test]
fn cuda_numbers_mean_what_the_standard_says() {
    for kind in [2, 3, 13] {
        assert_eq!(check(kind, None), Some(Stream::Default));
        assert_eq!(check(kind, 1), Some(Stream::Default));
        assert_eq!(check(kind, 2), Some(Stream::PerThreadDefault));
        assert_eq!(check(kind, -1), Some(Stream::NoSync));
        assert_eq!(check(kind, i64::MAX), Some(Stream::Handle(i64::MAX)));
        assert_eq!((check(kind, 0), check(kind, -2), check(kind, i64::MIN)), (None, None, None));
    }
}

/// K-D16.
#[test]
fn rocm_numbers_mean_what_the_standard_says() {
    for kind in [10, 11] {
        assert_eq!(check(kind, None), Some(Stream::Default));
        assert_eq!(check(kind, 0), Some(Stream::Default));
        assert_eq!(check(kind, -1), Some(Stream::NoSync));
        assert_eq!(check(kind, 3), Some(Stream::Handle(3)));
        assert_eq!((check(kind, 1), check(kind, 2), check(kind, -2)), (None, None, None));
    }
}

/// K-D16.
#[test]
fn other_devices_take_none_and_no_synchronisation() {
    assert_eq!((check(14, None), check(14, -1)), (Some(Stream::None), Some(Stream::NoSync)));
    assert_eq!((check(8, 0), check(14, 7)), (None, None));
}

#[test]
fn a_refused_stream_says_what_was_expected() {
    let refused = check_stream(Device { kind: 2, id: 1 }, Some(0)).unwrap_err();
    assert_eq!(refused, DlpackError::Stream { device: Device { kind: 2, id: 1 }, found: 0 });
    assert_eq!(refused.to_string(), "expected no stream, -1, 1, 2 or a handle above 2 for cuda:1 but found stream 0");
}
