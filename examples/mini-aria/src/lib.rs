//! A small interpreter of the part of Aria that the examples use: an example of how an interpreter binds the runtime,
//! and no product. It knows what its programs and sessions use: `extern Python`, functions with types and lambdas, arrays,
//! lists, tuples, maps and ranges, operators, `if`, `for`, `try_py` and `?`, `raise`, modules for Python, `Python.with_gil`
//! and `without_gil`; no classes, no patterns, no `while`.
//!
//! `lexer` and `parser` make a tree (`ast`) of a text; `statement`, `eval`, `index` and `call` walk it; `interpreter` runs
//! a program, `builtins` has what Aria itself can do, `value` the values, `stack` the room that calls have. All that concerns
//! Python is in `python`: read that file to bind an interpreter of your own.

mod ast;
mod builtins;
mod call;
mod eval;
mod fault;
mod index;
mod interpreter;
mod lexer;
mod parser;
mod python;
mod stack;
mod statement;
mod value;

pub use fault::Fault;
pub use interpreter::{Interpreter, Watch};
pub use stack::grow_main_stack;
pub use value::{Closure, Value};
