"""DLPack in and out beside NumPy: every dtype and layout that both speak, the arguments of `__dlpack__`, the table."""

import ctypes
import gc

import numpy as np
import pytest

import aria_array_bridge as ab
from dlpack_producer import (
    alive, DLTensor, LEGACY, READ_ONLY, IS_COPIED, VERSIONED, Table, Versioned, Tensor, api, capsule_name, from_object,
)
from layouts import LAYOUTS, numbered, record_field

PARTNERS = ("numpy",)

DTYPES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()
)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_shared_both_ways(dtype):
    a = numbered((2, 3), dtype)
    x = ab.from_dlpack(a)
    assert (x.dtype, x.address, x.plan.outcome) == (dtype, a.ctypes.data, "view")
    b = np.from_dlpack(x)
    assert (b.dtype, b.ctypes.data) == (a.dtype, a.ctypes.data)
    np.testing.assert_array_equal(a, b)
    assert b.flags.writeable


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_shared_in(layout):
    a = LAYOUTS[layout]()
    x = ab.from_dlpack(a)
    assert (x.shape, x.plan.outcome) == (a.shape, "view")
    np.testing.assert_array_equal(x.to_numpy(), a)
    if a.size:
        assert x.address == a.ctypes.data
        assert [s for s, n in zip(x.strides, x.shape) if n > 1] == [s for s, n in zip(a.strides, a.shape) if n > 1]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_shared_out(layout):
    a = LAYOUTS[layout]()
    x = ab.asarray(a)
    b = np.from_dlpack(x)
    np.testing.assert_array_equal(a, b)
    assert b.flags.writeable == a.flags.writeable
    if a.size:
        assert b.ctypes.data == a.ctypes.data


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("max_version", [None, (1, 0)])
def test_a_copy_that_is_asked_for_is_a_copy(layout, max_version):
    x = ab.asarray(LAYOUTS[layout]())
    y = ab.from_dlpack(x.__dlpack__(copy=True, max_version=max_version))
    np.testing.assert_array_equal(y.to_numpy(), x.to_numpy())
    if x.size:
        assert y.address != x.address
    if max_version:
        assert (y.plan.outcome, y.plan.copied_bytes, y.readonly) == ("copy", x.nbytes, False)


def test_a_record_field_that_dlpack_cannot_count_is_copied_or_refused():
    a = record_field()
    x = ab.asarray(a)
    assert x.strides == (9,)
    with ab.trace() as hops:
        b = np.from_dlpack(x)
    [plan] = hops
    assert b.tolist() == [0, 1, 2, 3]
    assert (plan.outcome, plan.copied_bytes, plan.reasons[0].code) == ("copy", 32, "stride")
    with pytest.raises(BufferError, match="stride 9 is no multiple of the itemsize 8"):
        x.__dlpack__(copy=False, max_version=(1, 0))
    with pytest.raises(BufferError, match="max_version"):
        x.__dlpack__()


def test_what_has_no_dlpack_type_is_refused():
    x = ab.asarray(np.array([1, 2], dtype="M8[s]").view("i8"))
    assert x.__dlpack__()
    with pytest.raises(ab.ArgumentError) as caught:
        ab.from_dlpack(object())
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "asked, name, version",
    [
        (None, LEGACY, None),
        ((0, 8), LEGACY, None),
        ((1, 0), VERSIONED, (1, 0)),
        ((1, 2), VERSIONED, (1, 2)),
        ((1, 99), VERSIONED, (1, 3)),
        ((2, 0), VERSIONED, (1, 3)),
    ],
)
def test_d12_the_version_is_negotiated(asked, name, version):
    capsule = ab.asarray(numbered(3)).__dlpack__(max_version=asked)
    assert capsule_name(capsule) == name
    if version:
        struct = ctypes.cast(api.PyCapsule_GetPointer(id(capsule), name), ctypes.POINTER(Versioned)).contents
        assert (struct.major, struct.minor) == version


def flags(capsule):
    return ctypes.cast(api.PyCapsule_GetPointer(id(capsule), VERSIONED), ctypes.POINTER(Versioned)).contents.flags


def read_only(shape=3):
    a = numbered(shape)
    a.flags.writeable = False
    return ab.asarray(a)


def test_d9_d10_read_only_goes_out_with_its_flag_or_not_at_all():
    x = read_only()
    assert flags(x.__dlpack__(max_version=(1, 0))) == READ_ONLY
    for copy in (None, False):
        with pytest.raises(BufferError, match="read-only"):
            x.__dlpack__(copy=copy)
    assert ab.from_dlpack(x.__dlpack__(copy=True)).address != x.address


def test_d13_a_copy_is_flagged_and_inherits_no_read_only():
    assert flags(read_only().__dlpack__(max_version=(1, 0), copy=True)) == IS_COPIED
    assert np.from_dlpack(read_only(), copy=True).flags.writeable


@pytest.mark.parametrize("device", [(2, 0), (1, 1), (99, 0)])
def test_d15_another_device_is_a_buffer_error(device):
    with pytest.raises(BufferError, match="device"):
        ab.asarray(numbered(3)).__dlpack__(dl_device=device)


def test_d15_our_own_device_is_given():
    x = ab.asarray(numbered(3))
    assert x.__dlpack_device__() == (1, 0)
    assert x.__dlpack__(dl_device=(1, 0))
    assert np.from_dlpack(x, device="cpu").tolist() == [0, 1, 2]


@pytest.mark.parametrize("stream", [-1, 0, 1, 2, 3, 2**40])
def test_d16_the_cpu_has_no_streams(stream):
    with pytest.raises(BufferError, match=f"stream {stream}"):
        ab.asarray(numbered(3)).__dlpack__(stream=stream)


@pytest.mark.parametrize("device, good, bad", [(2, (None, 1, -1), (0, 2, 7)), (10, (None, 0, -1), (1, 2, 7))])
def test_d16_streams_of_cuda_and_rocm(device, good, bad):
    x = ab.from_dlpack(Tensor(device=(device, 0), data=0xDEAD000).capsule())
    for stream in good:
        assert x.__dlpack__(stream=stream, max_version=(1, 0))
    for stream in bad:
        with pytest.raises(BufferError, match="stream"):
            x.__dlpack__(stream=stream, max_version=(1, 0))


def test_d16_a_stream_is_a_number():
    with pytest.raises(TypeError, match="stream"):
        ab.asarray(numbered(3)).__dlpack__(stream="0")


def test_d19_without_elements_the_data_is_null():
    capsule = ab.asarray(np.zeros((0, 3))).__dlpack__(max_version=(1, 0))
    struct = ctypes.cast(api.PyCapsule_GetPointer(id(capsule), VERSIONED), ctypes.POINTER(Versioned)).contents
    assert struct.dl_tensor.data is None
    assert struct.dl_tensor.strides is not None


def test_an_unconsumed_capsule_frees_what_it_holds():
    before = alive()
    x = ab.asarray(numbered(3))
    for version in (None, (1, 0)):
        capsule = x.__dlpack__(max_version=version)
        assert len(ab._core._ledger()) == len(before) + 2
        del capsule
    x.release()
    assert alive() == before


def test_a_consumer_keeps_the_memory_alive():
    before = alive()
    b = np.from_dlpack(ab.asarray(numbered(1000)))
    gc.collect()
    np.testing.assert_array_equal(b, numbered(1000))
    with pytest.raises(BufferError, match="1 export"):
        x = ab.asarray(numbered(3))
        _held = np.from_dlpack(x)
        x.release()
    del b, x, _held
    assert alive() == before


def table():
    pointer = api.PyCapsule_GetPointer(id(ab.Array.__dlpack_c_exchange_api__), b"dlpack_exchange_api")
    return ctypes.cast(pointer, ctypes.POINTER(Table)).contents


to_object = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.py_object))
set_error = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p)
allocate = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(DLTensor), ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p, set_error
)
stream = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int32, ctypes.POINTER(ctypes.c_void_p))


def test_d33_the_table_is_complete_but_for_the_view_that_has_no_flags():
    t = table()
    assert (t.major, t.minor, t.prev, t.view) == (1, 3, None, None)
    assert all((t.allocate, t.from_object, t.to_object, t.stream))
    out = ctypes.c_void_p(77)
    assert stream(t.stream)(1, 0, out) == 0
    assert out.value is None


def test_d33_the_table_goes_round_and_shares():
    t, before = table(), alive()
    x = ab.asarray(numbered((2, 3)))
    out = ctypes.c_void_p()
    assert from_object(t.from_object)(x, out) == 0
    back = ctypes.py_object()
    assert to_object(t.to_object)(out, back) == 0
    y = back.value
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(y))  # The new reference that the call gave.
    assert (y.address, y.shape) == (x.address, x.shape)
    del x, y, back
    assert alive() == before


def test_the_table_gives_read_only_memory_as_a_copy_and_says_so():
    x = read_only()
    out = ctypes.c_void_p()
    assert from_object(table().from_object)(x, out) == 0
    struct = ctypes.cast(out, ctypes.POINTER(Versioned)).contents
    assert struct.flags == IS_COPIED
    assert struct.dl_tensor.data != x.address
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(struct.deleter)(out)


def test_the_table_refuses_what_is_no_array_of_ours():
    with pytest.raises(TypeError):
        from_object(table().from_object)(object(), ctypes.c_void_p())


def test_d34_a_tensor_is_stolen_also_when_it_is_refused():
    for lie in (dict(data=None), dict(version=(2, 0)), dict(ndim=-1)):
        tensor = Tensor(**lie)
        with pytest.raises(ab.ConversionError):
            to_object(table().to_object)(tensor.pointer, ctypes.py_object())
        assert tensor.deleted == 1


def test_d35_the_allocator_makes_zeros_or_says_why_not():
    said = []
    report = set_error(lambda _, kind, text: said.append((kind, text)))
    out = ctypes.c_void_p()
    prototype = Tensor(shape=(2, 3), data=None, strides=None).struct.dl_tensor
    assert allocate(table().allocate)(prototype, out, None, report) == 0
    back = ctypes.py_object()
    assert to_object(table().to_object)(out, back) == 0
    assert ab.asarray(back.value).to_numpy().tolist() == [[0, 0, 0], [0, 0, 0]]
    assert said == []
    for bad, kind in ((dict(device=(2, 0)), b"BufferError"), (dict(shape=(-1,)), b"ValueError"), (dict(shape=(2**55,)), b"MemoryError")):
        prototype = Tensor(**bad).struct.dl_tensor
        assert allocate(table().allocate)(prototype, out, None, report) == -1
        assert said.pop()[0] == kind


def with_table(pointer, name=b"dlpack_exchange_api"):
    """A class that publishes a table, and speaks `__dlpack__` besides."""

    class Published:
        __dlpack_c_exchange_api__ = api.PyCapsule_New(pointer, name, None)

        def __dlpack__(self, **_):
            return Tensor().capsule()

    return Published()


def test_d33_a_table_that_cannot_be_used_leaves_it_to_the_method():
    good = table()
    functions = dict(allocate=good.allocate, from_object=good.from_object, to_object=good.to_object, stream=good.stream)
    ring = Table(major=2, **functions)
    ring.prev = ctypes.addressof(ring)
    tables = [Table(major=2, **functions), Table(major=1, **{**functions, "from_object": None}), ring]
    for bad in tables:
        x = ab.asarray(with_table(ctypes.addressof(bad)))
        assert (x.plan.protocol, x.shape) == ("dlpack", (3,))
    x = ab.asarray(with_table(ctypes.addressof(good), b"another_name"))
    assert (x.plan.protocol, x.shape) == ("dlpack", (3,))


def test_d33_an_older_table_is_found_behind_a_newer_one():
    tensor = Tensor()

    @from_object
    def give(_, out):
        out[0] = tensor.pointer
        return 0

    good = table()
    old = Table(major=1, minor=1, allocate=good.allocate, to_object=good.to_object, stream=good.stream)
    old.from_object = ctypes.cast(give, ctypes.c_void_p)
    new = Table(major=2, prev=ctypes.addressof(old))
    x = ab.asarray(with_table(ctypes.addressof(new)))
    assert (x.plan.protocol, x.address) == ("dlpack exchange", tensor.address)
    del x
    gc.collect()
    assert tensor.deleted == 1


@pytest.mark.parametrize("option, values", [
    ("max_version", ["1.0", (1,), (1, 0, 0), ("a", 2), 1, 1.5]),
    ("dl_device", ["cpu", (1,), ("cpu", 0), 1]),
])
def test_options_of_a_wrong_type_are_refused_by_name(option, values):
    x = ab.asarray(np.ones(2))
    for value in values:
        with pytest.raises(TypeError, match=f"expected {option} as a pair of ints"):
            x.__dlpack__(**{option: value})
    with pytest.raises(ValueError, match="0 or more"):
        x.__dlpack__(max_version=(-1, 0))
    assert "dltensor_versioned" in repr(x.__dlpack__(max_version=(2**40, 0)))
