"""What pandas keeps beside the columns of a frame: index, labels, attributes. Imported where a frame is.

It travels as pandas' own metadata, in the form that pyarrow writes and reads, with keys of ours for what that form
does not say: the labels as they are (`_labels`), and of a column's dtype what its name leaves out. Where pyarrow is not
there it is written here.
"""

from __future__ import annotations

import json
from typing import Any, Iterator

import pandas as pd  # type: ignore[import-untyped, unused-ignore]

from aria_array_bridge import _labels
from aria_array_bridge._metadata import read

_CREATOR = {"library": "aria-array-bridge", "version": "0"}


def describe(frame: pd.DataFrame) -> tuple[bytes, list[str]] | None:
    """The metadata, and names of the levels of the index that are columns; None where pyarrow has no type for a column.

    Such a column says so by itself when it is asked for. An index that Arrow has no type for is a ValueError.
    """
    mixed = next(_mixed_levels(frame.index), None)
    if mixed is not None:
        raise ValueError("level {} of the index has values of several types ({})".format(*mixed))
    try:
        import pyarrow as pa  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        described = _by_hand(frame)
        return _completed(described, frame), described["index_columns"] if _has_levels(frame) else []
    count, names = len(frame.columns), [str(label) for label in frame.columns]
    complexes = [i for i, dtype in enumerate(frame.dtypes) if getattr(dtype, "kind", "") == "c"]  # No types of Arrow's.
    try:
        # Positions stand in for the labels: pyarrow wants a text for each, and not one that another has.
        plain = frame.set_axis([f"__column_{i}__" for i in range(count)], axis=1)
        plain = plain.iloc[:, [i for i in range(count) if i not in complexes]]
        plain.index = frame.index.set_names([None if name is None else str(name) for name in frame.index.names])
        schema = pa.Schema.from_pandas(plain)
        described = json.loads(schema.metadata[b"pandas"])
    except Exception as error:
        try:
            pa.Schema.from_pandas(plain.iloc[:, :0])
        except Exception:
            raise ValueError(f"the index is of {frame.index.dtype}, that Arrow has no type for: {error}") from error
        return None
    described["column_indexes"] = _levels(frame.columns)
    if "mixed" not in frame.columns.inferred_type:  # For which pyarrow has a warning and no word.
        try:
            labels = pa.Schema.from_pandas(frame.iloc[:0, :0].reset_index(drop=True))
            described["column_indexes"] = json.loads(labels.metadata[b"pandas"])["column_indexes"]
        except Exception:
            pass  # Labels that are no column of Arrow's: they are described here all the same.
    for i in complexes:
        described["columns"].insert(i, _column(names[i], names[i], frame.dtypes.iloc[i]) | {"pandas_type": "object"})
    for column, name in zip(described["columns"], names):
        column["name"] = column["field_name"] = name
    extra = schema.names[count - len(complexes) :]
    levels = [f"__index_level_{i}__" if name in names else name for i, name in enumerate(extra)]
    for column, level in zip(described["columns"][count:], levels):
        column["field_name"] = level
    if levels:
        described["index_columns"] = levels
    return _completed(described, frame), levels


def describe_series(known: bytes | None, columns: list[tuple[str, pd.Series]]) -> bytes | None:
    """The metadata, with columns added that were taken in one by one; what was known where none can be described."""
    described = read(known)
    for name, series in columns:
        alone = describe(series.to_frame("values").reset_index(drop=True))
        if alone is not None:
            entry = json.loads(alone[0])["columns"][0]
            described["columns"].append({**entry, "name": name, "field_name": name, "label": _labels.said(name)})
    described = {"creator": _CREATOR, "pandas_version": pd.__version__, **described}
    return json.dumps(described).encode() if described["columns"] else known


def entries(names: list[str], kinds: list[str] | None, described: dict[str, Any]) -> list[dict[str, Any] | None]:
    """The description of each column, or None.

    Where several columns have a name, or several descriptions, each takes the next one that is of its kind, which is
    pandas' name for its type: columns may be gone by now, or stand elsewhere. Of one that is alone with its name and of
    another kind by now, the label is left.
    """
    left: dict[str, list[dict[str, Any]]] = {}
    for entry in described["columns"]:
        left.setdefault(_field(entry), []).append(entry)
    alone = {name: those[0] for name, those in left.items() if len(those) == 1 and names.count(name) == 1}
    found: list[dict[str, Any] | None] = []
    for i, name in enumerate(names):
        fitting = [e for e in left.get(name, []) if kinds is None or _is_of_kind(e, kinds[i])]
        if fitting:
            left[name].remove(fitting[0])
        kept = {"label": alone[name]["label"]} if "label" in alone.get(name, {}) else None
        found.append(fitting[0] if fitting else kept)
    return found


def _is_of_kind(entry: dict[str, Any], kind: str) -> bool:
    # Other writers say Int64, boolean and datetime64[ns].
    return str(entry.get("pandas_type")).lower().startswith(kind)


def level_positions(names: list[str], described: dict[str, Any]) -> dict[str, int]:
    """Where the levels of the index stand that are columns.

    pandas puts its index behind the columns: the last of a name.
    """
    levels = {level for level in described["index_columns"] if isinstance(level, str)}
    return {name: i for i, name in enumerate(names) if name in levels}


def restore(columns: list[tuple[str, pd.Series]], metadata: bytes | None) -> pd.DataFrame:
    """A frame of these columns, with the index and the labels that the metadata names, over the same memory."""
    described = read(metadata)
    names = [name for name, _ in columns]
    levels = level_positions(names, described)
    kept = {i: values for i, (_, values) in enumerate(columns) if i not in levels.values()}
    rows = len(columns[0][1]) if columns else 0
    frame = pd.DataFrame(kept, copy=False, index=None if kept else range(rows))
    found = {name: columns[i][1] for name, i in levels.items()}
    return dress(frame, found, names, entries(names, None, described), described)


def dress(
    frame: pd.DataFrame,
    found: dict[str, pd.Series],
    names: list[str],
    known: list[dict[str, Any] | None],
    described: dict[str, Any],
) -> pd.DataFrame:
    """Gives a frame of columns its index, its labels and its attributes.

    `names` and `known` are those of all columns, and `found` are levels of the index.
    """
    rows = len(frame) if len(frame.columns) or found else None
    levels = [_level(entry, found, described, rows) for entry in described["index_columns"]]
    index = [level for level in levels if level is not None]
    if index and len(index) == len(levels):
        frame.index = index[0] if len(index) == 1 else pd.MultiIndex.from_arrays(index, names=[i.name for i in index])
    apart = level_positions(names, described).values()
    labels = [(name, known[i]) for i, name in enumerate(names) if i not in apart]
    frame.columns = _labels.restore(labels, described["column_indexes"])
    frame.attrs = described.get("attributes") or {}
    return frame


def _mixed_levels(index: pd.Index) -> Iterator[tuple[int, str]]:
    """Levels of Python objects that are of no one type: Arrow would make others of them, or nothing."""
    for i in range(index.nlevels):
        level = index.get_level_values(i)
        kind = pd.api.types.infer_dtype(level, skipna=True) if level.dtype == object else ""
        if kind in ("mixed", "mixed-integer"):
            yield i, kind


def _has_levels(frame: pd.DataFrame) -> bool:
    return not isinstance(frame.index, pd.RangeIndex)


def _completed(described: dict[str, Any], frame: pd.DataFrame) -> bytes:
    """The description with the keys of ours, as JSON."""
    index = frame.index
    kinds, labels = list(frame.dtypes), _labels.said_of_columns(frame.columns)
    if _has_levels(frame):
        kinds += [index.get_level_values(i).dtype for i in range(index.nlevels)]
        labels += [_labels.said(name) for name in index.names]
    for column, kind, label in zip(described["columns"], kinds, labels):
        column["label"] = label
        if isinstance(kind, pd.StringDtype):
            column["storage"] = kind.storage
        elif isinstance(kind, getattr(pd, "ArrowDtype", ())) or kind == object:
            column["dtype"] = str(kind)
        elif isinstance(kind, pd.CategoricalDtype):
            column["categories"] = str(kind.categories.dtype)
    _labels.describe(frame.columns, described["column_indexes"])
    return json.dumps(described).encode()


def _levels(labels: pd.Index) -> list[dict[str, Any]]:
    return [_column(name, name, labels.get_level_values(i).dtype) for i, name in enumerate(labels.names)]


def _field(entry: dict[str, Any]) -> str:
    return str(entry.get("field_name", entry.get("name")))  # Which older metadata has not.


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
    return {
        "index_columns": levels,
        "column_indexes": _levels(frame.columns),
        "columns": columns,
        "attributes": dict(frame.attrs),
        "creator": _CREATOR,
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
    described_as = [column for column in described["columns"] if _field(column) == entry]
    last = described_as[-1] if described_as else {}  # pandas puts its index behind the columns.
    index = pd.Index(columns[entry], name=_labels.heard(last.get("label", last.get("name"))))
    return index.astype(object) if last.get("dtype") == "object" else index
