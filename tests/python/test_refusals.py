"""`spec/refusals.csv`: what a door may say that leaves it to the next one, and which lies end the search.

Each row is told by a producer that has a second door, which is honest. A refusal is followed by the array of that door;
a lie is an error although that door would open, and whatever was lent for it is given back once.
"""

from __future__ import annotations

import csv
import ctypes
from pathlib import Path

import numpy as np
import pytest
from dlpack_producer import Producer, Tensor, api
from lying_exporter import Exporter

import aria_array_bridge as ab

PARTNER = "numpy"

ROWS = [tuple(row.values()) for row in csv.DictReader((Path(__file__).parents[2] / "spec" / "refusals.csv").open(encoding="utf-8"))]
HONEST = np.arange(5.0)
BIG = 2**40


class Struct(ctypes.Structure):
    """`PyArrayInterface`."""

    _fields_ = [
        ("two", ctypes.c_int), ("nd", ctypes.c_int), ("typekind", ctypes.c_char), ("itemsize", ctypes.c_int), ("flags", ctypes.c_int),
        ("shape", ctypes.POINTER(ctypes.c_ssize_t)), ("strides", ctypes.POINTER(ctypes.c_ssize_t)), ("data", ctypes.c_void_p), ("descr", ctypes.c_void_p),
    ]  # fmt: skip


class Told:
    """A producer and how often what it lent was given back; `None` where nothing was to be given."""

    def __init__(self, source, lent=lambda: None, released=lambda: None):
        self.source, self.lent, self.released = source, lent, released


def raising(error):
    def tell(*_args, **_options):
        raise error("not here")

    return tell


def honest(name, tell, honest_door="__array__"):
    """An object that tells this at one door, and speaks true at another."""
    members = {name: tell, honest_door: lambda self, dtype=None, copy=None: HONEST}
    return Told(type("Speaker", (), members)())


def buffer(**said):
    exporter = type("Speaker", (Exporter,), {"__array__": lambda self, dtype=None, copy=None: HONEST})(**said)
    return Told(exporter, lambda: exporter.lent, lambda: exporter.released)


def dlpack(**said):
    producer = type("Speaker", (Producer,), {"__array__": lambda self, dtype=None, copy=None: HONEST})(**said)
    return Told(producer, lambda: 1, lambda: producer.tensor.deleted)


def consumed(self, **_options):
    capsule = Tensor().capsule()
    ab.from_dlpack(capsule)
    return capsule


def struct(name=None, **said):
    words = dict(two=2, nd=1, typekind=b"u", itemsize=1, flags=0x701) | said
    memory = (ctypes.c_ubyte * 64)()
    extents, strides = (ctypes.c_ssize_t * 1)(said.pop("extent", 64)), (ctypes.c_ssize_t * 1)(1)
    words.pop("extent", None)
    words.setdefault("data", ctypes.addressof(memory))
    words.setdefault("strides", strides)
    words = {key: value for key, value in words.items() if value is not None}
    inner = Struct(shape=extents, **words)
    capsule = api.PyCapsule_New(ctypes.addressof(inner), name, None)
    told = honest("__array_struct__", property(lambda self: capsule))
    told.kept = memory, extents, strides, inner
    return told


def interface(**said):
    memory = (ctypes.c_ubyte * 64)()
    words = {"version": 3, "shape": (64,), "typestr": "|u1", "data": (ctypes.addressof(memory), False)} | said
    words = {key: value for key, value in words.items() if value is not ...}
    told = honest("__array_interface__", property(lambda self: words))
    told.kept = memory
    return told


CASES = {
    ("buffer", "a refusal of the exporter"): lambda: buffer(status=-1),
    ("buffer", "a format that is no element type"): lambda: buffer(format=b"P", itemsize=8, shape=(8,), strides=(8,)),
    ("buffer", "Python objects"): lambda: buffer(format=b"O", itemsize=8, shape=(8,), strides=(8,)),
    ("buffer", "elements behind pointers"): lambda: buffer(suboffsets=(0,)),
    ("buffer", "a negative number of axes"): lambda: buffer(ndim=-1),
    ("buffer", "65 axes"): lambda: buffer(ndim=65, shape=(1,) * 65, strides=(1,) * 65),
    ("buffer", "a negative extent"): lambda: buffer(shape=(-64,)),
    ("buffer", "a length that is not the shape's"): lambda: buffer(len=63),
    ("buffer", "an itemsize that is not the format's"): lambda: buffer(format=b"d", itemsize=4, shape=(16,), strides=(4,)),
    ("buffer", "extents that overflow"): lambda: buffer(ndim=2, shape=(BIG, BIG), strides=(0, 0)),
    ("buffer", "no memory for elements"): lambda: buffer(buf=None),
    ("dlpack", "BufferError"): lambda: honest("__dlpack__", raising(BufferError)),
    ("dlpack", "NotImplementedError"): lambda: honest("__dlpack__", raising(NotImplementedError)),
    ("dlpack", "what is no capsule"): lambda: honest("__dlpack__", lambda self, **_options: 5),
    ("dlpack", "a capsule of another name"): lambda: honest("__dlpack__", lambda self, **_options: api.PyCapsule_New(ctypes.addressof(HELD), b"other", None)),
    ("dlpack", "a capsule that was consumed"): lambda: honest("__dlpack__", consumed),
    ("dlpack", "another major version than was asked for"): lambda: dlpack(version=(2, 0)),
    ("dlpack", "a negative extent"): lambda: dlpack(shape=(2, -3)),
    ("dlpack", "extents that overflow"): lambda: dlpack(shape=(BIG, BIG)),
    ("dlpack", "no memory for elements"): lambda: dlpack(data=None),
    ("array_struct", "AttributeError"): lambda: honest("__array_struct__", property(raising(AttributeError))),
    ("array_struct", "BufferError"): lambda: honest("__array_struct__", property(raising(BufferError))),
    ("array_struct", "a time without its unit"): lambda: struct(typekind=b"M", itemsize=8),
    ("array_struct", "what is no capsule"): lambda: honest("__array_struct__", 5),
    ("array_struct", "a capsule with a name"): lambda: struct(name=b"name"),
    ("array_struct", "another number than two"): lambda: struct(two=3),
    ("array_struct", "a negative number of axes"): lambda: struct(nd=-1),
    ("array_struct", "a negative extent"): lambda: struct(extent=-1),
    ("array_struct", "no strides"): lambda: struct(strides=None),
    ("array_struct", "no memory for elements"): lambda: struct(data=None),
    ("array_interface", "AttributeError"): lambda: honest("__array_interface__", property(raising(AttributeError))),
    ("array_interface", "BufferError"): lambda: honest("__array_interface__", property(raising(BufferError))),
    ("array_interface", "a version that is not known here"): lambda: interface(version=4),
    ("array_interface", "a typestr that is no element type"): lambda: interface(typestr="<f16"),
    ("array_interface", "a mask"): lambda: interface(mask=np.zeros(64, bool)),
    ("array_interface", "what is no dict"): lambda: honest("__array_interface__", 5),
    ("array_interface", "no shape"): lambda: interface(shape=...),
    ("array_interface", "a negative extent"): lambda: interface(shape=(-1,)),
    ("array_interface", "extents that overflow"): lambda: interface(shape=(BIG, BIG)),
    ("array_interface", "an address that wraps"): lambda: interface(data=(2**64 - 8, False)),
    ("array_interface", "elements outside of the data's buffer"): lambda: interface(data=bytearray(63)),
    ("array_interface", "no memory for elements"): lambda: interface(data=(0, False)),
}  # fmt: skip
HELD = (ctypes.c_ubyte * 8)()


def test_every_row_has_its_case() -> None:
    assert [row[:2] for row in ROWS] == list(CASES)


@pytest.mark.parametrize(("door", "found", "code", "then"), ROWS)
def test_a_refusal_moves_on_and_a_lie_ends_the_search(door: str, found: str, code: str, then: str) -> None:
    told = CASES[door, found]()
    if then == "next":
        ours = ab.asarray(told.source)
        assert ours.address == HONEST.ctypes.data and ours.plan.protocol == "__array__"
    else:
        assert then == "end"
        with pytest.raises(ab.ConversionError) as caught:
            ab.asarray(told.source)
        assert caught.value.plan.reasons[0].code == code
    assert told.lent() == told.released()
