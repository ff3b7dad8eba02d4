//! Frames of pandas: each column by the door that keeps its values [W1].
//!
//! A column that NumPy backs is an array, in which NaN is a value; its Arrow would turn NaN into null. `blocks` makes columns
//! that are parts of one NumPy array views of it, so that their matrix is a view too. A column of an extension type, and one
//! of Python objects, comes by Arrow. The metadata, by which pandas finds its index and its types again, is pyarrow's.
//!
//! What is copied, and why, is what pandas or pyarrow copy: Python objects and text that Python backs become Arrow's, the
//! nullable dtypes of booleans become bits, periods and intervals structs, levels of an index are spelled out.

use super::blocks::Blocks;
use super::{import, raise};
use crate::array::PyArray;
use crate::class;
use crate::error::{plan_of, refused};
use crate::import::import as array_of;
use crate::request::Request;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::table::{Column, Table};
use aria_arrow::Metadata;
use pyo3::exceptions::{PyImportError, PyNotImplementedError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PySlice};
use std::borrow::Cow;

/// True for a `pandas.DataFrame`, and for what derives from it.
pub(super) fn is_frame(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    is_one(object, "DataFrame")
}

/// True for what is of this class of pandas', or derives from it.
fn is_one(object: &Bound<'_, PyAny>, class: &str) -> PyResult<bool> {
    let bases = class::bases(&object.get_type())?;
    Ok(bases.iter().any(|base| class::short_name(base) == class && class::library(base) == "pandas"))
}

/// True for a column of pandas' whose values are a NumPy array of something else than objects.
pub(super) fn is_backed_by_numpy(column: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = column.py();
    if class::library(&column.get_type()) != "pandas" {
        return Ok(false);
    }
    let Some(dtype) = column.getattr_opt(intern!(py, "dtype"))? else { return Ok(false) };
    Ok(crate::import::numpy::is_dtype(&dtype)? && !dtype.getattr(intern!(py, "kind"))?.eq("O")?)
}

/// The frame's columns.
pub(super) fn table(frame: &Bound<'_, PyAny>) -> PyResult<Table> {
    let py = frame.py();
    let count: usize = frame.getattr("shape")?.get_item(1)?.extract()?;
    let labels: Vec<Bound<'_, PyAny>> = frame.getattr("columns")?.try_iter()?.collect::<PyResult<_>>()?;
    let mut blocks = Blocks::default();
    let mut columns = Vec::new();
    for (at, label) in labels.iter().enumerate() {
        let series = frame.getattr("iloc")?.get_item((PySlice::full(py), at))?;
        let column = match is_backed_by_numpy(&series)? {
            true => blocks.column(&series),
            false => column(&series),
        };
        let name = label.str()?.to_string();
        columns.push(
            column
                .map_err(|error| import::in_column(py, &name, error))?
                .renamed(&name)
                .map_err(|error| raise(py, &error))?,
        );
    }
    let Some((metadata, levels)) = described(frame)? else {
        let table = Table::from_columns(columns).map_err(|error| raise(py, &error))?;
        return if count > 0 { Ok(table) } else { import::table_in(&PyDict::new(py).into_any()) };
    };
    // What pandas keeps of its index beside the columns: levels that are no range of numbers.
    for (level, name) in levels.iter().enumerate() {
        let values = frame.getattr("index")?.call_method1("get_level_values", (level,))?;
        let series = py.import("pandas")?.getattr("Series")?.call1((values,))?;
        let level = column(&series).map_err(|error| import::in_column(py, name, error))?;
        columns.push(level.renamed(name).map_err(|error| raise(py, &error))?);
    }
    if columns.is_empty() {
        // Rows that a range numbers, and nothing in them.
        let rows = column(&py.import("pandas")?.getattr("Series")?.call1((frame.getattr("index")?,))?)?;
        let table = Table::from_columns(vec![rows]).and_then(|table| table.keep_columns(Vec::new()));
        return Ok(table.map_err(|error| raise(py, &error))?.with_metadata(metadata));
    }
    let table = Table::from_columns(columns).map_err(|error| raise(py, &error))?;
    Ok(table.with_metadata(metadata))
}

/// The table without the columns that are levels of a pandas index, as its metadata says; the table where they are all.
pub(super) fn without_index<'t>(py: Python<'_>, table: &'t Table) -> PyResult<Cow<'t, Table>> {
    let Some((_, text)) = table.schema().metadata().iter().find(|(key, _)| *key == b"pandas") else {
        return Ok(Cow::Borrowed(table));
    };
    // What is no such text was not written by pandas, and names no level.
    let described = py.import("json")?.call_method1("loads", (PyBytes::new(py, text),));
    let levels =
        described.and_then(|described| described.get_item("index_columns")?.extract::<Vec<Bound<'_, PyAny>>>());
    let levels: Vec<String> = levels.unwrap_or_default().iter().filter_map(|level| level.extract().ok()).collect();
    let columns = table.columns();
    let is_level = |at: usize| {
        // The last of a name: pandas puts its index behind the columns.
        let name = columns[at].name();
        levels.iter().any(|level| *level == name) && !columns[at + 1..].iter().any(|other| other.name() == name)
    };
    let kept: Vec<Column> = (0..columns.len()).filter(|at| !is_level(*at)).map(|at| columns[at].clone()).collect();
    if kept.is_empty() || kept.len() == columns.len() {
        return Ok(Cow::Borrowed(table));
    }
    Table::from_columns(kept).map(Cow::Owned).map_err(|error| raise(py, &error))
}

/// One column.
pub(super) fn column(series: &Bound<'_, PyAny>) -> PyResult<Column> {
    let py = series.py();
    if is_backed_by_numpy(series)? {
        let array = PyArray::held(&array_of(series, &Request::default())?)?;
        return Column::from_array("", array).map_err(|error| raise(py, &error));
    }
    match import::arrow_column(series) {
        Ok(Some(column)) => Ok(column),
        Ok(None) => import::column_without_arrow(&mut Blocks::default(), series),
        Err(error) if error.is_instance_of::<PyImportError>(py) => {
            let dtype = series.getattr("dtype")?.str()?;
            let text = format!("a column of {dtype} comes by Arrow, and pandas gives that with pyarrow alone");
            let reason = Reason::new("extension-dtype", "C4", text).hint("install pyarrow");
            let raised = refused(py, Plan::view("__arrow_c_stream__", "pandas.Series", "Column").refusing(reason));
            raised.set_cause(py, Some(error));
            Err(raised)
        }
        Err(error) if is_of_arrow(py, &error) => {
            let dtype = series.getattr("dtype")?;
            let objects = crate::import::numpy::is_dtype(&dtype)?;
            let (code, rule) = if objects { ("object-dtype", "L1") } else { ("extension-dtype", "C4") };
            let text = format!("a column of {dtype} that Arrow has no type for: {}", error.value(py));
            let sparse = dtype.str()?.to_string().starts_with("Sparse");
            let hint = if sparse { ".sparse.to_dense()" } else { ".astype() to one type for all its values" };
            let plan = Plan::view("arrow", "pandas.Series", "Table");
            let plan = plan.refusing(Reason::new(code, rule, text).hint(hint));
            let raised = refused(py, plan);
            raised.set_cause(py, Some(error));
            Err(raised)
        }
        Err(error) => Err(error),
    }
}

/// True for what a library says where it cannot give what it is asked for by Arrow: values without a type, several chunks.
pub(super) fn is_of_arrow(py: Python<'_>, error: &PyErr) -> bool {
    let kinds = (py.get_type::<PyTypeError>(), py.get_type::<PyValueError>(), py.get_type::<PyNotImplementedError>());
    plan_of(py, error).is_none() && error.matches(py, kinds).unwrap_or(false)
}

/// True if every column is of the same NumPy dtype, and none of objects.
pub(super) fn is_one_dtype(frame: &Bound<'_, PyAny>) -> PyResult<bool> {
    let dtypes = frame.getattr("dtypes")?.call_method0("unique")?;
    let dtypes: Vec<Bound<'_, PyAny>> = dtypes.try_iter()?.collect::<PyResult<_>>()?;
    let [dtype] = &dtypes[..] else { return Ok(false) };
    Ok(crate::import::numpy::is_dtype(dtype)? && !dtype.getattr("kind")?.eq("O")?)
}

/// The metadata by which pandas finds its index and its types again, and the names of the index' levels that are columns;
/// `None` where a column has no type of Arrow's, which says so itself when it is asked for.
fn described(frame: &Bound<'_, PyAny>) -> PyResult<Option<(Metadata, Vec<String>)>> {
    let module = frame.py().import("aria_array_bridge._frames")?;
    let answer = module.call_method1("describe", (frame,)).map_err(|error| {
        if !error.is_instance_of::<PyValueError>(frame.py()) {
            return error;
        }
        let reason = Reason::new("object-dtype", "L1", error.value(frame.py()).to_string());
        let reason = reason.hint(".reset_index(), or an index of one type: frame.set_axis(frame.index.astype(str))");
        refused(frame.py(), Plan::view("arrow", "pandas.DataFrame", "Table").refusing(reason))
    });
    let Some((text, levels)) = answer?.extract::<Option<(Vec<u8>, Vec<String>)>>()? else {
        return Ok(None);
    };
    Ok(Some((metadata([(KEY.as_bytes(), text.as_slice())])?, levels)))
}

fn metadata<'a>(pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> PyResult<Metadata> {
    Metadata::from_pairs(pairs).map_err(|too_long| PyValueError::new_err(too_long.to_string()))
}

/// The table with what pandas says of these columns, where they are Series that NumPy does not back: their dtypes.
pub(super) fn described_series(table: Table, columns: &[(String, Bound<'_, PyAny>)]) -> PyResult<Table> {
    let mut series = Vec::new();
    for (name, values) in columns {
        if is_extended(values)? {
            series.push((name, values));
        }
    }
    let Some((_, first)) = series.first() else { return Ok(table) };
    let py = first.py();
    let known = table.schema().metadata().get(KEY).map(|text| PyBytes::new(py, text));
    let text = py.import("aria_array_bridge._frames")?.call_method1("describe_series", (known, series))?;
    with_text(table, text.extract()?)
}

/// A Series whose dtype is no NumPy's, or objects.
pub(super) fn is_extended(values: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(is_one(values, "Series")? && !is_backed_by_numpy(values)?)
}

/// Rows of `table` from `start` on, with metadata of theirs: where a range numbers the rows, it is cut as they are.
pub(super) fn cut(py: Python<'_>, table: &Table, start: usize, rows: Table) -> PyResult<Table> {
    let Some(text) = table.schema().metadata().get(KEY).filter(|_| rows.num_rows() < table.num_rows()) else {
        return Ok(rows);
    };
    let module = py.import("aria_array_bridge._metadata")?;
    let text = module.call_method1("cut", (PyBytes::new(py, text), start, rows.num_rows()))?;
    with_text(rows, text.extract()?)
}

/// The table with this text of pandas' in its metadata, in the place of the one that it has; as it is without one.
fn with_text(table: Table, text: Option<Vec<u8>>) -> PyResult<Table> {
    let Some(text) = text else { return Ok(table) };
    let known = table.schema().metadata().clone();
    let others = known.iter().filter(|(key, _)| *key != KEY.as_bytes());
    Ok(table.with_metadata(metadata(others.chain([(KEY.as_bytes(), text.as_slice())]))?))
}

/// Under which pandas' metadata stands in a schema's.
pub(super) const KEY: &str = "pandas";
