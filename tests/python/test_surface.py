"""The members of `Array` that ask and show: no element moves but by name."""

from __future__ import annotations

import datetime

import aria_array_bridge as ab
import numpy as np
import pytest

PARTNERS = ("numpy",)


def test_an_array_says_what_lies_where() -> None:
    model = np.arange(12, dtype="i4").reshape(3, 4)[:, ::2]
    a = ab.asarray(model)
    assert (a.shape, a.strides, a.ndim, a.size, a.itemsize, a.nbytes) == ((3, 2), (16, 8), 2, 6, 4, 24)
    assert (a.dtype, a.device, a.readonly, a.access) == ("int32", "cpu", False, "shared")
    assert a.address == model.__array_interface__["data"][0]
    assert (a.c_contiguous, a.f_contiguous, a.T.f_contiguous) == (False, False, False)
    assert a.alignment >= 8 and a[:, 1:].alignment == 8
    assert (a.null_count, a.validity, a.values.tolist()) == (0, None, model.tolist())


def test_elements_of_every_kind_become_pythons() -> None:
    for dtype in "?bhilqBHILQefdFD":
        model = np.array([[0, 1], [1, 0]]).astype(dtype)
        got = ab.asarray(model).tolist()
        assert got == model.tolist() and [type(x) for x in got[0]] == [type(x) for x in model.tolist()[0]]
    for model in [
        np.array([b"ab", b"", b"a\0b"]),
        np.array(["åß", "", "x"]),
        np.array(["2020-02-29", "NaT"], "M8[D]"),
        np.array(["2020-02", "1969-12"], "M8[M]"),
        np.array(["2020", "1960"], "M8[Y]"),
        np.array(["2020-02-29T12:00:01.5", "1900-01-01"], "M8[ms]"),
        np.array([1, -1, 2**62], "M8[ns]"),
        np.array([1, 3], "m8[10us]"),
        np.array([1, -3], "m8[W]"),
        np.array([1, -3], "m8[Y]"),
        np.array([(1, 2.5, [[1, 2]])], dtype=[("a", "i4"), ("b", "f8"), ("c", "u2", (1, 2))]),
    ]:
        expected = model.tolist()
        if model.dtype.names:
            expected = [(1, 2.5, [[1, 2]])]
        assert ab.asarray(model).tolist() == expected, model.dtype
    assert ab.asarray(np.array(2**40, "M8[D]")).item() == 2**40  # Beyond the calendar: the count.
    assert ab.asarray(np.array("2020-01-01", "M8[D]")).item() == datetime.date(2020, 1, 1)


def test_an_element_becomes_a_number_only_without_axes() -> None:
    a = ab.asarray(np.array([2.5, 0.0]))
    assert (float(a[0]), int(a[0]), complex(a[0]), bool(a[0]), bool(a[1])) == (2.5, 2, 2.5 + 0j, True, False)
    for convert in (float, int, complex, bool):
        with pytest.raises(TypeError, match="without axes"):
            convert(a)
    with pytest.raises(TypeError, match="integer"):
        range(3)[a[0]]
    with pytest.raises(ValueError, match="one element but found 2"):
        a.item()
    assert a[:1].item() == 2.5


def test_no_arithmetic_but_numpys() -> None:
    a, n = ab.asarray(np.ones(3)), np.ones(3)
    for compute in (
        lambda: a + 1,
        lambda: 1 + a,
        lambda: a - a,
        lambda: 2 * a,
        lambda: a @ a,
        lambda: a**2,
        lambda: 2.0 / a,
        lambda: -a,
        lambda: abs(a),
        lambda: ~a,
        lambda: a & True,
        lambda: a + [1, 2, 3],
    ):
        with pytest.raises(TypeError, match=r"no arithmetic: np\.asarray\(a\) shares its memory"):
            compute()
    assert type(a + n) is type(n + a) is type(np.sin(a)) is np.ndarray
    assert (n * a).tolist() == [1.0] * 3 and np.add(a, 1).tolist() == [2.0] * 3
    with pytest.raises(TypeError):
        a < 1  # noqa: B015


def test_equality_is_of_values_and_one_bool() -> None:
    n = np.array([[1.0, 2.0], [3.0, 4.0]])
    a = ab.asarray(n)
    assert (a == ab.asarray(np.asfortranarray(n))) is True and (a != ab.asarray(n.copy())) is False
    assert a != ab.asarray(n.astype("f4")) and a != ab.asarray(n[:1]) and a != a.T
    assert a.equals(n) and not a.equals(n + 1)
    assert (a == n).all() and (a == 1.0) is False and a != None  # noqa: E711
    nan = ab.asarray(np.array([np.nan, -0.0]))
    assert nan != nan and nan.equals(nan, equal_nan=True) and nan[1:] == ab.asarray(np.zeros(1))  # noqa: PLR0124
    r = np.zeros(2, dtype=np.dtype([("a", "u1"), ("b", "f8")], align=True))
    s = r.copy()
    s.view("u1")[1] = 255  # Padding is no value.
    assert ab.asarray(r) == ab.asarray(s)
    assert ab.asarray(np.array(["a"])) != ab.asarray(np.array(["b"]))


def test_the_hash_is_of_the_object() -> None:
    n = np.ones(3)
    a, b = ab.asarray(n), ab.asarray(n)
    assert a == b and len({a, b, a}) == 2


def test_copies_are_made_by_name_and_say_so() -> None:
    n = np.arange(6.0).reshape(2, 3).T
    n.flags.writeable = False
    a = ab.asarray(n)
    c = a.copy()
    assert (c.tolist(), c.readonly, c.address == a.address, c.strides) == (n.tolist(), False, False, n.strides)
    assert (c.plan.outcome, c.plan.copied_bytes, c.plan.reasons[0].code) == ("copy", 48, "copy-asked")
    assert a.copy(order="C").c_contiguous and a.copy(order="F").f_contiguous
    assert c[0].plan.outcome == "view"
    assert a.astype("float32").tolist() == n.tolist() and a.astype("float64", copy=False) is a
    assert a.astype(float).address != a.address
    with pytest.raises(ab.ConversionError, match="expected int64 but found float64"):
        a.astype(int)
    assert a.to_device("cpu") is a is a.to_device((1, 0))
    with pytest.raises(ab.ConversionError, match="cuda:0"):
        a.to_device("cuda:0")
    with pytest.raises(ValueError, match="such as 'cpu'"):
        a.to_device("gpu")


def test_asarray_takes_its_options() -> None:
    n = np.arange(6, dtype="i4").reshape(2, 3)
    a = ab.asarray(n)
    assert ab.asarray(a) is a is ab.asarray(a, dtype=np.int32, order="C", device=(1, 0), writable=True)
    fixed = ab.asarray(a, writable=False)
    assert fixed.readonly and fixed.address == a.address and ab.asarray(n, writable=False).readonly
    assert not np.asarray(fixed).flags.writeable
    thawed = ab.asarray(fixed, writable=True)
    assert not thawed.readonly and thawed.address != a.address and thawed.plan.reasons[0].code == "read-only"
    f = ab.asarray(n, order="F")
    assert f.f_contiguous and f.plan.reasons[0].code == "order"
    wide = ab.asarray(n, dtype=float, order="F")
    assert wide.dtype == float and wide.f_contiguous and wide.plan.copied_bytes == 48
    assert [r.code for r in wide.plan.reasons] == ["dtype", "order"]
    assert str(wide.plan).startswith("copy  numpy.ndarray -> Array float64[2, 3]  48 bytes")
    with pytest.raises(ab.ConversionError) as error:
        ab.asarray(n, dtype=float, copy=False)
    assert [r.code for r in error.value.plan.reasons] == ["dtype", "copy-never"]
    with pytest.raises(ab.ConversionError, match="cuda:1"):
        ab.asarray(n, device="cuda:1")
    with pytest.raises(ValueError, match="order"):
        ab.asarray(n, order="X")
    with pytest.raises(ValueError, match="nulls"):
        ab.asarray(n, nulls="zero")
    with pytest.raises(TypeError, match="expected a dtype"):
        ab.asarray(n, dtype="nonsense")
    assert ab.asarray(n.astype(">i4"), dtype="float64").tolist() == n.tolist()


def test_nulls_are_kept_counted_and_filled() -> None:
    a = ab.asarray(np.ma.MaskedArray([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]]))
    assert (a.null_count, a.tolist(), a.is_null().tolist()) == (1, [[1, None], [3, 4]], [[False, True], [False, False]])
    assert (a.fill_null(9).tolist(), a.fill_null(9).null_count, a.T.tolist()) == ([[1, 9], [3, 4]], 0, [[1, 3], [None, 4]])
    assert a.values.null_count == 0 and a.values.address == a.address
    bits = a.validity
    assert (len(bits), bits.offset, bits.null_count, bits.tolist()) == (4, 0, 1, [True, False, True, True])
    assert repr(bits) == "Bitmap 4 bits, offset 0" and bits[1] is False and bits[-1] is True
    assert repr(a).startswith("Array int64[2, 2], 1 null  ")
    assert a == a.copy() and a != a.fill_null(2) and a[0].item(0) == 1 and a.item(0, 1) is None
    with pytest.raises(TypeError, match="null"):
        int(a[0, 1])
    for wrong in (2**70, 1.5, True, "x", None):
        with pytest.raises(ValueError, match="that int64 has"):
            a.fill_null(wrong)
    with pytest.raises(ab.ConversionError, match="1 null in int64"):
        ab.asarray(a, nulls="raise")
    for dtype, value in [("f2", 0.5), ("f4", 1), ("c8", 1j), ("?", True), ("u1", 255)]:
        m = ab.asarray(np.ma.MaskedArray(np.zeros(3, dtype), mask=[0, 1, 0]))
        assert m.fill_null(value).tolist() == [0, value, 0]


def test_memory_is_written_on_ones_own_word_but_never_frozen_memory() -> None:
    n = np.ones(3)
    n.flags.writeable = False
    a = ab.asarray(n)
    w = a.assume_writable()
    assert a.readonly and not w.readonly and w.address == a.address and np.asarray(w).flags.writeable
    frozen = ab.from_buffer(b"abc")
    if frozen.access == "frozen":
        with pytest.raises(ab.ConversionError, match="frozen") as error:
            frozen.assume_writable()
        assert error.value.plan.reasons[0].code == "frozen"


def test_repr_is_one_line_of_facts_and_values_cut_to_fit() -> None:
    n = np.ones(3)
    assert repr(ab.asarray(n)) == "Array float64[3]  view of numpy.ndarray via numpy struct\n[1.0, 1.0, 1.0]"
    n.flags.writeable = False
    assert "via numpy struct, read-only\n" in repr(ab.asarray(n))
    big = repr(ab.asarray(np.arange(10_000).reshape(100, 100)))
    assert len(big.splitlines()) == 8 and "…" in big and big.splitlines()[1] == "[[0, 1, 2, …, 97, 98, 99],"
    assert repr(ab.asarray(np.ones(2)).copy()).startswith("Array float64[2]  copy of Array float64[2]\n")
    assert repr(ab.asarray(np.array(5))).endswith("\n5")
    assert repr(ab.asarray(np.ones((2, 0)))).endswith("\n[[],\n []]")
    a = ab.asarray(np.ones(3))
    a.release()
    assert repr(a) == "Array float64[3]  released"
    with pytest.raises(ValueError, match="released"):
        a.shape  # noqa: B018


def test_notebooks_get_html_and_a_drawing() -> None:
    html = ab.asarray(np.array(["<b>"])).copy()._repr_html_()
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert ab.asarray(np.zeros((2, 20, 20)))._repr_html_().count("<tr>") == 7
    layout = ab.asarray(np.arange(6).reshape(2, 3)[:, ::2]).layout()
    assert "strides   [24, 16] bytes" in str(layout) and "gaps" in str(layout)
    assert layout._repr_svg_().startswith("<svg") and layout._repr_svg_().count("<rect") == 5


def test_nulls_are_filled_with_numbers_of_numpy_and_with_times():
    def masked(values, dtype):
        return ab.asarray(np.ma.masked_array(np.array(values, dtype), [False, True]))

    assert masked([1, 2], "i8").fill_null(np.int64(7)).tolist() == [1, 7]
    assert masked([1, 2], "u1").fill_null(np.uint8(255)).tolist() == [1, 255]
    assert masked([1, 2], "f8").fill_null(np.float32(0.5)).tolist() == [1.0, 0.5]
    assert masked([1, 2], "f4").fill_null(np.int64(3)).tolist() == [1.0, 3.0]
    for wrong, dtype in [(np.float64(1.5), "i8"), (256, "u1"), (np.True_, "i8"), ("1", "i8"), ("1", "f8"), (np.zeros(2), "f8")]:
        with pytest.raises((ValueError, TypeError), match="expected a value|bool"):
            masked([1, 2], dtype).fill_null(wrong)
    times = masked(["2020-01-01", "NaT"], "M8[s]")
    day = np.datetime64("1970-01-02")
    assert times.fill_null(day).to_numpy()[1] == day and times.fill_null(day).dtype == times.dtype
    assert np.isnat(times.fill_null(np.datetime64("NaT")).to_numpy()[1])
    assert masked([1, 2], "m8[ms]").fill_null(np.timedelta64(3, "s")).to_numpy()[1] == np.timedelta64(3, "s")
    for wrong in (np.datetime64("1970-01-01T00:00:00.5"), np.timedelta64(1, "s"), 5, "1970-01-01", None):
        with pytest.raises(ValueError, match="expected a value that datetime64"):
            times.fill_null(wrong)


def test_an_element_formats_and_rounds_as_a_number():
    x = ab.asarray(np.array([1.25, 2.5]))
    assert [f"{v:.1f}" for v in x] == ["1.2", "2.5"] and round(x[0]) == 1 and round(x[0], 1) == 1.2
    assert f"{x[0]}" == str(x[0])
    assert f"{ab.asarray(np.int32(255)):x}" == "ff" and round(ab.asarray(np.int32(255)), -1) == 260
    for use in (lambda: f"{x:.1f}", lambda: round(x)):
        with pytest.raises(TypeError):
            use()


@pytest.mark.parametrize("name", ["bytes[9223372036854775808]", "str[2305843009213693952]", "void[18446744073709551615]",
                                  "datetime64[2147483648s]"])  # fmt: skip
def test_no_dtype_is_larger_than_memory(name):
    with pytest.raises(TypeError):
        ab.DType(name)
