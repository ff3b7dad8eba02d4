//! Statements: assignments, loops, and what a `for` goes through.

use crate::ast::{Block, Expr, ExprKind, Stmt, StmtKind, Target, Type};
use crate::eval::no_attribute;
use crate::fault::Fault;
use crate::index::part;
use crate::interpreter::{Evaluated, Flow, Interpreter};
use crate::python::brief;
use crate::value::{Closure, Scope, Value};
use aria_array_runtime::prelude::Op;
use std::rc::Rc;

impl Interpreter {
    pub(crate) fn block(&self, block: &Block, scope: &Scope, wanted: Option<&Type>) -> Evaluated {
        let mut last = Value::Nil;
        for (i, stmt) in block.iter().enumerate() {
            let wanted = wanted.filter(|_| i + 1 == block.len());
            last = self.statement(stmt, scope, wanted)?;
        }
        Ok(last)
    }

    fn statement(&self, stmt: &Stmt, scope: &Scope, wanted: Option<&Type>) -> Evaluated {
        let line = stmt.line;
        if let Some(watch) = self.watcher() {
            watch.line(line, &self.text(line));
        }
        match &stmt.kind {
            StmtKind::Extern { module, alias } => {
                let module = self.blame(self.import(module, line), line)?;
                scope.declare(alias, module);
            }
            StmtKind::Function(function) => {
                scope.declare(
                    &function.name,
                    Value::Function(Rc::new(Closure { function: function.clone(), around: None })),
                );
            }
            StmtKind::Module { name, functions } => {
                self.blame(self.export(name, functions, line), line)?;
            }
            StmtKind::Assign { target, kind, value } => {
                let mut value = self.typed(value, scope, kind.as_ref())?;
                // The parser lets a type stand behind a name alone.
                if let (Some(kind), Target::One(Expr { kind: ExprKind::Name(name), .. })) = (kind, target) {
                    value = self.blame(self.coerce(value, kind, name, line), line)?;
                }
                self.assign(target, value, scope, line)?;
            }
            StmtKind::Update { target, op, value } => self.update(target, *op, value, scope)?,
            StmtKind::For { target, items, body } => self.each(target, items, body, scope)?,
            StmtKind::Return(value) => {
                let value = value.as_ref().map_or(Ok(Value::Nil), |value| self.eval(value, scope))?;
                return Err(Flow::Return(value));
            }
            StmtKind::Raise(value) => {
                let fault = match self.eval(value, scope)? {
                    Value::Result(result) => match &*result {
                        Err(fault) => fault.clone(),
                        Ok(_) => Fault::kind_error("expected an error to raise but found a good Result"),
                    },
                    other => Fault::new("AriaError", self.blame(other.show(), line)?),
                };
                return self.blame(Err(fault), line);
            }
            StmtKind::Expr(expr) => return self.typed(expr, scope, wanted),
        }
        Ok(Value::Nil)
    }

    fn assign(&self, target: &Target, value: Value, scope: &Scope, line: i32) -> Evaluated<()> {
        match target {
            Target::One(Expr { kind: ExprKind::Name(name), .. }) => {
                if let Some(watch) = self.watcher() {
                    watch.assigned(&self.function(), name, &value);
                }
                scope.set(name, value);
                Ok(())
            }
            Target::One(Expr { kind: ExprKind::Attribute(object, name), .. }) => match self.eval(object, scope)? {
                Value::Object(object) => self.blame(self.set_attribute(&object, name, &value, line), line),
                other => self.blame(Err(no_attribute(&other, name)), line),
            },
            Target::One(Expr { kind: ExprKind::Index(object, key), .. }) => {
                let (object, key) = (self.eval(object, scope)?, self.eval(key, scope)?);
                self.blame(self.set_index(&object, &key, value, line), line)
            }
            Target::One(_) => Ok(()), // The parser lets no other through.
            Target::Names(names) => {
                let mut values = self.items(&value, line)?;
                let mut all = Vec::new();
                while let Some(value) = self.blame(self.following(&mut values, line), line)? {
                    all.push(value);
                    if all.len() > names.len() {
                        break;
                    }
                }
                if all.len() != names.len() {
                    let text = format!("expected {} values but found {} or more", names.len(), all.len());
                    return self.blame(Err(Fault::new("ValueError", text)), line);
                }
                names.iter().zip(all).for_each(|(name, value)| scope.set(name, value));
                Ok(())
            }
        }
    }

    /// `x op= value`: the parts of x are evaluated once.
    fn update(&self, target: &Expr, op: Op, value: &Expr, scope: &Scope) -> Evaluated<()> {
        let line = target.line;
        match &target.kind {
            ExprKind::Attribute(object, name) => {
                let object = self.eval(object, scope)?;
                let old = self.blame(self.member(&object, name, line), line)?;
                let new = self.blame(self.updated(op, &old, &self.eval(value, scope)?, line), line)?;
                match object {
                    Value::Object(object) => self.blame(self.set_attribute(&object, name, &new, line), line),
                    other => self.blame(Err(no_attribute(&other, name)), line),
                }
            }
            ExprKind::Index(object, key) => {
                let (object, key) = (self.eval(object, scope)?, self.eval(key, scope)?);
                let old = self.blame(self.index(&object, &key, line), line)?;
                let new = self.blame(self.updated(op, &old, &self.eval(value, scope)?, line), line)?;
                self.blame(self.set_index(&object, &key, new, line), line)
            }
            _ => {
                let new = self.updated(op, &self.eval(target, scope)?, &self.eval(value, scope)?, line);
                let new = self.blame(new, line)?;
                if let ExprKind::Name(name) = &target.kind {
                    scope.set(name, new);
                }
                Ok(())
            }
        }
    }

    /// `old op= value`: an object of Python's is changed itself, where it can be.
    fn updated(&self, op: Op, old: &Value, value: &Value, line: i32) -> Result<Value, Fault> {
        match old {
            Value::Object(_) => self.operator_in_place(op, old, value, line),
            _ => self.binary(op, old, value, line),
        }
    }

    fn each(&self, target: &Target, items: &Expr, body: &Block, scope: &Scope) -> Evaluated<()> {
        let line = items.line;
        let mut items = self.items(&self.eval(items, scope)?, line)?;
        while let Some(item) = self.blame(self.following(&mut items, line), line)? {
            self.assign(target, item, scope, line)?;
            self.block(body, scope, None)?;
            self.blame(self.step(line), line)?;
        }
        Ok(())
    }

    /// Begins to iterate over a value.
    pub(crate) fn items(&self, value: &Value, line: i32) -> Evaluated<Items> {
        let items = match value {
            Value::Object(object) => Ok(Items::Python(self.blame(self.iterate(object, line), line)?)),
            Value::Range(Some(start), Some(stop)) => Ok(Items::Range(*start..*stop)),
            Value::List(_) | Value::Tuple(_) | Value::Array(_) | Value::Map(_) => Ok(Items::Value(value.clone(), 0)),
            other => Err(Fault::kind_error(format!("expected something to iterate over but found {}", brief(other)))),
        };
        self.blame(items, line)
    }

    pub(crate) fn following(&self, items: &mut Items, line: i32) -> Result<Option<Value>, Fault> {
        Ok(match items {
            Items::Python(items) => self.next(items, line)?,
            Items::Range(range) => range.next().map(Value::Int),
            Items::Value(value, at) => {
                *at += 1;
                let at = *at - 1;
                match value {
                    // Asked anew each time: the body may change it.
                    Value::List(items) => items.borrow().get(at).cloned(),
                    Value::Tuple(items) => items.get(at).cloned(),
                    Value::Map(pairs) => pairs.get(at).map(|(k, v)| Value::Tuple([k.clone(), v.clone()].into())),
                    Value::Array(array) => {
                        let array = array.borrow().clone();
                        let more = array.shape().first().is_some_and(|len| at < *len);
                        if more { Some(part(&array, &[i64::try_from(at).unwrap_or(i64::MAX)])?) } else { None }
                    }
                    _ => None,
                }
            }
        })
    }
}

/// What a `for` goes through.
pub(crate) enum Items {
    Python(aria_array_runtime::PyIter),
    Range(core::ops::Range<i64>),
    Value(Value, usize),
}
