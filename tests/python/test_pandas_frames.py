"""Frames of pandas become tables and come back: values, dtypes, index and labels of every kind that pandas has."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import aria_array_bridge as ab

PARTNERS = ("pandas", "pyarrow")
pytestmark = pytest.mark.usefixtures("nothing_is_left")

TIMES = pd.date_range("2020-03-28", periods=3, tz="Europe/Berlin")
NUMBERS = np.arange(6).reshape(3, 2)


def backed(values, kind):
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(values, kind)))


COLUMNS = {
    "decimals backed by Arrow": backed([decimal.Decimal("1.50"), None, decimal.Decimal("2.25")], pa.decimal128(5, 2)),
    "decimal256 backed by Arrow": backed([decimal.Decimal("1.5"), None, decimal.Decimal("2.5")], pa.decimal256(50, 1)),
    "decimals as objects": pd.Series([decimal.Decimal("1.5"), None, decimal.Decimal("2.5")]),
    "string[python]": pd.Series(["a", None, "c"], dtype="string[python]"),
    "string[pyarrow]": pd.Series(["a", None, "c"], dtype=pd.StringDtype("pyarrow")),
    "str": pd.Series(["a", None, "c"], dtype="str"),
    "str that Python backs": pd.Series(["a", None, "c"], dtype=pd.StringDtype("python", na_value=np.nan)),
    "text as objects": pd.Series(["a", None, "c"], dtype=object),
    "bools as objects": pd.Series([True, None, False], dtype=object),
    "bytes as objects": pd.Series([b"a", None, b"c"], dtype=object),
    "dates as objects": pd.Series([datetime.date(2020, 1, 1), None, None], dtype=object),
    "dicts": pd.Series([{"a": 1}, None, {"a": 2}]),
    "half floats": pd.Series(np.array([1, 2.5, 3], "f2")),
    "complex": pd.Series([1j, 2, 3]),
    "complex64": pd.Series(np.array([1j, np.nan, 3], "c8")),
    "periods": pd.Series(pd.period_range("2020", periods=3, freq="M")),
    "intervals": pd.Series(pd.arrays.IntervalArray.from_breaks([0.0, 1, 2, 3], closed="left")),
    "intervals of zoned times": pd.Series(pd.arrays.IntervalArray.from_breaks(pd.date_range("2020", periods=4, tz="UTC"))),
    "zoned times": pd.Series(TIMES),
    "zoned seconds": pd.Series(TIMES.as_unit("s")),
    "times of an offset": pd.Series(pd.date_range("2020", periods=3, tz="+02:00")),
    "times with NaT": pd.Series(pd.to_datetime(["2020", None, "2022"])),
    "nullable integers": pd.Series([1, None, 3], dtype="Int8"),
    "nullable booleans": pd.Series([True, None, False], dtype="boolean"),
    "nullable floats": pd.Series([1.5, None, 3], dtype="Float32"),
    "zoned times backed by Arrow": backed([1, 2, None], pa.timestamp("us", "UTC")),
    "a dictionary backed by Arrow": pd.Series(pd.arrays.ArrowExtensionArray(pa.array(["a", None, "a"]).dictionary_encode())),
    "structs backed by Arrow": backed([{"a": 1}, None, {"a": 2}], pa.struct([("a", pa.int64())])),
    "lists backed by Arrow": backed([[1], None, []], pa.list_(pa.int64())),
    "categories of text": pd.Series(pd.Categorical(["a", None, "b"], categories=["c", "b", "a"], ordered=True)),
    "categories of integers": pd.Series(pd.Categorical([3, 1, None], categories=[3, 2, 1], ordered=True)),
    "categories of floats": pd.Series(pd.Categorical([1.5, 2.5, 1.5])),
    "categories of bools": pd.Series(pd.Categorical([True, False, True])),
    "categories of nullable integers": pd.Series(pd.Categorical(pd.array([1, 2, 1], dtype="Int64"))),
    "categories backed by Arrow": pd.Series(pd.Categorical(backed([1, 2, 1], pa.int64()))),
    "categories of times": pd.Series(pd.Categorical(TIMES.tz_localize(None))),
    "categories of zoned times": pd.Series(pd.Categorical(TIMES)),
    "categories of durations": pd.Series(pd.Categorical(pd.to_timedelta([1, 2, 1], unit="s"))),
    "categories of intervals": pd.cut(pd.Series([1, 5, 9]), [0, 4, 10]),
    "categories of periods": pd.Series(pd.Categorical(pd.period_range("2020", periods=3))),
    "categories of tuples": pd.Series(pd.Categorical([(1, 2), (2, 3), (1, 2)])),
    "no categories": pd.Series(pd.Categorical([None, None, None])),
}  # fmt: skip

LABELS = {
    "text": ["a", "b"], "a range": pd.RangeIndex(2), "a range from 5 by 5": pd.RangeIndex(5, 15, 5, name="r"), "integers": pd.Index([7, 5]), "floats": [1.5, np.nan],
    "bools": [True, False], "text and numbers": pd.Index(["a", 1]), "text as objects": pd.Index(["a", "b"], dtype=object), "nothing": pd.Index(["a", None], dtype=object),
    "times": pd.to_datetime(["2020", "2021"]), "zoned times": pd.to_datetime(["2020", "2021"]).tz_localize("Europe/Berlin"), "durations": pd.to_timedelta([1, 2], unit="s"),
    "periods": pd.period_range("2020", periods=2, freq="M", name="p"), "intervals": pd.IntervalIndex.from_breaks([0, 1, 2], name="i"),
    "intervals of times": pd.IntervalIndex.from_breaks(pd.date_range("2020", periods=3)), "categories": pd.CategoricalIndex(["u", "v"], categories=["v", "u"], ordered=True),
    "levels": pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["p", None]), "levels of times": pd.MultiIndex.from_arrays([["a", "b"], pd.to_datetime(["2020", "2021"])]),
    "levels with NaN": pd.MultiIndex.from_tuples([("a", np.nan), ("b", 2.0)]), "names that are numbers": pd.Index(["a", "b"], name=7),
    "tuples": pd.Index([("a", 1), ("b", 2)], tupleize_cols=False), "a name that is a tuple": pd.Index([3, 1], name=("a", 1)),
    "levels of tuples": pd.MultiIndex.from_arrays([pd.Index([("a", 1), ("b", 1)], tupleize_cols=False), [2, 3]], names=["u", ("v", 1)]),
    "bytes and dates": pd.Index([b"x", datetime.date(2020, 1, 1)], dtype=object), "times and text": pd.Index([pd.Timestamp("2020-01-01", tz="UTC"), "2020-01-01"], dtype=object),
    "decimals and complex numbers": pd.Index([decimal.Decimal("1.50"), 1j], dtype=object), "periods and intervals": pd.Index([pd.Period("2020", "M"), pd.Interval(0, 1, "left")], dtype=object),
    "datetimes and NaN": pd.Index([datetime.datetime(2020, 1, 1), np.nan], dtype=object), "durations and times of day": pd.Index([datetime.timedelta(1, 2, 3), datetime.time(1, 2)], dtype=object),
    "spans and NaT": pd.Index([pd.Timedelta("1D"), pd.NaT], dtype=object), "text and NA": pd.Index(["a", pd.NA], dtype=object), "intervals and none": pd.IntervalIndex.from_tuples([(0, 1), None]),
    "the same text": ["a", "a"], "the same numbers": [7, 7], "the same periods": pd.PeriodIndex(["2020", "2020"], freq="M"), "the same levels": pd.MultiIndex.from_tuples([("a", 1), ("a", 1)]),
}  # fmt: skip

INDICES = {
    "levels": pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("b", 3)], names=["p", None]), "levels of any type": pd.MultiIndex.from_arrays([TIMES, pd.Categorical(["u", "v", "u"])], names=["p", "q"]),
    "zoned times": TIMES, "periods": pd.period_range("2020", periods=3, name="p"), "intervals": pd.IntervalIndex.from_breaks([0, 1, 2, 3], name="i"),
    "categories": pd.CategoricalIndex(["u", "v", "u"]), "nullable integers": pd.Index(pd.array([1, None, 3], "Int64")), "backed by Arrow": pd.Index(backed([1, None, 3], pa.int64()), name="k"),
    "floats of 32 bits": pd.Index([1.5, 2.5, 3], dtype="float32"), "durations": pd.to_timedelta([1, 2, 3], unit="s"), "text that Python backs": pd.Index(["a", "b", "c"], dtype="string[python]"),
    "text as objects": pd.Index(["a", "b", "c"], dtype=object), "text as objects and None": pd.Index(["a", None, "c"], dtype=object), "bools as objects": pd.Index([True, False, True], dtype=object),
    "bytes": pd.Index([b"a", b"b", b"c"], dtype=object), "named by a number": pd.Index(["a", "b", "c"], name=7), "named by a tuple": pd.Index([1, 5, 3], name=("u", 1)),
}  # fmt: skip

FRAMES = {
    **{name: pd.DataFrame({"a": values}) for name, values in COLUMNS.items()},
    **{f"labels: {name}": pd.DataFrame(NUMBERS, columns=labels) for name, labels in LABELS.items()},
    **{f"index: {name}": pd.DataFrame(NUMBERS, index=index) for name, index in INDICES.items()},
    "levels both ways": pd.DataFrame(NUMBERS, index=INDICES["levels"], columns=LABELS["levels"]),
    "every column under one label": pd.DataFrame({i: values for i, values in enumerate(COLUMNS.values())}).set_axis(["x"] * len(COLUMNS), axis=1),
    "every column under numbers": pd.DataFrame({i: values for i, values in enumerate(COLUMNS.values())}),
    "one label, and an index of its name": pd.DataFrame({0: [1, 2, 3], 1: ["a", "b", "c"]}, index=pd.Index(["r", "s", "t"], name="x")).set_axis(["x", "x"], axis=1),
    "no rows": pd.DataFrame({"a": pd.array([], "Int64"), "b": pd.Categorical([]), "c": pd.Series([], dtype="string[python]")}),
    "no columns": pd.DataFrame(index=[1, 2, 3]),
    "nothing": pd.DataFrame(),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back_equal(name):
    frame = FRAMES[name]
    t = ab.table(frame)
    for source in (t, ab.table(t.to_pyarrow()), t.slice(0)):  # What went through others too.
        back = source.to_pandas()
        exactly = {"check_exact": True, "check_index_type": "exact", "check_column_type": "exact"}
        pd.testing.assert_frame_equal(back, frame, check_freq=False, **exactly)
        for series, other in zip(back.items(), frame.items()):
            assert getattr(series[1].dtype, "storage", None) == getattr(other[1].dtype, "storage", None)
    if len(frame):
        tail = frame.iloc[1:]
        pd.testing.assert_frame_equal(t.slice(1).to_pandas().reset_index(drop=True), tail.reset_index(drop=True), check_freq=False)


REFUSED = {
    "sparse": (pd.Series(pd.arrays.SparseArray([0, 0, 1])), "extension-dtype", r"Sparse\[int64, 0\][^§]*to_dense"),
    "sparse floats": (pd.Series(pd.arrays.SparseArray([np.nan, 0, 1])), "extension-dtype", r"Sparse\[float64, nan\][^§]*to_dense"),
    "objects of several types": (pd.Series(["a", 1, 2.5], dtype=object), "object-dtype", r"object[^§]*astype\(\)"),
    "categories of several types": (pd.Series(pd.Categorical([1, "b", 1])), "extension-dtype", r"category[^§]*astype\(\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("label", ["odd", 7])
def test_what_arrow_has_not_is_refused_by_name_with_what_to_do(name, label):
    values, code, text = REFUSED[name]
    with pytest.raises(ab.ConversionError, match=text) as caught:
        ab.table(pd.DataFrame({"n": [1, 2, 3], label: values}))
    assert [reason.code for reason in caught.value.plan.reasons] == [code]
    assert f"column '{label}'" in str(caught.value)


MIXED = {
    "numbers and text": pd.Index([1, "a"], dtype=object), "tuples": pd.Index([(1, 2), (3, 4)], tupleize_cols=False), "dates and text": pd.Index([datetime.date(2020, 1, 1), "a"], dtype=object),
    "bytes and text": pd.Index([b"a", "a"], dtype=object), "sparse": pd.Index(pd.arrays.SparseArray([0, 1])), "complex numbers": pd.Index([1j, 2]),
    "one level of many": pd.MultiIndex.from_arrays([[1, 2], pd.Index([1, "a"], dtype=object)]),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXED)
def test_an_index_that_arrow_has_not_is_refused_and_never_lost(name):
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=MIXED[name])
    with pytest.raises(ab.ConversionError, match=r"index[^§]*reset_index"):
        ab.table(frame)
    assert ab.table(frame.reset_index(drop=True)).to_pandas()["x"].tolist() == [1.0, 2.0]


def test_rows_that_are_cut_keep_the_numbers_of_a_range():
    frame = pd.DataFrame({"x": [1, 2, 3]}, index=pd.RangeIndex(5, 11, 2, name="k"))
    t = ab.table(frame)
    for start, length in ((0, 3), (1, 1), (1, 9), (2, 0), (7, 1)):
        rows = frame.iloc[start : start + length]
        pd.testing.assert_frame_equal(t.slice(start, length).to_pandas(), rows)
        pd.testing.assert_series_equal(t["x"].slice(start, length).to_pandas(), rows["x"])
    for batch, start in zip(t.to_batches(2), (0, 2)):
        pd.testing.assert_frame_equal(batch.to_pandas(), frame.iloc[start : start + 2])
    assert t.slice(1).slice(1).to_pandas().index.tolist() == [9] == t.slice(1).to_batches(1)[1].to_pandas().index.tolist()
    assert pa.table(t.slice(1)).to_pandas().index.tolist() == [7, 9]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_series_keeps_its_dtype_by_every_door(name):
    values = COLUMNS[name].rename("a")
    other = ab.table({"b": [1, 2, 3]})
    tables = {
        "frame": ab.table(values.to_frame()), "dict": ab.table({"a": values}), "series": ab.table(values), "appended": other.append_column("a", values),
        "appended to a frame": ab.table(pd.DataFrame({"b": pd.array([1, 2, 3], "Int64")})).append_column("a", values), "sliced": ab.table({"a": values}).slice(0, 3),
    }  # fmt: skip
    for door, t in tables.items():
        for column in (t.to_pandas()["a"], t["a"].to_pandas(), ab.table(t["a"]).to_pandas()["a"], t["a"].slice(0).to_pandas()):
            pd.testing.assert_series_equal(column, values, check_exact=True, check_freq=False, obj=door)


def test_columns_of_one_label_find_their_dtypes_when_some_are_gone():
    nullable = pd.array([1, None, 3], "Int64")
    frame = pd.DataFrame({0: [0.5, 1, 2], 1: ["a", "b", "c"], 2: nullable, 3: pd.Categorical(TIMES)}).set_axis(["x", "x", "x", "y"], axis=1)
    t = ab.table(frame)
    for kept in ([2, 1, 0, 3], [1, 3], [3, 2], [2, 2], [1]):
        pd.testing.assert_frame_equal(t.select(kept).to_pandas(), frame.iloc[:, kept], check_freq=False)


def test_a_column_that_was_added_has_its_name_for_a_label():
    for labels, expected in (([3, 5], [3, 5, "n"]), ([0, 1], [0, 1, "n"]), (pd.to_datetime(["2020", "2021"]), [pd.Timestamp("2020"), pd.Timestamp("2021"), "n"]),
                             ([True, False], [True, False, "n"])):  # fmt: skip
        grown = ab.table(pd.DataFrame(NUMBERS, columns=labels)).append_column("n", np.arange(3.0)).to_pandas()
        assert grown["n"].tolist() == [0, 1, 2]
        assert [str(label) for label in grown.columns] == [str(label) for label in expected] or isinstance(labels, pd.DatetimeIndex)


@pytest.mark.parametrize("values", [pa.array(["a", "b", "c"]), pa.array([1, None, 3]), pa.array([[1], [], None])], ids=lambda values: str(values.type))
def test_a_column_of_another_type_under_a_known_name_does_not_take_over_its_dtype(values):
    t = ab.table(pd.DataFrame({"a": pd.Series(["a", None, "c"], dtype="string[python]"), "b": [1, 2, 3]}))
    other = t.select(["b"]).append_column("a", values).to_pandas()
    assert other["b"].tolist() == [1, 2, 3] and len(other["a"]) == 3


def test_metadata_of_pyarrows_own_is_read():
    frame = pd.DataFrame({"a": [1, 2, 3], "c": pd.Categorical(["u", "v", "u"])}, index=pd.Index(["r", "s", "t"], name="k"))
    pd.testing.assert_frame_equal(ab.table(pa.Table.from_pandas(frame)).to_pandas(), frame)
    numbered = pd.DataFrame(NUMBERS, columns=[3, 5])
    pd.testing.assert_frame_equal(ab.table(pa.Table.from_pandas(numbered)).to_pandas(), numbered)
    zoned = pd.DataFrame(NUMBERS, columns=LABELS["zoned times"])
    pd.testing.assert_frame_equal(ab.table(pa.Table.from_pandas(zoned)).to_pandas(), zoned)


def test_pyarrow_reads_our_metadata():
    frame = pd.DataFrame({"a": [1, 2, 3], "n": pd.array([1, None, 3], "Int8")}, index=pd.Index(["r", "s", "t"], name="k"))
    pd.testing.assert_frame_equal(ab.table(frame).to_pyarrow().to_pandas(), frame)
