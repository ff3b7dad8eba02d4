"""Python's numbers and nested sequences of them: a copy, and never another value."""

from __future__ import annotations

import decimal
import fractions
import math
import subprocess
import sys

import aria_array_bridge as ab
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

PARTNERS = ("numpy",)

NUMBERS = st.one_of(
    st.lists(st.booleans(), min_size=1),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1),
    st.lists(st.integers(0, 2**64 - 1), min_size=1),
    st.lists(st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.booleans()), min_size=1),
    st.lists(st.complex_numbers(allow_nan=False), min_size=1),
)


@given(NUMBERS, st.sampled_from([list, tuple]))
def test_lists_become_what_numpy_makes_of_them(numbers: list[complex], kind: type) -> None:
    a, model = ab.asarray(kind(numbers)), np.array(numbers)
    if all(type(n) is int for n in numbers) and model.dtype == "float64":
        model = np.array(numbers, "uint64")  # NumPy rounds a mixture of int64 and uint64 to float64; ours stays exact.
    assert a.dtype == model.dtype and a.tolist() == model.tolist()
    assert (a.plan.outcome, a.plan.copied_bytes, a.plan.reasons[0].code) == ("copy", model.nbytes, "python-sequence")
    assert not a.readonly and a.address % 8 == 0


@pytest.mark.parametrize(
    "value",
    [True, 5, -1, 2**63, 1.5, 2j, [], [[]], [[], []], [[1, 2], (3, 4)], [range(2), range(2, 4)], range(5), range(5, 0, -2)]
    + [[[1.0], [2.0]], [np.float32(1.5), 2], [np.int64(3)], [np.True_, False], ((((1,),),),)],
)
def test_shapes_and_scalars_are_numpys(value: object) -> None:
    a, model = ab.asarray(value), np.array(value)
    assert (a.shape, a.tolist()) == (model.shape, model.tolist())
    if model.size:
        assert a.dtype == model.dtype


def test_a_wanted_dtype_is_made_at_once() -> None:
    a = ab.asarray([1, 2, 255], dtype="uint8")
    assert (a.dtype, a.tolist(), [r.code for r in a.plan.reasons]) == ("uint8", [1, 2, 255], ["python-sequence"])
    assert ab.asarray([1, True], dtype="float32").tolist() == [1.0, 1.0]
    assert ab.asarray([0.1], dtype="float32").tolist() == np.array([0.1], "f4").tolist()
    assert ab.asarray([], dtype=int).dtype == int and ab.asarray([1], dtype=complex).tolist() == [1 + 0j]
    assert ab.asarray([[1, 2], [3, 4]], order="F").f_contiguous
    assert ab.asarray([1.5], dtype="bfloat16").tolist() == [1.5]


@pytest.mark.parametrize(
    ("value", "options", "code", "text"),
    [
        ([[1, 2], [3]], {}, "extent", r"expected 2 elements on axis 1 but found 1 \(\[1\]\)"),
        ([[1, 2], 3], {}, "ndim", r"found a number \(\[1\]\)"),
        ([1, [2]], {}, "ndim", r"found a sequence \(\[1\]\)"),
        ([[], [1]], {}, "extent", r"expected 0 elements on axis 1 but found 1 \(\[1\]\)"),
        ([1.0, None], {}, "nulls", r"found None \(\[1\]\)"),
        ([[1, "x"]], {}, "object-dtype", r"found str \(\[0\]\[1\]\)"),
        ([b"x"], {}, "object-dtype", "found bytes"),
        ([{}], {}, "object-dtype", "found dict"),
        ([np.ones(3)], {}, "object-dtype", "found numpy.ndarray"),
        ([2**64], {}, "inexact", "more than 64 bits"),
        ([[0, 1], [-1, 2**63]], {}, "inexact", r"int64 has but found 9223372036854775808 \(\[1\]\[1\]\)"),
        ([2**53 + 1, 0.5], {}, "inexact", "float64 has but found 9007199254740993"),
        ([1, 256], {"dtype": "uint8"}, "inexact", r"uint8 has but found 256 \(\[1\]\)"),
        ([-1], {"dtype": "uint8"}, "inexact", "uint8 has but found -1"),
        ([1.5], {"dtype": int}, "dtype", "expected int64 but found float64"),
        ([1], {"copy": False}, "copy-never", "copy=False"),
    ],
)
def test_what_is_no_array_is_refused_with_its_place(
    value: object, options: dict[str, object], code: str, text: str
) -> None:
    with pytest.raises(ab.ConversionError, match=text) as error:
        ab.asarray(value, **options)
    assert error.value.plan.reasons[0].code == code and error.value.plan.outcome == "refuse"


def test_text_and_other_objects_have_no_door() -> None:
    for value in ("text", None, {}, object(), {1, 2}):
        with pytest.raises(ab.ArgumentError) as error:
            ab.asarray(value)
        assert isinstance(error.value, TypeError) and isinstance(error.value, ValueError)
        assert error.value.plan.reasons[0].code == "not-an-array"


def test_lists_within_themselves_and_without_end_are_refused() -> None:
    mine: list[object] = []
    mine.append(mine)
    with pytest.raises(ab.ConversionError, match="nested deeper") as error:
        ab.asarray(mine)
    assert error.value.plan.reasons[0].code == "limit"
    deep: object = 1
    for _ in range(64):
        deep = [deep]
    assert ab.asarray(deep).ndim == 64
    with pytest.raises(ab.ConversionError, match="nested deeper"):
        ab.asarray([deep])
    with pytest.raises(MemoryError):
        ab.asarray(range(2**60))


def test_an_element_that_changes_the_list_is_noticed() -> None:
    class Shrinks:
        def __index__(self) -> int:
            values.clear()
            return 1

    values: list[object] = [Shrinks(), 2, 3]
    with pytest.raises(ab.ConversionError, match="changed meanwhile"):
        ab.asarray(values)


def test_an_error_of_an_element_arrives() -> None:
    class Breaks:
        def __float__(self) -> float:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ab.asarray([1.0, Breaks()])


def test_elements_of_ours_are_numbers_again() -> None:
    a = ab.asarray([1.0, 2.0, math.inf])
    assert ab.asarray(list(a)).tolist() == a.tolist()


def test_numpy_is_not_imported() -> None:
    program = (
        "import sys, aria_array_bridge as ab; a = ab.asarray([[1, 2.5], [3, 4]]);"
        "assert a.tolist() == [[1.0, 2.5], [3.0, 4.0]] and a.T[1].tolist() == [2.5, 4.0]; repr(a); a.layout();"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_list_of_numpys_scalars_is_what_they_are():
    assert ab.asarray([np.complex64(1 + 2j), 1.0]).tolist() == [1 + 2j, 1]
    assert ab.asarray([np.complex64(1 + 2j)], dtype="complex64").tolist() == [1 + 2j]
    assert ab.asarray([np.float32(0.5), np.float16(2), 1]).tolist() == [0.5, 2, 1]


@pytest.mark.parametrize("value", [
    np.datetime64("2020-01-01", "ns"), np.datetime64("NaT"), np.timedelta64(5, "ns"), np.timedelta64(5, "s"), np.timedelta64(5),
    np.longdouble(1) / 3, np.clongdouble(1j), decimal.Decimal("1.1"), fractions.Fraction(1, 3),
])  # fmt: skip
def test_what_a_float_would_change_is_no_number_of_a_list(value):
    for make in (ab.asarray, ab.explain):
        with pytest.raises(ab.ConversionError, match=f"found .*{type(value).__name__}"):
            plan = make([value])
            raise ab.ConversionError(str(plan)) if plan.outcome == "refuse" else AssertionError(plan)
