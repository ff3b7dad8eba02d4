"""What the standard library lends by the buffer protocol, and what it takes."""

import array
import ctypes
import gc
import mmap
import pickle
import struct
import sys
from multiprocessing import shared_memory

import pytest

import aria_array_bridge as ab


def address_of(buffer):
    """Where a writable buffer begins."""
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


class TestBytes:
    def test_bytes_are_frozen_and_read_only(self):
        ours = ab.asarray(b"abcd")
        assert (ours.dtype, ours.shape, ours.readonly, ours.access) == ("uint8", (4,), True, "frozen")
        assert ours.tolist() == list(b"abcd")
        assert memoryview(ours).readonly and bytes(ours) == b"abcd"

    def test_a_subclass_of_bytes_is_only_read_only(self):
        class Named(bytes):
            pass

        ours = ab.asarray(Named(b"abcd"))
        assert ours.readonly and ours.access == "shared"

    def test_a_memoryview_of_bytes_is_read_only(self):
        ours = ab.asarray(memoryview(b"abcd")[1:3])
        assert ours.readonly and ours.access == "shared" and ours.tolist() == [98, 99]

    def test_a_bytearray_is_shared_and_locked_until_it_is_released(self):
        source = bytearray(b"abcd")
        ours = ab.asarray(source)
        assert ours.address == address_of(source) and not ours.readonly and ours.access == "shared"
        memoryview(ours)[0] = 120
        assert source == b"xbcd"
        with pytest.raises(BufferError):
            source.append(1)
        ours.release()
        source.append(1)

    def test_with_unlocks_a_bytearray(self):
        source = bytearray(b"abcd")
        with ab.asarray(source) as ours:
            with pytest.raises(BufferError):
                source.clear()
            assert ours.size == 4
        source.clear()

    def test_a_view_keeps_a_bytearray_locked(self):
        source = bytearray(b"abcd")
        ours = ab.asarray(source)
        view = ours[1:]
        del ours
        with pytest.raises(BufferError):
            source.append(1)
        del view
        gc.collect()
        source.append(1)

    def test_no_bytes_at_all(self):
        for source in (b"", bytearray(), memoryview(b"")):
            assert ab.asarray(source).shape == (0,)

    def test_a_pickle_buffer_is_its_buffer(self):
        source = bytearray(b"abcd")
        assert ab.asarray(pickle.PickleBuffer(source)).tolist() == list(source)
        released = pickle.PickleBuffer(source)
        released.release()
        with pytest.raises(ab.ConversionError, match="released"):
            ab.asarray(released)


class TestMemoryview:
    # Half floats: `cast` takes them from 3.12 on.
    @pytest.mark.parametrize("format", list("bBhHiIlLqQnNfd?") + ["e"] * (sys.version_info >= (3, 12)))
    def test_a_cast_keeps_its_format(self, format):
        size = struct.calcsize(format)
        source = memoryview(bytearray(range(48))).cast(format)
        ours = ab.asarray(source)
        assert ours.itemsize == size and ours.shape == (48 // size,)
        assert ours.tolist() == source.tolist()

    def test_c_is_a_byte_string_and_no_number(self):
        ours = ab.asarray(memoryview(b"abcd").cast("c"))
        assert ours.dtype.name == "bytes[1]" and ours.tolist() == [b"a", b"b", b"c", b"d"]

    def test_a_cast_to_axes_keeps_them(self):
        source = memoryview(bytearray(range(24))).cast("B", [2, 3, 4])
        assert ab.asarray(source).tolist() == source.tolist()

    @pytest.mark.parametrize("part", [slice(None, None, 2), slice(None, None, -1), slice(5, 1, -2), slice(3, 3), slice(2, 20)])
    def test_a_slice_keeps_its_strides(self, part):
        source = memoryview(bytearray(range(24))).cast("H")[part]
        ours = ab.asarray(source)
        assert ours.tolist() == source.tolist() and ours.strides == source.strides

    def test_no_axis(self):
        source = memoryview(bytearray(8)).cast("d", [])
        assert source.ndim == 0
        ours = ab.asarray(source)
        assert ours.shape == () and ours.tolist() == 0.0

    def test_read_only_is_kept(self):
        source = memoryview(bytearray(4)).toreadonly()
        ours = ab.asarray(source)
        assert ours.readonly and memoryview(ours).readonly

    def test_a_released_memoryview_is_refused(self):
        source = memoryview(b"abcd")
        source.release()
        with pytest.raises(ab.ConversionError, match="released"):
            ab.asarray(source)

    def test_a_memoryview_cannot_be_released_under_us(self):
        source = memoryview(bytearray(4))
        ours = ab.asarray(source)
        with pytest.raises(BufferError):
            source.release()
        ours.release()
        source.release()

    def test_ours_as_a_memoryview(self):
        view = memoryview(ab.asarray(bytearray(range(12))))
        assert view.tolist() == list(range(12)) and view.hex() == bytes(range(12)).hex()
        assert view[2:10:3].tolist() == [2, 5, 8] and view.cast("I").shape == (3,)
        assert view == memoryview(bytes(range(12)))
        cast = view.cast("B", [3, 4])
        assert ab.asarray(cast).tolist() == cast.tolist()


ARRAYS = {"b": -1, "B": 1, "h": -2, "H": 2, "i": -3, "I": 3, "l": -4, "L": 4, "q": -5, "Q": 5, "f": 1.5, "d": 2.5}


class TestArray:
    @pytest.mark.parametrize("typecode", ARRAYS)
    def test_every_number_is_shared(self, typecode):
        source = array.array(typecode, [ARRAYS[typecode]] * 5)
        ours = ab.asarray(source)
        assert ours.address == source.buffer_info()[0] and ours.itemsize == source.itemsize
        assert ours.tolist() == source.tolist() and not ours.readonly
        given = memoryview(ours).format  # The letter of the size, as NumPy has it: 'l' also for a long long of 8 bytes.
        assert given == typecode or struct.calcsize(given) == source.itemsize and given.islower() == typecode.islower()

    def test_text_is_ucs_4_or_refused(self):
        source = array.array("u", "ab\U0001f40d")
        if source.itemsize == 4:
            assert ab.asarray(source).tolist() == ["a", "b", "\U0001f40d"]
        else:
            with pytest.raises(ab.ConversionError):
                ab.asarray(source)

    if "w" in array.typecodes:  # From 3.13 on.

        def test_text_of_ucs_4(self):
            assert ab.asarray(array.array("w", "ab\U0001f40d")).tolist() == ["a", "b", "\U0001f40d"]

    def test_an_empty_array_is_empty(self):
        assert ab.asarray(array.array("d")).shape == (0,)

    def test_it_cannot_grow_while_it_is_lent(self):
        source = array.array("d", [1, 2])
        with ab.asarray(source), pytest.raises(BufferError):
            source.append(3)
        source.append(3)


class Point(ctypes.Structure):
    _fields_ = [("tag", ctypes.c_byte), ("x", ctypes.c_double)]


class Packed(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("tag", ctypes.c_byte), ("x", ctypes.c_double)]


class Nested(ctypes.Structure):
    _fields_ = [("point", Point), ("row", ctypes.c_short * 3)]


class Bits(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int, 3), ("b", ctypes.c_int, 29)]


class Both(ctypes.Union):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_float)]


NUMBERS = [
    ctypes.c_byte, ctypes.c_ubyte, ctypes.c_short, ctypes.c_ushort, ctypes.c_int, ctypes.c_uint, ctypes.c_long, ctypes.c_ulong,
    ctypes.c_longlong, ctypes.c_ulonglong, ctypes.c_size_t, ctypes.c_ssize_t, ctypes.c_float, ctypes.c_double, ctypes.c_bool,
]  # fmt: skip


class TestCtypes:
    @pytest.mark.parametrize("kind", NUMBERS, ids=lambda kind: kind.__name__)
    def test_an_array_without_strides_is_shared(self, kind):
        source = (kind * 3)(1, 0, 1)
        ours = ab.asarray(source)
        assert ours.address == ctypes.addressof(source) and ours.shape == (3,)
        assert ours.tolist() == list(source) and not ours.readonly

    def test_an_array_of_arrays_has_axes(self):
        source = (ctypes.c_int * 3 * 2)((1, 2, 3), (4, 5, 6))
        assert ab.asarray(source).tolist() == [[1, 2, 3], [4, 5, 6]]

    @pytest.mark.parametrize("kind", [ctypes.c_int, ctypes.c_double])
    def test_the_other_byte_order_is_copied(self, kind):
        swapped = kind.__ctype_be__ if sys.byteorder == "little" else kind.__ctype_le__
        source = (swapped * 2)(1, 2)
        ours = ab.asarray(source)
        assert ours.tolist() == [1, 2] and ours.plan.reasons[0].code == "byte-order"

    def test_one_number_has_no_axis(self):
        source = ctypes.c_double(2.5)
        ours = ab.asarray(source)
        assert ours.shape == () and ours.tolist() == 2.5 and ours.address == ctypes.addressof(source)

    def test_characters_are_byte_strings(self):
        assert ab.asarray((ctypes.c_char * 3)(*b"abc")).dtype.name == "bytes[1]"

    def test_wide_characters_are_text_where_they_are_ucs_4(self):
        source = (ctypes.c_wchar * 2)("a", "b")
        if ctypes.sizeof(ctypes.c_wchar) == 4:
            assert ab.asarray(source).tolist() == ["a", "b"]

    @pytest.mark.parametrize("kind", [Point, Nested], ids=lambda kind: kind.__name__)
    def test_a_structure_has_its_fields_at_their_offsets(self, kind):
        source = (kind * 2)()
        ours = ab.asarray(source)
        assert ours.itemsize == ctypes.sizeof(kind) and ours.address == ctypes.addressof(source)
        if kind is Point:
            source[1].x = 2.5
            assert ours["x"].tolist() == [0.0, 2.5] and ours["x"].address == ctypes.addressof(source) + Point.x.offset

    @pytest.mark.parametrize("source", [(ctypes.py_object * 2)(1, 2), (ctypes.POINTER(ctypes.c_int) * 2)(), (ctypes.c_void_p * 2)(),
                                        (ctypes.c_char_p * 2)(), (ctypes.CFUNCTYPE(None) * 1)()], ids=lambda source: type(source)._type_.__name__)  # fmt: skip
    def test_pointers_and_objects_are_refused_by_name(self, source):
        with pytest.raises(ab.ConversionError):
            ab.asarray(source)

    def test_an_object_pointer_is_refused_as_one(self):
        with pytest.raises(ab.ConversionError) as caught:
            ab.asarray((ctypes.py_object * 2)(1, 2))
        assert caught.value.plan.reasons[0].code == "object-dtype"

    @pytest.mark.parametrize("kind", [Bits, Both])
    def test_what_the_letters_cannot_say_is_bytes_or_refused(self, kind):
        source = (kind * 2)()
        try:
            ours = ab.asarray(source)
        except ab.ConversionError:
            return
        assert ours.itemsize * ours.size == ctypes.sizeof(source)

    def test_an_empty_array_is_empty(self):
        assert ab.asarray((ctypes.c_double * 0)()).shape == (0,)


class TestMemoryOfTheSystem:
    def test_an_anonymous_map_is_shared_and_cannot_be_closed_under_us(self):
        with mmap.mmap(-1, 64) as source:
            ours = ab.asarray(source)
            assert ours.address == address_of(source)
            memoryview(ours)[3] = 7
            assert source[3] == 7
            with pytest.raises(BufferError):
                source.close()
            ours.release()

    def test_a_read_only_map_is_read_only(self, tmp_path):
        path = tmp_path / "data"
        path.write_bytes(bytes(range(64)))
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as source:
            with ab.asarray(source) as ours:
                assert ours.readonly and ours.access == "shared" and ours.tolist() == list(range(64))

    def test_shared_memory_is_shared(self):
        source = shared_memory.SharedMemory(create=True, size=64)
        try:
            with ab.from_buffer(source.buf, dtype="float64", shape=8) as ours:
                memoryview(ours)[0] = 2.5
                assert struct.unpack_from("d", source.buf)[0] == 2.5
        finally:
            source.close()
            source.unlink()


class TestFromBuffer:
    def test_without_more_words_the_buffer_says_what_it_is(self):
        source = array.array("d", [1, 2, 3])
        assert ab.from_buffer(source).dtype == "float64"

    def test_bytes_are_read_as_the_caller_says(self):
        source = bytearray(struct.pack("<4xid4x", 7, 2.5))
        ours = ab.from_buffer(source, dtype="int32", offset=4, shape=())
        assert ours.tolist() == 7 and ours.address == address_of(source) + 4
        assert ab.from_buffer(source, dtype="float64", offset=8, shape=(1,)).tolist() == [2.5]
        assert ab.from_buffer(bytes(8), dtype="int32").shape == (2,)
        assert ab.from_buffer(bytes(8), shape=(2, 4)).dtype == "uint8"

    def test_strides_reach_backwards_and_stand_still(self):
        source = bytes(range(10))
        assert ab.from_buffer(source, shape=(3,), strides=(-2,), offset=8).tolist() == [8, 6, 4]
        assert ab.from_buffer(source, shape=(2, 3), strides=(0, 1)).tolist() == [[0, 1, 2]] * 2
        assert ab.from_buffer(source, dtype="int16", shape=(3,), strides=(3,), offset=1).strides == (3,)

    def test_bytes_stay_frozen_and_read_only(self):
        ours = ab.from_buffer(bytes(16), dtype="float64")
        assert ours.readonly and ours.access == "frozen"
        assert not ab.from_buffer(bytearray(16), dtype="float64").readonly

    @pytest.mark.parametrize("words", [
        dict(offset=11), dict(offset=2**63), dict(shape=(11,)), dict(shape=(4,), strides=(3,), offset=1), dict(shape=(2,), strides=(-1,)),
        dict(dtype="int64", offset=3), dict(dtype="int64", shape=(2,)), dict(dtype="int32"), dict(shape=(2**62, 2**62)),
        dict(shape=(2,), strides=(2**62,)), dict(shape=(2,), strides=(1, 1)), dict(dtype="int4", shape=(2,)), dict(shape=(1,) * 65),
    ], ids=str)  # fmt: skip
    def test_nothing_outside_of_the_buffer_is_reached(self, words):
        source = bytearray(10)
        with pytest.raises(ValueError, match="expected .* but found"):
            ab.from_buffer(source, **words)
        source.append(1)  # Nothing is lent any more.

    @pytest.mark.parametrize(("words", "found"), [
        (dict(offset=-1), -1), (dict(offset=2**70), 2**70), (dict(shape=-1), -1), (dict(shape=(2, -1)), -1),
        (dict(shape=(2, 2**70)), 2**70), (dict(shape=(2,), strides=(-2**70,)), -2**70),
    ], ids=str)  # fmt: skip
    def test_numbers_that_no_array_has_are_refused_with_what_was_wanted(self, words, found):
        with pytest.raises(ValueError, match=rf"expected .* but found {found}\b"):
            ab.from_buffer(bytearray(10), **words)

    @pytest.mark.parametrize("words", [dict(shape="abc"), dict(dtype="O"), dict(dtype="nonsense"), dict(strides=1.5), dict(offset="1")], ids=str)
    def test_what_is_no_number_is_refused(self, words):
        with pytest.raises(TypeError):
            ab.from_buffer(bytearray(10), **words)

    def test_no_elements_reach_nothing(self):
        assert ab.from_buffer(b"", shape=(0, 3)).shape == (0, 3)
        assert ab.from_buffer(bytes(4), dtype="float64", shape=(0,), offset=4).shape == (0,)

    def test_what_is_no_buffer_is_refused(self):
        with pytest.raises((TypeError, ab.ConversionError)):
            ab.from_buffer([1, 2, 3])
        with pytest.raises((TypeError, ab.ConversionError)):
            ab.from_buffer([1, 2, 3], dtype="int32")

    def test_a_strided_buffer_is_no_row_of_bytes(self):
        with pytest.raises((BufferError, ValueError)):
            ab.from_buffer(memoryview(bytes(8))[::2], dtype="int16")
