//! The header and the list of symbols, written from the functions' own list. For `cargo xtask header`, and a test.

use crate::abi::Symbol;
use crate::failure::CODES;
use crate::py::array::FLAGS;
use crate::py::thread::STATES;
use crate::py::time::NO_OFFSET;
use crate::py::value::KINDS;
use crate::{sections, symbols};
use aria_array_runtime::{Op, UnaryOp};
use core::fmt::Write as _;

/// What stands before the functions.
const TOP: &str = "/*
 * aria_array_bridge.h: arrays and Python for compiled programs. C11 and C++17. Needs no other header of this project.
 *
 * Generated from the library's own list by `cargo xtask header`; do not edit.
 *
 * Numbers. An answer is >= 0; below 0 is an error, one of ARIA_ERR_...; a handle is NULL on error. What may be any number
 * is written to `out`. The error waits for its thread: aria_bridge_error_take. Where a function says so, NULL without an
 * error is for what there is not.
 *
 * Text. In: a pointer and a length in bytes, or -1 for NUL-terminated text; UTF-8. Out: NUL-terminated,
 * aria_bridge_text_len says how long, aria_bridge_text_release releases it.
 *
 * Handles. Whoever is given one releases it by its _release, or leaves the scope in which it came: aria_bridge_scope_enter.
 * What a function is given stays the caller's, but for arguments and definitions, which are consumed, also by an error.
 *
 * Twins. A function whose name ends in _or_exit answers directly, and ends the program with the traceback where it fails.
 *
 * Threads. Objects are used and released on any thread; arguments, arrays, errors and iterators by one thread at a time.
 */
#ifndef ARIA_ARRAY_BRIDGE_H
#define ARIA_ARRAY_BRIDGE_H

";

/// The types.
const TYPES: &str = "#ifdef __cplusplus
extern \"C\" {
#endif

/* A Python object. */
typedef struct AriaPy AriaPy;
/* Arguments of a call, items of a container, or a key. */
typedef struct AriaPyArgs AriaPyArgs;
/* An iterator. */
typedef struct AriaPyIter AriaPyIter;
/* One call of a function of the program; it lives until the function returns. */
typedef struct AriaPyCall AriaPyCall;
/* A function on its way to Python. */
typedef struct AriaPyDef AriaPyDef;
/* A module on its way to Python. */
typedef struct AriaPyModule AriaPyModule;
/* Which Python is wanted, and how it starts. */
typedef struct AriaPyConfig AriaPyConfig;
/* An error that was taken. */
typedef struct AriaBridgeError AriaBridgeError;

/* Ends a context of the program, or works on it. It does not unwind. */
typedef void (*AriaBridgeDrop)(void *context);
/* A function of the program. It does not unwind. */
typedef AriaPy *(*AriaPyFunction)(void *context, AriaPyCall *call);

/* A function of this library, for a compiler that declares it. */
typedef struct AriaBridgeSymbol {
    const char *name;
    /* One letter for each parameter: l int64_t, i int32_t, d double, p pointer. */
    const char *parameters;
    /* The letter of the result; v for none. */
    int32_t result;
} AriaBridgeSymbol;

/* The four words that Aria programs know of an array: element i lies at data + i * elem_size. */
typedef struct AriaNdHeader {
    void *data;
    int64_t length;
    int64_t capacity;
    int64_t elem_size;
} AriaNdHeader;

struct ArrowArray;
struct ArrowSchema;
struct DLManagedTensor;
struct DLManagedTensorVersioned;
";

/// A comment of at most 120 columns, or its lines.
fn comment(text: &str) -> String {
    let words = text.split_whitespace();
    let mut lines = vec![String::from("/*")];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() + 4 <= 120 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!(" * {word}")),
        }
    }
    lines.join("\n") + " */\n"
}

/// `type name`, where a pointer's star stands at the name.
fn declared(c: &str, name: &str) -> String {
    if c.ends_with('*') { format!("{c}{name}") } else { format!("{c} {name}") }
}

fn prototype(symbol: &Symbol) -> String {
    let parameters: Vec<String> = symbol.parameters.iter().map(|(name, c, _)| declared(c, name)).collect();
    let parameters = if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
    format!("{}({parameters});\n", declared(symbol.result.0, symbol.name))
}

/// The text of `include/aria_array_bridge.h`.
pub fn header() -> String {
    let mut text = String::from(TOP);
    text.push_str(include_str!("../../../spec/aria_nd_array.h"));
    text.push('\n');
    text.push_str(TYPES);
    let mut define = |name: &str, number: i32, about: &str| {
        let about = if about.is_empty() { String::new() } else { comment(about) };
        let _ = writeln!(text, "{about}#define {name} ({number})");
    };
    for (name, code, about) in CODES {
        define(name, code, about);
    }
    define("ARIA_ND_WRAP_READONLY", 1, "Flag of aria_nd_wrap: the memory is read-only.");
    for (name, flag, about) in FLAGS {
        define(name, flag, &format!("Flag of aria_nd_from_py. {about}"));
    }
    for (number, op) in Op::ALL.iter().enumerate() {
        let name = op.name().trim_end_matches('_').to_uppercase();
        define(&format!("ARIA_PY_{name}"), number as i32, if number == 0 { "Operators of aria_py_op." } else { "" });
    }
    for (number, op) in UnaryOp::ALL.iter().enumerate() {
        let about = if number == 0 { "Operators of aria_py_unary." } else { "" };
        define(&format!("ARIA_PY_{}", op.name().to_uppercase()), number as i32, about);
    }
    for (number, (name, _)) in KINDS.iter().enumerate() {
        define(
            &format!("ARIA_PY_KIND_{name}"),
            number as i32,
            if number == 0 { "Answers of aria_py_kind." } else { "" },
        );
    }
    for (name, number, about) in STATES {
        define(name, number, about);
    }
    define(
        "ARIA_PY_NO_OFFSET",
        NO_OFFSET,
        "The offset of a time of no known zone, in aria_py_from_time and aria_py_from_datetime and out of the others.",
    );
    for (title, entries) in sections() {
        let _ = write!(text, "\n/* {title}. */\n\n");
        for symbol in entries.iter().flat_map(crate::abi::Entry::symbols) {
            if !symbol.name.ends_with("_or_exit") {
                text.push_str(&comment(&symbol.doc));
            }
            text.push_str(&prototype(&symbol));
        }
    }
    text.push_str("\n#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n#endif /* ARIA_ARRAY_BRIDGE_H */\n");
    text
}

/// The text of `spec/symbols.csv`.
pub fn table() -> String {
    let mut text = String::from("symbol,parameters,result\n");
    for symbol in symbols() {
        let kinds: String = symbol.parameters.iter().map(|(_, _, kind)| kind).collect();
        let _ = writeln!(text, "{},{kinds},{}", symbol.name, symbol.result.1);
    }
    text
}
