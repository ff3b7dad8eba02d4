//! A library that a Python process loads, and that uses the Python it finds there. For `tests/host.rs`.

use aria_array_runtime::prelude::*;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Asks for another Python than the one that is there. Returns 0 if that is refused, and prints why.
// SAFETY: no other library of this process defines the symbol.
#[unsafe(no_mangle)]
pub extern "C" fn guest_asks_for_another() -> i32 {
    match Runtime::start(&Config::new().python("/nowhere")) {
        Err(error @ StartError::Occupied { .. }) => {
            println!("{error}");
            0
        }
        _ => 1,
    }
}

/// Prints what the report says is wrong with the Python that is there. Returns 0 if all went well.
// SAFETY: no other library of this process defines the symbol.
#[unsafe(no_mangle)]
pub extern "C" fn guest_reports() -> i32 {
    let Ok(runtime) = Runtime::start(&Config::from_env()) else { return 1 };
    for problem in runtime.report().problems {
        println!("{}; {}", problem.wrong, problem.fix);
    }
    0
}

/// Starts it, and does an operation. Returns 0 if all went well. Any thread, attached or not.
// SAFETY: no other library of this process defines the symbol.
#[unsafe(no_mangle)]
pub extern "C" fn guest_starts() -> i32 {
    let started = Runtime::start(&Config::new()).map_err(|error| error.to_string());
    let done = started.and_then(|runtime| {
        core::mem::forget(runtime); // Others use it.
        PyObject::import("sys").map(drop).map_err(|error| error.to_string())
    });
    done.map_or_else(|error| (eprintln!("{error}"), 1).1, |()| 0)
}

/// Uses Python, the one that `GUEST_PYTHON` names if it is set, and ends its own part. Returns 0 if all went well.
// SAFETY: no other library of this process defines the symbol.
#[unsafe(no_mangle)]
pub extern "C" fn guest_run() -> i32 {
    match run() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let config = match std::env::var_os("GUEST_PYTHON") {
        Some(python) => Config::new().python(python),
        None => Config::new(),
    };
    let runtime = Runtime::start(&config)?;
    let report = runtime.report();
    assert_eq!(report.from, "this process");
    let host = PyObject::import("__main__")?;
    host.setattr("greeting", "hello from the guest")?;
    assert_eq!(host.getattr("executable")?.str()?, report.executable.display().to_string());
    assert_eq!(PyObject::import("sys")?.getattr("prefix")?.str()?, report.prefix.display().to_string());
    let other = thread::spawn(|| PyObject::import("sys").map(drop));
    // Joining while attached would wait for itself: the caller may hold Python's lock.
    drop(other);
    runtime.end()?;
    host.setattr("after", "the end of a guest ends nothing")?;
    Ok(())
}

/// Objects that a thread drops while the host ends.
static STOCK: Mutex<Vec<PyObject>> = Mutex::new(Vec::new());

/// Leaves a thread behind that drops objects, one by one, until the process is gone.
// SAFETY: no other library of this process defines the symbol.
#[unsafe(no_mangle)]
pub extern "C" fn guest_leaves_a_dropper() -> i32 {
    let Ok(runtime) = Runtime::start(&Config::new()) else { return 1 };
    for _ in 0..20_000 {
        let Ok(object) = PyObject::from_val(1.5) else { return 2 };
        let Ok(mut stock) = STOCK.lock() else { return 3 };
        stock.push(object);
    }
    thread::spawn(move || {
        let _runtime = runtime;
        while let Some(object) = STOCK.lock().ok().and_then(|mut stock| stock.pop()) {
            drop(object);
            thread::sleep(Duration::from_micros(1));
        }
    });
    0
}
