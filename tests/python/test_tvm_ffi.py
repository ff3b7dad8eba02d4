"""apache-tvm-ffi beside us: both ways, also by the exchange table, which its functions use for their arguments.

It drops the read-only flag of what it takes, and checks neither extents nor versions (lists K-D3, K-D9, K-D22).
"""

import csv
from pathlib import Path

import numpy as np
import pytest
import tvm_ffi

import aria_array_bridge as ab
from dlpack_producer import READ_ONLY, Producer, alive
from hops import outcome, traced
from layouts import LAYOUTS, numbered, record_field

PARTNERS = ("tvm_ffi",)

DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
# Every other row of the table that DLPack has, and vectors.
OTHERS = {
    row["name"]: (int(row["dlpack_code"]), int(row["dlpack_bits"]), int(row["dlpack_lanes"]))
    for row in csv.DictReader((Path(__file__).parents[2] / "spec" / "dtypes.csv").open(encoding="utf-8"))
    if row["dlpack_code"] and row["name"] not in DTYPES
} | {"float32x4": (2, 32, 4)}


def read_only():
    a = numbered(4)
    a.flags.writeable = False
    return a


@pytest.fixture
def echo():
    """A function of theirs, whose argument and result go by our exchange table: what comes back is ours again."""
    return tvm_ffi.convert(lambda tensor: tensor)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_shared_both_ways(dtype):
    a = np.zeros((2, 3), dtype)
    x = ab.asarray(a)
    t = tvm_ffi.from_dlpack(x)
    assert (str(t.dtype), t.shape, t.data_ptr()) == (dtype, (2, 3), x.address)
    y = ab.from_dlpack(t)
    assert (y.dtype, y.shape, y.address) == (dtype, (2, 3), x.address)


@pytest.mark.parametrize("dtype", OTHERS)
def test_dtypes_without_numpy_are_shared_both_ways(dtype):
    x = ab.asarray(Producer(dtype=OTHERS[dtype], shape=(2, 2)))
    y = ab.from_dlpack(tvm_ffi.from_dlpack(x))
    assert (y.dtype, y.shape, y.address) == (dtype, (2, 2), x.address)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_shared_both_ways(layout):
    a = LAYOUTS[layout]()
    x = ab.asarray(a)
    y = ab.from_dlpack(tvm_ffi.from_dlpack(x), copy=False)
    np.testing.assert_array_equal(y.to_numpy(), a)
    if a.size:
        assert y.address == x.address == a.ctypes.data


@pytest.mark.parametrize(
    ("make", "codes"),
    [(record_field, ["stride"]), (read_only, ["read-only"])],
)
def test_what_it_cannot_say_goes_as_a_copy_that_says_why(make, codes):
    a = make()
    x = ab.asarray(a)
    t, plan = traced(lambda: tvm_ffi.from_dlpack(x))
    assert outcome(plan) == ("copy", a.nbytes, codes)
    y = ab.from_dlpack(t)
    assert y.address != x.address and y.to_numpy().tolist() == a.tolist()


def test_the_other_byte_order_is_swapped_once_and_then_shared():
    a = np.arange(4, dtype=">f8")
    with pytest.raises(ab.ConversionError, match="byte order"):
        ab.asarray(a, copy=False)
    x, swapped = traced(lambda: ab.asarray(a))
    t, plan = traced(lambda: tvm_ffi.from_dlpack(x))
    assert (outcome(swapped), outcome(plan)) == (("copy", 32, ["byte-order"]), ("view", 0, []))
    assert ab.from_dlpack(t).to_numpy().tolist() == a.tolist()


def test_an_argument_goes_by_the_table_and_is_shared(echo):
    x = ab.asarray(np.arange(6.0).reshape(2, 3))
    with ab.trace() as hops:
        t = echo(x)
    assert isinstance(t, ab.Array)
    assert (t.address, t.shape) == (x.address, (2, 3))
    assert {plan.outcome for plan in hops} == {"view"}


def test_read_only_memory_goes_by_the_table_as_a_copy(echo):
    x = ab.asarray(Producer(flags=READ_ONLY))
    with ab.trace() as hops:
        t = echo(x)
    assert outcome(hops[0]) == ("copy", 24, ["read-only"])
    assert ab.from_dlpack(t).address != x.address


def test_nothing_is_left_when_theirs_are_gone(echo):
    before = alive()
    x = ab.asarray(np.arange(6.0))
    for t in (tvm_ffi.from_dlpack(x), echo(x)):
        assert ab.from_dlpack(t).address == x.address
    del t, x
    assert alive() == before
