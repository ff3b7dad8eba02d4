"""Generated tables of Arrow's go in and out unchanged, and every library reads the same values from what we give away [C5], [C6].

The model is pyarrow: what it made is what has to come back, and what it reads of ours is what we say.
"""

import datetime

import arro3.core
import nanoarrow
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aria_array_bridge as ab
from dlpack_producer import alive

PARTNERS = ("pyarrow", "polars", "nanoarrow", "arro3")
SETTINGS = settings(max_examples=120, suppress_health_check=list(HealthCheck))

DECADES = datetime.timedelta(days=10_000)
# A type, and the Python values that it has.
LEAVES = st.sampled_from([
    (pa.int8(), st.integers(-128, 127)), (pa.uint16(), st.integers(0, 2**16 - 1)), (pa.int64(), st.integers(-(2**63), 2**63 - 1)), (pa.float32(), st.sampled_from([0.0, -0.5, 2.25])),
    (pa.float64(), st.floats(allow_nan=False)), (pa.bool_(), st.booleans()), (pa.string(), st.text(max_size=4)), (pa.large_string(), st.text(max_size=4)), (pa.binary(), st.binary(max_size=4)),
    (pa.binary(3), st.binary(min_size=3, max_size=3)), (pa.date32(), st.dates()), (pa.timestamp("us"), st.datetimes()), (pa.timestamp("ms", "UTC"), st.none()), (pa.duration("us"), st.timedeltas(-DECADES, DECADES)),
    (pa.time64("us"), st.times()), (pa.decimal128(9, 2), st.decimals(-9999, 9999, places=2)), (pa.null(), st.none()), (pa.string_view(), st.text(max_size=20)), (pa.binary_view(), st.binary(max_size=20)),
])  # fmt: skip


@st.composite
def nested(draw, inside):
    (kind, values), shape = draw(inside), draw(st.sampled_from(["list", "large_list", "fixed", "struct", "map", "list_view"]))
    maybe = st.none() | values
    many = st.lists(maybe, max_size=3)
    match shape:
        case "list":
            return pa.list_(kind), many
        case "large_list":
            return pa.large_list(kind), many
        case "list_view":
            return pa.list_view(kind), many
        case "fixed":
            return pa.list_(kind, 2), st.lists(maybe, min_size=2, max_size=2)
        case "struct":
            other, others = draw(inside)
            fields = [pa.field("a", kind, metadata={"of": "a"}), pa.field("b", other)]
            return pa.struct(fields), st.fixed_dictionaries({"a": maybe, "b": st.none() | others})
        case _:
            return pa.map_(pa.int8(), kind), st.lists(st.tuples(st.integers(0, 9), maybe), max_size=2)


TYPES = st.recursive(LEAVES, nested, max_leaves=4)
# The names of C strings: pyarrow cuts them at a NUL character, where the struct's end.
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)
METADATA = st.none() | st.dictionaries(st.text(max_size=3), st.text(max_size=3), min_size=1, max_size=2)


@st.composite
def arrays(draw, kind, values, rows, nullable=True):
    """Rows of a type, cut out of an array that is longer on both sides; some as a dictionary."""
    before, after = draw(st.integers(0, 9)), draw(st.integers(0, 2))
    maybe = st.none() | values if nullable else values
    whole = pa.array(draw(st.lists(maybe, min_size=before + rows + after, max_size=before + rows + after)), kind)
    return whole.slice(before, rows)


def is_plain(kind):
    return not (pa.types.is_nested(kind) or pa.types.is_null(kind) or "view" in str(kind))


@st.composite
def tables(draw):
    lengths = draw(st.lists(st.integers(0, 5), max_size=3))
    columns, fields = [], []
    for i in range(draw(st.integers(1, 3))):
        kind, values = draw(TYPES)
        chunks = [draw(arrays(kind, values, rows)) for rows in lengths]
        column = pa.chunked_array(chunks, kind)
        if is_plain(kind) and draw(st.booleans()):
            column = column.dictionary_encode()
        columns.append(column)
        fields.append(pa.field(draw(NAMES) + str(i), column.type, metadata=draw(METADATA)))
    return pa.table(columns, pa.schema(fields, metadata=draw(METADATA)))


class Stream:
    """Speaks the stream's interface alone."""

    def __init__(self, source):
        self.source = source

    def __arrow_c_stream__(self, requested_schema=None):
        return self.source.__arrow_c_stream__(requested_schema)


class DeviceStream:
    """Speaks the interface of streams of devices alone."""

    def __init__(self, source):
        self.source = source

    def __arrow_c_device_stream__(self, requested_schema=None, **kwargs):
        return self.source.__arrow_c_device_stream__(requested_schema, **kwargs)


def same(found, wanted):
    found.validate(full=True)
    assert found.schema.equals(wanted.schema, check_metadata=True)
    assert found.equals(wanted)


@given(tables())
@SETTINGS
def test_a_table_comes_back_by_every_way_with_its_schema_and_its_metadata(wanted):
    before = alive()
    t = ab.table(wanted, validate="full")
    same(t.to_pyarrow(), wanted)
    same(pa.table(t), wanted)
    same(ab.table(Stream(t)).to_pyarrow(), wanted)
    same(ab.table(DeviceStream(t)).to_pyarrow(), wanted)
    same(pa.table(ab.batches(wanted)), wanted)
    same(ab.table(DeviceStream(ab.batches(wanted)), validate="full").to_pyarrow(), wanted)
    assert t.num_rows == wanted.num_rows and t.column_names == wanted.column_names
    assert [column.null_count for column in map(t.column, range(len(wanted.column_names)))] == [c.null_count for c in wanted.columns]
    for i, column in enumerate(wanted.columns):
        assert t.column(i).to_pyarrow().equals(column)
        assert [len(chunk) for chunk in t.column(i).chunks if len(chunk)] == [len(chunk) for chunk in column.chunks if len(chunk)]
    del t
    assert alive() == before


@given(tables(), st.integers(0, 6), st.integers(0, 6))
@SETTINGS
def test_slices_batches_and_selections_are_those_of_pyarrow(wanted, offset, length):
    t = ab.table(wanted)
    part = t.slice(offset, length).to_pyarrow()
    part.validate(full=True)
    assert part.equals(wanted.slice(offset, length))
    batches = [batch.to_pyarrow() for batch in t.to_batches(2)]
    assert pa.concat_tables(batches).equals(wanted) if batches else wanted.num_rows == 0
    names = wanted.column_names[::-1]
    same(t.select(names).to_pyarrow(), wanted.select(names))
    for batch in wanted.to_batches():
        back = ab.table(batch).to_like(batch)
        assert back.equals(batch) and back.schema.equals(batch.schema, check_metadata=True)


NUMBERS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "M8[s]", "M8[ms]", "M8[us]", "M8[ns]", "m8[us]", "m8[ns]"]


@st.composite
def ours(draw):
    """An array of ours of one axis, with any step, and nulls or none; and its values with None for nulls."""
    rows, step = draw(st.integers(0, 20)), draw(st.sampled_from([1, 1, 2, -1, -3]))
    values = np.arange(rows).astype("int64").astype(draw(st.sampled_from(NUMBERS)))[::step]
    mask = draw(st.none() | st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    x = ab.asarray(values if mask is None else np.ma.MaskedArray(values, mask))
    start = draw(st.integers(0, 3))
    return x[start:], values[start:], [False] * len(values[start:]) if mask is None else mask[start:]


@given(ours())
@SETTINGS
def test_every_library_reads_the_values_of_an_array_of_ours(given_array):
    x, values, mask = given_array
    wanted = pa.array(values, mask=np.array(mask, bool))
    found = x.to_pyarrow()
    found.validate(full=True)
    assert found.equals(wanted) and found.null_count == sum(mask)
    if values.dtype.kind not in "M" or values.dtype != "M8[s]":  # Polars has no seconds.
        assert x.to_polars().to_arrow().equals(wanted.cast(x.to_polars().to_arrow().type))
    for read in (nanoarrow.Array(x), arro3.core.Array.from_arrow(x), nanoarrow.c_array(x)):
        assert pa.array(read).equals(wanted)
        back = ab.asarray(read)
        assert back.is_null().tolist() == mask
        assert pa.array(back).equals(wanted)


@given(tables())
@SETTINGS
def test_polars_and_arro3_read_of_ours_what_they_read_of_pyarrow(wanted):
    t = ab.table(wanted)
    for read in (lambda table: pa.table(arro3.core.Table.from_arrow(table)), lambda table: pl.DataFrame(Stream(table)).to_arrow()):
        try:
            model = read(wanted)
        except BaseException as error:  # Neither has every type of Arrow's; they panic at some.
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            with pytest.raises(type(error)):
                read(t)
        else:
            assert read(t).equals(model)
