//! What [`apply`](super::Operations::apply) does, by number: functions of Python that are no entries of the table.
//!
//! Numbers are only ever appended. The wheel keeps a Python function for each name; what a number means is
//! the expression beside it, in which `a`, `b` and `c` are the values in their order.

macro_rules! numbers {
    ($(#[$list_doc:meta])* $list:ident: $($(#[$doc:meta])* $name:ident,)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "only counts")]
        #[derive(Clone, Copy)]
        enum Number { $($name,)* }
        $($(#[$doc])* pub const $name: u32 = Number::$name as u32;)*
        $(#[$list_doc])*
        pub const $list: &[&str] = &[$(stringify!($name),)*];
    };
}

numbers! {
    /// The names in the order of their numbers.
    NAMES:
    /// `getattr(a, b)`
    GETATTR,
    /// `setattr(a, b, c)`
    SETATTR,
    /// `del a.b`
    DELATTR,
    /// `a[b]`
    GETITEM,
    /// `a[b] = c`
    SETITEM,
    /// `del a[b]`
    DELITEM,
    /// `str(a)`
    STR,
    /// `repr(a)`
    REPR,
    /// `format(a, b)`
    FORMAT,
    /// `hash(a)`
    HASH,
    /// `a.__index__()`
    INDEX,
    /// `bool(a)`
    TRUTH,
    /// `len(a)`
    LEN,
    /// `iter(a)`
    ITER,
    /// `next(a)`, or `b` at the end.
    NEXT,
    /// Imports the module called `a`, as `__import__` does: `b` and `c` are namespaces or `None`, and with names in `d` it answers
    /// the module itself, and not the package that a dotted name begins with.
    IMPORT,
    /// `sorted(dir(a))`, of which those that are text.
    DIR,
    /// The documentation of `a` without its indentation, or `None`.
    DOC,
    /// One of the numbers in [`kind`](super::kind).
    KIND,
    /// `callable(a)`
    CALLABLE,
    /// `a is b`
    IS,
    /// `isinstance(a, b)`
    ISINSTANCE,
    /// `type(a)`
    TYPE,
    /// `a + b`
    ADD,
    /// `a - b`
    SUB,
    /// `a * b`
    MUL,
    /// `a / b`
    DIV,
    /// `a // b`
    FLOORDIV,
    /// `a % b`
    REM,
    /// `a ** b`
    POW,
    /// `a @ b`
    MATMUL,
    /// `a & b`
    AND,
    /// `a | b`
    OR,
    /// `a ^ b`
    XOR,
    /// `a << b`
    SHL,
    /// `a >> b`
    SHR,
    /// `divmod(a, b)`
    DIVMOD,
    /// `a == b`
    EQ,
    /// `a != b`
    NE,
    /// `a < b`
    LT,
    /// `a <= b`
    LE,
    /// `a > b`
    GT,
    /// `a >= b`
    GE,
    /// `b in a`
    CONTAINS,
    /// What `a` is after `a += b`
    IADD,
    /// What `a` is after `a -= b`
    ISUB,
    /// What `a` is after `a *= b`
    IMUL,
    /// What `a` is after `a /= b`
    IDIV,
    /// What `a` is after `a //= b`
    IFLOORDIV,
    /// What `a` is after `a %= b`
    IREM,
    /// What `a` is after `a **= b`
    IPOW,
    /// What `a` is after `a @= b`
    IMATMUL,
    /// What `a` is after `a &= b`
    IAND,
    /// What `a` is after `a |= b`
    IOR,
    /// What `a` is after `a ^= b`
    IXOR,
    /// What `a` is after `a <<= b`
    ISHL,
    /// What `a` is after `a >>= b`
    ISHR,
    /// `-a`
    NEG,
    /// `+a`
    POS,
    /// `~a`
    INVERT,
    /// `abs(a)`
    ABS,
    /// `[a, b, …]`
    LIST,
    /// `(a, b, …)`
    TUPLE,
    /// `{a: b, …}`
    DICT,
    /// `{a, b, …}`
    SET,
    /// `frozenset((a, b, …))`
    FROZENSET,
    /// `slice(a, b, c)`
    SLICE,
    /// `range(a, b, c)`
    RANGE,
    /// `complex(a, b)`
    COMPLEX,
    /// The integer of these bytes: two's complement, the lowest byte first.
    INT_FROM_BYTES,
    /// The reverse, without a byte too many.
    INT_TO_BYTES,
    /// The bytes of whatever has a buffer.
    BYTES,
    /// `bool(a)` of a bool, NumPy's too. Anything else is a `TypeError`.
    EXACT_BOOL,
    /// `a`, if it is a `str`. Anything else is a `TypeError`.
    EXACT_STR,
    /// `datetime.date(a, b, c)`
    DATE,
    /// `datetime.time`: hour, minute, second, microsecond, fold, seconds from UTC or `None`.
    TIME,
    /// `datetime.datetime`: year, month, day, then as for a time.
    DATETIME,
    /// `datetime.timedelta(a, b, c)`: days, seconds, microseconds.
    TIMEDELTA,
    /// What makes a slice, a range, a complex number or a time, as a tuple of the values above.
    PARTS,
    /// Says whether the exception `a`, or one of the built-in kind that the text `a` names, is of the kind that the text `b`
    /// names, or of one derived from it: a built-in one (`KeyError`, `builtins.KeyError`), or any by its qualified name or
    /// the last part of it, where no built-in one has that name.
    MATCHES,
}
