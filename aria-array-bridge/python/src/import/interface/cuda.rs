//! `__cuda_array_interface__`, versions 2 and 3: memory of a CUDA device. It is carried, never read.
//!
//! The interface does not say which device it is: the object's DLPack side is asked, then the CUDA driver. The driver also
//! waits for the stream that version 3 names, before anybody is shown the array.

use super::super::{Refusal, named};
use super::dict::{array, dict, elements, number, pointer, present, version};
use super::wrong;
use crate::array::Hold;
use crate::request::Found;
use aria_array_bridge::Device;
use aria_array_bridge::plan::Reason;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// DLPack's number of CUDA.
const CUDA: i32 = 2;
/// `CU_POINTER_ATTRIBUTE_CONTEXT` and `CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL` of the driver.
const CONTEXT: i32 = 1;
const ORDINAL: i32 = 9;

/// The array that the dict describes.
pub(crate) fn find(object: &Bound<'_, PyAny>) -> Result<Found, Refusal> {
    let dict = dict(object, "__cuda_array_interface__")?;
    version(&dict, &[2, 3])?;
    let (parsed, layout) = elements(&dict)?;
    let data = present(&dict, "data")?.ok_or_else(|| wrong("expected data in the interface"))?;
    let (address, readonly) = pointer(&data)?;
    let stream = stream(&dict)?;
    if let Some(stream) = stream
        && !layout.is_empty()
    {
        wait(object.py(), address, stream)?;
    }
    let device = Device { kind: CUDA, id: if layout.is_empty() { 0 } else { device(object, address)? } };
    let array = array(address, parsed.dtype, layout, device, readonly)?;
    let hold = Hold::Object(object.clone().unbind(), Some(dict.into_any().unbind()));
    Ok(Found { array, hold, swap: parsed.swap, protocol: named!("__cuda_array_interface__"), copied: None })
}

fn refuse<T>(text: String) -> Result<T, Refusal> {
    Err(Refusal::Next(Reason::new("stream", "L7", text)))
}

fn lie<T>(text: String) -> Result<T, Refusal> {
    Err(Refusal::Lie(Reason::new("stream", "L7", text)))
}

/// The stream on which the memory may still be written: 1 and 2 are CUDA's default streams, the rest handles.
fn stream(dict: &Bound<'_, PyDict>) -> Result<Option<usize>, Refusal> {
    let Some(stream) = present(dict, "stream")? else { return Ok(None) };
    match number(&stream, "stream")? {
        0 => lie("expected a stream of None, 1, 2 or a handle but found 0, which is ambiguous".into()),
        handle if handle < 0 => lie(format!("expected a stream of None, 1, 2 or a handle but found {handle}")),
        handle => Ok(Some(handle.unsigned_abs())),
    }
}

/// The number of the device, as the object says it to DLPack or as the driver knows it; 0 where nobody says.
fn device(object: &Bound<'_, PyAny>, address: usize) -> PyResult<i32> {
    if let Some(method) = object.get_type().getattr_opt("__dlpack_device__")? {
        let (kind, id): (i32, i32) = method.call1((object,))?.extract()?;
        return Ok(if kind == CUDA { id } else { 0 });
    }
    let Some(driver) = driver(object.py())? else { return Ok(0) };
    Ok(attribute(&driver, address, ORDINAL)?.map_or(0, |id| id as i32))
}

/// Waits until the stream has done what it was given, in the context of the memory.
fn wait(py: Python<'_>, address: usize, stream: usize) -> Result<(), Refusal> {
    let Some(driver) = driver(py)? else {
        return refuse(format!("expected a CUDA driver to wait for stream {stream} but found none"));
    };
    let Some(context) = attribute(&driver, address, CONTEXT)? else {
        return refuse(format!("expected memory of CUDA at {address:#x} but the driver does not know it"));
    };
    let ctypes = py.import("ctypes")?;
    let pointer = |value: usize| ctypes.getattr("c_void_p")?.call1((value,));
    let call = |name: &str, argument: Bound<'_, PyAny>| driver.getattr(name)?.call1((argument,))?.extract::<i64>();
    let pushed = call("cuCtxPushCurrent_v2", pointer(context)?)?;
    if pushed != 0 {
        return refuse(format!("the CUDA driver refuses the context of the memory: error {pushed}"));
    }
    let waited = call("cuStreamSynchronize", pointer(stream)?);
    let before = ctypes.getattr("c_void_p")?.call0()?;
    call("cuCtxPopCurrent_v2", ctypes.call_method1("byref", (before,))?)?;
    match waited? {
        0 => Ok(()),
        error => refuse(format!("the CUDA driver could not wait for stream {stream}: error {error}")),
    }
}

/// What the driver knows of an address; `None` where it does not know it.
fn attribute(driver: &Bound<'_, PyAny>, address: usize, which: i32) -> PyResult<Option<usize>> {
    let ctypes = driver.py().import("ctypes")?;
    let answer = ctypes.getattr("c_size_t")?.call1((0,))?;
    let arguments = (ctypes.call_method1("byref", (&answer,))?, which, ctypes.getattr("c_void_p")?.call1((address,))?);
    let status: i64 = driver.getattr("cuPointerGetAttribute")?.call1(arguments)?.extract()?;
    if status != 0 {
        return Ok(None);
    }
    answer.getattr("value")?.extract()
}

/// The CUDA driver, where there is one. Loading it does not start it.
fn driver(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    let name = if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" };
    match py.import("ctypes")?.getattr("CDLL")?.call1((name,)) {
        Ok(driver) => Ok(Some(driver)),
        Err(error) if error.is_instance_of::<PyOSError>(py) => Ok(None),
        Err(error) => Err(error),
    }
}
