//! Tables of other libraries' tables [C6].
//!
//! | what | how |
//! |---|---|
//! | our own table, column or reader | itself |
//! | a dict | a column for each value: a column of any library, or what `asarray` takes |
//! | a pandas frame | `pandas`: each column by the door that keeps its values [W1] |
//! | a NumPy array of records | each field a strided view |
//! | `__arrow_c_array__` of a struct, `__arrow_c_stream__` of structs | the structs, kept as they came |
//! | the same of anything else, a pandas Series | one column, under its name |
//! | the same of a device, where there is no other method | likewise; memory of a device is carried |

use super::batches::PyBatchReader;
use super::blocks::Blocks;
use super::{PyColumn, PyTable, pandas, raise};
use crate::array::PyArray;
use crate::block::{is_tracing, record};
use crate::class;
use crate::error::{argument_error, bad_argument, plan_of, refused};
use crate::import::arrow::{
    Foreign, Given, objects_of_polars, pair, schema as schema_in_capsule, stream_of, validates,
};
use crate::import::import;
use crate::release::Queued;
use crate::request::Request;
use aria_array_bridge::convert::arrow::{reason, stream_reason};
use aria_array_bridge::dtype::DType;
use aria_array_bridge::plan::{Plan, Reason};
use aria_array_bridge::table::{ArrayStream, Batches, Chunk, Column, Kept, Origin, Schema, Table, TableError};
use aria_array_bridge::{Access, Device};
use aria_arrow::{Checked, Field, Format};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};
use std::sync::Arc;

/// A table of any library's table, a stream, a dict of columns, or an array of records. Nothing is copied.
///
/// `validate="full"` checks every value of what came as Arrow, and not the structure alone.
#[pyfunction]
#[pyo3(signature = (obj, /, *, validate = None))]
pub(super) fn table<'py>(obj: &Bound<'py, PyAny>, validate: Option<&str>) -> PyResult<Bound<'py, PyTable>> {
    let full = validates(validate)?;
    let table = match obj.cast::<PyTable>() {
        Ok(table) => table.clone(),
        Err(_) => Bound::new(obj.py(), PyTable::new(table_in(obj)?))?,
    };
    if full {
        check_values(obj.py(), table.get().table())?;
    }
    Ok(table)
}

/// Checks every value of a table that came as Arrow, detached [C8].
///
/// # Errors
///
/// `ConversionError`, reason `values`, with the first that is wrong; memory of a device.
pub(super) fn check_values(py: Python<'_>, table: &Table) -> PyResult<()> {
    py.detach(|| table.validate()).map_err(|error| raise(py, &error))
}

/// Says to a trace what came by Arrow: nothing of it is copied. Notes name their column.
fn arrived<T>(
    object: &Bound<'_, PyAny>,
    protocol: &'static str,
    made: T,
    name: impl FnOnce(&T) -> String,
    columns: impl FnOnce(&T) -> &[Column],
) -> T {
    if is_tracing() {
        let mut plan = Plan::view(protocol, class::of(object), name(&made));
        for column in columns(&made) {
            let at = format!("column '{}'", column.name());
            plan.reasons.extend(column.notes().into_iter().map(|note| note.at(at.clone())));
        }
        record(&plan);
    }
    made
}

fn table_arrived(object: &Bound<'_, PyAny>, protocol: &'static str, table: Table) -> Table {
    let name = |table: &Table| format!("Table {} rows x {} columns", table.num_rows(), table.num_columns());
    arrived(object, protocol, table, name, Table::columns)
}

fn column_arrived(object: &Bound<'_, PyAny>, protocol: &'static str, column: Column) -> Column {
    let name = |column: &Column| format!("Column of {} rows", column.len());
    arrived(object, protocol, column, name, core::slice::from_ref)
}

/// The table that the object is.
///
/// # Errors
///
/// `ArgumentError` for what is none; what its producer raises.
pub(super) fn table_in(object: &Bound<'_, PyAny>) -> PyResult<Table> {
    match as_table(object)? {
        Some(table) => Ok(table),
        None => {
            let found = class::of(object);
            let hint = match object.hasattr(intern!(object.py(), "__array__")).unwrap_or(false) {
                true if found.starts_with("pandas.") => ".to_series() is a column, .to_frame() a table",
                true => "a dict of its columns: {'a': x[:, 0], 'b': x[:, 1]}",
                false => "a dict of columns, a frame, a stream, or what has __arrow_c_stream__",
            };
            let reason = Reason::new("not-a-table", "C6", format!("expected a table but found {found}"));
            Err(bad_argument(object.py(), Plan::view("", found, "Table").refusing(reason.hint(hint))))
        }
    }
}

/// The table that the object is, or `None`.
fn as_table(object: &Bound<'_, PyAny>) -> PyResult<Option<Table>> {
    let _nested = crate::import::Nested::enter()?;
    let py = object.py();
    if let Ok(table) = object.cast::<PyTable>() {
        return Ok(Some(table.get().table().clone()));
    }
    if let Ok(column) = object.cast::<PyColumn>() {
        return column.get().alone(py).map(Some);
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        return from_dict(dict).map(Some);
    }
    if pandas::is_frame(object)? {
        return pandas::table(object).map(Some);
    }
    if let Some(table) = of_records(object)? {
        return Ok(Some(table));
    }
    if object.cast::<PyArray>().is_ok() {
        return Ok(None); // As for NumPy's: whether its axes are rows and columns, it does not say.
    }
    if pandas::is_backed_by_numpy(object)? {
        return alone(py, column_of(object)?).map(Some);
    }
    if pandas::is_extended(object)? {
        let table = alone(py, column_of(object)?)?;
        let name = table.schema().names().remove(0);
        return pandas::described_series(table, &[(name, object.clone())]).map(Some);
    }
    if object.cast::<PyBatchReader>().is_err()
        && let Some((given, protocol)) = pair_in(object)?
    {
        let name = class::of(object);
        let (checked, origin) = checked(object, given, &name)?;
        if checked.field().layout() != Format::Struct {
            let column = column_arrived(object, protocol, Column::from_arrow(checked, origin));
            return alone(py, named_as(object, column)?).map(Some);
        }
        let table = Table::from_batch(checked, origin).map_err(|error| raise(py, &error))?;
        return Ok(Some(table_arrived(object, protocol, table)));
    }
    let Some((mut stream, protocol)) = stream_in(object)? else { return Ok(None) };
    let field = schema_in_stream(object, &mut stream)?;
    if field.layout() != Format::Struct {
        let column = column_arrived(object, protocol, column_in_stream(object, stream, field)?);
        return alone(py, named_as(object, column)?).map(Some);
    }
    of_stream(object, stream, field).map(|table| Some(table_arrived(object, protocol, table)))
}

/// A table of one column.
fn alone(py: Python<'_>, column: Column) -> PyResult<Table> {
    Table::from_columns(vec![column]).map_err(|error| raise(py, &error))
}

/// True for classes of tables, which can be asked again, as no stream can: our own, frames of pandas' and Polars', tables and batches of pyarrow's and arro3's.
pub(crate) fn is_table_class(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    if class.is(py.get_type::<PyTable>()) {
        return Ok(true);
    }
    const KNOWN: [(&str, &str); 6] = [
        ("pandas", "DataFrame"),
        ("polars", "DataFrame"),
        ("pyarrow", "Table"),
        ("pyarrow", "RecordBatch"),
        ("arro3", "Table"),
        ("arro3", "RecordBatch"),
    ];
    let bases = class::bases(class)?;
    Ok(bases.iter().any(|base| KNOWN.contains(&(&class::library(base), &class::short_name(base)))))
}

/// The table of an object that is one, or a dict of columns; `None` for anything else, a column or a stream too.
pub(crate) fn given(object: &Bound<'_, PyAny>) -> PyResult<Option<Table>> {
    let is_one = object.cast::<PyDict>().is_ok() || is_table_class(&object.get_type())?;
    if is_one { as_table(object) } else { Ok(None) }
}

/// Arrow's arrays that come through Python: shared, and released attached.
pub(super) fn origin(owner: &str) -> Origin {
    fn keep(checked: Checked) -> Kept {
        Arc::new(Queued::new(checked))
    }
    // SAFETY: producers in Python give memory of the host by the interfaces without devices; never said to be frozen.
    unsafe { Origin::new(owner, Device::CPU, Access::Shared) }.kept_by(keep)
}

/// What the first of two methods gives that the type has, and that method's name. A device's method is asked where there is
/// no other: memory of the host comes by both.
fn asked<'py>(
    object: &Bound<'py, PyAny>,
    methods: [&'static str; 2],
) -> PyResult<Option<(Bound<'py, PyAny>, &'static str)>> {
    if let Some(reason) = objects_of_polars(object)? {
        return Err(refuse(object, reason));
    }
    for method in methods {
        if let Some(found) = object.get_type().getattr_opt(method)? {
            return Ok(Some((found.call1((object,))?, method)));
        }
    }
    Ok(None)
}

/// The array that the object gives, asked on its type.
fn pair_in(object: &Bound<'_, PyAny>) -> PyResult<Option<(Given, &'static str)>> {
    let answer = match asked(object, ["__arrow_c_array__", "__arrow_c_device_array__"]) {
        // It has several chunks, or the like: a stream has them one by one.
        Err(error)
            if pandas::is_of_arrow(object.py(), &error)
                && object.get_type().hasattr(intern!(object.py(), "__arrow_c_stream__"))? =>
        {
            return Ok(None);
        }
        answer => answer?,
    };
    let given = |(answer, method)| pair(&answer).map(|given| (given, method)).map_err(|reason| refuse(object, reason));
    answer.map(given).transpose()
}

/// The stream that the object gives, asked on its type.
pub(super) fn stream_in(object: &Bound<'_, PyAny>) -> PyResult<Option<(Foreign<ArrayStream>, &'static str)>> {
    let answer = asked(object, ["__arrow_c_stream__", "__arrow_c_device_stream__"])?;
    let given =
        |(answer, method)| stream_of(&answer).map(|stream| (stream, method)).map_err(|reason| refuse(object, reason));
    answer.map(given).transpose()
}

/// An array that agrees with its schema, and where it comes from.
fn checked(object: &Bound<'_, PyAny>, given: Given, name: &str) -> PyResult<(Checked, Origin)> {
    let field = given.schema.field().map_err(|error| refuse(object, reason(&error)))?;
    let device = given.device().map_err(|reason| refuse(object, reason))?;
    let checked = given.array.into_inner().check(Arc::new(field));
    let checked = checked.map_err(|given| refuse(object, reason(&given.error)))?;
    Ok((checked, origin(name).on(device)))
}

fn refuse(object: &Bound<'_, PyAny>, reason: Reason) -> PyErr {
    let source = class::of(object);
    refused(object.py(), Plan::view("arrow", source, "Table").refusing(reason))
}

/// What the arrays of a stream are.
fn schema_in_stream(object: &Bound<'_, PyAny>, stream: &mut ArrayStream) -> PyResult<Field> {
    let field = object.py().detach(|| stream.schema());
    field.map_err(|error| caused(object.py(), || refuse(object, stream_reason(&error))))
}

/// All batches of a stream. The producer is asked detached.
fn of_stream(object: &Bound<'_, PyAny>, stream: Foreign<ArrayStream>, field: Field) -> PyResult<Table> {
    let py = object.py();
    let name = class::of(object);
    let batches = Batches::of(stream.into_inner(), field, origin(&name));
    let mut batches = batches.map_err(|error| raise(py, &error))?;
    let mut tables = Vec::new();
    while let Some(table) = py.detach(|| batches.next_batch()).map_err(|error| said(py, &error))? {
        tables.push(table);
        py.check_signals()?;
    }
    concat(py, batches.schema(), &tables)
}

/// All rows of tables of this schema, which may be none.
pub(super) fn concat(py: Python<'_>, schema: &Schema, tables: &[Table]) -> PyResult<Table> {
    if !tables.is_empty() {
        return Table::concat(tables).map_err(|error| raise(py, &error));
    }
    let field = Arc::new(schema.to_field());
    let none = field.empty_array().check(field.clone()).map_err(|given| raise(py, &given.error.into()))?;
    Table::from_batch(none, origin("no rows")).map_err(|error| raise(py, &error))
}

/// The error, with the exception that the producer left as its cause.
pub(super) fn said(py: Python<'_>, error: &TableError) -> PyErr {
    caused(py, || raise(py, error))
}

/// An error, with the exception that the producer left as its cause.
fn caused(py: Python<'_>, make: impl FnOnce() -> PyErr) -> PyErr {
    let left = PyErr::take(py);
    let raised = make();
    raised.set_cause(py, left);
    raised
}

fn from_dict(dict: &Bound<'_, PyDict>) -> PyResult<Table> {
    let mut blocks = Blocks::default();
    let (mut columns, mut named) = (Vec::new(), Vec::new());
    // All of them first: taking a column may run code that changes the dict.
    let items: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)> = dict.iter().collect();
    for (name, values) in items {
        let name = name.str()?.to_cow()?.into_owned();
        let column = column_in(&mut blocks, &values).map_err(|error| in_column(dict.py(), &name, error))?;
        columns.push(column.renamed(&name).map_err(|error| raise(dict.py(), &error))?);
        named.push((name, values));
    }
    let table = Table::from_columns(columns).map_err(|error| raise(dict.py(), &error))?;
    pandas::described_series(table, &named)
}

/// The fields of an array of records, each a strided view.
fn of_records(object: &Bound<'_, PyAny>) -> PyResult<Option<Table>> {
    let py = object.py();
    let names = match object.getattr_opt(intern!(py, "dtype"))? {
        Some(dtype) => dtype.getattr_opt(intern!(py, "names"))?.filter(|names| !names.is_none()),
        None => None,
    };
    if names.is_none() {
        return Ok(None);
    }
    if crate::import::numpy::is_masked(object)? {
        return of_masked_records(object).map(Some);
    }
    let records = import(object, &Request::default())?;
    let held = PyArray::held(&records)?;
    let DType::Record(record) = held.dtype() else { return Ok(None) };
    let field = |field: &aria_array_bridge::dtype::Field| {
        let array = held.field(&field.name).map_err(TableError::from);
        let column = array.and_then(|array| Column::from_array(&field.name, array));
        column.map_err(|error| in_column(py, &field.name, raise(py, &error)))
    };
    let columns = record.fields().iter().map(field).collect::<PyResult<Vec<_>>>()?;
    Table::from_columns(columns).map(Some).map_err(|error| raise(py, &error))
}

/// The fields of a masked array of records, each with a mask of its own.
fn of_masked_records(object: &Bound<'_, PyAny>) -> PyResult<Table> {
    let py = object.py();
    let names: Vec<String> = object.getattr("dtype")?.getattr("names")?.extract()?;
    let field = |name: &String| {
        let column = column_of(&object.get_item(name)?)
            .and_then(|column| column.renamed(name).map_err(|error| raise(py, &error)));
        column.map_err(|error| in_column(py, name, error))
    };
    let columns = names.iter().map(field).collect::<PyResult<Vec<_>>>()?;
    Table::from_columns(columns).map_err(|error| raise(py, &error))
}

/// The error, which says the column: in the plan's reasons where it is ours, else in a note.
pub(super) fn in_column(py: Python<'_>, name: &str, error: PyErr) -> PyErr {
    let at = format!("column '{name}'");
    let Some(mut plan) = plan_of(py, &error) else {
        return error.value(py).call_method1("add_note", (at,)).map_or_else(|failed| failed, |_| error);
    };
    for reason in plan.reasons.iter_mut().filter(|reason| reason.location.is_empty()) {
        reason.location = at.clone().into();
    }
    let is_argument = argument_error(py).is_ok_and(|class| error.is_instance(py, class));
    let raised = if is_argument { bad_argument(py, plan) } else { refused(py, plan) };
    raised.set_cause(py, error.cause(py));
    raised
}

/// A column of any library's column, or of what `asarray` takes. Its name is that of the column, if it has one.
pub(super) fn column_of(values: &Bound<'_, PyAny>) -> PyResult<Column> {
    column_in(&mut Blocks::default(), values)
}

/// As [`column_of`], beside others that may be parts of the same allocation.
fn column_in<'py>(blocks: &mut Blocks<'py>, values: &Bound<'py, PyAny>) -> PyResult<Column> {
    if let Ok(column) = values.cast::<PyColumn>() {
        return Ok(column.get().column().clone());
    }
    if pandas::is_extended(values)? {
        return named_as(values, pandas::column(values)?);
    }
    if values.cast::<PyArray>().is_err()
        && !pandas::is_backed_by_numpy(values)?
        && let Some(column) = arrow_column(values)?
    {
        return named_as(values, column);
    }
    column_without_arrow(blocks, values)
}

/// The column of a list of text, or of what `asarray` takes.
pub(super) fn column_without_arrow<'py>(blocks: &mut Blocks<'py>, values: &Bound<'py, PyAny>) -> PyResult<Column> {
    match super::text::column(values)? {
        Some(column) => Ok(column),
        None => named_as(values, blocks.column(values)?),
    }
}

/// The column under the name that the object has, if it has one: a text, or whatever a label of pandas' is.
fn named_as(object: &Bound<'_, PyAny>, column: Column) -> PyResult<Column> {
    let py = object.py();
    let name = match object.getattr_opt(intern!(py, "name"))? {
        Some(name) if name.is_instance_of::<PyString>() => name.to_string(),
        Some(label) if !label.is_none() && class::library(&object.get_type()) == "pandas" => label.str()?.to_string(),
        _ => String::new(),
    };
    column.renamed(&name).map_err(|error| raise(py, &error))
}

/// The column that the object gives by Arrow, whatever its type.
pub(super) fn arrow_column(object: &Bound<'_, PyAny>) -> PyResult<Option<Column>> {
    if let Some((given, protocol)) = pair_in(object)? {
        let (checked, origin) = checked(object, given, &class::of(object))?;
        return Ok(Some(column_arrived(object, protocol, Column::from_arrow(checked, origin))));
    }
    let Some((mut stream, protocol)) = stream_in(object)? else { return Ok(None) };
    let field = schema_in_stream(object, &mut stream)?;
    let column = column_in_stream(object, stream, field)?;
    Ok(Some(column_arrived(object, protocol, column)))
}

/// All arrays of a stream, as chunks of a column.
fn column_in_stream(object: &Bound<'_, PyAny>, mut stream: Foreign<ArrayStream>, field: Field) -> PyResult<Column> {
    let py = object.py();
    let name = class::of(object);
    let field = Arc::new(field);
    let mut chunks = Vec::new();
    while let Some((array, device)) = py.detach(|| stream.next_array()).map_err(|error| said(py, &error))? {
        let checked = array.check(field.clone());
        let checked = checked.map_err(|given| caused(py, || refuse(object, reason(&given.error))))?;
        chunks.push(Chunk::from_arrow(checked, origin(&name).on(device)));
        py.check_signals()?;
    }
    Column::new(field, chunks).map_err(|error| raise(py, &error))
}

/// The schema of anything that has one.
pub(super) fn schema_of(object: &Bound<'_, PyAny>) -> PyResult<Schema> {
    let _nested = crate::import::Nested::enter()?;
    let py = object.py();
    if let Some(method) = object.get_type().getattr_opt(intern!(py, "__arrow_c_schema__"))? {
        let schema = schema_in_capsule(&method.call1((object,))?).map_err(|reason| refuse(object, reason))?;
        let field = schema.field().map_err(|error| refuse(object, reason(&error)))?;
        if field.layout() == Format::Struct {
            return Schema::of(&field).map_err(|error| raise(py, &error));
        }
        return Ok(Schema::new(vec![Arc::new(field)]));
    }
    if object.cast::<PyDict>().is_err()
        && !pandas::is_frame(object)?
        && let Some((mut stream, _)) = stream_in(object)?
    {
        let field = schema_in_stream(object, &mut stream)?;
        return Schema::of(&field).map_err(|error| raise(py, &error));
    }
    Ok(Schema::clone(table_in(object)?.schema()))
}
