"""Labels of a frame's columns, which travel as text in pandas' metadata, and what beside the text brings them back.

Each column's entry has its label as JSON says it, under "label"; each level of labels its dtype, under "dtype". Other
readers pass over both. What JSON has no form for is an object of one key, which names its kind.
"""

from __future__ import annotations

import ast
import datetime
import decimal
from typing import Any, Callable

import pandas as pd  # type: ignore[import-untyped, unused-ignore]


# Kinds of labels that stand among others, in a level of objects: how they are said, and heard again. Of exact classes.
_KINDS: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    tuple: ("tuple", lambda label: [said(part) for part in label], lambda parts: tuple(heard(part) for part in parts)),
    bytes: ("bytes", bytes.hex, bytes.fromhex),
    complex: ("complex", lambda label: [label.real, label.imag], lambda parts: complex(*parts)),
    decimal.Decimal: ("decimal", str, decimal.Decimal),
    datetime.date: ("date", str, datetime.date.fromisoformat),
    datetime.time: ("time", str, datetime.time.fromisoformat),
    datetime.datetime: ("datetime", str, datetime.datetime.fromisoformat),
    datetime.timedelta: ("timedelta", lambda label: label // datetime.timedelta(microseconds=1), lambda count: datetime.timedelta(microseconds=count)),
    pd.Timestamp: ("timestamp", str, pd.Timestamp),
    pd.Timedelta: ("span", str, pd.Timedelta),
    pd.Period: ("period", lambda label: [str(label), label.freqstr], lambda parts: pd.Period(parts[0], parts[1])),
    pd.Interval: ("interval", lambda label: [said(label.left), said(label.right), label.closed], lambda parts: pd.Interval(heard(parts[0]), heard(parts[1]), parts[2])),
    frozenset: ("frozenset", lambda label: [said(part) for part in label], lambda parts: frozenset(heard(part) for part in parts)),
}  # fmt: skip
_HEARD = {name: hear for name, _, hear in _KINDS.values()}
_MISSING = {"nat": pd.NaT, "na": pd.NA, "nan": float("nan")}


def said(label: Any) -> Any:
    """A label as JSON has it; what is of no kind that is known, as its text."""
    if label is None:
        return None
    for name, missing in _MISSING.items():
        if label is missing or (name == "nan" and isinstance(label, float) and label != label):
            return {name: True}  # JSON has no NaN.
    if type(label) in _KINDS:
        name, say, _ = _KINDS[type(label)]
        return {name: say(label)}
    label = label.item() if hasattr(label, "item") else label  # A scalar of NumPy's.
    return label if isinstance(label, (str, bool, int, float)) else str(label)


def heard(label: Any) -> Any:
    """The label that was said so."""
    if isinstance(label, list):
        return tuple(heard(part) for part in label)
    if isinstance(label, dict) and len(label) == 1:
        ((name, value),) = label.items()
        if name in _MISSING:
            return _MISSING[name]
        if name in _HEARD:
            return _HEARD[name](value)
    return label


def said_of_columns(labels: pd.Index) -> list[Any]:
    """Each label; the levels of one as a list."""
    if labels.nlevels > 1:
        return [[said(part) for part in label] for label in labels]
    return [said(label) for label in labels]


def describe(labels: pd.Index, levels: list[dict[str, Any]]) -> None:
    """Adds to the description of each level what its text does not say."""
    for i, level in enumerate(levels):
        values = labels.get_level_values(i)
        level["label"], level["dtype"] = said(labels.names[i]), str(values.dtype)
        if isinstance(values.dtype, pd.CategoricalDtype):
            level["categories"] = [said(category) for category in values.categories]
            level["dtype"] = str(values.categories.dtype)
        if isinstance(labels, pd.RangeIndex):
            level["range"] = [labels.start, labels.stop, labels.step]


def restore(columns: list[tuple[str, dict[str, Any] | None]], levels: list[dict[str, Any]]) -> pd.Index:
    """The labels of columns of these names.

    One that is not described is its name, and what no label can be made of stays text.
    """
    known = [entry is not None and "label" in entry for _, entry in columns]
    told = [entry["label"] if entry is not None and "label" in entry else name for name, entry in columns]
    names = [heard(level.get("label", level["name"])) for level in levels]
    if len(levels) > 1:
        try:
            rows = [label if ours else ast.literal_eval(label) for label, ours in zip(told, known)]
            parts = [_level([row[i] for row in rows], level) for i, level in enumerate(levels)]
            return pd.MultiIndex.from_arrays(parts, names=names)
        except (ValueError, SyntaxError, TypeError, IndexError):
            return pd.Index([name for name, _ in columns])
    if not levels:
        return pd.Index([heard(label) for label in told], tupleize_cols=False)
    labels = _level(told, levels[0])
    labels.name = names[0]
    return labels


def _level(values: list[Any], level: dict[str, Any]) -> pd.Index:
    if "range" in level and values == list(range(*level["range"])):
        return pd.RangeIndex(*level["range"])
    try:
        if "categories" not in level:
            return _of_dtype(values, level)
        categories = _of_dtype(level["categories"], level)
        return pd.CategoricalIndex(_of_dtype(values, level), categories, bool((level["metadata"] or {}).get("ordered")))
    except (ValueError, TypeError):
        return pd.Index([heard(value) for value in values], tupleize_cols=False)  # Another column came to them since.


def _of_dtype(values: list[Any], level: dict[str, Any]) -> pd.Index:
    kind = level.get("dtype", level["numpy_type"])
    zone = (level["metadata"] or {}).get("timezone")
    values = [heard(value) for value in values]
    if kind.startswith("interval"):
        ends = [(value.left, value.right) if isinstance(value, pd.Interval) else (None, None) for value in values]
        dtype = pd.IntervalDtype(kind)
        sides = [pd.Index([end[i] for end in ends], dtype=object).astype(dtype.subtype) for i in range(2)]
        return pd.IntervalIndex.from_arrays(*sides, closed=dtype.closed)
    if kind == "object":
        return pd.Index(values, dtype=object if "dtype" in level else None, tupleize_cols=False)
    if kind == "bool" and not all(isinstance(value, bool) for value in values):
        return pd.Index(values, tupleize_cols=False)  # Any text would be true.
    if "dtype" not in level and zone:
        return pd.DatetimeIndex(values, tz=zone)
    return pd.Index(values, dtype=object, tupleize_cols=False).astype(kind)
