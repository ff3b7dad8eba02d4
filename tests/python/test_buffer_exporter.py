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


RECORDS = [
    np.dtype([("a", "i1"), ("b", "f8")]),
    np.dtype([("a", "i1"), ("b", "f8")], align=True),
    np.dtype([("a", "f8"), ("b", "i1")], align=True),
    np.dtype([("x", "f4"), ("y", "c16"), ("z", "?")]),
    np.dtype([("points", [("x", "f4"), ("y", "f4")], (2, 3)), ("n", "u2")]),
    np.dtype([("name", "U3"), ("tag", "S2"), ("raw", "V3")]),
    np.dtype([("a", [("b", [("c", "i2")])])]),
]


@pytest.mark.parametrize("dtype", [*map(np.dtype, ["S1", "S5", "U1", "U4", "V3", "V20"]), *RECORDS], ids=str)
def test_formats_of_text_and_records_are_numpys_own(dtype):
    array = np.zeros((2, 3), dtype)
    ours, theirs = memoryview(ab.asarray(array)), memoryview(array)
    assert (ours.format, ours.itemsize, ours.shape, ours.strides) == (theirs.format, theirs.itemsize, theirs.shape, theirs.strides)
    back = np.asarray(memoryview(ab.asarray(array)))
    assert back.dtype == np.asarray(theirs).dtype and back.ctypes.data == array.ctypes.data


def test_a_format_says_the_padding_that_numpys_leaves_out():
    array = np.zeros(2, {"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [4, 16], "itemsize": 40})
    view = memoryview(ab.asarray(array))
    assert view.itemsize == 40 and np.asarray(view).dtype == array.dtype and ab.asarray(view)["b"].strides == (40,)


@pytest.mark.parametrize("dtype", ["i4", "f8", "c16", "i1", "U2", [("a", "i4"), ("b", "f8")]], ids=str)
def test_elements_off_their_alignment_are_said_to_be(dtype):
    dtype = np.dtype(dtype)
    array = np.frombuffer(bytes(1 + 3 * dtype.itemsize), dtype, offset=1)
    ours, theirs = memoryview(ab.asarray(array)), memoryview(array)
    assert ours.format == theirs.format
    assert ab.asarray(ours).dtype == ab.asarray(array).dtype
    assert np.asarray(ours).ctypes.data == array.ctypes.data


@pytest.mark.parametrize("dtype", ["M8[ns]", "m8[s]", "M8"])
def test_what_pep_3118_cannot_say_is_refused_by_name(dtype):
    ours = ab.asarray(np.zeros(2, dtype))
    with pytest.raises(BufferError, match=ours.dtype.name.split("[")[0]):
        memoryview(ours)
    assert np.asarray(ours).dtype == dtype, "NumPy goes on to the next door"


@pytest.mark.parametrize("flags", REQUESTS, ids=hex)
def test_a_refused_request_lends_nothing(flags):
    array = np.arange(24).reshape(2, 3, 4)[:, ::-1, ::2]
    array.flags.writeable = False
    ours = ab.asarray(array)
    try:
        _testbuffer.ndarray(ours, getbuf=flags)
    except BufferError:
        pass
    ours.release()


def test_shape_and_strides_live_as_long_as_the_view():
    views = [memoryview(ab.asarray(np.arange(n * 2).reshape(n, 2)[:, :1])) for n in range(1, 200)]
    assert all(view.shape == (n, 1) and view.strides == (16, 8) and view.tolist()[-1] == [2 * n - 2] for n, view in enumerate(views, 1))


def test_copies_of_a_memoryview_end_together():
    ours = ab.asarray(np.arange(10))
    view = memoryview(ours)
    more = [memoryview(view), view[2:], view[::-1], view.cast("B"), view.toreadonly()]
    view.release()
    with pytest.raises(BufferError):
        ours.release()
    while more:
        more.pop().release()
    ours.release()


def test_a_view_of_a_view_lends_its_own_elements():
    array = np.arange(24).reshape(4, 6)
    ours = ab.asarray(array)[1:, ::2]
    view = memoryview(ours)
    assert view.tolist() == array[1:, ::2].tolist() and view.readonly is False
    assert np.asarray(view).ctypes.data == array[1:, ::2].ctypes.data


def test_a_released_array_lends_nothing():
    ours = ab.asarray(np.arange(3))
    ours.release()
    with pytest.raises((ValueError, BufferError), match="released"):
        memoryview(ours)


def test_writers_of_the_standard_library_write_into_ours(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(bytes(range(16)))
    array = np.zeros(16, "u1")
    with path.open("rb") as file:
        assert file.readinto(ab.asarray(array)) == 16
    assert array.tolist() == list(range(16))
    with path.open("wb") as file:
        file.write(ab.asarray(array[::-1].copy()))
    assert path.read_bytes() == bytes(range(16))[::-1]
    with pytest.raises((TypeError, BufferError)), path.open("rb") as file:
        file.readinto(ab.asarray(bytes(16)))


def test_the_ledger_counts_a_living_buffer():
    ours = ab.asarray(np.arange(4))
    before = len(ab._core._ledger())
    view = memoryview(ours)
    assert len(ab._core._ledger()) == before + 1
    view.release()
    assert len(ab._core._ledger()) == before
