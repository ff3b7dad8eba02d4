//! Expressions: one function per rule, the binding strength of operators in one table.

use super::{Parsed, Parser};
use crate::ast::{Arg, Expr, ExprKind, Function, Stmt, StmtKind};
use crate::lexer::Kind;
use aria_array_runtime::Op;
use std::rc::Rc;

/// Operators of two operands from the weakest to the strongest, those of one line alike. All but `**` group to the left, and
/// comparisons, which have no order of their own, not at all.
const LEVELS: [&[(&str, Op)]; 6] = [
    &[("==", Op::Eq), ("!=", Op::Ne), ("<", Op::Lt), ("<=", Op::Le), (">", Op::Gt), (">=", Op::Ge)],
    &[("|", Op::Or), ("^", Op::Xor)],
    &[("&", Op::And)],
    &[("<<", Op::Shl), (">>", Op::Shr)],
    &[("+", Op::Add), ("-", Op::Sub)],
    &[("*", Op::Mul), ("/", Op::Div), ("//", Op::FloorDiv), ("%", Op::Rem), ("@", Op::MatMul)],
];

impl Parser {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.deeper(Parser::either)
    }

    fn either(&mut self) -> Parsed<Expr> {
        let mut chain = 0;
        let (line, mut left) = (self.line(), self.both()?);
        while self.take_word("or") {
            self.longer(&mut chain)?;
            left = Expr { kind: ExprKind::Or(Box::new(left), Box::new(self.both()?)), line };
        }
        Ok(left)
    }

    fn both(&mut self) -> Parsed<Expr> {
        let mut chain = 0;
        let (line, mut left) = (self.line(), self.negated()?);
        while self.take_word("and") {
            self.longer(&mut chain)?;
            left = Expr { kind: ExprKind::And(Box::new(left), Box::new(self.negated()?)), line };
        }
        Ok(left)
    }

    fn negated(&mut self) -> Parsed<Expr> {
        let line = self.line();
        if self.take_word("not") {
            return Ok(Expr { kind: ExprKind::Not(Box::new(self.deeper(Parser::negated)?)), line });
        }
        let left = self.range()?;
        if self.take_word("in") {
            return Ok(Expr { kind: ExprKind::In(Box::new(left), Box::new(self.range()?)), line });
        }
        Ok(left)
    }

    /// `a..b` and `a...b`, both without b, as indices of Python are.
    fn range(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let start = if self.is("..") || self.is("...") { None } else { Some(Box::new(self.binary(0)?)) };
        if !(self.take("...") || self.take("..")) {
            return start.map(|start| *start).ok_or_else(|| self.wanted("an expression"));
        }
        let none = self.is("]") || self.is(",") || self.is(")") || *self.kind() == Kind::Line;
        let stop = if none { None } else { Some(Box::new(self.binary(0)?)) };
        Ok(Expr { kind: ExprKind::Range(start, stop), line })
    }

    fn binary(&mut self, level: usize) -> Parsed<Expr> {
        let Some(ops) = LEVELS.get(level) else { return self.unary() };
        let mut chain = 0;
        let (line, mut left) = (self.line(), self.binary(level + 1)?);
        while let Kind::Sign(sign) = self.kind()
            && let Some((_, op)) = ops.iter().find(|(name, _)| name == sign)
            && !(self.bars > 0 && *sign == "|")
        {
            if level == 0 && chain > 0 {
                return Err(self.wanted("`and` between comparisons"));
            }
            self.longer(&mut chain)?;
            self.at += 1;
            // An operator at the end of a line asks for the next one.
            while *self.kind() == Kind::Line {
                self.at += 1;
            }
            left = Expr { kind: ExprKind::Binary(*op, Box::new(left), Box::new(self.binary(level + 1)?)), line };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let line = self.line();
        if self.take("-") {
            return Ok(Expr { kind: ExprKind::Neg(Box::new(self.deeper(Parser::unary)?)), line });
        }
        if self.take("~") {
            return Ok(Expr { kind: ExprKind::Invert(Box::new(self.deeper(Parser::unary)?)), line });
        }
        let base = self.chain()?;
        if self.take("**") {
            let power = Box::new(self.deeper(Parser::unary)?);
            return Ok(Expr { kind: ExprKind::Binary(Op::Pow, Box::new(base), power), line });
        }
        Ok(base)
    }

    /// A value and what hangs on it: `.name`, `(…)`, `[…]`, `?`.
    pub(super) fn chain(&mut self) -> Parsed<Expr> {
        let mut expr = self.primary()?;
        let mut chain = 0;
        loop {
            self.longer(&mut chain)?;
            let line = self.line();
            let kind = if self.take(".") {
                let name = self.any_word("a name after `.`")?;
                match self.take("(") {
                    true => ExprKind::Method(Box::new(expr), name, self.args()?),
                    false => ExprKind::Attribute(Box::new(expr), name),
                }
            } else if self.take("(") {
                ExprKind::Call(Box::new(expr), self.args()?)
            } else if self.take("[") {
                ExprKind::Index(Box::new(expr), Box::new(self.several("]", line)?))
            } else if self.take("?") {
                ExprKind::Try(Box::new(expr))
            } else {
                return Ok(expr);
            };
            expr = Expr { kind, line };
        }
    }

    fn args(&mut self) -> Parsed<Vec<Arg>> {
        let bars = core::mem::take(&mut self.bars);
        let arg = |parser: &mut Parser| {
            Ok(if parser.take("**") {
                Arg::StarStar(parser.expression()?)
            } else if parser.take("*") {
                Arg::Star(parser.expression()?)
            } else if matches!((parser.kind(), parser.ahead(1)), (Kind::Word(_), Some(Kind::Sign(":")))) {
                let name = parser.any_word("a name")?;
                parser.need(":")?;
                Arg::Named(name, parser.expression()?)
            } else {
                Arg::Positional(parser.expression()?)
            })
        };
        let (args, _) = self.listed(")", arg)?;
        self.bars = bars;
        Ok(args)
    }

    /// Expressions up to a bracket: one is itself, several are a tuple.
    pub(super) fn several(&mut self, end: &str, line: i32) -> Parsed<Expr> {
        let bars = core::mem::take(&mut self.bars);
        let (mut items, comma) = self.listed(end, Parser::expression)?;
        self.bars = bars;
        match items.pop() {
            Some(one) if items.is_empty() && !comma => Ok(one),
            None if end == "]" => {
                self.at -= 1;
                Err(self.wanted("an index"))
            }
            last => Ok(Expr { kind: ExprKind::Tuple(items.into_iter().chain(last).collect()), line }),
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let kind = match self.kind().clone() {
            Kind::Int(number) => self.one(ExprKind::Int(number)),
            Kind::Float(number) => self.one(ExprKind::Float(number)),
            Kind::Text(text) => self.one(ExprKind::Text(text)),
            Kind::Sign("(") => {
                self.at += 1;
                return self.several(")", line);
            }
            Kind::Sign("[") => {
                self.at += 1;
                ExprKind::Array(self.listed("]", Parser::expression)?.0)
            }
            Kind::Sign("{") => {
                self.at += 1;
                let pair = |parser: &mut Parser| {
                    let key = parser.expression()?;
                    parser.need(":")?;
                    Ok((key, parser.expression()?))
                };
                ExprKind::Map(self.listed("}", pair)?.0)
            }
            Kind::Sign("|") => self.lambda()?,
            Kind::Word(word) => match word.as_str() {
                "nil" => self.one(ExprKind::Nil),
                "true" => self.one(ExprKind::Bool(true)),
                "false" => self.one(ExprKind::Bool(false)),
                "if" => self.choice()?,
                "try_py" => {
                    self.at += 1;
                    self.need_word("do")?;
                    ExprKind::TryPy(self.body()?)
                }
                "Python" if self.ahead(1) == Some(&Kind::Sign(".")) => {
                    self.at += 2;
                    let with = self.take_word("with_gil");
                    if !with {
                        self.need_word("without_gil")?;
                    }
                    self.need_word("do")?;
                    if with { ExprKind::WithGil(self.body()?) } else { ExprKind::WithoutGil(self.body()?) }
                }
                _ => match self.name() {
                    Ok(name) => ExprKind::Name(name),
                    Err(_) => return Err(self.wanted("an expression")),
                },
            },
            _ => return Err(self.wanted("an expression")),
        };
        Ok(Expr { kind, line })
    }

    fn one(&mut self, kind: ExprKind) -> ExprKind {
        self.at += 1;
        kind
    }

    /// `|x, y| x + y` on one line, or lines up to `end`.
    fn lambda(&mut self) -> Parsed<ExprKind> {
        let line = self.line();
        self.need("|")?;
        self.bars += 1;
        let params = self.params("|");
        self.bars -= 1;
        let params = params?;
        let body = match self.kind() {
            Kind::Line => self.body()?,
            // Inside of brackets lines do not end: `do` opens a body there.
            Kind::Word(word) if word == "do" => {
                self.at += 1;
                self.body()?
            }
            _ => vec![Stmt { line, kind: StmtKind::Expr(self.expression()?) }],
        };
        let name = "lambda".to_owned();
        Ok(ExprKind::Lambda(Rc::new(Function { name, params, result: None, body, line, exported: false })))
    }

    fn choice(&mut self) -> Parsed<ExprKind> {
        self.need_word("if")?;
        let mut branches = Vec::new();
        loop {
            let condition = self.expression()?;
            let _ = self.take_word("then");
            branches.push((condition, self.block(&["elsif", "else", "end"])?));
            if !self.take_word("elsif") {
                break;
            }
        }
        let otherwise = if self.take_word("else") { self.block(&["end"])? } else { Vec::new() };
        self.need_word("end")?;
        Ok(ExprKind::If(branches, otherwise))
    }
}
