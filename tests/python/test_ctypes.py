"""Structures of ctypes: what their buffers say is read right, and what they leave out is refused by name."""

import ctypes
import sys

import pytest

import aria_array_bridge as ab


class Point(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int8), ("b", ctypes.c_double)]


class Bits(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint32, 4), ("high", ctypes.c_uint32, 28)]


class PackedBits(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("low", ctypes.c_uint8, 4), ("high", ctypes.c_uint8, 4)]


class Derived(Point):
    _fields_ = [("c", ctypes.c_int16)]


class Renamed(Point):
    pass


class Either(ctypes.Union):
    _fields_ = [("i", ctypes.c_int32), ("f", ctypes.c_float)]


class OneByte(ctypes.Union):
    _fields_ = [("i", ctypes.c_int8), ("u", ctypes.c_uint8)]


def around(inner):
    return type("Around", (ctypes.Structure,), {"_fields_": [("first", ctypes.c_int32), ("inner", inner)]})


class Packed(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("a", ctypes.c_int8), ("b", ctypes.c_double)]


class PackedByte(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("a", ctypes.c_int8)]


class AroundPacked(ctypes.Structure):
    _fields_ = [("inner", Packed), ("c", ctypes.c_int)]


@pytest.mark.parametrize("kind", [Packed, PackedByte, AroundPacked])
@pytest.mark.parametrize("view", [lambda source: source, memoryview], ids=["object", "memoryview"])
def test_a_packed_structure_is_read_right_or_refused_by_name(kind, view):
    source = (kind * 2)()
    if sys.version_info >= (3, 12):  # Its format says it as it is.
        ctypes.memmove(source, bytes(range(ctypes.sizeof(source))), ctypes.sizeof(source))
        ours = ab.asarray(view(source))
        one, inner = (ours["inner"], source[1].inner) if kind is AroundPacked else (ours, source[1])
        assert ours.itemsize == ctypes.sizeof(kind) and one["a"].tolist()[1] == inner.a
        assert kind is PackedByte or one["b"].tolist()[1] == inner.b
        return
    if kind is PackedByte and view is memoryview:
        assert ab.asarray(view(source)).dtype == "uint8"  # What the view says of itself.
        return
    with pytest.raises(ab.ConversionError, match="Packed.* is packed") as caught:
        ab.asarray(view(source))
    assert [reason.code for reason in caught.value.plan.reasons] == ["dtype"]
    assert "from_buffer" in str(caught.value)
    assert ab.from_buffer(source, dtype="uint8").nbytes == ctypes.sizeof(source)


@pytest.mark.parametrize("view", [lambda x: x, memoryview], ids=["itself", "memoryview"])
def test_what_a_format_says_is_read_right(view):
    points = (Point * 3)(*[Point(i, i / 2) for i in range(3)])
    ours = ab.asarray(view(points))
    assert ours.address == ctypes.addressof(points)
    assert ours["a"].tolist() == [0, 1, 2] and ours["b"].tolist() == [0.0, 0.5, 1.0]
    nested = (around(Point) * 2)()
    nested[1].inner.b = 7.0
    assert ab.asarray(view(nested))["inner"]["b"].tolist() == [0.0, 7.0]
    assert ab.asarray(view((Renamed * 1)(Renamed(5, 6.0))))["b"].tolist() == [6.0], "a class that adds no field has all of them"


@pytest.mark.parametrize("view", [lambda x: x, memoryview], ids=["itself", "memoryview"])
@pytest.mark.parametrize(("kind", "name"), [(Bits, "low"), (Derived, "Derived"), (Either, "Either")])
def test_what_a_format_leaves_out_is_refused_by_name(kind, name, view):
    for source in (kind(), (kind * 2)(), ((kind * 2) * 2)(), around(kind)(), (around(kind) * 2)(), around(kind * 2)()):
        with pytest.raises(ab.ConversionError) as caught:
            ab.asarray(view(source))
        if view is not memoryview or memoryview(source).format.find("T{") >= 0:
            assert name in str(caught.value) and caught.value.plan.reasons[0].code == "dtype"


@pytest.mark.parametrize("kind", [PackedBits, OneByte])
def test_a_structure_of_one_byte_is_no_number(kind):
    with pytest.raises(ab.ConversionError, match=kind.__name__):
        ab.asarray((kind * 3)())


def test_the_bytes_are_read_as_they_are_said_to_be():
    source = (Bits * 2)(Bits(1, 2), Bits(3, 4))
    assert ab.asarray(memoryview(source).cast("B")).size == 8
    assert ab.from_buffer(source, dtype="uint32").tolist() == [2 << 4 | 1, 4 << 4 | 3]
