//! Dates and times: numbers that become objects of `datetime`, and back.

use super::PyIn;
use super::value::make;
use crate::abi::{abi, c_types};
use crate::failure::Failure;
use aria_array_runtime::{Date, DateTime, PyObject, Time, TimeDelta};

/// Says that a time has no known zone. No number of seconds that Python takes for one.
pub(crate) const NO_OFFSET: i32 = i32::MIN;

/// Room for numbers, as many as the function says.
#[repr(transparent)]
pub(crate) struct FieldsOut(*mut i64);

c_types! {
    FieldsOut = "int64_t *" 'p';
}

impl FieldsOut {
    fn put<const N: usize>(self, numbers: [i64; N]) -> Result<(), Failure> {
        if self.0.is_null() {
            return Err(Failure::argument(format_args!("expected room for {N} numbers but found NULL")));
        }
        // SAFETY: not NULL, and room for as many numbers: the promise of the C caller.
        unsafe { self.0.cast::<[i64; N]>().write_unaligned(numbers) };
        Ok(())
    }
}

/// A number that fits where Python will look at it.
fn field<T: TryFrom<i64>>(what: &str, number: i64) -> Result<T, Failure> {
    T::try_from(number).map_err(|_| Failure::argument(format_args!("expected {what} but found {number}")))
}

fn date(year: i64, month: i64, day: i64) -> Result<Date, Failure> {
    Ok(Date { year: field("a year", year)?, month: field("a month", month)?, day: field("a day", day)? })
}

/// A time by its numbers: hour, minute, second, microsecond, fold, offset.
fn time(numbers: [i64; 6]) -> Result<Time, Failure> {
    let [hour, minute, second, microsecond, fold, offset] = numbers;
    Ok(Time {
        hour: field("an hour", hour)?,
        minute: field("a minute", minute)?,
        second: field("a second", second)?,
        microsecond: field("a microsecond", microsecond)?,
        fold: fold != 0,
        offset: if offset == i64::from(NO_OFFSET) { None } else { Some(field("seconds east of UTC", offset)?) },
    })
}

fn of_time(time: &Time) -> [i64; 6] {
    let offset = time.offset.unwrap_or(NO_OFFSET).into();
    [time.hour.into(), time.minute.into(), time.second.into(), time.microsecond.into(), time.fold.into(), offset]
}

fn of_date(date: &Date) -> [i64; 3] {
    [date.year.into(), date.month.into(), date.day.into()]
}

abi! {
    /// A datetime.date. Python checks the numbers.
    tries fn aria_py_from_date or aria_py_from_date_or_exit(year: i64, month: i64, day: i64) -> PyObject {
        make(date(year, month, day)?)
    }

    /// A datetime.time. `fold` is 1 for the second of two equal times, where clocks are set back; `offset` is in seconds east
    /// of UTC, or ARIA_PY_NO_OFFSET. Python checks the numbers.
    tries fn aria_py_from_time or aria_py_from_time_or_exit(
        hour: i64, minute: i64, second: i64, microsecond: i64, fold: i64, offset: i64,
    ) -> PyObject {
        make(time([hour, minute, second, microsecond, fold, offset])?)
    }

    /// A datetime.datetime: the numbers of aria_py_from_date, then those of aria_py_from_time.
    tries fn aria_py_from_datetime or aria_py_from_datetime_or_exit(
        year: i64, month: i64, day: i64, hour: i64, minute: i64, second: i64, microsecond: i64, fold: i64, offset: i64,
    ) -> PyObject {
        let time = time([hour, minute, second, microsecond, fold, offset])?;
        make(DateTime { date: date(year, month, day)?, time })
    }

    /// A datetime.timedelta. Python adds the numbers up, each of which may be negative.
    tries fn aria_py_from_timedelta or aria_py_from_timedelta_or_exit(
        days: i64, seconds: i64, microseconds: i64,
    ) -> PyObject {
        make(TimeDelta {
            days: field("days", days)?,
            seconds: field("seconds within 32 bits", seconds)?,
            microseconds: field("microseconds within 32 bits", microseconds)?,
        })
    }

    /// Writes the 3 numbers of a date: year, month, day. Of exactly its type, as the three functions after it.
    tries fn aria_py_to_date or aria_py_to_date_or_exit(object: PyIn, numbers: FieldsOut) {
        numbers.put(of_date(&object.get()?.extract()?))
    }

    /// Writes the 6 numbers of a time: hour, minute, second, microsecond, fold, offset. A zone that has a name or rules is
    /// refused: nothing would say which it was.
    tries fn aria_py_to_time or aria_py_to_time_or_exit(object: PyIn, numbers: FieldsOut) {
        numbers.put(of_time(&object.get()?.extract()?))
    }

    /// Writes the 9 numbers of a datetime: those of its date, then those of its time, as aria_py_to_time does.
    tries fn aria_py_to_datetime or aria_py_to_datetime_or_exit(object: PyIn, numbers: FieldsOut) {
        let DateTime { date, time } = object.get()?.extract()?;
        let ([year, month, day], [hour, minute, second, microsecond, fold, offset]) = (of_date(&date), of_time(&time));
        numbers.put([year, month, day, hour, minute, second, microsecond, fold, offset])
    }

    /// Writes the 3 numbers of a timedelta: days, which may be negative, then seconds and microseconds, which are not.
    tries fn aria_py_to_timedelta or aria_py_to_timedelta_or_exit(object: PyIn, numbers: FieldsOut) {
        let TimeDelta { days, seconds, microseconds } = object.get()?.extract()?;
        numbers.put([days.into(), seconds.into(), microseconds.into()])
    }
}
