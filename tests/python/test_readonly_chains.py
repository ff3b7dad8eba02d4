"""A read-only source stays read-only through every chain of two protocols, whoever stands in between.

A hop may make a copy, which is writable and nobody else's. What may not happen is that a write through the end of a
chain reaches the source.
"""

import ctypes
import gc

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
    by_numpy, by_numpy_frombuffer, by_numpy_array, by_numpy_dlpack, by_to_torch, by_torch_dlpack, by_torch_asarray, by_torch_frombuffer, by_legacy_capsule,
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


@pytest.mark.filterwarnings("ignore:.*not writable")  # PyTorch says so once in a process.
def test_who_asks_to_write_and_then_to_read_gets_a_copy_that_lives_as_long_as_it_is_used():
    x = ab.asarray(frozen_numpy())
    with ab.trace() as hops:
        t = torch.asarray(x)
    [plan] = hops
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


def test_memory_that_torch_took_by_a_plain_buffer_is_not_given_back_early():
    x = ab.asarray(np.zeros(4, np.float32))
    t = torch.asarray(x)
    assert t.data_ptr() == x.address
    with pytest.raises(BufferError, match="nobody says for how long"):
        x.release()


def test_torch_gets_a_copy_and_the_plan_says_how_many_bytes():
    x = ab.asarray(frozen_numpy())
    ab._core._trace_start()
    t = x.to_torch()
    [plan] = ab._core._trace_stop()
    assert t.data_ptr() != x.address
    assert (plan.outcome, plan.copied_bytes, plan.reasons[0].code) == ("copy", 64, "read-only")
    with pytest.raises(ab.ConversionError, match="read-only"):
        x.to_torch(copy=False)
