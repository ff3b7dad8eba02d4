//! Expressions: the tree is walked. What concerns Python is in `python.rs`.

use crate::ast::{Arg, Expr, ExprKind, Type};
use crate::builtins;
use crate::fault::Fault;
use crate::interpreter::{Evaluated, Flow, Interpreter};
use crate::python::brief;
use crate::value::{Closure, Scope, Value};
use aria_array_runtime::prelude::{Op, UnaryOp};
use std::rc::Rc;

impl Interpreter {
    /// An expression where a type is wanted: `Array.from` asks for just that.
    pub(crate) fn typed(&self, expr: &Expr, scope: &Scope, kind: Option<&Type>) -> Evaluated {
        if let ExprKind::Method(base, name, args) = &expr.kind
            && let (ExprKind::Name(base), "from", [Arg::Positional(arg)]) = (&base.kind, name.as_str(), &args[..])
            && base == "Array"
        {
            let value = self.eval(arg, scope)?;
            let kind = kind.filter(|kind| kind.name.contains("Array"));
            return self.blame(self.array(&value, kind, expr.line), expr.line);
        }
        self.eval(expr, scope)
    }

    pub(crate) fn constant(&self, expr: &Expr) -> Result<Value, Fault> {
        match self.eval(expr, &self.state().globals) {
            Ok(value) | Err(Flow::Return(value)) => Ok(value),
            Err(Flow::Fault(fault)) => Err(*fault),
        }
    }

    pub(crate) fn eval(&self, expr: &Expr, scope: &Scope) -> Evaluated {
        let line = expr.line;
        let all = |items: &[Expr]| items.iter().map(|item| self.eval(item, scope)).collect::<Evaluated<Vec<_>>>();
        let result = match &expr.kind {
            ExprKind::Nil => Ok(Value::Nil),
            ExprKind::Bool(truth) => Ok(Value::Bool(*truth)),
            ExprKind::Int(int) => Ok(Value::Int(*int)),
            ExprKind::Float(float) => Ok(Value::Float(*float)),
            ExprKind::Text(text) => Ok(Value::text(text)),
            ExprKind::Name(name) => scope
                .get(name)
                .or_else(|| self.state().globals.get(name))
                .ok_or_else(|| Fault::new("NameError", format!("expected a name that has a value but found {name:?}"))),
            ExprKind::Array(items) => Ok(Value::literal(all(items)?)),
            ExprKind::Tuple(items) => Ok(Value::Tuple(all(items)?.into())),
            ExprKind::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((self.eval(key, scope)?, self.eval(value, scope)?)));
                Ok(Value::Map(Rc::new(pairs.collect::<Evaluated<_>>()?)))
            }
            ExprKind::Range(start, stop) => {
                let end = |end: &Option<Box<Expr>>| match end.as_ref().map(|end| self.eval(end, scope)).transpose()? {
                    None => Ok(None),
                    Some(Value::Int(end)) => Ok(Some(end)),
                    Some(other) => self.blame(Err(unfit("an Int at the end of a range", &other)), line),
                };
                Ok(Value::Range(end(start)?, end(stop)?))
            }
            ExprKind::Attribute(object, name) => self.member(&self.eval(object, scope)?, name, line),
            ExprKind::Index(object, key) => self.index(&self.eval(object, scope)?, &self.eval(key, scope)?, line),
            ExprKind::Method(..) if is_array_from(expr) => return self.typed(expr, scope, None),
            ExprKind::Method(object, name, args) => self.method(object, name, args, scope, line)?,
            ExprKind::Call(function, args) => self.call_expr(function, args, scope, line)?,
            ExprKind::Neg(operand) => self.negate(&self.eval(operand, scope)?, line),
            ExprKind::Invert(operand) => self.unary(UnaryOp::Invert, &self.eval(operand, scope)?, line),
            ExprKind::Not(operand) => Ok(Value::Bool(!self.is_true(operand, scope)?)),
            // As in Python, the operand that decides is the value.
            ExprKind::And(left, right) | ExprKind::Or(left, right) => {
                let value = self.eval(left, scope)?;
                let truth = self.blame(self.truth_of(&value, line), line)?;
                if truth == matches!(expr.kind, ExprKind::Or(..)) { Ok(value) } else { return self.eval(right, scope) }
            }
            ExprKind::In(item, container) => {
                let (item, container) = (self.eval(item, scope)?, self.eval(container, scope)?);
                self.is_in(&item, &container, line)?
            }
            ExprKind::Binary(op, left, right) => {
                let (left, right) = (self.eval(left, scope)?, self.eval(right, scope)?);
                self.binary(*op, &left, &right, line)
            }
            ExprKind::If(branches, otherwise) => {
                for (condition, block) in branches {
                    if self.is_true(condition, scope)? {
                        return self.block(block, scope, None);
                    }
                }
                return self.block(otherwise, scope, None);
            }
            ExprKind::Lambda(function) => {
                Ok(Value::Function(Rc::new(Closure { function: function.clone(), around: Some(scope.clone()) })))
            }
            ExprKind::TryPy(block) => match self.block(block, scope, None) {
                Ok(value) => Ok(Value::Result(Rc::new(Ok(value)))),
                // Who presses Ctrl-C or exits wants the program to end.
                Err(Flow::Fault(fault)) if !fault.ends_the_program() => Ok(Value::Result(Rc::new(Err(*fault)))),
                Err(other) => return Err(other),
            },
            ExprKind::WithGil(block) => match self.with_gil(line, || self.block(block, scope, None)) {
                Ok(done) => return done,
                Err(fault) => Err(fault),
            },
            ExprKind::WithoutGil(block) => return self.without_gil(|| self.block(block, scope, None)),
            ExprKind::Try(operand) => match self.eval(operand, scope)? {
                Value::Result(result) => match &*result {
                    Ok(value) => Ok(value.clone()),
                    Err(_) => return Err(Flow::Return(Value::Result(result.clone()))),
                },
                other => Err(unfit("a Result before `?`", &other)),
            },
        };
        self.blame(result, line)
    }

    fn is_true(&self, condition: &Expr, scope: &Scope) -> Evaluated<bool> {
        let value = self.eval(condition, scope)?;
        self.blame(self.truth_of(&value, condition.line), condition.line)
    }

    pub(crate) fn truth_of(&self, value: &Value, line: i32) -> Result<bool, Fault> {
        match value {
            Value::Bool(truth) => Ok(*truth),
            Value::Object(object) => self.truth(object, line),
            other => Err(unfit("a Bool", other)),
        }
    }

    fn is_in(&self, item: &Value, container: &Value, line: i32) -> Evaluated<Result<Value, Fault>> {
        if let Value::Object(object) = container {
            return Ok(self.contains(object, item, line).map(Value::Bool));
        }
        if let (Value::Text(part), Value::Text(text)) = (item, container) {
            return Ok(Ok(Value::Bool(text.contains(&**part))));
        }
        let mut items = self.items(container, line)?;
        while let Some(found) = self.blame(self.following(&mut items, line), line)? {
            let found = match (container, found) {
                (Value::Map(_), Value::Tuple(pair)) => pair[0].clone(),
                (_, found) => found,
            };
            let same = self.blame(self.binary(Op::Eq, &found, item, line), line)?;
            if self.blame(self.truth_of(&same, line), line)? {
                return Ok(Ok(Value::Bool(true)));
            }
        }
        Ok(Ok(Value::Bool(false)))
    }

    fn negate(&self, value: &Value, line: i32) -> Result<Value, Fault> {
        match value {
            Value::Int(int) => int.checked_neg().map(Value::Int).ok_or_else(builtins::overflow),
            Value::Float(float) => Ok(Value::Float(-float)),
            other => self.unary(UnaryOp::Neg, other, line),
        }
    }

    /// `left op right`: Aria's own where both are Aria's, Python's where Python has one of them.
    pub(crate) fn binary(&self, op: Op, left: &Value, right: &Value, line: i32) -> Result<Value, Fault> {
        match builtins::operator(op, left, right) {
            Some(result) => result,
            None if matches!(
                (left, right),
                (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_))
            ) =>
            {
                self.operator(op, left, right, line)
            }
            None => {
                let text = format!(
                    "expected operands that {} takes but found {} and {}",
                    op.name(),
                    left.kind(),
                    right.kind()
                );
                Err(Fault::kind_error(text))
            }
        }
    }

    pub(crate) fn member(&self, object: &Value, name: &str, line: i32) -> Result<Value, Fault> {
        match object {
            Value::Object(object) => self.attribute(object, name, line),
            // Aria calls a method without parentheses, too.
            other => builtins::method(self, other, name, &[], line),
        }
    }
}

fn is_array_from(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Method(base, name, args)
        if name == "from" && args.len() == 1 && matches!(&base.kind, ExprKind::Name(base) if base == "Array"))
}

pub(crate) fn unfit(wanted: &str, found: &Value) -> Fault {
    Fault::kind_error(format!("expected {wanted} but found {}", brief(found)))
}

pub(crate) fn no_attribute(value: &Value, name: &str) -> Fault {
    Fault::new("AttributeError", format!("expected something that {} has but found .{name}", value.kind()))
}
