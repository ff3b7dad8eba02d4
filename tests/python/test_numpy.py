"""NumPy's arrays, in and out by every protocol that both sides speak: dtypes, layouts, subclasses, refusals by name."""

import ctypes
import gc
import warnings
import weakref

import numpy as np
import pytest

import aria_array_bridge as ab

NUMBERS = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]
TIMES = ["M8", "m8", "M8[ns]", "M8[us]", "M8[ms]", "M8[s]", "M8[D]", "M8[Y]", "M8[10ns]", "M8[25s]", "m8[ns]", "m8[h]",
         "m8[7D]", "m8[W]"]
TEXTS = ["S1", "S5", "U1", "U3", "V1", "V7", "V16"]
RECORDS = {
    "packed": np.dtype([("a", "u1"), ("b", "f8")]),
    "aligned": np.dtype([("a", "u1"), ("b", "f8"), ("c", "i2")], align=True),
    "nested": np.dtype([("p", [("x", "f4"), ("y", "f4")]), ("n", "i4")]),
    "with sub-arrays": np.dtype([("m", "f4", (2, 3)), ("k", "i2", 4)]),
    "of records of sub-arrays": np.dtype([("p", [("x", "i2", (2,))], (3,)), ("n", "u1")]),
    "with gaps": np.dtype({"names": ["a", "b"], "formats": ["i4", "u2"], "offsets": [4, 12], "itemsize": 24}),
    "with text": np.dtype([("name", "U4"), ("key", "S3"), ("t", "M8[s]")]),
}
DTYPES = {**{text: np.dtype(text) for text in NUMBERS + TIMES + TEXTS}, **{f"record {n}": d for n, d in RECORDS.items()}}


def filled(dtype, shape=(5,)):
    """An array of different bytes; bytes that are no value of the dtype (of bool, of text) are made ones."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=int))
    if dtype.kind == "b":
        return (np.arange(count) % 2 == 1).reshape(shape)
    if dtype.kind == "U":
        return np.array([chr(97 + i % 26) * (dtype.itemsize // 4) for i in range(count)], dtype).reshape(shape)
    if dtype.names:
        array = np.zeros(shape, dtype)
        for name in dtype.names:
            part = dtype[name]
            base, inner = part.subdtype or (part, ())
            array[name] = filled(base, tuple(shape) + tuple(inner))
        return array
    return (np.arange(count * dtype.itemsize) % 100 + 1).astype("u1").view(dtype).reshape(shape)


def address(array):
    return array.__array_interface__["data"][0]


def assert_same(ours, array):
    """Ours lies where the NumPy array lies, as it lies."""
    assert (ours.shape, ours.strides, ours.itemsize, ours.ndim) == (array.shape, array.strides, array.itemsize, array.ndim)
    assert ours.readonly == (not array.flags.writeable)
    assert ours.plan.outcome == "view" and ours.plan.copied_bytes == 0
    if array.size:
        assert ours.address == address(array)


class One:
    """An object that speaks one protocol of another."""

    def __init__(self, inner):
        self.inner = inner


class Struct(One):
    @property
    def __array_struct__(self):
        return self.inner.__array_struct__


class Interface(One):
    @property
    def __array_interface__(self):
        return self.inner.__array_interface__


class Method(One):
    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.inner)


def buffer(inner):
    return memoryview(inner)


WRAPPERS = {"the struct": Struct, "the interface": Interface, "__array__": Method, "a buffer": buffer}
#: What NumPy cannot say by a protocol, or says wrong: the struct's flags are lost for records.
SILENT = {
    "the struct": ("M8", "m8", "V", "record"),
    "the interface": (),
    "__array__": (),
    "a buffer": ("M8", "m8", "V", "record with text", "record with gaps"),
}
#: What ours does not say to NumPy, which would read it wrong: text in a struct would be four times as long.
OURS_SILENT = {"the struct": ("M8", "m8", "U"), "the interface": (), "a buffer": ("M8", "m8", "V", "record with text")}


def says(protocol, name):
    return not name.startswith(SILENT[protocol])


# ---------------------------------------------------------------------------------------------------------------- dtypes


@pytest.mark.parametrize("name", DTYPES)
def test_a_numpy_array_is_shared_and_comes_back_as_the_same_dtype(name):
    array = filled(DTYPES[name])
    ours = ab.asarray(array)
    assert_same(ours, array)
    assert ours.plan.protocol == "numpy struct"
    for back in (ours.to_numpy(), np.asarray(ours)):
        assert type(back) is np.ndarray
        assert back.dtype == array.dtype or name.startswith("V")  # NumPy reads a buffer of x as a record without fields.
        assert address(back) == address(array)
        assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("name", DTYPES)
def test_writes_are_seen_on_the_other_side(name):
    array = filled(DTYPES[name])
    back = ab.asarray(array).to_numpy()
    array[:1] = np.zeros(1, array.dtype)
    back[1:2] = np.zeros(1, array.dtype)
    assert back[:2].tobytes() == array[:2].tobytes() == np.zeros(2, array.dtype).tobytes()
    assert back[2:].tobytes() == filled(DTYPES[name])[2:].tobytes()


@pytest.mark.parametrize("protocol", WRAPPERS)
@pytest.mark.parametrize("name", DTYPES)
def test_every_protocol_of_numpy_shares_what_it_can_say(name, protocol):
    if not says(protocol, name):
        pytest.skip("this protocol has no word for it")
    array = filled(DTYPES[name])
    ours = ab.asarray(WRAPPERS[protocol](array))
    assert_same(ours, array)
    assert ours.dtype == ab.asarray(array).dtype
    assert ours.to_numpy().tobytes() == array.tobytes()


@pytest.mark.parametrize("protocol", ["the struct", "the interface", "a buffer"])
@pytest.mark.parametrize("name", DTYPES)
def test_numpy_reads_every_protocol_of_ours(name, protocol):
    if name.startswith(OURS_SILENT[protocol]):
        pytest.skip("this protocol has no word for it")
    array = filled(DTYPES[name])
    ours = ab.asarray(array)
    back = np.asarray(WRAPPERS[protocol](ours))
    if array.dtype.names:  # A description makes fields of padding, also NumPy's own.
        assert back.itemsize == array.itemsize
        assert {key: back.dtype.fields[key] for key in array.dtype.names} == dict(array.dtype.fields)
    else:
        assert back.dtype == array.dtype
    assert address(back) == address(array)
    assert back.tobytes() == array.tobytes()
    back[:1] = back[4:]
    assert array[:1].tobytes() == array[4:].tobytes()


@pytest.mark.parametrize("name", ["M8[ns]", "m8[s]", "U3"])
def test_what_the_struct_cannot_say_of_ours_is_an_attribute_that_is_not_there(name):
    ours = ab.asarray(np.zeros(2, name))
    assert not hasattr(ours, "__array_struct__")
    assert ours.__array_interface__["typestr"] == f"<{name}"


@pytest.mark.parametrize("name", ["M8[ns]", "m8[s]", "record with text"])
def test_what_a_buffer_cannot_say_of_ours_is_refused_by_name(name):
    with pytest.raises(BufferError, match="PEP 3118 has no format for (datetime64|timedelta64|record)"):
        memoryview(ab.asarray(np.zeros(2, DTYPES.get(name, name))))


@pytest.mark.parametrize("name", ["V7", "record packed"])
def test_a_struct_that_says_no_more_than_void_is_left_for_the_interface(name):
    class Both(Struct, Interface):
        pass

    array = filled(DTYPES[name])
    with pytest.raises(ab.ArgumentError) as refused:
        ab.asarray(Struct(array))
    assert refused.value.plan.reasons[0].code == "dtype"
    ours = ab.asarray(Both(array))
    assert_same(ours, array)
    assert ours.plan.protocol == "__array_interface__"


def test_padding_that_a_format_leaves_out_is_refused_with_both_sizes():
    with pytest.raises(ab.ArgumentError, match="14 bytes .* but found 24") as refused:
        ab.asarray(memoryview(np.zeros(2, RECORDS["with gaps"])))
    assert refused.value.plan.reasons[0].code == "itemsize"


def test_long_and_longlong_are_one_dtype():
    for kind in ("l", "q", "L", "Q"):
        array = np.arange(3).astype(np.dtype(kind))
        ours = ab.asarray(array)
        assert ours.dtype.name == ("int" if kind.islower() else "uint") + str(8 * array.itemsize)
        assert_same(ours, array)


def test_the_interface_of_ours_says_what_numpys_own_says():
    array = np.asfortranarray(filled("f4", (2, 3)))
    ours, theirs = ab.asarray(array).__array_interface__, array.__array_interface__
    assert {key: ours[key] for key in ("version", "shape", "strides", "data", "typestr", "descr")} == theirs


@pytest.mark.parametrize("name", RECORDS)
def test_the_descr_of_a_record_is_read_back_by_numpy(name):
    dtype = RECORDS[name]
    said = ab.asarray(np.zeros(1, dtype)).__array_interface__
    assert said["typestr"] == f"|V{dtype.itemsize}"
    assert np.dtype(said["descr"]).itemsize == dtype.itemsize
    assert [field[0] for field in said["descr"] if field[0]] == list(dtype.names)


# --------------------------------------------------------------------------------------------------------------- layouts

BASE = np.arange(24, dtype="i4").reshape(2, 3, 4)
PACKED = filled(RECORDS["packed"], (6,))
LAYOUTS = {
    "no axis": np.array(7.5),
    "one element": np.ones((1, 1, 1), "i8"),
    "empty": np.zeros((0, 3), "f8"),
    "empty behind": np.zeros((3, 0, 2), "i2"),
    "f order": np.asfortranarray(BASE),
    "transposed": BASE.transpose(2, 0, 1),
    "reversed": np.arange(6, dtype="u2")[::-1],
    "reversed twice": BASE[::-1, :, ::-1],
    "broadcast": np.broadcast_to(np.arange(3, dtype="i4"), (4, 3)),
    "every third": np.arange(20, dtype="f4")[1::3],
    "odd strides": np.ndarray((3,), "i4", bytes(32), 0, (7,)),
    "overlapping": np.lib.stride_tricks.as_strided(np.arange(8.0), (4, 5), (8, 8)),
    "misaligned": np.frombuffer(bytearray(33), "u1")[1:].view("f8"),
    "a field": PACKED["b"],
    "a nested field": filled(RECORDS["nested"])["p"]["y"],
    "a sub-array": filled(RECORDS["with sub-arrays"])["m"],
    "64 axes": np.ones((1,) * 64 if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else (1,) * 32, "i1"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_kept_both_ways(name):
    array = LAYOUTS[name]
    ours = ab.asarray(array)
    assert_same(ours, array)
    back = ours.to_numpy()
    assert (back.shape, back.strides, back.flags.writeable) == (array.shape, array.strides, array.flags.writeable)
    assert np.array_equal(back, array)
    assert back.flags.aligned == array.flags.aligned
    assert array.size == 0 or np.shares_memory(back, array)


@pytest.mark.parametrize("protocol", WRAPPERS)
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_kept_by_every_protocol(name, protocol):
    array = LAYOUTS[name]
    ours = ab.asarray(WRAPPERS[protocol](array))
    assert (ours.shape, ours.readonly) == (array.shape, not array.flags.writeable)
    if array.size:
        assert (ours.address, ours.strides) == (address(array), array.strides)
    back = np.asarray(WRAPPERS[protocol](ours))
    assert back.shape == array.shape
    assert np.array_equal(back, array)
    if array.size:
        assert (address(back), back.strides) == (address(array), array.strides)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_an_order_that_is_wanted_costs_a_copy_only_where_it_must(name, order):
    array = LAYOUTS[name]
    ours = ab.asarray(array, order=order)
    flag = "C_CONTIGUOUS" if order == "C" else "F_CONTIGUOUS"
    back = ours.to_numpy()
    assert back.flags[flag] and np.array_equal(back, array)
    if array.flags[flag]:
        assert ours.plan.outcome == "view" and ours.plan.copied_bytes == 0
    else:
        assert ours.plan.outcome == "copy" and ours.plan.copied_bytes == array.nbytes
        assert [reason.code for reason in ours.plan.reasons] == ["order"]
        assert not np.shares_memory(back, array)
        with pytest.raises(ab.ConversionError) as refused:
            ab.asarray(array, order=order, copy=False)
        assert {reason.code for reason in refused.value.plan.reasons} == {"order", "copy-never"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_copy_has_the_values_and_shares_nothing(name):
    array = LAYOUTS[name]
    ours = ab.asarray(array, copy=True)
    assert (ours.plan.outcome, ours.plan.copied_bytes) == ("copy", array.nbytes)
    assert [reason.code for reason in ours.plan.reasons] == ["copy-asked"]
    assert not ours.readonly
    back = ours.to_numpy()
    assert np.array_equal(back, array) and not np.shares_memory(back, array)
    copied = ab.asarray(array).to_numpy(copy=True)
    assert np.array_equal(copied, array) and copied.flags.writeable and not np.shares_memory(copied, array)


def test_read_only_memory_stays_read_only():
    array = np.arange(3.0)
    array.flags.writeable = False
    ours = ab.asarray(array)
    assert ours.readonly and ours.access == "shared"
    assert not ours.to_numpy().flags.writeable
    assert not np.asarray(Struct(ours)).flags.writeable
    assert ours.__array_interface__["data"] == (address(array), True)
    with pytest.raises(ValueError, match="cannot set WRITEABLE flag"):
        ours.to_numpy().flags.writeable = True
    copied = ab.asarray(array, writable=True)
    assert (copied.plan.copied_bytes, copied.plan.reasons[0].code, copied.readonly) == (24, "read-only", False)
    with pytest.raises(ab.ConversionError, match="may not be written"):
        ab.asarray(array, writable=True, copy=False)


# ------------------------------------------------------------------------------------------------------------ byte order

SWAPPED = ["i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", "M8[s]", "m8[3D]", "U3"]


@pytest.mark.parametrize("protocol", [None, *WRAPPERS])
@pytest.mark.parametrize("name", SWAPPED)
def test_the_other_byte_order_is_copied_and_the_plan_says_so(name, protocol):
    if protocol and not says(protocol, name):
        pytest.skip("this protocol has no word for it")
    native = filled(name, (2, 3))
    array = native.astype(native.dtype.newbyteorder(">"))
    ours = ab.asarray(WRAPPERS[protocol](array) if protocol else array)
    assert (ours.plan.outcome, ours.plan.copied_bytes) == ("copy", array.nbytes)
    assert [reason.code for reason in ours.plan.reasons] == ["byte-order"]
    back = ours.to_numpy()
    assert back.dtype == native.dtype and back.dtype.isnative
    assert back.tobytes() == native.tobytes()


@pytest.mark.parametrize("protocol", [None, *WRAPPERS])
def test_records_swap_the_fields_that_are_swapped(protocol):
    mixed = np.dtype([("a", ">i4"), ("b", "<i4"), ("s", "S3"), ("m", ">f8", (2,)), ("p", [("x", ">u2"), ("y", "u1")])])
    native = np.dtype([("a", "i4"), ("b", "i4"), ("s", "S3"), ("m", "f8", (2,)), ("p", [("x", "u2"), ("y", "u1")])])
    if protocol == "the struct":
        pytest.skip("NumPy's struct of a record says no fields")
    array = filled(native).astype(mixed)
    ours = ab.asarray(WRAPPERS[protocol](array) if protocol else array)
    assert (ours.plan.copied_bytes, ours.plan.reasons[0].code) == (array.nbytes, "byte-order")
    back = ours.to_numpy()
    assert back.dtype == native
    assert back.tobytes() == filled(native).tobytes()


def test_swapped_elements_that_lie_apart_are_read_where_they_lie():
    array = np.arange(12, dtype=">i4").reshape(3, 4)[::-2, 1:]
    ours = ab.asarray(array)
    assert ours.plan.copied_bytes == array.nbytes
    assert ours.to_numpy().tolist() == array.tolist()
    with pytest.raises(ab.ConversionError) as refused:
        ab.asarray(array, copy=False)
    assert [reason.code for reason in refused.value.plan.reasons] == ["byte-order", "copy-never"]


# ------------------------------------------------------------------------------------------------------------ subclasses


def test_numpys_own_subclasses_are_shared(tmp_path):
    with warnings.catch_warnings(action="ignore", category=PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    mapped = np.memmap(tmp_path / "numbers", "i4", "w+", shape=(2, 3))
    records = np.rec.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i4"), ("b", "f8")])
    for array in (matrix, mapped, records):
        ours = ab.asarray(array)
        assert_same(ours, array)
        assert ours.plan.protocol == "numpy struct"
        assert type(ours.to_numpy()) is np.ndarray
        assert ours.to_numpy().tolist() == array.tolist()
    ab.asarray(mapped).to_numpy()[1, 2] = 9
    assert mapped[1, 2] == 9


def test_a_read_only_memmap_stays_read_only(tmp_path):
    np.arange(4, dtype="u2").tofile(tmp_path / "numbers")
    mapped = np.memmap(tmp_path / "numbers", "u2", "r")
    assert ab.asarray(mapped).readonly
    assert ab.asarray(mapped).to_numpy().tolist() == [0, 1, 2, 3]


class Measured(np.ndarray):
    """A subclass with a unit, as astropy has them."""


def test_a_subclass_of_somebody_else_is_shared_by_its_own_protocols():
    array = np.arange(6.0).reshape(2, 3).view(Measured)
    ours = ab.asarray(array)
    assert_same(ours, array)
    assert ours.plan.protocol != "numpy struct"
    times = np.zeros(3, "M8[s]").view(Measured)
    assert_same(ab.asarray(times), times)


# -------------------------------------------------------------------------------------------------------------- refusals

REFUSED = {
    "objects": (lambda: np.array([1, "a", None], object), "object-dtype", "Python objects"),
    "objects in a record": (lambda: np.zeros(2, [("a", "i4"), ("o", "O")]), "object-dtype", "Python objects"),
    "long doubles": (lambda: np.zeros(2, np.longdouble), "dtype", "long double|longdouble|float128|f16"),
    "complex long doubles": (lambda: np.zeros(2, np.clongdouble), "dtype", "long double|longdouble|complex256|c32"),
    "long doubles in a record": (lambda: np.zeros(2, [("x", "g")]), "dtype", "long double|longdouble|float128|f16"),
    "swapped fields that overlap": (
        lambda: np.zeros(2, np.dtype({"names": ["a", "b"], "formats": [">i4", ">i4"], "offsets": [0, 2]})),
        "byte-order",
        "overlap",
    ),
}
if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):
    REFUSED["variable strings"] = (lambda: np.array(["a", "bc"], np.dtypes.StringDType()), "dtype", "StringDType")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_array_of_numbers_is_refused_by_name(name):
    make, code, words = REFUSED[name]
    with pytest.raises(ab.ArgumentError, match=words) as refused:
        ab.asarray(make())
    assert refused.value.plan.outcome == "refuse"
    assert refused.value.plan.reasons[0].code == code


@pytest.mark.parametrize("protocol", ["the struct", "the interface", "__array__", "a buffer"])
def test_objects_are_refused_at_every_door(protocol):
    array = np.array([1, "a"], object)
    with pytest.raises(ab.ArgumentError) as refused:
        ab.asarray(WRAPPERS[protocol](array))
    assert refused.value.plan.reasons[0].code == "object-dtype"


def test_fields_that_overlap_are_shared():
    array = np.zeros(2, np.dtype({"names": ["a", "b"], "formats": ["i4", "u1"], "offsets": [0, 2]}))
    ours = ab.asarray(array)
    assert_same(ours, array)
    assert ours.to_numpy().dtype == array.dtype


def test_a_field_name_that_is_no_text_is_refused():
    with pytest.raises(ab.ArgumentError) as refused:
        ab.asarray(np.zeros(2, [("\ud800", "i4")]))
    assert refused.value.plan.reasons[0].code == "dtype"


def test_another_dtype_or_device_is_refused_with_both_names():
    for wish, code, words in (({"dtype": "float32"}, "dtype", "expected float32 but found float64"),
                              ({"device": "cuda:0"}, "device", "expected memory on cuda:0 but found it on cpu")):
        with pytest.raises(ab.ConversionError, match=words) as refused:
            ab.asarray(np.zeros(3), **wish)
        assert refused.value.plan.reasons[0].code == code


# -------------------------------------------------------------------------------------------------------------- lifetime


def test_ours_keeps_the_numpy_array_and_gives_it_up():
    array = np.arange(10.0).view(Measured)
    gone = weakref.ref(array)
    ours = ab.asarray(Struct(array))
    capsule_made = ours.to_numpy()
    del array
    gc.collect()
    assert gone() is not None and capsule_made[9] == 9.0
    del ours, capsule_made
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("protocol", ["the struct", "a buffer", "numpy"])
def test_what_numpy_holds_is_an_export_until_it_goes(protocol):
    ours = ab.asarray(np.arange(4))
    taken = ours.to_numpy() if protocol == "numpy" else np.asarray(WRAPPERS[protocol](ours))
    with pytest.raises(BufferError, match="1 export is alive"):
        ours.release()
    del taken
    gc.collect()
    ours.release()
    with pytest.raises(ValueError, match="released"):
        ours.to_numpy()


def test_numpy_holds_the_memory_after_our_array_is_gone():
    taken = ab.asarray(np.arange(1000)).to_numpy()
    gc.collect()
    assert taken[999] == 999 and taken.base is not None


def test_array_answers_numpys_arguments():
    ours = ab.asarray(np.arange(3, dtype="i4"))
    assert np.asarray(ours, dtype="f8").tolist() == [0.0, 1.0, 2.0]
    assert np.shares_memory(np.asarray(ours, dtype="i4"), ours.to_numpy())
    assert not np.shares_memory(np.array(ours, copy=True), ours.to_numpy())
    with pytest.raises(ValueError):
        ours.__array__("f8", copy=False)


def test_ctypes_reads_what_ours_says():
    ours = ab.asarray(np.array([1, 2, 3], "i4"))
    assert list((ctypes.c_int32 * 3).from_address(ours.address)) == [1, 2, 3]
