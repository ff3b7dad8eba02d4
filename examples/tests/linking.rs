//! The programs link no Python: neither its library nor one of its symbols (rule R1).

use std::process::Command;

const PROGRAMS: [&str; 5] = [
    env!("CARGO_BIN_EXE_demo"),
    env!("CARGO_BIN_EXE_frames"),
    env!("CARGO_BIN_EXE_analyze_data"),
    env!("CARGO_BIN_EXE_optimise"),
    env!("CARGO_BIN_EXE_aria_ml"),
];

fn output(program: &str, arguments: &[&str], of: &str) -> String {
    let output = Command::new(program).args(arguments).arg(of).output().expect("binutils are installed");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn the_programs_need_no_libpython() {
    for program in PROGRAMS {
        let needed = output("readelf", &["-d"], program);
        assert!(needed.contains("libc.so"), "expected a dynamic section but found {needed}");
        assert!(!needed.contains("libpython"), "{needed}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_programs_want_no_symbol_of_python() {
    for program in PROGRAMS {
        let wanted = output("nm", &["-D", "--undefined-only"], program);
        let names: Vec<&str> = wanted.lines().filter_map(|line| line.split_whitespace().last()).collect();
        assert!(names.len() > 10, "expected a list of symbols but found {wanted}");
        let python: Vec<_> = names.iter().filter(|name| name.starts_with("Py") || name.starts_with("_Py")).collect();
        assert!(python.is_empty(), "{python:?}");
    }
}
