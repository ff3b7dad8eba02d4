"""What pandas keeps beside the columns of a frame: index, labels, attributes. Imported where a frame is.

It travels as pandas' own metadata, in the form that pyarrow writes and reads. Where pyarrow is not there, or has no
word for the labels, it is written here; and read here where pyarrow is not there.
"""

from __future__ import annotations

import ast
import json
from typing import Any

import pandas as pd  # type: ignore[import-untyped, unused-ignore]


def describe(frame: pd.DataFrame) -> tuple[bytes, list[str]] | None:
    """The metadata, and names of the levels of the index that are columns; None where pyarrow has no type for a column.

    Such a column says so by itself when it is asked for.
    """
    try:
        import pyarrow as pa  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        described = _by_hand(frame)
        return _encoded(described), described["index_columns"] if _has_levels(frame) else []
    count = len(frame.columns)
    try:
        if frame.columns.is_unique:
            schema = pa.Schema.from_pandas(frame)
            return schema.metadata[b"pandas"], schema.names[count:]
        # pyarrow wants a name for each column: positions stand in for the labels.
        schema = pa.Schema.from_pandas(frame.set_axis([f"__column_{i}__" for i in range(count)], axis=1))
        described = json.loads(schema.metadata[b"pandas"])
        labels = pa.Schema.from_pandas(frame.iloc[:, :0])
    except Exception:
        return None
    described["column_indexes"] = json.loads(labels.metadata[b"pandas"])["column_indexes"]
    names = [str(label) for label in frame.columns]
    for column, name in zip(described["columns"], names):
        column["name"] = column["field_name"] = name
    levels = [f"__index_level_{i}__" if name in names else name for i, name in enumerate(schema.names[count:])]
    for column, level in zip(described["columns"][count:], levels):
        column["field_name"] = level
    if levels:
        described["index_columns"] = levels
    return _encoded(described), levels


def restore(columns: list[tuple[str, pd.Series]], metadata: bytes | None) -> pd.DataFrame:
    """A frame of these columns, with the index and the labels that the metadata names, over the same memory."""
    described = json.loads(metadata) if metadata else {"index_columns": [], "columns": [], "column_indexes": []}
    index = described["index_columns"]
    levels = {name for name in index if isinstance(name, str)} & {name for name, _ in columns}
    kept = [(name, values) for name, values in columns if name not in levels]
    rows = len(columns[0][1]) if columns else None
    numbered = {i: values for i, (_, values) in enumerate(kept)}
    frame = pd.DataFrame(numbered, copy=False, index=None if kept else range(rows or 0))
    named = dict(columns)
    wanted = [_level(entry, named, described, rows) for entry in index]
    found = [level for level in wanted if level is not None]
    if found and len(found) == len(index):
        names = [level.name for level in found]
        frame.index = found[0] if len(found) == 1 else pd.MultiIndex.from_arrays(found, names=names)
    frame.columns = _labels([name for name, _ in kept], described["column_indexes"])
    frame.attrs = described.get("attributes", {})
    return frame


def _has_levels(frame: pd.DataFrame) -> bool:
    return not isinstance(frame.index, pd.RangeIndex)


def _encoded(described: dict[str, Any]) -> bytes:
    return json.dumps(described).encode()


def _by_hand(frame: pd.DataFrame) -> dict[str, Any]:
    index, names = frame.index, [str(label) for label in frame.columns]
    columns = [_column(name, name, dtype) for name, dtype in zip(names, frame.dtypes)]
    if _has_levels(frame):
        levels: list[Any] = []
        for i, name in enumerate(index.names):
            taken = name is None or str(name) in names or str(name) in levels
            levels.append(f"__index_level_{i}__" if taken else str(name))
            columns.append(_column(None if name is None else str(name), levels[-1], index.get_level_values(i).dtype))
    else:
        levels = [{"kind": "range", "name": index.name, "start": index.start, "stop": index.stop, "step": index.step}]
    labels = frame.columns
    described = [_column(name, name, labels.get_level_values(i).dtype) for i, name in enumerate(labels.names)]
    return {
        "index_columns": levels,
        "column_indexes": described,
        "columns": columns,
        "attributes": dict(frame.attrs),
        "creator": {"library": "aria-array-bridge", "version": "0"},
        "pandas_version": pd.__version__,
    }


def _column(name: Any, field: Any, dtype: Any) -> dict[str, Any]:
    text = getattr(dtype, "kind", "O") == "O"
    kind = "unicode" if text else {"M": "datetime"}.get(dtype.kind, str(dtype))
    metadata = {"encoding": "UTF-8"} if text else None
    return {"name": name, "field_name": field, "pandas_type": kind, "numpy_type": str(dtype), "metadata": metadata}


def _level(entry: Any, columns: dict[str, pd.Series], described: dict[str, Any], rows: int | None) -> pd.Index | None:
    """A level of the index; None where the table has other rows or columns by now."""
    if isinstance(entry, dict):
        index = pd.RangeIndex(entry["start"], entry["stop"], entry["step"], name=entry["name"])
        return index if rows is None or len(index) == rows else None
    if entry not in columns:
        return None
    name = next((column["name"] for column in described["columns"] if column["field_name"] == entry), None)
    return pd.Index(columns[entry], name=name)


def _labels(names: list[str], described: list[dict[str, Any]]) -> pd.Index:
    """The labels of the columns, which travel as text."""
    if len(described) > 1:
        parts = [ast.literal_eval(name) for name in names]
        levels = [[part[i] for part in parts] for i in range(len(described))]
        return pd.MultiIndex.from_arrays(levels, names=[level["name"] for level in described])
    labels = pd.Index(names)
    if described:
        kind = described[0]["numpy_type"]
        if kind != "object":
            labels = labels.astype(kind)
        labels.name = described[0]["name"]
    return labels
