//! Starting the interpreter through the config API, with `executable` and `argv` set.

use crate::config::Config;
use crate::error::StartError;
use crate::layout::{ConfigLayout, RawConfig, layout};
use crate::load::{Api, PyStatus};
use crate::platform::c_text;
use crate::probe::Facts;
use core::ffi::CStr;
use core::ffi::c_char;
use std::ffi::{CString, OsStr};

/// Refuses by name what cannot be started, before anything of it is loaded.
pub(crate) fn suitable(facts: &Facts) -> Result<&'static ConfigLayout, StartError> {
    let python = || facts.executable.clone();
    if facts.implementation != "cpython" || facts.bits != usize::BITS {
        let found = format!("{} with {} bits", facts.implementation, facts.bits);
        return Err(StartError::OtherPython { python: python(), found });
    }
    if facts.free_threaded {
        return Err(StartError::FreeThreaded { python: python() });
    }
    let (major, minor, _) = facts.numbers;
    layout(major, minor).ok_or_else(|| StartError::UnknownVersion { python: python(), major, minor })
}

/// Starts the interpreter on this thread, which is attached afterwards and is Python's main thread.
pub(crate) fn start(api: &Api, facts: &Facts, layout: &ConfigLayout, config: &Config) -> Result<(), StartError> {
    let mut raw = RawConfig::new();
    // SAFETY: room for any `PyConfig`, aligned for it; the function may be called before anything else.
    unsafe { (api.PyConfig_InitPythonConfig)(raw.as_mut_ptr()) };
    let result = match raw.unlike(layout) {
        Some(member) => Err(StartError::ConfigShape { version: facts.version.clone(), member }),
        None => configure(api, facts, layout, config, &mut raw).and_then(|()| {
            // SAFETY: initialized and configured above; no interpreter runs: the caller has looked, under its lock.
            check(api, unsafe { (api.Py_InitializeFromConfig)(raw.as_mut_ptr()) })
        }),
    };
    // SAFETY: initialized above; what it points to belongs to it.
    unsafe { (api.PyConfig_Clear)(raw.as_mut_ptr()) };
    result
}

fn configure(
    api: &Api,
    facts: &Facts,
    layout: &ConfigLayout,
    config: &Config,
    raw: &mut RawConfig,
) -> Result<(), StartError> {
    raw.set_int(layout.install_signal_handlers, config.signals.into());
    raw.set_int(layout.parse_argv, 0);
    if config.isolated {
        // Before the first text is set: setting one decides what is read of the environment.
        raw.set_int(layout.isolated, 1);
        raw.set_int(layout.use_environment, 0);
        raw.set_int(layout.user_site_directory, 0);
    }
    let executable = text(facts.executable.as_os_str())?;
    let member = raw.member(layout.executable);
    // SAFETY: an initialized config, the address of a `wchar_t *` in it (the layout agrees, see `unlike`), and text.
    check(api, unsafe { (api.PyConfig_SetBytesString)(raw.as_mut_ptr(), member, executable.as_ptr()) })?;
    let argv = config.argv.iter().map(|arg| text(arg)).collect::<Result<Vec<CString>, _>>()?;
    let pointers: Vec<*const c_char> = argv.iter().map(|arg| arg.as_ptr()).collect();
    // SAFETY: an initialized config, and as many texts as it is told, which it copies. A `Vec`'s length fits in isize.
    check(api, unsafe { (api.PyConfig_SetBytesArgv)(raw.as_mut_ptr(), pointers.len() as isize, pointers.as_ptr()) })
}

fn text(text: &OsStr) -> Result<CString, StartError> {
    c_text(text).ok_or_else(|| StartError::Python {
        message: format!("expected text without a NUL but found {}", text.to_string_lossy()),
    })
}

fn check(api: &Api, status: PyStatus) -> Result<(), StartError> {
    // SAFETY: a status that the library has just returned.
    if unsafe { (api.PyStatus_Exception)(status) } == 0 {
        return Ok(());
    }
    let say = |text: *const c_char| {
        if text.is_null() {
            return None;
        }
        // SAFETY: a status points to static NUL-terminated text, or to none.
        Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    };
    let message = say(status.message).unwrap_or_else(|| format!("exit with status {}", status.exitcode));
    let message = match say(status.function) {
        Some(function) => format!("{function}: {message}"),
        None => message,
    };
    Err(StartError::Python { message })
}
