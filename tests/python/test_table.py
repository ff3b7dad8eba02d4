"""Tables beside NumPy and pandas alone: what is a table, its columns by name and position, and what is refused [C6], [W9]."""

import datetime
import gc
import itertools
import sys

import numpy as np
import pandas as pd
import pytest

import aria_array_bridge as ab

PARTNERS = ("numpy", "pandas")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def small():
    return ab.table({"a": np.arange(3), "b": np.arange(3) / 2})


def test_a_dict_of_columns_is_a_table_that_shares_them():
    a, b = np.arange(3, dtype="int32"), ab.asarray([0.5, 1.5, 2.5])
    t = ab.table({"a": a, "b": b, "c": [True, False, True], 4: range(3), "m": np.ma.MaskedArray([1, 2, 3], [0, 1, 0])})
    assert t.column_names == ["a", "b", "c", "4", "m"] and t.shape == (3, 5) and len(t) == t.num_rows == 3 and t.num_columns == 5
    assert repr(t) == "Table 3 rows x 5 columns: a int32, b float64, c bool, 4 int64, m int64"
    assert ab.asarray(t["a"]).address == a.ctypes.data and ab.asarray(t["b"]).address == b.address
    assert [t[name].tolist() for name in t.column_names] == [[0, 1, 2], [0.5, 1.5, 2.5], [True, False, True], [0, 1, 2], [1, None, 3]]
    assert t["m"].null_count == 1 and ab.asarray(t["m"]).is_null().tolist() == [False, True, False]
    assert ab.table(t) is t and ab.table(t["b"]).column_names == ["b"]
    assert ab.table({}).shape == (0, 0) and repr(ab.table({})) == "Table 0 rows x 0 columns"
    assert ab.table({"x": np.ones((3, 2))}).schema.field("x").type == "fixed_size_list<item: double>[2]"


def test_records_are_columns_that_are_strided_views():
    records = np.array([(1, 0.5), (2, 1.5)], dtype=[("id", "u1"), ("x", "f8")])
    t = ab.table(records)
    assert t.column_names == ["id", "x"] and [t["id"].tolist(), t["x"].tolist()] == [[1, 2], [0.5, 1.5]]
    x = ab.asarray(t["x"])
    assert x.strides == (9,) and x.address == records.ctypes.data + 1 and x.plan.outcome == "view"
    named = ab.table(np.array([(1, "ab"), (2, "ä")], dtype=[("id", "u1"), ("name", "U2")]))
    assert repr(named).endswith("id uint8, name large_string") and named["name"].tolist() == ["ab", "ä"]


def test_columns_are_found_by_name_and_by_position_from_both_ends():
    t = small()
    for key in ("a", 0, -2, np.int64(0)):
        assert t[key].name == t.column(key).name == t.field(key).name == t.schema.field(key).name == "a"
    assert ("a" in t, "z" in t, 0 in t) == (True, False, False) and [column.name for column in t] == ["a", "b"]
    for look in (t.column, t.field, t.schema.field):
        with pytest.raises(KeyError, match="found no such name") as caught:
            look("z")
        assert caught.value.args == ("expected a column 'z' but found no such name; there are [\"a\", \"b\"]",)
        for position in (2, -3):
            with pytest.raises(IndexError, match=f"expected a position below 2, the number of columns, but found {position}"):
                look(position)
        for key in (1.5, None, b"a"):
            with pytest.raises(TypeError, match="expected the name or the position of a column but found"):
                look(key)


def test_a_name_that_several_columns_have_names_none():
    t = small().append_column("a", [7, 8, 9]).select([0, 1, 2])
    assert t.column_names == ["a", "b", "a"] and t[2].tolist() == [7, 8, 9]
    for look in (t.column, t.field, t.schema.field, lambda name: t.select([name])):
        with pytest.raises(KeyError, match="found several") as caught:
            look("a")
        assert caught.value.args == ("expected one column 'a' but found several, at positions [0, 2]",)


def test_selecting_appending_slicing_and_cutting_are_views():
    t = small()
    assert t.select(["b", 0]).column_names == ["b", "a"] and t.select([]).shape == (3, 0)
    first = ab.asarray(t["a"]).address
    assert ab.asarray(t.select(["a"])["a"]).address == ab.asarray(t.append_column("c", [1, 2, 3])["a"]).address == first
    assert ab.asarray(t.slice(1)["a"]).address == ab.asarray(t["a"].slice(1))[:].address == first + 8
    assert [t.slice(1).shape, t.slice(1, 1).shape, t.slice(9).shape, t.slice(0, 9).shape] == [(2, 2), (1, 2), (0, 2), (3, 2)]
    assert [cut["a"].tolist() for cut in t.to_batches(2)] == [[0, 1], [2]] and len(t.to_batches()) == 1
    assert ab.asarray(t.to_batches(2)[1]["a"]).address == first + 16
    column = t["a"].rename("q")
    assert column.name == column.field.name == "q" and repr(column) == "Column q int64  3 rows in 1 chunks"
    assert len(column) == 3 and column.num_chunks == len(column.chunks) == 1 and column.chunks[0].tolist() == [0, 1, 2]
    assert t.append_column("q", t["a"])["q"].tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="expected a list of names or positions but found the text 'ab'"):
        t.select("ab")


def test_schemas_say_what_columns_are_and_are_equal_where_they_say_the_same():
    t = small()
    schema = t.schema
    assert schema.names == ["a", "b"] and len(schema) == 2 and schema.metadata is None
    assert repr(schema) == "Schema a int64, b float64" and repr(schema.fields[1]) == "Field b float64"
    assert [(field.name, field.type, field.nullable, field.metadata) for field in schema.fields] == [("a", "int64", True, None), ("b", "float64", True, None)]
    assert schema == small().schema == ab.schema(t) == ab.schema({"a": [1], "b": [0.5]}) and schema != t.select(["a"]).schema
    assert t.field("a") == small().field(0) and t.field("a") != t.field("b") and schema != "schema"


def test_equals_is_of_values_names_and_types():
    t, nan = small(), {"a": [1.0, float("nan")]}
    assert t.equals(small()) and ab.table(nan).equals(ab.table(nan)) and not t.equals(t.slice(1))
    assert not t.equals(t.select(["b", "a"])) and not t.equals(ab.table({"a": [0.0, 1, 2], "b": [0, 0.5, 1]}))
    masked = ab.table({"a": np.ma.MaskedArray([1, 2], [0, 1])})
    assert masked.equals(masked) and not masked.equals(ab.table({"a": [1, 2]}))


@pytest.mark.parametrize("make, code, text", [
    (lambda: ab.table(3), "not-a-table", "expected a table but found int"),
    (lambda: ab.table([1, 2]), "not-a-table", "expected a table but found list"),
    (lambda: ab.table(np.ones((2, 2))), "not-a-table", "expected a table but found numpy.ndarray"),
    (lambda: ab.schema(3), "not-a-table", "expected a table but found int"),
    (lambda: ab.table(ab.asarray([1])), "not-a-table", "expected a table but found aria_array_bridge.Array"),
    (lambda: ab.table({"a": [1, 2], "b": [1]}), "extent", "expected 2 rows in column 'b' but found 1"),
    (lambda: small().append_column("c", [1]), "extent", "expected 3 rows in column 'c' but found 1"),
    (lambda: ab.table({"a": [1], "b": 3}), "ndim", r"\(column 'b'\)"),
    (lambda: ab.table({"a": np.array([object()])}), "object-dtype", r"\(column 'a'\)"),
    (lambda: ab.table({"a": ["x", 1]}), "object-dtype", "str"),
    (lambda: ab.table({"a": object()}), "not-an-array", r"\(column 'a'\)"),
    (lambda: ab.table({"a\0b": [1]}), "column", r'without NUL characters, .* but found "a\\0b"'),
    (lambda: small().append_column("\0", [1, 2, 3]), "column", "without NUL characters"),
    (lambda: small()["a"].rename("a\0"), "column", "without NUL characters"),
    (lambda: ab.table(pd.DataFrame({"a\0b": [1]})), "column", "without NUL characters"),
])  # fmt: skip
def test_what_is_no_table_is_refused_by_name(make, code, text):
    with pytest.raises(ab.ConversionError, match=text) as caught:
        make()
    assert code in [reason.code for reason in caught.value.plan.reasons], str(caught.value.plan)
    assert caught.value.plan.outcome == "refuse"


def test_what_a_producer_raises_arrives_with_a_note_of_its_column():
    class Broken:
        @property
        def name(self):
            raise ZeroDivisionError("by design")

        def __array__(self, dtype=None, copy=None):
            return np.ones(1)

    with pytest.raises(ZeroDivisionError, match="by design") as caught:
        ab.table({"a": [1], "bad": Broken()})
    assert caught.value.__notes__ == ["column 'bad'"]


def test_a_frame_keeps_its_columns_and_nan_is_a_value_in_them():
    frame = pd.DataFrame({"x": [1.0, np.nan, 3.0], "n": [1, 2, 3], "b": [True, False, True], "t": pd.to_datetime(["2020", None, "2021"])})
    t = ab.table(frame)
    assert t.column_names == ["x", "n", "b", "t"] and t["x"].null_count == 0
    for label, column in zip(frame.columns, t):
        array = ab.asarray(column)
        assert array.plan.outcome == "view" and array.address == frame[label].to_numpy().__array_interface__["data"][0]
    assert np.isnan(t["x"].tolist()[1]) and ab.asarray(t["t"]).to_numpy().tolist() == frame["t"].to_numpy().tolist()
    [batch] = ab.batches(frame)
    assert batch["x"].null_count == 0 and batch.equals(t), "a frame's own stream would say null"


def test_a_frame_of_one_dtype_is_a_view_of_its_block():
    values = np.arange(6.0).reshape(3, 2)
    frame = pd.DataFrame(values, columns=["a", "b"])
    t = ab.table(frame)
    m = t.to_matrix()
    assert m.plan.outcome == "view" and m.address == frame.to_numpy().__array_interface__["data"][0]
    assert m.tolist() == values.tolist() and m.readonly == ab.asarray(frame["a"]).readonly
    assert ab.asarray(t).address == ab.asarray(frame).address == m.address
    frame["c"] = [1.0, 2.0, 3.0]  # A block of its own.
    apart = ab.table(frame)
    assert apart.to_matrix().plan.outcome == "copy"
    m = apart.select(["a", "b"]).to_matrix()
    assert m.plan.outcome == "view" and m.address == frame["a"].to_numpy().__array_interface__["data"][0]


FRAMES = {
    "of a dict": lambda: pd.DataFrame({"i": [1, 2, 3], "x": [1.0, 2.0, 3.0], "j": [4, 5, 6], "y": [7.0, 8.0, 9.0], "b": [True, False, True], "z": [0.5] * 3}),
    "of a matrix": lambda: pd.DataFrame(np.arange(18.0).reshape(3, 6), columns=list("ixjybz")),
    "of a Fortran matrix": lambda: pd.DataFrame(np.asfortranarray(np.arange(18.0).reshape(3, 6)), columns=list("ixjybz")),
    "of a part of a matrix": lambda: pd.DataFrame(np.arange(400).reshape(20, 20)[3:15:4, 2:14:2], columns=list("ixjybz")),
    "of records": lambda: pd.DataFrame(np.zeros(3, [(name, "f8") for name in "ixjybz"])),
    "of times": lambda: pd.DataFrame(np.arange(18).reshape(3, 6).astype("M8[ns]"), columns=list("ixjybz")),
}
CUTS = {
    "whole": lambda frame: frame, "rows": lambda frame: frame.iloc[1:], "every second": lambda frame: frame.iloc[::2], "reversed": lambda frame: frame.iloc[::-1],
    "columns": lambda frame: frame.iloc[:, 1:5], "chosen": lambda frame: frame[["y", "x", "z"]], "turned round": lambda frame: frame[list("zbyjxi")], "one row": lambda frame: frame.iloc[1:2],
    "no rows": lambda frame: frame.iloc[:0], "a column more": lambda frame: frame.assign(w=[1.0, 2.0, 3.0]), "a copy": lambda frame: frame.copy(),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_viewed_block_by_block(name, cut):
    frame = CUTS[cut](FRAMES[name]())
    t = ab.table(frame)
    for label in frame.columns:
        values, array = frame[label].to_numpy(), ab.asarray(t[label])
        np.testing.assert_array_equal(array.to_numpy(), values)
        if len(values):
            assert array.address == values.__array_interface__["data"][0] and array.plan.outcome == "view" and array.readonly == (not values.flags.writeable)
        if len(values) > 1:
            assert array.strides == values.strides
    bases = {}
    for label in frame.columns:
        base = frame[label].to_numpy()
        while isinstance(base.base, np.ndarray):
            base = base.base
        bases.setdefault((id(base), base.ndim), []).append(label)
    for (_, ndim), labels in bases.items():
        part = frame[labels]
        if ndim == 2 and len(part) > 1:
            offsets = {b - a for a, b in itertools.pairwise(frame[label].to_numpy().__array_interface__["data"][0] for label in labels)}
            assert t.select(labels).to_matrix().plan.outcome == ("view" if len(offsets) < 2 else "copy")
        np.testing.assert_array_equal(t.select(labels).to_matrix().to_numpy(), part.to_numpy())


INDICES = {
    "range": pd.RangeIndex(3), "a range of its own": pd.RangeIndex(5, 11, 2, name="r"), "a range down": pd.RangeIndex(3, 0, -1), "numbers": pd.Index([3, 1, 2]), "named": pd.Index([0.5, np.nan, 2], name="k"),
    "named as a column": pd.Index([3, 1, 2], name="a"), "times": pd.DatetimeIndex(["2020", "2022", "2021"], name="t"), "spans": pd.to_timedelta([1, 2, 3], unit="s"),
    "levels": pd.MultiIndex.from_arrays([[1, 2, 3], pd.to_datetime(["2020", "2021", "2022"])], names=["i", None]), "levels of one name": pd.MultiIndex.from_arrays([[1, 2, 3], [4, 5, 6]], names=["i", "i"]),
}  # fmt: skip
LABELS = {
    "text": pd.Index(["a", "b"]), "named": pd.Index(["a", "b"], name="cols"), "the same": pd.Index(["a", "a"]), "numbers": pd.Index([7, 5]), "the same numbers": pd.Index([1, 1], name="n"),
    "levels": pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")], names=["u", None]), "the same levels": pd.MultiIndex.from_tuples([("a", 1), ("a", 1)]), "times": pd.to_datetime(["2020", "2021"]),
}  # fmt: skip


@pytest.fixture(params=["beside what is there", "without pyarrow"])
def companions(request, monkeypatch):
    if request.param == "without pyarrow":
        monkeypatch.setitem(sys.modules, "pyarrow", None)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("index", INDICES)
def test_a_frame_of_numbers_keeps_its_index_and_its_labels(index, labels, companions):
    frame = pd.DataFrame({0: [1, 2, 3], 1: [0.5, np.nan, 1.5]})
    frame.index, frame.columns = INDICES[index], LABELS[labels]
    t = ab.table(frame)
    pd.testing.assert_frame_equal(t.to_pandas(), frame)
    pd.testing.assert_frame_equal(t.to_like(frame), frame)
    assert t.column_names[:2] == [str(label) for label in frame.columns]
    if labels != "the same levels" and frame.columns.is_unique:
        none = frame.iloc[:, :0]  # Whose labels are of no kind.
        pd.testing.assert_frame_equal(ab.table(none).to_pandas(), none, check_column_type=False, check_names=frame.columns.nlevels == 1)
    part = t.slice(1).to_pandas()
    assert part.shape == (2, 2) and (isinstance(frame.index, pd.RangeIndex) or part.index.equals(frame.index[1:]))


def test_attributes_and_empty_frames_come_along(companions):
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"unit": "m"}
    assert ab.table(frame).to_pandas().attrs == {"unit": "m"}
    for empty in (pd.DataFrame({"a": [1.0]}).iloc[:0], pd.DataFrame(index=pd.RangeIndex(3))):
        pd.testing.assert_frame_equal(ab.table(empty).to_pandas(), empty)


def test_text_is_listed_and_compared_without_any_other_library(monkeypatch):
    for library in ("pyarrow", "polars"):
        monkeypatch.setitem(sys.modules, library, None)
    words = ["", None, "ann", "füür 𝄞", "x" * 40, "a\0b"]
    t = ab.table({"s": words, "u": np.array([word or "-" for word in words])})
    assert t["s"].tolist() == words and t["s"].slice(2, 3).tolist() == words[2:5] and t["u"].tolist()[3] == "füür 𝄞"
    assert t.equals({"s": words, "u": np.array([word or "-" for word in words])}) and not t.equals(t.slice(1))
    assert not t.select(["s"]).equals({"s": words[:5] + ["ab"]})


@pytest.mark.parametrize("index", [
    pd.CategoricalIndex(["a", "b"]), pd.MultiIndex.from_tuples([(1, 2), (3, 4)]), pd.period_range("2020", periods=2), pd.interval_range(0, 2), pd.Index(["a", "b"]),
    pd.Index([1, "a"], dtype=object), pd.Index(pd.array([1, None], "Int64")), pd.Series([1, "a"], dtype=object), pd.Series(["a", "b"]),
], ids=lambda index: f"{type(index).__name__} {index.dtype}")  # fmt: skip
def test_any_index_is_a_column_or_refused_in_words_by_every_door(index, companions):
    for make in (lambda: ab.table(index), lambda: ab.table({"x": index}), lambda: ab.table({"y": [1, 2]}).append_column("x", index)):
        try:
            assert make().num_rows == 2
        except ab.ConversionError as refused:
            assert len(str(refused)) > 20


def test_rows_that_are_cut_ask_for_no_pandas(monkeypatch):
    t = ab.table(pd.DataFrame({"x": [1, 2, 3]}, index=pd.RangeIndex(5, 11, 2)))
    for name in [name for name in sys.modules if name == "pandas" or name == "aria_array_bridge._frames"]:
        monkeypatch.setitem(sys.modules, name, None)
    part = t.slice(1)
    monkeypatch.undo()
    assert part["x"].tolist() == [2, 3] and part.to_pandas().index.tolist() == [7, 9]


def test_without_pyarrow_a_frame_is_made_of_arrays_and_explained_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    a, b = np.arange(3), np.array([True, False, True])
    t = ab.table({"a": a, "b": b})
    plan = ab.explain(t, to="pandas")
    assert (plan.outcome, plan.target) == ("view", "pandas.DataFrame")
    frame = t.to_pandas()
    assert np.shares_memory(frame["a"], a) and np.shares_memory(frame["b"], b)
    text = ab.explain(ab.table({"a": a, "s": ["x", "y", "z"]}), to="pandas")
    assert text.outcome == "refuse" and text.reasons[0].where == "column 's'"


@pytest.mark.parametrize("make, hint", [
    (lambda: ab.table(np.zeros((2, 3))), r"\{'a': x\[:, 0\]"), (lambda: ab.table({"a": [datetime.datetime(2020, 1, 1)]}), r"datetime64\[us\]"),
    (lambda: ab.table({"a": [1]}).to_like(np.zeros(1)), r"to_matrix\(\)"), (lambda: ab.table({"a": [1, 2]}).to_matrix(dtype="float32", nulls=""), "nulls"),
])  # fmt: skip
def test_what_is_refused_says_what_to_do(make, hint):
    with pytest.raises((ab.ConversionError, TypeError, ValueError), match=hint):
        make()


def test_a_copy_with_nan_may_be_written():
    masked = np.ma.array([1, 2, 3], mask=[False, True, False])
    for dtype in (None, "float64"):
        array = ab.asarray(masked, nulls="nan", dtype=dtype)
        assert not array.readonly and array.plan.outcome == "copy"
        np.asarray(array)[0] = 7.0
        assert array.tolist()[0] == 7.0 and masked[0] == 1


def test_a_table_keeps_what_it_is_made_of_alive():
    def made():
        a, frame = np.arange(1000), pd.DataFrame(np.ones((1000, 2)))
        return ab.table({"a": a}), ab.table(frame), ab.table({"a": a})["a"], ab.table(frame).slice(10)

    tables = made()
    gc.collect()
    assert tables[0]["a"].tolist() == tables[2].tolist() == list(range(1000))
    assert tables[1].to_matrix().tolist() == [[1.0, 1.0]] * 1000 and tables[3].num_rows == 990
    assert len(ab.ledger()) > 0


def test_tables_are_let_go_by_weakref_and_refuse_new_attributes():
    import weakref

    t = small()
    kept = [weakref.ref(t), weakref.ref(t["a"]), weakref.ref(ab.batches(t))]
    del t
    gc.collect()
    assert [ref() for ref in kept] == [None] * 3
    with pytest.raises(AttributeError):
        small().x = 1
    for kind in (ab.Table, ab.Column, ab.Schema, ab.Field, ab.BatchReader):
        with pytest.raises(TypeError, match="No constructor|cannot create"):
            kind()


def test_there_and_back_to_the_library_of_another_object():
    t = small()
    assert t.to_like(t) is t and t.to_like(ab.table({})) is t
    with pytest.raises(TypeError, match="expected a table of pandas, Polars, pyarrow.* but found numpy.ndarray"):
        t.to_like(np.ones(1))


def test_numpy_takes_columns_and_tables_for_their_arrays() -> None:
    values = np.arange(6.0).reshape(3, 2)
    table = ab.table({"a": ab.asarray(values)[:, 0], "b": ab.asarray(values)[:, 1]})
    assert np.shares_memory(np.asarray(table["a"]), values) and np.shares_memory(np.asarray(table), values)
    assert np.asarray(table, dtype="float32").dtype == np.float32 and np.array(table).tolist() == values.tolist()
    names = ab.table(np.zeros(2, [("a", "f8"), ("b", "M8[s]")]))
    with pytest.raises(ab.ConversionError, match="no type has both"):
        np.asarray(names)
    with pytest.raises(ab.ConversionError):
        np.asarray(ab.table({"a": np.arange(2), "b": np.arange(2.0)}), copy=False)


def test_a_dict_that_changes_while_its_columns_are_taken_is_taken_as_it_was():
    class Changes:
        def __init__(self, of):
            self.of = of

        def __array__(self, dtype=None, copy=None):
            self.of["more"] = 1
            return np.zeros(3)

    columns = {}
    columns["a"] = Changes(columns)
    assert ab.table(columns).column_names == ["a"] and len(columns) == 2


def test_explaining_a_column_of_several_chunks_copies_nothing():
    parts = [ab.table({"x": np.arange(3.0) + i}) for i in range(2)]
    column = ab.batches(iter(parts)).read_all()["x"]
    plan = ab.explain(column)
    assert (plan.outcome, plan.copied_bytes, [reason.code for reason in plan.reasons]) == ("copy", 48, ["chunked"])
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(column, copy=False)
    assert "chunked" in [reason.code for reason in caught.value.plan.reasons]
    array = ab.asarray(column)
    assert array.tolist() == column.tolist() == [0, 1, 2, 1, 2, 3] and array.plan.copied_bytes == 48


@pytest.mark.parametrize("series, name", [
    (pd.Series([1.0, np.nan], name="x"), "x"), (pd.Series([1.0, np.nan]), ""), (pd.Series([1.0, np.nan], name=3), "3"),
    (pd.Index([1.0, np.nan], name="i"), "i"),
])  # fmt: skip
def test_a_series_is_a_table_of_one_column_and_nan_is_a_value_in_it(series, name):
    table = ab.table(series)
    assert (table.column_names, table.shape, table[0].null_count) == ([name], (2, 1), 0)
    array = ab.asarray(table[0])
    assert array.plan.outcome == "view" and array.address == series.to_numpy().__array_interface__["data"][0]
    assert ab.table(table[0]).equals(table)


@pytest.mark.parametrize("values", [["ann", None, "ä€\U0001f600", ""], ("x",), ["a\0b"]], ids=len)
def test_a_list_of_text_is_a_column_of_it(values):
    column = ab.table({"s": values})["s"]
    assert (column.field.type, column.null_count, len(column)) == ("large_string", list(values).count(None), len(values))
    del column
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed") as caught:
        ab.table({"s": [*values, "\ud800"]})
    assert caught.value.__notes__ == ["column 's'"]


@pytest.mark.parametrize("shape", [(6,), (2, 3)])
def test_text_of_a_fixed_length_goes_out_as_utf_8(shape):
    source = np.array(["", "a", "äb", "\U0001f600€", "a\0b", "zzzz"]).reshape(shape)
    for view in (source, source[::-1], np.asfortranarray(source)):
        table = ab.table({"s": view})
        with ab.trace() as hops:
            schema, stream = table.__arrow_c_schema__(), table.__arrow_c_stream__()
        assert [reason.code for reason in hops[0].reasons] == ["text"] and hops[0].outcome == "copy"
        del schema, stream
        assert np.array_equal(ab.asarray(table["s"]).to_numpy(), view) and ab.asarray(table["s"]).plan.outcome == "view"
        assert len(shape) > 1 or table.to_pandas()["s"].tolist() == view.tolist()
    broken = np.array([1, 0xD800, 65], "u4").view("U1")
    with pytest.raises(ValueError, match="element 1 has the code point 0xd800, which is no character of UTF-8"):
        ab.asarray(broken).__arrow_c_array__()


@pytest.mark.parametrize("kind, unit", [("M8", "h"), ("M8", "m"), ("M8", "W"), ("m8", "D"), ("m8", "h"), ("M8", "2h"), ("M8", "25s")])
def test_times_of_coarse_units_go_out_in_seconds(kind, unit):
    source = np.ma.MaskedArray(np.array([1, 2, -3, 4], f"{kind}[{unit}]").reshape(2, 2), [[0, 1], [0, 0]])
    for array in (source[0], source, source.T):
        name = {"M8": "timestamp", "m8": "duration"}[kind]
        column = ab.table({"t": array})["t"]
        assert f"{name}[s]" in column.field.type
        back = ab.asarray(column)
        assert back.dtype == ab.asarray(array).dtype and back.plan.outcome == "view"
    far = np.array([2**62], f"{kind}[{unit}]")
    with pytest.raises(ValueError, match=rf"is beyond .*64\[s\]"):
        ab.asarray(far).__arrow_c_array__()


def test_rows_that_cannot_be_are_refused_in_words_and_tables_of_others_compare():
    t = small()
    for wrong, text in [
        (lambda: t.slice(-1), "an offset of 0 rows or more but found -1"), (lambda: t.slice(0, -2), "a length of 0 rows or more but found -2"),
        (lambda: t["a"].slice(-3), "an offset of 0 rows or more but found -3"), (lambda: t.to_batches(0), "1 row a batch or more but found 0"),
        (lambda: t.to_batches(-1), "1 row a batch or more but found -1"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=text):
            wrong()
    assert t.equals(t.to_pandas()) and not t.equals({"a": [1, 2, 3]})
    assert [field.name for field in t.schema] == t.column_names and t.schema[-1] == t.schema["b"] == t.field("b")
    with pytest.raises(ab.ArgumentError, match="expected a table but found int"):
        t.equals(3)


@pytest.mark.parametrize("to, target", [("polars", "polars.DataFrame"), ("pyarrow", "pyarrow.Table"), ("arrow", "arrow stream")])
def test_explaining_a_table_to_a_library_says_what_giving_it_away_copies(to, target):
    table = ab.table({"a": np.arange(3), "b": [True, False, True]})
    plan = ab.explain(table, to=to)
    with ab.trace() as hops:
        table.__arrow_c_stream__()
    assert (plan.outcome, plan.copied_bytes, plan.target) == ("copy", 1, target) and plan.reasons == hops[0].reasons
    assert ab.explain(table, to=to, copy=False).outcome == "refuse"
    assert ab.explain({"a": np.arange(3)}, to=to).outcome == "view" and ab.explain(table, to="numpy").target == "numpy.ndarray"
