//! `spec/bridge.md` beside the code: rules, the tests they name, and the catalogue of reason codes.

use aria_array_tests::{names_a_test, read, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Mark to what stands after `Held by:`.
fn rules() -> Vec<(String, String)> {
    let text = read("spec/bridge.md");
    let mut rules = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("**[") {
            let (mark, _) = rest.split_once(']').expect("a mark ends");
            rules.push((mark.to_owned(), String::new()));
        } else if let Some(held) = line.strip_prefix("Held by: ") {
            let (mark, before) = rules.last_mut().expect("a rule comes before what holds it");
            assert!(before.is_empty(), "[{mark}] has one line of tests");
            *before = held.to_owned();
        }
    }
    rules
}

/// Code to its rules, of which a reason carries one.
fn catalogue() -> BTreeMap<String, Vec<String>> {
    let text = read("spec/bridge.md");
    let (_, section) = text.split_once("## Reason codes").expect("the catalogue is there");
    let mut codes = BTreeMap::new();
    for line in section.lines().filter_map(|line| line.strip_prefix("| `")) {
        let cells: Vec<_> = line.trim_end_matches('|').split('|').map(str::trim).collect();
        let [code, rule, outcome, meaning] = cells[..] else { panic!("expected four cells but found {line:?}") };
        let code = code.trim_end_matches('`');
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
        assert!(outcome.split(", ").all(|word| ["note", "copy", "refuse"].contains(&word)), "{code}: {outcome}");
        assert!(!meaning.is_empty() && !meaning.ends_with('.'), "{code}");
        let rules = rule.split(", ").map(str::to_owned).collect();
        assert_eq!(codes.insert(code.to_owned(), rules), None, "{code} stands once");
    }
    codes
}

/// Files of the repository with this extension, build folders left out.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
}

#[test]
fn every_rule_stands_once_and_says_what_holds_it() {
    let rules = rules();
    let marks: BTreeSet<_> = rules.iter().map(|(mark, _)| mark).collect();
    assert_eq!(marks.len(), rules.len());
    for (letter, count) in [('L', 9), ('O', 7), ('C', 8), ('R', 8), ('A', 5)] {
        for number in 1..=count {
            assert!(marks.contains(&format!("{letter}{number}")), "[{letter}{number}] is missing");
        }
    }
    for (mark, held) in &rules {
        assert!(!held.is_empty(), "[{mark}] names no test");
    }
}

#[test]
fn every_test_that_a_rule_names_exists() {
    for (mark, held) in rules().iter().filter(|(_, held)| !held.starts_with("not yet")) {
        // Behind the tests may stand which part of the rule has none: "; not yet: callbacks".
        let tests = held.split("; not yet: ").next().unwrap_or_default();
        for test in tests.split(", ") {
            let path = test.strip_prefix('`').and_then(|test| test.strip_suffix('`'));
            assert!(path.is_some_and(names_a_test), "[{mark}]: {test} does not exist");
        }
    }
}

#[test]
fn every_code_belongs_to_a_rule() {
    let marks: BTreeSet<_> = rules().into_iter().map(|(mark, _)| mark).collect();
    for (code, rules) in catalogue() {
        assert!(rules.iter().all(|rule| marks.contains(rule)), "{code}: {rules:?}");
    }
}

#[test]
fn every_reason_in_the_code_is_in_the_catalogue_under_its_rule() {
    let catalogue = catalogue();
    let mut sources = Vec::new();
    for folder in ["aria-array-bridge", "dlpack", "arrow", "examples"] {
        files(&root().join(folder), "rs", &mut sources);
    }
    assert!(!sources.is_empty());
    for source in sources.iter().filter(|path| path.file_name().is_some_and(|name| name != "tests.rs")) {
        let text = fs::read_to_string(source).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for call in code.split("Reason::new(").skip(1) {
            // Two literals in a row: the code and the rule. Anything else is the constructor itself.
            let mut words = call.split('"').map(str::trim);
            let (Some(""), Some(reason), Some(","), Some(rule)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            let rules = catalogue.get(reason).unwrap_or_else(|| panic!("{reason:?} in {}", source.display()));
            assert!(rules.iter().any(|r| r == rule), "{reason:?} by [{rule}] in {}", source.display());
        }
    }
}

#[test]
fn every_mark_in_the_code_is_a_rule() {
    let marks: BTreeSet<_> = rules().into_iter().map(|(mark, _)| mark).collect();
    let mut sources = Vec::new();
    for folder in ["aria-array-bridge", "dlpack", "arrow"] {
        files(&root().join(folder), "rs", &mut sources);
    }
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        for after in text.split("rule ").skip(1) {
            let mark: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
            let is_mark =
                mark.len() > 1 && "LOCRWA".contains(&mark[..1]) && mark[1..].bytes().all(|b| b.is_ascii_digit());
            assert!(!is_mark || marks.contains(&mark), "rule {mark} in {}", source.display());
        }
    }
}

#[test]
fn every_c_symbol_has_a_prefix_of_ours() {
    let mut sources = Vec::new();
    for folder in ["aria-array-bridge", "dlpack", "arrow"] {
        files(&root().join(folder), "rs", &mut sources);
    }
    let mut found = 0;
    // Programs beside the crates are linked with nobody.
    for source in sources.iter().filter(|path| !path.components().any(|part| part.as_os_str() == "examples")) {
        let text = fs::read_to_string(source).unwrap();
        for after in text.split("#[unsafe(no_mangle)]").skip(1) {
            let name = after.split_once("fn ").map_or(after, |(_, name)| name);
            // The macro that exports the C ABI: its names are in a list, which is checked below and beside the libraries.
            if name.starts_with("$name(") && source.ends_with("capi/src/abi.rs") {
                continue;
            }
            let ours = ["aria_py_", "aria_nd_", "aria_bridge_"].iter().any(|prefix| name.starts_with(prefix));
            assert!(ours, "{:?} in {}", name.lines().next(), source.display());
            found += 1;
        }
        assert!(!text.contains("export_name"), "{} names a symbol otherwise", source.display());
    }
    for line in read("spec/symbols.csv").lines().skip(1) {
        let ours = ["aria_py_", "aria_nd_", "aria_bridge_"].iter().any(|prefix| line.starts_with(prefix));
        assert!(ours, "{line}");
        found += 1;
    }
    assert!(found > 100);
}
