//! What happens on the way between Aria and Python: order of output, identity of errors, signals, writes.

use std::process::{Command, Output, Stdio};
use std::{env, fs, path::PathBuf};

/// Runs a program of this name, in the environment that `cargo xtask test` makes.
fn run(name: &str, program: &str) -> Output {
    assert!(env::var_os("VIRTUAL_ENV").is_some(), "VIRTUAL_ENV names an environment with the package");
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.aria"));
    fs::write(&file, program).unwrap();
    Command::new(env!("CARGO_BIN_EXE_mini-aria"))
        .env_remove("PYTHONUNBUFFERED")
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

fn prints(name: &str, program: &str) -> String {
    let output = run(name, program);
    assert!(output.status.success(), "{}\n{}", output.status, text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn what_python_and_aria_print_comes_in_order() {
    let program = "extern Python from builtins as py\nprintln(1)\npy.print(2)\nprintln(3)\npy.print(4)\n";
    assert_eq!(prints("order", program), "1\n2\n3\n4\n");
}

#[test]
fn an_exception_of_python_goes_through_aria_and_stays_what_it_is() {
    let program = "extern Python from builtins as py\nfn fails(x)\n  py.int(\"no number\")\nend\n\
        names = py.dict(f: fails)\n\
        py.exec(\"try:\\n    f(1)\\nexcept ValueError as error:\\n    print(type(error).__name__, error)\", names)\n";
    assert_eq!(prints("same", program), "ValueError invalid literal for int() with base 10: 'no number'\n");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_loop_of_arias_own() {
    // A handler that notes the signal for later: the loop itself has to ask for it.
    let program = "extern Python from os\nextern Python from signal\nextern Python from builtins as py\n\
        fn main\n  names = py.dict()\n  py.exec(\"import threading, os, signal\\ndef send():\\n    os.kill(os.getpid(), signal.SIGINT)\", names)\n  \
        py.exec(\"threading.Timer(0.2, send).start()\", names)\n  \
        for i in 0..1000000000000\n    i + 1\n  end\n  println(\"to the end\")\nend\n";
    let output = run("loops", program);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(130), String::new()), "{}", text(&output.stderr));
}

#[test]
fn an_object_of_pythons_is_changed_in_place_where_it_can_be() {
    let program = "extern Python from numpy as np\nextern Python from builtins as py\n\
        a = np.arange(3.0)\nb = a\na += 1.0\nprintln(b)\n\
        n = py.int(3)\nm = n\nn += 1\nprintln(n, m)\n";
    assert_eq!(prints("in_place", program), "[1. 2. 3.]\n4 3\n");
}

#[test]
fn stars_stand_in_the_order_of_the_program() {
    let program = "extern Python from builtins as py\na = (\"x\", \"y\")\nb = [\"z\"]\n\
        py.print(*a, *b)\npy.print(*a, \"last\", *b)\nprintln(py.dict(**{\"x\": 1}, y: 2, **{\"z\": 3}))\n\
        twice = try_py do\n  py.dict(**{\"x\": 1}, **{\"x\": 2})\nend\nprintln(twice.message)\n\
        fn own(n)\n  n\nend\nprintln((try_py do\n  own(*a)\nend).message)\nprintln((try_py do\n  b.push(*a)\nend).message)\n";
    let wanted = "x y z\nx y last z\n{'x': 1, 'y': 2, 'z': 3}\ngot multiple values for keyword argument 'x'\n\
        expected arguments one by one for own but found * or **\n";
    let printed = prints("stars", program);
    assert!(printed.starts_with(wanted), "{printed}");
}

#[test]
fn a_list_of_ints_is_no_array_of_floats() {
    let program = "fn f(x: Array<Float>)\n  x\nend\nxs = []\nxs.push(1)\nr = try_py do\n  f(xs)\nend\nprintln(r.kind, r.message)\n";
    let text = prints("ints", program);
    assert!(text.starts_with("TypeError expected Array<Float> for x of f but found"), "{text}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_short_loops_within_each_other() {
    let program = "extern Python from builtins as py\n\
        fn main\n  names = py.dict()\n  py.exec(\"import threading, os, signal\\ndef send():\\n    os.kill(os.getpid(), signal.SIGINT)\", names)\n  \
        py.exec(\"threading.Timer(0.2, send).start()\", names)\n  \
        for i in 0..200\n    for j in 0..200\n      for k in 0..200\n        i + j + k\n      end\n    end\n  end\n  println(\"to the end\")\nend\n";
    let output = run("short_loops", program);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(130), String::new()), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_what_python_computes() {
    let program = "extern Python from pandas\nextern Python from builtins as py\n\
        fn main\n  names = py.dict()\n  py.exec(\"import threading, os, signal\\ndef send():\\n    os.kill(os.getpid(), signal.SIGINT)\", names)\n  \
        py.exec(\"threading.Timer(0.2, send).start()\\nwhile True: pass\", names)\n  println(\"to the end\")\nend\n";
    let output = run("computes", program);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(130), String::new()), "{}", text(&output.stderr));
    assert!(text(&output.stderr).ends_with("KeyboardInterrupt\n"), "{}", text(&output.stderr));
}

#[test]
fn memory_that_python_sees_is_written_by_python_and_copied_before_aria_writes() {
    let program = "extern Python from numpy as np\n\
        data = [3.0, 1.0, 2.0]\nsorted = np.asarray(data)\nsorted.sort()\nprintln(data, sorted.flags.writeable)\n\
        ours: Array<Float> = [1.0, 2.0]\nours[0] = 5.0\ntheirs = ours.to_numpy\nagain = ours\n\
        ours[1] = 7.0\nprintln(ours, again, theirs[1].to_float)\n\
        seen = np.asarray(ours)\nours[0] += 1.0\nprintln(ours, seen)\n\
        theirs[1] = 9.0\nprintln(theirs, ours)\n\
        grid = np.arange(6.0).reshape(2, 3)\nview: Array<Float> = Array.from(grid.T[1])\ngrid[0, 1] = 10.0\nprintln(view)\n\
        view[0] = 11.0\nprintln(view, grid[0, 1])\n";
    let wanted = "[1.0, 2.0, 3.0] true\n[5.0, 7.0] [5.0, 7.0] 2.0\n[6.0, 7.0] [5. 7.]\n[5. 9.] [6.0, 7.0]\n\
        [10.0, 4.0]\n[11.0, 4.0] 10.0\n";
    assert_eq!(prints("writes", program), wanted);
}

#[test]
fn memory_that_is_read_only_is_not_written_nor_copied() {
    let program = "extern Python from numpy as np\nextern Python from builtins as py\n\
        sealed = np.arange(3.0)\nsealed.setflags(write: false)\n\
        for x in (sealed, np.frombuffer(py.bytes(16)))\n  a: Array<Float> = Array.from(x)\n  \
        refused = try_py do\n    a[0] = 1.0\n  end\n  println(refused.kind, refused.message)\nend\n";
    let wanted = |shape| {
        format!(
            "ValueError Array float64[{shape}]: expected writable memory but found read-only memory; \
             hint: np.array(x) is a copy that can be written\n"
        )
    };
    assert_eq!(prints("sealed", program), [3, 2].map(wanted).concat());
}

#[test]
fn calls_within_each_other_go_deep_and_end_in_an_error() {
    let program = "fn down(n: Int) -> Int\n  if n == 0\n    return 0\n  end\n  1 + down(n - 1)\nend\n\
        println(down(2000))\nfn endless(n)\n  endless(n + 1)\nend\n\
        deep = try_py do\n  endless(0)\nend\nprintln(deep.kind, deep.message)\nprintln(down(2000))\n";
    let text = prints("down", program);
    let lines: Vec<&str> = text.lines().collect();
    let [first, error, last] = lines[..] else { panic!("{text}") };
    assert_eq!((first, last), ("2000", "2000"));
    assert!(
        error.starts_with("RecursionError expected at most ") && error.ends_with("; hint: does the recursion end?")
    );
}

/// Less deep than Python's own limits: 3.11 counts calls of C by the one that can be set, 3.12 by one of its own.
#[test]
fn calls_through_python_go_deep() {
    let program = "extern Python from functools as ft\nextern Python from sys\nsys.setrecursionlimit(5000)\n\
        fn down(n, _)\n  if n == 0\n    return 0\n  end\n  1 + ft.reduce(down, [n - 1, 0].to_list)\nend\n\
        println(down(150, 0))\n";
    assert_eq!(prints("deep_through_python", program), "150\n");
}

/// Each level is a call of Aria, of Python and of Aria again: one stack, and its end is an error.
#[test]
fn calls_through_python_within_each_other_end_in_an_error() {
    let program = "extern Python from functools as ft\n\
        fn down(n, _)\n  ft.reduce(down, [n, n].to_list)\nend\n\
        deep = try_py do\n  down(1, 1)\nend\nprintln(deep.kind)\n";
    assert_eq!(prints("deep", program), "RecursionError\n");
}

#[test]
fn comments_above_functions_and_modules_are_their_documentation() {
    let program = "extern Python from builtins as py\n# A module of two.\n@pymodule(name: \"aria_two\")\nmodule Two\n  \
        # Twice a number,\n  # whatever it is.\n  @pyfunction\n  fn twice(n: Int) -> Int\n    n * 2\n  end\n\n  \
        @pyfunction\n  fn bare(n: Int) -> Int\n    n\n  end\nend\n\
        names = py.dict()\npy.exec(\"import aria_two, inspect; doc = inspect.getdoc(aria_two.twice)\", names)\n\
        two = names[\"aria_two\"]\nprintln(two.__doc__)\nprintln(names[\"doc\"])\nprintln(two.bare.__doc__, two.twice(4))\n";
    assert_eq!(prints("documented", program), "A module of two.\nTwice a number,\nwhatever it is.\nnil 8\n");
}

#[test]
fn a_block_with_the_gil_is_one_attachment_and_its_errors_come_out() {
    let program = "extern Python from builtins as py\nfn sum(n)\n  total = 0\n  Python.with_gil do\n    for i in 0..n\n      \
        total += py.int(i)\n    end\n    return total\n  end\nend\nprintln(sum(10))\n\
        r = try_py do\n  Python.with_gil do\n    Python.without_gil do\n      py.int(\"x\")\n    end\n  end\nend\nprintln(r.kind)\n";
    assert_eq!(prints("with_gil", program), "45\nValueError\n");
}

#[test]
fn an_attribute_of_the_object_comes_before_a_conversion_of_arias() {
    let program = "extern Python from builtins as py\nnames = py.dict()\n\
        py.exec(\"class Own:\\n    def to_float(self): return 'its own'\\n    def __float__(self): return 1.5\\n\
        class Bare:\\n    def __float__(self): return 2.5\", names)\n\
        println(names[\"Own\"]().to_float(), names[\"Bare\"]().to_float())\nprintln(py.float(names[\"Own\"]()))\n";
    assert_eq!(prints("p9", program), "its own 2.5\n1.5\n");
}

#[test]
fn a_list_that_holds_itself_is_no_value_of_pythons() {
    let program = "extern Python from builtins as py\nx = [nil]\nx.push(x)\n\
        r = try_py do\n  py.len(x)\nend\nprintln(r.kind)\npy.print(\"goes on\")\n";
    assert_eq!(prints("itself", program), "RecursionError\ngoes on\n");
}

#[test]
fn elements_that_python_hands_out_of_an_array_are_numbers() {
    let program = "extern Python from builtins as py\nextern Python from functools as ft\n\
        println(py.len(py.list(py.filter(|x| x == 1, [1, 2, 1]))))\nprintln(py.list(py.map(|x| x * 2.0, [1.5, 2.5])))\n\
        println(ft.reduce(|a, b| a + b, [1, 2, 3]))\nprintln(py.sorted([3, 1, 2], key: |x| -x)[0].to_int)\n";
    assert_eq!(prints("elements", program), "2\n[3.0, 5.0]\n6\n3\n");
}

#[test]
fn what_the_program_gives_to_atexit_still_has_its_names() {
    let program = "extern Python from atexit as at\nextern Python from builtins as py\nword = \"late\"\n\
        at.register(|| println(word, py.len(word)))\nprintln(\"end of main\")\n";
    assert_eq!(prints("atexit", program), "end of main\nlate 4\n");
}

#[test]
fn an_exit_has_its_words_and_its_status() {
    for (exit, code, words) in [("\"bye\"", 1, "bye\n"), ("300", 44, ""), ("-1", 255, ""), ("nil", 0, "")] {
        let output = run("exits", &format!("extern Python from sys\nsys.exit({exit})\n"));
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(code), words.to_owned()), "{exit}");
    }
}
