//! Putting the items of a format at offsets.

use super::super::notation::{NotationError, Parsed, of_fields};
use super::super::{DType, Field, Record, Swap};
use super::scan::{Content, Item};
use std::collections::HashSet;
use std::sync::Arc;

/// In which manner a format says where its fields lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// NumPy: every gap between letters is written as padding, but the padding at the end of a record is not. For a
    /// nested record it stands behind the record instead, all of it together if there are several.
    Explicit,
    /// Python's struct module and Cython: what is in byte order `@` is aligned and padded as in C.
    C,
    /// ctypes before Python 3.12: everything is aligned and padded as in C.
    Ctypes,
}

/// Items at their offsets.
#[derive(Default)]
pub(super) struct Placed {
    fields: Vec<Field>,
    swaps: Vec<Swap>,
    /// Where the last field or padding ends, in bytes.
    pub(super) end: usize,
    /// The end, padded as in C where the letters ask for that.
    pub(super) padded: usize,
    /// The end as the letters say it: without what is hidden at the end.
    written: usize,
    /// What the letters want the record aligned to.
    align: usize,
    /// Some letter that has an alignment is not in byte order `@`.
    foreign: bool,
    /// Records of a sub-array at the end.
    tail: Option<Tail>,
    /// Some letter lies off its alignment, so that NumPy has not written this: gaps were left out.
    pub(super) implicit: bool,
    /// Where records are written of which nobody knows how far apart they lie.
    hidden: Option<usize>,
}

/// Records of a sub-array at the end of what is placed. NumPy writes their padding behind them, so that many bytes or
/// more behind them cannot be told from a gap.
#[derive(Clone, Copy)]
struct Tail {
    records: usize,
    at: usize,
}

impl Tail {
    fn hides(self, gap: usize) -> Option<usize> {
        (gap >= self.records).then_some(self.at)
    }
}

/// Puts items behind each other; `base` is where they begin in the whole.
pub(super) fn place(items: &[Item], manner: Manner, base: usize) -> Result<Placed, NotationError> {
    let mut placed = Placed { align: 1, ..Placed::default() };
    let mut names = Names::new(items);
    let mut absorb = 0;
    for (i, item) in items.iter().enumerate() {
        let count = product(&item.shape, 1)?;
        let parsed = match &item.content {
            // Padding with a name is a field of raw bytes: NumPy.
            Content::Padding(padding) if item.name.is_some() => Parsed::native(DType::Void(padding.bytes)),
            Content::Padding(padding) => {
                let gap = product(&item.shape, padding.bytes)? - absorb;
                absorb = 0;
                if let Some(tail) = placed.tail.take().filter(|_| padding.bare) {
                    placed.hidden = placed.hidden.or(tail.hides(gap));
                }
                placed.end = add(placed.end, gap)?;
                placed.written = placed.end;
                continue;
            }
            Content::Plain(parsed) => parsed.clone(),
            Content::Struct(children) => {
                let inner = place(children, manner, add(base, placed.end)?)?;
                placed.implicit |= inner.implicit;
                if manner != Manner::Explicit {
                    placed.end = round(placed.end, inner.align)?;
                }
                placed.align = placed.align.max(inner.align);
                placed.foreign |= inner.foreign;
                placed.tail = match count {
                    0 => None,
                    1 => inner.tail,
                    records => Some(Tail { records, at: item.at }),
                };
                placed.hidden = placed.hidden.or(inner.hidden);
                placed.written = add(placed.end, product(&item.shape, inner.written)?)?;
                let elsewhere = product(&item.shape, inner.padded - inner.written)?;
                // Several records that no letter pads may as well lie without padding, or with more of it.
                placed.hidden = placed.hidden.or((count > 1 && elsewhere > 0).then_some(item.at));
                let size = match items.get(i + 1) {
                    _ if manner != Manner::Explicit => inner.padded,
                    None => inner.padded,
                    Some(next) if next.as_run().is_some_and(|bytes| bytes >= elsewhere) => {
                        absorb = elsewhere;
                        inner.padded
                    }
                    _ if inner.end > inner.written => {
                        placed.hidden = placed.hidden.or(Some(item.at));
                        inner.end
                    }
                    _ => inner.end,
                };
                if inner.tail.is_some_and(|tail| tail.hides(size - inner.end).is_some()) {
                    placed.hidden = placed.hidden.or(Some(item.at));
                }
                inner.finish(size)?
            }
        };
        if !matches!(item.content, Content::Struct(_)) {
            let align = parsed.dtype.alignment();
            let native = item.native || manner == Manner::Ctypes;
            match manner {
                Manner::Explicit if native && count > 0 => {
                    placed.implicit |= !add(base, placed.end)?.is_multiple_of(align);
                }
                Manner::C | Manner::Ctypes if native => placed.end = round(placed.end, align)?,
                _ => {}
            }
            if native {
                placed.align = placed.align.max(align);
            }
            placed.foreign |= !native && align > 1;
            placed.tail = None;
        }
        let bytes = product(&item.shape, parsed.dtype.itemsize())?;
        let field = Field { name: names.of(item), dtype: parsed.dtype, offset: placed.end, shape: item.shape.clone() };
        placed.end = add(placed.end, bytes)?;
        if !matches!(item.content, Content::Struct(_)) || absorb > 0 || manner != Manner::Explicit {
            placed.written = placed.end;
        }
        placed.fields.push(field);
        placed.swaps.push(parsed.swap);
    }
    placed.padded = if placed.foreign { placed.end } else { round(placed.end, placed.align)? };
    Ok(placed)
}

impl Placed {
    /// Where records are written whose distance is not known, if the whole has this size.
    pub(super) fn hidden(&self, size: usize) -> Option<usize> {
        self.hidden.or(self.tail.and_then(|tail| tail.hides(size - self.end)))
    }

    /// The record, of this many bytes.
    pub(super) fn finish(self, size: usize) -> Result<Parsed, NotationError> {
        let record = Record::new(self.fields, size)?;
        Ok(Parsed { dtype: DType::Record(Arc::new(record)), swap: of_fields(self.swaps) })
    }
}

/// The names of fields: their own, or `f0`, `f1`, as NumPy gives them to those that have none.
struct Names<'a> {
    given: HashSet<&'a str>,
    next: usize,
}

impl<'a> Names<'a> {
    fn new(items: &'a [Item]) -> Names<'a> {
        Names { given: items.iter().filter_map(|item| item.name.as_deref()).collect(), next: 0 }
    }

    fn of(&mut self, item: &Item) -> Box<str> {
        if let Some(name) = &item.name {
            return name.clone();
        }
        loop {
            let name = format!("f{}", self.next);
            self.next += 1;
            if !self.given.contains(name.as_str()) {
                return name.into();
            }
        }
    }
}

fn overflow() -> NotationError {
    NotationError::TooComplex { what: "bytes in a record", limit: isize::MAX as usize }
}

fn add(a: usize, b: usize) -> Result<usize, NotationError> {
    a.checked_add(b).filter(|sum| *sum <= isize::MAX as usize).ok_or_else(overflow)
}

fn round(bytes: usize, align: usize) -> Result<usize, NotationError> {
    bytes.checked_next_multiple_of(align).filter(|sum| *sum <= isize::MAX as usize).ok_or_else(overflow)
}

fn product(shape: &[usize], bytes: usize) -> Result<usize, NotationError> {
    if bytes == 0 || shape.contains(&0) {
        return Ok(0);
    }
    let product = shape.iter().try_fold(bytes, |product, n| product.checked_mul(*n));
    product.filter(|product| *product <= isize::MAX as usize).ok_or_else(overflow)
}
