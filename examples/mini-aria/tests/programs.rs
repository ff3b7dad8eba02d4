//! Programs with Python, each run by the interpreter as a process of its own: what is printed, and how it ends.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The interpreter, in the environment that `cargo xtask test` makes.
fn mini_aria() -> Command {
    assert!(
        std::env::var_os("VIRTUAL_ENV").is_some(),
        "VIRTUAL_ENV names an environment with the package, pandas and scikit-learn: `cargo xtask test` makes one"
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_mini-aria"));
    // It would hide output that is lost.
    command.stdin(Stdio::null()).env_remove("PYTHONUNBUFFERED");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

/// Runs a program that the example folder has.
fn example(name: &str) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the examples");
    mini_aria().current_dir(folder).arg(format!("{name}.aria")).output().expect("the interpreter starts")
}

/// Writes a program under this name and runs it.
fn run(name: &str, program: &str) -> Output {
    let (folder, file) = (PathBuf::from(env!("CARGO_TARGET_TMPDIR")), format!("{name}.aria"));
    fs::write(folder.join(&file), program).expect("the program is written");
    mini_aria().current_dir(folder).arg(file).output().expect("the interpreter starts")
}

/// What a program prints that must end well.
fn prints(name: &str, program: &str) -> String {
    ended_well(&run(name, program))
}

fn ended_well(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Asserts that an example prints what lies beside it, and nothing among the errors.
fn prints_what_lies_beside_it(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the examples").join(format!("{name}.out"));
    let wanted = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let output = example(name);
    assert_eq!(ended_well(&output), wanted, "{name}");
    assert_eq!(text(&output.stderr), "", "{name}");
}

#[test]
fn the_milestone_program_runs_as_it_is() {
    prints_what_lies_beside_it("analyze_data");
}

#[test]
fn the_optimiser_runs_as_it_is() {
    prints_what_lies_beside_it("optimise");
}

#[test]
fn the_exported_module_runs_as_it_is() {
    prints_what_lies_beside_it("aria_ml");
}

#[test]
fn the_column_of_a_frame_runs_as_it_is() {
    prints_what_lies_beside_it("frames");
}

#[test]
fn a_session_with_pandas_runs_as_it_is() {
    prints_what_lies_beside_it("sessions/pandas");
}

#[test]
fn a_session_with_scipy_runs_as_it_is() {
    prints_what_lies_beside_it("sessions/scipy");
}

#[test]
fn a_session_with_scikit_learn_runs_as_it_is() {
    prints_what_lies_beside_it("sessions/sklearn");
}

#[test]
fn an_exception_that_nobody_takes_names_the_line_and_ends_the_program() {
    let output = run(
        "uncaught",
        "extern Python from json as json\n\nfn read(text: String)\n  json.loads(text)\nend\n\nfn main\n  read(\"{\")\nend\n",
    );
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines[0], "Traceback (most recent call last):", "{errors}");
    let place = |line: &str, words: &str| {
        let at = lines.iter().position(|found| *found == line).unwrap_or_else(|| panic!("no {line}\n{errors}"));
        assert_eq!(lines[at + 1], format!("    {words}"), "{errors}");
        at
    };
    let outer = place("  File \"uncaught.aria\", line 8, in main", "read(\"{\")");
    let inner = place("  File \"uncaught.aria\", line 4, in read", "json.loads(text)");
    assert!(outer < inner, "{errors}");
    assert!(lines.last().unwrap().starts_with("json.decoder.JSONDecodeError: Expecting property name"), "{errors}");
}

#[test]
fn an_error_of_aria_comes_back_through_python_as_itself() {
    let output = run(
        "through",
        "extern Python from builtins as py\n\nfn refuse(x)\n  raise AriaError(\"no \" + str(x))\nend\n\n\
         result = try_py do\n  py.list(py.map(refuse, 1..3))\nend\nprintln(result.kind, result.message)\n\
         py.sorted((2, 1), key: refuse)\n",
    );
    assert_eq!(text(&output.stdout), "AriaError no 1\n");
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("line 4, in refuse") && errors.contains("raise AriaError(\"no \" + str(x))"), "{errors}");
    assert!(errors.trim_end().ends_with("AriaError: no 2"), "{errors}");
}

#[test]
fn a_syntax_error_names_the_file_and_nothing_runs() {
    let output = run("syntax", "println(1)\nx = (1 +* 2)\n");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        "syntax.aria: SyntaxError: line 2, column 9: expected an expression but found `*`\n"
    );
}

#[test]
fn an_array_of_the_program_is_the_array_of_numpy() {
    let program = "extern Python from numpy as np\n\
        b = np.array([1.0, 2.0, 3.0])\na: Array<Float> = Array.from(b)\nb[0] = 5.0\nprintln(a[0])\n\
        c = np.asarray(a)\nprintln(np.shares_memory(b, c))\n\
        for x in b[1..]\n  println(x * 2.0)\nend\n\
        a[0] = 1.0\nprintln(a[0], b[0])\n\
        own = [1.0, 2.0]\nview = np.asarray(own)\nprintln(np.shares_memory(view, own.to_numpy), view.flags.writeable)\n";
    assert_eq!(prints("shared", program), "5.0\ntrue\n4.0\n6.0\n1.0 5.0\ntrue true\n");
}

#[test]
fn a_type_is_a_request_that_never_copies() {
    let program = "extern Python from numpy as np\n\
        fn total(x: Array<Float>) -> Float\n  x.sum\nend\n\
        println(total(np.arange(4.0)))\n\
        for bad in (np.arange(4), np.ones(4).reshape(2, 2), \"text\")\n\
        \x20 refused = try_py do\n    total(bad)\n  end\n  println(refused.kind)\nend\n\
        refused = try_py do\n  total(np.arange(4))\nend\nprintln(\"float64\" in refused.message, \"int64\" in refused.message)\n";
    let printed = prints("request", program);
    assert_eq!(
        printed,
        "6.0\naria_array_bridge.ConversionError\naria_array_bridge.ConversionError\nTypeError\ntrue true\n"
    );
}

#[test]
fn a_list_may_change_while_python_calls_back() {
    let program = "extern Python from builtins as py\n\
        seen = []\nfn note(x)\n  seen.push(x)\n  println(seen.len)\n  0 - x\nend\n\
        println(py.sorted((1, 3, 2), key: note), seen)\n\
        for x in seen\n  if seen.len < 5\n    py.list(py.map(|y| seen.push(y), (x,)))\n  end\nend\nprintln(seen.len)\n";
    assert_eq!(prints("reenter", program), "1\n2\n3\n[3, 2, 1] [1, 3, 2]\n5\n");
}

#[test]
fn a_warning_points_at_the_line() {
    let output = run("warned", "extern Python from warnings as warnings\n\nwarnings.warn(\"look\")\n");
    ended_well(&output);
    let errors = text(&output.stderr);
    assert!(errors.contains("warned.aria:3: UserWarning: look"), "{errors}");
}

#[test]
fn ctrl_c_and_exit_go_through_try_py() {
    let interrupted = run(
        "interrupted",
        "extern Python from signal as signal\nx = try_py do\n  signal.raise_signal(2)\nend\nprintln(\"went on\")\n",
    );
    assert_eq!((text(&interrupted.stdout).as_str(), interrupted.status.code()), ("", Some(130)));
    let ended =
        run("ended", "extern Python from sys as sys\nx = try_py do\n  sys.exit(3)\nend\nprintln(\"went on\")\n");
    assert_eq!((text(&ended.stdout).as_str(), ended.status.code()), ("", Some(3)));
}

#[test]
fn another_thread_cannot_call_a_function_of_the_program() {
    let program = "extern Python from concurrent.futures as futures\n\
        pool = futures.ThreadPoolExecutor(1)\n\
        refused = try_py do\n  pool.submit(|x| x, 1).result()\nend\npool.shutdown()\n\
        println(refused.kind, \"on the thread that made it\" in refused.message)\n";
    assert_eq!(prints("threads", program), "RuntimeError true\n");
}

#[test]
fn a_program_without_python_loads_none() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("alone.aria");
    fs::write(&file, "println(1 + 1)\n").expect("the program is written");
    let nowhere = |file: &Path| mini_aria().env("ARIA_PYTHON", "/nowhere/python").arg(file).output().unwrap();
    assert_eq!(ended_well(&nowhere(&file)), "2\n");
    fs::write(&file, "extern Python from math\n").expect("the program is written");
    let output = nowhere(&file);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("StartError") && errors.contains("/nowhere/python"), "{errors}");
}

/// Types at a prompt on a terminal of its own: each argument when the one before was answered, which ends in a prompt.
/// Ctrl-C is pressed until it is answered: the system may hand it over before the prompt waits for input.
#[cfg(unix)]
const TYPIST: &str = r#"
import os, pty, select, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:2])
def answer(ends, again=b""):
    text = b""
    while not text.endswith(ends):
        if select.select([terminal], [], [], 2 if again else 60)[0]:
            text += os.read(terminal, 1000)
        elif again:
            os.write(terminal, again)
        else:
            sys.exit(f"expected {ends} but found {text}")
    return text
said = [answer((b"aria> ",))]
for typed in sys.argv[2:]:
    stops = typed == "^C"
    keys = b"\x03" if stops else typed.encode() + b"\n"
    os.write(terminal, keys)
    said.append(answer((b"KeyboardInterrupt\r\naria> ",) if stops else (b"aria> ", b"....> "), keys if stops else b""))
os.write(terminal, b"\x04")
sys.stdout.buffer.write(b"".join(said).replace(b"\r\n", b"\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

/// Ctrl-C at a prompt drops what was typed, as Python's own prompt does.
#[cfg(unix)]
#[test]
fn ctrl_c_at_a_prompt_drops_the_open_lines_alone() {
    let python = PathBuf::from(std::env::var_os("VIRTUAL_ENV").expect("an environment")).join("bin/python");
    let lines = ["extern Python from builtins as py", "py.len([1, nil])", "fn open(a)", "^C", "1 + 1"];
    let mut typist = Command::new(python);
    typist.args(["-c", TYPIST, env!("CARGO_BIN_EXE_mini-aria")]).args(lines).stdin(Stdio::null());
    let said = ended_well(&typist.output().expect("the interpreter starts"));
    let (before, after) = said.split_once("....> ").unwrap_or_else(|| panic!("{said}"));
    let answered = format!("aria> {}\naria> {}\n2\naria> {}\n", lines[0], lines[1], lines[2]);
    assert_eq!(before, answered, "{said}");
    assert!(after.contains("KeyboardInterrupt\naria> ") && after.ends_with("aria> 1 + 1\n2\naria> "), "{said}");
}

#[test]
fn a_prompt_goes_on_after_errors_and_over_open_lines() {
    let mut child = mini_aria()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    let lines = "1 + 1\nfn twice(x)\n  2 * x\nend\ntwice(4)\nnope\n1 +* 2\nextern Python from math as math\nmath.sqrt(\n\
                 twice(8)\n)\nmath.sqrt(-1)\n\"last\"\n";
    child.stdin.take().expect("piped").write_all(lines.as_bytes()).expect("the prompt reads");
    let output = child.wait_with_output().expect("the prompt ends");
    assert_eq!(ended_well(&output), "2\n8\n4.0\n\"last\"\n");
    let errors = text(&output.stderr);
    for part in ["NameError: expected a name that has a value but found \"nope\"", "SyntaxError: line 7", "ValueError"]
    {
        assert!(errors.contains(part), "{part}\n{errors}");
    }
}
