"""nanoarrow's arrays and streams by the Arrow C data interface, both ways."""

import nanoarrow as na
import numpy as np
import pytest

import aria_array_bridge as ab

PARTNERS = ("nanoarrow", "numpy")
pytestmark = pytest.mark.usefixtures("nothing_is_left")


NUMBERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()


@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_number_is_shared_with_its_nulls(dtype):
    column = na.c_array([1, None, 3, 4], getattr(na, dtype)())
    x = ab.asarray(column)
    assert x.dtype == dtype and x.tolist() == [1, None, 3, 4] and x.plan.outcome == "view"
    assert x.address == column.buffers[1]
    assert ab.asarray(na.Array(column)).address == x.address
    cut = ab.asarray(column[1:3])
    assert cut.tolist() == [None, 3] and cut.address == x.address + x.itemsize
    assert ab.from_arrow(na.c_array_stream(column)).tolist() == [1, None, 3, 4]


def test_bools_are_bits_and_a_released_array_is_refused():
    x = ab.asarray(na.c_array([True, None, False], na.bool_()))
    assert x.tolist() == [True, None, False] and x.plan.reasons[0].code == "bits"
    column = na.c_array([1], na.int64())
    capsules = column.__arrow_c_array__()
    ab.from_arrow(capsules)
    with pytest.raises(ab.ConversionError, match="consumed before"):
        ab.from_arrow(capsules)


def test_chunks_are_one_array_by_the_stream():
    array = na.Array.from_chunks([na.c_array([1, 2], na.int32()), na.c_array([None], na.int32())])
    x = ab.asarray(array)
    assert x.tolist() == [1, 2, None] and [reason.code for reason in x.plan.reasons] == ["chunked"]


@pytest.mark.parametrize("column", [na.c_array(["a"], na.string()), na.c_array([b"a"], na.binary())], ids=["string", "binary"])
def test_what_is_no_array_is_refused_by_name(column):
    with pytest.raises(ab.ArgumentError, match="is no array"):
        ab.asarray(column)


@pytest.mark.parametrize("dtype", [*NUMBERS, "float16", "bool"])
def test_every_dtype_goes_out_and_comes_back(dtype):
    source = np.arange(6).astype(dtype)
    ours = ab.asarray(source)
    theirs = na.c_array(ours)
    assert len(theirs) == 6 and na.Schema(ours).type.name.lower() in (dtype, {"float16": "half_float", "float32": "float", "float64": "double"}.get(dtype, dtype))
    back = ab.asarray(theirs)
    assert back.tolist() == ours.tolist() and (dtype == "bool" or back.address == ours.address)
    nested = ab.asarray(source.reshape(3, 2))
    assert ab.asarray(na.c_array(nested)).tolist() == nested.tolist()


def test_nulls_go_out():
    ours = ab.asarray(np.ma.MaskedArray([1, 2, 3], mask=[0, 1, 0]))
    assert list(na.Array(ours).iter_py()) == [1, None, 3]
