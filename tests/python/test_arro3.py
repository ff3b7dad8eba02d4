"""arro3's arrays by the Arrow C data interface, both ways."""

import arro3.core as arro3
import numpy as np
import pytest

import aria_array_bridge as ab

PARTNERS = ("arro3", "numpy")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


NUMBERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()


@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_number_is_shared_with_its_nulls(dtype):
    column = arro3.Array([1, None, 3, 4], getattr(arro3.DataType, dtype)())
    x = ab.asarray(column)
    assert x.dtype == dtype and x.tolist() == [1, None, 3, 4] and x.plan.protocol == "__arrow_c_array__"
    cut = ab.asarray(column.slice(1, 2))
    assert cut.tolist() == [None, 3] and cut.address == x.address + x.itemsize
    assert ab.asarray(column.slice(1, 3).slice(1, 1)).tolist() == [3]


def test_chunks_are_one_array():
    chunks = [arro3.Array([1, 2], arro3.DataType.int32()), arro3.Array([None], arro3.DataType.int32())]
    x = ab.asarray(arro3.ChunkedArray(chunks))
    assert x.tolist() == [1, 2, None] and [reason.code for reason in x.plan.reasons] == ["chunked"]
    assert ab.asarray(arro3.ChunkedArray(chunks[:1])).plan.outcome == "view"


def test_what_is_no_array_is_refused_by_name():
    for column in (arro3.Array(["a"], arro3.DataType.string()), arro3.Array([b"a"], arro3.DataType.binary())):
        with pytest.raises(ab.ArgumentError, match="is no array"):
            ab.asarray(column)


@pytest.mark.parametrize("dtype", [*NUMBERS, "float16", "bool", "datetime64[us]", "timedelta64[ns]", "datetime64[D]"])
def test_every_dtype_goes_out_and_comes_back(dtype):
    source = np.arange(6).astype("int64").astype(dtype)
    for ours in (ab.asarray(source), ab.asarray(source.reshape(3, 2)), ab.asarray(source[:0])):
        back = ab.asarray(arro3.Array(ours))
        assert back.dtype == dtype and back.shape == ours.shape and back.to_numpy().tolist() == ours.to_numpy().tolist()
        assert dtype in ("bool", "datetime64[D]") or not ours.size or back.address == ours.address


def test_nulls_and_bools_go_out():
    ours = ab.asarray(np.ma.MaskedArray([1, 2, 3], mask=[0, 1, 0]))
    theirs = arro3.Array(ours)
    assert theirs.null_count == 1 and ab.asarray(theirs).tolist() == [1, None, 3]
