//! The model: every element found by its row and column, cast by Rust's `as`.

use super::*;
use crate::array::Validity;
use crate::layout::Slice;
use crate::table::{Chunk as TableChunk, Column as TableColumn, Origin, Table};
use proptest::prelude::*;

fn column(name: &'static str, chunks: Vec<Array>) -> Column<'static> {
    Column::new(name, chunks)
}

fn made(columns: &[Column<'_>], request: &Request) -> (Array, Plan) {
    Matrix::plan(columns, request).unwrap().make().unwrap()
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.reasons.iter().map(|reason| reason.code.as_ref()).collect()
}

/// Columns of a matrix, as views.
fn columns_of(matrix: &Array) -> Vec<Column<'static>> {
    (0..matrix.shape()[1]).map(|at| column("x", vec![matrix.index(1, at).unwrap()])).collect()
}

fn matrix(rows: usize, columns: usize) -> Array {
    let values: Vec<f64> = (0..rows * columns).map(|i| i as f64).collect();
    Array::from(values).share().unwrap().reshape(&[rows, columns]).unwrap()
}

#[test]
fn columns_of_one_allocation_at_one_distance_are_a_view() {
    let whole = matrix(4, 3);
    for whole in [whole.clone(), whole.transpose(&[1, 0]).unwrap()] {
        let (again, plan) = made(&columns_of(&whole), &Request::default());
        assert_eq!((plan.outcome, plan.copied_bytes), (Outcome::View, 0));
        assert_eq!(
            (again.address(), again.shape(), again.strides()),
            (whole.address(), whole.shape(), whole.strides())
        );
        assert_eq!(again.to_vec::<f64>().unwrap(), whole.to_vec::<f64>().unwrap());
        let mut backwards = columns_of(&whole);
        backwards.reverse();
        let (turned, plan) = made(&backwards, &Request::default());
        assert_eq!((plan.outcome, turned.strides()[1]), (Outcome::View, -whole.strides()[1]));
        let every_second: Vec<_> = columns_of(&whole).into_iter().step_by(2).collect();
        assert_eq!(made(&every_second, &Request::default()).1.outcome, Outcome::View);
    }
}

#[test]
fn a_view_keeps_the_memory_and_is_as_read_only_as_its_columns() {
    let whole = matrix(2, 2);
    let mut columns = columns_of(&whole);
    let Run::Array(array) = &columns[1].runs[0] else { unreachable!() };
    columns[1].runs[0] = Run::Array(array.clone().read_only());
    let (joined, _) = made(&columns, &Request::default());
    drop((columns, whole));
    assert!(joined.is_readonly());
    assert_eq!(joined.to_vec::<f64>().unwrap(), [0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn columns_that_happen_to_lie_at_one_distance_in_two_allocations_are_copied() {
    // Two arrays over the halves of one vector, which are known as two allocations.
    let mut memory = vec![1.0f64, 2.0, 3.0, 4.0];
    let half = |at: usize, memory: &mut Vec<f64>| {
        let first = core::ptr::NonNull::new(memory.as_mut_ptr().wrapping_add(at)).unwrap().cast();
        let layout = crate::Layout::c_order(8, &[2]).unwrap();
        // SAFETY: two doubles of the vector, which outlives the arrays.
        unsafe {
            Array::from_raw(
                first,
                DType::F64,
                layout,
                crate::Device::CPU,
                crate::Access::Shared,
                true,
                crate::Owner::immortal(),
            )
        }
        .unwrap()
    };
    let columns = [column("a", vec![half(0, &mut memory)]), column("b", vec![half(2, &mut memory)])];
    let (copy, plan) = made(&columns, &Request::default());
    assert_eq!((plan.outcome, plan.copied_bytes, codes(&plan)), (Outcome::Copy, 32, vec!["columns-apart"]));
    assert_eq!(copy.to_vec::<f64>().unwrap(), [1.0, 3.0, 2.0, 4.0]);
    let refused = Matrix::plan(&columns, &Request { copy: CopyPolicy::Never, ..Request::default() }).unwrap_err();
    assert_eq!(codes(&refused), ["columns-apart", "copy-never"]);
}

#[test]
fn memory_that_one_handle_may_write_is_not_joined() {
    let column = column("x", vec![Array::from(vec![1.0f64, 2.0])]);
    assert_eq!(made(&[column], &Request::default()).1.outcome, Outcome::Copy);
}

#[test]
fn the_order_that_is_asked_for_is_the_one_that_comes() {
    let whole = matrix(3, 2);
    for (order, outcome) in [(Order::C, Outcome::View), (Order::F, Outcome::Copy)] {
        let (array, plan) = made(&columns_of(&whole), &Request { order: Some(order), ..Request::default() });
        assert_eq!(plan.outcome, outcome);
        assert!(array.layout().is_contiguous(order));
        assert_eq!(array.to_vec::<f64>().unwrap(), whole.to_vec::<f64>().unwrap());
    }
    let (copy, plan) = made(&columns_of(&whole), &Request { copy: CopyPolicy::Always, ..Request::default() });
    assert_eq!((codes(&plan), copy.address() == whole.address()), (vec!["copy-asked"], false));
}

fn nullable(values: Vec<i64>, valid: &[bool]) -> Array {
    let len = values.len();
    Array::from(values).with_validity(Validity::from_bools(valid, &[len]).unwrap()).unwrap()
}

#[test]
fn nulls_are_kept_refused_or_nan() {
    let columns = [
        column("n", vec![nullable(vec![1, 2, 3], &[true, false, true])]),
        column("x", vec![Array::from(vec![0.5f32, 1.5, 2.5])]),
    ];
    let request = |nulls| Request { nulls, ..Request::default() };
    let (kept, _) = made(&columns, &request(Nulls::Keep));
    assert_eq!((kept.dtype(), kept.null_count()), (&DType::F64, 1));
    assert!(!kept.validity().unwrap().is_valid(&[1, 0]));
    let (nan, _) = made(&columns, &request(Nulls::Nan));
    let values = nan.to_vec::<f64>().unwrap();
    assert!(values[2].is_nan() && nan.null_count() == 0);
    assert_eq!([values[0], values[1], values[3], values[4], values[5]], [1.0, 0.5, 1.5, 3.0, 2.5]);
    let refused = Matrix::plan(&columns, &request(Nulls::Refuse)).unwrap_err();
    assert!(codes(&refused) == ["nulls"] && refused.to_string().contains("1 null in column 'n'"));
    let wish = Request { dtype: Some(DType::I64), nulls: Nulls::Nan, ..Request::default() };
    assert_eq!(codes(&Matrix::plan(&columns[..1], &wish).unwrap_err()), ["nulls"]);
}

#[test]
fn an_integer_that_float64_does_not_have_is_refused_only_beside_nulls() {
    let big = (1 << 53) + 1;
    let columns = [column("n", vec![nullable(vec![big, 0], &[true, false])])];
    let request = Request { nulls: Nulls::Nan, ..Request::default() };
    let refused = Matrix::plan(&columns, &request).unwrap().make().unwrap_err();
    assert_eq!(codes(&refused), ["inexact"]);
    let under_the_null = [column("n", vec![nullable(vec![0, big], &[true, false])])];
    assert!(Matrix::plan(&under_the_null, &request).unwrap().make().is_ok());
}

#[test]
fn what_is_no_matrix_is_refused_by_column() {
    let (a, b) = (Array::from(vec![1i32, 2]), Array::from(vec![1i32]));
    let days = Array::from(vec![1i64, 2]).reinterpret(DType::from_name("datetime64[D]").unwrap()).unwrap();
    let refused = |columns: &[Column<'_>]| {
        let plan = Matrix::plan(columns, &Request::default()).unwrap_err();
        let reason = plan.reasons.last().unwrap().clone();
        (reason.code.into_owned(), reason.location.into_owned())
    };
    assert_eq!(refused(&[]).0, "not-numeric");
    assert_eq!(refused(&[column("a", vec![a.clone()]), column("b", vec![b])]), ("extent".into(), "column 'b'".into()));
    assert_eq!(refused(&[column("a", vec![a.clone()]), column("d", vec![days])]).0, "mixed-columns");
    assert_eq!(refused(&[column("m", vec![a.reshape(&[1, 2]).unwrap()])]).0, "ndim");
    assert_eq!(refused(&[column("none", vec![])]).0, "malformed");
    let wish = Request { dtype: Some(DType::I8), ..Request::default() };
    let floats = [column("x", vec![Array::from(vec![1.5f64])])];
    assert_eq!(codes(&Matrix::plan(&floats, &wish).unwrap_err()), ["dtype"]);
}

#[test]
fn a_table_becomes_its_matrix_and_says_which_columns_are_none() {
    let whole = matrix(3, 2);
    let columns = ["a", "b"].iter().enumerate();
    let columns = columns.map(|(i, name)| TableColumn::from_array(name, whole.index(1, i).unwrap()).unwrap());
    let table = Table::from_columns(columns.collect()).unwrap();
    let (array, plan) = table.to_matrix(&Request::default()).unwrap();
    assert_eq!((plan.outcome, array.address()), (Outcome::View, whole.address()));
    assert_eq!(table.matrix_plan(&Request::default()).outcome, Outcome::View);
    let part = table.slice(1, 2).to_matrix(&Request::default()).unwrap().0;
    assert_eq!(part.to_vec::<f64>().unwrap(), [2.0, 3.0, 4.0, 5.0]);
}

/// The column that Arrow's arrays of these are: bools become bits there.
fn through_arrow(chunks: Vec<Array>) -> Column<'static> {
    let column = TableColumn::from_array("c", chunks[0].clone()).unwrap();
    let field = column.field();
    let chunk = |array: Array| {
        let checked = TableChunk::from(array).to_arrow(field).unwrap().check(field.clone()).unwrap();
        // SAFETY: memory of this test, on the host, that nobody writes to.
        TableChunk::from_arrow(checked, unsafe { Origin::new("test", crate::Device::CPU, crate::Access::Frozen) })
    };
    let column = TableColumn::new(field.clone(), chunks.into_iter().map(chunk).collect()).unwrap();
    // Through a table, whose matrix leaves nothing out: chunks without rows, which have no bits, stay.
    Column { name: "c".into(), runs: column.import().unwrap().runs().unwrap() }
}

#[test]
fn bits_and_dates_are_copied_once_and_said_to_be() {
    let bools = through_arrow(vec![Array::from(vec![true, false, true])]);
    let (array, plan) = made(core::slice::from_ref(&bools), &Request::default());
    assert_eq!((plan.outcome, plan.copied_bytes, codes(&plan)), (Outcome::Copy, 3, vec!["bits"]));
    assert_eq!(plan.reasons[0].location, "column 'c'");
    assert_eq!(array.to_vec::<bool>().unwrap(), [true, false, true]);
    let numbers = column("n", vec![Array::from(vec![0.5f64, 1.5, 2.5])]);
    let (array, plan) = made(&[bools, numbers], &Request::default());
    assert_eq!((plan.copied_bytes, codes(&plan)), (48, vec!["bits", "mixed-columns"]));
    assert_eq!(array.to_vec::<f64>().unwrap(), [1.0, 0.5, 0.0, 1.5, 1.0, 2.5]);
}

proptest! {
    /// Columns of any dtype, chunking, strides and nulls, in either order, against a walk over every element.
    #[test]
    fn any_columns_become_what_a_walk_over_their_elements_finds(
        rows in 0usize..30,
        kinds in prop::collection::vec(0usize..7, 1..5),
        cut in 0usize..30,
        step in prop::sample::select(vec![1isize, -1, 2]),
        nulls in any::<u32>(),
        order in prop::sample::select(vec![Order::C, Order::F]),
        nan in any::<bool>(),
    ) {
        // A column of bools, which are bits in Arrow, has 0 and 1.
        let value = |row: usize, at: usize| ((row * 7 + at * 3) % if kinds[at] == 6 { 2 } else { 100 }) as f64;
        let is_null = |row: usize, at: usize| at % 2 == 1 && nulls >> ((row + at) % 32) & 1 == 1;
        let columns: Vec<Column<'_>> = kinds.iter().enumerate().map(|(at, kind)| {
            let chunk = |rows: core::ops::Range<usize>| {
                let spread = step.unsigned_abs();
                let mut numbers: Vec<f64> = rows.clone().flat_map(|row| core::iter::repeat_n(value(row, at), spread)).collect();
                if step < 0 {
                    numbers.reverse();
                }
                let array = match kind {
                    0 => Array::from(numbers.iter().map(|n| *n as i8).collect::<Vec<_>>()),
                    1 => Array::from(numbers.iter().map(|n| *n as u16).collect::<Vec<_>>()),
                    2 => Array::from(numbers.iter().map(|n| *n as i64).collect::<Vec<_>>()),
                    3 => Array::from(numbers.iter().map(|n| half::f16::from_f64(*n)).collect::<Vec<_>>()),
                    4 => Array::from(numbers.iter().map(|n| *n as f32).collect::<Vec<_>>()),
                    6 => Array::from(numbers.iter().map(|n| *n != 0.0).collect::<Vec<_>>()),
                    _ => Array::from(numbers),
                };
                let array = array.slice(0, Slice::resolve(array.len(), None, None, step).unwrap()).unwrap();
                let valid: Vec<bool> = rows.map(|row| !is_null(row, at)).collect();
                array.with_validity(Validity::from_bools(&valid, &[valid.len()]).unwrap()).unwrap()
            };
            let cut = cut.min(rows);
            match kind {
                6 => through_arrow(vec![chunk(0..cut), chunk(cut..rows)]),
                _ => column("c", vec![chunk(0..cut), chunk(cut..rows)]),
            }
        }).collect();
        let request = Request { order: Some(order), nulls: if nan { Nulls::Nan } else { Nulls::Keep }, ..Request::default() };
        let planned = Matrix::plan(&columns[..], &request).unwrap().into_owned();
        let (dtype, shape, null_count) = (planned.dtype().clone(), planned.shape(), planned.null_count());
        let (array, plan) = planned.make().unwrap();
        prop_assert_eq!((array.dtype(), array.shape()), (&dtype, &shape[..]));
        prop_assert_eq!(array.shape(), [rows, kinds.len()]);
        prop_assert!(array.layout().is_contiguous(order));
        prop_assert_eq!(plan.copied_bytes as usize, array.nbytes());
        let valid: Vec<bool> = array.validity().map_or(vec![true; array.len()], |validity| validity.iter().collect());
        prop_assert_eq!(array.null_count(), null_count);
        let found = array.clone().without_validity().cast(&DType::C128, crate::CopyOrder::C).unwrap();
        let found = found.to_vec::<num_complex::Complex<f64>>().unwrap();
        for (i, (found, valid)) in found.iter().zip(valid).enumerate() {
            let (row, at) = (i / kinds.len(), i % kinds.len());
            let floats = is_null(row, at) && nan;
            prop_assert_eq!(valid, !is_null(row, at) || nan);
            prop_assert!(if floats { found.re.is_nan() } else { !valid || found.re == value(row, at) }, "row {row}, column {at}");
        }
    }
}
