//! The model is a naive walk: every index, its offset a sum of products in i128.

use super::view::Slice;
use super::*;
use proptest::prelude::*;

/// Every index of a shape, in row-major order.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |all, extent| {
        all.iter().flat_map(|index| (0..*extent).map(|i| [index.as_slice(), &[i]].concat())).collect()
    })
}

fn offset(strides: &[isize], index: &[usize]) -> i128 {
    strides.iter().zip(index).map(|(s, i)| *s as i128 * *i as i128).sum()
}

fn naive_offsets(layout: &Layout) -> Vec<i128> {
    indices(layout.shape()).iter().map(|index| offset(layout.strides(), index)).collect()
}

fn as_i128(layout: &Layout) -> Vec<i128> {
    layout.offsets().map(|o| o as i128).collect()
}

prop_compose! {
    /// Up to four axes with negative, zero and overlapping strides, and extents of 0 and 1.
    fn layouts()(itemsize in 0usize..9, dims in prop::collection::vec((0usize..5, -20isize..21), 0..5)) -> Layout {
        let (shape, strides): (Vec<_>, Vec<_>) = dims.into_iter().unzip();
        Layout::new(itemsize, &shape, &strides).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 512 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_span_is_exactly_the_bytes_that_walking_every_index_touches(layout in layouts()) {
        let offsets = naive_offsets(&layout);
        let low = offsets.iter().min().copied().unwrap_or(0);
        let high = offsets.iter().max().map_or(0, |o| o + layout.itemsize() as i128);
        prop_assert_eq!((layout.span().start as i128, layout.span().end as i128), (low, high));
    }

    #[test]
    fn offsets_are_those_of_every_index_in_row_major_order(layout in layouts()) {
        prop_assert_eq!(as_i128(&layout), naive_offsets(&layout));
        prop_assert_eq!(layout.offsets().len(), layout.len());
    }

    #[test]
    fn contiguous_means_that_offsets_count_up_by_the_itemsize(layout in layouts()) {
        let counts = |offsets: &[i128]| offsets.iter().enumerate().all(|(i, o)| *o == (i * layout.itemsize()) as i128);
        prop_assert_eq!(layout.is_c_contiguous() , counts(&naive_offsets(&layout)) || layout.is_empty());
        let reversed: Vec<usize> = (0..layout.ndim()).rev().collect();
        let mirror = layout.transpose(&reversed).unwrap();
        prop_assert_eq!(layout.is_f_contiguous(), mirror.is_c_contiguous());
    }

    #[test]
    fn a_layout_that_overlaps_is_never_said_not_to(layout in layouts()) {
        let mut bytes: Vec<i128> = naive_offsets(&layout).iter().flat_map(|o| *o..*o + layout.itemsize() as i128).collect();
        let total = bytes.len();
        bytes.sort_unstable();
        bytes.dedup();
        prop_assert!(layout.may_overlap() || bytes.len() == total);
    }

    #[test]
    fn a_slice_keeps_what_python_keeps(layout in layouts(), axis in 0usize..4, start in prop::option::of(-7isize..7), stop in prop::option::of(-7isize..7), step in prop::sample::select(vec![-3isize, -2, -1, 1, 2, 3])) {
        prop_assume!(axis < layout.ndim());
        let extent = layout.shape()[axis] as isize;
        // The model: count from the first index by the step while inside the bounds.
        let norm = |i: isize| if i < 0 { i + extent } else { i };
        let first = start.map_or(if step > 0 { 0 } else { extent - 1 }, |s| if step > 0 { norm(s).max(0) } else { norm(s).min(extent - 1) });
        let end = stop.map_or(if step > 0 { extent } else { -1 }, |s| if step > 0 { norm(s).min(extent) } else { norm(s).max(-1) });
        let mut kept = vec![];
        let mut i = first;
        while (step > 0 && i < end) || (step < 0 && i > end) {
            kept.push(i as usize);
            i += step;
        }
        let (sliced, moved) = layout.slice(axis, Slice::resolve(extent as usize, start, stop, step).unwrap()).unwrap();
        prop_assert_eq!(sliced.shape()[axis], kept.len());
        let expected: Vec<i128> = indices(sliced.shape()).iter().map(|index| {
            let mut index = index.clone();
            index[axis] = kept[index[axis]];
            offset(layout.strides(), &index)
        }).collect();
        let found: Vec<i128> = sliced.offsets().map(|o| (o + moved) as i128).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_reshape_keeps_the_row_major_order_of_elements(layout in layouts(), cut in 1usize..7, flat in any::<bool>()) {
        let len = layout.len();
        let shape = if flat { vec![len] } else if len % cut == 0 { vec![cut, len / cut] } else { vec![len, 1] };
        match layout.reshape(&shape) {
            Ok(reshaped) if len > 0 => prop_assert_eq!(as_i128(&reshaped), as_i128(&layout)),
            Ok(reshaped) => prop_assert!(reshaped.is_empty()),
            // Refused only if no stride can say it: a contiguous layout always can.
            Err(LayoutError::ReshapeNeedsCopy { .. }) => prop_assert!(!layout.is_c_contiguous()),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn a_broadcast_repeats_and_an_index_picks(layout in layouts(), lead in 0usize..3) {
        let shape = [&[lead][..], layout.shape()].concat();
        let wide = layout.broadcast_to(&shape).unwrap();
        let expected: Vec<i128> = (0..lead).flat_map(|_| as_i128(&layout)).collect();
        prop_assert_eq!(as_i128(&wide), expected);
        for i in 0..lead {
            let (picked, moved) = wide.index(0, i).unwrap();
            prop_assert_eq!(moved, 0);
            prop_assert_eq!(as_i128(&picked), as_i128(&layout));
        }
    }

    #[test]
    fn no_numbers_at_all_make_it_panic(itemsize in any::<usize>(), dims in prop::collection::vec((any::<usize>(), any::<isize>()), 0..5)) {
        let (shape, strides): (Vec<_>, Vec<_>) = dims.into_iter().unzip();
        if let Ok(layout) = Layout::new(itemsize, &shape, &strides) {
            let reach: i128 = shape.iter().zip(&strides).map(|(n, s)| (*n as i128 - 1).max(0) * (*s as i128).abs()).sum();
            prop_assert!(layout.is_empty() || reach + itemsize as i128 <= isize::MAX as i128);
            let _ = (layout.len(), layout.nbytes(), layout.may_overlap(), layout.is_c_contiguous(), layout.is_f_contiguous());
            let _ = layout.like_memory(itemsize);
        }
    }

    #[test]
    fn like_memory_is_dense_and_keeps_the_order_of_strides(layout in layouts()) {
        let dense = layout.like_memory(layout.itemsize()).unwrap();
        prop_assert_eq!(dense.shape(), layout.shape());
        prop_assert!(!dense.may_overlap() || dense.itemsize() == 0);
        prop_assert_eq!(dense.span(), 0..dense.nbytes() as isize);
    }
}

#[test]
fn a_zero_extent_hides_no_overflow() {
    let huge = 1usize << 40;
    assert!(matches!(Layout::c_order(8, &[huge, huge, 0]), Err(LayoutError::TooLarge { .. })));
    assert!(Layout::c_order(8, &[0, 5]).unwrap().is_empty());
    assert!(matches!(Layout::c_order(0, &[usize::MAX, 2]), Err(LayoutError::TooLarge { .. })));
}

#[test]
fn strides_that_add_up_to_too_much_are_refused_with_the_axis() {
    let far = isize::MAX / 2;
    let error = Layout::new(8, &[2, 2, 2], &[far, far, far]).unwrap_err();
    assert!(matches!(error, LayoutError::SpanOverflow { axis: 2, .. }), "{error}");
    assert!(Layout::new(1, &[2, 2], &[far + 1, -far - 1]).is_err());
    assert!(Layout::new(8, &[1, 1], &[isize::MIN, isize::MAX]).unwrap().is_c_contiguous());
}

#[test]
fn messages_say_the_numbers() {
    let text = |r: Result<Layout, LayoutError>| r.unwrap_err().to_string();
    assert_eq!(text(Layout::new(8, &[2, 3], &[8])), "expected 2 strides, one per axis, but found 1");
    assert_eq!(text(Layout::c_order(8, &[1; 65])), "expected at most 64 axes but found 65");
    let c = Layout::c_order(8, &[2, 3]).unwrap();
    assert_eq!(text(c.reshape(&[7])), "expected a shape with as many elements as (2, 3) but found (7,)");
    assert_eq!(text(c.squeeze(1)), "expected extent 1 but found 3 (axis 1)");
    assert_eq!(c.index(0, 2).unwrap_err().to_string(), "expected an index below 2 but found 2 (axis 0)");
    assert_eq!(text(c.transpose(&[0, 0])), "expected each of 2 axes exactly once");
}

#[test]
fn packed_elements_are_counted_in_bits_and_cut_at_bytes() {
    let packed = Layout::packed(4, &[3, 5]).unwrap();
    assert_eq!((packed.nbytes(), packed.span(), packed.strides()), (8, 0..8, &[][..]));
    assert!(packed.is_c_contiguous() && !packed.is_f_contiguous());
    let (tail, offset) = packed.slice(0, Slice { start: 2, len: 1, step: 1 }).unwrap();
    assert_eq!((tail.nbytes(), offset), (3, 5));
    assert!(matches!(
        packed.slice(0, Slice { start: 1, len: 1, step: 1 }),
        Err(LayoutError::PackedBoundary { index: 5, .. })
    ));
    assert!(matches!(packed.slice(1, Slice { start: 0, len: 2, step: 1 }), Err(LayoutError::Packed { bits: 4 })));
    assert!(packed.transpose(&[1, 0]).is_err() && packed.broadcast_to(&[2, 3, 5]).is_err());
    assert_eq!(packed.reshape(&[15]).unwrap().nbytes(), 8);
}

#[test]
fn a_field_keeps_the_strides_of_its_records() {
    let records = Layout::c_order(9, &[3]).unwrap();
    let (x, offset) = records.field(1, 8, &[]).unwrap();
    assert_eq!((x.strides(), offset, x.span()), (&[9][..], 1, 0..26));
    let (pair, offset) = records.field(0, 2, &[2, 2]).unwrap();
    assert_eq!((pair.shape(), pair.strides(), offset), (&[3, 2, 2][..], &[9, 4, 2][..], 0));
    assert_eq!(records.field(2, 8, &[]).unwrap_err(), LayoutError::Field { end: 10, itemsize: 9 });
}
