//! The demo links no Python: neither its library nor one of its symbols (rule R1).

use std::process::Command;

fn output(program: &str, arguments: &[&str]) -> String {
    let demo = env!("CARGO_BIN_EXE_demo");
    let output = Command::new(program).args(arguments).arg(demo).output().expect("binutils are installed");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn the_demo_needs_no_libpython() {
    let needed = output("readelf", &["-d"]);
    assert!(needed.contains("libc.so"), "expected a dynamic section but found {needed}");
    assert!(!needed.contains("libpython"), "{needed}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_demo_wants_no_symbol_of_python() {
    let wanted = output("nm", &["-D", "--undefined-only"]);
    let names: Vec<&str> = wanted.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert!(names.len() > 10, "expected a list of symbols but found {wanted}");
    let python: Vec<_> = names.iter().filter(|name| name.starts_with("Py") || name.starts_with("_Py")).collect();
    assert!(python.is_empty(), "{python:?}");
}
