//! Items: elements of arrays, lists and maps, read and written.

use crate::builtins;
use crate::eval::unfit;
use crate::fault::Fault;
use crate::interpreter::Interpreter;
use crate::python::{brief, shape};
use crate::value::{Value, element, unreadable};
use aria_array_bridge::{CopyOrder, ViewError};
use aria_array_runtime::prelude::{Array, Op};
use core::cell::RefCell;
use core::fmt::Display;

impl Interpreter {
    pub(crate) fn index(&self, object: &Value, key: &Value, line: i32) -> Result<Value, Fault> {
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

    pub(crate) fn set_index(&self, object: &Value, key: &Value, value: Value, line: i32) -> Result<(), Fault> {
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
                let Some(&[at]) = indices(key).as_deref() else {
                    return Err(unfit("an Int as the index of an item to set", key));
                };
                match &value {
                    Value::Float(float) => {
                        set_element(array, at, |array, at| array.as_mut_slice().map(|items| items[at] = *float))
                    }
                    Value::Int(int) => {
                        set_element(array, at, |array, at| array.as_mut_slice().map(|items| items[at] = *int))
                    }
                    other => Err(unfit("a Float or an Int as an item", other)),
                }
            }
            (other, _) => Err(unfit("something whose items can be set", other)),
        }
    }
}

/// Writes an element of one axis. Memory of Python's, and memory that Python or another array sees, is **copied** first:
/// they keep what they have. Read-only memory is refused. `aria_nd_set_float` of the C ABI does the same (rule A4).
fn set_element(
    cell: &RefCell<Array>,
    at: i64,
    write: impl Fn(&mut Array, usize) -> Result<(), ViewError>,
) -> Result<(), Fault> {
    let array = &mut *cell.borrow_mut();
    let at = within(at, array.len())?;
    let refused = |array: &Array, why: &dyn Display| {
        Fault::new("ValueError", format!("{}: {why}; hint: np.array(x) is a copy that can be written", shape(array)))
    };
    if array.ndim() != 1 {
        return Err(refused(array, &format_args!("expected one axis but found {}", array.ndim())));
    }
    if array.is_readonly() {
        return Err(refused(array, &ViewError::ReadOnly));
    }
    match write(array, at) {
        Err(
            ViewError::Shared | ViewError::NotUnique { .. } | ViewError::Order { .. } | ViewError::Misaligned { .. },
        ) => {
            let mut copy = array.copy(CopyOrder::C).map_err(|error| refused(array, &error))?;
            write(&mut copy, at).map_err(|error| refused(array, &error))?;
            // The old handle goes here: a drop runs nothing of Python's (rule O2).
            *array = copy;
            Ok(())
        }
        done => done.map_err(|error| refused(array, &error)),
    }
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
pub(crate) fn part(array: &Array, at: &[i64]) -> Result<Value, Fault> {
    if at.len() > array.ndim() {
        let text = format!("expected at most {} indices for {} but found {}", array.ndim(), shape(array), at.len());
        return Err(Fault::new("IndexError", text));
    }
    let at = at.iter().zip(array.shape()).map(|(at, len)| within(*at, *len)).collect::<Result<Vec<_>, _>>()?;
    if at.len() == array.ndim() {
        return element(array, &at);
    }
    let parts = at.iter().try_fold(array.clone(), |array, at| array.index(0, *at));
    parts.map(Value::array).map_err(|error| unreadable(array, &error))
}
