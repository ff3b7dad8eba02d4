//! Unix: `dlopen` with global symbols; paths are bytes.

pub(crate) use libloading::os::unix::Library;

use libloading::os::unix::{RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Names of an interpreter's executable, the best first.
pub(crate) const PYTHON_NAMES: &[&str] = &["python3", "python"];
/// The folder of a virtual environment in which the interpreter lies.
pub(crate) const SCRIPTS: &str = "bin";

/// Opens a library with its symbols visible to all: extension modules look for Python's there.
///
/// # Safety
///
/// The library's initialisers are sound to run.
pub(crate) unsafe fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: the caller's duty.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) }
}

/// Opens a library with its symbols visible to those alone who look into it.
///
/// # Safety
///
/// The library's initialisers are sound to run.
pub(crate) unsafe fn open_local(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: the caller's duty.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
}

/// The symbols that are visible to all in this process.
pub(crate) fn process() -> Option<Library> {
    Some(Library::this())
}

/// Text for C, in the file system's encoding. `None` if it contains a NUL.
pub(crate) fn c_text(text: &OsStr) -> Option<CString> {
    CString::new(text.as_bytes()).ok()
}

/// A path from the bytes that `os.fsencode` made.
pub(crate) fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}
