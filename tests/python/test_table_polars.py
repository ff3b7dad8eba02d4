"""Tables of Polars: every type comes back as it came, text at its address [C6]."""

import datetime
import decimal

import numpy as np
import polars as pl
import pytest

import aria_array_bridge as ab

PARTNERS = ("polars", "numpy")
pytestmark = pytest.mark.usefixtures("nothing_is_left")
DAY, NOW = datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 12, 30)


NUMBERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Float32, pl.Float64)
OTHERS = {
    "int128": pl.Series([1, None, 3], dtype=pl.Int128), "bool": pl.Series([True, None, False]), "null": pl.Series([None] * 3),
    "text": pl.Series(["ä", None, "a longer text than twelve bytes"]), "bytes": pl.Series([b"x", None, b"a longer run than twelve"]),
    "categories": pl.Series(["u", None, "v"], dtype=pl.Categorical), "enum": pl.Series(["u", None, "v"], dtype=pl.Enum(["v", "u"])),
    "list": pl.Series([[1], None, []], dtype=pl.List(pl.Int64)), "lists of text": pl.Series([["a", None], None, []]),
    "struct": pl.Series([{"p": 1, "q": "x"}, {"p": None, "q": None}, {"p": 3, "q": ""}]), "decimal": pl.Series([decimal.Decimal("1.5"), None, decimal.Decimal("-2")]),
    "zone": pl.Series([NOW, None, NOW]).dt.replace_time_zone("Europe/Berlin"), "array": pl.Series([[1, 2], None, [3, None]], dtype=pl.Array(pl.Int16, 2)),
    "date": pl.Series([DAY, None, DAY]), "time": pl.Series([datetime.time(1), None, datetime.time(2)]),
    **{f"{kind} {unit}": pl.Series([value, None, value], dtype=make(unit)) for unit in ("ms", "us", "ns") for kind, value, make in (("datetime", NOW, pl.Datetime), ("duration", datetime.timedelta(1), pl.Duration))},
}  # fmt: skip
COLUMNS = {str(kind): pl.Series([1, None, 3], dtype=kind) for kind in NUMBERS} | OTHERS


@pytest.mark.parametrize("name", COLUMNS)
def test_every_type_comes_back_with_its_values_and_its_type(name):
    source = pl.DataFrame({"n": [1, 2, 3], name: COLUMNS[name]})
    t = ab.table(source)
    for back in (t.to_polars(), pl.DataFrame(t), t.to_like(source), ab.table(t.to_polars()).to_polars(), pl.DataFrame(ab.batches(source))):
        assert back.schema == source.schema and back.equals(source, null_equal=True)
    assert t[name].null_count == COLUMNS[name].null_count() and t.column_names == ["n", name]
    series = t[name].to_polars()
    assert series.name == name and series.dtype == COLUMNS[name].dtype and series.equals(COLUMNS[name], null_equal=True)
    assert ab.table({"it": COLUMNS[name]})["it"].to_polars().equals(COLUMNS[name], null_equal=True)
    for cut in (source[1:], source[:0], source[1:2]):
        assert ab.table(cut).to_polars().equals(cut, null_equal=True)
    if name != "array":  # Polars refuses a part of one with nulls, pyarrow's too.
        assert t.slice(1, 1).to_polars().equals(source[1:2], null_equal=True)
    if name != "int128":  # Which pyarrow and Polars read alike.
        values = t[name].tolist()
        assert values == COLUMNS[name].to_list() or name.startswith(("datetime ns", "duration ns"))
    assert ab.table(source).equals(t)


def test_numbers_are_shared_and_text_is_where_it_was():
    source = pl.DataFrame({"x": [0.5, None, 1.5], "n": [1, 2, 3]})
    t = ab.table(source)
    x = ab.asarray(t["x"])
    assert x.address == ab.asarray(source["x"]).address and x.tolist() == [0.5, None, 1.5] and x.plan.outcome == "view"
    assert ab.asarray(t.to_polars()["x"]).address == x.address
    plan = t.to_matrix().plan
    assert plan.outcome == "copy" and "mixed-columns" in [reason.code for reason in plan.reasons]
    assert ab.asarray(source).tolist() == [[0.5, 1], [None, 2], [1.5, 3]]


@pytest.mark.parametrize("name", [name for name in OTHERS if name in ("int128", "null", "text", "bytes", "categories", "enum", "list", "lists of text", "struct", "decimal", "zone")])
def test_what_is_no_array_is_refused_as_one_and_named(name):
    t = ab.table(pl.DataFrame({"n": [1, 2, 3], "it": OTHERS[name]}))
    for refused in (lambda: ab.asarray(t["it"]), lambda: ab.asarray(t), lambda: ab.asarray(t.to_polars()), t.to_matrix):
        with pytest.raises(ab.ArgumentError, match="column 'it'") as caught:
            refused()
        assert [reason.code for reason in caught.value.plan.reasons] == ["not-numeric"]


def test_arrays_go_out_as_columns_at_their_address():
    x = ab.asarray(np.array([0.5, 1.5]))
    t = ab.table({"x": x, "b": [True, False], "m": np.ma.MaskedArray([1, 2], [0, 1])})
    out = t.to_polars()
    assert out.schema == {"x": pl.Float64, "b": pl.Boolean, "m": pl.Int64} and out.rows() == [(0.5, True, 1), (1.5, False, None)]
    assert ab.asarray(out["x"]).address == x.address
    assert t.append_column("s", pl.Series(["a", None])).to_polars()["s"].to_list() == ["a", None]


def test_lazy_frames_come_by_their_batches():
    source = pl.DataFrame({"a": [1, 2, 3], "s": ["x", "y", None]})
    with pytest.raises(ab.ArgumentError, match="expected a table but found polars.*LazyFrame"):
        ab.table(source.lazy())
    assert ab.batches(source.lazy().collect_batches()).read_all().to_polars().equals(source)
    assert pl.DataFrame(ab.batches([source[:1], source[1:]])).equals(source)
    assert ab.table(pl.DataFrame()).shape == (0, 0) and ab.table(source.clear()).to_polars().schema == source.schema


def test_a_reader_that_fails_says_so_to_polars():
    def failing():
        yield {"a": [1]}
        raise RuntimeError("the disk is gone")

    with pytest.raises(pl.exceptions.ComputeError, match="RuntimeError: the disk is gone"):
        pl.DataFrame(ab.batches(failing()))
