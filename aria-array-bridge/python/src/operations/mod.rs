//! The operations table: every function through which a program without Python symbols uses Python.
//!
//! `aria_array_bridge::operations` states the contract; here are the functions. All of them enter
//! through `entry`, which attaches, catches panics and turns errors into failures.

mod arrays;
mod call;
mod callback;
mod entry;
mod frame;
pub(crate) mod gil;
mod handle;
mod name;
mod object;
mod rendered;
mod system;
mod text;
mod thrown;
mod value;
mod vectorcall;

use aria_array_bridge::operations::{ABI, Operations, Text};
use core::ptr;

static TABLE: Operations = Operations {
    size: size_of::<Operations>(),
    abi: ABI,
    // No build for a free-threaded interpreter exists: it has no stable ABI before 3.15.
    free_threaded: 0,
    version: Text::new(env!("CARGO_PKG_VERSION")),
    retain: handle::retain,
    release: handle::release,
    import: object::import,
    getattr: object::getattr,
    setattr: object::setattr,
    getitem: object::getitem,
    setitem: object::setitem,
    call: call::call,
    to_object: value::to_object,
    lower: value::lower,
    str: text::str,
    repr: text::repr,
    to_float: object::to_float,
    to_int: object::to_int,
    truthy: object::truthy,
    len: object::len,
    iter: object::iter,
    next: object::next,
    array_from_py: arrays::array_from_py,
    array_to_py: arrays::array_to_py,
    trace: arrays::trace,
    ledger: arrays::ledger,
    drain: system::drain,
    check_signals: system::check_signals,
    flush: system::flush,
    reserved: ptr::null(),
    release_counts: system::release_counts,
    site: frame::site,
    enter_site: frame::enter_site,
    apply: value::apply,
    attach: gil::attach,
    detach: gil::detach,
    leave: gil::leave,
    callable: callback::callable,
    payload: thrown::payload,
    describe: thrown::describe,
    main_thread: system::main_thread,
};

/// Returns the table. It lives as long as the program: extension modules are never unloaded.
pub fn table() -> *const Operations {
    &raw const TABLE
}
