"""`__array_interface__` and `__array_struct__` that lie: each is refused by name, with its numbers, and reaches no memory."""

PARTNER = "numpy"

import ctypes
import gc
import weakref

import numpy as np
import pytest

import aria_array_bridge as ab

MEMORY = np.arange(16.0)
ADDRESS = MEMORY.__array_interface__["data"][0]
GOOD = {"version": 3, "shape": (4,), "typestr": "<f8", "data": (ADDRESS, False)}


def speaker(**entries):
    """An object with a dict of its own: that of four numbers, and these entries in it; `...` takes one out."""

    class Speaker:
        __array_interface__ = {key: value for key, value in {**GOOD, **entries}.items() if value is not ...}

    return Speaker()


def refused(object, code, words, error=ab.ArgumentError):
    with pytest.raises(error, match=words) as caught:
        ab.asarray(object)
    reason = caught.value.plan.reasons[-1]
    assert reason.code == code, str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


class Raiser:
    """Raises wherever Python looks into it."""

    def __index__(self):
        raise RuntimeError("no index")

    def __bool__(self):
        raise RuntimeError("no truth")

    def __repr__(self):
        raise RuntimeError("no words")


class Number:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def test_a_dict_that_tells_the_truth_is_shared():
    ours = ab.asarray(speaker())
    assert (ours.address, ours.shape, ours.strides, ours.readonly) == (ADDRESS, (4,), (8,), False)
    assert ours.plan.protocol == "__array_interface__"
    assert ab.asarray(speaker(data=(ADDRESS, True))).readonly
    assert ab.asarray(speaker(strides=(-8,), data=(ADDRESS + 24, False))).to_numpy().tolist() == [3, 2, 1, 0]
    assert ab.asarray(speaker(shape=(Number(2), Number(2)))).shape == (2, 2)
    assert ab.asarray(speaker(strides=None, descr=None, mask=None, offset=None)).strides == (8,)


LIES = {
    "no shape": ({"shape": ...}, "malformed", "shape"),
    "no typestr": ({"typestr": ...}, "malformed", "typestr"),
    "a shape of None": ({"shape": None}, "malformed", "shape"),
    "a shape that is a list": ({"shape": [4]}, "malformed", r"expected a tuple as shape but found \[4\]"),
    "a shape that is a number": ({"shape": 4}, "malformed", "expected a tuple as shape but found 4"),
    "a fractional extent": ({"shape": (2.5,)}, "malformed", "expected an integer as shape but found 2.5"),
    "a negative extent": ({"shape": (2, -3)}, "malformed", r"found -3 \(axis 1\)"),
    "136 axes": ({"shape": (1,) * 136}, "malformed", "at most 64 axes but found 136"),
    "65 axes": ({"shape": (1,) * 65}, "malformed", "at most 64 axes but found 65"),
    "an extent beyond 64 bits": ({"shape": (2**64,)}, "malformed", "found 18446744073709551616"),
    "extents beyond memory": ({"shape": (2**40, 2**40)}, "malformed", "1099511627776"),
    "strides of another length": ({"strides": (8, 8)}, "malformed", "1.*2|2.*1"),
    "strides that are no tuple": ({"strides": [8]}, "malformed", "expected a tuple as strides"),
    "a stride beyond memory": ({"strides": (2**62,)}, "malformed", "4611686018427387904"),
    "136 strides": ({"strides": (1,) * 136}, "malformed", "at most 64 axes but found 136"),
    "an address of -4096": ({"data": (-4096, False)}, "malformed", "expected an address but found -4096"),
    "an address of 2 ** 64": ({"data": (2**64, False)}, "malformed", "expected an address but found 18446744073709551616"),
    "an address that is text": ({"data": ("0x1000", False)}, "malformed", "expected an address but found '0x1000'"),
    "an address of None": ({"data": (None, False)}, "malformed", "expected an address but found None"),
    "NULL with elements": ({"data": (0, False)}, "null-data", "memory for 32 bytes but found NULL"),
    "the end of the address space": ({"data": (2**64 - 16, False)}, "span-overflow", "0xfffffffffffffff0"),
    "strides before the address space": ({"data": (8, False), "strides": (-8,)}, "span-overflow", "0x8"),
    "an address alone": ({"data": (ADDRESS,)}, "malformed", "found 1 items"),
    "an address and more": ({"data": (ADDRESS, False, 0)}, "malformed", "found 3 items"),
    "data that lends nothing": ({"data": object()}, "exporter-refused", "bytes-like object"),
    "data that is a number": ({"data": ADDRESS}, "exporter-refused", "bytes-like object"),
    "an offset from an address": ({"offset": 8}, "malformed", "found 8 from an address"),
    "an offset that is text": ({"data": bytes(32), "offset": "8"}, "malformed", "an integer as offset but found '8'"),
    "an offset beyond 64 bits": ({"data": bytes(32), "offset": 2**63}, "malformed", "9223372036854775808"),
    "a shape beyond the buffer": ({"data": bytes(31)}, "span-overflow", "within 31 bytes but found them from 0 to 32"),
    "an offset beyond the buffer": ({"data": bytes(32), "offset": 8}, "span-overflow",
                                    "within 32 bytes but found them from 8 to 40"),
    "a negative offset": ({"data": bytes(32), "offset": -8}, "span-overflow", "from -8 to 24"),
    "the largest offset": ({"data": bytes(32), "offset": 2**63 - 1}, "span-overflow", "within 32 bytes"),
    "strides out of the buffer": ({"data": bytes(32), "strides": (16,)}, "span-overflow", "from 0 to 56"),
    "strides before the buffer": ({"data": bytes(32), "strides": (-8,)}, "span-overflow", "from -24 to 8"),
    "no data of an object without a buffer": ({"data": ...}, "exporter-refused", "bytes-like object"),
    "a mask": ({"mask": np.zeros(4, bool)}, "nulls", "mask"),
    "a mask that is anything": ({"mask": 0}, "nulls", "mask"),
    "a typestr of bytes": ({"typestr": b"<f8"}, "malformed", "text as typestr"),
    "an empty typestr": ({"typestr": ""}, "dtype", "found \"\""),
    "a typestr without a size": ({"typestr": "<f"}, "dtype", "a size"),
    "a typestr of three": ({"typestr": "<f3"}, "dtype", "<f3"),
    "a typestr with a tail": ({"typestr": "<f8!"}, "dtype", "<f8!"),
    "a typestr without order": ({"typestr": "f8"}, "dtype", "f8"),
    "a typestr with NUL": ({"typestr": "<f8\0"}, "dtype", "<f8"),
    "NUL in a typestr": ({"typestr": "<\0f8"}, "dtype", "at byte"),
    "a typestr of surrogates": ({"typestr": "<\ud800"}, "malformed", "UTF-8"),
    "a typestr of euros": ({"typestr": "€f8"}, "dtype", "at byte 0"),
    "a typestr of digits": ({"typestr": "<f" + "9" * 40}, "dtype", "a size"),
    "a typestr of a megabyte": ({"typestr": "<" + "f" * 2**20}, "dtype", "at byte"),
    "a size that overflows": ({"typestr": f"<U{2**62}"}, "dtype", "at byte"),
    "objects": ({"typestr": "|O8"}, "object-dtype", "Python object"),
    "objects without a size": ({"typestr": "|O"}, "object-dtype", "Python object"),
    "bit fields": ({"typestr": "|t4"}, "dtype", "bits"),
    "a long double": ({"typestr": "<f16"}, "dtype", "long double"),
    "a unit that is none": ({"typestr": "<M8[parsec]"}, "dtype", "parsec"),
    "descr of another size": ({"typestr": "|V16", "descr": [("a", "<f8")]}, "itemsize", "16 bytes but found 8"),
    "descr of numbers": ({"typestr": "|V8", "descr": [1, 2]}, "malformed", "tuples in descr"),
    "descr that is text": ({"typestr": "|V8", "descr": "<f8"}, "malformed", "a list as descr"),
    "descr of one": ({"typestr": "|V8", "descr": [("a",)]}, "malformed", "found 1 items"),
    "descr of four": ({"typestr": "|V8", "descr": [("a", "<f8", (), 0)]}, "malformed", "found 4 items"),
    "descr without a name": ({"typestr": "|V8", "descr": [(1, "<f8")]}, "malformed", "text as the name"),
    "a title alone": ({"typestr": "|V8", "descr": [(("t",), "<f8")]}, "malformed", "text as the name"),
    "a name of surrogates": ({"typestr": "|V8", "descr": [("\ud800", "<f8")]}, "malformed", "text as the name"),
    "descr of garbage": ({"typestr": "|V8", "descr": [("a", "what")]}, "dtype", "what"),
    "objects in descr": ({"typestr": "|V8", "descr": [("a", "|O8")]}, "object-dtype", "Python object"),
    "two fields of one name": ({"typestr": "|V8", "descr": [("a", "<f4"), ("a", "<f4")]}, "dtype", "a"),
    "a negative extent of a field": ({"typestr": "|V8", "descr": [("a", "<f4", (-2,))]}, "malformed", "found -2"),
    "a field beyond memory": ({"typestr": "|V8", "descr": [("a", "<f4", (2**62, 2**62))]}, "limit", "9223372036854775807"),
    "a field of text extents": ({"typestr": "|V8", "descr": [("a", "<f4", "2")]}, "malformed", "found '2'"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_dict_that_lies_is_refused_by_name(name):
    entries, code, words = LIES[name]
    refused(speaker(**entries), code, words)


def test_descr_that_holds_itself_is_refused():
    descr = []
    descr.append(("a", descr))
    refused(speaker(typestr="|V8", descr=descr), "limit", "64 records within records")


def test_descr_that_is_deep_is_refused():
    descr = [("x", "<f8")]
    for _ in range(100_000):
        descr = [("a", descr)]
    refused(speaker(typestr="|V8", descr=descr), "limit", "64 records within records")
    while descr and isinstance(descr, list):  # Taken apart from outside in: a deep list dies by recursion.
        descr = descr[0][1]


def test_descr_that_doubles_is_refused():
    descr = [("x", "|u1")]
    for _ in range(40):
        descr = [("a", descr), ("b", descr)]
    refused(speaker(typestr="|V8", descr=descr), "limit", "at most 16384 fields")


def test_a_dtype_that_doubles_is_refused():
    dtype = np.dtype([("x", "u1")])
    for _ in range(20):
        dtype = np.dtype([("a", dtype), ("b", dtype)])
    refused(np.zeros(0, dtype), "limit", "at most 16384 fields")


@pytest.mark.parametrize("entries", [{"shape": (Raiser(),)}, {"strides": (Raiser(),)}, {"data": (Raiser(), False)},
                                     {"data": (ADDRESS, Raiser())}, {"data": bytes(32), "offset": Raiser()},
                                     {"typestr": "|V8", "descr": [("a", "<f4", (Raiser(),))]}],
                         ids=["extent", "stride", "address", "read-only", "offset", "field"])
def test_what_a_number_raises_is_for_the_caller(entries):
    with pytest.raises(RuntimeError, match="no index|no truth"):
        ab.asarray(speaker(**entries))


def test_a_value_that_cannot_be_shown_is_refused_all_the_same():
    class Silent:
        def __repr__(self):
            raise RuntimeError("no words")

    refused(speaker(shape=(Silent(),)), "malformed", "expected an integer as shape but found an object")


def test_the_address_may_be_anything_where_there_are_no_elements():
    for address in (0, 1, 2**64 - 1):
        ours = ab.asarray(speaker(shape=(0, 3), data=(address, False)))
        assert (ours.shape, ours.nbytes, ours.to_numpy().tolist()) == ((0, 3), 0, [])


def test_a_buffer_bounds_what_it_holds_and_stays_locked():
    data = bytearray(40)
    ours = ab.asarray(speaker(data=data, offset=8))
    with pytest.raises(BufferError):
        data.append(0)
    memoryview(ours)[3] = 1.5
    assert np.frombuffer(data, "f8")[4] == 1.5
    ours.release()
    data.append(0)
    assert ab.asarray(speaker(data=bytes(32))).readonly
    assert not ab.asarray(speaker(data=bytearray(32), strides=(-8,), offset=24)).readonly
    with pytest.raises(ab.ArgumentError):
        ab.asarray(speaker(data=data, offset=1000))
    data.append(0)


def test_an_index_that_takes_the_buffer_away_reads_nothing_freed():
    data = bytearray(32)

    class Taking:
        def __index__(self):
            data.extend(bytes(1 << 20))
            return 8

    ours = ab.asarray(speaker(data=data, offset=Taking()))
    assert ours.to_numpy().tolist() == [0.0] * 4
    with pytest.raises(BufferError):
        data.append(0)


# ----------------------------------------------------------------------------------------------------------- the member


@pytest.mark.parametrize("name", ["__array_interface__", "__array_struct__"])
def test_what_the_member_raises_is_for_the_caller(name):
    for error in (RuntimeError, KeyError, MemoryError, KeyboardInterrupt, ZeroDivisionError):
        def member(self, error=error):
            raise error("from the member")

        with pytest.raises(error, match="from the member"):
            ab.asarray(type("Raising", (), {name: property(member)})())


@pytest.mark.parametrize("error", [AttributeError, TypeError, ValueError, BufferError])
@pytest.mark.parametrize("name", ["__array_interface__", "__array_struct__", "__array__"])
def test_a_refusal_lets_the_next_door_try(name, error):
    if (name, error) in [("__array__", AttributeError), ("__array__", BufferError)]:
        pytest.skip("a method that is called refuses by TypeError and ValueError alone")

    def no(self):
        raise error("not today")

    members = {name: no if name == "__array__" else property(no)}
    with pytest.raises(ab.ArgumentError, match="not today") as caught:
        ab.asarray(type("Refusing", (), members)())
    assert [reason.code for reason in caught.value.plan.reasons] == ["door"]
    other = {"__array__": "__array_interface__", "__array_struct__": "__array_interface__"}.get(name, "__array__")
    members[other] = (lambda self, dtype=None, copy=None: MEMORY) if other == "__array__" else GOOD
    assert ab.asarray(type("Refusing", (), members)()).address == ADDRESS


@pytest.mark.parametrize("value", [None, 1, [], "text", (1, 2)])
@pytest.mark.parametrize("name", ["__array_interface__", "__array_struct__"])
def test_a_member_of_another_type_is_refused(name, value):
    refused(type("Wrong", (), {name: value})(), "malformed", "expected a (dict|capsule)")


def test_a_lie_at_one_door_closes_the_others():
    class Liar:
        __array_interface__ = {**GOOD, "data": (0, False)}

        def __array__(self, dtype=None, copy=None):
            return MEMORY

    refused(Liar(), "null-data", "found NULL")


@pytest.mark.parametrize("value", [None, 3, [1.0], np.zeros(2).view(type("Other", (np.ndarray,), {}))],
                         ids=["None", "int", "list", "subclass"])
def test_an_array_method_that_gives_no_array_is_refused(value):
    class Giver:
        def __array__(self, dtype=None, copy=None):
            return value

    refused(Giver(), "not-an-array", "expected a numpy.ndarray from __array__")


# ----------------------------------------------------------------------------------------------------------- the struct


class Interface(ctypes.Structure):
    _fields_ = [
        ("two", ctypes.c_int),
        ("nd", ctypes.c_int),
        ("typekind", ctypes.c_char),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_int),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("data", ctypes.c_void_p),
        ("descr", ctypes.py_object),
    ]


CONTIGUOUS, ALIGNED, NATIVE, WRITEABLE, HAS_DESCR = 0x1, 0x100, 0x200, 0x400, 0x800
new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype, new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


def struct(name=None, shape=(4,), strides=(8,), **members):
    """An object whose struct is that of four numbers, with these members in it."""
    values = {"two": 2, "nd": len(shape or ()), "typekind": b"f", "itemsize": 8, "data": ADDRESS,
              "flags": CONTIGUOUS | ALIGNED | NATIVE | WRITEABLE, **members}
    numbers = [None if list is None else (ctypes.c_ssize_t * max(len(list), 1))(*list) for list in (shape, strides)]
    interface = Interface(**values)
    for member, list in zip(("shape", "strides"), numbers):
        if list is not None:
            setattr(interface, member, ctypes.cast(list, ctypes.POINTER(ctypes.c_ssize_t)))

    class Speaker:
        keep = (interface, numbers, name)
        __array_struct__ = new_capsule(ctypes.addressof(interface), name, None)

    return Speaker()


def test_a_struct_that_tells_the_truth_is_shared():
    ours = ab.asarray(struct())
    assert (ours.address, ours.shape, ours.strides, ours.readonly) == (ADDRESS, (4,), (8,), False)
    assert ours.plan.protocol == "__array_struct__"
    assert ab.asarray(struct(flags=NATIVE)).readonly
    assert ab.asarray(struct(shape=(), strides=(), nd=0)).shape == ()
    assert ab.asarray(struct(shape=None, strides=None, nd=0)).shape == ()
    swapped = ab.asarray(struct(flags=0))
    assert (swapped.plan.reasons[0].code, swapped.plan.copied_bytes) == ("byte-order", 32)


def test_a_description_is_read_only_with_its_flag():
    record = [("a", "<f4"), ("b", "<i4")]
    ours = ab.asarray(struct(typekind=b"V", flags=NATIVE | HAS_DESCR, descr=record))
    assert ours.dtype.name.startswith("record") and ours.itemsize == 8
    refused(struct(typekind=b"V", flags=NATIVE, descr=record), "dtype", "V and no fields")
    refused(struct(typekind=b"V", flags=NATIVE | HAS_DESCR), "dtype", "V and no fields")
    assert ab.asarray(struct(flags=NATIVE | HAS_DESCR, descr=record)).dtype.name == "float64"


STRUCT_LIES = {
    "another version": ({"two": 3}, "malformed", "begins with 2 but found 3"),
    "no version": ({"two": 0}, "malformed", "begins with 2 but found 0"),
    "negative axes": ({"nd": -1}, "malformed", "0 to 64 axes but found -1"),
    "65 axes": ({"nd": 65}, "malformed", "0 to 64 axes but found 65"),
    "two thousand million axes": ({"nd": 2**31 - 1}, "malformed", "found 2147483647"),
    "a name": ({"name": b"numpy"}, "malformed", "capsule without a name"),
    "no extents": ({"shape": None, "nd": 1}, "malformed", "1 extents but found NULL"),
    "no strides": ({"strides": None}, "malformed", "1 strides but found NULL"),
    "a negative extent": ({"shape": (-1,)}, "malformed", r"found -1 \(axis 0\)"),
    "extents beyond memory": ({"shape": (2**62,)}, "malformed", "4611686018427387904"),
    "strides beyond memory": ({"strides": (2**62,)}, "malformed", "4611686018427387904"),
    "NULL with elements": ({"data": None}, "null-data", "memory for 32 bytes but found NULL"),
    "the end of the address space": ({"data": 2**64 - 16}, "span-overflow", "0xfffffffffffffff0"),
    "before the address space": ({"data": 8, "strides": (-8,)}, "span-overflow", "0x8"),
    "objects": ({"typekind": b"O"}, "object-dtype", "Python object"),
    "a kind that is none": ({"typekind": b"\xff"}, "dtype", "at byte 1"),
    "no kind": ({"typekind": b"\0"}, "dtype", "at byte 1"),
    "a size that the kind has not": ({"itemsize": 3}, "dtype", "<f3"),
    "a negative size": ({"itemsize": -8}, "malformed", "found -8"),
    "half a character": ({"typekind": b"U", "itemsize": 6}, "itemsize", "4 bytes for U but found 6"),
    "a time without its unit": ({"typekind": b"M", "itemsize": 4}, "dtype", "<M4"),
    "fields of another size": ({"typekind": b"V", "flags": NATIVE | HAS_DESCR, "descr": [("a", "<f4")]}, "itemsize",
                               "8 bytes but found 4"),
    "fields of garbage": ({"typekind": b"V", "flags": NATIVE | HAS_DESCR, "descr": 3}, "malformed", "a list as descr"),
}


@pytest.mark.parametrize("name", STRUCT_LIES)
def test_a_struct_that_lies_is_refused_by_name(name):
    members, code, words = STRUCT_LIES[name]
    refused(struct(**members), code, words)


def test_no_memory_is_fine_for_no_elements():
    ours = ab.asarray(struct(shape=(0,), data=None))
    assert (ours.shape, ours.to_numpy().tolist()) == ((0,), [])


# -------------------------------------------------------------------------------------------------------------- lifetime


def test_the_object_and_what_it_gave_live_as_long_as_the_array():
    class Owner:
        def __init__(self):
            self.memory = np.arange(4.0)

        @property
        def __array_interface__(self):
            return {**GOOD, "data": (self.memory.__array_interface__["data"][0], False)}

    owner = Owner()
    gone = weakref.ref(owner)
    ours = ab.asarray(owner)
    del owner
    gc.collect()
    assert gone() is not None and ours.to_numpy().tolist() == [0, 1, 2, 3]
    del ours
    gc.collect()
    assert gone() is None


def test_a_capsule_is_given_up_once():
    freed = []
    destructor = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(freed.append)
    keep = struct()
    address = ctypes.addressof(keep.keep[0])

    class Speaker:
        @property
        def __array_struct__(self):
            return new_capsule(address, None, ctypes.cast(destructor, ctypes.c_void_p))

    ours = ab.asarray(Speaker())
    gc.collect()
    assert freed == []
    ours.release()
    assert len(freed) == 1
    keep.keep[0].two = 7
    with pytest.raises(ab.ArgumentError, match="found 7"):
        ab.asarray(Speaker())
    assert len(freed) == 2
