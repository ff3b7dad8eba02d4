//! Times of day and dates as Python has them, where NumPy has durations and moments.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyList};

/// The values of a column of this format: `datetime.time` for times of day, `datetime.date` for dates in milliseconds; others
/// as they are.
///
/// # Errors
///
/// `ValueError` for a time of day with nanoseconds, which Python's has not.
pub(super) fn own<'py>(format: &str, values: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if !matches!(format, "tts" | "ttm" | "ttu" | "ttn" | "tdm") {
        return Ok(values);
    }
    let py = values.py();
    let datetime = py.import("datetime")?;
    let midnight = datetime.getattr("datetime")?.getattr("min")?;
    let duration = datetime.getattr("timedelta")?;
    let list = PyList::empty(py);
    for value in values.try_iter()? {
        let value = value?;
        list.append(match format {
            _ if value.is_none() => value,
            "tdm" => value.call_method0("date")?,
            "ttn" => {
                let count: i64 = value.extract()?;
                if count % 1000 != 0 {
                    let text = format!(
                        "expected times of day in whole microseconds, as datetime.time has them, but found {count} ns\n  \
                         hint: ab.asarray(column) has them as timedelta64[ns]"
                    );
                    return Err(PyValueError::new_err(text));
                }
                midnight.add(duration.call1((0, 0, count / 1000))?)?.call_method0("time")?
            }
            _ => midnight.add(value)?.call_method0("time")?,
        })?;
    }
    Ok(list.into_any())
}
