"""pyarrow's arrays by the Arrow C data interface, both ways: values, types, addresses where memory is shared."""

import datetime
import decimal
import gc
import itertools

import numpy as np
import pyarrow as pa
import pytest

import aria_array_bridge as ab

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def address(column, item):
    """Where element zero lies."""
    return column.buffers()[1].address + column.offset * item


NUMBERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()]  # fmt: skip
SHARED = [(t, {"halffloat": "float16", "float": "float32", "double": "float64"}.get(str(t), str(t))) for t in NUMBERS] + [
    *((pa.timestamp(unit), f"datetime64[{unit}]") for unit in ("s", "ms", "us", "ns")),
    *((pa.duration(unit), f"timedelta64[{unit}]") for unit in ("s", "ms", "us", "ns")),
    (pa.date64(), "datetime64[ms]"),
    (pa.time64("us"), "timedelta64[us]"),
    (pa.time64("ns"), "timedelta64[ns]"),
    (pa.binary(4), np.dtype("V4")),
]
COPIED = [(pa.bool_(), "bool"), (pa.date32(), "datetime64[D]"), (pa.time32("s"), "timedelta64[s]"), (pa.time32("ms"), "timedelta64[ms]")]
REFUSED = [
    pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(), pa.decimal32(5, 2),
    pa.decimal64(9, 2), pa.decimal128(20, 2), pa.decimal256(40, 2), pa.timestamp("us", "UTC"), pa.null(), pa.list_(pa.int64()),
    pa.large_list(pa.int64()), pa.list_view(pa.int64()), pa.large_list_view(pa.int64()), 
    pa.map_(pa.int8(), pa.int8()), pa.dictionary(pa.int8(), pa.string()), pa.month_day_nano_interval(),
    pa.run_end_encoded(pa.int32(), pa.int64()), pa.dense_union([pa.field("a", pa.int8())]), pa.sparse_union([pa.field("a", pa.int8())]),
]  # fmt: skip


def column(kind):
    """[1, null, 3, 4] of the type."""
    if pa.types.is_boolean(kind):
        return pa.array([True, None, False, True])
    if pa.types.is_fixed_size_binary(kind):
        return pa.array([b"abcd", None, b"efgh", b"ijkl"], kind)
    if pa.types.is_float16(kind):
        return pa.array([np.float16(1), None, np.float16(3), np.float16(4)], kind)
    if pa.types.is_date64(kind):
        return pa.array([86400000, None, 3 * 86400000, 4 * 86400000], pa.int64()).view(kind)
    width = {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[kind.bit_width]
    return pa.array([1, None, 3, 4], width).view(kind) if not pa.types.is_floating(kind) else pa.array([1.0, None, 3.0, 4.0], kind)


@pytest.mark.parametrize(("kind", "dtype"), SHARED + COPIED, ids=str)
def test_every_type_of_one_width_is_an_array(kind, dtype):
    whole = column(kind)
    for cut in (whole, whole[1:], whole[1:][1:2], whole[4:], pa.nulls(2, kind)):
        x = ab.asarray(cut)
        assert x.dtype == dtype and x.shape == (len(cut),) and x.null_count == cut.null_count
        assert x.readonly and x.access == "shared" or x.plan.outcome == "copy"
        assert x.is_null().tolist() == cut.is_null().to_pylist()
        if (kind, dtype) in SHARED:
            assert x.plan.outcome == "view" and x.plan.protocol == "__arrow_c_array__"
            assert not len(cut) or x.address == address(cut, x.itemsize)
        else:
            assert x.plan.outcome == "copy" and x.plan.copied_bytes == len(cut) * x.itemsize
            with pytest.raises(ab.ConversionError, match="copy=False"):
                ab.asarray(cut, copy=False)
        assert ab.explain(cut) == x.plan or x.plan.outcome == "copy"
        assert ab.asarray(cut, copy=True).plan.outcome == "copy"
        if cut.null_count == 0 and not pa.types.is_time(kind):  # Times of day pyarrow gives as Python's.
            expected = cut.to_numpy(zero_copy_only=False)
            assert x.to_numpy().tolist() == expected.astype(x.to_numpy().dtype).tolist()


def test_times_of_day_are_durations_and_say_so():
    noon = datetime.time(12, 0, 1)
    for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")):
        x = ab.asarray(pa.array([noon], kind))
        assert x.to_numpy()[0] == np.timedelta64(43201, "s")
        assert "time-of-day" in [reason.code for reason in x.plan.reasons]
    assert ab.asarray(pa.array([datetime.date(2020, 2, 29)])).to_numpy()[0] == np.datetime64("2020-02-29")


@pytest.mark.parametrize("kind", REFUSED, ids=str)
def test_what_is_no_array_is_refused_by_the_name_of_its_type(kind):
    some = pa.nulls(2, kind) if not pa.types.is_run_end_encoded(kind) else pa.RunEndEncodedArray.from_arrays([2], pa.array([1]))
    for source in (some, pa.chunked_array([some])):
        with pytest.raises(ab.ArgumentError) as caught:
            ab.asarray(source)
        assert "not-numeric" in [reason.code for reason in caught.value.plan.reasons]
        assert str(kind).split("[")[0].split("<")[0].split("(")[0] in str(caught.value)


def test_lists_of_what_is_no_array_are_refused_by_what_is_in_them():
    with pytest.raises(ab.ArgumentError, match="a column of string"):
        ab.asarray(pa.array([["a", "b"]], pa.list_(pa.string(), 2)))


def test_decimals_are_never_floats():
    with pytest.raises(ab.ArgumentError, match="decimal128"):
        ab.asarray(pa.array([decimal.Decimal("1.10")]))


def test_lists_of_one_length_are_axes_to_any_depth():
    flat = pa.array(range(24), pa.int32())
    nested = pa.FixedSizeListArray.from_arrays(pa.FixedSizeListArray.from_arrays(flat, 3), 2)
    x = ab.asarray(nested)
    assert x.shape == (4, 2, 3) and x.tolist() == nested.to_pylist() and x.address == flat.buffers()[1].address
    cut = nested[1:3]
    y = ab.asarray(cut)
    assert y.tolist() == cut.to_pylist() and y.address == x.address + 24 and y.plan.outcome == "view"
    deep = flat[:1]
    for _ in range(20):
        deep = pa.FixedSizeListArray.from_arrays(deep, 1)
    assert ab.asarray(deep).shape == (1,) * 21


def test_nulls_of_lists_and_of_values_are_both_kept():
    inner = [[1, 2], None, [None, 6]]
    x = ab.asarray(pa.array(inner, pa.list_(pa.int64(), 2)))
    assert x.shape == (3, 2) and x.is_null().tolist() == [[False, False], [True, True], [True, False]]
    assert x.null_count == 3 and x.fill_null(0).tolist() == [[1, 2], [0, 0], [0, 6]]
    outer = ab.asarray(pa.array([[1, 2], None], pa.list_(pa.int64(), 2)))
    assert outer.is_null().tolist() == [[False, False], [True, True]] and outer.plan.outcome == "view"
    cut = ab.asarray(pa.array(inner, pa.list_(pa.int64(), 2))[1:])
    assert cut.is_null().tolist() == [[True, True], [True, False]]
    bools = ab.asarray(pa.array([[True, None], None, [False, True]], pa.list_(pa.bool_(), 2))[1:])
    assert bools.is_null().tolist() == [[True, True], [False, False]] and bools.fill_null(False).tolist()[1] == [False, True]


def test_views_of_an_array_with_nulls_keep_them():
    x = ab.asarray(pa.array([1, None, 3, None, 5, 6]))
    assert x[::-2].tolist() == [6, None, None] and x[1:].reshape(5, 1).null_count == 2
    assert x[1::2].validity.tolist() == [False, False, True] and x.values.null_count == 0
    assert x[1:4].fill_null(9).tolist() == [9, 3, 9]
    assert x.reshape(2, 3).T.is_null().tolist() == [[False, True], [True, False], [False, False]]


def test_a_tensor_has_its_permutation():
    storage = pa.FixedSizeListArray.from_arrays(pa.array(range(12), pa.float32()), 6)
    plain = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), (2, 3)), storage)
    x = ab.asarray(plain)
    assert x.shape == (2, 2, 3) and x.tolist() == plain.to_numpy_ndarray().tolist()
    assert x.address == storage.values.buffers()[1].address
    turned = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), (2, 3), ["a", "b"], [1, 0]), storage)
    y = ab.asarray(turned)
    assert y.shape == (2, 3, 2) and y.tolist() == turned.to_numpy_ndarray().tolist() and y.address == x.address
    assert ab.asarray(turned[1:]).tolist() == y[1:].tolist()


def test_bool8_is_shared_both_ways():
    column = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None, 2], pa.int8()))
    x = ab.asarray(column)
    assert x.plan.outcome == "view" and x.tolist() == [True, False, None, True]
    assert x.address == column.storage.buffers()[1].address
    ours = ab.asarray(np.array([True, False]))
    back = pa.Array._import_from_c_capsule(*ours.__arrow_c_array__(pa.field("", pa.bool8()).__arrow_c_schema__()))
    assert back.type == pa.bool8() and back.storage.buffers()[1].address == ours.address


def test_a_tensor_goes_out_where_it_is_asked_for():
    ours = ab.asarray(np.arange(12.0).reshape(2, 2, 3))
    wish = pa.field("", pa.fixed_shape_tensor(pa.float64(), (2, 3)))
    back = pa.Array._import_from_c_capsule(*ours.__arrow_c_array__(wish.__arrow_c_schema__()))
    assert back.type == wish.type and back.to_numpy_ndarray().tolist() == ours.tolist()
    assert back.storage.values.buffers()[1].address == ours.address


@pytest.mark.parametrize("names", [None, ["a", "b", "c"]])
@pytest.mark.parametrize("permutation", [None, *itertools.permutations(range(3))])
def test_a_tensor_comes_back_with_its_permutation_and_the_names_of_its_axes(permutation, names):
    kind = pa.fixed_shape_tensor(pa.float64(), (2, 3, 4), names, permutation and list(permutation))
    column = pa.ExtensionArray.from_storage(kind, pa.FixedSizeListArray.from_arrays(pa.array(np.arange(72.0)), 24))
    ours = ab.asarray(column)
    back = pa.Array._import_from_c_capsule(*ours.__arrow_c_array__(pa.field("", kind).__arrow_c_schema__()))
    assert back.type == kind and back.equals(column) and back.storage.values.buffers()[1].address == ours.address
    # In a table, as it came and as an array.
    table = pa.table({"t": column})
    t = ab.table(table)
    assert t.to_pyarrow().schema == table.schema and t.to_pyarrow().equals(table) and t.select(["t"]).slice(1).to_pyarrow().equals(table.slice(1))
    made = ab.table({"t": ours})
    read = pa.RecordBatchReader._import_from_c_capsule(made.__arrow_c_stream__(table.schema.__arrow_c_schema__())).read_all()
    assert read.schema == table.schema and read.equals(table)
    assert read["t"].chunk(0).storage.values.buffers()[1].address == ours.address


def test_chunks_are_one_array():
    two = pa.chunked_array([[1, None], [3]])
    x = ab.asarray(two)
    assert x.tolist() == [1, None, 3] and x.plan.copied_bytes == 24 and [r.code for r in x.plan.reasons] == ["chunked"]
    one = pa.chunked_array([[1, 2]])
    assert ab.asarray(one).address == one.chunk(0).buffers()[1].address
    assert ab.asarray(pa.chunked_array([], pa.int16())).shape == (0,)
    lists = pa.chunked_array([[[1, 2]], [[3, None], None]], pa.list_(pa.int8(), 2))
    assert ab.asarray(lists).is_null().tolist() == [[False, False], [False, True], [True, True]]
    bools = ab.asarray(pa.chunked_array([[True], [None, False]]))
    assert bools.tolist() == [True, None, False] and [r.code for r in bools.plan.reasons] == ["chunked", "bits"]
    cut = pa.chunked_array([pa.array(range(10))[3:5], pa.array(range(10))[7:]])
    assert ab.asarray(cut).tolist() == [3, 4, 7, 8, 9]
    assert ab.asarray(two, dtype="int32").plan.copied_bytes == 12 and ab.explain(two).outcome == "copy"


def test_what_pyarrow_shares_with_others_it_shares_with_us():
    column = pa.array([1, None, 3])
    for source in (column, column.__arrow_c_array__(), column.__arrow_c_device_array__(), pa.chunked_array([column]).__arrow_c_stream__()):
        x = ab.from_arrow(source)
        assert x.address == column.buffers()[1].address and x.tolist() == [1, None, 3]
        del x, source
    gc.collect()
    assert ab.from_arrow(column, validate="full").null_count == 1


DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
TIMES = [f"{kind}[{unit}]" for kind in ("datetime64", "timedelta64") for unit in ("s", "ms", "us", "ns")] + ["datetime64[D]"]


@pytest.mark.parametrize("dtype", DTYPES + TIMES)
@pytest.mark.parametrize("shape", [(6,), (0,), (2, 3), (3, 1, 2)], ids=str)
def test_every_dtype_goes_out_and_comes_back(dtype, shape):
    source = np.arange(np.prod(shape)).astype("int64").astype(dtype).reshape(shape)
    ours = ab.asarray(source)
    theirs = ours.to_pyarrow()
    theirs.validate(full=True)
    copied = dtype in ("bool", "datetime64[D]")
    assert ab.explain(source, to="pyarrow").outcome == ("copy" if copied else "view")
    if len(shape) == 1:
        expected = {"datetime64[D]": pa.date32()}.get(dtype) or pa.from_numpy_dtype(source.dtype)
        assert theirs.type == expected
        assert copied or not len(source) or theirs.buffers()[1].address == ours.address
    back = ab.asarray(theirs)
    assert back.dtype == dtype and back.shape == shape and back.to_numpy().tolist() == source.tolist()
    assert copied or not source.size or back.address == ours.address


def test_nulls_go_out_and_come_back():
    source = np.ma.MaskedArray(np.arange(10.0), mask=[i % 3 == 0 for i in range(10)])
    for cut in (slice(None), slice(1, None), slice(9, 2, -1), slice(2, 2)):
        ours = ab.asarray(source[cut])
        theirs = ours.to_pyarrow()
        theirs.validate(full=True)
        assert theirs.to_pylist() == ours.tolist() and theirs.null_count == ours.null_count
        assert ab.asarray(theirs).tolist() == ours.tolist()
    imported = ab.asarray(pa.array([1, None, 3, 4, None]))
    for cut in (imported[1:], imported[::2], imported.reshape(5, 1), imported[8:]):
        assert cut.to_pyarrow().to_pylist() == cut.tolist()


def test_strides_are_packed_by_a_copy_that_says_so():
    ours = ab.asarray(np.arange(6.0))[::2]
    plan = ab.explain(ours, to="pyarrow")
    assert plan.outcome == "copy" and plan.copied_bytes == 24 and plan.reasons[0].code == "order"
    assert ours.to_pyarrow().to_pylist() == [0, 2, 4]
    with pytest.raises(ab.ConversionError, match="copy=False"):
        ours.to_pyarrow(copy=False)
    whole = ab.asarray(np.arange(6.0))
    assert whole.to_pyarrow(copy=True).buffers()[1].address != whole.address
    assert [r.code for r in ab.explain(whole, to="pyarrow").reasons] == ["immutability"]


def test_what_is_exported_outlives_us_and_counts():
    ours = ab.asarray(np.arange(4.0))
    theirs = ours.to_pyarrow()
    with pytest.raises(BufferError, match="1 export"):
        ours.release()
    del ours
    gc.collect()
    assert theirs.to_pylist() == [0, 1, 2, 3]


def test_a_table_still_comes_by_array():
    assert ab.asarray(pa.table({"a": [1.0, 2.0], "b": [3.0, 4.0]})).tolist() == [[1, 3], [2, 4]]
    with pytest.raises(ab.ArgumentError, match="is a table"):
        ab.from_arrow(pa.table({"a": [1.0]}))


def test_a_table_keeps_the_chunks_that_it_came_with():
    column = pa.chunked_array([[1.0, 2.0], [3.0]])
    for chunks in (1, 2):
        source = pa.table({"x": pa.chunked_array(column.chunks[:chunks])})
        for table in (ab.table(source), ab.batches(source).read_all()):
            assert table["x"].num_chunks == chunks
            assert table.to_pyarrow()["x"].num_chunks == chunks
    nothing = ab.table(pa.table({"x": column}).slice(0, 0))
    assert nothing.column_names == ["x"] and nothing.num_rows == 0
    none = pa.RecordBatchReader.from_batches(pa.schema({"x": pa.float64()}), [])
    assert ab.table(none).to_pyarrow().schema == pa.schema({"x": pa.float64()})


def test_text_and_coarse_times_of_any_shape_go_out_with_their_values():
    text = np.array([["a", "äb", ""], ["\U0001f600", "a\0b", "zz"]])
    nulls = np.ma.MaskedArray(text, [[0, 1, 0], [0, 0, 1]])
    hours = np.ma.MaskedArray(np.array([[1, 2, -3], [4, 5, 6]], "M8[h]"), [[0, 1, 0], [0, 0, 1]])
    for source in (text, text[0], text[:, 1], text.T, nulls, nulls[1], nulls.T, hours, hours[0], hours.T):
        array = ab.asarray(source).to_pyarrow()
        array.validate(full=True)
        wanted = source.astype("M8[s]").tolist() if source.dtype.kind == "M" else source.tolist()
        assert array.to_pylist() == wanted
    empty = ab.asarray(np.array([], "U3")).to_pyarrow()
    assert len(empty) == 0 and empty.type == pa.large_string()
