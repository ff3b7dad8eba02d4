//! Printing: the program's lines, the hops of its arrays, the ledger.

use aria_array_bridge::ledger::{Direction, Entry};
use aria_array_runtime::prelude::*;
use core::cell::RefCell;
use core::fmt;
use mini_aria::{Fault, Value, Watch};
use std::collections::HashMap;

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
            Failure::Error(error) => match (error.downcast_ref::<PyError>(), error.downcast_ref::<Fault>()) {
                (Some(error), _) => f.write_str(error.render()),
                (None, Some(fault)) => f.write_str(&fault.render()),
                (None, None) => error.fmt(f),
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

/// Shows an Aria program while it runs: each line, the runtime calls that the interpreter makes for it, and the arrays
/// that cross. Keeps what its names meant last.
#[derive(Default)]
pub struct Shown {
    line: RefCell<String>,
    /// The hops of each line that had any.
    hops: RefCell<Vec<(String, Plan)>>,
    names: RefCell<HashMap<String, Value>>,
}

impl Watch for Shown {
    fn line(&self, line: i32, text: &str) {
        println!("{line:>3} | {text}");
        *self.line.borrow_mut() = text.trim_start().to_owned();
    }

    fn call(&self, what: &str, plans: &[Plan]) {
        println!("    |     -> {what}");
        plans.iter().for_each(show_hop);
        let line = self.line.borrow().clone();
        self.hops.borrow_mut().extend(plans.iter().map(|plan| (line.clone(), plan.clone())));
    }

    fn assigned(&self, _function: &str, name: &str, value: &Value) {
        // The old value dies after the borrow.
        let old = self.names.borrow_mut().insert(name.to_owned(), value.clone());
        drop(old);
    }
}

impl Shown {
    /// What a name of the program meant last, if that is an array.
    pub fn array(&self, name: &str) -> Result<Array, Failure> {
        match self.names.borrow().get(name) {
            Some(Value::Array(array)) => Ok(array.borrow().clone()),
            other => {
                Err(Failure::Broken(format!("expected an array called {name} in the program but found {other:?}")))
            }
        }
    }

    /// What a name of the program meant last, if that lies in Python.
    pub fn object(&self, name: &str) -> Result<PyObject, Failure> {
        match self.names.borrow().get(name) {
            Some(Value::Object(object)) => Ok(object.clone()),
            other => {
                Err(Failure::Broken(format!("expected an object called {name} in the program but found {other:?}")))
            }
        }
    }

    /// Fails if an array was copied anywhere, or if fewer arrays crossed in a line than must: lines by their beginnings.
    pub fn all_shared(&self, lines: &[(&str, usize)]) -> Result<(), Failure> {
        let hops = self.hops.borrow();
        let broken = |plan: &Plan| plan.outcome != Outcome::View || plan.source_address != plan.target_address;
        if let Some((line, plan)) = hops.iter().find(|(_, plan)| broken(plan)) {
            return Err(Failure::Broken(format!(
                "expected every array to share its memory but found a {}: {line}",
                plan.outcome
            )));
        }
        for (begins, count) in lines {
            let found = hops.iter().filter(|(line, _)| line.starts_with(begins)).count();
            if found < *count {
                return Err(Failure::Broken(format!("expected {count} arrays to cross but found {found}: {begins}")));
            }
        }
        Ok(())
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
