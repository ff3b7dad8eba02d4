"""The standard library's memory: bytes, bytearray, memoryview, array, ctypes, mmap, shared memory; and `from_buffer`."""

PARTNER = "numpy"  # Records are read by their fields.

import array
import ctypes
import gc
import mmap
import struct
import sys
from multiprocessing.shared_memory import SharedMemory

import pytest

import aria_array_bridge as ab
from aria_array_bridge import _core

from_buffer = getattr(ab, "from_buffer", None) or _core.from_buffer


def values(ours):
    return memoryview(ours).tolist()


def address(buffer):
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def code(error):
    return error.value.plan.reasons[0].code


# ---------------------------------------------------------------------------------------------------------------- bytes


def test_bytes_are_frozen_and_shared():
    data = bytes(range(10))
    ours = ab.asarray(data)
    assert (ours.dtype.name, ours.shape, ours.access, ours.readonly) == ("uint8", (10,), "frozen", True)
    assert (ours.plan.outcome, ours.plan.protocol) == ("view", "buffer")
    assert ctypes.string_at(ours.address, 10) == data
    with pytest.raises(TypeError, match="read-only"):
        memoryview(ours)[0] = 1


def test_empty_bytes_are_an_empty_array():
    assert (ab.asarray(b"").shape, ab.asarray(bytearray()).nbytes) == ((0,), 0)


def test_a_bytearray_is_locked_while_it_is_held_and_free_afterwards():
    data = bytearray(b"abc")
    ours = ab.asarray(data)
    assert ours.access == "shared" and not ours.readonly and ours.address == address(data)
    with pytest.raises(BufferError, match="re-sized"):
        data.append(100)
    memoryview(ours)[1] = 120
    assert data == b"axc"
    ours.release()
    data.append(100)
    assert data == b"axcd"
    with pytest.raises(ValueError, match="released"):
        ours.shape


def test_a_bytearray_is_free_when_the_array_dies():
    data = bytearray(4)
    ours = ab.asarray(data)
    view = memoryview(ours)
    del ours
    with pytest.raises(BufferError):
        data.clear()
    del view
    gc.collect()
    data.clear()


def test_a_refused_wish_frees_a_bytearray_too():
    data = bytearray(4)
    for wish in ({"dtype": "float64"}, {"device": "cuda:0"}):
        with pytest.raises(ab.ConversionError):
            ab.asarray(data, **wish)
        data.append(0)


class Text(bytes):
    """Bytes of somebody else, which may say anything of themselves."""


def test_only_exact_bytes_are_frozen():
    assert ab.asarray(Text(b"abc")).access == "shared"
    assert ab.asarray(memoryview(b"abc")).access == "shared"
    assert ab.asarray(Text(b"abc")).readonly


# ------------------------------------------------------------------------------------------------------------ memoryview

VIEWS = {
    "a row": lambda d: d,
    "a slice": lambda d: d[3:9],
    "every second": lambda d: d[::2],
    "reversed": lambda d: d[::-1],
    "every third from behind": lambda d: d[20::-3],
    "numbers": lambda d: d.cast("i"),
    "floats": lambda d: d.cast("d"),
    "characters": lambda d: d.cast("c"),
    "two axes": lambda d: d.cast("B", (4, 6)),
    "three axes": lambda d: d.cast("h", (2, 3, 2)),
    "no axis": lambda d: d[:4].cast("i", ()),
    "nothing": lambda d: d[:0],
    "rows of a table": lambda d: d.cast("H", (4, 3))[1:3],
    "rows backwards": lambda d: d.cast("H", (4, 3))[::-1],
}


@pytest.mark.parametrize("readonly", [False, True], ids=["writable", "read-only"])
@pytest.mark.parametrize("name", VIEWS)
def test_a_memoryview_is_taken_as_it_lies(name, readonly):
    data = bytearray(range(24))
    view = VIEWS[name](memoryview(data))
    view = view.toreadonly() if readonly else view
    ours = ab.asarray(view)
    assert (ours.shape, ours.itemsize, ours.readonly) == (view.shape, view.itemsize, readonly)
    assert view.nbytes == 0 or ours.strides == view.strides
    assert ours.plan.outcome == "view"
    assert memoryview(ours).tobytes() == view.tobytes()
    if not readonly and view.nbytes and name in ("every second", "reversed"):
        view[1] = 200
        assert values(ours)[1] == 200


def test_a_memoryview_cannot_be_released_while_it_is_held():
    view = memoryview(bytearray(3))
    ours = ab.asarray(view)
    with pytest.raises(BufferError):
        view.release()
    ours.release()
    view.release()
    with pytest.raises(ab.ArgumentError, match="released") as refused:
        ab.asarray(view)
    assert code(refused) == "exporter-refused"


# ----------------------------------------------------------------------------------------------------------------- array

TYPECODES = [c for c in array.typecodes if c not in "uw"]


@pytest.mark.parametrize("typecode", TYPECODES)
def test_an_array_of_every_typecode_is_shared(typecode):
    data = array.array(typecode, [1, 2, 3])
    ours = ab.asarray(data)
    kind = "float" if typecode in "fd" else "uint" if typecode.isupper() else "int"
    assert ours.dtype.name == f"{kind}{8 * data.itemsize}"
    assert ours.address == data.buffer_info()[0]
    memoryview(ours)[1] = 7
    assert data[1] == 7
    with pytest.raises(BufferError):
        data.append(4)
    ours.release()
    data.append(4)


@pytest.mark.filterwarnings("ignore:The 'u' type code:DeprecationWarning")
@pytest.mark.parametrize("typecode", [c for c in "uw" if c in array.typecodes])
def test_an_array_of_text_is_text_of_one_character(typecode):
    data = array.array(typecode, "añ€")
    if data.itemsize != 4:
        pytest.skip("characters of two bytes")
    ours = ab.asarray(data)
    assert (ours.dtype.kind, ours.itemsize, ours.shape) == ("U", 4, (3,))
    assert ctypes.wstring_at(ours.address, 3) == "añ€"


# ---------------------------------------------------------------------------------------------------------------- ctypes

CTYPES = ["c_bool", "c_int8", "c_uint8", "c_int16", "c_uint16", "c_int32", "c_uint32", "c_int64", "c_uint64", "c_float",
          "c_double", "c_long", "c_ulong", "c_longlong", "c_size_t", "c_ssize_t"]


def name_of(kind):
    size = 8 * ctypes.sizeof(kind)
    text = kind.__name__
    if text == "c_bool":
        return "bool"
    if text in ("c_float", "c_double"):
        return f"float{size}"
    return f"{'uint' if kind(-1).value > 0 else 'int'}{size}"


@pytest.mark.parametrize("name", CTYPES)
def test_a_ctypes_array_is_shared(name):
    kind = getattr(ctypes, name)
    data = (kind * 3)(1, 0, 1)
    ours = ab.asarray(data)
    assert (ours.dtype.name, ours.shape, ours.strides) == (name_of(kind), (3,), (ctypes.sizeof(kind),))
    assert ours.address == ctypes.addressof(data) and not ours.readonly
    data[1] = 1
    assert ctypes.string_at(ours.address, ours.nbytes) == bytes(data)


def test_a_ctypes_number_is_an_array_without_axes():
    number = ctypes.c_double(2.5)
    ours = ab.asarray(number)
    assert (ours.shape, ours.dtype.name, ours.address) == ((), "float64", ctypes.addressof(number))
    number.value = 7.0
    assert values(ours) == 7.0


def test_arrays_of_ctypes_arrays_have_as_many_axes():
    data = ((ctypes.c_int32 * 3) * 2)((1, 2, 3), (4, 5, 6))
    ours = ab.asarray(data)
    assert (ours.shape, ours.strides) == ((2, 3), (12, 4))
    assert values(ours) == [[1, 2, 3], [4, 5, 6]]
    assert ab.asarray(((ctypes.c_int8 * 2) * 0)()).shape == (0, 2)


class Packed(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("a", ctypes.c_uint8), ("b", ctypes.c_double)]


class Padded(ctypes.Structure):
    _fields_ = [("a", ctypes.c_uint8), ("b", ctypes.c_double)]


class Trailing(ctypes.Structure):
    _fields_ = [("b", ctypes.c_double), ("a", ctypes.c_uint8)]


class Plain(ctypes.Structure):
    _fields_ = [("x", ctypes.c_float), ("n", ctypes.c_int32)]


class Nested(ctypes.Structure):
    _fields_ = [("p", Plain), ("m", (ctypes.c_int16 * 2) * 2)]


class Swapped(ctypes.BigEndianStructure):
    _fields_ = [("n", ctypes.c_int32), ("m", ctypes.c_int32)]


class Pointing(ctypes.Structure):
    _fields_ = [("p", ctypes.POINTER(ctypes.c_int))]


class Either(ctypes.Union):
    _fields_ = [("i", ctypes.c_int32), ("f", ctypes.c_float)]


@pytest.mark.parametrize("kind", [Plain, Nested])
def test_a_structure_without_padding_is_a_record(kind):
    data = (kind * 3)()
    ours = ab.asarray(data)
    assert (ours.shape, ours.itemsize, ours.address) == ((3,), ctypes.sizeof(kind), ctypes.addressof(data))
    assert ours.dtype.name.startswith("record")
    assert [field[0] in ours.dtype.name for field in kind._fields_] == [True] * len(kind._fields_)


@pytest.mark.parametrize("kind", [Padded, Trailing])
def test_padding_is_found_also_where_ctypes_leaves_it_out_of_the_format(kind):
    """Before CPython 3.12 the format is without the padding; the itemsize says that the fields are aligned."""
    data = (kind * 2)()
    data[1].b = 2.5
    ours = ab.asarray(data)
    assert ours.itemsize == 16
    assert {name: offset for name, (_, offset) in ours.to_numpy().dtype.fields.items()} == {
        "a": kind.a.offset, "b": kind.b.offset}
    assert ours.to_numpy()["b"].tolist() == [0.0, 2.5]


def test_a_packed_structure_is_whole_or_bytes():
    """ctypes says `B` of a packed structure: the itemsize disagrees, and nothing is guessed."""
    data = (Packed * 2)((1, 2.5), (3, 4.5))
    try:
        ours = ab.asarray(data)
    except ab.ArgumentError as error:
        assert error.plan.reasons[0].code == "itemsize"
        assert "9" in str(error)
    else:
        assert ours.itemsize == 9 and ours.dtype.name.startswith("record")


def test_a_big_endian_structure_is_swapped_into_a_copy():
    if sys.byteorder != "little":
        pytest.skip("the other order")
    data = (Swapped * 2)((1, 2), (3, 4))
    ours = ab.asarray(data)
    assert (ours.plan.outcome, ours.plan.copied_bytes, ours.plan.reasons[0].code) == ("copy", 16, "byte-order")
    assert ctypes.string_at(ours.address, 16) == struct.pack("<4i", 1, 2, 3, 4)
    assert values(from_buffer(data, dtype="int32"))[0] == 1 << 24


def test_ctypes_characters_are_text():
    data = (ctypes.c_wchar * 3)(*"a€b")
    if ctypes.sizeof(ctypes.c_wchar) != 4:
        pytest.skip("characters of two bytes")
    ours = ab.asarray(data)
    assert (ours.dtype.kind, ours.itemsize) == ("U", 4)
    letters = ab.asarray((ctypes.c_char * 3)(*b"abc"))
    assert (letters.dtype.kind, letters.itemsize, letters.shape) == ("S", 1, (3,))


POINTERS = {
    "pointers": (lambda: (ctypes.POINTER(ctypes.c_int) * 2)(), "found a pointer"),
    "addresses": (lambda: (ctypes.c_void_p * 2)(), "found a pointer"),
    "C strings": (lambda: (ctypes.c_char_p * 2)(), "found a"),
    "wide C strings": (lambda: (ctypes.c_wchar_p * 2)(), "<Z"),
    "objects": (lambda: (ctypes.py_object * 2)(), "found a Python object"),
    "functions": (lambda: (ctypes.CFUNCTYPE(None) * 2)(), "found a"),
    "pointers in a structure": (lambda: (Pointing * 2)(), "found a pointer"),
    "long doubles": (lambda: (ctypes.c_longdouble * 2)(), "found a long double"),
}


@pytest.mark.parametrize("name", POINTERS)
def test_what_points_elsewhere_is_refused_by_name(name):
    make, words = POINTERS[name]
    with pytest.raises(ab.ArgumentError, match=words) as refused:
        ab.asarray(make())
    assert code(refused) == ("object-dtype" if name == "objects" else "dtype")


def test_a_union_is_no_number():
    with pytest.raises(ab.ArgumentError) as refused:
        ab.asarray((Either * 2)())
    assert code(refused) in ("dtype", "itemsize")


# --------------------------------------------------------------------------------------------------- mmap, shared memory


def test_a_mapped_file_is_shared_and_locked_while_it_is_held(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(struct.pack("=4d", 1, 2, 3, 4))
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        with from_buffer(mapped, dtype="float64", offset=8) as ours:
            assert values(ours) == [2.0, 3.0, 4.0]
            memoryview(ours)[0] = 9.0
            with pytest.raises(BufferError):
                mapped.close()
        assert struct.unpack_from("=d", mapped, 8) == (9.0,)
        mapped.flush()
    assert path.read_bytes()[8:16] == struct.pack("=d", 9.0)


def test_a_file_mapped_for_reading_is_read_only(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"abcd")
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        ours = ab.asarray(mapped)
        assert ours.readonly and bytes(memoryview(ours)) == b"abcd"
        ours.release()


def test_shared_memory_closes_after_the_block_that_used_it():
    shared = SharedMemory(create=True, size=8000)
    try:
        other = SharedMemory(name=shared.name)
        with from_buffer(shared.buf, dtype="float64", shape=(10, 100)) as ours:
            assert (ours.shape, ours.strides, ours.readonly) == ((10, 100), (800, 8), False)
            memoryview(ours)[9, 99] = 4.5
            with pytest.raises(BufferError, match="exported"):
                shared.close()
        assert struct.unpack_from("=d", other.buf, 7992) == (4.5,)
        other.close()
        shared.close()
    finally:
        gc.collect()
        shared.close()
        shared.unlink()


# ------------------------------------------------------------------------------------------------------------ from_buffer


def test_from_buffer_without_arguments_believes_the_buffer():
    ours = from_buffer(array.array("h", [1, -2]))
    assert (ours.dtype.name, values(ours)) == ("int16", [1, -2])


CASTS = {
    "a dtype": ({"dtype": "uint16"}, (12,), (2,), 0),
    "an extent": ({"dtype": "uint16", "shape": 5}, (5,), (2,), 0),
    "a shape": ({"dtype": "int32", "shape": (2, 3)}, (2, 3), (12, 4), 0),
    "no axis": ({"dtype": "float64", "shape": ()}, (), (), 0),
    "an offset": ({"dtype": "uint8", "offset": 3}, (21,), (1,), 3),
    "an offset alone": ({"offset": 24}, (0,), (1,), 24),
    "columns": ({"dtype": "int32", "shape": (2, 3), "strides": (4, 8)}, (2, 3), (4, 8), 0),
    "backwards": ({"dtype": "int16", "shape": 12, "strides": [-2], "offset": 22}, (12,), (-2,), 22),
    "one element many times": ({"dtype": "uint8", "shape": (1000, 1000), "strides": (0, 0), "offset": 23}, (1000, 1000), (0, 0), 23),
    "misaligned": ({"dtype": "float64", "shape": 2, "offset": 7}, (2,), (8,), 7),
    "no elements": ({"dtype": "float64", "shape": (0, 5), "offset": 24}, (0, 5), (40, 8), 24),
}


@pytest.mark.parametrize("name", CASTS)
def test_from_buffer_reads_bytes_as_the_caller_says(name):
    wishes, shape, strides, offset = CASTS[name]
    data = bytearray(range(24))
    ours = from_buffer(data, **wishes)
    assert (ours.shape, ours.strides, ours.address - address_once(data)) == (shape, strides, offset)
    assert ours.plan.outcome == "view" and not ours.readonly
    if shape == (1000, 1000):
        return
    view = memoryview(ours)
    assert view.tobytes() == memoryview(ours).tobytes() and view.nbytes == ours.nbytes
    if name == "backwards":
        assert view.tolist() == [row[0] for row in struct.iter_unpack("=h", data)][::-1]


def address_once(data):
    return ab.asarray(memoryview(data)).address


def test_from_buffer_of_bytes_is_frozen():
    ours = from_buffer(bytes(8), dtype="int32")
    assert (ours.access, ours.readonly, ours.shape) == ("frozen", True, (2,))


REFUSALS = {
    "one element too many": ({"dtype": "int32", "shape": 7}, "within 24 bytes but found them from 0 to 28"),
    "an offset that pushes out": ({"dtype": "int32", "shape": 6, "offset": 1}, "within 24 bytes but found them from 1 to 25"),
    "strides that reach out": ({"dtype": "uint8", "shape": 3, "strides": (12,)}, "within 24 bytes but found them from 0 to 25"),
    "strides before the start": ({"dtype": "uint8", "shape": 3, "strides": (-1,), "offset": 1},
                                 "within 24 bytes but found them from -1 to 2"),
    "an offset behind the end": ({"dtype": "uint8", "offset": 25}, "within 24 bytes but found 25"),
    "bytes left over": ({"dtype": "float64", "offset": 3}, "a multiple of 8 bytes but found 21"),
    "a shape beyond memory": ({"dtype": "float64", "shape": (2**40, 2**40)}, "1099511627776"),
    "a stride beyond memory": ({"dtype": "uint8", "shape": (3,), "strides": (2**62,)}, str(2**62)),
    "strides of another length": ({"dtype": "uint8", "shape": (2, 2), "strides": (1,)}, "2.*1|1.*2"),
    "too many axes": ({"dtype": "uint8", "shape": (1,) * 65}, "64.*65"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_from_buffer_reaches_nothing_outside_and_says_the_numbers(name):
    wishes, words = REFUSALS[name]
    data = bytearray(24)
    with pytest.raises(ValueError, match=words):
        from_buffer(data, **wishes)
    data.append(0)  # It was released.


def test_from_buffer_refuses_what_lends_nothing():
    with pytest.raises(TypeError, match="bytes-like object"):
        from_buffer(object(), dtype="uint8")
    with pytest.raises(BufferError, match="contiguous"):
        from_buffer(memoryview(bytes(8))[::2], dtype="uint8")
    with pytest.raises(TypeError, match="expected a dtype but found"):
        from_buffer(bytes(8), dtype="no such thing")
    with pytest.raises((OverflowError, ValueError)):
        from_buffer(bytes(8), dtype="uint8", offset=-1)


class Rude:
    """An extent that takes the memory away while it is being asked."""

    def __init__(self, action):
        self.action = action

    def __index__(self):
        self.action()
        return 4


def test_arguments_are_converted_before_the_memory_is_taken():
    data = bytearray(4)
    ours = from_buffer(data, dtype="uint8", shape=(Rude(lambda: data.extend(bytes(1 << 16))),))
    assert ours.address == address_once(data) and values(ours) == [0, 0, 0, 0]
