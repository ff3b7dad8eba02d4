"""Which door is asked, in which order, and what moves on to the next one: the table of doors in `spec/bridge.md`."""

from __future__ import annotations

import aria_array_bridge as ab
import numpy as np
import pytest

PARTNER = "numpy"
SOURCE = np.arange(7.0)


def dlpack(self, **_options: object) -> object:
    return SOURCE.__dlpack__()


def refuse(error: BaseException):
    def method(self, **_options: object) -> object:
        raise error

    return method


def speaker(**members: object) -> object:
    """An object of a class with these members."""
    if "__dlpack__" in members:
        members["__dlpack_device__"] = lambda self: (1, 0)
    return type("Speaker", (), members)()


def test_the_cheapest_door_is_asked_first() -> None:
    interface = property(lambda self: SOURCE.__array_interface__)
    method = lambda self, dtype=None, copy=None: SOURCE  # noqa: E731
    everything = {"__dlpack__": dlpack, "__array_interface__": interface, "__array__": method}
    for name in list(everything):
        ours = ab.asarray(speaker(**everything))
        assert ours.address == SOURCE.ctypes.data and name.strip("_").split("_")[0] in ours.plan.protocol, ours.plan
        del everything[name]


def test_a_door_that_says_no_leaves_it_to_the_next() -> None:
    source = speaker(__dlpack__=refuse(BufferError("not now")), __array_interface__=property(lambda self: SOURCE.__array_interface__))
    assert ab.asarray(source).address == SOURCE.ctypes.data


def test_if_every_door_says_no_each_is_listed_with_what_it_said() -> None:
    source = speaker(__dlpack__=refuse(BufferError("not now")), __array_interface__=property(lambda self: {"version": 3}))
    with pytest.raises(ab.ConversionError) as error:
        ab.asarray(source)
    said = str(error.value)
    assert "__dlpack__ raised BufferError: not now" in said and "expected a typestr in the interface" in said


@pytest.mark.parametrize("kind", [RuntimeError, KeyError, MemoryError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("name", ["__dlpack__", "__array__"])
def test_any_other_error_propagates_unchanged(name: str, kind: type[BaseException]) -> None:
    error = kind("mine")
    method = lambda self, *args, **options: refuse(error)(self)  # noqa: E731
    with pytest.raises(kind) as raised:
        ab.asarray(speaker(**{name: method}))
    assert raised.value is error


def test_a_door_is_one_of_the_type_and_not_of_the_object() -> None:
    source = speaker()
    source.__dlpack__ = lambda **_options: SOURCE.__dlpack__()
    with pytest.raises(ab.ArgumentError):
        ab.asarray(source)
