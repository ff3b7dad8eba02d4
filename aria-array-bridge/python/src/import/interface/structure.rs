//! `__array_struct__`: a capsule with a C struct.

use super::super::{Refusal, named};
use super::wrong;
use crate::array::Hold;
use crate::request::Found;
use aria_array_bridge::dtype::{Parsed, parse_typestr};
use aria_array_bridge::plan::Reason;
use aria_array_bridge::{Device, Layout};
use core::ffi::{c_char, c_int, c_void};
use core::slice;
use pyo3::ffi;
use pyo3::prelude::*;
use smallvec::SmallVec;

/// NumPy's `PyArrayInterface`; `spec/structs.csv` has its offsets.
#[repr(C)]
pub(crate) struct Interface {
    /// Always 2.
    pub(crate) two: c_int,
    pub(crate) nd: c_int,
    pub(crate) typekind: c_char,
    pub(crate) itemsize: c_int,
    pub(crate) flags: c_int,
    pub(crate) shape: *mut isize,
    pub(crate) strides: *mut isize,
    pub(crate) data: *mut c_void,
    pub(crate) descr: *mut ffi::PyObject,
}

impl Interface {
    pub(crate) const C_CONTIGUOUS: c_int = 0x1;
    pub(crate) const F_CONTIGUOUS: c_int = 0x2;
    pub(crate) const ALIGNED: c_int = 0x100;
    pub(crate) const NOTSWAPPED: c_int = 0x200;
    pub(crate) const WRITEABLE: c_int = 0x400;
    pub(crate) const HAS_DESCR: c_int = 0x800;
}

/// The array that the struct describes.
pub(crate) fn find(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let py = object.py();
    let capsule = super::member(object, "__array_struct__")?;
    // SAFETY: attached; a live object, of whatever type.
    let named_null = unsafe { ffi::PyCapsule_IsValid(capsule.as_ptr(), core::ptr::null()) } == 1;
    if !named_null {
        return Err(wrong("expected a capsule without a name from __array_struct__"));
    }
    // SAFETY: attached; a valid capsule without a name, checked above.
    let pointer = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), core::ptr::null()) };
    // SAFETY: a capsule without a name from this member holds this struct: NumPy's protocol. Alive with the capsule.
    let Some(interface) = (unsafe { pointer.cast::<Interface>().as_ref() }) else {
        return Err(wrong("expected a struct in the capsule but found NULL"));
    };
    if interface.two != 2 {
        return Err(wrong(format!("expected an array struct that begins with 2 but found {}", interface.two)));
    }
    let ndim = usize::try_from(interface.nd).ok().filter(|n| *n <= aria_array_bridge::layout::MAX_NDIM);
    let ndim = ndim.ok_or_else(|| wrong(format!("expected 0 to 64 axes but found {}", interface.nd)))?;
    let parsed = parsed(py, interface)?;
    let list = |start: *mut isize, what: &str| match ndim {
        0 => Ok(&[][..]),
        _ if start.is_null() => Err(wrong(format!("expected {ndim} {what} but found NULL"))),
        // SAFETY: `nd` numbers, alive with the capsule: NumPy's protocol.
        _ => Ok(unsafe { slice::from_raw_parts(start.cast_const(), ndim) }),
    };
    let (extents, strides) = (list(interface.shape, "extents")?, list(interface.strides, "strides")?);
    if let Some(axis) = extents.iter().position(|n| *n < 0) {
        return Err(wrong(format!("expected extents of 0 or more but found {} (axis {axis})", extents[axis])));
    }
    let shape: SmallVec<[usize; 4]> = extents.iter().map(|n| n.unsigned_abs()).collect();
    let layout = Layout::new(parsed.dtype.itemsize(), &shape, strides).map_err(|error| wrong(error.to_string()))?;
    if usize::try_from(interface.itemsize) != Ok(parsed.dtype.itemsize()) {
        let text = format!("expected elements of {} bytes but found {}", parsed.dtype.itemsize(), interface.itemsize);
        return Err(Refusal::Lie(Reason::new("itemsize", "L1", text)));
    }
    let readonly = interface.flags & Interface::WRITEABLE == 0;
    let array = super::dict::array(interface.data.addr(), parsed.dtype, layout, Device::CPU, readonly)?;
    let hold = Hold::Object(object.clone().unbind(), Some(capsule.unbind()));
    Ok(Found { array, hold, swap: parsed.swap, protocol: named!("__array_struct__"), copied: None })
}

/// The dtype: of the description where there is one, else of kind and size.
fn parsed(py: Python<'_>, interface: &Interface) -> Result<Parsed, Refusal> {
    let kind = char::from(interface.typekind as u8);
    let itemsize = usize::try_from(interface.itemsize)
        .map_err(|_| wrong(format!("expected an itemsize of 0 or more but found {}", interface.itemsize)))?;
    let described = interface.flags & Interface::HAS_DESCR != 0 && !interface.descr.is_null();
    let vague = |text: String| {
        let reason = Reason::new("dtype", "L1", text);
        Err(Refusal::Next(reason.hint("__array_interface__ says more than __array_struct__")))
    };
    match kind {
        'V' if described => {
            // SAFETY: attached; a live object that the struct owns: NumPy's protocol, by the flag.
            let descr = unsafe { Bound::from_borrowed_ptr(py, interface.descr) };
            return super::dict::parse_descr_list(&descr, itemsize);
        }
        // NumPy itself forgets every flag of a record's struct, the byte order and the description's own included.
        'V' => return vague(format!("V{itemsize} without a description says nothing of its fields")),
        'U' if !itemsize.is_multiple_of(4) => return vague(format!("text of {itemsize} bytes is no UCS-4")),
        'M' | 'm' => return vague("the struct of a time says no unit".into()),
        _ => {}
    }
    let order = match (interface.flags & Interface::NOTSWAPPED != 0, cfg!(target_endian = "little")) {
        (true, true) | (false, false) => '<',
        (true, false) | (false, true) => '>',
    };
    let size = if kind == 'U' { itemsize / 4 } else { itemsize };
    let text = format!("{order}{kind}{size}");
    parse_typestr(&text).map_err(|error| {
        let code = if kind == 'O' { "object-dtype" } else { "dtype" };
        Refusal::Next(Reason::new(code, "L1", error.to_string()))
    })
}
