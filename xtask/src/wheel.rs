//! The wheel: built once for each state of its sources, one for every interpreter, installed where it is needed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::env::Env;
use crate::tools::{Doing, Failure, Outcome, cargo, quiet, root, step, target};

/// What the wheel is made of, relative to the root.
const SOURCES: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "aria-array-bridge/Cargo.toml",
    "aria-array-bridge/python",
    "aria-array-bridge/src",
    "arrow",
    "dlpack",
];

/// Builds the wheel if its sources changed, and installs it if the environment has another.
pub(crate) fn install(env: &Env) -> Outcome<()> {
    let state = state()?;
    if env.noted("wheel").as_deref() == Some(&state) {
        return Ok(());
    }
    let wheel = built(env, &state)?;
    let mut pip = env.pip();
    pip.args(["--force-reinstall", "--no-deps"]).arg(&wheel);
    let name = env.dir.file_name().unwrap_or_default().to_string_lossy();
    step(format_args!("installing the wheel in {name}"))
        .run(&mut pip, "Remove the folder of the environment and run this again to start afresh.")?;
    env.note("wheel", &state)
}

/// The wheel of this state of the sources.
fn built(env: &Env, state: &str) -> Outcome<PathBuf> {
    let folder = target().join("wheels");
    let stamp = folder.join("state");
    if std::fs::read_to_string(&stamp).is_ok_and(|built| built == state)
        && let Some(wheel) = wheel_in(&folder)
    {
        return Ok(wheel);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).doing(|| format!("removing {}", folder.display()))?;
    }
    let mut maturin = env.program(env.interpreter());
    maturin.args(["-m", "maturin", "build", "--release", "--auditwheel", "skip", "--interpreter"]);
    maturin.arg(env.interpreter()).arg("--out").arg(&folder);
    // A folder of its own: beside cargo's other builds, PyO3 would be rebuilt at every switch.
    maturin.arg("--target-dir").arg(target().join("maturin"));
    maturin.current_dir(root().join("aria-array-bridge/python"));
    step("building the wheel (release; a minute or two the first time)")
        .run(&mut maturin, "The compiler's message stands above; `cargo check --workspace` finds the same faster.")?;
    let wheel =
        wheel_in(&folder).ok_or_else(|| Failure::new(format!("maturin left no wheel in {}", folder.display())))?;
    std::fs::write(&stamp, state).doing(|| format!("writing {}", stamp.display()))?;
    Ok(wheel)
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.extension().is_some_and(|ext| ext == "whl"))
}

/// A hash of every source file's name and text, and of the compiler's version.
fn state() -> Outcome<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&root().join(source), &mut files)?;
    }
    files.sort();
    let mut hash = DefaultHasher::new();
    for file in files {
        file.strip_prefix(root()).unwrap_or(&file).hash(&mut hash);
        std::fs::read(&file).doing(|| format!("reading {}", file.display()))?.hash(&mut hash);
    }
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    quiet(Command::new(rustc).arg("-vV")).doing(|| "asking rustc for its version".to_owned())?.output.hash(&mut hash);
    cargo().get_program().hash(&mut hash);
    Ok(format!("{:016x}", hash.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    if !path.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path).doing(|| format!("reading {}", path.display()))? {
        let path = entry.doing(|| format!("reading {}", path.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // What is made from sources, or by an editor beside them, is no source. `tests` are not in the wheel.
        let made =
            name.starts_with('.') || name.ends_with(".so") || ["__pycache__", "target", "tests"].contains(&&*name);
        if !made {
            collect(&path, files)?;
        }
    }
    Ok(())
}
