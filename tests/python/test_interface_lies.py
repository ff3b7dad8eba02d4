"""The array interfaces, told truly and falsely: dicts and C structs of every kind of producer."""

import array
import ctypes
import gc
import re
import sys
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lying_exporter import Exporter

import aria_array_bridge as ab

SWAPPED = ">" if sys.byteorder == "little" else "<"
NATIVE = "<" if sys.byteorder == "little" else ">"


class Interface:
    """Says a dict. The memory is 64 bytes of its own."""

    def __init__(self, **said):
        self.memory = (ctypes.c_ubyte * 64)(*range(64))
        self.address = ctypes.addressof(self.memory)
        self.said = {"version": 3, "shape": (64,), "typestr": "|u1", "data": (self.address, False)} | said
        self.said = {key: value for key, value in self.said.items() if value is not ...}

    @property
    def __array_interface__(self):
        return self.said


class Struct:
    """Hands on a capsule."""

    def __init__(self, capsule):
        self.capsule = capsule

    @property
    def __array_struct__(self):
        return self.capsule


def refused(source, *codes):
    with pytest.raises(ab.ConversionError) as caught:
        ab.asarray(source)
    found = [reason.code for reason in caught.value.plan.reasons]
    assert found == list(codes), str(caught.value)
    assert sys.exc_info() == (None, None, None)
    return str(caught.value)


class TestDict:
    def test_the_memory_is_shared_and_both_object_and_dict_live(self):
        class Said(dict):
            pass

        source = Interface()
        source.said = Said(source.said)
        gone = weakref.ref(source), weakref.ref(source.said)
        ours = ab.asarray(source)
        assert ours.plan.protocol == "__array_interface__" and ours.address == source.address
        assert not ours.readonly and ours.access == "shared"
        source.said = None
        del source
        gc.collect()
        assert all(reference() is not None for reference in gone)
        assert ours.tolist() == list(range(64))
        del ours
        gc.collect()
        assert all(reference() is None for reference in gone)

    def test_strides_of_none_and_strides_left_out_mean_c_order(self):
        for said in ({"strides": None}, {}):
            assert ab.asarray(Interface(shape=(4, 16), **said)).strides == (16, 1)

    def test_strides_are_bytes_and_may_be_negative(self):
        source = Interface(shape=(8,), strides=(-8,))
        source.said["data"] = (source.address + 56, False)
        assert ab.asarray(source).tolist() == list(range(56, -1, -8))

    def test_read_only_is_kept(self):
        source = Interface()
        source.said["data"] = (source.address, True)
        assert ab.asarray(source).readonly

    @pytest.mark.parametrize(("typestr", "name"), [
        ("|b1", "bool"), ("<i8", "int64"), ("<f4", "float32"), ("<c16", "complex128"), ("|S8", "bytes[8]"), ("<U2", "str[2]"), ("|V8", "void[8]"),
        ("<M8[ns]", "datetime64[ns]"), ("<m8[10s]", "timedelta64[10s]"),
    ])  # fmt: skip
    @pytest.mark.skipif(sys.byteorder != "little", reason="the type strings are little-endian")
    def test_type_strings_are_dtypes(self, typestr, name):
        descr = {"descr": [("", typestr)]}
        ours = ab.asarray(Interface(typestr=typestr, shape=(2,), **descr))
        assert ours.dtype.name == name

    def test_the_other_byte_order_is_copied(self):
        ours = ab.asarray(Interface(typestr=f"{SWAPPED}u4", shape=(16,)))
        assert ours.plan.reasons[0].code == "byte-order"
        assert ours.tolist()[0] == int.from_bytes(bytes(range(4)), "big" if sys.byteorder == "little" else "little")

    def test_a_description_is_a_record(self):
        descr = [("a", "|i1"), ("", "|V3"), (("title", "b"), f"{NATIVE}i4"), ("c", [("d", f"{NATIVE}f8")]), ("e", "|u1", (2, 2)), ("f", "|u1", 4)]
        ours = ab.asarray(Interface(typestr="|V24", shape=(2,), descr=descr))
        assert ours.itemsize == 24
        assert ours["b"].address == ours.address + 4 and ours["e"].shape == (2, 2, 2) and ours["f"].shape == (2, 4)

    def test_raw_memory_without_a_description_is_refused(self):
        refused(Interface(typestr="|V8", shape=(8,)), "dtype")

    def test_raw_memory_with_a_byte_order_is_a_type_that_lost_its_name(self):
        refused(Interface(typestr=f"{NATIVE}V2", shape=(8,), descr=[("", f"{NATIVE}V2")]), "dtype")

    @pytest.mark.parametrize("descr", [
        [("a", "|i1")], [("a", "|i1"), ("a", "|V7")], [("a",)], [("a", "|i1", 1, 2)], "ab", [("a", 5)], [(1, "<i8")], [["a", "<i8"]], [("a", "|O8")],
        [("a", "|i1", (-1,))], [("a", "|i1", (2**62, 4))], [(("a",), "<i8")], [((), "<i8")], [("\udc80", "<i8")],
    ], ids=str)  # fmt: skip
    def test_descriptions_that_describe_nothing_are_refused(self, descr):
        with pytest.raises(ab.ConversionError):
            ab.asarray(Interface(typestr="|V8", shape=(2,), descr=descr))

    def test_descriptions_that_bomb_are_refused(self):
        deep = "<i8"
        for _ in range(5000):
            deep = [("a", deep)]
        with pytest.raises(ab.ConversionError):
            ab.asarray(Interface(typestr="|V8", shape=(2,), descr=deep))
        endless = []
        endless.append(("a", endless))
        with pytest.raises(ab.ConversionError):
            ab.asarray(Interface(typestr="|V8", shape=(2,), descr=endless))

    @pytest.mark.parametrize("typestr", ["|O8", "|O", "O"])
    def test_python_objects_in_foreign_memory_are_refused_by_name(self, typestr):
        with pytest.raises(ab.ConversionError) as caught:
            ab.asarray(Interface(typestr=typestr, shape=(8,)))
        assert caught.value.plan.reasons[0].code in ("object-dtype", "dtype")

    @pytest.mark.parametrize("typestr", ["", "<", "<i", "<i3", "i8", "<f16", "<c32", "|t8", "<i8\0", "\udc80", "<i99999999999999999999", "<é8", b"<i8", 8, None, "<M8[xx]", ["<i8"]], ids=repr)  # fmt: skip
    def test_what_is_no_type_string_is_refused(self, typestr):
        with pytest.raises(ab.ConversionError):
            ab.asarray(Interface(typestr=typestr, shape=(2,)))

    @pytest.mark.parametrize("key", ["shape", "typestr"])
    def test_a_missing_key_is_refused_by_name(self, key):
        assert key in refused(Interface(**{key: ...}), "malformed")

    @pytest.mark.parametrize("version", [0, 2, 4, "3", None, 2**70])
    def test_another_version_is_refused(self, version):
        refused(Interface(version=version), "version")

    def test_a_version_that_is_left_out_is_taken_as_three(self):
        assert ab.asarray(Interface(version=...)).size == 64

    @pytest.mark.parametrize("said", ["not a dict", None, [("shape", (1,))], 5], ids=repr)
    def test_what_is_no_dict_is_refused(self, said):
        source = Interface()
        source.said = said
        refused(source, "malformed")

    @pytest.mark.parametrize(("shape", "said"), [
        (5, "a tuple as shape but found 5"), ([64], r"a tuple as shape but found \[64\]"), ((-1,), r"extents of 0 or more but found -1 \(axis 0\)"),
        ((64.0,), "an integer as shape but found 64.0"), (("64",), "an integer as shape but found '64'"), ((2**63,), f"an integer as shape but found {2**63}"),
        ((2**40, 2**40), rf"at most {2**63 - 1} bytes but found \({2**40}, {2**40}\) elements"), ((1,) * 65, "at most 64 axes but found 65"),
        ((1,) * 136, "at most 64 axes but found 136"), (None, "a shape in the interface"), ((None,), "an integer as shape but found None"),
    ], ids=lambda shape: str(shape)[:20])  # fmt: skip
    def test_shapes_that_are_none_are_refused(self, shape, said):
        assert re.search(f"expected {said}", refused(Interface(shape=shape), "malformed"))

    @pytest.mark.parametrize(("strides", "said"), [
        ((1, 1), "1 strides, one per axis, but found 2"), ((), "1 strides, one per axis, but found 0"), ((2**62,), f"found extent 64 with a stride of {2**62}"),
        ((1.0,), "an integer as strides but found 1.0"), (1, "a tuple as strides but found 1"), ([1], "a tuple as strides but found [1]"),
        ((2**64,), f"an integer as strides but found {2**64}"), (("1",), "an integer as strides but found '1'"),
    ], ids=str)  # fmt: skip
    def test_strides_that_are_none_are_refused(self, strides, said):
        assert said in refused(Interface(strides=strides), "malformed")

    @pytest.mark.parametrize(("data", "code", "said"), [
        ((-4096, False), "malformed", "an address but found -4096"), ((2**64, False), "malformed", f"an address but found {2**64}"),
        ((2**64 - 1, False), "span-overflow", hex(2**64 - 1)), ((2**64 - 4096, False), "span-overflow", hex(2**64 - 4096)), ((2**63, False), "span-overflow", hex(2**63)),
        (("0x1000", False), "malformed", "an address but found '0x1000'"), ((1.5, False), "malformed", "an address but found 1.5"),
        ((None, False), "malformed", "an address but found None"), ((1,), "malformed", "found 1 items"), ((1, 2, 3), "malformed", "found 3 items"), ((), "malformed", "found 0 items"),
        ([4096, False], "malformed", "list"), (4096, "malformed", "int"), ("text", "malformed", "str"),
    ], ids=str)  # fmt: skip
    def test_addresses_that_are_none_are_refused(self, data, code, said):
        assert said in refused(Interface(data=data), code)

    def test_null_with_elements_is_refused(self):
        assert "expected memory for 64 bytes but found NULL" in refused(Interface(data=(0, False)), "null-data")

    def test_null_without_elements_is_an_empty_array(self):
        assert ab.asarray(Interface(data=(0, False), shape=(0,))).tolist() == []

    def test_a_mask_is_refused_by_name(self):
        assert "mask" in refused(Interface(mask=np.zeros(64, "?")), "nulls")
        assert ab.asarray(Interface(mask=None)).size == 64

    def test_an_offset_from_an_address_is_refused(self):
        refused(Interface(offset=8, shape=(8,)), "malformed")
        assert ab.asarray(Interface(offset=0)).size == 64

    def test_only_attribute_error_means_absent(self):
        class Broken:
            @property
            def __array_interface__(self):
                raise RuntimeError("mine")

        with pytest.raises(RuntimeError, match="mine"):
            ab.asarray(Broken())

        class Absent:
            @property
            def __array_interface__(self):
                raise AttributeError("not today")

        with pytest.raises(ab.ConversionError):
            ab.asarray(Absent())

    @pytest.mark.parametrize("where", ["version", "shape", "strides", "address", "read-only", "offset", "extent", "extents"])
    @pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
    def test_numbers_that_raise_are_heard(self, where, kind):
        error = kind("mine")

        class Loud:
            def __index__(self):
                raise error

            def __bool__(self):
                raise error

        loud, data = Loud(), bytearray(64)
        address = ctypes.addressof((ctypes.c_ubyte * 64).from_buffer(bytearray(64)))
        said = {
            "version": {"version": loud}, "shape": {"shape": (loud,)}, "strides": {"strides": (loud,)}, "address": {"data": (loud, False)},
            "read-only": {"data": (address, loud)}, "offset": {"data": data, "offset": loud},
            "extent": {"data": data, "typestr": "|V8", "shape": (2,), "descr": [("a", "|i1", loud)]},
            "extents": {"data": data, "typestr": "|V8", "shape": (2,), "descr": [("a", "|i1", [2, loud])]},
        }  # fmt: skip
        with pytest.raises(kind) as caught:
            ab.asarray(Interface(**said[where]))
        assert caught.value is error
        data.append(1)

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, MemoryError])
    def test_text_of_what_is_no_number_is_asked_for_and_its_interrupt_is_heard(self, kind):
        error = kind("mine")

        class Mute:
            def __repr__(self):
                raise error

        for said in ({"shape": Mute()}, {"version": Mute()}, {"data": (Mute(), False)}):
            with pytest.raises(kind) as caught:
                ab.asarray(Interface(**said))
            assert caught.value is error
        error = RuntimeError("mine")
        assert "but found an object" in refused(Interface(shape=(Mute(),)), "malformed")

    def test_a_tuple_that_lies_about_its_length_is_read_as_it_is(self):
        class Long(tuple):
            def __len__(self):
                return 2**50

        descr = [("a", "|u1", Long((2, 2)))]
        assert ab.asarray(Interface(typestr="|V4", shape=Long((2,)), strides=Long((4,)), descr=descr))["a"].shape == (2, 2, 2)

    def test_numpys_integers_are_integers(self):
        source = Interface()
        source.said |= {"shape": (np.int64(64),), "data": (np.uint64(source.address), np.False_), "strides": (np.int32(1),)}
        assert ab.asarray(source).tolist() == list(range(64))


class TestBufferAsData:
    def test_its_memory_is_shared_and_its_lock_held(self):
        data = bytearray(range(64))
        ours = ab.asarray(Interface(data=data))
        assert ours.tolist() == list(range(64)) and not ours.readonly
        with pytest.raises(BufferError):
            data.append(1)
        ours.release()
        data.append(1)

    def test_read_only_is_the_buffers(self):
        assert ab.asarray(Interface(data=bytes(64))).readonly

    def test_the_offset_counts_bytes(self):
        assert ab.asarray(Interface(data=bytes(range(64)), offset=60, shape=(4,))).tolist() == [60, 61, 62, 63]

    def test_without_data_the_object_is_the_buffer(self):
        class Bytes(bytearray):
            @property
            def __array_interface__(self):
                return {"version": 3, "shape": (2, 2), "typestr": "|u1", "data": None}

        source = Bytes(b"abcd")
        ours = ab.from_array_interface(source)
        assert ours.tolist() == [[97, 98], [99, 100]]
        with pytest.raises(BufferError):
            source.append(1)

    @pytest.mark.parametrize(("said", "code", "found"), [
        (dict(shape=(65,)), "span-overflow", "from 0 to 65"), (dict(offset=1), "span-overflow", "from 1 to 65"), (dict(offset=-1), "span-overflow", "from -1 to 63"),
        (dict(offset=2**62), "span-overflow", f"from {2**62} to {2**62 + 64}"), (dict(offset=-(2**63)), "span-overflow", f"from {-(2**63)} to"),
        (dict(shape=(2,), strides=(-1,)), "span-overflow", "from -1 to 1"), (dict(shape=(2,), strides=(64,)), "span-overflow", "from 0 to 65"),
        (dict(shape=(8,), strides=(-8,), offset=55), "span-overflow", "from -1 to 56"), (dict(shape=(9,), typestr=f"{NATIVE}f8"), "span-overflow", "from 0 to 72"),
        (dict(offset="1"), "malformed", "found '1'"), (dict(offset=2**70), "malformed", f"found {2**70}"),
    ], ids=str)  # fmt: skip
    def test_nothing_outside_of_it_is_reached(self, said, code, found):
        exporter = Exporter()
        assert found in refused(Interface(data=exporter, **said), code)
        gc.collect()
        assert exporter.lent == exporter.released

    @pytest.mark.parametrize("data", [memoryview(bytes(128))[::2], object(), array.array("d", [1])[:0], "text"], ids=lambda data: type(data).__name__)
    def test_data_that_lends_no_row_of_bytes_is_refused(self, data):
        with pytest.raises(ab.ConversionError):
            ab.asarray(Interface(data=data))


class CStruct(ctypes.Structure):
    """`PyArrayInterface`."""

    _fields_ = [
        ("two", ctypes.c_int), ("nd", ctypes.c_int), ("typekind", ctypes.c_char), ("itemsize", ctypes.c_int), ("flags", ctypes.c_int),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)), ("strides", ctypes.POINTER(ctypes.c_ssize_t)), ("data", ctypes.c_void_p), ("descr", ctypes.py_object),
    ]  # fmt: skip


api = ctypes.PyDLL(None, handle=ctypes.pythonapi._handle)  # Of our own: signatures belong to the handle.
new_capsule = api.PyCapsule_New
new_capsule.restype, new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
get_pointer = api.PyCapsule_GetPointer
get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def struct_of(source, **lies):
    """NumPy's own struct, changed."""
    capsule = source.__array_struct__
    inside = CStruct.from_address(get_pointer(capsule, None))
    for name, value in lies.items():
        setattr(inside, name, value)
    return Struct(capsule)


class TestStruct:
    @pytest.mark.parametrize("source", [np.arange(6, dtype="i4").reshape(2, 3)[::-1], np.zeros((0, 2)), np.array(5.0), np.zeros(2, "S3"), np.zeros(2, "U3"),
                                        np.zeros(3, "?"), np.zeros(3, "c8")], ids=lambda a: str(a.dtype))  # fmt: skip
    def test_numpys_own_struct_is_its_array(self, source):
        ours = ab.asarray(Struct(source.__array_struct__))
        assert ours.plan.protocol == "__array_struct__"
        assert (ours.shape, ours.strides, ours.itemsize, ours.readonly) == (source.shape, source.strides, source.itemsize, False)
        assert ours.address == source.ctypes.data and ours.dtype == ab.asarray(source).dtype

    def test_the_capsule_and_the_object_live(self):
        source = Struct(np.arange(1000.0).__array_struct__)
        gone = weakref.ref(source)
        ours = ab.asarray(source)
        source.capsule = None
        del source
        gc.collect()
        assert gone() is not None and ours.tolist()[999] == 999.0
        del ours
        gc.collect()
        assert gone() is None

    def test_read_only_is_kept(self):
        source = np.arange(3)
        source.flags.writeable = False
        assert ab.asarray(Struct(source.__array_struct__)).readonly

    def test_the_other_byte_order_is_copied(self):
        source = np.arange(3, dtype=f"{SWAPPED}i4")
        ours = ab.asarray(Struct(source.__array_struct__))
        assert ours.plan.reasons[0].code == "byte-order" and ours.tolist() == [0, 1, 2]

    def test_times_have_no_unit_in_a_struct_and_are_refused(self):
        refused(Struct(np.zeros(2, "M8[ns]").__array_struct__), "dtype")

    @pytest.mark.parametrize(("lies", "code", "said"), [
        (dict(two=1), "malformed", "begins with 2 but found 1"), (dict(two=0), "malformed", "begins with 2 but found 0"), (dict(nd=-1), "malformed", "0 to 64 axes but found -1"),
        (dict(nd=65), "malformed", "found 65"), (dict(nd=2**31 - 1), "malformed", "found 2147483647"), (dict(itemsize=3), "dtype", "f3"), (dict(itemsize=0), "dtype", "f0"),
        (dict(itemsize=-8), "malformed", "an itemsize of 0 or more but found -8"), (dict(typekind=b"O"), "object-dtype", "Python object"), (dict(typekind=b"t"), "dtype", "t8"),
        (dict(typekind=b"\xff"), "dtype", "\xff8"), (dict(typekind=b"\0"), "dtype", "a kind"), (dict(typekind=b"V"), "dtype", "V8"),
        (dict(typekind=b"U", itemsize=6), "dtype", "text of 6 bytes"), (dict(data=None), "null-data", "memory for 48 bytes but found NULL"),
        (dict(data=2**64 - 8), "span-overflow", hex(2**64 - 8)), (dict(data=2**63), "span-overflow", hex(2**63)), (dict(shape=None), "malformed", "1 extents but found NULL"),
    ], ids=str)  # fmt: skip
    def test_structs_that_lie_are_refused(self, lies, code, said):
        source = struct_of(np.arange(6.0), **lies)
        gone = weakref.ref(source)
        assert said in refused(source, code)
        del source
        gc.collect()
        assert gone() is None

    def test_a_struct_without_elements_may_point_nowhere(self):
        assert ab.asarray(struct_of(np.zeros(0), data=None)).shape == (0,)

    def test_numpys_struct_of_a_record_forgets_its_flags_and_is_refused(self):
        source = np.zeros(2, [("a", "i1"), ("b", "f8")])
        assert CStruct.from_address(get_pointer(source.__array_struct__, None)).flags & ~0x800 == 0
        refused(Struct(source.__array_struct__), "dtype")
        assert ab.from_array_interface(source).itemsize == 9, "the dict says more"

    def test_a_description_counts_where_its_flag_is_set(self):
        source = np.zeros(2, [("a", "i1"), ("b", "f8")])
        ours = ab.asarray(struct_of(source, flags=0x800 | 0x200 | 0x400))
        assert ours["b"].strides == (9,) and not ours.readonly

    @pytest.mark.parametrize("lie", [0x1, 0x2, 0x3, 0x100, 0x103])
    def test_flags_of_contiguity_and_alignment_are_not_believed(self, lie):
        source = np.frombuffer(bytes(range(100)), f"{NATIVE}f8", count=12, offset=1).reshape(3, 4)[::2, ::2]
        truth = CStruct.from_address(get_pointer(source.__array_struct__, None)).flags
        assert truth & 0x103 == 0
        ours = ab.asarray(struct_of(source, flags=truth | lie))
        assert (ours.c_contiguous, ours.f_contiguous, ours.strides, ours.address) == (False, False, source.strides, source.ctypes.data)
        assert np.array_equal(ours.tolist(), source.tolist(), equal_nan=True)

    def test_negative_extents_are_refused(self):
        lie = struct_of(np.zeros((2, 3)))
        CStruct.from_address(get_pointer(lie.capsule, None)).shape[1] = -3
        refused(lie, "malformed")

    @pytest.mark.parametrize("capsule", [None, 5, new_capsule(1, b"dltensor", None), object()], ids=["None", "5", "named", "object"])
    def test_what_is_no_such_capsule_is_refused(self, capsule):
        refused(Struct(capsule), "malformed")


class TestOut:
    @pytest.mark.parametrize("source", [
        np.arange(6, dtype="i4").reshape(2, 3)[::-1], np.asfortranarray(np.ones((2, 3))), np.array(5.0), np.zeros(2, "S3"), np.zeros(2, "U3"), np.zeros(2, "M8[10ns]"),
        np.zeros(3, [("a", "i1"), ("b", "f8")]), np.zeros(3, "V4"), np.zeros(3, "?"), np.frombuffer(b"x" * 17, "f8", offset=1),
    ], ids=lambda a: str(a.dtype))  # fmt: skip
    def test_our_dict_is_numpys(self, source):
        ours, theirs = ab.asarray(source).__array_interface__, source.__array_interface__
        for key in ("version", "shape", "typestr", "data", "descr"):
            assert ours[key] == theirs[key], key
        assert ours["strides"] in (theirs["strides"], source.strides)

    @pytest.mark.parametrize("source", [
        np.arange(6, dtype="i4").reshape(2, 3)[::-1], np.asfortranarray(np.ones((2, 3))), np.array(5.0), np.zeros(2, "S3"), np.zeros((3, 1)),
        np.zeros(3, [("a", "i1"), ("b", "f8")]), np.zeros(3, "V4"), np.zeros(3, "?"), np.frombuffer(b"x" * 17, "f8", offset=1),
    ], ids=lambda a: str(a.dtype))  # fmt: skip
    def test_our_struct_is_numpys(self, source):
        keep = ab.asarray(source).__array_struct__, source.__array_struct__
        ours, theirs = (CStruct.from_address(get_pointer(capsule, None)) for capsule in keep)
        for name in ("two", "nd", "typekind", "itemsize", "flags", "data"):
            if name == "flags" and source.dtype.names:
                assert ours.flags & 0x800  # NumPy forgets it, and all the others.
                continue
            assert getattr(ours, name) == getattr(theirs, name), name
        assert ours.shape[: ours.nd] == theirs.shape[: theirs.nd] and ours.strides[: ours.nd] == theirs.strides[: theirs.nd]
        if ours.flags & 0x800:
            assert ours.descr == source.dtype.descr

    def test_text_has_no_struct_since_numpy_reads_beyond_it(self):
        ours = ab.asarray(np.zeros(2, "U3"))
        assert not hasattr(ours, "__array_struct__") and ours.__array_interface__["typestr"] == f"{NATIVE}U3"

    def test_a_struct_is_an_export_until_it_is_gone(self):
        source = np.arange(3.0)
        ours = ab.asarray(source)
        capsule = ours.__array_struct__
        with pytest.raises(BufferError):
            ours.release()
        back = np.asarray(Struct(capsule))
        assert back.ctypes.data == source.ctypes.data
        del capsule, back
        gc.collect()
        ours.release()

    def test_an_address_that_was_given_out_cannot_be_released_under_its_reader(self):
        source = bytearray(b"abcd")
        ours = ab.asarray(source)
        said = ours.__array_interface__
        assert said["data"] == (ours.address, False)
        with pytest.raises(BufferError, match="__array_interface__"):
            ours.release()
        del ours, said
        gc.collect()
        source.append(1)

    def test_read_only_is_said(self):
        source = np.arange(3)
        source.flags.writeable = False
        ours = ab.asarray(source)
        assert ours.__array_interface__["data"][1] is True
        assert not CStruct.from_address(get_pointer(capsule := ours.__array_struct__, None)).flags & 0x400
        assert capsule is not None

    def test_nulls_cannot_be_said(self):
        ours = ab.asarray(np.ma.MaskedArray([1, 2], [True, False]))
        assert not hasattr(ours, "__array_interface__") and not hasattr(ours, "__array_struct__")

    def test_the_address_without_elements_is_one(self):
        assert ab.asarray(b"").__array_interface__["data"][0] != 0


class Cuda:
    """Says a dict of CUDA memory that is not there: nothing reads it."""

    def __init__(self, **said):
        self.__said = {"version": 3, "shape": (4,), "typestr": f"{NATIVE}f4", "data": (0x7F0000000000, False), "strides": None, "stream": None} | said
        self.__said = {key: value for key, value in self.__said.items() if value is not ...}

    @property
    def __cuda_array_interface__(self):
        return self.__said


class TestCuda:
    def test_its_memory_is_carried(self):
        ours = ab.asarray(Cuda())
        assert ours.device == "cuda:0" and ours.address == 0x7F0000000000 and ours.plan.protocol == "__cuda_array_interface__"
        with pytest.raises(ab.ConversionError, match="cuda:0"):
            ours.to_numpy()
        with pytest.raises(BufferError, match="cuda:0"):
            memoryview(ours)
        assert not hasattr(ours, "__array_interface__")

    def test_version_two_has_no_stream(self):
        assert ab.asarray(Cuda(version=2, stream=...)).shape == (4,)

    @pytest.mark.parametrize("version", [0, 1, 4, "3"])
    def test_another_version_is_refused(self, version):
        refused(Cuda(version=version), "version")

    def test_no_elements_have_the_address_zero(self):
        assert ab.asarray(Cuda(shape=(0,), data=(0, False))).shape == (0,)
        refused(Cuda(data=(0, False)), "null-data")

    @pytest.mark.parametrize(("stream", "code"), [(0, "stream"), (-1, "stream"), ("1", "malformed"), (2**64, "malformed")])
    def test_streams_that_are_none_are_refused(self, stream, code):
        source = Cuda(stream=stream)
        gone = weakref.ref(source)
        assert f"found {stream!r}" in refused(source, code)
        del source
        gc.collect()
        assert gone() is None

    def test_a_mask_is_refused(self):
        refused(Cuda(mask=object()), "nulls")

    def test_read_only_is_kept(self):
        assert ab.asarray(Cuda(data=(0x7F0000000000, True))).readonly


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | st.binary(max_size=5)
    | st.sampled_from(["<i8", "|u1", "|V8", "|O8", ">f4", "<M8[ns]"]),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["version", "shape", "typestr", "descr", "strides", "offset", "mask"]), anything))
def test_whatever_a_dict_says_the_bounds_of_its_buffer_hold(said):
    data = bytearray(64)
    source = Interface(data=data, **said)
    try:
        ours = ab.asarray(source)
    except ab.ConversionError:
        pass
    else:
        ours.tolist()
        del ours
    del source
    gc.collect()
    data.append(1)
