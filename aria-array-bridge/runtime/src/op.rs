//! `Op`: Python's operators, on objects and values in either order (rule R2).

use crate::args::Args;
use crate::error::PyError;
use crate::object::PyObject;
use crate::value::Val;
use std::sync::OnceLock;

macro_rules! ops {
    ($($(#[$doc:meta])* $op:ident = $name:literal,)*) => {
        /// An operator. Reflected operators (`2.0 * array`) are Python's own affair.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Op {
            $($(#[$doc])* $op,)*
        }

        impl Op {
            /// Its name in Python's module `operator`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Op::$op => $name,)*
                }
            }
        }
    };
}

ops! {
    /// `+`
    Add = "add",
    /// `-`
    Sub = "sub",
    /// `*`
    Mul = "mul",
    /// `/`
    Div = "truediv",
    /// `//`
    FloorDiv = "floordiv",
    /// `%`
    Rem = "mod",
    /// `**`
    Pow = "pow",
    /// `@`
    MatMul = "matmul",
    /// `&`
    And = "and_",
    /// `|`
    Or = "or_",
    /// `^`
    Xor = "xor",
    /// `<<`
    Shl = "lshift",
    /// `>>`
    Shr = "rshift",
    /// `==`, which returns an object: arrays compare element by element.
    Eq = "eq",
    /// `!=`
    Ne = "ne",
    /// `<`
    Lt = "lt",
    /// `<=`
    Le = "le",
    /// `>`
    Gt = "gt",
    /// `>=`
    Ge = "ge",
    /// `right in left`
    Contains = "contains",
    /// `del left[right]`
    DelItem = "delitem",
}

impl Op {
    /// `left op right`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn apply(self, left: impl Into<Val>, right: impl Into<Val>) -> Result<PyObject, PyError> {
        operator()?.call_method(self.name(), Args::new().arg(left).arg(right))
    }
}

fn operator() -> Result<&'static PyObject, PyError> {
    static OPERATOR: OnceLock<PyObject> = OnceLock::new();
    match OPERATOR.get() {
        Some(operator) => Ok(operator),
        None => {
            let operator = PyObject::import("operator")?;
            Ok(OPERATOR.get_or_init(|| operator))
        }
    }
}
