//! Any generated layout, exported by one protocol and imported by the next, keeps dtype, shape, values and address;
//! what is read-only stays so through every chain; memory is released once, after the last of them.
//!
//! Here are the protocols that need no Python: DLPack, versioned and legacy, and `AriaNdArray`.

use aria_array_bridge::buffer::Owner;
use aria_array_bridge::{Access, Array, CopyOrder, DType, Device, Layout, ledger};
use aria_dlpack::{Format, Version};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    DlpackVersioned,
    DlpackLegacy,
    AriaNdArray,
}
use Protocol::{AriaNdArray, DlpackLegacy, DlpackVersioned};

const PROTOCOLS: [Protocol; 3] = [DlpackVersioned, DlpackLegacy, AriaNdArray];

/// Out by a protocol and in again; or the codes of the reasons why not, and the array as it was.
fn hop(array: Array, protocol: Protocol) -> Result<Array, (Vec<String>, Box<Array>)> {
    let format = match protocol {
        AriaNdArray => {
            let nd = array.into_nd_array().map_err(|array| (vec!["dtype".to_owned()], array))?;
            // SAFETY: made just now, released by nobody else.
            return Ok(unsafe { Array::from_nd_array(nd) }.unwrap());
        }
        DlpackVersioned => Format::Versioned(Version::LATEST),
        DlpackLegacy => Format::Legacy,
    };
    let refused = |refused: aria_array_bridge::convert::Refused<Box<Array>>| {
        (refused.reasons.iter().map(|reason| reason.code.to_string()).collect(), refused.source)
    };
    let tensor = array.into_dlpack(format).map_err(refused)?;
    // SAFETY: made just now over memory that its export keeps.
    Ok(unsafe { Array::from_dlpack(tensor) }.unwrap())
}

/// What a protocol says to such an array: the codes in the order of its reasons.
fn expected_refusal(array: &Array, protocol: Protocol) -> Vec<&'static str> {
    let mut codes = vec![];
    if protocol != AriaNdArray {
        if array.is_readonly() && protocol == DlpackLegacy {
            codes.push("read-only");
        }
        let odd = |(extent, stride): (&usize, &isize)| {
            *extent > 1 && !array.is_empty() && stride % array.layout().itemsize() as isize != 0
        };
        codes.extend(array.shape().iter().zip(array.strides()).filter(|axis| odd(*axis)).map(|_| "stride"));
        if array.dtype().dlpack().is_none() {
            codes.push("dtype");
        }
    }
    codes
}

struct Block(#[allow(dead_code, reason = "kept for its drop")] Vec<u8>, Arc<AtomicUsize>);

impl Drop for Block {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

/// An array over its own block, whose byte `i` is `i`, with the number of its releases.
#[derive(Debug)]
struct Case {
    array: Array,
    releases: Arc<AtomicUsize>,
}

fn case(dtype: DType, layout: Layout, access: Access, readonly: bool) -> Case {
    let releases = Arc::new(AtomicUsize::new(0));
    let mut block: Vec<u8> = (0..layout.span().len()).map(|i| i as u8).collect();
    let first = NonNull::from(block.as_mut_slice()).cast::<u8>();
    // SAFETY: element zero lies `-start` bytes into a block as long as the span.
    let first = unsafe { first.offset(-layout.span().start) };
    let owner = Owner::new(Block(block, releases.clone()));
    // SAFETY: the block lives in the owner, holds the span, and is written by nobody.
    let array = unsafe { Array::from_raw(first, dtype, layout, Device::CPU, access, readonly, owner) }.unwrap();
    Case { array, releases }
}

/// Every dtype of the table, and those that only Python's notations know.
fn dtypes() -> Vec<DType> {
    let numbers =
        (0..=18u8).flat_map(|code| [2u8, 4, 6, 8, 16, 32, 64, 128].map(|bits| DType::from_dlpack(code, bits, 1)));
    let named = ["float32x3", "uint4x2", "datetime64[ns]", "timedelta64[25s]", "bytes[5]", "str[2]", "void[3]"];
    numbers.chain(named.map(DType::from_name)).flatten().collect()
}

prop_compose! {
    /// Up to four axes with negative, zero, overlapping and odd strides, and extents of 0 and 1.
    fn cases()(
        dtype in prop::sample::select(dtypes()),
        dims in prop::collection::vec((0usize..5, -6isize..7, prop::bool::weighted(0.1)), 0..5),
        access in prop::sample::select(vec![Access::Shared, Access::Shared, Access::Frozen]),
        readonly in prop::bool::weighted(0.3),
    ) -> Case {
        let shape: Vec<usize> = dims.iter().map(|(extent, ..)| *extent).collect();
        let stride = |(_, step, odd): &(usize, isize, bool)| step * dtype.itemsize() as isize + isize::from(*odd);
        let strides: Vec<isize> = dims.iter().map(stride).collect();
        let layout = match dtype.is_packed() {
            true => Layout::packed(dtype.bits(), &shape),
            false => Layout::new(dtype.itemsize(), &shape, &strides),
        };
        case(dtype, layout.unwrap(), access, readonly || access == Access::Frozen)
    }
}

/// The address of every byte of every element, walked naively, in row-major order.
fn walk(array: &Array) -> Vec<usize> {
    if array.layout().is_packed() {
        return (0..array.nbytes()).map(|i| array.address() + i).collect();
    }
    let mut starts = vec![array.address()];
    for (extent, stride) in array.shape().iter().zip(array.strides()) {
        let step =
            |start: &usize| (0..*extent).map(|i| start.wrapping_add_signed(i as isize * stride)).collect::<Vec<_>>();
        starts = starts.iter().flat_map(step).collect();
    }
    starts.iter().flat_map(|start| *start..start + array.layout().itemsize()).collect()
}

/// The bytes of every element in row-major order.
fn values(array: &Array) -> Vec<u8> {
    let copy = array.copy(CopyOrder::C).unwrap();
    // SAFETY: `nbytes` bytes of our own copy, which lives to the end of this function.
    unsafe { core::slice::from_raw_parts(copy.as_ptr(), copy.nbytes()) }.to_vec()
}

/// What must be the same after every hop.
#[derive(Debug, PartialEq)]
struct Seen {
    dtype: DType,
    shape: Vec<usize>,
    device: Device,
    values: Vec<u8>,
    addresses: Vec<usize>,
}

fn seen(array: &Array) -> Seen {
    let (dtype, shape, device) = (array.dtype().clone(), array.shape().to_vec(), array.device());
    Seen { dtype, shape, device, values: values(array), addresses: walk(array) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 12 } else { 1024 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_span_is_the_bytes_that_a_naive_walk_touches(case in cases()) {
        let (span, touched) = (case.array.layout().span(), walk(&case.array));
        let relative = |address: &usize| address.wrapping_sub(case.array.address()) as isize;
        let low = touched.iter().map(relative).min().unwrap_or(0);
        let high = touched.iter().map(relative).max().map_or(0, |last| last + 1);
        prop_assert_eq!(span, low..high);
    }

    #[test]
    fn every_chain_keeps_dtype_shape_values_and_address(
        case in cases(),
        chain in prop::collection::vec(prop::sample::select(PROTOCOLS.to_vec()), 1..5),
    ) {
        let Case { array, releases } = case;
        let before = seen(&array);
        let (mut array, mut readonly) = (array, false);
        for protocol in chain {
            readonly |= array.is_readonly();
            let expected = expected_refusal(&array, protocol);
            array = match hop(array, protocol) {
                Ok(next) => {
                    prop_assert!(expected.is_empty(), "{:?} let it pass, expected {:?}", protocol, expected);
                    prop_assert!(next.is_readonly() || protocol != DlpackLegacy);
                    next
                }
                Err((codes, same)) => {
                    prop_assert_eq!(codes, expected);
                    *same
                }
            };
            prop_assert_eq!(&seen(&array), &before);
            prop_assert!(array.is_readonly() || !readonly, "{:?} made it writable", protocol);
            prop_assert_eq!(releases.load(Ordering::SeqCst), 0);
        }
        drop(array);
        prop_assert_eq!(releases.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn read_only_memory_stays_so_through_every_chain_of_three() {
    for access in [Access::Shared, Access::Frozen] {
        for (one, two, three) in
            PROTOCOLS.iter().flat_map(|a| PROTOCOLS.iter().flat_map(move |b| PROTOCOLS.map(move |c| (*a, *b, c))))
        {
            let layout = Layout::c_order(8, &[2, 3]).unwrap();
            let Case { mut array, releases } = case(DType::F64, layout, access, true);
            for protocol in [one, two, three] {
                array = match hop(array, protocol) {
                    Ok(array) => array,
                    Err((codes, array)) => {
                        assert_eq!((protocol, codes), (DlpackLegacy, vec!["read-only".to_owned()]));
                        *array
                    }
                };
                assert!(array.is_readonly() && !array.is_exported_writable(), "{access:?} {one:?} {two:?} {three:?}");
            }
            drop(array);
            assert_eq!(releases.load(Ordering::SeqCst), 1);
        }
    }
}

#[test]
fn writable_memory_stays_writable_where_the_protocols_can_say_so() {
    let layout = Layout::c_order(8, &[3]).unwrap();
    let array = case(DType::F64, layout, Access::Shared, false).array;
    let array = hop(hop(array, DlpackVersioned).unwrap(), AriaNdArray).unwrap();
    let array = hop(array, DlpackVersioned).unwrap();
    assert!(array.is_exported_writable());
}

#[test]
fn many_exports_of_one_array_release_it_once_and_leave_the_ledger_as_it_was() {
    let mine = || ledger::entries().iter().filter(|entry| entry.nbytes == 3 * 1_237).count();
    let layout = Layout::c_order(1, &[3, 1_237]).unwrap();
    let Case { array, releases } = case(DType::U8, layout, Access::Shared, true);
    let versioned = Format::Versioned(Version::DEFAULT);
    let exports: Vec<_> = (0..8).map(|_| array.export_dlpack(versioned).unwrap()).collect();
    assert_eq!((array.exports(), mine()), (8, 8));
    drop(array);
    std::thread::scope(|scope| exports.into_iter().for_each(|export| drop(scope.spawn(move || drop(export)))));
    assert_eq!((releases.load(Ordering::SeqCst), mine()), (1, 0));
}
