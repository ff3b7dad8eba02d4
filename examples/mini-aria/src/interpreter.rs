//! The interpreter of a program: its state, how it is run, and who looks on.

use crate::call::Args;
use crate::fault::Fault;
use crate::parser::parse;
use crate::stack;
use crate::value::{Scope, Value};
use aria_array_runtime::prelude::{Plan, Runtime, Site};
use core::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

/// Looks on while a program runs.
pub trait Watch {
    /// A statement begins: its line, and what stands there.
    fn line(&self, _line: i32, _text: &str) {}
    /// The runtime was called, and these arrays crossed in it.
    fn call(&self, _what: &str, _plans: &[Plan]) {}
    /// A name got a value.
    fn assigned(&self, _function: &str, _name: &str, _value: &Value) {}
}

/// Where printed lines go.
type Output = Box<dyn FnMut(&str) -> io::Result<()>>;

/// An interpreter and its program. Clones are the same interpreter.
#[derive(Clone)]
pub struct Interpreter(Rc<State>);

pub(crate) struct State {
    pub(crate) python: OnceCell<Runtime>,
    pub(crate) file: &'static str,
    /// The text of the program: at a prompt, all that was typed.
    pub(crate) text: RefCell<String>,
    pub(crate) argv: RefCell<Vec<String>>,
    pub(crate) sites: RefCell<HashMap<(i32, String), &'static Site>>,
    /// An operation is traced: others inside of it belong to it.
    pub(crate) tracing: Cell<bool>,
    pub(crate) globals: Scope,
    /// Where the stack stood when the program was entered.
    pub(crate) stack: Cell<usize>,
    /// Rounds of loops and calls, since the last look for Ctrl-C.
    pub(crate) steps: Cell<u32>,
    /// The functions that run, the innermost last.
    pub(crate) calls: RefCell<Vec<String>>,
    watch: RefCell<Option<Rc<dyn Watch>>>,
    output: RefCell<Output>,
}

/// Why a block ends before its last line.
pub(crate) enum Flow {
    Fault(Box<Fault>),
    Return(Value),
}

impl From<Fault> for Flow {
    fn from(fault: Fault) -> Flow {
        Flow::Fault(Box::new(fault))
    }
}

/// What a step gives, or why its block ends.
pub(crate) type Evaluated<T = Value> = Result<T, Flow>;

impl Interpreter {
    /// An interpreter of a program in this file. Nothing of Python is loaded yet.
    pub fn new(file: &str) -> Interpreter {
        let output: Output = Box::new(|text| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()
        });
        Interpreter(Rc::new(State {
            python: OnceCell::new(),
            // Python's frames name it for as long as they like.
            file: Box::leak(file.to_owned().into_boxed_str()),
            text: RefCell::default(),
            argv: RefCell::new(vec![file.to_owned()]),
            sites: RefCell::default(),
            tracing: Cell::new(false),
            globals: Scope::default(),
            stack: Cell::new(0),
            steps: Cell::new(0),
            calls: RefCell::default(),
            watch: RefCell::default(),
            output: RefCell::new(output),
        }))
    }

    pub(crate) fn state(&self) -> &State {
        &self.0
    }

    /// The program's arguments, `sys.argv` in Python; the first is its file.
    pub fn set_argv(&self, argv: Vec<String>) {
        *self.0.argv.borrow_mut() = argv;
    }

    /// Lets somebody look on, or nobody.
    pub fn watch(&self, watch: Option<Rc<dyn Watch>>) {
        *self.0.watch.borrow_mut() = watch;
    }

    pub(crate) fn watcher(&self) -> Option<Rc<dyn Watch>> {
        self.0.watch.borrow().clone()
    }

    /// Hands what is printed to this instead of writing it.
    pub fn output(&self, output: impl FnMut(&str) -> io::Result<()> + 'static) {
        *self.0.output.borrow_mut() = Box::new(output);
    }

    /// Runs a program: its statements in order, then its `main`, if it has one.
    ///
    /// # Errors
    ///
    /// What went wrong in it, a syntax error before anything ran.
    pub fn run(&self, text: &str) -> Result<(), Fault> {
        self.load(text)?;
        match self.0.globals.get("main") {
            Some(Value::Function(_)) => self.call("main", &[]).map(drop),
            _ => Ok(()),
        }
    }

    /// Runs statements, and says what the last one is: a prompt's turn. Text that was run before stands above.
    ///
    /// # Errors
    ///
    /// As for [`run`](Interpreter::run).
    pub fn load(&self, text: &str) -> Result<Value, Fault> {
        let lines = self.0.text.borrow().lines().count();
        let program = parse(&format!("{}{text}", "\n".repeat(lines))).map_err(|fault| *fault)?;
        self.0.text.borrow_mut().push_str(&format!("{}\n", text.trim_end_matches('\n')));
        self.show_source();
        self.0.calls.borrow_mut().clear();
        self.0.stack.set(stack::here());
        match self.block(&program, &self.0.globals.clone(), None) {
            Ok(value) | Err(Flow::Return(value)) => Ok(value),
            Err(Flow::Fault(fault)) => Err(*fault),
        }
    }

    /// Calls a function of the program.
    ///
    /// # Errors
    ///
    /// There is none of this name; what goes wrong in it.
    pub fn call(&self, name: &str, args: &[Value]) -> Result<Value, Fault> {
        self.0.stack.set(stack::here());
        let Some(function) = self.0.globals.get(name) else {
            return Err(Fault::new("NameError", format!("expected a function but found no {name:?}")));
        };
        self.call_value(&function, Args { positional: args.to_vec(), ..Args::default() }, 0)
    }

    /// Drops what the names of the program mean. (Lambdas and their scopes keep each other alive.)
    pub(crate) fn forget(&self) {
        self.0.globals.clear();
    }

    /// The name of the function that runs.
    pub(crate) fn function(&self) -> String {
        self.0.calls.borrow().last().cloned().unwrap_or_else(|| "<module>".to_owned())
    }

    /// A line of the program.
    pub(crate) fn text(&self, line: i32) -> String {
        let index = usize::try_from(line - 1).unwrap_or_default();
        self.0.text.borrow().lines().nth(index).unwrap_or_default().to_owned()
    }

    pub(crate) fn print(&self, text: &str, line: i32) -> Result<(), Fault> {
        self.flush(line)?;
        let written = (self.0.output.borrow_mut())(text);
        written.map_err(|error| Fault::new("OSError", format!("cannot print: {error}")))
    }

    /// Gives an error the line at which it happened, unless it has one.
    pub(crate) fn blame<T>(&self, result: Result<T, Fault>, line: i32) -> Evaluated<T> {
        result.map_err(|fault| {
            let place = fault.place.clone().or_else(|| Some(self.place(line)));
            Fault { place, ..fault }.into()
        })
    }
}
