"""Which door is asked, in which order, and what moves on to the next one: the table of doors in `spec/bridge.md`."""

from __future__ import annotations

import subprocess
import sys

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


def test_a_class_that_gains_a_door_is_looked_at_again() -> None:
    class Late:
        pass

    with pytest.raises(ab.ArgumentError):
        ab.asarray(Late())
    Late.__dlpack__ = dlpack
    assert ab.asarray(Late()).address == SOURCE.ctypes.data


def test_a_base_class_that_gains_a_door_gives_it_to_those_that_derive() -> None:
    base = type("Base", (), {"__dlpack__": refuse(BufferError("not now"))})
    derived = type("Derived", (base,), {})
    with pytest.raises(ab.ArgumentError):
        ab.asarray(derived())
    base.__array__ = lambda self, dtype=None, copy=None: SOURCE
    assert ab.asarray(derived()).address == SOURCE.ctypes.data


def test_a_class_that_loses_a_door_is_asked_at_the_others() -> None:
    class Early:
        __dlpack__ = dlpack

    assert ab.asarray(Early()).plan.protocol == "dlpack"
    del Early.__dlpack__
    with pytest.raises(ab.ArgumentError):
        ab.asarray(Early())
    Early.__array__ = lambda self, dtype=None, copy=None: SOURCE
    assert ab.asarray(Early()).plan.protocol == "__array__"


DOUBLE = """
import sys, types

class ndarray:
    pass

class MaskedArray(ndarray):
    mask = True

double = types.ModuleType("numpy")
double.ndarray = double.memmap = double.recarray = double.matrix = ndarray
double.dtype = double.generic = type("dtype", (), {})
ma = types.ModuleType("numpy.ma")
ma.MaskedArray = MaskedArray
sys.modules["numpy"], sys.modules["numpy.ma"] = double, ma
for name in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name]._ARRAY_API = object()

import subprocess
import sys

import aria_array_bridge as ab

for object in (ndarray(), MaskedArray(), type("Mine", (), {"__array__": lambda self: ndarray()})()):
    try:
        ab.asarray(object)
    except ab.ConversionError as error:
        assert error.plan.reasons[0].code == "not-an-array", error
    else:
        raise AssertionError(object)
assert ab.asarray(bytearray(b"abc")).tolist() == [97, 98, 99]
"""


def test_a_module_that_calls_itself_numpy_is_not_believed() -> None:
    answer = subprocess.run([sys.executable, "-c", DOUBLE], capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_metaclass_is_asked_nothing_about_its_classes():
    source = np.arange(4.0)

    class Meta(type):
        @property
        def __mro__(cls):
            raise RuntimeError("asked for its bases")

        @property
        def __dict__(cls):
            raise RuntimeError("asked for its members")

    class Producer(metaclass=Meta):
        def __dlpack__(self, **options):
            return source.__dlpack__(**options)

        def __dlpack_device__(self):
            return (1, 0)

    assert ab.asarray(Producer()).address == source.ctypes.data


def test_a_class_without_a_proper_module_is_named_as_far_as_it_goes():
    source = np.arange(4.0)

    class Nameless:
        __module__ = 5

        def __dlpack__(self, **options):
            return source.__dlpack__(**options)

        def __dlpack_device__(self):
            return (1, 0)

    x = ab.asarray(Nameless())
    assert x.address == source.ctypes.data and "Nameless" in x.plan.source


class Absent:
    """Has another door, which opens."""

    def __array__(self, dtype=None, copy=None):
        return np.ones(2)


def test_a_door_that_is_none_or_raises_attribute_error_is_none():
    class Property(Absent):
        @property
        def __dlpack__(self):
            raise AttributeError("not of this one")

    class Nothing(Absent):
        __dlpack__ = __arrow_c_array__ = None

    for kind in (Property, Nothing):
        assert ab.asarray(kind()).tolist() == [1.0, 1.0]

    class Only:
        @property
        def __array__(self):
            raise AttributeError("x")

    with pytest.raises(ab.ArgumentError, match="the object has no __array__"):
        ab.asarray(Only())


def test_a_door_is_bound_as_python_binds_it():
    given = np.arange(3.0)

    class Property:
        @property
        def __dlpack__(self):
            return given.__dlpack__

    class Static:
        __dlpack__ = staticmethod(given.__dlpack__)

    class Class:
        @classmethod
        def __dlpack__(cls, **options):
            return given.__dlpack__(**options)

    for kind in (Property, Static, Class):
        assert ab.asarray(kind()).address == given.ctypes.data

    class Raises(Absent):
        @property
        def __dlpack__(self):
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        ab.asarray(Raises())


def test_a_class_that_loses_its_last_door_is_told_so():
    class Loses:
        def __array__(self, dtype=None, copy=None):
            return np.ones(2)

    ab.asarray(Loses())
    del Loses.__array__
    with pytest.raises(ab.ArgumentError, match="no array protocol|has no __array__"):
        ab.asarray(Loses())
