# What the numbers of `operations::function` mean, by name. Functions in C where there is one: they add no frame to a
# traceback but that of the program's own place.
import builtins
import importlib
import operator
import types


def without_columns(source):
    """What the source defines, in code that knows lines alone: columns of this text mean nothing in another file."""

    def strip(node):
        if hasattr(node, "col_offset"):
            node.col_offset = node.end_col_offset = -1
        for name in node._fields:
            child = getattr(node, name, None)
            for node_ in child if isinstance(child, list) else (child,):
                if hasattr(node_, "_fields"):
                    strip(node_)

    tree = compile(source, "<aria>", "exec", 0x400)  # ast.PyCF_ONLY_AST, without importing ast
    strip(tree)
    names = {}
    exec(compile(tree, "<aria>", "exec"), names)
    return names


# Call their first argument with the others: with none to five, with any number, with keywords. The narrow ones cost
# half as much, and hold the arguments in names of their own, where pandas looks for them.
forms = tuple(
    without_columns(f"def aria({parameters}): return operation({arguments})")["aria"]
    for parameters, arguments in (
        ("operation", ""),
        ("operation, a", "a"),
        ("operation, a, b", "a, b"),
        ("operation, a, b, c", "a, b, c"),
        ("operation, a, b, c, d", "a, b, c, d"),
        ("operation, a, b, c, d, e", "a, b, c, d, e"),
        ("operation, /, *arguments", "*arguments"),
        ("operation, /, *arguments, **keywords", "*arguments, **keywords"),
    )
)


def binder(name, doc, module, file, line, parameters):
    """A function that takes these parameters (name, kind, default if any) and returns its arguments in their order."""
    keyword = importlib.import_module("keyword")
    kinds = [kind for _, kind, *_ in parameters]
    texts = []
    for index, (parameter, kind, *default) in enumerate(parameters):
        if not parameter.isidentifier() or keyword.iskeyword(parameter):
            raise ValueError(f"expected a parameter's name that Python can say but found {parameter!r}")
        if kind == 3 and 2 not in kinds and kinds.index(3) == index:
            texts.append("*")
        texts.append("*" * (2 if kind == 4 else kind == 2) + parameter + "=0" * len(default))
        if kind == 0 and 0 not in kinds[index + 1 :]:
            texts.append("/")
    if kinds != sorted(kinds) or kinds.count(2) > 1 or kinds.count(4) > 1:
        raise ValueError(f"expected parameters in Python's order but found ({', '.join(texts)})")
    names = "".join(parameter + ", " for parameter, *_ in parameters)
    try:
        made = without_columns(f"def bind({', '.join(texts)}): return ({names})")["bind"]
    except SyntaxError as error:
        raise ValueError(f"expected parameters of a function but found ({', '.join(texts)}): {error.msg}") from None
    made.__code__ = made.__code__.replace(
        co_name=name, co_qualname=name, co_filename=file or "<aria>", co_firstlineno=max(line, 1)
    )
    made.__name__ = made.__qualname__ = name
    made.__doc__, made.__module__ = doc, module
    made.__defaults__ = tuple(default[0] for _, kind, *default in parameters if default and kind < 2) or None
    made.__kwdefaults__ = {parameter: default[0] for parameter, kind, *default in parameters if default and kind == 3} or None
    return made


def doc(a):
    return importlib.import_module("inspect").getdoc(a)


def times():
    return importlib.import_module("datetime")


def offset(seconds):
    t = times()
    return None if seconds is None else t.timezone(t.timedelta(seconds=seconds))


def time(hour, minute, second, microsecond, fold, seconds):
    return times().time(hour, minute, second, microsecond, offset(seconds), fold=fold)


def datetime(year, month, day, hour, minute, second, microsecond, fold, seconds):
    return times().datetime(year, month, day, hour, minute, second, microsecond, offset(seconds), fold=fold)


# Exact types to their kinds. Those of `datetime` are found by name, since a program may never import it.
kinds = {
    t: number
    for number, t in enumerate(
        (types.NoneType, bool, int, float, str, bytes, list, tuple, dict, set, frozenset, slice, range, complex)
    )
}
named = {
    ("datetime", "date"): 14,
    ("datetime", "time"): 15,
    ("datetime", "datetime"): 16,
    ("datetime", "timedelta"): 17,
    ("numpy", "ndarray"): 18,
    ("aria_array_bridge", "Array"): 18,
}


def kind(a):
    t = type(a)
    number = kinds.get(t)
    if number is None:
        number = named.get((t.__module__, t.__name__))
        if number is None:
            if issubclass(t, types.ModuleType):
                return 19
            if issubclass(t, BaseException):
                return 20
            return 21 if callable(a) else 22
    return number


def expected(wanted, a):
    return TypeError(f"expected {wanted} but found {type(a).__qualname__}")


def exact_bool(a):
    t = type(a)
    if t is bool or t.__module__ == "numpy" and t.__name__ in ("bool", "bool_"):
        return bool(a)
    raise expected("a bool", a)


def exact_str(a):
    if isinstance(a, str):
        return str.__str__(a)
    raise expected("a str", a)


def clock(a):
    """Hour to microsecond, fold, and seconds from UTC: None where a zone is more than a number of seconds."""
    zone = a.tzinfo
    if zone is None:
        seconds = None
    else:
        t = times()
        away = zone.utcoffset(None) if type(zone) is t.timezone else None
        if away is None or away.microseconds or str(zone) != str(t.timezone(away)):
            return None
        seconds = away.days * 86400 + away.seconds
    return (a.hour, a.minute, a.second, a.microsecond, a.fold, seconds)


def parts(a):
    match kind(a):
        case 11 | 12:
            return (a.start, a.stop, a.step)
        case 13:
            return (a.real, a.imag)
        case 14:
            return (a.year, a.month, a.day)
        case 15:
            return clock(a)
        case 16:
            rest = clock(a)
            return rest and (a.year, a.month, a.day, *rest)
        case 17:
            return (a.days, a.seconds, a.microseconds)
    raise expected("a slice, a range, a complex number or a time", a)


def built_in(kind):
    """The built-in exception of this name, or None."""
    found = getattr(builtins, kind.removeprefix("builtins."), None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def matches(a, kind):
    wanted = built_in(kind)
    classes = type.mro(built_in(a) or object) if isinstance(a, str) else type(a).__mro__
    if wanted is not None:
        return wanted in classes
    names = [f"{c.__module__}.{c.__qualname__}" for c in classes]
    return bool(kind) and any(name == kind or name.endswith("." + kind) for name in names)


all = dict(
    GETATTR=getattr,
    SETATTR=setattr,
    DELATTR=delattr,
    GETITEM=operator.getitem,
    SETITEM=operator.setitem,
    DELITEM=operator.delitem,
    STR=str,
    REPR=repr,
    FORMAT=format,
    HASH=hash,
    INDEX=operator.index,
    TRUTH=bool,
    LEN=len,
    ITER=iter,
    NEXT=next,
    IMPORT=__import__,  # In C: it leaves frames of the machinery out of what goes wrong.
    DIR=lambda a: sorted(name for name in dir(a) if isinstance(name, str)),
    DOC=doc,
    KIND=kind,
    CALLABLE=callable,
    IS=operator.is_,
    ISINSTANCE=isinstance,
    TYPE=type,
    ADD=operator.add,
    SUB=operator.sub,
    MUL=operator.mul,
    DIV=operator.truediv,
    FLOORDIV=operator.floordiv,
    REM=operator.mod,
    POW=operator.pow,
    MATMUL=operator.matmul,
    AND=operator.and_,
    OR=operator.or_,
    XOR=operator.xor,
    SHL=operator.lshift,
    SHR=operator.rshift,
    DIVMOD=divmod,
    EQ=operator.eq,
    NE=operator.ne,
    LT=operator.lt,
    LE=operator.le,
    GT=operator.gt,
    GE=operator.ge,
    CONTAINS=operator.contains,
    IADD=operator.iadd,
    ISUB=operator.isub,
    IMUL=operator.imul,
    IDIV=operator.itruediv,
    IFLOORDIV=operator.ifloordiv,
    IREM=operator.imod,
    IPOW=operator.ipow,
    IMATMUL=operator.imatmul,
    IAND=operator.iand,
    IOR=operator.ior,
    IXOR=operator.ixor,
    ISHL=operator.ilshift,
    ISHR=operator.irshift,
    NEG=operator.neg,
    POS=operator.pos,
    INVERT=operator.invert,
    ABS=abs,
    LIST=lambda *items: [*items],
    TUPLE=lambda *items: items,
    DICT=lambda *items: dict(zip(items[::2], items[1::2], strict=True)),
    SET=lambda *items: {*items},
    FROZENSET=lambda *items: frozenset(items),
    SLICE=slice,
    RANGE=range,
    COMPLEX=complex,
    INT_FROM_BYTES=lambda data: int.from_bytes(data, "little", signed=True),
    INT_TO_BYTES=lambda a: (n := operator.index(a)).to_bytes((n + (n < 0)).bit_length() // 8 + 1, "little", signed=True),
    BYTES=lambda a: bytes(memoryview(a)),
    EXACT_BOOL=exact_bool,
    EXACT_STR=exact_str,
    DATE=lambda *parts: times().date(*parts),
    TIME=time,
    DATETIME=datetime,
    TIMEDELTA=lambda days, seconds, microseconds: times().timedelta(days, seconds, microseconds),
    PARTS=parts,
    MATCHES=matches,
)
