"""A frame of pandas of a pyarrow table. Imported where one is wanted."""

from __future__ import annotations

import json

import pandas as pd  # type: ignore[import-untyped, unused-ignore]
import pyarrow as pa  # type: ignore[import-not-found, import-untyped, unused-ignore]

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


def frame_of(table: pa.Table) -> pd.DataFrame:
    """The frame that pyarrow makes, with the Arrow-backed columns that its metadata names, and nullable ones for integers and
    booleans with nulls where it names no dtype.

    pyarrow asks pandas for a dtype of the name in the metadata, and pandas reads back few of the names that it writes:
    "string[pyarrow]" becomes another dtype, "list<item: int64>[pyarrow]" is an error. What stands in such a column's place
    meanwhile is of its length and small.
    """
    metadata = table.schema.metadata or {}
    described = json.loads(metadata.get(b"pandas", b"{}"))
    index = {level for level in described.get("index_columns", ()) if isinstance(level, str)}
    backed, named = {}, set()
    for column in described.get("columns", ()):
        named.add(column["field_name"])
        if column["numpy_type"].endswith(_ARROW) and column["field_name"] not in index:
            backed[column["field_name"]] = column
            column["numpy_type"] = "int8"
    stands_in, arrays = table, {}
    position = 0
    for i, field in enumerate(table.schema):
        if field.name in backed:
            arrays[position] = pd.arrays.ArrowExtensionArray(table.column(i))
        elif field.type in _NULLABLE and table.column(i).null_count and field.name not in named:
            arrays[position] = table.column(i).to_pandas(types_mapper=_NULLABLE.get).array
        if position in arrays:
            stands_in = stands_in.set_column(i, field.name, pa.repeat(pa.scalar(0, pa.int8()), len(table)))
        position += field.name not in index
    if backed:
        stands_in = stands_in.replace_schema_metadata({**metadata, b"pandas": json.dumps(described).encode()})
    frame = stands_in.to_pandas(split_blocks=True)  # Else columns of one type are copied together.
    for position, values in arrays.items():
        frame.isetitem(position, values)
    return frame
