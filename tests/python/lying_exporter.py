"""Buffer exporters that say what they are told to say, true or not: types made through the C interface.

Each instance counts what it lent and what it took back.
"""

from __future__ import annotations

import ctypes

SSIZES = ctypes.POINTER(ctypes.c_ssize_t)


class View(ctypes.Structure):
    """`Py_buffer`."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_void_p),
        ("shape", SSIZES),
        ("strides", SSIZES),
        ("suboffsets", SSIZES),
        ("internal", ctypes.c_void_p),
    ]


class _Slot(ctypes.Structure):
    _fields_ = [("slot", ctypes.c_int), ("function", ctypes.c_void_p)]


class _Spec(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("basicsize", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    ]


_GET = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(View), ctypes.c_int)
_RELEASE = ctypes.PYFUNCTYPE(None, ctypes.py_object, ctypes.POINTER(View))
_GET_SLOT, _RELEASE_SLOT = 1, 2
_DEFAULT, _BASETYPE = 1 << 18, 1 << 10
_api = ctypes.PyDLL(None, handle=ctypes.pythonapi._handle)  # Of our own: signatures belong to the handle.
_from_spec = _api.PyType_FromSpec
_from_spec.restype, _from_spec.argtypes = ctypes.py_object, [ctypes.POINTER(_Spec)]
_KEPT = []  # What types made here point to.


def _type(name, get, release):
    functions = ctypes.cast(get, ctypes.c_void_p).value, ctypes.cast(release, ctypes.c_void_p).value
    slots = (_Slot * 3)(_Slot(_GET_SLOT, functions[0]), _Slot(_RELEASE_SLOT, functions[1]), _Slot(0, None))
    text = f"lying_exporter.{name}".encode()
    spec = _Spec(text, object.__basicsize__, 0, _DEFAULT | _BASETYPE, slots)
    _KEPT.append((get, release, slots, text, spec))
    return _from_spec(ctypes.byref(spec))


@_GET
def _get(exporter, view, flags):
    return exporter.fill(view.contents, flags)


@_RELEASE
def _release(exporter, view):
    if not exporter.__dict__:
        return  # The collector has cleared it, as part of a cycle.
    exporter.released += 1
    if exporter.on_release is not None:
        exporter.on_release()


class Exporter(_type("_Exporter", _get, _release)):
    """Lends 64 bytes of its own, described by the keywords. `obj=False` leaves the view without an owner."""

    def __init__(self, *, buf=..., len=64, itemsize=1, readonly=0, ndim=1, format=b"B", shape=(64,), strides=(1,),
                 suboffsets=None, obj=True, status=0, on_release=None):  # fmt: skip
        self.memory = (ctypes.c_ubyte * 64)(*range(64))
        self.address = ctypes.addressof(self.memory)
        self.said = dict(len=len, itemsize=itemsize, readonly=readonly, ndim=ndim)
        self.buf = self.address if buf is ... else buf
        self.format = None if format is None else ctypes.create_string_buffer(format)
        self.lists = {}
        for name, numbers in (("shape", shape), ("strides", strides), ("suboffsets", suboffsets)):
            if numbers is not None:
                self.lists[name] = (ctypes.c_ssize_t * max(1, numbers.__len__()))(*numbers)
        self.obj, self.status, self.on_release = obj, status, on_release
        self.lent = self.released = 0
        self.flags = None

    def fill(self, view, flags):
        self.flags = flags
        if self.status:
            return self.status
        view.buf = self.buf
        for name, value in self.said.items():
            setattr(view, name, value)
        view.format = None if self.format is None else ctypes.addressof(self.format)
        for name in ("shape", "strides", "suboffsets"):
            numbers = self.lists.get(name)
            setattr(view, name, ctypes.cast(numbers, SSIZES) if numbers is not None else SSIZES())
        if self.obj:
            _api.Py_IncRef(ctypes.py_object(self))
            view.obj = id(self)
        self.lent += 1
        return 0


#: Answers 0 with an exception pending, and fills nothing.
Cheerful = _type("Cheerful", _api.PyErr_BadArgument, _RELEASE(lambda exporter, view: None))
