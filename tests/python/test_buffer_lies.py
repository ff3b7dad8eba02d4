"""Exporters that lie, break the protocol or change their mind: each is refused by name and released exactly once."""

import ctypes
import gc
import sys
import threading
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lying_exporter import Cheerful, Exporter

import aria_array_bridge as ab


def refused(exporter, *codes):
    """The import is refused for these reasons and everything that was lent is back."""
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(exporter)
    assert [reason.code for reason in caught.value.plan.reasons] == list(codes)
    assert exporter.lent == exporter.released
    text = str(caught.value)
    del caught
    gc.collect()
    return text


def taken(exporter):
    array = ab.asarray(exporter)
    assert (exporter.lent, exporter.released) == (1, 0)
    return array


def test_an_honest_exporter_is_shared_and_released_once():
    exporter = Exporter()
    array = taken(exporter)
    assert array.address == exporter.address and array.plan.protocol == "buffer"
    assert array.tolist() == list(range(64))
    del array
    gc.collect()
    assert exporter.released == 1


def test_release_gives_the_buffer_back_early_and_once():
    exporter = Exporter()
    array = taken(exporter)
    array.release()
    assert exporter.released == 1
    array.release()
    del array
    gc.collect()
    assert exporter.released == 1


def test_with_gives_the_buffer_back():
    exporter = Exporter()
    with taken(exporter) as array:
        assert array.size == 64
    assert exporter.released == 1


def test_read_only_is_enough_to_ask_for():
    exporter = Exporter(readonly=1)
    assert taken(exporter).readonly
    assert not exporter.flags & 1, "PyBUF_WRITABLE was asked for"


def test_a_format_of_null_means_bytes():
    assert taken(Exporter(format=None)).dtype == "uint8"


def test_strides_of_null_are_computed():
    array = taken(Exporter(ndim=2, shape=(4, 16), strides=None))
    assert array.strides == (16, 1)


def test_no_axis_needs_no_shape_and_no_strides():
    array = taken(Exporter(ndim=0, shape=None, strides=None, len=8, itemsize=8, format=b"d"))
    assert array.shape == () and array.dtype == "float64"


def test_a_shape_of_null_on_one_axis_is_the_length():
    assert taken(Exporter(shape=None, strides=None, itemsize=2, format=b"H")).shape == (32,)


def test_a_shape_of_null_on_two_axes_is_refused():
    refused(Exporter(ndim=2, shape=None, strides=None), "malformed")


def test_suboffsets_are_refused_by_name():
    text = refused(Exporter(ndim=2, shape=(8, 8), strides=(8, 1), suboffsets=(0, -1)), "suboffsets")
    assert "suboffsets" in text and "axis 0" in text


def test_suboffsets_that_are_all_negative_are_legal():
    assert taken(Exporter(ndim=2, shape=(8, 8), strides=(8, 1), suboffsets=(-1, -1))).shape == (8, 8)


@pytest.mark.parametrize(("format", "itemsize", "right"), [(b"i", 8, 4), (b"d", 4, 8), (b"h", 1, 2), (b"<l", 8, 4), (b"T{i:a:d:b:}", 4, 16)])
def test_letters_and_itemsize_that_disagree_are_refused(format, itemsize, right):
    text = refused(Exporter(format=format, itemsize=itemsize, shape=(64 // itemsize,), strides=(itemsize,)), "itemsize")
    assert f'expected an itemsize of {right} bytes for "{format.decode()}" but found {itemsize}' in text


@pytest.mark.parametrize(
    ("format", "dtype"),
    [(b"l", "int64"), (b"@l", "int64"), (b"=q", "int64"), (b"<q", "int64"), (b"q", "int64"), (b"n", "int64"), (b"<d", "float64"), (b"=d", "float64"),
     (b"Zf", "complex64"), (b" d ", "float64"), (b"8s", "bytes[8]"), (b"8x", "void[8]"), (b"2w", "str[2]")],
)  # fmt: skip
def test_letters_mean_what_the_itemsize_confirms(format, dtype):
    if format in (b"l", b"@l") and ctypes.sizeof(ctypes.c_long) != 8:
        pytest.skip("long has 4 bytes here")
    assert taken(Exporter(format=format, itemsize=8, shape=(8,), strides=(8,))).dtype.name == dtype


@pytest.mark.parametrize("format", [b">d", b"!d"] if sys.byteorder == "little" else [b"<d"])
def test_the_other_byte_order_is_copied_never_misread(format):
    exporter = Exporter(format=format, itemsize=8, shape=(8,), strides=(8,))
    array = ab.asarray(exporter)
    assert [reason.code for reason in array.plan.reasons] == ["byte-order"] and array.plan.copied_bytes == 64
    assert bytes(memoryview(array).cast("B")[:8]) == bytes(range(8))[::-1]
    assert (exporter.lent, exporter.released) == (1, 1), "the copy needs the source no longer"
    with pytest.raises(ab.ConversionError):
        ab.asarray(exporter, copy=False)
    gc.collect()
    assert exporter.lent == exporter.released


@pytest.mark.parametrize("format", [b"O", b"T{O:a:}"])
def test_python_objects_in_foreign_memory_are_refused_by_name(format):
    assert "Python object" in refused(Exporter(format=format, itemsize=8, shape=(8,), strides=(8,)), "object-dtype")


@pytest.mark.parametrize("format", [b"P", b"&d", b"z", b"X{}", b"g", b"Zg"])
def test_pointers_functions_and_long_doubles_are_refused(format):
    itemsize = {b"g": 16, b"Zg": 32}.get(format, 8)
    refused(Exporter(format=format, itemsize=itemsize, shape=(64 // itemsize,), strides=(itemsize,)), "dtype")


@pytest.mark.parametrize(
    "format",
    [b"", b"@", b"T{", b"T{" * 10000, b"T{" * 70 + b"b:a:" + b"}" * 70, b"99999999999999999999d", b"(2,3", b"(-1)d", b"d:", b"\xff", b"dd\x01", b"T{d:a:d:a:}"],
    ids=lambda text: text[:12].decode("latin-1"),
)  # fmt: skip
def test_formats_that_are_none_and_formats_that_bomb_are_refused(format):
    exporter = Exporter(format=format, itemsize=8, shape=(8,), strides=(8,))
    with pytest.raises(ab.ConversionError):
        ab.asarray(exporter)
    assert exporter.lent == exporter.released == 1


@pytest.mark.parametrize("len", [0, 63, 65, 2**40, -1])
def test_a_length_that_is_not_the_packed_length_is_refused(len):
    assert f"but found {len}" in refused(Exporter(len=len), "malformed")


def test_the_length_of_a_strided_view_is_its_packed_length():
    array = taken(Exporter(len=8, ndim=1, shape=(8,), strides=(8,)))
    assert array.tolist() == list(range(0, 64, 8))


def test_f_order_is_never_flattened_as_c_order():
    array = taken(Exporter(ndim=2, shape=(4, 16), strides=(1, 4)))
    assert array.tolist()[0] == list(range(0, 64, 4)) and array.f_contiguous and not array.c_contiguous


def test_strides_that_are_no_multiple_of_the_itemsize_stay_in_bytes():
    exporter = Exporter(format=b"=d", itemsize=8, len=56, shape=(7,), strides=(9,))
    array = taken(exporter)
    assert array.strides == (9,) and array[1].address == exporter.address + 9
    del array
    gc.collect()
    assert exporter.released == 1


def test_an_exporter_without_strides_is_the_same_through_a_memoryview():
    exporter = Exporter(ndim=2, shape=(4, 16), strides=None)
    for source in (exporter, memoryview(exporter)):
        array = ab.asarray(source)
        assert (array.shape, array.strides, array.address) == ((4, 16), (16, 1), exporter.address)
        assert array.tolist()[3] == list(range(48, 64))
    del array, source
    gc.collect()
    assert exporter.lent == exporter.released == 2


def test_negative_strides_start_at_the_first_element():
    exporter = Exporter(strides=(-1,))
    exporter.buf = exporter.address + 63
    assert taken(exporter).tolist() == list(range(63, -1, -1))


@pytest.mark.parametrize(
    ("said", "code", "number"),
    [(dict(ndim=-1), "malformed", "axes but found -1"), (dict(ndim=65, shape=(1,) * 65, strides=(1,) * 65), "malformed", "at most 64 axes but found 65"),
     (dict(ndim=2**31 - 1), "malformed", "at most 64 axes but found 2147483647"), (dict(shape=(-64,)), "malformed", "found -64 (axis 0)"),
     (dict(itemsize=-1), "malformed", "an itemsize of 0 or more but found -1"), (dict(itemsize=0), "itemsize", "1 bytes for \"B\" but found 0"),
     (dict(shape=(2**62,)), "malformed", f"{2**62} bytes for this shape but found 64"), (dict(ndim=2, shape=(2**40, 2**40), strides=(0, 0)), "malformed", f"({2**40}, {2**40})"),
     (dict(ndim=2, shape=(64, 1), strides=(2**62, 1)), "malformed", f"extent 64 with a stride of {2**62}")],
    ids=str,
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(said, code, number):
    exporter = Exporter(**said)
    assert number in refused(exporter, code)
    assert exporter.lent == exporter.released == 1


def test_null_with_elements_is_refused():
    assert "64 bytes but found NULL" in refused(Exporter(buf=None), "null-data")


def test_null_without_elements_is_an_empty_array():
    assert taken(Exporter(buf=None, len=0, shape=(0,))).tolist() == []


def test_minus_one_without_an_exception_is_refused_by_name():
    exporter = Exporter(status=-1)
    assert "without an exception" in refused(exporter, "exporter-refused")
    assert exporter.released == 0


def test_zero_with_an_exception_is_no_success():
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(Cheerful())
    assert "exception" in str(caught.value) or "argument" in str(caught.value)
    assert sys.exc_info() == (None, None, None)


def test_a_view_without_an_owner_keeps_the_exporter():
    exporter = Exporter(obj=False)
    array = ab.asarray(exporter)
    gone = weakref.ref(exporter)
    del exporter
    gc.collect()
    assert gone() is not None and array.tolist()[63] == 63
    del array
    gc.collect()
    assert gone() is None


def test_a_cycle_through_an_exporter_is_collected():
    exporter = Exporter()
    exporter.array = ab.asarray(exporter)
    gone = weakref.ref(exporter)
    del exporter
    gc.collect()
    assert gone() is None


def test_a_cycle_through_an_exporter_without_an_owner_is_collected():
    exporter = Exporter(obj=False)
    exporter.array = ab.asarray(exporter)
    gone = weakref.ref(exporter)
    del exporter
    gc.collect()
    assert gone() is None


def test_an_array_that_dies_with_an_exception_pending_leaves_the_exception():
    exporter = Exporter()
    with pytest.raises(KeyError, match="mine"):
        array = ab.asarray(exporter)
        try:
            raise KeyError("mine")
        finally:
            del array
    assert exporter.released == 1


def test_a_release_that_comes_back_for_the_array_finds_it_released():
    seen = []
    exporter = Exporter()
    array = taken(exporter)
    exporter.on_release = lambda: seen.append(pytest.raises(ValueError, lambda: array.shape))
    array.release()
    assert len(seen) == 1 and exporter.released == 1


def test_an_array_that_is_dropped_on_another_thread_is_released_once():
    exporter = Exporter()
    held = [taken(exporter)]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    gc.collect()
    assert exporter.released == 1


def test_explain_takes_nothing_and_keeps_nothing():
    exporter = Exporter()
    assert ab.explain(exporter).outcome == "view"
    gc.collect()
    assert exporter.lent == exporter.released


def test_a_writable_buffer_is_a_view_for_writers():
    exporter = Exporter()
    memoryview(ab.asarray(exporter, writable=True))[3] = 99
    assert exporter.memory[3] == 99


numbers = st.one_of(st.integers(-3, 70), st.sampled_from([2**31, 2**62, 2**63 - 1, -(2**63), -(2**31)]))


@given(
    ndim=st.one_of(st.integers(-1, 4), st.sampled_from([64, 65, 1000])),
    len=numbers,
    itemsize=numbers,
    format=st.one_of(st.none(), st.binary(max_size=12).filter(lambda text: 0 not in text), st.sampled_from([b"B", b"d", b"<i", b"T{b:a:}"])),
    shape=st.one_of(st.none(), st.lists(numbers, min_size=1000, max_size=1000) | st.lists(st.integers(0, 4), min_size=4, max_size=4)),
    strides=st.one_of(st.none(), st.lists(st.integers(-8, 8), min_size=4, max_size=4)),
)  # fmt: skip
def test_whatever_an_exporter_says_it_is_released_once_and_what_is_taken_is_consistent(ndim, len, itemsize, format, shape, strides):
    shape = None if shape is None else (list(shape) * 250)[:1000]
    strides = None if strides is None else list(strides) * 250
    exporter = Exporter(ndim=ndim, len=len, itemsize=itemsize, format=format, shape=shape, strides=strides)
    try:
        array = ab.asarray(exporter)
    except ab.ConversionError:
        pass
    else:
        # Nothing is read: what the exporter says of its strides is beyond checking.
        count = 1
        for extent in array.shape:
            count *= extent
        assert array.nbytes == count * array.itemsize == len
        assert array.itemsize == itemsize and array.ndim == max(ndim, 0)
        del array
    assert exporter.lent == exporter.released
