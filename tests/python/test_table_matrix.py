"""`to_matrix`, and `asarray` of what is like a table [W9]: a view where the columns lie so, else one copy that says why."""

import itertools

import numpy as np
import pandas as pd
import pytest

import aria_array_bridge as ab
from hops import outcome, traced

PARTNERS = ("numpy", "pandas")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def columns_of(matrix):
    return ab.table({str(i): matrix[:, i] for i in range(matrix.shape[1])})


@pytest.mark.parametrize("order", ["C", "F"])
def test_columns_of_one_matrix_are_a_view_of_it(order):
    matrix = ab.asarray(np.asarray(np.arange(12.0).reshape(4, 3), order=order))
    again = columns_of(matrix).to_matrix()
    assert again.address == matrix.address and again.strides == matrix.strides and again.tolist() == matrix.tolist()
    assert outcome(again.plan) == ("view", 0, []) and again.readonly == matrix.readonly
    t = columns_of(matrix)
    back = t.select([2, 1, 0]).to_matrix()
    assert back.plan.outcome == "view" and back.strides[1] == -matrix.strides[1] and back.tolist() == matrix[:, ::-1].tolist()
    every_other = t.select([0, 2]).to_matrix()
    assert every_other.plan.outcome == "view" and every_other.tolist() == matrix[:, ::2].tolist()
    assert t.slice(1, 2).to_matrix().tolist() == matrix[1:3].tolist() and t.slice(1, 2).to_matrix(copy=False).shape == (2, 3)
    assert t.select([0]).to_matrix().shape == (4, 1) and t.select([0]).to_matrix().plan.outcome == "view"


def test_the_columns_of_a_copy_are_a_view_the_next_time():
    t = ab.table({"a": np.arange(3.0), "b": np.arange(3.0)})
    matrix = t.to_matrix()
    assert outcome(matrix.plan) == ("copy", 48, ["columns-apart"]) and not matrix.readonly
    assert "columns 'a' and 'b' lie in different allocations" in str(matrix.plan)
    assert columns_of(matrix).to_matrix(copy=False).address == matrix.address


def test_a_copy_promotes_and_says_which_columns_and_how_many_bytes():
    t = ab.table({"i": np.arange(2, dtype="int32"), "x": np.array([0.5, 1.5]), "b": np.array([True, False])})
    matrix = t.to_matrix()
    assert matrix.dtype == "float64" and matrix.tolist() == [[0, 0.5, 1], [1, 1.5, 0]]
    kind, copied, codes = outcome(matrix.plan)
    assert (kind, copied) == ("copy", 2 * 3 * 8) and set(codes) == {"mixed-columns"}
    assert "column 'i' is int32, and the matrix is float64" in str(matrix.plan)
    half = t.to_matrix(dtype="float32")
    assert half.dtype == "float32" and half.plan.copied_bytes == 24 and half.tolist() == matrix.tolist()


def test_the_order_is_by_columns_unless_another_is_wished_for():
    t = ab.table({"a": np.arange(3.0), "b": np.arange(3.0) + 10})
    for order, strides in ((None, (8, 24)), ("K", (8, 24)), ("F", (8, 24)), ("C", (16, 8))):
        matrix = t.to_matrix(order=order)
        assert matrix.strides == strides and matrix.tolist() == [[0, 10], [1, 11], [2, 12]]
    rows = columns_of(ab.asarray(np.arange(6.0).reshape(3, 2)))
    assert rows.to_matrix(order="C").plan.outcome == "view" and outcome(rows.to_matrix(order="F").plan)[::2] == ("copy", ["order"])
    with pytest.raises(ValueError, match="order"):
        t.to_matrix(order="Z")


def test_copy_always_copies_and_never_refuses():
    block = columns_of(ab.asarray(np.arange(6.0).reshape(3, 2)))
    assert outcome(block.to_matrix(copy=True).plan) == ("copy", 48, ["copy-asked"])
    apart = ab.table({"a": np.arange(3), "b": np.arange(3)})
    for refused in (lambda: apart.to_matrix(copy=False), lambda: ab.asarray(apart, copy=False)):
        with pytest.raises(ab.ConversionError, match="copy=False forbids it") as caught:
            refused()
        assert [reason.code for reason in caught.value.plan.reasons] == ["columns-apart", "copy-never"]
    with ab.no_copy():
        assert block.to_matrix().plan.outcome == "view"
        with pytest.raises(ab.ConversionError, match="forbids it"):
            apart.to_matrix()
        with pytest.raises(ab.ConversionError, match="forbids it"):
            ab.asarray(apart)


def test_nulls_stay_are_refused_or_become_nan():
    t = ab.table({"a": np.ma.MaskedArray([1, 2], [0, 1]), "b": np.ma.MaskedArray([3, 4], [1, 0])})
    matrix = t.to_matrix()
    assert matrix.dtype == "int64" and matrix.tolist() == [[1, None], [None, 4]] and matrix.null_count == 2
    assert t.to_matrix(order="C").tolist() == [[1, None], [None, 4]] and ab.asarray(t).tolist() == matrix.tolist()
    filled = t.to_matrix(nulls="nan")
    assert filled.dtype == "float64" and filled.null_count == 0
    np.testing.assert_array_equal(filled.to_numpy(), [[1, np.nan], [np.nan, 4]])
    np.testing.assert_array_equal(ab.asarray(t, nulls="nan").to_numpy(), filled.to_numpy())
    for refused in (lambda: t.to_matrix(nulls="raise"), lambda: ab.asarray(t, nulls="raise")):
        with pytest.raises(ab.ConversionError, match="null in column 'a', and nulls=\"raise\" forbids it"):
            refused()
    with pytest.raises(ab.ConversionError, match="column 'a' has nulls, and int64 has no NaN"):
        t.to_matrix(nulls="nan", dtype="int64")
    with pytest.raises(ab.ConversionError, match=f"{2**53 + 1} in column 'big' is none that float64 has"):
        ab.table({"big": np.ma.MaskedArray([2**53 + 1, 0], [0, 1])}).to_matrix(nulls="nan")
    with pytest.raises(ValueError, match="expected nulls to be None, 'raise', 'nan' or 'mask' but found"):
        t.to_matrix(nulls="zero")


@pytest.mark.parametrize("columns, options, text", [
    ({}, {}, "expected a numeric column or more but found none"),
    ({"a": [1.5]}, {"dtype": "int64"}, "column 'a' is float64, which does not cast to int64 within its kind"),
    ({"a": [1.5], "t": np.array(["2020"], "M8[s]")}, {}, "column 't' is datetime64.s., others are float64, and no type has both"),
    ({"a": [1.5], "m": np.ones((1, 2))}, {}, r"expected elements along 1 axis but found 2 \(column 'm'\)"),
])  # fmt: skip
def test_refusals_name_the_column(columns, options, text):
    t = ab.table(columns)
    for make in (lambda: t.to_matrix(**options), lambda: ab.asarray(t, **options)):
        with pytest.raises(ab.ArgumentError, match=text) as caught:
            make()
        assert caught.value.plan.outcome == "refuse" and isinstance(caught.value, TypeError)


def test_explain_says_what_asarray_will_do_and_trace_what_was_done():
    t = ab.table({"a": np.arange(3), "b": np.arange(3) / 2})
    plan = ab.explain(t)
    assert outcome(plan) == ("copy", 48, ["mixed-columns"]) and plan.source == "aria_array_bridge.Table"
    array, hop = traced(lambda: ab.asarray(t))
    assert outcome(hop) == outcome(array.plan) == outcome(plan)
    matrix, hop = traced(t.to_matrix)
    assert outcome(hop) == outcome(matrix.plan) and hop.source == "Table" and str(hop).startswith("copy  Table -> Array float64[3, 2]  48 bytes")
    assert ab.explain(t, copy=False).outcome == "refuse"
    column, hop = traced(lambda: ab.asarray(t["a"]))
    assert hop.outcome == "view" and hop.source == "aria_array_bridge.Column" and column.tolist() == [0, 1, 2]


def test_asarray_of_a_table_takes_its_options_and_goes_on_to_numpy():
    t = ab.table({"a": np.arange(3), "b": np.arange(3) / 2})
    assert ab.asarray(t).to_numpy().tolist() == [[0, 0], [1, 0.5], [2, 1]]
    assert ab.asarray(t, dtype="float32", order="C").strides == (8, 4)
    assert ab.asarray(t["a"], dtype="float64").tolist() == [0, 1, 2] and ab.asarray(t["a"], dtype="float64").dtype == "float64"
    frame = pd.DataFrame({"id": [1, 2], "x": [0.5, 1.5]})
    mixed = ab.asarray(frame)
    assert mixed.tolist() == [[1, 0.5], [2, 1.5]] and outcome(mixed.plan) == ("copy", 32, ["mixed-columns"])


def test_another_dtype_that_is_wished_for_is_no_mixture_of_columns():
    one = ab.table({"a": np.arange(3.0)})
    assert outcome(one.to_matrix(dtype="complex128").plan)[::2] == ("copy", ["dtype"])
    same = ab.table({"a": np.arange(3.0), "b": np.arange(3.0)})
    assert "mixed-columns" not in outcome(same.to_matrix(dtype="complex128").plan)[2]
    mixed = ab.table({"a": np.arange(3.0), "b": np.arange(3)})
    assert outcome(mixed.to_matrix(dtype="complex128").plan)[::2] == ("copy", ["mixed-columns"])
    with pytest.raises(ab.ArgumentError) as caught:
        one.to_matrix(dtype="int64")
    assert outcome(caught.value.plan)[::2] == ("refuse", ["dtype"])


@pytest.mark.parametrize("kind, units", [("M8", ["D", "s", "ms", "us", "ns"]), ("m8", ["s", "ms", "us", "ns"])])  # Arrow's.
@pytest.mark.parametrize("order", ["C", "F"])
def test_times_of_different_units_become_those_of_the_finer_one(kind, units, order):
    # The model is NumPy's own: its type for both, and its cast.
    for first in units:
        for second in units:
            a, b = (np.array([0, 1, -3, "NaT"], f"{kind}[{unit}]") for unit in (first, second))
            wanted = np.result_type(a.dtype, b.dtype)
            matrix = ab.table({"a": a, "b": b}).to_matrix(order=order)
            assert matrix.dtype == wanted, (first, second)
            np.testing.assert_array_equal(matrix.to_numpy(), np.stack([a.astype(wanted), b.astype(wanted)], axis=1))


def test_times_that_the_finer_unit_has_not_are_refused_and_nulls_are_no_times():
    far = np.ma.MaskedArray(np.array([2**62, 5], "M8[s]"), [False, False])
    near = np.array([1, 2], "M8[ns]")
    with pytest.raises(ab.ArgumentError, match=rf"{2**62} as datetime64\[s\] is beyond datetime64\[ns\] \(column 'far'\)") as caught:
        ab.table({"far": far, "near": near}).to_matrix()
    assert [reason.code for reason in caught.value.plan.reasons][-1] == "inexact"
    far.mask = [True, False]
    t = ab.table({"far": far, "near": near})
    matrix = t.to_matrix()
    assert matrix.is_null().tolist() == [[True, False], [False, False]]
    assert matrix.to_numpy(nulls="nan")[1, 0] == np.datetime64(5, "s")
    assert np.isnat(t.to_matrix(nulls="nan").to_numpy()[0, 0])
    assert t.select(["far"]).to_matrix(dtype="datetime64[ns]").dtype == "datetime64[ns]"
    with pytest.raises(ab.ArgumentError, match="no type has both"):
        ab.asarray(ab.table({"t": near, "d": near.view("m8[ns]")}))
    with pytest.raises(ab.ArgumentError, match="does not cast to datetime64.s. within its kind"):
        ab.table({"near": near}).to_matrix(dtype="datetime64[s]")


@pytest.mark.parametrize("frame", [
    pd.DataFrame({"id": [1, 2, 3, 4], "x": [0.5, 1, 2, 3]}).query("id != 2"),
    pd.DataFrame({"x": [0.5, 1, 2], "y": [1.0, 2, 3]}).sort_values("x", ascending=False),
    pd.DataFrame({"k": [1, 1, 2], "v": [1.0, 2, 3], "w": [1, 2, 3]}).groupby("k").sum(),
    pd.DataFrame({"x": [0.5, 1], "n": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, 2), (3, 4)], names=["x", None])),
])  # fmt: skip
def test_the_index_of_a_frame_is_no_column_of_its_matrix(frame):
    wanted = frame.to_numpy()
    for matrix in (ab.asarray(frame), ab.table(frame).to_matrix(), np.asarray(ab.table(frame))):
        assert np.asarray(matrix).tolist() == wanted.tolist()
    assert ab.table(frame).to_pandas().equals(frame)
    level = ab.table(frame).column_names[-1]
    if level not in frame.columns and frame.index.nlevels == 1 and frame.index.dtype != "str":  # Asked for by name: a column.
        assert ab.table(frame).select([level]).to_matrix().tolist() == [[value] for value in frame.index]


@pytest.mark.parametrize("dtypes", [("f4", "u2", "i2"), ("f2", "u1", "i1"), ("u2", "i2"), ("?", "i1", "f2")])
def test_the_order_of_columns_decides_no_dtype(dtypes):
    for order in itertools.permutations(dtypes):
        columns = {str(i): np.ones(2, dtype) for i, dtype in enumerate(order)}
        assert ab.table(columns).to_matrix().dtype == np.result_type(*order)


def parts_of_one_allocation():
    rows = np.arange(24.0).reshape(8, 3)
    columns = np.asfortranarray(rows)
    line = np.arange(24.0)
    yield "columns of a C array", [rows[:, i] for i in range(3)]
    yield "columns of an F array", [columns[:, i] for i in range(3)]
    yield "backwards", [rows[:, i] for i in (2, 1, 0)]
    yield "every second row", [columns[::2, i] for i in (0, 2)]
    yield "rows turned around", [rows[::-1, i] for i in range(2)]
    yield "pieces of a line", [line[8 * i : 8 * i + 8] for i in range(3)]
    yield "of a reshaped array", [line.reshape(4, 2, 3)[:, 0, i] for i in range(3)]


@pytest.mark.parametrize("name, parts", parts_of_one_allocation())
def test_parts_of_one_numpy_array_are_a_view_of_it(name, parts):
    table = ab.table({f"c{i}": part for i, part in enumerate(parts)})
    matrix = table.to_matrix()
    assert (matrix.plan.outcome, matrix.plan.reasons) == ("view", ())
    assert np.array_equal(matrix.to_numpy(), np.stack(parts, axis=1))
    assert matrix.address == parts[0].__array_interface__["data"][0]
    parts[0][0] = 99.0
    assert matrix[0, 0].tolist() == 99.0 and not matrix.readonly


def test_parts_of_read_only_memory_are_a_read_only_view_and_those_of_two_arrays_are_none():
    rows = np.arange(6.0).reshape(3, 2)
    rows.flags.writeable = False
    assert ab.table({"a": rows[:, 0], "b": rows[:, 1]}).to_matrix().readonly
    plan = ab.table({"a": rows[:, 0], "b": rows.copy()[:, 1]}).to_matrix().plan
    assert [reason.code for reason in plan.reasons] == ["columns-apart"]
    swapped = np.arange(6.0).astype(">f8").reshape(3, 2)
    assert ab.table({"a": swapped[:, 0], "b": swapped[:, 1]}).to_matrix().tolist() == swapped.tolist()
    records = np.zeros(3, [("a", "f8"), ("b", "f8")])
    assert ab.table({"a": records["a"], "b": records["b"]}).to_matrix().shape == (3, 2)


def test_explaining_a_table_makes_nothing_of_it():
    """What only the values say is found when the matrix is made: a plan does not read them."""
    big = np.ma.MaskedArray([2**53 + 1, 0], [0, 1])
    table = ab.table({"n": big, "x": [0.5, 1.5]})
    plan = ab.explain(table, nulls="nan")
    assert (plan.outcome, plan.copied_bytes, plan.target) == ("copy", 32, "Array float64[2, 2]")
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(table, nulls="nan")
    assert caught.value.plan.reasons[-1].code == "inexact"
    for options in ({}, {"order": "C"}, {"order": "F"}, {"dtype": "float32"}, {"dtype": "float32", "order": "C"}):
        plan, array = ab.explain(table, **options), ab.asarray(table, **options)
        assert (plan.outcome, plan.copied_bytes, plan.target) == ("copy", array.plan.copied_bytes, array.plan.target)
        assert [r.code for r in plan.reasons] == [r.code for r in array.plan.reasons]
        assert array.plan.target == f"Array {options.get('dtype', 'float64')}[2, 2]" and array.null_count == 1
        assert array.to_numpy(nulls="mask").data.flags[options.get("order", "F") + "_CONTIGUOUS"]
