//! `Op`: Python's operators, on objects and values in either order (rule R2).

use crate::apply::make;
use crate::error::PyError;
use crate::object::PyObject;
use crate::value::Val;
use aria_array_bridge::operations::{ERR_ARGUMENT, function};

macro_rules! ops {
    ($(#[$type_doc:meta])* $type:ident { $($(#[$doc:meta])* $op:ident = $number:ident, $name:literal;)* }) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$doc])* $op,)*
        }

        impl $type {
            /// Every one there is.
            pub const ALL: &[$type] = &[$($type::$op,)*];

            /// Its name in Python's module `operator`.
            pub fn name(self) -> &'static str {
                match self {
                    $($type::$op => $name,)*
                }
            }

            fn number(self) -> u32 {
                match self {
                    $($type::$op => function::$number,)*
                }
            }
        }
    };
}

ops! {
    /// An operator of two operands. Reflected operators (`2.0 * array`) are Python's own affair.
    Op {
        /// `+`
        Add = ADD, "add";
        /// `-`
        Sub = SUB, "sub";
        /// `*`
        Mul = MUL, "mul";
        /// `/`
        Div = DIV, "truediv";
        /// `//`
        FloorDiv = FLOORDIV, "floordiv";
        /// `%`
        Rem = REM, "mod";
        /// `**`
        Pow = POW, "pow";
        /// `@`
        MatMul = MATMUL, "matmul";
        /// `&`
        And = AND, "and_";
        /// `|`
        Or = OR, "or_";
        /// `^`
        Xor = XOR, "xor";
        /// `<<`
        Shl = SHL, "lshift";
        /// `>>`
        Shr = SHR, "rshift";
        /// `==`, which returns an object: arrays compare element by element.
        Eq = EQ, "eq";
        /// `!=`
        Ne = NE, "ne";
        /// `<`
        Lt = LT, "lt";
        /// `<=`
        Le = LE, "le";
        /// `>`
        Gt = GT, "gt";
        /// `>=`
        Ge = GE, "ge";
        /// `right in left`
        Contains = CONTAINS, "contains";
        /// `del left[right]`
        DelItem = DELITEM, "delitem";
    }
}

ops! {
    /// An operator of one operand.
    UnaryOp {
        /// `-`
        Neg = NEG, "neg";
        /// `+`
        Pos = POS, "pos";
        /// `~`
        Invert = INVERT, "invert";
        /// `abs(…)`
        Abs = ABS, "abs";
    }
}

impl Op {
    /// `left op right`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn apply(self, left: impl Into<Val>, right: impl Into<Val>) -> Result<PyObject, PyError> {
        make(self.number(), [left.into(), right.into()])
    }

    /// What `left` is after `left op= right`: the object itself, changed, where its type can do that, else another.
    ///
    /// # Errors
    ///
    /// What Python raises. `TypeError` for an operator that has no such form: comparisons, `in`, `del`.
    pub fn apply_in_place(self, left: impl Into<Val>, right: impl Into<Val>) -> Result<PyObject, PyError> {
        let number = match self {
            Op::Add => function::IADD,
            Op::Sub => function::ISUB,
            Op::Mul => function::IMUL,
            Op::Div => function::IDIV,
            Op::FloorDiv => function::IFLOORDIV,
            Op::Rem => function::IREM,
            Op::Pow => function::IPOW,
            Op::MatMul => function::IMATMUL,
            Op::And => function::IAND,
            Op::Or => function::IOR,
            Op::Xor => function::IXOR,
            Op::Shl => function::ISHL,
            Op::Shr => function::ISHR,
            _ => {
                let text = format!("expected an operator with an in-place form but found {}", self.name());
                return Err(PyError::own(ERR_ARGUMENT, "TypeError", text));
            }
        };
        make(number, [left.into(), right.into()])
    }

    /// The truth of `left op right`.
    ///
    /// # Errors
    ///
    /// What Python raises: arrays of several elements have no one truth.
    pub fn is_true(self, left: impl Into<Val>, right: impl Into<Val>) -> Result<bool, PyError> {
        self.apply(left, right)?.truthy()
    }
}

impl UnaryOp {
    /// `op operand`
    ///
    /// # Errors
    ///
    /// What Python raises.
    pub fn apply(self, operand: impl Into<Val>) -> Result<PyObject, PyError> {
        make(self.number(), [operand.into()])
    }
}
