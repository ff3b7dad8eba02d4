//! Tables against arrow-rs: its record batches go in, in any chunks, and come out equal; and producers that lie or fail.

use super::*;
use crate::array::Array;
use crate::ledger;
use crate::plan::Outcome;
use crate::{Access, DType, Device};
use aria_arrow::abi::{ArrowArray, ArrowArrayStream, ArrowSchema};
use aria_arrow::{BatchSource, Failure, Field, Metadata, Node, OwnedArray, OwnedSchema, export_stream};
use arrow_array::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, LargeStringArray, StringArray, StringViewArray, StructArray,
    make_array,
};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{Array as _, RecordBatch, RecordBatchIterator};
use arrow_data::transform::MutableArrayData;
use arrow_schema::{DataType, SchemaRef};
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};
use proptest::prelude::*;

fn origin(owner: &str) -> Origin {
    // SAFETY: memory of arrow-rs or of this test, on the host, that nobody writes to.
    unsafe { Origin::new(owner, Device::CPU, Access::Frozen) }
}

fn imports(owner: &str) -> usize {
    ledger::entries().iter().filter(|entry| &*entry.owner == owner).count()
}

/// arrow-rs' batches as a stream of aria-arrow's.
fn stream(schema: SchemaRef, batches: Vec<RecordBatch>) -> OwnedStream {
    let reader = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
    let mut raw = FFI_ArrowArrayStream::new(Box::new(reader));
    // SAFETY: the same C struct; arrow-rs' is marked as released by the move.
    unsafe { OwnedStream::take(NonNull::from(&mut raw).cast::<ArrowArrayStream>()) }.unwrap()
}

/// An array of arrow-rs, checked by aria-arrow.
fn checked(array: &dyn arrow_array::Array) -> Checked {
    let (mut array, mut schema) = arrow_array::ffi::to_ffi(&array.to_data()).unwrap();
    // SAFETY: the same C struct; the source is marked as released by the move.
    let schema = unsafe { OwnedSchema::take(NonNull::from(&mut schema).cast::<ArrowSchema>()) }.unwrap();
    // SAFETY: likewise.
    let array = unsafe { OwnedArray::take(NonNull::from(&mut array).cast::<ArrowArray>()) }.unwrap();
    array.check(Arc::new(schema.field().unwrap())).unwrap()
}

/// What arrow-rs reads of a stream.
fn read(stream: OwnedStream) -> (SchemaRef, Vec<RecordBatch>) {
    let mut raw = stream.into_raw();
    // SAFETY: the same C struct, live, and moved out of here.
    let reader = unsafe { RecordBatchStreamReader::from_raw((&raw mut raw).cast()) }.unwrap();
    let schema = arrow_array::RecordBatchReader::schema(&reader);
    (schema, reader.map(Result::unwrap).collect())
}

/// The model: one column of all batches.
fn joined(batches: &[RecordBatch], column: usize) -> ArrayRef {
    let data: Vec<_> = batches.iter().map(|batch| batch.column(column).to_data()).collect();
    let mut out = MutableArrayData::new(data.iter().collect(), true, 0);
    data.iter().enumerate().for_each(|(i, data)| out.try_extend(i, 0, data.len()).unwrap());
    make_array(out.freeze())
}

fn column(kind: usize, rows: &[Option<i32>]) -> ArrayRef {
    match kind {
        0 => Arc::new(Int32Array::from(rows.to_vec())),
        1 => Arc::new(rows.iter().map(|row| row.map(|x| x % 2 == 0)).collect::<BooleanArray>()),
        2 => Arc::new(rows.iter().map(|row| row.map(|x| "z".repeat(x as usize % 20))).collect::<StringArray>()),
        3 => Arc::new(rows.iter().map(|row| row.map(f64::from)).collect::<Float64Array>()),
        _ => {
            let field = |name: &str, data_type| Arc::new(arrow_schema::Field::new(name, data_type, true));
            let fields = vec![field("s", DataType::Utf8), field("b", DataType::Boolean)];
            Arc::new(StructArray::new(fields.into(), vec![column(2, rows), column(1, rows)], None))
        }
    }
}

/// Rows of columns of these kinds, each batch cut out of a longer one.
fn batches(kinds: &[usize], rows: &[Option<i32>], cuts: &[usize]) -> (SchemaRef, Vec<RecordBatch>) {
    let fields: Vec<_> = kinds
        .iter()
        .enumerate()
        .map(|(i, kind)| {
            let data_type = column(*kind, &[]).data_type().clone();
            let metadata = std::collections::HashMap::from([("unit".to_owned(), "m".to_owned())]);
            arrow_schema::Field::new(format!("c{i}"), data_type, true).with_metadata(metadata)
        })
        .collect();
    let metadata = std::collections::HashMap::from([("pandas".to_owned(), "{}".to_owned())]);
    let schema = Arc::new(arrow_schema::Schema::new_with_metadata(fields, metadata));
    let columns = kinds.iter().map(|kind| column(*kind, rows)).collect();
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let whole = RecordBatch::try_new_with_options(schema.clone(), columns, &options).unwrap();
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (rows.len() + 1)).chain([rows.len()]).collect();
    ends.sort_unstable();
    let starts = [0].into_iter().chain(ends.iter().copied());
    (schema, starts.zip(&ends).map(|(start, end)| whole.slice(start, end - start)).collect())
}

prop_compose! {
    fn tables()(
        kinds in prop::collection::vec(0usize..5, 0..5),
        rows in prop::collection::vec(prop::option::of(0i32..1000), 0..60),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
    ) -> (Vec<usize>, Vec<Option<i32>>, SchemaRef, Vec<RecordBatch>) {
        let (schema, batches) = batches(&kinds, &rows, &cuts);
        (kinds, rows, schema, batches)
    }
}

proptest! {
    #[test]
    fn any_table_comes_back_with_its_schema_and_values(
        (kinds, rows, schema, batches) in tables(),
        (from, len, most) in (0usize..70, 0usize..70, 1usize..9),
    ) {
        let table = Table::from_stream(stream(schema.clone(), batches.clone()), origin("table.Any")).unwrap();
        prop_assert_eq!((table.num_rows(), table.num_columns()), (rows.len(), kinds.len()));
        let start = from.min(rows.len());
        let (part, len) = (table.slice(from, len), len.min(rows.len() - start));
        prop_assert_eq!(part.num_rows(), len);
        let (out_schema, out) = read(part.to_stream(Some(most)));
        prop_assert_eq!(&out_schema, &schema);
        prop_assert!(out.iter().all(|batch| (1..=most).contains(&batch.num_rows())));
        prop_assert_eq!(out.iter().map(RecordBatch::num_rows).sum::<usize>(), len);
        for i in 0..if len > 0 { kinds.len() } else { 0 } {
            prop_assert_eq!(&joined(&out, i), &joined(&batches, i).slice(start, len));
        }
    }

    #[test]
    fn a_column_as_one_array_has_the_values_of_its_rows((kinds, rows, schema, batches) in tables()) {
        let table = Table::from_stream(stream(schema, batches.clone()), origin("table.One")).unwrap();
        let filled = batches.iter().filter(|batch| batch.num_rows() > 0).count();
        for (i, kind) in kinds.iter().enumerate() {
            let column = table.column(&format!("c{i}")).unwrap();
            // A struct has fields that are null, and is not null itself.
            let nulls = if *kind == 4 { 0 } else { rows.iter().filter(|row| row.is_none()).count() };
            prop_assert_eq!(column.null_count().unwrap(), nulls);
            let import = match column.import() {
                Ok(import) => import,
                Err(error) => {
                    prop_assert!(*kind == 2 || *kind == 4, "{}", error);
                    prop_assert_eq!(&*error.reasons()[0].code, "not-numeric");
                    continue;
                }
            };
            prop_assert_eq!(import.reasons().iter().any(|reason| reason.code == "chunked"), filled > 1);
            prop_assert_eq!(import.copied_bytes() == 0, rows.is_empty() || filled == 1 && *kind != 1);
            let array = import.array().unwrap();
            let valid: Vec<bool> = match array.validity() {
                Some(validity) => validity.iter().collect(),
                None => vec![true; rows.len()],
            };
            prop_assert_eq!(&valid, &rows.iter().map(Option::is_some).collect::<Vec<_>>());
            prop_assert_eq!(array.null_count(), nulls);
            let seen = array.without_validity();
            let values: Vec<f64> = match kind {
                0 => seen.to_vec::<i32>().unwrap().into_iter().map(f64::from).collect(),
                1 => seen.to_vec::<bool>().unwrap().into_iter().map(|x| f64::from(u8::from(x))).collect(),
                _ => seen.to_vec::<f64>().unwrap(),
            };
            for (row, value) in rows.iter().zip(values).filter_map(|(row, value)| Some((((*row)?), value))) {
                let expected = if *kind == 1 { f64::from(u8::from(row % 2 == 0)) } else { f64::from(row) };
                prop_assert_eq!(value, expected);
            }
        }
    }

    #[test]
    fn batches_are_cut_where_any_column_ends((_, rows, schema, batches) in tables(), other in prop::collection::vec(any::<usize>(), 0..4)) {
        let table = Table::from_stream(stream(schema, batches), origin("table.Cuts")).unwrap();
        let (schema, batches) = self::batches(&[0], &rows, &other);
        let more = Table::from_stream(stream(schema, batches.clone()), origin("table.Cuts")).unwrap();
        let both: Vec<Column> = table.columns().iter().chain(more.columns()).cloned().collect();
        let both = Table::from_columns(both).unwrap();
        let mut at = 0;
        let mut ends = std::collections::BTreeSet::new();
        for column in both.columns() {
            let mut end = 0;
            ends.extend(column.chunks().iter().map(|chunk| { end += chunk.len(); end }));
        }
        ends.remove(&0);
        for batch in both.batches(None) {
            at += batch.num_rows();
            prop_assert!(ends.remove(&at));
            prop_assert!(batch.columns().iter().all(|column| column.num_chunks() == 1));
        }
        prop_assert_eq!((at, ends.len()), (rows.len(), 0));
    }
}

#[test]
fn what_came_in_goes_out_at_the_same_address_and_is_released_once() {
    let rows = [Some(1), None, Some(3), Some(4)];
    let (schema, batches) = batches(&[0, 2], &rows, &[]);
    let address = batches[0].column(0).to_data().buffers()[0].as_ptr();
    let text = batches[0].column(1).to_data().buffers()[1].as_ptr();
    let buffer = batches[0].column(0).to_data().buffers()[0].clone();
    let table = Table::from_stream(stream(schema, batches), origin("table.Address")).unwrap();
    assert_eq!(imports("table.Address"), 1, "one array, however many columns");
    assert_eq!(table.column("c0").unwrap().import().unwrap().array().unwrap().address(), address.addr());
    let out = table.slice(1, 3).to_stream(None);
    drop(table);
    assert_eq!(imports("table.Address"), 1, "the stream keeps the table");
    let (_, out) = read(out);
    assert_eq!(out[0].column(0).to_data().buffers()[0].as_ptr(), address.wrapping_add(4));
    assert_eq!(out[0].column(1).to_data().buffers()[1].as_ptr(), text);
    assert!(imports("table.Address") == 1 && buffer.strong_count() > 1);
    drop(out);
    assert_eq!((imports("table.Address"), buffer.strong_count()), (0, 1));
}

#[test]
fn offset_and_length_of_a_struct_apply_to_its_children() {
    let rows: Vec<_> = (0..10).map(Some).collect();
    let (_, batches) = batches(&[0], &rows, &[]);
    let child = checked(&batches[0].column(0).slice(2, 8)).into_parts();
    let node = Node {
        length: 3,
        offset: 4,
        null_count: Some(0),
        buffers: vec![ptr::null()],
        children: vec![child.0],
        ..Node::default()
    };
    // SAFETY: no buffer of its own.
    let array = unsafe { node.export(Arc::new(())) };
    let field = Field::new("", "+s").with_children(vec![Field::clone(&child.1).with_name("x")]);
    let table = Table::from_batch(array.check(Arc::new(field)).unwrap(), origin("table.Offset")).unwrap();
    let array = table.column("x").unwrap().import().unwrap().array().unwrap();
    assert_eq!(array.to_vec::<i32>().unwrap(), [6, 7, 8]);
}

#[test]
fn rows_that_are_null_as_a_whole_are_refused_by_name() {
    let field = Arc::new(arrow_schema::Field::new("x", DataType::Int32, true));
    let nulls = vec![true, false, true].into();
    let array = StructArray::new(vec![field].into(), vec![column(0, &[Some(1); 3])], Some(nulls));
    let refused = Table::from_batch(checked(&array), origin("table.Null")).unwrap_err();
    assert_eq!(refused, TableError::NullRows { nulls: 1, rows: 3 });
    // A part without nulls is a table, though its count is not known.
    assert_eq!(Table::from_batch(checked(&array.slice(2, 1)), origin("table.Null")).unwrap().num_rows(), 1);
    let refused = Table::from_batch(checked(&*column(0, &[Some(1)])), origin("table.Null")).unwrap_err();
    assert_eq!(refused.to_string(), "expected a struct, whose fields are columns, but found int32");
    assert_eq!(imports("table.Null"), 0);
}

/// Gives batches of int32, then what it is told; counts what it is asked and its drops.
struct Failing {
    fields: Vec<&'static str>,
    last: Option<OwnedArray>,
    asked: Arc<AtomicUsize>,
}

impl Drop for Failing {
    fn drop(&mut self) {
        self.asked.fetch_add(100, Ordering::SeqCst);
    }
}

impl BatchSource for Failing {
    fn schema(&mut self) -> Result<OwnedSchema, Failure> {
        let fields = self.fields.iter().map(|format| Field::new("x", format)).collect();
        Ok(Field::new("", "+s").with_children(fields).to_schema())
    }

    fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
        match self.asked.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(Some(batch(&[1, 2]))),
            _ => self.last.take().map(Some).ok_or(Failure { code: 5, text: "the disk is gone".into() }),
        }
    }
}

/// A struct of one int32 column.
fn batch(values: &[i32]) -> OwnedArray {
    let owner: Arc<Vec<i32>> = Arc::new(values.to_vec());
    let buffers = vec![ptr::null(), owner.as_ptr().cast::<c_void>()];
    let child = Node { length: values.len(), null_count: Some(0), buffers, ..Node::default() };
    // SAFETY: as many int32 as it says, kept by the owner.
    let child = unsafe { child.export(owner) };
    let children = vec![child];
    let node =
        Node { length: values.len(), null_count: Some(0), buffers: vec![ptr::null()], children, ..Node::default() };
    // SAFETY: no buffer of its own.
    unsafe { node.export(Arc::new(())) }
}

fn failing(fields: Vec<&'static str>, last: Option<OwnedArray>) -> (OwnedStream, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    (export_stream(Box::new(Failing { fields, last, asked: asked.clone() })), asked)
}

#[test]
fn a_stream_that_fails_in_the_middle_says_why_and_is_not_asked_again() {
    let (stream, asked) = failing(vec!["i"], None);
    let mut batches = Batches::new(stream, origin("table.Fails")).unwrap();
    let first = batches.next_batch().unwrap().unwrap();
    let array = first.column("x").unwrap().import().unwrap().array().unwrap();
    assert_eq!(array.to_vec::<i32>().unwrap(), [1, 2]);
    drop((first, array));
    assert_eq!(imports("table.Fails"), 0, "nothing of a batch is kept");
    let error = batches.next_batch().unwrap_err();
    assert!(error.to_string().ends_with("the disk is gone"), "{error}");
    assert_eq!(&*error.reasons()[0].code, "stream-error");
    assert!(batches.next_batch().unwrap().is_none());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    drop(batches);
    assert_eq!(asked.load(Ordering::SeqCst), 102);
    let (stream, asked) = failing(vec!["i"], None);
    assert!(Table::from_stream(stream, origin("table.Fails")).is_err());
    assert_eq!((asked.load(Ordering::SeqCst), imports("table.Fails")), (102, 0));
}

#[test]
fn a_batch_that_does_not_keep_to_the_schema_ends_the_stream() {
    let (stream, asked) = failing(vec!["i", "g"], None);
    let mut batches = Batches::new(stream, origin("table.Other")).unwrap();
    let error = batches.next_batch().unwrap_err();
    assert_eq!(error.to_string(), "expected 2 children for format '+s' but found 1");
    assert!(batches.next_batch().unwrap().is_none());
    assert_eq!((asked.load(Ordering::SeqCst), imports("table.Other")), (1, 0));
    // The rest passes nothing on either.
    let mut rest = batches.into_stream();
    assert!(rest.next().unwrap().is_none());
    drop(rest);
    assert_eq!(asked.load(Ordering::SeqCst), 101);
}

#[test]
fn a_stream_passes_through_with_its_schema_and_its_error() {
    let (stream, asked) = failing(vec!["i"], Some(batch(&[3])));
    let mut rest = Batches::new(stream, origin("table.Through")).unwrap().into_stream();
    assert_eq!(rest.schema().unwrap().children()[0].format(), "i");
    let lengths: Vec<_> = (0..2).map(|_| rest.next().unwrap().unwrap().as_raw().length).collect();
    assert_eq!((lengths, imports("table.Through")), (vec![2, 1], 0));
    assert!(rest.next().unwrap_err().to_string().ends_with("the disk is gone"));
    drop(rest);
    assert_eq!(asked.load(Ordering::SeqCst), 103);
}

#[test]
fn names_that_are_unknown_or_ambiguous_are_refused_with_what_there_is() {
    let column = |name: &str| Column::from_array(name, Array::from(vec![1i32, 2])).unwrap();
    let table = Table::from_columns(vec![column("price"), column("x"), column("x")]).unwrap();
    let error = table.column("prise").unwrap_err();
    assert_eq!(error, TableError::NoColumn { name: "prise".into(), near: vec!["price".into()] });
    assert_eq!(table.column("x").unwrap_err(), TableError::Ambiguous { name: "x".into(), positions: vec![1, 2] });
    assert_eq!(table.column_at(3).unwrap_err(), TableError::Position { position: 3, columns: 3 });
    let renamed = table.renamed(&["a", "b", "c"]).unwrap();
    assert_eq!(renamed.select(&["c", "a"]).unwrap().schema().names(), ["c", "a"]);
    assert_eq!(renamed.drop_columns(&["b"]).unwrap().schema().names(), ["a", "c"]);
    let long = Column::from_array("long", Array::from(vec![0.5; 3])).unwrap();
    let error = renamed.append_column(long).unwrap_err();
    assert_eq!(error.to_string(), "expected 2 rows in column 'long' but found 3");
    assert!(matches!(Table::concat(&[renamed, table]), Err(TableError::Names { .. })));
    let mixed = Column::new(column("x").field().clone(), vec![Array::from(vec![0.5]).into()]);
    assert_eq!(mixed.unwrap_err().to_string(), "expected int32 in column 'x' but found double");
}

#[test]
fn tables_without_columns_keep_their_rows_and_without_rows_their_columns() {
    let column = Column::from_array("x", Array::from(vec![1i32, 2, 3])).unwrap();
    let table = Table::from_columns(vec![column]).unwrap();
    let none = table.drop_columns(&["x"]).unwrap();
    assert_eq!((none.num_rows(), none.num_columns(), none.slice(1, 9).num_rows()), (3, 0, 2));
    assert_eq!(none.to_struct().unwrap().as_raw().length, 3);
    let empty = table.slice(3, 1);
    let array = empty.to_struct().unwrap();
    assert_eq!((array.as_raw().length, array.as_raw().n_children), (0, 1));
    assert_eq!(empty.column("x").unwrap().import().unwrap().dtype(), &DType::I32);
    assert_eq!(read(empty.to_stream(None)).1.len(), 0);
}

#[test]
fn the_plan_of_an_export_says_which_columns_copy() {
    let flags = Column::from_array("flag", Array::from(vec![1u8, 0]).reinterpret(DType::BOOL).unwrap()).unwrap();
    let table = Table::from_columns(vec![flags, Column::from_array("x", Array::from(vec![1i32, 2])).unwrap()]).unwrap();
    let plan = table.export_plan();
    assert_eq!((plan.outcome, plan.copied_bytes, &*plan.reasons[0].code), (Outcome::Copy, 1, "bits"));
    assert_eq!(plan.reasons[0].location, "column 'flag'");
    let pairs = [("ARROW:extension:name", "arrow.bool8"), ("ARROW:extension:metadata", "")];
    let bool8 = Field::new("flag", "c").with_metadata(Metadata::from_pairs(pairs).unwrap());
    let requested = Field::new("", "+s").with_children(vec![bool8.clone(), Field::new("x", "l")]);
    let asked = table.as_requested(Some(&requested));
    assert_eq!((asked.export_plan().outcome, asked.schema().fields()[1].format()), (Outcome::View, "i"));
    assert_eq!(asked.schema().fields()[0].extension_name(), bool8.extension_name());
    let other = Field::new("", "+s").with_children(vec![bool8]);
    assert_eq!(table.as_requested(Some(&other)).schema(), table.schema());
}

#[test]
fn full_validation_finds_what_structure_does_not_show() {
    let (_, batches) = batches(&[2], &[Some(3), Some(5)], &[]);
    let good = Table::from_batch(checked(&StructArray::from(batches[0].clone())), origin("table.Values")).unwrap();
    good.validate().unwrap();
    let offsets: Arc<Vec<i32>> = Arc::new(vec![0, 5, 2]);
    let buffers = vec![ptr::null(), offsets.as_ptr().cast::<c_void>(), offsets.as_ptr().cast::<c_void>()];
    let node = Node { length: 2, null_count: Some(0), buffers, ..Node::default() };
    // SAFETY: three offsets and as many bytes as they reach, kept by the owner.
    let array = unsafe { node.export(offsets) }.check(Arc::new(Field::new("s", "u"))).unwrap();
    let bad = Table::from_columns(vec![Column::from_arrow(array, origin("table.Values"))]).unwrap();
    let error = bad.validate().unwrap_err();
    assert_eq!(&*error.reasons()[0].code, "values");
}

proptest! {
    /// The model: what arrow-rs was given, of each layout of text, cut anywhere.
    #[test]
    fn text_is_read_as_it_was_written(
        rows in prop::collection::vec(prop::option::weighted(0.8, "[a-zäß€𝄞]{0,30}"), 0..40), skip in 0usize..9, keep in 0usize..40,
    ) {
        let rows = || rows.iter().cloned();
        let layouts: [ArrayRef; 3] = [
            Arc::new(rows().collect::<StringArray>()),
            Arc::new(rows().collect::<LargeStringArray>()),
            Arc::new(rows().collect::<StringViewArray>()),
        ];
        let expected: Vec<_> = rows().skip(skip).take(keep).collect();
        for array in layouts {
            let column = Column::from_arrow(checked(&array), origin("table.Text")).slice(skip, keep);
            prop_assert_eq!(column.to_strings().unwrap().unwrap(), expected.as_slice());
        }
        let own = Column::from_strings("", rows().collect::<Vec<_>>().iter().map(Option::as_deref)).unwrap();
        prop_assert_eq!(own.slice(skip, keep).to_strings().unwrap().unwrap(), expected);
    }
}

#[test]
fn what_is_no_text_is_none_and_wrong_text_an_error() {
    let words: arrow_array::DictionaryArray<arrow_array::types::Int8Type> = ["a", "b", "a"].into_iter().collect();
    let no_text: [ArrayRef; 3] = [
        Arc::new(Int32Array::from(vec![1])),
        Arc::new(arrow_array::BinaryArray::from(vec![&b"a"[..]])),
        Arc::new(words),
    ];
    for array in no_text {
        let column = Column::from_arrow(checked(&array), origin("table.Text"));
        assert_eq!(column.to_strings().unwrap(), None);
        assert_eq!(column.slice(0, 0).to_strings().unwrap(), None);
    }
    let none: ArrayRef = Arc::new(StringArray::from(Vec::<&str>::new()));
    let none = Column::from_arrow(checked(&none), origin("table.Text"));
    assert_eq!(
        (none.to_strings().unwrap(), Column::new(none.field().clone(), vec![]).unwrap().to_strings().unwrap()),
        (Some(vec![]), Some(vec![]))
    );
    // SAFETY: no text, which is what is tested: nobody reads it as text but by way of a check.
    let lies = unsafe {
        StringArray::new_unchecked(arrow_buffer::OffsetBuffer::new(vec![0, 1, 2].into()), vec![b'a', 0xff].into(), None)
    };
    let error = Column::from_arrow(checked(&lies), origin("table.Text")).to_strings().unwrap_err();
    assert!(error.to_string().contains("element 1: its bytes are no UTF-8"), "{error}");
}

#[test]
fn chunks_of_several_axes_any_strides_and_nulls_become_one_array() {
    let first = Array::from((0..6i64).collect::<Vec<_>>()).reshape(&[3, 2]).unwrap();
    let valid = [true, false, true, true, true, false];
    let nulls = crate::Validity::from_bools(&valid, &[3, 2]).unwrap();
    // Rows 0, 1 and 2 with nulls, then the columns of the same without.
    let second = Array::from((10..16i64).collect::<Vec<_>>()).reshape(&[2, 3]).unwrap().transpose(&[1, 0]).unwrap();
    let third = first.clone().with_validity(nulls).unwrap();
    let field = Column::from_array("x", first).unwrap().field().clone();
    let column = Column::new(field, vec![second.into(), third.into()]).unwrap();
    let import = column.import().unwrap();
    assert_eq!((import.shape(), import.copied_bytes()), (&[6, 2][..], 96));
    let array = import.array().unwrap();
    let expected: Vec<bool> = [true; 6].into_iter().chain(valid).collect();
    assert_eq!(array.validity().unwrap().iter().collect::<Vec<_>>(), expected);
    assert_eq!((array.null_count(), column.null_count().unwrap(), array.exports()), (2, 2, 0));
    let values = array.without_validity().to_vec::<i64>().unwrap();
    assert_eq!(values, [10, 13, 11, 14, 12, 15, 0, 1, 2, 3, 4, 5]);
    // The Arrow array has the rows of the array, lists of two.
    let table = Table::from_columns(vec![column.slice(2, 3)]).unwrap();
    let back = Table::from_stream(table.to_stream(None), origin("table.Axes")).unwrap();
    assert_eq!((back.column("x").unwrap().num_chunks(), back.num_rows()), (2, 3));
    let array = back.column("x").unwrap().import().unwrap().array().unwrap();
    assert_eq!((array.shape(), array.null_count()), (&[3, 2][..], 1));
    assert_eq!(array.without_validity().to_vec::<i64>().unwrap(), [12, 15, 0, 1, 2, 3]);
}

#[test]
fn a_batch_whose_column_was_released_is_refused_and_released() {
    let batch = batch(&[1, 2]);
    // SAFETY: one child.
    let child = unsafe { batch.as_raw().children.read() };
    // SAFETY: a live struct, of which this test alone knows.
    drop(unsafe { OwnedArray::take(NonNull::new(child).unwrap()) }.unwrap());
    let (stream, asked) = failing(vec!["i"], Some(batch));
    let mut batches = Batches::new(stream, origin("table.Gone")).unwrap();
    drop(batches.next_batch().unwrap());
    let error = batches.next_batch().unwrap_err();
    assert_eq!(&*error.reasons()[0].code, "released");
    assert_eq!(error.reasons()[0].location, "field 'x'");
    drop(batches);
    assert_eq!((asked.load(Ordering::SeqCst), imports("table.Gone")), (102, 0));
}

#[test]
fn no_columns_names_or_streams_of_arrays_are_answered() {
    assert_eq!(Table::from_columns(Vec::new()).unwrap().num_rows(), 0);
    assert!(Table::concat(&[]).is_err());
    let table = Table::from_columns(vec![Column::from_array("x", Array::from(vec![1i32, 2, 3])).unwrap()]).unwrap();
    let twice = Table::concat(&[table.clone(), table.slice(1, 2)]).unwrap();
    assert_eq!((twice.num_rows(), twice.columns()[0].num_chunks()), (5, 2));
    assert_eq!(twice.to_struct().unwrap_err(), TableError::Batches { found: 2 });
    assert_eq!(
        table.column("y").unwrap_err().to_string(),
        "expected a column 'y' but found no such name; there are [\"x\"]"
    );
    // A stream of arrays that are no structs is a column.
    struct Numbers(Option<OwnedArray>);
    impl BatchSource for Numbers {
        fn schema(&mut self) -> Result<OwnedSchema, Failure> {
            Ok(Field::new("n", "i").to_schema())
        }
        fn next(&mut self) -> Result<Option<OwnedArray>, Failure> {
            Ok(self.0.take())
        }
    }
    let numbers = || export_stream(Box::new(Numbers(Some(checked(&*column(0, &[Some(7), None])).into_parts().0))));
    assert!(matches!(Table::from_stream(numbers(), origin("table.Numbers")), Err(TableError::NotATable { .. })));
    let column = Column::from_stream(numbers(), origin("table.Numbers")).unwrap();
    assert_eq!((column.len(), column.null_count().unwrap(), &*column.name()), (2, 1, "n"));
    let none = Column::from_stream(export_stream(Box::new(Numbers(None))), origin("table.Numbers")).unwrap();
    assert_eq!(none.import().unwrap().array().unwrap().shape(), [0]);
}
