//! What Aria itself can do here: operators on its own values, their methods, and a handful of functions.

use crate::call::Args;
use crate::eval::{no_attribute, unfit};
use crate::fault::Fault;
use crate::interpreter::Interpreter;
use crate::python::shared;
use crate::value::{Value, nested, unreadable};
use aria_array_runtime::prelude::*;
use core::cmp::Ordering;
use std::rc::Rc;

type Done = Result<Value, Fault>;

/// Functions that every program has.
pub(crate) const FUNCTIONS: [&str; 8] = ["println", "print", "len", "str", "slice", "Ok", "Err", "AriaError"];

/// Calls one of [`FUNCTIONS`].
pub(crate) fn call(interpreter: &Interpreter, name: &str, args: &Args, line: i32) -> Done {
    if !args.named.is_empty() || !args.are_plain() {
        return Err(Fault::kind_error(format!("expected arguments by position for {name}")));
    }
    match (name, &args.positional[..]) {
        ("println" | "print", values) => {
            let words = values.iter().map(Value::show).collect::<Result<Vec<_>, _>>()?;
            let end = if name == "println" { "\n" } else { "" };
            interpreter.print(&format!("{}{end}", words.join(" ")), line)?;
            Ok(Value::Nil)
        }
        ("len", [Value::Object(object)]) => interpreter.attribute(object, "len", line),
        ("len", [value]) => method(interpreter, value, "len", &[], line),
        ("str", [value]) => value.show().map(Value::text),
        ("slice", [start, stop, step]) => interpreter.slice(start, stop, step, line),
        ("Ok", [value]) => Ok(Value::Result(Rc::new(Ok(value.clone())))),
        ("AriaError" | "Err", [value]) => Ok(Value::Result(Rc::new(Err(Fault::new("AriaError", value.show()?))))),
        (_, values) => {
            Err(Fault::kind_error(format!("expected other arguments for {name} but found {}", values.len())))
        }
    }
}

/// `Array.new(n, value)`. (`Array.from` is the binding's.)
pub(crate) fn new_array(name: &str, args: &Args) -> Done {
    match (name, &args.positional[..]) {
        ("new", [Value::Int(len), Value::Float(value)]) => Ok(Value::array(Array::from(vec![*value; length(*len)?]))),
        ("new", [Value::Int(len), Value::Int(value)]) => Ok(Value::array(Array::from(vec![*value; length(*len)?]))),
        _ => Err(Fault::kind_error(format!(
            "expected Array.from(x) or Array.new(length, number) but found Array.{name}"
        ))),
    }
}

fn length(len: i64) -> Result<usize, Fault> {
    usize::try_from(len).ok().filter(|len| *len < 1 << 40).ok_or_else(|| unfit("a length", &Value::Int(len)))
}

/// A method of a value of Aria's, or what it says of itself without parentheses.
pub(crate) fn method(interpreter: &Interpreter, value: &Value, name: &str, args: &[Value], line: i32) -> Done {
    match (value, name, args) {
        (Value::Array(array), _, _) => {
            let array = if name == "to_numpy" { shared(array) } else { array.borrow().clone() };
            array_method(interpreter, value, &array, name, args, line)
        }
        (Value::List(items), "len", []) => Ok(Value::count(items.borrow().len())),
        (Value::List(items), "push", [item]) => {
            items.borrow_mut().push(item.clone());
            Ok(Value::Nil)
        }
        (Value::Tuple(items), "len", []) => Ok(Value::count(items.len())),
        (Value::Map(pairs), "len", []) => Ok(Value::count(pairs.len())),
        (Value::Text(text), "len", []) => Ok(Value::count(text.chars().count())),
        (Value::Int(number), "to_float", []) => Ok(Value::Float(*number as f64)),
        (Value::Float(_), "to_float", []) | (Value::Int(_), "to_int", []) | (Value::Text(_), "to_string", []) => {
            Ok(value.clone())
        }
        (Value::Float(number), "to_int", []) => match number.trunc() {
            whole if (-9.2e18..=9.2e18).contains(&whole) => Ok(Value::Int(whole as i64)),
            _ => Err(overflow()),
        },
        (_, "to_string", []) => value.show().map(Value::text),
        (Value::Result(result), "is_ok", []) => Ok(Value::Bool(result.is_ok())),
        (Value::Result(result), "is_err", []) => Ok(Value::Bool(result.is_err())),
        (Value::Result(result), "unwrap", []) => (**result).clone(),
        (Value::Result(result), _, []) => match (&**result, name) {
            (Err(fault), "kind") => Ok(Value::text(&fault.kind)),
            (Err(fault), "message") => Ok(Value::text(&fault.message)),
            (Err(fault), "traceback") => Ok(Value::text(fault.render())),
            _ => Err(no_attribute(value, name)),
        },
        _ => Err(no_attribute(value, name)),
    }
}

fn array_method(
    interpreter: &Interpreter,
    value: &Value,
    array: &Array,
    name: &str,
    args: &[Value],
    line: i32,
) -> Done {
    let extent = |axis: usize| {
        array.shape().get(axis).map(|extent| Value::count(*extent)).ok_or_else(|| no_attribute(value, name))
    };
    match (name, args) {
        ("len", []) => Ok(Value::count(array.len())),
        ("rows", []) => extent(0),
        ("cols", []) => extent(1),
        ("shape", []) => Ok(Value::Tuple(array.shape().iter().map(|extent| Value::count(*extent)).collect())),
        ("dtype", []) => Ok(Value::text(array.dtype().name())),
        ("to_numpy", []) => interpreter.to_numpy(array, line),
        ("to_list", []) if array.ndim() == 1 => {
            let items = (0..array.len()).map(|at| crate::value::element(array, &[at]));
            Ok(Value::list(items.collect::<Result<_, _>>()?))
        }
        ("sum", []) => {
            let sum = array.iter::<f64>().map(|items| items.sum()).map_err(|error| unreadable(array, &error))?;
            Ok(Value::Float(sum))
        }
        ("reshape", extents) => {
            let extents = extents.iter().map(|extent| match extent {
                Value::Int(extent) => usize::try_from(*extent).map_err(|_| unfit("an extent", &Value::Int(*extent))),
                other => Err(unfit("an extent", other)),
            });
            let shape = extents.collect::<Result<Vec<_>, _>>()?;
            array.reshape(&shape).map(Value::array).map_err(|error| Fault::new("ValueError", error.to_string()))
        }
        _ => Err(no_attribute(value, name)),
    }
}

pub(crate) fn overflow() -> Fault {
    Fault::new("OverflowError", "expected a number within 64 bits")
}

/// `left op right` of Aria's own values; `None` where Aria has no such operator.
pub(crate) fn operator(op: Op, left: &Value, right: &Value) -> Option<Done> {
    operator_at(op, left, right, 0)
}

/// As [`operator`], of values within so many others.
fn operator_at(op: Op, left: &Value, right: &Value, depth: usize) -> Option<Done> {
    Some(match (left, right) {
        (Value::Int(a), Value::Int(b)) => ints(op, *a, *b)?,
        (Value::Float(a), Value::Float(b)) => floats(op, *a, *b)?,
        (Value::Int(a), Value::Float(b)) => floats(op, *a as f64, *b)?,
        (Value::Float(a), Value::Int(b)) => floats(op, *a, *b as f64)?,
        (Value::Text(a), Value::Text(b)) => match op {
            Op::Add => Ok(Value::text(format!("{a}{b}"))),
            _ => Ok(Value::Bool(ordered(op, a.cmp(b))?)),
        },
        (Value::Array(a), Value::Array(b)) if matches!(op, Op::Eq | Op::Ne) => {
            let (a, b) = (a.borrow().clone(), b.borrow().clone());
            same(&a, &b).map(|same| Value::Bool(same == (op == Op::Eq)))
        }
        // What lies in Python is compared there.
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => return None,
        _ => {
            let same = equal(left, right, depth)?;
            match op {
                Op::Eq => same.map(Value::Bool),
                Op::Ne => same.map(|same| Value::Bool(!same)),
                _ => return None,
            }
        }
    })
}

/// Whether two values of Aria's are the same; `None` where Python has to say.
fn equal(left: &Value, right: &Value, depth: usize) -> Option<Result<bool, Fault>> {
    let depth = match nested(depth) {
        Ok(depth) => depth,
        Err(fault) => return Some(Err(fault)),
    };
    let all = |a: &[Value], b: &[Value]| {
        let mut same = a.len() == b.len();
        for (a, b) in a.iter().zip(b) {
            match operator_at(Op::Eq, a, b, depth)? {
                Ok(equal) => same &= matches!(equal, Value::Bool(true)),
                Err(fault) => return Some(Err(fault)),
            }
        }
        Some(Ok(same))
    };
    match (left, right) {
        (Value::Nil, Value::Nil) => Some(Ok(true)),
        (Value::Bool(a), Value::Bool(b)) => Some(Ok(a == b)),
        (Value::List(a), Value::List(b)) => {
            let (a, b) = (a.borrow().clone(), b.borrow().clone());
            all(&a, &b)
        }
        (Value::Tuple(a), Value::Tuple(b)) => all(a, b),
        (Value::Range(a, b), Value::Range(c, d)) => Some(Ok((a, b) == (c, d))),
        _ => Some(Ok(false)),
    }
}

fn same(a: &Array, b: &Array) -> Result<bool, Fault> {
    if a.shape() != b.shape() || a.dtype() != b.dtype() {
        return Ok(false);
    }
    if *a.dtype() == DType::F64 {
        let values = |x: &Array| x.to_vec::<f64>().map_err(|error| unreadable(x, &error));
        return Ok(values(a)? == values(b)?);
    }
    let values = |x: &Array| x.to_vec::<i64>().map_err(|error| unreadable(x, &error));
    Ok(values(a)? == values(b)?)
}

fn ordered(op: Op, order: Ordering) -> Option<bool> {
    Some(match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        _ => return None,
    })
}

/// Ints never wrap. Division cuts off, as machines do; `//` rounds down.
fn ints(op: Op, a: i64, b: i64) -> Option<Done> {
    if b == 0 && matches!(op, Op::Div | Op::FloorDiv | Op::Rem) {
        return Some(Err(Fault::new("ZeroDivisionError", format!("expected a divisor other than 0 for {a}"))));
    }
    let result = match op {
        Op::Add => a.checked_add(b),
        Op::Sub => a.checked_sub(b),
        Op::Mul => a.checked_mul(b),
        Op::Div => a.checked_div(b),
        Op::FloorDiv => a.checked_div(b).map(|whole| whole - i64::from(a % b != 0 && (a < 0) != (b < 0))),
        Op::Rem => a.checked_rem(b),
        Op::Pow => match u32::try_from(b) {
            Ok(power) => a.checked_pow(power),
            Err(_) => return Some(Ok(Value::Float((a as f64).powf(b as f64)))),
        },
        Op::And => Some(a & b),
        Op::Or => Some(a | b),
        Op::Xor => Some(a ^ b),
        Op::Shl => u32::try_from(b).ok().filter(|by| *by < 63).and_then(|by| a.checked_mul(1 << by)),
        Op::Shr => u32::try_from(b).ok().map(|by| a >> by.min(63)),
        _ => return Some(Ok(Value::Bool(ordered(op, a.cmp(&b))?))),
    };
    Some(result.map(Value::Int).ok_or_else(overflow))
}

fn floats(op: Op, a: f64, b: f64) -> Option<Done> {
    Some(Ok(Value::Float(match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::FloorDiv => (a / b).floor(),
        Op::Rem => a % b,
        Op::Pow => a.powf(b),
        // NaN is in no order with anything.
        _ => {
            let truth = match (op, a.partial_cmp(&b)) {
                (_, Some(order)) => ordered(op, order)?,
                (Op::Eq | Op::Lt | Op::Le | Op::Gt | Op::Ge, None) => false,
                (Op::Ne, None) => true,
                _ => return None,
            };
            return Some(Ok(Value::Bool(truth)));
        }
    })))
}
