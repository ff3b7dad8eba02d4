"""Pickles that were changed on their way: refused with the numbers, and the buffer that came with them is given back."""

from __future__ import annotations

import gc

import pytest
from lying_exporter import Exporter

import aria_array_bridge as ab

unpickle = ab._core._unpickle
FLOATS = ab.DType("float64")
INT4 = ab.DType("int4")

LIES = {
    "another word as order": (dict(order="K"), r"expected order 'C' or 'F' in the pickle but found \"K\""),
    "no word as order": (dict(order=""), r"expected order 'C' or 'F' in the pickle but found \"\""),
    "too few bytes": (dict(shape=(9,)), "expected 72 bytes of elements in the pickle but found 64"),
    "too many bytes": (dict(shape=(7,)), "expected 56 bytes of elements in the pickle but found 64"),
    "no elements, yet bytes": (dict(shape=(0,)), "expected 0 bytes of elements in the pickle but found 64"),
    "a short validity": (dict(valid=b"\1" * 7), "expected a validity of 8 elements in the pickle but found 7"),
    "a long validity": (dict(valid=b"\1" * 65), "expected a validity of 8 elements in the pickle but found 65"),
    "packed elements in columns": (dict(dtype=INT4, shape=(128,), order="F"), "expected order 'C' in the pickle, since int4 is packed, but found 'F'"),
    "packed elements of another length": (dict(dtype=INT4, shape=(129,)), "expected 65 bytes of elements in the pickle but found 64"),
    "a negative extent": (dict(shape=(2, -4)), r"expected extents of 0 or more in the pickle but found -4 \(axis 1\)"),
    "two negative extents": (dict(shape=(-2, -4)), r"found -2 \(axis 0\)"),
    "extents that overflow": (dict(shape=(2**40, 2**40)), str(2**40)),
    "65 axes": (dict(shape=(1,) * 65), "65"),
}


def tampered(buffer: object, *, dtype: object = FLOATS, shape: tuple[int, ...] = (8,), order: str = "C", valid: bytes | None = None) -> ab.Array:
    return unpickle(buffer, dtype, shape, order, valid)


@pytest.mark.parametrize("lie", LIES)
def test_a_tampered_pickle_is_refused_with_its_numbers_and_gives_its_buffer_back(lie: str) -> None:
    words, said = LIES[lie]
    exporter = Exporter()
    with pytest.raises(ValueError, match=said):
        tampered(exporter, **words)
    gc.collect()
    assert exporter.lent == exporter.released
    assert tampered(exporter).shape == (8,), "what was not changed is taken"


@pytest.mark.parametrize("said", [dict(len=-64), dict(len=2**62), dict(buf=None)], ids=str)
def test_a_buffer_that_lies_to_a_pickle_is_refused_and_given_back(said: dict[str, object]) -> None:
    exporter = Exporter(**said)
    with pytest.raises(ValueError, match="expected 64 bytes of elements in the pickle but found"):
        tampered(exporter)
    gc.collect()
    assert exporter.lent == exporter.released == 1


@pytest.mark.parametrize("shape", [[8], None, 8, ("8",), (8.0,), (2**70,)], ids=str)
def test_a_shape_that_is_none_is_refused_before_anything_is_lent(shape: object) -> None:
    exporter = Exporter()
    with pytest.raises((TypeError, OverflowError)):
        tampered(exporter, shape=shape)
    assert exporter.lent == 0


def test_a_tuple_that_lies_about_its_length_is_read_as_it_is() -> None:
    class Long(tuple):
        def __len__(self) -> int:
            return 2**50

    assert tampered(bytes(64), shape=Long((2, 4))).shape == (2, 4)
