//! Values of Aria: single-threaded (`Rc`), but for what lies in Python and for arrays, which Python shares.

use crate::ast::Function;
use crate::fault::Fault;
use crate::python;
use aria_array_runtime::prelude::*;
use core::cell::RefCell;
use core::ops::Deref;
use std::collections::HashMap;
use std::rc::Rc;

/// A value of an Aria program.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// Items of any kinds, which grow.
    List(Rc<Items>),
    Tuple(Rc<[Value]>),
    Map(Rc<Vec<(Value, Value)>>),
    /// From the first up to and without the second. One that is open at an end is an index.
    Range(Option<i64>, Option<i64>),
    /// Floats or ints in memory that Python may share.
    ///
    /// A borrow of the cell ends before anything that may run Python code, which may come back to this very array.
    Array(Rc<RefCell<Array>>),
    Function(Rc<Closure>),
    /// `try_py` makes these.
    Result(Rc<Result<Value, Fault>>),
    /// What lies in Python and is nothing of the above.
    Object(PyObject),
}

/// What a list has.
#[derive(Debug)]
pub struct Items(RefCell<Vec<Value>>);

impl Deref for Items {
    type Target = RefCell<Vec<Value>>;

    fn deref(&self) -> &RefCell<Vec<Value>> {
        &self.0
    }
}

/// Lists within lists are dropped one after the other: each within the other's drop would take some of the stack.
impl Drop for Items {
    fn drop(&mut self) {
        let mut left = core::mem::take(self.0.get_mut());
        while let Some(item) = left.pop() {
            if let Value::List(list) = item
                && let Some(mut list) = Rc::into_inner(list)
            {
                left.append(list.0.get_mut());
            }
        }
    }
}

/// Values within each other at most, where each takes some of the stack. One that holds itself has no end.
const MAX_NESTING: usize = 200;

/// Refuses what lies deeper than [`MAX_NESTING`].
pub(crate) fn nested(depth: usize) -> Result<usize, Fault> {
    if depth < MAX_NESTING {
        return Ok(depth + 1);
    }
    let text = format!("expected at most {MAX_NESTING} values within each other but found more");
    Err(Fault::new("RecursionError", text + "; hint: does a list hold itself?"))
}

/// A function with the names around it.
#[derive(Debug)]
pub struct Closure {
    pub(crate) function: Rc<Function>,
    pub(crate) around: Option<Scope>,
}

/// Names and what they mean, within a function or around lambdas in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope(Rc<Names>);

#[derive(Debug, Default)]
struct Names {
    names: RefCell<HashMap<String, Value>>,
    around: Option<Scope>,
}

impl Scope {
    pub(crate) fn within(around: Option<Scope>) -> Scope {
        Scope(Rc::new(Names { names: RefCell::default(), around }))
    }

    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let own = self.0.names.borrow().get(name).cloned();
        own.or_else(|| self.0.around.as_ref()?.get(name))
    }

    /// The names among which this one is: here, or around here.
    fn home(&self, name: &str) -> Option<&Scope> {
        let own = self.0.names.borrow().contains_key(name);
        if own { Some(self) } else { self.0.around.as_ref()?.home(name) }
    }

    pub(crate) fn set(&self, name: &str, value: Value) {
        self.home(name).unwrap_or(self).declare(name, value);
    }

    pub(crate) fn clear(&self) {
        let old = core::mem::take(&mut *self.0.names.borrow_mut());
        drop(old);
    }

    pub(crate) fn declare(&self, name: &str, value: Value) {
        // The old value dies after the borrow: its end may run other code.
        let old = self.0.names.borrow_mut().insert(name.to_owned(), value);
        drop(old);
    }
}

impl Value {
    pub(crate) fn text(text: impl AsRef<str>) -> Value {
        Value::Text(text.as_ref().into())
    }

    /// A length.
    pub(crate) fn count(number: usize) -> Value {
        Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }

    pub(crate) fn list(items: Vec<Value>) -> Value {
        Value::List(Rc::new(Items(RefCell::new(items))))
    }

    pub(crate) fn array(array: Array) -> Value {
        Value::Array(Rc::new(RefCell::new(array)))
    }

    /// `[…]`: an array if it has floats alone or ints alone, else a list.
    pub(crate) fn literal(items: Vec<Value>) -> Value {
        let floats = items.iter().map(|item| if let Value::Float(float) = item { Some(*float) } else { None });
        let ints = items.iter().map(|item| if let Value::Int(int) = item { Some(*int) } else { None });
        if items.is_empty() {
            return Value::list(items);
        }
        if let Some(floats) = floats.collect::<Option<Vec<f64>>>() {
            return Value::array(Array::from(floats));
        }
        match ints.collect::<Option<Vec<i64>>>() {
            Some(ints) => Value::array(Array::from(ints)),
            None => Value::list(items),
        }
    }

    /// What Aria calls its kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Bool(_) => "Bool",
            Value::Int(_) => "Int",
            Value::Float(_) => "Float",
            Value::Text(_) => "String",
            Value::List(_) => "List",
            Value::Tuple(_) => "Tuple",
            Value::Map(_) => "Map",
            Value::Range(..) => "Range",
            Value::Array(_) => "Array",
            Value::Function(_) => "function",
            Value::Result(_) => "Result",
            Value::Object(_) => "Python object",
        }
    }

    /// `println` shows it so. Python is asked for the text of its objects, which may fail.
    pub(crate) fn show(&self) -> Result<String, Fault> {
        match self {
            Value::Text(text) => Ok(text.to_string()),
            Value::Object(object) => python::text(object),
            other => other.inspect(),
        }
    }

    /// The text of the value as a prompt shows it: strings in quotes, Python's `repr` of its objects.
    ///
    /// # Errors
    ///
    /// What Python raises; values within each other without end.
    pub fn inspect(&self) -> Result<String, Fault> {
        self.inspect_at(0)
    }

    /// As [`inspect`](Value::inspect), within so many other values.
    fn inspect_at(&self, depth: usize) -> Result<String, Fault> {
        let depth = nested(depth)?;
        let one = |item: &Value| item.inspect_at(depth);
        let all = |items: &[Value]| items.iter().map(one).collect::<Result<Vec<_>, _>>().map(|t| t.join(", "));
        let end = |end: &Option<i64>| end.map_or(String::new(), |end| end.to_string());
        Ok(match self {
            Value::Nil => "nil".to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Int(int) => int.to_string(),
            Value::Float(float) => format!("{float:?}"),
            Value::Text(text) => format!("{text:?}"),
            Value::List(items) => {
                let items = items.borrow().clone();
                format!("[{}]", all(&items)?)
            }
            Value::Tuple(items) => format!("({})", all(items)?),
            Value::Map(pairs) => {
                let pairs = pairs.iter().map(|(k, v)| Ok(format!("{}: {}", one(k)?, one(v)?)));
                format!("{{{}}}", pairs.collect::<Result<Vec<_>, Fault>>()?.join(", "))
            }
            Value::Range(start, stop) => format!("{}..{}", end(start), end(stop)),
            Value::Array(array) => {
                let array = array.borrow().clone();
                rows(&array)?
            }
            Value::Function(closure) => format!("<fn {}>", closure.function.name),
            Value::Result(result) => match &**result {
                Ok(value) => format!("Ok({})", one(value)?),
                Err(fault) => format!("Err({fault})"),
            },
            Value::Object(object) => python::repr(object)?,
        })
    }
}

/// The elements of an array, row by row.
fn rows(array: &Array) -> Result<String, Fault> {
    if array.ndim() == 0 {
        return element(array, &[])?.inspect();
    }
    let rows = (0..array.shape()[0]).map(|i| rows(&array.index(0, i).map_err(|error| unreadable(array, &error))?));
    Ok(format!("[{}]", rows.collect::<Result<Vec<_>, _>>()?.join(", ")))
}

/// An element of an array.
pub(crate) fn element(array: &Array, index: &[usize]) -> Result<Value, Fault> {
    let value = match array.dtype() {
        found if *found == DType::F64 => array.get(index).map(Value::Float),
        found if *found == DType::I64 => array.get(index).map(Value::Int),
        found if *found == DType::BOOL => array.get::<bool>(index).map(Value::Bool),
        found => {
            let text = format!("expected elements of float64, int64 or bool but found {found}; hint: go through NumPy");
            return Err(Fault::kind_error(text));
        }
    };
    value.map_err(|error| unreadable(array, &error))
}

pub(crate) fn unreadable(array: &Array, error: &impl core::fmt::Display) -> Fault {
    Fault::new("IndexError", format!("{}: {error}", python::shape(array)))
}
