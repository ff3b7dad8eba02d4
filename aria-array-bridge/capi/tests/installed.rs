//! The library as it is installed: header, archive or cdylib, and a pkg-config file that finds them.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use support::{ended_well, include, library, succeed, written};

const PROGRAM: &str = "#include <aria_array_bridge.h>\n\
    int main(void) { return aria_bridge_abi() == (ARIA_ND_ABI_MAJOR << 16 | ARIA_ND_ABI_MINOR) ? 0 : 1; }\n";

/// A prefix with the library in this form.
fn installed(form: &str) -> PathBuf {
    let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("prefix of {form}").replace(' ', "-"));
    let put = |from: PathBuf, to: &str| {
        let to = prefix.join(to);
        fs::create_dir_all(to.parent().expect("a folder")).expect("the folder for tests can be written");
        fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    };
    put(include().join("aria_array_bridge.h"), "include/aria_array_bridge.h");
    put(include().join("../aria-array-bridge.pc"), "lib/pkgconfig/aria-array-bridge.pc");
    put(library(form), &format!("lib/{form}"));
    prefix
}

/// What pkg-config answers.
fn pkg_config(prefix: &Path, questions: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(questions).arg("aria-array-bridge");
    succeed(&mut command).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn pkg_config_finds_the_archive_and_the_dynamic_library() {
    let source = written("installed.c", PROGRAM);
    for (form, questions) in [
        ("libaria_array_capi.a", &["--cflags", "--libs", "--static"][..]),
        ("libaria_array_capi.so", &["--cflags", "--libs"]),
    ] {
        let prefix = installed(form);
        assert_eq!(pkg_config(&prefix, &["--modversion"]), [env!("CARGO_PKG_VERSION")]);
        let program = prefix.join("program");
        let mut compile = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
        succeed(compile.arg(&source).args(pkg_config(&prefix, questions)).arg("-o").arg(&program));
        ended_well(Command::new(program).env("LD_LIBRARY_PATH", prefix.join("lib")));
    }
}
