//! Counting tests by what cargo and pytest print.
//!
//! A program that dies before its closing line counts as one failed test, and so does a run without any test:
//! a sum never says more than what was seen to pass.

use std::ops::AddAssign;

use crate::tools::plain;

/// How many tests ended how.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Tally {
    /// The tally when the program has ended: never empty, never clean where the program failed.
    fn closed(mut self, success: bool) -> Self {
        if self.failed == 0 && (!success || self.passed == 0) {
            self.failed = 1;
        }
        self
    }
}

/// Reads `cargo test` line by line; says what of it is worth showing.
#[derive(Default)]
pub(crate) struct CargoTest {
    tally: Tally,
    /// The test program that is running, and what is known of it.
    current: Option<Program>,
    /// What cargo said before the first test program: worth a look only if none came.
    before: Vec<String>,
    started: bool,
}

struct Program {
    name: String,
    tally: Tally,
    /// It said how many tests it has but not yet how they ended.
    open: bool,
    /// It closed at least once: a documentation run closes once a group.
    closed: bool,
    /// Its failure was counted or reported.
    failed: bool,
}

/// What to do with a line.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Show {
    /// Nothing to see.
    Hide,
    /// The line is worth seeing as it is.
    Keep,
    /// This says the same, shorter.
    Instead(String),
}

impl CargoTest {
    /// Takes the next line.
    pub(crate) fn line(&mut self, line: &str) -> Show {
        let line = plain(line);
        let text = line.trim();
        if let Some(name) = program_name(text) {
            let ended = self.end();
            self.started = true;
            self.current = Some(Program { name, tally: Tally::default(), open: false, closed: false, failed: false });
            return ended.map_or(Show::Hide, Show::Instead);
        }
        if text.starts_with("error: test failed, to rerun") || text.starts_with("error: doctest failed, to rerun") {
            if let Some(program) = &mut self.current {
                program.failed = true;
            }
            return Show::Keep;
        }
        if let Some(program) = &mut self.current {
            if is_running(text) {
                program.open = true;
                return Show::Hide;
            }
            if let Some(result) = text.strip_prefix("test result: ") {
                program.open = false;
                program.closed = true;
                program.tally += Tally {
                    passed: number_before(result, "passed"),
                    failed: number_before(result, "failed"),
                    skipped: number_before(result, "ignored"),
                };
                return Show::Hide;
            }
            let ok = text.starts_with("test ") && (text.ends_with("... ok") || text.contains("... ignored"));
            if ok || text.is_empty() || text.starts_with("all doctests ran in") || text.ends_with("filtered out") {
                return Show::Hide;
            }
        }
        if !self.started {
            self.before.push(line);
            return Show::Hide;
        }
        Show::Keep
    }

    /// Ends the program that was running: one line about it, if it had tests.
    fn end(&mut self) -> Option<String> {
        let Program { name, mut tally, open, closed, failed } = self.current.take()?;
        if open || (failed && tally.failed == 0) {
            tally.failed += 1; // It died on the way, or failed outside of its tests.
        } else if !closed {
            tally.passed += 1; // It has a `main` of its own, which came back.
        }
        self.tally += tally;
        let Tally { passed, failed, skipped } = tally;
        let mut text = format!("  {name}: {passed} passed");
        if failed > 0 {
            text += &format!(", {failed} failed");
        }
        if skipped > 0 {
            text += &format!(", {skipped} ignored");
        }
        (tally != Tally::default()).then_some(text)
    }

    /// The end of the output: the last lines to show, and the sum.
    pub(crate) fn finish(mut self, success: bool) -> (Vec<String>, Tally) {
        let last = self.end().into_iter().collect();
        (if self.started { last } else { self.before }, self.tally.closed(success))
    }
}

/// The crate or file whose tests cargo starts now.
fn program_name(text: &str) -> Option<String> {
    if let Some(name) = text.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (examples in the documentation)"));
    }
    let rest = text.strip_prefix("Running ")?;
    let (source, program) = rest.split_once(" (")?;
    let file = program.trim_end_matches(')').rsplit(['/', '\\']).next()?;
    let stem = file.rsplit_once('-').map_or(file, |(stem, _)| stem);
    match source.strip_prefix("unittests ") {
        Some(source) if source.ends_with("lib.rs") || source.ends_with("main.rs") => Some(stem.to_owned()),
        Some(source) => Some(format!("{stem} ({source})")),
        None => Some(source.to_owned()),
    }
}

fn is_running(text: &str) -> bool {
    text.strip_prefix("running ").is_some_and(|rest| rest.ends_with(" tests") || rest.ends_with(" test"))
}

/// Reads pytest line by line and remembers its closing line.
#[derive(Default)]
pub(crate) struct Pytest {
    tally: Tally,
}

impl Pytest {
    pub(crate) fn line(&mut self, line: &str) {
        let line = plain(line);
        let text = line.trim_matches(['=', ' ']);
        // "3 failed, 10 passed, 1 skipped, 2 errors in 1.20s (0:00:01)"
        let Some((counts, time)) = text.rsplit_once(" in ") else { return };
        let is_time =
            time.split(' ').next().and_then(|time| time.strip_suffix('s')).is_some_and(|t| t.parse::<f64>().is_ok());
        let counts: Option<Vec<(u32, &str)>> = counts
            .split(", ")
            .map(|part| part.split_once(' ').and_then(|(count, word)| Some((count.parse().ok()?, word))))
            .collect();
        let (true, Some(counts)) = (is_time, counts) else { return };
        let sum = |words: &[&str]| counts.iter().filter(|(_, word)| words.contains(word)).map(|(count, _)| count).sum();
        // What was selected and did not run is a failure: what does not apply here is not to be collected.
        self.tally = Tally {
            passed: sum(&["passed"]),
            failed: sum(&["failed", "error", "errors", "skipped"]),
            skipped: sum(&["xfailed"]),
        };
    }

    pub(crate) fn finish(self, success: bool) -> Tally {
        self.tally.closed(success)
    }
}

fn number_before(text: &str, word: &str) -> u32 {
    let part = text.split([';', '.']).find_map(|part| part.trim().strip_suffix(word));
    part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u32, failed: u32, skipped: u32) -> Tally {
        Tally { passed, failed, skipped }
    }

    fn cargo(text: &str, success: bool) -> (Vec<String>, Tally) {
        let mut cargo = CargoTest::default();
        let mut shown = Vec::new();
        for line in text.lines() {
            match cargo.line(line) {
                Show::Hide => {}
                Show::Keep => shown.push(line.to_owned()),
                Show::Instead(text) => shown.push(text),
            }
        }
        let (last, tally) = cargo.finish(success);
        shown.extend(last);
        (shown, tally)
    }

    const TWO: &str = "     Running unittests src/lib.rs (target/debug/deps/aria_dlpack-0123456789abcdef)

running 2 tests
test tests::one ... ok
test tests::two ... ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

";

    #[test]
    fn programs_are_summed_and_told_in_one_line_each() {
        let text = format!(
            "warning: unused\n    Finished `test` profile\n{TWO}     Running tests/laws.rs (target/debug/deps/laws-0123)\n\nrunning 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n   Doc-tests aria_dlpack\n\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n"
        );
        let (shown, sum) = cargo(&text, true);
        assert_eq!(shown, ["  aria_dlpack: 2 passed, 1 ignored", "  tests/laws.rs: 1 passed"]);
        assert_eq!(sum, tally(3, 0, 1));
    }

    #[test]
    fn a_documentation_run_of_two_groups_is_summed() {
        let group = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let text = format!(
            "   Doc-tests aria_arrow\n{group}{group}all doctests ran in 0.28s; merged doctests compilation took 0.27s\n"
        );
        let (shown, sum) = cargo(&text, true);
        assert_eq!(shown, ["  aria_arrow (examples in the documentation): 6 passed"]);
        assert_eq!(sum, tally(6, 0, 0));
    }

    #[test]
    fn failed_tests_are_shown_and_counted_once() {
        let text = "     Running unittests src/lib.rs (target/debug/deps/a-0)\nrunning 2 tests\ntest one ... ok\ntest two ... FAILED\nthread 'two' panicked\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\nerror: test failed, to rerun pass `-p a --lib`\n";
        let (shown, sum) = cargo(text, false);
        assert!(shown.contains(&"thread 'two' panicked".to_owned()));
        assert_eq!(sum, tally(1, 1, 0));
    }

    #[test]
    fn a_program_that_dies_is_one_failure_and_the_next_still_counts() {
        let text = format!(
            "     Running tests/dies.rs (target/debug/deps/dies-0)\nrunning 9 tests\ntest one ... ok\nerror: test failed, to rerun pass `-p a --test dies`\n\nCaused by:\n  process didn't exit successfully: `dies-0` (signal: 11, SIGSEGV: invalid memory reference)\n{TWO}"
        );
        assert_eq!(cargo(&text, false).1, tally(2, 1, 1));
    }

    #[test]
    fn a_program_that_leaves_quietly_in_the_middle_is_a_failure() {
        let text = "     Running tests/exits.rs (target/debug/deps/exits-0)\nrunning 9 tests\ntest one ... ok\n";
        assert_eq!(cargo(text, true).1, tally(0, 1, 0));
    }

    #[test]
    fn a_program_with_its_own_main_counts_by_its_end() {
        let text = "     Running tests/own.rs (target/debug/deps/own-0)\nhello\n";
        assert_eq!(cargo(text, true).1, tally(1, 0, 0));
        let failed = format!("{text}error: test failed, to rerun pass `-p a --test own`\n");
        assert_eq!(cargo(&failed, false).1, tally(0, 1, 0));
    }

    #[test]
    fn a_build_failure_and_a_run_without_tests_are_failures() {
        let broken = "error[E0425]: cannot find value";
        assert_eq!(cargo(broken, false), (vec![broken.to_owned()], tally(0, 1, 0)));
        assert_eq!(cargo("", true).1, tally(0, 1, 0));
        let mut skipped = Pytest::default();
        skipped.line("===== 3 skipped in 0.01s =====");
        assert_eq!(skipped.finish(true), tally(0, 3, 0));
        assert_eq!(Pytest::default().finish(true), tally(0, 1, 0));
    }

    #[test]
    fn the_closing_line_of_pytest_is_read_in_every_form() {
        for (line, success, sum) in [
            ("============================== 12 passed in 0.10s ==============================", true, tally(12, 0, 0)),
            ("12 passed in 0.10s", true, tally(12, 0, 0)),
            (
                "\u{1b}[32m\u{1b}[1m2 passed\u{1b}[0m, \u{1b}[33m1 warning\u{1b}[0m\u{1b}[32m in 61.05s (0:01:01)\u{1b}[0m",
                true,
                tally(2, 0, 0),
            ),
            ("== 1 failed, 3 passed, 2 skipped, 1 deselected, 1 xfailed, 2 errors in 3.4s ==", false, tally(3, 5, 1)),
            ("== 3 passed, 1 skipped in 3.4s ==", true, tally(3, 1, 0)),
            ("== 1 error in 3.4s ==", false, tally(0, 1, 0)),
            ("== no tests ran in 0.01s ==", false, tally(0, 1, 0)),
            ("== 5 passed in 3.4s ==", false, tally(5, 1, 0)),
        ] {
            let mut pytest = Pytest::default();
            pytest.line("FAILED tests/python/test_numpy.py::test_a - assert 1 in 2");
            pytest.line(line);
            assert_eq!(pytest.finish(success), sum, "{line}");
        }
    }
}
