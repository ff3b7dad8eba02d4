"""A read-only source stays read-only through every chain of two protocols, whoever stands in between.

A hop may make a copy, which is writable and nobody else's. What may not happen is that a write through the end of a
chain reaches the source.
"""

import builtins
import ctypes
import gc
import pickle
import zlib

import numpy as np
import pytest
import pyarrow as pa
import torch
import tvm_ffi
import jax

import aria_array_bridge as ab
from dlpack_producer import LEGACY, READ_ONLY, Producer

PARTNERS = ("numpy", "pyarrow", "torch", "tvm_ffi", "jax")


def frozen_numpy():
    a = np.arange(16, dtype=np.float32)
    a.flags.writeable = False
    return a


SOURCES = {
    "numpy": frozen_numpy,
    "broadcast": lambda: np.broadcast_to(np.float32(1), (16,)),
    "bytes": lambda: np.frombuffer(bytes(range(64)), np.float32),
    "dlpack with the flag": lambda: Producer(flags=READ_ONLY, dtype=(2, 32, 1), shape=(16,)),
    "legacy dlpack": lambda: Producer(name=LEGACY, dtype=(2, 32, 1), shape=(16,)),
    "pyarrow": lambda: pa.array(np.arange(16, dtype=np.float32)),
    "jax": lambda: jax.numpy.arange(16, dtype="float32"),
}


def doors_in(source):
    yield ab.from_dlpack
    if not isinstance(source, pa.Array):
        yield ab.asarray


# How the array goes out, and how a consumer would write to what it got.
def by_numpy(x):
    return x.to_numpy()


def by_numpy_array(x):
    return np.asarray(x)


def by_numpy_dlpack(x):
    return np.from_dlpack(x)


def by_to_torch(x):
    return x.to_torch().numpy()


def by_torch_dlpack(x):
    return torch.from_dlpack(x).numpy()


def by_torch_asarray(x):
    return torch.asarray(x).numpy()


def by_torch_frombuffer(x):
    return torch.frombuffer(x, dtype=torch.uint8).numpy()


def by_pickle_buffer(x):
    frames = []
    pickle.dumps(x, protocol=5, buffer_callback=frames.append)
    return torch.frombuffer(frames[0], dtype=torch.uint8).numpy()


def by_numpy_frombuffer(x):
    return np.frombuffer(x, np.uint8)


def by_legacy_capsule(x):
    return torch.from_dlpack(x.__dlpack__()).numpy()


def by_torch_of_ours_again(x):
    return ab.from_dlpack(x.__dlpack__(max_version=(1, 0))).to_torch().numpy()


def by_tvm_argument(x):
    return np.from_dlpack(tvm_ffi.convert(lambda tensor: tensor)(x))


def by_tvm_dlpack(x):
    return np.from_dlpack(tvm_ffi.from_dlpack(x))


def by_numpy_and_us(x):
    return ab.asarray(x.to_numpy()).to_torch().numpy()


def by_numpy_dlpack_and_us(x):
    return ab.from_dlpack(np.from_dlpack(x)).to_torch().numpy()


def by_jax_and_us(x):
    return ab.asarray(x.to_jax()).to_torch().numpy()


def by_jax_and_numpy(x):
    return np.from_dlpack(x.to_jax())


OUT = [
    by_numpy, by_numpy_frombuffer, by_numpy_array, by_numpy_dlpack, by_to_torch, by_torch_dlpack, by_torch_asarray, by_torch_frombuffer, by_pickle_buffer, by_legacy_capsule,
    by_torch_of_ours_again, by_tvm_argument, by_tvm_dlpack, by_numpy_and_us, by_numpy_dlpack_and_us, by_jax_and_us, by_jax_and_numpy,
]


@pytest.mark.filterwarnings("ignore:.*not writable")
@pytest.mark.parametrize("out", OUT)
@pytest.mark.parametrize("source", SOURCES)
def test_no_chain_ends_in_a_writable_view_of_a_read_only_source(source, out):
    origin = SOURCES[source]()
    for door in doors_in(origin):
        x = door(origin)
        assert x.readonly
        before = ctypes.string_at(x.address, 4)
        try:
            end = out(x)
        except (BufferError, RuntimeError, ValueError) as error:  # A plain buffer has no strides, either.
            assert "read-only" in str(error) or "contiguous" in str(error)
            continue
        if not end.flags.writeable:
            continue
        assert end.ctypes.data != x.address
        end[0] = 99
        assert ctypes.string_at(x.address, 4) == before


@pytest.mark.filterwarnings("ignore:.*not writable")
@pytest.mark.parametrize("hand_on", [
    lambda x: torch.from_numpy(np.asarray(x)), lambda x: torch.asarray(np.asarray(x)), lambda x: torch.asarray(memoryview(x)),
    lambda x: torch.from_dlpack(x.__dlpack__(max_version=(1, 0))), lambda x: torch.from_dlpack(x.to_jax()),
], ids=["from_numpy", "asarray", "memoryview", "capsule", "jax"])  # fmt: skip
def test_what_is_handed_on_by_others_answers_in_our_place(hand_on):
    """The limit of the rule, which would move with a PyTorch that minds the bit."""
    raw = np.zeros(32, np.float32)
    start = -raw.ctypes.data % 64 // 4
    origin = raw[start : start + 16]
    origin.flags.writeable = False
    x = ab.asarray(origin)
    for between in (np.asarray(x), np.from_dlpack(x), np.asarray(memoryview(x))):
        assert not between.flags.writeable
    assert hand_on(x).data_ptr() == x.address


@pytest.mark.filterwarnings("ignore:.*not writable")  # PyTorch says so once in a process.
def test_who_asks_to_write_and_then_to_read_gets_a_copy_that_lives_as_long_as_it_is_used():
    x = ab.asarray(frozen_numpy())
    with ab.trace() as hops:
        t = torch.asarray(x)
    plan = hops[-1]  # Before, it looks at a view.
    assert (plan.outcome, plan.copied_bytes, plan.reasons[0].code) == ("copy", 64, "read-only")
    gc.collect()
    t.mul_(2)
    assert t.tolist() == [2.0 * i for i in range(16)]
    assert x.tolist() == [float(i) for i in range(16)]
    del t
    x.release()


def test_inside_no_copy_such_a_reader_is_refused():
    x = ab.asarray(frozen_numpy())
    with ab.no_copy(), pytest.raises(Exception, match="contiguous|no_copy"):
        torch.asarray(x)


def test_other_readers_of_read_only_memory_share_it():
    x = ab.asarray(frozen_numpy())
    for y in (np.asarray(x), np.frombuffer(x, np.float32), np.asarray(memoryview(x))):
        assert y.ctypes.data == x.address and not y.flags.writeable


def test_another_array_at_the_address_of_a_refused_one_is_no_suspect(tmp_path):
    file = tmp_path / "empty"
    file.write_bytes(b"12345678")
    for _ in range(20):
        x = ab.asarray(b"x" * 64)
        with open(file, "rb", buffering=0) as source, pytest.raises(TypeError, match="read-write"):
            source.readinto(x)
        del x
        y = ab.asarray(b"y" * 64)
        with ab.trace() as hops:
            assert zlib.crc32(y) == zlib.crc32(b"y" * 64)
        assert [plan.outcome for plan in hops] == ["view"]


def test_an_array_that_is_released_while_a_buffer_is_asked_for_stays_alive(monkeypatch):
    x = ab.asarray(bytearray(64))
    real = builtins.__import__
    refused = []

    def release(name, *rest):
        if name == "sys" and not refused:
            try:
                x.release()
            except BufferError as error:
                refused.append(str(error))
        return real(name, *rest)

    lend = ctypes.PyDLL(None)
    view = (ctypes.c_char * 128)()
    lend.PyObject_GetBuffer.argtypes = [ctypes.py_object, ctypes.c_void_p, ctypes.c_int]
    lend.PyBuffer_Release.argtypes = [ctypes.c_void_p]
    lend.PyBuffer_Release.restype = None
    monkeypatch.setattr(builtins, "__import__", release)
    lent = lend.PyObject_GetBuffer(x, ctypes.addressof(view), 1)
    monkeypatch.undo()
    assert lent == 0 and x.tolist() == [0] * 64
    lend.PyBuffer_Release(ctypes.addressof(view))


def test_what_keeps_a_bitmap_alive_is_not_released_by_hand():
    a = ab.asarray(np.ma.masked_array(np.arange(3.0), [0, 1, 0]))
    bits = a.validity
    for found in gc.get_referents(bits):
        if isinstance(found, ab.Array):
            with pytest.raises(BufferError, match="something else"):
                found.release()
    with pytest.raises(BufferError):
        a.release()
    assert bits.tolist() == [True, False, True]


def test_memory_that_torch_took_by_a_plain_buffer_is_not_given_back_early():
    x = ab.asarray(np.zeros(4, np.float32))
    t = torch.asarray(x)
    assert t.data_ptr() == x.address
    with pytest.raises(BufferError, match="nobody says for how long"):
        x.release()


def test_torch_gets_a_copy_and_the_plan_says_how_many_bytes():
    x = ab.asarray(frozen_numpy())
    with ab.trace() as hops:
        t = x.to_torch()
    [plan] = hops
    assert t.data_ptr() != x.address
    assert (plan.outcome, plan.copied_bytes, plan.reasons[0].code) == ("copy", 64, "read-only")
    with pytest.raises(ab.ConversionError, match="read-only"):
        x.to_torch(copy=False)
