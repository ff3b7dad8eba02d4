//! Python for Aria programs: found, loaded and called at run time, never linked.
//!
//! ```no_run
//! use aria_array_runtime::prelude::*;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let runtime = Runtime::start(&Config::from_env())?;
//!     let math = PyObject::import("math")?;
//!     let root = math.call_method("sqrt", Args::new().arg(2.0))?.to_float()?;
//!     println!("{root}");
//!     runtime.end()?;
//!     Ok(())
//! }
//! ```
//!
//! [`Runtime`] finds an interpreter ([`Config`] says which), starts it and ends it. [`PyObject`] is an object of
//! it, used from any thread; [`Val`] is a value that crosses, [`Args`] are the arguments of a call, and
//! [`FromPy`] takes arrays across without copying. [`PyObject::callable`] makes a closure a Python callable, [`Module`] a
//! module of several; [`attach`] and [`detach`] say how a thread stands to Python's lock, where it matters. This crate has no Python symbol: it uses Python through the
//! table of functions in the core module of the `aria_array_bridge` package.

mod apply;
mod args;
mod array;
mod callback;
mod config;
mod core_module;
mod end;
mod error;
mod extract;
mod find;
mod gil;
mod here;
mod inside;
mod iter;
mod kind;
mod layout;
mod load;
mod local;
mod module;
mod object;
mod op;
mod platform;
mod probe;
mod protocol;
mod report;
mod runtime;
mod script;
mod signature;
mod site;
mod source;
mod start;
mod state;
mod text;
mod trace;
mod value;

pub use args::Args;
pub use array::{FromPy, Request};
pub use callback::CallArgs;
pub use config::Config;
pub use error::{EndError, Frame, PyError, StartError, Tried};
pub use extract::FromObject;
pub use gil::{Attached, GilState, attach, detach, gil_state};
pub use iter::PyIter;
pub use kind::Kind;
pub use module::Module;
pub use object::PyObject;
pub use op::{Op, UnaryOp};
pub use report::{Problem, Report};
pub use runtime::{Releases, Runtime};
pub use signature::Signature;
pub use site::{Here, Site};
pub use source::add_source;
pub use value::{BigInt, Date, DateTime, NoInteger, Time, TimeDelta, Val};

/// What a program needs, and the types of the array crate that go with it.
pub mod prelude {
    pub use crate::{
        Args, CallArgs, Config, FromObject, FromPy, Kind, Module, Op, PyError, PyIter, PyObject, Request, Runtime, Site,
    };
    pub use crate::{Signature, StartError, UnaryOp, Val, attach, detach};
    pub use aria_array_bridge::{Array, CopyPolicy, DType, Order, Outcome, Plan};
}
