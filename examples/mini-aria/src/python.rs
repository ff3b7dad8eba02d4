//! The binding: every call of the runtime that the interpreter makes. The page for authors of interpreters.
//!
//! 1. Python starts at the first `extern Python`, and ends with the program; a program without one loads nothing.
//! 2. Each operation goes through [`Interpreter::operate`]: it enters a [`Site`], so that tracebacks, warnings and
//!    pandas see the Aria line, and makes a [`Fault`] of what Python raises.
//! 3. Values cross by [`Interpreter::lower`] and [`Interpreter::lift`]; arrays stay shared; a type such as
//!    `Array<Float>` is a [`Request`]: [`Interpreter::coerce`].
//! 4. Aria functions become `callable_local`, since values are `Rc`. An Aria error goes through Python as the payload
//!    of an exception, and an exception through Aria as itself.
//! 5. Python may write to an array that it is given, and the program sees it: [`shared`]. The program itself copies an array
//!    that Python sees, or that is Python's, before it writes to it: `index.rs`, `set_element`.
//! 6. No borrow of a value is held while Python runs: Python may come back, and may want the same value.

use crate::ast::{Function, Type};
use crate::call::Args as Given;
use crate::fault::{Fault, Place};
use crate::interpreter::Interpreter;
use crate::value::{Closure, Value, element, nested};
use aria_array_runtime::prelude::*;
use aria_array_runtime::{EndError, add_source};
use core::cell::RefCell;
use std::rc::Rc;

/// Conversions that every object of Python has in Aria, unless it has an attribute of this name itself.
const CONVERSIONS: [&str; 8] =
    ["to_float", "to_int", "to_bool", "to_string", "to_list", "to_array", "to_aria_array", "len"];

impl Interpreter {
    /// Python, which starts when it is first asked for.
    pub fn python(&self) -> Result<&Runtime, Fault> {
        let state = self.state();
        if state.python.get().is_none() {
            // Signals: Ctrl-C is a KeyboardInterrupt in Python code, and loops of ours ask for it.
            let config = Config::from_env().argv(state.argv.borrow().iter().cloned()).signals(true);
            let runtime = Runtime::start(&config).map_err(|error| Fault::new("StartError", error.to_string()))?;
            let _ = state.python.set(runtime);
            self.show_source();
            self.forget_at_exit()?;
        }
        state.python.get().ok_or_else(|| Fault::new("StartError", "Python has not started"))
    }

    /// Lets the program's names go when Python ends, after all that the program itself gives to `atexit`, which may use them.
    fn forget_at_exit(&self) -> Result<(), Fault> {
        let interpreter = self.clone();
        let forget = PyObject::callable_local("forget", Signature::new(), move |_| {
            interpreter.forget();
            Ok(())
        });
        let register = |forget| PyObject::import("atexit")?.call_method("register", Args::new().arg(&forget));
        forget.and_then(register).map(drop).map_err(|error| self.raised(error, 0))
    }

    /// Ends Python, if it was started: its threads are joined, `atexit` runs, what the program still has is dropped, streams
    /// are flushed.
    ///
    /// # Errors
    ///
    /// What the runtime says.
    pub fn end(&self) -> Result<(), EndError> {
        let ended = self.state().python.get().map_or(Ok(()), Runtime::end);
        self.forget();
        ended
    }

    /// Gives Python the text of the program, for its tracebacks.
    pub(crate) fn show_source(&self) {
        if self.state().python.get().is_some() {
            // A traceback without the line is no reason to fail.
            let _ = add_source(self.state().file, &self.state().text.borrow());
        }
    }

    /// Runs an operation of Python at a line of the program. `what` says it in words, for who watches.
    pub(crate) fn operate<R>(
        &self,
        line: i32,
        what: impl FnOnce() -> String,
        body: impl FnOnce() -> Result<R, PyError>,
    ) -> Result<R, Fault> {
        let runtime = self.python()?;
        let watch = self.watcher().filter(|_| !self.state().tracing.replace(true));
        let what = watch.as_ref().map(|_| what());
        let done = {
            let _here = self.site(line).enter();
            match &watch {
                None => body(),
                Some(watch) => {
                    let traced = runtime.trace(body);
                    self.state().tracing.set(false);
                    traced.and_then(|(done, plans)| {
                        watch.call(what.as_deref().unwrap_or_default(), &plans);
                        done
                    })
                }
            }
        };
        done.map_err(|error| self.raised(error, line))
    }

    /// The place of this line in the function that runs. Sites live as long as the program, as its text does.
    fn site(&self, line: i32) -> &'static Site {
        self.site_of(line, self.function())
    }

    fn site_of(&self, line: i32, function: String) -> &'static Site {
        let key = (line, function);
        let mut sites = self.state().sites.borrow_mut();
        sites.entry(key).or_insert_with_key(|(line, function)| {
            let function: &'static str = Box::leak(function.clone().into_boxed_str());
            Box::leak(Box::new(Site::new(self.state().file, *line, function)))
        })
    }

    fn raised(&self, error: PyError, line: i32) -> Fault {
        let place = Some(self.place(line));
        match error.payload::<Fault>() {
            // Our own error comes back from Python: its words and its place, with Python's traceback. The calls that it
            // went through before are within that: `render` finds them in the payload.
            Some(ours) => Fault { callers: Vec::new(), python: Some(Rc::new(error.clone())), ..ours.clone() },
            None => Fault { place, python: Some(Rc::new(error.clone())), ..Fault::new(error.kind(), error.message()) },
        }
    }

    /// `extern Python from a.b as c`
    pub(crate) fn import(&self, module: &str, line: i32) -> Result<Value, Fault> {
        self.operate(line, || format!("PyObject::import({module:?})"), || PyObject::import(module)).map(Value::Object)
    }

    /// A value on its way into Python. Lists and maps are copied, arrays are shared.
    pub(crate) fn lower(&self, value: &Value, line: i32) -> Result<Val, Fault> {
        self.lower_at(value, line, 0)
    }

    fn lower_at(&self, value: &Value, line: i32, depth: usize) -> Result<Val, Fault> {
        let depth = nested(depth)?;
        let one = |item: &Value| self.lower_at(item, line, depth);
        let all = |items: &[Value]| items.iter().map(one).collect::<Result<Vec<Val>, _>>();
        Ok(match value {
            Value::Nil => Val::None,
            Value::Bool(truth) => Val::Bool(*truth),
            Value::Int(int) => Val::Int(*int),
            Value::Float(float) => Val::Float(*float),
            Value::Text(text) => Val::Str(text.to_string()),
            Value::List(items) => {
                let items = items.borrow().clone();
                Val::List(all(&items)?)
            }
            Value::Tuple(items) => Val::Tuple(all(items)?),
            Value::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((one(key)?, one(value)?)));
                Val::Dict(pairs.collect::<Result<_, Fault>>()?)
            }
            // A slice inside of an index, which the runtime sees to; else Python's `range`.
            Value::Range(Some(start), Some(stop)) => Val::Range(*start, *stop, 1),
            Value::Range(start, stop) => Val::slice(*start, *stop, ()),
            Value::Array(array) => Val::from(shared(array)),
            Value::Function(closure) => Val::Object(self.callable(closure, line)?),
            Value::Object(object) => Val::from(object),
            Value::Result(_) => {
                return Err(Fault::kind_error("expected a value but found a Result; hint: `?` takes the value out"));
            }
        })
    }

    /// What came out of Python: simple values become Aria's, all else stays what it is.
    pub(crate) fn lift(&self, object: PyObject) -> Result<Value, Fault> {
        match object.lower() {
            Ok(Val::None) => Ok(Value::Nil),
            Ok(Val::Bool(truth)) => Ok(Value::Bool(truth)),
            Ok(Val::Int(int)) => Ok(Value::Int(int)),
            Ok(Val::Float(float)) => Ok(Value::Float(float)),
            Ok(Val::Str(text)) => Ok(Value::text(text)),
            Ok(_) => Ok(single(&object).unwrap_or(Value::Object(object))),
            Err(error) => Err(Fault::new(error.kind(), error.message())),
        }
    }

    fn lifted(
        &self,
        line: i32,
        what: impl FnOnce() -> String,
        body: impl FnOnce() -> Result<PyObject, PyError>,
    ) -> Result<Value, Fault> {
        self.lift(self.operate(line, what, body)?)
    }

    /// `slice(start, stop, step)`: an index with a step, which Aria's ranges cannot say.
    pub(crate) fn slice(&self, start: &Value, stop: &Value, step: &Value, line: i32) -> Result<Value, Fault> {
        let slice = Val::slice(self.lower(start, line)?, self.lower(stop, line)?, self.lower(step, line)?);
        self.operate(line, || "Val::slice(…)".to_owned(), || PyObject::from_val(slice)).map(Value::Object)
    }

    fn lower_args(&self, given: &Given, line: i32) -> Result<Args, Fault> {
        let object = |value| self.operate(line, || "PyObject::from_val(…)".to_owned(), || PyObject::from_val(value));
        let mut args = Args::new();
        for (at, value) in given.positional.iter().enumerate() {
            let value = self.lower(value, line)?;
            args = if given.stars.contains(&at) { args.star(&object(value)?) } else { args.arg(value) };
        }
        for (at, (name, value)) in given.named.iter().enumerate() {
            let value = self.lower(value, line)?;
            args = if given.mappings.contains(&at) { args.star_star(&object(value)?) } else { args.kw(name, value) };
        }
        Ok(args)
    }

    /// `f(…)`
    pub(crate) fn call_object(&self, object: &PyObject, given: &Given, line: i32) -> Result<Value, Fault> {
        let args = self.lower_args(given, line)?;
        self.lifted(line, || format!("{}.call({})", named(object), given.words()), || object.call(args))
    }

    /// `x.f(…)`
    pub(crate) fn call_method(&self, object: &PyObject, name: &str, given: &Given, line: i32) -> Result<Value, Fault> {
        if given.is_empty() && self.converts(object, name, line)? {
            return self.convert(object, name, line);
        }
        let args = self.lower_args(given, line)?;
        let what = || format!("{}.call_method({name:?}, {})", named(object), given.words());
        self.lifted(line, what, || object.call_method(name, args))
    }

    /// `x.name`
    pub(crate) fn attribute(&self, object: &PyObject, name: &str, line: i32) -> Result<Value, Fault> {
        if self.converts(object, name, line)? {
            return self.convert(object, name, line);
        }
        self.lifted(line, || format!("{}.getattr({name:?})", named(object)), || object.getattr(name))
    }

    /// `x.name = value`
    pub(crate) fn set_attribute(&self, object: &PyObject, name: &str, value: &Value, line: i32) -> Result<(), Fault> {
        let value = self.lower(value, line)?;
        self.operate(line, || format!("{}.setattr({name:?}, …)", named(object)), || object.setattr(name, value))
    }

    /// `x[key]`
    pub(crate) fn item(&self, object: &PyObject, key: &Value, line: i32) -> Result<Value, Fault> {
        let lowered = self.lower(key, line)?;
        self.lifted(line, || format!("{}.getitem({})", named(object), brief(key)), || object.getitem(lowered))
    }

    /// `x[key] = value`
    pub(crate) fn set_item(&self, object: &PyObject, key: &Value, value: &Value, line: i32) -> Result<(), Fault> {
        let (lowered, value) = (self.lower(key, line)?, self.lower(value, line)?);
        self.operate(
            line,
            || format!("{}.setitem({}, …)", named(object), brief(key)),
            || object.setitem(lowered, value),
        )
    }

    /// `a + b`, where Python has at least one of them.
    pub(crate) fn operator(&self, op: Op, left: &Value, right: &Value, line: i32) -> Result<Value, Fault> {
        let (a, b) = (self.lower(left, line)?, self.lower(right, line)?);
        self.lifted(line, || format!("Op::{op:?}.apply({}, {})", brief(left), brief(right)), || op.apply(a, b))
    }

    /// `a += b`, where Python has `a`: it changes what can be changed, and gives what the name means from now on.
    pub(crate) fn operator_in_place(&self, op: Op, left: &Value, right: &Value, line: i32) -> Result<Value, Fault> {
        let (a, b) = (self.lower(left, line)?, self.lower(right, line)?);
        let what = || format!("Op::{op:?}.apply_in_place({}, {})", brief(left), brief(right));
        self.lifted(line, what, || op.apply_in_place(a, b))
    }

    /// `-x`, `~x`
    pub(crate) fn unary(&self, op: UnaryOp, operand: &Value, line: i32) -> Result<Value, Fault> {
        let value = self.lower(operand, line)?;
        self.lifted(line, || format!("UnaryOp::{op:?}.apply({})", brief(operand)), || op.apply(value))
    }

    /// `if x`: Python may refuse to say.
    pub(crate) fn truth(&self, object: &PyObject, line: i32) -> Result<bool, Fault> {
        self.operate(line, || format!("{}.truthy()", named(object)), || object.truthy())
    }

    /// `x in y`
    pub(crate) fn contains(&self, object: &PyObject, item: &Value, line: i32) -> Result<bool, Fault> {
        let value = self.lower(item, line)?;
        self.operate(line, || format!("{}.contains({})", named(object), brief(item)), || object.contains(value))
    }

    /// `for x in y`: one item at a time.
    pub(crate) fn iterate(&self, object: &PyObject, line: i32) -> Result<PyIter, Fault> {
        self.operate(line, || format!("{}.iter()", named(object)), || object.iter())
    }

    /// The next item.
    pub(crate) fn next(&self, items: &mut PyIter, line: i32) -> Result<Option<Value>, Fault> {
        let item = self.operate(line, || "PyIter::next()".to_owned(), || items.next().transpose())?;
        item.map(|item| self.lift(item)).transpose()
    }

    /// Says whether Aria's conversion is meant: Python's own attribute of the name goes before.
    fn converts(&self, object: &PyObject, name: &str, line: i32) -> Result<bool, Fault> {
        let known = CONVERSIONS.contains(&name);
        Ok(known && !self.operate(line, || format!("{}.hasattr({name:?})", named(object)), || object.hasattr(name))?)
    }

    fn convert(&self, object: &PyObject, name: &str, line: i32) -> Result<Value, Fault> {
        let what = || format!("{}.{name}()", named(object));
        match name {
            "to_float" => self.operate(line, what, || object.to_float()).map(Value::Float),
            "to_int" => self.operate(line, what, || object.to_int()).map(Value::Int),
            "to_bool" => self.operate(line, what, || object.truthy()).map(Value::Bool),
            "to_string" => self.operate(line, what, || object.str()).map(Value::text),
            "len" => self.operate(line, what, || object.len()).map(Value::count),
            "to_list" => {
                let items = self.operate(line, what, || object.to_vec())?;
                Ok(Value::list(items.into_iter().map(|item| self.lift(item)).collect::<Result<_, _>>()?))
            }
            // `to_aria_array` is the explicit copy of the FFI design.
            "to_aria_array" => {
                self.array_from(object, &(Request::new().copy(CopyPolicy::Always), "copy: always".into()), line)
            }
            _ => self.array_from(object, &any_array(), line),
        }
    }

    fn array_from(&self, object: &PyObject, (request, words): &Wish, line: i32) -> Result<Value, Fault> {
        let what = || format!("Array::from_py({}, {{{words}}})", named(object));
        let (array, _plan) = self.operate(line, what, || Array::from_py(object, request))?;
        Ok(Value::array(array))
    }

    /// `Array.from(x)`: never a copy of what Python has. `kind` is the type that is wanted, where one stands.
    pub(crate) fn array(&self, value: &Value, kind: Option<&Type>, line: i32) -> Result<Value, Fault> {
        let request = match kind {
            Some(kind) => request_of(kind)?,
            None => any_array(),
        };
        match value {
            Value::Object(object) => self.array_from(object, &request, line),
            Value::List(items) => {
                let items = items.borrow().clone();
                match Value::literal(items) {
                    array @ Value::Array(_) => Ok(array),
                    _ => Err(Fault::kind_error(
                        "expected floats alone or ints alone for an Array but found a List of others",
                    )),
                }
            }
            Value::Array(_) => Ok(value.clone()),
            other => {
                Err(Fault::kind_error(format!("expected something to make an Array of but found {}", other.kind())))
            }
        }
    }

    /// `array.to_numpy`: the same memory as an array of NumPy.
    pub(crate) fn to_numpy(&self, array: &Array, line: i32) -> Result<Value, Fault> {
        let what = || format!("{}.to_py()", shape(array));
        self.operate(line, what, || array.to_py().map(|(object, _plan)| object)).map(Value::Object)
    }

    /// Makes a value what a type says, or refuses it. `what` is the thing that has the type.
    pub(crate) fn coerce(&self, value: Value, kind: &Type, what: &str, line: i32) -> Result<Value, Fault> {
        let name = kind.name.as_str();
        let unfit =
            |found: &str| Fault::kind_error(format!("expected {} for {what} but found {found}", type_name(kind)));
        match (name, &value) {
            ("Int", Value::Int(_))
            | ("Float" | "Float64", Value::Float(_))
            | ("Bool", Value::Bool(_))
            | ("String", Value::Text(_))
            | ("Unit", Value::Nil)
            | ("Map" | "Dict", Value::Map(_))
            | ("Result", Value::Result(_))
            | ("PyObject" | "PyModule", Value::Object(_)) => Ok(value),
            // Scalars of NumPy, which Python hands to callbacks.
            ("Int", Value::Object(object)) => self.convert(object, "to_int", line),
            ("Float" | "Float64", Value::Object(object)) => self.convert(object, "to_float", line),
            ("Bool", Value::Object(object)) => self.convert(object, "to_bool", line),
            ("Array" | "PyArray" | "PyArrayView", Value::Array(array)) => {
                let array = array.borrow().clone();
                if fits(&array, kind)? { Ok(value) } else { Err(unfit(&shape(&array))) }
            }
            ("Array" | "PyArray" | "PyArrayView", Value::Object(_)) => self.array(&value, Some(kind), line),
            ("Array" | "PyArray" | "PyArrayView", Value::List(items)) => {
                let items = items.borrow().clone();
                if items.is_empty() {
                    let ints = dtype_of(kind)?.is_some_and(|dtype| dtype == DType::I64);
                    return Ok(Value::array(if ints {
                        Array::from(Vec::<i64>::new())
                    } else {
                        Array::from(Vec::<f64>::new())
                    }));
                }
                match Value::literal(items) {
                    array @ Value::Array(_) => self.coerce(array, kind, what, line), // Its elements may be others.
                    _ => Err(unfit("a List; hint: an Array has floats alone or ints alone")),
                }
            }
            (
                "Int" | "Float" | "Float64" | "Bool" | "String" | "Unit" | "Map" | "Dict" | "Result" | "Array"
                | "PyArray" | "PyArrayView" | "PyModule",
                _,
            ) => Err(unfit(&brief(&value))),
            // `Any`, and errors: the parser knows that there are such types.
            _ => Ok(value),
        }
    }

    /// An Aria function as a callable of Python, of this thread.
    pub(crate) fn callable(&self, closure: &Rc<Closure>, line: i32) -> Result<PyObject, Fault> {
        let (name, signature, body) = self.exported(closure, line)?;
        let what = || format!("PyObject::callable_local({name:?}, …)");
        self.operate(line, what, || PyObject::callable_local(&name, signature, body))
    }

    /// An error on its way into Python: an exception is raised again at each line of Aria that it went through, so that they
    /// are in its traceback; Aria's own error is the payload of one.
    fn thrown(&self, fault: Fault) -> PyError {
        let Some(error) = fault.python() else {
            return PyError::from_host_local(&fault.kind.clone(), fault.message.clone(), fault);
        };
        let again = |error: PyError, place: &Place| {
            let _here = self.site_of(place.line, place.function.clone()).enter();
            // A function in C that raises the exception it is given.
            let raise = PyObject::import("codecs").and_then(|codecs| codecs.getattr("strict_errors"));
            match (raise, error.object()) {
                (Ok(raise), Some(exception)) => raise.call(Args::new().arg(exception)).err().unwrap_or(error),
                _ => error,
            }
        };
        fault.callers.iter().fold(error.clone(), again)
    }

    /// Name, signature and body of an Aria function for Python.
    fn exported(
        &self,
        closure: &Rc<Closure>,
        line: i32,
    ) -> Result<Exported<impl Fn(CallArgs<'_>) -> Result<Val, PyError> + use<>>, Fault> {
        let function = &closure.function;
        let mut signature = Signature::new().at(self.state().file, function.line);
        if let Some(doc) = self.doc(function.line) {
            signature = signature.doc(doc);
        }
        for param in &function.params {
            signature = match &param.default {
                None => signature.arg(&param.name),
                Some(default) => signature.arg_or(&param.name, self.lower(&self.constant(default)?, line)?),
            };
        }
        let (interpreter, closure) = (self.clone(), closure.clone());
        let body = move |call: CallArgs<'_>| {
            let thrown = |fault| interpreter.thrown(fault);
            let called = (0..call.len()).map(|i| interpreter.lift(call.at(i)?.clone()).map_err(thrown));
            let args = Given { positional: called.collect::<Result<_, PyError>>()?, ..Given::default() };
            let line = closure.function.line;
            let result = interpreter.call_closure(&closure, args, line).map_err(thrown)?;
            interpreter.lower(&result, line).map_err(thrown)
        };
        Ok((function.name.clone(), signature, body))
    }

    /// The comment that stands right above a line, with annotations between them or none: what Python's `help` shows.
    fn doc(&self, line: i32) -> Option<String> {
        let text = self.state().text.borrow();
        let above: Vec<&str> = text.lines().take(usize::try_from(line - 1).ok()?).map(str::trim).collect();
        let comments = above.iter().rev().skip_while(|line| line.starts_with('@'));
        let mut doc: Vec<&str> = comments.map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
        doc.reverse();
        if doc.is_empty() { None } else { Some(doc.join("\n")) }
    }

    /// `@pymodule`: Python code imports it from now on.
    pub(crate) fn export(&self, name: &str, functions: &[Rc<Function>], line: i32) -> Result<Value, Fault> {
        self.python()?;
        let mut module = Module::new(name);
        if let Some(doc) = self.doc(line) {
            module = module.doc(doc);
        }
        for function in functions.iter().filter(|function| function.exported) {
            let closure = Rc::new(Closure { function: function.clone(), around: None });
            let (name, signature, body) = self.exported(&closure, line)?;
            module = module.function_local(&name, signature, body);
        }
        self.operate(line, || format!("Module::new({name:?}).register()"), || module.register()).map(Value::Object)
    }

    /// `Python.without_gil do … end`: Python's threads run meanwhile. Operations inside attach by themselves.
    pub(crate) fn without_gil<R>(&self, work: impl FnOnce() -> R) -> R {
        detach(work)
    }

    /// `Python.with_gil do … end`: one attachment for all operations inside, which then cost less each.
    pub(crate) fn with_gil<R>(&self, line: i32, work: impl FnOnce() -> R) -> Result<R, Fault> {
        self.python()?;
        let _attached = attach().map_err(|error| self.raised(error, line))?;
        Ok(work())
    }

    /// Runs what Ctrl-C asks for: a loop of Aria's own has no other place for it.
    pub(crate) fn check_signals(&self, line: i32) -> Result<(), Fault> {
        match self.state().python.get() {
            None => Ok(()),
            Some(runtime) => runtime.check_signals().map_err(|error| self.raised(error, line)),
        }
    }

    /// Says whether Ctrl-C was pressed, which is then over. False while Python is not there: the system sees to it.
    pub fn is_interrupted(&self) -> bool {
        self.check_signals(0).is_err_and(|fault| fault.ends_the_program())
    }

    /// What Python has printed comes before what Aria prints now.
    pub(crate) fn flush(&self, line: i32) -> Result<(), Fault> {
        match self.state().python.get() {
            None => Ok(()),
            Some(runtime) => runtime.flush().map_err(|error| self.raised(error, line)),
        }
    }

    pub(crate) fn place(&self, line: i32) -> Place {
        let text = self.text(line).trim().to_owned();
        Place { file: self.state().file, line, function: self.function(), text }
    }
}

/// A request, and its words for who watches.
type Wish = (Request, String);
type Exported<F> = (String, Signature, F);

/// An array on its way into Python: anybody may write to its memory from now on, unless it is read-only or others hold it too.
pub(crate) fn shared(cell: &RefCell<Array>) -> Array {
    let array = cell.replace(Array::from(Vec::<f64>::new()));
    cell.replace(array.share().unwrap_or_else(|array| array));
    cell.borrow().clone()
}

/// `str(object)`
pub(crate) fn text(object: &PyObject) -> Result<String, Fault> {
    object.str().map_err(failed)
}

/// `repr(object)`
pub(crate) fn repr(object: &PyObject) -> Result<String, Fault> {
    object.repr().map_err(failed)
}

fn failed(error: PyError) -> Fault {
    Fault { python: Some(Rc::new(error.clone())), ..Fault::new(error.kind(), error.message()) }
}

/// An element of an array of ours, which Python hands out where it goes over one: an array without axes, and a number here.
fn single(object: &PyObject) -> Option<Value> {
    let ours = |object: &PyObject| object.getattr("__class__")?.getattr("__module__")?.str();
    if object.kind().ok()? != Kind::Array || ours(object).ok()? != "aria_array_bridge" {
        return None;
    }
    let (array, _) = Array::from_py(object, &Request::new().ndim(0).copy(CopyPolicy::Never)).ok()?;
    element(&array, &[]).ok()
}

/// The dtype of `Float`, `Int32` and the like.
fn dtype_of(kind: &Type) -> Result<Option<DType>, Fault> {
    let Some(of) = kind.of.first() else { return Ok(None) };
    let name = match of.name.as_str() {
        "Float" => "float64".to_owned(),
        "Int" => "int64".to_owned(),
        "Any" => return Ok(None),
        other => other.to_lowercase(),
    };
    match DType::from_name(&name) {
        Some(dtype) => Ok(Some(dtype)),
        None => Err(Fault::kind_error(format!("expected a type of elements but found {}", of.name))),
    }
}

/// What a type asks of an array. `Array` has one axis; `PyArrayView` and `PyArray` have any, and `PyArray` may be a copy.
fn request_of(kind: &Type) -> Result<Wish, Fault> {
    let (copy, copies) =
        if kind.name == "PyArray" { (CopyPolicy::IfNeeded, "if needed") } else { (CopyPolicy::Never, "never") };
    let (mut request, mut words) = (Request::new().copy(copy), String::new());
    if let Some(dtype) = dtype_of(kind)? {
        words = format!("{}, ", dtype.name());
        request = request.dtype(dtype);
    }
    if kind.name == "Array" {
        words.push_str("1-d, ");
        request = request.ndim(1);
    }
    Ok((request, format!("{words}copy: {copies}")))
}

/// What `Array.from(x)` asks where no type stands.
fn any_array() -> Wish {
    (Request::new().copy(CopyPolicy::Never), "copy: never".to_owned())
}

/// As [`request_of`], asked of an array of Aria's.
fn fits(array: &Array, kind: &Type) -> Result<bool, Fault> {
    let dtype = dtype_of(kind)?.is_none_or(|dtype| *array.dtype() == dtype);
    Ok(dtype && (kind.name != "Array" || array.ndim() == 1))
}

fn type_name(kind: &Type) -> String {
    let of: Vec<String> = kind.of.iter().map(type_name).collect();
    if of.is_empty() { kind.name.clone() } else { format!("{}<{}>", kind.name, of.join(", ")) }
}

/// `Array float64[3]`
pub(crate) fn shape(array: &Array) -> String {
    aria_array_bridge::array::describe(array)
}

/// What an object is called where calls are shown.
fn named(object: &PyObject) -> String {
    let name = |object: &PyObject| object.getattr("__name__")?.str();
    match object.kind() {
        Ok(Kind::Module) => name(object).unwrap_or_default(),
        _ => format!("<{}>", object.getattr("__class__").and_then(|class| name(&class)).unwrap_or_default()),
    }
}

/// A value where calls are shown.
pub(crate) fn brief(value: &Value) -> String {
    match value {
        Value::Array(array) => {
            let array = array.borrow().clone();
            shape(&array)
        }
        Value::Object(object) => named(object),
        Value::List(_) | Value::Map(_) | Value::Function(_) | Value::Result(_) => value.kind().to_owned(),
        other => other.inspect().unwrap_or_default(),
    }
}
