//! Writes the generated files: the header, and the list of symbols. `cargo xtask header` runs it.

use std::fs;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(here.join("include"))?;
    fs::write(here.join("include/aria_array_bridge.h"), aria_array_capi::header::header())?;
    fs::write(here.join("../../spec/symbols.csv"), aria_array_capi::header::table())
}
