//! The generated files of the C ABI: its header, and the list of its symbols.

use crate::args::Args;
use crate::tools::{Outcome, cargo, step};

/// `cargo xtask header`.
pub(crate) fn header(args: &mut Args) -> Outcome<()> {
    args.none(false)?;
    let mut write = cargo();
    write.args(["run", "--quiet", "--package", "aria-array-capi", "--example", "header"]);
    step("writing the header and the list of symbols").run(&mut write, "The compiler's message stands above.")
}
