"""Defects that were found by trying, each held by a test so that it stays away."""

import gc
import io
import pickle
import threading
import weakref
from copy import deepcopy

import numpy as np
import pytest

import aria_array_bridge as ab
from dlpack_producer import Producer


class Holder:
    """Something that may be in a cycle."""


def test_a_memoryview_in_a_dead_cycle_is_not_cleared_while_it_is_lent():
    # CPython's collector clears a memoryview that is still lent, and giving the buffer back then crashes.
    for _ in range(3):
        holder = Holder()
        holder.memory = memoryview(bytearray(64))
        holder.array = ab.asarray(holder.memory)
        holder.me = holder
        gone = weakref.ref(holder)
        del holder
        gc.collect()
        assert gone() is None or gone().array.size == 64  # Alive and whole, or gone; never half.


def test_text_is_no_array_struct_because_numpy_would_read_beyond_it():
    text = np.array(["ab", "cd"])
    ours = ab.asarray(text)
    assert not hasattr(ours, "__array_struct__")
    assert np.asarray(ours).tolist() == ["ab", "cd"]


def test_swapped_fields_that_overlap_are_refused():
    dtype = np.dtype({"names": ["a", "b"], "formats": [">i4", ">i2"], "offsets": [0, 2], "itemsize": 8})
    with pytest.raises(ab.ConversionError) as error:
        ab.asarray(np.zeros(2, dtype))
    assert error.value.plan.reasons[0].code == "byte-order"


def test_a_description_that_doubles_at_every_level_is_refused_at_once():
    class Bomb:
        entries = [("a", "|u1")]
        for _ in range(40):
            entries = [("a", entries), ("b", entries)]
        __array_interface__ = {"shape": (1,), "typestr": "|V8", "descr": entries, "data": (4096, False), "version": 3}

    with pytest.raises(ab.ConversionError) as error:
        ab.asarray(Bomb())
    assert "limit" in [reason.code for reason in error.value.plan.reasons]


def test_a_dtype_that_doubles_at_every_level_is_refused_at_once():
    dtype = np.dtype([("a", "u1")])
    for _ in range(15):
        dtype = np.dtype({"names": ["a", "b"], "formats": [dtype, dtype], "offsets": [0, 0]})
    with pytest.raises(ab.ConversionError) as error:
        ab.asarray(np.zeros(1, dtype))
    assert error.value.plan.reasons[0].code == "limit"


def test_bytes_through_a_file_keep_the_array_alive():
    file = io.BytesIO()
    file.write(ab.asarray(np.arange(4, dtype="u1")))
    assert file.getvalue() == bytes(range(4))


class Releasing:
    """An index that releases an array when it is asked for its number."""

    def __init__(self, array):
        self.array = array

    def __index__(self):
        self.array.release()
        return 1


@pytest.mark.parametrize("index", [lambda i: i, lambda i: slice(i, None), lambda i: (slice(None, i),)])
def test_an_index_that_releases_the_array_gives_no_view_of_memory_that_is_gone(index):
    array = ab.asarray(np.arange(4.0))
    with pytest.raises(BufferError):
        array[index(Releasing(array))]
    assert array.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_dlpack_copy_that_is_under_way_keeps_the_array():
    source = np.ones(1 << 21)
    refused = []
    for _ in range(100):
        array, begin = ab.asarray(source), threading.Event()

        def release(array=array, begin=begin):
            begin.wait()
            try:
                array.release()
            except BufferError as error:
                refused.append(str(error))

        thread = threading.Thread(target=release)
        thread.start()
        begin.set()
        try:
            array.__dlpack__(copy=True, max_version=(1, 0))
        except ValueError:  # It was released before.
            pass
        thread.join()
        if refused:
            break
    assert refused and "1 export is alive" in refused[0]


def test_a_cast_of_more_bytes_than_there_can_be_is_an_error_and_no_panic():
    huge = np.broadcast_to(np.int8(1), (2**62,))
    with pytest.raises((ValueError, MemoryError)):
        ab.asarray(huge, dtype=ab.int64)
    assert ab.explain(huge, dtype=ab.int64).outcome == "copy"


@pytest.mark.parametrize("read", [ab.Array.tolist, ab.Array.is_null])
def test_more_elements_than_memory_has_room_for_are_a_memory_error(read):
    with pytest.raises(MemoryError):
        read(ab.asarray(np.broadcast_to(np.int64(1), (2**56,))))


def test_read_only_memory_without_elements_goes_to_a_consumer_that_knows_no_flags():
    array = ab.asarray(b"")
    assert ab.from_dlpack(array.__dlpack__()).shape == (0,)


def test_explain_to_torch_says_that_negative_strides_and_odd_addresses_are_copied():
    backwards = ab.explain(np.arange(3)[::-1], to="torch")
    assert (backwards.outcome, backwards.copied_bytes, backwards.reasons[0].code) == ("copy", 24, "stride")
    odd = ab.explain(np.zeros(17, "u1")[1:].view("i8"), to="torch")
    assert (odd.outcome, odd.reasons[0].code) == ("copy", "misaligned")


def test_a_copy_of_memory_on_a_device_is_refused_with_its_plan():
    class Device:
        __cuda_array_interface__ = {"version": 3, "shape": (2,), "typestr": "<f4", "data": (4096, False)}

    for wish in ({"copy": True}, {"dtype": ab.float64}):
        assert ab.explain(Device(), **wish).outcome == "refuse"
        with pytest.raises(ab.ConversionError) as error:
            ab.asarray(Device(), **wish)
        assert "device" in [reason.code for reason in error.value.plan.reasons]


def test_elements_beyond_a_lent_buffer_are_refused_with_their_place():
    class Beyond:
        __array_interface__ = {"version": 3, "shape": (2,), "typestr": "<i4", "data": bytes(8), "offset": -4}

    with pytest.raises(ab.ConversionError, match="within 8 bytes but found them from -4 to 4"):
        ab.asarray(Beyond())


def test_explain_refuses_the_dtypes_that_the_way_refuses():
    plan = ab.explain(np.zeros(2, "M8[s]"), to="torch")
    assert (plan.outcome, plan.reasons[-1].code) == ("refuse", "dtype")
    assert ab.explain(np.zeros(2, "M8[s]"), to="numpy").outcome == "view"


def test_records_without_bytes_have_no_order_to_swap():
    x = np.zeros(2, [("a", ">i4", (0,))])
    assert ab.asarray(x).shape == (2,) and ab.asarray(x).dtype.itemsize == 0


class Struct:
    """Has nothing else."""

    def __init__(self, capsule):
        self.capsule = capsule

    @property
    def __array_struct__(self):
        return self.capsule


@pytest.mark.parametrize("consume", [lambda a: a.__array_struct__, lambda a: np.asarray(Struct(a.__array_struct__))])
def test_what_a_struct_kept_goes_with_it_at_once(consume):
    memory = bytearray(8)
    a = ab.asarray(memory)
    kept = consume(a)
    del a
    with pytest.raises(BufferError):
        memory.extend(b"x")
    del kept
    memory.extend(b"x")  # Nothing of this library was called since.


def test_packed_elements_have_no_f_order():
    x = ab.asarray(Producer(dtype=(0, 4, 1), shape=(4, 4)))
    for call in (lambda: ab.asarray(x, order="F"), lambda: x.copy(order="F")):
        with pytest.raises(ValueError, match="whole bytes, which can lie in F order, but found packed int4"):
            call()
    assert ab.explain(x, order="F").outcome == "refuse" and ab.asarray(x, order="C").address == x.address
    assert ab.asarray(ab.asarray(Producer(dtype=(0, 4, 1), shape=(8,))), order="F").shape == (8,)


def test_an_error_crosses_processes_with_its_plan():
    with pytest.raises(ab.ArgumentError) as caught:
        ab.asarray(None)
    for copy in (pickle.loads(pickle.dumps(caught.value)), deepcopy(caught.value)):
        assert type(copy) is ab.ArgumentError and str(copy) == str(caught.value) and copy.plan == caught.value.plan
    with pytest.raises(ValueError):
        ab._core._plan(b"no plan")


@pytest.mark.parametrize("stride", [2**63 - 1, -(2**63)])
def test_a_span_that_overflows_is_told_with_the_stride_that_was_found(stride):
    with pytest.raises(ValueError, match=f"stride of {stride} bytes \\(axis 1\\)"):
        ab.from_buffer(bytearray(16), dtype="f4", shape=(2, 2), strides=(4, stride))
