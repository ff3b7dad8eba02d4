//! `mini-aria FILE` runs an Aria program, `mini-aria` alone is a prompt.

use mini_aria::{Fault, Interpreter, Value};
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    mini_aria::grow_main_stack();
    let args: Vec<String> = env::args().skip(1).collect();
    let Some(file) = args.first() else { return prompt() };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("mini-aria: expected an Aria program but cannot read {file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let interpreter = Interpreter::new(file);
    interpreter.set_argv(args.clone());
    let done = interpreter.run(&text);
    let code = done.as_ref().err().map_or(ExitCode::SUCCESS, |fault| failed(file, fault));
    // Drops what the program left in Python before Python ends.
    drop(done);
    ended(&interpreter, code)
}

/// Prints the error, and says how the process ends.
fn failed(file: &str, fault: &Fault) -> ExitCode {
    if let Some(error) = fault.python()
        && let Some(code) = error.exit_code()
    {
        if let Some(message) = error.exit_message() {
            eprintln!("{message}");
        }
        return ExitCode::from(code.to_le_bytes()[0]); // The low eight bits, as the system does.
    }
    let text = fault.render();
    match fault.kind() {
        "SyntaxError" if fault.python().is_none() => eprint!("{file}: {text}"),
        _ => eprint!("{text}"),
    }
    // As a shell says it of a program that Ctrl-C ended.
    if fault.python().is_some_and(|error| error.is_interrupt()) { ExitCode::from(130) } else { ExitCode::FAILURE }
}

/// Ends Python, if it was started.
fn ended(interpreter: &Interpreter, code: ExitCode) -> ExitCode {
    match interpreter.end() {
        Ok(()) => code,
        Err(error) => {
            eprintln!("mini-aria: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads and runs statements until the input ends. An open `fn` or bracket goes on with the next line.
fn prompt() -> ExitCode {
    let interpreter = Interpreter::new("<prompt>");
    let mut text = String::new();
    let shows = io::stdin().is_terminal();
    let ask = |open: bool| {
        if shows {
            print!("{}", if open { "....> " } else { "aria> " });
            let _ = io::stdout().flush();
        }
    };
    ask(false);
    let mut code = ExitCode::SUCCESS;
    loop {
        let line = match read_line(&interpreter) {
            Input::Line(line) => line,
            Input::Interrupted => {
                // As Python's own prompt: what was typed is dropped.
                eprintln!("\nKeyboardInterrupt");
                text.clear();
                ask(false);
                continue;
            }
            Input::End => break,
        };
        text.push_str(&line);
        text.push('\n');
        match interpreter.load(&text) {
            // An empty line ends what stays open.
            Err(fault) if fault.is_incomplete() && !line.is_empty() => {
                ask(true);
                continue;
            }
            Err(fault) if fault.python().is_some_and(|error| error.exit_code().is_some()) => {
                code = failed("<prompt>", &fault);
                break;
            }
            Err(fault) => drop(failed("<prompt>", &fault)),
            Ok(value) => {
                if let Err(fault) = show(&value) {
                    eprint!("{}", fault.render());
                }
            }
        }
        text.clear();
        ask(false);
    }
    if shows {
        let _ = writeln!(io::stdout());
    }
    ended(&interpreter, code)
}

/// What comes in at the prompt.
enum Input {
    Line(String),
    /// Ctrl-C, once Python is there; before that it ends the program.
    Interrupted,
    End,
}

fn read_line(interpreter: &Interpreter) -> Input {
    let (mut line, mut input) = (Vec::new(), io::stdin().lock());
    loop {
        // Before it waits, too: a signal that comes between the prompt and the wait ends no wait.
        if interpreter.is_interrupted() {
            return Input::Interrupted;
        }
        // Not `read_line`, which reads on after a signal.
        let (taken, ended) = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Input::End,
            Ok([]) if line.is_empty() => return Input::End,
            Ok([]) => (0, true),
            Ok(text) => {
                let end = text.iter().position(|byte| *byte == b'\n');
                let taken = end.unwrap_or(text.len());
                line.extend_from_slice(&text[..taken]);
                (taken + usize::from(end.is_some()), end.is_some())
            }
        };
        input.consume(taken);
        if ended {
            return Input::Line(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned());
        }
    }
}

fn show(value: &Value) -> Result<(), Fault> {
    if !matches!(value, Value::Nil) {
        // Where nobody reads any more, nobody is told.
        let _ = writeln!(io::stdout(), "{}", value.inspect()?);
    }
    Ok(())
}
