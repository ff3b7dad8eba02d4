"""NumPy arrays in and out: every dtype and every memory layout, shared where sharing is promised."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import aria_array_bridge as ab

NUMBERS = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", "longlong", "ulonglong"]
TIMES = [
    f"{kind}8[{multiple}{unit}]"
    for kind in "Mm"
    for unit in ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
    for multiple in ("", "10")
] + ["M8", "m8"]
TEXTS = ["S1", "S5", "U1", "U7", "V1", "V16"]
POINT = np.dtype([("x", "f4"), ("y", "f4")])
RECORDS = [
    POINT,
    np.dtype([("a", "i1"), ("b", "f8")]),
    np.dtype([("a", "i1"), ("b", "f8")], align=True),
    np.dtype([("name", "U3"), ("tag", "S2"), ("when", "M8[ns]"), ("raw", "V3")]),
    np.dtype([("points", POINT, (2, 3)), ("n", "u2")]),
    np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 2], "itemsize": 12}),  # Overlapping.
    np.dtype([(("A title", "a"), "i4"), ("b", "?")]),
    np.dtype([("ä:ö", "i4")]),
]
NATIVE = [np.dtype(text) for text in NUMBERS + TIMES + TEXTS] + RECORDS
PLAIN = ["i2", "u4", "i8", "f2", "f4", "f8", "c8", "c16", "M8[s]", "m8[10ns]", "U3"]
SWAPPED = [np.dtype(text).newbyteorder("S") for text in PLAIN] + [
    np.dtype([("a", ">i4"), ("b", "<f8"), ("c", ">U2"), ("d", ">c16", (2,)), ("e", "S3")]),
    np.dtype([("outer", [("inner", ">u2"), ("pad", "V1")]), ("n", "<i4")]),
]


def filled(dtype, shape=(3,)):
    """An array whose bytes are all different from their neighbours."""
    dtype = np.dtype(dtype)
    if dtype.kind == "U":  # Only code points.
        return np.resize(np.array(["ab", "äß", "x\U0001f40d"]), shape).astype(dtype)
    if dtype.names is not None:
        array = np.zeros(shape, dtype)
        for name in dtype.names:
            array[name] = filled(array[name].dtype, array[name].shape)
        return array
    size = int(np.prod(shape)) * dtype.itemsize
    raw = (np.arange(size) % 251 % 120).astype("u1")
    if dtype.kind == "b":
        raw %= 2
    return raw.view(dtype).reshape(shape) if size else np.zeros(shape, dtype)


def same(one, other):
    return one.shape == other.shape and one.tobytes() == other.astype(one.dtype).tobytes()


@pytest.mark.parametrize("dtype", NATIVE, ids=str)
def test_every_native_dtype_is_shared_both_ways(dtype):
    source = filled(dtype)
    ours = ab.asarray(source)
    assert ours.address == source.ctypes.data
    assert (ours.shape, ours.strides, ours.itemsize) == (source.shape, source.strides, source.itemsize)
    assert ours.plan.outcome == "view" and ours.plan.protocol == "numpy struct"
    assert not ours.readonly and ours.access == "shared"
    back = ours.to_numpy()
    assert type(back) is np.ndarray
    assert back.ctypes.data == source.ctypes.data and back.flags.writeable
    assert back.dtype == np.dtype(dtype) or dtype.fields and any(len(f) == 3 for f in dtype.fields.values())  # Titles go.
    assert back.dtype.itemsize == source.dtype.itemsize
    assert back.tobytes() == source.tobytes()
    copied = ours.to_numpy(copy=True)
    assert not np.shares_memory(copied, source) and copied.tobytes() == source.tobytes()


@pytest.mark.parametrize("dtype", SWAPPED, ids=str)
def test_byte_swapped_data_is_copied_once_and_says_so(dtype):
    source = filled(dtype, (2, 3))
    ours = ab.asarray(source)
    assert ours.plan.outcome == "copy" and ours.plan.copied_bytes == source.nbytes
    assert [reason.code for reason in ours.plan.reasons] == ["byte-order"]
    back = ours.to_numpy()
    assert back.dtype == dtype.newbyteorder("=") and same(back, source)
    with pytest.raises(ab.ConversionError, match="other byte order"):
        ab.asarray(source, copy=False)


def test_text_without_length_in_the_other_byte_order_needs_no_copy():
    source = np.ndarray((3,), ">U0", b"", strides=(0,))
    assert source.itemsize == 0 and ab.asarray(source).plan.outcome == "view"


def test_text_without_length_comes_in_and_is_not_given_back_as_longer_text():
    source = np.zeros(3, [("a", "S0"), ("b", "i4")])["a"]
    assert source.itemsize == 0
    ours = ab.asarray(source)
    assert ours.itemsize == 0 and ours.shape == (3,)
    with pytest.raises(ab.ConversionError, match="length 1"):
        ours.to_numpy()


BASE = np.arange(120, dtype="i4").reshape(4, 5, 6)
LAYOUTS = {
    "c order": BASE,
    "f order": np.asfortranarray(BASE),
    "no axis": np.array(5.0),
    "empty": np.zeros((0,)),
    "empty of many axes": np.zeros((3, 0, 2)),
    "negative strides": BASE[::-1, ::-2, ::-1],
    "zero strides": np.broadcast_to(np.arange(3.0), (4, 3)),
    "strided": BASE[1::2, :, ::3],
    "transposed": BASE.transpose(2, 0, 1),
    "diagonal": np.diagonal(BASE),
    "offset": BASE[2:, 3:],
    "misaligned": np.frombuffer(b"x" + bytes(range(32)), "f8", offset=1, count=4),
    "odd strides": np.zeros(4, [("a", "i1"), ("b", "f8")])["b"],
    "extent one": BASE[:1, :, :1],
    "new axes": BASE[None, :, None],
    "64 axes": np.zeros((1,) * 64, "i2"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_shared_as_it_lies(name):
    source = LAYOUTS[name]
    ours = ab.asarray(source)
    back = ours.to_numpy()
    assert ours.plan.outcome == "view"
    assert (ours.shape, ours.strides) == (source.shape, source.strides)
    assert (back.shape, back.strides) == (source.shape, source.strides)
    assert ours.address == source.ctypes.data == back.ctypes.data
    assert ours.readonly is (not source.flags.writeable) is (not back.flags.writeable)
    for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS", "ALIGNED", "WRITEABLE"):
        assert back.flags[flag] == source.flags[flag], flag
    assert same(back, source)
    fresh = ab.asarray(source, copy=True)
    assert fresh.plan.copied_bytes == source.nbytes and same(fresh.to_numpy(), source)


DTYPES = st.sampled_from([np.dtype(text) for text in [*NUMBERS, "M8[us]", "S3"]])


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)), st.data())
def test_any_view_of_any_array_keeps_its_address_and_its_elements(array, data):
    index = tuple(data.draw(st.slices(extent)) for extent in array.shape)
    view = array[(*index, ...)].transpose(data.draw(st.permutations(range(array.ndim))))
    ours = ab.asarray(view)
    back = ours.to_numpy()
    assert (back.shape, back.strides, back.dtype) == (view.shape, view.strides, view.dtype)
    assert back.ctypes.data == view.ctypes.data and back.tobytes() == view.tobytes()
    assert ab.asarray(view, copy=True).to_numpy().tobytes() == view.tobytes()


def test_writes_are_seen_on_both_sides():
    source = np.zeros(4)
    back = ab.asarray(source).to_numpy()
    back[1], source[2] = 5, 7
    assert source.tolist() == back.tolist() == [0, 5, 7, 0]


def test_read_only_stays_read_only_on_every_way_out():
    source = np.arange(3)
    source.flags.writeable = False
    ours = ab.asarray(source)
    assert ours.readonly
    for back in (ours.to_numpy(), np.asarray(ours), np.asarray(memoryview(ours)), ours.__array__()):
        assert back.ctypes.data == source.ctypes.data and not back.flags.writeable
        with pytest.raises(ValueError):
            back.flags.writeable = True
    wanted = ab.asarray(source, writable=True)
    assert wanted.plan.outcome == "copy" and wanted.plan.reasons[0].code == "read-only"


def test_numpys_own_asarray_shares_ours():
    source = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(np.asarray(ab.asarray(source)), source)
    assert not np.shares_memory(np.array(ab.asarray(source)), source)
    assert np.asarray(ab.asarray(source), dtype="f4").dtype == "f4"
    assert np.asarray(ab.asarray(source), copy=False).ctypes.data == source.ctypes.data
    with pytest.raises(ValueError):
        np.asarray(ab.asarray(source), dtype="f4", copy=False)


@pytest.mark.parametrize("dtype", ["M8[ns]", "m8[10s]", "f8", "S4", "U4"] + RECORDS, ids=str)
def test_numpys_asarray_takes_what_no_buffer_can_say(dtype):
    source = filled(dtype)
    given = np.asarray(ab.asarray(source))
    assert given.ctypes.data == source.ctypes.data
    # Titles, which are a second name, no protocol carries.
    fields = {name: found[:2] for name, found in (source.dtype.fields or {}).items() if name in source.dtype.names}
    assert {name: found[:2] for name, found in (given.dtype.fields or {}).items()} == fields
    assert given.dtype.str == source.dtype.str and given.tobytes() == source.tobytes()
    again = ab.asarray(given)
    assert again.dtype == ab.asarray(source).dtype and again.address == source.ctypes.data


def test_raw_bytes_are_what_numpy_reads_of_its_own_format():
    source = filled("V4")
    ours = ab.asarray(source)
    assert ours.to_numpy().dtype == source.dtype
    # A record without fields, as of an array of its own that came by a buffer.
    assert np.asarray(ours).dtype == np.asarray(memoryview(source)).dtype


def test_fields_in_any_order_keep_their_names_by_every_door():
    source = np.array([(1, 2.5), (3, 4.5)], "i4,f8")[["f1", "f0"]]
    ours = ab.asarray(source)
    for given in (np.asarray(ours), ours.to_numpy(), np.asarray(ab.asarray(np.asarray(ours)))):
        assert given.dtype == source.dtype and given.ctypes.data == source.ctypes.data
        assert given["f0"].tolist() == [1, 3] and given["f1"].tolist() == [2.5, 4.5]
    with pytest.raises(AttributeError, match="order or overlap"):
        ours.__array_interface__
    with pytest.raises(ab.ConversionError):
        ab.from_array_interface(ours)


@pytest.mark.parametrize(("dtype", "code", "words"), [
    ("O", "object-dtype", "Python objects"),
    ([("a", "i4"), ("b", "O")], "object-dtype", "field b"),
    ([("a", [("b", "O")])], "object-dtype", "field a.b"),
    ("g", "dtype", "long double"),
    ("G", "dtype", "long doubles"),
], ids=str)  # fmt: skip
def test_what_is_no_element_here_is_refused_by_name_and_once(dtype, code, words):
    with pytest.raises(ab.ConversionError, match=words) as caught:
        ab.asarray(np.zeros(2, dtype))
    assert [reason.code for reason in caught.value.plan.reasons] == [code]


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="NumPy 1 has no StringDType")
def test_text_of_any_length_is_refused_by_name():
    with pytest.raises(ab.ConversionError, match="StringDType"):
        ab.asarray(np.array(["a"], np.dtypes.StringDType()))


def test_a_field_name_that_is_no_text_is_refused():
    with pytest.raises(ab.ConversionError, match="surrogate"):
        ab.asarray(np.zeros(1, [("\udc80", "i4")]))


def test_a_record_field_keeps_its_stride():
    source = np.zeros(5, [("a", "i1"), ("b", "f8")])
    ours = ab.asarray(source["b"])
    assert ours.strides == (9,) and ours.address == source.ctypes.data + 1


@pytest.mark.parametrize("make", [
    lambda: np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    lambda: np.asmatrix([[1.0, 2.0]]),
], ids=["recarray", "matrix"])  # fmt: skip
def test_numpys_own_subclasses_are_arrays(make):
    source = make()
    assert ab.asarray(source).address == source.ctypes.data


def test_a_memmap_is_shared(tmp_path):
    source = np.memmap(tmp_path / "numbers", "f4", "w+", shape=(3,))
    source[:] = [1, 2, 3]
    ours = ab.asarray(source)
    assert ours.address == source.ctypes.data and ours.to_numpy().tolist() == [1, 2, 3]


def test_a_subclass_of_others_takes_its_own_doors():
    class Celsius(np.ndarray):
        pass

    source = np.arange(3.0).view(Celsius)
    ours = ab.asarray(source)
    assert ours.address == source.ctypes.data and ours.plan.protocol == "buffer"


@pytest.mark.parametrize("scalar", [
    np.float64(2.5), np.int8(-3), np.bool_(True), np.complex64(1), np.datetime64("2020-01-01"), np.timedelta64(5, "s"), np.datetime64("NaT"), np.str_("aß"),
    np.bytes_(b"ab"), np.void(b"abc"), np.zeros((), [("a", "i4")])[()],
], ids=lambda scalar: type(scalar).__name__)  # fmt: skip
def test_a_scalar_is_an_array_without_axes(scalar):
    ours = ab.asarray(scalar)
    assert ours.shape == () and ours.to_numpy().dtype == scalar.dtype and ours.to_numpy().tobytes() == scalar.tobytes()


class TestMasked:
    def test_values_are_shared_and_the_mask_is_validity(self):
        source = np.ma.MaskedArray([1.0, 2.0, 3.0], [False, True, False])
        ours = ab.asarray(source)
        assert ours.address == source.data.ctypes.data
        assert ours.plan.outcome == "view" and ours.plan.protocol == "numpy struct and mask"
        assert [reason.code for reason in ours.plan.reasons] == ["mask-bits"]
        back = ours.to_numpy(nulls="mask")
        assert type(back) is np.ma.MaskedArray
        assert back.data.ctypes.data == source.data.ctypes.data
        assert back.tolist() == [1.0, None, 3.0]

    def test_nomask_is_no_validity(self):
        ours = ab.asarray(np.ma.MaskedArray([1, 2]))
        assert ours.to_numpy().tolist() == [1, 2] and not ours.plan.reasons
        assert ours.to_numpy(nulls="mask").mask is np.ma.nomask

    def test_a_mask_of_all_false_has_no_nulls(self):
        assert ab.asarray(np.ma.MaskedArray([1, 2], [False, False])).to_numpy().tolist() == [1, 2]

    @pytest.mark.parametrize("nulls", [None, "raise"])
    def test_nulls_are_refused_where_nobody_says_what_they_become(self, nulls):
        ours = ab.asarray(np.ma.MaskedArray([1, 2], [False, True]))
        with pytest.raises(ab.ConversionError, match="1 null in int64") as caught:
            ours.to_numpy(nulls=nulls)
        assert caught.value.plan.reasons[0].code == "nulls"
        for take in (np.asarray, memoryview):
            with pytest.raises((ValueError, TypeError, BufferError)):
                take(ours)

    @pytest.mark.parametrize("dtype", NUMBERS + ["M8[s]", "m8[ns]"])
    def test_nan_stands_for_nulls_in_a_copy(self, dtype):
        values = filled(dtype, (2, 3))
        mask = np.array([[False, True, False], [True, False, False]])
        if values.dtype.kind in "iu" and values.dtype.itemsize == 8:
            values = np.arange(6, dtype=dtype).reshape(2, 3)
        ours = ab.asarray(np.ma.MaskedArray(values, mask))
        back = ours.to_numpy(nulls="nan")
        assert back.dtype == ("f8" if values.dtype.kind in "biu" else values.dtype)
        assert not np.shares_memory(back, values)
        assert np.isnat(back[mask]).all() if values.dtype.kind in "mM" else np.isnan(back[mask]).all()
        np.testing.assert_array_equal(back[~mask], values[~mask])

    @pytest.mark.parametrize(("dtype", "value"), [("i8", 2**53 + 1), ("u8", 2**64 - 1), ("i8", -(2**63) + 1)])
    def test_an_integer_that_float64_lacks_is_refused(self, dtype, value):
        ours = ab.asarray(np.ma.MaskedArray(np.array([value, 0], dtype), [False, True]))
        with pytest.raises(ab.ConversionError, match="float64 exactly"):
            ours.to_numpy(nulls="nan")
        under_a_null = ab.asarray(np.ma.MaskedArray(np.array([value, 0], dtype), [True, False]))
        assert np.isnan(under_a_null.to_numpy(nulls="nan")[0])

    def test_nan_without_nulls_is_a_view(self):
        source = np.arange(3)
        assert ab.asarray(source).to_numpy(nulls="nan").ctypes.data == source.ctypes.data

    def test_a_copy_for_nan_is_refused_where_copies_are(self):
        ours = ab.asarray(np.ma.MaskedArray([1.0, 2.0], [False, True]))
        with pytest.raises(ab.ConversionError, match="copy=False forbids"):
            ours.to_numpy(nulls="nan", copy=False)

    def test_text_has_nothing_to_stand_for_a_null(self):
        ours = ab.asarray(np.ma.MaskedArray(["a", "b"], [False, True]))
        with pytest.raises(ab.ConversionError, match="stands for a null"):
            ours.to_numpy(nulls="nan")
        assert ours.to_numpy(nulls="mask").tolist() == ["a", None]

    def test_an_unknown_word_is_refused(self):
        with pytest.raises(ValueError, match="expected nulls to be"):
            ab.asarray(np.arange(3)).to_numpy(nulls="zero")

    def test_strided_and_two_dimensional_masks_follow_their_elements(self):
        source = np.ma.MaskedArray(np.arange(24).reshape(4, 6), np.arange(24).reshape(4, 6) % 5 == 0)[::-1, ::2].T
        assert ab.asarray(source).to_numpy(nulls="mask").tolist() == source.tolist()

    def test_a_byte_swapped_masked_array_keeps_its_nulls(self):
        source = np.ma.MaskedArray(np.arange(4, dtype=">i4"), [True, False, True, False])
        assert ab.asarray(source).to_numpy(nulls="mask").tolist() == [None, 1, None, 3]

    def test_masked_records_are_refused_by_name(self):
        source = np.ma.MaskedArray([(1, 2.0)], [(True, False)], dtype=[("a", "i4"), ("b", "f8")])
        with pytest.raises(ab.ConversionError, match="mask for each field"):
            ab.asarray(source)

    def test_masked_objects_are_refused_once(self):
        with pytest.raises(ab.ConversionError) as caught:
            ab.asarray(np.ma.MaskedArray([None, 1], [True, False]))
        assert [reason.code for reason in caught.value.plan.reasons] == ["object-dtype"]


class TestLifetime:
    def test_ours_keeps_the_source_and_lets_it_go(self):
        class Source(np.ndarray):
            pass

        for make in (lambda: np.arange(3.0).view(Source), lambda: np.ma.MaskedArray([1, 2], [True, False])):
            source = make()
            gone = weakref.ref(source)
            ours = ab.asarray(source)
            del source
            gc.collect()
            assert gone() is not None
            back = ours.to_numpy(nulls="mask")
            del ours
            gc.collect()
            assert gone() is not None
            del back
            gc.collect()
            assert gone() is None

    def test_release_waits_for_exports(self):
        source = np.arange(3)
        ours = ab.asarray(source)
        back = ours.to_numpy()
        with pytest.raises(BufferError, match="1 export is alive: numpy.ndarray"):
            ours.release()
        del back
        ours.release()
        with pytest.raises(ValueError, match="released"):
            ours.to_numpy()

    def test_a_cycle_through_the_source_is_collected(self):
        class Source(np.ndarray):
            pass

        source = np.arange(3.0).view(Source)
        gone = weakref.ref(source)
        source.ours = ab.asarray(source)
        del source
        gc.collect()
        assert gone() is None
