"""Basic indexing and shapes: NumPy is the model. Values, shape, strides and address are those of NumPy's view."""

from __future__ import annotations

import aria_array_bridge as ab
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

PARTNERS = ("numpy",)


def layouts() -> st.SearchStrategy[np.ndarray]:
    """Arrays with negative, zero and strange strides, and empty axes."""

    @st.composite
    def make(draw: st.DrawFn) -> np.ndarray:
        shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
        dtype = draw(st.sampled_from(["i1", "i4", "f8", "c16", "?"]))
        base = np.arange(int(np.prod(shape, dtype=int))).astype(dtype).reshape(shape)
        if base.ndim and draw(st.booleans()):
            base = base[tuple(slice(None, None, draw(st.sampled_from([1, -1, 2]))) for _ in range(base.ndim))]
        if draw(st.booleans()):
            base = base.T
        return base

    return make()


def same_view(ours: ab.Array, model: np.ndarray) -> None:
    assert ours.shape == model.shape
    assert ours.tolist() == model.tolist()
    if model.size:
        assert ours.address == model.__array_interface__["data"][0]
        steps = [(a, b) for a, b, n in zip(ours.strides, model.strides, model.shape, strict=True) if n > 1]
        assert all(a == b for a, b in steps), steps


@given(st.data())
def test_indexing_is_numpys(data: st.DataObject) -> None:
    model = data.draw(layouts())
    ours = ab.asarray(model)
    index = data.draw(hnp.basic_indices(model.shape, allow_newaxis=True, max_dims=6))
    expected = model[index]
    if isinstance(expected, np.ndarray):
        same_view(ours[index], expected)
    else:
        same_scalar(ours[index], expected, model)


def same_scalar(ours: ab.Array, expected: object, model: np.ndarray) -> None:
    assert ours.shape == () and ours.item() == expected
    first, last = np.lib.array_utils.byte_bounds(model)
    assert first <= ours.address < last


@given(st.data())
def test_slices_take_any_numbers(data: st.DataObject) -> None:
    model = np.arange(data.draw(st.integers(0, 6)), dtype="i2")
    number = st.none() | st.integers(-9, 9) | st.sampled_from([2**70, -(2**70), 2**63 - 1, -(2**63)])
    start, stop = data.draw(number), data.draw(number)
    step = data.draw(number.filter(lambda step: step != 0))
    index = slice(start, stop, step)
    same_view(ab.asarray(model)[index], model[index])


@given(st.data())
def test_transposing_and_reshaping_are_numpys(data: st.DataObject) -> None:
    model = data.draw(layouts())
    ours = ab.asarray(model)
    same_view(ours.T, model.T)
    axes = data.draw(st.permutations(range(model.ndim)))
    negative = [axis - model.ndim if data.draw(st.booleans()) else axis for axis in axes]
    same_view(ours.transpose(negative), model.transpose(axes))
    if axes:
        same_view(ours.transpose(*negative), model.transpose(axes))
    if model.ndim >= 2:
        same_view(ours.mT, model.mT)
    for shape in [(-1,), (model.size,), (*model.shape, 1), (1, *model.shape[::-1])]:
        if -1 in shape and not model.size:
            continue
        expected = model.reshape(shape)
        got = ours.reshape(shape)
        assert got.tolist() == expected.tolist()
        shared = np.may_share_memory(model, expected)
        if shared and model.size:
            same_view(got, expected)
            assert got.plan.outcome == "view"
        elif model.size:
            assert got.plan.outcome == "copy" and got.plan.reasons[0].code == "order"
            with pytest.raises(ab.ConversionError, match="copy=False"):
                ours.reshape(shape, copy=False)


def test_a_reshape_may_be_spelled_both_ways() -> None:
    a = ab.asarray(np.arange(6))
    assert a.reshape(2, 3).shape == a.reshape((2, 3)).shape == a.reshape([2, -1]).shape == (2, 3)
    assert a.reshape(2, 3, copy=True).plan.reasons[0].code == "copy-asked"
    assert a[0].reshape().shape == a[:1].reshape(()).shape == ()
    for wrong in [(4,), (-1, -1), (-2, 3), (4, -1)]:
        with pytest.raises(ValueError, match="expected"):
            a.reshape(wrong)


@pytest.mark.parametrize(
    ("index", "error"),
    [
        (3, IndexError),
        (-4, IndexError),
        (2**70, IndexError),
        ((0, 0), IndexError),
        ((..., ...), IndexError),
        ("x", KeyError),
        (True, TypeError),
        ([0, 1], TypeError),
        (1.0, TypeError),
        (slice(None, None, 0), ValueError),
        (slice("a"), TypeError),
    ],
)
def test_what_is_no_index_is_refused_by_name(index: object, error: type[Exception]) -> None:
    a = ab.asarray(np.ones(3))
    with pytest.raises(error):
        a[index]
    assert a._exports == 0


def test_a_full_index_is_an_array_without_axes_and_item_is_the_number() -> None:
    model = np.arange(6.0).reshape(2, 3)
    a = ab.asarray(model)
    one = a[1, 2]
    assert isinstance(one, ab.Array) and one.shape == () and one.item() == 5.0 and a.item(1, 2) == 5.0
    model[1, 2] = 7.0
    assert float(one) == 7.0  # A view, not a copy.
    assert [row.tolist() for row in a] == model.tolist() and len(a) == 2
    with pytest.raises(TypeError, match="without axes"):
        len(one)
    with pytest.raises(TypeError, match="without axes"):
        iter(one)


def test_an_array_of_ours_indexes_like_the_integer_that_it_holds() -> None:
    a = ab.asarray(np.arange(3))
    assert a[a[2]].item() == 2 and [10, 11, 12][a[1]] == 11
    with pytest.raises(TypeError):
        [10][ab.asarray(np.ones(1))[0]]


def test_a_field_is_a_view_with_the_strides_of_its_records() -> None:
    model = np.zeros((2, 3), dtype=[("id", "u1"), ("x", "<f8"), ("m", "<i2", (2,))])
    model["x"] = np.arange(6).reshape(2, 3)
    a = ab.asarray(model)
    same_view(a["x"], model["x"])
    same_view(a["m"], model["m"])
    same_view(a[1]["x"][::-1], model[1]["x"][::-1])
    assert a["x"].alignment == 1
    with pytest.raises(KeyError, match="'y'|y"):
        a["y"]


def test_elements_are_not_assigned() -> None:
    a = ab.asarray(np.ones(3))
    with pytest.raises(TypeError, match=r"np\.asarray\(a\)"):
        a[0] = 1.0
    with pytest.raises(TypeError):
        del a[0]
    with pytest.raises(TypeError, match=r"np\.asarray\(a\)"):
        1.0 in a  # noqa: B015
