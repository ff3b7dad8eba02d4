//! The evaluator: walks the tree. What concerns Python is in `python.rs`.

use crate::ast::{Arg, Block, Expr, ExprKind, Function, Stmt, StmtKind, Target, Type};
use crate::builtins;
use crate::fault::Fault;
use crate::parser::parse;
use crate::python::brief;
use crate::value::{Closure, Scope, Value, element, unreadable};
use aria_array_runtime::prelude::{Array, Op, Plan, Runtime, Site, UnaryOp};
use core::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

/// How much of its thread's stack the evaluator takes for calls within each other; threads have 2 MiB at least. Callbacks
/// through Python count, too: it is one stack.
const MAX_STACK: usize = 1 << 20;

/// Looks on while a program runs.
pub trait Watch {
    /// A statement begins: its line, and what stands there.
    fn line(&self, _line: i32, _text: &str) {}
    /// The runtime was called, and these arrays crossed in it.
    fn call(&self, _what: &str, _plans: &[Plan]) {}
    /// A name got a value.
    fn assigned(&self, _function: &str, _name: &str, _value: &Value) {}
}

/// Where printed lines go.
type Output = Box<dyn FnMut(&str) -> io::Result<()>>;

/// An interpreter and its program. Clones are the same interpreter.
#[derive(Clone)]
pub struct Interpreter(Rc<State>);

pub(crate) struct State {
    pub(crate) python: OnceCell<Runtime>,
    pub(crate) file: &'static str,
    /// The text of the program: at a prompt, all that was typed.
    pub(crate) text: RefCell<String>,
    pub(crate) argv: RefCell<Vec<String>>,
    pub(crate) sites: RefCell<HashMap<(i32, String), &'static Site>>,
    /// An operation is traced: others inside of it belong to it.
    pub(crate) tracing: Cell<bool>,
    globals: Scope,
    /// Where the stack stood when the program was entered.
    stack: Cell<usize>,
    /// The functions that run, the innermost last.
    calls: RefCell<Vec<String>>,
    watch: RefCell<Option<Rc<dyn Watch>>>,
    output: RefCell<Output>,
}

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Vec<(String, Value)>,
    pub(crate) star: Option<Value>,
    pub(crate) star_star: Option<Value>,
}

impl Args {
    pub(crate) fn is_empty(&self) -> bool {
        self.positional.is_empty() && self.named.is_empty() && self.star.is_none() && self.star_star.is_none()
    }

    /// Where calls are shown.
    pub(crate) fn words(&self) -> String {
        let named = self.named.iter().map(|(name, value)| format!("{name}: {}", brief(value)));
        let words: Vec<String> = self.positional.iter().map(brief).chain(named).collect();
        format!("[{}]", words.join(", "))
    }
}

/// Why a block ends before its last line.
pub(crate) enum Flow {
    Fault(Box<Fault>),
    Return(Value),
}

impl From<Fault> for Flow {
    fn from(fault: Fault) -> Flow {
        Flow::Fault(Box::new(fault))
    }
}

type Evaluated<T = Value> = Result<T, Flow>;

impl Interpreter {
    /// An interpreter of a program in this file. Nothing of Python is loaded yet.
    pub fn new(file: &str) -> Interpreter {
        let output: Output = Box::new(|text| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()
        });
        Interpreter(Rc::new(State {
            python: OnceCell::new(),
            // Python's frames name it for as long as they like.
            file: Box::leak(file.to_owned().into_boxed_str()),
            text: RefCell::default(),
            argv: RefCell::new(vec![file.to_owned()]),
            sites: RefCell::default(),
            tracing: Cell::new(false),
            globals: Scope::default(),
            stack: Cell::new(0),
            calls: RefCell::default(),
            watch: RefCell::default(),
            output: RefCell::new(output),
        }))
    }

    pub(crate) fn state(&self) -> &State {
        &self.0
    }

    /// The program's arguments, `sys.argv` in Python; the first is its file.
    pub fn set_argv(&self, argv: Vec<String>) {
        *self.0.argv.borrow_mut() = argv;
    }

    /// Lets somebody look on, or nobody.
    pub fn watch(&self, watch: Option<Rc<dyn Watch>>) {
        *self.0.watch.borrow_mut() = watch;
    }

    pub(crate) fn watcher(&self) -> Option<Rc<dyn Watch>> {
        self.0.watch.borrow().clone()
    }

    /// Hands what is printed to this instead of writing it.
    pub fn output(&self, output: impl FnMut(&str) -> io::Result<()> + 'static) {
        *self.0.output.borrow_mut() = Box::new(output);
    }

    /// Runs a program: its statements in order, then its `main`, if it has one.
    ///
    /// # Errors
    ///
    /// What went wrong in it, a syntax error before anything ran.
    pub fn run(&self, text: &str) -> Result<(), Fault> {
        self.load(text)?;
        match self.0.globals.get("main") {
            Some(Value::Function(_)) => self.call("main", &[]).map(drop),
            _ => Ok(()),
        }
    }

    /// Runs statements, and says what the last one is: a prompt's turn. Text that was run before stands above.
    ///
    /// # Errors
    ///
    /// As for [`run`](Interpreter::run).
    pub fn load(&self, text: &str) -> Result<Value, Fault> {
        let lines = self.0.text.borrow().lines().count();
        let program = parse(&format!("{}{text}", "\n".repeat(lines))).map_err(|fault| *fault)?;
        self.0.text.borrow_mut().push_str(&format!("{}\n", text.trim_end_matches('\n')));
        self.show_source();
        self.0.calls.borrow_mut().clear();
        self.0.stack.set(stack());
        match self.block(&program, &self.0.globals.clone(), None) {
            Ok(value) | Err(Flow::Return(value)) => Ok(value),
            Err(Flow::Fault(fault)) => Err(*fault),
        }
    }

    /// Calls a function of the program.
    ///
    /// # Errors
    ///
    /// There is none of this name; what goes wrong in it.
    pub fn call(&self, name: &str, args: &[Value]) -> Result<Value, Fault> {
        self.0.stack.set(stack());
        let Some(function) = self.0.globals.get(name) else {
            return Err(Fault::new("NameError", format!("expected a function but found no {name:?}")));
        };
        self.call_value(&function, Args { positional: args.to_vec(), ..Args::default() }, 0)
    }

    /// Drops what the names of the program mean. (Lambdas and their scopes keep each other alive.)
    pub(crate) fn forget(&self) {
        self.0.globals.clear();
    }

    /// The name of the function that runs.
    pub(crate) fn function(&self) -> String {
        self.0.calls.borrow().last().cloned().unwrap_or_else(|| "<module>".to_owned())
    }

    pub(crate) fn print(&self, text: &str, line: i32) -> Result<(), Fault> {
        self.flush(line)?;
        let written = (self.0.output.borrow_mut())(text);
        written.map_err(|error| Fault::new("OSError", format!("cannot print: {error}")))
    }

    /// Gives an error the line at which it happened, unless it has one.
    fn blame<T>(&self, result: Result<T, Fault>, line: i32) -> Evaluated<T> {
        result.map_err(|fault| {
            let place = fault.place.clone().or_else(|| Some(self.place(line)));
            Fault { place, ..fault }.into()
        })
    }

    fn block(&self, block: &Block, scope: &Scope, wanted: Option<&Type>) -> Evaluated {
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
            let text =
                self.0.text.borrow().lines().nth(usize::try_from(line - 1).unwrap_or(0)).unwrap_or("").to_owned();
            watch.line(line, &text);
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
                if let Some(kind) = kind {
                    value = self.blame(self.coerce(value, kind, "a name of this type", line), line)?;
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

    /// An expression where a type is wanted: `Array.from` asks for just that.
    fn typed(&self, expr: &Expr, scope: &Scope, kind: Option<&Type>) -> Evaluated {
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
                let new = self.blame(self.binary(op, &old, &self.eval(value, scope)?, line), line)?;
                match object {
                    Value::Object(object) => self.blame(self.set_attribute(&object, name, &new, line), line),
                    other => self.blame(Err(no_attribute(&other, name)), line),
                }
            }
            ExprKind::Index(object, key) => {
                let (object, key) = (self.eval(object, scope)?, self.eval(key, scope)?);
                let old = self.blame(self.index(&object, &key, line), line)?;
                let new = self.blame(self.binary(op, &old, &self.eval(value, scope)?, line), line)?;
                self.blame(self.set_index(&object, &key, new, line), line)
            }
            _ => {
                let new = self.binary(op, &self.eval(target, scope)?, &self.eval(value, scope)?, line);
                let new = self.blame(new, line)?;
                if let ExprKind::Name(name) = &target.kind {
                    scope.set(name, new);
                }
                Ok(())
            }
        }
    }

    fn each(&self, target: &Target, items: &Expr, body: &Block, scope: &Scope) -> Evaluated<()> {
        let line = items.line;
        let mut items = self.items(&self.eval(items, scope)?, line)?;
        let mut rounds = 0_u32;
        while let Some(item) = self.blame(self.following(&mut items, line), line)? {
            self.assign(target, item, scope, line)?;
            self.block(body, scope, None)?;
            rounds = rounds.wrapping_add(1);
            if rounds.is_multiple_of(256) {
                self.blame(self.check_signals(line), line)?;
            }
        }
        Ok(())
    }

    /// Begins to iterate over a value.
    fn items(&self, value: &Value, line: i32) -> Evaluated<Items> {
        let items = match value {
            Value::Object(object) => Ok(Items::Python(self.blame(self.iterate(object, line), line)?)),
            Value::Range(Some(start), Some(stop)) => Ok(Items::Range(*start..*stop)),
            Value::List(_) | Value::Tuple(_) | Value::Array(_) | Value::Map(_) => Ok(Items::Value(value.clone(), 0)),
            other => Err(Fault::kind_error(format!("expected something to iterate over but found {}", brief(other)))),
        };
        self.blame(items, line)
    }

    fn following(&self, items: &mut Items, line: i32) -> Result<Option<Value>, Fault> {
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

    pub(crate) fn constant(&self, expr: &Expr) -> Result<Value, Fault> {
        match self.eval(expr, &self.0.globals) {
            Ok(value) | Err(Flow::Return(value)) => Ok(value),
            Err(Flow::Fault(fault)) => Err(*fault),
        }
    }

    fn eval(&self, expr: &Expr, scope: &Scope) -> Evaluated {
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
                .or_else(|| self.0.globals.get(name))
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

    fn truth_of(&self, value: &Value, line: i32) -> Result<bool, Fault> {
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
    fn binary(&self, op: Op, left: &Value, right: &Value, line: i32) -> Result<Value, Fault> {
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

    fn member(&self, object: &Value, name: &str, line: i32) -> Result<Value, Fault> {
        match object {
            Value::Object(object) => self.attribute(object, name, line),
            // Aria calls a method without parentheses, too.
            other => builtins::method(self, other, name, &[], line),
        }
    }

    fn index(&self, object: &Value, key: &Value, line: i32) -> Result<Value, Fault> {
        match (object, key) {
            (Value::Object(object), key) => self.item(object, key, line),
            (Value::Array(array), key) => {
                let array = array.borrow().clone();
                match indices(key) {
                    Some(indices) => part(&array, &indices),
                    // Slices, masks and lists of indices are NumPy's.
                    None => match self.to_numpy(&array, line)? {
                        Value::Object(object) => self.item(&object, key, line),
                        other => Err(unfit("an array", &other)),
                    },
                }
            }
            (Value::List(items), Value::Int(at)) => {
                let items = items.borrow();
                within(*at, items.len()).map(|at| items[at].clone())
            }
            (Value::Tuple(items), Value::Int(at)) => within(*at, items.len()).map(|at| items[at].clone()),
            (Value::Map(pairs), key) => {
                let mut same = pairs
                    .iter()
                    .filter(|(found, _)| matches!(builtins::operator(Op::Eq, found, key), Some(Ok(Value::Bool(true)))));
                let found = same.next_back().map(|(_, value)| value.clone());
                found.ok_or_else(|| {
                    Fault::new("KeyError", format!("expected a key of the map but found {}", brief(key)))
                })
            }
            (other, key) => Err(Fault::kind_error(format!(
                "expected something with items but found {}[{}]",
                other.kind(),
                brief(key)
            ))),
        }
    }

    fn set_index(&self, object: &Value, key: &Value, value: Value, line: i32) -> Result<(), Fault> {
        match (object, key) {
            (Value::Object(object), key) => self.set_item(object, key, &value, line),
            (Value::List(items), Value::Int(at)) => {
                let len = items.borrow().len();
                let at = within(*at, len)?;
                let old = core::mem::replace(&mut items.borrow_mut()[at], value);
                drop(old);
                Ok(())
            }
            (Value::Array(array), key) => {
                let array = &mut *array.borrow_mut();
                let Some([at]) =
                    indices(key).as_deref().map(<[i64]>::to_vec).and_then(|at| <[i64; 1]>::try_from(at).ok())
                else {
                    return Err(unfit("an Int as the index of an item to set", key));
                };
                let at = within(at, array.len())?;
                let place = match &value {
                    Value::Float(float) => array.as_mut_slice::<f64>().map(|items| items[at] = *float),
                    Value::Int(int) => array.as_mut_slice::<i64>().map(|items| items[at] = *int),
                    other => return Err(unfit("a Float or an Int as an item", other)),
                };
                // Python may hold it, and look at it at any time: Aria writes to what is its own alone.
                place.map_err(|error| {
                    let fault = unreadable(array, &error);
                    Fault {
                        kind: "ValueError".to_owned(),
                        message: format!("{}; hint: np.array(x) is a copy that can be written", fault.message),
                        ..fault
                    }
                })
            }
            (other, _) => Err(unfit("something whose items can be set", other)),
        }
    }

    fn args(&self, args: &[Arg], scope: &Scope) -> Evaluated<Args> {
        let mut given = Args::default();
        for arg in args {
            match arg {
                Arg::Positional(expr) => given.positional.push(self.eval(expr, scope)?),
                Arg::Named(name, expr) => given.named.push((name.clone(), self.eval(expr, scope)?)),
                Arg::Star(expr) => given.star = Some(self.eval(expr, scope)?),
                Arg::StarStar(expr) => given.star_star = Some(self.eval(expr, scope)?),
            }
        }
        Ok(given)
    }

    fn method(
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
            other if args.named.is_empty() => builtins::method(self, other, name, &args.positional, line),
            other => Err(no_attribute(other, name)),
        })
    }

    fn call_expr(&self, function: &Expr, args: &[Arg], scope: &Scope, line: i32) -> Evaluated<Result<Value, Fault>> {
        if let ExprKind::Name(name) = &function.kind
            && scope.get(name).or_else(|| self.0.globals.get(name)).is_none()
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
                if line > 0 {
                    fault.callers.push(self.place(line));
                }
                fault
            }),
            other => Err(unfit("something to call", other)),
        }
    }

    /// Calls a function of Aria: parameters are bound and made what their types say, and so is the result.
    pub(crate) fn call_closure(&self, closure: &Closure, args: Args, line: i32) -> Result<Value, Fault> {
        let function = &closure.function;
        if stack().abs_diff(self.0.stack.get()) > MAX_STACK {
            let depth = self.0.calls.borrow().len();
            return Err(Fault::new("RecursionError", format!("expected fewer calls within each other than {depth}")));
        }
        let scope = Scope::within(closure.around.clone());
        let bound = self.bind(function, args, &scope, line);
        self.0.calls.borrow_mut().push(function.name.clone());
        let result = bound.and_then(|()| match self.block(&function.body, &scope, function.result.as_ref()) {
            Ok(value) | Err(Flow::Return(value)) => match &function.result {
                Some(kind) => self.coerce(value, kind, &format!("the result of {}", function.name), function.line),
                None => Ok(value),
            },
            Err(Flow::Fault(fault)) => Err(*fault),
        });
        self.0.calls.borrow_mut().pop();
        result
    }

    fn bind(&self, function: &Function, args: Args, scope: &Scope, line: i32) -> Result<(), Fault> {
        let name = &function.name;
        if args.star.is_some() || args.star_star.is_some() {
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

/// About where this thread's stack stands.
fn stack() -> usize {
    let here = 0_u8;
    core::hint::black_box(&raw const here).addr()
}

/// What a `for` goes through.
enum Items {
    Python(aria_array_runtime::PyIter),
    Range(core::ops::Range<i64>),
    Value(Value, usize),
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

/// An index within a length; negative ones count from the end.
fn within(at: i64, len: usize) -> Result<usize, Fault> {
    let from_start = if at < 0 { at.checked_add_unsigned(len as u64) } else { Some(at) };
    let inside = from_start.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < len);
    inside.ok_or_else(|| Fault::new("IndexError", format!("expected an index within {len} items but found {at}")))
}

/// The indices of a key of ints alone.
fn indices(key: &Value) -> Option<Vec<i64>> {
    match key {
        Value::Int(at) => Some(vec![*at]),
        Value::Tuple(keys) => keys.iter().map(|key| if let Value::Int(at) = key { Some(*at) } else { None }).collect(),
        _ => None,
    }
}

/// An element of an array, or a part of it in the same memory.
fn part(array: &Array, at: &[i64]) -> Result<Value, Fault> {
    if at.len() > array.ndim() {
        let text = format!(
            "expected at most {} indices for {} but found {}",
            array.ndim(),
            crate::python::shape(array),
            at.len()
        );
        return Err(Fault::new("IndexError", text));
    }
    let at = at.iter().zip(array.shape()).map(|(at, len)| within(*at, *len)).collect::<Result<Vec<_>, _>>()?;
    if at.len() == array.ndim() {
        return element(array, &at);
    }
    let parts = at.iter().try_fold(array.clone(), |array, at| array.index(0, *at));
    parts.map(Value::array).map_err(|error| unreadable(array, &error))
}
