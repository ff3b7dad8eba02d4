//! Calls: arguments, functions of the program, and how deep they may be.

use crate::ast::{Arg, Expr, ExprKind, Function};
use crate::builtins;
use crate::eval::{no_attribute, unfit};
use crate::fault::Fault;
use crate::interpreter::{Evaluated, Flow, Interpreter};
use crate::python::brief;
use crate::stack;
use crate::value::{Closure, Scope, Value};

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Vec<(String, Value)>,
    /// Which of `positional`, and which of `named`, stand for their items: `*x`, `**x`.
    pub(crate) stars: Vec<usize>,
    pub(crate) mappings: Vec<usize>,
}

impl Args {
    pub(crate) fn is_empty(&self) -> bool {
        self.positional.is_empty() && self.named.is_empty()
    }

    /// Each stands for itself.
    pub(crate) fn are_plain(&self) -> bool {
        self.stars.is_empty() && self.mappings.is_empty()
    }

    /// Where calls are shown.
    pub(crate) fn words(&self) -> String {
        let named = self.named.iter().map(|(name, value)| format!("{name}: {}", brief(value)));
        let words: Vec<String> = self.positional.iter().map(brief).chain(named).collect();
        format!("[{}]", words.join(", "))
    }
}

impl Interpreter {
    fn args(&self, args: &[Arg], scope: &Scope) -> Evaluated<Args> {
        let mut given = Args::default();
        for arg in args {
            match arg {
                Arg::Positional(expr) => given.positional.push(self.eval(expr, scope)?),
                Arg::Named(name, expr) => given.named.push((name.clone(), self.eval(expr, scope)?)),
                Arg::Star(expr) => {
                    given.stars.push(given.positional.len());
                    given.positional.push(self.eval(expr, scope)?);
                }
                Arg::StarStar(expr) => {
                    given.mappings.push(given.named.len());
                    given.named.push(("**".to_owned(), self.eval(expr, scope)?));
                }
            }
        }
        Ok(given)
    }

    pub(crate) fn method(
        &self,
        object: &Expr,
        name: &str,
        args: &[Arg],
        scope: &Scope,
        line: i32,
    ) -> Evaluated<Result<Value, Fault>> {
        if let ExprKind::Name(base) = &object.kind
            && base == "Array"
            && scope.get(base).is_none()
        {
            let args = self.args(args, scope)?;
            return Ok(builtins::new_array(name, &args));
        }
        let object = self.eval(object, scope)?;
        let args = self.args(args, scope)?;
        Ok(match &object {
            Value::Object(object) => self.call_method(object, name, &args, line),
            other if args.named.is_empty() && args.are_plain() => {
                builtins::method(self, other, name, &args.positional, line)
            }
            other => Err(no_attribute(other, name)),
        })
    }

    pub(crate) fn call_expr(
        &self,
        function: &Expr,
        args: &[Arg],
        scope: &Scope,
        line: i32,
    ) -> Evaluated<Result<Value, Fault>> {
        if let ExprKind::Name(name) = &function.kind
            && scope.get(name).or_else(|| self.state().globals.get(name)).is_none()
            && builtins::FUNCTIONS.contains(&name.as_str())
        {
            let args = self.args(args, scope)?;
            return Ok(builtins::call(self, name, &args, line));
        }
        let function = self.eval(function, scope)?;
        let args = self.args(args, scope)?;
        Ok(self.call_value(&function, args, line))
    }

    pub(crate) fn call_value(&self, function: &Value, args: Args, line: i32) -> Result<Value, Fault> {
        match function {
            Value::Object(object) => self.call_object(object, &args, line),
            Value::Function(closure) => self.call_closure(closure, args, line).map_err(|mut fault| {
                // One that did not get into the function has the line of the call as its own place.
                if line > 0 && fault.place.is_some() {
                    fault.callers.push(self.place(line));
                }
                fault
            }),
            other => Err(unfit("something to call", other)),
        }
    }

    /// A round of a loop, or a call: now and then it looks whether Ctrl-C was pressed.
    pub(crate) fn step(&self, line: i32) -> Result<(), Fault> {
        let steps = &self.state().steps;
        steps.set((steps.get() + 1) % 256);
        if steps.get() == 0 { self.check_signals(line) } else { Ok(()) }
    }

    /// Calls a function of Aria: parameters are bound and made what their types say, and so is the result.
    pub(crate) fn call_closure(&self, closure: &Closure, args: Args, line: i32) -> Result<Value, Fault> {
        let function = &closure.function;
        if stack::is_used_up(self.state().stack.get()) {
            let depth = self.state().calls.borrow().len();
            let text = format!("expected at most {depth} calls within each other but found more");
            return Err(Fault::new("RecursionError", text + "; hint: does the recursion end?"));
        }
        self.step(line)?;
        let scope = Scope::within(closure.around.clone());
        // What fails here is the caller's, who says its line.
        let bound = self.bind(function, args, &scope, line).map_err(|fault| Fault { place: None, ..fault });
        self.state().calls.borrow_mut().push(function.name.clone());
        let result = bound.and_then(|()| match self.block(&function.body, &scope, function.result.as_ref()) {
            Ok(value) | Err(Flow::Return(value)) => match &function.result {
                Some(kind) => self.coerce(value, kind, &format!("the result of {}", function.name), function.line),
                None => Ok(value),
            },
            Err(Flow::Fault(fault)) => Err(*fault),
        });
        self.state().calls.borrow_mut().pop();
        result
    }

    fn bind(&self, function: &Function, args: Args, scope: &Scope, line: i32) -> Result<(), Fault> {
        let name = &function.name;
        if !args.are_plain() {
            return Err(Fault::kind_error(format!("expected arguments one by one for {name} but found * or **")));
        }
        let (given, mut named) = (args.positional.len(), args.named);
        if given > function.params.len() {
            let text = format!("expected at most {} arguments for {name} but found {given}", function.params.len());
            return Err(Fault::kind_error(text));
        }
        let mut positional = args.positional.into_iter();
        for param in &function.params {
            let by_name = named.iter().position(|(name, _)| *name == param.name).map(|at| named.remove(at).1);
            let value = match (positional.next(), by_name, &param.default) {
                (Some(value), None, _) | (None, Some(value), _) => value,
                (None, None, Some(default)) => self.constant(default)?,
                (Some(_), Some(_), _) => {
                    return Err(Fault::kind_error(format!(
                        "expected {} of {name} once but found it twice",
                        param.name
                    )));
                }
                (None, None, None) => {
                    return Err(Fault::kind_error(format!(
                        "expected an argument for {} of {name} but found none",
                        param.name
                    )));
                }
            };
            let value = match &param.kind {
                Some(kind) => {
                    self.coerce(value, kind, &format!("{} of {name}", param.name), line.max(function.line))?
                }
                None => value,
            };
            scope.declare(&param.name, value);
        }
        match named.first() {
            None => Ok(()),
            Some((other, _)) => Err(Fault::kind_error(format!("expected a parameter of {name} but found {other}"))),
        }
    }
}
