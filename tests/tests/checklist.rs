//! `spec/checklist.csv` and `spec/pitfalls.csv` beside the tests that they name.

use aria_array_tests::{Table, names_a_test};
use std::fmt::Write;

/// How many items each part of the list has.
const PARTS: [(&str, usize); 5] = [("D", 36), ("A", 23), ("B", 20), ("I", 5), ("R", 10)];

#[test]
fn every_item_has_a_row_in_order() {
    let table = Table::read("spec/checklist.csv", &["item"]);
    let (mut found, mut expected) = (String::new(), String::new());
    table.rows().iter().for_each(|row| writeln!(found, "{}", row.cell("item")).unwrap());
    for (part, count) in PARTS {
        (1..=count).for_each(|number| writeln!(expected, "K-{part}{number}").unwrap());
    }
    assert_eq!(found, expected);
}

#[test]
fn every_pitfall_has_a_row_in_order() {
    let table = Table::read("spec/pitfalls.csv", &["item"]);
    let found: Vec<_> = table.rows().iter().map(|row| row.cell("item").to_owned()).collect();
    let mut expected: Vec<_> = (1..=19).map(|number| format!("P{number}")).collect();
    expected.splice(1..1, ["P1b", "P1c", "P1d"].map(String::from));
    expected.insert(5, "P2b".to_owned());
    assert_eq!(found, expected);
}

#[test]
fn every_item_is_stated_and_held_by_tests_that_exist() {
    for table in ["spec/checklist.csv", "spec/pitfalls.csv"] {
        for row in Table::read(table, &["item"]).rows() {
            let (item, held_by) = (row.cell("item"), row.cell("held_by"));
            assert!(!row.cell("statement").is_empty(), "{item} says nothing");
            if let Some(reason) = held_by.strip_prefix("not here: ") {
                assert!(!reason.is_empty(), "{item} says no reason");
                continue;
            }
            for test in held_by.split("; ") {
                assert!(names_a_test(test), "{item}: {test} does not exist");
            }
        }
    }
}
