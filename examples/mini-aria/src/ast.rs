//! What the parser makes and the evaluator walks.

use aria_array_runtime::Op;
use std::rc::Rc;

/// An expression and its line.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) line: i32,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Name(String),
    Array(Vec<Expr>),
    Tuple(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// `a..b`: from a, up to and without b. Either may be left out in an index.
    Range(Option<Box<Expr>>, Option<Box<Expr>>),
    Attribute(Box<Expr>, String),
    Call(Box<Expr>, Vec<Arg>),
    /// `x.f(…)`, one step: so Python can be asked for one.
    Method(Box<Expr>, String, Vec<Arg>),
    Index(Box<Expr>, Box<Expr>),
    Neg(Box<Expr>),
    Invert(Box<Expr>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    Binary(Op, Box<Expr>, Box<Expr>),
    If(Vec<(Expr, Block)>, Block),
    Lambda(Rc<Function>),
    /// `try_py do … end`: a Result.
    TryPy(Block),
    /// `Python.with_gil do … end`
    WithGil(Block),
    /// `Python.without_gil do … end`
    WithoutGil(Block),
    /// `x?`: the value of a good Result; a bad one is returned from the function.
    Try(Box<Expr>),
}

#[derive(Debug)]
pub(crate) enum Arg {
    Positional(Expr),
    Named(String, Expr),
    Star(Expr),
    StarStar(Expr),
}

pub(crate) type Block = Vec<Stmt>;

/// A statement and its line.
#[derive(Debug)]
pub(crate) struct Stmt {
    pub(crate) kind: StmtKind,
    pub(crate) line: i32,
}

#[derive(Debug)]
pub(crate) enum StmtKind {
    /// `extern Python from a.b as c`
    Extern {
        module: String,
        alias: String,
    },
    Function(Rc<Function>),
    /// `@pymodule(name: "…") module X … end`
    Module {
        name: String,
        functions: Vec<Rc<Function>>,
    },
    /// `x = …`, `x: Type = …`, `a, b = …`. The first assignment declares.
    Assign {
        target: Target,
        kind: Option<Type>,
        value: Expr,
    },
    /// `x += …`
    Update {
        target: Expr,
        op: Op,
        value: Expr,
    },
    For {
        target: Target,
        items: Expr,
        body: Block,
    },
    Return(Option<Expr>),
    Raise(Expr),
    Expr(Expr),
}

#[derive(Debug)]
pub(crate) enum Target {
    /// A name, an attribute or an item.
    One(Expr),
    Names(Vec<String>),
}

/// A function, or a lambda.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) params: Vec<Param>,
    pub(crate) result: Option<Type>,
    pub(crate) body: Block,
    pub(crate) line: i32,
    /// `@pyfunction`
    pub(crate) exported: bool,
}

#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) kind: Option<Type>,
    pub(crate) default: Option<Expr>,
}

/// `Array<Float>` or `Array[Float]`: a name and what stands in brackets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Type {
    pub(crate) name: String,
    pub(crate) of: Vec<Type>,
}
