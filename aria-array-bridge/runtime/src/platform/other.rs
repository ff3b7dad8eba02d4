//! Other systems (Windows): written for, not tested.

pub(crate) use libloading::Library;

use std::ffi::{CString, OsStr};
use std::path::{Path, PathBuf};

/// Names of an interpreter's executable, the best first.
pub(crate) const PYTHON_NAMES: &[&str] = &["python.exe", "python3.exe"];
/// The folder of a virtual environment in which the interpreter lies.
pub(crate) const SCRIPTS: &str = "Scripts";

/// Opens a library; symbols are visible to all who name it.
///
/// # Safety
///
/// The library's initialisers are sound to run.
pub(crate) unsafe fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: the caller's duty.
    unsafe { Library::new(path) }
}

/// Opens a library with its symbols visible to those alone who look into it.
///
/// # Safety
///
/// The library's initialisers are sound to run.
pub(crate) unsafe fn open_local(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: the caller's duty.
    unsafe { Library::new(path) }
}

/// There is no one name space of symbols here.
pub(crate) fn process() -> Option<Library> {
    None
}

/// Text for C, as UTF-8. `None` if it contains a NUL.
pub(crate) fn c_text(text: &OsStr) -> Option<CString> {
    CString::new(text.to_string_lossy().as_bytes()).ok()
}

/// A path from the bytes that `os.fsencode` made: UTF-8.
pub(crate) fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
