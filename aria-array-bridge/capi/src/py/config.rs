//! Which Python is wanted, and how it starts, said one thing after another.

use super::life::start;
use crate::abi::{abi, c_types};
use crate::failure::Failure;
use crate::handle::{Handle, Made, Opaque};
use crate::text::TextIn;
use aria_array_runtime::Config;
use core::mem;

/// A configuration on its way to the start.
pub(crate) struct Builder {
    config: Config,
    /// `sys.argv`, if it is not the program's own.
    argv: Vec<String>,
    /// The first thing that was said wrong.
    failed: Option<Failure>,
}

impl Opaque for Builder {
    const WHAT: &'static str = "a configuration";
}

c_types! {
    Handle<Builder> = "AriaPyConfig *" 'p';
    *mut Builder = "AriaPyConfig *" 'p';
}

fn change(config: Handle<Builder>, work: impl FnOnce(Config) -> Result<Config, Failure>) {
    // NULL was refused where it came from: the start says so again.
    let _ = config.with(|builder| match work(mem::take(&mut builder.config)) {
        Ok(config) => builder.config = config,
        Err(failure) => {
            builder.failed.get_or_insert(failure);
        }
    });
}

abi! {
    /// Begins a configuration that is aria_py_start's: ARIA_PYTHON, VIRTUAL_ENV and PATH say which Python, and sys.argv has
    /// the program's arguments. What is said wrong from here on is told by aria_py_start_config.
    tries fn aria_py_config_new or aria_py_config_new_or_exit() -> Made<Builder> {
        Ok(Made(Builder { config: Config::from_env(), argv: Vec::new(), failed: None }))
    }

    /// Takes this Python and no other, as aria_py_start_with does.
    plain fn aria_py_config_python(config: Handle<Builder>, python: TextIn, python_len: i64) {
        change(config, |config| Ok(config.python(python.get(python_len)?)));
    }

    /// Opens this file as the interpreter's library, and no other; it must be of the interpreter's very version. In a process
    /// that runs Python already it says nothing.
    plain fn aria_py_config_libpython(config: Handle<Builder>, library: TextIn, library_len: i64) {
        change(config, |config| Ok(config.libpython(library.get(library_len)?)));
    }

    /// With 1 Python starts isolated, as `python -I`: it reads none of its own variables, such as PYTHONPATH, and has no
    /// user's folder of packages. Which Python is taken stays as configured.
    plain fn aria_py_config_isolated(config: Handle<Builder>, isolated: i32) {
        change(config, |config| Ok(config.isolated(isolated != 0)));
    }

    /// With 1 Ctrl-C raises KeyboardInterrupt, and aria_py_check_signals asks for it.
    plain fn aria_py_config_signals(config: Handle<Builder>, signals: i32) {
        change(config, |config| Ok(config.signals(signals != 0)));
    }

    /// Adds to sys.argv, whose first is the program's name. With none, it has the program's own arguments.
    plain fn aria_py_config_arg(config: Handle<Builder>, arg: TextIn, arg_len: i64) {
        let _ = config.with(|builder| match arg.get(arg_len) {
            Ok(arg) => builder.argv.push(arg.to_owned()),
            Err(failure) => {
                builder.failed.get_or_insert(failure);
            }
        });
    }

    /// Puts a folder in front of sys.path, behind those that were put there before.
    plain fn aria_py_config_path(config: Handle<Builder>, folder: TextIn, folder_len: i64) {
        change(config, |config| Ok(config.path(folder.get(folder_len)?)));
    }

    /// Starts Python, as aria_py_start does. Consumes the configuration.
    tries fn aria_py_start_config or aria_py_start_config_or_exit(config: Handle<Builder>) {
        let Builder { config, argv, failed } = *config.take()?;
        match failed {
            Some(failure) => Err(failure),
            None if argv.is_empty() => start(&config),
            None => start(&config.argv(argv)),
        }
    }

    /// Releases a configuration that nothing was started by. NULL is fine.
    plain fn aria_py_config_release(config: Handle<Builder>) {
        drop(config.take());
    }
}
