//! Arrays across a boundary between programs: `AriaNdArray` made and taken over (DESIGN: the C struct).

use super::{Access, Array, ArrayError, Validity};
use crate::buffer::{ExportGuard, Owner, dangling};
use crate::device::Device;
use crate::dtype::DType;
use crate::layout::{Dims, Layout, LayoutError, MAX_NDIM};
use crate::ledger::{Direction, Name, enter};
use crate::nd_array::{ABI_MAJOR, ABI_MINOR, AriaNdArray};
use crate::nd_array::{FLAG_FOREIGN, FLAG_FROZEN, FLAG_PACKED, FLAG_READONLY};
use core::ffi::{CStr, c_void};
use core::fmt;
use core::ptr::{self, NonNull};
use std::sync::OnceLock;

/// Why a struct is no array. It has been released, once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are what the sentences below say")]
pub enum NdError {
    /// Nothing to release: the struct was given away before.
    Released,
    /// Another major version; nothing else was read.
    Version { major: u16, minor: u16 },
    /// Too small for its version.
    Size { expected: usize, found: u32 },
    /// A number of axes that there cannot be, or a missing list of extents.
    Axes { ndim: i32 },
    /// A negative extent, or one that this machine's memory cannot have.
    Extent { axis: usize, extent: i64 },
    /// A stride that this machine's memory cannot have.
    Stride { axis: usize, stride: i64 },
    /// Elements without memory.
    NullData { len: usize },
    /// A dtype that nobody defines.
    DType { code: u8, bits: u8, lanes: u16 },
    /// A logical type that no notation knows.
    Logical { text: String },
    /// The numbers make no array.
    Array(ArrayError),
}

impl fmt::Display for NdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Released => f.write_str("expected a live AriaNdArray but found one that was released"),
            Self::Version { major, minor } => {
                write!(f, "expected AriaNdArray version {ABI_MAJOR}.x but found {major}.{minor}")
            }
            Self::Size { expected, found } => {
                write!(f, "expected an AriaNdArray of at least {expected} bytes but found {found}")
            }
            Self::Axes { ndim } => write!(f, "expected 0 to {MAX_NDIM} axes with their extents but found {ndim}"),
            Self::Extent { axis, extent } => {
                write!(f, "expected an extent of 0 to {} but found {extent} (axis {axis})", isize::MAX)
            }
            Self::Stride { axis, stride } => {
                write!(f, "expected a stride within {} bytes but found {stride} (axis {axis})", isize::MAX)
            }
            Self::NullData { len } => write!(f, "expected memory for {len} elements but found NULL"),
            Self::DType { code, bits, lanes } => {
                write!(f, "expected a dtype of DLPack but found code {code}, {bits} bits, {lanes} lanes")
            }
            Self::Logical { text } => write!(f, "expected a type in NumPy's notation but found {text:?}"),
            Self::Array(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NdError {}

impl From<LayoutError> for NdError {
    fn from(error: LayoutError) -> NdError {
        NdError::Array(error.into())
    }
}

/// What an exported struct points into; the struct is its first field.
#[repr(C)]
struct Exported {
    nd: AriaNdArray,
    shape: Vec<i64>,
    strides: Vec<i64>,
    logical: Option<Vec<u8>>, // No CString: moving its box would claim that nobody else points into it.
    _guard: ExportGuard,
    array: Array,
}

unsafe extern "C" fn release_exported(nd: *mut AriaNdArray) {
    // SAFETY: only `into_nd_array` sets this function, on the first field of a leaked `Exported`; the receiver calls it once.
    drop(unsafe { Box::from_raw(nd.cast::<Exported>()) });
}

impl Array {
    /// Gives the array to whoever calls `release` on the struct. **Zero-copy**, except for validity bits that do not
    /// follow each other, which are copied. Counts as an export until then.
    ///
    /// Unique memory becomes shared and writable if this is its only handle; else the struct is read-only.
    ///
    /// # Errors
    ///
    /// A logical type that has no notation (a record whose fields overlap); the array is handed back.
    pub fn into_nd_array(self) -> Result<NonNull<AriaNdArray>, Box<Array>> {
        let mut array = self.share().unwrap_or_else(|array| array);
        if let Some(validity) = array.validity.take() {
            array.validity = Some(Box::new(validity.compact()));
        }
        let logical = match (array.dtype.dlpack(), array.dtype.logical()) {
            (Some(_), _) => None,
            (None, Some(text)) => Some(text.into_bytes_with_nul()),
            (None, None) => return Err(Box::new(array)),
        };
        let guard = array.export(None);
        let shape: Vec<i64> = array.shape().iter().map(|n| *n as i64).collect();
        let strides: Vec<i64> = array.strides().iter().map(|s| *s as i64).collect();
        let writable = array.is_exported_writable();
        let (code, bits, lanes) = array.dtype.dlpack().unwrap_or((1, 8, 1)); // Logical types: bytes, their size in the text.
        let mut flags = FLAG_FOREIGN;
        flags |= if writable { 0 } else { FLAG_READONLY };
        flags |= if array.access == Access::Shared { 0 } else { FLAG_FROZEN };
        flags |= if array.layout.is_packed() { FLAG_PACKED } else { 0 };
        let readable = array.is_header_readable();
        let length = if readable { array.len() as i64 } else { 0 };
        let validity = array.validity().and_then(Validity::as_arrow);
        let nd = AriaNdArray {
            data: array.as_ptr().cast(),
            length,
            capacity: if writable { length } else { 0 },
            elem_size: strides.first().copied().unwrap_or(array.layout.itemsize() as i64),
            size: size_of::<AriaNdArray>() as u32,
            abi_major: ABI_MAJOR,
            abi_minor: ABI_MINOR,
            flags,
            dtype_code: code,
            dtype_bits: bits,
            dtype_lanes: lanes,
            ndim: array.ndim() as i32,
            shape: shape.as_ptr(),
            strides: if array.layout.is_packed() { ptr::null() } else { strides.as_ptr() },
            device_type: array.device.kind,
            device_id: array.device.id,
            logical: logical.as_ref().map_or(ptr::null(), |text| text.as_ptr().cast()),
            validity: validity.map_or(ptr::null(), |(first, _)| first.as_ptr().cast_const()),
            validity_offset: validity.map_or(0, |(_, offset)| offset as i64),
            null_count: array.null_count() as i64,
            exports: array.owner().exports_counter(),
            owner: ptr::null_mut(),
            release: Some(release_exported),
        };
        let leaked = Box::into_raw(Box::new(Exported { nd, shape, strides, logical, _guard: guard, array }));
        // SAFETY: a leaked box is not NULL.
        let leaked = unsafe { NonNull::new_unchecked(leaked) };
        // SAFETY: the box was just leaked; nobody else knows it yet.
        unsafe { (*leaked.as_ptr()).nd.owner = leaked.as_ptr().cast::<c_void>() };
        Ok(leaked.cast())
    }

    /// Whether the header's accessors (address = data + i · elem_size, 8-byte loads) read this array right.
    fn is_header_readable(&self) -> bool {
        let eight = matches!(self.dtype, DType::I64 | DType::F64);
        self.ndim() == 1 && eight && self.device.is_host() && self.null_count() == 0
    }

    /// Takes over a struct. **Zero-copy.** It is released once: when the last handle goes, or now if it is refused.
    ///
    /// # Errors
    ///
    /// Names the field that makes no sense. The struct has been released then.
    ///
    /// # Safety
    ///
    /// `nd` points to an `AriaNdArray` whose maker keeps the rules of `spec/aria_nd_array.h`, and which nobody else
    /// releases.
    pub unsafe fn from_nd_array(nd: NonNull<AriaNdArray>) -> Result<Array, NdError> {
        let fields = nd.as_ptr();
        // SAFETY: a live struct: the caller's duty. Versions only append, so this field is where it is in all of them.
        let release = unsafe { (*fields).release };
        // SAFETY: likewise.
        let major = unsafe { (*fields).abi_major };
        // SAFETY: likewise.
        let minor = unsafe { (*fields).abi_minor };
        // SAFETY: likewise.
        let size = unsafe { (*fields).size };
        let Some(release) = release else { return Err(NdError::Released) };
        let received = Received { nd, release };
        if major != ABI_MAJOR {
            return Err(NdError::Version { major, minor });
        }
        if (size as usize) < size_of::<AriaNdArray>() {
            return Err(NdError::Size { expected: size_of::<AriaNdArray>(), found: size });
        }
        // SAFETY: live and of this version, checked above; the pointers in it are the maker's duty.
        unsafe { read_nd_array(received) }
    }
}

/// What the ledger calls the owner, which the struct does not name, and the protocol.
fn names() -> (Name, Name) {
    static NAMES: OnceLock<(Name, Name)> = OnceLock::new();
    *NAMES.get_or_init(|| (Name::of("Aria"), Name::of("AriaNdArray")))
}

/// A foreign struct; dropping it releases it.
struct Received {
    nd: NonNull<AriaNdArray>,
    release: unsafe extern "C" fn(*mut AriaNdArray),
}

// SAFETY: the header says that `release` may be called on any thread.
unsafe impl Send for Received {}
// SAFETY: a shared `Received` does nothing.
unsafe impl Sync for Received {}

impl Drop for Received {
    fn drop(&mut self) {
        // SAFETY: once, since this is the drop of the only `Received` of this struct.
        unsafe { (self.release)(self.nd.as_ptr()) };
    }
}

/// # Safety
///
/// A live struct of version 1 whose maker keeps the rules of the header.
unsafe fn read_nd_array(received: Received) -> Result<Array, NdError> {
    // SAFETY: live: the caller's duty; its maker does not change it while it is ours.
    let nd = unsafe { received.nd.as_ref() };
    let ndim = usize::try_from(nd.ndim).ok().filter(|n| *n <= MAX_NDIM).ok_or(NdError::Axes { ndim: nd.ndim })?;
    let list = |start: *const i64| match ndim {
        0 => Some(&[][..]),
        _ if start.is_null() => None,
        // SAFETY: `ndim` numbers, which live as long as the struct: the maker's duty.
        _ => Some(unsafe { core::slice::from_raw_parts(start, ndim) }),
    };
    let extents = list(nd.shape).ok_or(NdError::Axes { ndim: nd.ndim })?;
    let mut shape: Dims<usize> = Dims::with_capacity(ndim);
    for (axis, extent) in extents.iter().enumerate() {
        shape.push(usize::try_from(*extent).map_err(|_| NdError::Extent { axis, extent: *extent })?);
    }
    let dtype = if nd.logical.is_null() {
        let (code, bits, lanes) = (nd.dtype_code, nd.dtype_bits, nd.dtype_lanes);
        DType::from_dlpack(code, bits, lanes).ok_or(NdError::DType { code, bits, lanes })?
    } else {
        // SAFETY: NUL-terminated and alive with the struct: the maker's duty.
        let text = unsafe { CStr::from_ptr(nd.logical) };
        DType::from_logical(text).ok_or_else(|| NdError::Logical { text: text.to_string_lossy().into() })?
    };
    let layout = match list(nd.strides) {
        _ if dtype.is_packed() => Layout::packed(dtype.bits(), &shape)?,
        None => Layout::c_order(dtype.itemsize(), &shape)?,
        Some(strides) => {
            let mut bytes: Dims<isize> = Dims::with_capacity(ndim);
            for (axis, stride) in strides.iter().enumerate() {
                bytes.push(isize::try_from(*stride).map_err(|_| NdError::Stride { axis, stride: *stride })?);
            }
            Layout::new(dtype.itemsize(), &shape, &bytes)?
        }
    };
    let first = NonNull::new(nd.data.cast::<u8>());
    let first = match first {
        Some(first) => first,
        None if layout.is_empty() => dangling(),
        None => return Err(NdError::NullData { len: layout.len() }),
    };
    let device = Device { kind: nd.device_type, id: nd.device_id };
    let access = if nd.flags & FLAG_FROZEN != 0 { Access::Frozen } else { Access::Shared };
    let readonly = nd.flags & FLAG_READONLY != 0;
    let validity = NonNull::new(nd.validity.cast_mut());
    let (offset, null_count) = (nd.validity_offset, usize::try_from(nd.null_count).ok());
    let (source, protocol) = names();
    let ticket = enter(source, protocol, Direction::Import, layout.nbytes() as u64, readonly);
    let owner = Owner::keeping(received, Some(ticket));
    let bits = match validity {
        None => None,
        Some(bits) => {
            let offset = usize::try_from(offset).map_err(|_| NdError::Extent { axis: 0, extent: offset })?;
            // SAFETY: a bit for every element lies there: the maker's duty.
            Some(unsafe { Validity::from_raw(bits, offset, &shape, null_count, owner.clone()) }?)
        }
    };
    // SAFETY: the span lies in memory that lives until `release`, and the flags are true: the maker's duty.
    let array = unsafe { Array::from_raw(first, dtype, layout, device, access, readonly, owner) };
    let array = array.map_err(NdError::Array)?;
    match bits {
        None => Ok(array),
        Some(bits) => array.with_validity(bits).map_err(NdError::Array),
    }
}
