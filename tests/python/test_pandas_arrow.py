"""pandas beside pyarrow [W1]: what NumPy backs comes by `__array__`, an extension dtype by Arrow; and back to pandas."""

import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import aria_array_bridge as ab

PARTNERS = ("pandas", "pyarrow")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


NUMPY = [np.arange(3).astype("int64").astype(dtype) for dtype in (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64", "bool", "complex64", "complex128",
    "datetime64[s]", "datetime64[ms]", "datetime64[us]", "datetime64[ns]", "timedelta64[s]", "timedelta64[ms]", "timedelta64[us]", "timedelta64[ns]",
)]  # fmt: skip
NULLABLE = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "boolean"]
ARROW = [pa.int8(), pa.int64(), pa.uint32(), pa.float32(), pa.float64(), pa.bool_(), pa.timestamp("us"), pa.duration("ns"), pa.date32(), pa.time64("us")]
REFUSED = [
    pd.Series(["a", None], dtype="string"), pd.Series(["a", None], dtype="str"), pd.Series(["a"], dtype="string[python]"),
    pd.Series(["a"], dtype="string[pyarrow]"), pd.Series(["a", "b"], dtype="category"), pd.Series([1, 2], dtype="category"),
    pd.Series(pd.period_range("2020", periods=2)), pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2])),
    pd.Series(pd.date_range("2020", periods=2, tz="UTC")), pd.Series(["a"], dtype=pd.ArrowDtype(pa.string())),
    pd.Series([decimal.Decimal("1.5")], dtype=pd.ArrowDtype(pa.decimal128(5, 2))), pd.Series([[1]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    pd.Series([pd.Timestamp("2020")], dtype=pd.ArrowDtype(pa.timestamp("us", "UTC"))),
]  # fmt: skip


@pytest.mark.parametrize("values", NUMPY, ids=lambda values: str(values.dtype))
def test_what_numpy_backs_comes_by_array(values):
    series = pd.Series(values)
    index = [] if values.dtype == "float16" else [pd.Index(series)]  # pandas has no index of half floats.
    for source in (series, *index, series.array):
        x = ab.asarray(source)
        assert x.plan.protocol == "__array__" and x.to_numpy().tolist() == np.asarray(source).tolist()


def test_nan_is_a_value_where_numpy_backs_and_objects_are_refused():
    x = ab.asarray(pd.Series([1.0, np.nan]))
    assert x.null_count == 0 and x.plan.protocol == "__array__"
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(pd.Series([1, None], dtype=object))
    assert [reason.code for reason in caught.value.plan.reasons] == ["object-dtype"]


@pytest.mark.parametrize("dtype", NULLABLE)
def test_a_nullable_column_has_its_nulls(dtype):
    series = pd.Series([1, None, 0, 1], dtype=dtype)
    expected = [None if value is pd.NA else value for value in series.tolist()]
    for source in (series, pd.Index(series), series.array, series[1:], series[:0]):
        x = ab.asarray(source)
        assert x.dtype == {"boolean": "bool"}.get(dtype, dtype.lower()) and x.plan.protocol == "__arrow_c_stream__"
        assert x.plan.source.startswith("pandas.") and x.is_null().tolist() == list(pd.isna(source))
    x = ab.asarray(series)
    assert x.tolist() == expected
    assert x.plan.outcome == ("copy" if dtype == "boolean" else "view")
    if dtype == "Int64":
        head = repr(ab.asarray(pd.Series([1, None, 3], dtype=dtype))).splitlines()[0]
        assert head == "Array int64[3], 1 null  view of pandas.Series via __arrow_c_stream__, read-only"
    back = x.to_pandas()
    assert back.dtype == dtype and back.tolist() == series.tolist()


@pytest.mark.parametrize("kind", ARROW, ids=str)
def test_a_column_is_one_array_by_every_door_it_has(kind):
    backed = pd.Series(pd.arrays.ArrowExtensionArray(pa.array([1, None, 0], pa.int64()).cast(pa.int64()).cast(kind) if pa.types.is_boolean(kind)
                       or pa.types.is_integer(kind) or pa.types.is_floating(kind) else pa.array([1, None, 0], {32: pa.int32(), 64: pa.int64()}[kind.bit_width]).view(kind)))  # fmt: skip
    arrow = pa.array(backed)
    arrays = [ab.asarray(backed), ab.from_arrow(backed), ab.asarray(arrow), ab.asarray(pd.Index(backed)), ab.asarray(backed.array), ab.from_arrow(arrow.__arrow_c_stream__() if isinstance(arrow, pa.ChunkedArray) else arrow.__arrow_c_array__())]  # fmt: skip
    for x in arrays:
        assert x.dtype == arrays[0].dtype and x.is_null().tolist() == [False, True, False]
        assert x.equals(arrays[0])


@pytest.mark.parametrize("series", REFUSED, ids=lambda series: str(series.dtype))
def test_what_is_no_array_is_refused_by_name(series):
    for source in (series, series.array):
        with pytest.raises(ab.ConversionError) as caught:
            ab.asarray(source)
        codes = [reason.code for reason in caught.value.plan.reasons]
        assert codes[0] == "extension-dtype" and str(series.dtype) in str(caught.value)


def test_chunks_of_a_column_are_one_array():
    chunked = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([[1], [None, 3]])))
    x = ab.asarray(chunked)
    assert x.tolist() == [1, None, 3] and [reason.code for reason in x.plan.reasons] == ["chunked"]
    with pytest.raises(ab.ConversionError, match="chunks"):
        ab.asarray(chunked, copy=False)


@pytest.mark.parametrize("values", NUMPY, ids=lambda values: str(values.dtype))
def test_values_without_nulls_go_to_pandas_shared(values):
    ours = ab.asarray(values)
    series = ours.to_pandas()
    assert isinstance(series, pd.Series) and series.dtype == values.dtype
    assert np.asarray(series).ctypes.data == ours.address and series.tolist() == pd.Series(values).tolist()
    assert np.asarray(ours.to_pandas(copy=True)).ctypes.data != ours.address


def test_nulls_go_to_pandas_and_come_back():
    for values, dtype in [([1, None, 3], "Int64"), ([1.5, None], "Float64"), ([True, None], "boolean")]:
        ours = ab.asarray(pa.array(values))
        series = ours.to_pandas()
        assert series.dtype == dtype and ab.asarray(series).tolist() == values
    times = ab.asarray(pa.array([1, None], pa.timestamp("us")))
    series = times.to_pandas()
    assert series.dtype == "datetime64[us]" and series.isna().tolist() == [False, True]
    assert ab.explain(pa.array([1, None], pa.timestamp("us")), to="pandas").reasons[0].code == "nulls"
    assert ab.explain(pa.array([1, None]), to="pandas").outcome == "view"


def test_a_series_has_one_axis():
    with pytest.raises(ab.ConversionError, match="a pandas.Series has one axis"):
        ab.asarray(np.ones((2, 2))).to_pandas()
    assert ab.explain(np.ones((2, 2)), to="pandas").outcome == "refuse"


def test_a_frame_still_comes_by_array():
    assert ab.asarray(pd.DataFrame({"a": [1.0], "b": [2.0]})).plan.protocol == "__array__"
    with pytest.raises(ab.ArgumentError, match="is a table"):
        ab.from_arrow(pd.DataFrame({"a": [1.0]}))


def test_nulls_of_a_column_as_the_walkthrough_has_them():
    n = pd.Series([1, None, 3], dtype="Int64")
    a = ab.asarray(n)
    assert repr(a.validity) == "Bitmap 3 bits, offset 0" and a.values.dtype == "int64" and a.values.null_count == 0
    with pytest.raises(ab.ConversionError, match=r"1 null in int64\[3\], and numpy.ndarray has none"):
        a.to_numpy()
    assert a.to_numpy(nulls="nan").tolist()[::2] == [1.0, 3.0] and np.isnan(a.to_numpy(nulls="nan")[1])
    assert a.to_numpy(nulls="mask").tolist() == [1, None, 3] and a.fill_null(0).to_numpy().tolist() == [1, 0, 3]
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(n, nulls="raise")
    assert [reason.code for reason in caught.value.plan.reasons] == ["nulls"]
    assert ab.explain(n).outcome == "view" and "int64[3]" in str(ab.explain(n))
