"""What pyarrow and pandas copy after they took a table of ours: said by a trace, refused inside `no_copy()`."""

import datetime
import decimal

import arro3.core
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import aria_array_bridge as ab

PARTNERS = ("pandas", "pyarrow", "arro3")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def addresses(column):
    return {buffer.address for chunk in column.chunks for buffer in chunk.buffers() if buffer is not None and buffer.size}


def is_shared(series, column):
    """The model: whether the values of the series lie where the column's do."""
    values = series.array
    if hasattr(values, "_pa_array"):
        return addresses(values._pa_array) == addresses(column)
    values = values.codes if isinstance(values, pd.Categorical) else getattr(values, "_data", getattr(values, "_ndarray", None))
    values = np.asarray(series) if values is None else values
    return values.dtype != object and isinstance(values, np.ndarray) and values.ctypes.data in addresses(column)


def column(values, kind=None):
    return pa.chunked_array([pa.array(values, kind)])


ARROW = {
    "integers": (column([1, 2, 3]), None), "half floats": (column(np.array([1, 2, 3], "f2")), None), "times": (column([1, 2, 3], pa.timestamp("ms")), None),
    "zoned times": (column([1, 2, 3], pa.timestamp("us", "UTC")), None), "durations": (column([1, 2, 3], pa.duration("ns")), None), "large text": (column(["a", None], pa.large_string()), None),
    "text": (column(["a", None]), "dtype"), "bools": (column([True, False]), "bits"), "bools with nulls": (column([True, None]), "bits"), "integers with nulls": (column([1, None]), "dtype"),
    "floats with nulls": (column([1.5, None]), "nulls"), "times with nulls": (column([1, None], pa.timestamp("ms")), "nulls"), "dates": (column([datetime.date(2020, 1, 1)]), "object-dtype"),
    "decimals": (column([decimal.Decimal("1.5")]), "object-dtype"), "bytes": (column([b"a"]), "object-dtype"), "lists": (column([[1], []]), "object-dtype"), "structs": (column([{"a": 1}]), "object-dtype"),
    "chunks": (pa.chunked_array([[1], [2, 3]]), "chunked"), "chunks of large text": (pa.chunked_array([["a"], ["b"]], pa.large_string()), None), "no rows": (column([], pa.int64()), None),
    "categories": (pa.chunked_array([pa.array(["a", "b"]).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))]), None),
    "wide categories": (pa.chunked_array([pa.array(["a", "b"]).dictionary_encode()]), "dtype"),
}  # fmt: skip
PANDAS = {
    "pandas integers": (pd.Series([1, 2]), None), "pandas floats with NaN": (pd.Series([1.0, np.nan]), None), "pandas bools": (pd.Series([True, False]), "bits"),
    "pandas nullable": (pd.Series([1, 2], dtype="Int64"), "dtype"), "pandas nullable floats": (pd.Series([1, None], dtype="Float32"), "dtype"), "pandas nullable bools": (pd.Series([True, None], dtype="boolean"), "bits"),
    "pandas text": (pd.Series(["a", None]), None), "pandas text of Python": (pd.Series(["a", None], dtype="string[python]"), "object-dtype"), "pandas text as objects": (pd.Series(["a", None], dtype=object), "object-dtype"),
    "pandas bools as objects": (pd.Series([True, None], dtype=object), "object-dtype"), "pandas categories": (pd.Series(["a", "b"], dtype="category"), None), "pandas categories with nulls": (pd.Series(["a", None], dtype="category"), "nulls"),
    "pandas periods": (pd.Series(pd.period_range("2020", periods=2)), "dtype"), "pandas intervals": (pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2])), "dtype"),
    "pandas Arrow": (pd.Series([1, None], dtype="int64[pyarrow]"), None), "pandas Arrow text": (pd.Series(["a"], dtype=pd.ArrowDtype(pa.string())), None), "pandas Arrow bools": (pd.Series([True], dtype="bool[pyarrow]"), None),
    "pandas NaT": (pd.Series(pd.to_datetime(["2020", None])), "nulls"),
}  # fmt: skip
TABLES = {name: (pa.table({"a": values}), code) for name, (values, code) in ARROW.items()}
TABLES |= {name: (pd.DataFrame({"a": values}), code) for name, (values, code) in PANDAS.items()}


@pytest.mark.parametrize("name", TABLES)
def test_what_pandas_copies_is_foreseen(name):
    source, code = TABLES[name]
    arrow = ab.table(source).to_pyarrow()  # Booleans of NumPy's are bits from here on.
    t = ab.table(arrow)
    ways = [t.to_pandas, lambda: t.to_like(pd.DataFrame())]
    if name in ARROW:  # A column alone has no metadata of pandas'.
        ways += [lambda: t["a"].to_pandas().to_frame(), lambda: t["a"].to_like(pd.Series([1])).to_frame()]
    for give in ways:
        with ab.trace() as plans:
            frame = give()
        last = plans[-1]
        assert [reason.code for reason in last.reasons] == ([code] if code else [])
        assert all(reason.where == "column 'a'" for reason in last.reasons)
        assert last.outcome == ("copy" if code else "view") and (plans.copied_bytes > 0) == bool(code)
        foreseen = ab.explain(t["a"] if name in ARROW and give in ways[2:] else t, to="pandas")
        assert (foreseen.outcome, foreseen.copied_bytes, foreseen.reasons) == (last.outcome, last.copied_bytes, last.reasons)
        if len(frame):
            assert is_shared(frame["a"], arrow["a"]) == (code is None)
        with ab.no_copy():
            if code is None:
                give()
            else:
                with pytest.raises(ab.ConversionError, match="no_copy") as caught:
                    give()
                assert [reason.code for reason in caught.value.plan.reasons] == [code, "copy-never"]


def test_every_column_that_is_copied_is_named():
    t = ab.table(pa.table({"n": [1, 2], "b": [True, False], "x": [1.5, None]}))
    with ab.trace() as plans:
        t.to_pandas()
    assert [(reason.code, reason.where) for reason in plans[-1].reasons] == [("bits", "column 'b'"), ("nulls", "column 'x'")]
    assert plans[-1].copied_bytes == 2 + 2 * 8 + 1  # Bools, and floats with their bits.


def test_explain_to_pandas_says_both_halves_of_the_way():
    t = ab.table({"b": np.array([True, False, True]), "n": np.arange(3), "s": ["a", None, "c"]})
    plan = ab.explain(t, to="pandas")
    with ab.trace() as plans:
        t.to_pandas()
    assert plan.copied_bytes == plans.copied_bytes == 1 + 3 and plan.target == "pandas.DataFrame"
    assert [(reason.code, reason.where) for reason in plan.reasons if reason.code == "bits"] == [("bits", "column 'b'")] * 2
    assert ab.explain(t, to="pandas", copy=False).outcome == "refuse"
    assert ab.explain(t.select(["n", "s"]), to="pandas").outcome == "view"


@pytest.mark.parametrize("to, target", [("pandas", "pandas.Series"), ("polars", "polars.Series"), ("pyarrow", "pyarrow.ChunkedArray"), ("arrow", "arrow stream")])
def test_a_column_is_explained_as_the_column_that_it_becomes(to, target):
    t = ab.table({"s": ["a", None, "c"], "b": [True, False, True]})
    plan = ab.explain(t["s"], to=to)
    assert (plan.outcome, plan.target, plan.copied_bytes) == ("view", target, 0)
    assert ab.explain(t["b"], to=to).outcome == "copy"
    assert ab.explain(t["s"], to="numpy").outcome == "refuse"


@pytest.mark.parametrize("like", [pa.record_batch({"a": [1]}), arro3.core.RecordBatch.from_arrow(pa.record_batch({"a": [1]}))], ids=lambda like: type(like).__module__)
def test_chunks_that_are_joined_are_said_and_refused(like):
    two, one = pa.table({"n": pa.chunked_array([[1, 2], [3]]), "s": pa.chunked_array([["a"], ["b", "c"]])}), pa.table({"n": [1, 2], "s": ["a", "b"]})
    with ab.trace() as plans:
        joined = ab.table(two).to_like(like)
    assert ab.table(joined)["n"].tolist() == [1, 2, 3]
    assert [reason.code for reason in plans[-1].reasons] == ["chunked", "chunked"] and plans[-1].copied_bytes > 0
    with ab.no_copy():
        assert ab.table(ab.table(one).to_like(like)).num_rows == 2
        with pytest.raises(ab.ConversionError, match="chunks become one array"):
            ab.table(two).to_like(like)


def test_chunks_of_a_column_that_are_joined_are_said_and_refused():
    t, one = ab.table(pa.table({"s": pa.chunked_array([["a"], ["b", "c"]])})), ab.table(pa.table({"s": ["a", "b", "c"]}))
    with ab.trace() as plans:
        assert t["s"].to_like(pa.array([1])).to_pylist() == ["a", "b", "c"]
    assert [reason.code for reason in plans[-1].reasons] == ["chunked"]
    with ab.no_copy():
        assert one["s"].to_like(pa.array([1])).to_pylist() == ["a", "b", "c"]
        with pytest.raises(ab.ConversionError, match="2 chunks become one array"):
            t["s"].to_like(pa.array([1]))


def test_without_pyarrow_what_is_copied_is_said_too(monkeypatch):
    t = ab.table({"n": np.arange(3), "two": ab.table(pa.table({"a": pa.chunked_array([[1], [2, 3]])}))["a"]})
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with ab.trace() as plans:
        assert t.to_pandas()["two"].tolist() == [1, 2, 3]
    assert "chunked" in [reason.code for plan in plans for reason in plan.reasons]
    with ab.no_copy():
        assert t.select(["n"]).to_pandas()["n"].tolist() == [0, 1, 2]
        with pytest.raises(ab.ConversionError, match="chunks"):
            t.to_pandas()
