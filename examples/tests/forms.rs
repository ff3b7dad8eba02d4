//! The programs in their forms say the same: in Rust, in plain Python, and what the Aria form printed (`*.out`, which
//! `mini-aria`'s tests compare with the Aria form itself, and those of the C ABI, which link C programs, with the C forms).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const FORMS: [(&str, &str); 3] = [
    ("analyze_data", env!("CARGO_BIN_EXE_analyze_data")),
    ("optimise", env!("CARGO_BIN_EXE_optimise")),
    ("aria_ml", env!("CARGO_BIN_EXE_aria_ml")),
];

/// The environment's interpreter: `cargo xtask test` makes the environment.
fn python() -> PathBuf {
    let environment =
        env::var_os("VIRTUAL_ENV").expect("VIRTUAL_ENV names an environment with the package: see `cargo xtask test`");
    let (folder, name) = if cfg!(windows) { ("Scripts", "python.exe") } else { ("bin", "python3") };
    Path::new(&environment).join(folder).join(name)
}

fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

#[test]
fn rust_and_plain_python_print_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, program) in FORMS {
        let theirs = printed(Command::new(python()).arg(folder.join(format!("{name}.py"))));
        assert_eq!(printed(&mut Command::new(program)), theirs, "{name}");
        let aria = fs::read_to_string(folder.join(format!("{name}.out"))).unwrap();
        match (aria.trim().parse::<f64>(), theirs.trim().parse::<f64>()) {
            // The last bits are the machine's affair; the demonstration compares them where both ran.
            (Ok(aria), Ok(theirs)) => assert!((aria - theirs).abs() < 1e-9, "{name}: {aria} and {theirs}"),
            _ => assert_eq!(aria, theirs, "{name}"),
        }
    }
}

/// The demonstrations fail by their exit status when a hop copies, a bit differs or anything is left alive.
#[test]
fn the_demonstrations_end_well() {
    for program in [env!("CARGO_BIN_EXE_demo"), env!("CARGO_BIN_EXE_frames")] {
        let text = printed(&mut Command::new(program));
        let hops: Vec<&str> = text.lines().filter(|line| line.ends_with(" bytes copied")).collect();
        assert!(
            hops.len() >= 3 && hops.iter().all(|hop| hop.contains("|     view ") && hop.ends_with(" 0 bytes copied")),
            "{text}"
        );
        assert!(text.contains("0 alive"), "{text}");
    }
}
