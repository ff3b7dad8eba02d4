//! Tokens into a program: one function per rule. Expressions are in `expression`.

mod expression;

use crate::ast::{Block, Expr, ExprKind, Function, Param, Stmt, StmtKind, Target, Type};
use crate::fault::Fault;
use crate::lexer::{Kind, Token, lex};
use aria_array_bridge::DType;
use aria_array_runtime::Op;
use std::rc::Rc;

/// Words that begin or end something, and so are no names. All else may be a name, `data` and `from` too.
const RESERVED: [&str; 16] = [
    "fn", "end", "if", "else", "elsif", "for", "in", "do", "return", "raise", "and", "or", "not", "nil", "true",
    "false",
];

const UPDATES: [(&str, Op); 9] = [
    ("+=", Op::Add),
    ("-=", Op::Sub),
    ("*=", Op::Mul),
    ("/=", Op::Div),
    ("//=", Op::FloorDiv),
    ("%=", Op::Rem),
    ("**=", Op::Pow),
    ("&=", Op::And),
    ("|=", Op::Or),
];

/// The types that this interpreter knows; what stands in their brackets may be one of elements, too.
const TYPES: &str = "Any, AriaError, Array, Bool, Dict, Error, Float, Int, Map, PyArray, PyArrayView, PyError, PyModule, \
                     PyObject, Result, String, Unit";

/// How deep expressions may nest, and how long a chain of them may be: each takes some of this program's own stack.
const MAX_DEPTH: usize = 60;
const MAX_CHAIN: usize = 200;

/// The statements of a program.
pub(crate) fn parse(text: &str) -> Result<Block, Box<Fault>> {
    let mut parser = Parser { tokens: lex(text).map_err(Box::new)?, at: 0, bars: 0, depth: 0 };
    let program = parser.block(&[])?;
    match parser.kind() {
        Kind::End => Ok(program),
        _ => Err(parser.wanted("a statement")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// Inside of the parameters of a lambda, where `|` ends them.
    bars: usize,
    /// Expressions, statements and types that are open around this place.
    depth: usize,
}

/// Faults are boxed: the parser nests, and they are rare.
type Parsed<T> = Result<T, Box<Fault>>;

impl Parser {
    fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn kind(&self) -> &Kind {
        &self.token().kind
    }

    fn ahead(&self, by: usize) -> Option<&Kind> {
        self.tokens.get(self.at + by).map(|token| &token.kind)
    }

    fn line(&self) -> i32 {
        self.token().line
    }

    fn wanted(&self, wanted: &str) -> Box<Fault> {
        let Token { kind, line, column } = self.token();
        let found = match kind {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Int(number) => format!("`{number}`"),
            Kind::Float(number) => format!("`{number:?}`"),
            Kind::Text(text) => format!("the string {text:?}"),
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::Line => "the end of the line".to_owned(),
            Kind::End => "the end of the program".to_owned(),
        };
        let incomplete = self.tokens[self.at..].iter().all(|token| matches!(token.kind, Kind::End | Kind::Line));
        Box::new(Fault { incomplete, ..Fault::syntax(*line, *column, wanted, &found) })
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.kind(), Kind::Sign(found) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), Kind::Word(found) if found == word)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) { Ok(()) } else { Err(self.wanted(&format!("`{sign}`"))) }
    }

    fn need_word(&mut self, word: &str) -> Parsed<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.wanted(&format!("`{word}`"))) }
    }

    /// Any word: after a dot, before the colon of an argument, in the path of a module.
    fn any_word(&mut self, wanted: &str) -> Parsed<String> {
        match self.kind() {
            Kind::Word(word) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.wanted(wanted)),
        }
    }

    fn name(&mut self) -> Parsed<String> {
        match self.kind() {
            Kind::Word(word) if RESERVED.contains(&word.as_str()) => Err(self.wanted("a name")),
            _ => self.any_word("a name"),
        }
    }

    fn lines(&mut self) {
        while matches!(self.kind(), Kind::Line) || self.is(";") {
            self.at += 1;
        }
    }

    /// Statements up to one of these words, which is left where it is, or to the end of the program.
    fn block(&mut self, ends: &[&str]) -> Parsed<Block> {
        let mut block = Vec::new();
        loop {
            self.lines();
            if ends.iter().any(|end| self.is_word(end)) || (ends.is_empty() && *self.kind() == Kind::End) {
                return Ok(block);
            }
            block.push(self.deeper(Parser::statement)?);
            let ended = matches!(self.kind(), Kind::Line | Kind::End) || self.is(";");
            if !ended && !ends.iter().any(|end| self.is_word(end)) {
                return Err(self.wanted("the end of the line"));
            }
        }
    }

    /// Statements up to `end`, which is taken.
    fn body(&mut self) -> Parsed<Block> {
        let block = self.block(&["end"])?;
        self.need_word("end")?;
        Ok(block)
    }

    fn statement(&mut self) -> Parsed<Stmt> {
        let line = self.line();
        let kind = match self.kind() {
            Kind::Sign("@") => self.annotated()?,
            Kind::Word(word) => match (word.as_str(), self.ahead(1)) {
                ("extern", Some(Kind::Word(_))) => self.foreign()?,
                ("fn", Some(Kind::Word(_))) => StmtKind::Function(self.function(false)?),
                ("for", _) => self.each()?,
                ("return", _) => {
                    self.at += 1;
                    let none = matches!(self.kind(), Kind::Line | Kind::End) || self.is_word("end");
                    StmtKind::Return(if none { None } else { Some(self.expression()?) })
                }
                ("raise", _) => {
                    self.at += 1;
                    StmtKind::Raise(self.expression()?)
                }
                ("let", Some(Kind::Word(_))) => {
                    self.at += 1;
                    let _ = self.take_word("mut");
                    self.assignment()?
                }
                _ => self.assignment()?,
            },
            _ => self.assignment()?,
        };
        Ok(Stmt { kind, line })
    }

    /// `extern Python from a.b as c`; without `as`, the last word of the path is the name.
    fn foreign(&mut self) -> Parsed<StmtKind> {
        self.need_word("extern")?;
        self.need_word("Python")?;
        self.need_word("from")?;
        let mut module = self.any_word("the name of a module")?;
        let mut alias = module.clone();
        while self.take(".") {
            alias = self.any_word("the name of a module")?;
            module = format!("{module}.{alias}");
        }
        if self.take_word("as") {
            alias = self.name()?;
        }
        Ok(StmtKind::Extern { module, alias })
    }

    /// `@pyfunction` before a function, `@pymodule(name: "…")` before a module.
    fn annotated(&mut self) -> Parsed<StmtKind> {
        self.need("@")?;
        let annotation = self.any_word("`pyfunction` or `pymodule`")?;
        match annotation.as_str() {
            "pyfunction" => {
                self.lines();
                self.function(true).map(StmtKind::Function)
            }
            "pymodule" => {
                self.need("(")?;
                self.need_word("name")?;
                self.need(":")?;
                let Kind::Text(name) = self.kind().clone() else {
                    return Err(self.wanted("the module's name, a string"));
                };
                self.at += 1;
                self.need(")")?;
                self.lines();
                self.need_word("module")?;
                self.name()?;
                let mut functions = Vec::new();
                for stmt in self.body()? {
                    let StmtKind::Function(function) = stmt.kind else {
                        let fault = Fault::syntax(stmt.line, 1, "a function of the module", "another statement");
                        return Err(Box::new(fault));
                    };
                    functions.push(function);
                }
                Ok(StmtKind::Module { name, functions })
            }
            _ => {
                self.at -= 1;
                Err(self.wanted("`pyfunction` or `pymodule`"))
            }
        }
    }

    fn function(&mut self, exported: bool) -> Parsed<Rc<Function>> {
        let line = self.line();
        self.need_word("fn")?;
        let name = self.name()?;
        let mut params = Vec::new();
        if self.take("(") {
            params = self.params(")")?;
        }
        let result = if self.take("->") { Some(self.kind_of()?) } else { None };
        if self.take_word("raises") {
            self.kind_of()?;
        }
        let body = self.body()?;
        Ok(Rc::new(Function { name, params, result, body, line, exported }))
    }

    fn params(&mut self, end: &str) -> Parsed<Vec<Param>> {
        let param = |parser: &mut Parser| {
            let name = parser.name()?;
            let kind = if parser.take(":") { Some(parser.kind_of()?) } else { None };
            let default = if parser.take("=") { Some(parser.expression()?) } else { None };
            Ok(Param { name, kind, default })
        };
        self.listed(end, param).map(|(params, _)| params)
    }

    /// Things with commas between them up to a sign, which is taken; and whether a comma stands behind the last.
    fn listed<T>(&mut self, end: &str, mut one: impl FnMut(&mut Parser) -> Parsed<T>) -> Parsed<(Vec<T>, bool)> {
        let (mut all, mut comma) = (Vec::new(), false);
        while !self.take(end) {
            all.push(one(self)?);
            comma = self.take(",");
            if !comma && !self.is(end) {
                return Err(self.wanted(&format!("`,` or `{end}`")));
            }
        }
        Ok((all, comma))
    }

    /// `Array<Float>`; the documents of the FFI design write `Array[Float]`.
    fn kind_of(&mut self) -> Parsed<Type> {
        let name = self.any_word("a type")?;
        if !TYPES.split(", ").any(|known| known == name) && DType::from_name(&name.to_lowercase()).is_none() {
            self.at -= 1;
            return Err(self.wanted(&format!("a type ({TYPES}, or one of elements, as Float32)")));
        }
        let close = if self.take("<") {
            ">"
        } else if self.take("[") {
            "]"
        } else {
            return Ok(Type { name, of: Vec::new() });
        };
        let mut of = vec![self.deeper(Parser::kind_of)?];
        while self.take(",") {
            of.push(self.deeper(Parser::kind_of)?);
        }
        if close == ">" && self.is(">>") {
            // Two ends at once: the second stays.
            self.tokens[self.at].kind = Kind::Sign(">");
        } else {
            self.need(close)?;
        }
        Ok(Type { name, of })
    }

    fn each(&mut self) -> Parsed<StmtKind> {
        self.need_word("for")?;
        let open = self.take("(");
        let first = Expr { line: self.line(), kind: ExprKind::Name(self.name()?) };
        let target = if self.is(",") { self.names(first)? } else { Target::One(first) };
        if open {
            self.need(")")?;
        }
        self.need_word("in")?;
        let items = self.expression()?;
        let _ = self.take_word("do");
        Ok(StmtKind::For { target, items, body: self.body()? })
    }

    fn names(&mut self, first: Expr) -> Parsed<Target> {
        let ExprKind::Name(name) = first.kind else { return Err(self.wanted("`=`")) };
        let mut names = vec![name];
        while self.take(",") {
            names.push(self.name()?);
        }
        Ok(Target::Names(names))
    }

    fn assignment(&mut self) -> Parsed<StmtKind> {
        let first = self.expression()?;
        if self.is(",") && matches!(first.kind, ExprKind::Name(_)) {
            let target = self.names(first)?;
            self.need("=")?;
            return Ok(StmtKind::Assign { target, kind: None, value: self.expression()? });
        }
        for (sign, op) in UPDATES {
            if self.take(sign) {
                return Ok(StmtKind::Update { target: self.place(first)?, op, value: self.expression()? });
            }
        }
        let kind = match first.kind {
            ExprKind::Name(_) if self.take(":") => Some(self.kind_of()?),
            _ => None,
        };
        if kind.is_some() {
            self.need("=")?;
        } else if !self.take("=") {
            return Ok(StmtKind::Expr(first));
        }
        Ok(StmtKind::Assign { target: Target::One(self.place(first)?), kind, value: self.expression()? })
    }

    fn place(&self, expr: Expr) -> Parsed<Expr> {
        match expr.kind {
            ExprKind::Name(_) | ExprKind::Attribute(..) | ExprKind::Index(..) => Ok(expr),
            _ => {
                let wanted = "a name, an attribute or an item before `=`";
                Err(Box::new(Fault::syntax(expr.line, 1, wanted, "another expression")))
            }
        }
    }

    /// Parses what nests, within limits.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Parser) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            let Token { line, column, .. } = self.token();
            let wanted = format!("at most {MAX_DEPTH} things within each other");
            return Err(Box::new(Fault::syntax(*line, *column, &wanted, "more")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Refuses a chain of operators or calls that is longer than the evaluator can walk.
    fn longer(&self, chain: &mut usize) -> Parsed<()> {
        *chain += 1;
        let Token { line, column, .. } = self.token();
        let wanted = format!("at most {MAX_CHAIN} operators in a row");
        if *chain > MAX_CHAIN { Err(Box::new(Fault::syntax(*line, *column, &wanted, "more"))) } else { Ok(()) }
    }
}
