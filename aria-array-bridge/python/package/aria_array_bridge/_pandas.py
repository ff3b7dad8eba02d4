"""A frame of pandas of a pyarrow table. Imported where one is wanted."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd  # type: ignore[import-untyped, unused-ignore]
import pyarrow as pa  # type: ignore[import-not-found, import-untyped, unused-ignore]
from pyarrow.pandas_compat import get_logical_type  # type: ignore[import-not-found, import-untyped, unused-ignore]

import aria_array_bridge as ab
from aria_array_bridge import _frames, _metadata

# How pandas' metadata names a dtype that is pyarrow's own.
_ARROW = "[pyarrow]"

# Integers and booleans with nulls, which NumPy's dtypes would round or make objects of.
_NULLABLE = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}

_MASKED = {dtype.name for dtype in _NULLABLE.values()} | {"Float32", "Float64"}


def frame_of(table: pa.Table) -> pd.DataFrame:
    """The frame that pyarrow makes, with the columns that it does not bring back as they were, and nullable ones for
    integers and booleans with nulls where no metadata names a dtype.

    pyarrow knows a column by its name and asks pandas for a dtype of the name in the metadata; several columns may have
    one name, and pandas reads back few of the dtypes' names. So columns are numbered on this way, index and labels put
    on afterwards, and what stands in the place of a column that is made here is of its length and small.
    """
    described, known = _described(table)
    names = table.schema.names
    levels = _frames.level_positions(names, described)
    kept = [i for i in range(len(names)) if i not in levels.values()]
    frame = _columns(table, kept, known)
    found = {name: _columns(table, [i], known)[0].rename(None) for name, i in levels.items()}
    return _frames.dress(frame, found, names, known, described)


def copies(table: pa.Table) -> list[tuple[str, int, str, str]]:
    """What `frame_of` copies, before it does: of each column that is not shared its name, its bytes, and why, as a
    reason's code and sentence."""
    found = []
    for name, column, entry in zip(table.schema.names, table.columns, _described(table)[1]):
        reason = _why_copied(column, entry if entry is not None and "numpy_type" in entry else None)
        if reason is not None:
            found.append((name, len(column) if reason[0] == "bits" else column.nbytes, *reason))
    return found


class _Stream:
    """A stream in a capsule, as pyarrow asks for one."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._capsule


def copies_of_stream(capsule: Any) -> list[tuple[str, int, str, str]]:
    """What `frame_of` would copy of the table in an Arrow capsule."""
    return copies(pa.table(_Stream(capsule)))


def _described(table: pa.Table) -> tuple[dict[str, Any], list[dict[str, Any] | None]]:
    """What the metadata describes, and of it each column."""
    described = _metadata.read((table.schema.metadata or {}).get(b"pandas"))
    kinds = [get_logical_type(field.type) for field in table.schema]
    return described, _frames.entries(table.schema.names, kinds, described)


def _why_copied(column: pa.ChunkedArray, entry: dict[str, Any] | None) -> tuple[str, str] | None:
    types, kind, missing = pa.types, column.type, column.null_count
    described = entry or {"numpy_type": ""}
    told = described.get("dtype", described["numpy_type"])
    numbers = types.is_integer(kind) or types.is_floating(kind)
    if len(column) == 0 or told.endswith(_ARROW):
        return None
    if _is_text(kind):
        if told == "object" or described.get("storage") == "python":
            return "object-dtype", "text becomes Python's own"
        # Of Arrow's in pandas, whose chunks it keeps.
        return None if types.is_large_string(kind) else ("dtype", f"pandas keeps large_string, and this is {kind}")
    if types.is_boolean(kind):
        objects = told == "object"
        return ("object-dtype", "bools become Python's own") if objects else ("bits", "bits become bytes")
    if told in _MASKED or (not told and missing and kind in _NULLABLE):
        return "dtype", f"pandas copies the values of its nullable dtypes, and this is {kind}"
    opaque = _is_opaque(kind)
    if opaque and kind.type_name.startswith(("datetime64", "timedelta64")):
        return "dtype", f"pandas counts in seconds and less, and this is {kind.type_name}"
    if not (opaque or numbers or types.is_timestamp(kind) or types.is_duration(kind) or types.is_dictionary(kind)):
        extension = isinstance(kind, pa.BaseExtensionType)
        if extension:
            return "dtype", f"pandas stores {kind} another way"
        return "object-dtype", f"{kind} becomes Python objects"
    if column.num_chunks > 1:
        return "chunked", f"{column.num_chunks} chunks become one array"
    if missing:
        return "nulls", f"{missing} null{'s' if missing > 1 else ''}, for which a value is written"
    codes = _codes(len(column.chunk(0).dictionary)) if types.is_dictionary(kind) else None
    if codes is not None and kind.index_type != codes:
        return "dtype", f"pandas keeps codes of {codes}, and these are {kind.index_type}"
    return None


def _codes(count: int) -> pa.DataType:
    """The type of the codes of so many categories."""
    kinds = ((pa.int8(), 2**7), (pa.int16(), 2**15), (pa.int32(), 2**31))
    return next((kind for kind, limit in kinds if count < limit), pa.int64())


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _columns(table: pa.Table, kept: list[int], known: list[dict[str, Any] | None]) -> pd.DataFrame:
    """These columns, by their numbers in a row."""
    entries, arrays = [], {}
    part = table.select(kept).rename_columns([str(i) for i in range(len(kept))])
    for i, at in enumerate(kept):
        entry, column = known[at], table.column(at)
        values = _values(column, entry)
        if values is not None:
            arrays[i] = values
            part = part.set_column(i, str(i), pa.repeat(pa.scalar(0, pa.int8()), len(table)))
        elif entry is not None and "numpy_type" in entry:
            entries.append({**entry, "name": str(i), "field_name": str(i)})
    described = {"index_columns": [], "columns": entries, "column_indexes": [], "pandas_version": pd.__version__}
    part = part.replace_schema_metadata({b"pandas": json.dumps(described).encode()})
    frame = part.to_pandas(split_blocks=True)  # Else columns of one type are copied together.
    for i, values in arrays.items():
        frame.isetitem(i, pd.Series(values, index=frame.index, copy=False))  # What is no Series is copied.
    return frame.set_axis(range(len(kept)), axis=1)


def _values(column: pa.ChunkedArray, entry: dict[str, Any] | None) -> Any:
    """The values, where pyarrow would bring back others, or of another dtype; else None."""
    if _is_opaque(column.type) or (isinstance(column.type, getattr(pa, "Bool8Type", ())) and not column.null_count):
        return ab.asarray(column).to_pandas()
    if isinstance(column.type, pa.BaseExtensionType) and not _has_dtype(column.type):
        return column.to_pandas()  # As a block of its own pyarrow asks for the dtype all the same.
    if entry is None or "numpy_type" not in entry:
        nullable = column.type in _NULLABLE and column.null_count
        return column.to_pandas(types_mapper=_NULLABLE.get).array if nullable else None
    kind = entry.get("dtype", entry["numpy_type"])
    if kind.endswith(_ARROW):
        return pd.arrays.ArrowExtensionArray(column)
    if entry["pandas_type"] == "categorical" and pa.types.is_dictionary(column.type):
        return None if pa.types.is_null(column.type.value_type) else _categorical(column, entry.get("categories"))
    text = _is_text(column.type)
    if text and entry.get("dtype") == "object":
        return pd.Series(column.to_numpy(), dtype=object)  # pandas 3 makes text of them.
    if text and "storage" in entry and entry["numpy_type"] in ("string", "str"):
        missing = {} if entry["numpy_type"] == "string" else {"na_value": float("nan")}
        return pd.StringDtype(entry["storage"], **missing).__from_arrow__(column)
    return None


def _is_opaque(kind: pa.DataType) -> bool:
    """Of values that Arrow has no type for, and NumPy has."""
    named = getattr(pa, "OpaqueType", None)  # Which older pyarrow has not.
    return named is not None and isinstance(kind, named) and kind.vendor_name in ("NumPy", "aria-array-bridge")


def _has_dtype(kind: pa.BaseExtensionType) -> bool:
    """Whether pandas has a dtype for the extension type."""
    try:
        kind.to_pandas_dtype()
    except NotImplementedError:
        return False
    return True


def _categorical(column: pa.ChunkedArray, kind: str | None) -> pd.Categorical:
    """Of categories of any dtype, which pyarrow makes of the numbers that they are stored as."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()
    known = whole.dictionary
    if kind is not None and kind.endswith(_ARROW):
        categories = pd.Index(pd.arrays.ArrowExtensionArray(known))
    elif pa.types.is_nested(known.type):
        categories = pd.Index([tuple(value) for value in known.to_pylist()], tupleize_cols=False)
    else:
        categories = pd.Index(known.to_pandas())
        categories = categories if kind in (None, str(categories.dtype)) else categories.astype(kind)
    codes = whole.indices.fill_null(-1) if whole.null_count else whole.indices
    codes = codes.to_numpy(zero_copy_only=False)
    return pd.Categorical.from_codes(codes, categories, column.type.ordered)
