//! The core module: which one is taken, and the table that it hands over (rule R1).
//!
//! The environment's `aria_array_bridge._core` whenever it fits, else `_core.abi3.so` beside the program; never
//! two. A file is opened and its table looked at before Python imports it, so one that does not fit is never run.

use crate::config::Config;
use crate::load::Api;
use crate::platform::{self, c_text, path_from_bytes};
use crate::script::run;
use aria_array_bridge::operations::{ABI, Operations, SYMBOL};
use std::env;
use std::ffi::CString;
use std::path::{Path, PathBuf};

/// What the file is called beside a program.
const BESIDE: &str = "_core.abi3.so";

/// The core module of this process.
pub(crate) struct Core {
    pub(crate) table: &'static Operations,
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

/// Finds the core module, checks it, and imports it; else where it was looked for, and why it was not taken.
///
/// # Safety
///
/// The thread is attached to the interpreter that `api` belongs to, which `started` says we have started.
pub(crate) unsafe fn load(api: &Api, config: &Config, started: bool) -> Result<Core, Vec<(String, String)>> {
    let mut tried = Vec::new();
    let mut names = Vec::new();
    for (number, path) in config.paths.iter().enumerate() {
        let (Ok(name), Some(path)) = (CString::new(format!("path{number}")), c_text(path.as_os_str())) else {
            continue;
        };
        names.push((name, path));
    }
    if started && !config.signals {
        names.push((c"plain_signals".to_owned(), CString::default()));
    }
    // SAFETY: attached: the caller's duty.
    match unsafe { run(api, include_str!("locate.py"), &names) } {
        Ok(path) if path.is_empty() => tried.push(("its environment".to_owned(), "it is not installed".to_owned())),
        Err(error) => tried.push(("its environment".to_owned(), error)),
        Ok(path) => {
            let path = path_from_bytes(&path);
            match table_of(&path) {
                // SAFETY: attached: the caller's duty.
                Ok(table) => return unsafe { import(api, table, path, false) },
                Err(why) => tried.push((path.display().to_string(), why)),
            }
        }
    }
    if let Some(path) = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(BESIDE))) {
        let table = if path.is_file() { table_of(&path) } else { Err("there is no such file".to_owned()) };
        match table {
            // SAFETY: attached: the caller's duty.
            Ok(table) => return unsafe { import(api, table, path, true) },
            Err(why) => tried.push((path.display().to_string(), why)),
        }
    }
    Err(tried)
}

/// # Safety
///
/// The thread is attached to the interpreter that `api` belongs to.
unsafe fn import(
    api: &Api,
    table: &'static Operations,
    path: PathBuf,
    beside: bool,
) -> Result<Core, Vec<(String, String)>> {
    let names = match c_text(path.as_os_str()) {
        Some(path) if beside => vec![(c"beside".to_owned(), path)],
        _ => Vec::new(),
    };
    // SAFETY: attached: the caller's duty.
    match unsafe { run(api, include_str!("import.py"), &names) } {
        Ok(version) => Ok(Core { table, path, version: String::from_utf8_lossy(&version).into_owned() }),
        Err(error) => Err(vec![(path.display().to_string(), error)]),
    }
}

/// Opens the file for good and looks at its table. The error says why it does not fit.
fn table_of(path: &Path) -> Result<&'static Operations, String> {
    // SAFETY: a file that is installed as part of this project: its initialisers are ours.
    let library = unsafe { platform::open_local(path) }.map_err(|error| error.to_string())?;
    let found = {
        // SAFETY: the symbol is ours, with this type in every version.
        let hand_over = unsafe { library.get::<unsafe extern "C" fn() -> *const Operations>(SYMBOL) };
        let older = |_| "expected an operations table but found none: it is older than this program".to_owned();
        // SAFETY: asks for nothing.
        hand_over.map_err(older).map(|hand_over| unsafe { hand_over() })
    };
    core::mem::forget(library); // Never closed.
    let table = found?;
    if table.is_null() {
        return Err("expected an operations table but found NULL".to_owned());
    }
    // SAFETY: non-null; this member is the same in every version.
    let size = unsafe { (*table).size };
    // SAFETY: as above.
    let abi = unsafe { (*table).abi };
    let wanted = size_of::<Operations>();
    if abi != ABI || size < wanted {
        return Err(format!(
            "expected operations version {ABI} with {wanted} bytes but found version {abi} with {size} bytes"
        ));
    }
    // SAFETY: non-null, of this version and at least this large; it lives as long as its library, which is never closed.
    let table = unsafe { &*table };
    if table.free_threaded != 0 {
        return Err("expected a build for a Python with its global lock but found one for free threading".to_owned());
    }
    Ok(table)
}
