//! Values in the table's form, for the time of one call.

use super::{Date, Time, Val};
use aria_array_bridge::operations::function::{
    COMPLEX, DATE, DATETIME, DICT, FROZENSET, INT_FROM_BYTES, LIST, RANGE, SET, SLICE, TIME, TIMEDELTA, TUPLE,
};
use aria_array_bridge::operations::{
    Payload, Sequence, TAG_ARRAY, TAG_BOOL, TAG_BYTES, TAG_FLOAT, TAG_INT, TAG_MADE, TAG_NONE, TAG_OBJECT, TAG_STR,
    Text, Value,
};
use core::ptr;

/// As many arguments as most calls have at most.
const FEW: usize = 4;

/// The insides of values that were lent: what their pointers point to. Outlives the call.
#[derive(Default)]
pub(crate) struct Lent {
    insides: Vec<Box<[Value]>>,
}

impl Lent {
    /// The value for the table, which borrows text and objects from `value` and what is inside of it from this.
    ///
    /// An array is given to whom the value is handed, and `None` takes its place.
    #[inline]
    pub(crate) fn lend(&mut self, value: &mut Val) -> Value {
        match value {
            Val::Int(number) => int(*number),
            Val::Float(number) => float(*number),
            Val::Object(object) => Value { tag: TAG_OBJECT, function: 0, payload: Payload { object: object.as_raw() } },
            _ => self.lend_any(value),
        }
    }

    fn lend_any(&mut self, value: &mut Val) -> Value {
        let (tag, payload) = match value {
            Val::None => (TAG_NONE, Payload { int: 0 }),
            Val::Bool(truth) => (TAG_BOOL, Payload { int: i64::from(*truth) }),
            Val::Int(_) | Val::Float(_) | Val::Object(_) => return self.lend(value),
            Val::Str(text) => (TAG_STR, Payload { text: Text::new(text) }),
            Val::Bytes(bytes) => return self::bytes(bytes),
            Val::Array(_) => {
                let Val::Array(array) = core::mem::replace(value, Val::None) else { unreachable!("just matched") };
                // One without a form in C is NULL, which the other side refuses.
                let array = array.into_nd_array().map_or(ptr::null_mut(), |array| array.as_ptr());
                (TAG_ARRAY, Payload { array })
            }
            Val::BigInt(number) => return self.made(INT_FROM_BYTES, [bytes(number.to_le_bytes())]),
            Val::Complex(real, imaginary) => return self.made(COMPLEX, [float(*real), float(*imaginary)]),
            Val::List(items) => return self.items(LIST, items),
            Val::Tuple(items) => return self.items(TUPLE, items),
            Val::Set(items) => return self.items(SET, items),
            Val::FrozenSet(items) => return self.items(FROZENSET, items),
            Val::Slice(items) => return self.items(SLICE, &mut **items),
            Val::Dict(items) => {
                let mut inside = Vec::with_capacity(items.len() * 2);
                for (key, value) in items {
                    inside.extend([self.lend(key), self.lend(value)]);
                }
                return self.made(DICT, inside);
            }
            Val::Range(start, stop, step) => return self.made(RANGE, [*start, *stop, *step].map(int)),
            Val::Date(date) => return self.made(DATE, fields(date)),
            Val::Time(time) => return self.made(TIME, clock(time)),
            Val::DateTime(both) => {
                let inside: Vec<Value> = fields(&both.date).into_iter().chain(clock(&both.time)).collect();
                return self.made(DATETIME, inside);
            }
            Val::TimeDelta(time) => {
                return self.made(TIMEDELTA, [time.days, time.seconds, time.microseconds].map(|n| int(n.into())));
            }
        };
        Value { tag, function: 0, payload }
    }

    /// Lends several values, in order, for `work`: a few without an allocation.
    #[inline]
    pub(crate) fn with<R>(&mut self, values: &mut [Val], work: impl FnOnce(&mut Lent, &mut [Value]) -> R) -> R {
        let (mut few, mut many);
        let lent = if values.len() <= FEW {
            few = [Value::NONE; FEW];
            for (place, value) in few.iter_mut().zip(values.iter_mut()) {
                *place = self.lend(value);
            }
            &mut few[..values.len()]
        } else {
            many = self.all(values);
            &mut many[..]
        };
        work(self, lent)
    }

    fn all(&mut self, values: &mut [Val]) -> Vec<Value> {
        values.iter_mut().map(|value| self.lend(value)).collect()
    }

    fn items(&mut self, function: u32, items: &mut [Val]) -> Value {
        let inside = self.all(items);
        self.made(function, inside)
    }

    fn made(&mut self, function: u32, inside: impl Into<Box<[Value]>>) -> Value {
        let inside = inside.into();
        // The box stays where it is when it moves.
        let values = Sequence { data: inside.as_ptr(), len: inside.len() };
        self.insides.push(inside);
        Value { tag: TAG_MADE, function, payload: Payload { values } }
    }
}

fn int(int: i64) -> Value {
    Value { tag: TAG_INT, function: 0, payload: Payload { int } }
}

fn float(float: f64) -> Value {
    Value { tag: TAG_FLOAT, function: 0, payload: Payload { float } }
}

/// Also the empty bytes have an address, so that they are not taken for none.
fn bytes(bytes: &[u8]) -> Value {
    let text = Text { data: bytes.as_ptr(), len: bytes.len() };
    Value { tag: TAG_BYTES, function: 0, payload: Payload { text } }
}

fn fields(date: &Date) -> [Value; 3] {
    [int(date.year.into()), int(date.month.into()), int(date.day.into())]
}

fn clock(time: &Time) -> [Value; 6] {
    let offset = time.offset.map_or(Value::NONE, |seconds| int(seconds.into()));
    let [hour, minute, second] = [time.hour, time.minute, time.second].map(|n| int(n.into()));
    [hour, minute, second, int(time.microsecond.into()), int(time.fold.into()), offset]
}
