"""Sizes that a producer says are not believed: what cannot be allocated is an error, and never the end of the process."""

import subprocess
import sys

import numpy as np
import pytest

import aria_array_bridge as ab

PARTNER = "numpy"
HUGE = 2**50


class Long:
    """A sequence of two that says it has more."""

    def __init__(self, said):
        self.said = said

    def __len__(self):
        return self.said

    def __getitem__(self, i):
        if i > 1:
            raise IndexError
        return 2


def test_a_range_that_no_memory_holds():
    with pytest.raises(MemoryError):
        ab.asarray(range(HUGE))


def test_a_mask_that_repeats_one_byte():
    source = np.broadcast_to(0.0, HUGE).view(np.ma.MaskedArray)
    source._mask = np.broadcast_to(False, HUGE)
    with pytest.raises(MemoryError):
        ab.asarray(source)


@pytest.mark.parametrize("said", [HUGE, 2**62, 0])
def test_a_sequence_that_lies_about_its_length(said):
    assert ab.from_buffer(bytes(4), shape=Long(said)).shape == (2, 2)
    with pytest.raises(ab.ConversionError):
        ab.from_buffer(bytes(4), shape=Long(said), strides=Long(said))
    interface = {"version": 3, "shape": (1,), "typestr": "|V4", "data": bytearray(4), "descr": [("a", "|u1", Long(said))]}
    with pytest.raises(ab.ConversionError):
        ab.asarray(type("Speaker", (), {"__array_interface__": interface})())


def test_more_axes_than_there_can_be():
    with pytest.raises(ValueError, match="64"):
        ab.from_buffer(b"", shape=[0] * 65)


NAN = """
import resource
import numpy as np
import aria_array_bridge as ab

COUNT = 2**22
mask = np.zeros(COUNT, bool)
mask[0] = True
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
for dtype in ("c16", "i8", "u1", "M8[s]"):
    source = np.ma.MaskedArray(np.broadcast_to(np.zeros((), dtype), COUNT), mask=mask)
    ours = ab.asarray(source)
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**24, resource.RLIM_INFINITY))
    for make in (lambda: ours.to_numpy(nulls="nan"), lambda: ab.asarray(ours, nulls="nan")):
        try:
            make()
        except MemoryError as error:
            assert str(error) == f"no memory for {COUNT * (16 if dtype == 'c16' else 8)} bytes", error
        else:
            raise AssertionError(dtype)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is Linux's")
def test_a_copy_with_nan_that_no_memory_holds():
    answer = subprocess.run([sys.executable, "-c", NAN], capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_the_memory_of_a_copy_that_died_is_the_next_ones_and_is_given_back_on_request():
    a = ab.asarray(np.arange(float(1 << 19)))
    nbytes = a.nbytes
    for _ in range(10):  # Another thread of this process may take the block, or put its own in its place.
        ab.release_unused()
        first = a.copy()
        address = first.address
        del first
        second = a.copy()
        if second.address == address:
            break
    assert second.address == address and second.tolist() == a.tolist()
    del second
    assert ab.release_unused() >= nbytes
    assert ab.release_unused() == 0


def test_a_view_of_memory_that_is_kept_is_never_given_to_another():
    a = ab.asarray(np.arange(float(1 << 19)))
    copy = a.copy()
    view = np.asarray(copy[1:])
    del copy
    others = [a.copy() for _ in range(3)]
    assert view[0] == 1.0 and all(other.address + 8 != view.ctypes.data for other in others)
