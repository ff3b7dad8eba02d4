"""Tables of pyarrow: every type comes back as it came, at its address, with its schema, metadata and chunks [C6]."""

import datetime
import decimal
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import aria_array_bridge as ab

PARTNERS = ("pyarrow", "pandas", "numpy")
pytestmark = pytest.mark.usefixtures("nothing_is_left")
DAY, NOW = datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 12, 30)


class Opaque(pa.ExtensionType):
    def __init__(self):
        super().__init__(pa.binary(2), "aria.test.opaque")

    def __arrow_ext_serialize__(self):
        return b"how"

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, serialized):
        return cls()


COLUMNS = {
    **{str(kind): pa.array([1, None, 3], kind) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float32(), pa.float64())},
    "halffloat": pa.array([np.float16(1), None, np.float16(3)], pa.float16()),
    "bool": pa.array([True, None, False]),
    "null": pa.nulls(3),
    **{str(kind): pa.array(["ä", None, "a longer text than twelve bytes"], kind) for kind in (pa.string(), pa.large_string(), pa.string_view())},
    **{str(kind): pa.array([b"x", None, b"\x00 a longer run than twelve"], kind) for kind in (pa.binary(), pa.large_binary(), pa.binary_view())},
    "fixed_binary": pa.array([b"abc", None, b"def"], pa.binary(3)),
    **{str(kind): pa.array([DAY, None, DAY], kind) for kind in (pa.date32(), pa.date64())},
    **{str(kind): pa.array([datetime.time(1), None, datetime.time(2)], kind) for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))},
    **{str(kind): pa.array([NOW, None, NOW], kind) for unit in ("s", "ms", "us", "ns") for kind in (pa.timestamp(unit), pa.timestamp(unit, "Europe/Berlin"))},
    **{f"duration[{unit}]": pa.array([datetime.timedelta(1), None, datetime.timedelta(2)], pa.duration(unit)) for unit in ("s", "ms", "us", "ns")},
    "interval": pa.array([pa.MonthDayNano([1, 2, 3]), None, pa.MonthDayNano([4, 5, 6])]),
    "decimal32": pa.array([decimal.Decimal("1.5"), None, decimal.Decimal("-2")], pa.decimal32(5, 1)),
    "decimal64": pa.array([decimal.Decimal("1.5"), None, decimal.Decimal("-2")], pa.decimal64(15, 1)),
    "decimal128": pa.array([decimal.Decimal("1.5"), None, decimal.Decimal("-2")], pa.decimal128(38, 1)),
    "decimal256": pa.array([decimal.Decimal("1.5"), None, decimal.Decimal("-2")], pa.decimal256(76, 1)),
    "dictionary": pa.array(["a", None, "b"]).dictionary_encode(),
    "ordered": pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), ["a", "b"], ordered=True),
    "list": pa.array([[1, None], None, []], pa.list_(pa.int64())),
    "large_list": pa.array([["a"], None, []], pa.large_list(pa.string())),
    "list_view": pa.array([[1], None, [2, 3]], pa.list_view(pa.int32())),
    "fixed_list": pa.array([[1, 2], None, [3, None]], pa.list_(pa.int16(), 2)),
    "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "struct": pa.array([{"p": 1, "q": "x"}, None, {"p": None, "q": None}]),
    "nested": pa.array([[{"p": [1]}], None, []], pa.list_(pa.struct([pa.field("p", pa.list_(pa.int8()), metadata={"deep": "yes"})]))),
    "sparse_union": pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])]),
    "dense_union": pa.UnionArray.from_dense(pa.array([0, 1, 0], pa.int8()), pa.array([0, 0, 1], pa.int32()), [pa.array([1, 2]), pa.array(["a"])]),
    "run_ends": pa.RunEndEncodedArray.from_arrays(pa.array([1, 3], pa.int32()), pa.array(["a", None])),
    "extension": pa.ExtensionArray.from_storage(Opaque(), pa.array([b"ab", None, b"cd"], pa.binary(2))),
    "tensor": pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float64(), (2, 2)), pa.FixedSizeListArray.from_arrays(pa.array(np.arange(12.0)), 4)),
    "bool8": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None, 0], pa.int8())),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16), None, bytes(range(16))], pa.binary(16))),
    "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}", None, "[]"])),
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def the_type_is_known():
    pa.register_extension_type(Opaque())
    yield
    pa.unregister_extension_type("aria.test.opaque")


class Capsule:
    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def buffers(column):
    """The addresses of every buffer of every chunk."""
    return [[buffer and buffer.address for buffer in chunk.buffers()] for chunk in column.chunks]


def same(back, source):
    assert back.schema.equals(source.schema, check_metadata=True), (back.schema, source.schema)
    assert back.equals(source)
    back.validate(full=True)
    assert [column.num_chunks for column in back.columns] == [column.num_chunks for column in source.columns]


@pytest.mark.parametrize("name", COLUMNS)
def test_every_type_comes_back_with_its_values_its_schema_and_its_addresses(name):
    field = pa.field(name, COLUMNS[name].type, metadata={"k": "v", "ä": "ö"})
    source = pa.table([COLUMNS[name]], schema=pa.schema([field], metadata={"whose": "the table's"}))
    t = ab.table(source)
    for back in (t.to_pyarrow(), pa.table(t), pa.table(Capsule(t)), ab.table(t.to_pyarrow()).to_pyarrow(), t.to_like(source)):
        same(back, source)
    assert buffers(t.to_pyarrow()[0]) == buffers(source[0])
    assert t[0].null_count == source[0].null_count and t.num_rows == 3
    assert t.schema.metadata == {b"whose": b"the table's"} and t.field(0).metadata[b"k"] == b"v"
    assert ab.schema(source.schema) == ab.schema(source) == t.schema and pa.schema(t.schema).equals(source.schema, check_metadata=True)
    cut = t.slice(1).to_pyarrow()
    assert cut.equals(source.slice(1)) and t.slice(1)[0].null_count == source[0].slice(1).null_count
    assert t.slice(0, 0).to_pyarrow().equals(source.slice(0, 0)) and t.slice(2, 1).to_pyarrow().equals(source.slice(2, 1))
    assert ab.table(source.slice(1, 2)).slice(1).to_pyarrow().equals(source.slice(2))
    assert ab.table(source).equals(t) and not t.equals(t.slice(1))


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_a_chunked_array_and_a_batch_a_record_batch(name):
    batch = pa.record_batch({"a": COLUMNS[name]})
    t = ab.table(batch)
    column = t["a"].to_pyarrow()
    assert isinstance(column, pa.ChunkedArray) and column.equals(pa.chunked_array([COLUMNS[name]]))
    assert pa.chunked_array(t["a"]).equals(column) and ab.table({"b": COLUMNS[name]})["b"].to_pyarrow().equals(column)
    assert ab.table({"b": column})["b"].to_pyarrow().equals(column)
    back = t.to_like(batch)
    assert isinstance(back, pa.RecordBatch) and back.equals(batch) and back.schema.equals(batch.schema, check_metadata=True)
    if not name.endswith("_union"):  # pyarrow makes no empty one.
        assert t.slice(0, 0).to_like(batch).equals(batch.slice(0, 0))
    [passed] = ab.batches(pa.RecordBatchReader.from_batches(batch.schema, [batch]))
    assert passed.to_like(batch).equals(batch)


@pytest.mark.parametrize("name", sorted(COLUMNS.keys() - {"tensor"}))
def test_a_column_as_a_list_is_what_pyarrow_says(name):
    column = ab.table({"a": COLUMNS[name]})["a"]
    expected = COLUMNS[name].to_pylist()
    if str(COLUMNS[name].type).startswith(("timestamp[ns", "duration[ns")):
        assert len(column.tolist()) == 3
        return
    assert column.tolist() == expected


NO_ARRAYS = sorted(name for name in COLUMNS if name in ("string", "large_string", "string_view", "binary", "binary_view", "null", "dictionary", "ordered",
    "list", "large_list", "list_view", "map", "struct", "nested", "sparse_union", "dense_union", "run_ends", "extension", "uuid", "json", "interval") or "decimal" in name or "Berlin" in name)  # fmt: skip


@pytest.mark.parametrize("name", NO_ARRAYS)
def test_a_column_that_is_no_array_is_refused_as_one_and_named(name):
    t = ab.table({"n": [1, 2, 3], "it": COLUMNS[name]})
    with pytest.raises(ab.ArgumentError, match="a column of .* is no array") as caught:
        ab.asarray(t["it"])
    assert caught.value.plan.reasons[0].hint and caught.value.plan.reasons[0].where == "column 'it'"
    for refused in (t.to_matrix, lambda: ab.asarray(t), lambda: ab.asarray(t.to_pyarrow())):
        with pytest.raises(ab.ArgumentError, match="column 'it'") as caught:
            refused()
        assert [reason.code for reason in caught.value.plan.reasons] == ["not-numeric"]
    assert t.select(["n"]).to_matrix().tolist() == [[1], [2], [3]]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_without_rows_goes_out_whatever_its_type(name):
    empty = pa.table({"x": pa.chunked_array([], COLUMNS[name].type)})
    t = ab.table(empty)
    for back in (t.to_pyarrow(), pa.table({"x": t["x"].to_pyarrow()})):  # pyarrow reads an offset of no elements.
        back.validate(full=True)
        assert back.equals(empty)


def test_schemas_keep_order_names_nullability_and_metadata():
    fields = [pa.field("z", pa.int8(), nullable=False), pa.field("", pa.string(), metadata={"k": ""}), pa.field("a", pa.list_(pa.field("x", pa.int8(), nullable=False)))]
    source = pa.table([pa.array([1], pa.int8()), pa.array(["s"]), pa.array([[1]], fields[2].type)], schema=pa.schema(fields, metadata={b"\xff": b"\x00"}))
    t = ab.table(source)
    same(t.to_pyarrow(), source)
    assert [(field.name, field.nullable, field.metadata) for field in t.schema.fields] == [("z", False, None), ("", True, {b"k": b""}), ("a", True, None)]
    assert repr(t.field("z")) == "Field z int8, not nullable" and t.schema.metadata == {b"\xff": b"\x00"}
    picked = t.select(["a", "z"]).to_pyarrow()
    assert picked.equals(source.select(["a", "z"])) and picked.schema.metadata == source.schema.metadata
    assert pa.field(t.field("z")).equals(fields[0]) and t.schema != ab.table(source.replace_schema_metadata(None)).schema


def test_chunks_stay_and_cut_batches():
    source = pa.table({"a": pa.chunked_array([[1, 2], [3]]), "s": pa.chunked_array([["x", "y"], ["z"]])})
    t = ab.table(source)
    same(t.to_pyarrow(), source)
    assert [len(chunk) for chunk in t["s"].chunks] == [2, 1] and t["s"].chunks[1].tolist() == ["z"]
    assert [cut.num_rows for cut in t.to_batches()] == [2, 1] and [cut.num_rows for cut in t.to_batches(1)] == [1, 1, 1]
    uneven = pa.table({"a": pa.chunked_array([[1], [2, 3]]), "b": pa.chunked_array([[1, 2], [3]])})
    assert ab.table(uneven).to_pyarrow().equals(uneven)
    array = ab.asarray(t["a"])
    assert array.tolist() == [1, 2, 3] and [reason.code for reason in array.plan.reasons] == ["chunked"] and array.plan.copied_bytes == 24
    assert ab.asarray(t["a"].chunks[0]).plan.outcome == "view"
    none = pa.table({"a": pa.chunked_array([], pa.int8())})
    assert ab.table(none).to_pyarrow().equals(none) and ab.asarray(ab.table(none)["a"]).shape == (0,)
    assert ab.table(pa.table({})).shape == (0, 0)
    rows = pa.table({"a": [1, 2]}).select([])
    assert ab.table(ab.table({"a": [1, 2]}).select([])).num_rows == 2 and rows.num_columns == 0


def test_a_numeric_column_is_an_array_over_the_same_memory():
    source = pa.table({"a": pa.array([1, None, 3]), "x": pa.array([0.5, 1.5, 2.5])})
    a, x = ab.asarray(ab.table(source)["a"]), ab.asarray(ab.table(source)["x"])
    assert a.address == source["a"].chunk(0).buffers()[1].address and a.tolist() == [1, None, 3]
    assert x.address == source["x"].chunk(0).buffers()[1].address and x.readonly and x.plan.outcome == "view"
    assert ab.asarray(ab.table(source).slice(1)["x"]).address == x.address + 8
    m = ab.asarray(source)
    assert m.tolist() == [[1, 0.5], [None, 1.5], [3, 2.5]]


def test_arrays_go_out_as_columns_at_their_address_and_bools_are_a_copy():
    t = ab.table({"x": np.array([0.5, 1.5]), "b": np.array([True, False]), "m": np.arange(6.0).reshape(2, 3)})
    with ab.trace() as hops:
        out = t.to_pyarrow()
    assert out.schema.types == [pa.float64(), pa.bool_(), pa.list_(pa.float64(), 3)] and out["b"].to_pylist() == [True, False]
    assert out["x"].chunk(0).buffers()[1].address == ab.asarray(t["x"]).address
    [hop] = [hop for hop in hops if hop.source == "Table"]
    assert hop.outcome == "copy" and ("bits", "column 'b'") in [(reason.code, reason.where) for reason in hop.reasons]
    with ab.no_copy():
        assert t.select(["x"]).to_pyarrow().num_rows == 2
        with pytest.raises(ab.ConversionError, match="booleans are bytes .*column 'b'"):
            t.to_pyarrow()
    flags = t.select(["b"]).__arrow_c_stream__(pa.schema([pa.field("b", pa.bool8())]).__arrow_c_schema__())
    taken = pa.RecordBatchReader._import_from_c_capsule(flags).read_all()
    assert taken.schema.types == [pa.bool8()] and taken["b"].chunk(0).storage.buffers()[1].address == ab.asarray(t["b"]).address


def test_structs_and_streams_of_them_are_tables_and_other_arrays_are_one_column():
    structs = pa.array([{"a": 1, "s": "x"}, {"a": 2, "s": None}])
    assert ab.table(structs).to_pyarrow().to_pylist() == structs.to_pylist() == ab.table(pa.chunked_array([structs])).to_pyarrow().to_pylist()
    assert ab.table(structs.slice(1)).to_pyarrow().to_pylist() == [{"a": 2, "s": None}]
    for source in (pa.array([1, None]), pa.chunked_array([[1], [None]]), pa.array(["x", None]), pa.chunked_array([], pa.string())):
        table = ab.table(source)
        assert table.column_names == [""] and table[0].to_pyarrow() == pa.chunked_array(source)
        assert table[0].num_chunks == pa.chunked_array(source).num_chunks
    with pytest.raises(ab.ConversionError, match="expected rows that are not null as a whole but found 1 of 2 that are") as caught:
        ab.table(pa.array([{"a": 1}, None]))
    assert [reason.code for reason in caught.value.plan.reasons] == ["nulls"]


def test_a_stream_that_fails_in_the_middle_keeps_the_producers_text():
    schema = pa.schema([("a", pa.int64())])

    def failing():
        yield pa.record_batch({"a": [1]})
        raise RuntimeError("the disk is gone")

    def source():
        return pa.RecordBatchReader.from_batches(schema, failing())

    reader = ab.batches(source())
    assert next(reader)["a"].tolist() == [1]
    with pytest.raises(ab.ConversionError, match="the disk is gone") as caught:
        next(reader)
    assert [reason.code for reason in caught.value.plan.reasons] == ["stream-error"] and list(reader) == []
    with pytest.raises(ab.ConversionError, match="the disk is gone"):
        ab.table(source())
    with pytest.raises(pa.ArrowInvalid, match="the disk is gone"):
        pa.table(ab.batches(source()))
    with pytest.raises(pa.ArrowInvalid, match="RuntimeError: the disk is gone"):
        pa.table(ab.batches(failing()))


def test_readers_go_to_pyarrow_and_back():
    source = pa.table({"a": pa.chunked_array([[1], [2, 3]]), "s": pa.chunked_array([["x"], ["y", None]])})
    assert ab.batches(source.to_reader()).read_all().to_pyarrow().equals(source)
    assert pa.table(ab.batches(source)).equals(source)
    reader = pa.RecordBatchReader.from_stream(ab.batches(source))
    assert reader.schema.equals(source.schema) and [batch.num_rows for batch in reader] == [1, 2]
    assert [batch["s"].tolist() for batch in ab.batches(source.to_batches())] == [["x"], ["y", None]]
    most = 0
    many = pa.RecordBatchReader.from_batches(source.schema, (source.to_batches()[1] for _ in range(1000)))
    for batch in ab.batches(many):
        most = max(most, len(ab.ledger()))
    assert most <= 4 and batch.num_rows == 2
    once = ab.batches(source)
    for look in (ab.asarray, ab.explain):
        try:
            assert look(once).outcome == "refuse"
        except ab.ArgumentError as error:
            assert "ab.table(x)" in str(error)
    assert once.read_all().num_rows == 3, "a reader that is no array was not read"


FRAMES = {
    **{dtype: pd.Series(np.arange(3).astype("int64").astype(dtype)) for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64", "bool",
       *(f"{kind}64[{unit}]" for kind in ("datetime", "timedelta") for unit in ("s", "ms", "us", "ns")))},
    **{dtype: pd.Series([1, None, 0], dtype=dtype) for dtype in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "boolean")},
    **{dtype: pd.Series(["a", None, "b"], dtype=dtype) for dtype in ("str", "string", "string[pyarrow]", "category")},
    **{f"zone {unit}": pd.Series(pd.to_datetime(["2020-01-01", None, "2021-07-01"]).tz_localize("Europe/Berlin").as_unit(unit)) for unit in ("s", "ms", "us", "ns")},
    **{f"period {frequency}": pd.Series(pd.period_range("2020", periods=3, freq=frequency)) for frequency in ("Y", "M", "D", "h", "s")},
    **{f"interval {closed}": pd.Series(pd.arrays.IntervalArray.from_tuples([(0.0, 1.0), None, (2.0, 3.0)], closed=closed)) for closed in ("left", "right", "both", "neither")},
    "categories of numbers": pd.Series([1, None, 2], dtype="category"), "categories of times": pd.Series(pd.Categorical(pd.to_datetime(["2020", None, "2021"]))),
    "nan": pd.Series([1.0, np.nan, 3.0]), "nat": pd.Series(pd.to_datetime(["2020", None, "2021"])),
    "ordered": pd.Series(pd.Categorical([2, None, 1], ordered=True)), "period": pd.Series(pd.period_range("2020", periods=3)),
    "interval": pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3])), "zone": pd.Series(pd.date_range("2020", periods=3, tz="Europe/Berlin")),
    **{f"arrow {column.type}": pd.Series(pd.arrays.ArrowExtensionArray(column)) for name, column in COLUMNS.items() if name in ("int64", "double", "bool", "string", "large_string", "binary", "date32[day]", "time64[us]",
       "timestamp[us, tz=Europe/Berlin]", "duration[ns]", "dictionary", "list", "struct", "fixed_list", "null")},
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_of_every_dtype_comes_back_equal(name):
    frame = pd.DataFrame({"n": [1, 2, 3], "it": FRAMES[name], "same": FRAMES[name]})
    t = ab.table(frame)
    back = t.to_pandas()
    assert back.equals(frame)
    pd.testing.assert_frame_equal(back, frame)
    pd.testing.assert_frame_equal(t.to_like(frame), frame)
    if name in ("float64", "nan", "nat"):
        assert t["it"].null_count == 0
    series = t["it"].to_pandas()
    assert series.name == "it" and len(series) == 3
    pd.testing.assert_frame_equal(ab.table(t.to_pyarrow()).to_pandas(), frame)


@pytest.mark.parametrize("name", FRAMES)
def test_a_series_of_every_dtype_is_one_column_by_every_door(name):
    series = FRAMES[name].rename("it")
    frame = series.to_frame()
    [batch] = ab.batches(frame)
    [part] = ab.batches([frame])
    columns = [ab.table({"it": series})["it"], ab.table(frame)["it"], batch["it"], part["it"], ab.table(frame).append_column("more", series)["more"]]
    first = columns[0]
    nulls = [False] * 3 if series.dtype.kind in "fmM" and isinstance(series.dtype, np.dtype) else series.isna().tolist()  # NaN and NaT are values.
    for column in columns:
        assert column.field.type == first.field.type and column.null_count == sum(nulls) and len(column) == 3
        assert ab.table({"it": column}).equals(ab.table({"it": first}))
    try:
        array = ab.asarray(series)
    except ab.ConversionError as error:
        assert error.plan.reasons[0].code == "extension-dtype" and str(series.dtype) in str(error)
        with pytest.raises(ab.ConversionError):
            ab.asarray(first)
        return
    for again in (ab.asarray(first), ab.asarray(batch["it"]), ab.asarray(series.array)):
        assert again.dtype == array.dtype and again.equals(array, equal_nan=True)
        assert again.ndim > 1 or again.is_null().tolist() == nulls  # A list of one length that is null has a null for each of its elements.


def test_arrow_backed_columns_stand_beside_plain_ones_of_the_same_type_and_share_their_memory():
    column = pa.array([1, 2, 3])
    backed = pd.arrays.ArrowExtensionArray(column)
    frame = pd.DataFrame({"plain": [1, 2, 3], "backed": backed, "null": pd.Series([1, None, 2], dtype="Int64")}, index=["x", "y", "z"])
    back = ab.table(frame).to_pandas()
    pd.testing.assert_frame_equal(back, frame)
    out = pa.array(back["backed"])
    assert buffers(out if isinstance(out, pa.ChunkedArray) else pa.chunked_array([out])) == buffers(pa.chunked_array([column]))
    assert ab.table(frame).select(["backed"]).to_pandas().columns.tolist() == ["backed"]


INDICES = {
    "range": pd.RangeIndex(3), "range from 5": pd.RangeIndex(5, 8), "named range": pd.RangeIndex(5, 11, 2, name="r"), "text": pd.Index(["x", "y", "z"]), "named": pd.Index(["x", "y", "z"], name="k"),
    "named as a column": pd.Index(["x", "y", "z"], name="a"), "ints": pd.Index([3, 1, 2]), "floats": pd.Index([0.5, np.nan, 2]), "categories": pd.CategoricalIndex(["x", "y", "x"]),
    "times": pd.DatetimeIndex(["2020", "2022", "2021"], tz="UTC"), "levels": pd.MultiIndex.from_tuples([(1, "x"), (1, "y"), (2, "x")], names=["i", None]),
    "levels without names": pd.MultiIndex.from_arrays([[1, 2, 3], ["x", "y", "z"]]),
}  # fmt: skip


@pytest.mark.parametrize("name", INDICES)
def test_a_frame_of_every_index_comes_back_equal(name):
    frame = pd.DataFrame({"a": [1, 2, 3], "s": ["x", None, "z"]}, index=INDICES[name])
    t = ab.table(frame)
    pd.testing.assert_frame_equal(t.to_pandas(), frame)
    assert t.to_pandas().equals(frame) and t.column_names[:2] == ["a", "s"]
    if name != "categories":  # pyarrow forgets those that no row has.
        pd.testing.assert_frame_equal(ab.table(frame[["a"]].iloc[:0]).to_pandas(), frame[["a"]].iloc[:0])
    pd.testing.assert_frame_equal(ab.table(frame[[]]).to_pandas(), frame[[]])


@pytest.mark.parametrize("labels", [[0, 1], ["a", "a"], [("a", "x"), ("a", "y")], pd.Index(["a", "b"], name="cc"), pd.to_datetime(["2020", "2021"])], ids=repr)
def test_labels_of_columns_come_back(labels):
    frame = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=pd.MultiIndex.from_tuples(labels) if type(labels[0]) is tuple else labels)
    t = ab.table(frame)
    pd.testing.assert_frame_equal(t.to_pandas(), frame)
    assert t.column_names == [str(label) for label in labels] and t.to_matrix(copy=False).tolist() == frame.to_numpy().tolist()


def test_attributes_empty_frames_and_the_metadata_of_pandas_come_along():
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"unit": "m"}
    t = ab.table(frame)
    assert t.to_pandas().attrs == {"unit": "m"} and json.loads(t.schema.metadata[b"pandas"])["columns"][0]["name"] == "a"
    for empty in (pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": pd.Series([], dtype="str")})):
        pd.testing.assert_frame_equal(ab.table(empty).to_pandas(), empty)


@pytest.mark.parametrize("values, code", [(pd.Series(["a", 1], dtype=object), "object-dtype"), (pd.Series([object()]), "object-dtype"), (pd.Series(pd.arrays.SparseArray([0, 1])), "extension-dtype")])
def test_a_frame_with_a_column_that_arrow_has_not_is_refused_and_names_it(values, code):
    with pytest.raises(ab.ConversionError, match="column 'odd'") as caught:
        ab.table(pd.DataFrame({"n": range(len(values)), "odd": values}))
    assert [reason.code for reason in caught.value.plan.reasons] == [code]


def test_integers_and_booleans_with_nulls_are_not_rounded_on_their_way_to_pandas():
    big = 2**53 + 1
    t = ab.table(pa.table({"x": pa.array([big, None]), "b": pa.array([True, None]), "u": pa.array([1, None], pa.uint8()), "n": [1, 2]}))
    frame = t.to_pandas()
    assert [str(dtype) for dtype in frame.dtypes] == ["Int64", "boolean", "UInt8", "int64"]
    assert frame["x"][0] == big and frame["x"].isna().tolist() == [False, True]
    series = pd.Series(pd.array([big, None], dtype="Int64"), name="a")
    assert ab.table(pd.DataFrame({"a": series}))["a"].to_like(series).equals(series)
    grown = ab.table(pd.DataFrame({"a": series})).append_column("p", pa.array([big, None])).to_pandas()
    assert grown["p"][0] == big and str(grown["p"].dtype) == "Int64"


def test_an_index_of_text_is_no_column_of_the_matrix():
    frame = pd.DataFrame({"x": [0.5, 1], "n": [1, 2]}, index=["a", "b"])
    for matrix in (ab.asarray(frame), ab.table(frame).to_matrix(), np.asarray(ab.table(frame))):
        assert np.asarray(matrix).tolist() == frame.to_numpy().tolist()


def test_a_batch_without_rows_goes_back_whatever_its_types():
    """pyarrow makes no dictionary of dates of a list, not even of an empty one."""
    days = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.date32()))
    batch = pa.record_batch({"d": days, "s": pa.array([], pa.string())}).replace_schema_metadata({"k": "v"})
    back = ab.table(batch).to_like(batch)
    assert back.equals(batch) and back.schema.equals(batch.schema, check_metadata=True)


@pytest.mark.parametrize("values", [["ann", None, "ä€\U0001f600", ""], ("x",), ["a\0b"], [str(i) * (i % 7) for i in range(1000)]], ids=len)
def test_a_list_of_text_has_its_values(values):
    table = ab.table({"s": values})
    arrow = table.to_pyarrow()
    arrow.validate(full=True)
    assert arrow["s"].to_pylist() == table["s"].tolist() == list(values)
    assert [None if pd.isna(value) else value for value in table.to_pandas()["s"]] == list(values)


@pytest.mark.parametrize("kind, unit", [("M8", "h"), ("M8", "m"), ("M8", "W"), ("m8", "D"), ("m8", "h"), ("M8", "2h"), ("M8", "25s")])
def test_times_of_coarse_units_have_their_values_in_seconds(kind, unit):
    source = np.ma.MaskedArray(np.array([1, 2, -3], f"{kind}[{unit}]"), [0, 1, 0])
    seconds = ab.table({"t": source}).to_pandas()["t"].to_numpy()
    assert seconds.dtype == f"{kind}[s]" and (seconds[::2] == source.data[::2]).all() and np.isnat(seconds[1])
