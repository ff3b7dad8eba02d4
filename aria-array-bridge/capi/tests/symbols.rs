//! What the libraries export and want, beside the committed list and the committed header.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use support::{LANGUAGES, build, ended_well, include, library, root, succeed, written};

/// The names of `spec/symbols.csv`.
fn stated() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("spec/symbols.csv")).expect("the list is committed");
    text.lines().skip(1).map(|line| line.split(',').next().unwrap_or_default().to_owned()).collect()
}

/// The symbols that `nm` lists, without what stands before them.
fn symbols(arguments: &[&str], name: &str) -> Vec<String> {
    let text = succeed(Command::new("nm").args(arguments).arg(library(name)));
    // An archive's members have lines of their own, which end in a colon.
    let names = text.lines().filter_map(|line| line.split_whitespace().last());
    names.filter(|name| !name.ends_with(':')).map(str::to_owned).collect()
}

#[test]
fn the_header_and_the_list_are_what_the_code_says() {
    let found = |path| fs::read_to_string(path).expect("it is committed");
    let advice = "it is generated; fix: cargo xtask header";
    assert!(found(include().join("aria_array_bridge.h")) == aria_array_capi::header::header(), "the header: {advice}");
    assert!(found(root().join("spec/symbols.csv")) == aria_array_capi::header::table(), "spec/symbols.csv: {advice}");
}

#[test]
fn every_name_has_a_prefix_of_ours_and_none_frees() {
    for name in stated() {
        assert!(["aria_py_", "aria_nd_", "aria_bridge_"].iter().any(|prefix| name.starts_with(prefix)), "{name}");
        assert!(!name.ends_with("_free"), "{name}");
    }
}

/// Sanitizers aside, the dynamic library exports these and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn the_libraries_export_what_is_listed() {
    let dynamic: BTreeSet<String> = symbols(&["-D", "--defined-only"], "libaria_array_capi.so").into_iter().collect();
    assert_eq!(dynamic, stated());
    let archive: BTreeSet<String> = symbols(&["--defined-only", "--extern-only"], "libaria_array_capi.a")
        .into_iter()
        .filter(|name| name.starts_with("aria_"))
        .collect();
    assert_eq!(archive, stated());
}

#[cfg(target_os = "linux")]
#[test]
fn the_libraries_want_no_symbol_of_python() {
    for (arguments, name) in
        [(["-D", "--undefined-only"], "libaria_array_capi.so"), (["--undefined-only", "-g"], "libaria_array_capi.a")]
    {
        let wanted = symbols(&arguments, name);
        assert!(wanted.len() > 10, "{name}: {wanted:?}");
        let python: Vec<_> = wanted.iter().filter(|name| name.starts_with("Py") || name.starts_with("_Py")).collect();
        assert!(python.is_empty(), "{name}: {python:?}");
    }
}

/// What Aria's own C runtime defines: an array of four words and its functions, and whatever else begins with `aria_`.
const RUNTIME: &str = r#"
#include <stdint.h>
typedef struct AriaArray { void *data; int64_t length, capacity, elem_size; } AriaArray;
typedef struct AriaString { char *data; int64_t length; } AriaString;
#define FUNCTION(name) int64_t name(void); int64_t name(void) { return 1; }
FUNCTION(aria_array_new) FUNCTION(aria_array_free) FUNCTION(aria_array_push_int) FUNCTION(aria_array_push_float)
FUNCTION(aria_array_get_int) FUNCTION(aria_array_get_float) FUNCTION(aria_array_set_int) FUNCTION(aria_array_set_float)
FUNCTION(aria_array_length) FUNCTION(aria_array_from_py) FUNCTION(aria_array_wrap) FUNCTION(aria_array_retain)
FUNCTION(aria_array_release) FUNCTION(aria_array_reserve) FUNCTION(aria_array_copy) FUNCTION(aria_main) FUNCTION(aria_panic)
FUNCTION(aria_print_int) FUNCTION(aria_print_float) FUNCTION(aria_alloc) FUNCTION(aria_string_concat)
#include "aria_array_bridge.h"
#include "aria_array_bridge.h"
int main(void)
{
    AriaArray array = {0, 0, 0, 8};
    AriaString string = {0, 0};
    (void)string;
    return (int)array.length + (int)aria_array_new() - 1 + aria_bridge_error_pending();
}
"#;

#[test]
fn the_runtime_of_aria_has_other_names() {
    let clash: Vec<_> = stated().into_iter().filter(|name| name.starts_with("aria_array_")).collect();
    assert!(clash.is_empty(), "{clash:?}");
    let source = written("runtime_names.c", RUNTIME);
    for language in LANGUAGES {
        ended_well(&mut Command::new(build(language, &source, &[])));
    }
}

/// A compiler's loop over the table, which prints the committed list.
const LOOP: &str = r#"
#include "aria_array_bridge.h"
#include <stdio.h>
int main(void)
{
    const AriaBridgeSymbol *symbols = aria_bridge_symbols();
    printf("symbol,parameters,result\n");
    for (int64_t i = 0; i < aria_bridge_symbols_len(); i++)
        printf("%s,%s,%c\n", symbols[i].name, symbols[i].parameters, (char)symbols[i].result);
    return 0;
}
"#;

#[test]
fn a_compiler_loops_over_the_symbols() {
    let printed = ended_well(&mut Command::new(build(LANGUAGES[0], &written("symbols.c", LOOP), &[])));
    assert_eq!(printed, fs::read_to_string(root().join("spec/symbols.csv")).expect("the list is committed"));
}

#[test]
fn the_struct_in_the_header_is_the_one_in_the_spec() {
    let source = "#include \"aria_nd_array.h\"\n#include \"aria_array_bridge.h\"\n\
                  int main(void) { return sizeof(AriaNdArray) == 136 && sizeof(AriaNdHeader) == 32 ? 0 : 1; }\n";
    let spec = format!("-I{}", root().join("spec").display());
    for language in LANGUAGES {
        ended_well(&mut Command::new(build(language, &written("both.c", source), &[&spec])));
    }
}

#[test]
fn every_function_is_called_by_a_program() {
    let mut programs = String::new();
    for folder in ["aria-array-bridge/capi/tests/c", "examples/c"] {
        for entry in fs::read_dir(root().join(folder)).expect("the programs are there") {
            programs.push_str(&fs::read_to_string(entry.expect("a file").path()).expect("a program"));
        }
    }
    programs.push_str(LOOP);
    programs.push_str(include_str!("installed.rs"));
    let calls = |name: &str| programs.contains(&format!("{name}("));
    let missing: Vec<_> = stated()
        .into_iter()
        // A twin is the function and the end of the program, made by the macro; either of them is enough.
        .filter(|name| !name.ends_with("_or_exit") && !calls(name) && !calls(&format!("{name}_or_exit")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
