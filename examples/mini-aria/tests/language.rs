//! The language itself: what is parsed, what it is worth, and how errors name their place. Nothing here loads Python.

use core::cell::RefCell;
use mini_aria::{Fault, Interpreter};
use std::rc::Rc;

/// What a program prints, and how it ends.
fn run(text: &str) -> (String, Result<(), Fault>) {
    let interpreter = Interpreter::new("test.aria");
    let printed = Rc::new(RefCell::new(String::new()));
    let copy = printed.clone();
    interpreter.output(move |text| {
        copy.borrow_mut().push_str(text);
        Ok(())
    });
    let done = interpreter.run(text);
    let printed = printed.borrow().clone();
    (printed, done)
}

/// The value of an expression, as a prompt shows it.
fn value(text: &str) -> String {
    Interpreter::new("test.aria")
        .load(text)
        .unwrap_or_else(|fault| panic!("{text}: {}", fault.render()))
        .inspect()
        .unwrap()
}

fn fault(text: &str) -> String {
    run(text).1.expect_err(text).to_string()
}

#[test]
fn operators_bind_as_they_do_in_mathematics() {
    for (text, wanted) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 2", "512"),
        ("2.0 ** -1", "0.5"),
        ("10 - 4 - 3", "3"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("-7 // 2", "-4"),
        ("7.0 / 2", "3.5"),
        ("7 % 4", "3"),
        ("1 + 1 == 2 and not 2 < 1", "true"),
        ("false or 3 >= 3", "true"),
        ("6 & 3 | 8", "10"),
        ("1 << 4", "16"),
        ("\"a\" + \"b\" < \"b\"", "true"),
        ("2 in [1, 2]", "true"),
        ("\"k\" in {\"k\": 1}", "true"),
        ("1 +\n 2", "3"),
        ("1e3", "1000.0"),
        ("9223372036854775807", "9223372036854775807"),
    ] {
        assert_eq!(value(text), wanted, "{text}");
    }
}

#[test]
fn numbers_never_wrap() {
    for text in ["9223372036854775807 + 1", "-9223372036854775807 - 2", "2 ** 63", "1 << 63", "9223372036854775807 * 2"]
    {
        assert_eq!(fault(text), "OverflowError: expected a number within 64 bits", "{text}");
    }
    assert_eq!(fault("1 / 0"), "ZeroDivisionError: expected a divisor other than 0 for 1");
    assert!(fault("92233720368547758080").contains("expected a number within 64 bits but found 92233720368547758080"));
}

#[test]
fn literals_of_one_kind_of_number_are_arrays() {
    for (text, wanted) in [
        ("[1.0, 2.5].dtype", "\"float64\""),
        ("[1, 2].dtype", "\"int64\""),
        ("[1.0, 2.0, 3.0].reshape(3, 1).shape", "(3, 1)"),
        ("[1, 2, 3, 4].reshape(2, 2)[1]", "[3, 4]"),
        ("[1, 2, 3, 4].reshape(2, 2)[1, 0]", "3"),
        ("[1.5][-1]", "1.5"),
        ("[1, \"a\", nil]", "[1, \"a\", nil]"),
        ("[]", "[]"),
        ("[1, 2].to_list", "[1, 2]"),
        ("{\"a\": [1], 2: (1, 2.0)}", "{\"a\": [1], 2: (1, 2.0)}"),
        ("{\"a\": 1, \"a\": 2}[\"a\"]", "2"),
        ("Array.new(2, 0.5)", "[0.5, 0.5]"),
        ("[1.0, 2.0] == [1.0, 2.0]", "true"),
        ("Array.from([1, 2]).sum", "fails"),
        ("1..3", "1..3"),
    ] {
        match wanted {
            "fails" => assert!(fault(text).contains("Array int64[2]"), "{text}"),
            _ => assert_eq!(value(text), wanted, "{text}"),
        }
    }
}

#[test]
fn an_item_of_an_array_is_set_in_place() {
    let (printed, done) = run(
        "a = Array.new(3, 0.0)\nfor i in 0..3\n  a[i] += i.to_float * 2.0\nend\nb = a\nb[0] = 9.0\nprintln(a, a.sum)",
    );
    done.unwrap();
    assert_eq!(printed, "[9.0, 2.0, 4.0] 15.0\n");
    assert!(fault("a = [1]\na[1] = 2").contains("expected an index within 1 items but found 1"));
    assert!(fault("a = [1]\na[0] = 2.0").contains("ValueError"));
    assert!(fault("a = [1, 2].reshape(2, 1)\na[0] = 2").contains("expected one axis but found 2"));
    // Its rows are the program's own arrays, and keep what they have.
    let (printed, done) = run("a = [1, 2].reshape(2, 1)\nrow = a[1]\nrow[0] = 5\nprintln(a, row)");
    done.unwrap();
    assert_eq!(printed, "[[1], [2]] [5]\n");
}

#[test]
fn any_word_follows_a_dot_or_names_an_argument() {
    // Keywords and capitals: data, from, end, in, LinearRegression.
    let text = "fn f(data, from = 2, Upper = 3)\n  data + from * Upper\nend\nprintln(f(1), f(data: 1, from: 5), f(1, Upper: 0))";
    assert_eq!(run(text).0, "7 16 1\n");
    assert!(fault("x = 1\nx.end").contains("Int has but found .end"));
}

#[test]
fn functions_lambdas_and_loops() {
    let text = "fn add(a: Int, b: Int) -> Int\n  a + b\nend\n\
        fn early(x)\n  if x > 2\n    return \"big\"\n  elsif x == 2\n    \"two\"\n  else\n    \"small\"\n  end\nend\n\
        fn main\n  total = 0\n  grow = |n| total + n\n  for i in 1..4\n    total += i\n  end\n\
        \x20 for k, v in {\"a\": 1}\n    println(k, v)\n  end\n\
        \x20 twice = |x: Int|\n    y = x * 2\n    y\n  end\n\
        \x20 println(add(1, 2), early(3), early(2), early(1), grow(10), twice(4))\n  a, b = (1, 2)\n  println(a + b)\nend";
    let (printed, done) = run(text);
    done.unwrap();
    assert_eq!(printed, "a 1\n3 big two small 16 8\n3\n");
}

#[test]
fn a_chain_goes_on_in_the_next_line_and_comments_end() {
    assert_eq!(value("[1.0, 2.0, 3.0, 4.0] # numbers\n  .reshape(2, 2)\n  .shape"), "(2, 2)");
}

#[test]
fn types_are_checked_where_they_stand() {
    assert_eq!(fault("fn f(x: Int)\n  x\nend\nf(1.5)"), "TypeError: expected Int for x of f but found 1.5");
    assert_eq!(fault("fn f -> Float\n  1\nend\nf()"), "TypeError: expected Float for the result of f but found 1");
    let found = fault("fn f(x: Array<Float>)\n  x\nend\nf([1, 2])");
    assert_eq!(found, "TypeError: expected Array<Float> for x of f but found Array int64[2]");
    assert_eq!(fault("c: Array<Float> = [1, 2, 3]"), "TypeError: expected Array<Float> for c but found Array int64[3]");
    let found = fault("c: Array<Float> = [1.0, 2]");
    let hint = "a List; hint: an Array has floats alone or ints alone";
    assert_eq!(found, format!("TypeError: expected Array<Float> for c but found {hint}"));
    assert_eq!(fault("c: Array<Int> = 2"), "TypeError: expected Array<Int> for c but found 2");
    assert_eq!(fault("c: Int = \"1\""), "TypeError: expected Int for c but found \"1\"");
    let found = fault("fn f -> Array<Float>\n  [1]\nend\nf()");
    assert_eq!(found, "TypeError: expected Array<Float> for the result of f but found Array int64[1]");
    // Without items a list says no kind.
    assert_eq!(
        value("x: Array<Int> = []\ny: Array<Float> = []\n(x.dtype, y.dtype, y.len)"),
        "(\"int64\", \"float64\", 0)"
    );
    // The FFI design's brackets mean the same.
    assert_eq!(value("x: Array[Float64] = [1.0]\nx"), "[1.0]");
    assert_eq!(fault("fn f(a)\n  a\nend\nf()"), "TypeError: expected an argument for a of f but found none");
    assert_eq!(fault("fn f(a)\n  a\nend\nf(1, b: 2)"), "TypeError: expected a parameter of f but found b");
}

#[test]
fn errors_are_results_or_name_their_lines() {
    let text = "fn half(x: Int) -> Result<Int, Error>\n  y = try_py do\n    if x % 2 == 1\n      raise AriaError(\"odd\")\n    end\n    x / 2\n  end?\n  Ok(y)\nend\n\
        println(half(8), half(7).kind, half(7).message, half(7).is_err)";
    assert_eq!(run(text).0, "Ok(4) AriaError odd true\n");
    let text = "fn inner(x)\n  x / 0\nend\n\nfn main\n  inner(3)\nend";
    let fault = run(text).1.unwrap_err();
    assert_eq!(
        fault.render(),
        "Traceback (most recent call last):\n  File \"test.aria\", line 6, in main\n    inner(3)\n  \
         File \"test.aria\", line 2, in inner\n    x / 0\n\
         ZeroDivisionError: expected a divisor other than 0 for 3\n"
    );
    assert!(self::fault("fn f(n)\n  f(n + 1)\nend\nf(0)").starts_with("RecursionError"));
    assert_eq!(self::fault("if 1\n 2\nend"), "TypeError: expected a Bool but found 1");
    assert_eq!(self::fault("x"), "NameError: expected a name that has a value but found \"x\"");
}

#[test]
fn syntax_errors_name_line_column_found_and_wanted() {
    for (text, wanted) in [
        ("x = 1\ny = +* 2", "line 2, column 5: expected an expression but found `+`"),
        ("fn f(x: Int\n  x\nend", "line 2, column 3: expected `,` or `)` but found `x`"),
        ("extern Python numpy", "line 1, column 15: expected `from` but found `numpy`"),
        ("\"abc", "line 1, column 1: expected a closing `\"` but found the end of the line"),
        ("x = $", "line 1, column 5: expected a word, a number or a sign but found `$`"),
        ("f(1 2)", "line 1, column 5: expected `,` or `)` but found `2`"),
        ("a < b < c", "line 1, column 7: expected `and` between comparisons but found `<`"),
        ("a b", "line 1, column 3: expected the end of the line but found `b`"),
        ("for in 3\nend", "line 1, column 5: expected a name but found `in`"),
        ("\"\\q\"", "line 1, column 1: expected one of `\\n`, `\\t`, `\\\"`, `\\\\` but found `\\q`"),
        ("@pyclass\nfn f\nend", "line 1, column 2: expected `pyfunction` or `pymodule` but found `pyclass`"),
        ("1 = 2", "line 1, column 1: expected a name, an attribute or an item before `=` but found another expression"),
    ] {
        assert_eq!(fault(text), format!("SyntaxError: {wanted}"), "{text}");
    }
}

#[test]
fn text_that_is_not_closed_may_go_on() {
    for text in ["fn f(a)", "fn f(a)\n  a", "x = [1,", "if true\n 1", "try_py do", "f(1,\n 2"] {
        assert!(run(text).1.unwrap_err().is_incomplete(), "{text}");
    }
    for text in ["1 +* 2", "end", "fn 3", "nope"] {
        assert!(!run(text).1.unwrap_err().is_incomplete(), "{text}");
    }
}

#[test]
fn what_nests_too_deep_is_refused() {
    for text in [
        "(".repeat(9000),
        "-".repeat(9000),
        "not ".repeat(9000),
        "[".repeat(9000),
        "if ".repeat(9000),
        "f(".repeat(9000),
    ] {
        assert!(fault(&text).contains("at most 60 things within each other"), "{}", &text[..9]);
    }
    for text in
        [format!("1{}", " + 1".repeat(9000)), format!("x{}", ".a".repeat(9000)), format!("1{}", " and 1".repeat(9000))]
    {
        assert!(fault(&text).contains("at most 200 operators in a row"), "{}", &text[..9]);
    }
    let nested = format!("x: {}Int = 1", "Array<".repeat(9000));
    assert!(fault(&nested).contains("at most 60 things"));
}

/// Cuts and repeats a program everywhere: the parser says no, and never panics or hangs.
#[test]
fn no_text_makes_the_parser_panic() {
    let program = "extern Python from a.b as c\n@pymodule(name: \"m\")\nmodule M\nfn f(x: Array<Array<Int>> = [1.5e3, -2]) -> T\n\
        a[1..2, ..] += {\"k\": |v| v ** 2}?\nfor a, b in x\nend\nend\nend\ntry_py do\nPython.without_gil do\n1\nend\nend";
    for (at, _) in program.char_indices() {
        let (before, after) = program.split_at(at);
        for text in [before.to_owned(), after.to_owned(), format!("{after}{before}"), before.replace(' ', "")] {
            // In a function that nobody calls: parsed, not run.
            let _ = run(&format!("fn never\n{text}"));
        }
    }
}

#[test]
fn values_within_each_other_without_end_are_errors_and_deep_ones_are_dropped() {
    for text in ["println(x)", "x == x", "x == y"] {
        let fault = fault(&format!("x = [nil]\nx.push(x)\ny = [nil]\ny.push(y)\n{text}"));
        assert!(fault.starts_with("RecursionError: expected at most 200 values within each other"), "{fault}");
    }
    // Each within the other: none is dropped within the drop of another.
    assert_eq!(value("x = [nil]\nfor i in 0..100000\n  x = [x, nil]\nend\nx = 1\nx"), "1");
    assert_eq!(value("[[1, nil], [nil]] == [[1, nil], [nil]]"), "true");
}

#[test]
fn types_that_are_none_are_refused_before_anything_runs() {
    for (text, at) in [
        ("fn f(x: Strng)\n  x\nend", "line 1, column 9"),
        ("fn f -> Array<Flaot>\n  nil\nend", "line 1, column 15"),
        ("x: Intt = 1", "line 1, column 4"),
        ("fn f raises Bad\nend", "line 1, column 13"),
    ] {
        let (printed, done) = run(&format!("println(1)\n{text}"));
        let fault = done.unwrap_err();
        let at = at.replace("line 1", "line 2");
        assert!(
            printed.is_empty()
                && fault.message().starts_with(&format!("{at}: expected a type (Any, AriaError, Array,")),
            "{fault}"
        );
    }
    assert_eq!(value("fn f(x: Array<Float32>, y: Any) -> Result<Array<Int8>, Error> raises PyError\n  x\nend\n1"), "1");
}

#[test]
fn a_traceback_has_each_line_once_and_says_how_often_it_comes_again() {
    let (_, done) = run("fn g(a: Int)\n  a\nend\ng(\"x\")");
    assert_eq!(done.unwrap_err().render().matches("g(\"x\")").count(), 1);
    let (_, done) = run("fn f(n)\n  f(n + 1)\nend\nf(0)");
    let text = done.unwrap_err().render();
    assert!(text.contains("  [Previous line repeated ") && text.matches("f(n + 1)").count() == 3, "{text}");
}
