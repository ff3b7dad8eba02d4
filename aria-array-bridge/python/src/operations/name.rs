//! Names of attributes, methods and keyword arguments as Python strings: those of late are remembered, since a program has few,
//! and making a string costs more than finding it.

use super::entry::Error;
use super::text;
use aria_array_bridge::operations::Text;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::sync::Mutex;

/// How many names are remembered: a power of two.
const PLACES: usize = 256;
/// Longer names are not remembered, so that what is kept has a bound.
const LONGEST: usize = 64;

/// A name that is remembered.
struct Known {
    text: Box<[u8]>,
    string: Py<PyString>,
}

/// Each name has one place, which it may share. Locked while attached alone, and no Python code runs meanwhile: nobody waits.
static KNOWN: Mutex<[Option<Known>; PLACES]> = Mutex::new([const { None }; PLACES]);

/// The interned string of a name. `what` names it in the error: `a name`.
///
/// # Safety
///
/// As for [`text::bytes`].
pub(super) unsafe fn interned<'py>(py: Python<'py>, name: Text, what: &str) -> Result<Bound<'py, PyString>, Error> {
    // SAFETY: the caller's duty.
    let bytes = unsafe { text::bytes(name, what) }?;
    let place = place(bytes);
    if let Ok(known) = KNOWN.lock()
        && let Some(known) = &known[place]
        && *known.text == *bytes
    {
        return Ok(known.string.bind(py).clone());
    }
    // SAFETY: the caller's duty.
    let string = PyString::intern(py, unsafe { text::read(name, what) }?);
    if bytes.len() <= LONGEST {
        let new = Known { text: bytes.into(), string: string.clone().unbind() };
        // The one before is dropped when the lock is free again.
        let _before = KNOWN.lock().ok().and_then(|mut known| known[place].replace(new));
    }
    Ok(string)
}

/// FNV-1a, of a name's last bytes: those differ most.
fn place(bytes: &[u8]) -> usize {
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = bytes.iter().rev().take(16).fold(0x811c_9dc5 ^ bytes.len() as u32, mix);
    (hash ^ (hash >> 16)) as usize % PLACES
}
