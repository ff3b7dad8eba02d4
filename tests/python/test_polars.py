"""Polars' Series by the Arrow C stream, both ways: values, types, addresses where memory is shared."""

import datetime

import numpy as np
import polars as pl
import pytest

import aria_array_bridge as ab

pytestmark = pytest.mark.usefixtures("nothing_is_left")


NUMBERS = {pl.Int8: "int8", pl.Int16: "int16", pl.Int32: "int32", pl.Int64: "int64", pl.UInt8: "uint8", pl.UInt16: "uint16",
           pl.UInt32: "uint32", pl.UInt64: "uint64", pl.Float32: "float32", pl.Float64: "float64"}  # fmt: skip
TIMES = {pl.Datetime(unit): f"datetime64[{unit}]" for unit in ("ms", "us", "ns")} | {pl.Duration(unit): f"timedelta64[{unit}]" for unit in ("ms", "us", "ns")}


@pytest.mark.parametrize(("kind", "dtype"), [*NUMBERS.items(), *TIMES.items()], ids=str)
def test_a_series_is_shared_with_its_nulls(kind, dtype):
    series = pl.Series([1, None, 3, 4], dtype=pl.Int64).cast(kind)
    whole = ab.asarray(series)
    for cut, own in ((series, whole), (series[1:], whole[1:]), (series[1:][1:2], whole[2:3])):
        x = ab.asarray(cut)
        assert x.dtype == dtype and x.plan.outcome == "view" and x.plan.protocol == "__arrow_c_stream__"
        assert x.address == own.address and x.readonly and x.access == "shared"
        assert x.null_count == cut.null_count() and x.is_null().tolist() == cut.is_null().to_list()
    if dtype in NUMBERS.values():
        assert whole.tolist() == series.to_list()
        assert ab.asarray(series.drop_nulls()).to_numpy().tolist() == series.drop_nulls().to_list()
    assert ab.asarray(series.clear()).shape == (0,) and ab.asarray(series.clear()).dtype == dtype


def test_bools_and_dates_are_copies_and_say_so():
    bools = ab.asarray(pl.Series([True, None, False]))
    assert bools.plan.reasons[0].code == "bits" and bools.plan.copied_bytes == 3 and bools.tolist() == [True, None, False]
    dates = ab.asarray(pl.Series([datetime.date(2020, 2, 29)]))
    assert dates.dtype == "datetime64[D]" and dates.plan.reasons[0].code == "dtype"
    assert dates.to_numpy()[0] == np.datetime64("2020-02-29")
    noon = ab.asarray(pl.Series([datetime.time(12)]))
    assert noon.to_numpy()[0] == np.timedelta64(12, "h") and [r.code for r in noon.plan.reasons] == ["time-of-day"]
    with pytest.raises(ab.ConversionError, match="copy=False"):
        ab.asarray(pl.Series([True]), copy=False)


def test_arrays_are_axes():
    series = pl.Series([[[1, 2], [3, None]], None], dtype=pl.Array(pl.Int32, (2, 2)))
    x = ab.asarray(series)
    assert x.shape == (2, 2, 2) and x.null_count == 5 and x.fill_null(0).tolist()[0] == [[1, 2], [3, 0]]


def test_chunks_are_one_array():
    series = pl.Series([1, 2]).append(pl.Series([3, None]))
    assert series.n_chunks() == 2
    x = ab.asarray(series)
    assert x.tolist() == [1, 2, 3, None] and [r.code for r in x.plan.reasons] == ["chunked"]
    assert ab.asarray(series.rechunk()).plan.outcome == "view"


@pytest.mark.parametrize("series", [
    pl.Series(["a", None]), pl.Series([b"a"]), pl.Series(["a"], dtype=pl.Categorical), pl.Series(["a"], dtype=pl.Enum(["a"])),
    pl.Series([[1], [2, 3]]), pl.Series([datetime.datetime(2020, 1, 1)]).dt.replace_time_zone("UTC"),
    pl.Series([1], dtype=pl.Decimal(10, 2)), pl.Series([None]),
], ids=lambda series: str(series.dtype))  # fmt: skip
def test_what_is_no_array_is_refused_by_name(series):
    for door in (ab.asarray, ab.from_arrow):
        with pytest.raises(ab.ArgumentError) as caught:
            door(series)
        assert [reason.code for reason in caught.value.plan.reasons] == ["not-numeric"]


@pytest.mark.parametrize("dtype", [*NUMBERS.values(), *TIMES.values(), "bool", "datetime64[D]"])
@pytest.mark.parametrize("shape", [(6,), (0,), (3, 2)], ids=str)
def test_every_dtype_goes_out_and_comes_back(dtype, shape):
    source = np.arange(np.prod(shape)).astype("int64").astype(dtype).reshape(shape)
    ours = ab.asarray(source)
    theirs = ours.to_polars()
    assert isinstance(theirs, pl.Series) and len(theirs) == shape[0]
    expected = {name: kind for kind, name in (NUMBERS | TIMES).items()} | {"bool": pl.Boolean, "datetime64[D]": pl.Date}
    assert theirs.dtype == (expected[dtype] if len(shape) == 1 else pl.Array(expected[dtype], shape[1:]))
    back = ab.asarray(theirs)
    assert back.dtype == dtype and back.shape == shape and back.to_numpy().tolist() == source.tolist()
    assert dtype in ("bool", "datetime64[D]") or not source.size or back.address == ours.address


def test_nulls_go_out_and_come_back():
    ours = ab.asarray(np.ma.MaskedArray([1.0, 2.0, 3.0], mask=[0, 1, 0]))
    assert ours.to_polars().to_list() == [1.0, None, 3.0] and ab.asarray(ours.to_polars()).address == ours.address
    with pytest.raises(ab.ConversionError, match="copy=False"):
        ab.asarray([True]).to_polars(copy=False)
    assert ab.explain([1.5], to="polars").outcome == "copy" and ab.explain(np.ones(2), to="polars").outcome == "view"
    assert ab.asarray(ours.to_polars(copy=True)).address != ours.address


def test_a_frame_still_comes_by_array():
    frame = pl.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert ab.asarray(frame).tolist() == [[1, 3], [2, 4]]
    with pytest.raises(ab.ArgumentError, match="is a table"):
        ab.from_arrow(frame)


def test_a_column_of_python_objects_is_refused_by_name():
    objects = pl.Series("o", [object(), None], dtype=pl.Object)
    frame = pl.DataFrame({"a": [1, 2]}).with_columns(objects)
    for call in (lambda: ab.asarray(objects), lambda: ab.table(frame), lambda: ab.table({"o": objects}), lambda: ab.batches(frame)):
        with pytest.raises(ab.ConversionError, match="Polars keeps Python objects here") as caught:
            call()
        assert "object-dtype" in [reason.code for reason in caught.value.plan.reasons]
    assert ab.table(frame.select("a")).column_names == ["a"]
    named = pl.Series("e", ["Object"], dtype=pl.Enum(["Object"]))
    assert ab.table({"e": named}).to_polars()["e"].to_list() == ["Object"]
