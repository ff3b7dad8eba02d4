//! What programs that embed Python run into (`spec/pitfalls.csv`), where no other test of this crate has it.

mod support;

use aria_array_runtime::Kind;
use aria_array_runtime::prelude::*;
use core::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::rc::Rc;
use support::{command, ended_well, environment, eval, is_child, names, program, python, start};

#[test]
fn pyo3_is_no_dependency_so_that_a_program_may_have_another_version_of_it() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--manifest-path", manifest]);
    let tree = tree.output().expect("cargo runs");
    let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
    assert!(tree.contains("aria-array-runtime"), "{tree}");
    assert!(!tree.contains("pyo3") && !tree.contains("python3-dll"), "{tree}");
}

#[test]
fn sys_executable_and_argv_are_set_for_whoever_starts_workers() {
    let text = ended_well(&program("sys_executable_and_argv_are_set_for_whoever_starts_workers", || {
        let config = Config::from_env().argv(["program.aria".to_owned(), "an argument".to_owned()]);
        let runtime = Runtime::start(&config).unwrap();
        names("import sys, subprocess\nprint(sys.argv)\n");
        let prefix = eval(
            "__import__('subprocess').check_output([__import__('sys').executable, '-c', 'import sys; print(sys.prefix)'], text=True).strip()",
        );
        assert_eq!(prefix.str().unwrap(), eval("__import__('sys').prefix").str().unwrap());
        runtime.end().unwrap();
    }));
    assert!(text.contains("['program.aria', 'an argument']"), "{text}");
}

#[test]
fn any_word_is_the_name_of_an_attribute_and_of_a_keyword() {
    python();
    let namespace = eval("__import__('types').SimpleNamespace()");
    for word in ["data", "from", "where", "copy", "match", "type", "import", "is", "with", "T", "PI", "naïve", "größe"]
    {
        namespace.setattr(word, 7).unwrap();
        assert_eq!(namespace.getattr(word).unwrap().to_int().unwrap(), 7, "{word}");
        let given = eval("dict").call(Args::new().kw(word, 1)).unwrap();
        assert_eq!(given.getitem(word).unwrap().to_int().unwrap(), 1, "{word}");
    }
}

#[test]
fn a_method_is_an_attribute_until_it_is_called_and_says_that_it_can_be() {
    python();
    let text = eval("'abc'");
    let upper = text.getattr("upper").unwrap();
    assert_eq!(upper.kind().unwrap(), Kind::Callable);
    assert_eq!(upper.call(Args::new()).unwrap().str().unwrap(), "ABC");
    assert_ne!(eval("1").kind().unwrap(), Kind::Callable);
}

#[test]
fn negative_numbers_are_arguments_indices_and_elements() {
    python();
    let list = eval("[1, 2, 3]");
    assert_eq!(list.getitem(-1).unwrap().to_int().unwrap(), 3);
    assert_eq!(eval("abs").call(Args::new().arg(-1.5)).unwrap().to_float().unwrap(), 1.5);
    assert_eq!(eval("int").call(Args::new().arg(i64::MIN)).unwrap().to_int().unwrap(), i64::MIN);
}

#[test]
fn temporaries_of_a_chain_are_released_and_their_exports_with_them() {
    python();
    let data = Array::from(vec![4.0, 9.0, 16.0]);
    let roots = |data: &Array| {
        let view = eval("memoryview").call(Args::new().arg(data))?;
        let list = view.call_method("tolist", Args::new())?;
        list.getitem(1)?.call_method("__add__", Args::new().arg(1.0))?.to_float()
    };
    for _ in 0..1000 {
        assert_eq!(roots(&data).unwrap(), 10.0);
    }
    eval("None").str().unwrap(); // Attaches, and so releases what waits.
    assert_eq!(data.exports(), 0);
}

#[test]
fn what_is_dropped_elsewhere_is_released_at_the_next_operation() {
    python();
    let data = Array::from(vec![0u8; 1 << 20]);
    let views: Vec<PyObject> = (0..100).map(|_| eval("memoryview").call(Args::new().arg(&data)).unwrap()).collect();
    assert!(data.exports() > 0);
    std::thread::spawn(move || drop(views)).join().unwrap();
    let released = (0..200).any(|_| {
        eval("None").str().unwrap();
        std::thread::sleep(core::time::Duration::from_millis(5));
        data.exports() == 0
    });
    assert!(released, "{} exports are left", data.exports());
}

#[test]
fn python_comes_back_in_the_middle_of_an_operation() {
    python();
    // The state of an interpreter, borrowed only between operations.
    let state = Rc::new(RefCell::new(Vec::<String>::new()));
    let seen = state.clone();
    let callback = PyObject::callable_local("again", &["what"], move |call: CallArgs<'_>| {
        seen.borrow_mut().push(call.get::<String>("what")?);
        eval("len").call(Args::new().arg("abc"))?.to_int()
    })
    .unwrap();
    let namespace = names(
        "class Talks:\n    def __init__(self, f): self.f = f\n    def __repr__(self): return 'x' * self.f('repr')\n    def __len__(self): return self.f('len')\n    def __del__(self): self.f('del')\n",
    );
    let talks = namespace.getitem("Talks").unwrap().call(Args::new().arg(&callback)).unwrap();
    assert_eq!((talks.repr().unwrap(), talks.len().unwrap()), ("xxx".to_owned(), 3));
    drop(talks);
    eval("None").str().unwrap();
    assert_eq!(*state.borrow(), ["repr", "len", "del"]);
}

#[test]
fn a_reader_that_goes_away_leaves_no_python_behind() {
    const NAME: &str = "a_reader_that_goes_away_leaves_no_python_behind";
    if is_child(NAME) {
        support::watch();
        let runtime = start();
        names("import atexit, os\natexit.register(lambda: os.write(2, b'at exit\\n'))\n");
        names("for i in range(100000):\n    print('a line that nobody reads', i)\n");
        let _ = runtime.end(); // The lines that are left cannot be written, which is no reason to hang.
        std::process::exit(0);
    }
    environment();
    let mut child = command(NAME).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("nobody reads") {
        line.clear();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "it printed nothing");
    }
    drop(reader);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("at exit"), "{}: {errors}", output.status);
}
