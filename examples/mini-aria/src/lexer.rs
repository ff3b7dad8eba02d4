//! Text into tokens. Keywords are words here: the parser knows them by where they stand, so that any word may follow a
//! dot or name an argument (`x.data`, `from: 1`).

use crate::fault::Fault;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Word(String),
    Int(i64),
    Float(f64),
    Text(String),
    Sign(&'static str),
    /// The end of a line that ends a statement.
    Line,
    End,
}

/// A token and where it begins; both count from 1.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: i32,
    pub(crate) column: usize,
}

/// Longer signs stand before those that they begin with.
const SIGNS: [&str; 40] = [
    "...", "..", "**=", "//=", "->", "=>", "==", "!=", "<=", ">=", "<<", ">>", "**", "//", "+=", "-=", "*=", "/=",
    "%=", "&=", "|=", "^=", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "=", "<", ">", "?", "!", ";", ":", ",",
];
const BRACKETS: [&str; 7] = [".", "(", ")", "[", "]", "{", "}"];

/// The tokens of a program; the last is [`Kind::End`].
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer { rest: text, line: 1, column: 1, open: 0, tokens: Vec::new() };
    while lexer.step()? {}
    lexer.push(Kind::Line);
    lexer.push(Kind::End);
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    line: i32,
    column: usize,
    /// Open brackets: lines do not end inside of them.
    open: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, line: self.line, column: self.column });
    }

    /// Takes so many bytes, all on one line.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        self.column += taken.chars().count();
        taken
    }

    /// How many bytes at the beginning are of this sort.
    fn span(&self, sort: impl Fn(char) -> bool) -> usize {
        self.rest.find(|c| !sort(c)).unwrap_or(self.rest.len())
    }

    fn step(&mut self) -> Result<bool, Fault> {
        let Some(first) = self.rest.chars().next() else { return Ok(false) };
        match first {
            '\n' => {
                // A line that begins with a dot goes on with the chain above it.
                let next = self.rest.trim_start();
                let chain = next.starts_with('.') && !next.starts_with("..");
                if self.open == 0 && !chain {
                    self.push(Kind::Line);
                }
                self.rest = &self.rest[1..];
                self.line += 1;
                self.column = 1;
            }
            ' ' | '\t' | '\r' => drop(self.take(1)),
            '#' => drop(self.take(self.span(|c| c != '\n'))),
            '"' => self.text()?,
            c if c.is_ascii_digit() => self.number()?,
            c if c.is_alphabetic() || c == '_' => {
                let (line, column) = (self.line, self.column);
                let word = self.take(self.span(|c| c.is_alphanumeric() || c == '_')).to_owned();
                self.tokens.push(Token { kind: Kind::Word(word), line, column });
            }
            other => {
                let Some(sign) = SIGNS.iter().chain(&BRACKETS).find(|sign| self.rest.starts_with(**sign)) else {
                    return Err(Fault::syntax(
                        self.line,
                        self.column,
                        "a word, a number or a sign",
                        &format!("`{other}`"),
                    ));
                };
                match *sign {
                    "(" | "[" | "{" => self.open += 1,
                    ")" | "]" | "}" => self.open = self.open.saturating_sub(1),
                    _ => {}
                }
                self.push(Kind::Sign(sign));
                self.take(sign.len());
            }
        }
        Ok(true)
    }

    fn number(&mut self) -> Result<(), Fault> {
        let (line, column) = (self.line, self.column);
        let digits = |c: char| c.is_ascii_digit() || c == '_';
        let mut text = self.take(self.span(digits)).to_owned();
        let mut float = false;
        // `1.5`, but `1..5` is a range and `1.max` a method.
        let fraction = |rest: &str| rest.strip_prefix('.').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
        if fraction(self.rest) {
            float = true;
            text.push_str(self.take(1));
            text.push_str(self.take(self.span(digits)));
        }
        if self.rest.starts_with(['e', 'E']) {
            let sign = usize::from(self.rest[1..].starts_with(['+', '-']));
            if self.rest[1 + sign..].starts_with(|c: char| c.is_ascii_digit()) {
                float = true;
                text.push_str(self.take(1 + sign));
                text.push_str(self.take(self.span(digits)));
            }
        }
        let text = text.replace('_', "");
        let bad = || Fault::syntax(line, column, "a number within 64 bits", &text);
        let kind = match float {
            true => Kind::Float(text.parse().map_err(|_| bad())?),
            false => Kind::Int(text.parse().map_err(|_| bad())?),
        };
        self.tokens.push(Token { kind, line, column });
        Ok(())
    }

    fn text(&mut self) -> Result<(), Fault> {
        let (line, column) = (self.line, self.column);
        let mut text = String::new();
        let mut letters = self.rest.char_indices().skip(1);
        let end = loop {
            match letters.next() {
                None | Some((_, '\n')) => {
                    return Err(Fault::syntax(line, column, "a closing `\"`", "the end of the line"));
                }
                Some((at, '"')) => break at + 1,
                Some((_, '\\')) => text.push(match letters.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, 't')) => '\t',
                    Some((_, c @ ('"' | '\\'))) => c,
                    other => {
                        let found = other.map_or("the end".to_owned(), |(_, c)| format!("`\\{c}`"));
                        return Err(Fault::syntax(line, column, "one of `\\n`, `\\t`, `\\\"`, `\\\\`", &found));
                    }
                }),
                Some((_, letter)) => text.push(letter),
            }
        };
        self.take(end);
        self.tokens.push(Token { kind: Kind::Text(text), line, column });
        Ok(())
    }
}
