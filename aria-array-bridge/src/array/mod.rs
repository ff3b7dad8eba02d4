//! `Array`: elements in memory that may belong to anybody, and who may read and write them (rules L8, L9).
//!
//! This file has the type and its makers. `access` says who may write and lends slices, `view` makes other
//! arrays over the same memory, `read` reads shared memory, `copy` and `cast` make memory of our own along
//! the `runs` of two layouts, `join` makes one of several, `bits` turns bits into bools and back, `validity` says what
//! is null, `fill` puts a value there, `blend` many at once, `nd` crosses boundaries as a C struct, `error` says what does
//! not fit.

mod access;
mod bits;
mod blend;
mod cast;
mod copy;
mod error;
mod fill;
mod join;
mod nd;
mod read;
mod runs;
mod validity;
mod view;

pub use access::Access;
pub use cast::{CastError, can_cast_same_kind};
pub use copy::CopyOrder;
pub use error::{ArrayError, ViewError};
pub(crate) use join::Join;
pub use nd::NdError;
pub use validity::Validity;

use crate::buffer::{Buffer, ExportGuard, Owner, allocate, allocate_unwritten};
use crate::device::Device;
use crate::dtype::{DType, Element};
use crate::layout::{Layout, Order};
use core::fmt;
use core::ptr::NonNull;

/// Elements of one dtype, laid out in memory that an owner keeps alive.
///
/// A clone is another handle to the same memory. Nothing moves unless a function says that it copies.
///
/// # Invariants
///
/// 1. `layout` has the itemsize of `dtype`, and is packed exactly if `dtype` is.
/// 2. `buffer`'s invariant 1 holds for `layout`, on `device`.
/// 3. If `access` is frozen, nobody writes to the span while a handle lives. If it is unique, nobody writes
///    except through the only handle (`Owner::is_sole`), and the memory came from this crate or a `Vec`.
/// 4. `validity`, where there is one, has the shape of `layout`.
#[derive(Clone)]
pub struct Array {
    buffer: Buffer,
    dtype: DType,
    layout: Layout,
    device: Device,
    access: Access,
    readonly: bool,
    /// Boxed: most arrays have none, and are moved often.
    validity: Option<Box<Validity>>,
}

impl Array {
    /// Zeros in memory of our own: 64-byte aligned, contiguous in `order`, unique.
    ///
    /// # Errors
    ///
    /// Too many axes or bytes, or no memory.
    pub fn zeros(dtype: DType, shape: &[usize], order: Order) -> Result<Array, ArrayError> {
        let layout = if dtype.is_packed() {
            Layout::packed(dtype.bits(), shape)?
        } else {
            Layout::contiguous(dtype.itemsize(), shape, order)?
        };
        Array::allocated(dtype, layout)
    }

    /// Zeros in memory of our own for a dense layout.
    fn allocated(dtype: DType, layout: Layout) -> Result<Array, ArrayError> {
        let nbytes = layout.nbytes();
        let memory = allocate(nbytes).ok_or(ArrayError::Memory { nbytes })?;
        // SAFETY: `nbytes` zeroed bytes.
        Ok(unsafe { Array::over_memory(memory, dtype, layout) })
    }

    /// Elements to be written, in memory of our own for a dense layout.
    ///
    /// # Safety
    ///
    /// The caller writes every element before it reads one or shows the array to anybody.
    unsafe fn unwritten(dtype: DType, layout: Layout) -> Result<Array, ArrayError> {
        let nbytes = layout.nbytes();
        let memory = allocate_unwritten(nbytes).ok_or(ArrayError::Memory { nbytes })?;
        // SAFETY: `nbytes` bytes, initialised by the caller before anything else: a dense layout has no others.
        Ok(unsafe { Array::over_memory(memory, dtype, layout) })
    }

    /// Elements that `write` writes, in memory of our own for a dense layout.
    ///
    /// # Errors
    ///
    /// No memory; what `write` says.
    ///
    /// # Safety
    ///
    /// `write` writes every element of the layout around the address it is given.
    pub(crate) unsafe fn made<E: From<ArrayError>>(
        dtype: DType,
        layout: Layout,
        write: impl FnOnce(NonNull<u8>, &Layout) -> Result<(), E>,
    ) -> Result<Array, E> {
        // SAFETY: written next, or dropped unseen.
        let array = unsafe { Array::unwritten(dtype, layout) }?;
        write(array.buffer.first(), &array.layout)?;
        Ok(array)
    }

    /// This array's memory by another layout, with the memory of others of the same dtype that lie in the same
    /// allocation; `None` if that is not known of all of the layout's span. **Zero-copy.**
    ///
    /// Whoever keeps one of them is kept; it is read-only if one of them is, and shared unless all are frozen.
    ///
    /// # Safety
    ///
    /// - This array is one of `others`.
    /// - Around this one's element zero, `layout` has elements of `others` and no other: frozen memory is promised to be so
    ///   for those alone.
    /// - None of `others` has nulls: the validity is left behind.
    pub(crate) unsafe fn joined(&self, others: &[&Array], layout: Layout) -> Option<Array> {
        let at = |offset: isize| self.address().wrapping_add_signed(offset);
        let span = layout.span();
        let same = others.iter().all(|other| other.dtype == self.dtype && other.device == self.device);
        if !same || layout.itemsize() != self.layout.itemsize() || layout.is_packed() || self.device.is_opaque() {
            return None;
        }
        if !layout.is_empty() && !self.buffer.knows(at(span.start), at(span.end)) {
            return None;
        }
        let all = |access| others.iter().all(|other| other.access == access);
        let access = if all(Access::Frozen) { Access::Frozen } else { Access::Shared };
        if others.iter().any(|other| other.access == Access::Unique) {
            return None; // Its only handle may be writing.
        }
        let owners: Vec<Owner> = others.iter().map(|other| other.owner().clone()).collect();
        let owner = match &owners[..] {
            [owner] => owner.clone(),
            _ => Owner::new(owners),
        };
        // SAFETY: the owner keeps this array's own one too, since it is one of `others`, and that keeps all that is known of
        // the allocation. The layout's span is, as was checked, and it is initialised: `Buffer` invariant 2.
        let buffer = unsafe { self.buffer.with_owner(owner) };
        let readonly = others.iter().any(|other| other.readonly);
        let overlaps = layout.may_overlap();
        let (dtype, device) = (self.dtype.clone(), self.device);
        Some(Array { buffer, dtype, layout, device, access, readonly: readonly || overlaps, validity: None })
    }

    /// # Safety
    ///
    /// The memory is fresh and has `nbytes` initialised bytes, which is the span of a dense layout; it has the itemsize of
    /// `dtype`.
    unsafe fn over_memory((first, owner): (NonNull<u8>, Owner), dtype: DType, layout: Layout) -> Array {
        // SAFETY: the caller's duty.
        let buffer = unsafe { Buffer::new(first, owner) };
        // SAFETY: the span of a dense layout is what was allocated: the caller's duty.
        let buffer = unsafe { buffer.known(layout.span()) };
        let (device, access) = (Device::CPU, Access::Unique);
        Array { buffer, dtype, layout, device, access, readonly: false, validity: None }
    }

    /// Shares the bytes of `owner`, which stays alive and unwritten while a handle lives. **Zero-copy**, frozen.
    ///
    /// The elements begin at the first byte, in C order.
    ///
    /// # Errors
    ///
    /// A dtype and shape of another number of bytes than `owner` has; the owner is handed back.
    pub fn from_owner<T>(owner: T, dtype: DType, shape: &[usize]) -> Result<Array, (ArrayError, T)>
    where
        T: AsRef<[u8]> + Send + Sync + 'static,
    {
        let layout = match Layout::c_order(dtype.itemsize(), shape) {
            _ if dtype.is_packed() => Layout::packed(dtype.bits(), shape),
            layout => layout,
        };
        let layout = match layout {
            Ok(layout) => layout,
            Err(error) => return Err((error.into(), owner)),
        };
        let owner = Leaked::new(owner);
        let bytes: &[u8] = owner.get().as_ref();
        if bytes.len() != layout.nbytes() {
            let error = ArrayError::Length { expected: layout.nbytes(), found: bytes.len() };
            return Err((error, owner.into_inner()));
        }
        let first = NonNull::from(bytes).cast();
        // SAFETY: `first` covers `nbytes` bytes, which is the dense span. They stay borrowed from the leaked value until
        // it is dropped, since nothing touches it before.
        let buffer = unsafe { Buffer::new(first, Owner::new(owner)) };
        // SAFETY: as above.
        let buffer = unsafe { buffer.known(layout.span()) };
        Ok(Array { buffer, dtype, layout, device: Device::CPU, access: Access::Frozen, readonly: true, validity: None })
    }

    /// Shares foreign memory. **Zero-copy.**
    ///
    /// # Errors
    ///
    /// A layout of another itemsize than the dtype; the owner is dropped, which releases it once.
    ///
    /// # Safety
    ///
    /// - While `owner` lives, every byte of `layout`'s span around `first` lies in one live, initialised allocation on `device`.
    /// - `access` is [`Access::Frozen`] only if nobody writes to it meanwhile, and never [`Access::Unique`].
    /// - If `readonly` is false, the memory may be written.
    #[inline]
    pub unsafe fn from_raw(
        first: NonNull<u8>,
        dtype: DType,
        layout: Layout,
        device: Device,
        access: Access,
        readonly: bool,
        owner: Owner,
    ) -> Result<Array, ArrayError> {
        let (expected, found) = (dtype.itemsize(), layout.itemsize());
        if expected != found || dtype.is_packed() != layout.is_packed() {
            return Err(ArrayError::Itemsize { dtype, expected, found });
        }
        // SAFETY: the caller's duty; the itemsizes agree.
        Ok(unsafe { Array::from_raw_parts(first, dtype, layout, device, access, readonly, owner) })
    }

    /// As [`from_raw`](Self::from_raw), for a layout that was made for the dtype.
    ///
    /// # Safety
    ///
    /// That of `from_raw`.
    #[inline]
    pub(crate) unsafe fn from_raw_parts(
        first: NonNull<u8>,
        dtype: DType,
        layout: Layout,
        device: Device,
        access: Access,
        readonly: bool,
        owner: Owner,
    ) -> Array {
        debug_assert!(dtype.itemsize() == layout.itemsize() && dtype.is_packed() == layout.is_packed());
        // SAFETY: the caller's first duty.
        let buffer = unsafe { Buffer::new(first, owner) };
        // SAFETY: every byte of the layout's span: the caller's first duty.
        let buffer = if device.is_opaque() { buffer } else { unsafe { buffer.known(layout.span()) } };
        let access = if access == Access::Unique { Access::Shared } else { access };
        Array { buffer, dtype, layout, device, access, readonly, validity: None }
    }

    /// The same array, kept alive by another owner; so is a validity that owns nothing itself.
    ///
    /// # Safety
    ///
    /// `owner` keeps the memory alive as the old one does, and the access stays true: never unique. If the validity owns
    /// nothing, `owner` keeps its bits alive too.
    #[doc(hidden)]
    #[must_use]
    pub unsafe fn with_owner(&self, owner: Owner) -> Array {
        debug_assert!(self.access != Access::Unique);
        let bare = self.validity().filter(|validity| validity.owner().is_immortal());
        // SAFETY: the caller's duty.
        let validity = bare.map(|validity| Box::new(unsafe { validity.with_owner(owner.clone()) }));
        // SAFETY: the caller's duty.
        let buffer = unsafe { self.buffer.with_owner(owner) };
        Array { buffer, validity: validity.or_else(|| self.validity.clone()), ..self.clone() }
    }

    /// The array owning nothing, its validity neither, and what keeps both.
    ///
    /// # Safety
    ///
    /// The array is used only while the owner lives, and the access stays true: never unique.
    #[doc(hidden)]
    #[must_use]
    pub unsafe fn into_bare(self) -> (Array, Owner) {
        let memory = self.owner().clone();
        let Some(validity) = self.validity() else {
            // SAFETY: the caller's duty.
            return (unsafe { self.with_owner(Owner::immortal()) }, memory);
        };
        // SAFETY: the caller's duty.
        let bits = unsafe { validity.with_owner(Owner::immortal()) };
        let both = Owner::new((memory, validity.owner().clone()));
        // SAFETY: the caller's duty.
        let bare = unsafe { self.with_owner(Owner::immortal()) };
        (Array { validity: Some(Box::new(bits)), ..bare }, both)
    }

    /// The same elements, of which some are null.
    ///
    /// # Errors
    ///
    /// A validity of another shape.
    pub fn with_validity(mut self, validity: Validity) -> Result<Array, ArrayError> {
        if validity.shape() != self.shape() {
            let (expected, found) = (self.len(), validity.len());
            return Err(ArrayError::Length { expected, found });
        }
        self.validity = Some(Box::new(validity));
        Ok(self)
    }

    /// The same elements without their validity: what lies under a null is unspecified.
    #[must_use]
    pub fn without_validity(mut self) -> Array {
        self.validity = None;
        self
    }

    /// What one element is.
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Where each element lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Extents, in elements.
    pub fn shape(&self) -> &[usize] {
        self.layout.shape()
    }

    /// Strides, in bytes; empty for packed elements.
    pub fn strides(&self) -> &[isize] {
        self.layout.strides()
    }

    /// Number of axes.
    pub fn ndim(&self) -> usize {
        self.layout.ndim()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.layout.len()
    }

    /// Returns true if there is no element.
    pub fn is_empty(&self) -> bool {
        self.layout.is_empty()
    }

    /// Bytes of all elements together.
    pub fn nbytes(&self) -> usize {
        self.layout.nbytes()
    }

    /// The address of element zero. Without elements, any address.
    pub fn address(&self) -> usize {
        self.buffer.first().addr().get()
    }

    /// A pointer to element zero, for handing to foreign code that keeps to this array's access.
    pub fn as_ptr(&self) -> *mut u8 {
        self.buffer.first().as_ptr()
    }

    /// As [`as_ptr`](Array::as_ptr).
    pub(crate) fn first(&self) -> NonNull<u8> {
        self.buffer.first()
    }

    /// Where the memory lives.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Who may write to the memory.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Returns true if this handle and what it is exported to may not write.
    pub fn is_readonly(&self) -> bool {
        self.readonly
    }

    /// What keeps the memory alive.
    pub fn owner(&self) -> &Owner {
        self.buffer.owner()
    }

    /// Exports that are alive of the owner.
    pub fn exports(&self) -> usize {
        self.owner().exports()
    }

    /// Counts one export until the guard is dropped.
    pub fn export(&self, ticket: Option<crate::ledger::Ticket>) -> ExportGuard {
        self.owner().export(ticket)
    }

    /// Which elements are null, where that is kept.
    pub fn validity(&self) -> Option<&Validity> {
        self.validity.as_deref()
    }

    /// Number of nulls. Counts bits when it is not known.
    pub fn null_count(&self) -> usize {
        self.validity().map_or(0, Validity::null_count)
    }

    /// Returns true if element zero and every stride keep to the dtype's alignment.
    pub fn is_aligned(&self) -> bool {
        let align = self.dtype.alignment();
        let steps = self.strides().iter().zip(self.shape()).all(|(s, n)| *n <= 1 || s.unsigned_abs() % align == 0);
        self.is_empty() || (self.address().is_multiple_of(align) && steps)
    }
}

/// `Array float64[2, 3]`: what plans call it.
pub fn describe(array: &Array) -> String {
    let shape: Vec<String> = array.shape().iter().map(usize::to_string).collect();
    format!("Array {}[{}]", array.dtype(), shape.join(", "))
}

/// Takes over the vector's memory, in which the array is unique. **Zero-copy.**
impl<T: Element> From<Vec<T>> for Array {
    fn from(values: Vec<T>) -> Array {
        let mut values = values;
        let len = values.len();
        let first = NonNull::from(values.as_mut_slice()).cast();
        #[allow(clippy::expect_used, reason = "a Vec has at most isize::MAX bytes")]
        let layout = Layout::c_order(size_of::<T>(), &[len]).expect("a Vec has at most isize::MAX bytes");
        // SAFETY: `len` initialised elements lie at `first` while the vector lives; moving the vector moves no elements.
        let buffer = unsafe { Buffer::new(first, Owner::new(Vector(values))) };
        // SAFETY: the span is that of the vector's elements.
        let buffer = unsafe { buffer.known(layout.span()) };
        let dtype = T::DTYPE;
        Array { buffer, dtype, layout, device: Device::CPU, access: Access::Unique, readonly: false, validity: None }
    }
}

/// A value at a fixed address: unlike a `Box`, moving this claims nothing about who else points into it.
struct Leaked<T>(NonNull<T>);

// SAFETY: the value is owned alone by this pointer, and may be sent with it.
unsafe impl<T: Send> Send for Leaked<T> {}
// SAFETY: a shared pointer gives out nothing but `&T`.
unsafe impl<T: Sync> Sync for Leaked<T> {}

impl<T> Leaked<T> {
    fn new(value: T) -> Leaked<T> {
        Leaked(NonNull::from(Box::leak(Box::new(value))))
    }

    fn get(&self) -> &T {
        // SAFETY: leaked by `new` and alive until the drop; never written meanwhile.
        unsafe { self.0.as_ref() }
    }

    fn into_inner(self) -> T {
        // SAFETY: leaked by `new`; taken back once, since the drop is forgotten.
        let value = unsafe { Box::from_raw(self.0.as_ptr()) };
        core::mem::forget(self);
        *value
    }
}

impl<T> Drop for Leaked<T> {
    fn drop(&mut self) {
        // SAFETY: leaked by `new`; dropped once.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Keeps a vector alive without ever touching its elements again.
struct Vector<T>(#[allow(dead_code, reason = "kept for its drop")] Vec<T>);

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array")
            .field("dtype", &self.dtype.name())
            .field("shape", &self.shape())
            .field("strides", &self.strides())
            .field("device", &self.device)
            .field("access", &self.access)
            .field("readonly", &self.readonly)
            .field("nulls", &self.null_count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
