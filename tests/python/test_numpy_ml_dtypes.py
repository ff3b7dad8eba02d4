"""The element types that ml_dtypes registers with NumPy: by name both ways."""

import ml_dtypes
import numpy as np
import pytest

import aria_array_bridge as ab
from hops import outcome, traced
from layouts import LAYOUTS, record_field

PARTNERS = ("ml_dtypes",)

WHOLE = [
    "bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2",
    "float8_e5m2fnuz", "float8_e8m0fnu",
]  # fmt: skip
PADDED = ["int2", "int4", "uint2", "uint4", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn"]


@pytest.mark.parametrize("name", WHOLE)
def test_a_registered_type_is_shared_both_ways(name):
    source = np.arange(6, dtype="u1").repeat(np.dtype(getattr(ml_dtypes, name)).itemsize).view(getattr(ml_dtypes, name))
    ours = ab.asarray(source)
    assert ours.dtype == name and ours.address == source.ctypes.data
    for back in (ours.to_numpy(), np.asarray(ours)):
        assert back.dtype == source.dtype and back.ctypes.data == source.ctypes.data


@pytest.mark.parametrize("name", PADDED)
def test_one_sub_byte_value_to_a_byte_is_refused_by_name(name):
    with pytest.raises(ab.ConversionError, match=name) as caught:
        ab.asarray(np.zeros(4, getattr(ml_dtypes, name)))
    assert [reason.code for reason in caught.value.plan.reasons] == ["subbyte"]


@pytest.mark.parametrize("name", WHOLE)
def test_a_buffer_cannot_say_it_and_refuses_by_name(name):
    ours = ab.asarray(np.zeros(4, getattr(ml_dtypes, name)))
    with pytest.raises(BufferError, match=name):
        memoryview(ours)
    assert not hasattr(ours, "__array_interface__") and not hasattr(ours, "__array_struct__")


def test_a_record_may_have_such_a_field():
    source = np.zeros(3, [("a", "i1"), ("b", ml_dtypes.bfloat16)])
    source["b"] = [1, 2, 3]
    ours = ab.asarray(source)
    back = ours.to_numpy()
    assert back.dtype == source.dtype and back["b"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("layout", [*LAYOUTS, "record field"])
@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn"])
def test_every_layout_is_shared_both_ways(name, layout):
    source = {**LAYOUTS, "record field": record_field}[layout](getattr(ml_dtypes, name))
    ours = ab.asarray(source, copy=False)
    back = ours.to_numpy(copy=False)
    np.testing.assert_array_equal(back.astype("f4"), source.astype("f4"))
    assert (back.dtype, back.shape, ours.readonly) == (source.dtype, source.shape, not source.flags.writeable)
    if source.size:
        assert back.strides == source.strides and ours.address == back.ctypes.data == source.ctypes.data


@pytest.mark.parametrize("name", WHOLE)
def test_read_only_stays_read_only(name):
    source = np.zeros(3, getattr(ml_dtypes, name))
    source.flags.writeable = False
    ours = ab.asarray(source)
    assert ours.readonly and not ours.to_numpy().flags.writeable


def test_the_other_byte_order_is_copied():
    source = np.array([1, 2, 3], ml_dtypes.bfloat16).view("u2").byteswap().view(np.dtype(ml_dtypes.bfloat16).newbyteorder(">"))
    assert source.dtype.byteorder == ">"
    ours, plan = traced(lambda: ab.asarray(source))
    assert outcome(plan) == ("copy", 6, ["byte-order"])
    assert ours.to_numpy().tolist() == [1, 2, 3]


def test_nan_stands_for_nulls_in_bfloat16():
    source = np.ma.MaskedArray(np.array([1, 2], ml_dtypes.bfloat16), [False, True])
    back = ab.asarray(source).to_numpy(nulls="nan")
    assert back.dtype == ml_dtypes.bfloat16 and np.isnan(back[1])
