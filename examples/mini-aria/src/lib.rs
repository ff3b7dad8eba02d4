//! A small interpreter of the part of Aria that the examples use: an example of how an interpreter binds the runtime,
//! and no product.
//!
//! `lexer` and `parser` make a tree (`ast`) of a text, `eval` walks it, `builtins` has what Aria itself can do, `value`
//! the values. All that concerns Python is in `python`: read that file to bind an interpreter of your own.

mod ast;
mod builtins;
mod eval;
mod fault;
mod lexer;
mod parser;
mod python;
mod value;

pub use eval::{Interpreter, Watch};
pub use fault::Fault;
pub use value::{Closure, Value};
