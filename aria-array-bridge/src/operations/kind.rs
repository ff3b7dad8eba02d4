//! Kinds of objects, as [`KIND`](super::function::KIND) numbers them. Types are exact, but for the last ones.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        $($(#[$doc])* pub const $name: u32 = $number;)*
    };
}

kinds! {
    /// `None`
    NONE = 0,
    /// `bool`
    BOOL = 1,
    /// `int`, of any size
    INT = 2,
    /// `float`
    FLOAT = 3,
    /// `str`
    STR = 4,
    /// `bytes`
    BYTES = 5,
    /// `list`
    LIST = 6,
    /// `tuple`
    TUPLE = 7,
    /// `dict`
    DICT = 8,
    /// `set`
    SET = 9,
    /// `frozenset`
    FROZENSET = 10,
    /// `slice`
    SLICE = 11,
    /// `range`
    RANGE = 12,
    /// `complex`
    COMPLEX = 13,
    /// `datetime.date`
    DATE = 14,
    /// `datetime.time`
    TIME = 15,
    /// `datetime.datetime`
    DATETIME = 16,
    /// `datetime.timedelta`
    TIMEDELTA = 17,
    /// `numpy.ndarray` or an array of this package
    ARRAY = 18,
    /// A module, of a derived type too.
    MODULE = 19,
    /// An exception, of any type.
    EXCEPTION = 20,
    /// Anything else that can be called.
    CALLABLE = 21,
    /// Anything else.
    OTHER = 22,
}
