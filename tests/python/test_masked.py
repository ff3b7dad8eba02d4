"""`numpy.ma`: values shared and validity in; out as a refusal, NaN or a mask, as `nulls=` says."""

PARTNER = "numpy"

import gc

import numpy as np
import pytest

import aria_array_bridge as ab

NUMBERS = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", "M8[s]", "m8[ms]", "S3", "U2"]


def masked(dtype, mask=(False, True, False, True), shape=(4,)):
    values = (np.arange(4 * np.dtype(dtype).itemsize) % 2).astype("u1").view(dtype).reshape(shape)
    return np.ma.MaskedArray(values, np.reshape(mask, shape))


def address(array):
    return np.asarray(array).__array_interface__["data"][0]


def code(error):
    return error.value.plan.reasons[0].code


@pytest.mark.parametrize("dtype", NUMBERS)
def test_values_are_shared_and_nulls_come_back_where_they_were(dtype):
    array = masked(dtype)
    ours = ab.asarray(array)
    assert (ours.address, ours.strides, ours.dtype.itemsize) == (address(array.data), array.strides, array.itemsize)
    assert (ours.plan.outcome, ours.plan.copied_bytes, ours.plan.protocol) == ("view", 0, "numpy struct and mask")
    back = ours.to_numpy(nulls="mask")
    assert type(back) is np.ma.MaskedArray and back.dtype == array.dtype
    assert back.mask.tolist() == [False, True, False, True]
    assert back.data.tobytes() == array.data.tobytes() and address(back.data) == address(array.data)
    back.data[0] = array.data[3]
    assert array.data[0] == array.data[3]


LAYOUTS = {
    "no axis": lambda: np.ma.MaskedArray(np.array(3.0), True),
    "no axis, valid": lambda: np.ma.MaskedArray(np.array(3.0), False),
    "empty": lambda: np.ma.MaskedArray(np.zeros((0, 3)), np.zeros((0, 3), bool)),
    "two axes": lambda: masked("i4", shape=(2, 2)),
    "f order": lambda: np.ma.MaskedArray(np.asfortranarray(np.arange(6).reshape(2, 3)), np.arange(6).reshape(2, 3) % 3 == 0),
    "f order mask alone": lambda: np.ma.MaskedArray(np.arange(6).reshape(2, 3), np.asfortranarray(np.eye(2, 3, dtype=bool))),
    "strided": lambda: np.ma.MaskedArray(np.arange(10.0), np.arange(10) % 3 == 0)[1::2],
    "reversed": lambda: np.ma.MaskedArray(np.arange(10.0), np.arange(10) % 3 == 0)[::-1],
    "transposed": lambda: np.ma.MaskedArray(np.arange(24).reshape(2, 3, 4), np.arange(24).reshape(2, 3, 4) % 5 == 0).transpose(2, 0, 1),
    "seventeen": lambda: np.ma.MaskedArray(np.arange(17), np.arange(17) % 2 == 0),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_mask_lies_over_the_values_in_every_layout(name):
    array = LAYOUTS[name]()
    ours = ab.asarray(array)
    assert (ours.shape, ours.strides) == (array.shape, array.strides)
    back = ours.to_numpy(nulls="mask")
    assert np.array_equal(np.ma.getmaskarray(back), np.ma.getmaskarray(array))
    assert np.array_equal(back.data, array.data)
    assert array.size == 0 or address(back.data) == address(array.data)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_copy_keeps_the_nulls_where_they_were(name, order):
    array = LAYOUTS[name]()
    for ours in (ab.asarray(array, copy=True), ab.asarray(array, order=order)):
        back = ours.to_numpy(nulls="mask")
        assert np.array_equal(np.ma.getmaskarray(back), np.ma.getmaskarray(array))
        assert back.filled(7).tolist() == array.filled(7).tolist()


def test_swapped_values_are_copied_with_their_nulls():
    array = np.ma.MaskedArray(np.arange(5, dtype=">i4"), [0, 1, 0, 0, 1])
    ours = ab.asarray(array)
    assert (ours.plan.outcome, ours.plan.copied_bytes, ours.plan.reasons[0].code) == ("copy", 20, "byte-order")
    assert ours.to_numpy(nulls="mask").tolist() == [0, None, 2, 3, None]


def test_no_mask_means_no_nulls():
    for array in (np.ma.MaskedArray([1, 2]), np.ma.MaskedArray([1, 2], False), np.ma.MaskedArray([1, 2], [False, False])):
        ours = ab.asarray(array)
        assert address(ours.to_numpy()) == address(array.data)
        assert np.asarray(ours).tolist() == [1, 2]
        assert ours.to_numpy(nulls="mask").mask is np.ma.nomask


def test_everything_may_be_missing():
    assert ab.asarray(np.ma.masked_all(3, "f4")).to_numpy(nulls="mask").mask.all()
    assert ab.asarray(np.ma.masked).to_numpy(nulls="mask").tolist() is None


def test_the_mask_is_copied_so_later_masking_is_not_seen():
    array = masked("i4")
    ours = ab.asarray(array)
    array[0] = np.ma.masked
    back = ours.to_numpy(nulls="mask")
    assert back.mask.tolist() == [False, True, False, True]
    back[2] = np.ma.masked
    assert ours.to_numpy(nulls="mask").mask.tolist() == [False, True, False, True]


def test_read_only_values_stay_read_only():
    values = np.arange(3)
    values.flags.writeable = False
    ours = ab.asarray(np.ma.MaskedArray(values, [0, 1, 0]))
    assert ours.readonly and not ours.to_numpy(nulls="mask").data.flags.writeable


def test_records_with_a_mask_for_each_field_are_refused_by_name():
    array = np.ma.MaskedArray(np.zeros(2, "i4,f8"), [(1, 0), (0, 1)])
    with pytest.raises(ab.ArgumentError, match="each field of the records has a mask of its own.*\n.*x\\['name'\\]") as refused:
        ab.asarray(array)
    assert code(refused) == "nulls"
    assert ab.asarray(array["f1"]).to_numpy(nulls="mask").mask.tolist() == [False, True]


def test_objects_are_refused_under_a_mask_too():
    with pytest.raises(ab.ArgumentError) as refused:
        ab.asarray(np.ma.MaskedArray(["a", None], [0, 1], dtype=object))
    assert code(refused) == "object-dtype"


class Labelled(np.ma.MaskedArray):
    """A subclass of somebody else."""


def test_subclasses_keep_their_nulls():
    ours = ab.asarray(masked("f8").view(Labelled))
    assert ours.to_numpy(nulls="mask").mask.tolist() == [False, True, False, True]


# ------------------------------------------------------------------------------------------------------------------- out


@pytest.mark.parametrize("nulls", [None, "raise"])
def test_nulls_are_refused_where_numpy_has_none(nulls):
    ours = ab.asarray(np.ma.MaskedArray([1, 2, 3], [0, 1, 0]))
    text = r"1 null in int64\[3\], and numpy.ndarray has none  \[C4\]"
    hint = r'hint: nulls="nan" \(float64, copy\), nulls="mask" \(numpy.ma\), .fill_null\(0\)'
    with pytest.raises(ab.ConversionError, match=f"{text}\n *{hint}") as refused:
        ours.to_numpy(nulls=nulls)
    assert code(refused) == "nulls"
    with pytest.raises(ab.ConversionError, match="2 nulls in"):
        ab.asarray(masked("f4")).to_numpy()


@pytest.mark.parametrize("way", [np.asarray, memoryview, lambda x: x.__array_interface__, lambda x: x.__array_struct__])
def test_no_other_way_out_loses_nulls(way):
    with pytest.raises((ValueError, AttributeError, BufferError, TypeError), match="2 nulls"):
        way(ab.asarray(masked("i4")))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_nan_keeps_the_dtype_of_floats(dtype):
    array = np.ma.MaskedArray(np.array([1, 2, 3], dtype), [0, 1, 0])
    back = ab.asarray(array).to_numpy(nulls="nan")
    assert back.dtype == dtype and type(back) is np.ndarray
    assert np.array_equal(back, np.array([1, np.nan, 3], dtype), equal_nan=True)
    assert not np.shares_memory(back, array.data) and array.data.tolist() == [1, 2, 3]


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_nan_makes_float64_of_integers(dtype):
    array = np.ma.MaskedArray(np.array([[1, 0], [1, 1]], dtype), [[0, 1], [0, 0]])
    back = ab.asarray(array).to_numpy(nulls="nan")
    assert back.dtype == "f8"
    assert np.array_equal(back, [[1, np.nan], [1, 1]], equal_nan=True)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 - 1])
def test_nan_is_refused_where_an_integer_would_change(value):
    ours = ab.asarray(np.ma.MaskedArray([value, 0], [0, 1]))
    with pytest.raises(ab.ConversionError, match=str(value)) as refused:
        ours.to_numpy(nulls="nan")
    assert code(refused) == "inexact"
    assert ab.asarray(np.ma.MaskedArray([value, 5], [1, 0])).to_numpy(nulls="nan")[1] == 5.0


@pytest.mark.parametrize("value, dtype", [(2**53, "i8"), (2**54, "i8"), (-(2**63), "i8"), (2**63, "u8")])
def test_nan_takes_large_integers_that_a_float_has(value, dtype):
    array = np.ma.MaskedArray(np.array([value, 0], dtype), [0, 1])
    assert int(ab.asarray(array).to_numpy(nulls="nan")[0]) == value


def test_unsigned_integers_are_checked_too():
    ours = ab.asarray(np.ma.MaskedArray(np.array([2**64 - 1, 0], "u8"), [0, 1]))
    with pytest.raises(ab.ConversionError, match="18446744073709551615") as refused:
        ours.to_numpy(nulls="nan")
    assert code(refused) == "inexact"


@pytest.mark.parametrize("dtype", ["c8", "M8[s]", "S3"])
def test_nan_is_refused_for_what_has_none(dtype):
    with pytest.raises(ab.ConversionError, match="has no NaN") as refused:
        ab.asarray(masked(dtype)).to_numpy(nulls="nan")
    assert code(refused) == "nulls"


def test_nan_is_a_copy_and_copy_false_forbids_it():
    ours = ab.asarray(masked("f8"))
    with pytest.raises(ab.ConversionError) as refused:
        ours.to_numpy(nulls="nan", copy=False)
    assert {reason.code for reason in refused.value.plan.reasons} == {"nulls", "copy-never"}


def test_without_nulls_every_choice_shares_the_values():
    array = np.arange(3)
    ours = ab.asarray(array)
    for nulls in (None, "raise", "nan", "mask"):
        assert address(ours.to_numpy(nulls=nulls)) == address(array)
    assert not np.shares_memory(ours.to_numpy(nulls="mask", copy=True), array)


def test_another_word_is_an_error_that_lists_the_words():
    with pytest.raises(ValueError, match="expected nulls of 'raise', 'nan' or 'mask' but found \"zero\""):
        ab.asarray(np.arange(2)).to_numpy(nulls="zero")


def test_what_comes_out_holds_what_came_in():
    ours = ab.asarray(masked("i4"))
    back = ours.to_numpy(nulls="mask")
    with pytest.raises(BufferError, match="1 export is alive"):
        ours.release()
    del back
    gc.collect()
    ours.to_numpy(nulls="nan")
    ours.release()
