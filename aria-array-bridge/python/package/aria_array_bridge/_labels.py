"""Labels of a frame's columns, which travel as text in pandas' metadata, and what beside the text brings them back.

Each column's entry has its label as JSON says it, under "label"; each level of labels its dtype, under "dtype". Other
readers pass over both.
"""

from __future__ import annotations

import ast
from typing import Any

import pandas as pd  # type: ignore[import-untyped, unused-ignore]


def said(label: Any) -> Any:
    """A label as JSON has it: its levels and ends as lists, what is no text and no number as its text."""
    if isinstance(label, tuple):
        return [said(part) for part in label]
    if isinstance(label, pd.Interval):
        return [said(label.left), said(label.right)]
    if label is None or label is pd.NaT or label is pd.NA or label != label:
        return None  # JSON has no NaN.
    label = label.item() if hasattr(label, "item") else label  # A scalar of NumPy's.
    return label if isinstance(label, (str, bool, int, float)) else str(label)


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
    names = [level.get("label", level["name"]) for level in levels]
    if len(levels) > 1:
        try:
            rows = [label if ours else ast.literal_eval(label) for label, ours in zip(told, known)]
            parts = [_level([row[i] for row in rows], level) for i, level in enumerate(levels)]
            return pd.MultiIndex.from_arrays(parts, names=names)
        except (ValueError, SyntaxError, TypeError, IndexError):
            return pd.Index([name for name, _ in columns])
    if not levels:
        return pd.Index(told)
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
        return pd.Index(values)  # Another column came to them since.


def _of_dtype(values: list[Any], level: dict[str, Any]) -> pd.Index:
    kind = level.get("dtype", level["numpy_type"])
    zone = (level["metadata"] or {}).get("timezone")
    if kind.startswith("interval"):
        ends = [(None, None) if value is None else value for value in values]
        dtype = pd.IntervalDtype(kind)
        sides = [pd.Index([end[i] for end in ends], dtype=object).astype(dtype.subtype) for i in range(2)]
        return pd.IntervalIndex.from_arrays(*sides, closed=dtype.closed)
    if kind == "object":
        return pd.Index(values, dtype=object if "dtype" in level else None)
    if kind == "bool" and not all(isinstance(value, bool) for value in values):
        return pd.Index(values)  # Any text would be true.
    if "dtype" not in level and zone:
        return pd.DatetimeIndex(values, tz=zone)
    return pd.Index(values, dtype=object).astype(kind)
