//! Layouts of any numbers: refused, or with exactly the span that a naive walk touches, also after any view.

use crate::input::Input;
use aria_array_bridge::Layout;
use aria_array_bridge::layout::Slice;
use std::ops::Range;

/// Makes a layout and moves it about.
pub fn layout(data: &[u8]) {
    let mut input = Input(data);
    let itemsize = input.extent();
    let ndim = input.ndim();
    let shape: Vec<_> = (0..ndim).map(|_| input.extent()).collect();
    let strides: Vec<_> = (0..ndim).map(|_| input.number() as isize).collect();
    let Ok(mut layout) = Layout::new(itemsize, &shape, &strides) else { return };
    check(&layout);
    // Where element zero lies now, and what bytes there are.
    let (mut at, whole) = (0i128, wide(&layout, 0));
    for _ in 0..8 {
        let Some((next, moved)) = view(&layout, &mut input) else { continue };
        check(&next);
        at += moved as i128;
        if next.is_empty() || next.itemsize() == 0 {
            return;
        }
        let now = wide(&next, at);
        assert!(whole.start <= now.start && now.end <= whole.end, "{next:?} at {at} leaves {whole:?}");
        layout = next;
    }
}

/// One view of any kind, or a refusal.
fn view(layout: &Layout, input: &mut Input<'_>) -> Option<(Layout, isize)> {
    let axis = input.ndim();
    let stay = |layout| (layout, 0);
    match input.byte() % 8 {
        0 => layout.index(axis, input.extent()).ok(),
        1 => {
            let (start, stop) = (input.number() as isize, input.number() as isize);
            let slice = Slice::resolve(*layout.shape().get(axis)?, Some(start), Some(stop), input.number() as isize);
            Some(layout.slice(axis, slice.ok()?).expect("a slice that was resolved for this axis fits"))
        }
        2 => {
            let slice = Slice { start: input.extent(), len: input.extent(), step: input.number() as isize };
            layout.slice(axis, slice).ok()
        }
        3 => {
            let axes: Vec<_> = (0..layout.ndim()).map(|_| usize::from(input.byte() % 6)).collect();
            layout.transpose(&axes).ok().map(stay)
        }
        4 => {
            let shape: Vec<_> = (0..input.ndim()).map(|_| input.extent()).collect();
            layout.reshape(&shape).ok().map(stay)
        }
        5 => {
            let shape: Vec<_> = (0..input.ndim()).map(|_| input.extent()).collect();
            layout.broadcast_to(&shape).ok().map(stay)
        }
        6 if input.byte() < 128 => layout.squeeze(axis).ok().map(stay),
        6 => layout.insert_axis(axis).ok().map(stay),
        _ => layout.field(input.extent(), input.extent(), &[]).ok(),
    }
}

/// The span, moved, without overflow.
fn wide(layout: &Layout, at: i128) -> Range<i128> {
    at + layout.span().start as i128..at + layout.span().end as i128
}

/// Holds a layout against a naive walk where that is short.
fn check(layout: &Layout) {
    assert_eq!(layout.shape().iter().map(|extent| *extent as u128).product::<u128>(), layout.len() as u128);
    assert_eq!(layout.nbytes(), layout.len() * layout.itemsize());
    let dense = layout.like_memory(layout.itemsize()).expect("as large as what is there");
    assert!(!dense.may_overlap() || dense.itemsize() == 0, "{dense:?}");
    if layout.len() > 4096 {
        return;
    }
    let mut offsets = vec![0i128];
    for (&extent, &stride) in layout.shape().iter().zip(layout.strides()) {
        // No axis is longer than the elements are many, if there are any.
        let extent = if layout.is_empty() { 0 } else { extent };
        let axis = |from: i128| (0..extent).map(move |i| from + i as i128 * stride as i128);
        offsets = offsets.into_iter().flat_map(axis).collect();
    }
    let walked: Vec<_> = layout.offsets().map(|offset| offset as i128).collect();
    assert_eq!(walked, offsets, "{layout:?}");
    let low = offsets.iter().min().copied().unwrap_or(0);
    let high = offsets.iter().max().map_or(0, |offset| offset + layout.itemsize() as i128);
    assert_eq!(wide(layout, 0), low..high, "{layout:?}");
}
