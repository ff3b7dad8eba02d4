//! [`Chunk`]: a run of rows of one column; [`Origin`] and what came in from it.

use super::TableError;
use crate::array::{Access, Array, Validity};
use crate::buffer::Owner;
use crate::convert::arrow::{Export, Import};
use crate::device::Device;
use crate::layout::Slice;
use crate::ledger::{Direction, Name, enter};
use crate::plan::Reason;
use aria_arrow::{ArrayView, Checked, Field, Format, OwnedArray};
use core::fmt;
use core::ops::Deref;
use std::sync::Arc;

/// Where Arrow arrays come from: what is known of their memory beside what their structs say.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    owner: Name,
    device: Device,
    access: Access,
    keep: fn(Checked) -> Kept,
}

/// A checked array that somebody keeps: dropping the last handle releases it.
pub type Kept = Arc<dyn Deref<Target = Checked> + Send + Sync>;

impl Origin {
    /// Arrays of this owner, whose name the ledger shows: `pandas.DataFrame`.
    ///
    /// # Safety
    ///
    /// - Buffers of arrays that are imported as coming from here lie in memory of the device.
    /// - `access` is frozen only if nobody writes to them while a handle lives; it is never unique. What comes through
    ///   Python is shared (rule L8).
    pub unsafe fn new(owner: &str, device: Device, access: Access) -> Origin {
        Origin { owner: Name::of(owner), device, access, keep: |checked| Arc::new(Box::new(checked)) }
    }

    /// The same origin, whose arrays are kept this way: for producers that want to be called in a certain state when an
    /// array of theirs is released.
    #[must_use]
    pub fn kept_by(self, keep: fn(Checked) -> Kept) -> Origin {
        Origin { keep, ..self }
    }

    /// The same producer, for an array that says by the C device interface on which device it lies: on its word, as the
    /// lengths of its buffers. Without a device the origin is as it was.
    #[must_use]
    pub fn on(self, device: Option<Device>) -> Origin {
        Origin { device: device.unwrap_or(self.device), ..self }
    }
}

/// A checked array that came in, in the ledger once (rule O5).
#[derive(Clone)]
pub(super) struct Imported {
    checked: Kept,
    /// Keeps `checked`; counts the exports of all its parts.
    owner: Owner,
    origin: Origin,
}

const PROTOCOL: &str = "arrow";

impl Imported {
    pub(super) fn new(checked: Checked, origin: Origin) -> Imported {
        let (nbytes, name) = (nbytes(&checked.view()) as u64, Name::of(PROTOCOL));
        let ticket = enter(origin.owner, name, Direction::Import, nbytes, true);
        let checked = (origin.keep)(checked);
        Imported { owner: Owner::keeping(checked.clone(), Some(ticket)), checked, origin }
    }

    pub(super) fn view(&self) -> ArrayView<'_> {
        self.checked.view()
    }

    /// Nulls among elements of a node of this array. Counts bits where it is not said.
    pub(super) fn nulls(&self, node: &ArrayView<'_>, start: usize, len: usize) -> Result<usize, TableError> {
        match node.null_count() {
            Some(0) => return Ok(0),
            Some(_) if node.field().layout() == Format::Null => return Ok(len),
            Some(nulls) if len == node.len() => return Ok(nulls),
            _ => {}
        }
        let Some(first) = node.validity() else { return Ok(0) };
        let device = self.origin.device;
        if !device.is_host() {
            return Err(TableError::Device { device });
        }
        // SAFETY: bits of elements of a checked array that `self` keeps until they are counted, in memory of the host.
        let bits = unsafe { Validity::from_raw(first, node.offset() + start, &[len], None, Owner::immortal()) };
        Ok(bits.map_err(crate::array::ArrayError::from)?.null_count())
    }
}

impl fmt::Debug for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imported").field("field", self.checked.field()).finish_non_exhaustive()
    }
}

/// Bytes of the elements of an array, where that can be said without reading offsets.
fn nbytes(node: &ArrayView<'_>) -> usize {
    let bitmap = node.len().div_ceil(8);
    let own = match node.field().layout() {
        Format::Fixed(width) => node.len().saturating_mul(width),
        Format::Bool => bitmap,
        _ => 0,
    };
    let own = own.saturating_add(if node.validity().is_some() { bitmap } else { 0 });
    let below = (0..node.n_children()).filter_map(|i| node.child(i)).chain(node.dictionary());
    below.map(|child| nbytes(&child)).fold(own, usize::saturating_add)
}

/// Rows `start..start + len` of an array that came in, or of a child of it.
///
/// # Invariants
///
/// 1. There is such a child, and it has `start + len` elements or more.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) source: Imported,
    child: Option<usize>,
    start: usize,
    len: usize,
}

impl Part {
    pub(super) fn node(&self) -> ArrayView<'_> {
        let view = self.source.view();
        #[allow(clippy::expect_used, reason = "invariant 1")]
        self.child.map_or(view, |i| view.child(i).expect("there is such a child: invariant 1"))
    }

    /// What `rows` of the part are as an array.
    pub(super) fn import(&self, rows: core::ops::Range<usize>) -> Result<Import, Box<Reason>> {
        let (start, end) = (rows.start.min(self.len), rows.end.min(self.len));
        Import::of(&self.node(), self.start + start..self.start + end, self.source.origin.device)
    }

    /// The array that [`import`](Self::import) plans.
    pub(super) fn own(&self, import: Import) -> Result<Array, TableError> {
        let Imported { owner, origin, .. } = &self.source;
        // SAFETY: an import of the array that `owner` keeps; device and access are the promise of `Origin::new`, and the
        // lengths of the buffers that of whoever took the array over.
        Ok(unsafe { import.own(owner, origin.access) }?)
    }

    /// The bits of an import's elements, which keep the array; several bitmaps are **merged** into one.
    pub(super) fn validity(&self, import: &Import) -> Result<Option<Validity>, TableError> {
        // SAFETY: an import of the array that `owner` keeps; the lengths of its buffers are the promise of whoever took it over.
        Ok(unsafe { import.validity(&self.source.owner) }?)
    }

    fn share(&self) -> OwnedArray {
        let node = self.node();
        let ticket =
            enter(Name::of("an Arrow array"), Name::of(PROTOCOL), Direction::Export, nbytes(&node) as u64, true);
        let owner: aria_arrow::Owner = Arc::new(self.source.owner.export(Some(ticket)));
        // SAFETY: the guard keeps the owner, and that the checked array.
        unsafe { node.share(self.start..self.start + self.len, &owner) }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Array(Array),
    Arrow(Part),
}

/// Rows of one column that lie together: an array of ours, or a part of an Arrow array, which need not be one here.
///
/// A clone is another handle to the same memory.
#[derive(Clone, Debug)]
pub struct Chunk(pub(super) Kind);

impl Chunk {
    /// Takes an Arrow array over. **Zero-copy.**
    #[must_use]
    pub fn from_arrow(checked: Checked, origin: Origin) -> Chunk {
        let source = Imported::new(checked, origin);
        let len = source.view().len();
        Chunk(Kind::Arrow(Part { source, child: None, start: 0, len }))
    }

    /// All of a struct's child, the struct's own offset and length applied (K-A6).
    pub(super) fn child(source: &Imported, child: usize) -> Chunk {
        let top = source.view();
        // The child reaches to the end of the struct's offset and length: checked.
        let (start, len) = (top.offset(), top.len());
        Chunk(Kind::Arrow(Part { source: source.clone(), child: Some(child), start, len }))
    }

    /// No rows of this type.
    pub(super) fn empty(field: &Arc<Field>) -> Result<Chunk, TableError> {
        let checked = field.empty_array().check(field.clone()).map_err(|refused| refused.error)?;
        // SAFETY: there are no elements, so that nothing is read or written.
        let origin = unsafe { Origin::new("no rows", Device::CPU, Access::Frozen) };
        Ok(Chunk::from_arrow(checked, origin))
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Array(array) => array.shape().first().copied().unwrap_or(0),
            Kind::Arrow(part) => part.len,
        }
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the memory lies.
    pub fn device(&self) -> Device {
        match &self.0 {
            Kind::Array(array) => array.device(),
            Kind::Arrow(part) => part.source.origin.device,
        }
    }

    /// Number of nulls. Counts bits where it is not known; without a bitmap it is 0 (K-A1).
    ///
    /// # Errors
    ///
    /// Bits on a device.
    pub fn null_count(&self) -> Result<usize, TableError> {
        match &self.0 {
            Kind::Array(array) => Ok(array.null_count()),
            Kind::Arrow(part) => part.source.nulls(&part.node(), part.start, part.len),
        }
    }

    /// Rows from `start` on, at most `len`. **Zero-copy.** What reaches beyond the last row is cut off.
    #[must_use]
    pub fn slice(&self, start: usize, len: usize) -> Chunk {
        let start = start.min(self.len());
        let len = len.min(self.len() - start);
        Chunk(match &self.0 {
            Kind::Array(array) => {
                // Within the first axis, which every chunk has; only packed elements are not cut everywhere, and those
                // are in no column.
                Kind::Array(array.slice(0, Slice { start, len, step: 1 }).unwrap_or_else(|_| array.clone()))
            }
            Kind::Arrow(part) => Kind::Arrow(Part { start: part.start + start, len, ..part.clone() }),
        })
    }

    /// What the chunk is as an Arrow array: the node's field, or that of the export that `requested` asks for.
    pub(super) fn field(&self, requested: Option<&Field>) -> Result<Field, TableError> {
        Ok(match &self.0 {
            Kind::Array(array) => Export::field_of(array, requested)?,
            Kind::Arrow(part) => part.node().field().clone(),
        })
    }

    /// What has to be copied to give the chunk as an Arrow array of this field, and why.
    pub(super) fn export_plan(&self, field: &Field) -> Result<(usize, Vec<Reason>), TableError> {
        match &self.0 {
            Kind::Array(array) => {
                let export = Export::of(array, Some(field))?;
                Ok((export.copied_bytes(), export.reasons().to_vec()))
            }
            Kind::Arrow(_) if !self.device().is_host() => Err(TableError::Device { device: self.device() }),
            Kind::Arrow(_) => Ok((0, Vec::new())),
        }
    }

    /// The rows as an Arrow array of the column's field, which counts as an export until it is released. A part of an
    /// Arrow array is shared, whatever its type: **zero-copy**; an array may be **copied**, as the plan of its export says.
    ///
    /// # Errors
    ///
    /// Memory of a device, no memory, or a value that the format does not have.
    pub fn to_arrow(&self, field: &Field) -> Result<OwnedArray, TableError> {
        match &self.0 {
            Kind::Array(array) => Ok(Export::of(array, Some(field))?.export()?),
            Kind::Arrow(_) if !self.device().is_host() => Err(TableError::Device { device: self.device() }),
            Kind::Arrow(part) => Ok(part.share()),
        }
    }

    /// The same rows in memory that nobody writes to; arrays of other memory are **copied**, where that is allowed.
    #[cfg(feature = "arrow-rs")]
    pub(super) fn frozen(&self, copy: crate::CopyPolicy) -> Result<Chunk, Reason> {
        let access = match &self.0 {
            Kind::Array(array) => array.access(),
            Kind::Arrow(part) => part.source.origin.access,
        };
        // What lies at no multiple of its alignment arrow-rs would copy without a word.
        let misaligned = match &self.0 {
            Kind::Array(array) => !array.as_ptr().addr().is_multiple_of(array.dtype().alignment()),
            Kind::Arrow(_) => false,
        };
        if access == Access::Frozen && !misaligned {
            return Ok(self.clone());
        }
        let reason = if misaligned {
            Reason::new("misaligned", "L5", "arrow-rs takes no memory at another place than its alignment")
        } else {
            let text = format!("arrow-rs lends slices of what it holds, and this memory is {}", access.name());
            Reason::new("shared", "L9", text).expected("frozen", access.name())
        };
        match &self.0 {
            Kind::Array(array) if copy != crate::CopyPolicy::Never => {
                let copy = array.copy(crate::CopyOrder::C);
                let copy = copy.map_err(|error| Reason::new("memory", "C3", error.to_string()))?;
                Ok(Chunk::from(copy.freeze().unwrap_or_else(|copy| copy)))
            }
            _ => Err(reason),
        }
    }

    /// Checks every value of the array that the chunk is a part of (rule C8). Arrays of ours need no check.
    pub(super) fn validate(&self) -> Result<(), TableError> {
        let Kind::Arrow(part) = &self.0 else { return Ok(()) };
        if !self.device().is_host() {
            return Err(TableError::Device { device: self.device() });
        }
        // SAFETY: memory of the host, as long as the array says on the word of whoever took it over.
        Ok(unsafe { aria_arrow::validate(&part.node()) }?)
    }

    /// Calls back with each row's text, a **copy**, `None` for a null; or returns false: the chunk is no text.
    pub(super) fn read_text(&self, each: &mut dyn FnMut(Option<&str>)) -> Result<bool, TableError> {
        let Kind::Arrow(part) = &self.0 else { return Ok(false) };
        if !self.device().is_host() {
            return Err(TableError::Device { device: self.device() });
        }
        // SAFETY: memory of the host, as long as the array says on the word of whoever took it over; invariant 1 of `Part`.
        Ok(unsafe { aria_arrow::read_text(&part.node(), part.start..part.start + part.len, each) }?)
    }
}

/// A chunk of an array, whose first axis counts rows. **Zero-copy.**
impl From<Array> for Chunk {
    fn from(array: Array) -> Chunk {
        Chunk(Kind::Array(array))
    }
}
