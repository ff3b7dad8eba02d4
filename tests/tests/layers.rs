//! What crates depend on, as cargo says it: each on what ARCHITECTURE.md lets it, and the lower ones on no system.

use aria_array_tests::root;
use std::collections::BTreeSet;
use std::process::Command;

/// Names of the packages that a crate is built with for a target, itself among them.
fn tree(folder: &str, target: &str) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    tree.args(["--target", target, "--manifest-path"]).arg(root().join(folder).join("Cargo.toml"));
    let tree = tree.output().expect("cargo runs");
    assert!(tree.status.success(), "{folder}: {}", String::from_utf8_lossy(&tree.stderr));
    let names = String::from_utf8_lossy(&tree.stdout);
    names.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// A crate's folder, its name, and those of ours that it may use.
const LOWER: [(&str, &str, &[&str]); 3] = [
    ("dlpack", "aria-dlpack", &[]),
    ("arrow", "aria-arrow", &[]),
    ("aria-array-bridge", "aria-array-bridge", &["aria-dlpack", "aria-arrow"]),
];

/// What only a system has, or Python: `cargo xtask wasm` builds the crates without them.
#[test]
fn arrays_and_their_interchange_depend_on_no_system_and_no_python() {
    for (folder, name, below) in LOWER {
        let tree = tree(folder, "wasm32-unknown-unknown");
        let ours: BTreeSet<&str> = tree.iter().map(String::as_str).filter(|name| name.starts_with("aria-")).collect();
        assert_eq!(ours, below.iter().copied().chain([name]).collect(), "{folder}");
        for part in ["pyo3", "python", "libloading", "libc", "windows", "wasm-bindgen", "js-sys"] {
            let found: Vec<_> = tree.iter().filter(|name| name.contains(part)).collect();
            assert!(found.is_empty(), "{folder}: {found:?}");
        }
    }
}

/// What makes the test above mean something.
#[test]
fn a_crate_that_depends_on_a_system_or_on_python_is_found_out() {
    assert!(tree("aria-array-bridge", "x86_64-unknown-linux-gnu").contains("libc"));
    assert!(tree("aria-array-bridge/runtime", "wasm32-unknown-unknown").contains("libloading"));
    assert!(tree("aria-array-bridge/python", "wasm32-unknown-unknown").contains("pyo3"));
}
