"""DLPack producers that lie, or keep to the letter: each is refused with its numbers, and freed exactly once.

The numbers K-D are those of the list of points on which DLPack's consumers disagree.
"""

import ctypes
import gc
import sys
import threading

import numpy as np
import pytest

import aria_array_bridge as ab
from dlpack_producer import (
    alive, FREE_WHATEVER_THE_NAME, IS_COPIED, LEGACY, PADDED, READ_ONLY, VERSIONED, Producer, Tensor, Versioned, api,
    capsule_name,
)

PARTNERS = ("numpy",)

BIG = 2**40
TOP = 2**64

LIES = {
    "D3 another major": (dict(version=(2, 0)), "version", "2.0"),
    "D20 no data": (dict(data=None), "null-data", "3 elements"),
    "D22 negative ndim": (dict(ndim=-1), "ndim", "-1"),
    "D22 huge ndim": (dict(ndim=2**31 - 1), "ndim", "2147483647"),
    "D22 65 axes": (dict(shape=(1,) * 65), "ndim", "65"),
    "D22 negative extent": (dict(shape=(2, -3)), "extent", "-3"),
    "D22 two negative extents": (dict(shape=(-2, -3)), "extent", "axis 0"),
    "D22 product overflows": (dict(shape=(BIG, BIG)), "span-overflow", str(BIG)),
    "D22 product wraps to little": (dict(shape=(2**32, 2**32 + 4)), "span-overflow", str(2**32 + 4)),
    "D22 more bytes than isize": (dict(shape=(2**60,)), "span-overflow", str(2**60)),
    "D24 stride overflows": (dict(shape=(2,), strides=(2**62,)), "span-overflow", str(2**62)),
    "D24 sum of strides overflows": (dict(shape=(2, 2), strides=(2**59, 2**59)), "span-overflow", str(2**59)),
    "D24 before the address space": (dict(shape=(9,), strides=(-(2**44),)), "span-overflow", "-"),
    "D17 offset wraps": (dict(byte_offset=TOP - 8), "span-overflow", str(TOP - 8)),
    "axes without a shape": (dict(shape=None, strides=None, ndim=1), "malformed", "NULL"),
    "D25 bool of 1 bit": (dict(dtype=(6, 1, 1)), "dtype", "bool1"),
    "D26 fp4 of 8 bits": (dict(dtype=(17, 8, 1)), "dtype", "8 bits"),
    "D26 fp6 of 8 bits": (dict(dtype=(15, 8, 1)), "dtype", "8 bits"),
    "D26 padded": (dict(dtype=(0, 4, 1), flags=PADDED), "subbyte", "int4"),
    "D26 packed with strides": (dict(dtype=(0, 4, 1), shape=(2, 2), strides=(1, 2)), "order", "int4"),
    "D27 no lanes": (dict(dtype=(2, 64, 0)), "dtype", "x0"),
    "D28 odd width": (dict(dtype=(1, 12, 1)), "dtype", "uint12"),
    "D28 unknown code": (dict(dtype=(99, 8, 1)), "dtype", "99"),
    "D28 opaque handle": (dict(dtype=(3, 64, 1)), "dtype", "handle"),
    "D28 no bits": (dict(dtype=(2, 0, 1)), "dtype", "float0"),
    "unknown device": (dict(device=(77, 0)), "device", "77"),
}


def refused(call, code, number):
    with pytest.raises(ab.ConversionError) as caught:
        call()
    assert isinstance(caught.value, BufferError)
    assert code in [reason.code for reason in caught.value.plan.reasons]
    assert number in str(caught.value)


CASES = [pytest.param(VERSIONED, *lie, id=id) for id, lie in LIES.items()] + [
    pytest.param(LEGACY, *lie, id=f"{id}, legacy") for id, lie in LIES.items() if not {"version", "flags"} & {*lie[0]}
]


@pytest.mark.parametrize("name, words, code, number", CASES)
def test_a_lie_is_refused_with_its_numbers_and_freed_once(name, words, code, number):
    producer = Producer(name=name, **words)
    before = len(alive())
    for call in (ab.asarray, ab.from_dlpack):
        producer.tensor.deleted = 0
        refused(lambda: call(producer), code, number)
        gc.collect()
        assert producer.tensor.deleted == 1
    assert len(alive()) == before


@pytest.mark.parametrize("lie", LIES)
def test_a_refused_capsule_stays_unconsumed(lie):
    words, code, number = LIES[lie]
    tensor = Tensor(**words)
    capsule = tensor.capsule()
    refused(lambda: ab.from_dlpack(capsule), code, number)
    assert capsule_name(capsule) == VERSIONED
    assert tensor.deleted == 0
    del capsule
    assert tensor.deleted == 1


@pytest.mark.parametrize("name", [VERSIONED, LEGACY])
def test_d1_no_strides_are_c_order(name):
    x = ab.asarray(Producer(name=name, shape=(2, 3), strides=None))
    assert x.strides == (24, 8)
    assert x.to_numpy().tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("name", [VERSIONED, LEGACY])
def test_d2_no_axes_need_no_shape(name):
    x = ab.asarray(Producer(name=name, shape=None, strides=None, ndim=0))
    assert (x.shape, x.strides, x.to_numpy()[()]) == ((), (), 0.0)


def test_d4_a_higher_minor_is_accepted():
    assert ab.asarray(Producer(version=(1, 99))).shape == (3,)


@pytest.mark.parametrize("name", [VERSIONED, LEGACY])
def test_d5_no_deleter_is_legal(name):
    producer = Producer(name=name, deleter=False)
    x = ab.asarray(producer)
    del x
    gc.collect()
    assert producer.tensor.deleted == 0


def test_d6_the_deleter_may_be_called_after_a_drop_on_another_thread():
    producer = Producer()
    box = [ab.asarray(producer)]
    thread = threading.Thread(target=box.clear)
    thread.start()
    thread.join()
    ab._core._ledger()
    assert producer.tensor.deleted == 1


@pytest.mark.parametrize("name", [VERSIONED, LEGACY])
def test_d7_a_capsule_is_renamed_and_a_second_consumption_is_an_error(name):
    tensor = Tensor(name=name)
    capsule = tensor.capsule()
    x = ab.from_dlpack(capsule)
    assert capsule_name(capsule) == b"used_" + name
    refused(lambda: ab.from_dlpack(capsule), "released", "used_dltensor")
    del capsule
    assert tensor.deleted == 0
    del x
    assert tensor.deleted == 1


def test_a_destructor_that_ignores_the_name_does_not_free_twice():
    tensor = Tensor(destructor=FREE_WHATEVER_THE_NAME)
    capsule = tensor.capsule()
    x = ab.from_dlpack(capsule)
    del capsule
    assert tensor.deleted == 0
    del x
    assert tensor.deleted == 1


@pytest.mark.parametrize("name", [b"tensor", b"used_dltensor_versioned", b"dltensor_versioned2"])
def test_d7_a_capsule_of_another_name_is_refused(name):
    tensor = Tensor()
    capsule = tensor.capsule(name=name)
    with pytest.raises(ab.ConversionError, match=name.decode()):
        ab.from_dlpack(capsule)
    assert tensor.deleted == 0


@pytest.mark.parametrize("answer", [None, 3, "dltensor", object()])
def test_what_is_no_capsule_is_refused_by_name(answer):
    class Odd:
        def __dlpack__(self, **_):
            return answer

    with pytest.raises(ab.ConversionError, match=type(answer).__name__):
        ab.asarray(Odd())


def test_d9_a_read_only_flag_is_kept_and_goes_out_again():
    x = ab.asarray(Producer(flags=READ_ONLY))
    assert x.readonly
    assert not np.from_dlpack(x).flags.writeable
    assert not x.to_numpy().flags.writeable
    with pytest.raises(BufferError, match="read-only"):
        x.__dlpack__()


def test_d10_a_legacy_tensor_is_read_only():
    assert ab.asarray(Producer(name=LEGACY)).readonly
    x = ab.asarray(Producer(name=LEGACY), writable=True)
    assert (x.readonly, x.plan.outcome, x.plan.copied_bytes) == (False, "copy", 24)


def test_d11_the_version_is_asked_for_first_and_nothing_else():
    producer = Producer()
    ab.asarray(producer)
    [wishes] = producer.asked
    assert wishes == {"max_version": (1, 3)}


def test_d11_an_old_producer_is_asked_again_without_keywords():
    class Old(Producer):
        def __dlpack__(self, stream=None):
            return super().__dlpack__()

    old = Old(name=LEGACY)
    assert ab.asarray(old, copy=False).shape == (3,)
    assert old.asked == [{}]


@pytest.mark.parametrize("name", [VERSIONED, LEGACY])
def test_d12_the_name_decides_what_came(name):
    x = ab.asarray(Producer(name=name))
    assert x.to_numpy().tolist() == [0, 1, 2]
    assert x.readonly == (name == LEGACY)


def test_d13_a_copy_by_the_producer_is_in_the_plan_and_is_not_made_twice():
    producer = Producer(flags=IS_COPIED)
    x = ab.asarray(producer)
    assert (x.plan.outcome, x.plan.copied_bytes) == ("copy", 24)
    assert x.address == producer.tensor.address
    x = ab.asarray(Producer(flags=IS_COPIED), copy=True)
    assert [reason.code for reason in x.plan.reasons] == ["door"]


def test_d14_copy_false_is_passed_on_and_a_copy_is_refused():
    producer = Producer(flags=IS_COPIED)
    refused(lambda: ab.asarray(producer, copy=False), "copy-never", "copy=False")
    assert producer.asked == [{"max_version": (1, 3), "copy": False}]
    assert producer.tensor.deleted == 1


def test_d14_copy_true_copies_into_memory_of_our_own():
    producer = Producer()
    x = ab.asarray(producer, copy=True)
    assert (x.plan.outcome, x.plan.copied_bytes, x.readonly) == ("copy", 24, False)
    assert x.address != producer.tensor.address
    assert x.address % 64 == 0
    assert producer.tensor.deleted == 1
    assert producer.asked == [{"max_version": (1, 3)}]


def test_d15_a_device_is_passed_on():
    producer = Producer()
    ab.asarray(producer, device="cpu")
    assert producer.asked == [{"max_version": (1, 3), "dl_device": (1, 0)}]
    refused(lambda: ab.asarray(Producer(), device="cuda:1"), "device", "cuda:1")


def test_d15_a_producer_that_ignores_the_device_is_refused_and_freed_once():
    producer = Producer(device=(2, 0), data=0xDEAD000)
    refused(lambda: ab.asarray(producer, device="cpu"), "device", "expected memory on cpu but found it on cuda:0")
    gc.collect()
    assert producer.tensor.deleted == 1


def test_d17_the_offset_is_added():
    producer = Producer(byte_offset=16)
    x = ab.asarray(producer)
    assert x.address == producer.tensor.address + 16
    assert x.to_numpy().tolist() == [2, 3, 4]


def test_d18_a_device_is_carried_and_never_read():
    x = ab.asarray(Producer(device=(2, 1), data=0xDEAD000))
    assert (x.device, x.address, x.shape) == ("cuda:1", 0xDEAD000, (3,))
    refused(lambda: x.to_numpy(), "device", "cuda:1")
    assert x.__dlpack_device__() == (2, 1)
    refused(lambda: x.__dlpack__(copy=True, max_version=(1, 0)), "device", "cuda:1")
    again = ab.from_dlpack(x.__dlpack__(max_version=(1, 0)))
    assert (again.device, again.address) == ("cuda:1", 0xDEAD000)


def test_d18_no_arithmetic_on_a_handle():
    assert ab.asarray(Producer(device=(8, 0), data=0xDEAD000)).address == 0xDEAD000
    refused(lambda: ab.asarray(Producer(device=(8, 0), byte_offset=4)), "device", "4 bytes")


@pytest.mark.parametrize("data", ["here", None])
@pytest.mark.parametrize("strides", [(0, 0), (2**62, -(2**62)), None, (1, 7)])
def test_d19_no_elements_need_no_data_and_any_strides(data, strides):
    producer = Producer(shape=(0, 4), strides=strides, data=data)
    x = ab.asarray(producer)
    assert (x.shape, x.size, x.nbytes) == ((0, 4), 0, 0)
    assert x.to_numpy().shape == (0, 4)
    assert np.from_dlpack(x).shape == (0, 4)
    del x
    gc.collect()
    assert producer.tensor.deleted == 1


def test_a_zero_extent_does_not_hide_overflow_in_the_others():
    producer = Producer(shape=(BIG, 0, BIG), strides=(0, 0, 0))  # As NumPy has it, and rule L2.
    refused(lambda: ab.asarray(producer), "span-overflow", str(BIG))
    assert producer.tensor.deleted == 1


def test_d21_misaligned_data_is_read_right():
    producer = Producer(byte_offset=3, shape=(2,))
    x = ab.asarray(producer)
    assert x.address % 8 == 3
    expected = np.frombuffer(bytes(producer.tensor.memory)[3:19])
    np.testing.assert_array_equal(x.to_numpy(), expected)
    np.testing.assert_array_equal(ab.asarray(x, copy=True).to_numpy(), expected)


def test_d23_strides_of_single_elements_mean_nothing():
    x = ab.asarray(Producer(shape=(1, 3, 1), strides=(2**62, 1, -(2**62))), order="C", copy=False)
    assert x.to_numpy().tolist() == [[[0], [1], [2]]]
    assert np.from_dlpack(x).shape == (1, 3, 1)


def test_d24_negative_and_zero_strides():
    x = ab.asarray(Producer(shape=(2, 3), strides=(0, -2), byte_offset=32))
    assert x.to_numpy().tolist() == [[4, 2, 0], [4, 2, 0]]
    assert np.from_dlpack(x).tolist() == [[4, 2, 0], [4, 2, 0]]


def test_d26_packed_elements_are_carried():
    x = ab.asarray(Producer(dtype=(0, 4, 1), shape=(3, 5)))
    assert (x.dtype.name, x.shape, x.nbytes) == ("int4", (3, 5), 8)
    again = ab.from_dlpack(x.__dlpack__(max_version=(1, 3)))
    assert (again.dtype.name, again.shape, again.address) == ("int4", (3, 5), x.address)


def test_d27_lanes_are_carried():
    x = ab.asarray(Producer(dtype=(2, 32, 4), shape=(2, 2), strides=(1, 2)))
    assert (x.dtype.name, x.itemsize, x.strides) == ("float32x4", 16, (16, 32))
    again = ab.from_dlpack(x.__dlpack__(max_version=(1, 3)))
    assert (again.dtype.name, again.strides) == ("float32x4", (16, 32))


@pytest.mark.parametrize(("bits", "name"), [(64, "complex64"), (128, "complex128")])
def test_d29_complex_bits_are_those_of_both_halves(bits, name):
    x = ab.asarray(Producer(dtype=(5, bits, 1)))
    assert (x.dtype.name, x.itemsize, x.strides) == (name, bits // 8, (bits // 8,))
    for odd in (bits + 1, bits // 2 - 1, 0, 255):
        producer = Producer(dtype=(5, odd, 1))
        refused(lambda: ab.asarray(producer), "dtype", f"complex{odd}")
        gc.collect()
        assert producer.tensor.deleted == 1


def test_d30_unknown_flags_are_ignored_and_not_forwarded():
    x = ab.asarray(Producer(flags=0xFF00 | READ_ONLY))
    assert x.readonly
    capsule = x.__dlpack__(max_version=(1, 3))
    pointer = api.PyCapsule_GetPointer(id(capsule), VERSIONED)
    struct = ctypes.cast(pointer, ctypes.POINTER(Versioned)).contents
    assert struct.flags == READ_ONLY
    assert (struct.major, struct.minor) == (1, 3)


def test_d31_numbers_of_the_cpu_are_tolerated_and_pinned_memory_is_read():
    assert ab.asarray(Producer(device=(1, 5))).device == "cpu"
    for device in ((3, 0), (11, 0), (13, 0)):
        assert ab.asarray(Producer(device=device)).to_numpy().tolist() == [0, 1, 2]


def test_d32_the_other_byte_order_is_swapped_into_a_copy_or_refused():
    a = np.arange(3, dtype=">f8")
    with pytest.raises(BufferError):
        ab.from_dlpack(a, copy=False)
    x = ab.asarray(a)
    assert np.from_dlpack(x).tolist() == [0, 1, 2]


def test_d36_the_producers_struct_is_not_written():
    tensor = Tensor(shape=(2, 3), strides=None)
    before = bytes(tensor.struct)
    x = ab.from_dlpack(tensor.capsule())
    x.to_numpy()
    x.__dlpack__()
    assert bytes(tensor.struct) == before


def test_metadata_that_changes_later_changes_nothing():
    producer = Producer(shape=(2, 3))
    x = ab.asarray(producer)
    tensor = producer.tensor.struct.dl_tensor
    tensor.ndim, tensor.data, tensor.shape = 63, None, None
    assert x.to_numpy().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_what_a_producer_raises_propagates_but_for_buffer_error():
    class Raises:
        def __init__(self, error):
            self.error = error

        def __dlpack__(self, **_):
            raise self.error

    for error in (RuntimeError("boom"), KeyboardInterrupt(), MemoryError(), TypeError("boom"), ValueError("boom")):
        with pytest.raises(type(error)) as caught:
            ab.asarray(Raises(error))
        assert caught.value is error
    for error in (BufferError("not now"), NotImplementedError("not now")):
        refused(lambda: ab.asarray(Raises(error)), "door", f"{type(error).__name__}: not now")


def test_a_deleter_runs_with_no_exception_pending_and_leaves_none(monkeypatch):
    seen, unraisable = [], []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: unraisable.append(info.exc_value))

    def look():
        seen.append(sys.exc_info())
        raise RuntimeError("from a deleter")

    producer = Producer(on_delete=look)
    x = ab.asarray(producer)
    del x
    assert seen == [(None, None, None)]
    assert [str(error) for error in unraisable] == ["from a deleter"]

    producer = Producer()

    def fails(array):
        raise KeyError("the caller's own")

    with pytest.raises(KeyError, match="own"):
        fails(ab.asarray(producer))
    gc.collect()
    assert producer.tensor.deleted == 1


def test_nothing_is_left_in_the_ledger():
    before = alive()
    producer = Producer()
    x = ab.asarray(producer)
    [entry] = [entry for entry in ab._core._ledger() if entry not in before]
    assert entry[1:] == ("dlpack", "import", 24, False)
    capsule = x.__dlpack__(max_version=(1, 0))
    assert ("dlpack tensor", "dlpack", "export", 24, False) in ab._core._ledger()
    with pytest.raises(BufferError, match="1 export"):
        x.release()
    del capsule
    x.release()
    assert producer.tensor.deleted == 1
    assert alive() == before
