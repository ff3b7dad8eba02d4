"""Our buffer exporter, for every combination of request flags, beside CPython's own `_testbuffer.ndarray`."""

import itertools

import _testbuffer
import numpy as np
import pytest

import aria_array_bridge as ab

FLAGS = [
    _testbuffer.PyBUF_WRITABLE,
    _testbuffer.PyBUF_FORMAT,
    _testbuffer.PyBUF_ND,
    _testbuffer.PyBUF_STRIDES,
    _testbuffer.PyBUF_C_CONTIGUOUS,
    _testbuffer.PyBUF_F_CONTIGUOUS,
    _testbuffer.PyBUF_ANY_CONTIGUOUS,
    _testbuffer.PyBUF_INDIRECT,
]


def _or(flags):
    result = 0
    for flag in flags:
        result |= flag
    return result


REQUESTS = sorted({_or(chosen) for n in range(len(FLAGS) + 1) for chosen in itertools.combinations(FLAGS, n)})

BASE = np.arange(24, dtype="i4").reshape(2, 3, 4)
LAYOUTS = {
    "c order": BASE,
    "f order": np.asfortranarray(BASE),
    "one axis": np.arange(5, dtype="f8"),
    "no axis": np.array(7, dtype="i2"),
    "strided": np.arange(10, dtype="f4")[::2],
    "reversed": np.arange(6, dtype="u2")[::-1],
    "transposed": BASE.transpose(1, 0, 2),
    "one element": np.ones((1, 1), "i8"),
    "empty": np.ones((0, 3), "f8"),
    "extent one": np.ones((4, 1, 3), "f8")[:, :, ::2],
    "broadcast": np.broadcast_to(np.arange(3, dtype="i4"), (2, 3)),
}


def described(exporter, flags):
    """What an exporter answers to a request: every field of the view, or a refusal."""
    try:
        view = _testbuffer.ndarray(exporter, getbuf=flags)
    except BufferError:
        return "refused"
    return (view.nbytes, view.format, view.itemsize, view.ndim, view.shape, view.strides, view.suboffsets, view.readonly,
            view.tobytes())


def reference(array):
    """CPython's own exporter with the same memory layout."""
    flags = 0 if not array.flags.writeable else _testbuffer.ND_WRITABLE
    if array.ndim == 0:
        return _testbuffer.ndarray([array.item()], shape=[], format=memoryview(array).format, flags=flags)
    low = sum(s * (n - 1) for s, n in zip(array.strides, array.shape) if s < 0 and n > 0)
    high = sum(s * (n - 1) for s, n in zip(array.strides, array.shape) if s > 0 and n > 0) + array.itemsize
    if array.size == 0:
        low, high = 0, array.itemsize
    items = np.zeros((high - low) // array.itemsize, array.dtype)
    placed = np.ndarray(array.shape, array.dtype, items, -low, array.strides)
    placed[...] = array
    return _testbuffer.ndarray(items.tolist(), shape=list(array.shape), strides=list(array.strides), offset=-low,
                               format=memoryview(array).format, flags=flags)


@pytest.mark.parametrize("readonly", [False, True], ids=["writable", "read-only"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_request_is_answered_as_cpythons_own_exporter_answers_it(name, readonly):
    array = LAYOUTS[name].copy("K") if name not in ("broadcast", "strided", "reversed", "extent one") else LAYOUTS[name]
    if readonly:
        array = array.view()
        array.flags.writeable = False
    ours, theirs = ab.asarray(array), reference(array)
    differences = {}
    for flags in REQUESTS:
        found, wanted = described(ours, flags), described(theirs, flags)
        if found != wanted:
            differences[hex(flags)] = (found, wanted)
    assert not differences
    assert len(REQUESTS) > 40


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_memoryview_of_ours_is_a_memoryview_of_the_source(name):
    array = LAYOUTS[name]
    ours, theirs = memoryview(ab.asarray(array)), memoryview(array)
    for member in ("format", "itemsize", "nbytes", "ndim", "shape", "strides", "readonly", "c_contiguous", "f_contiguous",
                   "contiguous"):
        if member == "strides" and array.size == 0:
            continue  # NumPy lends other strides than the array has where there are no elements.
        assert getattr(ours, member) == getattr(theirs, member), member
    assert ours.tolist() == theirs.tolist()
    assert ours.tobytes() == theirs.tobytes()
    assert np.shares_memory(np.asarray(ours), array) or array.size == 0


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"])
def test_formats_are_numpys_own(dtype):
    array = np.zeros(3, dtype)
    assert memoryview(ab.asarray(array)).format == memoryview(array).format


def test_writes_through_a_buffer_are_seen_by_the_source():
    array = np.zeros(3)
    memoryview(ab.asarray(array))[1] = 5.0
    assert array.tolist() == [0.0, 5.0, 0.0]


def test_a_living_buffer_is_an_export_and_keeps_the_array():
    array = ab.asarray(np.arange(4))
    view = memoryview(array)
    with pytest.raises(BufferError, match="1 export is alive"):
        array.release()
    view.release()
    array.release()


def test_a_buffer_outlives_the_array_object():
    view = memoryview(ab.asarray(np.arange(1000)))
    assert view[999] == 999
