"""pyarrow's arrays by DLPack: numbers without nulls, shared and read-only."""

import numpy as np
import pyarrow as pa
import pytest

import aria_array_bridge as ab
from dlpack_producer import alive
from layouts import LAYOUTS, numbered

PARTNERS = ("pyarrow",)

DTYPES = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_shared_and_read_only(dtype):
    column = pa.array(np.arange(5).astype(dtype))
    x = ab.from_dlpack(column, copy=False)
    assert (x.dtype, x.shape, x.address) == (dtype, (5,), column.buffers()[1].address)
    assert x.readonly
    assert not np.from_dlpack(x).flags.writeable


def test_an_offset_is_applied():
    column = pa.array(np.arange(10.0))[3:7]
    x = ab.from_dlpack(column)
    assert x.address == column.buffers()[1].address + 24
    assert x.to_numpy().tolist() == [3, 4, 5, 6]


def test_no_elements():
    assert ab.from_dlpack(pa.array([], pa.float64())).shape == (0,)


@pytest.mark.parametrize("column", [pa.array([1.0, None]), pa.array(["a"]), pa.array([True, False])])
def test_what_pyarrow_refuses_is_refused_with_its_words(column):
    with pytest.raises((ab.ConversionError, TypeError), match="(?i)null|type|bit"):
        ab.from_dlpack(column)


# pyarrow makes no tensor with negative strides.
@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout != "negative"])
def test_a_tensor_of_every_layout_is_shared(layout):
    source = LAYOUTS[layout]()
    tensor = pa.Tensor.from_numpy(source)
    x = ab.from_dlpack(tensor, copy=False)
    np.testing.assert_array_equal(x.to_numpy(), source)
    assert x.readonly == (not tensor.is_mutable)
    if source.size:
        assert x.address == source.ctypes.data


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tensor_of_every_dtype_is_shared(dtype):
    source = numbered((2, 3), dtype)
    x = ab.from_dlpack(pa.Tensor.from_numpy(source), copy=False)
    assert (x.dtype, x.shape, x.address) == (dtype, (2, 3), source.ctypes.data)


def test_a_column_has_one_layout_and_any_offset():
    column = pa.array(np.arange(10.0))
    for start in range(10):
        x = ab.from_dlpack(column[start:], copy=False)
        assert (x.strides, x.address) == ((8,), column.buffers()[1].address + 8 * start)


def test_nothing_is_left_when_the_array_is_gone():
    before = alive()
    x = ab.from_dlpack(pa.array([1.0, 2.0]))
    assert len(alive()) == len(before) + 1
    del x
    assert alive() == before


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout != "negative"])
@pytest.mark.parametrize("readonly", [False, True])
def test_a_tensor_of_ours_is_pyarrows(layout, readonly):
    source = LAYOUTS[layout]()
    source.flags.writeable = not readonly
    x = ab.asarray(source)
    tensor = pa.Tensor.from_dlpack(x)
    np.testing.assert_array_equal(tensor.to_numpy(), source)
    assert x.readonly == readonly
    if source.size:
        assert tensor.is_mutable == (not readonly)
        assert tensor.to_numpy().__array_interface__["data"][0] == x.address


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_array_of_every_dtype_of_ours_is_pyarrows(dtype):
    before = alive()
    x = ab.asarray(np.arange(5).astype(dtype))
    column = pa.Array.from_dlpack(x)
    assert (str(column.type), column.to_pylist()) == (str(pa.from_numpy_dtype(dtype)), [0, 1, 2, 3, 4])
    assert column.buffers()[1].address == x.address
    del x
    assert column.to_pylist() == [0, 1, 2, 3, 4]
    del column
    assert alive() == before


def test_what_pyarrow_has_no_tensor_for_it_refuses():
    for source in (np.ones(2, bool), np.ones(2, "c16"), np.arange(3.0)[::-1]):
        with pytest.raises((pa.ArrowException, TypeError, ValueError, NotImplementedError)):
            pa.Tensor.from_dlpack(ab.asarray(source))
