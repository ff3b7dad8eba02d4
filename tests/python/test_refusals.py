"""`spec/refusals.csv`: what a door may say that leaves it to the next one, and which lies end the search.

Each row is told by a producer that has a second door, which is honest. A refusal is followed by the array of that door;
a lie is an error although that door would open. Either way each thing that was lent is given back once, and nothing of
the producer is held. Behind `__array__` no door is left: there a refusal is an `ArgumentError`. So is what is "final": an
honest word that this is no array, after which another door would lose what it means.
"""

from __future__ import annotations

import csv
import ctypes
import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from arrow_producer import Array, Pair, Schema, Stream
from dlpack_producer import FREE_WHATEVER_THE_NAME, Callback, Producer, Table, Tensor, api, from_object
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


class Given(dict):
    """A dict that can be watched."""


class Speaker:
    """Tells what it is given at one door. Its members are its own, since classes are remembered."""

    def __init__(self, **members):
        vars(self).update(members)


class Told:
    """A producer and how often what it lent was given back; what it gave besides must be gone with it."""

    def __init__(self, source, lent=lambda: 1, released=None, *, given=()):
        self.source, self.lent, self.released, self.gone = source, lent, released, [weakref.ref(source), *map(weakref.ref, given)]

    def check(self):
        """Nothing is held any more, and each thing that was lent was given back once."""
        self.source = None
        gc.collect()
        assert self.released is None or self.lent() == self.released()
        assert [reference() for reference in self.gone] == [None] * len(self.gone)


def raising(error):
    def tell(*_args, **_options):
        raise error("not here")

    return tell


def second(self, dtype=None, copy=None):
    return HONEST


def honest(name, tell, lent=lambda: 1, given=(), **counted):
    """An object that tells this at one door, and speaks true at another."""
    return Told(type("Honest", (Speaker,), {name: tell, "__array__": second})(), lent, given=given, **counted)


def buffer(**said):
    exporter = type("Speaker", (Exporter,), {"__array__": second})(**said)
    counts = vars(exporter)
    return Told(exporter, lambda: counts["lent"], lambda: counts["released"])


def dlpack(**said):
    tensor = Tensor(**said)
    return Told(type("Speaker", (Producer,), {"__array__": second})(tensor), released=lambda: tensor.deleted)


def consumed():
    tensor = Tensor()

    def tell(self, **_options):
        capsule = tensor.capsule()
        ab.from_dlpack(capsule)
        return capsule

    return honest("__dlpack__", tell, released=lambda: tensor.deleted)


def other_capsule():
    """A capsule of another name, whose destructor frees it whatever its name."""
    tensor = Tensor(destructor=FREE_WHATEVER_THE_NAME)
    return honest("__dlpack__", lambda self, **_options: tensor.capsule(b"other"), released=lambda: tensor.deleted)


def exchange(name=b"dlpack_exchange_api", major=1, functions=True, gives=True, **said):
    """A type that publishes a table; each is kept, as the standard wants of a table."""
    tensor = Tensor(**said)

    @from_object
    def give(_object, out):
        out[0] = tensor.pointer if gives else None
        return 0

    pointers = dict.fromkeys(("allocate", "from_object", "to_object", "stream"), ctypes.cast(give, ctypes.c_void_p))
    table = Table(major=major, minor=1, **(pointers if functions else {}))
    KEPT.append((table, give))
    capsule = api.PyCapsule_New(ctypes.addressof(table), name, None)
    lent = int(functions and gives and major == 1 and name == b"dlpack_exchange_api")
    return honest("__dlpack_c_exchange_api__", capsule, lent=lambda: lent, released=lambda: tensor.deleted)


def struct(name=None, extent=64, **said):
    memory = (ctypes.c_ubyte * 64)()
    extents, strides = (ctypes.c_ssize_t * 1)(extent), (ctypes.c_ssize_t * 1)(1)
    words = dict(two=2, nd=1, typekind=b"u", itemsize=1, flags=0x701, data=ctypes.addressof(memory), strides=strides) | said
    inner = Struct(shape=extents, **{key: value for key, value in words.items() if value is not None})
    freed = []
    destructor = Callback(freed.append)
    KEPT.append((memory, extents, strides, inner, destructor, name))
    told = honest("__array_struct__", property(lambda self: self.capsule), released=lambda: len(freed))
    told.source.capsule = api.PyCapsule_New(ctypes.addressof(inner), name, ctypes.cast(destructor, ctypes.c_void_p))
    return told


def interface(door="__array_interface__", **said):
    memory = (ctypes.c_ubyte * 64)()
    words = {"version": 3, "shape": (64,), "typestr": "|u1", "data": (ctypes.addressof(memory), False)} | said
    words = Given((key, value) for key, value in words.items() if value is not ...)
    told = honest(door, property(lambda self: self.said), given=[words])
    told.source.said = words
    KEPT.append(memory)
    return told


def inside(**said):
    """A dict whose memory a buffer lends."""
    exporter = Exporter(**said)
    counts = vars(exporter)
    told = interface(data=exporter)
    told.lent, told.released = lambda: counts["lent"], lambda: counts["released"]
    return told


def cuda(**said):
    return interface("__cuda_array_interface__", **{"data": (0x7F0000000000, False)} | said)


def pair(door, schema, array):
    given = Pair(schema, array)
    lent = sum(bool(part.place.release) for part in (schema, array))
    return honest(f"__{door}__", lambda self, requested_schema=None, **_wishes: given.capsules(), lambda: lent, released=lambda: sum(given.released))


def stream(door, *answers, schema=None, device=None):
    given = Stream(answers, schema=schema or Schema(), device=device)
    arrays = [answer for answer in answers if isinstance(answer, Array)]
    parts = [part for part in (given, given.schema, *arrays) if part.place.release]
    name = b"arrow_array_stream" if device is None else b"arrow_device_array_stream"
    tell = lambda self, requested_schema=None, **_wishes: given.capsule(name)  # noqa: E731
    return honest(f"__{door}__", tell, lambda: len(parts), released=lambda: sum(part.released for part in parts))


def method(answer):
    """The last door, behind which there is none."""
    return Told(type("Last", (Speaker,), {"__array__": answer})())


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
    ("dlpack", "a capsule of another name"): other_capsule,
    ("dlpack", "a capsule that was consumed"): consumed,
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
    ("array_interface", "elements outside of the data's buffer"): lambda: inside(len=63, shape=(63,)),
    ("array_interface", "no memory for elements"): lambda: interface(data=(0, False)),
    ("exchange", "a capsule of another name"): lambda: exchange(name=b"another"),
    ("exchange", "no major version that is known"): lambda: exchange(major=2),
    ("exchange", "a function of NULL"): lambda: exchange(functions=False),
    ("exchange", "no tensor and no exception"): lambda: exchange(gives=False),
    ("exchange", "a tensor of another major version"): lambda: exchange(version=(2, 0)),
    ("exchange", "a negative extent"): lambda: exchange(shape=(2, -3)),
    ("exchange", "extents that overflow"): lambda: exchange(shape=(BIG, BIG)),
    ("exchange", "no memory for elements"): lambda: exchange(data=None),
    ("cuda_array_interface", "AttributeError"): lambda: honest("__cuda_array_interface__", property(raising(AttributeError))),
    ("cuda_array_interface", "BufferError"): lambda: honest("__cuda_array_interface__", property(raising(BufferError))),
    ("cuda_array_interface", "a version that is not known here"): lambda: cuda(version=4),
    ("cuda_array_interface", "a typestr that is no element type"): lambda: cuda(typestr="<f16"),
    ("cuda_array_interface", "a mask"): lambda: cuda(mask=np.zeros(64, bool)),
    ("cuda_array_interface", "what is no dict"): lambda: honest("__cuda_array_interface__", 5),
    ("cuda_array_interface", "no shape"): lambda: cuda(shape=...),
    ("cuda_array_interface", "no data"): lambda: cuda(data=...),
    ("cuda_array_interface", "a negative extent"): lambda: cuda(shape=(-1,)),
    ("cuda_array_interface", "extents that overflow"): lambda: cuda(shape=(BIG, BIG)),
    ("cuda_array_interface", "an address that wraps"): lambda: cuda(data=(2**64 - 8, False)),
    ("cuda_array_interface", "stream 0"): lambda: cuda(stream=0),
    ("cuda_array_interface", "a negative stream"): lambda: cuda(stream=-1),
    ("cuda_array_interface", "no memory for elements"): lambda: cuda(data=(0, False)),
    ("arrow_c_array", "NotImplementedError"): lambda: honest("__arrow_c_array__", raising(NotImplementedError)),
    ("arrow_c_array", "TypeError"): lambda: honest("__arrow_c_array__", raising(TypeError)),
    ("arrow_c_array", "ValueError"): lambda: honest("__arrow_c_array__", raising(ValueError)),
    ("arrow_c_array", "a struct: a table"): lambda: pair("arrow_c_array", Schema(b"+s"), Array(buffers=[None])),
    ("arrow_c_array", "what is no pair of capsules"): lambda: honest("__arrow_c_array__", lambda self, requested_schema=None, **_wishes: 5),
    ("arrow_c_array", "a format that is no array"): lambda: pair("arrow_c_array", Schema(b"d:10,2"), Array()),
    ("arrow_c_array", "a released struct"): lambda: pair("arrow_c_array", Schema(), Array(release=False)),
    ("arrow_c_array", "a negative length"): lambda: pair("arrow_c_array", Schema(), Array(-1)),
    ("arrow_c_device_array", "NotImplementedError"): lambda: honest("__arrow_c_device_array__", raising(NotImplementedError)),
    ("arrow_c_device_array", "TypeError"): lambda: honest("__arrow_c_device_array__", raising(TypeError)),
    ("arrow_c_device_array", "ValueError"): lambda: honest("__arrow_c_device_array__", raising(ValueError)),
    ("arrow_c_device_array", "a struct: a table"): lambda: pair("arrow_c_device_array", Schema(b"+s"), Array(buffers=[None], device=(1, -1, None))),
    ("arrow_c_device_array", "what is no pair of capsules"): lambda: honest("__arrow_c_device_array__", lambda self, requested_schema=None, **_wishes: 5),
    ("arrow_c_device_array", "a format that is no array"): lambda: pair("arrow_c_device_array", Schema(b"d:10,2"), Array(device=(1, -1, None))),
    ("arrow_c_device_array", "a released struct"): lambda: pair("arrow_c_device_array", Schema(), Array(release=False, device=(1, -1, None))),
    ("arrow_c_device_array", "a negative length"): lambda: pair("arrow_c_device_array", Schema(), Array(-1, device=(1, -1, None))),
    ("arrow_c_device_array", "an event to wait for"): lambda: pair("arrow_c_device_array", Schema(), Array(device=(1, -1, 8))),
    ("arrow_c_stream", "NotImplementedError"): lambda: honest("__arrow_c_stream__", raising(NotImplementedError)),
    ("arrow_c_stream", "TypeError"): lambda: honest("__arrow_c_stream__", raising(TypeError)),
    ("arrow_c_stream", "ValueError"): lambda: honest("__arrow_c_stream__", raising(ValueError)),
    ("arrow_c_stream", "a stream of structs: a table"): lambda: stream("arrow_c_stream", schema=Schema(b"+s")),
    ("arrow_c_stream", "what is no capsule"): lambda: honest("__arrow_c_stream__", lambda self, requested_schema=None, **_wishes: 5),
    ("arrow_c_stream", "a format that is no array"): lambda: stream("arrow_c_stream", schema=Schema(b"d:10,2")),
    ("arrow_c_stream", "an error of the producer"): lambda: stream("arrow_c_stream", (5, b"no more")),
    ("arrow_c_stream", "a released schema"): lambda: stream("arrow_c_stream", schema=Schema(release=False)),
    ("arrow_c_device_stream", "NotImplementedError"): lambda: honest("__arrow_c_device_stream__", raising(NotImplementedError)),
    ("arrow_c_device_stream", "TypeError"): lambda: honest("__arrow_c_device_stream__", raising(TypeError)),
    ("arrow_c_device_stream", "ValueError"): lambda: honest("__arrow_c_device_stream__", raising(ValueError)),
    ("arrow_c_device_stream", "a stream of structs: a table"): lambda: stream("arrow_c_device_stream", schema=Schema(b"+s"), device=1),
    ("arrow_c_device_stream", "what is no capsule"): lambda: honest("__arrow_c_device_stream__", lambda self, requested_schema=None, **_wishes: 5),
    ("arrow_c_device_stream", "a format that is no array"): lambda: stream("arrow_c_device_stream", schema=Schema(b"d:10,2"), device=1),
    ("arrow_c_device_stream", "an error of the producer"): lambda: stream("arrow_c_device_stream", (5, b"no more"), device=1),
    ("arrow_c_device_stream", "a released schema"): lambda: stream("arrow_c_device_stream", schema=Schema(release=False), device=1),
    ("arrow_c_device_stream", "chunks on several devices"): lambda: stream("arrow_c_device_stream", Array(device=(1, -1, None)), Array(device=(2, 0, None)), device=1),
    ("array", "TypeError"): lambda: method(raising(TypeError)),
    ("array", "ValueError"): lambda: method(raising(ValueError)),
    ("array", "what is no ndarray"): lambda: method(lambda self, dtype=None, copy=None: [1.0]),
    ("array", "an ndarray of Python objects"): lambda: method(lambda self, dtype=None, copy=None: np.array([None])),
}  # fmt: skip
KEPT = []  # Memory and tables that are pointed to.


def test_every_row_has_its_case() -> None:
    assert [row[:2] for row in ROWS] == list(CASES)


@pytest.mark.parametrize(("door", "found", "code", "then"), ROWS)
def test_a_refusal_moves_on_and_a_lie_ends_the_search(door: str, found: str, code: str, then: str) -> None:
    told = CASES[door, found]()
    if then == "next" and door != "array":
        ours = ab.asarray(told.source)
        assert ours.address == HONEST.ctypes.data and ours.plan.protocol == "__array__"
    else:
        # Behind the last door there is none to be asked.
        with pytest.raises(ab.ConversionError) as caught:
            ab.asarray(told.source)
        assert then in ("next", "end", "final") and caught.value.plan.reasons[0].code == code
        assert isinstance(caught.value, ab.ArgumentError) == (then != "end")
        del caught
    told.check()
