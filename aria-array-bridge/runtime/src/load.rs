//! Loading the interpreter's library, and the functions that we need of it before the core module is there.
//!
//! A library is never closed again (rule R1): Python leaves threads, handlers and memory behind.

use crate::error::StartError;
use crate::platform::{self, Library};
use crate::probe::Facts;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::slice;
use std::path::PathBuf;

/// A Python object as the library hands it out. Never looked into.
pub(crate) type Py = *mut c_void;

/// `PyStatus` of `initconfig.h`, passed by value.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct PyStatus {
    pub(crate) kind: c_int,
    pub(crate) function: *const c_char,
    pub(crate) message: *const c_char,
    pub(crate) exitcode: c_int,
}

macro_rules! api {
    ($($name:ident: fn($($arg:ty),*) $(-> $result:ty)?;)*) => {
        /// Functions of the library, by their own names. All but the `PyConfig` ones are in the stable ABI.
        #[derive(Clone, Copy)]
        #[allow(non_snake_case, reason = "Python's names")]
        pub(crate) struct Api {
            $(pub(crate) $name: unsafe extern "C" fn($($arg),*) $(-> $result)?,)*
            /// The thread state that is attached, or NULL: `PyThreadState_GetUnchecked`, which has another name before 3.13.
            pub(crate) attached: unsafe extern "C" fn() -> *mut c_void,
        }

        impl Api {
            /// Finds all functions, or says which one is missing.
            fn find(library: &Library) -> Result<Api, &'static str> {
                Ok(Api {
                    // SAFETY: each is declared as Python's headers declare it, for every minor version that is let in.
                    $($name: *unsafe { library.get(stringify!($name)) }.map_err(|_| stringify!($name))?,)*
                    attached: ["PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet"]
                        .into_iter()
                        // SAFETY: as above; both names are declared alike.
                        .find_map(|name| unsafe { library.get(name) }.ok().map(|function| *function))
                        .ok_or("PyThreadState_GetUnchecked")?,
                })
            }
        }
    };
}

api! {
    Py_IsInitialized: fn() -> c_int;
    Py_GetVersion: fn() -> *const c_char;
    PyConfig_InitPythonConfig: fn(*mut c_void);
    PyConfig_SetBytesString: fn(*mut c_void, *mut *mut c_void, *const c_char) -> PyStatus;
    PyConfig_SetBytesArgv: fn(*mut c_void, isize, *const *const c_char) -> PyStatus;
    PyConfig_Clear: fn(*mut c_void);
    PyStatus_Exception: fn(PyStatus) -> c_int;
    Py_InitializeFromConfig: fn(*const c_void) -> PyStatus;
    Py_FinalizeEx: fn() -> c_int;
    PyEval_SaveThread: fn() -> *mut c_void;
    PyEval_RestoreThread: fn(*mut c_void);
    PyEval_GetBuiltins: fn() -> Py;
    PyEval_EvalCode: fn(Py, Py, Py) -> Py;
    PyGILState_Ensure: fn() -> c_int;
    PyGILState_Release: fn(c_int);
    PyGILState_GetThisThreadState: fn() -> *mut c_void;
    Py_CompileString: fn(*const c_char, *const c_char, c_int) -> Py;
    PyDict_New: fn() -> Py;
    PyDict_SetItemString: fn(Py, *const c_char, Py) -> c_int;
    PyDict_GetItemString: fn(Py, *const c_char) -> Py;
    PyUnicode_DecodeFSDefault: fn(*const c_char) -> Py;
    PyUnicode_EncodeFSDefault: fn(Py) -> Py;
    PyBytes_AsStringAndSize: fn(Py, *mut *mut c_char, *mut isize) -> c_int;
    PyErr_Clear: fn();
    Py_DecRef: fn(Py);
}

/// The library of an interpreter, open for good.
pub(crate) struct Loaded {
    pub(crate) api: Api,
    /// Where it came from; `None` when it was in the process already.
    pub(crate) path: Option<PathBuf>,
    /// `Py_GetVersion()`, which is `sys.version` of the library.
    pub(crate) version: String,
}

impl Loaded {
    fn new(library: Library, path: Option<PathBuf>) -> Result<Loaded, &'static str> {
        let api = Api::find(&library)?;
        // Never closed, so what was found stays valid.
        core::mem::forget(library);
        // SAFETY: may be called before the interpreter is initialized.
        let version = unsafe { (api.Py_GetVersion)() };
        // SAFETY: NUL-terminated text that lives as long as the library.
        let version = unsafe { CStr::from_ptr(version) }.to_string_lossy().into_owned();
        Ok(Loaded { api, path, version })
    }

    /// Says whether an interpreter runs in it.
    pub(crate) fn is_running(&self) -> bool {
        // SAFETY: may be called at any time.
        unsafe { (self.api.Py_IsInitialized)() != 0 }
    }
}

/// The Python that is in this process already, if there is one and its symbols are visible.
pub(crate) fn already_here() -> Option<Loaded> {
    Loaded::new(platform::process()?, None).ok()
}

/// Waits without the lock of the interpreter of this process, if this thread holds it.
pub(crate) fn detached(wait: impl FnOnce()) {
    let is_attached = |here: &Loaded| {
        // SAFETY: both may be called at any time by any thread. Before 3.12 the first may be another thread's.
        let [attached, own] =
            [here.api.attached, here.api.PyGILState_GetThisThreadState].map(|state_of| unsafe { state_of() });
        !own.is_null() && attached == own
    };
    let here = already_here().filter(Loaded::is_running);
    let Some(Loaded { api, .. }) = here.filter(is_attached) else { return wait() };
    // SAFETY: attached, as was just asked.
    let state = unsafe { (api.PyEval_SaveThread)() };
    wait();
    // SAFETY: the state that was saved, on its own thread, which is detached since.
    unsafe { (api.PyEval_RestoreThread)(state) };
}

/// Opens the interpreter's own library, and checks that it agrees with its standard library.
/// `named` is the one that the configuration names, which is taken and no other.
pub(crate) fn library(facts: &Facts, named: Option<&PathBuf>) -> Result<Loaded, StartError> {
    let python = || facts.executable.clone();
    let libraries = match named {
        Some(library) if !library.is_file() => {
            return Err(StartError::NoSuchLibrary { library: library.clone() });
        }
        Some(library) => slice::from_ref(library),
        None => &facts.libraries,
    };
    let mut wrong = None;
    for path in libraries {
        // SAFETY: a Python library, or at least a file of that name in the folders of an interpreter that the
        // user chose: its initialisers are as trustworthy as that interpreter, which has just been run.
        let opened = unsafe { platform::open(path) };
        let failed = |reason: String| StartError::Library { library: path.clone(), reason };
        let error = match opened.map(|library| Loaded::new(library, Some(path.clone()))) {
            Err(error) => failed(error.to_string()),
            Ok(Err(name)) => failed(format!("it has no function {name}")),
            Ok(Ok(loaded)) if loaded.version == facts.version => return Ok(loaded),
            Ok(Ok(loaded)) => {
                // It is loaded now, for all to see: a second one beside it would mix the two.
                return Err(StartError::Mismatch {
                    library: path.clone(),
                    found: loaded.version,
                    python: python(),
                    wanted: facts.version.clone(),
                });
            }
        };
        wrong.get_or_insert(error);
    }
    Err(wrong.unwrap_or_else(|| StartError::NoSharedLibrary { python: python(), looked: facts.looked.clone() }))
}
