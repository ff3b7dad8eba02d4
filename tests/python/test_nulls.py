"""What becomes of nulls at the door: `asarray(nulls=…)`, of masked arrays, which have nulls without Arrow."""

import math

import numpy as np
import pytest

import aria_array_bridge as ab

PARTNER = "numpy"
MASK = [False, True, False]


def masked(values, dtype=None):
    return np.ma.MaskedArray(np.array(values, dtype), mask=MASK)


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "i8", ">i4", "f4", ">f8", "f2", "c16", "M8[s]", ">m8[s]"])
def test_nan_is_written_for_nulls_at_the_door(dtype):
    source = masked([1, 0, 1], dtype)
    ours = ab.asarray(source, nulls="nan")
    expected = "float64" if source.dtype.kind in "?biu" else source.dtype.newbyteorder("=")
    values = ours.to_numpy()
    assert values.dtype == expected and ours.null_count == 0 and ours.validity is None
    assert values[[0, 2]].tolist() == source.data.astype(expected)[[0, 2]].tolist()
    assert np.isnat(values[1]) if values.dtype.kind in "mM" else np.isnan(values[1])
    assert "nulls" in [reason.code for reason in ours.plan.reasons] and ours.plan.copied_bytes == values.nbytes
    assert ours.plan.outcome == ab.explain(source, nulls="nan").outcome == "copy"
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(source, nulls="nan", copy=False)
    assert "copy-never" in [reason.code for reason in caught.value.plan.reasons]
    assert source.data[1] == np.array(0, dtype), "the source is not written"


def test_without_nulls_there_is_nothing_to_write():
    source = np.arange(3)
    ours = ab.asarray(source, nulls="nan", copy=False)
    assert ours.address == source.ctypes.data and ours.dtype == "int64"


def test_an_integer_that_float64_lacks_is_refused():
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(masked([2**53 + 1, 0, 0]), nulls="nan")
    assert "inexact" in [reason.code for reason in caught.value.plan.reasons]
    assert ab.asarray(masked([0, 2**53 + 1, 0]), nulls="nan").tolist()[0] == 0, "the value of a null is no value"


def test_other_wishes_are_met_too():
    ours = ab.asarray(masked([1, 2, 3]), nulls="nan", dtype="float32")
    assert ours.dtype == "float32" and math.isnan(ours.tolist()[1])
    with pytest.raises(ab.ConversionError):
        ab.asarray(masked([1, 2, 3]), nulls="nan", dtype="int32")
    matrix = np.ma.MaskedArray(np.arange(6).reshape(2, 3), mask=[MASK, MASK])
    assert ab.asarray(matrix, nulls="nan", order="F").f_contiguous


def test_what_has_no_nan_is_refused_and_a_mask_is_kept():
    with pytest.raises(ab.ConversionError, match="stands for a null"):
        ab.asarray(masked(["a", "b", "c"]), nulls="nan")
    for word in (None, "mask"):
        source = masked([1, 2, 3])
        ours = ab.asarray(source, nulls=word)
        assert ours.null_count == 1 and ours.address == source.data.ctypes.data
    with pytest.raises(ValueError, match='"fill"'):
        ab.asarray(masked([1, 2, 3]), nulls="fill")
