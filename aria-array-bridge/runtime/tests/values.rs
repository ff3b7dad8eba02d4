//! Values both ways: every row of `spec/values.csv`, the operators, and what any object can be asked.

mod support;

use aria_array_runtime::prelude::*;
use aria_array_runtime::{BigInt, Date, DateTime, Time, TimeDelta};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use support::{eval, names, python};

/// A row of the table: its columns by name.
type Row = HashMap<String, String>;

fn table() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/values.csv");
    let text = fs::read_to_string(path).expect("spec/values.csv is there");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().expect("the table has a head");
    lines
        .map(|cells| {
            assert_eq!(cells.len(), head.len(), "{cells:?}");
            head.iter().cloned().zip(cells).collect()
        })
        .collect()
}

/// The example of a row, as Python has it.
fn example(row: &Row) -> PyObject {
    let code = format!(
        "from datetime import date, time, datetime, timedelta, timezone\nfrom http import HTTPStatus\n\
         from collections import Counter\nfrom fractions import Fraction\nimport numpy\n\
         named = timezone(timedelta(hours=1), 'here')\nexample = {}",
        row["example"]
    );
    names(&code).getitem("example").expect("the statement is good")
}

/// The example of a row, as Aria has it; `None` for what has no form there.
fn sample(name: &str) -> Option<Val> {
    let date = Date { year: 2026, month: 11, day: 23 };
    let clock = Time { hour: 1, minute: 2, second: 3, ..Time::default() };
    Some(match name {
        "none" => Val::None,
        "true" => true.into(),
        "false" => false.into(),
        "zero" => 0.into(),
        "int_max" => i64::MAX.into(),
        "int_min" => i64::MIN.into(),
        "int_above" => (1u64 << 63).into(),
        "int_below" => (i128::from(i64::MIN) - 1).into(),
        "int_huge" => "-10000000000000000000000000000000000000000".parse::<BigInt>().expect("digits").into(),
        "float" => 1.5.into(),
        "float_minus_zero" => (-0.0).into(),
        "float_infinite" => f64::NEG_INFINITY.into(),
        "complex" => Val::Complex(1.5, -0.0),
        "str_empty" => "".into(),
        "str_nul" => "a\0é🦀".into(),
        "bytes_empty" => Val::bytes([]),
        "bytes" => [0u8, 255].as_slice().into(),
        "list_empty" => Val::List(vec![]),
        "list" => Val::list([Val::None, 1.into(), "a".into()]),
        "list_nested" => Val::list([Val::list([1]), Val::tuple(["a"])]),
        "tuple_empty" => Val::Tuple(vec![]),
        "tuple" => ("a", "b").into(),
        "dict_empty" => Val::Dict(vec![]),
        "dict" => Val::dict([(Val::from("k"), Val::from(1)), (2.into(), vec![true].into())]),
        "set" => BTreeSet::from([1]).into(),
        "set_empty" => Val::Set(vec![]),
        "frozenset" => Val::FrozenSet(vec!["a".into()]),
        "slice" => Val::slice((), "a", ()),
        "range" => Val::Range(1, 4, 2),
        "date" => date.into(),
        "time" => Time { hour: 23, minute: 59, second: 58, microsecond: 7, ..Time::default() }.into(),
        "time_offset" => Time { hour: 1, offset: Some(-(5 * 60 + 30) * 60), ..Time::default() }.into(),
        "datetime" => DateTime { date, time: clock }.into(),
        "datetime_fold" => {
            let time = Time { hour: 2, minute: 30, fold: true, ..Time::default() };
            DateTime { date: Date { month: 10, day: 25, ..date }, time }.into()
        }
        "datetime_utc" => DateTime { date, time: Time { offset: Some(0), ..clock } }.into(),
        "timedelta" => TimeDelta { days: -1, seconds: 86399, microseconds: 999_000 }.into(),
        "array" => Array::from(vec![0.0, 1.0]).into(),
        _ => return None,
    })
}

/// The variant's name.
fn variant(value: &Val) -> String {
    let text = format!("{value:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[test]
fn a_numpy_bool_is_no_bool_by_itself() {
    python();
    let numpys = eval("__import__('numpy').True_");
    assert!(matches!(numpys.lower().unwrap(), Val::Object(_)));
    assert!(numpys.to_bool().unwrap() && numpys.truthy().unwrap() && numpys.to_int().is_err());
    assert_eq!(eval("__import__('numpy').float32(2.5)").to_int().unwrap_err().kind(), "TypeError");
}

#[test]
fn every_row_goes_in_and_is_the_example() {
    python();
    for row in table() {
        let name = &row["name"];
        let Some(value) = sample(name) else {
            assert_eq!(row["aria"], "Object", "{name} has a sample");
            continue;
        };
        assert_eq!(variant(&value), row["aria"], "{name}");
        let (made, wanted) = (PyObject::from_val(value).unwrap(), example(&row));
        assert!(made.type_of().unwrap().is(&wanted.type_of().unwrap()).unwrap(), "{name}");
        assert_eq!(made.repr().unwrap(), wanted.repr().unwrap(), "{name}");
    }
}

#[test]
fn every_row_comes_out_as_it_says() {
    python();
    for row in table() {
        let name = &row["name"];
        let object = example(&row);
        let kind = object.kind().unwrap();
        assert_eq!(format!("{kind:?}"), row["kind"], "{name}");
        let class = object.type_of().unwrap();
        let module = class.getattr("__module__").unwrap().str().unwrap();
        assert!(row["python"].ends_with(&class.getattr("__name__").unwrap().str().unwrap()), "{name}");
        assert!(module == "builtins" || row["python"].starts_with(&module), "{name}: {module}");
        let lowered = variant(&object.lower().unwrap());
        assert_eq!(lowered.replace("Object", "object"), row["lower"], "{name}");
        let whole = object.to_val().unwrap();
        match sample(name).filter(|_| row["aria"] != "Array") {
            // Debug says all there is, NaN and the sign of zero too.
            Some(value) => assert_eq!(format!("{whole:?}"), format!("{value:?}"), "{name}"),
            None => assert!(matches!(whole, Val::Object(_)), "{name}: {whole:?}"),
        }
    }
}

#[test]
fn every_row_is_extracted_as_the_type_that_it_names() {
    python();
    for row in table() {
        let (name, object) = (&row["name"], example(&row));
        let there_and_back = |back: Result<Val, PyError>| {
            let back = PyObject::from_val(back.unwrap_or_else(|error| panic!("{name}: {error}"))).unwrap();
            assert!(Op::Eq.is_true(&back, &object).unwrap(), "{name}: {back}");
        };
        match row["extract"].as_str() {
            "Option" => assert_eq!(object.extract::<Option<i64>>().unwrap(), None),
            "bool" => there_and_back(object.extract::<bool>().map(Val::from)),
            "i64" => there_and_back(object.extract::<i64>().map(Val::from)),
            "f64" => there_and_back(object.extract::<f64>().map(Val::from)),
            "BigInt" => there_and_back(object.extract::<BigInt>().map(Val::from)),
            "String" => there_and_back(object.extract::<String>().map(Val::from)),
            "Val" => there_and_back(object.extract::<Val>()),
            "Date" => there_and_back(object.extract::<Date>().map(Val::from)),
            "Time" => there_and_back(object.extract::<Time>().map(Val::from)),
            "DateTime" => there_and_back(object.extract::<DateTime>().map(Val::from)),
            "TimeDelta" => there_and_back(object.extract::<TimeDelta>().map(Val::from)),
            "Vec" => assert_eq!(object.extract::<Vec<PyObject>>().unwrap().len(), object.len().unwrap(), "{name}"),
            "HashMap" => {
                let pairs = object.extract::<HashMap<String, i64>>().unwrap();
                assert_eq!(pairs.len(), object.len().unwrap(), "{name}");
            }
            "Array" => {
                let (array, _) = Array::from_py(&object, &Request::new().dtype(DType::F64)).unwrap();
                assert_eq!(array.to_vec::<f64>().unwrap(), [0.0, 1.0]);
            }
            "error" => {
                assert!(object.extract::<f64>().is_err() && object.extract::<i64>().is_err(), "{name}");
                assert!(object.extract::<bool>().is_err() && object.extract::<String>().is_err(), "{name}");
                assert!(object.extract::<Date>().is_err() && object.extract::<Time>().is_err(), "{name}");
                assert!(object.to_bytes().is_err() && object.to_pairs().is_err(), "{name}");
            }
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_and_never_wrapped() {
    python();
    let kind = |error: PyError| error.kind().to_owned();
    assert_eq!(kind(eval("256").extract::<u8>().unwrap_err()), "OverflowError");
    assert_eq!(kind(eval("-1").extract::<u64>().unwrap_err()), "OverflowError");
    assert_eq!(kind(eval("2**127").extract::<i128>().unwrap_err()), "OverflowError");
    assert_eq!(eval("2**64 - 1").extract::<u64>().unwrap(), u64::MAX);
    assert_eq!(eval("-2**127").extract::<i128>().unwrap(), i128::MIN);
    assert_eq!(kind(eval("1.0").extract::<u8>().unwrap_err()), "TypeError");
    assert_eq!(kind(eval("1").extract::<bool>().unwrap_err()), "TypeError");
    assert_eq!(kind(eval("1").extract::<String>().unwrap_err()), "TypeError");
    assert_eq!(kind(eval("'ab'").extract::<Vec<String>>().unwrap_err()), "TypeError");
    assert_eq!(kind(eval("(1, 2, 3)").extract::<(i64, i64)>().unwrap_err()), "ValueError");
    assert_eq!(eval("(1, 'a', None)").extract::<(i64, String, Option<f64>)>().unwrap(), (1, "a".to_owned(), None));
    assert_eq!(eval("{'a': [1, 2]}").extract::<BTreeMap<String, Vec<u8>>>().unwrap()["a"], [1, 2]);
    assert_eq!(eval("bytearray(b'xy')").to_bytes().unwrap(), b"xy");
    for (value, kind) in [
        (Val::Date(Date { year: 2026, month: 2, day: 30 }), "ValueError"),
        (Val::Time(Time { hour: 24, ..Time::default() }), "ValueError"),
        (Val::Range(0, 1, 0), "ValueError"),
        (Val::set([Val::List(vec![])]), "TypeError"),
        (Val::dict([(Val::List(vec![]), 1)]), "TypeError"),
    ] {
        assert_eq!(PyObject::from_val(&value).unwrap_err().kind(), kind, "{value:?}");
    }
}

#[test]
fn containers_in_containers_end_somewhere() {
    python();
    let nested = |depth| (0..depth).fold(Val::Int(1), |inner, _| Val::list([inner]));
    let deep = PyObject::from_val(nested(150)).unwrap();
    assert_eq!(format!("{:?}", deep.to_val().unwrap()), format!("{:?}", nested(150)));
    assert_eq!(PyObject::from_val(nested(300)).unwrap_err().kind(), "ArgumentError");
    let own = names("own = []\nown.append(own)").getitem("own").unwrap();
    assert_eq!(own.to_val().unwrap_err().kind(), "ValueError");
}

#[test]
fn arrays_in_containers_are_released_once_whatever_becomes_of_the_call() {
    let python = python();
    let data = Array::from(vec![1.0; 8]);
    let before = data.exports();
    let inside = |more: Val| Val::list([Val::tuple([Val::from(&data), more]), Val::from(&data)]);
    let held = PyObject::from_val(inside(Val::None)).unwrap();
    assert!(data.exports() > before);
    drop(held);
    assert_eq!(PyObject::from_val(inside(Val::Range(0, 1, 0))).unwrap_err().kind(), "ValueError");
    assert!(eval("len").call(Args::new().arg(inside(Val::None)).arg(inside(Val::None))).is_err());
    let deep = (0..300).fold(Val::from(&data), |inner, _| Val::list([inner, Val::from(&data)]));
    assert!(PyObject::from_val(deep).is_err());
    PyObject::import("gc").unwrap().call_method("collect", Args::new()).unwrap();
    python.drain();
    assert_eq!(data.exports(), before);
}

#[test]
fn a_range_is_a_slice_as_a_key_and_a_range_as_an_argument() {
    python();
    let list = eval("list(range(10))");
    assert_eq!(list.getitem(2..5).unwrap().repr().unwrap(), "[2, 3, 4]");
    assert_eq!(list.getitem(Val::Range(9, 0, -4)).unwrap().repr().unwrap(), "[9, 5, 1]");
    assert_eq!(list.getitem(..).unwrap().len().unwrap(), 10);
    list.setitem(..3, vec![7]).unwrap();
    list.delitem(2..).unwrap();
    assert_eq!(list.repr().unwrap(), "[7, 3]");
    let made = eval("list").call(Args::new().arg(1..4)).unwrap();
    assert_eq!(made.repr().unwrap(), "[1, 2, 3]");
    let matrix = eval("__import__('numpy').arange(6.0).reshape(2, 3)");
    assert_eq!(matrix.getitem((0..2, 1)).unwrap().repr().unwrap(), "array([1., 4.])");
    assert_eq!(matrix.getitem((.., Val::Range(0, 3, 2))).unwrap().getattr("shape").unwrap().repr().unwrap(), "(2, 2)");
}

#[test]
fn attributes_and_items_are_deleted() {
    python();
    let object = eval("__import__('types').SimpleNamespace(x=1)");
    assert!(object.hasattr("x").unwrap());
    object.delattr("x").unwrap();
    assert!(!object.hasattr("x").unwrap() && object.getattr_opt("x").unwrap().is_none());
    assert_eq!(object.delattr("x").unwrap_err().kind(), "AttributeError");
    let dict = eval("{'k': 1}");
    dict.delitem("k").unwrap();
    assert_eq!(dict.delitem("k").unwrap_err().kind(), "KeyError");
    let broken = names("class C:\n    @property\n    def x(self): raise ValueError\nc = C()").getitem("c").unwrap();
    assert_eq!(broken.hasattr("x").unwrap_err().kind(), "ValueError");
}

#[test]
fn objects_are_asked_what_python_can_be_asked() {
    python();
    let text = eval("'abc'");
    assert!(text.contains("b").unwrap() && !text.contains("x").unwrap());
    assert_eq!(eval("1").contains(1).unwrap_err().kind(), "TypeError");
    assert_eq!(text.hash().unwrap(), eval("hash('abc')").to_int().unwrap());
    assert_eq!(eval("[]").hash().unwrap_err().kind(), "TypeError");
    assert_eq!(eval("3.14159").format(".2f").unwrap(), "3.14");
    assert_eq!(eval("3").format("q").unwrap_err().kind(), "ValueError");
    let names = names("class C:\n    \"\"\"One line.\n\n    And more.\n    \"\"\"\n    def method(self): pass");
    let class = names.getitem("C").unwrap();
    assert_eq!(class.doc().unwrap().unwrap(), "One line.\n\nAnd more.");
    assert!(eval("(lambda: 0)").doc().unwrap().is_none());
    let dir = class.dir().unwrap();
    assert!(dir.iter().any(|name| name == "method") && dir.is_sorted());
    assert!(class.is_callable().unwrap() && !text.is_callable().unwrap());
    assert!(eval("True").isinstance(&eval("(int, str)")).unwrap() && !text.isinstance(&eval("int")).unwrap());
    assert_eq!(text.isinstance(&text).unwrap_err().kind(), "TypeError");
    let same = PyObject::import("sys").unwrap();
    assert!(same.is(&PyObject::import("sys").unwrap()).unwrap() && !same.is(&text).unwrap());
}

#[test]
fn every_operator_is_pythons_own() {
    python();
    let operator = PyObject::import("operator").unwrap();
    let both = [(eval("7"), eval("2")), (eval("{1, 2}"), eval("{2, 3}")), (eval("[1, 2]"), eval("1"))];
    let text = |result: Result<PyObject, PyError>| match result {
        Ok(object) => object.repr().unwrap(),
        Err(error) => error.kind().to_owned(),
    };
    for op in Op::ALL {
        for (left, right) in &both {
            let copied = |object: &PyObject| PyObject::from_val(object.to_val().unwrap()).unwrap();
            let args = Args::new().arg(copied(left)).arg(right);
            let wanted = text(operator.call_method(op.name(), args));
            assert_eq!(text(op.apply(copied(left), right)), wanted, "{op:?} of {left} and {right}");
        }
    }
    for op in UnaryOp::ALL {
        for operand in [eval("-7"), eval("2.5"), eval("'a'")] {
            let wanted = text(operator.call_method(op.name(), Args::new().arg(&operand)));
            assert_eq!(text(op.apply(&operand)), wanted, "{op:?} of {operand}");
        }
    }
}

#[test]
fn operators_in_place_change_what_can_be_changed() {
    python();
    let list = eval("[1]");
    assert!(Op::Add.apply_in_place(&list, vec![2]).unwrap().is(&list).unwrap());
    assert_eq!(list.repr().unwrap(), "[1, 2]");
    let number = eval("1000");
    assert_eq!(Op::Sub.apply_in_place(&number, 1).unwrap().to_int().unwrap(), 999);
    assert_eq!(number.to_int().unwrap(), 1000);
    let array = eval("__import__('numpy').arange(3.0)");
    assert!(Op::Mul.apply_in_place(&array, 2.0).unwrap().is(&array).unwrap());
    assert_eq!(array.getitem(2).unwrap().to_float().unwrap(), 4.0);
    assert_eq!(Op::Lt.apply_in_place(1, 2).unwrap_err().kind(), "TypeError");
    for op in Op::ALL.iter().take(13) {
        let (left, right) = (eval("7"), eval("2"));
        let (in_place, plain) = (op.apply_in_place(&left, &right), op.apply(&left, &right));
        match (in_place, plain) {
            (Ok(in_place), Ok(plain)) => assert!(Op::Eq.is_true(&in_place, &plain).unwrap(), "{op:?}"),
            (in_place, plain) => assert_eq!(in_place.unwrap_err().kind(), plain.unwrap_err().kind(), "{op:?}"),
        }
    }
}
