//! Printing: the program's lines, the hops of its arrays, the ledger.

use aria_array_bridge::ledger::{Direction, Entry};
use aria_array_runtime::prelude::*;
use core::fmt;

/// Why the demo fails.
pub enum Failure {
    /// Python, or the way to it.
    Error(Box<dyn core::error::Error>),
    /// Something is not as the demo promises.
    Broken(String),
}

impl<E: core::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Error(Box::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error(error) => match error.downcast_ref::<PyError>() {
                Some(error) => f.write_str(error.render()),
                None => error.fmt(f),
            },
            Failure::Broken(text) => f.write_str(text),
        }
    }
}

/// Prints a heading, and what follows it.
pub fn title(heading: &str, text: &str) {
    println!("\n== {heading}");
    if !text.is_empty() {
        println!("{}", text.trim_end());
    }
}

/// What a line does with arrays.
#[derive(Clone, Copy)]
pub enum Hop {
    /// No array crosses.
    None,
    /// This many arrays cross, and each must share its memory.
    View(usize),
}

/// The lines of the program, which are shown as they run.
pub struct Lines<'a> {
    source: &'static str,
    runtime: &'a Runtime,
}

impl<'a> Lines<'a> {
    /// The lines of a program's text, none shown yet.
    pub fn new(source: &'static str, runtime: &'a Runtime) -> Lines<'a> {
        Lines { source, runtime }
    }

    /// Shows the line that begins like this, and the calls beside it.
    pub fn show(&self, begins: &str, calls: &str) {
        let found = self.source.lines().enumerate().find(|(_, line)| line.trim_start().starts_with(begins));
        let (number, line) = found.map_or((0, begins), |(i, line)| (i + 1, line));
        println!("{number:>3} | {line}\n    |     -> {calls}");
    }

    /// `extern Python from a.b as c`
    pub fn import(&self, line: &str, module: &str) -> Result<PyObject, Failure> {
        self.step(line, &format!("PyObject::import(\"{module}\")"), Hop::None, || PyObject::import(module))
    }

    /// Shows a line, runs it, and shows what crossed.
    pub fn step<R>(
        &self,
        begins: &str,
        calls: &str,
        hop: Hop,
        body: impl FnOnce() -> Result<R, PyError>,
    ) -> Result<R, Failure> {
        self.show(begins, calls);
        let (result, plans) = self.runtime.trace(body)?;
        let result = result?;
        plans.iter().for_each(show_hop);
        if let Hop::View(count) = hop {
            let views = plans.iter().filter(|plan| plan.outcome == Outcome::View).count();
            if views < count || views != plans.len() {
                let text = format!(
                    "expected {count} arrays to share their memory but found {views} of {}: {begins}",
                    plans.len()
                );
                return Err(Failure::Broken(text));
            }
        }
        Ok(result)
    }
}

fn show_hop(plan: &Plan) {
    let address = |a: Option<u64>| a.map_or("-".to_owned(), |a| format!("{a:#x}"));
    let (before, after) = (address(plan.source_address), address(plan.target_address));
    let same = if before == after { "=" } else { "!=" };
    let (from, to) = (&plan.source, &plan.target);
    println!(
        "    |     {} {from} -> {to}   {}   {before} {same} {after}   {} bytes copied",
        plan.outcome, plan.protocol, plan.copied_bytes
    );
    for reason in &plan.reasons {
        println!("    |       {reason}");
    }
}

/// Prints what is alive. Fails if anything is.
pub fn ledger(entries: &[Entry]) -> Result<(), Failure> {
    println!("{} alive", entries.len());
    for Entry { owner, protocol, direction, nbytes, .. } in entries {
        let direction = if *direction == Direction::Import { "import" } else { "export" };
        println!("  {direction}  {owner}  {protocol}  {nbytes} bytes");
    }
    match entries.len() {
        0 => Ok(()),
        n => Err(Failure::Broken(format!("expected an empty ledger at the end but found {n} entries"))),
    }
}
